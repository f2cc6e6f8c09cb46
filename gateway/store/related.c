/*
 * Submissions that came from the same sender. Only reads; no state.
 */
#include "sekisho/store/related.h"

#include "sekisho/base/limits.h"
#include "store/statements.h"
#include "submissions_private.h"

static const struct {
	const char *name;
	guint statement;
} kinds[RELATED_KINDS] = {
    [RELATED_FINGERPRINT] = {"fingerprint", STATEMENT_RELATED_BY_FINGERPRINT},
    [RELATED_NETWORK] = {"network", STATEMENT_RELATED_BY_NETWORK},
    [RELATED_IP] = {"ip", STATEMENT_RELATED_BY_IP},
};

const char *
related_name(RelatedBy by)
{
	return kinds[by].name;
}

void
related_clear(Related *related)
{
	g_clear_pointer(&related->newest, g_ptr_array_unref);
}

static gboolean
read_known(Db *db, gint64 id, RelatedBy by, gboolean *is_known, GError **error)
{
	gboolean has_row = FALSE;
	Statement *statement = db_statement(db, STATEMENT_RELATED_KNOWN, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*is_known = has_row && statement_int(statement, (int)by) != 0;
	statement_reset(statement);
	return TRUE;
}

/* The newest ids (gint64), and in *count how many there are. NULL on error. */
static GArray *
read_ids(Db *db, gint64 id, RelatedBy by, guint64 *count, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	Statement *statement = db_statement(db, kinds[by].statement, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "id", id);
	statement_bind_int(statement, "limit", LIMIT_RELATED_ROWS);
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return NULL;
		if (!has_row)
			return g_steal_pointer(&ids);
		const gint64 other = statement_int(statement, 0);
		*count = (guint64)statement_int(statement, 1);
		g_array_append_val(ids, other);
	}
}

gboolean
related_find(Db *db, gint64 submission_id, RelatedBy by, Related *related, GError **error)
{
	if (!read_known(db, submission_id, by, &related->is_known, error))
		return FALSE;
	g_autoptr(GArray) ids = related->is_known ? read_ids(db, submission_id, by, &related->count, error)
						  : g_array_new(FALSE, FALSE, sizeof(gint64));
	related->newest = ids ? submissions_summaries(db, ids, error) : NULL;
	return related->newest != NULL;
}
