/*
 * What was held or refused, and what a person makes of it. Held and rejected ones may be released or discarded, and a discarded one may be released after all, while its content is
 * there; a released one stays that.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

/* Promises its mails (PlannedDelivery *) now: status becomes RELEASED, and it is kept until `purge_at_us`, if that is later than its own end. STORE_ERROR_CONFLICT with a sentence if it may not be released any more, STORE_ERROR_NOT_FOUND
 * if it is gone; nothing changed then. `actor` is the login name of who does it, for the mails' stories. Both take a transaction of their own. */
gboolean held_release(Db *db, gint64 submission_id, const GPtrArray *planned, gint64 purge_at_us, const char *actor, GError **error);
/* Status becomes DISCARDED; it stays as long as what is rejected does: until `purge_at_us`, if that is earlier than its own end. Errors as above. */
gboolean held_discard(Db *db, gint64 submission_id, gint64 purge_at_us, GError **error);

typedef struct {
	const char *site;         /* NULL: all */
	gint status;              /* SubmissionStatus but SUBMISSION_ACCEPTED; 0: held and rejected */
	gint64 since_us;          /* received at or after; 0: any */
	guint limit;
} HeldFilter;
/* SubmissionSummary *, newest first. NULL on error. The caller's. */
GPtrArray *held_list(Db *db, const HeldFilter *filter, GError **error);
/* How many held_list would list without its limit, and since when the oldest; 0 if there is none. `status` is SUBMISSION_HELD or SUBMISSION_REJECTED. */
gboolean held_tally(Db *db, const HeldFilter *filter, guint *count, gint64 *oldest_at_us, GError **error);
/* How many of a site are held now, and since when the oldest; 0 if none is. */
gboolean held_count(Db *db, const char *site, guint *count, gint64 *oldest_at_us, GError **error);
