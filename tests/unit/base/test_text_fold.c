/* The form in which phrases are looked for: what a reader takes for the same is the same. */
#include <time.h>

#include "sekisho/base/text.h"

static void
test_fold(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"", ""},
	    {" \t\r\n", ""},
	    {"Hello,  World\r\n", "hello, world"},
	    {"ＨＥＬＬＯ\u3000ｗｏｒｌｄ！", "hello world!"},
	    {"ｶｼﾞﾉ", "カジノ"},
	    {"カシ\u3099ノ", "カジノ"},
	    {"ﾊﾟｰﾃｨｰ", "パーティー"},
	    {"ca\u200Bsi\u00ADno\uFEFF", "casino"},
	    {"カ\u200Bシ\u200B\u3099ノ", "カジノ"}, /* a mark that was kept apart */
	    {"a\u2060b\u200Dc\uFE0Fd\u202Ee\U000E0041f", "abcdef"},
	    {"Straße STRASSE", "strasse strasse"},
	    {"Ａ\u200BＢ", "ab"},
	    {"①②㈱㌔", "12(株)キロ"},
	    {"İstanbul", "i\u0307stanbul"},
	    {"ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ σίσυφοσ"},
	    {"a \u200B b", "a b"},
	    {"\u3000日本\u00A0語\u2028だ\u3000", "日本 語 だ"},
	    {"漢字😀", "漢字😀"},
	    {"０３ー１２３４ー５６７８", "03-1234-5678"},
	    {"03ｰ1234‐5678", "03-1234-5678"},
	    {"03−1234—5678 03\u2010\u200B1 03‑2 1–2―3", "03-1234-5678 03-1 03-2 1-2-3"},
	    {"3ーー4 ー5 6ー コーヒー1ー a−1 1 − 2", "3ーー4 ー5 6ー コーヒー1ー a−1 1 − 2"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *folded = text_fold(rows[i].text);
		g_assert_cmpstr(folded, ==, rows[i].expected);
		/* What is folded stays as it is, or no stored phrase would be found. */
		g_autofree char *again = text_fold(folded);
		g_assert_cmpstr(again, ==, folded);
	}
}

/* Every character, so that no phrase is stored in another form than it is looked for in. */
static void
test_stable(void)
{
	for (gunichar character = 1; character <= 0x10FFFF; character++) {
		char text[7] = {0};
		if (!g_unichar_validate(character))
			continue;
		text[g_unichar_to_utf8(character, text)] = '\0';
		g_autofree char *folded = text_fold(text);
		g_autofree char *again = text_fold(folded);
		g_assert_true(g_utf8_validate(folded, -1, NULL));
		if (!g_str_equal(folded, again))
			g_error("U+%04X is folded to \"%s\" and then to \"%s\"", character, folded, again);
	}
}

/* Texts that take the short way come to the same as beside a character that forces the long one. */
static void
test_short_way(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed((guint32)g_test_rand_int());
	static const gunichar begins[] = {0x20, 0x3000, 0x3041, 0x30A1, 0x4E00, 0xFF01};
	static const gunichar ends[] = {0x7F, 0x3012, 0x3097, 0x30FF, 0xA000, 0xFF5F};
	for (guint round = 0; round < 20000; round++) {
		g_autoptr(GString) text = g_string_new(NULL);
		for (guint i = 0; i < 8; i++) {
			const guint range = (guint)g_rand_int_range(random, 0, G_N_ELEMENTS(begins));
			g_string_append_unichar(
			    text, (gunichar)g_rand_int_range(random, (gint32)begins[range], (gint32)ends[range]));
		}
		g_string_append_c(text, '.');
		g_autofree char *fast = text_fold(text->str);
		g_string_append(text, "\u2460"); /* a circled one */
		g_autofree char *slow = text_fold(text->str);
		g_autofree char *expected = g_strconcat(fast, "1", NULL);
		g_assert_cmpstr(slow, ==, expected);
	}
}

/* As GLib has it, wherever pieces are cut: letters that are composed, taken apart and sorted stand beside each other here. */
static void
test_normalise(void)
{
	static const gunichar few[] = {'a', ' ', 0xE9, 0x1EA4, 0x300, 0x323, 0x344, 0xF73, 0xFF9E, 0xFF76, 0x304B, 0x3099, 0x1100,
	    0x1161, 0x11A8, 0xAC00, 0x314F, 0xFFC2, 0x9C7, 0x9BE, 0xFB2C, 0xFDFA, 0x1D15E, 0x958, 0x212B};
	static const GNormalizeMode modes[] = {G_NORMALIZE_NFC, G_NORMALIZE_NFD, G_NORMALIZE_NFKC, G_NORMALIZE_NFKD};
	g_autoptr(GRand) random = g_rand_new_with_seed((guint32)g_test_rand_int());
	for (guint round = 0; round < 200; round++) {
		g_autoptr(GString) text = g_string_new(NULL);
		while (text->len < 1500)
			g_string_append_unichar(text, few[g_rand_int_range(random, 0, G_N_ELEMENTS(few))]);
		for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
			g_autofree char *normal = text_normalise(text->str, modes[i]);
			g_autofree char *expected = g_utf8_normalize(text->str, -1, modes[i]);
			g_assert_cmpstr(normal, ==, expected);
		}
	}
}

/* A letter has 30 marks, whatever they are written as, and those behind another letter count anew. */
static void
test_marks(void)
{
	static const char *const marks[] = {"\u0301", "\u0344", "\u0f73", "\uff9e", "\u09be", "\u1161"};
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
		g_autoptr(GString) text = g_string_new("b");
		for (guint k = 0; k < 100; k++)
			g_string_append(text, marks[i]);
		g_string_append(text, "c\u0300");
		g_autofree char *normal = text_normalise(text->str, G_NORMALIZE_NFKD);
		g_assert_cmpint(g_utf8_strlen(normal, -1), ==, 1 + 30 + 2);
		g_autofree char *folded = text_fold(text->str), *again = text_fold(folded);
		g_assert_cmpstr(again, ==, folded);
	}
}

/* Of this thread alone, because others run beside it. */
static gint64
cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* The time in microseconds that folding `size` bytes of repeated `pattern` takes. */
static gint64
fold_us(const char *pattern, gsize size)
{
	g_autoptr(GString) text = g_string_new(NULL);
	while (text->len < size)
		g_string_append(text, pattern);
	const gint64 start_us = cpu_us();
	g_free(text_fold(text->str));
	return cpu_us() - start_us;
}

/* Marks that are sorted, and letters that are composed: eight times the text takes some eight times as long, not sixty-four times. */
static void
test_linear(void)
{
	static const char *const patterns[] = {"\u0301\u0323", "\u0344\u0323", "\u0f73\u0f71", "e\u0301", "\uff76\uff9e", "가각",
	    "\u1100\u1161", "\u09c7\u09be", "é漢"};
	for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
		gint64 small_us = G_MAXINT64, great_us = G_MAXINT64;
		for (guint round = 0; round < 3 || (round < 12 && great_us >= 40 * small_us); round++) {
			small_us = MIN(small_us, fold_us(patterns[i], 32 * 1024));
			great_us = MIN(great_us, fold_us(patterns[i], 256 * 1024));
		}
		g_test_message("%s: %d and %d us", patterns[i], (int)small_us, (int)great_us);
		g_assert_cmpint(great_us, <, 40 * small_us);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text_fold/fold", test_fold);
	g_test_add_func("/text_fold/stable", test_stable);
	g_test_add_func("/text_fold/short_way", test_short_way);
	g_test_add_func("/text_fold/normalise", test_normalise);
	g_test_add_func("/text_fold/marks", test_marks);
	g_test_add_func("/text_fold/linear", test_linear);
	return g_test_run();
}
