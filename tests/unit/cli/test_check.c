/*
 * `sekisho check`: what it says of files, and, as root, of a machine on which sekishod would not run.
 */
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "../conf/tree.h"
#include "sekisho/base/vault.h"
#include "sekisho/cli/cli.h"

/* Users and groups that every Debian has; the courier's own group is nogroup. */
#define USERS                                                                                                                    \
	"[gateway]\ndata_directory = data\nkey_directory = keys\nsocket_group = www-data\nfront_user = www-data\n"               \
	"courier_user = nobody\ngroup = games\n"
#define ACCOUNT "[account main]\nhost = smtp.example.jp\n"
#define ACCOUNT_WITH_PASSWORD ACCOUNT "user = u\npassword_file = password\n"

typedef struct {
	char *tree;
	char *config_path;
	char *output; /* the tree's folder as "~" */
} Place;

/* Opens a folder and all below it to everybody. */
static void
open_all(const char *path)
{
	g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
	g_assert_cmpint(g_chmod(path, listing ? 0755 : 0644), ==, 0);
	for (const char *name; listing && (name = g_dir_read_name(listing));) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		open_all(inner);
	}
}

static Place
place_new(const char *main_file)
{
	Place place = {.tree = tree_new()};
	tree_write(place.tree, "sekisho.conf", main_file);
	tree_write(place.tree, "password", "secret\n");
	place.config_path = tree_path(place.tree, "sekisho.conf");
	open_all(place.tree);
	g_autofree char *password = tree_path(place.tree, "password");
	g_assert_cmpint(g_chmod(password, 0640), ==, 0);
	return place;
}

static void
place_clear(Place *place)
{
	tree_free(place->tree);
	g_free(place->config_path);
	g_free(place->output);
}

static int
check(Place *place)
{
	const char *arguments[] = {"sekisho", "--config", place->config_path, "check", NULL};
	CliConsole console = {.output = g_string_new(NULL), .complaint = g_string_new(NULL)};
	int code = cli_run(arguments, &console);
	g_string_append(console.output, console.complaint->str);
	g_string_replace(console.output, place->tree, "~", 0);
	g_string_free(console.complaint, TRUE);
	g_free(place->output);
	place->output = g_string_free(console.output, FALSE);
	return code;
}

static void
assert_prints(const Place *place, const char *text)
{
	if (!strstr(place->output, text))
		g_error("\"%s\" is not in:\n%s", text, place->output);
}

static void
change_mode(const Place *place, const char *path, guint mode)
{
	g_autofree char *file = tree_path(place->tree, path);
	g_assert_cmpint(g_chmod(file, (int)mode), ==, 0);
}

static void
give(const Place *place, const char *path, uid_t user, const char *group_name)
{
	g_autofree char *file = tree_path(place->tree, path);
	const struct group *group = getgrnam(group_name);
	g_assert_nonnull(group);
	g_assert_cmpint(chown(file, user, group->gr_gid), ==, 0);
}

static gboolean
is_root(void)
{
	if (geteuid() == 0)
		return TRUE;
	g_test_skip("only root can be told what the roles can do");
	return FALSE;
}

/* One "error" and no "errors": `text` is all that is wrong. */
static void
assert_one_error(Place *place, const char *text)
{
	g_assert_cmpint(check(place), ==, EX_CONFIG);
	assert_prints(place, text);
	assert_prints(place, "\n1 error\n");
}

/* --- Files ------------------------------------------------------------------------------------------------------- */

static void
test_files(void)
{
	Place place = place_new(USERS ACCOUNT);
	g_assert_cmpint(check(&place), ==, EX_OK);
	assert_prints(&place, "ok: 1 site, 1 form\n");
	g_assert_true(geteuid() == 0 || strstr(place.output, "warning: the wall between front and courier is off: ") != NULL);

	tree_write(place.tree, "sites/second.example/site.conf", tree_site_conf);
	tree_write(place.tree, "sites/example.jp/forms/contact/form.html", "[stripe s]");
	tree_write(place.tree, "sekisho.conf", USERS ACCOUNT "user = u\npassword_file = nowhere\n");
	open_all(place.tree);
	g_assert_cmpint(check(&place), ==, EX_CONFIG);
	assert_prints(&place, "~/sites/example.jp/forms/contact/form.html:1: [stripe]: ");
	assert_prints(&place, "~/sekisho.conf:11: [account main] password_file: ");
	/* Both sites use that account; its problem is said once. */
	assert_prints(&place, "\n2 errors\n");

	tree_write(place.tree, "sekisho.conf", "[gateway]\nworkers = x\nworker = 1\n");
	g_assert_cmpint(check(&place), ==, EX_CONFIG);
	assert_prints(&place, "The sites were not looked at");
	assert_prints(&place, "\n2 errors\n");
	g_assert_cmpint(g_remove(place.config_path), ==, 0);
	g_assert_cmpint(check(&place), ==, EX_NOINPUT);
	place_clear(&place);
}

/* --- Users and groups -------------------------------------------------------------------------------------------- */

static void
test_users(void)
{
	static const struct {
		const char *from, *to, *problem;
	} cases[] = {
	    {"front_user = www-data", "front_user = ghost", "~/sekisho.conf:5: [gateway] front_user: there is no user ghost; "},
	    {"courier_user = nobody", "courier_user = ghost",
		"~/sekisho.conf:6: [gateway] courier_user: there is no user ghost; "},
	    {"\ngroup = games", "\ngroup = ghosts", "~/sekisho.conf:7: [gateway] group: there is no group ghosts; "},
	    {"socket_group = www-data", "socket_group = ghosts",
		"~/sekisho.conf:4: [gateway] socket_group: there is no group ghosts; "},
	    {"front_user = www-data", "front_user = root", "[gateway] front_user: root is root or in root's group; "},
	    {"courier_user = nobody", "courier_user = root", "[gateway] courier_user: root is root or in root's group; "},
	    {"\ngroup = games", "\ngroup = root", "a role may be neither root nor in root's group"},
	};
	for (gsize i = 0; is_root() && i < G_N_ELEMENTS(cases); i++) {
		Place place = place_new(USERS ACCOUNT);
		g_autoptr(GString) text = g_string_new(USERS ACCOUNT);
		g_assert_cmpuint(g_string_replace(text, cases[i].from, cases[i].to, 1), ==, 1);
		tree_write(place.tree, "sekisho.conf", text->str);
		g_assert_cmpint(check(&place), ==, EX_CONFIG);
		assert_prints(&place, cases[i].problem);
		place_clear(&place);
	}
}

static void
test_one_user(void)
{
	Place place = place_new("[gateway]\ndata_directory = data\nkey_directory = keys\nfront_user = nobody\n"
				"courier_user = nobody\ngroup = games\n" ACCOUNT);
	g_assert_cmpint(check(&place), ==, EX_OK);
	assert_prints(&place, "warning: the wall between front and courier is off: front_user and courier_user are the same");
	place_clear(&place);
}

/* --- Rights ------------------------------------------------------------------------------------------------------ */

static void
test_password_of_root_alone(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS ACCOUNT_WITH_PASSWORD);
	change_mode(&place, "password", 0600);
	assert_one_error(&place,
	    "~/password: the courier's user nobody cannot read it: Permission denied; run: chown root:nogroup '~/password' && "
	    "chmod 0640 '~/password'\n");
	give(&place, "password", 0, "games");
	change_mode(&place, "password", 0640);
	assert_one_error(&place, "~/password: the courier's user nobody must not use it: ");
	assert_prints(&place, "run: chown root:nogroup '~/password' && chmod 0640 '~/password'\n");
	give(&place, "password", 0, "nogroup");
	g_assert_cmpint(check(&place), ==, EX_OK);
	g_assert_null(strstr(place.output, "warning"));
	change_mode(&place, "password", 0644);
	assert_one_error(
	    &place, "[account main] password_file: ~/password has mode 0644, which gives rights to others; run: chmod 0640");
	place_clear(&place);
}

/* What tells of alarms is the courier's to use. */
static void
test_alarms(void)
{
	Place place = place_new(USERS "alarm_command = alarm\n" ACCOUNT);
	assert_one_error(&place, "~/sekisho.conf:8: [gateway] alarm_command: there is no such program; ");
	tree_write(place.tree, "alarm", "#!/bin/sh\n");
	change_mode(&place, "alarm", 0700);
	if (geteuid() == 0)
		assert_one_error(&place,
		    "~/alarm: the courier's user nobody cannot run it: Permission denied; run: chown root:nogroup '~/alarm' && "
		    "chmod 0750 '~/alarm'\n");
	change_mode(&place, "alarm", 0755);
	g_assert_cmpint(check(&place), ==, EX_OK);
	tree_write(place.tree, "sekisho.conf",
	    USERS "alarm_account = other\n" ACCOUNT
		  "[account other]\nhost = smtp.example.jp\nuser = u\npassword_file = nowhere\n");
	assert_one_error(&place, "[account other] password_file: cannot open ~/nowhere");
	place_clear(&place);
}

/* Tokens and their programs are the courier's to use, those of a fallback, too. */
static void
test_tokens(void)
{
	static const char token[] = "[account second]\nhost = b.example.jp\nlogin = xoauth2\nuser = u\ntoken_file = password\n";
	static const char command[] =
	    "[account second]\nhost = b.example.jp\nlogin = xoauth2\nuser = u\ntoken_command = token\n";
	if (!is_root())
		return;
	g_autofree char *with_token = g_strconcat(USERS ACCOUNT, token, NULL);
	Place place = place_new(with_token);
	g_autofree char *site = g_strdup(tree_site_conf);
	g_assert_true(g_str_has_suffix(site, "account = main\n"));
	g_autofree char *both = g_strdup_printf("%.*s second\n", (int)strlen(site) - 1, site);
	tree_write(place.tree, "sites/example.jp/site.conf", both);
	change_mode(&place, "sites/example.jp/site.conf", 0644);
	give(&place, "password", 0, "games");
	assert_one_error(&place, "~/password: the courier's user nobody must not use it: ");
	give(&place, "password", 0, "nogroup");
	g_assert_cmpint(check(&place), ==, EX_OK);

	g_autofree char *with_command = g_strconcat(USERS ACCOUNT, command, NULL);
	tree_write(place.tree, "sekisho.conf", with_command);
	assert_one_error(&place, "[account second] token_command: there is no such program; ");
	tree_write(place.tree, "token", "#!/bin/sh\n");
	change_mode(&place, "token", 0600);
	assert_one_error(&place, "[account second] token_command: ~/token is not executable; ");
	change_mode(&place, "token", 0777);
	assert_one_error(&place, "[account second] token_command: ~/token has mode 0777, ");
	change_mode(&place, "token", 0700);
	assert_one_error(&place, "~/token: the courier's user nobody cannot run it: Permission denied; ");
	change_mode(&place, "token", 0755);
	g_assert_cmpint(check(&place), ==, EX_OK);
	g_autofree char *program = tree_path(place.tree, "token");
	g_assert_cmpint(chown(program, 12345, 12345), ==, 0);
	assert_one_error(&place, "[account second] token_command: ~/token belongs to user 12345, ");
	place_clear(&place);
}

static void
test_unreadable_files(void)
{
	static const struct {
		const char *path;
		guint mode;
		const char *front, *courier;
	} cases[] = {
	    {"sites/example.jp/site.conf", 0600, "~/sites/example.jp/site.conf: the front's user www-data cannot read it: ",
		"~/sites/example.jp/site.conf: the courier's user nobody cannot read it: "},
	    {"sites/example.jp/forms/contact/form.html", 0600, "/form.html: the front's user www-data cannot read it: ",
		"/form.html: the courier's user nobody cannot read it: "},
	    {"sites/example.jp/forms", 0711, "~/sites/example.jp/forms/: the front's user www-data cannot read it: ",
		"~/sites/example.jp/forms/: the courier's user nobody cannot read it: Permission denied; run: chown root:games "
		"'~/sites/example.jp/forms/' && chmod 0750 "},
	    {"sites", 0700, "~/sites: the front's user www-data cannot enter it; ",
		"~/sites: the courier's user nobody cannot enter it; "},
	};
	for (gsize i = 0; is_root() && i < G_N_ELEMENTS(cases); i++) {
		Place place = place_new(USERS ACCOUNT);
		change_mode(&place, cases[i].path, cases[i].mode);
		g_assert_cmpint(check(&place), ==, EX_CONFIG);
		assert_prints(&place, cases[i].front);
		assert_prints(&place, cases[i].courier);
		/* A closed folder is named, not all that stands in it. */
		assert_prints(&place, "\n2 errors\n");
		place_clear(&place);
	}
}

static void
test_certificates(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS ACCOUNT "ca_file = ca.pem\n");
	tree_write(place.tree, "ca.pem", "");
	change_mode(&place, "ca.pem", 0600);
	/* The front needs none. */
	assert_one_error(&place, "~/ca.pem: the courier's user nobody cannot read it: ");
	place_clear(&place);
}

static void
test_keys(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS ACCOUNT);
	g_autofree char *keys = tree_path(place.tree, "keys");
	g_assert_true(vault_create(keys, NULL));
	g_assert_cmpint(check(&place), ==, EX_OK);
	g_autoptr(GDir) listing = g_dir_open(keys, 0, NULL);
	for (const char *name; (name = g_dir_read_name(listing));) {
		g_autofree char *file = g_build_filename(keys, name, NULL);
		g_assert_cmpint(g_chmod(file, 0644), ==, 0);
	}
	assert_one_error(&place, "[gateway] key_directory: ~/keys/");
	assert_prints(&place, "has mode 0644, which gives rights to others; run: chmod 0640");
	place_clear(&place);

	Place other = place_new(USERS ACCOUNT);
	tree_write(other.tree, "data/sekisho.db", "");
	assert_one_error(&other, "[gateway] key_directory: ~/keys has no keys but ~/data/sekisho.db is there; ");
	place_clear(&other);
}

/* A folder without link keys: sekishod makes them. */
static void
test_keys_to_be_completed(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS ACCOUNT);
	g_autofree char *keys = tree_path(place.tree, "keys"), *link = tree_path(place.tree, "keys/link.key");
	g_assert_true(vault_create(keys, NULL));
	g_assert_cmpint(g_remove(link), ==, 0);
	tree_write(place.tree, "data/sekisho.db", "");
	g_assert_cmpint(check(&place), ==, EX_OK);
	place_clear(&place);
}

static void
test_courier_directory(void)
{
	Place place = place_new(USERS "courier_directory = ledger\n" ACCOUNT);
	const char *key = "[gateway] courier_directory: ~/ledger ";
	g_autofree char *ledger = tree_path(place.tree, "ledger");
	tree_write(place.tree, "ledger", "");
	assert_one_error(&place, key);
	assert_prints(&place, "is no folder");
	g_assert_cmpint(g_remove(ledger), ==, 0);
	g_assert_cmpint(check(&place), ==, EX_OK);
	g_assert_cmpint(g_mkdir(ledger, 0700), ==, 0);
	g_assert_cmpint(check(&place), ==, EX_OK);
	change_mode(&place, "ledger", 0770);
	assert_one_error(&place, key);
	assert_prints(&place, geteuid() == 0 ? "belongs to user root and must be nobody's" : "has mode 0770");
	place_clear(&place);
}

static void
test_courier_directory_of_others(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS "courier_directory = ledger\n" ACCOUNT);
	const uid_t nobody = 65534, front = 33;
	g_autofree char *ledger = tree_path(place.tree, "ledger");
	g_assert_cmpint(g_mkdir(ledger, 0700), ==, 0);
	give(&place, "ledger", nobody, "nogroup");
	g_assert_cmpint(check(&place), ==, EX_OK);
	change_mode(&place, "ledger", 0777);
	assert_one_error(
	    &place, "has mode 0777, so others may write it, and what stands in it is believed; run: chmod 0700 '~/ledger'");
	change_mode(&place, "ledger", 0700);
	give(&place, "ledger", front, "nogroup");
	assert_one_error(&place, "[gateway] courier_directory: ~/ledger belongs to user www-data and must be nobody's, ");
	assert_prints(&place, "run: chown nobody '~/ledger'");
	place_clear(&place);

	Place other = place_new(USERS "courier_directory = none/ledger\n" ACCOUNT);
	assert_one_error(&other, "[gateway] courier_directory: cannot be made in ~/none; make that folder first");
	place_clear(&other);
}

static void
test_data_directory(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS ACCOUNT);
	tree_write(place.tree, "data", "");
	assert_one_error(&place, "~/sekisho.conf:2: [gateway] data_directory: ~/data is no folder; ");
	g_autofree char *data = tree_path(place.tree, "data");
	g_assert_cmpint(g_remove(data), ==, 0);
	g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
	g_assert_cmpint(check(&place), ==, EX_OK); /* sekishod makes it right */
	give(&place, "data", 1, "games");
	assert_one_error(&place, "[gateway] data_directory: ~/data belongs to user 1; ");
	give(&place, "data", 0, "games");
	change_mode(&place, "data", 02770);
	g_autofree char *keys = tree_path(place.tree, "keys");
	g_assert_true(vault_create(keys, NULL));
	tree_write(place.tree, "data/sekisho.db", "");
	change_mode(&place, "data/sekisho.db", 0640);
	g_assert_cmpint(check(&place), ==, EX_CONFIG);
	assert_prints(&place, "~/data/sekisho.db: the front's user www-data cannot change it: ");
	assert_prints(&place, "~/data/sekisho.db: the courier's user nobody cannot change it: ");

	g_autoptr(GString) text = g_string_new(USERS ACCOUNT);
	g_string_replace(text, "= data\n", "= nowhere/data\n", 1);
	tree_write(place.tree, "sekisho.conf", text->str);
	assert_one_error(&place, "[gateway] data_directory: cannot be made in ~/nowhere; make that folder first");
	place_clear(&place);
}

/* What sekishod makes right when it starts may be wrong before; while it runs, it must be right. */
static void
test_data_directory_of_a_gateway_that_runs(void)
{
	if (!is_root())
		return;
	Place place = place_new(USERS "listen = ./s\n" ACCOUNT);
	g_autofree char *data = tree_path(place.tree, "data"), *path = tree_path(place.tree, "s");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
	g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
	g_assert_cmpint(check(&place), ==, EX_OK);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
	g_assert_cmpint(listen(listener, 5), ==, 0);
	assert_one_error(&place, "[gateway] data_directory: ~/data has mode 0700 and group root, so the gateway, which runs, ");
	assert_prints(&place, "run: chgrp games '~/data' && chmod 2770 '~/data'");
	give(&place, "data", 0, "games");
	change_mode(&place, "data", 0770);
	assert_one_error(&place, "~/data has mode 0770 and group games, ");
	change_mode(&place, "data", 02770);
	g_assert_cmpint(check(&place), ==, EX_OK);
	give(&place, "data", 0, "www-data");
	change_mode(&place, "data", 02770);
	assert_one_error(&place, "~/data has mode 2770 and group www-data, ");
	(void)close(listener);
	place_clear(&place);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/everything is said once, and it ends with 78", test_files);
	g_test_add_func("/check/users and groups that are missing or root are errors", test_users);
	g_test_add_func("/check/one user for both roles is a warning", test_one_user);
	g_test_add_func("/check/a password must be root's and of the courier's own group", test_password_of_root_alone);
	g_test_add_func("/check/what tells of alarms", test_alarms);
	g_test_add_func("/check/tokens and the programs that print them", test_tokens);
	g_test_add_func("/check/files and folders that a role cannot open", test_unreadable_files);
	g_test_add_func("/check/certificates are the courier's", test_certificates);
	g_test_add_func("/check/keys that others can read, and keys that are lost", test_keys);
	g_test_add_func("/check/keys that sekishod will complete", test_keys_to_be_completed);
	g_test_add_func("/check/a courier's folder that others may write", test_courier_directory);
	g_test_add_func("/check/a courier's folder of somebody else", test_courier_directory_of_others);
	g_test_add_func("/check/a data directory that sekishod could not use", test_data_directory);
	g_test_add_func("/check/a data directory that was changed under the gateway", test_data_directory_of_a_gateway_that_runs);
	return g_test_run();
}
