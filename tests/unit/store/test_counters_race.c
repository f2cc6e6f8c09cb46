/* Many processes charge the same counter at once: never does one more pass than its rate allows. */
#include <sys/wait.h>
#include <unistd.h>

#include "counting.h"

#define PROCESSES 8
#define TRIES 200
#define BURST 50u

/* What one process does, after all are there. How many of its tries passed. */
typedef guint (*Task)(Db *counters, guint number);

/* The child: opens, waits until `start` is closed, works, says how many passed. */
static void
work(const Fixture *fixture, const int start[2], int result, Task task, guint number)
{
	char nothing;
	close(start[1]);
	Db *counters = counting_open(fixture, DB_EXISTING);
	g_assert_cmpint(read(start[0], &nothing, 1), ==, 0);
	const guint passed = task(counters, number);
	db_free(counters);
	g_assert_cmpint(write(result, &passed, sizeof passed), ==, sizeof passed);
	_exit(0);
}

/* What passed in each process. No connection may be open in this one. */
static void
race(const Fixture *fixture, Task task, guint passed[PROCESSES])
{
	int start[2], results[PROCESSES][2];
	pid_t children[PROCESSES];
	g_assert_cmpint(pipe(start), ==, 0);
	for (guint i = 0; i < PROCESSES; i++) {
		g_assert_cmpint(pipe(results[i]), ==, 0);
		children[i] = fork();
		if (children[i] == 0)
			work(fixture, start, results[i][1], task, i);
	}
	close(start[0]);
	close(start[1]);
	for (guint i = 0; i < PROCESSES; i++) {
		int status = 0;
		g_assert_cmpint(read(results[i][0], &passed[i], sizeof passed[i]), ==, sizeof passed[i]);
		g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
		g_assert_cmpint(status, ==, 0);
		close(results[i][0]);
		close(results[i][1]);
	}
}

static guint
sum(const guint passed[PROCESSES])
{
	guint total = 0;
	for (guint i = 0; i < PROCESSES; i++)
		total += passed[i];
	return total;
}

/* A day between two: while it runs, nothing comes back. */
static guint
charge_one(Db *counters, guint number)
{
	(void)number;
	const CounterCharge charge = counting_charge('s', 24 * HOUR_US, BURST);
	guint passed = 0;
	for (guint i = 0; i < TRIES; i++)
		passed += counting_ask(counters, &charge, 1).is_allowed;
	return passed;
}

static void
test_exactly_the_limit(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	guint passed[PROCESSES];
	db_free(counting_open(fixture, DB_CREATE));
	race(fixture, charge_one, passed);
	g_assert_cmpuint(sum(passed), ==, BURST);
}

/* A counter of its own, with room for all tries, and the shared one. */
static guint
charge_two(Db *counters, guint number)
{
	const CounterCharge charges[] = {
	    counting_charge((char)('0' + number), 24 * HOUR_US, TRIES), counting_charge('s', 24 * HOUR_US, BURST)};
	guint passed = 0;
	for (guint i = 0; i < TRIES; i++)
		passed += counting_ask(counters, charges, 2).is_allowed;
	return passed;
}

static void
test_all_or_none(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	guint passed[PROCESSES];
	db_free(counting_open(fixture, DB_CREATE));
	race(fixture, charge_two, passed);
	g_assert_cmpuint(sum(passed), ==, BURST);
	/* Each own counter was charged as often as its process passed: so many are left. */
	g_autoptr(Db) counters = counting_open(fixture, DB_EXISTING);
	for (guint i = 0; i < PROCESSES; i++) {
		const CounterCharge own = counting_charge((char)('0' + i), 24 * HOUR_US, TRIES);
		guint left = 0;
		while (counting_ask(counters, &own, 1).is_allowed)
			left++;
		g_assert_cmpuint(left, ==, TRIES - passed[i]);
	}
}

/* Time goes on meanwhile, 50 seconds in all; all processes begin at once, but none waits for another, so their clocks differ. */
static guint
charge_in_time(Db *counters, guint number)
{
	(void)number;
	const CounterCharge charge = counting_charge('t', SECOND_US, 200);
	guint passed = 0;
	for (guint i = 0; i < TRIES; i++) {
		clock_set_offset_us((gint64)i * SECOND_US / 4);
		passed += counting_ask(counters, &charge, 1).is_allowed;
	}
	return passed;
}

static void
test_never_more_in_time(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	guint passed[PROCESSES];
	db_free(counting_open(fixture, DB_CREATE));
	const gint64 began_us = g_get_monotonic_time();
	race(fixture, charge_in_time, passed);
	const guint took_s = (guint)((g_get_monotonic_time() - began_us) / SECOND_US) + 1;
	g_assert_cmpuint(sum(passed), <=, 200 + 50 + took_s);
	g_assert_cmpuint(sum(passed), >=, 200 + 45);
}

static guint
mark_all(Db *counters, guint number)
{
	(void)number;
	const gint64 until_us = clock_now_us() + HOUR_US;
	guint fresh = 0;
	for (char letter = 1; letter <= 100; letter++)
		fresh += counting_mark(counters, letter, until_us);
	return fresh;
}

static void
test_marks(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	guint passed[PROCESSES];
	db_free(counting_open(fixture, DB_CREATE));
	race(fixture, mark_all, passed);
	g_assert_cmpuint(sum(passed), ==, 100);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"exactly the limit while no time passes", test_exactly_the_limit},
	    {"what one counter denies is charged to no other", test_all_or_none},
	    {"never more than the rate while time passes", test_never_more_in_time},
	    {"a token works once", test_marks},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/counters race", tests, G_N_ELEMENTS(tests));
}
