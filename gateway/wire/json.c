/*
 * The one place that knows jansson. A GVariant is copied into a tree of jansson's values, which is dumped once; nothing is
 * kept between calls. Values come from our own code, so a type without a meaning in JSON is a programmer's error.
 */
#include "sekisho/wire/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* jansson's own ceiling for JSON_INDENT. */
#define JSON_INDENT_CEILING 31u

static json_t *json_from_value(GVariant *value);

static json_t *
json_from_unsigned(guint64 number)
{
	/* jansson's integers are signed; above them PHP writes a float too. */
	return number <= G_MAXINT64 ? json_integer((json_int_t)number) : json_real((double)number);
}

static json_t *
json_from_double(double number)
{
	/* JSON has no word for these. */
	return isfinite(number) ? json_real(number) : json_null();
}

/* NOLINTBEGIN(misc-no-recursion): GVariant's own ceiling bounds the nesting. */

static json_t *
json_from_dictionary(GVariant *dictionary)
{
	json_t *object = json_object();

	for (gsize i = 0; i < g_variant_n_children(dictionary); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(dictionary, i);
		g_autoptr(GVariant) key = g_variant_get_child_value(entry, 0);
		g_autoptr(GVariant) held = g_variant_get_child_value(entry, 1);
		int failed = json_object_set_new(object, g_variant_get_string(key, NULL), json_from_value(held));
		g_assert(failed == 0);
	}
	return object;
}

static json_t *
json_from_children(GVariant *container)
{
	json_t *array = json_array();

	for (gsize i = 0; i < g_variant_n_children(container); i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(container, i);
		int failed = json_array_append_new(array, json_from_value(child));
		g_assert(failed == 0);
	}
	return array;
}

static json_t *
json_from_container(GVariant *value)
{
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_DICTIONARY))
		return json_from_dictionary(value);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_MAYBE) || g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
		/* Both hold one value or, a maybe only, nothing. */
		g_autoptr(GVariant) held = g_variant_n_children(value) > 0 ? g_variant_get_child_value(value, 0) : NULL;
		return held ? json_from_value(held) : json_null();
	}
	return json_from_children(value);
}

/* A new reference, or NULL if memory is out, which whoever puts it somewhere notices. Nesting is bounded by GVariant's own
 * ceiling. */
static json_t *
json_from_value(GVariant *value)
{
	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_BOOLEAN:
		return json_boolean(g_variant_get_boolean(value));
	case G_VARIANT_CLASS_BYTE:
		return json_integer(g_variant_get_byte(value));
	case G_VARIANT_CLASS_INT16:
		return json_integer(g_variant_get_int16(value));
	case G_VARIANT_CLASS_UINT16:
		return json_integer(g_variant_get_uint16(value));
	case G_VARIANT_CLASS_INT32:
		return json_integer(g_variant_get_int32(value));
	case G_VARIANT_CLASS_UINT32:
		return json_integer(g_variant_get_uint32(value));
	case G_VARIANT_CLASS_INT64:
		return json_integer(g_variant_get_int64(value));
	case G_VARIANT_CLASS_UINT64:
		return json_from_unsigned(g_variant_get_uint64(value));
	case G_VARIANT_CLASS_DOUBLE:
		return json_from_double(g_variant_get_double(value));
	case G_VARIANT_CLASS_STRING:
		return json_string(g_variant_get_string(value, NULL));
	case G_VARIANT_CLASS_VARIANT:
	case G_VARIANT_CLASS_MAYBE:
	case G_VARIANT_CLASS_ARRAY:
	case G_VARIANT_CLASS_TUPLE:
		return json_from_container(value);
	default:
		g_error("json: a GVariant of type %s has no JSON", g_variant_get_type_string(value));
	}
}

/* NOLINTEND(misc-no-recursion) */

char *
json_from_variant(GVariant *value, guint indent)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(value);
	json_t *json = json_from_value(held);
	size_t layout = indent > 0 ? JSON_INDENT(MIN(indent, JSON_INDENT_CEILING)) : JSON_COMPACT;
	char *dumped = json_dumps(json, layout | JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH);
	char *text = g_strdup(dumped);

	g_assert(text != NULL);
	free(dumped);
	json_decref(json);
	return text;
}
