/*
 * The story of each delivery: what was tried, by which account, what the server said, who ordered what. A line is written in the transaction of the change that it tells of, by whoever
 * changes (outbox.c, outbox_orders.c, outbox_bounce.c), and never changed; it goes with its delivery.
 *
 * Rows are input, as outbox_read.c says: a front that was taken over may have written any, and as many as it likes.
 */
#include <string.h>

#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "store/statements.h"

/* Of a story that got too long so many lines stay at its beginning; the others at its end. */
#define FIRST_EVENTS (LIMIT_DELIVERY_EVENTS / 2)
/* Lines of one item that are read: ten recipients, each with as many as are kept. */
#define READ_EVENTS (G_GINT64_CONSTANT(10) * LIMIT_DELIVERY_EVENTS)
/* Lines that are taken out at once: more than one at a time is too many only if somebody else wrote them. */
#define TRIM_EVENTS 1000u

const char *
event_kind_name(EventKind kind)
{
	static const char *const names[] = {
	    [EVENT_TRIED] = "tried",
	    [EVENT_ENDED] = "ended",
	    [EVENT_RETRIED] = "retried",
	    [EVENT_RESENT] = "resent",
	    [EVENT_CANCELLED] = "cancelled",
	    [EVENT_HELD] = "held",
	    [EVENT_BOUNCED] = "bounced",
	    [EVENT_DELAYED] = "delayed",
	    [EVENT_ACCOUNT_FAILED] = "account_failed",
	    [EVENT_RELEASED] = "released",
	};
	gboolean is_known = kind >= EVENT_TRIED && kind <= EVENT_RELEASED;
	return is_known ? names[kind] : "unknown";
}

void
delivery_event_free(DeliveryEvent *event)
{
	if (!event)
		return;
	g_free(event->account);
	g_free(event->actor);
	g_free(event->reason);
	g_free(event->server_text);
	g_free(event);
}

char *
outbox_clean_server_text(const char *text)
{
	if (!text)
		return NULL;
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
	g_autoptr(GString) line = g_string_new(NULL);
	for (char **word = words; *word; word++) {
		if (**word == '\0')
			continue;
		if (line->len > 0)
			g_string_append_c(line, ' ');
		g_string_append(line, strchr(*word, '@') ? "<address>" : *word);
	}
	g_autofree char *visible = text_for_terminal(line->str, FALSE);
	return text_truncate(visible, LIMIT_SERVER_TEXT_BYTES);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static gboolean
trim(Db *db, gint64 delivery_id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_EVENT_TRIM, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "delivery_id", delivery_id);
	statement_bind_int(statement, "first", FIRST_EVENTS - 1);
	statement_bind_int(statement, "last", LIMIT_DELIVERY_EVENTS - FIRST_EVENTS - 1);
	statement_bind_int(statement, "limit", TRIM_EVENTS);
	return statement_step(statement, NULL, error);
}

gboolean
outbox_note(Db *db, const EventLine *line, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_EVENT_INSERT, error);
	if (!statement)
		return FALSE;
	g_autofree char *server_text = outbox_clean_server_text(line->server_text);
	statement_bind_int(statement, "delivery_id", line->delivery_id);
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "kind", line->kind);
	statement_bind_int(statement, "state", line->state);
	statement_bind_text(statement, "account", line->account);
	statement_bind_text(statement, "actor", line->actor);
	statement_bind_text(statement, "reason", line->reason);
	statement_bind_text(statement, "server_text", server_text);
	statement_bind_int(statement, "reply_code", line->reply_code);
	return statement_step(statement, NULL, error) && trim(db, line->delivery_id, error);
}

gboolean
outbox_note_outcome(Db *db, const DeliveryOutcome *outcome, GError **error)
{
	const gboolean is_given_back = outcome->state == DELIVERY_QUEUED;
	const gboolean is_failure = outcome->state == DELIVERY_LEASED;
	const gboolean is_tried = !outcome->is_untried && (!is_given_back || outcome->account != NULL);
	if (!is_tried && (is_given_back || outcome->state == DELIVERY_DEFERRED))
		return TRUE;
	const EventLine line = {.delivery_id = outcome->delivery_id,
	    .kind = is_failure ? EVENT_ACCOUNT_FAILED
		    : is_tried ? EVENT_TRIED
			       : EVENT_ENDED,
	    .state = outcome->state,
	    .account = outcome->account,
	    .reason = outcome->reason,
	    .server_text = outcome->server_text,
	    .reply_code = outcome->reply_code};
	return outbox_note(db, &line, error);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static gpointer
read_event(Statement *statement)
{
	DeliveryEvent *event = g_new0(DeliveryEvent, 1);
	event->id = statement_int(statement, 0);
	event->delivery_id = statement_int(statement, 1);
	event->at_us = outbox_read_time_us(statement, 2);
	event->kind = (EventKind)outbox_read_count(statement, 3);
	event->state = (DeliveryState)outbox_read_count(statement, 4);
	event->account = statement_text(statement, 5);
	event->actor = statement_text(statement, 6);
	event->reason = statement_text(statement, 7);
	event->server_text = statement_text(statement, 8);
	event->reply_code = outbox_read_count(statement, 9);
	return event;
}

GPtrArray *
outbox_events(Db *db, gint64 item_id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_EVENT_LIST, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "outbox_id", item_id);
	statement_bind_int(statement, "limit", READ_EVENTS);
	return statement_rows(statement, read_event, (GDestroyNotify)delivery_event_free, error);
}
