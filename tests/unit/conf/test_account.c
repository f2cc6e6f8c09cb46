/*
 * SMTP accounts: their keys, which of them go together, and the order in which a site uses them.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "conf/account.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/conf/config.h"
#include "tree.h"

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER_PIN "sha256//AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* The site's first account, when site.conf has these lines in [account main]. */
static Site *
load_site(const char *tree, const char *lines)
{
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	g_autofree char *text = g_strconcat(tree_site_conf, "[account main]\n", lines, NULL);
	g_autoptr(GError) error = NULL;
	tree_write(tree, "sites/example.jp/site.conf", text);
	g_autoptr(Config) config = config_load(path, &error);
	g_assert_no_error(error);
	Site *site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	return site;
}

static void
test_defaults(void)
{
	char *tree = tree_new();
	g_autoptr(Site) site = load_site(tree, "host = smtp.example.jp\n");
	const Account *account = site_account(site);
	g_assert_cmpuint(account->port, ==, 587);
	g_assert_cmpint(account->security, ==, ACCOUNT_STARTTLS);
	g_assert_cmpint(account->transport, ==, ACCOUNT_AUTO);
	g_assert_cmpint(account->login, ==, ACCOUNT_PASSWORD);
	g_assert_cmpstr(account->user, ==, "");
	g_assert_cmpstr(account->password_file, ==, "");
	g_assert_cmpstr(account->token_file, ==, "");
	g_assert_cmpstr(account->token_command, ==, "");
	g_assert_cmpstr(account->ca_file, ==, "");
	g_assert_cmpstr(account->pins, ==, "");
	g_assert_cmpstr(account->hello, ==, "");
	g_assert_cmpuint(account->connections, ==, 2);
	g_assert_cmpuint(account->rate.count, ==, 0);
	tree_free(tree);
}

static void
test_every_key(void)
{
	char *tree = tree_new();
	g_autofree char *token = tree_path(tree, "sites/example.jp/token");
	g_autofree char *authority = tree_path(tree, "sites/example.jp/ca.pem");
	g_autoptr(Site) site = load_site(tree,
	    "host = 2001:db8::25\nsecurity = tls\ntransport = curl\nlogin = xoauth2\nuser = info@example.jp\ntoken_file = token\n"
	    "ca_file = ca.pem\npins = " PIN "  " OTHER_PIN "\nhello = www.example.jp\nconnections = 8\nrate = 500/1d burst 20\n");
	const Account *account = site_account(site);
	g_assert_cmpstr(account->name, ==, "main");
	g_assert_cmpstr(account->host, ==, "2001:db8::25");
	g_assert_cmpuint(account->port, ==, 465);
	g_assert_cmpint(account->security, ==, ACCOUNT_TLS);
	g_assert_cmpint(account->transport, ==, ACCOUNT_CURL);
	g_assert_cmpint(account->login, ==, ACCOUNT_XOAUTH2);
	g_assert_cmpstr(account->user, ==, "info@example.jp");
	g_assert_cmpstr(account->token_file, ==, token);
	g_assert_cmpstr(account->ca_file, ==, authority);
	g_assert_cmpstr(account->pins, ==, PIN ";" OTHER_PIN);
	g_assert_cmpstr(account->hello, ==, "www.example.jp");
	g_assert_cmpuint(account->connections, ==, 8);
	g_assert_cmpuint(account->rate.count, ==, 500);
	g_assert_cmpint(account->rate.period_us, ==, G_TIME_SPAN_DAY);
	g_assert_cmpuint(account->rate.burst, ==, 20);
	tree_free(tree);
}

static void
test_port_follows_security(void)
{
	static const struct {
		const char *lines;
		guint16 port;
	} rows[] = {{"security = tls\n", 465}, {"security = starttls\n", 587}, {"security = plain-loopback\n", 587},
	    {"security = tls\nport = 10465\n", 10465}, {"port = 25\n", 25}};
	char *tree = tree_new();
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *lines = g_strconcat("host = ::1\n", rows[i].lines, NULL);
		g_autoptr(Site) site = load_site(tree, lines);
		g_assert_cmpuint(site_account(site)->port, ==, rows[i].port);
	}
	tree_free(tree);
}

/* --- Which keys go together ------------------------------------------------------------------------------------------------- */

#define CLEAR_HOST                                                                                                               \
	"plain-loopback would send mail and password in clear over the network; write starttls or tls, or host = 127.0.0.1, "    \
	"::1 or localhost"
#define CLEAR_PINS                                                                                                               \
	"would be looked at by nobody, because with plain-loopback no server shows a key; write security = starttls or tls, or " \
	"take pins out"

/* [account a] in sekisho.conf, and its problems, the first line of the group being 1. */
static const struct {
	const char *name;
	const char *lines;
	const char *problems;
} combinations[] = {
    {"a token in a file", "host = h.example\nlogin = xoauth2\nuser = u\ntoken_file = t\n", NULL},
    {"a token of a command, over TLS", "host = h.example\nsecurity = tls\nlogin = xoauth2\nuser = u\ntoken_command = t\n", NULL},
    {"esmtp with a password", "host = h.example\ntransport = esmtp\nuser = u\npassword_file = p\npins = " PIN "\n", NULL},
    {"a password in clear, to ourselves", "host = ::1\nsecurity = plain-loopback\nuser = u\npassword_file = p\n", NULL},
    {"in clear to another machine", "host = h.example\nsecurity = plain-loopback\n", "3: [account a] security: " CLEAR_HOST},
    {"pins that nobody looks at", "host = localhost\nsecurity = plain-loopback\npins = " PIN "\n",
	"4: [account a] pins: " CLEAR_PINS},
    {"a user without password", "host = h.example\nuser = u\n",
	"3: [account a] user: has no password; write password_file = PATH too"},
    {"a password without user", "host = h.example\npassword_file = p\n",
	"3: [account a] password_file: has no user; write user = NAME too"},
    {"a token file without xoauth2", "host = h.example\nuser = u\ntoken_file = t\n",
	"4: [account a] token_file: is for login = xoauth2 alone; write that too, or take token_file out"},
    {"a token command beside a password", "host = h.example\nuser = u\npassword_file = p\ntoken_command = t\n",
	"5: [account a] token_command: is for login = xoauth2 alone; write that too, or take token_command out"},
    {"xoauth2 without user", "host = h.example\nlogin = xoauth2\ntoken_file = t\n",
	"3: [account a] login: xoauth2 needs the name of the mailbox that the token is for; write user = NAME too"},
    {"xoauth2 without token", "host = h.example\nuser = u\nlogin = xoauth2\n",
	"4: [account a] login: xoauth2 has no token; write token_file = PATH or token_command = PATH too"},
    {"two tokens", "host = h.example\nuser = u\nlogin = xoauth2\ntoken_file = t\ntoken_command = c\n",
	"6: [account a] token_command: stands beside token_file; keep one of the two"},
    {"a password for xoauth2", "host = h.example\nuser = u\nlogin = xoauth2\ntoken_file = t\npassword_file = p\n",
	"6: [account a] password_file: is for login = password alone; write that, or take password_file out"},
    {"esmtp from the first byte", "host = h.example\ntransport = esmtp\nsecurity = tls\n",
	"3: [account a] transport: esmtp cannot encrypt from the first byte; write transport = auto, or security = starttls"},
    {"esmtp with a token", "host = h.example\ntransport = esmtp\nlogin = xoauth2\nuser = u\ntoken_file = t\n",
	"3: [account a] transport: esmtp cannot log in with a token; write transport = auto, or login = password"},
    {"esmtp to IPv6", "host = 2001:db8::25\ntransport = esmtp\n",
	"3: [account a] transport: esmtp cannot connect to an IPv6 address; write transport = auto, or the server's name as "
	"host"},
    {"all that is wrong is said at once",
	"host = h.example\ntransport = esmtp\nsecurity = plain-loopback\nlogin = xoauth2\npins = " PIN "\n",
	"4: [account a] security: " CLEAR_HOST "\n~/sekisho.conf:6: [account a] pins: " CLEAR_PINS
	"\n~/sekisho.conf:3: [account a] transport: esmtp cannot log in with a token; write transport = auto, or login = password"
	"\n~/sekisho.conf:5: [account a] login: xoauth2 needs the name of the mailbox that the token is for; write user = NAME "
	"too"
	"\n~/sekisho.conf:5: [account a] login: xoauth2 has no token; write token_file = PATH or token_command = PATH too"},
};

/* What config_load says of a main file that has but this account; NULL if nothing. The caller's. */
static char *
problems_of(const char *tree, const char *lines)
{
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	g_autofree char *text = g_strconcat("[account a]\n", lines, NULL);
	g_autoptr(GError) error = NULL;
	tree_write(tree, "sekisho.conf", text);
	g_autoptr(Config) config = config_load(path, &error);
	g_assert_true((config == NULL) == (error != NULL));
	return error == NULL ? NULL : tree_message(tree, error);
}

static void
test_combinations(void)
{
	char *tree = tree_new();
	for (gsize i = 0; i < G_N_ELEMENTS(combinations); i++) {
		g_test_message("%s", combinations[i].name);
		g_autofree char *said = problems_of(tree, combinations[i].lines);
		g_autofree char *expected =
		    combinations[i].problems == NULL ? NULL : g_strconcat("~/sekisho.conf:", combinations[i].problems, NULL);
		g_assert_cmpstr(said, ==, expected);
	}
	tree_free(tree);
}

/* The words of each key, and for keys that are given or not, both. */
enum { SECURITY, TRANSPORT, LOGIN, HOST, USER, PASSWORD, TOKEN, COMMAND, PINS, KEYS };
static const char *const choices[KEYS][4] = {
    [SECURITY] = {"security = starttls\n", "security = tls\n", "security = plain-loopback\n"},
    [TRANSPORT] = {"transport = auto\n", "transport = curl\n", "transport = esmtp\n"},
    [LOGIN] = {"login = password\n", "login = xoauth2\n"},
    [HOST] = {"host = smtp.example.jp\n", "host = ::1\n"},
    [USER] = {"", "user = u\n"},
    [PASSWORD] = {"", "password_file = p\n"},
    [TOKEN] = {"", "token_file = t\n"},
    [COMMAND] = {"", "token_command = c\n"},
    [PINS] = {"", "pins = " PIN "\n"},
};

/* The rules as the README has them, written once more and otherwise. */
static gboolean
is_right(const guint chosen[KEYS])
{
	if (chosen[SECURITY] == 2 && (chosen[HOST] == 0 || chosen[PINS] == 1))
		return FALSE;
	if (chosen[TRANSPORT] == 2 && (chosen[SECURITY] == 1 || chosen[LOGIN] == 1 || chosen[HOST] == 1))
		return FALSE;
	if (chosen[LOGIN] == 1)
		return chosen[USER] == 1 && chosen[PASSWORD] == 0 && chosen[TOKEN] + chosen[COMMAND] == 1;
	return chosen[USER] == chosen[PASSWORD] && chosen[TOKEN] + chosen[COMMAND] == 0;
}

/* Moves on like a counter; FALSE after the last. */
static gboolean
next_choice(guint chosen[KEYS])
{
	for (guint key = 0; key < KEYS; key++) {
		if (choices[key][++chosen[key]] != NULL)
			return TRUE;
		chosen[key] = 0;
	}
	return FALSE;
}

static void
test_all_combinations(void)
{
	guint chosen[KEYS] = {0};
	guint right = 0, all = 0;
	do {
		g_autoptr(GString) lines = g_string_new("[account a]\n");
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		for (guint key = 0; key < KEYS; key++)
			g_string_append(lines, choices[key][chosen[key]]);
		g_autoptr(GBytes) content = g_bytes_new(lines->str, lines->len);
		g_autoptr(Settings) settings = settings_parse("f", KEYS_MAIN, content, problems);
		g_autoptr(GHashTable) accounts = account_read_all(settings, problems);
		g_assert_cmpuint(g_hash_table_size(accounts), ==, 1);
		if ((problems->len == 0) != is_right(chosen))
			g_error("%s is said to be %s", lines->str,
			    problems->len == 0 ? "right" : (const char *)g_ptr_array_index(problems, 0));
		right += problems->len == 0;
		all++;
	} while (next_choice(chosen));
	g_assert_cmpuint(all, ==, 3 * 3 * 2 * 2 * 2 * 2 * 2 * 2 * 2);
	g_assert_cmpuint(right, >, 0);
}

/* --- Several accounts ---------------------------------------------------------------------------------------------------------- */

static const char main_conf[] = "[gateway]\nlisten = ./s.sock\n[account main]\nhost = shared.example.jp\n"
				"[account backup]\nhost = backup.example.jp\n";
static const char site_head[] = "[site]\nurl = https://example.jp/\nadmin_address = owner@example.jp\n[mail]\n"
				"from = info@example.jp\n";

static void
test_order(void)
{
	static const struct {
		const char *lines;
		const char *hosts; /* NULL: the site cannot be used */
	} rows[] = {
	    {"account = main\n", "shared.example.jp"},
	    {"account = main backup\n", "shared.example.jp backup.example.jp"},
	    {"account = backup   main\n", "backup.example.jp shared.example.jp"},
	    {"account = main backup main\n", "shared.example.jp backup.example.jp"},
	    {"account = own main\n[account own]\nhost = own.example.jp\n", "own.example.jp shared.example.jp"},
	    {"account = backup main\n[account main]\nhost = own.example.jp\n", "backup.example.jp own.example.jp"},
	    {"account = main mian\n", NULL},
	    {"account = main, backup\n", NULL},
	    {"account = \n", NULL},
	};
	char *tree = tree_new();
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	tree_write(tree, "sekisho.conf", main_conf);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(site_head, rows[i].lines, NULL);
		g_autoptr(GString) hosts = g_string_new(NULL);
		tree_write(tree, "sites/example.jp/site.conf", text);
		g_autoptr(Config) config = config_load(path, NULL);
		g_autoptr(Site) site = config_site(config, "example.jp", NULL);
		g_test_message("%s", rows[i].lines);
		for (guint k = 0; site != NULL && k < site->accounts->len; k++)
			g_string_append_printf(
			    hosts, "%s%s", k > 0 ? " " : "", ((const Account *)site->accounts->pdata[k])->host);
		g_assert_true((site == NULL) == (rows[i].hosts == NULL));
		g_assert_cmpstr(hosts->str, ==, rows[i].hosts == NULL ? "" : rows[i].hosts);
	}
	tree_free(tree);
}

/* Each key makes another account of it, but not its name. */
static void
test_identity(void)
{
	static const char *const changes[] = {"host = other.example.jp\n", "port = 25\n", "security = tls\n",
	    "transport = curl\n", "user = v\npassword_file = p\n", "user = u\npassword_file = q\n",
	    "login = xoauth2\nuser = u\ntoken_file = t\n", "login = xoauth2\nuser = u\ntoken_command = t\n", "ca_file = c\n",
	    "pins = " PIN "\n", "hello = h.example\n", "connections = 3\n", "rate = 5/1h\n", "rate = 5/1d\n",
	    "rate = 5/1h burst 2\n"};
	char *tree = tree_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		const char *host = g_str_has_prefix(changes[i], "host") ? "" : "host = smtp.example.jp\n";
		g_autofree char *lines = g_strconcat(host, changes[i], NULL);
		g_autoptr(Site) site = load_site(tree, lines);
		g_autoptr(Site) again = load_site(tree, lines);
		g_autofree char *identity = account_identity(site_account(site));
		g_autofree char *same = account_identity(site_account(again));
		g_assert_cmpstr(identity, ==, same);
		g_assert_true(g_hash_table_add(seen, g_steal_pointer(&identity)));
	}
	tree_free(tree);
}

/* --- Secrets -------------------------------------------------------------------------------------------------------------------- */

static void
test_tokens(void)
{
	g_autofree char *longest = g_strnfill(LIMIT_TOKEN_BYTES, 'a');
	g_autofree char *longer = g_strnfill(LIMIT_TOKEN_BYTES + 1, 'a');
	g_assert_true(account_is_token("ya29.a0AfH6-_~+/=="));
	g_assert_true(account_is_token(longest));
	g_assert_false(account_is_token(longer));
	g_assert_false(account_is_token(""));
	g_assert_false(account_is_token("Bearer abc"));
	g_assert_false(account_is_token("a\001auth"));
	g_assert_false(account_is_token("a\r"));
	g_assert_false(account_is_token("ト"));
}

/* The secret is in the file that the login names, and an exposed file is none. */
static void
test_secret(void)
{
	char *tree = tree_new();
	g_autofree char *password_file = tree_path(tree, "p");
	g_autofree char *token_file = tree_path(tree, "t");
	Account account = {.user = (char *)"u", .password_file = password_file, .token_file = token_file};
	g_autoptr(GError) exposed = NULL, no_token = NULL;
	tree_write(tree, "p", "pass word\n");
	tree_write(tree, "t", "token\n");
	g_assert_cmpint(g_chmod(password_file, 0600), ==, 0);
	g_assert_cmpint(g_chmod(token_file, 0640), ==, 0);
	char *secret = account_secret(&account, NULL);
	g_assert_cmpstr(secret, ==, "pass word");
	password_free(secret);
	account.login = ACCOUNT_XOAUTH2;
	secret = account_secret(&account, NULL);
	g_assert_cmpstr(secret, ==, "token");
	password_free(secret);
	g_assert_cmpint(g_chmod(token_file, 0644), ==, 0);
	g_assert_null(account_secret(&account, &exposed));
	g_assert_error(exposed, BASE_ERROR, BASE_ERROR_EXPOSED);
	tree_write(tree, "t", "Bearer verysecret\n");
	g_assert_cmpint(g_chmod(token_file, 0600), ==, 0);
	g_assert_null(account_secret(&account, &no_token));
	g_assert_error(no_token, BASE_ERROR, BASE_ERROR_IO);
	g_assert_null(strstr(no_token->message, "verysecret"));
	/* A command is asked by whoever logs in. */
	account.token_file = (char *)"";
	secret = account_secret(&account, NULL);
	g_assert_cmpstr(secret, ==, "");
	password_free(secret);
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/account/what is not given", test_defaults);
	g_test_add_func("/account/every key is read", test_every_key);
	g_test_add_func("/account/the port follows the security", test_port_follows_security);
	g_test_add_func("/account/what does not go together says what would", test_combinations);
	g_test_add_func("/account/all combinations of keys", test_all_combinations);
	g_test_add_func("/account/a site's accounts in their order", test_order);
	g_test_add_func("/account/accounts that may share a session", test_identity);
	g_test_add_func("/account/what can be a token", test_tokens);
	g_test_add_func("/account/the secret comes from the login's file", test_secret);
	return g_test_run();
}
