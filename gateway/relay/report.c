/*
 * The report, collected: first what arrived (tallies of counters.db), then what became of it. No state; only reads, but for the links that a mail to the owner has.
 *
 * A report is no snapshot: mails go on while it is made, so that two of its numbers may differ by one that moved meanwhile.
 */
#include "report_parts.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/rate.h"
#include "sekisho/store/figures.h"
#include "sekisho/store/held.h"
#include "sekisho/store/ledger.h"

#define WEEK_US (7 * G_TIME_SPAN_DAY)
/* The timer comes once a day, early in the machine's morning, which may be late in the site's day. */
#define GRACE_US G_TIME_SPAN_DAY
/* Rows of tallies that are asked for: each hour has one for each verdict, and reasons are some dozens. */
#define TALLY_ROWS_ASKED (LIMIT_REPORT_SPANS * 24 * TALLY_VERDICTS)
#define TALLY_ITEMS_ASKED 1000u

/* --- The value ---------------------------------------------------------------------------------------------------------- */

static void
reason_free(ReportReason *reason)
{
	g_free(reason->name);
	g_free(reason);
}

static void
limited_free(ReportLimited *limited)
{
	g_free(limited->site);
	g_free(limited->tier);
	g_free(limited->who);
	g_free(limited);
}

static void
entry_free(ReportEntry *entry)
{
	g_free(entry->action);
	g_free(entry->type);
	g_free(entry->value);
	g_free(entry->site);
	g_free(entry->reason);
	g_free(entry);
}

static void
suspicious_free(ReportSuspicious *suspicious)
{
	submission_summary_free(suspicious->summary);
	g_free(suspicious->form_title);
	if (suspicious->verdict != NULL)
		verdict_free(suspicious->verdict);
	g_free(suspicious->link);
	g_free(suspicious);
}

/* An error on the way leaves lists that were not begun. */
static void
list_free(gpointer list)
{
	if (list != NULL)
		g_ptr_array_unref(list);
}

void
report_free(Report *report)
{
	if (report == NULL)
		return;
	g_free(report->site);
	g_free(report->title);
	if (report->spans != NULL)
		g_array_unref(report->spans);
	list_free(report->reasons);
	list_free(report->captcha);
	list_free(report->limited);
	list_free(report->lists_hit);
	list_free(report->lists_idle);
	list_free(report->suspicious);
	list_free(report->replies_reasons);
	list_free(report->dead_reasons);
	list_free(report->bounce_reasons);
	list_free(report->fuses);
	list_free(report->alarms);
	g_free(report);
}

static GPtrArray *
reasons_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)reason_free);
}

static Report *
report_new(const ReportRequest *request, const Site *site)
{
	Report *report = g_new0(Report, 1);

	report->site = g_strdup(request->site);
	report->title = g_strdup(site == NULL ? "" : site->facts->title);
	report->from_us = request->from_us;
	report->to_us = request->to_us;
	report->made_at_us = clock_now_us();
	report->reasons = reasons_new();
	report->captcha = reasons_new();
	report->limited = g_ptr_array_new_with_free_func((GDestroyNotify)limited_free);
	report->lists_hit = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	report->lists_idle = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	report->suspicious = g_ptr_array_new_with_free_func((GDestroyNotify)suspicious_free);
	report->replies_reasons = reasons_new();
	report->dead_reasons = reasons_new();
	report->bounce_reasons = reasons_new();
	report->fuses = g_ptr_array_new_with_free_func(g_free);
	return report;
}

/* --- Reasons --------------------------------------------------------------------------------------------------------------- */

void
report_add_reason(GPtrArray *reasons, const char *name, ReportCount count)
{
	ReportReason *reason = NULL;

	for (guint i = 0; reason == NULL && i < reasons->len; i++)
		if (strcmp(((ReportReason *)reasons->pdata[i])->name, name) == 0)
			reason = reasons->pdata[i];
	if (reason == NULL) {
		reason = g_new0(ReportReason, 1);
		reason->name = g_strdup(name);
		g_ptr_array_add(reasons, reason);
	}
	reason->count.now += count.now;
	reason->count.before += count.before;
}

static gint
compare_reasons(gconstpointer a, gconstpointer b)
{
	const ReportReason *one = *(const ReportReason *const *)a, *other = *(const ReportReason *const *)b;

	if (one->count.now != other->count.now)
		return one->count.now > other->count.now ? -1 : 1;
	return strcmp(one->name, other->name);
}

void
report_order_reasons(GPtrArray *reasons)
{
	g_ptr_array_sort(reasons, compare_reasons);
	guint kept = MIN(reasons->len, LIMIT_REPORT_ROWS);
	while (kept > 0 && ((const ReportReason *)reasons->pdata[kept - 1])->count.now == 0)
		kept--;
	g_ptr_array_set_size(reasons, (gint)kept);
}

/* --- The periods ------------------------------------------------------------------------------------------------------------- */

/* The same time of the day so many days earlier, where clocks may have been changed in between. */
static gint64
days_earlier(gint64 time_us, gint days, GTimeZone *zone)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
	g_autoptr(GDateTime) earlier = g_date_time_add_days(local, -days);

	return g_date_time_to_unix(earlier) * G_USEC_PER_SEC + time_us % G_USEC_PER_SEC;
}

/* A week before; of what is longer, as many days before as it has. */
static void
find_before(Collector *collector, GTimeZone *zone)
{
	const TallyPeriod *now = &collector->now;
	/* A day of 25 hours is none too many. */
	gint64 length_us = now->to_us - now->from_us;
	gint days = length_us <= WEEK_US + 2 * G_TIME_SPAN_HOUR ? 7 : (gint)((length_us - 1) / G_TIME_SPAN_DAY + 1);

	collector->before = (TallyPeriod){
	    .site = now->site, .from_us = days_earlier(now->from_us, days, zone), .to_us = days_earlier(now->to_us, days, zone)};
}

static gboolean
find_periods(Collector *collector, GTimeZone *zone, GError **error)
{
	const ReportRequest *request = collector->request;
	Report *report = collector->report;
	gint64 since_us = 0;

	collector->now = (TallyPeriod){.site = request->site, .from_us = request->from_us, .to_us = request->to_us};
	find_before(collector, zone);
	if (!tally_since(request->counters, &since_us, error))
		return FALSE;
	report->counted_since_us = since_us > request->from_us ? since_us : 0;
	report->is_before_known = since_us != 0 && since_us <= collector->before.from_us;
	return TRUE;
}

/* --- What arrived -------------------------------------------------------------------------------------------------------------- */

/* The sums of the topic, now and before (ReportReason *, in no order); only of items that begin so. The caller's; NULL on error. */
static GPtrArray *
sums(const Collector *collector, TallyTopic topic, GError **error)
{
	g_autoptr(GPtrArray) all = reasons_new();
	Db *counters = collector->request->counters;

	for (guint is_before = 0; is_before <= (collector->report->is_before_known ? 1 : 0); is_before++) {
		const TallyPeriod *period = is_before ? &collector->before : &collector->now;
		g_autoptr(GPtrArray) rows = tally_sums(counters, period, topic, TALLY_ITEMS_ASKED, error);
		if (rows == NULL)
			return NULL;
		for (guint i = 0; i < rows->len; i++) {
			const TallyRow *row = rows->pdata[i];
			const ReportCount count = {.now = is_before ? 0 : row->count, .before = is_before ? row->count : 0};
			report_add_reason(all, row->item, count);
		}
	}
	return g_steal_pointer(&all);
}

static gboolean
collect_verdicts(Collector *collector, GError **error)
{
	g_autoptr(GPtrArray) all = sums(collector, TALLY_VERDICT, error);

	if (all == NULL)
		return FALSE;
	for (guint i = 0; i < all->len; i++) {
		const ReportReason *sum = all->pdata[i];
		for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
			if (strcmp(sum->name, tally_verdict_name((TallyVerdict)verdict)) == 0)
				collector->report->verdicts[verdict] = sum->count;
	}
	return TRUE;
}

static gboolean
collect_chart(Collector *collector, GTimeZone *zone, GError **error)
{
	g_autoptr(GPtrArray) rows =
	    tally_hours(collector->request->counters, &collector->now, TALLY_VERDICT, TALLY_ROWS_ASKED, error);

	if (rows == NULL)
		return FALSE;
	collector->report->spans = report_spans_new(&collector->now, zone);
	report_spans_fill(collector->report->spans, rows);
	return TRUE;
}

static gboolean
collect_reasons(Collector *collector, GError **error)
{
	Report *report = collector->report;
	g_autoptr(GPtrArray) all = sums(collector, TALLY_REASON, error);

	if (all == NULL)
		return FALSE;
	for (guint i = 0; i < all->len; i++) {
		const ReportReason *sum = all->pdata[i];
		report_add_reason(report->reasons, sum->name, sum->count);
		if (g_str_has_prefix(sum->name, "captcha."))
			report_add_reason(report->captcha, sum->name, sum->count);
	}
	report_order_reasons(report->reasons);
	report_order_reasons(report->captcha);
	return TRUE;
}

/* "" if it cannot be opened. The caller's. */
static char *
open_who(Vault *vault, GBytes *boxed)
{
	g_autoptr(GBytes) opened = boxed == NULL ? NULL : vault_box_open(vault, boxed, NULL);
	gsize size = 0;
	const char *bytes = opened == NULL ? "" : g_bytes_get_data(opened, &size);

	return g_utf8_validate(bytes, (gssize)size, NULL) ? g_strndup(bytes, size) : g_strdup("");
}

static gboolean
collect_limited(Collector *collector, GError **error)
{
	Report *report = collector->report;
	g_autoptr(GPtrArray) rows =
	    tally_limited(collector->request->counters, &collector->now, LIMIT_REPORT_ROWS, &report->limited_all, error);

	if (rows == NULL)
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const TallyLimitedRow *row = rows->pdata[i];
		ReportLimited *limited = g_new0(ReportLimited, 1);
		limited->site = g_strdup(row->site);
		limited->tier = g_strdup(row->tier < RATE_TIERS ? rate_tier_name((RateTier)row->tier) : "");
		limited->who = open_who(collector->request->house->vault, row->boxed);
		limited->count = row->count;
		limited->last_at_us = row->last_at_us;
		g_ptr_array_add(report->limited, limited);
	}
	return TRUE;
}

/* --- What the ledger knows --------------------------------------------------------------------------------------------------- */

/* Of all sites: those that have tripped come first. */
static gboolean
collect_fuses(Collector *collector, GError **error)
{
	Db *ledger = collector->request->house->ledger;
	g_autoptr(GPtrArray) sites = NULL;

	if (collector->request->site == NULL) {
		sites = ledger_sites(ledger, LIMIT_FIGURES_ROWS, error);
	} else {
		sites = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(sites, g_strdup(collector->request->site));
	}
	for (guint i = 0; sites != NULL && i < sites->len; i++) {
		gboolean has_tripped = FALSE;
		if (!ledger_has_tripped(ledger, sites->pdata[i], &has_tripped, error))
			return FALSE;
		if (!has_tripped)
			break;
		g_ptr_array_add(collector->report->fuses, g_strdup(sites->pdata[i]));
	}
	return sites != NULL;
}

static gboolean
collect_ledger(Collector *collector, GError **error)
{
	Report *report = collector->report;
	Db *ledger = collector->request->house->ledger;

	report->alarms = figures_alarms(ledger, &collector->now, LIMIT_REPORT_ROWS, error);
	return report->alarms != NULL && collect_fuses(collector, error) &&
	       figures_decisions(ledger, &collector->now, &report->decisions.now, error) &&
	       (!report->is_before_known || figures_decisions(ledger, &collector->before, &report->decisions.before, error));
}

/* --- All of it ------------------------------------------------------------------------------------------------------------------ */

static gboolean
collect(Collector *collector, GTimeZone *zone, GError **error)
{
	const HeldFilter held = {.site = collector->request->site, .status = SUBMISSION_HELD};
	gint64 oldest_us = 0;

	return find_periods(collector, zone, error) && collect_verdicts(collector, error) &&
	       collect_chart(collector, zone, error) && collect_reasons(collector, error) && collect_limited(collector, error) &&
	       report_collect_lists(collector, error) && report_collect_mails(collector, error) &&
	       collect_ledger(collector, error) && report_collect_suspicious(collector, error) &&
	       held_tally(collector->request->house->db, &held, &collector->report->waiting_for_you, &oldest_us, error);
}

Report *
report_collect(const ReportRequest *request, GError **error)
{
	g_autoptr(Site) site = request->site == NULL ? NULL : config_site(request->config, request->site, error);

	if (request->site != NULL && site == NULL)
		return NULL;
	g_autoptr(GTimeZone) zone = site == NULL ? g_time_zone_new_utc() : g_time_zone_ref(site->facts->timezone);
	g_autoptr(Report) report = report_new(request, site);
	Collector collector = {.request = request, .site = site, .report = report};
	return collect(&collector, zone, error) ? g_steal_pointer(&report) : NULL;
}

gint64
report_interval_us(const Site *site)
{
	return site->report_schedule == REPORT_WEEKLY ? WEEK_US : G_TIME_SPAN_DAY;
}

gint64
report_next_by_us(const Site *site, gint64 to_us)
{
	return site->report_schedule == REPORT_OFF ? G_MAXINT64 : to_us + report_interval_us(site) + GRACE_US;
}

gboolean
report_is_quiet(const Report *report)
{
	for (guint verdict = 0; verdict < TALLY_VERDICTS; verdict++)
		if (verdict != TALLY_ACCEPTED && verdict != TALLY_REPEATED && report->verdicts[verdict].now > 0)
			return FALSE;
	/* What is held is suspicious, whenever it came. */
	return report->suspicious_all == 0 && report->limited_all == 0 && report->replies_stopped.now == 0 &&
	       report->queue_waiting == 0 && report->queue_dead == 0 && report->queue_held == 0 && report->bounces.now == 0 &&
	       report->fuses->len == 0 && report->alarms->len == 0 && report->decisions.now == 0;
}
