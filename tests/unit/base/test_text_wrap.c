/*
 * Wrapped sentences: where lines end, and that nothing is lost.
 */
#include <string.h>

#include "sekisho/base/text.h"

static const struct {
	guint columns, indent;
	const char *lead, *text, *lines;
} rows[] = {
    {20, 2, "- ", "a few words that are wrapped", "- a few words that\n  are wrapped\n"},
    {20, 0, "", "", "\n"},
    {10, 0, "", "https://example.jp/a?b=c d", "https://example.jp/a?b=c\nd\n"},
    /* No line begins with what closes, none ends with what opens. */
    {10, 0, "", "あいうえお。か", "あいうえ\nお。か\n"},
    {10, 0, "", "あいうえ「お」", "あいうえ\n「お」\n"},
    {10, 0, "", "あいうえおかきくけこさ", "あいうえお\nかきくけこ\nさ\n"},
    /* Latin letters within Japanese stay together; what follows a space fills the line. */
    {12, 0, "", "メールのexample.jpです", "メールの\nexample.jpで\nす\n"},
    {12, 0, "", "サイト example のメールです", "サイト\nexample の\nメールです\n"},
    {8, 4, "", "あいうえ", "    あい\n    うえ\n"},
    /* Columns parted by two spaces leave none at the end of a line. */
    {12, 2, "", "abcdef  ghijkl", "  abcdef\n  ghijkl\n"},
    {12, 0, "", "abcdefghij  あいう", "abcdefghij\nあいう\n"},
    /* Nothing moves the cursor. */
    {40, 0, "", "a\033[2Jb\nc", "a\\x1B[2Jb\\x0Ac\n"},
};

static void
test_lines(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) output = g_string_new(NULL);
		text_wrap(output, rows[i].columns, rows[i].indent, rows[i].lead, rows[i].text);
		g_assert_cmpstr(output->str, ==, rows[i].lines);
	}
}

/* At any width, every character is there once. */
static void
test_nothing_is_lost(void)
{
	static const char text[] = "「a」は（https://example.jp/長い名前）です。ーーーーーー、、、、、 b ccc）（（（（（（";
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	g_autofree char *bare = g_strjoinv("", words);

	for (guint columns = 1; columns < 60; columns++) {
		g_autoptr(GString) output = g_string_new(NULL);
		text_wrap(output, columns, 0, "", text);
		g_string_replace(output, "\n", "", 0);
		g_string_replace(output, " ", "", 0);
		g_assert_cmpstr(output->str, ==, bare);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text_wrap/lines", test_lines);
	g_test_add_func("/text_wrap/nothing is lost", test_nothing_is_lost);
	return g_test_run();
}
