/*
 * Addresses to which no automatic mail of a site goes: there until its time is over -> purged; or taken back by a person. What came back again prolongs it, and never shortens it. All
 * public functions take their own transaction: do not call them inside one.
 */
#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

void
suppression_free(Suppression *suppression)
{
	if (!suppression)
		return;
	g_free(suppression->site);
	g_clear_pointer(&suppression->boxed, g_bytes_unref);
	g_free(suppression->reason);
	g_free(suppression);
}

static Statement *
bounces_statement(Db *ledger, guint id, const Suppression *suppression, GError **error)
{
	Statement *statement = ledger_statement(ledger, id, suppression->site, error);
	if (!statement)
		return NULL;
	statement_bind_bytes(statement, "address", suppression->address.bytes, sizeof suppression->address.bytes);
	statement_bind_int(statement, "bounces", suppression->bounces);
	return statement;
}

static gboolean
suppress_in_transaction(Db *ledger, const Suppression *suppression, GError **error)
{
	Statement *statement = bounces_statement(ledger, STATEMENT_LEDGER_SUPPRESSION_COUNT, suppression, error);
	if (!statement || !statement_step(statement, NULL, error))
		return FALSE;
	statement = bounces_statement(ledger, STATEMENT_LEDGER_SUPPRESS, suppression, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "kind", suppression->kind);
	statement_bind_gbytes(statement, "boxed", suppression->boxed);
	statement_bind_text(statement, "reason", suppression->reason);
	statement_bind_int(statement, "since", suppression->since_us);
	statement_bind_int(statement, "until", suppression->until_us);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error);
}

gboolean
ledger_suppress(Db *ledger, const Suppression *suppression, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, suppress_in_transaction(ledger, suppression, error), error);
}

gint
ledger_unsuppress(Db *ledger, const char *site, const GArray *hashes, GError **error)
{
	return ledger_remove(ledger, STATEMENT_LEDGER_UNSUPPRESS, (LedgerAddress){site, hashes}, error);
}

gboolean
ledger_is_suppressed(Db *ledger, const char *site, const GArray *hashes, gboolean *is_suppressed, GError **error)
{
	return ledger_has_any(ledger, STATEMENT_LEDGER_IS_SUPPRESSED, (LedgerAddress){site, hashes}, is_suppressed, error);
}

static gpointer
read_suppression(Statement *statement)
{
	Suppression *suppression = g_new0(Suppression, 1);
	suppression->site = statement_text(statement, 0);
	suppression->address = ledger_read_hash(statement, 1);
	suppression->kind = (SuppressionKind)statement_int(statement, 2);
	suppression->boxed = statement_bytes(statement, 3);
	suppression->reason = statement_text(statement, 4);
	suppression->bounces = (guint)statement_int(statement, 5);
	suppression->since_us = statement_int(statement, 6);
	suppression->until_us = statement_int(statement, 7);
	return suppression;
}

GPtrArray *
ledger_suppressions(Db *ledger, const char *site, guint limit, GError **error)
{
	Statement *statement = site ? ledger_statement(ledger, STATEMENT_LEDGER_SUPPRESSIONS_OF_SITE, site, error)
				    : db_statement(ledger, STATEMENT_LEDGER_SUPPRESSIONS, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, read_suppression, (GDestroyNotify)suppression_free, error);
}
