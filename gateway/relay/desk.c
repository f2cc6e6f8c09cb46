/*
 * Leased mails waiting for a session, by account.
 *
 *   desk: free -> flying (flight.c) -> free
 *              -> resting (blocked_until) after the account failed; each failure in a row rests longer
 *
 * Only one session an account runs at a time. What comes for a resting account, and what is more than two sessions can
 * carry, is put off in the database at once, so that it neither fills our memory nor stands before other accounts' mails.
 */
#include "courier_parts.h"
#include "retry.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* What was too much for a desk comes back in slots of one session's mails, this far apart. */
#define OVERFLOW_SLOT_US (5 * G_TIME_SPAN_SECOND)

/* A session ends with its first letter that has attachments (flight.c), and what came behind it is given back. So after one a session takes few: one
 * heavy letter, and a little more so that light ones are soon many again. */
#define HEAVY_SESSION_MAILS 4u

/* Mails of one account that rested come back within this time after it, not all in one instant. */
#define SPREAD_US (20 * G_TIME_SPAN_SECOND)

/* An account that failed is remembered this long after its rest, for the next delay. */
#define MEMORY_US (2 * G_TIME_SPAN_HOUR)

static void
waiting_free(Waiting *waiting)
{
	outbox_item_free(waiting->item);
	g_free(waiting);
}

void
desk_free(Desk *desk)
{
	g_queue_clear_full(&desk->waiting, (GDestroyNotify)waiting_free);
	site_unref(desk->site);
	g_clear_error(&desk->failure);
	g_free(desk->server_text);
	g_free(desk);
}

static Desk *
desk_of(Courier *courier, Site *site)
{
	g_autofree char *key = account_identity(site->account);
	Desk *desk = g_hash_table_lookup(courier->desks, key);

	if (desk == NULL) {
		desk = g_new0(Desk, 1);
		g_queue_init(&desk->waiting);
		desk->site = site_ref(site);
		desk->account = site->account;
		g_hash_table_insert(courier->desks, g_steal_pointer(&key), desk);
	}
	return desk;
}

/* How long the account still rests; 0 or less: it does not. Either clock may end the rest: the wall clock may be set back, and the monotonic
 * one stands still while the machine sleeps. */
static gint64
rest_us(const Desk *desk)
{
	return MIN(desk->blocked_until_us - g_get_monotonic_time(), desk->blocked_until_wall_us - clock_now_us());
}

gint64
desk_rest_end_us(const Desk *desk)
{
	return clock_now_us() + MAX(rest_us(desk), 0) + g_random_int_range(0, SPREAD_US);
}

static void
put_off(Courier *courier, const OutboxItem *item, const Attempt *why)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		settle_put_off(courier, item->deliveries->pdata[i], why);
}

static void
put_off_rest(Courier *courier, const Desk *desk, const OutboxItem *item)
{
	put_off(courier, item,
	    &(Attempt){.failure = desk->failure, .server_text = desk->server_text, .due_at_us = desk_rest_end_us(desk)});
}

/* One statement for all that the same form has due: to claim each of them, only to put it off, costs three times as much. They come back together, but each
 * such crowd at a moment of its own. */
static void
put_off_all_of_the_form(Courier *courier, Desk *desk, const OutboxItem *item)
{
	g_autoptr(GError) error = NULL;
	const PutOff why = {
	    .reason = error_name(desk->failure), .server_text = desk->server_text, .due_at_us = desk_rest_end_us(desk)};

	if (desk->swept_in_claim == courier->claims)
		return;
	desk->swept_in_claim = courier->claims;
	if (outbox_put_off(courier->db, item, &why, &error) < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
}

/* The mail comes back when those before it will have gone. */
static void
put_off_overflow(Courier *courier, Desk *desk, const OutboxItem *item)
{
	gint64 slot = 1 + desk->overflow++ / LIMIT_SESSION_MAILS;

	put_off(courier, item, &(Attempt){.due_at_us = clock_now_us() + slot * OVERFLOW_SLOT_US});
}

gboolean
desk_is_ordered(const OutboxItem *item)
{
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = item->deliveries->pdata[i];
		if (delivery->ordered_at_us != 0)
			return TRUE;
	}
	return FALSE;
}

void
desk_take(Courier *courier, OutboxItem *item)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(OutboxItem) held = item;
	g_autoptr(Site) site = config_site(courier->settings->config, item->site, &error);

	if (site == NULL) {
		obstacle_met(courier, item, error);
		return;
	}
	Desk *desk = desk_of(courier, site);
	/* A person who ordered it has mended something: it goes at once, although the account rests. */
	if (rest_us(desk) > 0 && !desk_is_ordered(item)) {
		put_off_rest(courier, desk, item);
		put_off_all_of_the_form(courier, desk, item);
	} else if (desk->waiting.length >= LIMIT_ACCOUNT_ITEMS) {
		put_off_overflow(courier, desk, item);
	} else {
		Waiting *waiting = g_new0(Waiting, 1);
		waiting->item = g_steal_pointer(&held);
		waiting->leased_at_us = g_get_monotonic_time();
		g_queue_push_tail(&desk->waiting, waiting);
		courier->waiting++;
	}
}

static OutboxItem *
pop(Courier *courier, Desk *desk)
{
	Waiting *waiting = g_queue_pop_head(&desk->waiting);
	OutboxItem *item = g_steal_pointer(&waiting->item);

	courier->waiting--;
	g_free(waiting);
	return item;
}

GPtrArray *
desk_batch(Courier *courier, Desk *desk)
{
	GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_item_free);

	guint most = desk->is_heavy ? HEAVY_SESSION_MAILS : LIMIT_SESSION_MAILS;

	desk->overflow = 0;
	while (desk->waiting.length > 0 && batch->len < most) {
		const Waiting *next = g_queue_peek_head(&desk->waiting);
		/* A session ended without a word about this mail, and it may be the mail that ends sessions: it flies alone, so that it takes
		 * no others with it. */
		gboolean is_lone = settle_has_failed_as(next->item, RELAY_ERROR_LOST);
		if (is_lone && batch->len > 0)
			break;
		g_ptr_array_add(batch, pop(courier, desk));
		if (is_lone)
			break;
	}
	return batch;
}

void
desk_block(Courier *courier, Desk *desk, const GError *failure, const char *server_text)
{
	desk->failures++;
	gint64 delay_us = retry_delay_us(desk->failures, g_random_int());
	desk->blocked_until_us = g_get_monotonic_time() + delay_us;
	desk->blocked_until_wall_us = clock_now_us() + delay_us;
	g_clear_error(&desk->failure);
	desk->failure = g_error_copy(failure);
	g_free(desk->server_text);
	desk->server_text = g_strdup(server_text);
	log_error(LOG_ACCOUNT_FAILED, failure, "account", desk->account->name, "host", desk->account->host, "site",
	    desk->site->facts->name, "server", server_text, NULL);
	while (desk->waiting.length > 0) {
		g_autoptr(OutboxItem) item = pop(courier, desk);
		put_off_rest(courier, desk, item);
	}
}

void
desk_unblock(Desk *desk)
{
	desk->failures = 0;
	desk->blocked_until_us = desk->blocked_until_wall_us = 0;
}

static void
give_back_old(Courier *courier, Desk *desk, gint64 leased_before_us)
{
	while (desk->waiting.length > 0) {
		const Waiting *next = g_queue_peek_head(&desk->waiting);
		if (next->leased_at_us > leased_before_us)
			return;
		g_autoptr(OutboxItem) item = pop(courier, desk);
		for (guint i = 0; i < item->deliveries->len; i++)
			settle_give_back(courier, ((const Delivery *)item->deliveries->pdata[i])->id);
	}
}

void
desk_sweep(Courier *courier, gboolean is_all)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 leased_before_us = is_all ? G_MAXINT64 : now_us - (gint64)LIMIT_LEASE_WAIT_MS * 1000;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, courier->desks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Desk *desk = value;
		give_back_old(courier, desk, leased_before_us);
		if (desk->waiting.length == 0 && desk->flight == NULL &&
		    now_us > desk->blocked_until_us + (desk->failures == 0 ? 0 : MEMORY_US))
			g_hash_table_iter_remove(&iter);
	}
}
