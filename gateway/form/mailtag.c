/*
 * Mail-tags become text (contract 6.2, 6.5, 7.4). Templates are worked through line by line, once: what a value brings is never
 * looked at again, so a visitor who types "[your-email]" sees just that.
 *
 * CR and LF of a value stay in every mode; a header must be cut by the one who makes it (contract 6.6). mailtag_fields
 * is the other half of this file: whatever can put a visitor's byte into a text is named by it. The rule is simple on purpose:
 * every name that does not begin with "_" counts, because a visitor may post names that the form does not have (contract 3.2).
 */
#include "sekisho/form/mailtag.h"

#include <string.h>

#include "acceptance.h"
#include "mailtag_date.h"
#include "mailtag_scan.h"
#include "mailtag_special.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/wire/html.h"

/* --- Values ------------------------------------------------------------------------------------------------------- */

/* What stands between several values in a body. */
static const char *
list_separator(const Form *form)
{
	return *form->site->list_separator != '\0' ? form->site->list_separator
						   : text_for(form->source->locale, "list_separator");
}

static const char *
separator(const MailTagContext *context)
{
	return context->mode == MAILTAG_LINE ? ", " : list_separator(context->form);
}

/* The values of the tag's field, each the caller's (char *), or NULL if the visitor sent nothing of that name. */
static GPtrArray *
field_values(const MailTag *tag, const char *field_name, const Submission *submission)
{
	GPtrArray *values = g_ptr_array_new_with_free_func(g_free);

	if (mailtag_scan_is_raw(tag)) {
		const PostedValue *posted = posted_get(submission->posted, field_name);
		g_autoptr(GPtrArray) texts = posted_value_flatten(posted);

		for (guint i = 0; i < texts->len; i++)
			g_ptr_array_add(values, g_strdup(texts->pdata[i]));
		return values;
	}
	const SubmissionField *field = submission_field(submission, field_name);

	if (field == NULL) {
		g_ptr_array_unref(values);
		return NULL;
	}
	for (char **value = field->values; *value != NULL; value++)
		g_ptr_array_add(values, g_strdup(*value));
	return values;
}

static char *
join_values(GPtrArray *values, const MailTag *tag, const MailTagContext *context)
{
	gboolean is_formatted = g_str_has_prefix(tag->name, "_format_") && tag->format != NULL && *tag->format != '\0';
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < values->len; i++) {
		g_autofree char *date = is_formatted ? mailtag_date_reformat(values->pdata[i], tag->format, context->form) : NULL;

		if (i > 0)
			g_string_append(joined, separator(context));
		g_string_append(joined, g_strstrip(date != NULL ? date : values->pdata[i]));
	}
	return context->mode == MAILTAG_HTML ? html_escape_once(joined->str) : g_strdup(joined->str);
}

/* "Consented: I agree to the terms" (contract 6.2 step 5). */
static char *
acceptance_text(const FormTag *tag, const MailTagContext *context)
{
	gboolean is_given = acceptance_is_given(tag, context->submission);
	const char *locale = context->form->source->locale;
	const char *word = text_for(locale, is_given ? "acceptance.consented" : "acceptance.not_consented");
	const char *condition = acceptance_condition(tag);
	g_autofree char *shown = context->mode == MAILTAG_HTML ? g_strdup(condition) : html_strip_tags(condition);

	g_strstrip(shown);
	return *shown == '\0' ? g_strdup(word) : g_strconcat(word, ": ", shown, NULL);
}

/* Names of the files that came with the field, joined by the list separator everywhere; NULL if there are none. */
static char *
file_names(const char *field_name, const MailTagContext *context)
{
	const GPtrArray *files = context->submission->files;
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];

		if (file->state != FILE_KEPT || !g_str_equal(file->field, field_name))
			continue;
		if (names->len > 0)
			g_string_append(names, list_separator(context->form));
		g_string_append(names, file->name);
	}
	if (names->len == 0)
		return NULL;
	return context->mode == MAILTAG_HTML ? html_escape_once(names->str) : g_strdup(names->str);
}

/* The first tag of that name that holds a value. */
static const FormTag *
tag_with_value(const Form *form, const char *name)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name != NULL && !(tag->features & TAG_ZERO_CONTROLS) && g_str_equal(tag->name, name))
			return tag;
	}
	return NULL;
}

/* What the type of the field's tag says instead of the posted values, or NULL. */
static char *
type_text(const char *field_name, const MailTagContext *context)
{
	const FormTag *tag = tag_with_value(context->form, field_name);

	if (tag == NULL)
		return NULL;
	if (g_str_equal(tag->basetype, "acceptance"))
		return acceptance_text(tag, context);
	return tag->features & TAG_FILE_UPLOADING ? file_names(field_name, context) : NULL;
}

/* What replaces the tag, or NULL if it stays as it is. */
static char *
tag_value(const MailTag *tag, const MailTagContext *context)
{
	g_autofree char *field_name = mailtag_scan_field(tag);
	g_autoptr(GPtrArray) values = context->submission == NULL ? NULL : field_values(tag, field_name, context->submission);
	g_autofree char *special = NULL;
	char *text;

	if (values == NULL) {
		special = mailtag_special_value(tag->name, context);
		if (special == NULL)
			return NULL;
		return context->mode == MAILTAG_HTML ? html_escape_once(special) : g_steal_pointer(&special);
	}
	text = type_text(field_name, context);
	return g_strstrip(text != NULL ? text : join_values(values, tag, context));
}

/* --- Lines -------------------------------------------------------------------------------------------------------- */

/* Appends the line with its tags replaced. TRUE if tags were replaced and all of them by nothing (contract 6.5). */
static gboolean
replace_line(GString *out, const char *line, gsize size, const MailTagContext *context)
{
	gboolean is_replaced = FALSE, is_blank = TRUE;
	gsize done = 0;

	while (out->len <= LIMIT_MAIL_TEXT_BYTES) {
		g_auto(MailTag) tag = {0};
		g_autofree char *value = NULL;

		if (!mailtag_scan_next(line, size, done, &tag))
			break;
		g_string_append_len(out, line + done, (gssize)(tag.start - done));
		done = tag.end;
		value = tag.is_escaped ? NULL : tag_value(&tag, context);
		if (tag.is_escaped) {
			g_string_append_len(out, line + tag.start + 1, (gssize)(tag.end - tag.start - 2));
		} else if (value == NULL) {
			g_string_append_len(out, line + tag.start, (gssize)(tag.end - tag.start));
		} else {
			is_replaced = TRUE;
			is_blank = is_blank && *value == '\0';
			g_string_append(out, value);
		}
	}
	g_string_append_len(out, line + done, (gssize)(size - done));
	return is_replaced && is_blank;
}

char *
mailtag_replace(const char *text, const MailTagContext *context)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean is_first = TRUE;

	for (const char *line = text; line != NULL && out->len <= LIMIT_MAIL_TEXT_BYTES;) {
		const char *end = strchr(line, '\n');
		gsize kept_size = out->len;
		gboolean is_blank;

		if (!is_first)
			g_string_append_c(out, '\n');
		is_blank = replace_line(out, line, end != NULL ? (gsize)(end - line) : strlen(line), context);
		if (is_blank && context->is_exclude_blank)
			g_string_truncate(out, kept_size);
		else
			is_first = FALSE;
		line = end != NULL ? end + 1 : NULL;
	}
	return text_truncate(out->str, LIMIT_MAIL_TEXT_BYTES);
}

/* --- What stands in a template -------------------------------------------------------------------------------------- */

/* What a tag contributes to a list of names, the caller's; NULL if nothing. */
typedef char *(*TagJudge)(const MailTag *tag, const Form *form);

/* What `judge` says of the tags of `text` that are not escaped, each name once. */
static GPtrArray *
collect(const char *text, const Form *form, TagJudge judge)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		gsize size = strlen(*line);

		for (gsize done = 0;;) {
			g_auto(MailTag) tag = {0};
			g_autofree char *name = NULL;

			if (!mailtag_scan_next(*line, size, done, &tag))
				break;
			done = tag.end;
			name = tag.is_escaped ? NULL : judge(&tag, form);
			if (name != NULL && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
				g_ptr_array_add(names, g_steal_pointer(&name));
		}
	}
	return names;
}

static char *
visitors_name(const MailTag *tag, const Form *form G_GNUC_UNUSED)
{
	gboolean is_of_field =
	    tag->name[0] != '_' || g_str_has_prefix(tag->name, "_raw_") || g_str_has_prefix(tag->name, "_format_");

	return is_of_field || mailtag_special_is_visitors(tag->name) ? mailtag_scan_field(tag) : NULL;
}

GPtrArray *
mailtag_fields(const char *text, const Form *form)
{
	return collect(text, form, visitors_name);
}

/* A tag that shows something and posts nothing. */
static gboolean
is_display(const FormTag *tag)
{
	return (tag->features & TAG_NOT_FOR_MAIL) && !(tag->features & TAG_DO_NOT_STORE);
}

static gboolean
is_choice(const FormTag *tag)
{
	static const char *const choices[] = {"select", "radio", "checkbox", NULL};

	return g_strv_contains(choices, tag->basetype) && !formtag_has_option(tag, "free_text");
}

/* Whether the form itself offers all that the field may hold. */
static gboolean
is_offered(const Form *form, const char *field)
{
	gboolean has_choice = FALSE;

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name == NULL || !g_str_equal(tag->name, field) || is_display(tag))
			continue;
		if (!is_choice(tag))
			return FALSE;
		has_choice = TRUE;
	}
	return has_choice;
}

static char *
typed_name(const MailTag *tag, const Form *form)
{
	g_autofree char *name = visitors_name(tag, form);

	if (name == NULL || (tag->name[0] != '_' && is_offered(form, name)))
		return NULL;
	return g_steal_pointer(&name);
}

GPtrArray *
mailtag_typed_fields(const char *text, const Form *form)
{
	return collect(text, form, typed_name);
}

/* [_raw_X] of a field that the form does not have disappears instead of staying, which is no better. */
static char *
unknown_name(const MailTag *tag, const Form *form)
{
	g_autofree char *field = mailtag_scan_field(tag);

	if (form_tag(form, field) != NULL || mailtag_special_is_known(tag->name))
		return NULL;
	return g_strdup(tag->name);
}

GPtrArray *
mailtag_unknown_words(const char *text, const Form *form)
{
	return collect(text, form, unknown_name);
}

/* --- Messages ------------------------------------------------------------------------------------------------------- */

char *
mailtag_message(const Form *form, const Submission *submission, const char *key, guint invalid_count)
{
	MailTagContext context = {.form = form, .submission = submission, .mode = MAILTAG_LINE, .invalid_count = invalid_count};
	g_autofree char *replaced = mailtag_replace(form_message(form, key), &context);

	g_autofree char *message = html_strip_tags(replaced);
	return text_truncate(message, LIMIT_ANSWER_MESSAGES_BYTES);
}
