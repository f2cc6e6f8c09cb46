/*
 * What the parts of the ledger share: ledger.c has proofs and what the doctor saw, ledger_charge.c automatic mail, ledger_fuse.c the fuse, ledger_note.c notes about
 * what is held, ledger_alarms.c the alarms.
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
