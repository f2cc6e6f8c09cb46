/*
 * Carrying out what a person decided about a submission: releasing, discarding, allowing, blocking. The one place for it, asked by the operator's command and by the courier for the buttons
 * of a review link.
 *
 * Each step has its own transaction; the order of steps is such that a crash between two leaves nothing half told: lists first, then the status, then what decision_conclude does.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/review.h"

typedef struct {
	const ReviewHouse *house;
	Config *config;
	const char *actor;  /* login name, or AUDIT_BY_LINK */
} DecisionMaker;

/* What was done, to be told. */
typedef struct {
	guint mails;         /* RELEASE: that are to be sent now */
	GPtrArray *listed;   /* char *: values that are on a list from now on */
	GPtrArray *remarks;  /* char *: English sentences for the operator: why nothing was listed, what else an entry stops */
	guint sharers;       /* FINGERPRINT: other submissions that the site accepted and keeps and that have it, */
	gboolean is_more;    /* and whether these are only the newest */
} DecisionResult;
void decision_result_clear(DecisionResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DecisionResult, decision_result_clear)

/* The end of each decision: the audit's line ("held.release", "held.discard-block-address"), the ledger's mark of the stage that was decided, and the end of the review's rows. For whoever finds a decision carried out whose
 * end a crash took. */
gboolean decision_conclude(const DecisionMaker *maker, const SubmissionSummary *summary, const ReviewDecision *decision, GError **error);

/* Whether this very decision was made before, by whomever; of one that is decided. */
gboolean decision_was_made(const ReviewHouse *house, const SubmissionSummary *summary, const ReviewDecision *decision, gboolean *was_made, GError **error);

/* `result` must be all zeros. STORE_ERROR_CONFLICT with a sentence if it cannot be done (released already, nobody would get its mail, content erased), STORE_ERROR_NOT_FOUND, errors of form and
 * site. A value that cannot stand on a list is a remark, and a conflict only of a REVIEW_BLOCK that blocks nothing. REVIEW_BLOCK of an accepted one also cancels those of its automatic mails that still wait. */
gboolean decision_apply(const DecisionMaker *maker, const SubmissionSummary *summary, const ReviewDecision *decision, DecisionResult *result, GError **error);
