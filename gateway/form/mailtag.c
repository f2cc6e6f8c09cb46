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

/* Bytes of the character reference that begins at `text` ("&"): numeric ones, the five of XML, &nbsp;. 0 if there is none. */
static gsize
entity_size(const char *text)
{
	static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&nbsp;"};
	gboolean is_hexadecimal = text[1] == '#' && (text[2] == 'x' || text[2] == 'X');
	gsize start = is_hexadecimal ? 3 : 2;
	gsize digits;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_has_prefix(text, names[i]))
			return strlen(names[i]);
	}
	if (text[1] != '#')
		return 0;
	digits = strspn(text + start, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
	return digits >= 1 && digits <= 7 && text[start + digits] == ';' ? start + digits + 1 : 0;
}

/* Escapes for HTML, but leaves character references that are there already (contract 6.2 step 4). */
static char *
escape_once(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(NULL);
	const char *start = text;

	for (const char *cursor = text;; cursor++) {
		gsize size = *cursor == '&' ? entity_size(cursor) : 0;

		if (*cursor != '\0' && size == 0)
			continue;
		g_autofree char *piece = g_strndup(start, (gsize)(cursor - start));
		g_autofree char *piece_escaped = html_escape(piece);
		g_string_append(escaped, piece_escaped);
		if (*cursor == '\0')
			return g_strdup(escaped->str);
		g_string_append_len(escaped, cursor, (gssize)size);
		start = cursor + size;
		cursor = start - 1;
	}
}

static const char *
separator(const MailTagContext *context)
{
	return context->mode == MAILTAG_LINE ? ", " : context->form->site->list_separator;
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
	return context->mode == MAILTAG_HTML ? escape_once(joined->str) : g_strdup(joined->str);
}

/* "Consented: I agree to the terms" (contract 6.2 step 5). */
static char *
acceptance_text(const FormTag *tag, const MailTagContext *context)
{
	gboolean is_given = acceptance_is_given(tag, context->submission);
	const char *locale = context->form->source->locale;
	const char *word = text_for(locale, is_given ? "acceptance.consented" : "acceptance.not_consented");
	g_autofree char *condition = NULL;

	condition = g_strdup(acceptance_condition(tag));
	if (context->mode != MAILTAG_HTML) {
		char *plain = html_strip_tags(condition);

		g_free(condition);
		condition = plain;
	}
	g_strstrip(condition);
	return *condition == '\0' ? g_strdup(word) : g_strconcat(word, ": ", condition, NULL);
}

/* What replaces the tag, or NULL if it stays as it is. */
static char *
tag_value(const MailTag *tag, const MailTagContext *context)
{
	g_autofree char *field_name = mailtag_scan_field(tag);
	g_autoptr(GPtrArray) values = context->submission == NULL ? NULL : field_values(tag, field_name, context->submission);
	const FormTag *form_tag_of_name;
	g_autofree char *special = NULL;

	if (values == NULL) {
		special = mailtag_special_value(tag->name, context);
		if (special == NULL)
			return NULL;
		return context->mode == MAILTAG_HTML ? escape_once(special) : g_steal_pointer(&special);
	}
	form_tag_of_name = form_tag(context->form, field_name);
	if (form_tag_of_name != NULL && g_str_equal(form_tag_of_name->basetype, "acceptance"))
		return acceptance_text(form_tag_of_name, context);
	return g_strstrip(join_values(values, tag, context));
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
	const char *text = form_message(form, key);
	g_autofree char *replaced = submission == NULL ? g_strdup(text) : mailtag_replace(text, &context);

	return html_strip_tags(replaced);
}
