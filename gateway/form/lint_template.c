/*
 * The part of lint that looks at the form's template, its messages and its settings. A template is a fragment of HTML that people write by hand; it is
 * searched for tags and not parsed, and what is not found so is not found. No state.
 */
#include <string.h>

#include "lint_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/wire/html.h"

/* Names that WordPress itself reads from a request: a page without JavaScript that posts one of them can end as "not found". */
static const char *const reserved[] = {"attachment", "attachment_id", "author", "author_name", "calendar", "cat", "category_name",
    "cpage", "day", "embed", "error", "exact", "favicon", "feed", "hour", "m", "minute", "monthnum", "more", "name", "order",
    "orderby", "p", "page", "page_id", "paged", "pagename", "pb", "post_type", "posts", "preview", "robots", "s", "search",
    "second", "sentence", "static", "subpost", "subpost_id", "tag", "taxonomy", "tb", "term", "w", "withcomments",
    "withoutcomments", "year", NULL};

/* The first "<NAME" or "</NAME" of an HTML tag at or behind `from`, or NULL. */
static const char *
find_element(const char *from, const char *name)
{
	const gsize size = strlen(name);

	for (const char *at = strchr(from, '<'); at != NULL; at = strchr(at + 1, '<')) {
		if (g_ascii_strncasecmp(at + 1, name, size) == 0 && !g_ascii_isalnum(at[1 + size]) && at[1 + size] != '-')
			return at;
	}
	return NULL;
}

static char *
place_at(const char *text, const char *at)
{
	guint line = 1;

	for (const char *cursor = text; cursor < at; cursor++)
		line += *cursor == '\n';
	return g_strdup_printf("form.html line %u", line);
}

/* --- Names and sizes ------------------------------------------------------------------------------------------------------- */

static void
lint_name(const FormTag *tag, const char *place, GPtrArray *findings)
{
	if (g_strv_contains(reserved, tag->raw_name))
		lint_add(findings, "unavailable_names", place,
		    "Give the field another name, here and in the mails: your-name, say.",
		    "The name \"%s\" is one that WordPress uses itself.", tag->raw_name);
	if (strchr(tag->raw_name, '.') != NULL)
		lint_add(findings, "dots_in_names", place, "Write \"-\" or \"_\" instead, here and in the mails.",
		    "The name \"%s\" has a dot, which browsers' scripts and PHP turn into \"_\".", tag->raw_name);
	if (strchr(tag->raw_name, ':') != NULL)
		lint_add(findings, "colons_in_names", place, "Write \"-\" or \"_\" instead, here and in the mails.",
		    "The name \"%s\" has a colon, which is easily taken for an option.", tag->raw_name);
}

static void
lint_upload(const FormTag *tag, const char *place, GPtrArray *findings)
{
	guint64 limit = (tag->features & TAG_FILE_UPLOADING) ? filetypes_limit_bytes(tag) : 0;

	if (limit <= LIMIT_BODY_BYTES)
		return;
	g_autofree char *asked = g_format_size_full(limit, G_FORMAT_SIZE_IEC_UNITS);
	g_autofree char *taken = g_format_size_full(LIMIT_BODY_BYTES, G_FORMAT_SIZE_IEC_UNITS);
	lint_add(findings, "upload_filesize_overlimit", place, "Write a lower limit:.",
	    "[%s] allows %s, but a whole submission may have %s.", tag->raw_name, asked, taken);
}

static void
lint_tags(const Form *form, GPtrArray *findings)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		g_autofree char *place = g_strdup_printf("form.html line %u", tag->line);

		if (tag->raw_name == NULL)
			continue;
		lint_name(tag, place, findings);
		lint_upload(tag, place, findings);
	}
}

/* --- Elements ----------------------------------------------------------------------------------------------------------------- */

/* How many controls the tag draws, as far as a label is concerned. */
static guint
controls_of(const FormTag *tag)
{
	if (tag->features & (TAG_ZERO_CONTROLS | TAG_HIDDEN | TAG_BLOCK))
		return 0;
	if (tag->features & TAG_MULTIPLE_CONTROLS)
		return tag->values->len + (formtag_has_option(tag, "free_text") ? 1 : 0);
	return 1;
}

static void
lint_labels(const Form *form, GPtrArray *findings)
{
	const char *template_text = form->source->template_text;
	const char *end;

	for (const char *start = find_element(template_text, "label"); start != NULL; start = find_element(end, "label")) {
		guint controls = 0;

		end = find_element(start, "/label");
		if (end == NULL)
			end = template_text + strlen(template_text);
		for (guint i = 0; i < form->tags->len; i++) {
			const FormTag *tag = form->tags->pdata[i];
			const char *at = template_text + tag->offset;

			controls += at > start && at < end ? controls_of(tag) : 0;
		}
		g_autofree char *place = place_at(template_text, start);
		if (controls > 1)
			lint_add(findings, "multiple_controls_in_label", place,
			    "Give each control a label of its own; for a group of choices write <fieldset> and <legend> instead "
			    "of "
			    "<label>.",
			    "One <label> holds %u controls, so a click on its words always means the first of them.", controls);
	}
}

static void
lint_elements(const Form *form, GPtrArray *findings)
{
	const char *template_text = form->source->template_text;
	const char *found = find_element(template_text, "form");

	if (found == NULL)
		return;
	g_autofree char *place = place_at(template_text, found);
	lint_add(findings, "unavailable_html_elements", place, "Take the <form> tags out.",
	    "There is a <form> in the template, which stands in a <form> already; browsers end the outer one there.");
}

void
lint_template(const Form *form, GPtrArray *findings)
{
	lint_tags(form, findings);
	lint_labels(form, findings);
	lint_elements(form, findings);
}

/* --- Messages and settings ------------------------------------------------------------------------------------------------------ */

static gboolean
has_html(const char *text)
{
	for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
		if (g_ascii_isalpha(at[1]) || at[1] == '/' || at[1] == '!')
			return strchr(at, '>') != NULL;
	}
	return FALSE;
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
lint_texts(const Form *form, GPtrArray *findings)
{
	static const char *const deprecated[] = {"on_sent_ok", "on_submit"};
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	GHashTableIter messages;
	gpointer key, text;

	g_hash_table_iter_init(&messages, form->source->messages);
	while (g_hash_table_iter_next(&messages, &key, &text)) {
		if (has_html(text))
			g_ptr_array_add(keys, key);
	}
	g_ptr_array_sort(keys, compare_texts);
	for (guint i = 0; i < keys->len; i++) {
		g_autofree char *place = g_strdup_printf("form.ini [messages] %s", (const char *)keys->pdata[i]);

		lint_add(findings, "html_in_message", place, "Write the message as plain text.",
		    "The message has HTML in it, which is taken out before a visitor reads it.");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(deprecated); i++) {
		g_autofree char *value = form_setting(form, deprecated[i]);
		g_autofree char *place = g_strdup_printf("form.ini [settings] %s", deprecated[i]);

		if (value != NULL)
			lint_add(findings, "deprecated_settings", place,
			    "Let a script of the page listen to the event wpcf7mailsent (or wpcf7submit) instead.",
			    "No version of Contact Form 7 since 5.0 does anything for this setting.");
	}
}
