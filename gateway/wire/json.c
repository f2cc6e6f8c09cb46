/*
 * JSON from outside, and the one place that knows jansson: it reads the text (it stops at 2048 levels), and its tree is copied under our own
 * ceilings. Nothing is kept between calls. JSON on its way out is json_text.c.
 */
#include "sekisho/wire/json.h"

#include <jansson.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

typedef struct {
	guint depth;
	guint values;
} Intake;

static GVariant *take_value(Intake *intake, const json_t *json, GError **error);

/* NOLINTBEGIN(misc-no-recursion): LIMIT_JSON_DEPTH bounds the nesting. */

static GVariant *
take_object(Intake *intake, json_t *object, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	const char *key;
	json_t *held;

	json_object_foreach(object, key, held)
	{
		GVariant *value = take_value(intake, held, error);
		if (value == NULL)
			return NULL;
		g_variant_builder_add(&builder, "{sv}", key, value);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *
take_array(Intake *intake, const json_t *array, GError **error)
{
	g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("av"));

	for (size_t i = 0; i < json_array_size(array); i++) {
		GVariant *value = take_value(intake, json_array_get(array, i), error);
		if (value == NULL)
			return NULL;
		g_variant_builder_add(&builder, "v", value);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *
take_container(Intake *intake, const json_t *json, GError **error)
{
	GVariant *value;

	if (++intake->depth > LIMIT_JSON_DEPTH) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "is nested deeper than %u levels", LIMIT_JSON_DEPTH);
		return NULL;
	}
	value = json_is_object(json) ? take_object(intake, (json_t *)json, error) : take_array(intake, json, error);
	intake->depth--;
	return value;
}

/* Floating; NULL with an error. */
static GVariant *
take_value(Intake *intake, const json_t *json, GError **error)
{
	if (++intake->values > LIMIT_JSON_VALUES) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "holds more than %u values", LIMIT_JSON_VALUES);
		return NULL;
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return take_container(intake, json, error);
	case JSON_STRING:
		return g_variant_new_string(json_string_value(json));
	case JSON_INTEGER:
		return g_variant_new_int64(json_integer_value(json));
	case JSON_REAL:
		return g_variant_new_double(json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return g_variant_new_boolean(json_is_true(json));
	case JSON_NULL:
		break;
	}
	return g_variant_new_maybe(G_VARIANT_TYPE_VARIANT, NULL);
}

/* NOLINTEND(misc-no-recursion) */

GVariant *
json_to_variant(const char *text, gsize size, GError **error)
{
	Intake intake = {0};
	json_error_t wrong;
	json_t *json;
	GVariant *value;

	if (size > LIMIT_JSON_BYTES) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "is longer than %lu MiB", LIMIT_JSON_BYTES / (1024ul * 1024ul));
		return NULL;
	}
	if (memchr(text, '\0', size) != NULL) {
		/* jansson would take it for the end of the text. */
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "a NUL stands in it");
		return NULL;
	}
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
	if (json == NULL) {
		/* jansson repeats a piece of the text, which is a stranger's. */
		g_autofree char *shown = text_for_terminal(wrong.text, FALSE);
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "line %d, column %d: %s", wrong.line, wrong.column, shown);
		return NULL;
	}
	value = take_value(&intake, json, error);
	json_decref(json);
	return value == NULL ? NULL : g_variant_ref_sink(value);
}
