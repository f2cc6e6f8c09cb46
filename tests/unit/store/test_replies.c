/* What the store does for replies: confirmations that join a submission, mails that go on, cancelled ones, and links that were pressed. */
#include "desk.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/presses.h"

#define HOUR_US (3600 * SECOND_US)

static OutboxItem *
find_kind(Db *db, gint64 submission_id, MailKind kind)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = outbox_of_submission(db, submission_id, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < items->len; i++)
		if (((OutboxItem *)items->pdata[i])->kind == kind)
			return g_ptr_array_steal_index(items, i);
	return NULL;
}

static const Delivery *
first_delivery(const OutboxItem *item)
{
	return item->deliveries->pdata[0];
}

/* --- Confirmations ------------------------------------------------------------------------------------------------------ */

static void
test_confirmation(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 id = row_submission(raw, "R", FALSE, "content");
	VaultHash a = row_hash('a'), b = row_hash('b');
	gboolean is_new = FALSE;
	for (guint i = 0; i < 2; i++) {
		g_assert_true(outbox_add_confirmation(db, id, &a, &is_new, &error));
		g_assert_cmpint(is_new, ==, i == 0);
	}
	g_assert_true(outbox_add_confirmation(db, id, &b, &is_new, &error));
	g_assert_true(is_new);
	g_assert_cmpint(count(raw, "outbox"), ==, 1);
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	g_assert_cmpuint(items->len, ==, 1);
	OutboxItem *item = items->pdata[0];
	g_assert_cmpint(item->kind, ==, MAIL_CONFIRMATION);
	g_assert_cmpstr(item->receipt, ==, "R");
	g_assert_cmpuint(item->deliveries->len, ==, 2);
	/* One that was ended is not begun again, but for one whose address had ceased to be asked. */
	DeliveryOutcome ended = {.delivery_id = first_delivery(item)->id, .state = DELIVERY_CANCELLED, .reason = "repeated"};
	g_assert_true(outbox_settle(db, "me", &ended, 1, &error));
	g_assert_true(outbox_add_confirmation(db, id, &a, &is_new, &error));
	g_assert_false(is_new);
	g_autoptr(OutboxItem) after = outbox_find(db, item->id, &error);
	g_assert_cmpint(first_delivery(after)->state, ==, DELIVERY_CANCELLED);
	raw_execute(raw, "UPDATE delivery SET reason = 'gone', due_at = 1 WHERE state = 6");
	g_assert_true(outbox_add_confirmation(db, id, &a, &is_new, &error));
	g_assert_true(is_new);
	g_autoptr(OutboxItem) revived = outbox_find(db, item->id, &error);
	g_assert_cmpint(first_delivery(revived)->state, ==, DELIVERY_QUEUED);
	g_assert_cmpint(first_delivery(revived)->due_at_us, >, 1);
	g_assert_null(first_delivery(revived)->reason);
	/* A submission that is gone. */
	g_assert_false(outbox_add_confirmation(db, id + 1, &a, &is_new, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
	g_assert_cmpint(count(raw, "outbox"), ==, 1);
	sqlite3_close(raw);
}

/* Its time is that of the mail that waits for it: a link that outlived the reply would promise what does not come. */
static void
test_confirmation_time(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 id = row_submission(raw, "R", FALSE, "content");
	VaultHash a = row_hash('a');
	raw_execute(raw, "INSERT INTO outbox (submission_id, kind, created_at) SELECT id, 2, 7 FROM submission");
	gboolean is_new = FALSE;
	g_assert_true(outbox_add_confirmation(db, id, &a, &is_new, &error));
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	g_assert_cmpuint(items->len, ==, 1);
	g_assert_cmpint(((const OutboxItem *)items->pdata[0])->created_at_us, ==, 7);
	g_assert_no_error(error);
	sqlite3_close(raw);
}

/* Kinds come out as they went in; one that does not exist is a reply. */
static void
test_kinds(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		int stored;
		MailKind kind;
	} rows[] = {{1, MAIL_NOTICE}, {2, MAIL_REPLY}, {3, MAIL_COPY}, {4, MAIL_CONFIRMATION}, {5, MAIL_HELD}, {6, MAIL_REPLY}, {-1, MAIL_REPLY}};
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 id = row_submission(raw, "R", FALSE, "content");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gint64 item_id = row_item(raw, id, (MailKind)rows[i].stored);
		g_autoptr(OutboxItem) item = outbox_find(db, item_id, NULL);
		g_assert_cmpint(item->kind, ==, rows[i].kind);
	}
	sqlite3_close(raw);
}

/* The journal writes every kind that a plan may hold. */
static void
test_planned_kinds(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk, fixture);
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_HELD, 'h', NULL);
	plan(planned, MAIL_COPY, 'c', NULL);
	plan(planned, MAIL_NOTICE, 'n', NULL);
	plan(planned, MAIL_REPLY, 'r', NULL);
	submit_planned(&desk, "KINDS", planned, FALSE);
	wait_for(&desk, 1);
	g_assert_no_error(desk.failure);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	static const struct {
		MailKind kind;
		char letter;
	} rows[] = {{MAIL_NOTICE, 'n'}, {MAIL_REPLY, 'r'}, {MAIL_COPY, 'c'}, {MAIL_HELD, 'h'}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(OutboxItem) item = find_kind(db, 1, rows[i].kind);
		g_assert_nonnull(item);
		g_assert_cmpuint(item->deliveries->len, ==, 1);
		g_assert_cmpint(first_delivery(item)->recipient.bytes[0], ==, rows[i].letter);
	}
	desk_close(&desk);
}

/* --- Waiting and going on ------------------------------------------------------------------------------------------------ */

static void
defer_all(Db *db, const char *reason, gint64 due_at_us)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint j = 0; j < item->deliveries->len; j++) {
			DeliveryOutcome outcome = {.delivery_id = ((Delivery *)item->deliveries->pdata[j])->id,
			    .state = DELIVERY_DEFERRED,
			    .is_untried = TRUE,
			    .reason = reason,
			    .due_at_us = due_at_us};
			g_assert_true(outbox_settle(db, "me", &outcome, 1, &error));
		}
	}
}

static void
test_make_due(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 now_us = clock_now_us();
	gint64 first = row_submission(raw, "FIRST", FALSE, "content"), second = row_submission(raw, "SECOND", FALSE, "content");
	gint64 reply = row_item(raw, first, MAIL_REPLY), other = row_item(raw, second, MAIL_REPLY);
	gint64 waiting = row_delivery(raw, reply, 'a', DELIVERY_QUEUED, now_us);
	row_delivery(raw, other, 'b', DELIVERY_QUEUED, now_us);
	defer_all(db, "consent", now_us + HOUR_US);
	/* Another reason, and states that do not wait. */
	for (DeliveryState state = DELIVERY_DEAD; state <= DELIVERY_REFUSED; state++) {
		gint64 id = row_delivery(raw, reply, (char)('m' + (int)state), state, now_us + HOUR_US);
		raw_execute(raw, "UPDATE delivery SET reason = 'consent' WHERE id = %" G_GINT64_FORMAT, id);
	}
	g_assert_cmpint(outbox_make_due(db, "FIRST", "fuse", &error), ==, 0);
	g_assert_cmpint(outbox_make_due(db, "NONE", "consent", &error), ==, 0);
	g_assert_cmpint(outbox_make_due(db, "FIRST", "consent", &error), ==, 1);
	g_assert_cmpint(outbox_make_due(db, "FIRST", "consent", &error), ==, 0);
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	g_assert_cmpuint(items->len, ==, 1);
	const Delivery *delivery = first_delivery(items->pdata[0]);
	g_assert_cmpint(delivery->id, ==, waiting);
	g_assert_cmpuint(delivery->attempts, ==, 0);
	g_assert_no_error(error);
	sqlite3_close(raw);
}

static void
test_make_site_due(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 now_us = clock_now_us();
	for (guint i = 0; i < 7; i++) {
		g_autofree char *receipt = g_strdup_printf("R%u", i);
		gint64 id = row_submission(raw, receipt, FALSE, "content");
		row_delivery(raw, row_item(raw, id, MAIL_REPLY), 'a', DELIVERY_QUEUED, now_us);
		if (i == 5)
			raw_execute(raw, "UPDATE submission SET site = 'other.jp' WHERE id = %" G_GINT64_FORMAT, id);
	}
	defer_all(db, "fuse", now_us + HOUR_US);
	raw_execute(raw, "UPDATE delivery SET reason = 'consent' WHERE id = 7");
	g_assert_cmpint(outbox_make_site_due(db, "example.jp", "fuse", 3, &error), ==, 3);
	g_assert_cmpint(outbox_make_site_due(db, "example.jp", "fuse", 3, &error), ==, 2);
	g_assert_cmpint(outbox_make_site_due(db, "example.jp", "fuse", 3, &error), ==, 0);
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	g_assert_cmpuint(items->len, ==, 5);
	g_assert_no_error(error);
	sqlite3_close(raw);
}

/* A courier that begins, and the end of retention: what waits for a proof is neither lost nor ended early. */
static void
test_waiting_survives(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 now_us = clock_now_us();
	/* Its purge_at is long over. */
	gint64 id = row_submission(raw, "R", FALSE, "content");
	row_delivery(raw, row_item(raw, id, MAIL_REPLY), 'a', DELIVERY_QUEUED, now_us);
	defer_all(db, "consent", now_us + HOUR_US);
	g_assert_cmpint(outbox_take_over(db, "next", &error), ==, 0);
	for (guint day = 0; day < 5; day++) {
		g_assert_cmpint(outbox_end_overdue(db, 10, &error), ==, 0);
		g_assert_cmpint(submissions_purge(db, 10, NULL, &error), ==, 0);
		clock_set_offset_us((gint64)(day + 1) * 24 * HOUR_US - SECOND_US);
	}
	g_autoptr(OutboxItem) item = find_kind(db, id, MAIL_REPLY);
	g_assert_cmpint(first_delivery(item)->state, ==, DELIVERY_DEFERRED);
	g_assert_cmpstr(first_delivery(item)->reason, ==, "consent");
	/* Taken over from a courier that died with it: it is asked for at once, and still knows why it waited. */
	g_autoptr(GPtrArray) claimed = outbox_claim(db, "dead", 3600 * SECOND_US, 10, &error);
	g_assert_cmpuint(claimed->len, ==, 1);
	g_assert_cmpint(outbox_take_over(db, "next", &error), ==, 1);
	g_autoptr(GPtrArray) again = outbox_claim(db, "next", SECOND_US, 10, &error);
	g_assert_cmpuint(again->len, ==, 1);
	g_assert_cmpstr(first_delivery(again->pdata[0])->reason, ==, "consent");
	g_assert_no_error(error);
	sqlite3_close(raw);
}

static void
test_cancelled(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	gint64 now_us = clock_now_us();
	gint64 id = row_submission(raw, "R", TRUE, "SECRET-CONTENT");
	row_delivery(raw, row_item(raw, id, MAIL_NOTICE), 'o', DELIVERY_SENT, now_us);
	gint64 item_id = row_item(raw, id, MAIL_REPLY);
	row_delivery(raw, item_id, 'a', DELIVERY_QUEUED, now_us);
	g_autoptr(GPtrArray) items = outbox_claim(db, "me", SECOND_US, 10, &error);
	DeliveryOutcome ended = {.delivery_id = first_delivery(items->pdata[0])->id,
	    .state = DELIVERY_CANCELLED,
	    .is_untried = TRUE,
	    .reason = "expired"};
	g_assert_true(outbox_settle(db, "me", &ended, 1, &error));
	g_assert_false(ended.is_too_late);
	g_autoptr(OutboxItem) item = outbox_find(db, item_id, &error);
	g_assert_cmpint(first_delivery(item)->state, ==, DELIVERY_CANCELLED);
	g_assert_cmpstr(first_delivery(item)->reason, ==, "expired");
	g_assert_cmpuint(first_delivery(item)->attempts, ==, 0);
	/* It was the last that needed the content. */
	g_assert_false(fixture_holds(fixture, "SECRET-CONTENT"));
	/* Nobody revives it: neither a person nor a configuration in which the address is a recipient again. */
	raw_execute(raw, "UPDATE submission SET epoch_id = x'01', wrapped_key = x'01', content = x'01', is_stored_briefly = 0");
	g_assert_false(outbox_retry(db, item_id, FALSE, "operator", &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
	sqlite3_close(raw);
}

/* --- Pressed links ----------------------------------------------------------------------------------------------------------- */

static void
test_presses(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	Desk desk;
	desk_open(&desk, fixture);
	static const char *const tokens[] = {"one", "two", "one", "three"}, *const decisions[] = {"release", "", "discard", ""};
	for (gsize i = 0; i < G_N_ELEMENTS(tokens); i++) {
		g_assert_true(journal_submit(desk.journal, journal_press_new("example.jp", tokens[i], decisions[i]), tell, &desk, &error));
		desk.accepted++;
		wait_for(&desk, desk.accepted);
	}
	/* Together with submissions, and beside one that fails. */
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "BEGIN IMMEDIATE");
	submit(&desk, "TWICE");
	g_assert_true(journal_submit(desk.journal, journal_press_new("other.jp", "four", ""), tell, &desk, &error));
	desk.accepted++;
	submit(&desk, "TWICE");
	raw_execute(raw, "COMMIT");
	wait_for(&desk, desk.accepted);
	g_assert_cmpuint(desk.failed, ==, 1);
	g_assert_cmpint(count(raw, "submission"), ==, 1);
	g_autoptr(Db) db = fixture_open(fixture, DB_EXISTING);
	g_autoptr(GPtrArray) presses = presses_list(db, 0, 3, &error);
	g_assert_cmpuint(presses->len, ==, 3);
	static const char *const order[] = {"one", "two", "three"};
	for (guint i = 0; i < presses->len; i++)
		g_assert_cmpstr(((Press *)presses->pdata[i])->token, ==, order[i]);
	const Press *first = presses->pdata[0];
	g_autofree char *decision = NULL, *none = NULL;
	g_assert_cmpstr(first->site, ==, "example.jp");
	/* Of the same token the first one holds. */
	g_assert_cmpstr(first->decision, ==, "release");
	g_assert_true(presses_decision(db, "one", &decision, &error) && presses_decision(db, "five", &none, &error));
	g_assert_cmpstr(decision, ==, "release");
	g_assert_null(none);
	g_assert_true(presses_remove(db, first->id, &error));
	g_assert_true(presses_remove(db, first->id, &error));
	g_autoptr(GPtrArray) rest = presses_list(db, 0, 10, &error);
	g_assert_cmpuint(rest->len, ==, 3);
	g_assert_cmpstr(((Press *)rest->pdata[2])->site, ==, "other.jp");
	g_assert_no_error(error);
	sqlite3_close(raw);
	desk_close(&desk);
}

/* Rows that a front wrote which was taken over. */
static void
test_strange_presses(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(
	    raw, "INSERT INTO link_press (site, token, pressed_at) VALUES (CAST(x'61ff' AS TEXT), CAST(x'ff0062' AS TEXT), -1)");
	raw_execute(raw, "INSERT INTO link_press (site, token, pressed_at) VALUES ('s', printf('%%.*c', 9000000, 'x'), 1)");
	sqlite3_close(raw);
	g_autoptr(GPtrArray) presses = presses_list(db, 0, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(presses->len, ==, 2);
	const Press *strange = presses->pdata[0], *huge = presses->pdata[1];
	g_assert_cmpstr(strange->site, ==, "a\357\277\275");
	g_assert_true(g_utf8_validate(strange->token, -1, NULL));
	g_assert_cmpuint(strlen(huge->token), ==, 512);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a confirmation joins a submission once per address", test_confirmation},
	    {"a confirmation is as old as what waits for it", test_confirmation_time},
	    {"kinds come out as they went in", test_kinds},
	    {"every planned kind is written", test_planned_kinds},
	    {"what waited for a reason becomes due", test_make_due},
	    {"a whole site becomes due in steps", test_make_site_due},
	    {"what waits for a proof survives", test_waiting_survives},
	    {"a cancelled mail is over", test_cancelled},
	    {"pressed links are kept in order and once", test_presses},
	    {"rows of pressed links are a stranger's", test_strange_presses},
	};
	return fixture_run("replies", tests, G_N_ELEMENTS(tests));
}
