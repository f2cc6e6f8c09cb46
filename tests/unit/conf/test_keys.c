/*
 * The table of keys, and how the text of each type is read.
 */
#include <string.h>

#include "sekisho/conf/keys.h"
#include "sekisho/policy/gate.h"

#define ORIGINS_RIGHT                                                                                                            \
	"is not a list of web origins; write https://www.example.jp in lower case, without \"/\" at the end, and a space "       \
	"between two"
#define SERVER_RIGHT                                                                                                             \
	"is not a host; write a host name such as smtp.example.com or an IP address, without brackets and without port (that "   \
	"is a key of its own)"
#define HOST_RIGHT "is not a host; write a host name such as mail.example.com or an IPv4 address, without port"
#define PINS_RIGHT                                                                                                               \
	"is not a list of public keys; write sha256// and the base64 of the key's hash; `sekisho doctor` shows the one that "    \
	"the server has"
#define NAMES_RIGHT "is not a list of names; write names of letters, digits, \".\", \"-\" and \"_\", a space between two"
#define RATE_RIGHT "is not a rate; write how many in which time, and how many at once, such as 5/10min burst 3, or off"

#define MAILBOX_RIGHT "is not a mailbox; write info@example.jp or Name <info@example.jp>, with ASCII alone before the \"@\""
#define SENDER_RIGHT                                                                                                             \
	"is not a mail address that may send; write an address such as info@example.jp, without a name, and with ASCII alone "   \
	"before the \"@\""
#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
/* Two of them with a semicolon between, as far as a problem quotes a value. */
#define CUT_PINS PIN ";sha256//AAAAAAAAAAAAAAAAAAA"
#define DOMAINS_RIGHT "is not a list of domains; write domains such as example.jp, a space between two, or none"
#define SERVERS_RIGHT                                                                                                            \
	"is not a list of DNS servers; write IP addresses such as 192.0.2.1 or 192.0.2.1:53 or [2001:db8::1]:53, a comma and "   \
	"no space between two"

#define NETWORKS_RIGHT                                                                                                           \
	"is not a list of networks; write addresses and networks such as 192.0.2.1 or 2001:db8::/32, a space between two, and "  \
	"no bits behind a network's prefix"
#define SCORE_RIGHT "is not a score; write a number from 0 to 1 with at most two decimals, such as 0.5"

/* A value and what it counts; NULL text ends a table. `problem` NULL: it is right. */
typedef struct {
	const char *group;
	const char *key;
	KeysFile file;
	const char *text;
	gint64 number;
	const char *problem;
} Case;

static const Case cases[] = {
    {"gateway", "trusted_proxies", KEYS_MAIN, "", 0, NULL},
    {"gateway", "trusted_proxies", KEYS_MAIN, "192.0.2.1 198.51.100.0/24  2001:db8::/32", 0, NULL},
    {"gateway", "trusted_proxies", KEYS_MAIN, "192.0.2.1/24", 0, "\"192.0.2.1/24\" " NETWORKS_RIGHT},
    {"gateway", "trusted_proxies", KEYS_MAIN, "proxy.example.jp", 0, "\"proxy.example.jp\" " NETWORKS_RIGHT},
    {"gateway", "trusted_proxies", KEYS_MAIN, "192.0.2.1,192.0.2.2", 0, "\"192.0.2.1,192.0.2.2\" " NETWORKS_RIGHT},
    {"check", "links", KEYS_SITE, "off", 0, NULL},
    {"check", "links", KEYS_SITE, "dry-run", 1, NULL},
    {"check", "links", KEYS_SITE, "on", 2, NULL},
    {"check", "links", KEYS_SITE, "", 0, "is empty; write off or dry-run or on"},
    {"check", "links", KEYS_FORM, "", 0, NULL},
    {"check", "links", KEYS_FORM, "yes", 0, "\"yes\" is not a known word; write off or dry-run or on"},
    {"check", "repeated_within", KEYS_SITE, "10min", 10 * 60 * G_USEC_PER_SEC, NULL},
    {"check", "repeated_within", KEYS_SITE, "10m", 10 * 60 * G_USEC_PER_SEC, NULL},
    {"check", "repeated_within", KEYS_SITE, "2d", 0,
	"\"2d\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 1s to 1d"},
    {"captcha", "maximum_age", KEYS_SITE, "29s", 0,
	"\"29s\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 30s to 1h"},
    {"trap", "minimum_age", KEYS_SITE, "0s", 0, NULL},
    {"trap", "minimum_age", KEYS_SITE, "s", 0,
	"\"s\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 0s to 10min"},
    {"captcha", "minimum_score", KEYS_SITE, "0", 0, NULL},
    {"captcha", "minimum_score", KEYS_SITE, "0.5", 50, NULL},
    {"captcha", "minimum_score", KEYS_SITE, "0.05", 5, NULL},
    {"captcha", "minimum_score", KEYS_SITE, "0.75", 75, NULL},
    {"captcha", "minimum_score", KEYS_SITE, "1.00", 100, NULL},
    {"captcha", "minimum_score", KEYS_SITE, "1.01", 0, "\"1.01\" " SCORE_RIGHT},
    {"captcha", "minimum_score", KEYS_SITE, "0.", 0, "\"0.\" " SCORE_RIGHT},
    {"captcha", "minimum_score", KEYS_SITE, ".5", 0, "\".5\" " SCORE_RIGHT},
    {"captcha", "minimum_score", KEYS_SITE, "0.555", 0, "\"0.555\" " SCORE_RIGHT},
    {"captcha", "minimum_score", KEYS_SITE, "0.-5", 0, "\"0.-5\" " SCORE_RIGHT},
    {"captcha", "service", KEYS_SITE, "altcha", 5, NULL},
    {"captcha", "service", KEYS_SITE, "recaptcha", 0,
	"\"recaptcha\" is not a known word; write none or recaptcha-v3 or recaptcha-v2 or turnstile or hcaptcha or altcha"},
    {"limit", "ip", KEYS_SITE, "off", 0, NULL},
    {"limit", "ip", KEYS_SITE, "5/10min burst 3", 0, NULL},
    {"limit", "ip", KEYS_FORM, "", 0, NULL},
    {"gateway", "workers", KEYS_MAIN, "1", 1, NULL},
    {"gateway", "workers", KEYS_MAIN, "64", 64, NULL},
    {"gateway", "workers", KEYS_MAIN, "65", 0, "\"65\" is not a number; write a number from 1 to 64"},
    {"gateway", "workers", KEYS_MAIN, "0", 0, "\"0\" is not a number; write a number from 1 to 64"},
    {"gateway", "workers", KEYS_MAIN, "+4", 0, "\"+4\" is not a number; write a number from 1 to 64"},
    {"gateway", "workers", KEYS_MAIN, "4 # few", 0, "\"4 # few\" is not a number; write a number from 1 to 64"},
    {"gateway", "workers", KEYS_MAIN, "", 0, "is empty; write a number from 1 to 64"},
    {"gateway", "listen", KEYS_MAIN, "", 0, NULL},
    {"gateway", "listen", KEYS_MAIN, "/run/s.sock", 0, NULL},
    {"gateway", "listen", KEYS_MAIN, "127.0.0.1:9000", 0, NULL},
    {"gateway", "listen", KEYS_MAIN, "[::1]:9000", 0, NULL},
    {"gateway", "listen", KEYS_MAIN, "0.0.0.0:9000", 0,
	"\"0.0.0.0:9000\" is not a socket; write a path with \"/\", 127.0.0.1:PORT or [::1]:PORT: FastCGI must not leave the "
	"machine"},
    {"gateway", "listen", KEYS_MAIN, "127.0.0.1:0", 0,
	"\"127.0.0.1:0\" is not a socket; write a path with \"/\", 127.0.0.1:PORT or [::1]:PORT: FastCGI must not leave the "
	"machine"},
    {"gateway", "front_user", KEYS_MAIN, "-rf", 0, "\"-rf\" is not a name; write letters, digits, \".\", \"-\" and \"_\""},
    {"account main", "port", KEYS_MAIN, "65536", 0, "\"65536\" is not a port; write a number from 1 to 65535"},
    {"account main", "port", KEYS_SITE, "25", 25, NULL},
    {"account main", "security", KEYS_SITE, "starttls", 0, NULL},
    {"account main", "port", KEYS_SITE, "", 0, NULL},
    {"account main", "port", KEYS_SITE, "0", 0, "\"0\" is not a port; write a number from 1 to 65535"},
    {"account main", "security", KEYS_SITE, "tls", 1, NULL},
    {"account main", "security", KEYS_SITE, "plain-loopback", 2, NULL},
    {"account main", "security", KEYS_SITE, "ssl", 0, "\"ssl\" is not a known word; write starttls or tls or plain-loopback"},
    {"account main", "security", KEYS_SITE, "", 0, "is empty; write starttls or tls or plain-loopback"},
    {"account main", "transport", KEYS_SITE, "auto", 0, NULL},
    {"account main", "transport", KEYS_MAIN, "curl", 1, NULL},
    {"account main", "transport", KEYS_SITE, "esmtp", 2, NULL},
    {"account main", "transport", KEYS_SITE, "libcurl", 0, "\"libcurl\" is not a known word; write auto or curl or esmtp"},
    {"account main", "login", KEYS_SITE, "password", 0, NULL},
    {"account main", "login", KEYS_SITE, "xoauth2", 1, NULL},
    {"account main", "login", KEYS_SITE, "oauth", 0, "\"oauth\" is not a known word; write password or xoauth2"},
    {"account main", "connections", KEYS_SITE, "8", 8, NULL},
    {"account main", "connections", KEYS_SITE, "0", 0, "\"0\" is not a number; write a number from 1 to 8"},
    {"account main", "connections", KEYS_SITE, "9", 0, "\"9\" is not a number; write a number from 1 to 8"},
    {"account main", "rate", KEYS_SITE, "off", 0, NULL},
    {"account main", "rate", KEYS_SITE, "500/1d burst 20", 0, NULL},
    {"account main", "rate", KEYS_SITE, "", 0,
	"is empty; write how many in which time, and how many at once, such as 5/10min burst 3, or off"},
    {"account main", "rate", KEYS_SITE, "500", 0, "\"500\" " RATE_RIGHT},
    {"account main", "rate", KEYS_SITE, "0/1d", 0, "\"0/1d\" " RATE_RIGHT},
    {"account main", "rate", KEYS_SITE, "-1/1d", 0, "\"-1/1d\" " RATE_RIGHT},
    {"account main", "rate", KEYS_SITE, "5/1d burst 0", 0, "\"5/1d burst 0\" " RATE_RIGHT},
    {"account main", "pins", KEYS_SITE, "", 0, NULL},
    {"account main", "pins", KEYS_SITE, PIN, 0, NULL},
    {"account main", "pins", KEYS_SITE, PIN "  " PIN, 0, NULL},
    {"account main", "pins", KEYS_SITE, PIN ";" PIN, 0, "\"" CUT_PINS "\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha256//", 0, "\"sha256//\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha256//AAAA", 0, "\"sha256//AAAA\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0,
	"\"sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0,
	"\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha256//AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA=", 0,
	"\"sha256//AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA=\" " PINS_RIGHT},
    {"account main", "pins", KEYS_SITE, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", 0,
	"\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\" " PINS_RIGHT},
    {"account main", "token_file", KEYS_MAIN, "/etc/t", 0, NULL},
    {"account main", "token_command", KEYS_MAIN, "/usr/local/bin/t -x", 0, NULL},
    {"account main", "token_command", KEYS_MAIN, "a\nb", 0, "\"a\\x0Ab\" is not a path; write the path of a file or folder"},
    {"mail", "account", KEYS_SITE, "main", 0, NULL},
    {"mail", "account", KEYS_SITE, "  main  backup_2 ", 0, NULL},
    {"mail", "account", KEYS_SITE, "", 0,
	"is empty; write names of letters, digits, \".\", \"-\" and \"_\", a space between two"},
    {"mail", "account", KEYS_SITE, " ", 0, "\" \" " NAMES_RIGHT},
    {"mail", "account", KEYS_SITE, "main, backup", 0, "\"main, backup\" " NAMES_RIGHT},
    {"mail", "account", KEYS_SITE, "main\tbackup", 0, "\"main\\x09backup\" " NAMES_RIGHT},
    {"account main", "host", KEYS_SITE, "smtp.example.jp", 0, NULL},
    {"account main", "host", KEYS_SITE, "192.0.2.1", 0, NULL},
    {"account main", "host", KEYS_SITE, "::1", 0, NULL},
    {"account main", "host", KEYS_SITE, "2001:db8::25", 0, NULL},
    {"account main", "host", KEYS_SITE, "fe80::1%eth0", 0, "\"fe80::1%eth0\" " SERVER_RIGHT},
    {"account main", "host", KEYS_SITE, "2001:db8:::25", 0, "\"2001:db8:::25\" " SERVER_RIGHT},
    {"account main", "hello", KEYS_SITE, "::1", 0, "\"::1\" " HOST_RIGHT},
    {"account main", "hello", KEYS_SITE, "www.example.jp", 0, NULL},
    {"account main", "host", KEYS_SITE, "[::1]", 0, "\"[::1]\" " SERVER_RIGHT},
    {"account main", "host", KEYS_SITE, "smtp.example.jp:587", 0, "\"smtp.example.jp:587\" " SERVER_RIGHT},
    {"account main", "host", KEYS_SITE, "smtp_1.example.jp", 0, "\"smtp_1.example.jp\" " SERVER_RIGHT},
    {"account main", "host", KEYS_SITE, "smtp..jp", 0, "\"smtp..jp\" " SERVER_RIGHT},
    {"account main", "hello", KEYS_SITE, "", 0, NULL},
    {"site", "url", KEYS_SITE, "https://example.jp", 0, NULL},
    {"site", "url", KEYS_SITE, "http://example.jp:8080/blog/", 0, NULL},
    {"site", "url", KEYS_SITE, "ftp://example.jp", 0,
	"\"ftp://example.jp\" is not a web address; write an address such as https://example.jp, without query"},
    {"site", "url", KEYS_SITE, "example.jp", 0,
	"\"example.jp\" is not a web address; write an address such as https://example.jp, without query"},
    {"site", "url", KEYS_SITE, "https://example.jp/?a", 0,
	"\"https://example.jp/?a\" is not a web address; write an address such as https://example.jp, without query"},
    {"site", "origins", KEYS_SITE, "", 0, NULL},
    {"site", "origins", KEYS_SITE, "https://www.example.jp  http://pages.test:8080 https://[::1]:8443", 0, NULL},
    {"site", "origins", KEYS_SITE, "https://example.jp/", 0, "\"https://example.jp/\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "https://Example.jp", 0, "\"https://Example.jp\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "https://example.jp:443", 0, "\"https://example.jp:443\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "http://a.jp ftp://a.jp", 0, "\"http://a.jp ftp://a.jp\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "*", 0, "\"*\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "null", 0, "\"null\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "https://*.example.jp", 0, "\"https://*.example.jp\" " ORIGINS_RIGHT},
    {"site", "origins", KEYS_SITE, "https://u@example.jp", 0, "\"https://u@example.jp\" " ORIGINS_RIGHT},
    {"site", "admin_address", KEYS_SITE, "a@example.jp", 0, NULL},
    {"site", "admin_address", KEYS_SITE, "A <a@example.jp>", 0,
	"\"A <a@example.jp>\" is not a mail address; write an address such as info@example.jp, without a name"},
    {"site", "locale", KEYS_SITE, "ja", 0, NULL},
    {"site", "locale", KEYS_SITE, "de_DE_formal", 0, NULL},
    {"site", "locale", KEYS_SITE, "Japanese", 0, "\"Japanese\" is not a language; write a language such as ja or en_US"},
    {"site", "timezone", KEYS_SITE, "Asia/Tokyo", 0, NULL},
    {"site", "timezone", KEYS_SITE, "UTC", 0, NULL},
    {"site", "timezone", KEYS_SITE, "../../etc/passwd", 0,
	"\"../../etc/passwd\" is not a time zone; write a name such as Asia/Tokyo (package tzdata knows them) or UTC"},
    {"site", "timezone", KEYS_SITE, "Asia/Tokio", 0,
	"\"Asia/Tokio\" is not a time zone; write a name such as Asia/Tokyo (package tzdata knows them) or UTC"},
    {"mail", "from", KEYS_SITE, "example <info@example.jp>", 0, NULL},
    {"mail", "from", KEYS_SITE, "info@localhost", 0, "\"info@localhost\" " MAILBOX_RIGHT},
    {"mail", "from", KEYS_SITE, "用户@example.jp", 0, "\"用户@example.jp\" " MAILBOX_RIGHT},
    {"mail", "bounce_address", KEYS_SITE, "", 0, NULL},
    {"mail", "bounce_address", KEYS_SITE, "bounce@日本語.jp", 0, NULL},
    {"mail", "bounce_address", KEYS_SITE, "用户@example.jp", 0, "\"用户@example.jp\" " SENDER_RIGHT},
    {"site", "admin_address", KEYS_SITE, "用户@example.jp", 0, NULL},
    {"notice", "facts", KEYS_SITE, "off", 0, NULL},
    {"notice", "facts", KEYS_SITE, "yes", 1, NULL},
    {"notice", "facts", KEYS_SITE, "ON", 0, "\"ON\" is not a switch; write on or off"},
    {"site", "own_domains", KEYS_SITE, "", 0, NULL},
    {"site", "own_domains", KEYS_SITE, "none", 0, NULL},
    {"site", "own_domains", KEYS_SITE, "Example.jp  shop.example.com 日本語.jp", 0, NULL},
    {"site", "own_domains", KEYS_SITE, "example.jp, example.com", 0, "\"example.jp, example.com\" " DOMAINS_RIGHT},
    {"site", "own_domains", KEYS_SITE, "jp", 0, "\"jp\" " DOMAINS_RIGHT},
    {"site", "own_domains", KEYS_SITE, "192.0.2.1", 0, "\"192.0.2.1\" " DOMAINS_RIGHT},
    {"site", "own_domains", KEYS_SITE, "none example.jp", 0, "\"none example.jp\" " DOMAINS_RIGHT},
    {"site", "own_domains", KEYS_SITE, "*.example.jp", 0, "\"*.example.jp\" " DOMAINS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "", 0, NULL},
    {"gateway", "dns_servers", KEYS_MAIN, "192.0.2.1", 0, NULL},
    {"gateway", "dns_servers", KEYS_MAIN, "192.0.2.1:53,[2001:db8::1]:5353,2001:db8::1", 0, NULL},
    {"gateway", "dns_servers", KEYS_MAIN, "192.0.2.1:0", 0, "\"192.0.2.1:0\" " SERVERS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "[192.0.2.1]:53", 0, "\"[192.0.2.1]:53\" " SERVERS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "[2001:db8::1]", 0, "\"[2001:db8::1]\" " SERVERS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "dns.example.jp", 0, "\"dns.example.jp\" " SERVERS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "192.0.2.1, 192.0.2.2", 0, "\"192.0.2.1, 192.0.2.2\" " SERVERS_RIGHT},
    {"gateway", "dns_servers", KEYS_MAIN, "192.0.2.1,", 0, "\"192.0.2.1,\" " SERVERS_RIGHT},
    {"mail", "bounce_delimiter", KEYS_SITE, "-", 1, NULL},
    {"mail", "bounce_delimiter", KEYS_SITE, "++", 0, "\"++\" is not a known word; write + or - or = or _ or none"},
    {"reply", "wait", KEYS_SITE, "2d", G_GINT64_CONSTANT(48) * 3600 * G_USEC_PER_SEC, NULL},
    {"reply", "wait", KEYS_SITE, "49h", 0,
	"\"49h\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 1h to 2d"},
    {"reply", "fuse_hour", KEYS_SITE, "0", 0, "\"0\" is not a number; write a number from 1 to 100000"},
    {"form", "reply", KEYS_FORM, "never", 2, NULL},
    {"form", "reply", KEYS_FORM, "always", 0, "\"always\" is not a known word; write confirm or proved or never"},
    {"retention", "submissions", KEYS_SITE, "90d", G_GINT64_CONSTANT(90) * 86400 * G_USEC_PER_SEC, NULL},
    {"retention", "submissions", KEYS_SITE, "12h", G_GINT64_CONSTANT(12) * 3600 * G_USEC_PER_SEC, NULL},
    {"retention", "submissions", KEYS_SITE, "2w", G_GINT64_CONSTANT(14) * 86400 * G_USEC_PER_SEC, NULL},
    {"retention", "submissions", KEYS_SITE, "90", 0,
	"\"90\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 1h to 3650d"},
    {"retention", "submissions", KEYS_SITE, "3651d", 0,
	"\"3651d\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 1h to 3650d"},
    {"retention", "submissions", KEYS_SITE, "99999999999999999999d", 0,
	"\"99999999999999999999d\" is not a duration; write a number and s, m, h, d or w, such as 30d, from 1h to 3650d"},
    {"form", "id", KEYS_FORM, "9223372036854775807", G_MAXINT64, NULL},
    {"form", "id", KEYS_FORM, "0", 0, "\"0\" is not a number; write a whole number from 1"},
    {"form", "title", KEYS_FORM, "a\nb", 0, "\"a\\x0Ab\" is not a line of text; write one line without control characters"},
    {"messages", "spam", KEYS_FORM, "a\nb", 0, NULL},
    {"messages", "spam", KEYS_FORM, "a\rb", 0,
	"\"a\\x0Db\" is not a text; write text without control characters, \\n for a new line"},
};

static void
test_values(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const KeyRow *row = keys_find(cases[i].file, cases[i].group, cases[i].key);
		g_autofree char *problem = NULL;
		gint64 number = -1;
		g_test_message("%s = %s", cases[i].key, cases[i].text);
		g_assert_nonnull(row);
		g_assert_true(keys_read(row, cases[i].text, &number, &problem) == (cases[i].problem == NULL));
		g_assert_cmpstr(problem, ==, cases[i].problem);
		if (problem == NULL)
			g_assert_cmpint(number, ==, cases[i].number);
	}
}

/* Every row can be found, has a help, and its own default passes its own type. */
static void
test_table(void)
{
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	for (gsize i = 0; i < count; i++) {
		g_autofree char *group =
		    g_str_has_suffix(rows[i].group, "*") ? g_strdup("account main") : g_strdup(rows[i].group);
		g_autofree char *problem = NULL;
		gint64 number = 0;
		g_test_message("[%s] %s", rows[i].group, rows[i].key);
		g_assert_cmpuint(rows[i].files, !=, 0);
		g_assert_nonnull(rows[i].help);
		g_assert_null(strchr(rows[i].help, '\n'));
		g_assert_true((rows[i].fallback == NULL) == rows[i].is_required);
		for (guint file = KEYS_MAIN; file <= KEYS_FORM; file <<= 1)
			if ((rows[i].files & file) && strcmp(rows[i].key, "*") != 0)
				g_assert_true(keys_find(file, group, rows[i].key) == &rows[i]);
		if (rows[i].fallback != NULL)
			g_assert_true(keys_read(&rows[i], rows[i].fallback, &number, &problem));
	}
}

static void
test_suggestions(void)
{
	static const struct {
		KeysFile file;
		const char *group;
		const char *key;
		const char *suggestion;
	} near[] = {
	    {KEYS_MAIN, "account main", "prot", "did you mean \"port\"?"},
	    {KEYS_MAIN, "gateway", "data-directory", "did you mean \"data_directory\"?"},
	    {KEYS_FORM, "messages", "invalid_mail", "did you mean \"invalid_email\"?"},
	    {KEYS_SITE, "notice", "x", "[notice] knows facts, per_hour"},
	    {KEYS_FORM, "settings", "a-b", "write a name of letters, digits and \"_\""},
	    {KEYS_MAIN, "getaway", NULL, "did you mean [gateway]?"},
	    {KEYS_MAIN, "smtp", NULL, "this file knows the groups gateway, account NAME"},
	    {KEYS_FORM, "mail2", NULL, "did you mean [mail]?"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(near); i++) {
		g_autofree char *suggestion = near[i].key == NULL ? keys_suggest_group(near[i].file, near[i].group)
								  : keys_suggest_key(near[i].file, near[i].group, near[i].key);
		g_assert_cmpstr(suggestion, ==, near[i].suggestion);
	}
}

static void
test_names(void)
{
	g_autofree char *long_name = g_strnfill(254, 'a');
	g_assert_true(keys_is_name("example.jp"));
	g_assert_true(keys_is_name("a_B-9"));
	g_assert_false(keys_is_name(""));
	g_assert_false(keys_is_name("."));
	g_assert_false(keys_is_name(".."));
	g_assert_false(keys_is_name(".hidden"));
	g_assert_false(keys_is_name("a/b"));
	g_assert_false(keys_is_name("a..b"));
	g_assert_false(keys_is_name("a."));
	g_assert_false(keys_is_name("a b"));
	g_assert_false(keys_is_name("日本"));
	g_assert_false(keys_is_name(long_name));
}

/* Each key of the gate stands in both files, with a default in the one and none in the other. */
static void
test_gate_rows(void)
{
	static const char *const groups[] = {"check", "limit", "captcha", "trap", "links", "sender", "rejected"};
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	for (gsize i = 0; i < count; i++) {
		gboolean is_gate = FALSE;
		for (gsize k = 0; k < G_N_ELEMENTS(groups); k++)
			is_gate = is_gate || strcmp(rows[i].group, groups[k]) == 0;
		if (!is_gate || rows[i].files != KEYS_SITE)
			continue;
		const KeyRow *of_form = keys_find(KEYS_FORM, rows[i].group, rows[i].key);
		g_test_message("[%s] %s", rows[i].group, rows[i].key);
		g_assert_nonnull(of_form);
		g_assert_cmpint(of_form->type, ==, rows[i].type);
		g_assert_cmpint(of_form->maximum, ==, rows[i].maximum);
		g_assert_cmpstr(of_form->fallback, ==, "");
		g_assert_true(g_str_has_suffix(of_form->help, "not given: the site's"));
	}
	for (guint check = 0; check < CHECK_COUNT; check++)
		g_assert_true((keys_find(KEYS_SITE, "check", check_name(check)) != NULL) == (check != CHECK_CONTRACT));
	for (guint tier = 0; tier < RATE_TIERS; tier++)
		g_assert_true((keys_find(KEYS_SITE, "limit", rate_tier_name(tier)) != NULL) == (tier != RATE_REJECTED));
	for (guint service = CAPTCHA_NONE; service <= CAPTCHA_ALTCHA; service++) {
		g_autofree char *problem = NULL;
		gint64 number = -1;
		g_assert_true(
		    keys_read(keys_find(KEYS_SITE, "captcha", "service"), captcha_service_name(service), &number, &problem));
		g_assert_cmpint(number, ==, service);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keys/each type reads what it should and says what would be right", test_values);
	g_test_add_func("/keys/every row can be found and its default is right", test_table);
	g_test_add_func("/keys/a slip of the finger gets the word that was meant", test_suggestions);
	g_test_add_func("/keys/only file names are names", test_names);
	g_test_add_func("/keys/rows of the gate", test_gate_rows);
	return g_test_run();
}
