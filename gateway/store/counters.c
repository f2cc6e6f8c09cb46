/*
 * Counters, marks and hits: what is decided about them, row by row.
 *
 * A rate is GCRA: a counter knows the moment until which everything that was charged is worked off. One more is allowed if that
 * moment lies no further ahead than the tolerance, and moves it by one interval.
 *
 * Counters of a batch: unknown -> read -> charged, any number of times -> written. The only state is the batch's, which lives no
 * longer than a transaction that began with the write lock (db_begin): meanwhile nobody else can charge, so what was read once
 * stays true, and a form that all of them share costs one look and one row. Kept beyond the transaction it would let too many
 * through.
 */
#include "sekisho/store/counters.h"

#include <stdlib.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

/* A clock that is set back by less has been corrected; by more, it was wrong. */
#define CLOCK_STEP_US G_TIME_SPAN_MINUTE

/* --- Rates --------------------------------------------------------------------------------------------------------- */

typedef struct {
	VaultHash key;
	gint64 until_us;     /* when what was charged is worked off; G_MININT64: there is no row */
	gboolean is_charged; /* and not written */
} Counter;

struct CounterBatch {
	Db *db;
	GHashTable *known; /* Counter *, by key */
};

guint
counters_key_hash(gconstpointer key)
{
	/* Behind the version and the id of the key all bits are random. */
	guint hash;
	memcpy(&hash, ((const VaultHash *)key)->bytes + VAULT_HASH_BYTES - sizeof hash, sizeof hash);
	return hash;
}

gboolean
counters_key_equal(gconstpointer key, gconstpointer other)
{
	return vault_hash_equal(key, other);
}

CounterBatch *
counters_batch_new(Db *counters)
{
	CounterBatch *batch = g_new(CounterBatch, 1);
	batch->db = counters;
	batch->known = g_hash_table_new_full(counters_key_hash, counters_key_equal, NULL, g_free);
	return batch;
}

void
counters_batch_free(CounterBatch *batch)
{
	if (!batch)
		return;
	g_hash_table_unref(batch->known);
	g_free(batch);
}

/* The batch's; NULL on error. */
static Counter *
find_counter(CounterBatch *batch, const VaultHash *key, GError **error)
{
	Counter read = {.key = *key}, *counter = g_hash_table_lookup(batch->known, key);
	if (counter)
		return counter;
	Statement *statement = db_statement(batch->db, STATEMENT_COUNTER_UNTIL, error);
	if (!statement)
		return NULL;
	statement_bind_bytes(statement, "key", key->bytes, VAULT_HASH_BYTES);
	if (!statement_number(statement, G_MININT64, &read.until_us, error))
		return NULL;
	counter = g_memdup2(&read, sizeof read);
	g_hash_table_insert(batch->known, &counter->key, counter);
	return counter;
}

/* Until when the counter is busy. No charge ever reaches further ahead than tolerance and interval, so what does was noted by a
 * clock that ran ahead and was set back, and counts as now. The small steps by which clocks are kept right must not begin all
 * counters anew. */
static gint64
busy_until(const Counter *counter, const CounterCharge *charge, gint64 now_us)
{
	const gint64 reach_us = charge->tolerance_us + charge->interval_us + CLOCK_STEP_US;
	return counter->until_us > now_us + reach_us ? now_us : MAX(counter->until_us, now_us);
}

static gboolean
is_well_formed(const CounterCharge *charges, guint count)
{
	for (guint i = 0; i < count; i++) {
		if (charges[i].interval_us < 1 || charges[i].tolerance_us < 0)
			return FALSE;
		for (guint j = 0; j < i; j++)
			if (vault_hash_equal(&charges[i].key, &charges[j].key))
				return FALSE;
	}
	return count <= LIMIT_CHARGES;
}

/* What the answer is at `now_us`. All of the counters are known then. */
static gboolean
look(CounterBatch *batch, const CounterCharge *charges, guint count, gint64 now_us, CounterAnswer *answer, GError **error)
{
	g_assert(is_well_formed(charges, count));
	*answer = (CounterAnswer){.is_allowed = TRUE};
	for (guint i = 0; i < count; i++) {
		const Counter *counter = find_counter(batch, &charges[i].key, error);
		if (!counter)
			return FALSE;
		const gint64 free_at_us = busy_until(counter, &charges[i], now_us) - charges[i].tolerance_us;
		if (free_at_us > now_us && free_at_us > answer->retry_at_us)
			*answer = (CounterAnswer){.is_allowed = FALSE, .denied = i, .retry_at_us = free_at_us};
	}
	return TRUE;
}

gboolean
counters_peek(Db *counters, const CounterCharge *charges, guint count, CounterAnswer *answer, GError **error)
{
	g_autoptr(CounterBatch) batch = counters_batch_new(counters);
	return look(batch, charges, count, clock_now_us(), answer, error);
}

gboolean
counters_charge(CounterBatch *batch, const CounterCharge *charges, guint count, CounterAnswer *answer, GError **error)
{
	const gint64 now_us = clock_now_us();
	if (!look(batch, charges, count, now_us, answer, error))
		return FALSE;
	for (guint i = 0; answer->is_allowed && i < count; i++) {
		Counter *counter = g_hash_table_lookup(batch->known, &charges[i].key);
		counter->until_us = busy_until(counter, &charges[i], now_us) + charges[i].interval_us;
		counter->is_charged = TRUE;
	}
	return TRUE;
}

static gboolean
write_counter(Db *db, const Counter *counter, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_COUNTER_CHARGE, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "key", counter->key.bytes, VAULT_HASH_BYTES);
	statement_bind_int(statement, "until", counter->until_us);
	return statement_step(statement, NULL, error);
}

/* Of two pointers to counters, which begin with their keys. */
static int
compare_keys(const void *a, const void *b)
{
	return memcmp(*(const Counter *const *)a, *(const Counter *const *)b, VAULT_HASH_BYTES);
}

/* In the order of keys, so that pages are met once, and one after the other. */
gboolean
counters_batch_write(CounterBatch *batch, GError **error)
{
	guint count = 0;
	g_autofree gpointer *counters = g_hash_table_get_keys_as_array(batch->known, &count);
	qsort(counters, count, sizeof *counters, compare_keys);
	for (guint i = 0; i < count; i++) {
		Counter *counter = counters[i];
		if (counter->is_charged && !write_counter(batch->db, counter, error))
			return FALSE;
		counter->is_charged = FALSE;
	}
	return TRUE;
}

/* --- Marks and hits -------------------------------------------------------------------------------------------------- */

gboolean
counters_mark(Db *counters, const VaultHash *key, gint64 until_us, gboolean *is_new, GError **error)
{
	Statement *statement = db_statement(counters, STATEMENT_COUNTER_MARK, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "key", key->bytes, VAULT_HASH_BYTES);
	statement_bind_int(statement, "until", until_us);
	statement_bind_int(statement, "now", clock_now_us());
	const gboolean is_good = statement_step(statement, NULL, error);
	*is_new = is_good && db_changes(counters) == 1;
	return is_good;
}

gboolean
counters_add_hits(Db *counters, gint64 entry_id, guint64 count, GError **error)
{
	Statement *statement = db_statement(counters, STATEMENT_COUNTER_HIT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "entry_id", entry_id);
	statement_bind_int(statement, "count", (gint64)count);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

GHashTable *
counters_hits(Db *counters, GError **error)
{
	g_autoptr(GHashTable) hits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	Statement *statement = db_statement(counters, STATEMENT_COUNTER_HITS, error);
	gboolean has_row = FALSE;
	if (!statement)
		return NULL;
	statement_bind_int(statement, "limit", LIMIT_LIST_ENTRIES);
	for (;;) {
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&hits);
		const gint64 entry_id = statement_int(statement, 0);
		const CounterHits met = {
		    .count = (guint64)MAX(statement_int(statement, 1), 0), .last_at_us = statement_int(statement, 2)};
		g_hash_table_replace(hits, g_memdup2(&entry_id, sizeof entry_id), g_memdup2(&met, sizeof met));
	}
}

/* --- Purge ------------------------------------------------------------------------------------------------------------ */

/* How many come next, and the last of them (empty if there is none). */
static gboolean
find_next(Db *db, guint limit, gint64 *count, GBytes **last, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE_NEXT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "limit", limit);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*count = statement_int(statement, 0);
	*last = statement_bytes(statement, 1);
	statement_reset(statement);
	return TRUE;
}

static gboolean
remove_over(Db *db, GBytes *last, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE, error);
	if (!statement)
		return FALSE;
	statement_bind_gbytes(statement, "last", last);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

/* NULL: the next one begins at the first counter. */
static gboolean
move_on(Db *db, GBytes *last, GError **error)
{
	gsize size = 0;
	const void *key = last ? g_bytes_get_data(last, &size) : "";
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE_MOVED, error);
	if (!statement)
		return FALSE;
	statement_bind_bytes(statement, "last", key, size);
	return statement_step(statement, NULL, error);
}

static gboolean
find_next_hits(Db *db, guint limit, gint64 *count, gint64 *last, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE_HITS_NEXT, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "limit", limit);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*count = statement_int(statement, 0);
	*last = statement_int(statement, 1);
	statement_reset(statement);
	return TRUE;
}

static gboolean
remove_hits_until(Db *db, gint64 last, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE_HITS, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "last", last);
	statement_bind_int(statement, "before", clock_now_us() - LIMIT_HIT_AGE_US);
	return statement_step(statement, NULL, error);
}

/* Of the next `limit` entries; behind the last one it begins anew. */
static gboolean
remove_hits(Db *db, guint limit, GError **error)
{
	gint64 count = 0, last = 0;
	if (!find_next_hits(db, limit, &count, &last, error) || (count > 0 && !remove_hits_until(db, last, error)))
		return FALSE;
	Statement *statement = db_statement(db, STATEMENT_COUNTER_PURGE_HITS_MOVED, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "last", count < limit ? 0 : last);
	return statement_step(statement, NULL, error);
}

gint
counters_purge(Db *counters, guint limit, GError **error)
{
	gint64 count = 0;
	g_autoptr(GBytes) last = NULL;
	if (!db_begin(counters, error))
		return -1;
	gboolean is_good = find_next(counters, limit, &count, &last, error) && (!last || remove_over(counters, last, error));
	const gboolean is_end = count < limit;
	is_good = is_good && move_on(counters, is_end ? NULL : last, error) && (!is_end || remove_hits(counters, limit, error));
	return db_end(counters, is_good, error) ? (gint)count : -1;
}
