/*
 * Reads the REST JSON of forms. `properties` are the metas of the form, but for two that carry what Contact Form 7 made of them
 * beside their text: form.content and additional_settings.content are the texts, the rest of those two is not read.
 */
#include "import_rest.h"

#include "import_form.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/json.h"

static gboolean
fail(GError **error, const char *sentence)
{
	g_set_error_literal(error, FORM_ERROR, FORM_ERROR_IMPORT, sentence);
	return FALSE;
}

/* Text of `key`, "" if it is missing or no text. Borrowed. */
static const char *
text_at(GVariant *object, const char *key)
{
	const char *text = "";

	g_variant_lookup(object, key, "&s", &text);
	return text;
}

/* The property as the metas have it: of the two that are objects, their content. The caller's; NULL if it is missing. */
static GVariant *
property_at(GVariant *properties, const char *key)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(properties, key, NULL);
	gboolean is_wrapped = g_str_equal(key, "form") || g_str_equal(key, "additional_settings");

	if (value == NULL || !is_wrapped || !g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT))
		return g_steal_pointer(&value);
	return g_variant_lookup_value(value, "content", NULL);
}

static gboolean
take_properties(ImportedForm *form, GVariant *object, GVariant *properties, GError **error)
{
	static const char *const inner[] = {"form", "mail", "mail_2", "messages", "additional_settings"};
	static const char *const outer[] = {"locale", "hash"};

	for (gsize i = 0; i < G_N_ELEMENTS(inner); i++) {
		g_autoptr(GVariant) value = property_at(properties, inner[i]);
		if (value != NULL && !import_form_take(form, inner[i], value, error))
			return FALSE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(outer); i++) {
		g_autoptr(GVariant) value = g_variant_lookup_value(object, outer[i], NULL);
		if (value != NULL && !import_form_take(form, outer[i], value, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
read_form(Import *import, GVariant *object, GError **error)
{
	g_autoptr(GVariant) properties = NULL;
	ImportedForm *form;
	gint64 id = 0;

	if (!g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT))
		return fail(error, "a form in the JSON is no object; give what contact-forms/ID of the REST interface answers");
	if (*text_at(object, "code") != '\0' && *text_at(object, "message") != '\0')
		return fail(error, "this is not a form but the refusal that WordPress answered; ask its REST interface again as "
				   "a user who may edit "
				   "contact forms");
	if (!g_variant_lookup(object, "id", "x", &id) || id <= 0)
		return fail(error, "a form in the JSON has no id; give what contact-forms/ID of the REST interface answers");
	if (!g_variant_lookup(object, "properties", "@a{sv}", &properties))
		return fail(error, "the JSON names forms but has not their properties, as the list contact-forms answers; give "
				   "what contact-forms/ID "
				   "answers, one form a file or several in a list");
	if (import->forms->len >= LIMIT_FORMS_PER_SITE)
		return fail(error, "the JSON has more contact forms than one site may have; give it in parts");
	form = import_form_new((guint64)id, text_at(object, "slug"), text_at(object, "title"));
	g_ptr_array_add(import->forms, form);
	g_autoptr(GError) wrong = NULL;
	if (!take_properties(form, object, properties, &wrong))
		import_form_refuse(form, wrong->message);
	return TRUE;
}

gboolean
import_rest_read(Import *import, const char *json, gsize size, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GVariant) value = json_to_variant(json, size, &cause);

	if (value == NULL) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "the JSON cannot be read: %s", cause->message);
		return FALSE;
	}
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE("av")))
		return read_form(import, value, error);
	for (gsize i = 0; i < g_variant_n_children(value); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(value, i);
		g_autoptr(GVariant) object = g_variant_get_variant(boxed);
		if (!read_form(import, object, error))
			return FALSE;
	}
	return TRUE;
}
