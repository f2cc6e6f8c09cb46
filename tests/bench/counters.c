/*
 * What admission costs a submission: microseconds through its thread, with an empty counters.db and with one of ten million
 * counters, of the same run on the same disk. `crowded` asks as many as may wait, so that they share transactions; `alone` waits
 * for each answer. Each is charged to seven counters, as the usual limits do: form and site are always the same, the other five
 * are new for one half and known for the other. `denied` is a flood from one address.
 *
 * Arguments: FOLDER (empty) [MILLIONS] [SUBMISSIONS]. Linked with the store of a release build; tests/bench/run does it.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/store/admission.h"

#define CHARGES 7
#define FILL_SQL                                                                                                                 \
	"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %lld) "                                   \
	"INSERT INTO counter SELECT unhex_key(i), %lld + abs(random()) %% 43200000000 FROM n"

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t told;
	guint asked, answered, denied, failed;
} Desk;

static Desk desk = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
static guint64 rows; /* in the file, before the run */

/* The key of a row: spread evenly over the index, and its last bytes differ, too, as those of hashes do. */
static void
write_key(guint64 i, guint8 *key)
{
	const guint64 spread = GUINT64_TO_BE(i * (G_MAXUINT64 / (rows + 1))), mixed = i * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
	memset(key, 1, VAULT_HASH_BYTES);
	memcpy(key + 5, &spread, sizeof spread);
	memcpy(key + 13, &mixed, sizeof mixed);
}

static void
unhex_key(sqlite3_context *context, int count, sqlite3_value **values)
{
	guint8 key[VAULT_HASH_BYTES];
	(void)count;
	write_key((guint64)sqlite3_value_int64(values[0]), key);
	sqlite3_result_blob(context, key, sizeof key, SQLITE_TRANSIENT);
}

static void
must(gboolean is_good, const char *what)
{
	if (!is_good) {
		fprintf(stderr, "counters: %s\n", what);
		exit(1);
	}
}

static void
fill(const char *folder)
{
	sqlite3 *raw = NULL;
	g_autofree char *path = g_build_filename(folder, "counters.db", NULL);
	g_autofree char *sql = g_strdup_printf(FILL_SQL, (long long)rows, (long long)clock_now_us());
	must(sqlite3_open(path, &raw) == SQLITE_OK, "cannot open the file");
	must(sqlite3_create_function(raw, "unhex_key", 1, SQLITE_UTF8, NULL, unhex_key, NULL, NULL) == SQLITE_OK, "no function");
	must(sqlite3_exec(raw, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(raw));
	must(sqlite3_exec(raw, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(raw));
	sqlite3_close(raw);
}

static void
note(gpointer unused, const AdmissionAnswer *answer)
{
	(void)unused;
	pthread_mutex_lock(&desk.lock);
	desk.answered++;
	desk.denied += !answer->charged.is_allowed;
	desk.failed += answer->error != NULL;
	pthread_cond_signal(&desk.told);
	pthread_mutex_unlock(&desk.lock);
}

static void
wait_until_fewer(guint waiting)
{
	pthread_mutex_lock(&desk.lock);
	while (desk.asked - desk.answered >= waiting)
		pthread_cond_wait(&desk.told, &desk.lock);
	pthread_mutex_unlock(&desk.lock);
}

static void
make_charges(guint number, CounterCharge *charges)
{
	for (guint i = 0; i < CHARGES; i++) {
		/* Known ones lie anywhere, and no two are one; new ones lie between. */
		const guint64 known = ((guint64)g_random_int() << 32 | g_random_int()) % (rows / 8) * 8 + i;
		charges[i] = (CounterCharge){.interval_us = 60000000, .tolerance_us = 86400000000};
		write_key(i < 2 ? i : known, charges[i].key.bytes);
		if (i >= 2 && number % 2 == 0)
			memcpy(charges[i].key.bytes + 13, &number, sizeof number);
	}
	/* Form and site never deny. */
	charges[0].interval_us = charges[1].interval_us = 1;
}

/* Microseconds each, with at most `waiting` at once. */
static double
measure(Admission *admission, guint submissions, guint waiting, gboolean is_flood)
{
	CounterCharge charges[CHARGES];
	const AdmissionRequest request = {.is_repetition_asked = TRUE, .charges = charges, .charge_count = CHARGES};
	const gint64 began_us = g_get_monotonic_time();
	make_charges(0, charges);
	charges[2].tolerance_us = is_flood ? 0 : charges[2].tolerance_us;
	for (guint i = 0; i < submissions; i++) {
		if (!is_flood)
			make_charges(i, charges);
		wait_until_fewer(waiting);
		pthread_mutex_lock(&desk.lock);
		desk.asked++;
		pthread_mutex_unlock(&desk.lock);
		must(admission_ask(admission, &request, note, NULL), "the queue is full");
	}
	wait_until_fewer(1);
	return (double)(g_get_monotonic_time() - began_us) / submissions;
}

static void
run(const char *folder, guint submissions, double us[3])
{
	g_autoptr(GError) error = NULL;
	Admission *admission = admission_start(folder, &error);
	must(admission != NULL, error ? error->message : "");
	memset(&desk.asked, 0, 4 * sizeof desk.asked);
	(void)measure(admission, submissions / 4, 256, FALSE);
	us[0] = measure(admission, submissions, 256, FALSE);
	us[1] = measure(admission, submissions, 1, FALSE);
	must(desk.failed == 0 && desk.denied == 0, "some could not be asked, or were denied");
	us[2] = measure(admission, submissions, 256, TRUE);
	must(desk.denied >= submissions - 1, "the flood was not denied");
	admission_stop(admission);
}

int
main(int argc, char **argv)
{
	must(argc >= 2, "usage: counters FOLDER [MILLIONS] [SUBMISSIONS]");
	const guint64 millions = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 10;
	const guint submissions = argc > 3 ? (guint)g_ascii_strtoull(argv[3], NULL, 10) : 20000;
	double us[2][3];
	for (guint i = 0; i < 2; i++) {
		g_autofree char *folder = g_build_filename(argv[1], i == 0 ? "empty" : "full", NULL);
		must(g_mkdir(folder, 0770) == 0, "cannot make the folder");
		db_free(db_open(folder, DB_CREATE, NULL));
		db_free(db_open_counters(folder, DB_CREATE, NULL));
		rows = i == 0 ? 0 : millions * 1000000;
		if (i == 1)
			fill(folder);
		rows = millions * 1000000;
		run(folder, submissions, us[i]);
	}
	const gint64 began_us = g_get_monotonic_time();
	g_autofree char *full = g_build_filename(argv[1], "full", NULL);
	db_free(db_open_counters(full, DB_CREATE, NULL));
	const double opening_s = (double)(g_get_monotonic_time() - began_us) / 1e6;
	static const char *const names[] = {"crowded", "alone", "denied"};
	for (guint i = 0; i < 3; i++)
		printf("%-8s empty %6.1f us   %lu million %6.1f us   ratio %.2f\n", names[i], us[0][i], (unsigned long)millions,
		    us[1][i], us[1][i] / us[0][i]);
	printf("looking through the whole file at start: %.1f s\n", opening_s);
	return 0;
}
