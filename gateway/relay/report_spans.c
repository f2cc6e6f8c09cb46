/*
 * The columns of a report's chart: hours of a period up to two days, else days. Each is there, also if nothing happened in it. Pure functions.
 */
#include "report_parts.h"
#include "sekisho/base/limits.h"

#define HOURS_US (2 * G_TIME_SPAN_DAY)

/* A day on which clocks are changed may have an hour more. */
static gboolean
is_by_hours(const TallyPeriod *period)
{
	return period->to_us - period->from_us <= HOURS_US + G_TIME_SPAN_HOUR;
}

static void
append(GArray *spans, gint64 begin_us)
{
	const ReportSpan span = {.begin_us = begin_us};

	g_array_append_val(spans, span);
}

/* Hours that begin within it, as tallies have them. */
static void
append_hours(GArray *spans, const TallyPeriod *period)
{
	gint64 hour = (period->from_us + G_TIME_SPAN_HOUR - 1) / G_TIME_SPAN_HOUR;

	for (; hour * G_TIME_SPAN_HOUR < period->to_us && spans->len < LIMIT_REPORT_SPANS; hour++)
		append(spans, hour * G_TIME_SPAN_HOUR);
}

/* The first begins with the period, the others at midnight. */
static void
append_days(GArray *spans, const TallyPeriod *period, GTimeZone *zone)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(period->from_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) first = g_date_time_to_timezone(utc, zone);
	gint64 begin_us = period->from_us;

	while (begin_us < period->to_us && spans->len < LIMIT_REPORT_SPANS) {
		append(spans, begin_us);
		g_autoptr(GDateTime) day = g_date_time_add_days(first, (gint)spans->len);
		g_autoptr(GDateTime) midnight = g_date_time_new(
		    zone, g_date_time_get_year(day), g_date_time_get_month(day), g_date_time_get_day_of_month(day), 0, 0, 0);
		begin_us = g_date_time_to_unix(midnight) * G_USEC_PER_SEC;
	}
}

GArray *
report_spans_new(const TallyPeriod *period, GTimeZone *zone)
{
	GArray *spans = g_array_new(FALSE, TRUE, sizeof(ReportSpan));

	if (is_by_hours(period))
		append_hours(spans, period);
	else
		append_days(spans, period, zone);
	return spans;
}

/* The last one that does not begin later; NULL if there is none. */
static ReportSpan *
span_of(GArray *spans, gint64 time_us)
{
	for (guint i = spans->len; i-- > 0;)
		if (g_array_index(spans, ReportSpan, i).begin_us <= time_us)
			return &g_array_index(spans, ReportSpan, i);
	return NULL;
}

void
report_spans_fill(GArray *spans, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const TallyRow *row = rows->pdata[i];
		ReportSpan *span = span_of(spans, row->hour_us);
		for (guint verdict = 0; span != NULL && verdict < TALLY_VERDICTS; verdict++)
			if (g_strcmp0(row->item, tally_verdict_name((TallyVerdict)verdict)) == 0)
				span->verdicts[verdict] += row->count;
	}
}
