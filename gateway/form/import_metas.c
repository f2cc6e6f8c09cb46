/*
 * The metas of a contact form in an export of WordPress: which there are, and how each becomes a property of the form. No state.
 */
#include "import_metas.h"

#include <string.h>

#include "import_form.h"
#include "php_serialized.h"

/* Metas of a form (contract 11.1). */
static const struct {
	const char *key; /* very old exports have it without its "_" */
	gboolean is_serialised;
} metas[] = {{"_form", FALSE}, {"_mail", TRUE}, {"_mail_2", TRUE}, {"_messages", TRUE}, {"_additional_settings", FALSE},
    {"_locale", FALSE}, {"_hash", FALSE}};

/* Metas of a form that mean nothing here: Contact Form 7's own, its friends', and those that WordPress gives any post. */
static const char *const ignored_metas[] = {"_config_validation", "_flamingo", "_old_cf7_unit_id", "_sendinblue",
    "_constant_contact", "_edit_lock", "_edit_last", "_wp_old_slug", "_wp_old_date", NULL};

gboolean
import_metas_is_known(const char *key)
{
	for (gsize i = 0; i < G_N_ELEMENTS(metas); i++) {
		if (strcmp(key, metas[i].key) == 0 || strcmp(key, metas[i].key + 1) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean
import_metas_is_ignored(const char *key)
{
	return g_strv_contains(ignored_metas, key);
}

/* One meta of a form; what PHP serialised is read, and what was put right is remarked. */
static gboolean
take_meta(ImportedForm *form, const char *property, const char *value, gboolean is_serialised, GError **error)
{
	g_autoptr(GVariant) read = NULL;
	guint recovered = 0;

	if (!is_serialised || *value == '\0')
		read = g_variant_ref_sink(g_variant_new_string(value));
	else
		read = php_serialized_read(value, strlen(value), &recovered, error);
	if (read == NULL) {
		g_prefix_error(error, "meta %s: ", property);
		return FALSE;
	}
	if (recovered > 0)
		import_form_remark(form,
		    "%s: %u of its texts are shorter than the export says, because line ends were lost on the way; they were "
		    "read to their ends",
		    property, recovered);
	return import_form_take(form, property, read, error);
}

void
import_metas_take(ImportedForm *form, GHashTable *values)
{
	for (gsize i = 0; i < G_N_ELEMENTS(metas) && form->refusal == NULL; i++) {
		const char *property = metas[i].key + 1;
		const char *value = g_hash_table_lookup(values, metas[i].key);
		g_autoptr(GError) error = NULL;

		if (value == NULL)
			value = g_hash_table_lookup(values, property);
		if (value != NULL && !take_meta(form, property, value, metas[i].is_serialised, &error))
			import_form_refuse(form, error->message);
	}
}
