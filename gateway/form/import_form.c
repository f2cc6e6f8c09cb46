/*
 * Puts one imported form together: what PHP and JSON call true, texts and maps of any shape a stored form may have, defaults for
 * what an old form lacks. First import_form_new, then import_form_take for each property that the export has, then
 * import_form_finish.
 */
#include "import_form.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"

/* A folder's name: leaves room for "-ID" within what every file system takes, and is read at a glance. */
#define SLUG_BYTES 60u
/* The tag whose value is the site's administrator. */
#define ADMINISTRATOR "[_site_admin_email]"

/* Contract 7.3, in its order. */
static const char *const message_keys[] = {"mail_sent_ok", "mail_sent_ng", "validation_error", "spam", "accept_terms",
    "invalid_required", "invalid_too_long", "invalid_too_short", "upload_failed", "upload_file_type_invalid",
    "upload_file_too_large", "upload_failed_php_error", "invalid_date", "date_too_early", "date_too_late", "invalid_number",
    "number_too_small", "number_too_large", "quiz_answer_not_correct", "captcha_not_match", "invalid_email", "invalid_url",
    "invalid_tel", NULL};

char *
import_form_shown(const char *text)
{
	g_autofree char *visible = text_for_terminal(text, FALSE);

	return text_truncate(visible, LIMIT_IMPORT_SHOWN_BYTES);
}

void
import_form_remark(ImportedForm *form, const char *format, ...)
{
	va_list arguments;

	if (form->remarks->len >= LIMIT_IMPORT_REMARKS)
		return;
	va_start(arguments, format);
	g_ptr_array_add(form->remarks, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

void
import_form_refuse(ImportedForm *form, const char *reason)
{
	if (form->refusal == NULL)
		form->refusal = text_for_terminal(reason, FALSE);
}

/* --- Name and title ----------------------------------------------------------------------------------------------------- */

/* ASCII letters and digits of `slug` in lower case, "-" between what was apart. WordPress escapes other letters as %xx; they are
 * left out, and "form-ID" stands for a slug that has no letter then. */
static char *
folder_name(guint64 id, const char *slug)
{
	GString *name = g_string_new(NULL);
	gboolean has_letter = FALSE;

	for (const char *cursor = slug; *cursor != '\0' && name->len < SLUG_BYTES; cursor++) {
		gboolean is_escape = cursor[0] == '%' && g_ascii_isxdigit(cursor[1]) && g_ascii_isxdigit(cursor[2]);

		if (g_ascii_isalnum(*cursor))
			g_string_append_c(name, g_ascii_tolower(*cursor));
		else if (name->len > 0 && name->str[name->len - 1] != '-')
			g_string_append_c(name, '-');
		has_letter |= g_ascii_isalpha(*cursor) != 0;
		cursor += is_escape ? 2 : 0;
	}
	while (name->len > 0 && name->str[name->len - 1] == '-')
		g_string_truncate(name, name->len - 1);
	if (!has_letter)
		g_string_printf(name, "form-%" G_GUINT64_FORMAT, id);
	return g_string_free(name, FALSE);
}

ImportedForm *
import_form_new(guint64 id, const char *slug, const char *title)
{
	ImportedForm *form = g_new0(ImportedForm, 1);
	g_autofree char *line = text_without_line_breaks(title);

	form->source = form_source_new();
	form->source->id = id;
	text_replace(&form->source->slug, folder_name(id, slug));
	text_replace(&form->source->title, text_strip(line));
	text_replace(&form->source->mail[0].recipient, g_strdup(ADMINISTRATOR));
	form->source->mail[0].is_active = TRUE;
	form->hash = g_strdup("");
	form->filled = g_ptr_array_new_with_free_func(g_free);
	form->remarks = g_ptr_array_new_with_free_func(g_free);
	return form;
}

/* --- Values ------------------------------------------------------------------------------------------------------------- */

/* `value` as PHP makes a text of it; NULL for a map or list. The caller's. */
static char *
text_of(GVariant *value)
{
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
		return text_with_lf(g_variant_get_string(value, NULL));
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
		return g_strdup(g_variant_get_boolean(value) ? "1" : "");
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT64))
		return g_strdup_printf("%" G_GINT64_FORMAT, g_variant_get_int64(value));
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE)) {
		char number[G_ASCII_DTOSTR_BUF_SIZE];
		return g_strdup(g_ascii_dtostr(number, sizeof number, g_variant_get_double(value)));
	}
	return g_variant_is_of_type(value, G_VARIANT_TYPE_MAYBE) ? g_strdup("") : NULL;
}

/* What PHP takes for true of the values that a mail's switches have. */
static gboolean
is_true(GVariant *value)
{
	g_autofree char *text = text_of(value);

	return text != NULL && *text != '\0' && strcmp(text, "0") != 0;
}

/* `value` in `place`; `name` is for the error. */
static gboolean
take_text(const char *name, GVariant *value, char **place, GError **error)
{
	g_autofree char *text = text_of(value);

	if (text == NULL) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "%s is a list and should be a text", name);
		return FALSE;
	}
	if (strlen(text) > LIMIT_TEMPLATE_BYTES) {
		g_set_error(
		    error, FORM_ERROR, FORM_ERROR_IMPORT, "%s is longer than %lu KiB", name, LIMIT_TEMPLATE_BYTES / 1024u);
		return FALSE;
	}
	text_replace(place, g_steal_pointer(&text));
	return TRUE;
}

/* TRUE and `value` left alone if it is a map; an empty one in other clothes reads as an empty map. The caller's. */
static GVariant *
map_of(const char *name, GVariant *value, GError **error)
{
	g_autofree char *text = text_of(value);
	gboolean is_list = g_variant_is_of_type(value, G_VARIANT_TYPE("av"));

	if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT))
		return g_variant_ref(value);
	if ((text != NULL && *text == '\0') || (is_list && g_variant_n_children(value) == 0))
		return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
	g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT, "%s should be a list of names and values", name);
	return NULL;
}

/* --- Properties --------------------------------------------------------------------------------------------------------- */

static void
remark_key(ImportedForm *form, const char *property, const char *key)
{
	g_autofree char *shown = import_form_shown(key);

	import_form_remark(form, "%s: \"%s\" is not Contact Form 7's own and is left out", property, shown);
}

static gboolean
take_mail_entry(ImportedForm *form, const char *property, const char *key, GVariant *value, GError **error)
{
	MailTemplate *mail = &form->source->mail[strcmp(property, "mail_2") == 0];
	const struct {
		const char *key;
		char **text;
		gboolean *flag;
	} entries[] = {{"subject", &mail->subject, NULL}, {"sender", &mail->sender, NULL}, {"recipient", &mail->recipient, NULL},
	    {"body", &mail->body, NULL}, {"additional_headers", &mail->additional_headers, NULL},
	    {"attachments", &mail->attachments, NULL}, {"active", NULL, &mail->is_active}, {"use_html", NULL, &mail->is_html},
	    {"exclude_blank", NULL, &mail->is_exclude_blank}};

	for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
		if (strcmp(key, entries[i].key) != 0)
			continue;
		if (entries[i].flag != NULL) {
			*entries[i].flag = is_true(value);
			return TRUE;
		}
		g_autofree char *name = g_strconcat(property, " ", key, NULL);
		return take_text(name, value, entries[i].text, error);
	}
	remark_key(form, property, key);
	return TRUE;
}

static gboolean
take_message(ImportedForm *form, const char *key, GVariant *value, GError **error)
{
	g_autofree char *text = NULL;

	if (!g_strv_contains(message_keys, key)) {
		remark_key(form, "messages", key);
		return TRUE;
	}
	if (!take_text(key, value, &text, error))
		return FALSE;
	g_hash_table_replace(form->source->messages, g_strdup(key), g_steal_pointer(&text));
	return TRUE;
}

static gboolean
take_map(ImportedForm *form, const char *property, GVariant *value, GError **error)
{
	g_autoptr(GVariant) map = map_of(property, value, error);
	gboolean is_messages = strcmp(property, "messages") == 0;
	GVariantIter entries;
	const char *key;
	GVariant *entry;
	gboolean taken = TRUE;

	if (map == NULL)
		return FALSE;
	g_variant_iter_init(&entries, map);
	while (taken && g_variant_iter_next(&entries, "{&sv}", &key, &entry)) {
		taken = is_messages ? take_message(form, key, entry, error) : take_mail_entry(form, property, key, entry, error);
		g_variant_unref(entry);
	}
	/* The first mail is always sent, whatever its switch says (contract 6.1). */
	form->source->mail[0].is_active = TRUE;
	return taken;
}

gboolean
import_form_take(ImportedForm *form, const char *property, GVariant *value, GError **error)
{
	static const char *const maps[] = {"mail", "mail_2", "messages", NULL};

	if (g_strv_contains(maps, property))
		return take_map(form, property, value, error);
	if (strcmp(property, "form") == 0)
		return take_text(property, value, &form->source->template_text, error);
	if (strcmp(property, "additional_settings") == 0)
		return take_text(property, value, &form->source->additional_settings, error);
	if (strcmp(property, "locale") == 0)
		return take_text(property, value, &form->source->locale, error);
	g_assert(strcmp(property, "hash") == 0);
	return take_text(property, value, &form->hash, error);
}

/* --- What is missing ---------------------------------------------------------------------------------------------------- */

/* The start of `text` that is a language and country (contract 11.1), "" if there is none: of "de_DE_formal" it is "de_DE". The
 * caller's. */
static char *
language_of(const char *text)
{
	gsize language = strspn(text, G_CSET_a_2_z);
	gsize country = text[language] == '_' ? strspn(text + language + 1, G_CSET_a_2_z G_CSET_A_2_Z) : 0;

	if (language < 2 || language > 3)
		return g_strdup("");
	return g_strndup(text, language + (country > 0 ? country + 1 : 0));
}

static void
settle_locale(ImportedForm *form, const char *language)
{
	g_autofree char *own = language_of(form->source->locale);
	g_autofree char *site = g_strdelimit(g_strdup(language), "-", '_');
	char *locale = *own != '\0' ? g_strdup(own) : language_of(site);

	if (strcmp(locale, form->source->locale) != 0) {
		g_autofree char *was = import_form_shown(form->source->locale);
		import_form_remark(form, "locale: is \"%s\" in the export; \"%s\" was taken", was, locale);
	}
	text_replace(&form->source->locale, locale);
}

static void
fill_messages(ImportedForm *form)
{
	for (const char *const *key = message_keys; *key != NULL; key++) {
		g_autofree char *id = g_strconcat("message.", *key, NULL);

		if (g_hash_table_contains(form->source->messages, *key))
			continue;
		g_hash_table_insert(form->source->messages, g_strdup(*key), g_strdup(text_for(form->source->locale, id)));
		g_ptr_array_add(form->filled, g_strdup(*key));
	}
}

void
import_form_finish(ImportedForm *form, const char *language)
{
	if (strspn(form->hash, G_CSET_DIGITS "abcdef") != strlen(form->hash)) {
		import_form_remark(form, "hash: is not made of hexadecimal digits and is left out");
		text_replace(&form->hash, g_strdup(""));
	}
	if (*form->source->template_text == '\0')
		import_form_remark(form, "form: is empty or missing in the export");
	settle_locale(form, language);
	fill_messages(form);
}
