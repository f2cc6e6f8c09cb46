/* What waits to be counted: what is the same is added up, how much there may be, and that nothing is lost between taking and putting back. */
#include "counting.h"
#include "store/pending.h"

#define BEGIN_US (G_GINT64_CONSTANT(500000) * HOUR_US)

static const char box[] = "BOX";

static void
add_mark(Pending *pending, gint64 at_us, const char *site, TallyTopic topic, const char *item)
{
	const TallyMark mark = {at_us, site, topic, item, 1};
	pending_add_mark(pending, &mark);
}

static gboolean
add_limited(Pending *pending, gint64 at_us, const char *site, guint tier, char letter)
{
	g_autoptr(GBytes) boxed = g_bytes_new_static(box, sizeof box);
	const TallyLimited limited = {at_us, site, tier, row_hash(letter), boxed, 1};
	return pending_add_limited(pending, &limited);
}

static void
write_to(Db *counters, const Pending *pending)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(db_begin(counters, &error));
	g_assert_true(db_end(counters, pending_write(pending, counters, &error), &error));
	g_assert_no_error(error);
}

/* All that differs in one thing is counted by itself. */
static void
test_sums(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	g_autoptr(Pending) pending = pending_new();
	g_assert_true(pending_is_empty(pending));
	for (guint i = 0; i < 2; i++) {
		add_mark(pending, BEGIN_US, "a", TALLY_VERDICT, "held");
		add_mark(pending, BEGIN_US + HOUR_US - 1, "a", TALLY_VERDICT, "held");
		add_mark(pending, BEGIN_US + HOUR_US, "a", TALLY_VERDICT, "held");
		add_mark(pending, BEGIN_US, "b", TALLY_VERDICT, "held");
		add_mark(pending, BEGIN_US, "a", TALLY_REASON, "held");
		add_mark(pending, BEGIN_US, "a", TALLY_VERDICT, "wait");
		g_assert_true(add_limited(pending, BEGIN_US + 5, "a", 1, 'x'));
		g_assert_true(add_limited(pending, BEGIN_US + 3, "a", 1, 'x'));
		g_assert_true(add_limited(pending, BEGIN_US + HOUR_US, "a", 1, 'x'));
		g_assert_true(add_limited(pending, BEGIN_US, "b", 1, 'x'));
		g_assert_true(add_limited(pending, BEGIN_US, "a", 2, 'x'));
		g_assert_true(add_limited(pending, BEGIN_US, "a", 1, 'y'));
		pending_add_hits(pending, 7, 3);
	}
	g_assert_false(pending_is_empty(pending));
	write_to(counters, pending);
	sqlite3 *raw = counting_raw(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM tally"), ==, 5);
	g_assert_cmpint(
	    raw_number(raw, "SELECT count FROM tally WHERE hour = 500000 AND site = 'a' AND topic = 1 AND item = 'held'"), ==, 4);
	g_assert_cmpint(raw_number(raw, "SELECT sum(count) FROM tally"), ==, 12);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM limited"), ==, 5);
	g_assert_cmpint(raw_number(raw, "SELECT sum(count) FROM limited"), ==, 12);
	g_assert_cmpint(raw_number(raw, "SELECT last_at FROM limited WHERE count = 4"), ==, BEGIN_US + 5);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM hit WHERE entry_id = 7"), ==, 6);
	sqlite3_close(raw);
}

/* A flood of different things fills no memory, and what is there is still counted. */
static void
test_ceiling(Fixture *fixture, gconstpointer unused)
{
	(void)fixture;
	(void)unused;
	g_autoptr(Pending) pending = pending_new();
	for (guint i = 0; i <= LIMIT_TALLY_PENDING; i++) {
		g_autofree char *item = g_strdup_printf("%u", i);
		add_mark(pending, BEGIN_US, "a", TALLY_LIST, item);
	}
	add_mark(pending, BEGIN_US, "a", TALLY_LIST, "0");
	/* Nobody need box a text that is not counted. */
	const TallyLimited unboxed = {BEGIN_US, "a", 1, row_hash('x'), NULL, 1};
	g_assert_true(pending_add_limited(pending, &unboxed));
	guint64 count = 0;
	guint pieces = 0;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	sqlite3 *raw = counting_raw(fixture);
	for (; !pending_is_empty(pending); pieces++) {
		g_autoptr(Pending) taken = pending_take(pending);
		write_to(counters, taken);
		const guint64 now = (guint64)raw_number(raw, "SELECT sum(count) FROM tally");
		g_assert_cmpuint(now - count, <=, LIMIT_HITS_BATCH + 1);
		count = now;
	}
	g_assert_cmpuint(pieces, ==, LIMIT_TALLY_PENDING / LIMIT_HITS_BATCH);
	g_assert_cmpuint(count, ==, LIMIT_TALLY_PENDING + 1);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM limited"), ==, 0);
	sqlite3_close(raw);
}

static void
test_put_back(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) counters = counting_open(fixture, DB_CREATE);
	g_autoptr(Pending) pending = pending_new();
	add_mark(pending, BEGIN_US, "a", TALLY_VERDICT, "held");
	g_assert_true(add_limited(pending, BEGIN_US + 9, "a", 1, 'x'));
	pending_add_hits(pending, 7, 1);
	g_autoptr(Pending) taken = pending_take(pending);
	g_assert_true(pending_is_empty(pending));
	add_mark(pending, BEGIN_US, "a", TALLY_VERDICT, "held");
	g_assert_true(add_limited(pending, BEGIN_US + 2, "a", 1, 'x'));
	pending_add_hits(pending, 7, 1);
	pending_put_back(pending, taken);
	write_to(counters, pending);
	sqlite3 *raw = counting_raw(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM tally"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM limited"), ==, 2);
	g_assert_cmpint(raw_number(raw, "SELECT last_at FROM limited"), ==, BEGIN_US + 9);
	g_assert_cmpint(raw_number(raw, "SELECT count FROM hit"), ==, 2);
	sqlite3_close(raw);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"the same is added up", test_sums},
	    {"there is a ceiling", test_ceiling},
	    {"what was put back is not lost", test_put_back},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/pending", tests, G_N_ELEMENTS(tests));
}
