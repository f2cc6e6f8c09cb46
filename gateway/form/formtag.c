/*
 * The scanner of form-tags (contract 4.2-4.4, 4.6): one walk over the template text, from "[" to "[". What matches the outer
 * grammar is consumed as a whole even when it then turns out to be no tag (a wrong name, attributes that break their grammar),
 * because Contact Form 7 leaves exactly that stretch as literal text and goes on behind it. HTML means nothing here: a tag inside
 * a comment is a tag.
 *
 * The text is an operator's, valid UTF-8; other text yields no tags. All work is linear in its size.
 */
#include "sekisho/form/formtag.h"

#include <string.h>

#include "formtag_types.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* What the outer grammar found at a "[". Pointers go into the template text. */
typedef struct {
	const FormTagType *type;
	const char *type_name; /* with its star */
	gsize type_size;
	const char *attributes; /* between type and "]" */
	const char *close;      /* that "]" */
	const char *content;    /* NULL without a closing tag */
	gsize content_size;
	const char *end; /* behind the whole, outer brackets included */
	gboolean is_escaped;
} TagMatch;

/* WS of contract 4.2. */
static gboolean
is_grammar_space(gunichar character)
{
	return character != 0xFEFF && text_is_space(character);
}

static gboolean
is_option_character(gunichar character)
{
	if (is_grammar_space(character))
		return TRUE;
	return character < 0x80 && character != 0 &&
	       (g_ascii_isalnum((char)character) || strchr("-+*=:.!?#$&@_/|%", (int)character));
}

/* Bytes of the type's name that stands at `text`: lower-case letters and one star. */
static gsize
type_span(const char *text)
{
	gsize size = 0;

	while (g_ascii_islower(text[size]))
		size++;
	return text[size] == '*' ? size + 1 : size;
}

/* The part `[ content "[/" TYPE "]" ] [ "]" ]` behind the first "]". */
static void
match_content(TagMatch *match)
{
	const char *after = match->close + 1;
	gsize size = strcspn(after, "[");
	const char *closing = after + size;

	match->content = NULL;
	match->end = after;
	if (g_str_has_prefix(closing, "[/") && strncmp(closing + 2, match->type_name, match->type_size) == 0 &&
	    closing[2 + match->type_size] == ']') {
		match->content = after;
		match->content_size = size;
		match->end = closing + match->type_size + 3;
	}
}

/* Does a tag of the outer grammar begin at `open`, a "["? */
static gboolean
match_tag(const char *open, TagMatch *match)
{
	gboolean has_outer = open[1] == '[';
	const char *after;

	match->type_name = open + (has_outer ? 2 : 1);
	match->type_size = type_span(match->type_name);
	match->type = formtag_types_find(match->type_name, match->type_size);
	after = match->type_name + match->type_size;
	if (match->type == NULL || (*after != ']' && !is_grammar_space(g_utf8_get_char(after))))
		return FALSE;
	match->attributes = after;
	match->close = strchr(after, ']');
	if (match->close == NULL)
		return FALSE;
	match_content(match);
	match->is_escaped = has_outer && *match->end == ']';
	if (*match->end == ']')
		match->end++;
	return TRUE;
}

/* The attributes without the "/" of an XML-like end, runs of U+00A0 and U+200B as one space, stripped. */
static char *
attributes_text(const TagMatch *match)
{
	const char *start = match->attributes, *end = match->close;
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean is_blank_run = FALSE;

	while (start < end && is_grammar_space(g_utf8_get_char(start)))
		start = g_utf8_next_char(start);
	if (end - start > 1 && end[-1] == '/' && is_grammar_space(g_utf8_get_char(g_utf8_prev_char(end - 1))))
		end--;
	for (const char *cursor = start; cursor < end; cursor = g_utf8_next_char(cursor)) {
		gunichar character = g_utf8_get_char(cursor);
		gboolean is_blank = character == 0xA0 || character == 0x200B;

		if (!is_blank)
			g_string_append_unichar(text, character);
		else if (!is_blank_run)
			g_string_append_c(text, ' ');
		is_blank_run = is_blank;
	}
	return text_strip(text->str);
}

static void
value_free(gpointer data)
{
	FormTagValue *value = data;

	g_free(value->before);
	g_free(value->after);
	g_free(value);
}

/* `quoted` without its quotes. */
static FormTagValue *
value_new(const char *quoted, gsize size)
{
	g_autofree char *text = g_strndup(quoted, size);
	FormTagValue *value = g_new(FormTagValue, 1);
	char *bar = strchr(text, '|');

	if (bar != NULL)
		*bar = '\0';
	value->before = text_strip(text);
	value->after = text_strip(bar != NULL ? bar + 1 : text);
	return value;
}

static GPtrArray *
split_options(const char *text, const char *end)
{
	GPtrArray *options = g_ptr_array_new_null_terminated(8, g_free, TRUE);

	while (text < end) {
		const char *start = text;

		while (text < end && !is_grammar_space(g_utf8_get_char(text)))
			text = g_utf8_next_char(text);
		if (text > start)
			g_ptr_array_add(options, g_strndup(start, (gsize)(text - start)));
		while (text < end && is_grammar_space(g_utf8_get_char(text)))
			text = g_utf8_next_char(text);
	}
	return options;
}

/* attr' of contract 4.2: fills `options` and `values` of the tag. FALSE, and nothing filled, if the text breaks that grammar. */
static gboolean
parse_attributes(FormTag *tag, const char *text, GPtrArray **options)
{
	const char *cursor = text;
	const char *options_end;

	while (is_option_character(g_utf8_get_char(cursor)))
		cursor = g_utf8_next_char(cursor);
	options_end = cursor;
	while (*cursor == '"' || *cursor == '\'') {
		const char *close = strchr(cursor + 1, *cursor);

		if (close == NULL)
			break;
		g_ptr_array_add(tag->values, value_new(cursor + 1, (gsize)(close - cursor - 1)));
		cursor = close + 1;
		while (is_grammar_space(g_utf8_get_char(cursor)))
			cursor = g_utf8_next_char(cursor);
	}
	if (*cursor != '\0') {
		g_ptr_array_set_size(tag->values, 0);
		return FALSE;
	}
	*options = split_options(text, options_end);
	return TRUE;
}

/* Bytes of `line` without a "<br>" or "<br />" at its end. */
static gsize
size_without_break(const char *line, gsize size)
{
	gsize cut = size;

	if (cut == 0 || line[--cut] != '>')
		return size;
	if (cut > 0 && line[cut - 1] == '/')
		cut--;
	while (cut > 0 && g_ascii_isspace(line[cut - 1]))
		cut--;
	return cut >= 3 && g_ascii_strncasecmp(line + cut - 3, "<br", 3) == 0 ? cut - 3 : size;
}

static char *
content_text(const TagMatch *match)
{
	g_autofree char *raw = NULL;
	g_autofree char *stripped = NULL;
	g_auto(GStrv) lines = NULL;

	if (match->content == NULL)
		return NULL;
	raw = g_strndup(match->content, match->content_size);
	stripped = text_strip(raw);
	lines = g_strsplit(stripped, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		(*line)[size_without_break(*line, strlen(*line))] = '\0';
	return g_strjoinv("\n", lines);
}

/* The tag that `match` describes, or NULL if it is only text after all. */
static FormTag *
tag_new(const TagMatch *match)
{
	g_autofree char *attributes = attributes_text(match);
	g_autoptr(GPtrArray) options = NULL;
	FormTag *tag = g_new0(FormTag, 1);

	tag->type = g_strndup(match->type_name, match->type_size);
	tag->basetype = g_strdup(match->type->basetype);
	tag->features = match->type->features;
	tag->values = g_ptr_array_new_with_free_func(value_free);
	if (!parse_attributes(tag, attributes, &options))
		options = g_ptr_array_new_null_terminated(1, g_free, TRUE);
	if (tag->features & TAG_NAME) {
		if (options->len == 0 || !formtag_is_name(options->pdata[0])) {
			formtag_free(tag);
			return NULL;
		}
		tag->raw_name = g_ptr_array_steal_index(options, 0);
		tag->name = g_strdelimit(g_strdup(tag->raw_name), ".", '_');
	}
	tag->options = g_strdupv((char **)options->pdata);
	tag->content = content_text(match);
	return tag;
}

static gboolean
has_basetype(const GPtrArray *tags, const char *basetype)
{
	for (guint i = 0; i < tags->len; i++) {
		if (g_str_equal(((FormTag *)tags->pdata[i])->basetype, basetype))
			return TRUE;
	}
	return FALSE;
}

GPtrArray *
formtag_scan(const char *template_text)
{
	GPtrArray *tags = g_ptr_array_new_with_free_func((GDestroyNotify)formtag_free);
	const char *last_close = strrchr(template_text, ']');
	const char *counted = template_text;
	const char *open = template_text;
	guint line = 1;
	TagMatch match;

	if (!g_utf8_validate(template_text, -1, NULL))
		return tags;
	/* Behind the last "]" no tag can end, so none is looked for: each match then moves on, and the walk stays linear. */
	while (tags->len < LIMIT_FORM_TAGS && (open = strchr(open, '[')) != NULL && open < last_close) {
		FormTag *tag;

		if (!match_tag(open, &match)) {
			open++;
			continue;
		}
		tag = match.is_escaped ? NULL : tag_new(&match);
		open = match.end;
		if (tag == NULL)
			continue;
		for (; counted < match.type_name; counted++)
			line += *counted == '\n';
		tag->line = line;
		tag->offset = (gsize)(match.type_name - 1 - template_text);
		if ((tag->features & TAG_SINGULAR) && has_basetype(tags, tag->basetype))
			formtag_free(tag);
		else
			g_ptr_array_add(tags, tag);
	}
	return tags;
}

void
formtag_free(FormTag *tag)
{
	if (tag == NULL)
		return;
	g_free(tag->type);
	g_free(tag->basetype);
	g_free(tag->raw_name);
	g_free(tag->name);
	g_strfreev(tag->options);
	g_ptr_array_unref(tag->values);
	g_free(tag->content);
	g_free(tag);
}

gboolean
formtag_is_required(const FormTag *tag)
{
	if (g_str_equal(tag->basetype, "acceptance"))
		return !formtag_has_option(tag, "optional");
	return g_str_has_suffix(tag->type, "*") || g_str_equal(tag->type, "radio") || g_str_equal(tag->type, "quiz");
}

/* What stands behind "name:" in `option`, or NULL. */
static const char *
option_value(const char *option, const char *name)
{
	gsize size = strlen(name);

	if (g_ascii_strncasecmp(option, name, size) != 0 || option[size] != ':')
		return NULL;
	return option + size + 1;
}

gboolean
formtag_has_option(const FormTag *tag, const char *name)
{
	for (char **option = tag->options; *option != NULL; option++) {
		if (g_ascii_strcasecmp(*option, name) == 0)
			return TRUE;
	}
	return FALSE;
}

const char *
formtag_option(const FormTag *tag, const char *name)
{
	for (char **option = tag->options; *option != NULL; option++) {
		const char *value = option_value(*option, name);

		if (value != NULL)
			return value;
	}
	return NULL;
}

/* A run of digits as a number, clamped; -1 if `text` is none or zero, which Contact Form 7 takes for "not set". */
static gint64
digits(const char *text)
{
	guint64 number;

	if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
		return -1;
	number = g_ascii_strtoull(text, NULL, 10);
	return number == 0 ? -1 : (gint64)MIN(number, (guint64)G_MAXINT64);
}

/* The first `name:N` that holds a number, or -1. */
static gint64
number_option(const FormTag *tag, const char *name)
{
	for (char **option = tag->options; *option != NULL; option++) {
		const char *value = option_value(*option, name);

		if (value != NULL && *value != '\0' && strspn(value, "0123456789") == strlen(value))
			return digits(value);
	}
	return -1;
}

/* M of "/M", "N/M", "CxR/M"; -1 if `option` is not of that form. */
static gint64
short_maxlength(const char *option)
{
	const char *cursor = option + strspn(option, "0123456789");

	if (*cursor == 'x')
		cursor++;
	cursor += strspn(cursor, "0123456789");
	return *cursor == '/' ? digits(cursor + 1) : -1;
}

gint64
formtag_maxlength(const FormTag *tag)
{
	gint64 maxlength = number_option(tag, "maxlength");

	for (char **option = tag->options; *option != NULL && maxlength < 0; option++)
		maxlength = short_maxlength(*option);
	return maxlength;
}

gint64
formtag_minlength(const FormTag *tag)
{
	return number_option(tag, "minlength");
}

/* `[-0-9A-Za-z_]+` */
static gboolean
is_id(const char *text)
{
	return *text != '\0' && text[strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_")] == '\0';
}

const char *
formtag_id(const FormTag *tag)
{
	for (char **option = tag->options; *option != NULL; option++) {
		const char *id = option_value(*option, "id");

		if (id != NULL && is_id(id))
			return formtag_is_name(id) && !g_str_has_prefix(id, "wpcf7") ? id : NULL;
	}
	return NULL;
}

gboolean
formtag_is_name(const char *text)
{
	if (!g_ascii_isalpha(*text))
		return FALSE;
	while (*text != '\0' && (g_ascii_isalnum(*text) || strchr("-_:.", *text) != NULL))
		text++;
	return *text == '\0';
}

/* The word of something that looks like a tag: "[word]" or "[word ...]", not escaped. The caller's, or NULL. */
static char *
tag_like_word(const char *open)
{
	const char *cursor = open + 1;

	if (!g_ascii_isalpha(*cursor))
		return NULL;
	while (g_ascii_isalnum(*cursor) || *cursor == '-' || *cursor == '_')
		cursor++;
	if (*cursor == '*')
		cursor++;
	if ((*cursor != ']' && !is_grammar_space(g_utf8_get_char(cursor))) || cursor[strcspn(cursor, "[]")] != ']')
		return NULL;
	return formtag_types_find(open + 1, (gsize)(cursor - open - 1)) == NULL ? g_strndup(open + 1, (gsize)(cursor - open - 1))
										: NULL;
}

GPtrArray *
formtag_unknown_words(const char *template_text)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	const char *last_close = strrchr(template_text, ']');
	const char *open = template_text;
	TagMatch match;

	if (!g_utf8_validate(template_text, -1, NULL))
		return words;
	while (words->len < LIMIT_FORM_TAGS && (open = strchr(open, '[')) != NULL && open < last_close) {
		char *word;

		if (match_tag(open, &match)) {
			open = match.end;
			continue;
		}
		word = open > template_text && open[-1] == '[' ? NULL : tag_like_word(open);
		if (word != NULL && !g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
			g_ptr_array_add(words, word);
		else
			g_free(word);
		open++;
	}
	return words;
}
