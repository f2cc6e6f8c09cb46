/*
 * Sentences and words of the tables, written so that groff and mandoc show just these characters. Pure functions; the text is the program's own.
 */
#include "mdoc.h"

#include <string.h>

/* mandoc wants lines of at most 80 bytes. */
#define LINE_BYTES 78u

/* How one character is written; a minus only where it is part of what people type, so that it can be copied. */
static void
add_character(GString *line, gunichar character, gboolean is_typed)
{
	if (character == '\\')
		g_string_append(line, "\\e");
	else if (character == '"')
		g_string_append(line, "\\(dq");
	else if (character == '\'' && is_typed)
		g_string_append(line, "\\(aq");
	else if (character == '-' && is_typed)
		g_string_append(line, "\\-");
	else if (character == '~')
		g_string_append(line, "\\(ti");
	else if (character == '^')
		g_string_append(line, "\\(ha");
	else if (character < 0x80)
		g_string_append_c(line, (char)character);
	else
		g_string_append_printf(line, "\\[u%04X]", character);
}

char *
mdoc_argument(const char *text)
{
	/* The first two characters are of no width, so that no word is taken for a macro. */
	GString *argument = g_string_new("\"\\&");
	for (const char *next = text; *next; next = g_utf8_next_char(next))
		add_character(argument, g_utf8_get_char(next), TRUE);
	g_string_append_c(argument, '"');
	return g_string_free(argument, FALSE);
}

/* One word; backticks switch bold on and off, also across words. */
static char *
written_word(const char *word, gboolean *is_bold)
{
	GString *written = g_string_new(NULL);
	for (const char *next = word; *next; next = g_utf8_next_char(next)) {
		if (*next == '`') {
			*is_bold = !*is_bold;
			g_string_append(written, *is_bold ? "\\fB" : "\\fR");
			continue;
		}
		gboolean is_option = next == word && strncmp(next, "--", 2) == 0;
		add_character(written, g_utf8_get_char(next), *is_bold || is_option || (next > word && next[-1] == '-'));
	}
	if (written->str[0] == '.' || written->str[0] == '\'')
		g_string_prepend(written, "\\&");
	return g_string_free(written, FALSE);
}

/* Whether a new line has to begin behind this word: mdoc wants one for each sentence. */
static gboolean
ends_sentence(const char *word)
{
	gsize length = strlen(word);
	gsize end = length > 1 && strchr(")\"", word[length - 1]) ? length - 2 : length - 1;
	return length > 2 && strchr(".?!", word[end]) && word[end - 1] != '.';
}

/* Lines that begin with spaces are an example. */
static void
add_example(GString *page, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_string_append(page, ".Bd -literal -offset indent\n");
	for (char **line = lines; *line; line++) {
		gboolean is_bold = TRUE;
		g_autofree char *written = written_word(g_strchug(*line), &is_bold);
		g_string_append_printf(page, "%s\n", written);
	}
	g_string_append(page, ".Ed\n");
}

static void
add_paragraph(GString *page, const char *text)
{
	gboolean is_bold = FALSE;
	gsize room = 0;
	g_auto(GStrv) words = g_strsplit_set(text, " \n\t", -1);
	for (char **word = words; *word; word++) {
		if (**word == '\0')
			continue;
		g_autofree char *written = written_word(*word, &is_bold);
		gsize length = strlen(written);
		if (room > length)
			g_string_append_c(page, ' ');
		else if (word != words && page->len > 0 && page->str[page->len - 1] != '\n')
			g_string_append_c(page, '\n');
		room = room > length ? room - length - 1 : LINE_BYTES - MIN(length, LINE_BYTES - 1u);
		g_string_append(page, written);
		if (ends_sentence(*word)) {
			g_string_append_c(page, '\n');
			room = 0;
		}
	}
	if (page->len > 0 && page->str[page->len - 1] != '\n')
		g_string_append_c(page, '\n');
}

void
mdoc_add_text(GString *page, const char *text)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
	for (char **paragraph = paragraphs; *paragraph; paragraph++) {
		if (paragraph != paragraphs)
			g_string_append(page, **paragraph == ' ' ? "" : ".Pp\n");
		if (**paragraph == ' ')
			add_example(page, *paragraph);
		else
			add_paragraph(page, *paragraph);
	}
}
