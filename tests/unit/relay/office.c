/*
 * What the courier's tests share. See office.h.
 */
#include "office.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "sekisho/base/clock.h"
#include "sekisho/store/held.h"
#include "sekisho/store/journal.h"
#include "sekisho/store/spool.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

void
office_reload(Office *office)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = tree_path(office->tree, "sekisho.conf");

	if (office->config != NULL)
		config_free(office->config);
	office->config = config_load(path, &error);
	g_assert_no_error(error);
	office->settings = (CourierSettings){
	    .config = office->config, .vault = office->vault, .program = "/proc/self/exe", .wake_descriptor = -1};
}

void
office_open(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	memset(office, 0, sizeof *office);
	clock_set_offset_us(0);
	office->tree = tree_new();
	tree_write(office->tree, "sekisho.conf",
	    "[gateway]\nlisten = ./s.sock\ndata_directory = data\n[account main]\nhost = 127.0.0.1\nport = 1\nsecurity = "
	    "plain-loopback\n"
	    "[account second]\nhost = 127.0.0.1\nport = 2\nsecurity = plain-loopback\n");
	tree_write(office->tree, "data/.keep", "");
	office->data_directory = tree_path(office->tree, "data");
	g_autofree char *keys = tree_path(office->tree, "keys");
	g_assert_true(vault_create(keys, &error));
	office->vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	office_reload(office);
	office->courier.settings = &office->settings;
	office->courier.db = db_open(office->data_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_mkdir(office->config->courier_directory, 0700), ==, 0);
	office->courier.ledger = db_open_ledger(office->config->courier_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	office->courier.charges = automatic_charges_new();
	office->courier.invites = invites_new();
	office->courier.alarms = alarms_new(&office->courier);
	office->courier.owner = g_strdup("courier-of-the-test");
	office->courier.desks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)desk_free);
	office->courier.obstacles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	office->courier.notice_counts = digest_counts_new();
	office->courier.flights = g_ptr_array_new_with_free_func((GDestroyNotify)flight_free);
	g_queue_init(&office->courier.unsettled);
}

void
office_close(Office *office, gconstpointer unused)
{
	(void)unused;
	g_ptr_array_unref(office->courier.flights);
	g_hash_table_unref(office->courier.desks);
	g_hash_table_unref(office->courier.obstacles);
	g_hash_table_unref(office->courier.notice_counts);
	settle_clear(&office->courier);
	g_free(office->courier.owner);
	alarms_free(office->courier.alarms);
	g_hash_table_unref(office->courier.charges);
	g_array_unref(office->courier.invites);
	db_free(office->courier.ledger);
	db_free(office->courier.db);
	config_free(office->config);
	vault_free(office->vault);
	g_free(office->data_directory);
	tree_free(office->tree);
	clock_set_offset_us(0);
}

/* --- Submissions --------------------------------------------------------------------------------------------------------------- */

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t told;
	gboolean is_done;
} Commit;

static void
note_commit(gpointer user_data, const JournalOutcome *outcome)
{
	Commit *commit = user_data;

	g_assert_no_error(outcome->error);
	pthread_mutex_lock(&commit->lock);
	commit->is_done = TRUE;
	pthread_cond_signal(&commit->told);
	pthread_mutex_unlock(&commit->lock);
}

static Submission *
visitor_submission_from(Office *office, const char *site_name, const char *receipt, const char *email, GPtrArray *files)
{
	const char *const fields[][2] = {
	    {"your-name", "太郎"}, {"your-email", email}, {"your-subject", "件名"}, {"your-message", "本文"}};
	g_autoptr(Site) site = config_site(office->config, site_name, NULL);
	g_assert_nonnull(site);
	g_autoptr(Form) form = site_form(site, 4, NULL);
	g_assert_nonnull(form);
	Posted *posted = posted_new();
	ClientFacts *client = client_facts_new();

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autoptr(GBytes) name = g_bytes_new_static(fields[i][0], strlen(fields[i][0]));
		g_autoptr(GBytes) value = g_bytes_new(fields[i][1], strlen(fields[i][1]));
		g_assert_true(posted_add(posted, name, value, NULL));
	}
	client->received_at_us = clock_now_us();
	return submission_new(form, receipt, posted, files, client);
}

static Submission *
visitor_submission(Office *office, const char *site_name, const char *receipt, GPtrArray *files)
{
	return visitor_submission_from(office, site_name, receipt, "taro@visitor.test", files);
}

static void
commit_entry(Journal *journal, JournalEntry *entry)
{
	Commit state = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};

	g_assert_true(journal_submit(journal, entry, note_commit, &state, NULL));
	pthread_mutex_lock(&state.lock);
	while (!state.is_done)
		pthread_cond_wait(&state.told, &state.lock);
	pthread_mutex_unlock(&state.lock);
	journal_stop(journal);
}

/* Takes `submission`. */
static void
commit_as(Office *office, Submission *taken, SubmissionStatus status, MailKind kind, const char *address)
{
	g_autoptr(Submission) submission = taken;
	g_autoptr(GError) error = NULL;
	Journal *journal = journal_start(office->data_directory, office->vault, &error);
	g_assert_no_error(error);
	g_autofree char *canonical = address_canonical(address);
	PlannedDelivery planned = {.kind = kind};
	g_autoptr(GPtrArray) plan = g_ptr_array_new();

	vault_hash(office->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &planned.recipient);
	g_ptr_array_add(plan, &planned);
	JournalRecord record = {.submission = submission,
	    .status = status,
	    .planned = plan,
	    .purge_at_us = clock_now_us() + 90 * 24 * 3600 * (gint64)G_USEC_PER_SEC};
	commit_entry(journal, journal_entry_new(journal, &record));
}

static void
commit(Office *office, Submission *taken, MailKind kind, const char *address)
{
	commit_as(office, taken, SUBMISSION_ACCEPTED, kind, address);
}

void
office_submit_held(Office *office, const char *receipt)
{
	commit_as(
	    office, visitor_submission(office, "example.jp", receipt, NULL), SUBMISSION_HELD, MAIL_HELD, "owner@example.jp");
}

void
office_submit_judged(Office *office, const char *site, const char *receipt, SubmissionStatus status, const char *evidence)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Submission) submission = visitor_submission(office, site, receipt, NULL);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	Journal *journal = journal_start(office->data_directory, office->vault, &error);

	g_assert_no_error(error);
	submission->evidence = g_strdup(evidence);
	JournalRecord record = {
	    .submission = submission, .status = status, .planned = none, .purge_at_us = clock_now_us() + 90 * G_TIME_SPAN_DAY};
	commit_entry(journal, journal_entry_new(journal, &record));
}

void
office_submit_unchecked(Office *office, const char *receipt)
{
	Submission *submission = visitor_submission(office, "example.jp", receipt, NULL);

	submission->is_unchecked = TRUE;
	commit(office, submission, MAIL_NOTICE, "owner@example.jp");
}

void
office_release(Office *office, const char *receipt, MailKind kind, const char *address)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SubmissionSummary) summary = submissions_find(office->courier.db, receipt, &error);
	g_assert_no_error(error);
	g_autofree char *canonical = address_canonical(address);
	PlannedDelivery planned = {.kind = kind};
	g_autoptr(GPtrArray) plan = g_ptr_array_new();

	vault_hash(office->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &planned.recipient);
	g_ptr_array_add(plan, &planned);
	g_assert_true(held_release(office->courier.db, summary->id, plan, 0, "tester", &error));
	g_assert_no_error(error);
}

void
office_submit_from(Office *office, const char *receipt, MailKind kind, const char *email)
{
	commit(office, visitor_submission_from(office, "example.jp", receipt, email, NULL), kind, email);
}

void
office_press_button(Office *office, const char *site, const char *token, const char *decision)
{
	g_autoptr(GError) error = NULL;
	Journal *journal = journal_start(office->data_directory, office->vault, &error);

	g_assert_no_error(error);
	commit_entry(journal, journal_press_new(site, token, decision));
}

void
office_press(Office *office, const char *site, const char *token)
{
	office_press_button(office, site, token, "");
}

void
office_form(Office *office, const char *reply, const char *mails)
{
	g_autofree char *text = g_strdup_printf("[form]\nid = 4\ntitle = t\nreply = %s\n%s", reply, mails);

	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", text);
	tree_write(office->tree, "sites/example.jp/forms/contact/mail_2.txt", "返信です。");
	office_reload(office);
}

void
office_site(Office *office, const char *further)
{
	g_autofree char *text = g_strconcat(tree_site_conf, further, NULL);

	tree_write(office->tree, "sites/example.jp/site.conf", text);
	office_reload(office);
}

void
office_pass(gint64 time_us)
{
	clock_set_offset_us(clock_now_us() + time_us - g_get_real_time());
}

void
office_prove(Office *office, const char *address)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folded = address_folded(address);
	g_autoptr(GBytes) plain = g_bytes_new(folded, strlen(folded));
	g_autoptr(GBytes) boxed = vault_box(office->vault, plain);
	Proof proof = {.site = (char *)"example.jp",
	    .kind = PROOF_OPERATOR,
	    .boxed = boxed,
	    .proved_at_us = clock_now_us(),
	    .until_us = clock_now_us() + G_TIME_SPAN_DAY};

	vault_hash(office->vault, VAULT_HASH_ADDRESS, folded, strlen(folded), &proof.address);
	g_assert_true(ledger_prove(office->courier.ledger, &proof, &error));
	g_assert_no_error(error);
}

GPtrArray *
office_send_due(Office *office)
{
	Courier *courier = &office->courier;
	GPtrArray *letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);

	courier->claims++;
	g_autoptr(GPtrArray) items = office_claim(office);
	for (guint i = 0; i < items->len; i++) {
		g_autoptr(GError) error = NULL;
		OutboxItem *item = items->pdata[i];
		Letter *letter = prepare_letter(courier, item, &error);
		g_assert_no_error(error);
		if (letter == NULL)
			continue;
		g_assert_cmpuint(item->deliveries->len, ==, letter->recipients->len);
		for (guint k = 0; k < item->deliveries->len; k++)
			settle_attempt(courier, item, item->deliveries->pdata[k], &(Attempt){.reply_code = 250});
		g_ptr_array_add(letters, letter);
	}
	g_assert_true(settle_flush(courier));
	invites_write(courier);
	return letters;
}

void
office_submit(Office *office, const char *receipt, MailKind kind, const char *address)
{
	commit(office, visitor_submission(office, "example.jp", receipt, NULL), kind, address);
}

void
office_submit_file(Office *office, const char *receipt, const char *address)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	SpoolWriter *writer = spool_create(office->data_directory, NULL);

	g_assert_true(spool_finish(writer, file, NULL));
	g_ptr_array_add(files, file);
	commit(office, visitor_submission(office, "example.jp", receipt, files), MAIL_NOTICE, address);
}

void
office_submit_to(Office *office, const char *site, const char *receipt)
{
	commit(office, visitor_submission(office, site, receipt, NULL), MAIL_NOTICE, "owner@example.jp");
}

GPtrArray *
office_claim(Office *office)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(settle_flush(&office->courier));
	GPtrArray *items = outbox_claim(office->courier.db, office->courier.owner, 600 * (gint64)G_USEC_PER_SEC, 1000, &error);

	g_assert_no_error(error);
	return items;
}

char *
office_states(Office *office, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(settle_flush(&office->courier));
	g_autoptr(SubmissionSummary) summary = submissions_find(office->courier.db, receipt, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) items = outbox_of_submission(office->courier.db, summary->id, &error);
	g_assert_no_error(error);
	GString *states = g_string_new(NULL);

	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint k = 0; k < item->deliveries->len; k++) {
			const Delivery *delivery = item->deliveries->pdata[k];
			g_string_append_printf(states, "%s%s%s%s", states->len > 0 ? ", " : "",
			    delivery_state_name(delivery->state), delivery->reason == NULL ? "" : " ",
			    delivery->reason == NULL ? "" : delivery->reason);
		}
	}
	return g_string_free(states, FALSE);
}

void
office_assert_states(Office *office, const char *receipt, const char *expected)
{
	g_autofree char *states = office_states(office, receipt);

	g_assert_cmpstr(states, ==, expected);
}

void
office_submit_many(Office *office, guint count)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAA%03u", i);
		office_submit(office, receipt, MAIL_NOTICE, "owner@example.jp");
	}
}

Desk *
office_take_all(Office *office)
{
	g_autoptr(GPtrArray) items = office_claim(office);
	GHashTableIter iter;
	gpointer desk = NULL;

	while (items->len > 0)
		desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	g_hash_table_iter_init(&iter, office->courier.desks);
	g_assert_true(g_hash_table_iter_next(&iter, NULL, &desk));
	return desk;
}

const Letter *
office_only_letter(const GPtrArray *letters)
{
	g_assert_cmpuint(letters->len, ==, 1);
	return letters->pdata[0];
}

void
office_assert_only_to(const Letter *letter, const char *address)
{
	g_assert_cmpuint(letter->recipients->len, ==, 1);
	g_assert_cmpstr(((const LetterRecipient *)letter->recipients->pdata[0])->address, ==, address);
}

int
office_run(int argc, char **argv, const char *module, const OfficeTest *tests)
{
	g_test_init(&argc, &argv, NULL);
	for (; tests->name != NULL; tests++) {
		g_autofree char *path = g_strdup_printf("/%s/%s", module, tests->name);
		g_test_add(path, Office, NULL, office_open, tests->run, office_close);
	}
	return g_test_run();
}
