/* What a person writes as the value of an entry, and what it becomes. */
#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/policy/list_value.h"

/* Its keys are of this run; nothing of it stays on the disk. */
static Vault *
admin_vault(void)
{
	static Vault *vault = NULL;
	if (vault != NULL)
		return vault;
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("sekisho-list-value-XXXXXX", &error);
	g_assert_no_error(error);
	g_autofree char *keys = g_build_filename(folder, "keys", NULL);
	g_assert_true(vault_create(keys, &error));
	vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	g_autoptr(GDir) files = g_dir_open(keys, 0, NULL);
	for (const char *name; (name = g_dir_read_name(files)) != NULL;) {
		g_autofree char *file = g_build_filename(keys, name, NULL);
		g_assert_cmpint(g_remove(file), ==, 0);
	}
	g_assert_cmpint(g_rmdir(keys), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	return vault;
}

/* What is refused has no value; the word must stand in the sentence that says why, or in the remark. */
typedef struct {
	const char *type, *text, *value, *word;
} Row;

static const Row readings[] = {
    {"ip", "192.0.2.7", "192.0.2.7/32", NULL},
    {"ip", " 192.0.2.7 ", "192.0.2.7/32", NULL},
    {"network", "192.0.2.0/24", "192.0.2.0/24", NULL},
    {"ip", "192.0.2.7/24", "192.0.2.0/24", "192.0.2.0/24"},
    {"ip", "2001:DB8::7", "2001:db8::7/128", NULL},
    {"ip", "2001:db8:0:1:2::/48", "2001:db8::/48", "2001:db8::/48"},
    {"ip", "::ffff:192.0.2.7", "192.0.2.7/32", NULL},
    {"ip", "::ffff:192.0.2.0/120", "192.0.2.0/24", NULL},
    {"ip", "0.0.0.0/0", "0.0.0.0/0", "every IPv4"},
    {"ip", "::/0", "::/0", "every IPv6"},
    {"ip", "64.0.0.0/2", "64.0.0.0/2", "large part of the Internet"},
    {"ip", "10.0.0.0/8", "10.0.0.0/8", NULL},
    {"ip", "192.0.2.0/33", NULL, "192.0.2.0/24"},
    {"ip", "192.0.2.", NULL, "no IP address"},
    {"ip", "192.0.2.*", NULL, "192.0.2.0/24"},
    {"ip", "192.0.2.1/", NULL, "no IP address"},
    {"ip", "192.0.2.1/-1", NULL, "no IP address"},
    {"ip", "fe80::1%eth0", NULL, "no IP address"},
    {"ip", "example.com", NULL, "no IP address"},
    {"ip", "", NULL, "no IP address"},
    {"country", "jp", "JP", NULL},
    {"country", "JPN", NULL, "two letters"},
    {"country", "日本", NULL, "two letters"},
    {"country", "uk", NULL, "GB"},
    {"domain", "Example.COM", "example.com", NULL},
    {"mail", "@example.com", "example.com", NULL},
    {"domain", "*.example.com", "example.com", NULL},
    {"domain", ".example.com.", "example.com", NULL},
    {"domain", "https://user@www.example.com:8080/page?x#y", "www.example.com", "A path is not looked at"},
    {"mail", "日本語.jp", "xn--wgv71a119e.jp", NULL},
    {"domain", "xyz", "xyz", "xyz is a public suffix"},
    {"domain", "co.jp", "co.jp", "co.jp is a public suffix"},
    {"domain", "example.co.jp", "example.co.jp", NULL},
    {"domain", "gmail.com", "gmail.com", "Everyone who has mail at gmail.com"},
    {"mail", "@gmail.com", "gmail.com", "Everyone who has mail at gmail.com"},
    {"domain", "spammer@gmail.com", NULL, "one mail address. Write type address for it, or only gmail.com"},
    {"link", "gmail.com", "gmail.com", NULL},
    {"link", "com", "com", "com is a public suffix"},
    {"link", "https://evil.example/", "evil.example", NULL},
    {"link", "user@evil.example", NULL, "one mail address"},
    {"domain", "under_score.example", "under_score.example", NULL},
    {"domain", "-bad.example", NULL, "no domain"},
    {"domain", "a..b", NULL, "no domain"},
    {"domain", "two words", NULL, "no domain"},
    {"domain", "192.0.2.7", NULL, "no domain"},
    {"domain", "", NULL, "no domain"},
    {"link", "http://192.0.2.7/x", "192.0.2.7", "A path is not looked at; the entry is for all of 192.0.2.7."},
    {"link", "bit.ly/abc", "bit.ly", "the entry is for all of bit.ly."},
    {"fingerprint", "A1-0123456789abcdef", "A1-0123456789abcdef", NULL},
    {"fingerprint", "0123456789abcdef", NULL, "no fingerprint"},
    {"fingerprint", "A1-0123456789ABCDEF", NULL, "no fingerprint"},
    {"fingerprint", "A1-01", NULL, "no fingerprint"},
    {"fingerprint", "-0123456789abcdef", NULL, "no fingerprint"},
    {"word", "ｶｼﾞﾉ", "カジノ", NULL},
    {"phrase", "  FREE\u3000 Money ", "free money", NULL},
    {"phrase", "無", "無", "one letter"},
    {"phrase", "a", NULL, "one letter"},
    {"phrase", "い", NULL, "one letter"},
    {"phrase", "ｶﾞ", NULL, "one letter"},
    {"phrase", "ー", NULL, "one letter"},
    {"phrase", "я", NULL, "one letter"},
    {"phrase", "９", NULL, "one letter"},
    {"phrase", "😀", "😀", NULL},
    {"phrase", "無料", "無料", NULL},
    {"phrase", "HTTPS", "https", "every link"},
    {"phrase", "www", "www", "every link"},
    {"phrase", "https://example.com", "https://example.com", NULL},
    {"phrase", "\u200B \u3000", NULL, "Nothing is left"},
    {"agent", "Python-Requests", "python-requests", NULL},
    {"phrase", "two\nlines", NULL, "one line"},
    {"phrase", "\xFF", NULL, "UTF-8"},
    {"mail", "taro@", NULL, "no mail address"},
    {"address", "taro", NULL, "no mail address"},
    {"address", "a b@example.com", NULL, "no mail address"},
    {"colour", "red", NULL, "no type"},
};

static void
test_read(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(readings); i++) {
		g_autoptr(ListEntry) entry = list_entry_new();
		g_autofree char *problem = NULL;
		const gboolean is_good = list_value_read(readings[i].type, readings[i].text, admin_vault(), entry, &problem);
		if (is_good != (readings[i].value != NULL))
			g_error("%s \"%s\": %s", readings[i].type, readings[i].text, is_good ? entry->value : problem);
		if (is_good)
			g_assert_cmpstr(entry->value, ==, readings[i].value);
		g_assert_cmpint(problem != NULL, ==, readings[i].word != NULL);
		if (readings[i].word != NULL && strstr(problem, readings[i].word) == NULL)
			g_error("%s \"%s\": %s", readings[i].type, readings[i].text, problem);
	}
}

static void
test_too_long(void)
{
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autofree char *problem = NULL, *other = NULL;
	g_autofree char *ascii = g_strnfill(2000, 'x');
	g_autoptr(GString) growing = g_string_new(NULL);
	for (guint i = 0; i < 100; i++)
		g_string_append(growing, "\uFDFA"); /* one character that is written out as eighteen */
	g_assert_false(list_value_read("phrase", ascii, admin_vault(), entry, &problem));
	g_assert_nonnull(strstr(problem, "longer than"));
	g_assert_false(list_value_read("phrase", growing->str, admin_vault(), entry, &other));
	g_assert_nonnull(strstr(other, "longer than"));
}

/* An address is a hash, whoever it is written like, and its box opens. */
static void
test_address(void)
{
	static const char *const spellings[] = {"Taro@Example.com", "taro@example.com", "TARO@EXAMPLE.COM"};
	VaultHash hash;
	g_autoptr(GString) digits = g_string_new(NULL);
	vault_hash(admin_vault(), VAULT_HASH_ADDRESS, "taro@example.com", strlen("taro@example.com"), &hash);
	text_append_hex(digits, hash.bytes, sizeof hash.bytes);
	for (gsize i = 0; i < G_N_ELEMENTS(spellings); i++) {
		g_autoptr(ListEntry) entry = list_entry_new();
		g_autofree char *problem = NULL;
		g_assert_true(list_value_read("mail", spellings[i], admin_vault(), entry, &problem));
		g_assert_null(problem);
		g_assert_cmpint(entry->type, ==, LIST_ADDRESS);
		g_assert_cmpstr(entry->value, ==, digits->str);
		g_autofree char *text = list_value_text(entry, admin_vault());
		g_assert_cmpint(g_ascii_strcasecmp(text, "taro@example.com"), ==, 0);
	}
}

static void
test_text(void)
{
	static const struct {
		ListType type;
		const char *value, *text;
	} rows[] = {
	    {LIST_NETWORK, "192.0.2.7/32", "192.0.2.7"},
	    {LIST_NETWORK, "192.0.2.0/24", "192.0.2.0/24"},
	    {LIST_NETWORK, "2001:db8::7/128", "2001:db8::7"},
	    {LIST_NETWORK, "2001:db8::/32", "2001:db8::/32"},
	    {LIST_NETWORK, "junk", "junk"},
	    {LIST_DOMAIN, "example.com", "example.com"},
	    {LIST_ADDRESS, "00ff", "(an address that cannot be opened)"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ListEntry) entry = list_entry_new();
		entry->type = rows[i].type;
		text_set(&entry->value, rows[i].value);
		g_autofree char *text = list_value_text(entry, admin_vault());
		g_assert_cmpstr(text, ==, rows[i].text);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/list_value/read", test_read);
	g_test_add_func("/list_value/too_long", test_too_long);
	g_test_add_func("/list_value/address", test_address);
	g_test_add_func("/list_value/text", test_text);
	const int result = g_test_run();
	vault_free(admin_vault());
	return result;
}
