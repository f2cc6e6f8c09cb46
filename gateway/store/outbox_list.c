/*
 * Lists of the outbox for people: which items fit a filter, and how many deliveries wait. Nothing here changes a row.
 *
 * A list walks the shortest way that the filter leaves (the submission of a receipt, what is not settled, a site, or all), newest first, and asks of each item on it whether everything
 * fits: so there is one place that says what fitting is.
 */
#include "outbox_private.h"
#include "store/statements.h"

void
outbox_count_free(OutboxCount *count)
{
	if (!count)
		return;
	g_free(count->site);
	g_free(count->reason);
	g_free(count);
}

/* --- Filters ------------------------------------------------------------------------------------------------------- */

/* sql/outbox.sql compares recipients by their size. */
G_STATIC_ASSERT(VAULT_HASH_BYTES == 21);

static void
bind_filter(Statement *statement, const OutboxFilter *filter)
{
	statement_bind_text(statement, "site", filter->site);
	statement_bind_int(statement, "form_id", (gint64)filter->form_id);
	statement_bind_int(statement, "mail_kind", filter->kind);
	statement_bind_int(statement, "states", filter->states);
	statement_bind_text(statement, "reason", filter->reason);
	statement_bind_text(statement, "receipt", filter->receipt);
	if (filter->recipients)
		statement_bind_bytes(
		    statement, "recipients", filter->recipients->data, filter->recipients->len * sizeof(VaultHash));
	statement_bind_int(statement, "since", filter->since_us);
	statement_bind_int(statement, "before", filter->before_us);
}

/* An address of which there are no hashes is nobody's. */
static gboolean
fits_nothing(const OutboxFilter *filter)
{
	return filter->recipients && filter->recipients->len == 0;
}

static Statement *
walk_statement(Db *db, const OutboxFilter *filter, GError **error)
{
	const gboolean is_unsettled = filter->states != 0 && (filter->states & ~OUTBOX_UNSETTLED) == 0;
	guint id = filter->receipt ? STATEMENT_OUTBOX_WALK_RECEIPT
		   : is_unsettled  ? STATEMENT_OUTBOX_WALK_UNSETTLED
		   : filter->site  ? STATEMENT_OUTBOX_WALK_SITE
				   : STATEMENT_OUTBOX_WALK;
	Statement *statement = db_statement(db, id, error);
	if (statement && id == STATEMENT_OUTBOX_WALK_RECEIPT)
		statement_bind_text(statement, "receipt", filter->receipt);
	if (statement && id == STATEMENT_OUTBOX_WALK_SITE)
		statement_bind_text(statement, "site", filter->site);
	return statement;
}

static gboolean
fits(Db *db, gint64 id, const OutboxFilter *filter, gboolean *is_fitting, GError **error)
{
	gint64 found = 0;
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_FITS, error);
	if (!statement)
		return FALSE;
	bind_filter(statement, filter);
	statement_bind_int(statement, "outbox_id", id);
	if (!statement_number(statement, 0, &found, error))
		return FALSE;
	*is_fitting = found != 0;
	return TRUE;
}

static gboolean
collect(Db *db, const OutboxFilter *filter, guint limit, GArray *ids, GError **error)
{
	Statement *walk = walk_statement(db, filter, error);
	if (!walk)
		return FALSE;
	gboolean has_row = TRUE;
	while (ids->len < limit) {
		gboolean is_fitting = FALSE;
		if (!statement_step(walk, &has_row, error))
			return FALSE;
		if (!has_row)
			return TRUE;
		gint64 id = statement_int(walk, 0);
		if (!fits(db, id, filter, &is_fitting, error)) {
			statement_reset(walk);
			return FALSE;
		}
		if (is_fitting)
			g_array_append_val(ids, id);
	}
	statement_reset(walk);
	return TRUE;
}

GPtrArray *
outbox_list(Db *db, const OutboxFilter *filter, guint limit, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (!fits_nothing(filter) && !collect(db, filter, limit, ids, error))
		return NULL;
	return outbox_load_all(db, ids, error);
}

/* --- Counts -------------------------------------------------------------------------------------------------------- */

static gpointer
read_count(Statement *statement)
{
	OutboxCount *count = g_new0(OutboxCount, 1);
	count->site = statement_text(statement, 0);
	count->state = (DeliveryState)outbox_read_count(statement, 1);
	count->reason = statement_text(statement, 2);
	count->count = (guint)CLAMP(statement_int(statement, 3), 0, G_MAXINT);
	count->oldest_us = outbox_read_time_us(statement, 4);
	return count;
}

GPtrArray *
outbox_counts(Db *db, const OutboxFilter *filter, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_COUNTS, error);
	if (!statement)
		return NULL;
	bind_filter(statement, filter);
	statement_bind_int(statement, "limit", fits_nothing(filter) ? 0 : limit);
	return statement_rows(statement, read_count, (GDestroyNotify)outbox_count_free, error);
}
