/*
 * What mail servers say of a mail after they accepted it: it came back, or it is late. The states are those of outbox.c: a delivery that was sent, and no other, ends by it.
 *
 * The words come from anybody who got our mail and with it a signed tag (relay/bounce.h); so they name a delivery that exists, exactly one, or nothing is changed.
 */
#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "store/statements.h"

/* A delivery that could be meant. */
typedef struct {
	gint64 id;
	gint64 submission_id;
	VaultHash recipient;
	DeliveryState state;
} Meant;

static Statement *
find_statement(Db *db, const OutboxBounce *bounce, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_BOUNCE_FIND, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "receipt", bounce->receipt);
	statement_bind_int(statement, "kind", bounce->kind);
	if (bounce->recipients)
		statement_bind_bytes(
		    statement, "recipients", bounce->recipients->data, bounce->recipients->len * sizeof(VaultHash));
	return statement;
}

static gboolean
find_meant(Db *db, const OutboxBounce *bounce, Meant *meant, GError **error)
{
	guint count = 0;
	Statement *statement = bounce->recipients && bounce->recipients->len == 0 ? NULL : find_statement(db, bounce, error);
	if (!statement && !(bounce->recipients && bounce->recipients->len == 0))
		return FALSE;
	for (gboolean has_row = statement != NULL; has_row;) {
		if (!statement_step(statement, &has_row, error))
			return FALSE;
		if (!has_row)
			break;
		count++;
		meant->id = statement_int(statement, 0);
		meant->submission_id = statement_int(statement, 1);
		g_autoptr(GBytes) recipient = statement_bytes(statement, 2);
		outbox_read_hash(recipient, &meant->recipient);
		meant->state = (DeliveryState)outbox_read_count(statement, 3);
	}
	if (count == 1)
		return TRUE;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_NOT_FOUND,
	    count == 0 ? "No delivery of this mail could be meant." : "More than one delivery of this mail could be meant.");
	return FALSE;
}

/* A notice waits for a person, an automatic mail ends. */
static DeliveryState
state_after(const OutboxBounce *bounce)
{
	if (bounce->is_delay)
		return DELIVERY_SENT;
	return bounce->kind == MAIL_NOTICE || bounce->kind == MAIL_HELD ? DELIVERY_DEAD : DELIVERY_CANCELLED;
}

static gboolean
end_delivery(Db *db, gint64 id, const OutboxBounce *bounce, GError **error)
{
	g_autofree char *server_text = outbox_clean_server_text(bounce->server_text);
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_BOUNCE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	statement_bind_int(statement, "state", state_after(bounce));
	statement_bind_text(statement, "reason", bounce->reason);
	statement_bind_text(statement, "server_text", server_text);
	statement_bind_int(statement, "reply_code", bounce->reply_code);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

static gboolean
bounce_in_transaction(Db *db, const OutboxBounce *bounce, OutboxBounced *bounced, GError **error)
{
	Meant meant = {0};
	if (!find_meant(db, bounce, &meant, error))
		return FALSE;
	*bounced = (OutboxBounced){.delivery_id = meant.id,
	    .submission_id = meant.submission_id,
	    .kind = bounce->kind,
	    .recipient = meant.recipient,
	    .is_news = meant.state == DELIVERY_SENT};
	if (!bounced->is_news)
		return TRUE;
	const EventLine line = {.delivery_id = meant.id,
	    .kind = bounce->is_delay ? EVENT_DELAYED : EVENT_BOUNCED,
	    .state = state_after(bounce),
	    .reason = bounce->reason,
	    .server_text = bounce->server_text,
	    .reply_code = bounce->reply_code};
	return outbox_note(db, &line, error) && (bounce->is_delay || end_delivery(db, meant.id, bounce, error));
}

gboolean
outbox_bounce(Db *db, const OutboxBounce *bounce, OutboxBounced *bounced, GError **error)
{
	if (!db_begin(db, error))
		return FALSE;
	return db_end(db, bounce_in_transaction(db, bounce, bounced, error), error);
}
