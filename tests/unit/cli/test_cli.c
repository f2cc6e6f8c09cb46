/*
 * Whole commands: what they print and how they end, over a real configuration, keys and database.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "../conf/tree.h"
#include "cli/deliveries.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/journal.h"
#include "sekisho/wire/address.h"

/* --- A gateway with one submission --------------------------------------------------------------------------------- */

typedef struct {
	char *tree;
	char *config_path;
	char *data_directory;
	Vault *vault;
	char *output;
	char *complaint;
} Gateway;

static Gateway
gateway_new(void)
{
	Gateway gateway = {.tree = tree_new()};
	g_autoptr(GError) error = NULL;
	tree_write(gateway.tree, "sekisho.conf",
	    "[gateway]\ndata_directory = data\nkey_directory = keys\n[account main]\nhost = smtp.example.jp\n");
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp, [your-email]\n[mail_2]\nactive = on\n");
	gateway.config_path = tree_path(gateway.tree, "sekisho.conf");
	gateway.data_directory = tree_path(gateway.tree, "data");
	g_autofree char *keys = tree_path(gateway.tree, "keys");
	g_assert_cmpint(g_mkdir(gateway.data_directory, 0700), ==, 0);
	g_assert_true(vault_create(keys, &error));
	gateway.vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	g_autoptr(Db) db = db_open(gateway.data_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_assert_nonnull(db);
	g_autofree char *courier_directory = tree_path(gateway.tree, "data-courier");
	g_assert_cmpint(g_mkdir(courier_directory, 0700), ==, 0);
	g_autoptr(Db) ledger = db_open_ledger(courier_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	clock_set_offset_us(0);
	return gateway;
}

static void
gateway_clear(Gateway *gateway)
{
	vault_free(gateway->vault);
	tree_free(gateway->tree);
	g_free(gateway->config_path);
	g_free(gateway->data_directory);
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
assert_prints(const Gateway *gateway, const char *text)
{
	if (!strstr(gateway->output, text))
		g_error("\"%s\" is not in:\n%s\n(%s)", text, gateway->output, gateway->complaint);
}

/* The same of a sentence, wherever its lines are broken. */
static void
assert_tells(const Gateway *gateway, const char *sentence)
{
	g_autoptr(GRegex) space = g_regex_new("\\s+", 0, 0, NULL);
	g_autofree char *flat = g_regex_replace_literal(space, gateway->output, -1, 0, " ", 0, NULL);
	if (!strstr(flat, sentence))
		g_error("\"%s\" is not in:\n%s\n(%s)", sentence, gateway->output, gateway->complaint);
}

static void
add(Posted *posted, const char *name, const char *value)
{
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));
	g_assert_true(posted_add(posted, name_bytes, value_bytes, NULL));
}

static void
committed(gpointer user_data, const JournalOutcome *outcome)
{
	g_assert_no_error(outcome->error);
	g_atomic_int_set((gint *)user_data, 1);
}

static GPtrArray *
planned_deliveries(Vault *vault, const GPtrArray *plan)
{
	GPtrArray *planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	for (guint i = 0; i < plan->len; i++) {
		const PlannedRecipient *recipient = g_ptr_array_index(plan, i);
		PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
		g_autofree char *canonical = address_canonical(recipient->address);
		vault_hash(vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient);
		delivery->kind = recipient->kind;
		delivery->is_refused = recipient->refusal != NULL;
		delivery->reason = g_strdup(recipient->refusal);
		g_ptr_array_add(planned, delivery);
	}
	return planned;
}

/* What a front that was taken over might call a file. */
static GPtrArray *
one_file(void)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	g_free(file->field);
	g_free(file->name);
	g_free(file->spool);
	file->field = g_strdup("estimate");
	file->name = g_strdup("見積\n  notice\033.pdf");
	file->spool = g_strdup("00112233445566778899aabbccddeeff");
	file->size_bytes = 1536;
	file->state = FILE_KEPT;
	g_ptr_array_add(files, file);
	return files;
}

/* One submission as the front would keep it. Returns its receipt, the caller's. */
static char *
submit(Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_load(gateway->config_path, &error);
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_autoptr(Form) form = site_form(site, 4, &error);
	g_assert_no_error(error);
	Posted *posted = posted_new();
	ClientFacts *client = client_facts_new();
	add(posted, "your-name", "山田\033[31m太郎");
	add(posted, "your-email", "visitor@example.com");
	add(posted, "your-subject", "件名");
	add(posted, "your-message", "first\nMails\n  notice, item 1\xE2\x80\xAE");
	g_free(client->remote_ip);
	client->remote_ip = g_strdup("203.0.113.9");
	client->remote_port = 50123;
	client->received_at_us = clock_now_us();
	char *receipt = vault_receipt();
	g_autoptr(Submission) submission = submission_new(form, receipt, posted, one_file(), client);
	g_autoptr(GPtrArray) plan = replies_plan(form, submission);
	g_autoptr(GPtrArray) planned = planned_deliveries(gateway->vault, plan);
	JournalRecord record = {.submission = submission,
	    .status = SUBMISSION_ACCEPTED,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + G_TIME_SPAN_DAY};
	Journal *journal = journal_start(gateway->data_directory, gateway->vault, &error);
	g_assert_no_error(error);
	gint is_committed = 0;
	g_assert_true(journal_submit(journal, journal_entry_new(journal, &record), committed, &is_committed, &error));
	journal_stop(journal); /* commits what waits */
	g_assert_cmpint(g_atomic_int_get(&is_committed), ==, 1);
	return receipt;
}

/* --- The command line ------------------------------------------------------------------------------------------------ */

static void
test_usage(void)
{
	static const struct {
		const char *words;
		int code;
	} cases[] = {{"", EX_USAGE}, {"frobnicate", EX_USAGE}, {"--nope", EX_USAGE}, {"check --nope", EX_USAGE},
	    {"check x", EX_USAGE}, {"config", EX_USAGE}, {"config dump x", EX_USAGE}, {"config --site", EX_USAGE},
	    {"queue retry", EX_USAGE}, {"queue retry 1x", EX_USAGE}, {"queue retry 0", EX_USAGE},
	    {"queue cancel 1 --resend", EX_USAGE}, {"queue list 1", EX_USAGE}, {"submissions show", EX_USAGE},
	    {"submissions show A B", EX_USAGE}, {"submissions --preview", EX_USAGE}, {"submissions --limit 0", EX_USAGE},
	    {"submissions --limit 10001", EX_USAGE}, {"--help", EX_OK}, {"--version", EX_OK}, {"check --help", EX_OK},
	    {"config --help", EX_OK}, {"submissions --help", EX_OK}, {"queue -h", EX_OK}};
	Gateway gateway = gateway_new();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("sekisho %s", cases[i].words);
		g_assert_cmpint(run(&gateway, cases[i].words), ==, cases[i].code);
		g_assert_true((gateway.output[0] != '\0') == (cases[i].code == EX_OK));
		g_assert_true((gateway.complaint[0] != '\0') == (cases[i].code != EX_OK));
	}
	run(&gateway, "queue --help");
	assert_prints(&gateway, "Usage: sekisho queue [ORDER] [OPTION...]\n");
	assert_prints(&gateway, "--resend");
	run(&gateway, "--help");
	assert_prints(&gateway, "  submissions  Look at what visitors sent");
	run(&gateway, "queue retry 0");
	g_assert_true(g_str_has_suffix(gateway.complaint, "; see `sekisho queue --help`\n"));
	run(&gateway, "queue --nope");
	g_assert_true(g_str_has_suffix(gateway.complaint, "; see `sekisho queue --help`\n"));
	run(&gateway, "\033[2J");
	g_assert_cmpstr(gateway.complaint, ==, "sekisho: unknown verb \\x1B[2J; see `sekisho --help`\n");
	gateway_clear(&gateway);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static void
test_dump(void)
{
	Gateway gateway = gateway_new();
	g_assert_cmpint(run(&gateway, "config dump"), ==, EX_OK);
	assert_prints(&gateway, "\nworkers=4\n");
	g_assert_null(strstr(gateway.output, "[site]"));
	g_assert_cmpint(run(&gateway, "config dump --site example.jp"), ==, EX_OK);
	assert_prints(&gateway, "\ntimezone=Asia/Tokyo\n");
	g_assert_cmpint(run(&gateway, "config dump --site ../x"), ==, EX_NOINPUT);
	gateway_clear(&gateway);
}

/* --- submissions ------------------------------------------------------------------------------------------------------- */

static void
test_list(void)
{
	Gateway gateway = gateway_new();
	g_assert_cmpint(run(&gateway, "submissions"), ==, EX_OK);
	g_assert_cmpstr(gateway.output, ==, "no submissions\n");
	g_autofree char *receipt = submit(&gateway);
	g_assert_cmpint(run(&gateway, "submissions --site example.jp"), ==, EX_OK);
	assert_prints(&gateway, "RECEIPT       RECEIVED");
	assert_prints(&gateway, receipt);
	assert_prints(&gateway, " +09:00  example.jp  4     accepted  2 waiting, 1 refused\n");
	g_assert_cmpint(run(&gateway, "submissions --site other"), ==, EX_NOINPUT);
	g_assert_cmpint(run(&gateway, "submissions --json"), ==, EX_OK);
	assert_prints(&gateway, "\"mails_waiting\": 2");
	g_autofree char *quoted = g_strdup_printf("\"receipt\": \"%s\"", receipt);
	assert_prints(&gateway, quoted);
	gateway_clear(&gateway);
}

static void
test_show(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *receipt = submit(&gateway);
	g_autofree char *show = g_strdup_printf("submissions show %.6s", receipt);
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(&gateway, "client      203.0.113.9 port 50123\n");
	assert_prints(&gateway, "  your-name\n    | 山田");
	assert_prints(&gateway, "\nFiles\n  estimate, 1536 bytes\n    | 見積\n    |   notice\\x1B.pdf\n");
	assert_prints(&gateway, "\nMails\n  notice, item 1\n    to owner@example.jp: waiting since ");
	assert_tells(&gateway, " to visitor@example.com: refused, because the address comes from a field of the form");
	assert_prints(&gateway, "  reply, item 2\n    to visitor@example.com: waiting since ");
	/* The stranger's own lines stay behind their bar, without their control characters. */
	assert_prints(&gateway, "    | first\n    | Mails\n    |   notice, item 1\\u{202E}\n");
	g_assert_null(strchr(gateway.output, '\033'));
	g_assert_null(strstr(gateway.output, "Preview"));
	g_autofree char *json = g_strdup_printf("submissions show %.6s --json", receipt);
	g_assert_cmpint(run(&gateway, json), ==, EX_OK);
	assert_prints(&gateway, "\"address\": \"203.0.113.9\"");
	assert_prints(&gateway, "\"your-name\": \"\\u5C71\\u7530");
	assert_prints(&gateway, "\"recipient\": \"owner@example.jp\"");
	assert_prints(&gateway, "\"field\": \"estimate\"");
	assert_prints(&gateway, "\"size\": 1536");
	assert_prints(&gateway, "\"not_shown\": null");
	g_autofree char *both = g_strdup_printf("submissions show %.6s --json --preview", receipt);
	g_assert_cmpint(run(&gateway, both), ==, EX_OK);
	assert_prints(&gateway, "\"previews\": [");
	assert_prints(&gateway, "\"mail\": \"notice\"");
	g_assert_cmpint(run(&gateway, "submissions show ZZZZZZZZZZZZ"), ==, EX_NOINPUT);
	gateway_clear(&gateway);
}

static void
test_preview(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *receipt = submit(&gateway);
	g_autofree char *show = g_strdup_printf("submissions show %s --preview", receipt);
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(
	    &gateway, "Preview of the notice as the form is now\n    | From: 例 <info@example.jp>\n    | To: owner@example.jp\n");
	assert_prints(&gateway, "    | Reply-To: visitor@example.com\n");
	assert_prints(&gateway, "    | Subject: example.jp \"件名\"\n    |\n    | 差出人: 山田");
	assert_prints(&gateway,
	    "Preview of the reply as the form is now\n    | From: 例 <info@example.jp>\n    | To: visitor@example.com\n");
	g_assert_null(strchr(gateway.output, '\033'));
	gateway_clear(&gateway);
}

/* A form that changed its recipient, and one that is gone. */
static void
test_recipient_is_gone(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *receipt = submit(&gateway);
	g_autofree char *show = g_strdup_printf("submissions show %s", receipt);
	tree_write(
	    gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail]\nrecipient = new@example.jp\n");
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(&gateway, "    to (not a recipient any more): waiting since ");
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 5\n");
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(&gateway, "    to (the form cannot be read): waiting since ");
	assert_prints(&gateway, "Not everything could be shown: site example.jp has no form 4\n");
	/* Two faults, one line. */
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail]\nfirst\nsecond\n");
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(&gateway, "write KEY = VALUE, [GROUP] or # COMMENT /");
	/* Several reasons are one sentence. */
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\nrubbish = 1\nmore = 2\n");
	g_assert_cmpint(run(&gateway, show), ==, EX_OK);
	assert_prints(&gateway, "\nNot everything could be shown: ");
	assert_prints(&gateway, "rubbish");
	g_assert_null(strstr(gateway.output, "\\x0A"));
	gateway_clear(&gateway);
}

/* --- queue --------------------------------------------------------------------------------------------------------------- */

/* The courier takes what is due and says this of each delivery. */
static void
settle_all(Gateway *gateway, const DeliveryOutcome *outcome)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = db_open(gateway->data_directory, DB_EXISTING, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) items = outbox_claim(db, "test", G_TIME_SPAN_MINUTE, 10, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		for (guint j = 0; j < item->deliveries->len; j++) {
			const Delivery *delivery = g_ptr_array_index(item->deliveries, j);
			DeliveryOutcome settled = *outcome;
			settled.delivery_id = delivery->id;
			g_assert_true(outbox_settle(db, "test", &settled, 1, &error));
		}
	}
}

static void
test_queue(void)
{
	Gateway gateway = gateway_new();
	g_assert_cmpint(run(&gateway, "queue"), ==, EX_OK);
	g_assert_cmpstr(gateway.output, ==, "nothing waits\n");
	g_autofree char *receipt = submit(&gateway);
	DeliveryOutcome dead = {
	    .state = DELIVERY_DEAD, .reason = "relay.permanent", .server_text = "no\033[2J such user", .reply_code = 550};
	settle_all(&gateway, &dead);
	g_assert_cmpint(run(&gateway, "queue list"), ==, EX_OK);
	assert_prints(&gateway, "ITEM  RECEIPT       SITE        FORM  MAIL    STATE\n");
	assert_prints(&gateway, receipt);
	assert_prints(&gateway, "  notice  dead\n    to owner@example.jp: given up at ");
	assert_tells(&gateway, ", tried 1 time, because the server refused it: 550 no");
	g_assert_null(strchr(gateway.output, '\033'));
	g_assert_cmpint(run(&gateway, "queue --json"), ==, EX_OK);
	assert_prints(&gateway, "\"recipient\": \"owner@example.jp\"");
	assert_prints(&gateway, "\"reply_code\": 550");

	g_assert_cmpint(run(&gateway, "queue retry 2"), ==, EX_OK);
	g_assert_cmpint(run(&gateway, "queue retry 1"), ==, EX_OK);
	g_assert_cmpint(run(&gateway, "queue"), ==, EX_OK);
	assert_prints(&gateway, "  notice  queued\n    to owner@example.jp: waiting since ");
	DeliveryOutcome sent = {.state = DELIVERY_SENT, .reason = "carrier", .server_text = "2.0.0 Ok", .reply_code = 250};
	settle_all(&gateway, &sent);
	g_assert_cmpint(run(&gateway, "queue"), ==, EX_OK);
	g_assert_cmpstr(gateway.output, ==, "nothing waits\n");
	g_assert_cmpint(run(&gateway, "queue --all"), ==, EX_OK);
	assert_tells(&gateway, "accepted by the server at ");
	assert_tells(
	    &gateway, ", but the address is a mobile carrier's, which may still hide or drop what it accepted: 250 2.0.0 Ok ");
	g_assert_cmpint(run(&gateway, "queue --all --json"), ==, EX_OK);
	assert_prints(&gateway, "\"reason\": \"carrier\"");
	assert_prints(&gateway, "\"explanation\": \"the address is a mobile carrier's, which");
	g_assert_cmpint(run(&gateway, "queue retry 1"), ==, EX_DATAERR);
	g_assert_nonnull(strstr(gateway.complaint, "--resend"));
	g_assert_cmpint(run(&gateway, "queue retry 1 --resend"), ==, EX_OK);
	g_assert_cmpint(run(&gateway, "queue cancel 1 --yes"), ==, EX_OK);
	g_assert_cmpstr(gateway.output, ==, "item 1 is cancelled\n");
	g_assert_cmpint(run(&gateway, "queue cancel 99 --yes"), ==, EX_NOINPUT);
	gateway_clear(&gateway);
}

/* An operator reads sentences, never a code. */
static void
test_reasons(void)
{
	GQuark (*const domains[])(void) = {
	    base_error_quark, wire_error_quark, form_error_quark, store_error_quark, conf_error_quark, relay_error_quark};
	const char *other = deliveries_reason("no such code");
	guint count = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(domains); i++)
		for (int code = 0; code < 32; code++) {
			g_autoptr(GError) error = g_error_new_literal(domains[i](), code, "");
			const char *name = error_name(error);
			count += strcmp(name, "unknown") != 0;
			if (strcmp(deliveries_reason(name), other) == 0 || strstr(deliveries_reason(name), name))
				g_error("%s has no sentence", name);
		}
	g_assert_cmpuint(count, >=, 31);
	for (gsize i = 0; replies_refusals[i]; i++)
		g_assert_cmpstr(deliveries_reason(replies_refusals[i]), !=, other);
	static const char *const couriers[] = {"gone", "retention", "consent", "expired", "unproved", "repeated", "ceiling",
	    "fuse", "collapsed", "digest", "proved", "carrier", "told", "none_held", "hourly", "suppressed", "rate", OUTBOX_HOLD,
	    "bounce.unknown", "bounce.address", "bounce.full", "bounce.refused", "bounce.content", "bounce.system"};
	for (gsize i = 0; i < G_N_ELEMENTS(couriers); i++)
		g_assert_cmpstr(deliveries_reason(couriers[i]), !=, other);
}

static void
test_no_database(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *database = g_build_filename(gateway.data_directory, "sekisho.db", NULL);
	g_assert_cmpint(g_remove(database), ==, 0);
	g_assert_cmpint(run(&gateway, "submissions"), ==, EX_NOINPUT);
	g_assert_false(g_file_test(database, G_FILE_TEST_EXISTS));
	gateway_clear(&gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/a wrong command line ends with 64, help and version with 0", test_usage);
	g_test_add_func("/cli/config dump", test_dump);
	g_test_add_func("/cli/submissions lists in the site's time", test_list);
	g_test_add_func("/cli/submissions show keeps a stranger's text apart", test_show);
	g_test_add_func("/cli/submissions show --preview renders each planned mail", test_preview);
	g_test_add_func("/cli/a recipient that is none any more is not named", test_recipient_is_gone);
	g_test_add_func("/cli/queue lists, retries and cancels", test_queue);
	g_test_add_func("/cli/every reason has a sentence", test_reasons);
	g_test_add_func("/cli/no command makes a database", test_no_database);
	return g_test_run();
}
