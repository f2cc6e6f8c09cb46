/*
 * Mails are promised: the first rows of what outbox.c moves, written with the submission (journal_entry.c) or when it is released (held.c). Wants a transaction, so that nobody
 * sees the one without the other. Confirmations are never planned: the courier makes them.
 *
 * A note about what is held (MAIL_HELD) is promised only if none of its form waits, so that a flood of held ones makes one mail and not thousands. A transaction with the write lock decides
 * that; the courier leases a note before it looks at what is held, so whatever was committed until then is told, and whatever comes later finds the note leased and promises its own.
 */
#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

static gboolean
insert_outbox(Db *db, gint64 submission_id, MailKind kind, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "kind", kind);
	statement_bind_int(statement, "now", now_us);
	return statement_step(statement, NULL, error);
}

static gboolean
insert_delivery(Db *db, gint64 outbox_id, const PlannedDelivery *planned, gint64 now_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_INSERT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", outbox_id);
	statement_bind_bytes(statement, "recipient", planned->recipient.bytes, VAULT_HASH_BYTES);
	statement_bind_int(statement, "state", planned->is_refused ? DELIVERY_REFUSED : DELIVERY_QUEUED);
	statement_bind_int(statement, "now", now_us);
	statement_bind_text(statement, "reason", planned->is_refused ? planned->reason : NULL);
	return statement_step(statement, NULL, error);
}

/* --- Notes about what is held -------------------------------------------------------------------------------------- */

static gboolean
is_note_waiting(Db *db, gint64 submission_id, gint64 now_us, gboolean *is_waiting, GError **error)
{
	gint64 found = 0;
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_NOTE_WAITS, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "horizon", now_us + LIMIT_HELD_NOTE_US);
	if (!statement_number(statement, 0, &found, error))
		return FALSE;
	*is_waiting = found != 0;
	return TRUE;
}

static gboolean
remember_note(Db *db, gint64 submission_id, gint64 outbox_id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_NOTE_PROMISED, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "submission_id", submission_id);
	statement_bind_int(statement, "outbox_id", outbox_id);
	return statement_step(statement, NULL, error);
}

/* --- Promising ----------------------------------------------------------------------------------------------------- */

static gboolean
has_kind(const GPtrArray *planned_deliveries, MailKind kind)
{
	for (guint i = 0; i < planned_deliveries->len; i++)
		if (((const PlannedDelivery *)g_ptr_array_index(planned_deliveries, i))->kind == kind)
			return TRUE;
	return FALSE;
}

/* One mail, to all that are planned for its kind. */
static gboolean
promise_mail(Db *db, gint64 submission_id, MailKind kind, const GPtrArray *planned_deliveries, GError **error)
{
	const gint64 now_us = clock_now_us();
	if (!insert_outbox(db, submission_id, kind, now_us, error))
		return FALSE;
	const gint64 outbox_id = db_last_id(db);
	for (guint i = 0; i < planned_deliveries->len; i++) {
		const PlannedDelivery *planned = g_ptr_array_index(planned_deliveries, i);
		if (planned->kind == kind && !insert_delivery(db, outbox_id, planned, now_us, error))
			return FALSE;
	}
	return kind != MAIL_HELD || remember_note(db, submission_id, outbox_id, error);
}

gboolean
outbox_promise(Db *db, gint64 submission_id, const GPtrArray *planned_deliveries, GError **error)
{
	for (MailKind kind = MAIL_NOTICE; kind <= MAIL_KIND_LAST; kind++) {
		gboolean is_waiting = FALSE;
		if (!has_kind(planned_deliveries, kind))
			continue;
		if (kind == MAIL_HELD && !is_note_waiting(db, submission_id, clock_now_us(), &is_waiting, error))
			return FALSE;
		if (!is_waiting && !promise_mail(db, submission_id, kind, planned_deliveries, error))
			return FALSE;
	}
	return TRUE;
}
