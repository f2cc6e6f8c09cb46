/*
 * Reading the outbox: rows become OutboxItem and Delivery. Nothing here changes a row.
 *
 * Rows are input: a front that was taken over may have written them. Texts are valid UTF-8 (store/db.h) and cut (sql/outbox.sql), an unknown state has
 * the name "unknown", a recipient of another size equals none, a kind that does not exist is a reply (whose leave the courier asks of the
 * ledger), and numbers are so clamped that sums of them stay numbers.
 */
#include <string.h>

#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"

const char *
delivery_state_name(DeliveryState state)
{
	static const char *const names[] = {
	    [DELIVERY_QUEUED] = "queued",
	    [DELIVERY_LEASED] = "leased",
	    [DELIVERY_SENT] = "sent",
	    [DELIVERY_DEFERRED] = "deferred",
	    [DELIVERY_DEAD] = "dead",
	    [DELIVERY_CANCELLED] = "cancelled",
	    [DELIVERY_REFUSED] = "refused",
	};
	/* A row of the database may say anything. */
	gboolean is_known = state >= DELIVERY_QUEUED && state <= DELIVERY_REFUSED;
	return is_known ? names[state] : "unknown";
}

void
planned_delivery_free(PlannedDelivery *planned)
{
	if (!planned)
		return;
	g_free(planned->reason);
	g_free(planned);
}

static void
delivery_free(gpointer data)
{
	Delivery *delivery = data;
	g_free(delivery->reason);
	g_free(delivery->server_text);
	g_free(delivery);
}

void
outbox_item_free(OutboxItem *item)
{
	if (!item)
		return;
	g_free(item->receipt);
	g_free(item->site);
	g_ptr_array_unref(item->deliveries);
	g_free(item);
}

/* As many as anything of ours counts; sql/outbox.sql stops at the same. */
#define COUNT_MAX 1000001
/* The year 9999. */
#define TIME_MAX_US (G_GINT64_CONSTANT(253402300799) * G_USEC_PER_SEC)

guint
outbox_read_count(Statement *statement, int column)
{
	return (guint)CLAMP(statement_int(statement, column), 0, COUNT_MAX);
}

gint64
outbox_read_time_us(Statement *statement, int column)
{
	return CLAMP(statement_int(statement, column), 0, TIME_MAX_US);
}

void
outbox_read_hash(GBytes *bytes, VaultHash *hash)
{
	if (bytes && g_bytes_get_size(bytes) == VAULT_HASH_BYTES)
		memcpy(hash->bytes, g_bytes_get_data(bytes, NULL), VAULT_HASH_BYTES);
}

static OutboxItem *
read_item(Statement *statement)
{
	OutboxItem *item = g_new0(OutboxItem, 1);
	item->id = statement_int(statement, 0);
	item->submission_id = statement_int(statement, 1);
	item->receipt = statement_text(statement, 2);
	item->site = statement_text(statement, 3);
	item->form_id = (guint64)statement_int(statement, 4);
	gint64 kind = statement_int(statement, 5);
	item->kind = kind >= MAIL_NOTICE && kind <= MAIL_KIND_LAST ? (MailKind)kind : MAIL_REPLY;
	item->generation = outbox_read_count(statement, 6);
	item->created_at_us = outbox_read_time_us(statement, 7);
	item->deliveries = g_ptr_array_new_with_free_func(delivery_free);
	return item;
}

static Delivery *
read_delivery(Statement *statement)
{
	Delivery *delivery = g_new0(Delivery, 1);
	delivery->id = statement_int(statement, 8);
	g_autoptr(GBytes) recipient = statement_bytes(statement, 9);
	outbox_read_hash(recipient, &delivery->recipient);
	delivery->state = (DeliveryState)statement_int(statement, 10);
	delivery->attempts = outbox_read_count(statement, 11);
	delivery->due_at_us = outbox_read_time_us(statement, 12);
	delivery->settled_at_us = outbox_read_time_us(statement, 13);
	delivery->reason = statement_text(statement, 14);
	delivery->server_text = statement_text(statement, 15);
	delivery->reply_code = outbox_read_count(statement, 16);
	delivery->ordered_at_us = outbox_read_time_us(statement, 17);
	return delivery;
}

gboolean
outbox_load(Db *db, gint64 id, Lease lease, OutboxItem **item, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_ITEM, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "outbox_id", id);
	statement_bind_text(statement, "owner", lease.owner);
	statement_bind_int(statement, "until", lease.until_us);
	g_autoptr(OutboxItem) found = NULL;
	for (;;) {
		gboolean has_row = FALSE;
		if (!statement_step(statement, &has_row, error))
			return FALSE;
		if (!has_row)
			break;
		if (!found)
			found = read_item(statement);
		/* Without any delivery the join gives one row of NULLs. */
		if (statement_int(statement, 8) != 0)
			g_ptr_array_add(found->deliveries, read_delivery(statement));
	}
	*item = g_steal_pointer(&found);
	return TRUE;
}

GPtrArray *
outbox_load_all(Db *db, const GArray *ids, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_item_free);
	for (guint i = 0; i < ids->len; i++) {
		OutboxItem *item = NULL;
		if (!outbox_load(db, g_array_index(ids, gint64, i), (Lease){0}, &item, error))
			return NULL;
		if (item)
			g_ptr_array_add(items, item);
	}
	return g_steal_pointer(&items);
}

gboolean
outbox_conflict(const char *sentence, GError **error)
{
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_CONFLICT, sentence);
	return FALSE;
}

gboolean
outbox_no_item(gint64 id, GError **error)
{
	g_set_error(
	    error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "There is no mail %" G_GINT64_FORMAT "; `sekisho queue` lists them.", id);
	return FALSE;
}

gboolean
outbox_run(Db *db, Statement *statement, gint64 *changes, GError **error)
{
	if (!statement_step(statement, NULL, error))
		return FALSE;
	*changes = db_changes(db);
	return TRUE;
}

OutboxItem *
outbox_find(Db *db, gint64 id, GError **error)
{
	OutboxItem *item = NULL;
	if (!outbox_load(db, id, (Lease){0}, &item, error))
		return NULL;
	if (!item)
		outbox_no_item(id, error);
	return item;
}

GPtrArray *
outbox_of_submission(Db *db, gint64 submission_id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_LIST_OF_SUBMISSION, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "submission_id", submission_id);
	g_autoptr(GArray) ids = statement_ids(statement, error);
	return ids ? outbox_load_all(db, ids, error) : NULL;
}

gint64
outbox_next_due(Db *db, const char *owner, GError **error)
{
	gint64 due_at_us = -1;
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_NEXT_DUE, error);
	if (!statement)
		return -1;
	statement_bind_text(statement, "owner", owner);
	if (!statement_number(statement, -1, &due_at_us, error) || due_at_us == -1)
		return -1;
	gint64 now_us = clock_now_us();
	gboolean is_absurd = due_at_us < 0 || due_at_us > now_us + (gint64)LIMIT_DUE_AHEAD_MS * 1000;
	return is_absurd ? now_us : due_at_us;
}
