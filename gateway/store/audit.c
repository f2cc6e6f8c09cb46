/*
 * Who did what. A line is written once and never changed; it goes when it is older than LIMIT_AUDIT_US (ledger_purge). No state; each function is one statement on the ledger, so only the courier
 * and the operator's command may call it.
 */
#include "sekisho/store/audit.h"

#include "sekisho/base/clock.h"
#include "store/statements.h"

void
audit_line_free(AuditLine *line)
{
	if (!line)
		return;
	g_free(line->actor);
	g_free(line->action);
	g_free(line->site);
	g_free(line->target);
	g_free(line);
}

static void
bind_or_empty(Statement *statement, const char *name, const char *text)
{
	statement_bind_text(statement, name, text ? text : "");
}

gboolean
audit_note(Db *ledger, const AuditLine *line, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_AUDIT_NOTE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "now", clock_now_us());
	bind_or_empty(statement, "actor", line->actor);
	bind_or_empty(statement, "action", line->action);
	bind_or_empty(statement, "site", line->site);
	bind_or_empty(statement, "target", line->target);
	return db_run(ledger, statement, error) >= 0;
}

static gpointer
read_line(Statement *statement)
{
	AuditLine *line = g_new0(AuditLine, 1);
	line->id = statement_int(statement, 0);
	line->at_us = statement_int(statement, 1);
	line->actor = statement_text(statement, 2);
	line->action = statement_text(statement, 3);
	line->site = statement_text(statement, 4);
	line->target = statement_text(statement, 5);
	return line;
}

GPtrArray *
audit_list(Db *ledger, const AuditFilter *filter, GError **error)
{
	Statement *statement = db_statement(ledger, STATEMENT_AUDIT_LIST, error);
	if (!statement)
		return NULL;
	statement_bind_text(statement, "site", filter->site);
	statement_bind_text(statement, "actor", filter->actor);
	statement_bind_text(statement, "action", filter->action);
	statement_bind_text(statement, "target", filter->target);
	statement_bind_int(statement, "since", filter->since_us);
	statement_bind_int(statement, "before", filter->before_us > 0 ? filter->before_us : G_MAXINT64);
	statement_bind_int(statement, "limit", filter->limit);
	return statement_rows(statement, read_line, (GDestroyNotify)audit_line_free, error);
}
