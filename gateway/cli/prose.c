/*
 * Wrapping of sentences. No state. A word that is wider than a line breaks anywhere if it is Japanese, which has no spaces; one of ASCII is an address
 * or a command to be copied, and stands whole on a line of its own.
 */
#include "prose.h"

#include "sekisho/base/text.h"

#define COLUMNS 80u
/* Of what is said below a row of a table. */
#define NOTE_INDENT 4u

static void
begin_line(GString *output, guint indent)
{
	for (guint i = 0; i < indent; i++)
		g_string_append_c(output, ' ');
}

/* Bytes of `word` that fit into `cells`; at least one character. */
static gsize
fitting(const char *word, guint cells)
{
	const char *end = g_utf8_next_char(word);
	for (const char *at = end; *at != '\0'; at = end) {
		end = g_utf8_next_char(at);
		g_autofree char *start = g_strndup(word, (gsize)(end - word));
		if (text_width(start) > cells)
			return (gsize)(at - word);
	}
	return (gsize)(end - word);
}

void
prose_add(GString *output, guint indent, const char *lead, const char *text)
{
	g_autofree char *shown = text_for_terminal(text, FALSE);
	g_auto(GStrv) words = g_strsplit(shown, " ", -1);
	guint lead_width = text_width(lead);
	guint column = indent;
	begin_line(output, indent - MIN(indent, lead_width));
	g_string_append(output, lead);
	for (guint i = 0; words[i]; i++) {
		const char *word = words[i];
		if (column > indent && column + 1 + text_width(word) <= COLUMNS) {
			g_string_append_c(output, ' ');
			column++;
		} else if (column > indent) {
			g_string_append_c(output, '\n');
			begin_line(output, indent);
			column = indent;
		}
		while (!g_str_is_ascii(word) && column + text_width(word) > COLUMNS) {
			gsize size = fitting(word, COLUMNS - column);
			g_string_append_len(output, word, (gssize)size);
			word += size;
			column = indent;
			if (word[0] == '\0')
				break;
			g_string_append_c(output, '\n');
			begin_line(output, indent);
		}
		g_string_append(output, word);
		column += text_width(word);
	}
	g_string_append_c(output, '\n');
}

/* A cell holds no line feed (cli/table.h), so a line of the table is a row. */
void
prose_add_table(CliConsole *console, const Table *table, const GPtrArray *notes)
{
	g_autoptr(GString) rows = g_string_new(NULL);
	table_print(table, rows, console->is_colour);
	g_auto(GStrv) lines = g_strsplit(rows->str, "\n", -1);
	for (guint i = 0; lines[i] && lines[i][0] != '\0'; i++) {
		const char *note = i > 0 && i <= notes->len ? notes->pdata[i - 1] : NULL;
		g_string_append_printf(console->output, "%s\n", lines[i]);
		if (note)
			prose_add(console->output, NOTE_INDENT, "", note);
	}
}
