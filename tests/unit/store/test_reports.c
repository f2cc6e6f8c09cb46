/* Reports: numbers without a gap, what is begun anew, which one is missing, and when old ones go. */
#include "ledger_desk.h"
#include "sekisho/store/reports.h"

static guint
begin(Db *ledger, const char *site, gint64 next_in_us)
{
	g_autoptr(GError) error = NULL;
	const gint64 now_us = clock_now_us();
	ReportRecord record = {.site = (char *)site,
	    .number = 99,
	    .from_us = now_us - DAY_US,
	    .to_us = now_us,
	    .sent_at_us = 1,
	    .next_by_us = now_us + next_in_us};
	g_assert_true(reports_begin(ledger, &record, &error));
	g_assert_no_error(error);
	g_assert_cmpint(record.sent_at_us, ==, 0);
	g_assert_cmpint(record.made_at_us, >=, now_us);
	return record.number;
}

static void
send(Db *ledger, const char *site, guint number)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(reports_sent(ledger, site, number, &error));
	g_assert_no_error(error);
}

static ReportRecord *
last(Db *ledger, const char *site)
{
	g_autoptr(GError) error = NULL;
	ReportRecord *record = NULL;
	g_assert_true(reports_last(ledger, site, &record, &error));
	g_assert_no_error(error);
	return record;
}

/* Sites in order. */
static char *
missing(Db *ledger, guint limit)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sites = reports_missing(ledger, clock_now_us(), "", limit, &error);
	g_assert_no_error(error);
	g_ptr_array_add(sites, NULL);
	return g_strjoinv(" ", (char **)sites->pdata);
}

static void
test_numbers(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_assert_null(last(ledger, "a.example"));
	g_assert_cmpuint(begin(ledger, "a.example", DAY_US), ==, 1);
	/* Nobody took it: the same number, and the newer period. */
	advance(HOUR_US);
	const gint64 now_us = clock_now_us();
	g_assert_cmpuint(begin(ledger, "a.example", DAY_US), ==, 1);
	g_autoptr(ReportRecord) unsent = last(ledger, "a.example");
	g_assert_cmpuint(unsent->number, ==, 1);
	g_assert_cmpint(unsent->sent_at_us, ==, 0);
	g_assert_cmpint(unsent->to_us, >=, now_us);
	g_assert_cmpint(unsent->made_at_us, >=, now_us);
	g_assert_cmpint(unsent->next_by_us, >=, now_us + DAY_US);
	send(ledger, "a.example", 1);
	g_autoptr(ReportRecord) sent = last(ledger, "a.example");
	g_assert_cmpint(sent->sent_at_us, >=, now_us);
	g_assert_cmpint(sent->from_us, ==, unsent->from_us);
	g_assert_cmpuint(begin(ledger, "a.example", DAY_US), ==, 2);
	/* Each site has its own. */
	g_assert_cmpuint(begin(ledger, "b.example", DAY_US), ==, 1);
	send(ledger, "b.example", 1);
	g_autoptr(ReportRecord) other = last(ledger, "a.example");
	g_assert_cmpuint(other->number, ==, 2);
	g_assert_cmpint(other->sent_at_us, ==, 0);
}

/* Sent once is sent: a second word about it changes nothing. */
static void
test_sent_twice(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	begin(ledger, "a.example", DAY_US);
	send(ledger, "a.example", 1);
	g_autoptr(ReportRecord) first = last(ledger, "a.example");
	advance(HOUR_US);
	send(ledger, "a.example", 1);
	g_autoptr(ReportRecord) second = last(ledger, "a.example");
	g_assert_cmpint(first->sent_at_us, ==, second->sent_at_us);
}

/* Only what was sent, and is about all of it. */
static void
test_covered(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	static const struct {
		gint64 from_us, to_us;
		gboolean is_covered;
	} cases[] = {{10, 20, TRUE}, {12, 18, TRUE}, {9, 20, FALSE}, {10, 21, FALSE}, {30, 40, FALSE}};
	/* One of the week, one that somebody asked for meanwhile, and one that nobody took. */
	ReportRecord records[] = {{.site = (char *)"a.example", .from_us = 10, .to_us = 20},
	    {.site = (char *)"a.example", .from_us = 15, .to_us = 25}, {.site = (char *)"a.example", .from_us = 30, .to_us = 40}};
	for (guint i = 0; i < 3; i++) {
		g_assert_true(reports_begin(ledger, &records[i], NULL));
		if (i < 2)
			send(ledger, "a.example", records[i].number);
	}
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		ReportRecord wanted = {.site = (char *)"a.example", .from_us = cases[i].from_us, .to_us = cases[i].to_us};
		gboolean is_covered = FALSE;
		g_assert_true(reports_is_covered(ledger, &wanted, &is_covered, NULL));
		g_assert_cmpint(is_covered, ==, cases[i].is_covered);
		wanted.site = (char *)"a.exampl";
		g_assert_true(reports_is_covered(ledger, &wanted, &is_covered, NULL));
		g_assert_false(is_covered);
	}
}

/* When the follower of the one that reaches furthest is due: neither what was asked for of a day long ago nor of a site that wanted none says so. */
static void
test_missing_of_furthest(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	const gint64 now_us = clock_now_us();
	ReportRecord records[] = {
	    {.site = (char *)"old", .to_us = now_us, .next_by_us = now_us + DAY_US},
	    {.site = (char *)"old", .to_us = now_us - 20 * DAY_US, .next_by_us = now_us - 18 * DAY_US},
	    {.site = (char *)"wanted", .to_us = now_us - DAY_US, .next_by_us = G_MAXINT64},
	    {.site = (char *)"wanted", .to_us = now_us, .next_by_us = now_us + HOUR_US},
	};
	for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
		g_assert_true(reports_begin(ledger, &records[i], NULL));
		send(ledger, records[i].site, records[i].number);
	}
	g_autoptr(ReportRecord) furthest = NULL;
	g_assert_true(reports_last_sent(ledger, "old", &furthest, NULL));
	g_assert_cmpuint(furthest->number, ==, 1);
	advance(2 * HOUR_US);
	g_autofree char *one = missing(ledger, 9);
	g_assert_cmpstr(one, ==, "wanted");
	advance(DAY_US);
	g_autofree char *both = missing(ledger, 9);
	g_assert_cmpstr(both, ==, "old wanted");
}

static void
test_missing(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	/* "never" was tried and never sent; "late" was sent once, and then tried in vain every hour; "good" was sent; "gone" has no run any more. */
	begin(ledger, "never", DAY_US);
	begin(ledger, "late", DAY_US);
	send(ledger, "late", 1);
	begin(ledger, "good", DAY_US);
	send(ledger, "good", 1);
	begin(ledger, "gone", DAY_US);
	send(ledger, "gone", 1);
	g_autofree char *early = missing(ledger, 9);
	g_assert_cmpstr(early, ==, "");
	for (guint i = 0; i < 25; i++) {
		advance(HOUR_US);
		g_assert_cmpuint(begin(ledger, "late", DAY_US), ==, 2);
	}
	g_assert_cmpuint(begin(ledger, "good", DAY_US), ==, 2);
	send(ledger, "good", 2);
	g_autofree char *all = missing(ledger, 9), *first = missing(ledger, 1);
	g_assert_cmpstr(all, ==, "gone late never");
	g_assert_cmpstr(first, ==, "gone");
	/* What is sent is missing no more. */
	send(ledger, "late", 2);
	g_autofree char *left = missing(ledger, 9);
	g_assert_cmpstr(left, ==, "gone never");
}

static void
test_purge(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (guint i = 1; i <= 3; i++)
		send(ledger, "a.example", begin(ledger, "a.example", DAY_US));
	advance(LIMIT_REPORTS_US + MINUTE_US);
	g_assert_cmpint(ledger_purge(ledger, 1, &error), ==, 1);
	g_assert_cmpint(ledger_purge(ledger, 9, &error), ==, 1);
	g_assert_cmpint(ledger_purge(ledger, 9, &error), ==, 0);
	g_assert_no_error(error);
	g_assert_cmpuint(begin(ledger, "a.example", DAY_US), ==, 4);
	/* However long no server takes the next one, it is known which went last. */
	advance(LIMIT_REPORTS_US + MINUTE_US);
	g_assert_cmpint(ledger_purge(ledger, 9, &error), ==, 0);
	ReportRecord *sent = NULL;
	g_assert_true(reports_last_sent(ledger, "a.example", &sent, &error));
	g_assert_cmpuint(sent->number, ==, 3);
	report_record_free(sent);
}

int
main(int argc, char **argv)
{
	static const FixtureTest tests[] = {
	    {"numbers have no gap", test_numbers},
	    {"sent once", test_sent_twice},
	    {"what was told already", test_covered},
	    {"one is missing", test_missing},
	    {"who was told of what is furthest", test_missing_of_furthest},
	    {"old ones go", test_purge},
	};
	g_test_init(&argc, &argv, NULL);
	return fixture_run("store/reports", tests, G_N_ELEMENTS(tests));
}
