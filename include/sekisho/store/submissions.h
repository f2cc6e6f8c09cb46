/*
 * Submissions that are kept: finding, opening, ending them. Receipt and site come from the database and may be a stranger's
 * text if the front was taken over: valid UTF-8, but escape them for a terminal.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/store/db.h"

/* Stored: never renumber. */
typedef enum {
	SUBMISSION_ACCEPTED = 1,
	SUBMISSION_HELD = 2,      /* a person will look; no mail but the owner's note */
	SUBMISSION_REJECTED = 3,  /* refused by a list or for its content, and kept for a while, because a check may be wrong */
	SUBMISSION_RELEASED = 4,  /* held or rejected, and then let through by a person */
	SUBMISSION_DISCARDED = 5  /* ... or thrown away by one */
} SubmissionStatus;
/* "accepted", "held", "rejected", "released", "discarded". Static. */
const char *submission_status_name(SubmissionStatus status);

typedef struct {
	gint64 id;
	char *receipt;
	char *site;
	guint64 form_id;
	gint64 received_at_us;
	gint64 purge_at_us;
	SubmissionStatus status;
	gboolean is_erased;      /* its content is gone (do_not_store, retention) */
	guint mails_waiting;     /* deliveries queued, leased or deferred */
	guint mails_sent;
	guint mails_dead;        /* given up */
	guint mails_held;        /* held back by a person */
	guint mails_returned;    /* came back, and no person cancelled it then */
	guint mails_refused;
} SubmissionSummary;
void submission_summary_free(SubmissionSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SubmissionSummary, submission_summary_free)

/* Newest first. `site` NULL: all. */
GPtrArray *submissions_list(Db *db, const char *site, guint limit, GError **error);
/* By receipt or by a beginning of one that is unambiguous (case ignored). STORE_ERROR_NOT_FOUND, STORE_ERROR_CONFLICT (several). */
SubmissionSummary *submissions_find(Db *db, const char *receipt, GError **error);
/* Opens the sealed content. STORE_ERROR_NOT_FOUND if it was erased; BASE_ERROR_KEY, BASE_ERROR_FORGED (so is what has content above
 * LIMIT_STORED_CONTENT_BYTES or keys larger than ours, which are not read). */
Submission *submissions_open(Db *db, Vault *vault, gint64 id, GError **error);
/* Retention: removes submissions past purge_at whose mails have all settled or were given up (waiting ones stay; see outbox_end_overdue), and epochs that nothing names. One call is one transaction of at most `limit` submissions (64 is some milliseconds), so that
 * none is held long: call again while it returns `limit`. Returns how many, -1 on error; `dead_mails` (may be NULL) how many given-up mails
 * went with them. */
gint submissions_purge(Db *db, guint limit, guint *dead_mails, GError **error);
/* Sites (char *) of submissions that submissions_purge would remove now although a notice, or the note about what is held, was given up or is held back by a person: somebody must be told before.
 * NULL on error. */
GPtrArray *submissions_losses(Db *db, guint limit, GError **error);
/* Forgets up to `limit` keys of repetitions whose time is over. How many, or -1. */
gint submissions_purge_repetitions(Db *db, guint limit, GError **error);
