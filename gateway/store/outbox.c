/*
 * The outbox: the one place where deliveries move. Its states are drawn in store/outbox.h.
 *
 * Every move is one UPDATE that names the state it comes from (and the owner, where a lease is needed), inside an IMMEDIATE
 * transaction; so of two processes that want the same delivery one gets it and the other sees nothing. A claim is a
 * lease with an end: a holder that dies costs time, never the mail.
 *
 * All public functions here take their own transaction: do not call them inside one. What people order stands in outbox_orders.c, what mail servers say
 * later in outbox_bounce.c, lists and finding in outbox_list.c and outbox_read.c.
 */
#include "sekisho/store/outbox.h"

#include "outbox_private.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "store/statements.h"
#include "submissions_private.h"

/* --- Leases ------------------------------------------------------------------------------------------------------- */

/* From when on a due time is none of ours. */
static gint64
horizon_us(gint64 now_us)
{
	return now_us + (gint64)LIMIT_DUE_AHEAD_MS * 1000;
}

/* The item whose turn it is, or 0. */
static gboolean
find_due(Db *db, const char *owner, gint64 now_us, gint64 *id, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_DUE, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "owner", owner);
	statement_bind_int(statement, "now", now_us);
	if (!statement_number(statement, 0, id, error))
		return FALSE;
	if (*id != 0)
		return TRUE;
	statement = db_statement(db, STATEMENT_OUTBOX_DUE_ABSURD, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "owner", owner);
	statement_bind_int(statement, "horizon", horizon_us(now_us));
	return statement_number(statement, 0, id, error);
}

/* A statement on what is due of an item. */
static Statement *
due_statement(Db *db, guint statement_id, gint64 id, gint64 now_us, const char *owner, GError **error)
{
	Statement *statement = db_statement(db, statement_id, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "outbox_id", id);
	statement_bind_text(statement, "owner", owner);
	statement_bind_int(statement, "now", now_us);
	statement_bind_int(statement, "horizon", horizon_us(now_us));
	return statement;
}

/* Tells of the deliveries that the statement names that their session never told what came of it. */
static gboolean
note_lost(Db *db, Statement *statement, GError **error)
{
	g_autoptr(GArray) ids = statement ? statement_ids(statement, error) : NULL;
	if (!ids)
		return FALSE;
	for (guint i = 0; i < ids->len; i++) {
		const EventLine line = {.delivery_id = g_array_index(ids, gint64, i),
		    .kind = EVENT_TRIED,
		    .state = DELIVERY_QUEUED,
		    .reason = "relay.lost"};
		if (!outbox_note(db, &line, error))
			return FALSE;
	}
	return TRUE;
}

static OutboxItem *
lease_item(Db *db, gint64 id, gint64 now_us, Lease lease, GError **error)
{
	OutboxItem *item = NULL;
	if (!note_lost(db, due_statement(db, STATEMENT_OUTBOX_LOST, id, now_us, lease.owner, error), error))
		return NULL;
	Statement *statement = due_statement(db, STATEMENT_OUTBOX_LEASE, id, now_us, lease.owner, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "until", lease.until_us);
	if (!statement_step(statement, NULL, error) || !outbox_load(db, id, lease, &item, error))
		return NULL;
	if (!item)
		outbox_conflict("A row of the outbox names a submission that does not exist.", error);
	return item;
}

static gboolean
claim_in_transaction(Db *db, Lease lease, gint64 now_us, guint limit, GPtrArray *items, GError **error)
{
	while (items->len < limit) {
		gint64 id = 0;
		if (!find_due(db, lease.owner, now_us, &id, error))
			return FALSE;
		if (id == 0)
			return TRUE;
		OutboxItem *item = lease_item(db, id, now_us, lease, error);
		if (!item)
			return FALSE;
		g_ptr_array_add(items, item);
	}
	return TRUE;
}

GPtrArray *
outbox_claim(Db *db, const char *owner, gint64 lease_us, guint limit, GError **error)
{
	g_assert(owner && lease_us > 0);
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_item_free);
	if (!db_begin(db, error))
		return NULL;
	gint64 now_us = clock_now_us();
	Lease lease = {owner, now_us + lease_us};
	gboolean is_good = claim_in_transaction(db, lease, now_us, limit, items, error);
	return db_end(db, is_good, error) ? g_steal_pointer(&items) : NULL;
}

static gboolean
take_over_in_transaction(Db *db, const char *owner, gint64 *changes, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_LOST_ALL, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "owner", owner);
	if (!note_lost(db, statement, error))
		return FALSE;
	statement = db_statement(db, STATEMENT_OUTBOX_TAKE_OVER, error);
	if (!statement)
		return FALSE;
	statement_bind_text(statement, "owner", owner);
	return outbox_run(db, statement, changes, error);
}

gint
outbox_take_over(Db *db, const char *owner, GError **error)
{
	gint64 changes = 0;
	if (!db_begin(db, error))
		return -1;
	gboolean is_good = take_over_in_transaction(db, owner, &changes, error);
	return db_end(db, is_good, error) ? (gint)changes : -1;
}

/* A statement about what waits past its submission's time. */
static Statement *
overdue_statement(Db *db, guint id, guint limit, GError **error)
{
	Statement *statement = db_statement(db, id, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "limit", limit);
	return statement;
}

static gboolean
end_overdue(Db *db, gint64 id, GError **error)
{
	const EventLine line = {.delivery_id = id, .kind = EVENT_ENDED, .state = DELIVERY_DEAD, .reason = "retention"};
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_OVERDUE_END, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	statement_bind_int(statement, "now", clock_now_us());
	return statement_step(statement, NULL, error) && outbox_note(db, &line, error);
}

static gint
end_overdue_in_transaction(Db *db, guint limit, GError **error)
{
	Statement *statement = overdue_statement(db, STATEMENT_OUTBOX_OVERDUE_MARK, limit, error);
	if (!statement || !statement_step(statement, NULL, error))
		return -1;
	statement = overdue_statement(db, STATEMENT_OUTBOX_OVERDUE, limit, error);
	g_autoptr(GArray) ids = statement ? statement_ids(statement, error) : NULL;
	if (!ids)
		return -1;
	for (guint i = 0; i < ids->len; i++)
		if (!end_overdue(db, g_array_index(ids, gint64, i), error))
			return -1;
	return (gint)ids->len;
}

gint
outbox_end_overdue(Db *db, guint limit, GError **error)
{
	if (!db_begin(db, error))
		return -1;
	gint count = end_overdue_in_transaction(db, limit, error);
	return db_end(db, count >= 0, error) ? count : -1;
}

gint
outbox_put_off(Db *db, const OutboxItem *item, const PutOff *put_off, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_OUTBOX_PUT_OFF, error);
	if (!statement)
		return -1;
	statement_bind_text(statement, "site", item->site);
	statement_bind_int(statement, "form_id", (gint64)item->form_id);
	statement_bind_int(statement, "kind", item->kind);
	statement_bind_text(statement, "reason", put_off->reason);
	statement_bind_int(statement, "is_renewal", put_off->is_renewal ? 1 : 0);
	statement_bind_text(statement, "server_text", put_off->server_text);
	statement_bind_int(statement, "due_at", put_off->due_at_us);
	statement_bind_int(statement, "now", clock_now_us());
	statement_bind_int(statement, "scan", LIMIT_PUT_OFF_SCAN_ROWS);
	statement_bind_int(statement, "limit", LIMIT_PUT_OFF_ROWS);
	return db_run(db, statement, error);
}

/* When this delivery's lease ends, or 0 if `owner` holds it no more. */
static gboolean
read_lease_end(Db *db, const Delivery *delivery, const char *owner, gint64 *until_us, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_LEASE_END, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", delivery->id);
	statement_bind_text(statement, "owner", owner);
	return statement_number(statement, 0, until_us, error);
}

/* When the item's leases end, or 0 if `owner` holds none of them any more. */
static gboolean
find_lease_end(Db *db, const OutboxItem *item, const char *owner, gint64 *until_us, GError **error)
{
	*until_us = 0;
	for (guint i = 0; i < item->deliveries->len && *until_us == 0; i++)
		if (!read_lease_end(db, g_ptr_array_index(item->deliveries, i), owner, until_us, error))
			return FALSE;
	return TRUE;
}

static gboolean
is_recipient(const VaultHash *hash, const GPtrArray *recipients)
{
	for (guint i = 0; i < recipients->len; i++)
		if (vault_hash_equal(hash, g_ptr_array_index(recipients, i)))
			return TRUE;
	return FALSE;
}

static gboolean
cancel_gone_one(Db *db, gint64 id, const char *owner, GError **error)
{
	const EventLine line = {.delivery_id = id, .kind = EVENT_ENDED, .state = DELIVERY_CANCELLED, .reason = "gone"};
	gint64 changes = 0;
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_GONE, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", id);
	statement_bind_text(statement, "owner", owner);
	statement_bind_int(statement, "now", clock_now_us());
	return outbox_run(db, statement, &changes, error) && (changes == 0 || outbox_note(db, &line, error));
}

static gboolean
cancel_gone(Db *db, const OutboxItem *item, const char *owner, const GPtrArray *recipients, GError **error)
{
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		if (!is_recipient(&delivery->recipient, recipients) && !cancel_gone_one(db, delivery->id, owner, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
ensure_recipients(Db *db, const OutboxItem *item, Lease lease, const GPtrArray *recipients, GError **error)
{
	for (guint i = 0; i < recipients->len; i++) {
		const VaultHash *hash = g_ptr_array_index(recipients, i);
		Statement *statement = db_statement(db, STATEMENT_DELIVERY_ENSURE, error);
		if (!statement)
			return FALSE;
		statement_bind_int(statement, "outbox_id", item->id);
		statement_bind_bytes(statement, "recipient", hash->bytes, sizeof hash->bytes);
		statement_bind_int(statement, "now", clock_now_us());
		statement_bind_text(statement, "owner", lease.owner);
		statement_bind_int(statement, "until", lease.until_us);
		if (!statement_step(statement, NULL, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
reconcile_in_transaction(Db *db, OutboxItem *item, Lease lease, const GPtrArray *recipients, GError **error)
{
	if (!find_lease_end(db, item, lease.owner, &lease.until_us, error))
		return FALSE;
	if (lease.until_us == 0)
		return outbox_conflict("The lease of this mail ran out and somebody else took it.", error);
	g_autoptr(OutboxItem) reloaded = NULL;
	if (!cancel_gone(db, item, lease.owner, recipients, error) || !ensure_recipients(db, item, lease, recipients, error) ||
	    !outbox_load(db, item->id, lease, &reloaded, error))
		return FALSE;
	g_ptr_array_unref(item->deliveries);
	item->deliveries = g_ptr_array_ref(reloaded->deliveries);
	return TRUE;
}

/* *is_same: the item's deliveries are just the recipients, and still leased to `owner`: nothing to write, and no write lock to wait for. */
static gboolean
compare_with_configuration(
    Db *db, const OutboxItem *item, const char *owner, const GPtrArray *recipients, gboolean *is_same, GError **error)
{
	*is_same = item->deliveries->len == recipients->len;
	for (guint i = 0; i < item->deliveries->len && *is_same; i++) {
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		gint64 until_us = 0;
		if (!read_lease_end(db, delivery, owner, &until_us, error))
			return FALSE;
		*is_same = until_us != 0 && is_recipient(&delivery->recipient, recipients);
	}
	return TRUE;
}

gboolean
outbox_reconcile(Db *db, OutboxItem *item, const char *owner, const GPtrArray *recipients, GError **error)
{
	gboolean is_same = FALSE;
	if (!compare_with_configuration(db, item, owner, recipients, &is_same, error))
		return FALSE;
	if (is_same)
		return TRUE;
	if (!db_begin(db, error))
		return FALSE;
	gboolean is_erased = FALSE;
	gboolean is_good = reconcile_in_transaction(db, item, (Lease){owner, 0}, recipients, error) &&
			   submissions_erase_settled(db, item->submission_id, &is_erased, error);
	if (!db_end(db, is_good, error))
		return FALSE;
	if (is_erased)
		db_scrub(db);
	return TRUE;
}

/* --- Outcomes ----------------------------------------------------------------------------------------------------- */

static Statement *
give_back_statement(Db *db, const char *owner, const DeliveryOutcome *outcome, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_GIVE_BACK, error);
	if (!statement)
		return NULL;
	statement_bind_int(statement, "id", outcome->delivery_id);
	statement_bind_text(statement, "owner", owner);
	if (outcome->due_at_us != 0)
		statement_bind_int(statement, "due_at", outcome->due_at_us);
	return statement;
}

static Statement *
settle_statement(Db *db, const char *owner, const DeliveryOutcome *outcome, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_SETTLE, error);
	if (!statement)
		return NULL;
	g_autofree char *server_text = outbox_clean_server_text(outcome->server_text);
	statement_bind_int(statement, "id", outcome->delivery_id);
	statement_bind_text(statement, "owner", owner);
	statement_bind_int(statement, "state", outcome->state);
	statement_bind_int(statement, "tried", outcome->is_untried ? 0 : 1);
	statement_bind_text(statement, "reason", outcome->reason);
	statement_bind_text(statement, "server_text", server_text);
	statement_bind_int(statement, "reply_code", outcome->reply_code);
	statement_bind_int(statement, "now", clock_now_us());
	if (outcome->state == DELIVERY_DEFERRED)
		statement_bind_int(statement, "due_at", outcome->due_at_us);
	return statement;
}

/* Erases if this was the last delivery of a do_not_store submission; *is_erased stays as it is otherwise. */
static gboolean
erase_after(Db *db, gint64 delivery_id, gboolean *is_erased, GError **error)
{
	gint64 submission_id = 0;
	gboolean is_last = FALSE;
	Statement *statement = db_statement(db, STATEMENT_DELIVERY_SUBMISSION, error);
	if (!statement)
		return FALSE;
	statement_bind_int(statement, "id", delivery_id);
	if (!statement_number(statement, 0, &submission_id, error) ||
	    !submissions_erase_settled(db, submission_id, &is_last, error))
		return FALSE;
	*is_erased = *is_erased || is_last;
	return TRUE;
}

/* Nothing moves: the story alone goes on, as long as `owner` holds the lease. */
static gboolean
tell_failure(Db *db, const char *owner, DeliveryOutcome *outcome, GError **error)
{
	const Delivery delivery = {.id = outcome->delivery_id};
	gint64 until_us = 0;
	if (!read_lease_end(db, &delivery, owner, &until_us, error))
		return FALSE;
	outcome->is_too_late = until_us == 0;
	return outcome->is_too_late || outbox_note_outcome(db, outcome, error);
}

static gboolean
settle_one(Db *db, const char *owner, DeliveryOutcome *outcome, gboolean *is_erased, GError **error)
{
	if (outcome->state == DELIVERY_LEASED)
		return tell_failure(db, owner, outcome, error);
	g_assert(outcome->state == DELIVERY_SENT || outcome->state == DELIVERY_DEFERRED || outcome->state == DELIVERY_DEAD ||
		 outcome->state == DELIVERY_CANCELLED || outcome->state == DELIVERY_QUEUED);
	Statement *statement = outcome->state == DELIVERY_QUEUED ? give_back_statement(db, owner, outcome, error)
								 : settle_statement(db, owner, outcome, error);
	gint64 changes = 0;
	if (!statement || !outbox_run(db, statement, &changes, error))
		return FALSE;
	outcome->is_too_late = changes == 0;
	return outcome->is_too_late ||
	       (outbox_note_outcome(db, outcome, error) && erase_after(db, outcome->delivery_id, is_erased, error));
}

gboolean
outbox_settle(Db *db, const char *owner, DeliveryOutcome *outcomes, guint count, GError **error)
{
	if (!db_begin(db, error))
		return FALSE;
	gboolean is_erased = FALSE;
	gboolean is_good = TRUE;
	for (guint i = 0; i < count && is_good; i++)
		is_good = settle_one(db, owner, &outcomes[i], &is_erased, error);
	if (!db_end(db, is_good, error))
		return FALSE;
	if (is_erased)
		db_scrub(db);
	return TRUE;
}
