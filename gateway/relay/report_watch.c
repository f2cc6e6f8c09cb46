/*
 * Reports that should have gone to a site's owner and did not, because no timer runs `sekisho report --mail` any more or no server takes the mail: their sites' alarm `report`. The courier
 * looks, because it is what runs in any case. No state but when it looks next.
 */
#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/relay/report.h"
#include "sekisho/store/reports.h"

#define TOPIC "report"
#define LOOK_US G_TIME_SPAN_HOUR

/* TRUE if it was told. A site that is gone, or wants no reports any more, misses none; nor does one that was promised them more often than it is now. */
static gboolean
tell(Courier *courier, const char *name)
{
	g_autoptr(Site) site = config_site(courier->settings->config, name, NULL);
	g_autoptr(ReportRecord) last = NULL;

	if (site == NULL || site->report_schedule == REPORT_OFF || !reports_last_sent(courier->ledger, name, &last, NULL) ||
	    (last != NULL && report_next_by_us(site, last->to_us) >= clock_now_us()))
		return FALSE;
	(void)alarm_raise_for(courier, name, TOPIC);
	return TRUE;
}

/* Of those behind `after`; *told grows. The last of them, or NULL if there are no more. The caller's. */
static char *
tell_some(Courier *courier, const char *after, guint *told)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sites = reports_missing(courier->ledger, clock_now_us(), after, LIMIT_ALARMS, &error);

	if (sites == NULL)
		log_error(LOG_STORE_FAILED, error, "consequence", "nobody is told that a report is missing", NULL);
	for (guint i = 0; sites != NULL && i < sites->len; i++)
		*told += tell(courier, sites->pdata[i]);
	return sites == NULL || sites->len < LIMIT_ALARMS ? NULL : g_strdup(sites->pdata[sites->len - 1]);
}

void
report_watch(Courier *courier)
{
	g_autofree char *after = g_strdup("");
	guint told = 0;
	gint64 now_us = g_get_monotonic_time();

	if (now_us < courier->report_look_at_us)
		return;
	courier->report_look_at_us = now_us + LOOK_US;
	/* Where that many are missing, it is not the matter of one site. */
	while (after != NULL && told < LIMIT_ALARMS) {
		char *last = tell_some(courier, after, &told);
		g_free(after);
		after = last;
	}
}
