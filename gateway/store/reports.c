/*
 * Reports to sites' owners.
 *
 *   none -> begun -> sent    (the next one begins with the next number)
 *                 -> begun   (no server took it: the same number with a newer period)
 *
 * Numbers have no gap, because the next one begins only when the last was sent. Each function takes its own transaction on the ledger, so only the courier and the operator's command may call it.
 * An old one goes with ledger_purge, but never a site's newest that was sent: the number would begin anew, and nobody would know how many are missing.
 */
#include "sekisho/store/reports.h"

#include "ledger_private.h"
#include "sekisho/base/clock.h"
#include "store/statements.h"

void
report_record_free(ReportRecord *record)
{
	if (!record)
		return;
	g_free(record->site);
	g_free(record);
}

static ReportRecord *
read_record(Statement *statement)
{
	ReportRecord *record = g_new0(ReportRecord, 1);
	record->site = statement_text(statement, 0);
	record->number = (guint)CLAMP(statement_int(statement, 1), 0, G_MAXINT);
	record->from_us = statement_int(statement, 2);
	record->to_us = statement_int(statement, 3);
	record->made_at_us = statement_int(statement, 4);
	record->sent_at_us = statement_int(statement, 5);
	record->next_by_us = statement_int(statement, 6);
	return record;
}

static gboolean
find_record(Db *ledger, guint statement_id, const char *site, ReportRecord **record, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = ledger_statement(ledger, statement_id, site, error);
	*record = NULL;
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	if (!has_row)
		return TRUE;
	*record = read_record(statement);
	statement_reset(statement);
	return TRUE;
}

gboolean
reports_last(Db *ledger, const char *site, ReportRecord **record, GError **error)
{
	return find_record(ledger, STATEMENT_REPORTS_LAST, site, record, error);
}

gboolean
reports_last_sent(Db *ledger, const char *site, ReportRecord **record, GError **error)
{
	return find_record(ledger, STATEMENT_REPORTS_LAST_SENT, site, record, error);
}

gboolean
reports_is_covered(Db *ledger, const ReportRecord *wanted, gboolean *is_covered, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_REPORTS_COVERED, wanted->site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "from_at", wanted->from_us);
	statement_bind_int(statement, "to_at", wanted->to_us);
	if (!statement_step(statement, is_covered, error))
		return FALSE;
	statement_reset(statement);
	return TRUE;
}

static gboolean
begin_in_transaction(Db *ledger, ReportRecord *record, GError **error)
{
	g_autoptr(ReportRecord) last = NULL;
	if (!reports_last(ledger, record->site, &last, error))
		return FALSE;
	record->number = last == NULL ? 1 : last->number + (last->sent_at_us > 0 ? 1 : 0);
	record->made_at_us = clock_now_us();
	record->sent_at_us = 0;
	Statement *statement = ledger_statement(ledger, STATEMENT_REPORTS_BEGIN, record->site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "number", record->number);
	statement_bind_int(statement, "from_at", record->from_us);
	statement_bind_int(statement, "to_at", record->to_us);
	statement_bind_int(statement, "now", record->made_at_us);
	statement_bind_int(statement, "next_by", record->next_by_us);
	return statement_step(statement, NULL, error);
}

gboolean
reports_begin(Db *ledger, ReportRecord *record, GError **error)
{
	if (!db_begin(ledger, error))
		return FALSE;
	return db_end(ledger, begin_in_transaction(ledger, record, error), error);
}

gboolean
reports_sent(Db *ledger, const char *site, guint number, GError **error)
{
	Statement *statement = ledger_statement(ledger, STATEMENT_REPORTS_SENT, site, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "number", number);
	statement_bind_int(statement, "now", clock_now_us());
	return db_run(ledger, statement, error) >= 0;
}

GPtrArray *
reports_missing(Db *ledger, gint64 now_us, const char *after, guint limit, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_REPORTS_MISSING, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", now_us);
	statement_bind_text(statement, "after", after);
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, statement_read_text, g_free, error);
}
