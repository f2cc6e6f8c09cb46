/*
 * Tables: alignment by cells, and strangers' text that must stay in its cell.
 */
#include "sekisho/cli/table.h"

static char *
print(const char *const (*rows)[3], guint count, gboolean is_colour)
{
	GString *output = g_string_new(NULL);
	g_autoptr(Table) table = table_new(rows[0]);
	for (guint i = 1; i < count; i++)
		table_add(table, rows[i]);
	table_print(table, output, is_colour);
	return g_string_free(output, FALSE);
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
	g_test_add_func("/table/a stranger's text stays in its cell", test_strangers);
	return g_test_run();
}
