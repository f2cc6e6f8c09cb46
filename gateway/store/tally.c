/*
 * Tallies, row by row: what was counted in an hour of a site, and who was limited in it.
 *
 * tally_room knows how many rows there are and is moved together with them, so that a ceiling costs no counting. What has a row is counted without end; what has none begins one while there is room.
 * No state; the caller's transaction, but for tally_awake and tally_purge. What is read is input (see the header).
 */
#include "sekisho/store/tally.h"

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

#define HOUR_US G_TIME_SPAN_HOUR

const char *
tally_verdict_name(TallyVerdict verdict)
{
	static const char *const names[TALLY_VERDICTS] = {"accepted", "held", "rejected", "wait", "again", "repeated"};
	g_assert(verdict < TALLY_VERDICTS);
	return names[verdict];
}

void
tally_row_free(TallyRow *row)
{
	if (!row)
		return;
	g_free(row->item);
	g_free(row);
}

void
tally_limited_row_free(TallyLimitedRow *row)
{
	if (!row)
		return;
	g_free(row->site);
	g_clear_pointer(&row->boxed, g_bytes_unref);
	g_free(row);
}

/* --- Adding --------------------------------------------------------------------------------------------------------- */

static gboolean
change_room(Db *counters, gint64 tallies, gint64 limiteds, GError **error)
{
	if (tallies == 0 && limiteds == 0)
		return TRUE;
	Statement *statement = db_statement(counters, STATEMENT_TALLY_ROOM_CHANGED, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "tallies", tallies);
	statement_bind_int(statement, "limiteds", limiteds);
	return statement_step(statement, NULL, error);
}

/* A statement with everything bound that names the row and adds to it. */
static Statement *
bound_mark(Db *counters, guint id, const TallyMark *mark, GError **error)
{
	Statement *statement = db_statement(counters, id, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "hour", mark->at_us / HOUR_US);
	statement_bind_text(statement, "site", mark->site);
	statement_bind_int(statement, "topic", mark->topic);
	statement_bind_text(statement, "item", mark->item);
	statement_bind_int(statement, "count", (gint64)MIN(mark->count, TALLY_COUNT_MOST));
	return statement;
}

gboolean
tally_add(Db *counters, const TallyMark *mark, GError **error)
{
	Statement *statement = bound_mark(counters, STATEMENT_TALLY_MORE, mark, error);
	if (!statement || !statement_step(statement, NULL, error))
		return FALSE;
	if (db_changes(counters) > 0)
		return TRUE;
	statement = bound_mark(counters, STATEMENT_TALLY_BEGIN, mark, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "most", LIMIT_TALLY_ROWS);
	return statement_step(statement, NULL, error) && change_room(counters, db_changes(counters), 0, error);
}

static Statement *
bound_limited(Db *counters, guint id, const TallyLimited *limited, GError **error)
{
	Statement *statement = db_statement(counters, id, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "hour", limited->at_us / HOUR_US);
	statement_bind_text(statement, "site", limited->site);
	statement_bind_int(statement, "tier", limited->tier);
	statement_bind_bytes(statement, "key", limited->key.bytes, VAULT_HASH_BYTES);
	statement_bind_int(statement, "count", (gint64)MIN(limited->count, TALLY_COUNT_MOST));
	statement_bind_int(statement, "last_at", limited->at_us);
	return statement;
}

gboolean
tally_add_limited(Db *counters, const TallyLimited *limited, GError **error)
{
	g_assert(limited->boxed && g_bytes_get_size(limited->boxed) > 0);
	Statement *statement = bound_limited(counters, STATEMENT_TALLY_LIMITED_MORE, limited, error);
	if (!statement || !statement_step(statement, NULL, error))
		return FALSE;
	if (db_changes(counters) > 0)
		return TRUE;
	statement = bound_limited(counters, STATEMENT_TALLY_LIMITED_BEGIN, limited, error);
	if (!statement)
		return FALSE;
	statement_bind_gbytes(statement, "boxed", limited->boxed);
	statement_bind_int(statement, "most", LIMIT_LIMITED_ROWS);
	return statement_step(statement, NULL, error) && change_room(counters, 0, db_changes(counters), error);
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

/* The first hour that begins at this time or later. */
static gint64
hour_from(gint64 time_us)
{
	return time_us / HOUR_US + (time_us % HOUR_US > 0 ? 1 : 0);
}

static Statement *
bound_period(Db *counters, guint id, const TallyPeriod *period, guint limit, GError **error)
{
	Statement *statement = db_statement(counters, id, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "site", period->site);
	statement_bind_int(statement, "from_hour", hour_from(period->from_us));
	statement_bind_int(statement, "to_hour", hour_from(period->to_us));
	statement_bind_int(statement, "limit", limit);
	return statement;
}

/* A stranger's hour reaches no further than a time can. */
static gint64
read_hour_us(Statement *statement, int column)
{
	return CLAMP(statement_int(statement, column), 0, G_MAXINT64 / HOUR_US) * HOUR_US;
}

static gpointer
read_row(Statement *statement)
{
	TallyRow *row = g_new0(TallyRow, 1);
	row->hour_us = read_hour_us(statement, 0);
	row->item = statement_text(statement, 1);
	row->count = (guint64)statement_int(statement, 2);
	return row;
}

static GPtrArray *
read_rows(Db *counters, guint id, const TallyPeriod *period, TallyTopic topic, guint limit, GError **error)
{
	Statement *statement = bound_period(counters, id, period, limit, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "topic", topic);
	return statement_rows(statement, read_row, (GDestroyNotify)tally_row_free, error);
}

GPtrArray *
tally_hours(Db *counters, const TallyPeriod *period, TallyTopic topic, guint limit, GError **error)
{
	return read_rows(counters, STATEMENT_TALLY_HOURS, period, topic, limit, error);
}

GPtrArray *
tally_sums(Db *counters, const TallyPeriod *period, TallyTopic topic, guint limit, GError **error)
{
	return read_rows(counters, STATEMENT_TALLY_SUMS, period, topic, limit, error);
}

GPtrArray *
tally_limited(Db *counters, const TallyPeriod *period, guint limit, guint *all, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)tally_limited_row_free);
	gboolean has_row = FALSE;
	Statement *statement = bound_period(counters, STATEMENT_TALLY_LIMITED, period, limit, error);
	*all = 0;
	if (!statement)
		return NULL;
	for (;;) {
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&rows);
		TallyLimitedRow *row = g_new0(TallyLimitedRow, 1);
		row->site = statement_text(statement, 0);
		row->tier = (guint)CLAMP(statement_int(statement, 1), 0, G_MAXINT);
		row->boxed = statement_bytes(statement, 2);
		row->count = (guint64)statement_int(statement, 3);
		row->last_at_us = statement_int(statement, 4);
		*all = (guint)statement_int(statement, 5);
		g_ptr_array_add(rows, row);
	}
}

gboolean
tally_since(Db *counters, gint64 *since_us, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(counters, STATEMENT_TALLY_SINCE, error);
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	*since_us = has_row ? read_hour_us(statement, 0) : 0;
	statement_reset(statement);
	return TRUE;
}

/* --- Purge ---------------------------------------------------------------------------------------------------------- */

/* How many went, or -1. */
static gint64
purge_rows(Db *counters, guint id, guint limit, GError **error)
{
	const gint64 now_us = clock_now_us();
	Statement *statement = db_statement(counters, id, error);
	if (!statement)
		return -1;
	statement_bind_int(statement, "before", (now_us - LIMIT_TALLY_US) / HOUR_US);
	statement_bind_int(statement, "after", now_us / HOUR_US + 1);
	statement_bind_int(statement, "limit", limit);
	return statement_step(statement, NULL, error) ? db_changes(counters) : -1;
}

gboolean
tally_awake(Db *counters, GError **error)
{
	const TallyMark mark = {.at_us = clock_now_us(), .site = "", .topic = TALLY_AWAKE, .item = "awake"};
	if (!db_begin(counters, error))
		return FALSE;
	return db_end(counters, tally_add(counters, &mark, error), error);
}

gint
tally_purge(Db *counters, guint limit, GError **error)
{
	if (!db_begin(counters, error))
		return -1;
	const gint64 tallies = purge_rows(counters, STATEMENT_TALLY_PURGE, limit, error);
	const gint64 limiteds = tallies >= 0 ? purge_rows(counters, STATEMENT_TALLY_LIMITED_PURGE, limit, error) : -1;
	const gboolean is_good = limiteds >= 0 && change_room(counters, -tallies, -limiteds, error);
	return db_end(counters, is_good, error) ? (gint)(tallies + limiteds) : -1;
}
