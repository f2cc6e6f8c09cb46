/* The story of a delivery: which changes are lines of it, how long it may get, what it costs, and what rows of strangers do to it. */
#include "bench.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/submissions.h"

static GPtrArray *
story(const Bench *bench)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *events = outbox_events(bench->db, bench->item_id, &error);
	g_assert_no_error(error);
	return events;
}

/* "tried/deferred by main", "held/dead for mika": what the tests compare. */
static char *
line_of(const DeliveryEvent *event)
{
	GString *line = g_string_new(NULL);
	g_string_append_printf(line, "%s/%s", event_kind_name(event->kind), delivery_state_name(event->state));
	if (event->account)
		g_string_append_printf(line, " by %s", event->account);
	if (event->actor)
		g_string_append_printf(line, " for %s", event->actor);
	if (event->reason)
		g_string_append_printf(line, " because %s", event->reason);
	if (event->reply_code != 0)
		g_string_append_printf(line, " %u", event->reply_code);
	if (event->server_text)
		g_string_append_printf(line, " \"%s\"", event->server_text);
	return g_string_free(line, FALSE);
}

/* The whole story, a line each with LF. */
static void
assert_story(const Bench *bench, const char *expected)
{
	g_autoptr(GPtrArray) events = story(bench);
	g_autoptr(GString) lines = g_string_new(NULL);
	for (guint i = 0; i < events->len; i++) {
		g_autofree char *line = line_of(events->pdata[i]);
		g_string_append_printf(lines, "%s\n", line);
	}
	g_assert_cmpstr(lines->str, ==, expected);
}

/* --- Outcomes --------------------------------------------------------------------------------------------------------- */

static void
test_outcomes(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		DeliveryOutcome outcome;
		const char *line;
	} rows[] = {
	    {{.state = DELIVERY_SENT, .account = "main", .reply_code = 250, .server_text = "2.0.0 queued\r\nas 4"},
		"tried/sent by main 250 \"2.0.0 queued as 4\"\n"},
	    {{.state = DELIVERY_DEFERRED,
		 .account = "backup",
		 .reason = "relay.temporary",
		 .reply_code = 451,
		 .server_text = "later, hanako@example.jp"},
		"tried/deferred by backup because relay.temporary 451 \"later, <address>\"\n"},
	    {{.state = DELIVERY_DEAD, .account = "main", .reason = "relay.permanent", .reply_code = 550},
		"tried/dead by main because relay.permanent 550\n"},
	    {{.state = DELIVERY_DEFERRED, .is_untried = TRUE, .reason = "relay.auth"}, ""},
	    {{.state = DELIVERY_CANCELLED, .is_untried = TRUE, .reason = "expired"}, "ended/cancelled because expired\n"},
	    {{.state = DELIVERY_DEAD, .is_untried = TRUE, .reason = "form.template"}, "ended/dead because form.template\n"},
	    {{.state = DELIVERY_QUEUED}, ""},
	    {{.state = DELIVERY_QUEUED, .is_untried = TRUE, .account = "main"}, ""},
	    {{.state = DELIVERY_QUEUED, .account = "main", .reason = "relay.lost"}, "tried/queued by main because relay.lost\n"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		Bench bench;
		bench_open(&bench, fixture, FALSE);
		DeliveryOutcome outcome = rows[i].outcome;
		outcome.delivery_id = add(&bench, 'a', DELIVERY_QUEUED);
		outcome.due_at_us = clock_now_us() + SECOND_US;
		expect_claim(&bench, "one", 1);
		g_assert_true(outbox_settle(bench.db, "one", &outcome, 1, NULL));
		assert_story(&bench, rows[i].line);
		/* Who holds it no more tells nothing. */
		g_assert_true(outbox_settle(bench.db, "one", &outcome, 1, NULL) && outcome.is_too_late);
		assert_story(&bench, rows[i].line);
		raw_execute(bench.raw, "DELETE FROM submission");
		raw_execute(bench.raw, "DELETE FROM outbox; DELETE FROM delivery; DELETE FROM delivery_event");
		bench_close(&bench);
	}
}

/* It moves nothing, and what follows in the same transaction does. */
static void
test_an_accounts_failure(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	DeliveryOutcome outcomes[] = {
	    {.delivery_id = id,
		.state = DELIVERY_LEASED,
		.account = "main",
		.reason = "relay.auth",
		.server_text = "no\r\nentry"},
	    {.delivery_id = id, .state = DELIVERY_QUEUED},
	};
	g_assert_true(outbox_settle(bench.db, "one", outcomes, 1, NULL));
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_LEASED);
	g_assert_true(outbox_settle(bench.db, "one", outcomes, 2, NULL));
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_QUEUED);
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 0);
	static const char line[] = "account_failed/leased by main because relay.auth \"no entry\"\n";
	g_autofree char *twice = g_strconcat(line, line, NULL);
	assert_story(&bench, twice);
	/* Who holds it no more tells nothing. */
	g_assert_true(outbox_settle(bench.db, "one", outcomes, 1, NULL));
	g_assert_true(outcomes[0].is_too_late);
	assert_story(&bench, twice);
	bench_close(&bench);
}

/* What counts as an attempt is told, although its session never did. */
static void
test_lost_sessions(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	add(&bench, 'b', DELIVERY_SENT);
	expect_claim(&bench, "one", 1);
	assert_story(&bench, "");
	g_assert_cmpint(outbox_take_over(bench.db, "two", NULL), ==, 1);
	assert_story(&bench, "tried/queued because relay.lost\n");
	expect_claim(&bench, "two", 1);
	clock_set_offset_us(2 * LEASE_US);
	expect_claim(&bench, "three", 1);
	assert_story(&bench, "tried/queued because relay.lost\ntried/queued because relay.lost\n");
	g_assert_cmpint(column(&bench, id, "attempts"), ==, 2);
	bench_close(&bench);
}

static void
test_ends(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	add(&bench, 'b', DELIVERY_DEFERRED);
	g_autoptr(GPtrArray) items = claim(&bench, "one", 1);
	g_assert_true(reconcile(&bench, g_ptr_array_index(items, 0), "one", "b", NULL));
	assert_story(&bench, "ended/cancelled because gone\n");
	raw_execute(bench.raw, "UPDATE delivery SET state = 3, owner = NULL, leased_until = NULL WHERE state = 2");
	g_assert_cmpint(outbox_end_overdue(bench.db, 10, NULL), ==, 0);
	clock_set_offset_us(6 * 24 * 3600 * SECOND_US);
	g_assert_cmpint(outbox_end_overdue(bench.db, 10, NULL), ==, 1);
	assert_story(&bench, "ended/cancelled because gone\nended/dead because retention\n");
	bench_close(&bench);
}

static void
test_orders(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_DEFERRED);
	add(&bench, 'b', DELIVERY_SENT);
	add(&bench, 'c', DELIVERY_REFUSED);
	raw_execute(bench.raw, "UPDATE submission SET purge_at = 0x7fffffffffffffff");
	g_assert_true(outbox_hold(bench.db, bench.item_id, "mika", NULL));
	g_assert_true(outbox_retry(bench.db, bench.item_id, FALSE, "mika", NULL));
	g_assert_true(outbox_cancel(bench.db, bench.item_id, "jun", NULL));
	g_assert_false(outbox_cancel(bench.db, bench.item_id, "jun", NULL));
	g_assert_true(outbox_retry(bench.db, bench.item_id, TRUE, "jun", NULL));
	assert_story(&bench,
	    "held/dead for mika because hold\nretried/queued for mika\ncancelled/cancelled for jun\nresent/queued for jun\n");
	bench_close(&bench);
}

/* --- Its length and its end -------------------------------------------------------------------------------------------- */

static void
test_length(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	for (guint i = 1; i <= LIMIT_DELIVERY_EVENTS + 50; i++) {
		DeliveryOutcome outcome = {.delivery_id = id, .state = DELIVERY_DEFERRED, .reply_code = i};
		expect_claim(&bench, "one", 1);
		g_assert_true(outbox_settle(bench.db, "one", &outcome, 1, NULL));
		g_assert_false(outcome.is_too_late);
	}
	g_autoptr(GPtrArray) events = story(&bench);
	g_assert_cmpuint(events->len, ==, LIMIT_DELIVERY_EVENTS);
	for (guint i = 0; i < events->len; i++) {
		const DeliveryEvent *event = events->pdata[i];
		g_assert_cmpuint(event->reply_code, ==, i < LIMIT_DELIVERY_EVENTS / 2 ? i + 1 : i + 51);
	}
	bench_close(&bench);
}

/* A mail whose sessions never tell, because each courier dies by it, tells nothing else. */
static void
test_length_of_lost_ones(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	add(&bench, 'a', DELIVERY_QUEUED);
	for (guint i = 0; i < LIMIT_DELIVERY_EVENTS + 20; i++) {
		clock_set_offset_us(2 * i * LEASE_US);
		expect_claim(&bench, i % 2 == 0 ? "one" : "two", 1);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, LIMIT_DELIVERY_EVENTS);
	for (guint i = 0; i < 3; i++) {
		g_assert_cmpint(outbox_take_over(bench.db, "three", NULL), ==, 1);
		expect_claim(&bench, "one", 1);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, LIMIT_DELIVERY_EVENTS);
	bench_close(&bench);
}

/* With the submission; what was erased of it keeps the story, because that tells nothing personal. */
static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, TRUE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	expect_claim(&bench, "one", 1);
	settle(&bench, id, "one", DELIVERY_SENT);
	g_assert_cmpint(raw_number(bench.raw, "SELECT content IS NULL FROM submission"), ==, 1);
	assert_story(&bench, "tried/sent\n");
	g_assert_cmpint(submissions_purge(bench.db, 10, NULL, NULL), ==, 1);
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, 0);
	bench_close(&bench);
}

/* Rows that nobody of ours wrote: endless texts, absurd numbers, and more of them than anybody reads. */
static void
test_rows_of_strangers(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_QUEUED);
	raw_execute(bench.raw,
	    "INSERT INTO delivery_event (delivery_id, at, kind, state, account, actor, reason, server_text, reply_code) "
	    "SELECT %" G_GINT64_FORMAT
	    ", 0x7fffffffffffffff, -5, 99, t, t, t, t, -1 FROM (SELECT replace(hex(zeroblob(1000000)), '00', 'x') AS t)",
	    id);
	raw_execute(bench.raw,
	    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
	    "INSERT INTO delivery_event (delivery_id, at, kind, state) SELECT %" G_GINT64_FORMAT ", 1, 1, 3 FROM n",
	    id);
	g_autoptr(GPtrArray) events = story(&bench);
	g_assert_cmpuint(events->len, ==, 10 * LIMIT_DELIVERY_EVENTS);
	const DeliveryEvent *first = events->pdata[0];
	g_assert_cmpstr(event_kind_name(first->kind), ==, "unknown");
	g_assert_cmpstr(delivery_state_name(first->state), ==, "unknown");
	g_assert_cmpuint(strlen(first->account), <=, 512);
	g_assert_cmpuint(strlen(first->actor), <=, 512);
	g_assert_cmpuint(strlen(first->reason), <=, 512);
	g_assert_cmpuint(strlen(first->server_text), <=, 512);
	g_assert_cmpuint(first->reply_code, ==, 0);
	g_assert_cmpint(first->at_us, <, G_MAXINT64 / 2);
	/* Each line of ours takes a bounded number of them out, until the story has its length. */
	for (guint i = 0; i < 6; i++) {
		expect_claim(&bench, "one", 1);
		settle(&bench, id, "one", DELIVERY_DEFERRED);
		clock_set_offset_us((i + 2) * SECOND_US);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, LIMIT_DELIVERY_EVENTS);
	bench_close(&bench);
}

/* --- What it costs ------------------------------------------------------------------------------------------------------ */

#define COST_ROWS 50u

/* Bytes of the write-ahead log for one transaction that settles COST_ROWS mails of an outbox that is used. */
static gint64
settle_cost(const Fixture *fixture, gboolean has_events)
{
	Bench bench;
	g_autofree char *log = g_strconcat(fixture->path, "-wal", NULL);
	GStatBuf status;
	bench_open(&bench, fixture, FALSE);
	for (guint i = 0; i < 4 * COST_ROWS; i++) {
		g_autofree char *receipt = g_strdup_printf("COST%u", i);
		bench.item_id = row_item(bench.raw, row_submission(bench.raw, receipt, FALSE, "x"), MAIL_NOTICE);
		add(&bench, 'a', DELIVERY_QUEUED);
	}
	if (!has_events)
		raw_execute(bench.raw, "CREATE TRIGGER silence BEFORE INSERT ON delivery_event BEGIN SELECT RAISE(IGNORE); END");
	for (guint round = 0; round < 4; round++) {
		DeliveryOutcome outcomes[COST_ROWS] = {0};
		g_autoptr(GPtrArray) items = claim(&bench, "one", COST_ROWS);
		g_assert_cmpuint(items->len, ==, COST_ROWS);
		for (guint i = 0; i < COST_ROWS; i++) {
			const OutboxItem *item = items->pdata[i];
			const Delivery *delivery = item->deliveries->pdata[0];
			outcomes[i] = (DeliveryOutcome){.delivery_id = delivery->id,
			    .state = DELIVERY_SENT,
			    .account = "main",
			    .reply_code = 250,
			    .server_text = "2.0.0 Ok: queued as 4XyZ1234567890"};
		}
		raw_execute(bench.raw, "PRAGMA wal_checkpoint(TRUNCATE)");
		g_assert_true(outbox_settle(bench.db, "one", outcomes, COST_ROWS, NULL));
	}
	g_assert_cmpint(g_stat(log, &status), ==, 0);
	raw_execute(bench.raw, "DROP TRIGGER IF EXISTS silence");
	raw_execute(bench.raw, "DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
	bench_close(&bench);
	return status.st_size;
}

/* The log counts pages, and a disk waits for those: a story is told for half as many again at most. */
static void
test_cost(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	gint64 without = settle_cost(fixture, FALSE), with = settle_cost(fixture, TRUE);
	g_test_message("settling %u mails writes %" G_GINT64_FORMAT " bytes without events, %" G_GINT64_FORMAT " with", COST_ROWS,
	    without, with);
	g_assert_cmpint(with, >, without);
	g_assert_cmpint(2 * with, <=, 3 * without);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"outcomes of sessions are told, waiting is not", test_outcomes},
	    {"an account that failed is told", test_an_accounts_failure},
	    {"a session that never told is told", test_lost_sessions},
	    {"ends without a session are told", test_ends},
	    {"orders are told with who gave them", test_orders},
	    {"the first and the last lines of a long story stay", test_length},
	    {"a story of lost sessions gets no longer", test_length_of_lost_ones},
	    {"a story goes with its mail", test_purge},
	    {"rows of strangers are cut and counted", test_rows_of_strangers},
	    {"stories cost little", test_cost},
	};
	return fixture_run("outbox_events", tests, G_N_ELEMENTS(tests));
}
