/* The outbox when something went wrong around it: clocks that jump, absurd rows, a courier that died, a form that is broken. */
#include "bench.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/submissions.h"

/* The clock jumped ahead while its session runs: nobody but another courier may take what it holds. */
static void
test_own_lease_is_not_claimed_again(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	clock_set_offset_us(2 * LEASE_US);
	expect_claim(&bench, "one", 0);
	clock_set_offset_us(-24 * 3600 * SECOND_US);
	expect_claim(&bench, "one", 0);
	settle(&bench, id, "one", DELIVERY_SENT);
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 1);
	bench_close(&bench);
}

static void
test_due_too_far_ahead_is_due(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 ahead_us = (gint64)LIMIT_DUE_AHEAD_MS * 1000;
	gint64 now_us = clock_now_us();
	row_delivery(bench.raw, bench.item_id, 'a', DELIVERY_DEFERRED, now_us + ahead_us - LEASE_US);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), >, now_us + LEASE_US);
	expect_claim(&bench, "one", 0);
	raw_execute(bench.raw, "DELETE FROM delivery");
	row_delivery(bench.raw, bench.item_id, 'b', DELIVERY_DEFERRED, now_us + ahead_us + LEASE_US);
	row_delivery(bench.raw, bench.item_id, 'c', DELIVERY_DEFERRED, G_MAXINT64);
	g_assert_cmpint(outbox_next_due(bench.db, NULL, NULL), <=, clock_now_us());
	g_autoptr(GPtrArray) items = claim(&bench, "one", 9);
	g_assert_cmpuint(items->len, ==, 1);
	g_assert_cmpuint(((OutboxItem *)g_ptr_array_index(items, 0))->deliveries->len, ==, 2);
	bench_close(&bench);
}

/* Rows are input. What is cut fits no name of ours; the rest of the queue is not delayed. */
static void
test_huge_texts_harm_nobody(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const VaultHash none;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	gint64 good = row_item(bench.raw, row_submission(bench.raw, "GOOD", FALSE, "x"), MAIL_NOTICE);
	row_delivery(bench.raw, good, 'b', DELIVERY_QUEUED, clock_now_us());
	raw_execute(bench.raw, "UPDATE submission SET receipt = replace(hex(zeroblob(5000000)), '00', 'R'), site = replace(hex(zeroblob(5000000)), '00', 'S') "
			       "WHERE receipt <> 'GOOD'");
	raw_execute(bench.raw,
	    "UPDATE delivery SET reason = replace(hex(zeroblob(5000000)), '00', 'r'), server_text = replace(hex(zeroblob(5000000)), '00', 't'), "
	    "recipient = zeroblob(5000000) WHERE outbox_id <> %" G_GINT64_FORMAT,
	    good);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 9);
	g_assert_cmpuint(items->len, ==, 2);
	const OutboxItem *huge = items->pdata[0], *other = items->pdata[1];
	const Delivery *delivery = huge->deliveries->pdata[0];
	const char *const texts[] = {huge->receipt, huge->site, delivery->reason, delivery->server_text};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_assert_cmpuint(strlen(texts[i]), <=, LIMIT_SERVER_TEXT_BYTES);
	g_assert_cmpmem(&delivery->recipient, sizeof none, &none, sizeof none);
	g_assert_cmpstr(other->receipt, ==, "GOOD");
	g_autoptr(GPtrArray) listed = submissions_list(bench.db, NULL, 9, NULL);
	for (guint i = 0; i < listed->len; i++) {
		const SubmissionSummary *summary = listed->pdata[i];
		g_assert_cmpuint(strlen(summary->receipt) + strlen(summary->site), <=, LIMIT_SERVER_TEXT_BYTES);
	}
	bench_close(&bench);
}

/* Rows are input. */
static void
test_absurd_numbers_harm_nobody(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const gint64 numbers[] = {G_MAXINT64, G_MININT64, G_MAXUINT32, -1};
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		Bench bench;
		bench_open(&bench, fixture, FALSE);
		gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
		raw_execute(bench.raw,
		    "UPDATE delivery SET attempts = %" G_GINT64_FORMAT
		    ", reply_code = attempts, settled_at = attempts, due_at = %d",
		    numbers[i], 1);
		raw_execute(
		    bench.raw, "UPDATE outbox SET kind = %" G_GINT64_FORMAT ", generation = kind, created_at = kind", numbers[i]);
		raw_execute(bench.raw, "UPDATE outbox SET generation = kind, created_at = kind");
		expect_claim(&bench, "one", 1);
		clock_set_offset_us(2 * LEASE_US);
		g_autoptr(GPtrArray) items = claim(&bench, "two", 1);
		g_assert_cmpuint(items->len, ==, 1);
		const OutboxItem *item = g_ptr_array_index(items, 0);
		const Delivery *delivery = g_ptr_array_index(item->deliveries, 0);
		g_assert_cmpuint(delivery->attempts, >=, 1);
		g_assert_cmpuint(delivery->attempts, <=, 1000001);
		g_assert_cmpstr(mail_kind_name(item->kind), ==, "reply");
		g_assert_cmpint(item->created_at_us, >=, 0);
		g_assert_cmpint(item->created_at_us, <, G_MAXINT64 / 2);
		settle(&bench, id, "two", DELIVERY_DEFERRED);
		clock_set_offset_us(0);
		raw_execute(bench.raw, "DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
		bench_close(&bench);
	}
}

static void
test_a_new_courier_takes_over(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "dead", 1);
	gint64 own = add(&bench, 'b', DELIVERY_QUEUED);
	expect_claim(&bench, "new", 1);
	gint64 sent = add(&bench, 'c', DELIVERY_SENT);
	g_assert_cmpint(outbox_take_over(bench.db, "new", NULL), ==, 1);
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_QUEUED);
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 1);
	g_assert_cmpint(column(&bench, own, "owner = 'new'"), ==, 1);
	g_assert_cmpint(column(&bench, sent, "state"), ==, DELIVERY_SENT);
	expect_claim(&bench, "new", 1);
	expect_too_late(&bench, id, "dead");
	g_assert_cmpint(outbox_take_over(bench.db, "new", NULL), ==, 0);
	bench_close(&bench);
}

/* One statement moves what is due of one form and kind, and nothing else. */
static void
test_a_broken_form_waits_together(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		const char *site;
		guint form_id;
		MailKind kind;
		DeliveryState state;
		gint64 due_in_us;
		gboolean is_put_off;
		gboolean is_ordered;
	} rows[] = {
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_QUEUED, -SECOND_US, TRUE, FALSE},
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_DEFERRED, -SECOND_US, TRUE, FALSE},
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_DEFERRED, 60 * SECOND_US, FALSE, FALSE},
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_SENT, -SECOND_US, FALSE, FALSE},
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_DEAD, -SECOND_US, FALSE, FALSE},
	    {"example.jp", 4, MAIL_REPLY, DELIVERY_QUEUED, -SECOND_US, FALSE, FALSE},
	    {"example.jp", 5, MAIL_NOTICE, DELIVERY_QUEUED, -SECOND_US, FALSE, FALSE},
	    {"other.example", 4, MAIL_NOTICE, DELIVERY_QUEUED, -SECOND_US, FALSE, FALSE},
	    {"example.jp", 4, MAIL_NOTICE, DELIVERY_DEFERRED, -SECOND_US, FALSE, TRUE},
	};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 ids[G_N_ELEMENTS(rows)];
	gint64 later_us = clock_now_us() + 600 * SECOND_US;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *receipt = g_strdup_printf("BROKEN%u", i);
		gint64 submission = row_submission(bench.raw, receipt, FALSE, "x");
		raw_execute(bench.raw, "UPDATE submission SET site = '%s', form_id = %u WHERE id = %" G_GINT64_FORMAT,
		    rows[i].site, rows[i].form_id, submission);
		ids[i] = row_delivery(bench.raw, row_item(bench.raw, submission, rows[i].kind), 'a', rows[i].state,
		    clock_now_us() + rows[i].due_in_us);
		raw_execute(
		    bench.raw, "UPDATE delivery SET ordered_at = %d WHERE id = %" G_GINT64_FORMAT, rows[i].is_ordered, ids[i]);
	}
	OutboxItem item = {.site = (char *)"example.jp", .form_id = 4, .kind = MAIL_NOTICE};
	const PutOff put_off = {.reason = "conf.no_form", .server_text = "450 later", .due_at_us = later_us};
	g_assert_cmpint(outbox_put_off(bench.db, &item, &put_off, NULL), ==, 2);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpint(column(&bench, ids[i], "due_at") == later_us, ==, rows[i].is_put_off);
		g_assert_cmpint(column(&bench, ids[i], "state"), ==, rows[i].is_put_off ? DELIVERY_DEFERRED : rows[i].state);
		g_assert_cmpint(column(&bench, ids[i], "attempts"), ==, 0);
	}
	bench_close(&bench);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"what a courier holds it is not given again", test_own_lease_is_not_claimed_again},
	    {"what is due too far ahead is due", test_due_too_far_ahead_is_due},
	    {"huge texts in rows harm nobody", test_huge_texts_harm_nobody},
	    {"absurd numbers in rows harm nobody", test_absurd_numbers_harm_nobody},
	    {"a new courier takes over what a dead one held", test_a_new_courier_takes_over},
	    {"mails of a broken form wait together", test_a_broken_form_waits_together},
	};
	return fixture_run("outbox_faults", tests, G_N_ELEMENTS(tests));
}
