/* Tallies: what is added up, what a period has of it, who was limited, and when rows go. */
#include "counting.h"
#include "sekisho/store/tally.h"

#define DAY_US (24 * HOUR_US)
/* The begin of an hour. */
#define BEGIN_US (G_GINT64_CONSTANT(500000) * HOUR_US)

static void
add(Db *counters, TallyMark mark)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(db_begin(counters, &error));
	g_assert_true(db_end(counters, tally_add(counters, &mark, &error), &error));
	g_assert_no_error(error);
}

static void
add_limited(Db *counters, gint64 at_us, guint tier, char letter, guint64 count)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) boxed = g_bytes_new(&letter, 1);
	const TallyLimited limited = {at_us, "a.example", tier, row_hash(letter), boxed, count};
	g_assert_true(db_begin(counters, &error));
	g_assert_true(db_end(counters, tally_add_limited(counters, &limited, &error), &error));
	g_assert_no_error(error);
}

/* "hour:item=count ..." of rows, hours from BEGIN_US. */
static char *
told(GPtrArray *rows)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_assert_nonnull(rows);
	for (guint i = 0; i < rows->len; i++) {
		const TallyRow *row = rows->pdata[i];
		g_string_append_printf(text, "%s%d:%s=%" G_GUINT64_FORMAT, i == 0 ? "" : " ",
		    row->hour_us == 0 ? 0 : (int)((row->hour_us - BEGIN_US) / HOUR_US), row->item, row->count);
	}
	g_ptr_array_unref(rows);
	return g_strdup(text->str);
}

static void
test_names(Fixture *fixture, gconstpointer unused)
{
	(void)fixture;
	(void)unused;
	static const char *const names[] = {"accepted", "held", "rejected", "wait", "again", "repeated"};
	for (guint i = 0; i < TALLY_VERDICTS; i++)
		g_assert_cmpstr(tally_verdict_name(i), ==, names[i]);
}

static void
test_periods(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "held", 2});
	add(counters, (TallyMark){BEGIN_US + HOUR_US - 1, "a.example", TALLY_VERDICT, "held", 3});
	add(counters, (TallyMark){BEGIN_US + HOUR_US, "a.example", TALLY_VERDICT, "accepted", 4});
	add(counters, (TallyMark){BEGIN_US + HOUR_US, "b.example", TALLY_VERDICT, "accepted", 1});
	add(counters, (TallyMark){BEGIN_US + HOUR_US, "a.example", TALLY_REASON, "links.decoy", 7});
	add(counters, (TallyMark){BEGIN_US + 3 * HOUR_US, "a.example", TALLY_VERDICT, "held", 5});
	static const struct {
		const char *site;
		gint64 from_us, to_us;
		TallyTopic topic;
		const char *hours, *sums;
	} rows[] = {
	    {"a.example", 0, 9 * HOUR_US, TALLY_VERDICT, "0:held=5 1:accepted=4 3:held=5", "0:held=10 0:accepted=4"},
	    {NULL, 0, 9 * HOUR_US, TALLY_VERDICT, "0:held=5 1:accepted=5 3:held=5", "0:held=10 0:accepted=5"},
	    {"b.example", 0, 9 * HOUR_US, TALLY_VERDICT, "1:accepted=1", "0:accepted=1"},
	    {"a.example", 0, 9 * HOUR_US, TALLY_REASON, "1:links.decoy=7", "0:links.decoy=7"},
	    {"a.example", 0, 9 * HOUR_US, TALLY_LIST, "", ""},
	    /* An hour belongs to the period in which it begins. */
	    {"a.example", 1, 3 * HOUR_US, TALLY_VERDICT, "1:accepted=4", "0:accepted=4"},
	    {"a.example", 0, HOUR_US, TALLY_VERDICT, "0:held=5", "0:held=5"},
	    {"a.example", HOUR_US, 3 * HOUR_US + 1, TALLY_VERDICT, "1:accepted=4 3:held=5", "0:held=5 0:accepted=4"},
	    {"a.example", 4 * HOUR_US, HOUR_US, TALLY_VERDICT, "", ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const TallyPeriod period = {rows[i].site, BEGIN_US + rows[i].from_us, BEGIN_US + rows[i].to_us};
		g_autofree char *hours = told(tally_hours(counters, &period, rows[i].topic, 100, &error));
		g_autofree char *sums = told(tally_sums(counters, &period, rows[i].topic, 100, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(hours, ==, rows[i].hours);
		g_assert_cmpstr(sums, ==, rows[i].sums);
	}
	const TallyPeriod all = {NULL, 0, G_MAXINT64};
	g_autofree char *one = told(tally_sums(counters, &all, TALLY_VERDICT, 1, &error));
	g_assert_cmpstr(one, ==, "0:held=10");
	gint64 since_us = 0;
	g_assert_true(tally_since(counters, &since_us, &error));
	g_assert_cmpint(since_us, ==, BEGIN_US);
}

static void
test_nothing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const TallyPeriod period = {NULL, 0, G_MAXINT64};
	gint64 since_us = 1;
	guint all = 1;
	g_assert_true(tally_since(counters, &since_us, &error));
	g_assert_cmpint(since_us, ==, 0);
	g_autoptr(GPtrArray) limited = tally_limited(counters, &period, 10, &all, &error);
	g_assert_cmpuint(limited->len + all, ==, 0);
	g_assert_cmpint(tally_purge(counters, 10, &error), ==, 0);
	g_assert_no_error(error);
}

static void
test_limited(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	add_limited(counters, BEGIN_US + 5, 0, 'a', 2);
	add_limited(counters, BEGIN_US + 3, 0, 'a', 1);
	add_limited(counters, BEGIN_US + HOUR_US + 9, 0, 'a', 1);
	add_limited(counters, BEGIN_US + 7, 4, 'b', 9);
	add_limited(counters, BEGIN_US + 7, 5, 'b', 1);
	const TallyPeriod period = {"a.example", BEGIN_US, BEGIN_US + DAY_US}, other = {"b.example", BEGIN_US, BEGIN_US + DAY_US};
	static const struct {
		guint tier;
		char letter;
		guint64 count;
		gint64 last_at_us;
	} rows[] = {{4, 'b', 9, BEGIN_US + 7}, {0, 'a', 4, BEGIN_US + HOUR_US + 9}, {5, 'b', 1, BEGIN_US + 7}};
	guint all = 0;
	g_autoptr(GPtrArray) limited = tally_limited(counters, &period, 10, &all, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(all, ==, 3);
	g_assert_cmpuint(limited->len, ==, G_N_ELEMENTS(rows));
	for (guint i = 0; i < limited->len; i++) {
		const TallyLimitedRow *row = limited->pdata[i];
		g_assert_cmpstr(row->site, ==, "a.example");
		g_assert_cmpuint(row->tier, ==, rows[i].tier);
		g_assert_cmpmem(g_bytes_get_data(row->boxed, NULL), (int)g_bytes_get_size(row->boxed), &rows[i].letter, 1);
		g_assert_cmpuint(row->count, ==, rows[i].count);
		g_assert_cmpint(row->last_at_us, ==, rows[i].last_at_us);
	}
	/* Who is beyond the limit is counted all the same. */
	g_autoptr(GPtrArray) first = tally_limited(counters, &period, 1, &all, &error);
	g_assert_cmpuint(first->len, ==, 1);
	g_assert_cmpuint(all, ==, 3);
	g_autoptr(GPtrArray) none = tally_limited(counters, &other, 10, &all, &error);
	g_assert_cmpuint(none->len + all, ==, 0);
}

/* As many rows as the ceilings allow are not made here: the room is set as if they were. */
static void
test_room(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	const TallyPeriod period = {NULL, BEGIN_US, BEGIN_US + DAY_US};
	guint all = 0;
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "held", 1});
	add_limited(counters, BEGIN_US, 0, 'a', 1);
	sqlite3 *raw = counting_raw(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT tallies + limiteds FROM tally_room"), ==, 2);
	raw_execute(raw, "UPDATE tally_room SET tallies = %u, limiteds = %u", LIMIT_TALLY_ROWS, LIMIT_LIMITED_ROWS);
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "held", 1});
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "wait", 1});
	add_limited(counters, BEGIN_US, 0, 'a', 1);
	add_limited(counters, BEGIN_US, 0, 'b', 1);
	g_autofree char *sums = told(tally_sums(counters, &period, TALLY_VERDICT, 10, &error));
	g_assert_cmpstr(sums, ==, "0:held=2");
	g_autoptr(GPtrArray) limited = tally_limited(counters, &period, 10, &all, &error);
	g_assert_cmpuint(all, ==, 1);
	g_assert_cmpuint(((const TallyLimitedRow *)limited->pdata[0])->count, ==, 2);
	/* One less, and one more fits. */
	raw_execute(raw, "UPDATE tally_room SET tallies = tallies - 1");
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "wait", 1});
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "again", 1});
	g_autofree char *more = told(tally_sums(counters, &period, TALLY_VERDICT, 10, &error));
	g_assert_cmpstr(more, ==, "0:held=2 0:wait=1");
	sqlite3_close(raw);
}

/* Old ones go, in pieces, and with them the room that they took; so do those of hours that cannot have been yet. */
static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	clock_set_offset_us(BEGIN_US - g_get_real_time());
	for (guint i = 0; i < 5; i++) {
		add(counters,
		    (TallyMark){BEGIN_US - LIMIT_TALLY_US - (gint64)(i + 1) * HOUR_US, "a.example", TALLY_VERDICT, "held", 1});
		add_limited(counters, BEGIN_US - LIMIT_TALLY_US - (gint64)(i + 1) * HOUR_US, 0, 'a', 1);
	}
	add(counters, (TallyMark){BEGIN_US + 30 * DAY_US, "a.example", TALLY_VERDICT, "wait", 1});
	add_limited(counters, BEGIN_US + 30 * DAY_US, 0, 'c', 1);
	add(counters, (TallyMark){BEGIN_US - LIMIT_TALLY_US, "a.example", TALLY_VERDICT, "again", 1});
	add(counters, (TallyMark){BEGIN_US, "a.example", TALLY_VERDICT, "accepted", 1});
	add_limited(counters, BEGIN_US, 0, 'b', 1);
	static const gint gone[] = {8, 4, 0};
	for (gsize i = 0; i < G_N_ELEMENTS(gone); i++)
		g_assert_cmpint(tally_purge(counters, 4, &error), ==, gone[i]);
	g_assert_no_error(error);
	const TallyPeriod period = {NULL, 0, G_MAXINT64};
	guint all = 0;
	g_autofree char *sums = told(tally_sums(counters, &period, TALLY_VERDICT, 10, &error));
	g_assert_cmpstr(sums, ==, "0:accepted=1 0:again=1");
	g_autoptr(GPtrArray) limited = tally_limited(counters, &period, 10, &all, &error);
	g_assert_cmpuint(all, ==, 1);
	sqlite3 *raw = counting_raw(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT tallies * 10 + limiteds FROM tally_room"), ==, 21);
	sqlite3_close(raw);
	clock_set_offset_us(0);
}

/* Rows are input: whoever may write the file writes what it likes. */
static void
test_foreign_rows(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	sqlite3 *raw = counting_raw(fixture);
	raw_execute(raw, "INSERT INTO tally VALUES (500000, 'a', 1, printf('%%.*c', 100000, 'x'), 9223372036854775807), "
			 "(500001, 'a', 1, printf('%%.*c', 100000, 'x'), 9223372036854775807), (500000, 'a', 1, 'y', -5), "
			 "(500002, 'a', 1, CAST(x'ff' AS TEXT), 1), (-9223372036854775807, 'a', 1, 'z', 1)");
	raw_execute(raw, "INSERT INTO limited VALUES (500000, 'a', -1, x'00', zeroblob(100000), 9223372036854775807, -1), "
			 "(500001, 'a', -1, x'00', zeroblob(100000), 9223372036854775807, 9223372036854775807)");
	const TallyPeriod period = {NULL, BEGIN_US, BEGIN_US + DAY_US};
	guint all = 0;
	g_autoptr(GPtrArray) sums = tally_sums(counters, &period, TALLY_VERDICT, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sums->len, ==, 3);
	const TallyRow *most = sums->pdata[0];
	g_assert_cmpuint(strlen(most->item), ==, 100);
	g_assert_cmpuint(most->count, ==, 2 * TALLY_COUNT_MOST);
	for (guint i = 1; i < sums->len; i++)
		g_assert_true(g_utf8_validate(((const TallyRow *)sums->pdata[i])->item, -1, NULL));
	g_assert_cmpuint(((const TallyRow *)sums->pdata[2])->count, ==, 0);
	g_autoptr(GPtrArray) limited = tally_limited(counters, &period, 10, &all, &error);
	g_assert_cmpuint(all, ==, 1);
	const TallyLimitedRow *row = limited->pdata[0];
	g_assert_cmpuint(row->tier, ==, 0);
	g_assert_cmpuint(g_bytes_get_size(row->boxed), ==, TALLY_BOX_BYTES);
	gint64 since_us = 1;
	g_assert_true(tally_since(counters, &since_us, &error));
	g_assert_cmpint(since_us, ==, 0);
	/* And adding to them overflows nothing. */
	g_autofree char *item = g_strnfill(100000, 'x');
	add(counters, (TallyMark){BEGIN_US, "a", TALLY_VERDICT, item, G_MAXUINT64});
	sqlite3_close(raw);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"names are stored", test_names},
	    {"periods", test_periods},
	    {"nothing was counted", test_nothing},
	    {"who was limited", test_limited},
	    {"there is room for so many", test_room},
	    {"old ones go", test_purge},
	    {"rows of a stranger", test_foreign_rows},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/tally", tests, G_N_ELEMENTS(tests));
}
