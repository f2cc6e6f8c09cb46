/* The columns of the report's chart: in every zone, and where clocks change. */
#include "relay/report_paper.h"
#include "relay/report_parts.h"
#include "report_desk.h"
#include "tree.h"

static guint64
sum_of_spans(const GArray *spans)
{
	guint64 sum = 0;
	for (guint i = 0; i < spans->len; i++)
		sum += g_array_index(spans, ReportSpan, i).verdicts[TALLY_HELD];
	return sum;
}

/* How many there were in the period, by sum and by chart. */
static guint64
count_period(Db *counters, GTimeZone *zone, gint64 from_us, gint64 to_us)
{
	const TallyPeriod period = {.site = SITE, .from_us = from_us, .to_us = to_us};
	g_autoptr(GPtrArray) hours = tally_hours(counters, &period, TALLY_VERDICT, 100000, NULL);
	g_autoptr(GPtrArray) sums = tally_sums(counters, &period, TALLY_VERDICT, 10, NULL);
	g_autoptr(GArray) spans = report_spans_new(&period, zone);
	const guint64 sum = sums->len == 0 ? 0 : ((const TallyRow *)sums->pdata[0])->count;

	report_spans_fill(spans, hours);
	g_assert_cmpuint(sum_of_spans(spans), ==, sum);
	return sum;
}

/* In every zone, also where days begin between hours or clocks change: days add up to weeks, and nothing is counted twice or never. */
static void
test_zones(Office *office, gconstpointer unused)
{
	static const char *const zones[] = {"UTC", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin",
	    "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo", "Pacific/Apia"};
	/* Of other sites whose names begin like it, or as which it begins. */
	static const char *const others[] = {"example.j", "example.jp.", "example.jpx", "EXAMPLE.JP", "%", ""};
	ReportDesk desk;
	(void)unused;
	report_desk_open(&desk, office);
	g_autoptr(GDateTime) begin = g_date_time_new_utc(2027, 3, 1, 0, 0, 0);
	gint64 begin_hour = g_date_time_to_unix(begin) / 3600;
	g_assert_true(db_begin(desk.counters, NULL));
	for (gint hour = 0; hour < 70 * 24; hour++) {
		TallyMark mark = {(begin_hour + hour) * HOUR_US + 1, SITE, TALLY_VERDICT, "held", (guint64)hour % 7 + 1};
		g_assert_true(tally_add(desk.counters, &mark, NULL));
		mark.site = others[hour % (gint)G_N_ELEMENTS(others)];
		g_assert_true(tally_add(desk.counters, &mark, NULL));
	}
	g_assert_true(db_end(desk.counters, TRUE, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(zones); i++) {
		g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zones[i]);
		g_assert_nonnull(zone);
		g_autoptr(GDateTime) monday = g_date_time_new(zone, 2027, 3, 8, 0, 0, 0);
		guint64 days = 0, weeks = 0;
		for (gint day = 0; day < 56; day++) {
			g_autoptr(GDateTime) from = g_date_time_add_days(monday, day), to = g_date_time_add_days(monday, day + 1);
			g_autoptr(GDateTime) end = g_date_time_add_days(monday, day + 7);
			const gint64 from_us = g_date_time_to_unix(from) * G_USEC_PER_SEC;
			days += count_period(desk.counters, zone, from_us, g_date_time_to_unix(to) * G_USEC_PER_SEC);
			if (day % 7 == 0)
				weeks += count_period(desk.counters, zone, from_us, g_date_time_to_unix(end) * G_USEC_PER_SEC);
		}
		g_assert_cmpuint(days, ==, weeks);
		g_assert_cmpuint(days, >, 56 * 24 * 3);
	}
	db_free(desk.counters);
}

/* Weeks, of which one has an hour less. */
static void
test_days(Office *office, gconstpointer unused)
{
	(void)office;
	(void)unused;
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
	g_autoptr(GDateTime) monday = g_date_time_new(zone, 2027, 3, 22, 0, 0, 0);
	gint64 from_us = g_date_time_to_unix(monday) * G_USEC_PER_SEC;
	const TallyPeriod week = {.from_us = from_us, .to_us = from_us + 7 * DAY_US - HOUR_US};
	g_autoptr(GArray) days = report_spans_new(&week, zone);

	g_assert_cmpuint(days->len, ==, 7);
	g_assert_cmpint(g_array_index(days, ReportSpan, 6).begin_us - from_us, ==, 6 * DAY_US);
	/* The next Monday begins an hour earlier. */
	const TallyPeriod longer = {.from_us = from_us + 5 * HOUR_US, .to_us = from_us + 8 * DAY_US};
	g_autoptr(GArray) more = report_spans_new(&longer, zone);
	g_assert_cmpuint(more->len, ==, 9);
	g_assert_cmpint(g_array_index(more, ReportSpan, 0).begin_us, ==, from_us + 5 * HOUR_US);
	g_assert_cmpint(g_array_index(more, ReportSpan, 1).begin_us, ==, from_us + DAY_US);
	g_assert_cmpint(g_array_index(more, ReportSpan, 7).begin_us, ==, from_us + 7 * DAY_US - HOUR_US);
	/* Days are days, also if the first has an hour only. */
	const TallyPeriod late = {.from_us = from_us + 23 * HOUR_US, .to_us = from_us + 4 * DAY_US};
	g_autoptr(GArray) first_short = report_spans_new(&late, zone);
	g_assert_cmpuint(first_short->len, ==, 4);
	g_assert_false(report_paper_is_hourly(first_short));
	/* Two days are shown by hours that begin within them. */
	const TallyPeriod short_one = {.from_us = from_us + 1, .to_us = from_us + 2 * DAY_US};
	g_autoptr(GArray) hours = report_spans_new(&short_one, zone);
	g_assert_cmpuint(hours->len, ==, 47);
	g_assert_true(report_paper_is_hourly(hours));
	g_assert_cmpint(g_array_index(hours, ReportSpan, 0).begin_us, ==, from_us + HOUR_US);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {{"zones", test_zones}, {"days", test_days}, {NULL, NULL}};

	return office_run(argc, argv, "report_spans", tests);
}
