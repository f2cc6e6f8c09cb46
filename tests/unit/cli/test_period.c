/*
 * Periods as people write them.
 */
#include "cli/period.h"

#include "sekisho/base/clock.h"

/* The clock stands at this time of UTC. */
static void
set_clock(const char *time)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) wanted = g_date_time_new_from_iso8601(time, utc);
	clock_set_offset_us(0);
	clock_set_offset_us(g_date_time_to_unix(wanted) * G_USEC_PER_SEC - clock_now_us());
}

/* "2026-11-21T15:00 2026-11-22T15:00", to the minute in UTC; or the complaint. The caller's. */
static char *
read_at(const char *text, const char *zone_name)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zone_name);
	g_autoptr(GError) error = NULL;
	Period period = {0};
	if (!period_read(text, "--since", zone, &period, &error))
		return g_strdup(error->message);
	g_assert_no_error(error);
	g_autoptr(GDateTime) from = g_date_time_new_from_unix_utc(period.from_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) to = g_date_time_new_from_unix_utc(period.to_us / G_USEC_PER_SEC);
	g_autofree char *begin = g_date_time_format(from, "%Y-%m-%dT%H:%M");
	g_autofree char *end = g_date_time_format(to, "%Y-%m-%dT%H:%M");
	return g_strdup_printf("%s %s", begin, end);
}

static void
test_periods(void)
{
	static const struct {
		const char *now, *text, *zone, *expected;
	} cases[] = {
	    /* A Sunday in London, but Monday in Tokyo. */
	    {"2026-11-22T20:30:30", "24h", "Asia/Tokyo", "2026-11-21T20:30 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "90min", "UTC", "2026-11-22T19:00 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "7d", "UTC", "2026-11-15T20:30 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "2w", "UTC", "2026-11-08T20:30 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "today", "Asia/Tokyo", "2026-11-22T15:00 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "today", "UTC", "2026-11-22T00:00 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "yesterday", "Asia/Tokyo", "2026-11-21T15:00 2026-11-22T15:00"},
	    {"2026-11-22T20:30:30", "this-week", "Asia/Tokyo", "2026-11-22T15:00 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "this-week", "UTC", "2026-11-16T00:00 2026-11-22T20:30"},
	    {"2026-11-22T20:30:30", "last-week", "Asia/Tokyo", "2026-11-15T15:00 2026-11-22T15:00"},
	    {"2026-11-22T20:30:30", "last-week", "UTC", "2026-11-09T00:00 2026-11-16T00:00"},
	    {"2026-11-22T20:30:30", "2026-11-01", "Asia/Tokyo", "2026-10-31T15:00 2026-11-01T15:00"},
	    {"2026-11-22T20:30:30", "2026-11-22", "UTC", "2026-11-22T00:00 2026-11-22T20:30"},
	    /* The day on which the clock goes back has 25 hours, and the week has one more. */
	    {"2026-10-26T12:00:00", "yesterday", "Europe/Berlin", "2026-10-24T22:00 2026-10-25T23:00"},
	    {"2026-10-26T12:00:00", "last-week", "Europe/Berlin", "2026-10-18T22:00 2026-10-25T23:00"},
	    /* Where the clock goes forward at midnight, the day begins at one o'clock. */
	    {"2026-04-24T12:00:00", "today", "Africa/Cairo", "2026-04-23T22:00 2026-04-24T12:00"},
	    {"2026-04-24T12:00:00", "yesterday", "Africa/Cairo", "2026-04-22T22:00 2026-04-23T22:00"},
	    {"2026-04-25T12:00:00", "yesterday", "Africa/Cairo", "2026-04-23T22:00 2026-04-24T21:00"},
	    {"2026-04-25T12:00:00", "2026-04-24", "Africa/Cairo", "2026-04-23T22:00 2026-04-24T21:00"},
	    {"2026-04-30T12:00:00", "last-week", "Africa/Cairo", "2026-04-19T22:00 2026-04-26T21:00"},
	    /* New year. */
	    {"2027-01-01T00:30:00", "yesterday", "UTC", "2026-12-31T00:00 2027-01-01T00:00"},
	    {"2026-11-22T20:30:30", "2026-11-23", "UTC", "--since 2026-11-23 has not come yet"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		set_clock(cases[i].now);
		g_autofree char *period = read_at(cases[i].text, cases[i].zone);
		g_test_message("%s in %s", cases[i].text, cases[i].zone);
		g_assert_cmpstr(period, ==, cases[i].expected);
	}
}

static void
test_wrong(void)
{
	static const char *const wrong[] = {"", "3", "0h", "-1h", "1y", "h", "1h ", " 1h", "someday", "Today", "2026-11-1",
	    "2026-02-30", "2026-13-01", "2026-11-01\n", "99999999999999999999d", "3651d", "20261101", "0000-01-01"};
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *said = read_at(wrong[i], "UTC");
		g_test_message("\"%s\": %s", wrong[i], said);
		g_assert_true(g_str_has_prefix(said, "--since is a time like 90min, 24h, 7d or 2w"));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/period/durations, days and weeks of the zone", test_periods);
	g_test_add_func("/period/what is none is a usage error", test_wrong);
	return g_test_run();
}
