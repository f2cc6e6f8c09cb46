/* The lists that hold now: loaded, reloaded when they change, kept when they cannot be read. */
#include "fixture.h"

#include "country_maker.h"
#include "list_rows.h"

#define PATIENCE_US (20 * G_TIME_SPAN_SECOND)

static void
add(Db *db, const char *row)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	g_ptr_array_add(entries, rows_entry(row));
	g_assert_true(list_entries_add(db, entries, NULL, NULL, &error));
	g_assert_no_error(error);
}

static char *
found_now(ListsWatch *watch, const char *ip)
{
	g_autoptr(Lists) lists = lists_watch_current(watch);
	ListsQuestion question = rows_question();
	question.ip = ip;
	return rows_found(lists, &question);
}

/* Waits until that is found. */
static void
await(ListsWatch *watch, const char *ip, const char *expected)
{
	const gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	for (;;) {
		g_autofree char *found = found_now(watch, ip);
		if (strcmp(found, expected) == 0)
			return;
		if (g_get_monotonic_time() > until_us)
			g_error("%s: \"%s\", not \"%s\"", ip, found, expected);
		g_usleep(10000);
	}
}

static void
await_problem(ListsWatch *watch)
{
	g_autoptr(GError) problem = NULL;
	const gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	while ((problem = lists_watch_take_problem(watch)) == NULL && g_get_monotonic_time() < until_us)
		g_usleep(10000);
	g_assert_error(problem, CONF_ERROR, CONF_ERROR_UNREADABLE);
}

static ListsWatch *
start(const Fixture *fixture, const char *country_file)
{
	g_autoptr(GError) error = NULL;
	ListsWatch *watch = lists_watch_start(fixture->directory, country_file, &error);
	g_assert_no_error(error);
	return watch;
}

static void
test_changes(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	add(db, "1|block|network|192.0.2.0/24");
	ListsWatch *watch = start(fixture, "");
	g_autofree char *first = found_now(watch, "192.0.2.1");
	g_assert_cmpstr(first, ==, "1");
	g_autoptr(Lists) old = lists_watch_current(watch);
	add(db, "2|hold|network|198.51.100.0/24");
	await(watch, "198.51.100.1", "2");
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	const gint64 id = 1;
	g_array_append_val(ids, id);
	g_assert_cmpint(list_entries_remove(db, ids, NULL), ==, 1);
	await(watch, "192.0.2.1", "");
	lists_watch_stop(watch);
	/* Whoever holds a snapshot has it as it was. */
	ListsQuestion question = rows_question();
	question.ip = "192.0.2.1";
	g_autofree char *held = rows_found(old, &question);
	g_assert_cmpstr(held, ==, "1");
}

/* A new file of countries counts without a change of the lists; one that is broken or gone leaves the countries as they were, says so once, and is read when it is mended. */
static void
test_country_file(Fixture *fixture, gconstpointer unused)
{
	static const CountryRow japan[] = {{"000000000000000000000000c0000200", 120, "JP", FALSE}};
	static const CountryRow other[] = {{"000000000000000000000000c6336400", 120, "JP", FALSE}};
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_autofree char *file = g_build_filename(fixture->directory, "country.mmdb", NULL);
	country_maker_write(file, japan, 1);
	add(db, "1|block|country|JP");
	add(db, "2|hold|network|203.0.113.0/24");
	ListsWatch *watch = start(fixture, file);
	await(watch, "192.0.2.1", "1");
	country_maker_write(file, other, 1);
	await(watch, "192.0.2.1", "");
	await(watch, "198.51.100.1", "1");
	g_assert_null(lists_watch_take_problem(watch));
	g_assert_true(g_file_set_contents(file, "junk", -1, NULL));
	await_problem(watch);
	add(db, "3|hold|network|203.0.113.0/25");
	await(watch, "203.0.113.1", "3 2-");
	await(watch, "198.51.100.1", "1");
	g_assert_null(lists_watch_take_problem(watch));
	g_assert_cmpint(g_remove(file), ==, 0);
	await_problem(watch);
	await(watch, "198.51.100.1", "1");
	country_maker_write(file, japan, 1);
	await(watch, "192.0.2.1", "1");
	await(watch, "198.51.100.1", "");
	g_assert_null(lists_watch_take_problem(watch));
	lists_watch_stop(watch);
}

static void
test_cannot_start(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_assert_null(lists_watch_start(fixture->directory, "", &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	g_assert_null(lists_watch_start(fixture->directory, "/nowhere/country.mmdb", &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE);
	g_assert_null(lists_watch_start(fixture->directory, "/nowhere/country.mmdb", NULL));
}

/* What a rehearsal would add stands beside what is stored, and before it where it is the same. */
static void
test_addition(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	add(db, "1|block|network|192.0.2.0/24");
	add(db, "2|hold|network|192.0.0.0/16");
	g_autoptr(GPtrArray) addition = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	g_ptr_array_add(addition, rows_entry("0|allow|network|192.0.2.0/24"));
	g_autoptr(Lists) lists = lists_load_with(db, addition, "", &error);
	g_assert_no_error(error);
	ListsQuestion question = rows_question();
	question.ip = "192.0.2.1";
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "0 2-");
}

/* More than one page. */
static void
test_pages(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) db = fixture_open(fixture, DB_CREATE);
	sqlite3 *raw = raw_open(fixture);
	raw_execute(raw,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12001) INSERT INTO list_entry "
	    "SELECT i * 3, 4, 0, 1, '10.' || (i / 65536) || '.' || (i / 256 %% 256) || '.' || (i %% 256) || '/32', NULL, '', 0, "
	    "'', 0, 0 FROM n");
	sqlite3_close(raw);
	g_autoptr(Lists) lists = lists_load(db, "", NULL);
	guint left_out = 1;
	g_assert_cmpuint(lists_count(lists, &left_out), ==, 12001);
	g_assert_cmpuint(left_out, ==, 0);
	ListsQuestion question = rows_question();
	question.ip = "10.0.46.225"; /* 12001 */
	g_autofree char *found = rows_found(lists, &question);
	g_assert_cmpstr(found, ==, "36003");
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"changes", test_changes},
	    {"country_file", test_country_file},
	    {"cannot_start", test_cannot_start},
	    {"addition", test_addition},
	    {"pages", test_pages},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("lists_watch", tests, G_N_ELEMENTS(tests));
}
