/*
 * A look at the database's inner order: for `sekisho doctor`, and for who begins counters.db (db_open_counters). It reads every page and changes nothing; writers go on meanwhile.
 */
#include "sekisho/base/error.h"
#include "sekisho/store/db.h"
#include "store/statements.h"

gboolean
db_check(Db *db, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_DATABASE_CHECK, error);
	if (!statement || !statement_step(statement, &has_row, error))
		return FALSE;
	g_autofree char *said = has_row ? statement_text(statement, 0) : NULL;
	statement_reset(statement);
	if (g_strcmp0(said, "ok") == 0)
		return TRUE;
	g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "the database is damaged (%s)", said ? said : "it says nothing");
	return FALSE;
}
