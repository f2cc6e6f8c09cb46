/*
 * Which of its site's accounts takes a mail, and until when the mail waits if none can.
 *
 * They stand in the operator's order, and a mail begins at the first one. A mail that a server put off, or lost, begins its next try at the next one. It goes to the first
 * that does not rest, has room in its rate and at its desk. An account that failed and has not worked since is tried with one mail, while another account can
 * take the others: so a server that is down delays few, however often its rest ends. And while its sessions hang, another one is preferred.
 *
 * If none can, the mail waits for the first that will: for the end of a rest (as the account's failure), for its turn in a rate ("rate"), or for room at a desk
 * (as it was). Only where all accounts of the site rest, everything that is due of the same form is put off in one statement.
 */
#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* What was too much for a desk comes back in slots of as many mails as its sessions have, this far apart. */
#define OVERFLOW_SLOT_US (5 * G_TIME_SPAN_SECOND)

/* Mails of one account that rested come back within this time after it, not all in one instant. */
#define SPREAD_US (20 * G_TIME_SPAN_SECOND)

/* No mail waits longer for its turn in a rate before the accounts are looked at again. What has its turn later comes back in the second half of this, so that
 * not all of a long queue come at once. */
#define TURN_MAX_US G_TIME_SPAN_HOUR

/* --- Who takes it -------------------------------------------------------------------------------------------------------- */

typedef enum { WILLING, ON_TRIAL, RESTING, UNABLE } Reluctance;

/* When a person ordered the item's next try; 0: nobody did. */
static gint64
ordered_at_us(const OutboxItem *item)
{
	gint64 latest_us = 0;

	for (guint i = 0; i < item->deliveries->len; i++)
		latest_us = MAX(latest_us, ((const Delivery *)item->deliveries->pdata[i])->ordered_at_us);
	return latest_us;
}

/* A person who ordered the mail has mended something: it goes at once, be it by an account that rests. But once by each, so only a rest that began before the order is
 * broken. On the monotonic clock, because the other one may have been set back meanwhile. */
static gboolean
is_rest_broken(const Desk *desk, gint64 ordered_us)
{
	const gint64 age_us = clock_now_us() - ordered_us;

	return ordered_us != 0 && age_us >= 0 && desk->rests_since_us < g_get_monotonic_time() - age_us;
}

static Reluctance
reluctance_of(const Desk *desk, gint64 ordered_us)
{
	if (until_left_us(&desk->spent) > 0 || desk->waiting.length >= LIMIT_ACCOUNT_ITEMS)
		return UNABLE;
	if (until_left_us(&desk->rest) > 0)
		return is_rest_broken(desk, ordered_us) ? RESTING : UNABLE;
	if (desk_is_silent(desk))
		return ON_TRIAL;
	return desk->failures > 0 && (desk->waiting.length > 0 || desk->flights > 0) ? ON_TRIAL : WILLING;
}

static guint
attempts_of(const OutboxItem *item)
{
	guint attempts = 0;

	for (guint i = 0; i < item->deliveries->len; i++)
		attempts = MAX(attempts, ((const Delivery *)item->deliveries->pdata[i])->attempts);
	return attempts;
}

Desk *
choice_of(Courier *courier, Site *site, const OutboxItem *item)
{
	const gint64 ordered_us = ordered_at_us(item);
	const guint first = attempts_of(item) % site->accounts->len;
	Reluctance least = UNABLE;
	Desk *chosen = NULL;

	for (guint i = 0; i < site->accounts->len; i++) {
		Desk *desk = desk_of(courier, site, site->accounts->pdata[(first + i) % site->accounts->len]);
		const Reluctance reluctance = reluctance_of(desk, ordered_us);
		if (reluctance >= least)
			continue;
		least = reluctance;
		chosen = desk;
	}
	return chosen;
}

/* --- Until when it waits --------------------------------------------------------------------------------------------------- */

/* Between two mails of the rate. */
static gint64
interval_us(const Desk *desk)
{
	return desk->account->rate.period_us / MAX(desk->account->rate.count, 1);
}

/* How long the next mail that must wait for the rate waits. */
static gint64
turn_left_us(const Desk *desk)
{
	const gint64 spent_us = until_left_us(&desk->spent);

	return spent_us <= 0 ? 0 : MAX(spent_us, desk->turn_us + interval_us(desk) - clock_now_us());
}

static gint64
overflow_left_us(const Desk *desk)
{
	const guint slot_mails = LIMIT_SESSION_MAILS * MAX(desk->account->connections, 1);

	return desk->waiting.length < LIMIT_ACCOUNT_ITEMS ? 0 : (1 + desk->overflow / slot_mails) * OVERFLOW_SLOT_US;
}

static gint64
opening_left_us(const Desk *desk)
{
	return MAX(until_left_us(&desk->rest), MAX(turn_left_us(desk), overflow_left_us(desk)));
}

/* The desk that can take a mail first. */
static Desk *
first_opening(Courier *courier, Site *site)
{
	Desk *first = NULL;

	for (guint i = 0; i < site->accounts->len; i++) {
		Desk *desk = desk_of(courier, site, site->accounts->pdata[i]);
		if (first == NULL || opening_left_us(desk) < opening_left_us(first))
			first = desk;
	}
	return first;
}

static gboolean
do_all_rest(Courier *courier, Site *site)
{
	for (guint i = 0; i < site->accounts->len; i++)
		if (until_left_us(&desk_of(courier, site, site->accounts->pdata[i])->rest) <= 0)
			return FALSE;
	return TRUE;
}

static void
put_off(Courier *courier, const GPtrArray *deliveries, const Attempt *why)
{
	for (guint i = 0; i < deliveries->len; i++)
		settle_put_off(courier, deliveries->pdata[i], why);
}

/* One statement for all that the same form has due: to claim each of them, only to put it off, costs three times as much. They come back together, but each
 * such crowd at a moment of its own. */
static void
put_off_all_of_the_form(Courier *courier, Desk *desk, const OutboxItem *item, gint64 due_at_us)
{
	g_autoptr(GError) error = NULL;
	const PutOff why = {.reason = error_name(desk->failure), .server_text = desk->server_text, .due_at_us = due_at_us};

	if (desk->swept_in_claim == courier->claims)
		return;
	desk->swept_in_claim = courier->claims;
	if (outbox_put_off(courier->db, item, &why, &error) < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
}

/* TRUE if the mail's reason tells more than that it waits for the rate, to us too: not what an account failed by that is only used up by now. */
static gboolean
is_worth_keeping(const char *reason)
{
	static const RelayError of_accounts[] = {RELAY_ERROR_CONNECT, RELAY_ERROR_TLS, RELAY_ERROR_AUTH};

	for (guint i = 0; i < G_N_ELEMENTS(of_accounts); i++) {
		g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, (gint)of_accounts[i], "");
		if (g_strcmp0(reason, error_name(failure)) == 0)
			return FALSE;
	}
	return reason != NULL;
}

static void
wait_for_turn(Courier *courier, Desk *desk, const OutboxItem *item, const GPtrArray *deliveries)
{
	const gint64 now_us = clock_now_us();
	gint64 left_us = opening_left_us(desk);

	desk->turn_us = now_us + MIN(turn_left_us(desk), TURN_MAX_US);
	if (left_us > TURN_MAX_US)
		left_us = TURN_MAX_US / 2 + g_random_int_range(0, TURN_MAX_US / 2);
	for (guint i = 0; i < deliveries->len; i++) {
		const Delivery *delivery = deliveries->pdata[i];
		settle_wait(courier, item, delivery,
		    &(Attempt){.reason = is_worth_keeping(delivery->reason) ? NULL : CHOICE_RATE, .due_at_us = now_us + left_us});
	}
}

void
choice_put_off(Courier *courier, Site *site, const OutboxItem *item, const GPtrArray *deliveries)
{
	Desk *desk = first_opening(courier, site);
	const gint64 due_at_us = clock_now_us() + opening_left_us(desk);

	if (until_left_us(&desk->rest) > 0) {
		const gint64 spread_us = g_random_int_range(0, SPREAD_US);
		put_off(courier, deliveries,
		    &(Attempt){.failure = desk->failure, .server_text = desk->server_text, .due_at_us = due_at_us + spread_us});
		if (do_all_rest(courier, site))
			put_off_all_of_the_form(courier, desk, item, due_at_us + spread_us);
	} else if (until_left_us(&desk->spent) > 0) {
		wait_for_turn(courier, desk, item, deliveries);
	} else {
		desk->overflow++;
		put_off(courier, deliveries, &(Attempt){.due_at_us = due_at_us});
	}
}
