/*
 * Tables for people. Rows are kept escaped, so widths are counted on what is printed. No ceiling of its own: the verbs bound their
 * lists (LIMIT_LIST_ROWS).
 */
#include "sekisho/cli/table.h"

#include <string.h>

#include "sekisho/base/text.h"

#define GAP 2u
/* Notes are sentences: no wider than those of prose.c. */
#define NOTE_COLUMNS 80u
#define NOTE_INDENT 4u
/* Japanese has no spaces, so text_wrap parts it anywhere; but no finer than this. */
#define BROKEN_LEAST 12u

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

struct Table {
	guint columns;
	GPtrArray *rows;    /* char **, NULL-terminated; the first are the headings */
	gboolean *is_state; /* by column */
};

Table *
table_new(const char *const *headings)
{
	Table *table = g_new0(Table, 1);
	table->columns = g_strv_length((char **)headings);
	table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	table->is_state = g_new0(gboolean, table->columns);
	table_add(table, headings);
	return table;
}

void
table_free(Table *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->rows);
	g_free(table->is_state);
	g_free(table);
}

void
table_add(Table *table, const char *const *cells)
{
	g_assert(g_strv_length((char **)cells) == table->columns);
	char **row = g_new0(char *, table->columns + 1);
	for (guint i = 0; i < table->columns; i++)
		row[i] = text_for_terminal(cells[i], FALSE);
	g_ptr_array_add(table->rows, row);
}

void
table_mark_states(Table *table, const char *heading)
{
	char **headings = g_ptr_array_index(table->rows, 0);
	guint column = 0;
	while (column < table->columns && strcmp(headings[column], heading) != 0)
		column++;
	g_assert(column < table->columns);
	table->is_state[column] = TRUE;
}

const char *
table_state_colour(const char *state)
{
	static const struct {
		const char *word;
		const char *colour;
	} colours[] = {{"accepted", "\033[32m"}, {"released", "\033[32m"}, {"sent", "\033[32m"}, {"allow", "\033[32m"},
	    {"held", "\033[33m"}, {"hold", "\033[33m"}, {"waiting", "\033[33m"}, {"queued", "\033[33m"}, {"leased", "\033[33m"},
	    {"deferred", "\033[33m"}, {"rejected", "\033[31m"}, {"block", "\033[31m"}, {"dead", "\033[31m"},
	    {"given up", "\033[31m"}, {"came back", "\033[31m"}, {"blown", "\033[31m"}, {"discarded", "\033[2m"},
	    {"cancelled", "\033[2m"}, {"erased", "\033[2m"}, {"refused", "\033[2m"}, {"none", "\033[2m"}};
	/* "2 given up, 1 sent": the first, which the verbs have put there because it is the gravest. */
	const char *word = state + strspn(state, "0123456789 ");
	for (gsize i = 0; i < G_N_ELEMENTS(colours); i++)
		if (g_str_has_prefix(word, colours[i].word))
			return colours[i].colour;
	return "";
}

/* --- Widths ----------------------------------------------------------------------------------------------------------- */

/* What the cell needs at least. */
static guint
word_width(const char *cell)
{
	g_auto(GStrv) words = g_strsplit(cell, " ", -1);
	guint most = 0;
	for (guint i = 0; words[i]; i++) {
		const guint width = text_width(words[i]);
		most = MAX(most, g_str_is_ascii(words[i]) ? width : MIN(width, BROKEN_LEAST));
	}
	return most;
}

static guint
total_width(const Table *table, const guint *widths)
{
	guint total = (table->columns - 1) * GAP;
	for (guint i = 0; i < table->columns; i++)
		total += widths[i];
	return total;
}

/* Takes from the widest column that has something to give until all fit, or none has. */
static void
narrow(const Table *table, const guint *least, guint columns, guint *widths)
{
	while (total_width(table, widths) > columns) {
		guint widest = table->columns;
		for (guint i = 0; i < table->columns; i++)
			if (widths[i] > least[i] && (widest == table->columns || widths[i] >= widths[widest]))
				widest = i;
		if (widest == table->columns)
			return;
		widths[widest]--;
	}
}

/* The caller's. */
static guint *
column_widths(const Table *table, guint columns)
{
	guint *widths = g_new0(guint, table->columns);
	g_autofree guint *least = g_new0(guint, table->columns);
	for (guint i = 0; i < table->rows->len; i++) {
		char **row = g_ptr_array_index(table->rows, i);
		for (guint j = 0; j < table->columns; j++) {
			widths[j] = MAX(widths[j], text_width(row[j]));
			least[j] = MAX(least[j], word_width(row[j]));
		}
	}
	if (columns > 0)
		narrow(table, least, columns, widths);
	return widths;
}

/* --- Rows ------------------------------------------------------------------------------------------------------------- */

/* The cell in lines of its column. The caller's. */
static char **
cell_lines(const char *cell, guint width)
{
	g_autoptr(GString) text = g_string_new(NULL);
	if (text_width(cell) <= width)
		return g_strsplit(cell, "\n", -1);
	text_wrap(text, width, 0, "", cell);
	g_string_truncate(text, text->len - 1);
	return g_strsplit(text->str, "\n", -1);
}

/* A cell as it is laid out. */
typedef struct {
	char **lines;
	const char *colour;
	guint width;
} Cell;

/* One line of a row: each cell's line of that number, if it has one. */
static void
print_line(const Cell *cells, guint columns, guint line, GString *output)
{
	gsize end = output->len;
	for (const Cell *cell = cells; cell < cells + columns; cell++) {
		const char *text = line < g_strv_length(cell->lines) ? cell->lines[line] : "";
		const gboolean is_coloured = cell->colour[0] != '\0' && text[0] != '\0';
		g_string_append_printf(output, "%s%s%s", is_coloured ? cell->colour : "", text, is_coloured ? PLAIN : "");
		if (text[0] != '\0')
			end = output->len;
		for (guint width = text_width(text); width < cell->width + GAP; width++)
			g_string_append_c(output, ' ');
	}
	g_string_truncate(output, end);
}

static void
print_row(const Table *table, guint number, const guint *widths, const CliConsole *console)
{
	char **row = g_ptr_array_index(table->rows, number);
	g_autofree Cell *cells = g_new0(Cell, table->columns);
	const gboolean is_bold = console->is_colour && number == 0;
	guint height = 1;
	for (guint i = 0; i < table->columns; i++) {
		const char *colour = console->is_colour && number > 0 && table->is_state[i] ? table_state_colour(row[i]) : "";
		cells[i] = (Cell){.lines = cell_lines(row[i], widths[i]), .colour = colour, .width = widths[i]};
		height = MAX(height, g_strv_length(cells[i].lines));
	}
	for (guint line = 0; line < height; line++) {
		g_string_append(console->output, is_bold ? BOLD : "");
		print_line(cells, table->columns, line, console->output);
		g_string_append(console->output, is_bold ? PLAIN "\n" : "\n");
	}
	for (guint i = 0; i < table->columns; i++)
		g_strfreev(cells[i].lines);
}

void
table_print(const Table *table, const CliConsole *console, const GPtrArray *notes)
{
	g_autofree guint *widths = column_widths(table, console->columns);
	const guint note_columns = console->columns > 0 ? MIN(NOTE_COLUMNS, console->columns) : NOTE_COLUMNS;
	for (guint i = 0; i < table->rows->len; i++) {
		const char *note = notes && i > 0 && i <= notes->len ? notes->pdata[i - 1] : NULL;
		print_row(table, i, widths, console);
		if (note)
			text_wrap(console->output, note_columns, NOTE_INDENT, "", note);
	}
}
