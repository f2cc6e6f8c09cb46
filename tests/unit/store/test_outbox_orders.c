/* The outbox as people use it: retry, cancel, lists; and what is erased when nothing is left to do. */
#include "bench.h"

/* --- What a person orders ----------------------------------------------------------------------------------------------- */

typedef struct {
	DeliveryState state;
	DeliveryState after; /* 0: refused as a conflict */
} Move;

static void
check_retry(const Fixture *fixture, Move move, gboolean resend_sent, guint generation)
{
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', move.state);
	raw_execute(bench.raw, "UPDATE delivery SET due_at = due_at + 99999999, attempts = 7 WHERE id = %" G_GINT64_FORMAT, id);
	GError *error = NULL;
	gboolean result = outbox_retry(bench.db, bench.item_id, resend_sent, "operator", &error);
	if (move.after == 0) {
		expect_conflict(result, &error);
		g_assert_cmpint(column(&bench, id, "state"), ==, move.state);
	} else {
		g_assert_no_error(error);
		g_assert_cmpint(column(&bench, id, "state"), ==, move.after);
		g_assert_cmpint(column(&bench, id, "due_at"), <=, clock_now_us());
		g_assert_cmpint(column(&bench, id, "attempts"), ==, move.state == DELIVERY_DEFERRED ? 7 : 0);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT generation FROM outbox"), ==, generation);
	raw_execute(bench.raw, "DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
	bench_close(&bench);
}

static void
test_retry(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const Move moves[] = {
	    {DELIVERY_QUEUED, 0},
	    {DELIVERY_SENT, 0},
	    {DELIVERY_DEFERRED, DELIVERY_QUEUED},
	    {DELIVERY_DEAD, DELIVERY_QUEUED},
	    {DELIVERY_CANCELLED, 0},
	    {DELIVERY_REFUSED, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(moves); i++) {
		check_retry(fixture, moves[i], FALSE, 0);
		Move resent = moves[i];
		if (resent.state == DELIVERY_SENT)
			resent.after = DELIVERY_QUEUED;
		check_retry(fixture, resent, TRUE, resent.state == DELIVERY_SENT ? 1 : 0);
	}
}

/* Of automatic mail there is one copy, and the record of it stays. */
static void
test_resend_is_for_notices(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const MailKind kinds[] = {MAIL_REPLY, MAIL_COPY, MAIL_CONFIRMATION};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 sent = add(&bench, 'a', DELIVERY_SENT), dead = add(&bench, 'b', DELIVERY_DEAD);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GError) error = NULL;
		raw_execute(bench.raw, "UPDATE outbox SET kind = %d", (int)kinds[i]);
		raw_execute(bench.raw, "UPDATE delivery SET state = 4 WHERE id = %" G_GINT64_FORMAT, dead);
		expect_conflict(outbox_retry(bench.db, bench.item_id, TRUE, "operator", &error), &error);
		g_assert_cmpint(column(&bench, sent, "state"), ==, DELIVERY_SENT);
		g_assert_cmpint(column(&bench, dead, "state"), ==, DELIVERY_DEAD);
		g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "operator", &error));
		g_assert_no_error(error);
		g_assert_cmpint(column(&bench, sent, "state"), ==, DELIVERY_SENT);
		g_assert_cmpint(column(&bench, dead, "state"), ==, DELIVERY_QUEUED);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT generation FROM outbox"), ==, 0);
	bench_close(&bench);
}

/* An address that was no recipient for a while: only a person may take the mail back, and what a person cancelled stays so. */
static void
test_retry_takes_gone_ones_back(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 gone = add(&bench, 'a', DELIVERY_CANCELLED), cancelled = add(&bench, 'b', DELIVERY_CANCELLED);
	raw_execute(bench.raw, "UPDATE delivery SET reason = 'gone', attempts = 7 WHERE id = %" G_GINT64_FORMAT, gone);
	g_autoptr(GError) error = NULL;
	g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "operator", &error));
	g_assert_no_error(error);
	g_assert_cmpint(column(&bench, gone, "state = 1 AND reason IS NULL AND attempts = 0 AND ordered_at > 0"), ==, 1);
	g_assert_cmpint(column(&bench, cancelled, "state"), ==, DELIVERY_CANCELLED);
	bench_close(&bench);
}

static void
test_cancel(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const Move moves[] = {
	    {DELIVERY_QUEUED, DELIVERY_CANCELLED},
	    {DELIVERY_SENT, 0},
	    {DELIVERY_DEFERRED, DELIVERY_CANCELLED},
	    {DELIVERY_DEAD, DELIVERY_CANCELLED},
	    {DELIVERY_CANCELLED, 0},
	    {DELIVERY_REFUSED, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(moves); i++) {
		Bench bench;
		bench_open(&bench, fixture, FALSE);
		gint64 id = add(&bench, 'a', moves[i].state);
		GError *error = NULL;
		gboolean result = outbox_cancel(bench.db, bench.item_id, "operator", &error);
		if (moves[i].after == 0)
			expect_conflict(result, &error);
		else
			g_assert_no_error(error);
		g_assert_cmpint(column(&bench, id, "state"), ==, moves[i].after ? moves[i].after : moves[i].state);
		raw_execute(bench.raw, "DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
		bench_close(&bench);
	}
}

/* Held back by a person: it waits until a person lets it go, and nothing of it says why it waited before. */
static void
test_hold(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const Move moves[] = {
	    {DELIVERY_QUEUED, DELIVERY_DEAD},
	    {DELIVERY_DEFERRED, DELIVERY_DEAD},
	    {DELIVERY_DEAD, 0},
	    {DELIVERY_SENT, 0},
	    {DELIVERY_CANCELLED, 0},
	    {DELIVERY_REFUSED, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(moves); i++) {
		Bench bench;
		bench_open(&bench, fixture, FALSE);
		gint64 id = add(&bench, 'a', moves[i].state);
		raw_execute(bench.raw,
		    "UPDATE delivery SET reason = 'relay.temporary', server_text = 'later', reply_code = 451, attempts = 7");
		GError *error = NULL;
		/* What waits past its submission's time is kept until it was tried; held back it would be removed. */
		expect_conflict(outbox_hold(bench.db, bench.item_id, "operator", &error), &error);
		g_assert_cmpint(column(&bench, id, "state"), ==, moves[i].state);
		raw_execute(bench.raw, "UPDATE submission SET purge_at = 0x7fffffffffffffff");
		gboolean result = outbox_hold(bench.db, bench.item_id, "operator", &error);
		if (moves[i].after == 0) {
			expect_conflict(result, &error);
			g_assert_cmpint(column(&bench, id, "state"), ==, moves[i].state);
		} else {
			g_assert_no_error(error);
			g_assert_cmpint(
			    column(&bench, id, "state = 4 AND reason = 'hold' AND server_text IS NULL AND reply_code = 0"), ==,
			    1);
			expect_claim(&bench, "one", 0);
			g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "operator", NULL));
			g_assert_cmpint(column(&bench, id, "state = 1 AND reason IS NULL AND attempts = 0"), ==, 1);
			expect_claim(&bench, "one", 1);
			expect_conflict(outbox_hold(bench.db, bench.item_id, "operator", &error), &error);
			/* A lease that ran out is no session any more. */
			clock_set_offset_us(2 * LEASE_US);
			g_assert_true(outbox_hold(bench.db, bench.item_id, "operator", NULL));
			clock_set_offset_us(0);
		}
		raw_execute(
		    bench.raw, "DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
		bench_close(&bench);
	}
}

/* What is held back still needs the content of a do_not_store submission, whatever becomes of the others. */
static void
test_hold_keeps_content(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, TRUE);
	raw_execute(bench.raw, "UPDATE submission SET purge_at = 0x7fffffffffffffff");
	gint64 held = add(&bench, 'a', DELIVERY_QUEUED);
	g_assert_true(outbox_hold(bench.db, bench.item_id, "operator", NULL));
	gint64 sent = add(&bench, 'b', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	settle(&bench, sent, "one", DELIVERY_SENT);
	g_assert_cmpint(raw_number(bench.raw, "SELECT content IS NOT NULL FROM submission"), ==, 1);
	g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "operator", NULL));
	expect_claim(&bench, "one", 1);
	settle(&bench, held, "one", DELIVERY_SENT);
	g_assert_cmpint(raw_number(bench.raw, "SELECT content IS NOT NULL FROM submission"), ==, 0);
	bench_close(&bench);
}

static void
test_orders_wait_for_sessions(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 leased = add(&bench, 'a', DELIVERY_QUEUED);
	gint64 dead = add(&bench, 'b', DELIVERY_DEAD);
	expect_claim(&bench, "one", 1);
	GError *error = NULL;
	expect_conflict(outbox_retry(bench.db, bench.item_id, TRUE, "operator", &error), &error);
	expect_conflict(outbox_cancel(bench.db, bench.item_id, "operator", &error), &error);
	g_assert_cmpint(column(&bench, dead, "state"), ==, DELIVERY_DEAD);
	/* A lease that ran out is no session any more. */
	clock_set_offset_us(2 * LEASE_US);
	raw_execute(bench.raw, "UPDATE delivery SET reason = 'consent', reply_code = 451, server_text = 'later'");
	g_assert_true(outbox_cancel(bench.db, bench.item_id, "operator", NULL));
	g_assert_cmpint(column(&bench, leased, "state"), ==, DELIVERY_CANCELLED);
	/* For what it waited is over. */
	g_assert_cmpint(
	    column(&bench, leased, "coalesce(length(reason), 0) + coalesce(length(server_text), 0) + reply_code"), ==, 0);
	expect_too_late(&bench, leased, "one");
	bench_close(&bench);
}

static void
test_unknown_item(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autoptr(GError) find = NULL, retry = NULL, cancel = NULL;
	g_assert_null(outbox_find(db, 9, &find));
	g_assert_error(find, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	g_assert_false(outbox_retry(db, 9, FALSE, "operator", &retry));
	g_assert_error(retry, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	g_assert_false(outbox_cancel(db, 9, "operator", &cancel));
	g_assert_error(cancel, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

static void
test_lists(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	static const DeliveryState states[] = {DELIVERY_SENT, DELIVERY_DEAD, DELIVERY_QUEUED, DELIVERY_REFUSED};
	gint64 items[4], submissions[4];
	for (int i = 0; i < 4; i++) {
		g_autofree char *receipt = g_strdup_printf("LIST%d", i);
		submissions[i] = row_submission(bench.raw, receipt, FALSE, "x");
		bench.item_id = items[i] = row_item(bench.raw, submissions[i], MAIL_REPLY);
		add(&bench, 'a', states[i]);
		add(&bench, 'b', DELIVERY_SENT);
	}
	raw_execute(bench.raw, "UPDATE submission SET site = 'other.example' WHERE receipt IN ('LIST1', 'LIST3')");
	static const struct {
		const char *site;
		gboolean waiting_only;
		guint limit;
		guint count;
		int newest; /* index of `items` */
	} rows[] = {
	    {NULL, FALSE, 100, 5, 3},
	    {NULL, FALSE, 2, 2, 3},
	    {"other.example", FALSE, 100, 2, 3},
	    {NULL, TRUE, 100, 2, 2},
	    {"other.example", TRUE, 100, 1, 1},
	    {"example.jp", TRUE, 100, 1, 2},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const OutboxFilter filter = {.site = rows[i].site, .states = rows[i].waiting_only ? OUTBOX_UNSETTLED : 0};
		g_autoptr(GPtrArray) list = outbox_list(bench.db, &filter, rows[i].limit, NULL);
		g_assert_cmpuint(list->len, ==, rows[i].count);
		const OutboxItem *newest = g_ptr_array_index(list, 0);
		g_assert_cmpint(newest->id, ==, items[rows[i].newest]);
		g_assert_cmpuint(newest->deliveries->len, ==, 2);
	}
	g_autoptr(GPtrArray) nothing = outbox_list(bench.db, &(OutboxFilter){.site = "no.example"}, 100, NULL);
	g_assert_cmpuint(nothing->len, ==, 0);
	row_item(bench.raw, submissions[0], MAIL_NOTICE);
	g_autoptr(GPtrArray) both = outbox_of_submission(bench.db, submissions[0], NULL);
	g_assert_cmpuint(both->len, ==, 2);
	bench_close(&bench);
}

/* --- Erasing ------------------------------------------------------------------------------------------------------------ */

static gboolean
is_erased(Bench *bench)
{
	return raw_number(bench->raw, "SELECT content IS NULL FROM submission WHERE receipt = 'RECEIPT00001'") != 0;
}

static void
test_erase_after_last(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, TRUE);
	raw_execute(
	    bench.raw, "UPDATE submission SET content = CAST('CONTENT-BEGINS' || hex(zeroblob(9000)) || 'CONTENT-ENDS' AS BLOB)");
	gint64 first = add(&bench, 'a', DELIVERY_QUEUED), second = add(&bench, 'b', DELIVERY_QUEUED);
	add(&bench, 'c', DELIVERY_REFUSED);
	expect_claim(&bench, "one", 1);
	settle(&bench, first, "one", DELIVERY_SENT);
	g_assert_false(is_erased(&bench));
	g_assert_true(fixture_holds(fixture, "CONTENT-BEGINS"));
	g_assert_true(fixture_holds(fixture, "KEY-RECEIPT00001"));
	settle(&bench, second, "one", DELIVERY_SENT);
	g_assert_true(is_erased(&bench));
	/* The bytes are gone, not only the row's claim to them. */
	g_assert_false(fixture_holds(fixture, "CONTENT-BEGINS"));
	g_assert_false(fixture_holds(fixture, "CONTENT-ENDS"));
	g_assert_false(fixture_holds(fixture, "KEY-RECEIPT00001"));
	g_assert_true(fixture_holds(fixture, "RECEIPT00001"));
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM epoch"), ==, 0);
	GError *error = NULL;
	expect_conflict(outbox_retry(bench.db, bench.item_id, TRUE, "operator", &error), &error);
	bench_close(&bench);
}

static void
test_kept_content_stays(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	settle(&bench, id, "one", DELIVERY_SENT);
	g_assert_false(is_erased(&bench));
	bench_close(&bench);
}

static void
test_dead_keeps_content(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, TRUE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	settle(&bench, id, "one", DELIVERY_DEAD);
	g_assert_false(is_erased(&bench));
	g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "operator", NULL));
	expect_claim(&bench, "two", 1);
	settle(&bench, id, "two", DELIVERY_DEAD);
	g_assert_false(is_erased(&bench));
	g_assert_true(outbox_cancel(bench.db, bench.item_id, "operator", NULL));
	g_assert_true(is_erased(&bench));
	bench_close(&bench);
}

static void
test_gone_erases(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, TRUE);
	add(&bench, 'a', DELIVERY_QUEUED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 1);
	g_assert_true(reconcile(&bench, g_ptr_array_index(items, 0), "one", "", NULL));
	g_assert_true(is_erased(&bench));
	bench_close(&bench);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"retry moves what it may", test_retry},
	    {"only notices are sent again", test_resend_is_for_notices},
	    {"a retry takes back what was gone", test_retry_takes_gone_ones_back},
	    {"cancel moves what it may", test_cancel},
	    {"hold stops what waits until it is let go", test_hold},
	    {"what is held back keeps the content", test_hold_keeps_content},
	    {"orders wait for the session that holds the item", test_orders_wait_for_sessions},
	    {"an unknown item is not found", test_unknown_item},
	    {"lists are newest first and filtered", test_lists},
	    {"do_not_store erases the bytes after the last delivery", test_erase_after_last},
	    {"without do_not_store the content stays", test_kept_content_stays},
	    {"a dead delivery keeps the content for a retry", test_dead_keeps_content},
	    {"a recipient that is gone may be the last one", test_gone_erases},
	};
	return fixture_run("outbox_orders", tests, G_N_ELEMENTS(tests));
}
