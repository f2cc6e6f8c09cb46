/*
 * Pressed links that wait for the courier. Rows are written by the journal (journal_press_new) and removed here; they never change. No state.
 */
#include "sekisho/store/presses.h"

#include "store/statements.h"

void
press_free(Press *press)
{
	if (!press)
		return;
	g_free(press->site);
	g_free(press->token);
	g_free(press->decision);
	g_free(press);
}

static gpointer
read_press(Statement *statement)
{
	Press *press = g_new0(Press, 1);
	press->id = statement_int(statement, 0);
	press->site = statement_text(statement, 1);
	press->token = statement_text(statement, 2);
	press->decision = statement_text(statement, 3);
	return press;
}

GPtrArray *
presses_list(Db *db, gint64 after_id, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_PRESS_LIST, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "after", after_id);
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, read_press, (GDestroyNotify)press_free, error);
}

gboolean
presses_decision(Db *db, const char *token, char **decision, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_PRESS_DECISION, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "token", token);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*decision = has_row ? statement_text(statement, 0) : NULL;
	statement_reset(statement);
	return TRUE;
}

gboolean
presses_remove(Db *db, gint64 id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_PRESS_DELETE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	return db_run(db, statement, error) >= 0;
}
