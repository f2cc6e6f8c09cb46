/*
 * Which other kept submissions of a site came from the same sender, as far as their hashes tell: the same browser (fingerprint), the same network, the same address. What was stored under
 * an older key or, for browsers, an older salt does not compare equal and is not found.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/submissions.h"

typedef enum { RELATED_FINGERPRINT, RELATED_NETWORK, RELATED_IP } RelatedBy;
#define RELATED_KINDS 3u
/* "fingerprint", "network", "ip". Static. */
const char *related_name(RelatedBy by);

typedef struct {
	gboolean is_known; /* FALSE: nothing of that kind was stored of this submission */
	guint64 count;     /* of the others */
	GPtrArray *newest; /* SubmissionSummary *, newest first, at most LIMIT_RELATED_ROWS */
} Related;
void related_clear(Related *related);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Related, related_clear)

/* Fills in `related`, which must be all zeros. A submission that is not there is related to nothing. */
gboolean related_find(Db *db, gint64 submission_id, RelatedBy by, Related *related, GError **error);
