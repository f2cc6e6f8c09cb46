/*
 * What the files that collect a report share.
 *
 *   report.c             the order of it, and what arrived: tallies and chart
 *   report_spans.c       the columns of the chart
 *   report_mails.c       mails that went, were stopped, wait or came back
 *   report_suspicious.c  submissions that were held or rejected
 *   report_lists.c       list entries that hit, and those that never did
 */
#pragma once

#include "sekisho/relay/report.h"

typedef struct {
	const ReportRequest *request;
	Site *site;         /* NULL: of all */
	Report *report;
	TallyPeriod now;
	TallyPeriod before; /* only if report->is_before_known */
} Collector;

/* --- report.c ------------------------------------------------------------------------------------------------------------ */

/* Adds to what is there of that name. */
void report_add_reason(GPtrArray *reasons, const char *name, ReportCount count);
/* Those that happened now, most first, at most LIMIT_REPORT_ROWS. */
void report_order_reasons(GPtrArray *reasons);

/* --- the others; FALSE on error --------------------------------------------------------------------------------------------- */

/* `zone` of its days. The caller's. */
GArray *report_spans_new(const TallyPeriod *period, GTimeZone *zone);
/* Adds rows of the topic TALLY_VERDICT (TallyRow *). */
void report_spans_fill(GArray *spans, const GPtrArray *rows);
gboolean report_collect_mails(Collector *collector, GError **error);
gboolean report_collect_suspicious(Collector *collector, GError **error);
gboolean report_collect_lists(Collector *collector, GError **error);
