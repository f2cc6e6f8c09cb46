/*
 * What the two halves of the outbox share: outbox.c moves deliveries, outbox_read.c reads them.
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
