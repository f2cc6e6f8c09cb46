/*
 * What `sekisho check` says of the files and programs that accounts and alarms name.
 */
#include <glib/gstdio.h>

#include "sekisho/conf/config.h"
#include "tree.h"

/* A file below the tree, and what it is said to be; its text is that of a token. */
static const struct {
	const char *name;
	const char *lines;
	const char *text; /* of "f"; NULL: it is not there */
	guint mode;
	const char *problems; /* behind "~/sites/example.jp/site.conf:"; "" = none */
} files[] = {
    {"a good token", "login = xoauth2\nuser = u\ntoken_file = ../../f\n", "abc\n", 0600, ""},
    {"no token", "login = xoauth2\nuser = u\ntoken_file = ../../f\n", NULL, 0,
	"13: [account main] token_file: cannot open ~/f: No such file or directory"},
    {"a token that all can read", "login = xoauth2\nuser = u\ntoken_file = ../../f\n", "abc\n", 0604,
	"13: [account main] token_file: ~/f has mode 0604, which gives rights to others; run: chmod 0600 '~/f'"},
    {"a token that is none", "login = xoauth2\nuser = u\ntoken_file = ../../f\n", "Bearer abc\n", 0600,
	"13: [account main] token_file: ~/f holds no token: it must be one word of at most 16384 ASCII characters, without "
	"\"Bearer\" before it"},
    {"a program", "login = xoauth2\nuser = u\ntoken_command = ../../f\n", "#!/bin/sh\n", 0755, ""},
    {"no program", "login = xoauth2\nuser = u\ntoken_command = ../../f\n", NULL, 0,
	"13: [account main] token_command: there is no such program; write the path of one, or nothing"},
    {"a folder", "login = xoauth2\nuser = u\ntoken_command = ../..\n", NULL, 0,
	"13: [account main] token_command: there is no such program; write the path of one, or nothing"},
    {"a program that cannot run", "login = xoauth2\nuser = u\ntoken_command = ../../f\n", "#!/bin/sh\n", 0644,
	"13: [account main] token_command: ~/f is not executable; run: chmod +x '~/f'"},
    {"a program that the group can change", "login = xoauth2\nuser = u\ntoken_command = ../../f\n", "#!/bin/sh\n", 0775,
	"13: [account main] token_command: ~/f has mode 0775, so others than its owner can change what runs; run: chmod go-w "
	"'~/f'"},
    {"a program that all can change", "login = xoauth2\nuser = u\ntoken_command = ../../f\n", "#!/bin/sh\n", 0757,
	"13: [account main] token_command: ~/f has mode 0757, so others than its owner can change what runs; run: chmod go-w "
	"'~/f'"},
    {"no certificates", "ca_file = ../../f\n", NULL, 0,
	"11: [account main] ca_file: ~/f cannot be read; write the path of a file with certificates in PEM"},
    {"STARTTLS on 465", "port = 465\n", NULL, 0,
	"w11: [account main] port: servers encrypt from the first byte on port 465; write security = tls, or port = 587"},
    {"TLS on 587", "port = 587\nsecurity = tls\n", NULL, 0,
	"w11: [account main] port: servers begin in clear on port 587; write security = starttls, or port = 465"},
    {"TLS on 25", "port = 25\nsecurity = tls\n", NULL, 0,
	"w11: [account main] port: servers begin in clear on port 25; write security = starttls, or port = 465"},
    {"TLS on a port of its own", "port = 10465\nsecurity = tls\n", NULL, 0, ""},
};

static char *
check_site(const char *tree)
{
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_load(path, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	config_check_site(config, "example.jp", problems);
	return tree_problems(tree, problems);
}

static void
test_files(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		char *tree = tree_new();
		g_autofree char *file = tree_path(tree, "f");
		g_autofree char *text =
		    g_strconcat(tree_site_conf, "[account main]\nhost = smtp.example.jp\n", files[i].lines, NULL);
		const gboolean is_warning = files[i].problems[0] == 'w';
		tree_write(tree, "sites/example.jp/site.conf", text);
		if (files[i].text != NULL)
			tree_write(tree, "f", files[i].text);
		if (files[i].text != NULL)
			g_assert_cmpint(g_chmod(file, (int)files[i].mode), ==, 0);
		g_autofree char *said = check_site(tree);
		g_autofree char *expected = files[i].problems[0] == '\0'
						? g_strdup("")
						: g_strconcat(is_warning ? "warning: " : "",
						      "~/sites/example.jp/site.conf:", files[i].problems + is_warning, NULL);
		g_test_message("%s", files[i].name);
		g_assert_cmpstr(said, ==, expected);
		tree_free(tree);
	}
}

/* A fallback's files are looked at as well, and are said to be wrong where the account stands. */
static void
test_every_account_is_checked(void)
{
	char *tree = tree_new();
	tree_write(tree, "sekisho.conf",
	    "[account main]\nhost = smtp.example.jp\n[account backup]\nhost = b.example.jp\nuser = u\npassword_file = nowhere\n");
	tree_write(tree, "sites/example.jp/site.conf",
	    "[site]\nurl = https://example.jp/\nadmin_address = owner@example.jp\n[mail]\nfrom = info@example.jp\n"
	    "account = main own backup\n[account own]\nhost = h\nca_file = x\n");
	g_autofree char *said = check_site(tree);
	g_assert_cmpstr(said, ==,
	    "~/sites/example.jp/site.conf:9: [account own] ca_file: ~/sites/example.jp/x cannot be read; write the path of a "
	    "file "
	    "with certificates in PEM\n"
	    "~/sekisho.conf:6: [account backup] password_file: cannot open ~/nowhere: No such file or directory");
	tree_free(tree);
}

static void
test_alarms(void)
{
	char *tree = tree_new();
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	g_autofree char *program = tree_path(tree, "tell");
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	tree_write(tree, "sekisho.conf", "[gateway]\nalarm_command = tell\n");
	tree_write(tree, "tell", "#!/bin/sh\n");
	g_autoptr(Config) config = config_load(path, NULL);
	g_assert_cmpint(g_chmod(program, 0722), ==, 0);
	config_check_alarms(config, problems);
	g_autofree char *said = tree_problems(tree, problems);
	g_assert_cmpstr(said, ==,
	    "~/sekisho.conf:2: [gateway] alarm_command: ~/tell has mode 0722, so others than its owner can change what runs; "
	    "run: "
	    "chmod go-w '~/tell'");
	/* Who can write a folder above it can put another file there. */
	g_autoptr(GPtrArray) above = g_ptr_array_new_with_free_func(g_free);
	g_assert_cmpint(g_chmod(program, 0755), ==, 0);
	g_assert_cmpint(g_chmod(tree, 0770), ==, 0);
	config_check_alarms(config, above);
	g_autofree char *of_folder = tree_problems(tree, above);
	g_assert_cmpstr(of_folder, ==,
	    "~/sekisho.conf:2: [gateway] alarm_command: ~/tell lies in a folder that others than its owner can write, so they "
	    "can "
	    "change what runs; run: chmod go-w '~'");
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/account_files/files that an account names", test_files);
	g_test_add_func("/account_files/every account of a site is checked", test_every_account_is_checked);
	g_test_add_func("/account_files/the program that tells of alarms", test_alarms);
	return g_test_run();
}
