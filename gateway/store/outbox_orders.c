/*
 * What people order of mails: try again, cancel, hold. The states are those of outbox.c, and so are the rules: a move names the state it comes from, and every public function
 * takes its own transaction. An order is refused while a session holds the item, because its outcome would decide over the order. Each writes its line into the story of the deliveries
 * that it moves before it moves them, because afterwards nothing tells them from the others.
 */
#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "store/statements.h"
#include "submissions_private.h"

typedef struct {
	gint64 submission_id;
	gboolean is_content_kept;
	gboolean is_notice;
	gboolean is_overdue;
} Standing;

/* STORE_ERROR_NOT_FOUND; STORE_ERROR_CONFLICT while a session holds the item. */
static gboolean
read_standing(Db *db, gint64 id, Standing *standing, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_STANDING, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", id);
	statement_bind_int(statement, "now", clock_now_us());
	gboolean has_row = FALSE;
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return outbox_no_item(id, error);
	standing->submission_id = statement_int(statement, 0);
	standing->is_content_kept = statement_int(statement, 1) != 0;
	gboolean is_held = statement_int(statement, 2) != 0;
	standing->is_notice = statement_int(statement, 3) == MAIL_NOTICE;
	standing->is_overdue = statement_int(statement, 4) != 0;
	statement_reset(statement);
	return !is_held || outbox_conflict("A session is sending this mail at this moment; try again in some minutes.", error);
}

/* Who orders what. */
typedef struct {
	gint64 item_id;
	const char *actor;
} Order;

/* One kind of move: from where, how, and what the story says of it. */
typedef struct {
	guint from;          /* bits 1 << DeliveryState */
	gboolean takes_gone; /* cancelled ones whose address was no recipient any more, too */
	guint move;
	EventKind kind;
	DeliveryState after;
} Step;

static const Step retry_failed = {
    (1u << DELIVERY_DEFERRED) | (1u << DELIVERY_DEAD), TRUE, STATEMENT_OUTBOX_RETRY_FAILED, EVENT_RETRIED, DELIVERY_QUEUED};
static const Step flush = {1u << DELIVERY_DEFERRED, FALSE, STATEMENT_OUTBOX_FLUSH, EVENT_RETRIED, DELIVERY_QUEUED};
static const Step retry_sent = {1u << DELIVERY_SENT, FALSE, STATEMENT_OUTBOX_RETRY_SENT, EVENT_RESENT, DELIVERY_QUEUED};
static const Step cancel = {OUTBOX_UNSETTLED, FALSE, STATEMENT_OUTBOX_CANCEL, EVENT_CANCELLED, DELIVERY_CANCELLED};
static const Step hold = {OUTBOX_UNSETTLED & ~(1u << DELIVERY_DEAD), FALSE, STATEMENT_OUTBOX_HOLD, EVENT_HELD, DELIVERY_DEAD};

static gboolean
note_step(Db *db, const Order *order, const Step *step, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_MOVABLE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", order->item_id);
	statement_bind_int(statement, "from", step->from);
	statement_bind_int(statement, "takes_gone", step->takes_gone ? 1 : 0);
	g_autoptr(GArray) ids = statement_ids(statement, error);
	if (!ids)
		return FALSE;
	for (guint i = 0; i < ids->len; i++) {
		const EventLine line = {.delivery_id = g_array_index(ids, gint64, i),
		    .kind = step->kind,
		    .state = step->after,
		    .actor = order->actor,
		    .reason = step->kind == EVENT_HELD ? OUTBOX_HOLD : NULL};
		if (!outbox_note(db, &line, error))
			return FALSE;
	}
	return TRUE;
}

/* *changes: how many deliveries it moved. */
static gboolean
take_step(Db *db, const Order *order, const Step *step, gint64 *changes, GError **error)
{
	if (!note_step(db, order, step, error))
		return FALSE;
	Statement *statement = db_statement(db, step->move, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", order->item_id);
	statement_bind_int(statement, "now", clock_now_us());
	return outbox_run(db, statement, changes, error);
}

static gboolean
next_generation(Db *db, gint64 id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_NEXT_GENERATION, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", id);
	return statement_step(statement, NULL, error);
}

static gboolean
retry_in_transaction(Db *db, const Order *order, gboolean resend_sent, GError **error)
{
	Standing standing = {0};
	gint64 failed = 0, sent = 0;
	if (!read_standing(db, order->item_id, &standing, error))
		return FALSE;
	if (!standing.is_content_kept)
		return outbox_conflict("The content of this submission was erased, so there is nothing left to send.", error);
	/* The ledger would let none of it go, and the record of what was sent would be gone. */
	if (resend_sent && !standing.is_notice)
		return outbox_conflict(
		    "Automatic mail is not sent again: an address gets one copy of it, and no order changes that. "
		    "Without --resend what failed is tried again; to write to the visitor once more, answer the "
		    "notice.",
		    error);
	if (!take_step(db, order, &retry_failed, &failed, error) ||
	    (resend_sent && !take_step(db, order, &retry_sent, &sent, error)) ||
	    (sent > 0 && !next_generation(db, order->item_id, error)))
		return FALSE;
	return failed + sent > 0 ||
	       outbox_conflict("This mail has no delivery that was put off or given up, so none is tried again; a notice "
			       "that the server accepted is sent again, as a new message, with --resend.",
		   error);
}

gboolean
outbox_retry(Db *db, gint64 id, gboolean resend_sent, const char *actor, GError **error)
{
	const Order order = {id, actor};
	if (!db_begin(db, error))
		return FALSE;
	return db_end(db, retry_in_transaction(db, &order, resend_sent, error), error);
}

static gboolean
flush_in_transaction(Db *db, const Order *order, GError **error)
{
	Standing standing = {0};
	gint64 flushed = 0;
	if (!read_standing(db, order->item_id, &standing, error) || !take_step(db, order, &flush, &flushed, error))
		return FALSE;
	return flushed > 0 || outbox_conflict("This mail has no delivery that was put off.", error);
}

gboolean
outbox_flush(Db *db, gint64 id, const char *actor, GError **error)
{
	const Order order = {id, actor};
	if (!db_begin(db, error))
		return FALSE;
	return db_end(db, flush_in_transaction(db, &order, error), error);
}

static gboolean
cancel_in_transaction(Db *db, const Order *order, gboolean *is_erased, GError **error)
{
	Standing standing = {0};
	gint64 cancelled = 0;
	if (!read_standing(db, order->item_id, &standing, error) || !take_step(db, order, &cancel, &cancelled, error))
		return FALSE;
	if (cancelled == 0)
		return outbox_conflict("This mail has no delivery that could be cancelled.", error);
	return submissions_erase_settled(db, standing.submission_id, is_erased, error);
}

gboolean
outbox_cancel(Db *db, gint64 id, const char *actor, GError **error)
{
	const Order order = {id, actor};
	if (!db_begin(db, error))
		return FALSE;
	gboolean is_erased = FALSE;
	if (!db_end(db, cancel_in_transaction(db, &order, &is_erased, error), error))
		return FALSE;
	if (is_erased)
		db_scrub(db);
	return TRUE;
}

static gboolean
hold_in_transaction(Db *db, const Order *order, GError **error)
{
	Standing standing = {0};
	gint64 held = 0;
	if (!read_standing(db, order->item_id, &standing, error))
		return FALSE;
	/* Retention waits for what waits, not for what a person holds. */
	if (standing.is_overdue)
		return outbox_conflict(
		    "The time for which this submission is kept is over: held back, this mail would be removed "
		    "with it. Let it wait, or cancel it.",
		    error);
	if (!take_step(db, order, &hold, &held, error))
		return FALSE;
	return held > 0 || outbox_conflict("This mail has no delivery that waits, so there is nothing to hold back.", error);
}

gboolean
outbox_hold(Db *db, gint64 id, const char *actor, GError **error)
{
	const Order order = {id, actor};
	if (!db_begin(db, error))
		return FALSE;
	return db_end(db, hold_in_transaction(db, &order, error), error);
}
