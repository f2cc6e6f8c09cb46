/*
 * The journal on a real disk: what it was told is done is in the file, whole, sealed, and in few commits; what failed is not.
 */
#include <signal.h>
#include <sys/resource.h>

#include "desk.h"
#include "sekisho/base/limits.h"

/* --- Many at once --------------------------------------------------------------------------------------------------- */

#define THREADS 32
#define SUBMITS 50

static void *
submit_many(void *data)
{
	Desk *desk = data;
	for (guint i = 0; i < SUBMITS; i++) {
		g_autofree char *receipt = vault_receipt();
		while (!submit(desk, receipt))
			g_thread_yield();
	}
	return NULL;
}

/* Commits in the write-ahead log: a frame whose second word is not zero ends one (sqlite.org/fileformat2.html, 4.2). */
static guint
count_commits(const Fixture *fixture)
{
	g_autoptr(GByteArray) bytes = fixture_bytes(fixture, "-wal");
	const guint8 *data = bytes->data;
	gsize size = bytes->len;
	g_assert_cmpuint(size, >, 32);
	gsize frame_size = 24 + (gsize)GUINT32_FROM_BE(*(const guint32 *)(data + 8));
	guint commits = 0;
	for (gsize at = 32; at + frame_size <= size && memcmp(data + at + 8, data + 16, 8) == 0; at += frame_size)
		commits += memcmp(data + at + 4, "\0\0\0\0", 4) != 0;
	return commits;
}

static void
test_many(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	/* A reader keeps the log from being begun anew, so that all commits can be counted. */
	sqlite3 *reader = raw_open(fixture);
	raw_execute(reader, "BEGIN; SELECT count(*) FROM submission");
	submit(&desk, "FIRST");
	wait_for(&desk, 1);
	guint before = count_commits(fixture);
	pthread_t threads[THREADS];
	for (guint i = 0; i < THREADS; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, submit_many, &desk), ==, 0);
	for (guint i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	wait_for(&desk, THREADS * SUBMITS + 1);
	guint commits = count_commits(fixture) - before;
	g_test_message("%u rows in %u commits", THREADS * SUBMITS, commits);
	g_assert_cmpuint(desk.failed, ==, 0);
	g_assert_cmpuint(commits, >=, THREADS * SUBMITS / LIMIT_JOURNAL_BATCH);
	g_assert_cmpuint(commits, <, THREADS * SUBMITS / 2);
	sqlite3_close(reader);
	g_autoptr(Vault) admin = vault_open(desk.keys.directory, VAULT_ADMIN, NULL);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	g_autoptr(GPtrArray) all = submissions_list(db, NULL, 10000, NULL);
	g_assert_cmpuint(all->len, ==, THREADS * SUBMITS + 1);
	for (guint i = 0; i < all->len; i++)
		assert_opens(db, admin, ((SubmissionSummary *)g_ptr_array_index(all, i))->receipt);
	desk_close(&desk);
}

static void
test_nothing_in_clear(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	submit(&desk, "RECEIPT00001");
	wait_for(&desk, 1);
	static const char *const secrets[] = {
	    NAME, ADDRESS, "visitor.example", "message of the visitor", CLIENT, "203.0.113", "your-name"};
	for (guint stopped = 0; stopped < 2; stopped++) {
		g_assert_true(fixture_holds(fixture, "RECEIPT00001"));
		for (guint i = 0; i < G_N_ELEMENTS(secrets); i++)
			g_assert_false(fixture_holds(fixture, secrets[i]));
		if (stopped == 0)
			desk_stop(&desk);
	}
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT length(ip_hash) = 21 AND length(network_hash) = 21 AND ip_hash <> network_hash "
					"FROM submission"),
	    ==, 1);
	sqlite3_close(raw);
	desk_close(&desk);
}

/* --- What is written -------------------------------------------------------------------------------------------------- */

static void
test_rows(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_REPLY, 'v', "reply_policy");
	plan(planned, MAIL_NOTICE, 'a', NULL);
	plan(planned, MAIL_NOTICE, 'f', "recipient_from_field");
	plan(planned, MAIL_NOTICE, 'b', NULL);
	/* The same address again: one copy, as it was planned first. */
	plan(planned, MAIL_NOTICE, 'b', "recipient_from_field");
	plan(planned, MAIL_NOTICE, 'a', "recipient_from_field");
	submit_planned(&desk, "ROWS", planned, FALSE);
	wait_for(&desk, 1);
	g_assert_no_error(desk.failure);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	g_autoptr(GPtrArray) items = outbox_of_submission(db, 1, NULL);
	g_assert_cmpuint(items->len, ==, 2);
	static const struct {
		guint item;
		char letter;
		DeliveryState state;
		const char *reason;
	} rows[] = {
	    {0, 'a', DELIVERY_QUEUED, NULL},
	    {0, 'f', DELIVERY_REFUSED, "recipient_from_field"},
	    {0, 'b', DELIVERY_QUEUED, NULL},
	    {1, 'v', DELIVERY_REFUSED, "reply_policy"},
	};
	guint at = 0;
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		g_assert_cmpint(item->kind, ==, i == 0 ? MAIL_NOTICE : MAIL_REPLY);
		g_assert_cmpuint(item->generation, ==, 0);
		for (guint j = 0; j < item->deliveries->len; j++, at++) {
			const Delivery *delivery = g_ptr_array_index(item->deliveries, j);
			g_assert_cmpuint(at, <, G_N_ELEMENTS(rows));
			g_assert_cmpuint(rows[at].item, ==, i);
			g_assert_cmpint(delivery->recipient.bytes[0], ==, rows[at].letter);
			g_assert_cmpint(delivery->state, ==, rows[at].state);
			g_assert_cmpstr(delivery->reason, ==, rows[at].reason);
		}
	}
	g_assert_cmpuint(at, ==, G_N_ELEMENTS(rows));
	desk_close(&desk);
}

static void
test_stored_briefly(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	g_autoptr(GPtrArray) none = new_plan(), refused = new_plan(), mailed = new_plan();
	plan(refused, MAIL_REPLY, 'v', "reply_policy");
	plan(mailed, MAIL_NOTICE, 'a', NULL);
	submit_planned(&desk, "NONE", none, TRUE);
	submit_planned(&desk, "REFUSED", refused, TRUE);
	submit_planned(&desk, "MAILED", mailed, TRUE);
	submit_planned(&desk, "KEPT", none, FALSE);
	wait_for(&desk, 4);
	g_assert_no_error(desk.failure);
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(
	    raw_number(raw, "SELECT count(*) FROM submission WHERE content IS NULL AND receipt IN ('NONE', 'REFUSED')"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM submission WHERE content IS NOT NULL"), ==, 2);
	g_assert_cmpint(count(raw, "epoch"), ==, 1);
	sqlite3_close(raw);
	desk_close(&desk);
}

static void
test_bound_to_row(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	submit(&desk, "AAAA");
	submit(&desk, "BBBB");
	wait_for(&desk, 2);
	g_autoptr(Vault) admin = vault_open(desk.keys.directory, VAULT_ADMIN, NULL);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	assert_opens(db, admin, "AAAA");
	sqlite3 *raw = raw_open(fixture);
	static const char *const changes[] = {
	    "(content, wrapped_key) = (SELECT content, wrapped_key FROM submission WHERE receipt = 'BBBB')",
	    "site = 'other.example'",
	    "form_id = 5",
	};
	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		raw_execute(raw, "CREATE TEMP TABLE backup AS SELECT * FROM submission WHERE receipt = 'AAAA'");
		raw_execute(raw, "UPDATE submission SET %s WHERE receipt = 'AAAA'", changes[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(SubmissionSummary) summary = submissions_find(db, "AAAA", NULL);
		g_assert_null(submissions_open(db, admin, summary->id, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
		raw_execute(raw,
		    "UPDATE submission SET (site, form_id, content, wrapped_key) = (SELECT site, form_id, content, wrapped_key "
		    "FROM backup) WHERE receipt = 'AAAA'; DROP TABLE backup");
	}
	assert_opens(db, admin, "AAAA");
	sqlite3_close(raw);
	desk_close(&desk);
}

/* --- What goes wrong -------------------------------------------------------------------------------------------------- */

static void
test_conflict_alone(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "BEGIN IMMEDIATE");
	/* The writer waits with its first batch while these gather. */
	static const char *const receipts[] = {"FIRST", "SECOND", "SECOND", "THIRD", "FIRST", "FOURTH"};
	for (guint i = 0; i < G_N_ELEMENTS(receipts); i++)
		submit(&desk, receipts[i]);
	raw_execute(raw, "COMMIT");
	wait_for(&desk, G_N_ELEMENTS(receipts));
	g_assert_cmpuint(desk.failed, ==, 2);
	g_assert_error(desk.failure, STORE_ERROR, STORE_ERROR_CONFLICT);
	g_assert_cmpint(count(raw, "submission"), ==, 4);
	g_assert_cmpint(count(raw, "outbox"), ==, 4);
	g_assert_cmpint(count(raw, "delivery"), ==, 4);
	/* Nothing of it stays: not even the epoch that it would have been the first to name. */
	clock_set_offset_us(3600 * SECOND_US);
	submit(&desk, "THIRD");
	wait_for(&desk, G_N_ELEMENTS(receipts) + 1);
	g_assert_cmpuint(desk.failed, ==, 3);
	g_assert_cmpint(count(raw, "epoch"), ==, 1);
	sqlite3_close(raw);
	desk_close(&desk);
}

static void
test_queue_full(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "BEGIN IMMEDIATE");
	guint accepted = 0;
	for (gboolean has_room = TRUE; has_room; accepted += has_room) {
		g_autofree char *receipt = vault_receipt();
		has_room = submit(&desk, receipt);
	}
	g_assert_cmpuint(accepted, >=, LIMIT_JOURNAL_QUEUE);
	g_assert_cmpuint(accepted, <=, LIMIT_JOURNAL_QUEUE + LIMIT_JOURNAL_BATCH);
	raw_execute(raw, "COMMIT");
	/* Stopping commits what waits. */
	desk_stop(&desk);
	g_assert_cmpuint(desk.failed, ==, 0);
	g_assert_cmpint(count(raw, "submission"), ==, accepted);
	sqlite3_close(raw);
	desk_close(&desk);
}

/* What could not be opened again is not taken: the pipes of a choice may spell out more than was posted. */
static void
test_too_large(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	g_autoptr(Submission) submission = make_submission("LARGE", "short");
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_NOTICE, 'a', NULL);
	SubmissionField *field = submission->fields->pdata[0];
	g_free(field->values[0]);
	field->values[0] = g_strnfill(LIMIT_STORED_CONTENT_BYTES, 'x');
	const JournalRecord record = {.submission = submission,
	    .planned = planned,
	    .purge_at_us = clock_now_us() + SECOND_US,
	    .is_stored_briefly = FALSE,
	    .status = SUBMISSION_ACCEPTED};
	g_autoptr(GError) error = NULL;
	g_assert_false(journal_submit(desk.journal, journal_entry_new(desk.journal, &record), tell, &desk, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
	desk_stop(&desk);
	g_assert_cmpuint(desk.done, ==, 0);
	desk_close(&desk);
}

/* Files of this process may not grow past `size`. */
static void
limit_files(rlim_t size)
{
	struct rlimit limit;
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_disk_full(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	signal(SIGXFSZ, SIG_IGN);
	Desk desk;
	desk_open(&desk, fixture);
	sqlite3 *raw = raw_open(fixture);
	submit(&desk, "BEFORE");
	wait_for(&desk, 1);
	g_assert_no_error(desk.failure);
	g_autofree char *log = g_strconcat(fixture->path, "-wal", NULL);
	struct stat status;
	g_assert_cmpint(stat(log, &status), ==, 0);
	limit_files((rlim_t)status.st_size);
	for (guint i = 0; i < 10; i++) {
		g_autofree char *receipt = g_strdup_printf("LOST%u", i);
		submit(&desk, receipt);
	}
	wait_for(&desk, 11);
	limit_files(RLIM_INFINITY);
	g_assert_cmpuint(desk.failed, ==, 10);
	g_assert_error(desk.failure, STORE_ERROR, STORE_ERROR_FULL);
	g_assert_cmpint(count(raw, "submission"), ==, 1);
	submit(&desk, "AFTER");
	wait_for(&desk, 12);
	g_assert_cmpuint(desk.failed, ==, 10);
	g_assert_cmpint(count(raw, "submission"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"), ==, 0);
	sqlite3_close(raw);
	desk_close(&desk);
}

static void
test_no_database(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_assert_null(journal_start(fixture->directory, NULL, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"many threads share commits and every row opens", test_many},
	    {"nothing personal stands in the files", test_nothing_in_clear},
	    {"a row for each kind and recipient", test_rows},
	    {"do_not_store keeps content for mails only", test_stored_briefly},
	    {"sealed content is bound to its row", test_bound_to_row},
	    {"an entry that conflicts fails alone", test_conflict_alone},
	    {"a full queue says busy and loses nothing", test_queue_full},
	    {"what could not be opened again is not taken", test_too_large},
	    {"after a full disk it goes on", test_disk_full},
	    {"without a database it does not start", test_no_database},
	};
	return fixture_run("journal", tests, G_N_ELEMENTS(tests));
}
