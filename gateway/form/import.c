/*
 * Reads an export of either kind: looks which kind it is, has the reader of that kind collect forms and posts, then finishes them
 * together: messages and languages, names of folders, order. No state between calls; any thread may call.
 */
#include "sekisho/form/import.h"

#include <string.h>

#include "import_form.h"
#include "import_rest.h"
#include "import_wxr.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

void
imported_form_free(ImportedForm *form)
{
	if (form == NULL)
		return;
	form_source_free(form->source);
	g_free(form->refusal);
	g_free(form->hash);
	g_ptr_array_unref(form->filled);
	g_ptr_array_unref(form->remarks);
	g_free(form);
}

static void
free_form(gpointer data)
{
	imported_form_free(data);
}

static void
free_post(gpointer data)
{
	site_post_free(data);
}

static Import *
import_new(void)
{
	Import *import = g_new0(Import, 1);

	import->forms = g_ptr_array_new_with_free_func(free_form);
	import->posts = g_ptr_array_new_with_free_func(free_post);
	return import;
}

void
import_free(Import *import)
{
	if (import == NULL)
		return;
	g_free(import->site_title);
	g_free(import->site_description);
	g_free(import->site_url);
	g_free(import->language);
	g_ptr_array_unref(import->forms);
	g_ptr_array_unref(import->posts);
	g_free(import);
}

/* --- Both kinds --------------------------------------------------------------------------------------------------------- */

static gboolean
fail(GError **error, const char *sentence)
{
	g_set_error_literal(error, FORM_ERROR, FORM_ERROR_IMPORT, sentence);
	return FALSE;
}

/* Reads what kind of text this is, and the text. A byte order mark and white space before it, which some sites send, are skipped.
 */
static gboolean
read_text(Import *import, const char *text, gsize size, GError **error)
{
	const char *invalid;

	if (size > LIMIT_IMPORT_BYTES)
		return fail(
		    error, "the file is too large; export the contact forms alone: in WordPress Tools, Export, Contact Forms");
	if (!g_utf8_validate(text, (gssize)size, &invalid)) {
		g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT,
		    "the file is not UTF-8 (byte %" G_GSIZE_FORMAT "); give the file as WordPress wrote it",
		    (gsize)(invalid - text));
		return FALSE;
	}
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, size -= 3;
	while (size > 0 && g_ascii_isspace(*text))
		text++, size--;
	if (size > 0 && *text == '<')
		return import_wxr_read(import, text, size, error);
	if (size > 0 && (*text == '{' || *text == '['))
		return import_rest_read(import, text, size, error);
	return fail(
	    error, "the file is neither an export of WordPress (XML, made with Tools, Export) nor JSON of its REST interface");
}

static gint
compare_forms(gconstpointer a, gconstpointer b)
{
	const ImportedForm *left = *(const ImportedForm *const *)a;
	const ImportedForm *right = *(const ImportedForm *const *)b;

	return (left->source->id > right->source->id) - (left->source->id < right->source->id);
}

/* What a table of limited size should rather hold comes first: forms stand in pages, and old posts get no visitors. */
static gint
compare_posts(gconstpointer a, gconstpointer b)
{
	const SitePost *left = *(const SitePost *const *)a;
	const SitePost *right = *(const SitePost *const *)b;

	if (left->is_page != right->is_page)
		return left->is_page ? -1 : 1;
	return (left->id < right->id) - (left->id > right->id);
}

/* Folders of two forms must differ; a form's id makes the difference. */
static void
settle_slug(ImportedForm *form, GHashTable *used)
{
	while (g_hash_table_contains(used, form->source->slug)) {
		char *longer = g_strdup_printf("%s-%" G_GUINT64_FORMAT, form->source->slug, form->source->id);

		g_free(form->source->slug);
		form->source->slug = longer;
	}
	g_hash_table_add(used, form->source->slug);
}

static gboolean
finish(Import *import, GError **error)
{
	g_autoptr(GHashTable) slugs = g_hash_table_new(g_str_hash, g_str_equal);

	if (import->forms->len == 0)
		return fail(error,
		    "there is no contact form in this export; in WordPress choose Tools, Export, and there \"All content\" or "
		    "\"Contact Forms\" while Contact Form 7 is active");
	/* Forms in the order of their ids, so that the same export gives the same folders. */
	g_ptr_array_sort(import->forms, compare_forms);
	g_ptr_array_sort(import->posts, compare_posts);
	for (guint i = 0; i < import->forms->len; i++) {
		ImportedForm *form = import->forms->pdata[i];
		const ImportedForm *before = i > 0 ? import->forms->pdata[i - 1] : NULL;

		if (before != NULL && before->source->id == form->source->id) {
			g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT,
			    "there are two forms of id %" G_GUINT64_FORMAT " in this export", form->source->id);
			return FALSE;
		}
		if (form->refusal == NULL && !form->is_trashed)
			settle_slug(form, slugs);
		import_form_finish(form, import->language);
	}
	return TRUE;
}

Import *
import_read(GBytes *content, GError **error)
{
	g_autoptr(Import) import = import_new();
	gsize size;
	const char *text = g_bytes_get_data(content, &size);
	char **texts[] = {&import->site_title, &import->site_description, &import->site_url, &import->language};

	if (!read_text(import, text, size, error))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (*texts[i] == NULL)
			*texts[i] = g_strdup("");
	}
	while (g_str_has_suffix(import->site_url, "/"))
		import->site_url[strlen(import->site_url) - 1] = '\0';
	return finish(import, error) ? g_steal_pointer(&import) : NULL;
}
