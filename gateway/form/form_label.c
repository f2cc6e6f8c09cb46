/*
 * What a visitor calls a field: the words of the <label> that its tag stands in, or else of the one whose for="..." is the tag's id. A template is a fragment of
 * HTML that people write by hand, and only text comes out of it, so looking for two tags is enough; what is not found so has no label. No state.
 */
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/form.h"
#include "sekisho/wire/html.h"

/* Some thirty Japanese characters: a label of more is a sentence, and its beginning says enough. */
#define LABEL_BYTES 100u
#define HTML_SPACE " \t\n\f\r"

/* `text` at the start of a tag "<NAME" or "</NAME". */
static gboolean
is_html_tag(const char *text, const char *name)
{
	const gsize size = strlen(name);
	return g_ascii_strncasecmp(text, name, size) == 0 && !g_ascii_isalnum(text[size]) && text[size] != '-';
}

/* What follows the start tag of the label that is open at `place`, or NULL. */
static const char *
find_label_start(const char *template_text, const char *place)
{
	for (const char *at = place; at-- > template_text;) {
		if (is_html_tag(at, "</label"))
			return NULL;
		if (is_html_tag(at, "<label")) {
			const char *end = strchr(at, '>');
			return end != NULL && end < place ? end + 1 : NULL;
		}
	}
	return NULL;
}

/* Whether the attribute that is assigned by `equals` is `for` with the value `id`. */
static gboolean
is_for(const char *label, const char *equals, const char *id)
{
	const char *name_end = equals;
	while (g_ascii_isspace(name_end[-1]))
		name_end--;
	if (name_end - label < 4 || g_ascii_strncasecmp(name_end - 3, "for", 3) != 0 || !g_ascii_isspace(name_end[-4]))
		return FALSE;
	const char *value = equals + 1 + strspn(equals + 1, HTML_SPACE);
	const gboolean is_quoted = *value == '"' || *value == '\'';
	const char quote = *value;
	const gsize size = strlen(id);
	value += is_quoted ? 1 : 0;
	return strncmp(value, id, size) == 0 && (is_quoted ? value[size] == quote : strchr(HTML_SPACE ">", value[size]) != NULL);
}

/* What follows the start tag of the first label whose for="..." is `id`, or NULL. */
static const char *
find_label_for(const char *template_text, const char *id)
{
	for (const char *at = strchr(template_text, '<'); at != NULL; at = strchr(at + 1, '<')) {
		const char *end = is_html_tag(at, "<label") ? strchr(at, '>') : NULL;
		for (const char *equals = at;
		     end != NULL && (equals = memchr(equals + 1, '=', (gsize)(end - equals - 1))) != NULL;)
			if (is_for(at, equals, id))
				return end + 1;
	}
	return NULL;
}

/* `text` up to the end of its label, without anything in square brackets: form-tags, and remarks of the owner such as "[required]". The caller's. */
static char *
without_brackets(const char *text)
{
	GString *rest = g_string_new(NULL);
	for (const char *at = text; *at != '\0' && !is_html_tag(at, "</label"); at++) {
		const char *end = *at == '[' ? strchr(at, ']') : NULL;
		if (end != NULL)
			at = end;
		g_string_append_c(rest, end != NULL ? ' ' : *at);
	}
	return g_string_free(rest, FALSE);
}

/* One line: runs of white space become one space. The caller's. */
static char *
as_one_line(const char *text)
{
	GString *line = g_string_new(NULL);
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		if (!text_is_space(g_utf8_get_char(at)))
			g_string_append_len(line, at, g_utf8_next_char(at) - at);
		else if (line->len > 0 && line->str[line->len - 1] != ' ')
			g_string_append_c(line, ' ');
	}
	g_autofree char *whole = g_string_free(line, FALSE);
	return text_strip(whole);
}

char *
form_field_label(const Form *form, const char *name)
{
	const FormTag *tag = form_tag(form, name);
	const char *template_text = form->source->template_text;
	const char *id = tag != NULL ? formtag_id(tag) : NULL;
	const char *start = tag != NULL ? find_label_start(template_text, template_text + tag->offset) : NULL;
	if (start == NULL && id != NULL)
		start = find_label_for(template_text, id);
	if (start == NULL)
		return NULL;
	g_autofree char *marked_up = without_brackets(start);
	g_autofree char *stripped = html_strip_tags(marked_up);
	g_autofree char *decoded = html_decode(stripped);
	g_autofree char *line = as_one_line(decoded);
	if (line[0] == '\0')
		return NULL;
	return text_truncate(line, LABEL_BYTES);
}
