/* Admission: nobody is turned away because a file is broken, full or locked, and it goes on by itself when it is mended. */
#include <signal.h>
#include <sys/resource.h>

#include "admission_desk.h"

#define REST_US ((gint64)LIMIT_ADMISSION_REST_MS * 1000)

static void
expect_let_through(Admission *admission, Desk *desk, const AdmissionRequest *request, StoreError code)
{
	const AdmissionAnswer *answer = ask_one(admission, desk, request);
	g_assert_error(desk->error, STORE_ERROR, (gint)code);
	g_assert_true(answer->charged.is_allowed);
	g_assert_false(answer->is_token_used);
	g_assert_false(answer->is_hint_new);
}

static void
test_missing_and_mended(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	g_autoptr(GError) error = NULL;
	const VaultHash token = row_hash('t');
	const CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {
	    .token = &token, .token_until_us = clock_now_us() + HOUR_US, .charges = &charge, .charge_count = 1};
	db_free(fixture_open(fixture, DB_CREATE));
	Admission *admission = admission_start(fixture->directory, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 3; i++)
		expect_let_through(admission, &desk, &request, STORE_ERROR_NOT_FOUND);
	db_free(counting_open(fixture, DB_CREATE));
	g_usleep(REST_US + SECOND_US / 10);
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_no_error(desk.error);
	g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

static void
test_locked(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	sqlite3 *raw = counting_raw(fixture);
	raw_execute(raw, "BEGIN IMMEDIATE");
	gint64 began_us = g_get_monotonic_time();
	expect_let_through(admission, &desk, &request, STORE_ERROR_BUSY);
	g_assert_cmpint(g_get_monotonic_time() - began_us, <, 3 * SECOND_US);
	/* While it rests nobody waits for the lock again. */
	began_us = g_get_monotonic_time();
	for (guint i = 0; i < 100; i++)
		expect_let_through(admission, &desk, &request, STORE_ERROR_BUSY);
	g_assert_cmpint(g_get_monotonic_time() - began_us, <, REST_US);
	raw_execute(raw, "ROLLBACK");
	sqlite3_close(raw);
	g_usleep(REST_US + SECOND_US / 10);
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_no_error(desk.error);
	g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

/* No file may grow: what a full disk does to a commit. */
static void
test_full_disk(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	struct rlimit limit, none;
	desk_open(&desk);
	Admission *admission = start(fixture);
	CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = 1024;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
	charge = counting_charge('b', HOUR_US, 1);
	for (guint i = 0; i < 3; i++)
		expect_let_through(admission, &desk, &request, STORE_ERROR_FULL);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	g_usleep(REST_US + SECOND_US / 10);
	/* Nothing of the three was charged, and it goes on by itself. */
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_no_error(desk.error);
	g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
	admission_stop(admission);
	desk_close(&desk);
}

static void
test_damaged(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(fixture->directory, "counters.db", NULL);
	const CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	db_free(fixture_open(fixture, DB_CREATE));
	g_assert_true(g_file_set_contents(path, "this is no database, and it never was one", -1, NULL));
	Admission *admission = admission_start(fixture->directory, &error);
	g_assert_no_error(error);
	expect_let_through(admission, &desk, &request, STORE_ERROR_CORRUPT);
	admission_stop(admission);
	desk_close(&desk);
}

/* Without sekisho.db there is nothing to be admitted to; a repetition that cannot be looked up stops nobody, and the rates count on. */
static void
test_store(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	g_autoptr(GError) error = NULL;
	g_assert_null(admission_start(fixture->directory, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	Admission *admission = start(fixture);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw, "DROP TABLE repetition");
	const CounterCharge charge = counting_charge('a', HOUR_US, 1);
	const AdmissionRequest request = {.is_repetition_asked = TRUE, .charges = &charge, .charge_count = 1};
	g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
	g_assert_error(desk.error, STORE_ERROR, STORE_ERROR_IO);
	g_assert_false(ask_one(admission, &desk, &request)->charged.is_allowed);
	sqlite3_close(raw);
	admission_stop(admission);
	desk_close(&desk);
}

/* Hits that cannot be written are late; who is admitted is decided on. */
static void
test_hits_alone(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Desk desk;
	desk_open(&desk);
	Admission *admission = start(fixture);
	const gint64 ids[] = {1, 2};
	const CounterCharge charge = counting_charge('a', HOUR_US, 9999);
	const AdmissionRequest request = {.charges = &charge, .charge_count = 1};
	execute_on_counters(fixture, "ALTER TABLE hit RENAME TO gone");
	admission_count_hits(admission, ids, G_N_ELEMENTS(ids));
	const gint64 end_us = g_get_monotonic_time() + 3 * SECOND_US;
	while (g_get_monotonic_time() < end_us) {
		g_assert_true(ask_one(admission, &desk, &request)->charged.is_allowed);
		g_assert_no_error(desk.error);
		g_usleep(SECOND_US / 50);
	}
	/* A number that no addition survives, in a row that another process wrote. */
	execute_on_counters(fixture, "ALTER TABLE gone RENAME TO hit; INSERT INTO hit VALUES (1, 9223372036854775807, 0)");
	admission_stop(admission);
	g_autoptr(Db) counters = counting_open(fixture, DB_EXISTING);
	g_autoptr(GHashTable) hits = counters_hits(counters, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		const CounterHits *met = g_hash_table_lookup(hits, &ids[i]);
		g_assert_cmpint(met->last_at_us, >, 0);
	}
	desk_close(&desk);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"a missing file turns nobody away, and a mended one counts", test_missing_and_mended},
	    {"a locked file makes wait once and turns nobody away", test_locked},
	    {"a full disk turns nobody away", test_full_disk},
	    {"a damaged file turns nobody away", test_damaged},
	    {"hits that cannot be written let the rates go on", test_hits_alone},
	    {"the store is needed, a broken look into it is not", test_store},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/admission faults", tests, G_N_ELEMENTS(tests));
}
