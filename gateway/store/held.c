/*
 * What the gate held or refused, and what a person makes of it.
 *
 *   held      -> released | discarded | accepted (by the gateway itself: journal_release_new)
 *   rejected  -> released | discarded
 *   discarded -> released
 *
 * Each move is decided inside its transaction, so of two people who release at once one gets the sentence that it was released. A row without a verdict, or an accepted one, is none of
 * ours. Public functions take their own transactions.
 */
#include "sekisho/store/held.h"

#include "outbox_private.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"
#include "submissions_private.h"

typedef struct {
	SubmissionStatus status;
	gboolean is_erased;
} Standing;

static gboolean
conflict(const char *sentence, GError **error)
{
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_CONFLICT, sentence);
	return FALSE;
}

static Statement *
statement_on_id(Db *db, guint statement_id, gint64 id, GError **error)
{
	Statement *statement = db_statement(db, statement_id, error);
	if (statement)
		statement_bind_int(statement, "id", id);
	return statement;
}

/* How long it is kept. */
static gboolean
change_end(Db *db, guint statement_id, gint64 id, gint64 purge_at_us, GError **error)
{
	Statement *statement = statement_on_id(db, statement_id, id, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "purge_at", purge_at_us);
	return statement_step(statement, NULL, error);
}

static gboolean
read_standing(Db *db, gint64 id, Standing *standing, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = statement_on_id(db, STATEMENT_HELD_STANDING, id, error);
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
		    "There is no such submission any more; `sekisho held list` lists what is held.");
		return FALSE;
	}
	standing->status = (SubmissionStatus)statement_int(statement, 0);
	standing->is_erased = statement_int(statement, 1) != 0;
	statement_reset(statement);
	return TRUE;
}

/* --- Releasing --------------------------------------------------------------------------------------------------------- */

static gboolean
check_releasable(const Standing *standing, GError **error)
{
	if (standing->status == SUBMISSION_ACCEPTED)
		return conflict("This submission is not held: its mails were promised when it was accepted.", error);
	if (standing->status == SUBMISSION_RELEASED)
		return conflict("This submission was released already.", error);
	if (standing->is_erased)
		return conflict("The content of this submission was erased, so there is nothing left to release.", error);
	return TRUE;
}

/* The stories of its mails begin with who let them go. */
static gboolean
note_release(Db *db, gint64 id, const char *actor, GError **error)
{
	g_autoptr(GPtrArray) items = outbox_of_submission(db, id, error);
	gboolean is_good = items != NULL;
	for (guint i = 0; is_good && i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		for (guint k = 0; is_good && item->kind != MAIL_HELD && k < item->deliveries->len; k++) {
			const Delivery *delivery = g_ptr_array_index(item->deliveries, k);
			const EventLine line = {
			    .delivery_id = delivery->id, .kind = EVENT_RELEASED, .state = delivery->state, .actor = actor};
			is_good = outbox_note(db, &line, error);
		}
	}
	return is_good;
}

static gboolean
release_in_transaction(Db *db, gint64 id, const GPtrArray *planned, const char *actor, gboolean *is_erased, GError **error)
{
	Standing standing = {0};
	if (!read_standing(db, id, &standing, error) || !check_releasable(&standing, error))
		return FALSE;
	Statement *statement = statement_on_id(db, STATEMENT_VERDICT_RELEASE, id, error);
	return statement && statement_step(statement, NULL, error) && outbox_promise(db, id, planned, error) &&
	       note_release(db, id, actor, error) && submissions_erase_settled(db, id, is_erased, error);
}

gboolean
held_release(Db *db, gint64 submission_id, const GPtrArray *planned, gint64 purge_at_us, const char *actor, GError **error)
{
	gboolean is_erased = FALSE;
	if (!db_begin(db, error))
		return FALSE;
	const gboolean is_good = change_end(db, STATEMENT_HELD_END_LATER, submission_id, purge_at_us, error) &&
				 release_in_transaction(db, submission_id, planned, actor, &is_erased, error);
	if (!db_end(db, is_good, error))
		return FALSE;
	if (is_erased)
		db_scrub(db);
	return TRUE;
}

/* --- Discarding -------------------------------------------------------------------------------------------------------- */

static gboolean
check_discardable(const Standing *standing, GError **error)
{
	switch (standing->status) {
	case SUBMISSION_HELD:
	case SUBMISSION_REJECTED:
		return TRUE;
	case SUBMISSION_DISCARDED:
		return conflict("This submission was discarded already.", error);
	case SUBMISSION_RELEASED:
		return conflict(
		    "This submission was released, and its mails are on their way; `sekisho queue` shows them.", error);
	case SUBMISSION_ACCEPTED:
	default:
		return conflict("This submission is not held; `sekisho held list` lists what is.", error);
	}
}

static gboolean
discard_in_transaction(Db *db, gint64 id, gint64 purge_at_us, gboolean *is_erased, GError **error)
{
	Standing standing = {0};
	if (!read_standing(db, id, &standing, error) || !check_discardable(&standing, error))
		return FALSE;
	Statement *statement = statement_on_id(db, STATEMENT_VERDICT_CHANGE, id, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "status", SUBMISSION_DISCARDED);
	return statement_step(statement, NULL, error) && change_end(db, STATEMENT_HELD_END_EARLIER, id, purge_at_us, error) &&
	       submissions_erase_settled(db, id, is_erased, error);
}

gboolean
held_discard(Db *db, gint64 submission_id, gint64 purge_at_us, GError **error)
{
	gboolean is_erased = FALSE;
	if (!db_begin(db, error))
		return FALSE;
	if (!db_end(db, discard_in_transaction(db, submission_id, purge_at_us, &is_erased, error), error))
		return FALSE;
	if (is_erased)
		db_scrub(db);
	return TRUE;
}

/* --- Looking ------------------------------------------------------------------------------------------------------------ */

GPtrArray *
held_list(Db *db, const HeldFilter *filter, GError **error)
{
	guint id = STATEMENT_HELD_LIST;
	if (filter->status > SUBMISSION_REJECTED)
		id = STATEMENT_HELD_LIST_DECIDED;
	else if (filter->site && filter->status != 0)
		id = STATEMENT_HELD_LIST_OF_SITE;
	Statement *statement = db_statement(db, id, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "site", filter->site);
	statement_bind_int(statement, "status", filter->status);
	statement_bind_int(statement, "since", filter->since_us);
	statement_bind_int(statement, "limit", filter->limit);
	g_autoptr(GArray) ids = statement_ids(statement, error);
	return ids ? submissions_summaries(db, ids, error) : NULL;
}

/* Runs a statement that counts and tells the oldest. */
static gboolean
read_tally(Statement *statement, guint *count, gint64 *oldest_at_us, GError **error)
{
	gboolean has_row = FALSE;
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*count = (guint)statement_int(statement, 0);
	*oldest_at_us = statement_int(statement, 1);
	statement_reset(statement);
	return TRUE;
}

gboolean
held_tally(Db *db, const HeldFilter *filter, guint *count, gint64 *oldest_at_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_HELD_TALLY, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "site", filter->site);
	statement_bind_int(statement, "status", filter->status);
	statement_bind_int(statement, "since", filter->since_us);
	return read_tally(statement, count, oldest_at_us, error);
}

gboolean
held_count(Db *db, const char *site, guint *count, gint64 *oldest_at_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_HELD_COUNT, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "site", site);
	return read_tally(statement, count, oldest_at_us, error);
}
