/*
 * List entries in a report: which were met in the period and how often, and which never were. An entry for all sites is the operator's: to one owner of several it shows neither value nor
 * reason, which may name somebody who wrote to another site. No state.
 */
#include "report_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/list_entries.h"

/* Entries that are read at once. */
#define PAGE 1000u

/* Whether it is none of the reader's. */
static gboolean
is_others(const Collector *collector, const ListEntry *entry)
{
	return collector->request->hides_shared && *entry->site == '\0';
}

static ReportEntry *
entry_new(const Collector *collector, const ListEntry *entry, guint64 count)
{
	ReportEntry *shown = g_new0(ReportEntry, 1);

	shown->id = entry->id;
	shown->action = g_strdup(list_action_name(entry->action));
	shown->type = g_strdup(list_type_name(entry->type));
	shown->value = is_others(collector, entry) ? g_strdup("") : list_value_text(entry, collector->request->house->vault);
	shown->site = g_strdup(entry->site);
	shown->reason = g_strdup(is_others(collector, entry) ? "" : entry->reason);
	shown->count = count;
	shown->created_at_us = entry->created_at_us;
	return shown;
}

/* --- Those that were met ----------------------------------------------------------------------------------------------------- */

/* One that was removed since is not told of. */
static gboolean
add_hit(Collector *collector, const TallyRow *row, GError **error)
{
	gint64 id = g_ascii_strtoll(row->item, NULL, 10);
	const ListFilter filter = {.after_id = id - 1, .limit = 1};
	g_autoptr(GPtrArray) found = list_entries_find(collector->request->house->db, &filter, error);

	if (found == NULL)
		return FALSE;
	if (found->len == 1 && ((const ListEntry *)found->pdata[0])->id == id)
		g_ptr_array_add(collector->report->lists_hit, entry_new(collector, found->pdata[0], row->count));
	return TRUE;
}

static gboolean
collect_hits(Collector *collector, GError **error)
{
	g_autoptr(GPtrArray) rows =
	    tally_sums(collector->request->counters, &collector->now, TALLY_LIST, LIMIT_REPORT_ROWS, error);

	if (rows == NULL)
		return FALSE;
	for (guint i = 0; i < rows->len; i++)
		if (!add_hit(collector, rows->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* --- Those that never were ----------------------------------------------------------------------------------------------------- */

/* One that was made within the period had no time to be met. */
static gboolean
is_idle(const Collector *collector, const ListEntry *entry, GHashTable *hits)
{
	const char *site = collector->request->site;
	gboolean is_over = entry->expires_at_us != 0 && entry->expires_at_us <= clock_now_us();
	gboolean is_of_site =
	    site == NULL || (*entry->site == '\0' && !is_others(collector, entry)) || g_str_equal(entry->site, site);

	return is_of_site && !is_over && entry->created_at_us < collector->now.from_us &&
	       !g_hash_table_contains(hits, &entry->id);
}

/* *after_id: behind which the next page begins; stays as it is when there is none. FALSE on error. */
static gboolean
collect_idle_page(Collector *collector, GHashTable *hits, gint64 *after_id, GError **error)
{
	Report *report = collector->report;
	const ListFilter filter = {
	    .site = collector->request->hides_shared ? collector->request->site : NULL, .after_id = *after_id, .limit = PAGE};
	g_autoptr(GPtrArray) entries = list_entries_find(collector->request->house->db, &filter, error);

	for (guint i = 0; entries != NULL && i < entries->len; i++) {
		const ListEntry *entry = entries->pdata[i];
		*after_id = entry->id;
		if (!is_idle(collector, entry, hits))
			continue;
		/* Ids grow, so the first ones are the oldest. */
		if (++report->lists_idle_all <= LIMIT_REPORT_ROWS)
			g_ptr_array_add(report->lists_idle, entry_new(collector, entry, 0));
	}
	return entries != NULL;
}

static gboolean
collect_idle(Collector *collector, GError **error)
{
	g_autoptr(GHashTable) hits = counters_hits(collector->request->counters, error);
	gint64 after_id = -1, next_id = 0;

	if (hits == NULL)
		return FALSE;
	while (next_id != after_id) {
		after_id = next_id;
		if (!collect_idle_page(collector, hits, &next_id, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
report_collect_lists(Collector *collector, GError **error)
{
	return collect_hits(collector, error) && collect_idle(collector, error);
}
