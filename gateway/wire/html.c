/*
 * HTML text: escaping, stripping, decoding. Plain functions of one text, linear in its length whatever is in it: a message of a form
 * holds what a visitor typed. Nothing here makes a text safe to be used as HTML but html_escape.
 */
#include "sekisho/wire/html.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *name; /* without "&" and ";" */
	const char *text; /* what it stands for: one character or two */
	gboolean is_of_html4;
} HtmlEntity;

#include "html_entities.h"

/* --- References ---------------------------------------------------------------------------------------------------- */

static int
html_compare_name(const void *name, const void *element)
{
	const HtmlEntity *entity = element;

	return strcmp(name, entity->name);
}

/* The named reference at `at`, which stands behind "&", and in `end` the byte after its ";". NULL if there is none. */
static const HtmlEntity *
html_named_reference(const char *at, const char **end)
{
	char name[HTML_NAME_BYTES + 1];
	gsize size = 0;
	const HtmlEntity *entity;

	while (size < HTML_NAME_BYTES && g_ascii_isalnum(at[size]))
		size++;
	if (size == 0 || at[size] != ';')
		return NULL;
	memcpy(name, at, size);
	name[size] = '\0';
	entity = bsearch(name, html_entities, G_N_ELEMENTS(html_entities), sizeof *html_entities, html_compare_name);
	*end = at + size + 1;
	return entity;
}

/* The digits of the longest code point in decimal, and one: more are none. Leading zeros do not count, however many. */
#define HTML_REFERENCE_DIGITS 8u
/* No code point. */
#define HTML_NO_CODE G_MAXUINT32

/* The number of the numeric reference at `at`, which stands behind "&#", and in `end` the byte after its ";". HTML_NO_CODE if there is none. */
static guint32
html_numeric_reference(const char *at, const char **end)
{
	gboolean is_hexadecimal = *at == 'x' || *at == 'X';
	const char *digits = is_hexadecimal ? at + 1 : at;
	gsize zeros = strspn(digits, "0");
	gsize count = strspn(digits, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");

	if (count == 0 || count - zeros > HTML_REFERENCE_DIGITS || digits[count] != ';')
		return HTML_NO_CODE;
	*end = digits + count + 1;
	return (guint32)g_ascii_strtoull(digits, NULL, is_hexadecimal ? 16 : 10);
}

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

/* May a reference to this number stay in HTML that WordPress has escaped? */
static gboolean
html_is_displayable(guint32 code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code <= 0xD7FF) ||
	       (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

/* The byte after the reference at `at`, or `at` if there is none that may stay. */
static const char *
html_after_reference(const char *at)
{
	const char *end = at;
	const HtmlEntity *entity;

	if (at[0] != '&')
		return at;
	if (at[1] == '#')
		return html_is_displayable(html_numeric_reference(at + 2, &end)) ? end : at;
	entity = html_named_reference(at + 1, &end);
	return entity != NULL && entity->is_of_html4 ? end : at;
}

char *
html_escape_once(const char *text)
{
	GString *escaped = g_string_sized_new(strlen(text) + 16);

	for (const char *at = text; *at != '\0';) {
		const char *after = html_after_reference(at);
		const char *entity = after == at ? html_entity_for(*at) : NULL;
		gsize size = after == at ? 1 : (gsize)(after - at);
		if (entity)
			g_string_append(escaped, entity);
		else
			g_string_append_len(escaped, at, (gssize)size);
		at += size;
	}
	return g_string_free(escaped, FALSE);
}

/* --- Stripping ----------------------------------------------------------------------------------------------------- */

/* C's isspace, which has the vertical tab that GLib's leaves out. */
#define HTML_SPACES " \t\n\v\f\r"
/* What PHP's trim takes off an end. */
#define HTML_TRIMMED " \t\n\v\r"

/* Elements whose content is no text. Once the rest of the text is known to hold no end of one, it is not searched again:
 * otherwise a text of many `<script>` would cost its length squared. */
typedef struct {
	const char *name, *end_tag;
	gboolean has_no_end;
} HtmlElement;

/* The byte after the element that begins at `at`, or NULL if none does. Its name need only begin so, and its tag ends at the first ">", in quotes
 * or not: that is how WordPress finds them. */
static const char *
html_after_element(const char *at, HtmlElement *element)
{
	gsize name_size = strlen(element->name), end_size = strlen(element->end_tag);

	if (element->has_no_end || g_ascii_strncasecmp(at + 1, element->name, name_size) != 0)
		return NULL;
	const char *end = strchr(at, '>');
	while (end && (end = strchr(end + 1, '<'))) {
		if (g_ascii_strncasecmp(end, element->end_tag, end_size) == 0)
			return end + end_size;
	}
	element->has_no_end = TRUE;
	return NULL;
}

/* `text` without script and style elements. The caller's. */
static char *
html_without_elements(const char *text)
{
	HtmlElement elements[] = {{"script", "</script>", FALSE}, {"style", "</style>", FALSE}};
	GString *kept = g_string_sized_new(strlen(text));

	for (const char *at = text; *at != '\0';) {
		const char *after = NULL;
		for (gsize i = 0; *at == '<' && !after && i < G_N_ELEMENTS(elements); i++)
			after = html_after_element(at, &elements[i]);
		if (!after)
			g_string_append_c(kept, *at++);
		else
			at = after;
	}
	return g_string_free(kept, FALSE);
}

/* PHP's strip_tags reads a text byte by byte, in one of these states. */
typedef enum {
	HTML_IN_TEXT,
	HTML_IN_TAG,
	HTML_IN_INSTRUCTION, /* <?...?> */
	HTML_IN_DECLARATION, /* <!...> */
	HTML_IN_COMMENT,
} HtmlState;

typedef struct {
	const char *start;
	HtmlState state;
	guint depth;       /* "<" in a tag, each of which takes a ">" */
	guint parentheses; /* open ones in an instruction; as PHP's counter, it may pass zero */
	char quote;        /* the one that is open, or NUL */
	char last;         /* in an instruction: the last quote or parenthesis that counted */
	gboolean is_xml;   /* in the tag that <?xml began: "->" does not end it */
} HtmlStripper;

/* TRUE if what precedes `at` is `before`, in any case of letters. */
static gboolean
html_follows(const HtmlStripper *stripper, const char *at, const char *before)
{
	gsize size = strlen(before);

	return (gsize)(at - stripper->start) >= size && g_ascii_strncasecmp(at - size, before, size) == 0;
}

/* A ">" that is one of an inner "<", or stands in quotes, ends nothing. */
static gboolean
html_is_end(HtmlStripper *stripper)
{
	if (stripper->depth > 0) {
		stripper->depth--;
		return FALSE;
	}
	return stripper->quote == '\0';
}

static void
html_end_markup(HtmlStripper *stripper)
{
	stripper->state = HTML_IN_TEXT;
	stripper->quote = '\0';
	stripper->is_xml = FALSE;
}

static void
html_take_quote(HtmlStripper *stripper, char quote)
{
	if (stripper->quote == '\0')
		stripper->quote = quote;
	else if (stripper->quote == quote)
		stripper->quote = '\0';
}

static void
html_step_tag(HtmlStripper *stripper, const char *at)
{
	switch (*at) {
	case '<':
		if (stripper->quote == '\0' && (at[1] == '\0' || !strchr(HTML_SPACES, at[1])))
			stripper->depth++;
		break;
	case '>':
		if (html_is_end(stripper)) {
			stripper->last = '>';
			if (!stripper->is_xml || !html_follows(stripper, at, "-"))
				html_end_markup(stripper);
		}
		break;
	case '"':
	case '\'':
		html_take_quote(stripper, *at);
		break;
	case '!':
		if (html_follows(stripper, at, "<")) {
			stripper->state = HTML_IN_DECLARATION;
			stripper->last = '!';
		}
		break;
	case '?':
		if (html_follows(stripper, at, "<")) {
			stripper->state = HTML_IN_INSTRUCTION;
			stripper->parentheses = 0;
		}
		break;
	default:
		break;
	}
}

static void
html_step_instruction_quote(HtmlStripper *stripper, const char *at)
{
	if (html_follows(stripper, at, "\\"))
		return;
	if (stripper->last == *at)
		stripper->last = '\0';
	else if (stripper->last != '\\')
		stripper->last = *at;
	html_take_quote(stripper, *at);
}

static void
html_step_instruction(HtmlStripper *stripper, const char *at)
{
	gboolean is_in_string = stripper->last == '"' || stripper->last == '\'';

	switch (*at) {
	case '(':
	case ')':
		if (!is_in_string) {
			stripper->last = *at;
			stripper->parentheses += *at == '(' ? 1u : G_MAXUINT;
		}
		break;
	case '>':
		if (html_is_end(stripper) && stripper->parentheses == 0 && stripper->last != '"' &&
		    html_follows(stripper, at, "?"))
			html_end_markup(stripper);
		break;
	case '"':
	case '\'':
		html_step_instruction_quote(stripper, at);
		break;
	case 'l':
	case 'L':
		/* PHP forgets this where the whole text begins with it. */
		if (html_follows(stripper, at, "<?xm") && at > stripper->start + strlen("<?xm")) {
			stripper->state = HTML_IN_TAG;
			stripper->is_xml = TRUE;
		}
		break;
	default:
		break;
	}
}

static void
html_step_declaration(HtmlStripper *stripper, const char *at)
{
	switch (*at) {
	case '>':
		if (html_is_end(stripper))
			html_end_markup(stripper);
		break;
	case '"':
	case '\'':
		if (!html_follows(stripper, at, "\\"))
			html_take_quote(stripper, *at);
		break;
	case '-':
		if (html_follows(stripper, at, "!-"))
			stripper->state = HTML_IN_COMMENT;
		break;
	case 'e':
	case 'E':
		if (html_follows(stripper, at, "<!doctyp") && at > stripper->start)
			stripper->state = HTML_IN_TAG;
		break;
	default:
		break;
	}
}

/* Takes the byte at `at`, which stands outside of all markup. */
static void
html_step_text(HtmlStripper *stripper, const char *at, GString *kept)
{
	if (*at == '<' && (at[1] == '\0' || !strchr(HTML_SPACES, at[1]))) {
		stripper->state = HTML_IN_TAG;
		stripper->last = '<';
	} else if (*at == '>' && stripper->depth > 0) {
		stripper->depth--;
	} else {
		g_string_append_c(kept, *at);
	}
}

static void
html_step_markup(HtmlStripper *stripper, const char *at)
{
	if (stripper->state == HTML_IN_TAG)
		html_step_tag(stripper, at);
	else if (stripper->state == HTML_IN_INSTRUCTION)
		html_step_instruction(stripper, at);
	else if (stripper->state == HTML_IN_DECLARATION)
		html_step_declaration(stripper, at);
	else if (*at == '>' && stripper->quote == '\0' && html_follows(stripper, at, "--"))
		html_end_markup(stripper);
}

static void
html_trim_end(GString *text)
{
	while (text->len > 0 && strchr(HTML_TRIMMED, text->str[text->len - 1]))
		g_string_truncate(text, text->len - 1);
}

char *
html_strip_tags(const char *text)
{
	g_autofree char *plain = html_without_elements(text);
	HtmlStripper stripper = {.start = plain, .state = HTML_IN_TEXT};
	g_autoptr(GString) kept = g_string_sized_new(strlen(plain));

	for (const char *at = plain; *at != '\0'; at++) {
		if (stripper.state == HTML_IN_TEXT)
			html_step_text(&stripper, at, kept);
		else
			html_step_markup(&stripper, at);
	}
	html_trim_end(kept);
	return g_strdup(kept->str + strspn(kept->str, HTML_TRIMMED));
}

/* --- Decoding ------------------------------------------------------------------------------------------------------ */

/* What may come out of a numeric reference, as HTML 5 and PHP have it: of the controls tab, LF and form feed, not CR; and no code point that is
 * reserved for no character at all. */
static gboolean
html_is_decodable(guint32 code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\f';
	if (code > 0x10FFFF || !g_unichar_validate(code) || (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF))
		return FALSE;
	return code < 0x7F || code > 0x9F;
}

/* Appends what the reference at `at` stands for and returns the byte after it; returns `at` if there is none. */
static const char *
html_append_decoded(GString *decoded, const char *at)
{
	const char *end = at;
	const HtmlEntity *entity;

	if (at[0] != '&')
		return at;
	if (at[1] == '#') {
		const guint32 code = html_numeric_reference(at + 2, &end);
		if (!html_is_decodable(code))
			return at;
		g_string_append_unichar(decoded, code);
		return end;
	}
	entity = html_named_reference(at + 1, &end);
	if (entity == NULL)
		return at;
	g_string_append(decoded, entity->text);
	return end;
}

char *
html_decode(const char *text)
{
	GString *decoded = g_string_sized_new(strlen(text));

	for (const char *at = text; *at != '\0';) {
		const char *after = html_append_decoded(decoded, at);
		if (after == at)
			g_string_append_c(decoded, *after++);
		at = after;
	}
	return g_string_free(decoded, FALSE);
}
