/*
 * What the parts of the ledger share: ledger.c has proofs, ledger_charge.c automatic mail, ledger_fuse.c the fuse, ledger_note.c notes about what is held,
 * ledger_alarms.c the alarms, ledger_suppression.c addresses that mail came back from, ledger_bounces.c how much came back, ledger_account.c the accounts.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/ledger.h"

#define HOUR_US (G_USEC_PER_SEC * G_GINT64_CONSTANT(3600))
#define DAY_US (24 * HOUR_US)

/* A prepared statement with :site bound. */
Statement *ledger_statement(Db *ledger, guint id, const char *site, GError **error);
/* Binds :since and :until so that they reach `window_us` to both sides of `now_us`. */
void ledger_bind_window(Statement *statement, gint64 now_us, gint64 window_us);

/* Inside a transaction: whether the fuse has tripped, or trips because one mail more than are counted, `but_id` aside, is one too many. */
gboolean ledger_fuse_try(
    Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, gint64 but_id, gboolean *is_tripped, GError **error);
/* Inside a transaction: one more mail that the site asked for, in its history. */
gboolean ledger_fuse_count(Db *ledger, const char *site, GError **error);

/* An address of a site, by its hashes (VaultHash). */
typedef struct {
	const char *site;
	const GArray *hashes;
} LedgerAddress;
/* Whether the statement (:site, :address, :now) gives a row for any of the hashes. */
gboolean ledger_has_any(Db *ledger, guint id, LedgerAddress address, gboolean *has_any, GError **error);
/* Runs the statement (:site, :address) for each of the hashes, in a transaction of its own. How many rows went, or -1. */
gint ledger_remove(Db *ledger, guint id, LedgerAddress address, GError **error);
/* The hash in a column; zeroes if it holds none. */
VaultHash ledger_read_hash(Statement *statement, int column);
/* A StatementReader of an Alarm: id, site, topic, text, raised_at. */
gpointer ledger_read_alarm(Statement *statement);
