/*
 * The formats of contract 5.5 and the pure functions of 13.6 that rules use.
 */
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/form/formtag.h"
#include "sekisho/form/rules.h"
#include "sekisho/wire/address.h"

/* --- Formats of 5.5 and 13.6 ---------------------------------------------------------------------------------------------------------------- */

typedef gboolean (*Format)(const char *text);

static void
check_format(Format format, const char *const *good, const char *const *bad)
{
	for (; *good != NULL; good++) {
		g_test_message("good: %s", *good);
		g_assert_true(format(*good));
	}
	for (; *bad != NULL; bad++) {
		g_test_message("bad: %s", *bad);
		g_assert_false(format(*bad));
	}
}

static void
test_email(void)
{
	static const char *const good[] = {
	    "a@b.co", "ab@c.d", ".a@b.co", "a..b@b.co", "a@1.2.3.4", "a+b@b.co", "a@xn--wgv71a.jp", NULL};
	static const char *const bad[] = {"a@b.c", "a@b", "a@b.co.", "a@b@c.co", "\"a b\"@b.co", "a@-b.co", "a@b-.co",
	    "a@[1.2.3.4]", "a@b.co,c@d.co", "a@日本.jp", NULL};

	check_format(address_is_email, good, bad);
}

static void
test_tel(void)
{
	static const char *const good[] = {"123456", "123456789012345", "+12345", "1234567#89", "1234567*89", "03/1234/5678",
	    "++123456", "0000123456", "03-1234-5678", "+81 (3) 1234.5678#55", "0 1 2\t3 4 5", NULL};
	static const char *const bad[] = {"", "12345", "1234567890123456", "+123456789012345", "+", "abc", "123456a",
	    "０３１２３４５６", "03\xE3\x80\x80""1234", "03\xC2\xA0""1234", "12345#6", "123+456", "000000", NULL};

	check_format(rules_is_tel, good, bad);
}

static void
test_number(void)
{
	static const char *const good[] = {"1", "-1", ".5", "-.5", "1e3", "1E-3", "1.5e+3", "007", "-0", NULL};
	static const char *const bad[] = {
	    "+1", "1.", "0x1", "1,000", "-", "1e", "", ".", "--1", "1e+", "1.e3", "1 ", "inf", "１", NULL};

	check_format(rules_is_number, good, bad);
}

static void
test_date(void)
{
	static const char *const good[] = {"2024-02-29", "10000-01-01", "2000-02-29", "0001-01-01", "32767-12-31", NULL};
	static const char *const bad[] = {"2026-02-29", "999-01-01", "2026-1-1", "2026-00-10", "0000-01-01", "1900-02-29",
	    "2026-13-01", "2026-01-32", "2026-04-31", "32768-01-01", "-2026-01-01", "2026-01-01 ", "2026-01-1x",
	    "99999999999999999999-01-01", NULL};

	check_format(rules_is_date, good, bad);
}

static void
test_units(void)
{
	g_assert_cmpuint(text_utf16_units("あ"), ==, 1);
	g_assert_cmpuint(text_utf16_units("😀"), ==, 2);
	g_assert_cmpuint(text_utf16_units("a\r\nb"), ==, 3);
	g_assert_cmpuint(text_utf16_units("e\xcc\x81"), ==, 2);
}

static void
test_options(void)
{
	static const struct {
		const char *template_text;
		guint64 bytes;
	} rows[] = {{"[file f limit:5gb]", 1048576}, {"[file f limit:2MB]", 2097152}, {"[file f limit:10]", 10},
	    {"[file f limit:10B]", 10}, {"[file f limit:3kB]", 3072}, {"[file f limit:0]", 1048576},
	    {"[file f limit:010]", 1048576}, {"[file f limit:]", 1048576},
	    {"[file f limit:99999999999999999999mb]", G_GUINT64_CONSTANT(1) << 53}, {"[file f limit:x limit:7]", 7}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) tags = formtag_scan(rows[i].template_text);

		g_test_message("%s", rows[i].template_text);
		g_assert_cmpuint(filetypes_limit_bytes(tags->pdata[0]), ==, rows[i].bytes);
	}
	g_autoptr(GPtrArray) tags = formtag_scan("[text t 10/20 size:10 40/100 20x5/300]");
	g_assert_cmpint(formtag_maxlength(tags->pdata[0]), ==, 20);
}

static void
test_url(void)
{
	static const char *const good[] = {"https://x.test/", "http://x", "ftp://x", "ftps://x", "mailto:a@b",
	    "https:", "tel:", "http:/x", "tel:123456", "tel:+8131", "urn:isbn:1", "xmpp:a@b", "http://u:p@h:80/?q#f",
	    "http://[::1]/", "http://[::1]:80", "http://x:", "http://x:65535", "http://日本.jp/", "http://x?y:99999999",
	    "sms:12345a"};
	static const char *const bad[] = {"", "x", "example.com", "//x", "HTTP://x", "Https://x", "javascript:alert(1)",
	    "data:,x", "http://", "http:///x", "http://?x", "http://u@", "http://:80", "http://x:65536", "http://x:123456",
	    "http://x:ab", "http://x:-1", "tel:1", "sms:12345/x", "example.com:80", " http://x", "ht tp://x", ":", "file:///x"};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_test_message("%s", good[i]);
		g_assert_true(rules_is_url(good[i]));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(rules_is_url(bad[i]));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/formats/a URL is what PHP reads as one", test_url);
	g_test_add_func("/contract/13.6-email", test_email);
	g_test_add_func("/contract/13.6-tel", test_tel);
	g_test_add_func("/contract/13.6-number", test_number);
	g_test_add_func("/contract/13.6-date", test_date);
	g_test_add_func("/contract/13.6-units", test_units);
	g_test_add_func("/contract/13.6-options", test_options);
	return g_test_run();
}
