/*
 * Submissions as a person looks for them. Only reads; no state. A list of few statuses walks along an index of its own, because a database may hold a hundred times as many that were accepted.
 */
#include "sekisho/store/browse.h"

#include "store/statements.h"
#include "submissions_private.h"

/* sql/browse.sql compares hashes by their size. */
G_STATIC_ASSERT(VAULT_HASH_BYTES == 21);

static gboolean
is_standing(const BrowseFilter *filter)
{
	return filter->statuses != 0 && (filter->statuses & ~BROWSE_STANDING) == 0;
}

/* What was sent from an address of which there are no hashes is nobody's. */
static gboolean
fits_nothing(const BrowseFilter *filter)
{
	return (filter->ips && filter->ips->len == 0) || (filter->networks && filter->networks->len == 0);
}

static void
bind_hashes(Statement *statement, const char *name, const GArray *hashes)
{
	if (hashes)
		statement_bind_bytes(statement, name, hashes->data, hashes->len * sizeof(VaultHash));
}

static void
bind_filter(Statement *statement, const BrowseFilter *filter)
{
	statement_bind_text(statement, "site", filter->site);
	statement_bind_int(statement, "form_id", (gint64)filter->form_id);
	statement_bind_int(statement, "since", filter->since_us);
	statement_bind_int(statement, "before", filter->before_us);
	statement_bind_int(statement, "statuses", filter->statuses);
	bind_hashes(statement, "ips", filter->ips);
	bind_hashes(statement, "networks", filter->networks);
}

GPtrArray *
browse_list(Db *db, const BrowseFilter *filter, guint limit, GError **error)
{
	g_autoptr(GArray) ids = NULL;
	const guint every = filter->site ? STATEMENT_BROWSE_OF_SITE : STATEMENT_BROWSE;
	if (fits_nothing(filter)) {
		ids = g_array_new(FALSE, FALSE, sizeof(gint64));
		return submissions_summaries(db, ids, error);
	}
	Statement *statement = db_statement(db, is_standing(filter) ? STATEMENT_BROWSE_STANDING : every, error);
	if (!statement)
		return NULL;
	bind_filter(statement, filter);
	statement_bind_int(statement, "limit", limit);
	ids = statement_ids(statement, error);
	return ids ? submissions_summaries(db, ids, error) : NULL;
}

gboolean
browse_tally(Db *db, const BrowseFilter *filter, guint *count, gint64 *oldest_at_us, GError **error)
{
	gboolean has_row = FALSE;
	*count = 0;
	*oldest_at_us = 0;
	g_assert(is_standing(filter));
	if (fits_nothing(filter))
		return TRUE;
	Statement *statement = db_statement(db, STATEMENT_BROWSE_TALLY, error);
	if (!statement)
		return FALSE;
	bind_filter(statement, filter);
	if (!statement_step(statement, &has_row, error))
		return FALSE;
	*count = (guint)statement_int(statement, 0);
	*oldest_at_us = statement_int(statement, 1);
	statement_reset(statement);
	return TRUE;
}
