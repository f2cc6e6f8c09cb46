/* The courier notices that a report should have gone to an owner, and tells so once an hour at most. */
#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/reports.h"
#include "tree.h"

#define DAY_US G_TIME_SPAN_DAY

/* A report of yesterday was made, and sent unless `is_stuck`; the next one is due within a day. */
static void
note_report(Office *office, const char *site, gboolean is_stuck)
{
	g_autoptr(GError) error = NULL;
	ReportRecord record = {.site = (char *)site, .to_us = clock_now_us() - DAY_US, .next_by_us = clock_now_us() + DAY_US};

	g_assert_true(reports_begin(office->courier.ledger, &record, &error));
	g_assert_true(is_stuck || reports_sent(office->courier.ledger, site, record.number, &error));
	g_assert_no_error(error);
}

/* "SITE TOPIC" of what is raised and not told, joined by ", ". The caller's. */
static char *
alarms_of(Office *office)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_COMMAND, 10, &error);
	GString *text = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < alarms->len; i++) {
		const Alarm *alarm = alarms->pdata[i];
		g_string_append_printf(text, "%s%s %s", i == 0 ? "" : ", ", alarm->site, alarm->topic);
	}
	return g_string_free(text, FALSE);
}

static void
assert_alarms(Office *office, const char *expected)
{
	g_autofree char *alarms = alarms_of(office);

	g_assert_cmpstr(alarms, ==, expected);
}

static void
watch_now(Office *office)
{
	office->courier.report_look_at_us = 0;
	report_watch(&office->courier);
}

static void
test_missing(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[report]\nsend = daily\n");
	note_report(office, "example.jp", FALSE);
	watch_now(office);
	assert_alarms(office, "");
	office_pass(DAY_US - G_TIME_SPAN_MINUTE);
	watch_now(office);
	assert_alarms(office, "");
	office_pass(2 * G_TIME_SPAN_MINUTE);
	watch_now(office);
	assert_alarms(office, "example.jp report");
}

/* The first report was never sent. */
static void
test_stuck(Office *office, gconstpointer unused)
{
	(void)unused;
	note_report(office, "example.jp", TRUE);
	office_pass(2 * DAY_US);
	watch_now(office);
	assert_alarms(office, "example.jp report");
}

static void
test_not_wanted(Office *office, gconstpointer unused)
{
	(void)unused;
	note_report(office, "example.jp", FALSE);
	note_report(office, "gone.jp", FALSE);
	office_site(office, "[report]\nsend = off\n");
	office_pass(2 * DAY_US);
	watch_now(office);
	assert_alarms(office, "");
}

/* What was due within a day is not, now that the owner wants one a week. */
static void
test_rarer(Office *office, gconstpointer unused)
{
	(void)unused;
	note_report(office, "example.jp", FALSE);
	office_site(office, "[report]\nsend = weekly\n");
	office_pass(6 * DAY_US);
	watch_now(office);
	assert_alarms(office, "");
	office_pass(2 * DAY_US);
	watch_now(office);
	assert_alarms(office, "example.jp report");
}

/* However many sites are gone, those that are there are looked at. */
static void
test_many_gone(Office *office, gconstpointer unused)
{
	(void)unused;
	office_site(office, "[report]\nsend = daily\n");
	for (guint i = 0; i < 2 * LIMIT_ALARMS; i++) {
		g_autofree char *name = g_strdup_printf("a%03u.example", i);
		note_report(office, name, FALSE);
	}
	note_report(office, "example.jp", FALSE);
	office_pass(2 * DAY_US);
	watch_now(office);
	assert_alarms(office, "example.jp report");
}

static void
test_hourly(Office *office, gconstpointer unused)
{
	(void)unused;
	watch_now(office);
	note_report(office, "example.jp", FALSE);
	office_pass(2 * DAY_US);
	report_watch(&office->courier);
	assert_alarms(office, "");
	g_assert_cmpint(office->courier.report_look_at_us, >, g_get_monotonic_time() + 59 * G_TIME_SPAN_MINUTE);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {{"missing", test_missing}, {"stuck", test_stuck}, {"not-wanted", test_not_wanted},
	    {"rarer", test_rarer}, {"many-gone", test_many_gone}, {"hourly", test_hourly}, {NULL, NULL}};

	return office_run(argc, argv, "report_watch", tests);
}
