/*
 * Reading what a statement gives, in terms of the driver alone: the same for whichever driver stands behind store/db.h. No state.
 */
#include "sekisho/store/db.h"

GPtrArray *
statement_rows(Statement *statement, StatementReader read, GDestroyNotify destroy, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(destroy);
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&rows);
		g_ptr_array_add(rows, read(statement));
	}
}

gpointer
statement_read_text(Statement *statement)
{
	return statement_text(statement, 0);
}

GArray *
statement_ids(Statement *statement, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&ids);
		gint64 id = statement_int(statement, 0);
		g_array_append_val(ids, id);
	}
}

gboolean
statement_number(Statement *statement, gint64 otherwise, gint64 *number, GError **error)
{
	gboolean has_row = FALSE;
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*number = has_row ? statement_int(statement, 0) : otherwise;
	statement_reset(statement);
	return TRUE;
}
