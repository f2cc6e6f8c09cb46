/*
 * `sekisho address` and `sekisho fuse`: what they print and change, over a real configuration, keys, database and ledger.
 */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "sekisho/base/clock.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/store/ledger.h"
#include "sekisho/store/outbox.h"

#define HOUR_US (G_USEC_PER_SEC * G_GINT64_CONSTANT(3600))
#define DAY_US (24 * HOUR_US)

#define SITE_CONF                                                                                                                \
	"[site]\nurl = https://example.jp/\nadmin_address = owner@example.jp\ntimezone = Asia/Tokyo\n[mail]\naccount = main\n"   \
	"from = shop@example.jp\n"

typedef struct {
	char *tree;
	char *config_path;
	char *data_directory;
	char *courier_directory;
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
	    "[gateway]\ndata_directory = data\ncourier_directory = courier\nkey_directory = keys\n[account main]\nhost = "
	    "smtp.example.jp\n");
	tree_write(gateway->tree, "sites/example.jp/site.conf", SITE_CONF "[reply]\nproof = 30d\nfuse_hour = 5\nfuse_day = 9\n");
	gateway->config_path = tree_path(gateway->tree, "sekisho.conf");
	gateway->data_directory = tree_path(gateway->tree, "data");
	gateway->courier_directory = tree_path(gateway->tree, "courier");
	g_autofree char *keys = tree_path(gateway->tree, "keys");
	g_assert_cmpint(g_mkdir(gateway->data_directory, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(gateway->courier_directory, 0700), ==, 0);
	g_assert_true(vault_create(keys, &error));
	db_free(db_open(gateway->data_directory, DB_CREATE, &error));
	gateway->ledger = db_open_ledger(gateway->courier_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	/* 2027-01-15 17:00 in Tokyo. */
	clock_set_offset_us(G_GINT64_CONSTANT(1800000000) * G_USEC_PER_SEC - g_get_real_time());
}

static void
gateway_clear(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	clock_set_offset_us(0);
	db_free(gateway->ledger);
	tree_free(gateway->tree);
	g_free(gateway->config_path);
	g_free(gateway->data_directory);
	g_free(gateway->courier_directory);
	g_free(gateway->output);
	g_free(gateway->complaint);
}

/* Runs `sekisho --config ... WORDS`. */
static int
run(Gateway *gateway, const char *words)
{
	g_autofree char *line = g_strdup_printf("sekisho --config %s %s", gateway->config_path, words);
	g_auto(GStrv) arguments = g_strsplit(g_strchomp(line), " ", -1);
	CliConsole console = {.output = g_string_new(NULL), .complaint = g_string_new(NULL)};
	int code = cli_run((const char *const *)arguments, &console);
	g_free(gateway->output);
	g_free(gateway->complaint);
	gateway->output = g_string_free(console.output, FALSE);
	gateway->complaint = g_string_free(console.complaint, FALSE);
	return code;
}

static void
assert_ends(Gateway *gateway, const char *words, int code)
{
	if (run(gateway, words) != code)
		g_error("sekisho %s\n%s\n%s", words, gateway->output, gateway->complaint);
}

static void
assert_prints(const Gateway *gateway, const char *text)
{
	if (!strstr(gateway->output, text))
		g_error("\"%s\" is not in:\n%s\n(%s)", text, gateway->output, gateway->complaint);
}

static void
advance(gint64 by_us)
{
	clock_set_offset_us(clock_now_us() - g_get_real_time() + by_us);
}

/* --- Addresses ----------------------------------------------------------------------------------------------------------- */

static void
test_address(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	assert_ends(gateway, "address", EX_OK);
	g_assert_cmpstr(gateway->output, ==, "no address has proved itself, and none is suppressed\n");
	assert_ends(gateway, "address verify example.jp Taro@Example.NET", EX_OK);
	g_assert_cmpstr(
	    gateway->output, ==, "taro@example.net gets replies of example.jp at least until 2027-02-14 17:00:00 +09:00\n");
	advance(G_USEC_PER_SEC);
	assert_ends(gateway, "address verify example.jp hanako@example.net --for 2d", EX_OK);
	assert_prints(gateway, "until 2027-01-17 17:00:01 +09:00");
	assert_ends(gateway, "address list example.jp", EX_OK);
	assert_prints(gateway,
	    "SITE        ADDRESS             PROVED BY  SINCE                       UNTIL\n"
	    "example.jp  hanako@example.net  operator   2027-01-15 17:00:01 +09:00  2027-01-17 17:00:01 +09:00\n"
	    "example.jp  taro@example.net    operator   2027-01-15 17:00:00 +09:00  2027-02-14 17:00:00 +09:00\n");
	assert_ends(gateway, "address --site example.jp --limit 1", EX_OK);
	assert_prints(gateway, "hanako@example.net");
	assert_ends(gateway, "address list --json --limit 1", EX_OK);
	assert_prints(gateway, "\"address\": \"hanako@example.net\"");
	assert_prints(gateway, "\"proved_by\": \"operator\"");
	assert_prints(gateway, "\"until\": \"2027-01-17T08:00:01Z\"");
	g_assert_null(strstr(gateway->output, "taro"));
	g_assert_cmpstr(gateway->complaint, ==, "... and older ones; --limit shows more\n");
	assert_ends(gateway, "address list --limit 1", EX_OK);
	assert_prints(gateway, "\n... and older ones; --limit shows more\n");
	assert_ends(gateway, "address list --limit 2", EX_OK);
	g_assert_null(strstr(gateway->output, "older"));
	/* Letter case does not matter. */
	assert_ends(gateway, "address forget TARO@EXAMPLE.net --site example.jp --yes", EX_OK);
	g_assert_cmpstr(gateway->output, ==, "taro@example.net must prove itself anew to example.jp\n");
	assert_ends(gateway, "address verify example.jp shop@example.jp", EX_OK);
	assert_ends(gateway, "address forget example.jp shop@example.jp --yes", EX_OK);
	assert_prints(gateway, "it is in own_domains of example.jp and goes on getting replies");
	assert_ends(gateway, "address list", EX_OK);
	g_assert_null(strstr(gateway->output, "taro"));
	advance(2 * DAY_US);
	assert_ends(gateway, "address list", EX_OK);
	g_assert_cmpstr(gateway->output, ==, "no address has proved itself, and none is suppressed\n");
}

/* What the courier asks for is what the command wrote. */
static void
test_address_hash(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autofree char *keys = tree_path(gateway->tree, "keys");
	assert_ends(gateway, "address verify example.jp taro@Example.net", EX_OK);
	g_autoptr(Vault) vault = vault_open(keys, VAULT_COURIER, &error);
	static const char address[] = "taro@example.net";
	g_autoptr(GArray) hashes = vault_hashes(vault, VAULT_HASH_ADDRESS, address, strlen(address));
	gboolean is_proved = FALSE;
	g_assert_true(ledger_is_proved(gateway->ledger, "example.jp", hashes, &is_proved, &error));
	g_assert_true(is_proved);
	g_autoptr(GPtrArray) proofs = ledger_proofs(gateway->ledger, "example.jp", 10, &error);
	const Proof *proof = proofs->pdata[0];
	g_assert_cmpint(proof->kind, ==, PROOF_OPERATOR);
	/* The address itself stands in no row. */
	g_autofree char *dump = NULL;
	gsize size = 0;
	g_autofree char *log = g_build_filename(gateway->courier_directory, "ledger.db-wal", NULL);
	g_assert_true(g_file_get_contents(log, &dump, &size, &error));
	g_assert_nonnull(memmem(dump, size, "example.jp", 10));
	g_assert_null(memmem(dump, size, "taro", 4));
	g_assert_no_error(error);
}

/* A box that does not open is told, and a stranger's bytes move no cursor. */
static void
test_address_boxes(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autofree char *keys = tree_path(gateway->tree, "keys");
	g_autoptr(Vault) vault = vault_open(keys, VAULT_COURIER, &error);
	g_autoptr(GBytes) evil = g_bytes_new_static("a\033[2J\xff@b", 8);
	g_autoptr(GBytes) boxed = vault_box(vault, evil), broken = g_bytes_new_static("broken", 6);
	gint64 now_us = clock_now_us();
	Proof proofs[] = {
	    {.site = (char *)"example.jp",
		.kind = PROOF_LINK,
		.boxed = boxed,
		.proved_at_us = now_us,
		.until_us = now_us + DAY_US},
	    {.site = (char *)"gone.jp", .kind = PROOF_LINK, .boxed = broken, .proved_at_us = now_us, .until_us = now_us + DAY_US},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(proofs); i++)
		g_assert_true(ledger_prove(gateway->ledger, &proofs[i], &error));
	assert_ends(gateway, "address list", EX_OK);
	g_assert_null(strchr(gateway->output, '\033'));
	assert_prints(gateway, "link");
	assert_prints(gateway, "(cannot be opened)");
	assert_prints(gateway, "gone.jp");
	g_assert_no_error(error);
}

/* --- The fuse ------------------------------------------------------------------------------------------------------------- */

static guint
charge_with(Gateway *gateway, const char *label, guint count, const LedgerLimits *limits)
{
	guint charged = 0;
	for (guint i = 0; i < count; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *receipt = g_strdup_printf("%s%u", label, i);
		LedgerMail mail = {.site = "example.jp", .form_id = 4, .kind = MAIL_REPLY, .receipt = receipt};
		memcpy(mail.recipient.bytes, receipt, strlen(receipt));
		LedgerAnswer answer = LEDGER_TRIPPED;
		g_assert_true(ledger_charge(gateway->ledger, &mail, limits, &answer, &error));
		charged += answer == LEDGER_CHARGED;
	}
	return charged;
}

static guint
charge_many(Gateway *gateway, const char *label, guint count)
{
	return charge_with(gateway, label, count, &(LedgerLimits){DAY_US, 100, 100, 5, 9});
}

/* Replies that wait: `count` with each reason, for half an hour more. */
static void
row_waiting(Gateway *gateway, guint count)
{
	static const char *const reasons[] = {"fuse", "consent"};
	g_autofree char *path = g_build_filename(gateway->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_autoptr(GString) sql = g_string_new("INSERT INTO epoch VALUES (x'01', x'02', 3);");
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		g_string_append_printf(sql,
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
		    "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly, epoch_id, "
		    "wrapped_key, content) "
		    "SELECT '%s' || i, 'example.jp', 4, 5, 6, 0, x'01', x'02', x'03' FROM n;"
		    "INSERT INTO outbox (submission_id, kind, created_at) SELECT id, 2, 1 FROM submission WHERE receipt LIKE "
		    "'%s%%';"
		    "INSERT INTO delivery (outbox_id, recipient, state, due_at, reason) SELECT outbox.id, x'00', 3, "
		    "%" G_GINT64_FORMAT
		    ", '%s' FROM outbox JOIN submission ON submission.id = submission_id WHERE receipt LIKE '%s%%';",
		    count, reasons[i], reasons[i], clock_now_us() + HOUR_US / 2, reasons[i], reasons[i]);
	g_assert_cmpint(sqlite3_exec(raw, sql->str, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
}

/* Who waits for the operator's word must not wait for the hour. */
static void
test_address_wakes(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	row_waiting(gateway, 3);
	assert_ends(gateway, "address verify example.jp taro@example.net", EX_OK);
	g_autoptr(Db) db = db_open(gateway->data_directory, DB_EXISTING, &error);
	g_autoptr(GPtrArray) due = outbox_claim(db, "test", G_USEC_PER_SEC, 100, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(due->len, ==, 3);
	for (guint i = 0; i < due->len; i++) {
		const OutboxItem *item = due->pdata[i];
		g_assert_cmpstr(((const Delivery *)item->deliveries->pdata[0])->reason, ==, "consent");
	}
}

static void
test_fuse(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	gboolean is_new = FALSE;
	assert_ends(gateway, "fuse", EX_OK);
	g_assert_cmpstr(gateway->output, ==, "all fuses are whole, and no automatic mail was asked for in the last 24 hours\n");
	g_assert_cmpuint(charge_many(gateway, "a", 3), ==, 3);
	assert_ends(gateway, "fuse show", EX_OK);
	assert_prints(gateway, "example.jp: whole, replies go\n");
	assert_prints(gateway, "3 automatic mails in the last hour, 3 in the last 24 hours\n");
	assert_prints(gateway, "5 an hour, as its site.conf says\n");
	assert_prints(gateway, "9 in 24 hours, as its site.conf says\n");
	g_assert_null(strstr(gateway->output, "what to do"));
	g_assert_cmpuint(charge_many(gateway, "b", 5), ==, 2);
	g_assert_true(ledger_alarm_raise(gateway->ledger, "example.jp", "fuse", "text", &is_new, &error));
	assert_ends(gateway, "fuse show example.jp", EX_OK);
	assert_prints(gateway, "example.jp: TRIPPED at 2027-01-15 17:00:00 +09:00, replies are stopped\n");
	assert_prints(gateway, "because         more than 5 automatic mails were asked for within an hour\n");
	assert_prints(gateway, "higher fuse_hour");
	assert_prints(gateway, "sekisho fuse reset example.jp\n");
	assert_ends(gateway, "fuse show --json", EX_OK);
	assert_prints(gateway, "\"is_tripped\": true");
	assert_prints(gateway, "\"tripped_at\": \"2027-01-15T08:00:00");
	assert_prints(gateway, "\"reason\": \"hour\"");
	assert_prints(gateway, "\"reset_at\": null");
	assert_prints(gateway, "\"last_hour\": 5");

	row_waiting(gateway, 1203);
	assert_ends(gateway, "fuse reset example.jp", EX_OK);
	g_assert_cmpstr(gateway->output, ==, "replies of example.jp go again, counted from now; 1203 of them waited\n");
	g_autoptr(Db) db = db_open(gateway->data_directory, DB_EXISTING, &error);
	g_autoptr(GPtrArray) due = outbox_claim(db, "test", G_USEC_PER_SEC, 2000, &error);
	g_assert_cmpuint(due->len, ==, 1203);
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(gateway->ledger, ALARM_BY_MAIL, 10, &error);
	g_assert_cmpuint(alarms->len, ==, 0);
	assert_ends(gateway, "fuse", EX_OK);
	assert_prints(gateway, "example.jp: whole, replies go\n");
	assert_prints(gateway, "last reset      2027-01-15 17:00:0");
	assert_ends(gateway, "fuse reset example.jp", EX_OK);
	assert_prints(gateway, "has not tripped");
	g_assert_no_error(error);
}

static void
test_fuse_learned(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	tree_write(gateway->tree, "sites/example.jp/site.conf", SITE_CONF);
	charge_many(gateway, "a", 4);
	advance(8 * DAY_US);
	assert_ends(gateway, "fuse show example.jp", EX_OK);
	assert_prints(gateway, "0 automatic mails in the last hour");
	assert_prints(gateway, "20 an hour, learned from its busiest of the last weeks (4)\n");
	assert_prints(gateway, "50 in 24 hours, learned from its busiest of the last weeks (4)\n");
	/* It has nothing to show of its own accord any more. */
	assert_ends(gateway, "fuse show", EX_OK);
	assert_prints(gateway, "all fuses are whole");
	/* No setting raises what was learned. */
	charge_with(gateway, "b", 21, &(LedgerLimits){DAY_US, 100, 100, 25, 100});
	assert_ends(gateway, "fuse show", EX_OK);
	assert_prints(gateway, "more than 20 automatic mails were asked for within an hour, far more than it usually sends\n");
	assert_prints(gateway, "if all is well: nothing; the learned ceiling follows the traffic of the days to come\n");
	g_assert_null(strstr(gateway->output, "higher fuse_hour"));
}

/* A site whose files are wrong, or that is gone, is shown and can be reset all the same. */
static void
test_fuse_without_site(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	charge_many(gateway, "a", 9);
	tree_write(gateway->tree, "sites/example.jp/site.conf", "[reply]\nfuse_hour = many\n");
	assert_ends(gateway, "fuse show", EX_OK);
	assert_prints(gateway, "example.jp: TRIPPED");
	assert_prints(gateway, "not known for an hour, because its site.conf cannot be read\n");
	assert_ends(gateway, "fuse reset example.jp", EX_OK);
	assert_prints(gateway, "go again");
}

/* --- Wrong words, wrong hands ---------------------------------------------------------------------------------------------- */

static void
test_usage(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	static const struct {
		const char *words;
		int code;
		const char *complaint;
	} rows[] = {
	    {"address verify example.jp", EX_USAGE, "sekisho address verify SITE ADDRESS"},
	    {"address verify example.jp a@b.jp c", EX_USAGE, "sekisho address verify SITE ADDRESS"},
	    {"address verify example.jp a@b.jp --limit 3", EX_USAGE, "--limit belongs to `sekisho address list`"},
	    {"address verify example.jp nobody", EX_USAGE, "no address"},
	    {"address verify example.jp a\r\nb@c.jp", EX_USAGE, "no address"},
	    {"address verify example.jp a@b.jp --for 0", EX_USAGE, "--for"},
	    {"address verify example.jp a@b.jp --for 4000d", EX_USAGE, "--for"},
	    {"address list --for 3d", EX_USAGE, "--for belongs to `sekisho address verify`, `sekisho address suppress`"},
	    {"address forget example.jp", EX_USAGE, "sekisho address forget SITE ADDRESS"},
	    {"address forget", EX_USAGE, "sekisho address forget SITE ADDRESS"},
	    {"address verify nowhere.jp a@b.jp", EX_NOINPUT, "nowhere.jp"},
	    {"address forget example.jp nobody@example.net", EX_NOINPUT,
		"sekisho: nobody@example.net has not proved itself to example.jp, so there is nothing to forget"},
	    {"address forget example.jp nobody", EX_NOINPUT, "nothing to forget"},
	    {"address forget example.jp nobody@example.jp", EX_NOINPUT,
		"in own_domains of example.jp, and goes on getting replies"},
	    {"address list nowhere.jp", EX_NOINPUT, "nowhere.jp"},
	    {"address -s nowhere.jp", EX_NOINPUT, "nowhere.jp"},
	    {"address verify --site nowhere.jp a@b.jp", EX_NOINPUT, "nowhere.jp"},
	    {"address verify example.jp a@b.jp --site example.jp", EX_USAGE, "sekisho address verify SITE ADDRESS"},
	    {"address list --limit 0", EX_USAGE, "--limit"},
	    {"fuse show nowhere.jp", EX_NOINPUT, "nowhere.jp"},
	    {"fuse reset nowhere.jp", EX_NOINPUT, "nowhere.jp"},
	    {"fuse --site nowhere.jp reset", EX_NOINPUT, "nowhere.jp"},
	    {"fuse reset", EX_USAGE, "sekisho fuse reset SITE"},
	    {"fuse show a b", EX_USAGE, "sekisho fuse [show] [SITE]"},
	    {"fuse example.jp", EX_USAGE, "sekisho fuse reset SITE"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		int code = run(gateway, rows[i].words);
		if (code != rows[i].code || !strstr(gateway->complaint, rows[i].complaint) || *gateway->output)
			g_error("%s: %d %s%s", rows[i].words, code, gateway->complaint, gateway->output);
	}
	g_autoptr(GPtrArray) proofs = ledger_proofs(gateway->ledger, NULL, 10, NULL);
	g_assert_cmpuint(proofs->len, ==, 0);
}

static void
test_no_ledger(Gateway *gateway, gconstpointer unused)
{
	(void)unused;
	g_clear_pointer(&gateway->ledger, db_free);
	g_assert_cmpint(chmod(gateway->courier_directory, 0770), ==, 0);
	assert_ends(gateway, "fuse", EX_NOPERM);
	g_assert_nonnull(strstr(gateway->complaint, "0700"));
	g_assert_cmpint(chmod(gateway->courier_directory, 0700), ==, 0);
	g_autofree char *path = g_build_filename(gateway->courier_directory, "ledger.db", NULL);
	g_assert_cmpint(g_remove(path), ==, 0);
	assert_ends(gateway, "address", EX_NOINPUT);
	g_assert_nonnull(strstr(gateway->complaint, "start sekishod"));
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const struct {
		const char *name;
		void (*test)(Gateway *, gconstpointer);
	} tests[] = {
	    {"/replies/address adds, lists and forgets", test_address},
	    {"/replies/address writes what the courier asks for", test_address_hash},
	    {"/replies/address opens boxes with care", test_address_boxes},
	    {"/replies/address lets go what waited for it", test_address_wakes},
	    {"/replies/fuse shows what holds and lets replies go", test_fuse},
	    {"/replies/fuse tells what was learned", test_fuse_learned},
	    {"/replies/fuse needs no good site", test_fuse_without_site},
	    {"/replies/a wrong command line changes nothing", test_usage},
	    {"/replies/no command makes a ledger", test_no_ledger},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, Gateway, NULL, gateway_prepare, tests[i].test, gateway_clear);
	return g_test_run();
}
