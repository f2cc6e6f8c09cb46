/*
 * Durations and days of the calendar as somebody types them. Keeps nothing; asks the one clock what time it is.
 */
#include "period.h"

#include <string.h>

#include "command.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"

/* The days of a period by the calendar: `begin` days from today's, for `count` days. */
typedef struct {
	gint begin;
	gint count;
} Days;

gboolean
period_duration(const char *text, gint64 *duration_us)
{
	static const struct {
		const char *unit;
		gint64 us;
	} units[] = {{"min", G_TIME_SPAN_MINUTE}, {"h", G_TIME_SPAN_HOUR}, {"d", G_TIME_SPAN_DAY}, {"w", 7 * G_TIME_SPAN_DAY}};
	char *end = NULL;
	guint64 number = g_ascii_isdigit(text[0]) ? g_ascii_strtoull(text, &end, 10) : 0;
	for (gsize i = 0; end && i < G_N_ELEMENTS(units); i++)
		if (strcmp(units[i].unit, end) == 0 && number > 0 && number <= (guint64)(LIMIT_LIST_DURATION_US / units[i].us)) {
			*duration_us = (gint64)number * units[i].us;
			return TRUE;
		}
	return FALSE;
}

static gboolean
read_word(const char *text, const GDateTime *today, Days *days)
{
	const gint monday = 1 - g_date_time_get_day_of_week((GDateTime *)today);
	const struct {
		const char *word;
		Days days;
	} words[] = {{"today", {0, 1}}, {"yesterday", {-1, 1}}, {"this-week", {monday, 7}}, {"last-week", {monday - 7, 7}}};
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i].word, text) == 0) {
			*days = words[i].days;
			return TRUE;
		}
	return FALSE;
}

/* Noon of the day, or NULL if there is none. The caller's. */
static GDateTime *
read_date(const char *text, GTimeZone *zone)
{
	if (!g_regex_match_simple("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", text, G_REGEX_DOLLAR_ENDONLY, 0))
		return NULL;
	return g_date_time_new(zone, (gint)g_ascii_strtoll(text, NULL, 10), (gint)g_ascii_strtoll(text + 5, NULL, 10),
	    (gint)g_ascii_strtoll(text + 8, NULL, 10), 12, 0, 0);
}

/* When the day begins that is so many days later than that of `noon`. Counted from noon, because some days have no midnight: clocks go forward then. FALSE: not in the calendar any more. */
static gboolean
begin_of_day(GDateTime *noon, gint days, gint64 *begin_us)
{
	g_autoptr(GDateTime) day = g_date_time_add_days(noon, days);
	if (!day)
		return FALSE;
	g_autoptr(GDateTime) begin = g_date_time_new(g_date_time_get_timezone(noon), g_date_time_get_year(day),
	    g_date_time_get_month(day), g_date_time_get_day_of_month(day), 0, 0, 0);
	*begin_us = g_date_time_to_unix(begin) * G_USEC_PER_SEC;
	return TRUE;
}

/* FALSE: not yet, or not in the calendar any more. */
static gboolean
fill(Period *period, GDateTime *noon, const Days *days, gint64 now_us)
{
	if (!begin_of_day(noon, days->begin, &period->from_us) || !begin_of_day(noon, days->begin + days->count, &period->to_us))
		return FALSE;
	period->to_us = MIN(period->to_us, now_us);
	return period->from_us <= now_us;
}

gboolean
period_read(const char *text, const char *option, GTimeZone *zone, Period *period, GError **error)
{
	gint64 duration_us = 0;
	const gint64 now_us = clock_now_us();
	if (period_duration(text, &duration_us)) {
		*period = (Period){.from_us = now_us - duration_us, .to_us = now_us};
		return TRUE;
	}
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) now = g_date_time_to_timezone(utc, zone);
	g_autoptr(GDateTime) today = g_date_time_new(
	    zone, g_date_time_get_year(now), g_date_time_get_month(now), g_date_time_get_day_of_month(now), 12, 0, 0);
	g_autoptr(GDateTime) date = read_date(text, zone);
	Days days = {0, 1};
	if (date || read_word(text, today, &days)) {
		if (fill(period, date ? date : today, &days, now_us))
			return TRUE;
		command_usage(error, "%s %s has not come yet", option, text);
		return FALSE;
	}
	command_usage(error,
	    "%s is a time like 90min, 24h, 7d or 2w (at most ten years), a day like 2026-11-01, or today, yesterday, this-week "
	    "or last-week",
	    option);
	return FALSE;
}
