/* Unicode text, by the contract's vectors (3.3, 5.2, 6.1, 13.6) and by what a hostile client sends. */
#include <string.h>

#include "sekisho/base/text.h"

typedef struct {
	const char *text, *expected;
} Pair;

static void
check_pairs(const Pair *pairs, gsize count, char *(*function)(const char *))
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *result = function(pairs[i].text);
		g_assert_cmpstr(result, ==, pairs[i].expected);
	}
}

static void
test_strip(void)
{
	static const Pair pairs[] = {
	    {"", ""},
	    {" \t\r\n\v\f", ""},
	    {"　a\u200B", "a\u200B"},
	    {"\uFEFF\u00A0名前\u3000\uFEFF", "名前"},
	    {"\u180Ea\u180E", "\u180Ea\u180E"},
	    {"\xC2\x85\u1680\u2000\u2005\u200A\u2028\u2029\u202F\u205Fx y\u205F", "x y"},
	    {"a\r\nb\r\n", "a\r\nb"},
	    {"\u200B \u2060", "\u200B \u2060"},
	};
	check_pairs(pairs, G_N_ELEMENTS(pairs), text_strip);
}

static void
test_space(void)
{
	static const gunichar spaces[] = {
	    0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
	static const gunichar others[] = {0, 0x08, 0x0E, 0x1F, 0x21, 0x84, 0x86, 0x180E, 0x1FFF, 0x200B, 0x2060, 0x3001, 0xFEFF};
	for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
		g_assert_true(text_is_space(spaces[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_false(text_is_space(others[i]));
}

static void
test_clean(void)
{
#define BYTES(literal) literal, sizeof(literal) - 1
	static const struct {
		const char *bytes;
		gsize size;
		const char *expected;
	} rows[] = {
	    {BYTES(""), ""},
	    {BYTES("a\tb\r\nc\rd\ne"), "a\tb\r\nc\rd\ne"},
	    {BYTES("a\0b\x01\x08\x0B\x0C\x0E\x1F"
		   "c\x7F"),
		"abc\x7F"},
	    {BYTES("\0\0"), ""},
	    {BYTES("C:\\0x"), "C:x"},
	    {BYTES("\\\\\\000a\\b\\n"), "a\\b\\n"},
	    {BYTES("\\\x01"
		   "0x"),
		"x"},
	    {BYTES("\\\0"
		   "1"),
		"\\1"},
	    {BYTES("\\a0\\"), "\\a0\\"},
	    {BYTES("10\\05"), "105"},
	    {BYTES("日本\xF0\x9F\x98\x80"), "日本😀"},
	    /* Invalid anywhere empties the whole. */
	    {BYTES("abc\xFF"), ""},
	    {BYTES("ab\xE3\x81"), ""},
	    {BYTES("\xE3\0\x81\x82"), ""},
	    {BYTES("ok\0\xC0\x80"), ""},
	    {BYTES("\xED\xA0\x80"), ""},
	    {BYTES("\xF4\x90\x80\x80"), ""},
	};
#undef BYTES
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		/* A copy of exactly that size, so that the sanitizer sees a read beyond it. */
		g_autofree char *bytes = g_memdup2(rows[i].bytes, rows[i].size);
		g_autofree char *result = text_clean(bytes, rows[i].size);
		g_assert_cmpstr(result, ==, rows[i].expected);
	}
}

static void
test_units(void)
{
	static const struct {
		const char *text;
		gsize units;
	} rows[] = {
	    {"", 0},
	    {"あ", 1},
	    {"😀", 2},
	    {"a\r\nb", 3},
	    {"e\u0301", 2},
	    {"\r\r\n\n", 3},
	    {"\uFFFF", 1},
	    {"\U00010000", 2},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpuint(text_utf16_units(rows[i].text), ==, rows[i].units);
}

static void
test_lines(void)
{
	static const Pair first[] = {{"", ""}, {"a", "a"}, {"l1\r\n\r\nl2", "l1"}, {"a\rb", "a"}, {"a\nb", "a"}, {"\nb", ""}};
	static const Pair glued[] = {{"", ""}, {"a\r\nb", "ab"}, {"\r\ra\n", "a"}, {"件\n名", "件名"}};
	static const Pair with_lf[] = {{"", ""}, {"a\r\nb\rc\nd", "a\nb\nc\nd"}, {"\r\r\n\n", "\n\n\n"}, {"a\r", "a\n"}};
	check_pairs(first, G_N_ELEMENTS(first), text_first_line);
	check_pairs(glued, G_N_ELEMENTS(glued), text_without_line_breaks);
	check_pairs(with_lf, G_N_ELEMENTS(with_lf), text_with_lf);
}

static void
test_terminal(void)
{
	static const struct {
		const char *text, *on_one_line, *with_lines;
	} rows[] = {
	    {"名前 \\x", "名前 \\x", "名前 \\x"},
	    {"a\nb", "a\\x0Ab", "a\nb"},
	    {"a\r\nb\rc", "a\\x0D\\x0Ab\\x0Dc", "a\nb\\x0Dc"},
	    {"\x1b]0;t\a", "\\x1B]0;t\\x07", "\\x1B]0;t\\x07"},
	    {"\xC2\x9B"
	     "31m\x7F",
		"\\u{009B}31m\\x7F", "\\u{009B}31m\\x7F"},
	    {"\u202Ea\u2069\u200F\u061C\u2028\u2029", "\\u{202E}a\\u{2069}\\u{200F}\\u{061C}\\u{2028}\\u{2029}",
		"\\u{202E}a\\u{2069}\\u{200F}\\u{061C}\\u{2028}\\u{2029}"},
	    {"\xE3\x81", "\\xE3\\x81", "\\xE3\\x81"},
	    {"\xC0\x9Bz", "\\xC0\\x9Bz", "\\xC0\\x9Bz"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *one = text_for_terminal(rows[i].text, FALSE), *lines = text_for_terminal(rows[i].text, TRUE);
		g_assert_cmpstr(one, ==, rows[i].on_one_line);
		g_assert_cmpstr(lines, ==, rows[i].with_lines);
	}
}

static void
test_width_and_truncate(void)
{
	static const struct {
		const char *text;
		gsize size;
		const char *expected;
	} cuts[] = {
	    {"abc", 3, "abc"},
	    {"abc", 2, "ab"},
	    {"あい", 5, "あ"},
	    {"あい", 2, ""},
	    {"a😀", 4, "a"},
	    {"a😀", 5, "a😀"},
	    {"", 0, ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cuts); i++) {
		g_autofree char *result = text_truncate(cuts[i].text, cuts[i].size);
		g_assert_cmpstr(result, ==, cuts[i].expected);
	}
	g_assert_cmpuint(text_width("abc"), ==, 3);
	g_assert_cmpuint(text_width("お問い合わせ"), ==, 12);
	g_assert_cmpuint(text_width("e\u0301\u200Bx"), ==, 2);
	g_assert_cmpuint(text_width("ｱ"), ==, 1);
}

/* Contract 4.7, 9 and 13.6; the rows without a vector were compared with PHP's mb_convert_kana and mb_strtolower, as were all other characters. */
static void
test_canonical(void)
{
	static const Pair answers[] = {
	    {"ＡＢＣ", "abc"},
	    {"ｶﾞｷﾞ", "ガギ"},
	    {"Ⅷ", "ⅷ"},
	    {"①", "①"},
	    {"㍻", "㍻"},
	    {"１ 2", "12"},
	    {" a\r\n\tb ", "ab"},
	    {"ⒶİΣ", "ⓐi\u0307σ"},
	    {"a\u00A0b", "a\u00A0b"},
	};
	static const Pair texts[] = {
	    {"", ""},
	    {"　全角　空白　", "全角 空白"},
	    {"ＡＢＣ", "ABC"},
	    {" a \r\n\t b\n", "a b"},
	    {"！＃＄｝−", "!#$}-"},
	    {"＂＇＼～￥", "＂＇＼～￥"},
	    {"ﾊﾞﾊﾟｳﾞｦｰ｡｢｣､･", "バパヴヲー。「」、・"},
	    {"ｱﾞﾜﾞｦﾞﾅﾟﾞ", "ア゛ワ゛ヲ゛ナ゜゛"},
	    {"カﾞ", "カ゛"},
	    {"ﬁ²ー", "ﬁ²ー"},
	};
	check_pairs(answers, G_N_ELEMENTS(answers), text_canonicalize_answer);
	check_pairs(texts, G_N_ELEMENTS(texts), text_canonicalize);
}

static void
test_one_line(void)
{
	static const Pair pairs[] = {
	    {"SBL1234, 迷惑", "SBL1234, 迷惑"},
	    {"a\nb\tc\xE2\x80\xA8" "d", "a b c d"},
	    {"\x1B[2J\x1B]0;x\x07y", "[2J]0;xy"},
	    {"x\xC2\x9By", "xy"},
	    {"a\xE2\x80\xAE" "b", "ab"},
	    {"a\xFF" "b", "a\xEF\xBF\xBD" "b"},
	};
	check_pairs(pairs, G_N_ELEMENTS(pairs), text_one_line);
}

static void
test_hex(void)
{
	static const guint8 bytes[] = {0x00, 0x0f, 0xa5, 0xff};
	static const char *const refused[] = {"", "000fa5f", "000fa5ff0", "000FA5FF", "000fa5fg", " 00fa5ff"};
	g_autoptr(GString) text = g_string_new("x");
	guint8 read[sizeof bytes] = {0};

	text_append_hex(text, bytes, sizeof bytes);
	g_assert_cmpstr(text->str, ==, "x000fa5ff");
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		g_assert_false(text_read_hex(refused[i], read, sizeof read));
	g_assert_cmpmem(read, sizeof read, "\0\0\0", sizeof read);
	g_assert_true(text_read_hex(text->str + 1, read, sizeof read));
	g_assert_cmpmem(read, sizeof read, bytes, sizeof bytes);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/text/strip (contract 3.3, 13.6)", test_strip);
	g_test_add_func("/base/text/white space of the grammar (contract 4.2)", test_space);
	g_test_add_func("/base/text/clean (contract 3.3)", test_clean);
	g_test_add_func("/base/text/code units (contract 5.2, 13.6)", test_units);
	g_test_add_func("/base/text/line breaks", test_lines);
	g_test_add_func("/base/text/a terminal is shown no control", test_terminal);
	g_test_add_func("/base/text/width and truncation", test_width_and_truncate);
	g_test_add_func("/base/text/one line for people", test_one_line);
	g_test_add_func("/base/text/hex digits and back", test_hex);
	g_test_add_func("/contract/13.6-strip", test_strip);
	g_test_add_func("/contract/13.6-canonical", test_canonical);
	return g_test_run();
}
