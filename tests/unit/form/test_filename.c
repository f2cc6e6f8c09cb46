/* Names of uploaded files (contract 10.3). */
#include "sekisho/form/filename.h"

#include <string.h>

static const struct {
	const char *name;
	const char *clean;
} names[] = {
    {"a.pdf", "a.pdf"},
    {"a.php", "a.php_.txt"},
    {"p.php .", "p.php_.txt"},
    {"x.php5-._", "x.php5_.txt"},
    {"x.php.pdf", "x.php_.pdf"},
    {"x.PhP5.pdf", "x.PhP5_.pdf"},
    {"../../etc/pa ss＃.txt", "pa-ss.txt"},
    {"C:\\Users\\taro\\scan.PDF", "scan.pdf"},
    {"見積　書（１）.pdf", "見積-書1.pdf"},
    {"ﾊﾟｿｺﾝ.ｐｄｆ", "パソコン.pdf"},
    {".pdf", "unnamed-file.pdf"},
    {"（）.pdf", "unnamed-file.pdf"},
    {"", "unnamed-file"},
    {"???", "unnamed-file"},
    {"a/", "a"},
    {"/", "unnamed-file"},
    {"readme", "readme"},
    {"a.phar", "a.phar"},
    {"a.js", "a.js"},
    {"a.html", "a.html"},
    {"php", "php"},
    {"php.pdf", "php.pdf"},
    {"a.php55", "a.php55"},
    {"re port.PDF", "re-port.pdf"},
    {"a - - b.pdf", "a-b.pdf"},
    {"a - (1) - b.pdf", "a-1-b.pdf"},
    {"a\r\nBcc: x@y.pdf", "a-Bcc-x@y.pdf"},
    {"a \xC2\xA0 b.pdf", "a-b.pdf"},
    {"invoice\xE2\x80\xAE"
     "fdp.exe",
	"invoicefdp.exe"},
    {"a\xEF\xBF\xBD\x7F"
     "b.pdf",
	"ab.pdf"},
    {"\"quoted\" «and» ’so”.pdf", "quoted-and-so.pdf"},
    {"a &amp; b.pdf", "a-b.pdf"},
    {"a..pdf", "a.pdf"},
    {"-a_.pdf.", "a_.pdf"},
    {"😀.png", "😀.png"},
    /* What WordPress does to the parts in the middle. */
    {"report.final.pdf", "report.final_.pdf"},
    {"report.FINAL2.pdf", "report.FINAL2_.pdf"},
    {"report.pdf.zip", "report.pdf.zip"},
    {"report.JPG.png", "report.JPG.png"},
    {"page.html.pdf", "page.html_.pdf"},
    {"a.exe.txt", "a.exe_.txt"},
    {"v.1.2.pdf", "v.1.2.pdf"},
    {"a.b.pdf", "a.b.pdf"},
    {"a.letter.pdf", "a.letter.pdf"},
    {"a.ab12.pdf", "a.ab12.pdf"},
    {"a.final", "a.final"},
    {"final.a.pdf", "final.a.pdf"},
    {"見積.最終.pdf", "見積.最終.pdf"},
    /* Only what reads as an extension makes a file without a name. */
    {".xyz", "xyz"},
    {".PDF", "unnamed-file.pdf"},
    {".htaccess", "htaccess"},
    /* Accents of Latin letters alone. */
    {"é.pdf", "e.pdf"},
    {"e\xCC\x81.pdf", "e.pdf"},
    {"Straße Ñandú Łódź Ệ.pdf", "Strase-Nandu-Lodz-E.pdf"},
    {"æøÞ.pdf", "aeoTH.pdf"},
    {"a.phṕ", "a.php_.txt"},
    {"がぎぐパピ.pdf", "がぎぐパピ.pdf"},
    {"か\xE3\x82\x99.pdf", "か\xE3\x82\x99.pdf"},
    {"й.pdf", "й.pdf"},
};

static void
test_clean(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *clean = filename_clean(names[i].name);
		g_assert_cmpstr(clean, ==, names[i].clean);
	}
}

/* No name ever has what could end a header, a path or a quotation, and a clean name is clean. */
static void
test_any(void)
{
	static const gunichar letters[] = {'a', '.', '.', '/', '\\', '-', ' ', '_', '"', '\r', '\n', '\t', ';', '%', 0x3000,
	    0xFF0E, 0xFF0F, 0xFF3C, 0x202E, 0x200B, 0x2028, 'p', 'h', 'p', 0x3042, 0xFF71, 0xFF9E, 0xE000};
	for (guint round = 0; round < 20000; round++) {
		g_autoptr(GString) name = g_string_new(NULL);
		for (gint left = g_test_rand_int_range(0, 12); left > 0; left--)
			g_string_append_unichar(name, letters[g_test_rand_int_range(0, G_N_ELEMENTS(letters))]);
		g_autofree char *clean = filename_clean(name->str), *again = filename_clean(clean);
		g_assert_true(clean[0] != '\0' && clean[0] != '.' && strpbrk(clean, "/\\\"\r\n\t ;%") == NULL);
		g_assert_false(g_str_has_suffix(clean, ".php"));
		g_assert_true(g_utf8_validate(clean, -1, NULL));
		g_assert_cmpstr(again, ==, clean);
	}
}

static void
test_unique(void)
{
	static const struct {
		const char *name, *unique;
	} cases[] = {{"a.pdf", "a.pdf"}, {"a.pdf", "a-1.pdf"}, {"a.pdf", "a-2.pdf"}, {"b.pdf", "b.pdf"}, {"readme", "readme"},
	    {"readme", "readme-1"}, {"a-1.pdf", "a-1-1.pdf"}};
	g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func(g_free);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *unique = filename_unique(cases[i].name, taken);
		g_assert_cmpstr(unique, ==, cases[i].unique);
		g_ptr_array_add(taken, unique);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/filename/names become clean", test_clean);
	g_test_add_func("/form/filename/any name becomes clean, and once is enough", test_any);
	g_test_add_func("/form/filename/two files of one name get two names", test_unique);
	return g_test_run();
}
