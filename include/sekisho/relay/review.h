/*
 * Review links: a person who reads a mail of ours may look at the submission that it tells of, and decide, with no other login than the mail. How the page works: front/review.c; why the
 * privilege wall still stands: gateway/README.md.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/store/review.h"

/* Whose links; all borrowed. */
typedef struct {
	Db *db;
	Db *ledger;
	Vault *vault;    /* VAULT_COURIER or VAULT_ADMIN */
	GArray *pending; /* ReviewGrant, to which new rows are appended for review_write; NULL: each row is written at once */
} ReviewHouse;

/* The link to a submission: its row is written, or waits in house->pending, and its URL is returned. *until_us (may be NULL) receives when it ends: LIMIT_REVIEW_US from the begin of this day (UTC), of a notice from
 * the begin of this week since its receipt, so that a mail that is tried again has the same link, and never later than the submission. NULL without an error if there is nothing to decide: its content was erased, a person has decided already, or it is of another stage. Who sees
 * the link has the submission: no log line may hold it. ASCII. Takes a transaction of its own. The caller's. */
char *review_link(const ReviewHouse *house, const Site *site, const SubmissionSummary *summary, ReviewStage stage, gint64 *until_us, GError **error);
/* Writes all rows that are pending in one transaction, and empties it; if that fails they stay pending. */
gboolean review_write(const ReviewHouse *house, GError **error);
/* Whether a person has decided about this stage of the submission: the ledger knows, which the front cannot write. */
gboolean review_is_decided(const ReviewHouse *house, const SubmissionSummary *summary, ReviewStage stage, gboolean *is_decided, GError **error);
/* A person has decided about this stage: the ledger remembers it as long as the submission may be kept, and its rows go. */
gboolean review_decide(const ReviewHouse *house, const SubmissionSummary *summary, ReviewStage stage, GError **error);
