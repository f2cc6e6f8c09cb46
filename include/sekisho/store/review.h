/*
 * What a review link opens. The courier (or the operator's command) writes a row: the submission's content key wrapped under the secret of its link (vault_grant); the front, which has no key
 * of its own to what it sealed earlier, opens just this one submission with the secret that a reader brings. The row goes when its time is over or a person has decided, and then an old link opens nothing.
 *
 * The link (base/vault.h, VAULT_LINK_REVIEW) carries as its payload: stage (1) | receipt (VAULT_RECEIPT_BYTES) | secret (VAULT_SECRET_BYTES).
 *
 * Text from outside: rows are input, and so is a press (store/presses.h), whose decision review_decision_read reads.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/store/db.h"
#include "sekisho/store/submissions.h"

/* Which mail the link stands in. Stored: never renumber. */
typedef enum {
	REVIEW_HELD = 1,   /* a note or report of what waits for a person: it may be released or discarded */
	REVIEW_PASSED = 2  /* a notice: its sender may be blocked */
} ReviewStage;

/* What the link says. */
typedef struct {
	ReviewStage stage;
	char receipt[VAULT_RECEIPT_BYTES + 1];
	guint8 secret[VAULT_SECRET_BYTES];
} ReviewClaim;
/* The payload of a link. The caller's. */
GBytes *review_payload(const ReviewClaim *claim);
/* FALSE if it is none. Wipe claim->secret after use. */
gboolean review_payload_read(GBytes *payload, ReviewClaim *claim);

/* --- Decisions ---------------------------------------------------------------------------------------------------- */

typedef enum { REVIEW_RELEASE, REVIEW_RELEASE_ALLOW, REVIEW_DISCARD, REVIEW_DISCARD_BLOCK, REVIEW_BLOCK } ReviewOrder;
/* What is blocked. */
typedef enum { REVIEW_ADDRESS, REVIEW_NETWORK, REVIEW_FINGERPRINT } ReviewSubject;
typedef struct {
	ReviewOrder order;
	ReviewSubject subject; /* of REVIEW_DISCARD_BLOCK and REVIEW_BLOCK; else not looked at */
} ReviewDecision;
/* "release", "release-allow", "discard", "discard-block-address", "block-network" ... Static. */
const char *review_decision_text(const ReviewDecision *decision);
/* FALSE for any other text. */
gboolean review_decision_read(const char *text, ReviewDecision *decision);
/* Whether the order belongs to the stage: BLOCK to REVIEW_PASSED, the others to REVIEW_HELD. So each ends the link by which it came. */
gboolean review_is_of_stage(const ReviewDecision *decision, ReviewStage stage);

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

typedef struct {
	gint64 submission_id;
	ReviewStage stage;
	guint8 secret[VAULT_SECRET_BYTES];
	gint64 expires_at_us;
} ReviewGrant;
/* Wraps the content key of each submission under the secret of its grant (ReviewGrant) and writes the rows, all in one transaction of its own; a row that is there is replaced, and lives as long as the longer
 * of both. A submission whose content was erased, or that somebody damaged, gets none, and that is no error. Needs VAULT_COURIER or VAULT_ADMIN. */
gboolean review_grant(Db *db, Vault *vault, const GArray *grants, GError **error);

/* What a link's row opens. */
typedef struct {
	SubmissionSummary *summary;
	Submission *submission;   /* NULL: there is no row any more, so `summary` alone can be told */
} Review;
void review_free(Review *review);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Review, review_free)
/* Opens the submission of the claim with its secret. Any role. STORE_ERROR_NOT_FOUND if there is no such submission of the site any more; BASE_ERROR_FORGED. */
Review *review_open(Db *db, const char *site, const ReviewClaim *claim, GError **error);
/* Whether a row of this stage stands, be its time over: a button that was pressed in time counts. */
gboolean review_stands(Db *db, gint64 submission_id, ReviewStage stage, gboolean *stands, GError **error);
/* A person has decided: the submission's rows of this stage and of what came before it go. */
gboolean review_end(Db *db, gint64 submission_id, ReviewStage stage, GError **error);
/* Removes up to `limit` whose time is over. How many, or -1. */
gint review_purge(Db *db, guint limit, GError **error);
