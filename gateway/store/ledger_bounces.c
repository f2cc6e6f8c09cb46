/*
 * How much mail of mail systems comes in, by hours of UTC: whether this hour is out of the ordinary. The only memory is the ledger's rows; hours that lie ahead were noted by a clock that
 * was put right, and count for nothing.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

#define HISTORY_HOURS (28 * G_GINT64_CONSTANT(24))
/* So many times the busiest hour is no usual one, as for a site's fuse. */
#define SURGE_FACTOR 3

static Statement *
traffic_statement(Db *ledger, guint id, const char *site, gboolean is_tagged, GError **error)
{
	Statement *statement = ledger_statement(ledger, id, site, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "is_tagged", is_tagged ? 1 : 0);
	statement_bind_int(statement, "hour", clock_now_us() / HOUR_US);
	return statement;
}

static gboolean
count_in_transaction(Db *ledger, const char *site, gboolean is_tagged, BounceTraffic *traffic, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = traffic_statement(ledger, STATEMENT_LEDGER_BOUNCE_ADD, site, is_tagged, error);
	if (!statement || !statement_step(statement, NULL, error))
		return FALSE;
	statement = traffic_statement(ledger, STATEMENT_LEDGER_BOUNCE_TRAFFIC, site, is_tagged, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "since", clock_now_us() / HOUR_US - HISTORY_HOURS);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	g_assert(has_row);
	traffic->last_hour = (guint)statement_int(statement, 0);
	traffic->busiest_hour = (guint)statement_int(statement, 1);
	statement_reset(statement);
	traffic->is_surge =
	    traffic->last_hour >= LIMIT_BOUNCE_SURGE && traffic->last_hour >= SURGE_FACTOR * traffic->busiest_hour;
	return TRUE;
}

gboolean
ledger_count_bounce(Db *ledger, const char *site, gboolean is_tagged, BounceTraffic *traffic, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, count_in_transaction(ledger, site, is_tagged, traffic, error), error);
}
