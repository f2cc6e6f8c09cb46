/*
 * What the parts of the outbox share: outbox_promise.c makes deliveries, outbox.c, outbox_orders.c and outbox_bounce.c move them, outbox_events.c writes down what happened to
 * them, outbox_read.c and outbox_list.c read them.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/outbox.h"

/* The lease by which deliveries are read; with `owner` NULL all of an item's. */
typedef struct {
	const char *owner;
	gint64 until_us;
} Lease;

/* The item with its deliveries, or NULL in *item if there is none; FALSE on error. */
gboolean outbox_load(Db *db, gint64 id, Lease lease, OutboxItem **item, GError **error);

/* Inside a transaction: one item for each kind that is planned (PlannedDelivery *), with its deliveries, due now. */
gboolean outbox_promise(Db *db, gint64 submission_id, const GPtrArray *planned, GError **error);

/* A line of a delivery's story that is to be written; everything borrowed. */
typedef struct {
	gint64 delivery_id;
	EventKind kind;
	DeliveryState state;
	const char *account;
	const char *actor;
	const char *reason;
	const char *server_text; /* any bytes: cleaned here */
	guint reply_code;
} EventLine;
/* Inside a transaction: writes the line, and takes lines out of the middle of a story that got too long. */
gboolean outbox_note(Db *db, const EventLine *line, GError **error);
/* The same of an outcome; one that no session tried and that ends nothing is no event. */
gboolean outbox_note_outcome(Db *db, const DeliveryOutcome *outcome, GError **error);
/* The server's words as they are kept: one line, nothing that moves a cursor, and no address, because the database tells none. The caller's; NULL for NULL. */
char *outbox_clean_server_text(const char *text);

/* FALSE, with STORE_ERROR_CONFLICT. */
gboolean outbox_conflict(const char *sentence, GError **error);
/* FALSE, with STORE_ERROR_NOT_FOUND. */
gboolean outbox_no_item(gint64 id, GError **error);
/* Runs a statement that gives no rows; `changes` says how many it changed. */
gboolean outbox_run(Db *db, Statement *statement, gint64 *changes, GError **error);
/* Columns of rows that anybody may have written: numbers as far as anything of ours counts, times up to the year 9999. */
guint outbox_read_count(Statement *statement, int column);
gint64 outbox_read_time_us(Statement *statement, int column);
/* Bytes of another size are no hash of ours: `hash` stays as it is, and zeroes equal no recipient. */
void outbox_read_hash(GBytes *bytes, VaultHash *hash);
/* The items of those ids (gint64), with all deliveries; one that was purged meanwhile is left out. NULL on error. */
GPtrArray *outbox_load_all(Db *db, const GArray *ids, GError **error);
