/*
 * Submissions as a person looks for them: by site, form, time, status and where they came from. What a visitor typed is sealed, so it cannot be looked for here.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/submissions.h"

/* What is 0 or NULL stands for any. */
typedef struct {
	const char *site;
	guint64 form_id;
	gint64 since_us;        /* received at or after */
	gint64 before_us;       /* received before */
	guint statuses;         /* a bit for each: 1u << SubmissionStatus */
	const GArray *ips;      /* VaultHash, of one address under all keys (vault_hashes); without any, nothing fits */
	const GArray *networks; /* likewise, of the network that network_of gives */
} BrowseFilter;

/* The statuses that browse_tally counts. */
#define BROWSE_STANDING (1u << SUBMISSION_HELD | 1u << SUBMISSION_REJECTED)

/* At most `limit` SubmissionSummary *, newest first. NULL on error. The caller's. */
GPtrArray *browse_list(Db *db, const BrowseFilter *filter, guint limit, GError **error);
/* How many fit, and when the oldest was received (0: none). Of what is held or was refused alone: `statuses` must be some of BROWSE_STANDING. */
gboolean browse_tally(Db *db, const BrowseFilter *filter, guint *count, gint64 *oldest_at_us, GError **error);
