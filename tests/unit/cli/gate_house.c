/*
 * A gateway for the tests of the gate's verbs.
 */
#include "gate_house.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "sekisho/base/clock.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/journal.h"

Gateway
gateway_new(void)
{
	Gateway gateway = {.tree = tree_new()};
	g_autoptr(GError) error = NULL;
	tree_write(gateway.tree, "sekisho.conf",
	    "[gateway]\ndata_directory = data\nkey_directory = keys\n[account main]\nhost = smtp.example.jp\n");
	gateway.config_path = tree_path(gateway.tree, "sekisho.conf");
	gateway.data_directory = tree_path(gateway.tree, "data");
	g_autofree char *keys = tree_path(gateway.tree, "keys");
	g_assert_cmpint(g_mkdir(gateway.data_directory, 0700), ==, 0);
	g_assert_true(vault_create(keys, &error));
	gateway.vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	g_autoptr(Db) db = db_open(gateway.data_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_autoptr(Db) counters = db_open_counters(gateway.data_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_autofree char *courier_directory = tree_path(gateway.tree, "data-courier");
	g_assert_cmpint(g_mkdir(courier_directory, 0700), ==, 0);
	g_autoptr(Db) ledger = db_open_ledger(courier_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	clock_set_offset_us(0);
	return gateway;
}

void
gateway_clear(Gateway *gateway)
{
	vault_free(gateway->vault);
	tree_free(gateway->tree);
	g_free(gateway->config_path);
	g_free(gateway->data_directory);
	g_free(gateway->output);
	g_free(gateway->complaint);
	clock_set_offset_us(0);
}

int
gateway_run(Gateway *gateway, const char *words)
{
	g_auto(GStrv) parts = g_strsplit(words, " ", -1);
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	g_ptr_array_add(arguments, (char *)"sekisho");
	g_ptr_array_add(arguments, (char *)"--config");
	g_ptr_array_add(arguments, gateway->config_path);
	for (guint i = 0; parts[i]; i++)
		g_ptr_array_add(arguments, g_strdelimit(parts[i], "_", ' '));
	g_ptr_array_add(arguments, NULL);
	CliConsole console = {.output = g_string_new(NULL),
	    .complaint = g_string_new(NULL),
	    .answers = gateway->answers,
	    .progress = gateway->progress};
	int code = cli_run((const char *const *)arguments->pdata, &console);
	g_free(gateway->output);
	g_free(gateway->complaint);
	gateway->output = g_string_free(console.output, FALSE);
	gateway->complaint = g_string_free(console.complaint, FALSE);
	g_test_message("$ sekisho %s\n%s%s", words, gateway->output, gateway->complaint);
	return code;
}

void
assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		g_error("\"%s\" is not in:\n%s", part, text);
}

void
gateway_assert(Gateway *gateway, const char *words, int code, const char *part)
{
	int ended = gateway_run(gateway, words);
	if (ended != code)
		g_error("`%s` ended with %d, not %d:\n%s%s", words, ended, code, gateway->output, gateway->complaint);
	assert_contains(code == EX_OK || code == 1 ? gateway->output : gateway->complaint, part);
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
	*(gboolean *)user_data = outcome->is_kept;
}

char *
gateway_evidence(FindingAction action, guint points)
{
	GPtrArray *findings = findings_new();
	const FindingHead links = {CHECK_LINKS, CHECK_ON, FINDING_NOTE, points, "brand"};
	const FindingHead list = {CHECK_LISTS, CHECK_ON, action, 0, "entry"};
	if (points > 0)
		finding_add(findings, &links, "The link to example.test carries a brand in its path");
	if (action != FINDING_PASS)
		finding_add(findings, &list, "Entry 1 of the lists fits the address\033[31m");
	g_autoptr(Verdict) verdict = verdict_new(findings, 5);
	return verdict_to_text(verdict);
}

char *
gateway_keep(Gateway *gateway, SubmissionStatus status, const char *message, char *found)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Config) config = config_load(gateway->config_path, &error);
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_autoptr(Form) form = site_form(site, 4, &error);
	g_assert_no_error(error);
	Posted *posted = posted_new();
	ClientFacts *client = client_facts_new();
	add(posted, "your-name", "山田太郎");
	add(posted, "your-email", "visitor@example.com");
	add(posted, "your-subject", "お問い合わせ");
	add(posted, "your-message", message);
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(GATEWAY_IP);
	g_free(client->user_agent);
	client->user_agent = g_strdup("Mozilla/5.0 (X11; Linux x86_64)");
	g_free(client->fingerprint);
	client->fingerprint = g_strdup("01234567-0123456789abcdef0123456789abcdef 89abcdef-00112233445566778899aabbccddeeff");
	client->received_at_us = clock_now_us();
	char *receipt = vault_receipt();
	g_autoptr(Submission) submission = submission_new(form, receipt, posted, NULL, client);
	g_autoptr(GPtrArray) planned = g_ptr_array_new();
	submission->evidence = found;
	VaultHash fingerprint;
	vault_hash(gateway->vault, VAULT_HASH_FINGERPRINT, client->fingerprint, strcspn(client->fingerprint, " "), &fingerprint);
	const JournalRecord record = {.submission = submission,
	    .status = status,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + 30 * G_TIME_SPAN_DAY,
	    .fingerprint = &fingerprint};
	Journal *journal = journal_start(gateway->data_directory, gateway->vault, &error);
	g_assert_no_error(error);
	gboolean is_kept = FALSE;
	g_assert_true(journal_submit(journal, journal_entry_new(journal, &record), committed, &is_kept, &error));
	journal_stop(journal); /* commits what waits */
	g_assert_true(is_kept);
	return receipt;
}
