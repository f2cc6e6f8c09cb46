/*
 * HTML text: escaping, stripping, decoding. Plain functions of one text, linear in its length whatever is in it: a message of a form
 * holds what a visitor typed. Nothing here makes a text safe to be used as HTML but html_escape.
 */
#include "sekisho/wire/html.h"

#include <string.h>

/* --- Escaping ------------------------------------------------------------------------------------------------------ */

static const char *
html_entity_for(char character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#039;";
	default:
		return NULL;
	}
}

char *
html_escape(const char *text)
{
	GString *escaped = g_string_sized_new(strlen(text) + 16);

	for (const char *at = text; *at != '\0'; at++) {
		const char *entity = html_entity_for(*at);
		if (entity)
			g_string_append(escaped, entity);
		else
			g_string_append_c(escaped, *at);
	}
	return g_string_free(escaped, FALSE);
}

/* --- Stripping ----------------------------------------------------------------------------------------------------- */

/* Elements whose content is no text. Once the rest of the text is known to hold no end of one, it is not searched again:
 * otherwise a text of many `<script>` would cost its length squared. */
typedef struct {
	const char *name;
	gboolean has_no_end;
} HtmlElement;

static gboolean
html_starts_with_name(const char *at, const char *name)
{
	gsize length = strlen(name);

	return g_ascii_strncasecmp(at, name, length) == 0 && !g_ascii_isalnum(at[length]);
}

/* The byte after the tag that begins at `at` ("<"): after the first ">" outside quotes, else the end of the text. */
static const char *
html_after_tag(const char *at)
{
	char quote = '\0';

	for (at++; *at != '\0'; at++) {
		if (quote != '\0') {
			if (*at == quote)
				quote = '\0';
		} else if (*at == '"' || *at == '\'') {
			quote = *at;
		} else if (*at == '>') {
			return at + 1;
		}
	}
	return at;
}

static const char *
html_after_comment(const char *at)
{
	const char *end = strstr(at + strlen("<!--"), "-->");

	return end ? end + strlen("-->") : at + strlen(at);
}

/* The byte after the element's end tag, or NULL if the text has none after `at`. */
static const char *
html_after_element(const char *at, HtmlElement *element)
{
	while (!element->has_no_end && (at = strchr(at + 1, '<'))) {
		if (at[1] == '/' && html_starts_with_name(at + 2, element->name))
			return html_after_tag(at);
	}
	element->has_no_end = TRUE;
	return NULL;
}

/* The byte after the markup that begins at `at`, or `at` if its "<" is a plain character. */
static const char *
html_after_markup(const char *at, HtmlElement *elements)
{
	/* As PHP's strip_tags: white space after "<" makes it a character ("1 < 2"). */
	if (*at != '<' || g_ascii_isspace(at[1]))
		return at;
	if (g_str_has_prefix(at, "<!--"))
		return html_after_comment(at);
	for (HtmlElement *element = elements; element->name != NULL; element++) {
		if (!html_starts_with_name(at + 1, element->name))
			continue;
		const char *after = html_after_element(at, element);
		if (after)
			return after;
	}
	return html_after_tag(at);
}

char *
html_strip_tags(const char *text)
{
	HtmlElement elements[] = {{"script", FALSE}, {"style", FALSE}, {NULL, FALSE}};
	GString *stripped = g_string_sized_new(strlen(text));

	for (const char *at = text; *at != '\0';) {
		const char *after = html_after_markup(at, elements);
		if (after == at)
			g_string_append_c(stripped, *after++);
		at = after;
	}
	return g_strstrip(g_string_free(stripped, FALSE));
}

/* --- Decoding ------------------------------------------------------------------------------------------------------ */

/* The digits of the longest code point in decimal, with some leading zeros. */
#define HTML_REFERENCE_DIGITS 8u

/* What may come out of a numeric reference: no controls but tab, LF and CR, so that decoding never makes a character that
 * text_clean would have removed. */
static gboolean
html_is_decodable(guint64 code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code <= 0x10FFFF && g_unichar_validate((gunichar)code) && (code < 0x7F || code > 0x9F);
}

/* The character of a numeric reference and in `end` the byte after its ";", or 0. `at` stands after "&#". */
static gunichar
html_numeric_reference(const char *at, const char **end)
{
	gboolean is_hexadecimal = *at == 'x' || *at == 'X';
	const char *digits = is_hexadecimal ? at + 1 : at;
	gsize count = strspn(digits, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");

	if (count == 0 || count > HTML_REFERENCE_DIGITS || digits[count] != ';')
		return 0;
	guint64 code = g_ascii_strtoull(digits, NULL, is_hexadecimal ? 16 : 10);
	*end = digits + count + 1;
	return html_is_decodable(code) ? (gunichar)code : 0;
}

static gunichar
html_named_reference(const char *at, const char **end)
{
	static const struct {
		const char *name;
		gunichar character;
	} names[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", 0x00A0}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_has_prefix(at, names[i].name)) {
			*end = at + strlen(names[i].name);
			return names[i].character;
		}
	}
	return 0;
}

char *
html_decode(const char *text)
{
	GString *decoded = g_string_sized_new(strlen(text));

	for (const char *at = text; *at != '\0';) {
		const char *end = at + 1;
		gunichar character = 0;
		if (at[0] == '&')
			character = at[1] == '#' ? html_numeric_reference(at + 2, &end) : html_named_reference(at + 1, &end);
		if (character != 0) {
			g_string_append_unichar(decoded, character);
			at = end;
		} else {
			g_string_append_c(decoded, *at++);
		}
	}
	return g_string_free(decoded, FALSE);
}
