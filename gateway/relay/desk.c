/*
 * Leased mails waiting for a session, by account.
 *
 *   desk: free -> flying (flight.c) -> free
 *              -> resting (rest) after the account failed; each failure in a row rests longer
 *
 * An account begins with one session, and gets another one beside it, up to its own number, whenever the server has told of a mail since the last one began: so a
 * server that hangs or drips costs one session. Which account a mail waits for, choice.c says. What no account can take is put off in the database at once, so that
 * it neither fills our memory nor stands before other accounts' mails.
 */
#include "courier_parts.h"
#include "retry.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* A session ends with its first letter that has attachments (flight.c), and what came behind it is given back. So after one a session takes few: one
 * heavy letter, and a little more so that light ones are soon many again. */
#define HEAVY_SESSION_MAILS 4u

/* Sessions that one account may have while others wait. */
#define SHARE (LIMIT_SESSIONS / 2)

/* A server that tells of no mail for so long may hang. A mail takes about a second, and a large one on a slow line this long. */
#define SILENCE_US (15 * G_TIME_SPAN_SECOND)

/* In a row, with their rests: about a quarter of an hour or more. */
#define ALARM_FAILURES 3u

/* An account that failed is remembered this long after its rest, for the next delay and the alarm: a site with a mail a day, which goes by another account, tries it once a day. */
#define MEMORY_US (7 * G_TIME_SPAN_DAY)

Until
until_after(gint64 time_us)
{
	return (Until){.monotonic_us = g_get_monotonic_time() + time_us, .wall_us = clock_now_us() + time_us};
}

gint64
until_left_us(const Until *until)
{
	return MIN(until->monotonic_us - g_get_monotonic_time(), until->wall_us - clock_now_us());
}

static void
waiting_free(Waiting *waiting)
{
	outbox_item_free(waiting->item);
	g_free(waiting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waiting, waiting_free)

void
desk_free(Desk *desk)
{
	g_queue_clear_full(&desk->waiting, (GDestroyNotify)waiting_free);
	site_unref(desk->site);
	g_clear_error(&desk->failure);
	g_free(desk->server_text);
	g_free(desk);
}

Desk *
desk_of(Courier *courier, Site *site, const Account *account)
{
	g_autofree char *key = account_identity(account);
	Desk *desk = g_hash_table_lookup(courier->desks, key);

	if (desk == NULL) {
		desk = g_new0(Desk, 1);
		g_queue_init(&desk->waiting);
		desk->site = site_ref(site);
		desk->account = account;
		g_hash_table_insert(courier->desks, g_steal_pointer(&key), desk);
	}
	return desk;
}

/* --- Coming ---------------------------------------------------------------------------------------------------------------- */

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

static gint
compare_lease(gconstpointer a, gconstpointer b, gpointer unused)
{
	const gint64 first_us = ((const Waiting *)a)->leased_at_us;
	const gint64 second_us = ((const Waiting *)b)->leased_at_us;

	(void)unused;
	return (first_us > second_us) - (first_us < second_us);
}

/* To the desk of an account that can take it. */
static void
seat(Courier *courier, Waiting *taken)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Waiting) waiting = taken;
	g_autoptr(Site) site = config_site(courier->settings->config, waiting->item->site, &error);

	if (site == NULL) {
		obstacle_met(courier, waiting->item, error);
		return;
	}
	Desk *desk = choice_of(courier, site, waiting->item);
	if (desk == NULL) {
		choice_put_off(courier, site, waiting->item, waiting->item->deliveries);
		return;
	}
	g_queue_insert_sorted(&desk->waiting, g_steal_pointer(&waiting), compare_lease, NULL);
	courier->waiting++;
}

void
desk_take(Courier *courier, OutboxItem *item)
{
	Waiting *waiting = g_new0(Waiting, 1);

	*waiting = (Waiting){.item = item, .leased_at_us = g_get_monotonic_time()};
	seat(courier, waiting);
}

void
desk_put_back(Courier *courier, const OutboxItem *item, const GPtrArray *deliveries)
{
	g_autoptr(Site) site = config_site(courier->settings->config, item->site, NULL);

	if (site != NULL && choice_of(courier, site, item) == NULL) {
		choice_put_off(courier, site, item, deliveries);
		return;
	}
	for (guint i = 0; i < deliveries->len; i++)
		settle_put_off(courier, deliveries->pdata[i], &(Attempt){0});
}

/* --- Going ----------------------------------------------------------------------------------------------------------------- */

static gboolean
may_fly(const Desk *desk, guint most)
{
	const guint width = desk->width == 0 ? desk->account->connections : MIN(desk->width, desk->account->connections);

	return desk->waiting.length > 0 && desk->flights < MIN(MAX(width, 1), most) && (desk->flights == 0 || desk->has_answered);
}

/* Desks that wait longest come first: a hash table's order is arbitrary but fixed, and would always favour the same ones. */
static Desk *
oldest_desk(const Courier *courier, guint most)
{
	Desk *oldest = NULL;
	gint64 oldest_us = G_MAXINT64;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, courier->desks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Desk *desk = value;
		const Waiting *first = g_queue_peek_head(&desk->waiting);
		if (!may_fly(desk, most) || first->leased_at_us >= oldest_us)
			continue;
		oldest = desk;
		oldest_us = first->leased_at_us;
	}
	return oldest;
}

Desk *
desk_next(Courier *courier)
{
	Desk *next = oldest_desk(courier, SHARE);

	return next != NULL ? next : oldest_desk(courier, LIMIT_SESSIONS);
}

void
desk_note_flight(Desk *desk)
{
	desk->flights++;
	desk->has_answered = FALSE;
	desk->heard_at_us = g_get_monotonic_time();
}

void
desk_note_answer(Desk *desk)
{
	desk->has_answered = TRUE;
	desk->heard_at_us = g_get_monotonic_time();
}

gboolean
desk_is_silent(const Desk *desk)
{
	return desk->flights > 0 && g_get_monotonic_time() - desk->heard_at_us > SILENCE_US;
}

static Waiting *
pop(Courier *courier, Desk *desk)
{
	courier->waiting--;
	return g_queue_pop_head(&desk->waiting);
}

guint
desk_wanted(const Desk *desk)
{
	return MIN(desk->waiting.length, desk->is_heavy ? HEAVY_SESSION_MAILS : LIMIT_SESSION_MAILS);
}

GPtrArray *
desk_batch(Courier *courier, Desk *desk, guint most)
{
	GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_item_free);

	desk->overflow = 0;
	while (desk->waiting.length > 0 && batch->len < most) {
		const Waiting *next = g_queue_peek_head(&desk->waiting);
		/* A session ended without a word about this mail, and it may be the mail that ends sessions: it flies alone, so that it takes
		 * no others with it. */
		gboolean is_lone = settle_has_failed_as(next->item, RELAY_ERROR_LOST);
		if (is_lone && batch->len > 0)
			break;
		g_autoptr(Waiting) waiting = pop(courier, desk);
		g_ptr_array_add(batch, g_steal_pointer(&waiting->item));
		if (is_lone)
			break;
	}
	return batch;
}

/* --- Failing --------------------------------------------------------------------------------------------------------------- */

static void
log_failure(const Desk *desk, const GError *failure, const char *server_text)
{
	log_error(LOG_ACCOUNT_FAILED, failure, "account", desk->account->name, "host", desk->account->host, "site",
	    desk->site->facts->name, "server", server_text, NULL);
}

/* What waits here is given a seat anew. */
static void
reseat(Courier *courier, Desk *desk)
{
	GQueue waiting = desk->waiting;

	g_queue_init(&desk->waiting);
	courier->waiting -= waiting.length;
	while (waiting.length > 0)
		seat(courier, g_queue_pop_head(&waiting));
}

void
desk_clear(Courier *courier, Desk *desk)
{
	reseat(courier, desk);
}

void
desk_block(Courier *courier, Desk *desk, const GError *failure, const char *server_text)
{
	desk->failures++;
	desk->rest = until_after(retry_delay_us(desk->failures, g_random_int()));
	desk->rests_since_us = g_get_monotonic_time();
	g_clear_error(&desk->failure);
	desk->failure = g_error_copy(failure);
	g_free(desk->server_text);
	desk->server_text = g_strdup(server_text);
	log_failure(desk, failure, server_text);
	/* What waits, or goes by another account, hides it from everybody who reads no log. */
	if (desk->failures >= ALARM_FAILURES)
		alarm_raise_daily(courier, desk->site, "account");
	desk_clear(courier, desk);
}

void
desk_fail(Courier *courier, Desk *desk, const GError *failure, const char *server_text)
{
	if (desk->flights == 0) {
		desk_block(courier, desk, failure, server_text);
		return;
	}
	desk->width = desk->flights;
	desk->failures = MAX(desk->failures, 1);
	log_failure(desk, failure, server_text);
	desk_clear(courier, desk);
}

void
desk_unblock(Desk *desk)
{
	desk->failures = 0;
	desk->rest = (Until){0};
}

/* --- Tidying up -------------------------------------------------------------------------------------------------------------- */

static void
give_back_old(Courier *courier, Desk *desk, gint64 leased_before_us)
{
	while (desk->waiting.length > 0) {
		const Waiting *next = g_queue_peek_head(&desk->waiting);
		if (next->leased_at_us > leased_before_us)
			return;
		g_autoptr(Waiting) waiting = pop(courier, desk);
		for (guint i = 0; i < waiting->item->deliveries->len; i++)
			settle_give_back(courier, ((const Delivery *)waiting->item->deliveries->pdata[i])->id);
	}
}

/* What waits behind sessions that hang goes by another account, if there is one. */
static void
leave_silent(Courier *courier)
{
	g_autoptr(GPtrArray) silent = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, courier->desks);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((const Desk *)value)->waiting.length > 0 && desk_is_silent(value))
			g_ptr_array_add(silent, value);
	for (guint i = 0; i < silent->len; i++)
		reseat(courier, silent->pdata[i]);
}

static gboolean
is_forgotten(const Desk *desk)
{
	const gint64 now_us = g_get_monotonic_time();

	if (desk->waiting.length > 0 || desk->flights > 0 || until_left_us(&desk->spent) > 0 || desk->turn_us > clock_now_us())
		return FALSE;
	return now_us > desk->rest.monotonic_us + (desk->failures == 0 ? 0 : MEMORY_US);
}

void
desk_sweep(Courier *courier, gboolean is_all)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 leased_before_us = is_all ? G_MAXINT64 : now_us - (gint64)LIMIT_LEASE_WAIT_MS * 1000;
	GHashTableIter iter;
	gpointer value;

	if (!is_all)
		leave_silent(courier);
	g_hash_table_iter_init(&iter, courier->desks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Desk *desk = value;
		give_back_old(courier, desk, leased_before_us);
		if (is_forgotten(desk))
			g_hash_table_iter_remove(&iter);
	}
}
