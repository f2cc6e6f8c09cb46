/* Admission: what it decides, in which order, and for many at once. */
#include "admission_desk.h"

/* --- The order of things ------------------------------------------------------------------------------------------------ */

static void
test_repetition(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		gint status;
		gint64 until_us;
		gboolean is_repetition;
	} rows[] = {
	    {SUBMISSION_ACCEPTED, HOUR_US, TRUE},
	    {SUBMISSION_HELD, HOUR_US, TRUE},
	    {SUBMISSION_RELEASED, HOUR_US, TRUE},
	    {SUBMISSION_REJECTED, HOUR_US, FALSE},
	    {SUBMISSION_DISCARDED, HOUR_US, FALSE},
	    {SUBMISSION_ACCEPTED, -SECOND_US, FALSE},
	};
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	sqlite3 *raw = raw_open(fixture);
	const gint64 submission_id = row_submission(raw, "RECEIPT00001", FALSE, "CONTENT");
	const CounterCharge charge = counting_charge('a', HOUR_US, 4);
	const VaultHash token = row_hash('t');
	const AdmissionRequest request = {.is_repetition_asked = TRUE,
	    .repetition = row_hash('r'),
	    .token = &token,
	    .token_until_us = clock_now_us() + HOUR_US,
	    .charges = &charge,
	    .charge_count = 1};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		raw_execute(raw, "DELETE FROM repetition; DELETE FROM verdict");
		raw_execute(raw,
		    "INSERT INTO verdict (submission_id, site, status) VALUES (%" G_GINT64_FORMAT ", 'example.jp', %d)",
		    submission_id, rows[i].status);
		raw_execute(raw,
		    "INSERT INTO repetition VALUES (%" G_GINT64_FORMAT
		    ", CAST('rrrrrrrrrrrrrrrrrrrrr' AS BLOB), %" G_GINT64_FORMAT ")",
		    submission_id, clock_now_us() + rows[i].until_us);
		const AdmissionAnswer *answer = ask_one(admission, &desk, &request);
		g_assert_no_error(desk.error);
		g_assert_cmpstr(desk.receipt, ==, rows[i].is_repetition ? "RECEIPT00001" : NULL);
		if (rows[i].is_repetition)
			g_assert_cmpint(desk.status, ==, rows[i].status);
		g_assert_true(answer->charged.is_allowed);
		/* The repetitions left the token alone; the first that was none used it. */
		g_assert_cmpint(answer->is_token_used, ==, i > 3);
	}
	/* And only the three that were none were charged: one is left. */
	const AdmissionRequest plain = {.charges = &charge, .charge_count = 1};
	g_assert_true(ask_one(admission, &desk, &plain)->charged.is_allowed);
	g_assert_false(ask_one(admission, &desk, &plain)->charged.is_allowed);
	sqlite3_close(raw);
	admission_stop(admission);
	desk_close(&desk);
}

static void
test_hint_and_token(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const gint64 until_us = clock_now_us() + 24 * HOUR_US;
	const CounterCharge charge = counting_charge('a', HOUR_US, 3);
	const VaultHash hint = row_hash('h'), token = row_hash('t'), other = row_hash('u');
	AdmissionRequest request = {.hint = &hint,
	    .hint_until_us = until_us,
	    .token = &token,
	    .token_until_us = until_us,
	    .charges = &charge,
	    .charge_count = 1};
	/* The hint comes first; it is charged, and the token is fresh still. */
	g_assert_true(ask_one(admission, &desk, &request)->is_hint_new);
	g_assert_false(desk.last.is_token_used);
	/* Once. */
	g_assert_false(ask_one(admission, &desk, &request)->is_hint_new);
	g_assert_false(desk.last.is_token_used);
	g_assert_true(desk.last.charged.is_allowed);
	/* A used token is told, and charged: nobody tries tokens for nothing. */
	g_assert_true(ask_one(admission, &desk, &request)->is_token_used);
	/* Who is denied does not use up a token. */
	request.token = &other;
	for (guint i = 0; i < 2; i++) {
		g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
		g_assert_false(desk.last.is_token_used);
	}
	clock_set_offset_us(2 * HOUR_US);
	request.hint = NULL;
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_false(desk.last.is_token_used);
	g_assert_no_error(desk.error);
	admission_stop(admission);
	desk_close(&desk);
}

/* Each hint is for another address, which costs nothing to invent; so it is charged, and who is denied gets none. */
static void
test_hints_are_charged(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const CounterCharge charge = counting_charge('a', HOUR_US, 2);
	for (char letter = 'h'; letter <= 'm'; letter++) {
		const VaultHash hint = row_hash(letter);
		const AdmissionRequest request = {
		    .hint = &hint, .hint_until_us = clock_now_us() + HOUR_US, .charges = &charge, .charge_count = 1};
		g_assert_cmpint(ask_one(admission, &desk, &request)->is_hint_new, ==, letter < 'j');
		g_assert_cmpint(desk.last.charged.is_allowed, ==, letter < 'j');
	}
	g_assert_no_error(desk.error);
	admission_stop(admission);
	desk_close(&desk);
}

/* What takes more at once is denied for longer, and nobody else is because of it. */
static void
test_denials_of_sizes(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	/* Units of a rate with a burst of 10: 8, and then 5 of which there is no room, but there is for 2. */
	static const struct {
		guint units;
		gboolean is_allowed;
	} rows[] = {{8, TRUE}, {5, FALSE}, {5, FALSE}, {2, TRUE}, {1, FALSE}, {5, FALSE}, {1, FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		CounterCharge charge = counting_charge('a', HOUR_US, 10);
		charge.tolerance_us -= HOUR_US * (rows[i].units - 1);
		charge.interval_us *= rows[i].units;
		const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
		g_assert_cmpint(ask_one(admission, &desk, &request)->charged.is_allowed, ==, rows[i].is_allowed);
	}
	clock_set_offset_us(HOUR_US + G_USEC_PER_SEC);
	const CounterCharge one = counting_charge('a', HOUR_US, 10);
	const AdmissionRequest request = {.charges = &one, .charge_count = 1};
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

/* Where rates are only rehearsed a denial stops nobody, so a token still works once: whether the file says no, or the memory. */
static void
test_token_in_dry_run(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const gint64 until_us = clock_now_us() + HOUR_US;
	const CounterCharge charge = counting_charge('a', HOUR_US, 1);
	AdmissionRequest request = {
	    .hint_until_us = until_us, .token_until_us = until_us, .is_dry_run = TRUE, .charges = &charge, .charge_count = 1};
	for (char letter = 't'; letter <= 'w'; letter++) {
		const VaultHash token = row_hash(letter);
		request.token = &token;
		for (guint i = 0; i < 3; i++) {
			g_assert_cmpint(ask_one(admission, &desk, &request)->is_token_used, ==, i > 0);
			g_assert_cmpint(desk.last.charged.is_allowed, ==, letter == 't' && i == 0);
		}
	}
	const VaultHash hint = row_hash('h');
	request.token = NULL;
	request.hint = &hint;
	g_assert_true(ask_one(admission, &desk, &request)->is_hint_new);
	g_assert_false(ask_one(admission, &desk, &request)->is_hint_new);
	g_assert_no_error(desk.error);
	admission_stop(admission);
	desk_close(&desk);
}

/* --- The memory of denials ------------------------------------------------------------------------------------------------ */

static void
test_denials_are_remembered(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const CounterCharge charges[] = {counting_charge('a', HOUR_US, 9), counting_charge('b', HOUR_US, 1)};
	const AdmissionRequest request = {.charges = charges, .charge_count = 2};
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
	const gint64 retry_at_us = desk.last.charged.retry_at_us;
	/* The file would say yes now, but nobody asks it. */
	execute_on_counters(fixture, "DELETE FROM counter");
	for (guint i = 0; i < 3; i++) {
		g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
		g_assert_cmpuint(desk.last.charged.denied, ==, 1);
		g_assert_cmpint(desk.last.charged.retry_at_us, ==, retry_at_us);
	}
	/* It counts for that counter alone, wherever it stands. */
	const AdmissionRequest first = {.charges = charges, .charge_count = 1},
			       second = {.charges = charges + 1, .charge_count = 1};
	g_assert_true(ask_one(admission, &desk, &first)->charged.is_allowed);
	g_assert_false(ask_one(admission, &desk, &second)->charged.is_allowed);
	g_assert_cmpuint(desk.last.charged.denied, ==, 0);
	/* When its time has come the file is asked again. */
	clock_set_offset_us(HOUR_US + SECOND_US);
	g_assert_true(ask_one(admission, &desk, &second)->charged.is_allowed);
	g_assert_false(ask_one(admission, &desk, &second)->charged.is_allowed);
	/* And when the clock is set back to before it was said. */
	execute_on_counters(fixture, "DELETE FROM counter");
	clock_set_offset_us(0);
	g_assert_true(ask_one(admission, &desk, &second)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

static void
test_denials_are_bounded(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	for (guint i = 0; i <= LIMIT_DENIALS; i++) {
		memcpy(charge.key.bytes, &i, sizeof i);
		memcpy(charge.key.bytes + VAULT_HASH_BYTES - sizeof i, &i, sizeof i);
		for (guint j = 0; j < 2; j++)
			while (!ask(admission, &desk, &request))
				wait_for_all(&desk);
	}
	wait_for_all(&desk);
	g_assert_cmpuint(desk.allowed, ==, LIMIT_DENIALS + 1);
	/* The first was forgotten, so the file is asked. */
	execute_on_counters(fixture, "DELETE FROM counter");
	const guint first = 0;
	memcpy(charge.key.bytes, &first, sizeof first);
	memcpy(charge.key.bytes + VAULT_HASH_BYTES - sizeof first, &first, sizeof first);
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

/* --- Many at once ------------------------------------------------------------------------------------------------------------- */

#define THREADS 6
#define ASKS 250

typedef struct {
	Admission *admission;
	Desk *desk;
	guint number;
} Asker;

static void *
ask_often(void *data)
{
	const Asker *asker = data;
	const CounterCharge charges[] = {
	    counting_charge((char)('0' + asker->number), HOUR_US, ASKS), counting_charge('s', HOUR_US, 100)};
	const AdmissionRequest request = {.charges = charges, .charge_count = 2};
	const gint64 ids[] = {1, 1, asker->number + 2};
	for (guint i = 0; i < ASKS; i++) {
		while (!ask(asker->admission, asker->desk, &request))
			g_usleep(500);
		admission_count_hits(asker->admission, ids, G_N_ELEMENTS(ids));
	}
	return NULL;
}

static void
test_threads(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	pthread_t threads[THREADS];
	Asker askers[THREADS];
	for (guint i = 0; i < THREADS; i++) {
		askers[i] = (Asker){admission, &desk, i};
		g_assert_cmpint(pthread_create(&threads[i], NULL, ask_often, &askers[i]), ==, 0);
	}
	for (guint i = 0; i < THREADS; i++)
		g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
	admission_stop(admission);
	/* Stopping answered whatever waited, and each once; no more than the shared counter allows. */
	g_assert_cmpuint(desk.answered, ==, THREADS * ASKS);
	g_assert_cmpuint(desk.answered, ==, desk.asked);
	g_assert_cmpuint(desk.allowed, ==, 100);
	g_assert_cmpuint(desk.failed, ==, 0);
	/* And wrote the hits. */
	g_autoptr(Db) counters = counting_open(fixture, DB_EXISTING);
	g_autoptr(GHashTable) hits = counters_hits(counters, NULL);
	for (gint64 id = 1; id < THREADS + 2; id++) {
		const CounterHits *met = g_hash_table_lookup(hits, &id);
		g_assert_cmpuint(met->count, ==, id == 1 ? 2 * THREADS * ASKS : ASKS);
	}
	desk_close(&desk);
}

static void
test_full_queue(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const CounterCharge charge = counting_charge('a', HOUR_US, 9999);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	guint taken = 0;
	/* The thread hangs in an answer; meanwhile no more than the ceiling and one batch is taken. */
	pthread_mutex_lock(&desk.gate);
	while (taken <= LIMIT_JOBS + LIMIT_ADMISSION_BATCH && ask(admission, &desk, &request))
		taken++;
	g_assert_cmpuint(taken, >=, LIMIT_JOBS);
	g_assert_cmpuint(taken, <=, LIMIT_JOBS + LIMIT_ADMISSION_BATCH);
	pthread_mutex_unlock(&desk.gate);
	wait_for_all(&desk);
	g_assert_cmpuint(desk.answered, ==, taken);
	g_assert_cmpuint(desk.allowed, ==, taken);
	admission_stop(admission);
	desk_close(&desk);
}

static void
test_hits_are_written_soon(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Admission *admission = start(fixture);
	const gint64 ids[] = {7, 8, 7};
	admission_count_hits(admission, ids, G_N_ELEMENTS(ids));
	sqlite3 *raw = counting_raw(fixture);
	gint64 count = 0;
	for (guint i = 0; i < 100 && count == 0; i++) {
		g_usleep(SECOND_US / 10);
		count = raw_number(raw, "SELECT coalesce(max(count), 0) FROM hit");
	}
	g_assert_cmpint(count, ==, 2);
	sqlite3_close(raw);
	admission_stop(admission);
}

/* More than one transaction holds: all are written, and those that come meanwhile are admitted in between. */
static void
test_many_hits(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Admission *admission = start(fixture);
	for (gint64 id = 1; id <= 2 * LIMIT_HITS_BATCH + 3; id++)
		admission_count_hits(admission, &id, 1);
	sqlite3 *raw = counting_raw(fixture);
	gint64 count = 0;
	for (guint i = 0; i < 100 && count < 2 * LIMIT_HITS_BATCH + 3; i++) {
		g_usleep(SECOND_US / 10);
		count = raw_number(raw, "SELECT coalesce(sum(count), 0) FROM hit");
	}
	g_assert_cmpint(count, ==, 2 * LIMIT_HITS_BATCH + 3);
	sqlite3_close(raw);
	admission_stop(admission);
}

/* What was counted is written within seconds, with the text of who was limited from whoever brought it first. */
static void
test_tallies_are_written_soon(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Admission *admission = start(fixture);
	const gint64 now_us = clock_now_us();
	g_autoptr(GBytes) boxed = g_bytes_new_static("BOX", 3);
	const TallyMark marks[] = {
	    {now_us, "a.example", TALLY_VERDICT, "wait", 1}, {now_us, "a.example", TALLY_REASON, "rate.rate_ip", 1}};
	TallyLimited limited = {now_us, "a.example", 2, row_hash('a'), NULL, 1};
	g_assert_false(admission_tally_limited(admission, &limited));
	limited.boxed = boxed;
	g_assert_true(admission_tally_limited(admission, &limited));
	limited.boxed = NULL;
	for (guint i = 0; i < 2; i++) {
		g_assert_true(admission_tally_limited(admission, &limited));
		admission_tally(admission, marks, G_N_ELEMENTS(marks));
	}
	sqlite3 *raw = counting_raw(fixture);
	sqlite3_busy_timeout(raw, 5000);
	const gint64 deadline_us = g_get_monotonic_time() + 20 * SECOND_US;
	while (raw_number(raw, "SELECT coalesce(sum(count), 0) FROM tally") == 0 && g_get_monotonic_time() < deadline_us)
		g_usleep(50000);
	g_assert_cmpint(
	    raw_number(raw, "SELECT count FROM tally WHERE topic = 1 AND item = 'wait' AND site = 'a.example'"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM tally WHERE topic = 2 AND item = 'rate.rate_ip'"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM limited WHERE tier = 2 AND boxed = CAST('BOX' AS BLOB)"), ==, 3);
	/* Written, so it must come with its text again. */
	g_assert_false(admission_tally_limited(admission, &limited));
	/* What waits when it ends is written, too. */
	admission_tally(admission, marks, 1);
	admission_stop(admission);
	g_assert_cmpint(raw_number(raw, "SELECT sum(count) FROM tally WHERE topic = 1"), ==, 3);
	sqlite3_close(raw);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"a repetition goes first and charges nothing", test_repetition},
	    {"a hint comes once, a token works once", test_hint_and_token},
	    {"hints are charged", test_hints_are_charged},
	    {"denials of sizes", test_denials_of_sizes},
	    {"a token works once where denials are only noted", test_token_in_dry_run},
	    {"who is denied is not looked up again", test_denials_are_remembered},
	    {"the memory of denials is bounded", test_denials_are_bounded},
	    {"threads ask at once", test_threads},
	    {"a full queue takes no more", test_full_queue},
	    {"hits are written within seconds", test_hits_are_written_soon},
	    {"many hits are written in pieces", test_many_hits},
	    {"tallies are written within seconds", test_tallies_are_written_soon},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/admission", tests, G_N_ELEMENTS(tests));
}
