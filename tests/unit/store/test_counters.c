/* What counters.db decides: rates, marks, hits, and what becomes of a damaged file. */
#include "counting.h"
#include "store/db_file.h"

/* --- Rates ---------------------------------------------------------------------------------------------------------- */

/* Charges at the seconds that `script` names; "+" stands behind those that pass. What really passed, in the same form. The caller's. */
static char *
play(Db *counters, const char *script, gint64 interval_us, guint burst)
{
	static char letter = 'A';
	g_auto(GStrv) steps = g_strsplit(script, " ", -1);
	const CounterCharge charge = counting_charge(letter++, interval_us, burst);
	GString *played = g_string_new(NULL);
	for (char **step = steps; *step; step++) {
		const gint64 second = g_ascii_strtoll(*step, NULL, 10);
		clock_set_offset_us(second * SECOND_US);
		const CounterAnswer answer = counting_ask(counters, &charge, 1);
		g_string_append_printf(
		    played, "%s%" G_GINT64_FORMAT "%s", played->len > 0 ? " " : "", second, answer.is_allowed ? "+" : "-");
	}
	return g_string_free(played, FALSE);
}

static void
test_rates(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		gint64 interval_s;
		guint burst;
		const char *script;
	} rows[] = {
	    /* One at a time: the next one an interval later. */
	    {120, 1, "0+ 0- 119- 121+ 121- 239- 242+"},
	    /* A burst, and then one each interval. */
	    {120, 3, "0+ 0+ 0+ 0- 119- 121+ 121- 239- 242+ 242-"},
	    /* What was not used comes back, and never more than the burst. */
	    {120, 3, "0+ 0+ 0+ 361+ 361+ 361+ 361- 100000+ 100000+ 100000+ 100000-"},
	    {120, 3, "0+ 0+ 0+ 0- 242+ 242+ 242-"},
	    /* A denied one costs nothing. */
	    {60, 2, "0+ 0+ 0- 1- 2- 3- 59- 61+ 61- 122+"},
	    /* A clock that was set back by more than the rate can reach: nobody is locked out, and the limit holds from there. */
	    {60, 2, "0+ 0+ 0- -100000+ -100000+ -100000- -99939+ -99939-"},
	    {60, 2, "864000+ 864000+ 864000- 0+ 0+ 0- 61+ 61-"},
	    /* By less: it still counts. */
	    {3600, 2, "0+ 0+ 0- -50- -30-"},
	    {3600, 2, "0+ -3000- -3700+"},
	    /* A clock that jumps ahead. */
	    {3600, 2, "0+ 0+ 0- 31536000+ 31536000+ 31536000-"},
	};
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *played = play(counters, rows[i].script, rows[i].interval_s * SECOND_US, rows[i].burst);
		g_assert_cmpstr(played, ==, rows[i].script);
	}
}

/* 5 in 10 minutes, burst 3: however often somebody tries, ten hours let 3 and then one every two minutes through. */
static void
test_long_run(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const CounterCharge charge = counting_charge('l', 120 * SECOND_US, 3);
	guint passed = 0;
	for (gint64 second = 0; second <= 36000; second += 15) {
		clock_set_offset_us(second * SECOND_US);
		passed += counting_ask(counters, &charge, 1).is_allowed;
	}
	g_assert_cmpuint(passed, >=, 3 + 36000 / 120 - 1);
	g_assert_cmpuint(passed, <=, 3 + 36000 / 120);
}

static void
test_all_or_none(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const CounterCharge charges[] = {
	    counting_charge('a', HOUR_US, 5), counting_charge('b', HOUR_US, 2), counting_charge('c', 2 * HOUR_US, 2)};
	const gint64 before_us = clock_now_us();
	CounterAnswer answer = {0};
	for (guint i = 0; i < 2; i++)
		g_assert_true(counting_ask(counters, charges, 3).is_allowed);
	for (guint i = 0; i < 10; i++) {
		answer = counting_ask(counters, charges, 3);
		g_assert_false(answer.is_allowed);
		/* Both b and c say no; c says it for longer. */
		g_assert_cmpuint(answer.denied, ==, 2);
	}
	g_assert_cmpint(answer.retry_at_us, >=, before_us + 2 * HOUR_US);
	g_assert_cmpint(answer.retry_at_us, <, before_us + 2 * HOUR_US + 60 * SECOND_US);
	/* At that time, and not before. */
	clock_set_offset_us(2 * HOUR_US - 60 * SECOND_US);
	g_assert_true(counters_peek(counters, charges, 3, &answer, &error));
	g_assert_false(answer.is_allowed);
	clock_set_offset_us(0);
	/* None of the ten was charged to a, and looking charges nothing. */
	for (guint i = 0; i < 100; i++) {
		g_assert_true(counters_peek(counters, charges, 1, &answer, &error));
		g_assert_true(answer.is_allowed);
	}
	for (guint i = 0; i < 3; i++)
		g_assert_true(counting_ask(counters, charges, 1).is_allowed);
	g_assert_false(counting_ask(counters, charges, 1).is_allowed);
	clock_set_offset_us(2 * HOUR_US + 60 * SECOND_US);
	g_assert_true(counting_ask(counters, charges, 3).is_allowed);
}

/* What was charged counts for the next one of the batch before it is written; then each counter is written, and only those. */
static void
test_batch(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	sqlite3 *raw = counting_raw(fixture);
	const CounterCharge charges[] = {counting_charge('a', HOUR_US, 9), counting_charge('b', HOUR_US, 3)};
	const CounterCharge other = counting_charge('c', HOUR_US, 1);
	for (guint round = 0; round < 3; round++) {
		/* The first is taken back; the second is kept; the third finds it. */
		g_autoptr(CounterBatch) batch = counters_batch_new(counters);
		CounterAnswer answer;
		g_assert_true(db_begin(counters, &error));
		for (guint i = 0; i < 5; i++) {
			g_assert_true(counters_charge(batch, charges, 2, &answer, &error));
			g_assert_cmpint(answer.is_allowed, ==, round < 2 && i < 3);
		}
		/* The denied ones charged nothing to the other counter. */
		for (guint i = 0; i < 4; i++) {
			g_assert_true(counters_charge(batch, charges, 1, &answer, &error));
			g_assert_cmpint(answer.is_allowed, ==, round < 2 || i < 2);
		}
		g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, round == 2 ? 2 : 0);
		g_assert_true(counters_batch_write(batch, &error));
		g_assert_cmpint(db_end(counters, round > 0, &error), ==, round > 0);
		g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, round == 0 ? 0 : 2);
	}
	g_assert_no_error(error);
	/* Looking writes nothing. */
	CounterAnswer answer;
	g_assert_true(counters_peek(counters, &other, 1, &answer, &error));
	g_assert_true(answer.is_allowed);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, 2);
	sqlite3_close(raw);
}

static void
test_reopened(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	const CounterCharge charge = counting_charge('r', HOUR_US, 2);
	const gint64 later_us = clock_now_us() + HOUR_US;
	for (guint i = 0; i < 4; i++) {
		g_autoptr(Db) counters = counting_open(fixture, i == 0 ? DB_CREATE : DB_EXISTING);
		g_assert_cmpint(counting_ask(counters, &charge, 1).is_allowed, ==, i < 2);
		g_assert_cmpint(counting_mark(counters, 'm', later_us), ==, i == 0);
	}
}

/* --- Marks, hits, purge -------------------------------------------------------------------------------------------------- */

static void
test_marks(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const gint64 now_us = clock_now_us();
	g_assert_true(counting_mark(counters, 'a', now_us + HOUR_US));
	g_assert_false(counting_mark(counters, 'a', now_us + 9 * HOUR_US));
	g_assert_true(counting_mark(counters, 'b', now_us + HOUR_US));
	/* The second one changed nothing, so it is over at its first time. */
	clock_set_offset_us(HOUR_US - 60 * SECOND_US);
	g_assert_false(counting_mark(counters, 'a', now_us + 9 * HOUR_US));
	clock_set_offset_us(HOUR_US + 60 * SECOND_US);
	g_assert_true(counting_mark(counters, 'a', now_us + 9 * HOUR_US));
	g_assert_false(counting_mark(counters, 'a', now_us + 9 * HOUR_US));
	/* A clock that is set back makes nothing new. */
	clock_set_offset_us(0);
	g_assert_false(counting_mark(counters, 'a', now_us + 9 * HOUR_US));
}

static void
assert_hits(Db *counters, gint64 entry_id, guint64 count, gint64 last_at_us)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) hits = counters_hits(counters, &error);
	g_assert_no_error(error);
	const CounterHits *met = g_hash_table_lookup(hits, &entry_id);
	g_assert_cmpuint(met ? met->count : 0, ==, count);
	if (met)
		g_assert_cmpint(ABS(met->last_at_us - last_at_us), <, 60 * SECOND_US);
}

static void
test_hits(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const gint64 now_us = clock_now_us();
	g_assert_true(counters_add_hits(counters, 7, 3, &error));
	assert_hits(counters, 7, 3, now_us);
	clock_set_offset_us(HOUR_US);
	g_assert_true(counters_add_hits(counters, 7, 2, &error));
	g_assert_true(counters_add_hits(counters, G_MAXINT64, 1, &error));
	assert_hits(counters, 7, 5, now_us + HOUR_US);
	assert_hits(counters, G_MAXINT64, 1, now_us + HOUR_US);
	assert_hits(counters, 8, 0, 0);
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	sqlite3 *raw = counting_raw(fixture);
	const gint64 now_us = clock_now_us();
	for (char letter = 'a'; letter < 'k'; letter++) {
		const CounterCharge charge = counting_charge(letter, letter < 'f' ? HOUR_US : 9 * HOUR_US, 2);
		g_assert_true(counting_ask(counters, &charge, 1).is_allowed);
		g_assert_true(
		    counting_mark(counters, (char)(letter - 'a' + 'A'), now_us + (letter < 'f' ? HOUR_US : 9 * HOUR_US)));
	}
	g_assert_true(counters_add_hits(counters, 1, 1, &error));
	g_assert_cmpint(counters_purge(counters, 100, &error), ==, 20);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, 20);
	/* Ten of twenty are over; six at a time, and from where it ended. */
	clock_set_offset_us(2 * HOUR_US);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpint(counters_purge(counters, 6, &error), ==, 6);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter WHERE until < %" G_GINT64_FORMAT, clock_now_us()), ==, 0);
	g_assert_cmpint(counters_purge(counters, 6, &error), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, 10);
	g_assert_cmpint(counters_purge(counters, 6, &error), ==, 6);
	/* What is left still counts. */
	const CounterCharge kept = counting_charge('f', 9 * HOUR_US, 1);
	g_assert_false(counting_ask(counters, &kept, 1).is_allowed);
	g_assert_false(counting_mark(counters, 'F', now_us + 99 * HOUR_US));
	g_assert_cmpint(counters_purge(counters, 6, &error), ==, 4);
	assert_hits(counters, 1, 1, now_us);
	clock_set_offset_us(LIMIT_HIT_AGE_US + HOUR_US);
	g_assert_cmpint(counters_purge(counters, 100, &error), ==, 10);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM counter"), ==, 0);
	assert_hits(counters, 1, 0, 0);
	g_assert_cmpint(counters_purge(counters, 100, &error), ==, 0);
	/* Hits go in pieces, too, from where it ended. */
	for (gint64 id = 1; id <= 20; id++)
		g_assert_true(counters_add_hits(counters, id, 1, &error));
	clock_set_offset_us(3 * LIMIT_HIT_AGE_US);
	g_assert_true(counters_add_hits(counters, 3, 1, &error));
	for (gint64 left = 15; left >= 1; left -= left == 15 ? 6 : left == 9 ? 6 : left == 3 ? 2 : 1) {
		g_assert_cmpint(counters_purge(counters, 6, &error), ==, 0);
		g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM hit"), ==, left);
	}
	assert_hits(counters, 3, 2, clock_now_us());
	g_assert_no_error(error);
	sqlite3_close(raw);
}

/* --- The file ------------------------------------------------------------------------------------------------------------ */

/* Bytes of a file in the folder, read by another process. The caller's. */
static GByteArray *
file_bytes(const Fixture *fixture, const char *name)
{
	Fixture other = {.path = g_build_filename(fixture->directory, name, NULL)};
	GByteArray *bytes = fixture_bytes(&other, "");
	g_free(other.path);
	return bytes;
}

static void
damage_nothing(const char *path)
{
	(void)path;
}

static void
damage_header(const char *path)
{
	FILE *file = fopen(path, "r+");
	g_assert_cmpint(fputs("this was a database", file), >, 0);
	g_assert_cmpint(fclose(file), ==, 0);
}

/* Tables but the first page: nothing that opening alone would see. */
static void
damage_pages(const char *path)
{
	FILE *file = fopen(path, "r+");
	struct stat status;
	g_assert_cmpint(fstat(fileno(file), &status), ==, 0);
	g_assert_cmpint(fseek(file, 4096, SEEK_SET), ==, 0);
	for (off_t i = 4096; i < status.st_size; i++)
		g_assert_cmpint(fputc('x', file), ==, 'x');
	g_assert_cmpint(fclose(file), ==, 0);
}

static void
damage_kind(const char *path)
{
	g_autofree char *command = g_strdup_printf("rm '%s'", path);
	g_assert_cmpint(system(command), ==, 0);
	sqlite3 *raw = NULL;
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	raw_execute(raw, "PRAGMA application_id = 7; CREATE TABLE t (x)");
	sqlite3_close(raw);
}

static void
test_damage(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		void (*damage)(const char *path);
		gboolean is_seen_at_once; /* by who only opens it */
		gboolean is_new;
	} rows[] = {
	    {damage_nothing, FALSE, FALSE}, {damage_header, TRUE, TRUE}, {damage_pages, FALSE, TRUE}, {damage_kind, TRUE, TRUE}};
	g_autofree char *path = g_build_filename(fixture->directory, "counters.db", NULL);
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		const CounterCharge charge = counting_charge('d', HOUR_US, 1);
		g_autoptr(Db) first = counting_open(fixture, DB_CREATE);
		(void)counting_ask(first, &charge, 1);
		g_clear_pointer(&first, db_free);
		rows[i].damage(path);
		g_autoptr(GByteArray) before = file_bytes(fixture, "counters.db");
		/* Who only uses it changes nothing. */
		g_autoptr(Db) existing = db_open_counters(fixture->directory, DB_EXISTING, &error);
		g_assert_cmpint(existing == NULL, ==, rows[i].is_seen_at_once);
		if (!existing)
			g_assert_error(error, STORE_ERROR, STORE_ERROR_CORRUPT);
		g_clear_pointer(&existing, db_free);
		g_assert_false(g_file_test(aside, G_FILE_TEST_EXISTS));
		/* Who starts the gateway begins a new one, and keeps the old. */
		g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
		g_assert_cmpint(counting_ask(counters, &charge, 1).is_allowed, ==, rows[i].is_new);
		g_assert_cmpint(g_file_test(aside, G_FILE_TEST_EXISTS), ==, rows[i].is_new);
		if (!rows[i].is_new)
			continue;
		g_autoptr(GByteArray) kept = file_bytes(fixture, "counters.db.damaged");
		g_assert_cmpmem(kept->data, kept->len, before->data, before->len);
		struct stat status;
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpuint(status.st_mode & 07777, ==, 0660);
		g_assert_cmpint(g_remove(aside), ==, 0);
	}
}

/* A log that was left behind by a crash goes with its file, or the new one would take its pages for its own. */
static void
test_set_aside(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const DbFile file = {.name = "counters.db"};
	static const struct {
		const char *name, *before, *after; /* what is in it; NULL: it is not there */
	} rows[] = {
	    {"counters.db", "new", NULL},
	    {"counters.db-wal", "new log", NULL},
	    {"counters.db-shm", "new index", NULL},
	    {"counters.db.damaged", "old", "new"},
	    {"counters.db.damaged-wal", "old log", "new log"},
	    {"sekisho.db", "other", "other"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_build_filename(fixture->directory, rows[i].name, NULL);
		g_assert_true(g_file_set_contents(path, rows[i].before, -1, NULL));
	}
	g_assert_true(db_file_set_aside(&file, fixture->directory, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_build_filename(fixture->directory, rows[i].name, NULL), *content = NULL;
		(void)g_file_get_contents(path, &content, NULL, NULL);
		g_assert_cmpstr(content, ==, rows[i].after);
	}
	/* Without a log of its own the old one's goes, too; and nothing there is no failure. */
	g_assert_true(db_file_set_aside(&file, fixture->directory, NULL));
	g_autofree char *log = g_build_filename(fixture->directory, "counters.db.damaged-wal", NULL);
	g_assert_false(g_file_test(log, G_FILE_TEST_EXISTS));
}

static void
test_missing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_assert_null(db_open_counters(fixture->directory, DB_EXISTING, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"a rate lets its burst through, then one each interval", test_rates},
	    {"never more than the rate in the long run", test_long_run},
	    {"all charges or none, and when to come again", test_all_or_none},
	    {"a batch knows what it charged, and writes it once", test_batch},
	    {"counters and marks survive a restart", test_reopened},
	    {"a mark is new once until it is over", test_marks},
	    {"hits add up", test_hits},
	    {"what is over is removed, and nothing else", test_purge},
	    {"a damaged file is set aside and begun anew", test_damage},
	    {"a file that is set aside takes its log along", test_set_aside},
	    {"a file that is missing is told", test_missing},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/counters", tests, G_N_ELEMENTS(tests));
}
