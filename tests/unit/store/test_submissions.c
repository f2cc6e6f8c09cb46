/* Submissions: lists, receipts, opening what is sealed, retention. */
#include "rows.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/vault.h"
#include "sekisho/store/submissions.h"

static SubmissionSummary *
find(Db *db, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	SubmissionSummary *summary = submissions_find(db, receipt, &error);
	g_assert_no_error(error);
	return summary;
}

static void
test_find(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	row_submission(raw, "AB12CD34EF56", FALSE, "x");
	gint64 other = row_submission(raw, "AB99CD34EF56", FALSE, "x");
	row_submission(raw, "ZZZZZZZZZZZZ", FALSE, "x");
	static const struct {
		const char *receipt;
		gint64 error; /* 0: found */
	} rows[] = {
	    {"AB12CD34EF56", 0},
	    {"ab1", 0},
	    {"zzzzzzzzzzzz", 0},
	    {"z", 0},
	    {"AB", STORE_ERROR_CONFLICT},
	    {"AB12CD34EF567", STORE_ERROR_NOT_FOUND},
	    {"C", STORE_ERROR_NOT_FOUND},
	    {"", STORE_ERROR_NOT_FOUND},
	    {"%", STORE_ERROR_NOT_FOUND},
	    {"'; DROP TABLE submission", STORE_ERROR_NOT_FOUND},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SubmissionSummary) summary = submissions_find(db, rows[i].receipt, &error);
		if (rows[i].error == 0)
			g_assert_nonnull(summary);
		else
			g_assert_error(error, STORE_ERROR, (gint)rows[i].error);
	}
	g_autoptr(SubmissionSummary) summary = find(db, "ab9");
	g_assert_cmpint(summary->id, ==, other);
	g_assert_cmpstr(summary->receipt, ==, "AB99CD34EF56");
	g_assert_cmpstr(summary->site, ==, "example.jp");
	g_assert_cmpuint(summary->form_id, ==, 4);
	g_assert_cmpint(summary->received_at_us, ==, 5);
	g_assert_cmpint(summary->purge_at_us, ==, 6);
	g_assert_false(summary->is_erased);
	sqlite3_close(raw);
}

static void
test_counts(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const DeliveryState states[] = {DELIVERY_QUEUED, DELIVERY_DEFERRED, DELIVERY_SENT, DELIVERY_SENT, DELIVERY_SENT,
	    DELIVERY_DEAD, DELIVERY_CANCELLED, DELIVERY_REFUSED, DELIVERY_REFUSED, DELIVERY_REFUSED, DELIVERY_REFUSED};
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 id = row_submission(raw, "COUNTS", FALSE, "x");
	gint64 items[] = {row_item(raw, id, MAIL_NOTICE), row_item(raw, id, MAIL_REPLY)};
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		row_delivery(raw, items[i % 2], (char)('a' + i), states[i], 1);
	/* A dead one may be held back by a person; and what came back ended, but was not given up. */
	gint64 held = row_delivery(raw, items[0], 'p', DELIVERY_DEAD, 1), returned = row_delivery(raw, items[0], 'q', DELIVERY_DEAD, 1);
	gint64 ended = row_delivery(raw, items[1], 'r', DELIVERY_CANCELLED, 1);
	raw_execute(raw, "UPDATE delivery SET reason = 'hold' WHERE id = %" G_GINT64_FORMAT, held);
	raw_execute(raw, "UPDATE delivery SET reason = 'bounce.full' WHERE id IN (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ")", returned, ended);
	row_submission(raw, "NONE", FALSE, "x");
	raw_execute(raw, "UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL WHERE receipt = 'NONE'");
	g_autoptr(SubmissionSummary) summary = find(db, "COUNTS"), none = find(db, "NONE");
	g_assert_cmpuint(summary->mails_waiting, ==, 2);
	g_assert_cmpuint(summary->mails_sent, ==, 3);
	g_assert_cmpuint(summary->mails_dead, ==, 1);
	g_assert_cmpuint(summary->mails_held, ==, 1);
	g_assert_cmpuint(summary->mails_returned, ==, 2);
	g_assert_cmpuint(summary->mails_refused, ==, 4);
	g_assert_true(none->is_erased);
	g_assert_cmpuint(none->mails_waiting + none->mails_sent + none->mails_dead + none->mails_refused, ==, 0);
	sqlite3_close(raw);
}

static void
test_list(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *receipt = g_strdup_printf("LIST%u", i);
		row_submission(raw, receipt, FALSE, "x");
	}
	raw_execute(raw, "UPDATE submission SET site = 'other.example' WHERE receipt IN ('LIST1', 'LIST3')");
	sqlite3_close(raw);
	static const struct {
		const char *site;
		guint limit;
		guint count;
		const char *newest;
	} rows[] = {
	    {NULL, 100, 5, "LIST4"},
	    {NULL, 3, 3, "LIST4"},
	    {"other.example", 100, 2, "LIST3"},
	    {"other.example", 1, 1, "LIST3"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) list = submissions_list(db, rows[i].site, rows[i].limit, NULL);
		g_assert_cmpuint(list->len, ==, rows[i].count);
		g_assert_cmpstr(((SubmissionSummary *)g_ptr_array_index(list, 0))->receipt, ==, rows[i].newest);
	}
}

#define TOO_LARGE "larger than any that we store"

/* The parts of a row are measured before they are read: whoever can write rows must not fill our memory. */
static void
test_huge_parts(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		const char *change;
		gboolean is_unread; /* SQLite reads a row of `epoch` for a moment, because it compares the key */
	} rows[] = {
	    {"UPDATE submission SET content = zeroblob(33554432)", TRUE},
	    {"UPDATE submission SET wrapped_key = zeroblob(33554432)", TRUE},
	    {"UPDATE submission SET epoch_id = zeroblob(33554432)", TRUE},
	    {"UPDATE epoch SET sealed = zeroblob(33554432)", FALSE},
	};
	g_autofree char *keys = g_dir_make_tmp("sekisho-keys-XXXXXX", NULL);
	g_autoptr(GError) setup = NULL;
	g_assert_true(vault_create(keys, &setup));
	g_autoptr(Vault) vault = vault_open(keys, VAULT_ADMIN, &setup);
	g_assert_no_error(setup);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
		sqlite3 *raw = raw_open(fixture);
		raw_execute(raw, "DELETE FROM submission; DELETE FROM epoch");
		gint64 id = row_submission(raw, "VAST", FALSE, "x");
		raw_execute(raw, "%s", rows[i].change);
		sqlite3_close(raw);
		g_autoptr(GError) error = NULL;
		gint64 before = sqlite3_memory_used();
		sqlite3_memory_highwater(TRUE);
		g_assert_null(submissions_open(db, vault, id, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
		g_assert_nonnull(strstr(error->message, TOO_LARGE));
		g_assert_cmpint(sqlite3_memory_highwater(FALSE) - before, <, rows[i].is_unread ? 8 << 20 : 80 << 20);
	}
	Fixture key_folder = {keys, NULL};
	fixture_clear(&key_folder, NULL);
	keys = NULL;
}

static void
test_open_refuses(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 garbage = row_submission(raw, "GARBAGE", FALSE, "not sealed at all");
	gint64 erased = row_submission(raw, "ERASED", FALSE, "x");
	raw_execute(raw, "UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL WHERE receipt = 'ERASED'");
	gint64 most = row_submission(raw, "MOST", FALSE, "x");
	raw_execute(raw, "UPDATE submission SET content = zeroblob(%lu) WHERE receipt = 'MOST'", LIMIT_STORED_CONTENT_BYTES);
	sqlite3_close(raw);
	g_autofree char *keys = g_dir_make_tmp("sekisho-keys-XXXXXX", NULL);
	g_autoptr(GError) setup = NULL;
	g_assert_true(vault_create(keys, &setup));
	g_autoptr(Vault) vault = vault_open(keys, VAULT_ADMIN, &setup);
	g_assert_no_error(setup);
	g_autoptr(GError) opened = NULL, gone = NULL, unknown = NULL;
	g_assert_null(submissions_open(db, vault, garbage, &opened));
	g_assert_true(opened->domain == BASE_ERROR);
	g_autoptr(GError) sealed_badly = NULL;
	g_assert_null(submissions_open(db, vault, most, &sealed_badly));
	g_assert_true(sealed_badly->domain == BASE_ERROR);
	g_assert_null(strstr(sealed_badly->message, TOO_LARGE));
	g_assert_null(submissions_open(db, vault, erased, &gone));
	g_assert_error(gone, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	g_assert_null(submissions_open(db, vault, 99, &unknown));
	g_assert_error(unknown, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	Fixture key_folder = {keys, NULL};
	fixture_clear(&key_folder, NULL);
	keys = NULL;
}

/* --- Retention -------------------------------------------------------------------------------------------------------- */

static gint64
submission_until(sqlite3 *raw, const char *receipt, gint64 purge_at_us)
{
	gint64 id = row_submission(raw, receipt, FALSE, "PURGE-ME");
	raw_execute(raw, "UPDATE submission SET purge_at = %" G_GINT64_FORMAT " WHERE id = %" G_GINT64_FORMAT, purge_at_us, id);
	return id;
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		DeliveryState state;
		gboolean is_purged;
	} rows[] = {
	    {DELIVERY_QUEUED, FALSE},
	    {DELIVERY_DEFERRED, FALSE},
	    {DELIVERY_DEAD, TRUE},
	    {DELIVERY_SENT, TRUE},
	    {DELIVERY_CANCELLED, TRUE},
	    {DELIVERY_REFUSED, TRUE},
	};
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 past_us = clock_now_us() - SECOND_US;
	gint64 ids[G_N_ELEMENTS(rows)];
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *receipt = g_strdup_printf("PURGE%u", i);
		ids[i] = submission_until(raw, receipt, past_us);
		gint64 item = row_item(raw, ids[i], MAIL_NOTICE);
		row_delivery(raw, item, 'a', rows[i].state, 1);
		row_delivery(raw, item, 'b', DELIVERY_SENT, 1);
	}
	submission_until(raw, "LATER", clock_now_us() + 60 * SECOND_US);
	submission_until(raw, "MAILLESS", past_us);
	g_autoptr(GError) error = NULL;
	guint dead_mails = 9;
	g_assert_cmpint(submissions_purge(db, 100, &dead_mails, &error), ==, 5);
	g_assert_no_error(error);
	g_assert_cmpuint(dead_mails, ==, 1);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		gint64 left = raw_number(raw,
		    "SELECT count(*) FROM submission JOIN outbox ON submission_id = submission.id JOIN delivery "
		    "ON outbox_id = outbox.id WHERE submission.id = %" G_GINT64_FORMAT,
		    ids[i]);
		g_assert_cmpint(left, ==, rows[i].is_purged ? 0 : 2);
	}
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM delivery"), ==, 4);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM submission"), ==, 3);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, 1);
	g_assert_cmpint(submissions_purge(db, 100, &dead_mails, &error), ==, 0);
	g_assert_cmpuint(dead_mails, ==, 0);
	sqlite3_close(raw);
}

/* Nothing waits for ever; but what was not seen to wait for days since its time was over is tried first. */
static void
test_overdue(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	const gint day_s = 24 * 3600;
	static const struct {
		DeliveryState state;
		gint overdue_days; /* since it was first seen; 0: it was not */
		gboolean is_past, is_erased, is_ended;
	} rows[] = {
	    {DELIVERY_DEFERRED, 6, TRUE, FALSE, TRUE},
	    {DELIVERY_DEFERRED, 4, TRUE, FALSE, FALSE},
	    {DELIVERY_DEFERRED, 0, TRUE, FALSE, FALSE},
	    {DELIVERY_DEFERRED, 6, FALSE, FALSE, FALSE},
	    {DELIVERY_QUEUED, 6, TRUE, FALSE, FALSE},
	    {DELIVERY_SENT, 6, TRUE, FALSE, FALSE},
	    {DELIVERY_CANCELLED, 6, TRUE, TRUE, FALSE},
	    {DELIVERY_REFUSED, 6, TRUE, FALSE, FALSE},
	    {DELIVERY_QUEUED, 0, TRUE, TRUE, TRUE},
	    {DELIVERY_DEFERRED, 0, TRUE, TRUE, TRUE},
	};
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 now_us = clock_now_us(), ids[G_N_ELEMENTS(rows)];
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *receipt = g_strdup_printf("LATE%u", i);
		gint64 purge_at_us = now_us + (rows[i].is_past ? -SECOND_US : 60 * SECOND_US);
		gint64 id = submission_until(raw, receipt, purge_at_us);
		ids[i] = row_delivery(raw, row_item(raw, id, MAIL_NOTICE), 'a', rows[i].state, 1);
		if (rows[i].overdue_days > 0)
			raw_execute(raw, "UPDATE delivery SET overdue_at = %" G_GINT64_FORMAT " WHERE id = %" G_GINT64_FORMAT,
			    now_us - (gint64)rows[i].overdue_days * day_s * SECOND_US, ids[i]);
		if (rows[i].is_erased)
			raw_execute(raw,
			    "UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL WHERE id = "
			    "%" G_GINT64_FORMAT,
			    id);
	}
	g_assert_cmpint(submissions_purge(db, 100, NULL, NULL), ==, 3);
	g_autoptr(GError) error = NULL;
	g_assert_cmpint(outbox_end_overdue(db, 2, &error), ==, 2);
	g_assert_cmpint(outbox_end_overdue(db, 100, &error), ==, 1);
	g_assert_cmpint(outbox_end_overdue(db, 100, &error), ==, 0);
	g_assert_no_error(error);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(
		    raw_number(raw,
			"SELECT count(*) FROM delivery WHERE state = 4 AND reason = 'retention' AND id = %" G_GINT64_FORMAT,
			ids[i]),
		    ==, rows[i].is_ended ? 1 : 0);
	guint dead_mails = 0;
	g_assert_cmpint(submissions_purge(db, 100, &dead_mails, &error), ==, 3);
	g_assert_cmpuint(dead_mails, ==, 3);
	sqlite3_close(raw);
}

/* A session that holds it has the last word. */
static void
test_overdue_but_leased(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 id = submission_until(raw, "HELD", clock_now_us() - SECOND_US);
	row_delivery(raw, row_item(raw, id, MAIL_NOTICE), 'a', DELIVERY_DEFERRED, 1);
	raw_execute(raw, "UPDATE delivery SET overdue_at = 1");
	g_autoptr(GPtrArray) items = outbox_claim(db, "courier", 60 * SECOND_US, 1, NULL);
	g_assert_cmpuint(items->len, ==, 1);
	g_assert_cmpint(outbox_end_overdue(db, 100, NULL), ==, 0);
	g_assert_cmpint(submissions_purge(db, 100, NULL, NULL), ==, 0);
	sqlite3_close(raw);
}

static void
test_purge_leaves_nothing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 past_us = clock_now_us() - SECOND_US;
	for (guint i = 0; i < 7; i++) {
		g_autofree char *receipt = g_strdup_printf("GONE%u", i);
		submission_until(raw, receipt, past_us);
	}
	static const gint counts[] = {3, 3, 1, 0};
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM epoch"), ==, i < 3 ? 1 : 0);
		g_assert_cmpint(submissions_purge(db, 3, NULL, NULL), ==, counts[i]);
	}
	g_assert_false(fixture_holds(fixture, "PURGE-ME"));
	g_assert_false(fixture_holds(fixture, "GONE1"));
	/* Ids are not used again. */
	g_assert_cmpint(row_submission(raw, "NEW", FALSE, "x"), ==, 8);
	sqlite3_close(raw);
}

static void
test_purge_shrinks(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	submission_until(raw, "BIG", clock_now_us() - SECOND_US);
	raw_execute(raw, "UPDATE submission SET content = zeroblob(500000)");
	gint64 before = raw_number(raw, "PRAGMA page_count");
	/* In small portions, one a call. */
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(submissions_purge(db, 10, NULL, NULL), ==, i == 0 ? 1 : 0);
	g_assert_cmpint(raw_number(raw, "PRAGMA page_count"), <, before - 100);
	sqlite3_close(raw);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a receipt is found by its beginning", test_find},
	    {"mails are counted by what became of them", test_counts},
	    {"lists are newest first and filtered", test_list},
	    {"what was not sealed by us does not open", test_open_refuses},
	    {"parts that are too large are not read", test_huge_parts},
	    {"retention takes what is past and settled or given up", test_purge},
	    {"retention ends mails that nobody can send", test_overdue},
	    {"retention waits for a session", test_overdue_but_leased},
	    {"retention goes in small steps and leaves no byte", test_purge_leaves_nothing},
	    {"the file shrinks after a purge", test_purge_shrinks},
	};
	return fixture_run("submissions", tests, G_N_ELEMENTS(tests));
}
