/*
 * The same submission again: what counts as a repetition, for how long, and that of two that race one is stored.
 */
#include "gate_desk.h"

#define OTHER_MESSAGE "another message"

/* --- What repeats what ------------------------------------------------------------------------------------------------ */

static void
assert_repeats(Gate *gate, Case made, const char *earlier, SubmissionStatus status)
{
	g_autoptr(Told) told = store(gate, made);

	g_assert_false(told->is_error);
	g_assert_cmpstr(told->earlier_receipt, ==, earlier);
	if (earlier)
		g_assert_cmpint(told->earlier_status, ==, status);
	g_assert_true(told->is_kept == (earlier == NULL));
	g_assert_cmpint(
	    raw_number(gate->raw, "SELECT count(*) FROM submission WHERE receipt = '%s'", made.receipt), ==, earlier == NULL);
}

static void
test_repetition(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	keep(&gate, (Case){.receipt = "FIRST", .message = "m", .status = SUBMISSION_ACCEPTED});
	assert_repeats(
	    &gate, (Case){.receipt = "A2", .message = "m", .status = SUBMISSION_ACCEPTED}, "FIRST", SUBMISSION_ACCEPTED);
	assert_repeats(&gate, (Case){.receipt = "A3", .message = "m", .status = SUBMISSION_HELD}, "FIRST", SUBMISSION_ACCEPTED);
	assert_repeats(&gate, (Case){.receipt = "A4", .status = SUBMISSION_ACCEPTED}, NULL, 0);
	assert_repeats(&gate, (Case){.receipt = "A5", .message = OTHER_MESSAGE, .status = SUBMISSION_HELD}, NULL, 0);
	assert_repeats(
	    &gate, (Case){.receipt = "A6", .message = OTHER_MESSAGE, .status = SUBMISSION_ACCEPTED}, "A5", SUBMISSION_HELD);
	/* What is refused is refused again, and is told apart by nothing. */
	assert_repeats(&gate, (Case){.receipt = "R1", .message = "r", .status = SUBMISSION_REJECTED}, NULL, 0);
	assert_repeats(&gate, (Case){.receipt = "R2", .message = "r", .status = SUBMISSION_REJECTED}, NULL, 0);
	/* Its time is over; the key is the new one's then. */
	clock_set_offset_us(601 * SECOND_US);
	assert_repeats(&gate, (Case){.receipt = "B1", .message = "m", .status = SUBMISSION_ACCEPTED}, NULL, 0);
	assert_repeats(&gate, (Case){.receipt = "B2", .message = "m", .status = SUBMISSION_ACCEPTED}, "B1", SUBMISSION_ACCEPTED);
	/* A clock that had run ahead answers nobody for ever. */
	clock_set_offset_us(0);
	assert_repeats(&gate, (Case){.receipt = "B3", .message = "m", .status = SUBMISSION_ACCEPTED}, NULL, 0);
	gate_close(&gate);
}

static void
test_repetition_after_a_person(Fixture *fixture, gconstpointer unused)
{
	Gate gate;

	(void)unused;
	gate_open(&gate, fixture);
	const gint64 released = keep(&gate, (Case){.receipt = "H1", .message = "h", .status = SUBMISSION_HELD});
	g_assert_true(release(&gate, released, NULL));
	assert_repeats(&gate, (Case){.receipt = "H2", .message = "h", .status = SUBMISSION_HELD}, "H1", SUBMISSION_RELEASED);
	const gint64 discarded = keep(&gate, (Case){.receipt = "D1", .message = "d", .status = SUBMISSION_HELD});
	g_assert_true(held_discard(gate.db, discarded, clock_now_us(), NULL));
	assert_repeats(&gate, (Case){.receipt = "D2", .message = "d", .status = SUBMISSION_HELD}, NULL, 0);
	/* And it goes with its submission. */
	raw_execute(gate.raw, "DELETE FROM submission WHERE receipt = 'H1'");
	assert_repeats(&gate, (Case){.receipt = "H3", .message = "h", .status = SUBMISSION_HELD}, NULL, 0);
	gate_close(&gate);
}

static void
test_repetition_in_one_batch(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	guint kept = 0;

	(void)unused;
	gate_open(&gate, fixture);
	/* The writer waits for the lock, and everything else gathers behind its first entry. */
	raw_execute(gate.raw, "BEGIN IMMEDIATE");
	for (guint i = 0; i < 12; i++) {
		g_autofree char *receipt = g_strdup_printf("BATCH%u", i);
		const Case made = {.receipt = receipt, .message = i % 2 ? "odd" : "even", .status = SUBMISSION_ACCEPTED};
		g_assert_true(journal_submit(gate.desk.journal, make_entry(&gate.desk, &made), note_outcome, gate.told, NULL));
	}
	raw_execute(gate.raw, "COMMIT");
	for (guint i = 0; i < 12; i++) {
		g_autoptr(Told) told = g_async_queue_pop(gate.told);
		g_assert_false(told->is_error);
		kept += told->is_kept;
	}
	g_assert_cmpuint(kept, ==, 2);
	g_assert_cmpint(count(gate.raw, "submission"), ==, 2);
	gate_close(&gate);
}

/* --- Races ------------------------------------------------------------------------------------------------------------------ */

#define RACERS 4
#define RACES 60

typedef struct {
	Gate *gate;
	Desk desk; /* a journal of its own */
	guint number;
	guint kept;
} Racer;

static gpointer
race(gpointer data)
{
	Racer *racer = data;
	g_autoptr(GAsyncQueue) told_queue = g_async_queue_new();

	for (guint i = 0; i < RACES; i++) {
		g_autofree char *receipt = g_strdup_printf("RACE%uX%u", i, racer->number);
		g_autofree char *message = g_strdup_printf("race %u", i);
		const Case made = {.receipt = receipt, .message = message, .status = SUBMISSION_ACCEPTED};
		while (!journal_submit(racer->desk.journal, make_entry(&racer->desk, &made), note_outcome, told_queue, NULL))
			;
	}
	for (guint i = 0; i < RACES; i++) {
		g_autoptr(Told) told = g_async_queue_pop(told_queue);
		g_assert_false(told->is_error);
		racer->kept += told->is_kept;
	}
	return NULL;
}

/* Journals of several processes, as far as the database can tell: exactly one of each repetition is stored. */
static void
test_race(Fixture *fixture, gconstpointer unused)
{
	Gate gate;
	Racer racers[RACERS] = {0};
	GThread *threads[RACERS];
	guint kept = 0;

	(void)unused;
	gate_open(&gate, fixture);
	for (guint i = 0; i < RACERS; i++) {
		g_autoptr(GError) error = NULL;
		racers[i] = (Racer){.gate = &gate, .number = i};
		racers[i].desk.vault = gate.desk.vault;
		racers[i].desk.journal = journal_start(fixture->directory, gate.desk.vault, &error);
		g_assert_no_error(error);
		threads[i] = g_thread_new("racer", race, &racers[i]);
	}
	for (guint i = 0; i < RACERS; i++) {
		g_thread_join(threads[i]);
		journal_stop(racers[i].desk.journal);
		kept += racers[i].kept;
	}
	g_assert_cmpuint(kept, ==, RACES);
	g_assert_cmpint(count(gate.raw, "submission"), ==, RACES);
	g_assert_cmpint(count(gate.raw, "repetition"), ==, RACES);
	g_assert_cmpint(count(gate.raw, "outbox"), ==, RACES);
	gate_close(&gate);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(Fixture *fixture, gconstpointer unused);
	} tests[] = {
	    {"repetition", test_repetition},
	    {"repetition after a person", test_repetition_after_a_person},
	    {"repetition in one batch", test_repetition_in_one_batch},
	    {"race", test_race},
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strdup_printf("/repetition/%s", tests[i].name);
		g_test_add(path, Fixture, NULL, fixture_prepare, tests[i].run, fixture_clear);
	}
	return g_test_run();
}
