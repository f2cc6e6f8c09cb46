/*
 * Tables: alignment by cells, and strangers' text that must stay in its cell.
 */
#include "sekisho/cli/table.h"

#include <string.h>

/* What a console of so many columns (0: no terminal) gets. The caller's. */
static char *
print_on(const char *const (*rows)[3], guint count, guint columns, gboolean is_colour)
{
	GString *output = g_string_new(NULL);
	const CliConsole console = {.output = output, .columns = columns, .is_colour = is_colour};
	g_autoptr(Table) table = table_new(rows[0]);
	for (guint i = 1; i < count; i++)
		table_add(table, rows[i]);
	table_mark_states(table, rows[0][1]);
	table_print(table, &console, NULL);
	return g_string_free(output, FALSE);
}

static char *
print(const char *const (*rows)[3], guint count, gboolean is_colour)
{
	return print_on(rows, count, 0, is_colour);
}

static void
test_alignment(void)
{
	static const char *const rows[][3] = {
	    {"NAME", "STATE", NULL}, {"山田太郎", "sent", NULL}, {"e\xCC\x81", "x", NULL}, {"long one", "", NULL}};
	g_autofree char *text = print(rows, G_N_ELEMENTS(rows), FALSE);
	g_assert_cmpstr(text, ==,
	    "NAME      STATE\n"
	    "山田太郎  sent\n"
	    "e\xCC\x81         x\n"
	    "long one\n");
}

static void
test_colour(void)
{
	static const char *const rows[][3] = {{"A", "B", NULL}, {"1", "2", NULL}};
	g_autofree char *text = print(rows, G_N_ELEMENTS(rows), TRUE);
	g_assert_cmpstr(text, ==, "\033[1mA  B\033[0m\n1  2\n");
}

/* The gravest stands first in a cell that tells of several. */
static void
test_states(void)
{
	static const char *const rows[][3] = {
	    {"A", "STATE", NULL}, {"held", "held", NULL}, {"b", "2 given up, 1 sent", NULL}, {"c", "unheard of", NULL},
	    {"d", "queued", NULL}};
	g_autofree char *text = print(rows, G_N_ELEMENTS(rows), TRUE);
	g_autofree char *plain = print(rows, G_N_ELEMENTS(rows), FALSE);
	g_assert_cmpstr(text, ==,
	    "\033[1mA     STATE\033[0m\n"
	    "held  \033[33mheld\033[0m\n"
	    "b     \033[31m2 given up, 1 sent\033[0m\n"
	    "c     unheard of\n"
	    "d     \033[33mqueued\033[0m\n");
	g_assert_null(strchr(plain, '\033'));
}

static void
test_narrow(void)
{
	static const char *const rows[][3] = {{"RECEIPT", "WHY", NULL}, {"ABCDEFGH", "a sentence that is too long", NULL},
	    {"X", "お問い合わせの内容について", NULL}, {"Y", "short", NULL}};
	g_autofree char *text = print_on(rows, G_N_ELEMENTS(rows), 24, FALSE);
	g_autofree char *tiny = print_on(rows, G_N_ELEMENTS(rows), 5, FALSE);
	g_assert_cmpstr(text, ==,
	    "RECEIPT   WHY\n"
	    "ABCDEFGH  a sentence\n"
	    "          that is too\n"
	    "          long\n"
	    "X         お問い合わせの\n"
	    "          内容について\n"
	    "Y         short\n");
	/* A receipt is never broken. */
	g_assert_nonnull(strstr(tiny, "\nABCDEFGH  "));
}

static void
test_notes(void)
{
	static const char *const headings[] = {"A", NULL}, *const row[] = {"1", NULL};
	g_autoptr(GString) output = g_string_new(NULL);
	const CliConsole console = {.output = output};
	g_autoptr(Table) table = table_new(headings);
	g_autoptr(GPtrArray) notes = g_ptr_array_new();
	table_add(table, row);
	table_add(table, row);
	g_ptr_array_add(notes, NULL);
	g_ptr_array_add(notes, (gpointer) "why");
	table_print(table, &console, notes);
	g_assert_cmpstr(output->str, ==, "A\n1\n1\n    why\n");
	const CliConsole narrow = {.output = output, .columns = 12};
	g_string_truncate(output, 0);
	notes->pdata[1] = (gpointer) "because of this";
	table_print(table, &narrow, notes);
	g_assert_cmpstr(output->str, ==, "A\n1\n1\n    because\n    of this\n");
}

static void
test_strangers(void)
{
	static const char *const rows[][3] = {{"A", "B", NULL},
	    {"\033[2J\r\n", "x\xE2\x80\xAEy", NULL}, /* U+202E turns the text around */
	    {"\xff\xfe", "\x9b\x31m", NULL}};
	g_autofree char *text = print(rows, G_N_ELEMENTS(rows), FALSE);
	g_assert_cmpstr(text, ==,
	    "A                B\n"
	    "\\x1B[2J\\x0D\\x0A  x\\u{202E}y\n"
	    "\\xFF\\xFE         \\x9B1m\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/table/columns are aligned by cells and end without spaces", test_alignment);
	g_test_add_func("/table/only the headings are bold, and only in colour", test_colour);
	g_test_add_func("/table/states have their colours, by the first word", test_states);
	g_test_add_func("/table/on a narrow terminal cells go on below themselves", test_narrow);
	g_test_add_func("/table/a note stands below its row", test_notes);
	g_test_add_func("/table/a stranger's text stays in its cell", test_strangers);
	return g_test_run();
}
