/*
 * counters.db: what may be lost by a power cut and may over-count after a crash: rates (GCRA), marks ("was this seen before?") and how often entries of lists were met.
 * It lies beside sekisho.db with synchronous=NORMAL. Charges, marks and hits belong into a transaction of the caller's (db_begin); the front asks through store/admission.h, whose
 * thread decides for many at once in one transaction, so that many processes together never let more through than a rate allows.
 *
 * Times are clock_now_us. A clock that was set back by more than a minute does not lock anybody out: what lies further ahead than a rate can reach counts as now.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/store/db.h"

/* The database in `data_directory` (file "counters.db", mode 0660). Errors as db_open. With DB_CREATE all of it is looked through, and a damaged one is set aside ("counters.db.damaged", with its log;
 * an older one goes) and begun anew: only for who starts the gateway, while nobody else has the file open. Who waits for another writer gives up after LIMIT_COUNTERS_BUSY_MS. */
Db *db_open_counters(const char *data_directory, DbMode mode, GError **error);

typedef struct {
	VaultHash key;       /* of what is counted and of its rate: one counter is always charged with the same sum of interval and tolerance */
	gint64 interval_us;  /* between two in the long run; at least 1 */
	gint64 tolerance_us; /* how far ahead of that one may be: (burst - 1) intervals */
	guint tier;          /* the caller's own mark, to know it again; not looked at */
} CounterCharge;

typedef struct {
	gboolean is_allowed;
	guint denied;        /* which charge said no: of several the one that says it for longest */
	gint64 retry_at_us;  /* when all of them would be allowed */
} CounterAnswer;
/* What the answer would be. At most LIMIT_CHARGES, no two with the same key. */
gboolean counters_peek(Db *counters, const CounterCharge *charges, guint count, CounterAnswer *answer, GError **error);

/* The charges of one transaction: each counter is read when it is first asked for, and written once. To be made after db_begin, written before db_commit, and freed with the
 * transaction, however that ends: other processes charge in between. It holds what is charged, so the caller bounds how often. Borrows `counters`. */
typedef struct CounterBatch CounterBatch;
CounterBatch *counters_batch_new(Db *counters);
void counters_batch_free(CounterBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CounterBatch, counters_batch_free)
/* Charges all, or, if one is denied, none; the next one of the batch sees it. As counters_peek. */
gboolean counters_charge(CounterBatch *batch, const CounterCharge *charges, guint count, CounterAnswer *answer, GError **error);
/* Writes what was charged. If this or a charge fails, the transaction must be rolled back. */
gboolean counters_batch_write(CounterBatch *batch, GError **error);

/* For hash tables by the key of a counter (VaultHash). */
guint counters_key_hash(gconstpointer key);
gboolean counters_key_equal(gconstpointer key, gconstpointer other);

/* Sets a mark, whose key no rate has, until then; *is_new is FALSE, and nothing changes, if it is set already and not over. */
gboolean counters_mark(Db *counters, const VaultHash *key, gint64 until_us, gboolean *is_new, GError **error);

/* Hits of list entries, whose ids are never used again: adds `count`, last met now. */
gboolean counters_add_hits(Db *counters, gint64 entry_id, guint64 count, GError **error);
typedef struct {
	guint64 count;
	gint64 last_at_us; /* 0: never */
} CounterHits;
/* Hits of all entries that have any, of LIMIT_LIST_ENTRIES at most: gint64 * -> CounterHits *. NULL on error. The caller's. */
GHashTable *counters_hits(Db *counters, GError **error);

/* Looks through the next `limit` rates and marks, from where it ended last, and removes those that are over; behind the last one it begins anew, and looks through the hits of the next
 * `limit` entries for those that were not met for LIMIT_HIT_AGE_US. Takes a transaction. How many it looked through (fewer than `limit`: to the end), or -1. */
gint counters_purge(Db *counters, guint limit, GError **error);
