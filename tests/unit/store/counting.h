/* Counters of one test: charges by a letter, each in a transaction of its own. */
#pragma once

#include "rows.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/counters.h"

#define HOUR_US (3600 * SECOND_US)

static inline Db *
counting_open(const Fixture *fixture, DbMode mode)
{
	g_autoptr(GError) error = NULL;
	Db *counters = db_open_counters(fixture->directory, mode, &error);
	g_assert_no_error(error);
	g_assert_nonnull(counters);
	return counters;
}

static inline sqlite3 *
counting_raw(const Fixture *fixture)
{
	sqlite3 *raw = NULL;
	g_autofree char *path = g_build_filename(fixture->directory, "counters.db", NULL);
	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	return raw;
}

/* The counter of that letter, with such a rate. */
static inline CounterCharge
counting_charge(char letter, gint64 interval_us, guint burst)
{
	return (CounterCharge){.key = row_hash(letter), .interval_us = interval_us, .tolerance_us = interval_us * (burst - 1)};
}

static inline CounterAnswer
counting_ask(Db *counters, const CounterCharge *charges, guint count)
{
	g_autoptr(GError) error = NULL;
	CounterAnswer answer;
	g_assert_true(db_begin(counters, &error));
	g_autoptr(CounterBatch) batch = counters_batch_new(counters);
	g_assert_true(counters_charge(batch, charges, count, &answer, &error));
	g_assert_true(counters_batch_write(batch, &error));
	g_assert_true(db_commit(counters, &error));
	g_assert_no_error(error);
	return answer;
}

static inline gboolean
counting_mark(Db *counters, char letter, gint64 until_us)
{
	g_autoptr(GError) error = NULL;
	const VaultHash key = row_hash(letter);
	gboolean is_new = FALSE;
	g_assert_true(counters_mark(counters, &key, until_us, &is_new, &error));
	g_assert_no_error(error);
	return is_new;
}
