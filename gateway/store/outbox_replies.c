/*
 * What the outbox does for replies alone: a confirmation joins a submission, and what waited for something goes on when that has happened. The states are those of
 * outbox.c, and so are the rules: a move names the state it comes from, and every public function takes its own transaction.
 */
#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

static gboolean
ensure_item(Db *db, gint64 submission_id, gint64 *id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_CONFIRMATION_ENSURE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, NULL, error))
		return FALSE;
	statement = db_statement(db, STATEMENT_OUTBOX_CONFIRMATION, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	return statement_number(statement, 0, id, error);
}

static gboolean
ensure_delivery(Db *db, gint64 outbox_id, const VaultHash *recipient, gboolean *is_new, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_ASK, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", outbox_id);
	statement_bind_bytes(statement, "recipient", recipient->bytes, sizeof recipient->bytes);
	statement_bind_int(statement, "now", clock_now_us());
	if (!statement_step(statement, NULL, error))
		return FALSE;
	*is_new = db_changes(db) > 0;
	return TRUE;
}

gboolean
outbox_add_confirmation(Db *db, gint64 submission_id, const VaultHash *recipient, gboolean *is_new, GError **error)
{
	gint64 id = 0;
	*is_new = FALSE;
	if (!db_begin(db, error))
		return FALSE;
	gboolean is_good = ensure_item(db, submission_id, &id, error) && ensure_delivery(db, id, recipient, is_new, error);
	return db_end(db, is_good, error);
}

gint
outbox_make_due(Db *db, const char *receipt, const char *reason, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_MAKE_DUE, error);
	if (!statement)
		return -1;
	statement_bind_text(statement, "receipt", receipt);
	statement_bind_text(statement, "reason", reason);
	statement_bind_int(statement, "now", clock_now_us());
	return db_run(db, statement, error);
}

gint
outbox_make_site_due(Db *db, const char *site, const char *reason, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_MAKE_SITE_DUE, error);
	if (!statement)
		return -1;
	statement_bind_text(statement, "site", site);
	statement_bind_text(statement, "reason", reason);
	statement_bind_int(statement, "limit", limit);
	statement_bind_int(statement, "now", clock_now_us());
	return db_run(db, statement, error);
}
