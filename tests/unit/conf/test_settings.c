/*
 * One INI file against the table of keys: every kind of problem with its exact line.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/conf/settings.h"

static Settings *
parse(KeysFile file, const char *text, GPtrArray *problems)
{
	g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
	return settings_parse("/etc/s/f.conf", file, content, problems);
}

/* A text, and every problem it has, one per line and in order; "" if it has none. */
static const struct {
	const char *name;
	KeysFile file;
	const char *text;
	const char *problems;
} cases[] = {
    {"defaults need no file", KEYS_MAIN, "", ""},
    {"comments, blank lines, white space and CR LF", KEYS_MAIN, "# c\r\n\r\n  [gateway]  \r\n\t# c\n  workers\t=  8  \r\n", ""},
    {"a byte order mark is skipped", KEYS_MAIN, "\xEF\xBB\xBF[gateway]\nworkers = 8\n", ""},
    {"an unknown key", KEYS_MAIN, "[gateway]\nworker = 8\n",
	"/etc/s/f.conf:2: [gateway] worker: unknown key; did you mean \"workers\"?"},
    {"an unknown group is said once", KEYS_MAIN, "[gatway]\nworkers = 8\nx = 1\n",
	"/etc/s/f.conf:1: [gatway]: unknown group; did you mean [gateway]?"},
    {"a bad value", KEYS_MAIN, "[gateway]\n\nworkers = many\n",
	"/etc/s/f.conf:3: [gateway] workers: \"many\" is not a number; write a number from 1 to 64"},
    {"a repeated key, the first line counts", KEYS_MAIN, "[gateway]\nworkers = 8\nworkers = 9\n",
	"/etc/s/f.conf:3: [gateway] workers: this key stands in line 2 already; keep one of them"},
    {"a repeated group", KEYS_MAIN, "[gateway]\nworkers = 8\n[gateway]\ngroup = g\nworkers = 9\n",
	"/etc/s/f.conf:3: [gateway]: this group stands in line 1 already; keep one of them\n"
	"/etc/s/f.conf:5: [gateway] workers: this key stands in line 2 already; keep one of them"},
    {"a setting before the first group", KEYS_MAIN, "workers = 8\n",
	"/etc/s/f.conf:1: a setting before the first group; put it below a line [GROUP]"},
    {"a line that is nothing", KEYS_MAIN, "[gateway]\nworkers 8\n",
	"/etc/s/f.conf:2: [gateway]: \"workers 8\" is not a setting; write KEY = VALUE, [GROUP] or # COMMENT"},
    {"a comment of another language", KEYS_MAIN, "[gateway]\n; eight\n",
	"/etc/s/f.conf:2: [gateway]: \"; eight\" is not a setting; a comment begins with #"},
    {"a group without its end", KEYS_MAIN, "[gateway\nworkers = 8\n",
	"/etc/s/f.conf:1: is not a group; write [NAME] alone in its line\n"
	"/etc/s/f.conf:2: a setting before the first group; put it below a line [GROUP]"},
    {"a localised key", KEYS_SITE,
	"[site]\nurl = https://e.jp\nadmin_address = a@e.jp\ntitle[ja] = x\n[mail]\nfrom = a@e.jp\naccount = m\n",
	"/etc/s/f.conf:4: [site]: \"title[ja] = x\" is not a setting; write KEY = VALUE, [GROUP] or # COMMENT"},
    {"an escape that does not exist", KEYS_FORM, "[form]\nid = 1\ntitle = C:\\dir\n",
	"/etc/s/f.conf:3: [form] title: has an escape that does not exist; write \\\\ for a backslash; \\s \\n \\t \\r are the "
	"others"},
    {"escape sequences of a terminal are shown, not sent", KEYS_MAIN, "[gateway]\n\033[2Jx = 1\n",
	"/etc/s/f.conf:2: [gateway]: \"\\x1B[2Jx = 1\" is not a setting; write KEY = VALUE, [GROUP] or # COMMENT"},
    {"a missing key in a group, and missing groups", KEYS_SITE, "\n[site]\nurl = https://example.jp\n",
	"/etc/s/f.conf:2: [site] admin_address: is missing; write admin_address = VALUE: The owner's mail address, "
	"[_site_admin_email]\n"
	"/etc/s/f.conf:1: [mail] from: is missing; write from = VALUE: Our sender in every mail: an address that the account may "
	"send for\n"
	"/etc/s/f.conf:1: [mail] account: is missing; write account = VALUE: The [account NAME] to send with, of this file or of "
	"sekisho.conf; several, separated by spaces: the next one while one fails"},
    {"a required key that is empty", KEYS_FORM, "[form]\nid =\n",
	"/etc/s/f.conf:2: [form] id: is empty; write a whole number from 1"},
    {"an account without its host", KEYS_MAIN, "[account a]\n",
	"/etc/s/f.conf:1: [account a] host: is missing; write host = VALUE: SMTP server; its certificate must carry this name"},
    {"an account without a name", KEYS_MAIN, "[account ]\n",
	"/etc/s/f.conf:1: [account ]: unknown group; this file knows the groups gateway, account NAME"},
    {"a key of another file", KEYS_FORM, "[form]\nid = 1\n[retention]\nsubmissions = 1d\n",
	"/etc/s/f.conf:3: [retention]: unknown group; this file knows the groups form, mail, mail_2, messages, settings, check, "
	"limit, captcha, trap, links, sender, rejected"},
    {"everything at once", KEYS_MAIN, "[gateway]\nworkers = 0\nlisten = :80\nlsiten = x\n",
	"/etc/s/f.conf:4: [gateway] lsiten: unknown key; did you mean \"listen\"?\n"
	"/etc/s/f.conf:2: [gateway] workers: \"0\" is not a number; write a number from 1 to 64\n"
	"/etc/s/f.conf:3: [gateway] listen: \":80\" is not a socket; write a path with \"/\", 127.0.0.1:PORT or [::1]:PORT: "
	"FastCGI must not "
	"leave the machine"},
};

static char *
join(const GPtrArray *problems)
{
	GString *lines = g_string_new(NULL);
	for (guint i = 0; i < problems->len; i++)
		g_string_append_printf(lines, "%s%s", i == 0 ? "" : "\n", (const char *)g_ptr_array_index(problems, i));
	return g_string_free(lines, FALSE);
}

static void
test_problems(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(Settings) settings = parse(cases[i].file, cases[i].text, problems);
		g_assert_nonnull(settings);
		g_autofree char *lines = join(problems);
		g_test_message("%s", cases[i].name);
		g_assert_cmpstr(lines, ==, cases[i].problems);
	}
}

static void
test_bytes(void)
{
	static const char nul[] = "[gateway]\nworkers = 8\0\n";
	static const char latin[] = "[gateway]\n\n# caf\xE9\nworkers = 8\n";
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) with_nul = g_bytes_new_static(nul, sizeof nul - 1);
	g_autoptr(GBytes) with_latin = g_bytes_new_static(latin, sizeof latin - 1);
	g_autoptr(GBytes) large = g_bytes_new_take(g_strnfill(LIMIT_CONFIG_FILE_BYTES + 1, '#'), LIMIT_CONFIG_FILE_BYTES + 1);
	g_autoptr(Settings) first = settings_parse("f", KEYS_SITE, with_nul, problems);
	g_autoptr(Settings) second = settings_parse("f", KEYS_SITE, with_latin, problems);
	g_autoptr(Settings) third = settings_parse("f", KEYS_SITE, large, problems);
	g_assert_true(first != NULL && second != NULL && third != NULL);
	g_autofree char *lines = join(problems);
	g_assert_cmpstr(lines, ==,
	    "f:2: holds a NUL byte; save it as a text file in UTF-8\n"
	    "f:3: is not UTF-8; save it as a text file in UTF-8\n"
	    "f:1: is too large; keep it within 262144 bytes");
	g_assert_cmpint(settings_number(first, "notice", "facts"), ==, 1);
}

static void
test_values(void)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = parse(KEYS_MAIN,
	    "[gateway]\ndata_directory = ../data\nlisten = run/s.sock\n[account b]\nhost = b.example\nuser = \\sa\\\\b\\s "
	    "\n[account a]\nhost = 127.0.0.1\n",
	    problems);
	g_autofree char *data = settings_path(settings, "gateway", "data_directory");
	g_autofree char *listen = settings_path(settings, "gateway", "listen");
	g_autofree char *sites = settings_path(settings, "gateway", "sites_directory");
	g_autofree char *keys = settings_path(settings, "gateway", "key_directory");
	g_autoptr(GPtrArray) accounts = settings_groups(settings, "account ");
	g_assert_cmpuint(problems->len, ==, 0);
	g_assert_cmpstr(data, ==, "/etc/data");
	g_assert_cmpstr(listen, ==, "/etc/s/run/s.sock");
	g_assert_cmpstr(sites, ==, "/etc/s/sites");
	g_assert_cmpstr(keys, ==, "/etc/sekisho/keys");
	g_assert_cmpuint(accounts->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(accounts, 0), ==, "account b");
	g_assert_cmpstr(settings_text(settings, "account b", "user"), ==, " a\\b ");
	g_assert_cmpint(settings_number(settings, "account b", "port"), ==, 0);
	g_assert_cmpint(settings_number(settings, "account b", "connections"), ==, 2);
	g_assert_true(settings_is_set(settings, "account b", "user"));
	g_assert_false(settings_is_set(settings, "account b", "port"));
}

static void
test_free_groups(void)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = parse(KEYS_FORM, "[form]\nid = 4\n[settings]\nskip_mail = on\nmy_own = x\n", problems);
	g_autoptr(GPtrArray) keys = settings_keys(settings, "settings");
	g_assert_cmpuint(problems->len, ==, 0);
	g_assert_cmpuint(keys->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(keys, 1), ==, "my_own");
	g_assert_cmpstr(settings_text(settings, "settings", "my_own"), ==, "x");
}

static void
test_unreadable(void)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) folder = NULL;
	g_assert_null(settings_read("/nowhere/f.conf", KEYS_MAIN, problems, &missing));
	g_assert_error(missing, CONF_ERROR, CONF_ERROR_UNREADABLE);
	g_assert_null(settings_read("/", KEYS_MAIN, problems, &folder));
	g_assert_error(folder, CONF_ERROR, CONF_ERROR_UNREADABLE);
	g_assert_cmpuint(problems->len, ==, 0);
}

static void
test_dump(void)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) settings = parse(KEYS_SITE,
	    "[site]\ntitle = \\s山 \\\\ \\n\\s\nurl = https://example.jp\nadmin_address = a@example.jp\nlist_separator = "
	    "\\s/\\s\n"
	    "[mail]\nfrom = \"a, b\" <a@example.jp>\naccount = main\n[account main]\nhost = 127.0.0.1\npassword_file = p\n",
	    problems);
	/* The title has a line feed, which is refused: a dump must not lean on values that are wrong. */
	g_assert_cmpuint(problems->len, ==, 1);
	g_autofree char *dump = settings_dump(settings);
	g_autoptr(GPtrArray) later = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Settings) again = parse(KEYS_SITE, dump, later);
	g_autofree char *second = settings_dump(again);
	g_assert_cmpuint(later->len, ==, 0);
	g_assert_cmpstr(second, ==, dump);
	g_assert_cmpstr(settings_text(again, "site", "list_separator"), ==, " / ");
	g_assert_cmpstr(settings_text(again, "mail", "from"), ==, "\"a, b\" <a@example.jp>");
	g_assert_cmpstr(settings_text(again, "account main", "password_file"), ==, "/etc/s/p");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/each kind of problem has its line", test_problems);
	g_test_add_func("/settings/a file that is no text is refused whole", test_bytes);
	g_test_add_func("/settings/values, defaults and paths", test_values);
	g_test_add_func("/settings/free groups keep the order of the file", test_free_groups);
	g_test_add_func("/settings/what cannot be read is an error, not a problem", test_unreadable);
	g_test_add_func("/settings/a dump reads back to the same values", test_dump);
	return g_test_run();
}
