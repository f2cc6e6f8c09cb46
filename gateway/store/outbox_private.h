/*
 * What the parts of the outbox share: outbox.c moves deliveries, outbox_read.c reads them, outbox_promise.c makes them.
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
