/*
 * `sekisho bounce`: standard input and a Maildir, over a real configuration, keys, database and ledger; each message is read in a process of its own. And `sekisho address suppress`.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "../conf/tree.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/store/ledger.h"

#define BOUNCE                                                                                                                   \
	"From: MAILER-DAEMON@mx.example\nTo: shop+ABCDEFGHJKMN2-0123456789abcdef@example.jp\nSubject: failure notice\n\n"        \
	"<taro@example.net>:\n550 5.1.1 user unknown\n"
#define LETTER "From: taro@example.net\nTo: shop@example.jp\nSubject: Hello\n\nI am away.\n"

typedef struct {
	char *tree;
	char *config_path;
	Db *ledger;
	char *output;
	char *complaint;
} Gateway;

static void
gateway_prepare(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	gateway->tree = tree_new();
	tree_write(gateway->tree, "sekisho.conf",
	    "[gateway]\ndata_directory = data\ncourier_directory = courier\nkey_directory = keys\ncourier_user = nobody\ngroup = "
	    "games\n"
	    "[account main]\nhost = smtp.example.jp\n");
	tree_write(gateway->tree, "sites/example.jp/site.conf",
	    "[site]\nurl = https://example.jp/\nadmin_address = owner@example.jp\ntimezone = Asia/Tokyo\n[mail]\naccount = "
	    "main\nfrom = "
	    "shop@example.jp\n");
	gateway->config_path = tree_path(gateway->tree, "sekisho.conf");
	g_autofree char *data = tree_path(gateway->tree, "data");
	g_autofree char *courier = tree_path(gateway->tree, "courier");
	g_autofree char *keys = tree_path(gateway->tree, "keys");
	g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(courier, 0700), ==, 0);
	g_assert_true(vault_create(keys, &error));
	db_free(db_open(data, DB_CREATE, &error));
	gateway->ledger = db_open_ledger(courier, DB_CREATE, &error);
	g_assert_no_error(error);
}

static void
gateway_clear(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	db_free(gateway->ledger);
	tree_free(gateway->tree);
	g_free(gateway->config_path);
	g_free(gateway->output);
	g_free(gateway->complaint);
}

static int
run(Gateway *gateway, const char *words)
{
	g_autofree char *line = g_strdup_printf("sekisho --config %s %s", gateway->config_path, words);
	g_auto(GStrv) arguments = g_strsplit(line, " ", -1);
	CliConsole console = {.output = g_string_new(NULL), .complaint = g_string_new(NULL)};
	int code = cli_run((const char *const *)arguments, &console);
	g_free(gateway->output);
	g_free(gateway->complaint);
	gateway->output = g_string_free(console.output, FALSE);
	gateway->complaint = g_string_free(console.complaint, FALSE);
	g_test_message("%s: %d %s%s", words, code, gateway->output, gateway->complaint);
	return code;
}

/* The same with `message` on standard input. */
static int
feed(Gateway *gateway, const char *words, const char *message)
{
	g_autofree char *path = tree_path(gateway->tree, "message");
	int before = dup(STDIN_FILENO);
	g_assert_true(g_file_set_contents(path, message, -1, NULL));
	int file = open(path, O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(dup2(file, STDIN_FILENO), ==, STDIN_FILENO);
	int code = run(gateway, words);
	g_assert_cmpint(dup2(before, STDIN_FILENO), ==, STDIN_FILENO);
	(void)close(file);
	(void)close(before);
	return code;
}

/* How many bounces were counted so far. */
static guint
counted(const Gateway *gateway)
{
	BounceTraffic traffic = {0};
	/* Counting is the one way to ask. */
	g_assert_true(ledger_count_bounce(gateway->ledger, "", FALSE, &traffic, NULL));
	return traffic.last_hour - 1;
}

static void
test_input(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_assert_cmpint(feed(gateway, "bounce", LETTER), ==, EX_DATAERR);
	g_assert_cmpstr(gateway->output, ==, "this is no bounce\n");
	g_assert_cmpint(feed(gateway, "bounce", ""), ==, EX_DATAERR);
	g_assert_cmpuint(counted(gateway), ==, 0);
	g_assert_cmpint(feed(gateway, "bounce --recipient shop@example.jp", BOUNCE), ==, EX_OK);
	g_assert_cmpstr(gateway->output, ==, "a bounce without a valid tag: counted, nothing else\n");
	g_assert_cmpint(feed(gateway, "bounce", BOUNCE), ==, EX_OK);
	g_assert_cmpuint(counted(gateway), ==, 3);
	g_assert_cmpint(run(gateway, "bounce something"), ==, EX_USAGE);
}

/* The process that reads can open no file, not even one with a charset: it has them open. */
static void
test_charsets(Gateway *gateway, gconstpointer unused)
{
	/* Converted by hand, or this process would have opened them itself. */
	static const struct {
		const char *charset, *undeliverable;
	} cases[] = {
	    {"iso-2022-jp", "\033\044\102\107\133\077\056\111\124\107\075\033\050\102"},
	    {"shift_jis", "\224\172\220\115\225\163\224\134"},
	    {"euc-jp", "\307\333\277\256\311\324\307\275"},
	    {"windows-31j", "\224\172\220\115\225\163\224\134"},
	};
	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = g_strdup_printf(
		    "From: MAILER-DAEMON@mx.example\nTo: shop@example.jp\nContent-Type: text/plain; charset=%s\n\n%s\n",
		    cases[i].charset, cases[i].undeliverable);
		g_assert_cmpint(feed(gateway, "bounce", message), ==, EX_OK);
	}
}

static gboolean
is_there(const Gateway *gateway, const char *name)
{
	g_autofree char *path = tree_path(gateway->tree, name);

	return g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* Bounces go to cur; all else stays, and nothing that is no plain file is opened. */
static void
test_maildir(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	tree_write(gateway->tree, "box/new/1.a", BOUNCE);
	tree_write(gateway->tree, "box/new/2.b", LETTER);
	tree_write(gateway->tree, "box/new/3.c", BOUNCE);
	tree_write(gateway->tree, "box/cur/.keep", "");
	tree_write(gateway->tree, "outside", BOUNCE);
	g_autofree char *box = tree_path(gateway->tree, "box");
	g_autofree char *link = tree_path(gateway->tree, "box/new/4.link");
	g_autofree char *fifo = tree_path(gateway->tree, "box/new/5.fifo");
	g_assert_cmpint(symlink("../../outside", link), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_autofree char *words = g_strdup_printf("bounce --maildir %s", box);

	g_assert_cmpint(run(gateway, words), ==, EX_OK);
	g_assert_true(is_there(gateway, "box/cur/1.a:2,S"));
	g_assert_true(is_there(gateway, "box/cur/3.c:2,S"));
	g_assert_true(is_there(gateway, "box/new/2.b"));
	g_assert_true(is_there(gateway, "box/new/4.link"));
	g_assert_true(is_there(gateway, "box/new/5.fifo"));
	g_assert_false(is_there(gateway, "box/new/1.a"));
	g_assert_cmpuint(counted(gateway), ==, 2);
	g_assert_cmpint(run(gateway, words), ==, EX_OK);
	g_assert_cmpstr(gateway->output, ==, "no bounces\n");
	g_assert_cmpint(run(gateway, "bounce --maildir nowhere/at/all"), !=, EX_OK);
	g_assert_nonnull(
	    strstr(gateway->complaint, "--maildir wants a Maildir, which has the folders new and cur: nowhere/at/all"));
}

/* Whoever owns the Maildir must not lead root to another folder: a bounce is a text of his, and its name is, too. */
static void
test_maildir_of_links(Gateway *gateway, gconstpointer unused)
{
	static const char *const folders[] = {"new", "cur"};
	(void)unused;
	tree_write(gateway->tree, "profile.d/.keep", "");
	tree_write(gateway->tree, "elsewhere/new/1.a", BOUNCE);
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *box = g_strdup_printf("box-%s", folders[i]);
		g_autofree char *message = g_strdup_printf("%s/new/x:2,.sh", box);
		g_autofree char *keep = g_strdup_printf("%s/%s/.keep", box, i == 0 ? "cur" : "new");
		g_autofree char *link = g_strdup_printf("%s/%s", box, folders[i]);
		g_autofree char *box_path = tree_path(gateway->tree, box);
		g_autofree char *link_path = tree_path(gateway->tree, link);
		g_autofree char *words = g_strdup_printf("bounce --maildir %s", box_path);
		tree_write(gateway->tree, keep, "");
		if (i == 1)
			tree_write(gateway->tree, message, BOUNCE);
		g_assert_cmpint(symlink(i == 0 ? "../elsewhere/new" : "../profile.d", link_path), ==, 0);

		g_assert_cmpint(run(gateway, words), !=, EX_OK);
		g_assert_true(is_there(gateway, i == 0 ? "elsewhere/new/1.a" : message));
		g_assert_false(is_there(gateway, "profile.d/x:2,.sh"));
	}
	g_assert_cmpuint(counted(gateway), ==, 0);
}

/* The process that reads has no way to become the courier's user: then nothing is read at all, and the message stays. */
static void
test_without_the_user(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	if (geteuid() != 0) {
		g_test_skip("only root changes its user");
		return;
	}
	tree_write(gateway->tree, "sekisho.conf",
	    "[gateway]\ndata_directory = data\ncourier_directory = courier\nkey_directory = keys\ncourier_user = "
	    "nobody-at-all\ngroup = "
	    "games\n[account main]\nhost = smtp.example.jp\n");
	tree_write(gateway->tree, "box/new/1.a", BOUNCE);
	tree_write(gateway->tree, "box/cur/.keep", "");
	g_autofree char *box = tree_path(gateway->tree, "box");
	g_autofree char *words = g_strdup_printf("bounce --maildir %s", box);

	g_assert_cmpint(feed(gateway, "bounce", BOUNCE), ==, EX_NOPERM);
	g_assert_nonnull(strstr(gateway->complaint, "nobody-at-all"));
	g_assert_cmpint(run(gateway, words), ==, EX_NOPERM);
	g_assert_true(is_there(gateway, "box/new/1.a"));
	g_assert_cmpuint(counted(gateway), ==, 0);
}

static void
test_suppress(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_assert_cmpint(run(gateway, "address suppress example.jp Taro+x@example.net"), ==, EX_OK);
	g_assert_nonnull(strstr(gateway->output, "until it is unsuppressed"));
	/* A shorter one does not shorten it, and does not say that it did. */
	g_assert_cmpint(run(gateway, "address suppress example.jp taro@example.net --for 3d"), ==, EX_OK);
	g_assert_nonnull(strstr(gateway->output, " at least until 2"));
	g_assert_cmpint(run(gateway, "address suppress example.jp jiro@example.net --for 3d"), ==, EX_OK);
	g_assert_cmpint(run(gateway, "address list example.jp"), ==, EX_OK);
	g_assert_nonnull(strstr(gateway->output, "NO AUTOMATIC MAIL, BECAUSE"));
	g_assert_nonnull(strstr(gateway->output, "taro+x@example.net"));
	g_assert_nonnull(strstr(gateway->output, "the operator says so"));
	g_assert_cmpint(run(gateway, "address list --json"), ==, EX_OK);
	g_assert_nonnull(strstr(gateway->output, "\"suppressed_by\": \"operator\""));
	g_assert_nonnull(strstr(gateway->output, "\"until\": null"));
	/* Every way to write the mailbox is meant. */
	g_assert_cmpint(run(gateway, "address unsuppress example.jp taro@EXAMPLE.net"), ==, EX_OK);
	g_assert_cmpint(run(gateway, "address unsuppress example.jp taro@example.net"), ==, EX_NOINPUT);
	g_assert_cmpint(run(gateway, "address suppress example.jp nobody"), ==, EX_USAGE);
	g_assert_cmpint(run(gateway, "address unsuppress example.jp nobody"), ==, EX_USAGE);
	g_assert_cmpint(run(gateway, "address suppress nowhere.jp a@b.jp"), ==, EX_NOINPUT);
	g_assert_cmpint(run(gateway, "address unsuppress example.jp jiro@example.net --for 3d"), ==, EX_USAGE);
	g_assert_cmpint(run(gateway, "address list example.jp"), ==, EX_OK);
	g_assert_null(strstr(gateway->output, "taro"));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Gateway *gateway, gconstpointer unused);
	} tests[] = {
	    {"/bounce/standard input", test_input},
	    {"/bounce/charsets", test_charsets},
	    {"/bounce/maildir", test_maildir},
	    {"/bounce/maildir of links", test_maildir_of_links},
	    {"/bounce/without the user nothing is read", test_without_the_user},
	    {"/bounce/suppress and unsuppress", test_suppress},
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Gateway, NULL, gateway_prepare, tests[i].run, gateway_clear);
	return g_test_run();
}
