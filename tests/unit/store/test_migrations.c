/* Files of an older version with rows in them: all that was there is there after the migration, and goes on. */
#include "rows.h"
#include "sekisho/store/ledger.h"
#include "sekisho/store/submissions.h"
#include "store/statements.h"

#define STORE_ID 0x53454B49
#define LEDGER_ID 0x53454B4C

/* A file as the version that knew so many migrations left it. */
static sqlite3 *
old_file(const Fixture *fixture, int application_id, const Migration *steps, int version)
{
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA application_id = %d", application_id);
	for (int i = 0; i < version; i++)
		raw_execute(raw, "%s", steps[i].text);
	raw_execute(raw, "PRAGMA user_version = %d", version);
	return raw;
}

static void
settle_claimed(Db *db, DeliveryState state, guint expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = outbox_claim(db, "courier", 60 * SECOND_US, 100, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(items->len, ==, expected);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		const Delivery *delivery = item->deliveries->pdata[0];
		DeliveryOutcome outcome = {.delivery_id = delivery->id, .state = state, .account = "main", .reply_code = 250};
		g_assert_true(outbox_settle(db, "courier", &outcome, 1, &error));
	}
}

/* 0009: mails of before have no story; what happens to them from now on is told, may come back, and ends with them. */
static void
test_events(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	sqlite3 *raw = old_file(fixture, STORE_ID, migrations, 8);
	static const DeliveryState states[] = {DELIVERY_QUEUED, DELIVERY_DEAD, DELIVERY_SENT, DELIVERY_CANCELLED, DELIVERY_REFUSED};
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *receipt = g_strdup_printf("OLD%u", i);
		row_delivery(raw, row_item(raw, row_submission(raw, receipt, FALSE, "x"), MAIL_NOTICE), 'a', states[i], 1);
	}
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM sqlite_schema WHERE name = 'delivery_event'"), ==, 0);
	sqlite3_close(raw);

	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "PRAGMA user_version"), ==, MIGRATION_COUNT);
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		g_assert_cmpint(raw_number(raw,
				    "SELECT state FROM delivery JOIN outbox ON outbox.id = outbox_id JOIN submission ON "
				    "submission.id = submission_id WHERE receipt = 'OLD%u'",
				    i),
		    ==, states[i]);
	g_autoptr(GPtrArray) none = outbox_events(db, 1, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(none->len, ==, 0);
	settle_claimed(db, DELIVERY_SENT, 1);
	g_assert_true(outbox_retry(db, 2, FALSE, "mika", &error));
	const OutboxBounce bounce = {.receipt = "OLD2", .kind = MAIL_NOTICE, .reason = "bounce.address"};
	OutboxBounced bounced = {0};
	g_assert_true(outbox_bounce(db, &bounce, &bounced, &error));
	g_assert_true(bounced.is_news);
	for (gint64 item = 1; item <= 5; item++) {
		g_autoptr(GPtrArray) events = outbox_events(db, item, &error);
		g_assert_cmpuint(events->len, ==, item <= 3 ? 1 : 0);
	}
	settle_claimed(db, DELIVERY_SENT, 1);
	g_assert_cmpint(submissions_purge(db, 100, NULL, &error), ==, G_N_ELEMENTS(states));
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM delivery_event"), ==, 0);
	sqlite3_close(raw);
}

/* 0003 of the ledger: proofs stay, and what is new works beside them. */
static void
test_ledger(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_free(fixture->path);
	fixture->path = g_build_filename(fixture->directory, "ledger.db", NULL);
	g_assert_cmpint(chmod(fixture->directory, 0700), ==, 0);
	sqlite3 *raw = old_file(fixture, LEDGER_ID, ledger_migrations, 2);
	raw_execute(raw,
	    "INSERT INTO proof VALUES ('example.jp', CAST('aaaaaaaaaaaaaaaaaaaaa' AS BLOB), 1, NULL, 1, 0x7fffffffffffffff);"
	    "INSERT INTO null_sender VALUES ('form mail.example.jp:587', 1, 1)");
	sqlite3_close(raw);
	g_assert_cmpint(chmod(fixture->path, 0600), ==, 0);

	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	const VaultHash hash = row_hash('a');
	g_array_append_val(hashes, hash);
	gboolean is_so = FALSE;
	g_assert_true(ledger_is_proved(ledger, "example.jp", hashes, &is_so, &error) && is_so);
	g_assert_true(ledger_is_null_sender(ledger, "form mail.example.jp:587", &is_so, &error) && is_so);
	g_assert_true(ledger_is_suppressed(ledger, "example.jp", hashes, &is_so, &error) && !is_so);
	const Suppression suppression = {.site = (char *)"example.jp",
	    .address = hash,
	    .kind = SUPPRESSION_OPERATOR,
	    .reason = (char *)"operator",
	    .until_us = G_MAXINT64};
	g_assert_true(ledger_suppress(ledger, &suppression, &error));
	g_assert_true(ledger_is_suppressed(ledger, "example.jp", hashes, &is_so, &error) && is_so);
	LedgerGrant grant = {0};
	g_assert_true(ledger_account_take(ledger, "main", &(LedgerRate){10, 60 * SECOND_US, 5}, 9, &grant, &error));
	g_assert_cmpuint(grant.mails, ==, 5);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"mails of before the events go on with a story", test_events},
	    {"a ledger of before suppressions keeps what it knows", test_ledger},
	};
	return fixture_run("migrations", tests, G_N_ELEMENTS(tests));
}
