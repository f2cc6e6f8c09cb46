/*
 * The report's numbers of mails. What the canary is mailed is left out: a test of ours is nobody's news. No state.
 */
#include <string.h>

#include "courier_parts.h"
#include "report_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/figures.h"
#include "sekisho/store/outbox.h"
#include "sekisho/wire/address.h"

/* --- The canary's address -------------------------------------------------------------------------------------------------- */

static void
add_canary(const Collector *collector, const Site *site, GHashTable *hashes)
{
	const char *address = site == NULL ? "" : site->facts->canary_address;
	g_autofree char *canonical = *address == '\0' ? NULL : address_canonical(address);

	if (canonical == NULL)
		return;
	g_autoptr(GArray) own = vault_hashes(collector->request->house->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical));
	for (guint i = 0; i < own->len; i++)
		g_hash_table_add(hashes, g_memdup2(&g_array_index(own, VaultHash, i), sizeof(VaultHash)));
}

/* Of its site, or of all; sites that cannot be read have none. Hashes of their canaries' addresses (VaultHash, a set), and the shortest time for which submissions are kept. The caller's; NULL on error. */
static GHashTable *
ask_sites(const Collector *collector, gint64 *retention_us, GError **error)
{
	g_autoptr(GHashTable) hashes = g_hash_table_new_full(counters_key_hash, counters_key_equal, g_free, NULL);

	*retention_us = collector->site != NULL ? collector->site->retention_us : G_MAXINT64 / 2;
	if (collector->site != NULL) {
		add_canary(collector, collector->site, hashes);
		return g_steal_pointer(&hashes);
	}
	g_autoptr(GPtrArray) names = config_site_names(collector->request->config, error);
	if (names == NULL)
		return NULL;
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(Site) site = config_site(collector->request->config, names->pdata[i], NULL);
		add_canary(collector, site, hashes);
		if (site != NULL)
			*retention_us = MIN(*retention_us, site->retention_us);
	}
	return g_steal_pointer(&hashes);
}

/* --- What is kept ----------------------------------------------------------------------------------------------------------- */

/* What is refused for good is kept for a shorter time, but no mail is promised for it. */
static void
find_kept(Collector *collector, gint64 retention_us)
{
	Report *report = collector->report;
	const gint64 since_us = clock_now_us() - retention_us;

	report->kept_since_us = since_us > collector->now.from_us ? since_us : 0;
	report->is_before_gone = since_us > collector->before.from_us;
}

/* --- What went, and what came back --------------------------------------------------------------------------------------------- */

static void
add(ReportCount *sum, ReportCount count)
{
	sum->now += count.now;
	sum->before += count.before;
}

static void
count_mail(Report *report, const FiguresMail *mail, ReportCount count)
{
	if (mail->is_bounce) {
		add(&report->bounces, count);
		report_add_reason(report->bounce_reasons, mail->reason, count);
	} else if (mail->kind == MAIL_NOTICE) {
		add(&report->notices_sent, count);
	} else if (mail->kind == MAIL_REPLY || mail->kind == MAIL_COPY) {
		add(&report->replies_sent, count);
	}
}

static ReportCount
counted(guint64 count, gboolean is_before)
{
	return (ReportCount){.now = is_before ? 0 : count, .before = is_before ? count : 0};
}

static gboolean
collect_period(Collector *collector, gboolean is_before, GHashTable *canary, GError **error)
{
	Report *report = collector->report;
	Db *db = collector->request->house->db;
	const TallyPeriod *period = is_before ? &collector->before : &collector->now;
	g_autoptr(GPtrArray) mails = figures_mails(db, period, canary, error);
	g_autoptr(GPtrArray) stopped = mails == NULL ? NULL : figures_stopped(db, period, error);

	if (stopped == NULL)
		return FALSE;
	for (guint i = 0; i < mails->len; i++) {
		const FiguresMail *mail = mails->pdata[i];
		count_mail(report, mail, counted(mail->count, is_before));
	}
	for (guint i = 0; i < stopped->len; i++) {
		const FiguresStop *stop = stopped->pdata[i];
		const ReportCount count = counted(stop->count, is_before);
		add(&report->replies_stopped, count);
		report_add_reason(report->replies_reasons, stop->reason, count);
	}
	return TRUE;
}

/* --- What waits -------------------------------------------------------------------------------------------------------------------- */

/* A reply whose address is not confirmed waits for its visitor, for ever mostly: nothing that an owner should look after. */
static void
count_waiting(Report *report, const FiguresQueued *queued)
{
	if (queued->state != DELIVERY_DEAD && strcmp(queued->reason, AUTOMATIC_CONSENT) == 0)
		return;
	if (queued->state != DELIVERY_DEAD) {
		report->queue_waiting += (guint)queued->count;
		report->queue_oldest_us =
		    report->queue_oldest_us == 0 ? queued->oldest_us : MIN(report->queue_oldest_us, queued->oldest_us);
	} else if (strcmp(queued->reason, OUTBOX_HOLD) == 0) {
		report->queue_held += (guint)queued->count;
	} else {
		report->queue_dead += (guint)queued->count;
		report_add_reason(report->dead_reasons, queued->reason, (ReportCount){.now = queued->count});
	}
}

static gboolean
collect_queue(Collector *collector, GError **error)
{
	g_autoptr(GPtrArray) all = figures_queue(collector->request->house->db, collector->request->site, error);

	for (guint i = 0; all != NULL && i < all->len; i++)
		count_waiting(collector->report, all->pdata[i]);
	return all != NULL;
}

gboolean
report_collect_mails(Collector *collector, GError **error)
{
	Report *report = collector->report;
	gint64 retention_us = 0;
	g_autoptr(GHashTable) canary = ask_sites(collector, &retention_us, error);

	if (canary == NULL)
		return FALSE;
	find_kept(collector, retention_us);
	const gboolean is_compared = report->is_before_known && !report->is_before_gone;
	if (!collect_period(collector, FALSE, canary, error) ||
	    (is_compared && !collect_period(collector, TRUE, canary, error)) || !collect_queue(collector, error))
		return FALSE;
	report_order_reasons(report->replies_reasons);
	report_order_reasons(report->bounce_reasons);
	report_order_reasons(report->dead_reasons);
	return TRUE;
}
