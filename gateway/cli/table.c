/*
 * Tables for people. Rows are kept escaped, so widths are counted on what is printed. No ceiling of its own: the verbs bound their
 * lists (LIMIT_LIST_ROWS).
 */
#include "sekisho/cli/table.h"

#include "sekisho/base/text.h"

#define GAP 2u

struct Table {
	guint columns;
	GPtrArray *rows; /* char **, NULL-terminated; the first are the headings */
};

Table *
table_new(const char *const *headings)
{
	Table *table = g_new0(Table, 1);
	table->columns = g_strv_length((char **)headings);
	table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	table_add(table, headings);
	return table;
}

void
table_free(Table *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->rows);
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

static guint
column_width(const Table *table, guint column)
{
	guint width = 0;
	for (guint i = 0; i < table->rows->len; i++) {
		char **row = g_ptr_array_index(table->rows, i);
		width = MAX(width, text_width(row[column]));
	}
	return width;
}

static void
print_row(const Table *table, char **row, const guint *widths, GString *output)
{
	gsize end = output->len;
	for (guint i = 0; i < table->columns; i++) {
		g_string_append(output, row[i]);
		if (row[i][0] != '\0')
			end = output->len;
		for (guint cells = text_width(row[i]); cells < widths[i] + GAP; cells++)
			g_string_append_c(output, ' ');
	}
	g_string_truncate(output, end);
}

void
table_print(const Table *table, GString *output, gboolean is_colour)
{
	g_autofree guint *widths = g_new0(guint, table->columns);
	for (guint i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (guint i = 0; i < table->rows->len; i++) {
		gboolean is_bold = is_colour && i == 0;
		g_string_append(output, is_bold ? "\033[1m" : "");
		print_row(table, g_ptr_array_index(table->rows, i), widths, output);
		g_string_append(output, is_bold ? "\033[0m\n" : "\n");
	}
}
