/*
 * Review links: what they say, which decisions there are, and the rows that they open.
 *
 *   (none) -> granted: a mail carries the link -> ended: a person decided
 *                                              -> purged: its time is over
 *                                              -> gone with its submission
 *
 * A row is worth nothing without the secret of its link, and the secret nothing without the row. Public functions take their own transactions: do not call them inside one.
 */
#include "sekisho/store/review.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "store/statements.h"
#include "submissions_private.h"

#define PAYLOAD_BYTES (1u + VAULT_RECEIPT_BYTES + VAULT_SECRET_BYTES)

/* --- Links -------------------------------------------------------------------------------------------------------- */

GBytes *
review_payload(const ReviewClaim *claim)
{
	guint8 bytes[PAYLOAD_BYTES];
	g_assert(strlen(claim->receipt) == VAULT_RECEIPT_BYTES);
	bytes[0] = (guint8)claim->stage;
	memcpy(bytes + 1, claim->receipt, VAULT_RECEIPT_BYTES);
	memcpy(bytes + 1 + VAULT_RECEIPT_BYTES, claim->secret, VAULT_SECRET_BYTES);
	return g_bytes_new(bytes, sizeof bytes);
}

gboolean
review_payload_read(GBytes *payload, ReviewClaim *claim)
{
	gsize size = 0;
	const guint8 *bytes = g_bytes_get_data(payload, &size);
	if (size != PAYLOAD_BYTES || (bytes[0] != REVIEW_HELD && bytes[0] != REVIEW_PASSED))
		return FALSE;
	memcpy(claim->receipt, bytes + 1, VAULT_RECEIPT_BYTES);
	claim->receipt[VAULT_RECEIPT_BYTES] = '\0';
	if (!vault_is_receipt(claim->receipt))
		return FALSE;
	claim->stage = (ReviewStage)bytes[0];
	memcpy(claim->secret, bytes + 1 + VAULT_RECEIPT_BYTES, VAULT_SECRET_BYTES);
	return TRUE;
}

/* --- Decisions ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	ReviewDecision decision;
} decisions[] = {
    {"release", {.order = REVIEW_RELEASE}},
    {"release-allow", {.order = REVIEW_RELEASE_ALLOW}},
    {"discard", {.order = REVIEW_DISCARD}},
    {"discard-block-address", {REVIEW_DISCARD_BLOCK, REVIEW_ADDRESS}},
    {"discard-block-network", {REVIEW_DISCARD_BLOCK, REVIEW_NETWORK}},
    {"discard-block-fingerprint", {REVIEW_DISCARD_BLOCK, REVIEW_FINGERPRINT}},
    {"block-address", {REVIEW_BLOCK, REVIEW_ADDRESS}},
    {"block-network", {REVIEW_BLOCK, REVIEW_NETWORK}},
    {"block-fingerprint", {REVIEW_BLOCK, REVIEW_FINGERPRINT}},
};

static gboolean
has_subject(const ReviewDecision *decision)
{
	return decision->order == REVIEW_DISCARD_BLOCK || decision->order == REVIEW_BLOCK;
}

const char *
review_decision_text(const ReviewDecision *decision)
{
	for (gsize i = 0; i < G_N_ELEMENTS(decisions); i++)
		if (decisions[i].decision.order == decision->order &&
		    (!has_subject(decision) || decisions[i].decision.subject == decision->subject))
			return decisions[i].text;
	g_assert_not_reached();
}

gboolean
review_decision_read(const char *text, ReviewDecision *decision)
{
	for (gsize i = 0; i < G_N_ELEMENTS(decisions); i++) {
		if (strcmp(decisions[i].text, text) != 0)
			continue;
		*decision = decisions[i].decision;
		return TRUE;
	}
	return FALSE;
}

gboolean
review_is_of_stage(const ReviewDecision *decision, ReviewStage stage)
{
	return (decision->order == REVIEW_BLOCK) == (stage == REVIEW_PASSED);
}

/* --- Granting ------------------------------------------------------------------------------------------------------- */

/* What a submission's content is under, without the content. */
static SealedRow *
read_key(Db *db, gint64 id, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_REVIEW_SEALED_KEY, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "id", id);
	if (!statement_step(statement, &has_row, error))
		return NULL;
	if (!has_row) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "the content of the submission was erased");
		return NULL;
	}
	SealedRow *row = g_new0(SealedRow, 1);
	row->receipt = statement_text(statement, 0);
	row->site = statement_text(statement, 1);
	row->form_id = (guint64)statement_int(statement, 2);
	row->sealed = g_new0(VaultSealed, 1);
	row->sealed->epoch_id = statement_bytes(statement, 3);
	row->sealed->epoch_sealed = statement_bytes(statement, 4);
	row->sealed->wrapped_key = statement_bytes(statement, 5);
	statement_reset(statement);
	return row;
}

static gboolean
fail_damaged(GError **error)
{
	g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORGED, "the submission's row is damaged");
	return FALSE;
}

/* NULL with an error that has_no_key knows if there is no key to wrap. */
static GBytes *
wrap(Db *db, Vault *vault, const ReviewGrant *grant, GError **error)
{
	g_autoptr(SealedRow) row = read_key(db, grant->submission_id, error);
	if (!row)
		return NULL;
	if (!row->sealed->epoch_id || !row->sealed->epoch_sealed || !row->sealed->wrapped_key) {
		fail_damaged(error);
		return NULL;
	}
	g_autofree char *associated = submissions_associated(row->receipt, row->site, row->form_id);
	return vault_grant(vault, row->sealed, associated, grant->secret, error);
}

static gboolean
has_no_key(const GError *error)
{
	return error->domain == BASE_ERROR || g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

static gboolean
write_row(Db *db, const ReviewGrant *grant, GBytes *wrapped, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_REVIEW_GRANT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", grant->submission_id);
	statement_bind_int(statement, "stage", grant->stage);
	statement_bind_gbytes(statement, "wrapped", wrapped);
	statement_bind_int(statement, "expires_at", grant->expires_at_us);
	return statement_step(statement, NULL, error);
}

static gboolean
grant_in_transaction(Db *db, Vault *vault, const GArray *grants, GError **error)
{
	for (guint i = 0; i < grants->len; i++) {
		g_autoptr(GError) problem = NULL;
		const ReviewGrant *grant = &g_array_index(grants, ReviewGrant, i);
		g_autoptr(GBytes) wrapped = wrap(db, vault, grant, &problem);
		if (!wrapped && has_no_key(problem))
			continue;
		if (!wrapped) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		if (!write_row(db, grant, wrapped, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
review_grant(Db *db, Vault *vault, const GArray *grants, GError **error)
{
	if (grants->len == 0)
		return TRUE;
	return db_begin(db, error) && db_end(db, grant_in_transaction(db, vault, grants, error), error);
}

/* --- Opening -------------------------------------------------------------------------------------------------------- */

void
review_free(Review *review)
{
	if (!review)
		return;
	submission_summary_free(review->summary);
	submission_free(review->submission);
	g_free(review);
}

/* The granted key; NULL without an error if there is none. */
static gboolean
read_wrapped(Db *db, gint64 submission_id, ReviewStage stage, GBytes **wrapped, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_REVIEW_WRAPPED, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "stage", stage);
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*wrapped = has_row ? statement_bytes(statement, 0) : NULL;
	statement_reset(statement);
	return TRUE;
}

static Submission *
open_granted(Db *db, gint64 id, GBytes *wrapped, const ReviewClaim *claim, GError **error)
{
	g_autoptr(SealedRow) row = sealed_row_read(db, id, error);
	if (!row)
		return NULL;
	g_autofree char *associated = submissions_associated(row->receipt, row->site, row->form_id);
	g_autoptr(GBytes) bytes = vault_granted_open(row->sealed->content, wrapped, associated, claim->secret, error);
	return bytes ? sealed_row_submission(row, bytes, error) : NULL;
}

Review *
review_open(Db *db, const char *site, const ReviewClaim *claim, GError **error)
{
	g_autoptr(Review) review = g_new0(Review, 1);
	g_autoptr(GBytes) wrapped = NULL;
	g_autoptr(GError) problem = NULL;
	review->summary = submissions_find(db, claim->receipt, error);
	if (!review->summary)
		return NULL;
	/* Whoever may write rows writes longer receipts, and other sites'. */
	if (strcmp(review->summary->receipt, claim->receipt) != 0 || strcmp(review->summary->site, site) != 0) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "There is no such submission of this site.");
		return NULL;
	}
	if (!read_wrapped(db, review->summary->id, claim->stage, &wrapped, error))
		return NULL;
	if (wrapped)
		review->submission = open_granted(db, review->summary->id, wrapped, claim, &problem);
	/* Erased meanwhile is as good as ended. */
	if (problem && !g_error_matches(problem, STORE_ERROR, STORE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return g_steal_pointer(&review);
}

gboolean
review_stands(Db *db, gint64 submission_id, ReviewStage stage, gboolean *stands, GError **error)
{
	gint64 number = 0;
	Statement *statement = db_statement(db, STATEMENT_REVIEW_STANDS, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "stage", stage);
	if (!statement_number(statement, 0, &number, error))
		return FALSE;
	*stands = number != 0;
	return TRUE;
}

/* --- Ending ---------------------------------------------------------------------------------------------------------- */

gboolean
review_end(Db *db, gint64 submission_id, ReviewStage stage, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_REVIEW_END, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", submission_id);
	statement_bind_int(statement, "stage", stage);
	return db_run(db, statement, error) >= 0;
}

gint
review_purge(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_REVIEW_PURGE, error);
	if (!statement)
		return -1;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	return db_run(db, statement, error);
}
