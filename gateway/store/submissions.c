/*
 * Submissions that are kept.
 *
 * A row is: kept (content sealed) -> erased (do_not_store: nothing needs it any more; the row stays as evidence that
 * something came) -> purged (past its retention). A kept row may be purged directly. Waiting mails hold a row back: they need
 * the courier first, and outbox_end_overdue ends those that nobody can send. What the gate made of a submission, and a person of that, moves in held.c. The epoch's row goes with the last submission that names it. Its uploaded files are released with the content and removed
 * by spool_remove_released soon after (store/spool.h).
 *
 * Functions of the public header take their own transactions and must not be called inside one; those of
 * submissions_private.h want one.
 */
#include "sekisho/store/submissions.h"

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"
#include "submissions_private.h"

char *
submissions_associated(const char *receipt, const char *site, guint64 form_id)
{
	/* The receipt has no "|" and the number neither, so no two rows give the same text. */
	return g_strdup_printf("%s|%s|%" G_GUINT64_FORMAT, receipt, site, form_id);
}

const char *
submission_status_name(SubmissionStatus status)
{
	switch (status) {
	case SUBMISSION_ACCEPTED:
		return "accepted";
	case SUBMISSION_HELD:
		return "held";
	case SUBMISSION_REJECTED:
		return "rejected";
	case SUBMISSION_RELEASED:
		return "released";
	case SUBMISSION_DISCARDED:
		return "discarded";
	default:
		/* Who can write rows can write any number. */
		return "unknown";
	}
}

void
submission_summary_free(SubmissionSummary *summary)
{
	if (!summary)
		return;
	g_free(summary->receipt);
	g_free(summary->site);
	g_free(summary);
}

/* --- Finding ------------------------------------------------------------------------------------------------------ */

static SubmissionSummary *
read_summary(Statement *statement)
{
	SubmissionSummary *summary = g_new0(SubmissionSummary, 1);
	summary->id = statement_int(statement, 0);
	summary->receipt = statement_text(statement, 1);
	summary->site = statement_text(statement, 2);
	summary->form_id = (guint64)statement_int(statement, 3);
	summary->received_at_us = statement_int(statement, 4);
	summary->purge_at_us = statement_int(statement, 5);
	summary->status = (SubmissionStatus)statement_int(statement, 6);
	summary->is_erased = statement_int(statement, 7) != 0;
	summary->mails_waiting = (guint)statement_int(statement, 8);
	summary->mails_sent = (guint)statement_int(statement, 9);
	summary->mails_dead = (guint)statement_int(statement, 10);
	summary->mails_refused = (guint)statement_int(statement, 11);
	summary->mails_held = (guint)statement_int(statement, 12);
	summary->mails_returned = (guint)statement_int(statement, 13);
	return summary;
}

GPtrArray *
submissions_summaries(Db *db, const GArray *ids, GError **error)
{
	g_autoptr(GPtrArray) summaries = g_ptr_array_new_with_free_func((GDestroyNotify)submission_summary_free);
	for (guint i = 0; i < ids->len; i++) {
		Statement *statement = db_statement(db, STATEMENT_SUBMISSION_SUMMARY, error);
		if (!statement)
			return NULL;
		statement_bind_int(statement, "id", g_array_index(ids, gint64, i));
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (has_row)
			g_ptr_array_add(summaries, read_summary(statement));
		statement_reset(statement);
	}
	return g_steal_pointer(&summaries);
}

GPtrArray *
submissions_list(Db *db, const char *site, guint limit, GError **error)
{
	Statement *statement = db_statement(db, site ? STATEMENT_SUBMISSION_LIST_OF_SITE : STATEMENT_SUBMISSION_LIST, error);
	if (!statement)
		return NULL;
	if (site)
		statement_bind_text(statement, "site", site);
	statement_bind_int(statement, "limit", limit);
	g_autoptr(GArray) ids = statement_ids(statement, error);
	return ids ? submissions_summaries(db, ids, error) : NULL;
}

static SubmissionSummary *
not_found(GError **error)
{
	g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
	    "There is no submission with that receipt; `sekisho submissions` lists them.");
	return NULL;
}

SubmissionSummary *
submissions_find(Db *db, const char *receipt, GError **error)
{
	g_autofree char *beginning = g_ascii_strup(receipt, -1);
	if (!*beginning)
		return not_found(error);
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_LIST_OF_RECEIPT, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "beginning", beginning);
	g_autoptr(GArray) ids = statement_ids(statement, error);
	g_autoptr(GPtrArray) summaries = ids ? submissions_summaries(db, ids, error) : NULL;
	if (!summaries)
		return NULL;
	if (summaries->len == 0)
		return not_found(error);
	if (summaries->len > 1) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT, "More than one receipt begins so; give more of it.");
		return NULL;
	}
	return g_ptr_array_steal_index(summaries, 0);
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

void
sealed_row_free(SealedRow *row)
{
	g_free(row->receipt);
	g_free(row->site);
	vault_sealed_free(row->sealed);
	g_free(row);
}

SealedRow *
sealed_row_read(Db *db, gint64 id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_SEALED, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "id", id);
	statement_bind_int(statement, "content_limit", LIMIT_STORED_CONTENT_BYTES);
	gboolean has_row = FALSE;
	if (!statement_step(statement, &has_row, error))
		return NULL;
	if (!has_row) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "There is no such submission, or its content was erased as its form demands.");
		return NULL;
	}
	g_autoptr(SealedRow) row = g_new0(SealedRow, 1);
	row->receipt = statement_text(statement, 0);
	row->site = statement_text(statement, 1);
	row->form_id = (guint64)statement_int(statement, 2);
	row->is_released = statement_int(statement, 3) != 0;
	row->sealed = g_new0(VaultSealed, 1);
	row->sealed->epoch_id = statement_bytes(statement, 4);
	row->sealed->epoch_sealed = statement_bytes(statement, 5);
	row->sealed->wrapped_key = statement_bytes(statement, 6);
	row->sealed->content = statement_bytes(statement, 7);
	statement_reset(statement);
	/* The statement measures the parts and does not read those that are too large: who can write rows must not fill our memory. */
	const VaultSealed *sealed = row->sealed;
	if (!sealed->epoch_id || !sealed->epoch_sealed || !sealed->wrapped_key || !sealed->content) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_FORGED,
		    "the stored submission %s is damaged: a part of it is larger than any that we store", row->receipt);
		return NULL;
	}
	return g_steal_pointer(&row);
}

Submission *
sealed_row_submission(const SealedRow *row, GBytes *bytes, GError **error)
{
	g_autoptr(GError) broken = NULL;
	Submission *submission = submission_from_bytes(row->receipt, row->site, row->form_id, bytes, &broken);
	/* The bytes are ours and yet no submission: nothing that somebody configured will mend them. */
	if (!submission)
		g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORGED, broken->message);
	else
		submission->is_released = row->is_released;
	return submission;
}

Submission *
submissions_open(Db *db, Vault *vault, gint64 id, GError **error)
{
	g_autoptr(SealedRow) row = sealed_row_read(db, id, error);
	if (!row)
		return NULL;
	g_autofree char *associated = submissions_associated(row->receipt, row->site, row->form_id);
	g_autoptr(GBytes) bytes = vault_unseal(vault, row->sealed, associated, error);
	return bytes ? sealed_row_submission(row, bytes, error) : NULL;
}

/* --- Ending ------------------------------------------------------------------------------------------------------- */

/* Runs a statement whose only parameter is a row's id. */
static gboolean
run_on_id(Db *db, guint statement_id, gint64 id, GError **error)
{
	Statement *statement = db_statement(db, statement_id, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	return statement_step(statement, NULL, error);
}

/* Removes the epoch if that was its last submission. NULL: nothing to remove. */
static gboolean
release_epoch(Db *db, GBytes *epoch_id, GError **error)
{
	if (!epoch_id)
		return TRUE;
	Statement *statement = db_statement(db, STATEMENT_EPOCH_RELEASE, error);
	if (!statement)
		return FALSE;
	gsize size = 0;
	gconstpointer bytes = g_bytes_get_data(epoch_id, &size);
	statement_bind_bytes(statement, "id", bytes, size);
	return statement_step(statement, NULL, error);
}

gboolean
submissions_erase_settled(Db *db, gint64 id, gboolean *is_erased, GError **error)
{
	*is_erased = FALSE;
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_ERASABLE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	gboolean has_row = FALSE;
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	g_autoptr(GBytes) epoch_id = statement_bytes(statement, 0);
	statement_reset(statement);
	*is_erased = TRUE;
	return run_on_id(db, STATEMENT_SUBMISSION_ERASE, id, error) && run_on_id(db, STATEMENT_REVIEW_END, id, error) &&
	       run_on_id(db, STATEMENT_SPOOL_RELEASE, id, error) && release_epoch(db, epoch_id, error);
}

typedef struct {
	gint64 id;
	GBytes *epoch_id;
	guint dead_mails;
} Purgeable;

static void
purgeable_clear(gpointer data)
{
	Purgeable *purgeable = data;
	g_clear_pointer(&purgeable->epoch_id, g_bytes_unref);
}

static GArray *
read_purgeable(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_PURGEABLE, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Purgeable));
	g_array_set_clear_func(rows, purgeable_clear);
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&rows);
		Purgeable row = {statement_int(statement, 0), statement_bytes(statement, 1), (guint)statement_int(statement, 2)};
		g_array_append_val(rows, row);
	}
}

GPtrArray *
submissions_losses(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_LOSSES, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	g_autoptr(GPtrArray) sites = g_ptr_array_new_with_free_func(g_free);
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&sites);
		g_ptr_array_add(sites, statement_text(statement, 0));
	}
}

static gboolean
shrink_file(Db *db, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SUBMISSION_SHRINK_FILE, error);
	/* It frees one page a step and has nothing to say. */
	g_autoptr(GArray) nothing = statement ? statement_ids(statement, error) : NULL;
	return nothing != NULL;
}

/* Outbox and deliveries go with their submission (ON DELETE CASCADE); its files are released (ON DELETE SET NULL). */
static gint
purge_in_transaction(Db *db, guint limit, guint *dead_mails, GError **error)
{
	g_autoptr(GArray) rows = read_purgeable(db, limit, error);
	if (!rows)
		return -1;
	for (guint i = 0; i < rows->len; i++) {
		const Purgeable *row = &g_array_index(rows, Purgeable, i);
		if (!run_on_id(db, STATEMENT_SUBMISSION_DELETE, row->id, error) || !release_epoch(db, row->epoch_id, error))
			return -1;
		*dead_mails += row->dead_mails;
	}
	return shrink_file(db, error) ? (gint)rows->len : -1;
}

gint
submissions_purge(Db *db, guint limit, guint *dead_mails, GError **error)
{
	guint dead = 0;
	if (!db_begin(db, error))
		return -1;
	gint count = purge_in_transaction(db, limit, &dead, error);
	if (!db_end(db, count >= 0, error))
		return -1;
	if (count < (gint)limit)
		db_scrub(db);
	if (dead_mails)
		*dead_mails = dead;
	return count;
}

gboolean
submissions_find_repeated(Db *db, const VaultHash *key, char **receipt, SubmissionStatus *status, GError **error)
{
	gboolean has_row = FALSE;
	*receipt = NULL;
	Statement *statement = db_statement(db, STATEMENT_REPETITION_FIND, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "key", key->bytes, sizeof key->bytes);
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	*receipt = statement_text(statement, 0);
	*status = (SubmissionStatus)statement_int(statement, 1);
	statement_reset(statement);
	return TRUE;
}

gint
submissions_purge_repetitions(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_REPETITION_PURGE, error);
	if (!statement)
		return -1;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	return db_run(db, statement, error);
}
