/*
 * Reports that went to sites' owners: numbered by site without a gap, so that an owner sees when one is missing, and so does the next run. They stand in the ledger.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/db.h"

typedef struct {
	char *site;
	guint number;        /* from 1 */
	gint64 from_us;      /* what it is about: [from_us, to_us) */
	gint64 to_us;
	gint64 made_at_us;
	gint64 sent_at_us;   /* 0: no server has taken it */
	gint64 next_by_us;   /* when the one after it must have been sent */
} ReportRecord;
void report_record_free(ReportRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportRecord, report_record_free)

/* The newest of a site; *record is NULL if there was none. The caller's. */
gboolean reports_last(Db *ledger, const char *site, ReportRecord **record, GError **error);
/* Of those that a server took the one that reaches furthest: what was asked for of a day long ago comes before it. */
gboolean reports_last_sent(Db *ledger, const char *site, ReportRecord **record, GError **error);
/* Whether one that a server took is about all of the period of `wanted`. */
gboolean reports_is_covered(Db *ledger, const ReportRecord *wanted, gboolean *is_covered, GError **error);
/* Begins the next one of `record->site` with its period and next_by_us; number, made_at_us (now) and sent_at_us (0) are filled in. One that was made and not sent keeps its number and is begun anew with this period. */
gboolean reports_begin(Db *ledger, ReportRecord *record, GError **error);
gboolean reports_sent(Db *ledger, const char *site, guint number, GError **error);
/* Sites (char *, by name) whose next report should have been sent before `now_us`: by the next_by_us of reports_last_sent, or, if none ever was, of the one that was tried. Also sites that want
 * no report any more: whoever asks knows. Behind the name `after` ("": from the first), at most `limit`. NULL on error. */
GPtrArray *reports_missing(Db *ledger, gint64 now_us, const char *after, guint limit, GError **error);
/* What is older than LIMIT_REPORTS_US goes with ledger_purge (store/ledger.h), but never the newest of a site that was sent, nor what came after it. */
