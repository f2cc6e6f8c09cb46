/*
 * Outcomes become rows and log lines. They gather here for the moment that it takes to read what has arrived, and are written
 * together (settle_flush, called before anything else is claimed). What the database refuses (locked, disk full) stays and is tried
 * again, because an outcome that is forgotten would send its mail twice; meanwhile the courier claims nothing. A single row that the
 * schema refuses must not hold up all others: its outcome is dropped with an alarm, and its lease stays ours, so that it is not
 * sent again. The log never shows an address.
 */
#include "courier_parts.h"
#include "retry.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* Outcomes that one transaction writes: a few milliseconds of the write lock. */
#define SETTLE_BATCH LIMIT_SESSION_MAILS

static void
outcome_free(DeliveryOutcome *outcome)
{
	g_free((char *)outcome->reason);
	g_free((char *)outcome->server_text);
	g_free((char *)outcome->account);
	g_free(outcome);
}

static void
settle(Courier *courier, const DeliveryOutcome *outcome)
{
	DeliveryOutcome *unsettled = g_memdup2(outcome, sizeof *outcome);

	unsettled->reason = g_strdup(outcome->reason);
	unsettled->server_text = g_strdup(outcome->server_text);
	unsettled->account = g_strdup(outcome->account);
	g_queue_push_tail(&courier->unsettled, unsettled);
}

/* Writes the `limit` oldest outcomes. FALSE if the database would not take them. */
static gboolean
settle_batch(Courier *courier, guint limit, GError **error)
{
	DeliveryOutcome outcomes[SETTLE_BATCH];
	guint count = 0;

	for (const GList *link = courier->unsettled.head; link != NULL && count < limit; link = link->next)
		outcomes[count++] = *(const DeliveryOutcome *)link->data;
	if (!outbox_settle(courier->db, courier->owner, outcomes, count, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		if (outcomes[i].is_too_late) {
			g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, outcomes[i].delivery_id);
			log_event(LOG_INTERNAL, "delivery", id, "reason",
			    "its lease ran out and somebody else took it; they will tell", NULL);
		}
		outcome_free(g_queue_pop_head(&courier->unsettled));
	}
	return TRUE;
}

static void
drop_oldest(Courier *courier, const GError *error)
{
	DeliveryOutcome *outcome = g_queue_pop_head(&courier->unsettled);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, outcome->delivery_id);

	log_error(LOG_STORE_FAILED, error, "delivery", id, "outcome", delivery_state_name(outcome->state), "consequence",
	    "the outcome of this mail is lost; it is not tried again before the courier's next start", NULL);
	outcome_free(outcome);
}

/* Writes a batch that breaks a rule of the schema one by one. FALSE if the database fails otherwise. */
static gboolean
settle_one_by_one(Courier *courier, GError **error)
{
	for (guint tries = 0; tries < SETTLE_BATCH && courier->unsettled.length > 0; tries++) {
		g_autoptr(GError) failure = NULL;
		if (settle_batch(courier, 1, &failure))
			continue;
		if (!g_error_matches(failure, STORE_ERROR, STORE_ERROR_CONFLICT)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		drop_oldest(courier, failure);
	}
	return TRUE;
}

static gboolean
settle_some(Courier *courier, GError **error)
{
	g_autoptr(GError) failure = NULL;

	if (settle_batch(courier, SETTLE_BATCH, &failure))
		return TRUE;
	if (g_error_matches(failure, STORE_ERROR, STORE_ERROR_CONFLICT))
		return settle_one_by_one(courier, error);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean
settle_flush(Courier *courier)
{
	g_autoptr(GError) error = NULL;

	while (courier->unsettled.length > 0) {
		if (!settle_some(courier, &error)) {
			log_error(LOG_STORE_FAILED, error, "consequence",
			    "outcomes of mails are kept in memory and written later", NULL);
			return FALSE;
		}
	}
	return TRUE;
}

void
settle_clear(Courier *courier)
{
	g_queue_clear_full(&courier->unsettled, (GDestroyNotify)outcome_free);
}

/* --- Reasons ------------------------------------------------------------------------------------------------------------- */

gboolean
settle_has_reason(const OutboxItem *item, const char *reason)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		if (g_strcmp0(((const Delivery *)item->deliveries->pdata[i])->reason, reason) == 0)
			return TRUE;
	return FALSE;
}

gboolean
settle_has_failed_as(const OutboxItem *item, RelayError code)
{
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, (gint)code, "");

	return settle_has_reason(item, error_name(failure));
}

/* --- Attempts ------------------------------------------------------------------------------------------------------------ */

/* TRUE if what one server cannot do another one of the site may. */
static gboolean
has_other_accounts(const Courier *courier, const OutboxItem *item)
{
	g_autoptr(Site) site = config_site(courier->settings->config, item->site, NULL);

	return site != NULL && site->accounts->len > 1;
}

static DeliveryState
state_after(const Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *attempt)
{
	const GError *failure = attempt->failure;

	if (failure == NULL)
		return DELIVERY_SENT;
	if (failure->domain != RELAY_ERROR)
		return DELIVERY_DEFERRED;
	if (attempt->is_digest)
		return DELIVERY_DEFERRED;
	gboolean is_for_the_next = failure->code == RELAY_ERROR_SMTPUTF8 && has_other_accounts(courier, item);
	if (!error_is_temporary(failure) && !is_for_the_next)
		return DELIVERY_DEAD;
	gboolean is_mortal = is_for_the_next || failure->code == RELAY_ERROR_TEMPORARY || failure->code == RELAY_ERROR_LOST;
	gint64 age_us = clock_now_us() - item->created_at_us;
	return is_mortal && retry_is_over(age_us, delivery->attempts + 1) ? DELIVERY_DEAD : DELIVERY_DEFERRED;
}

static void
log_attempt(LogEvent event, const OutboxItem *item, const Delivery *delivery, const DeliveryOutcome *outcome)
{
	g_autofree char *item_id = g_strdup_printf("%" G_GINT64_FORMAT, item->id);
	g_autofree char *delivery_id = g_strdup_printf("%" G_GINT64_FORMAT, delivery->id);
	g_autofree char *attempt = outcome->is_untried ? NULL : g_strdup_printf("%u", delivery->attempts + 1);
	g_autofree char *code = outcome->reply_code == 0 ? NULL : g_strdup_printf("%u", outcome->reply_code);

	log_event(event, "item", item_id, "delivery", delivery_id, "receipt", item->receipt, "site", item->site, "kind",
	    mail_kind_name(item->kind), "outcome", delivery_state_name(outcome->state), "attempt", attempt, "account",
	    outcome->account, "code", code, "reason", outcome->reason, NULL);
}

/* Nobody reads what the owner never got: the operator must know. */
static void
tell_dead(Courier *courier, const OutboxItem *item, const Delivery *delivery, const DeliveryOutcome *outcome)
{
	log_attempt(LOG_DELIVERY_DEAD, item, delivery, outcome);
	if (item->kind == MAIL_NOTICE || item->kind == MAIL_HELD)
		(void)alarm_raise_for(courier, item->site, "dead");
}

static gint64
due_at_us(const Delivery *delivery)
{
	return clock_now_us() + retry_delay_us(delivery->attempts + 1, g_random_int());
}

static const char *
reason_after(const Attempt *attempt)
{
	if (attempt->failure != NULL)
		return error_name(attempt->failure);
	/* That a server's word is no promise counts more than with whom the mail went. */
	return attempt->reason == NULL && attempt->is_digest ? "digest" : attempt->reason;
}

static AutomaticOutcome
known_after(const GError *failure)
{
	if (failure == NULL)
		return AUTOMATIC_SENT;
	return g_error_matches(failure, RELAY_ERROR, RELAY_ERROR_LOST) ? AUTOMATIC_UNKNOWN : AUTOMATIC_NOT_SENT;
}

void
settle_attempt(Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *attempt)
{
	DeliveryOutcome outcome = {
	    .delivery_id = delivery->id,
	    .state = state_after(courier, item, delivery, attempt),
	    .reason = reason_after(attempt),
	    .server_text = attempt->server_text,
	    .reply_code = attempt->reply_code,
	    .account = attempt->account,
	    .due_at_us = attempt->due_at_us != 0 ? attempt->due_at_us : due_at_us(delivery),
	};

	settle(courier, &outcome);
	automatic_note_outcome(courier, delivery->id, known_after(attempt->failure));
	log_attempt(LOG_DELIVERY, item, delivery, &outcome);
	if (outcome.state == DELIVERY_DEAD)
		tell_dead(courier, item, delivery, &outcome);
}

void
settle_end(Courier *courier, const OutboxItem *item, const GError *failure)
{
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = item->deliveries->pdata[i];
		DeliveryOutcome outcome = {
		    .delivery_id = delivery->id, .state = DELIVERY_DEAD, .is_untried = TRUE, .reason = error_name(failure)};
		settle(courier, &outcome);
		automatic_note_outcome(courier, delivery->id, AUTOMATIC_NOT_SENT);
		tell_dead(courier, item, delivery, &outcome);
	}
}

void
settle_put_off(Courier *courier, const Delivery *delivery, const Attempt *why)
{
	const char *reason = why->reason != NULL || why->failure == NULL ? why->reason : error_name(why->failure);
	DeliveryOutcome outcome = {.delivery_id = delivery->id,
	    .state = reason == NULL ? DELIVERY_QUEUED : DELIVERY_DEFERRED,
	    .is_untried = TRUE,
	    .reason = reason,
	    .server_text = why->server_text,
	    .due_at_us = why->due_at_us};

	settle(courier, &outcome);
	automatic_note_outcome(courier, delivery->id, AUTOMATIC_NOT_SENT);
}

void
settle_wait(Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *why)
{
	const DeliveryOutcome told = {
	    .delivery_id = delivery->id, .state = DELIVERY_DEFERRED, .is_untried = TRUE, .reason = why->reason};

	settle_put_off(courier, delivery, why);
	if (why->reason != NULL && g_strcmp0(why->reason, delivery->reason) != 0)
		log_attempt(LOG_DELIVERY, item, delivery, &told);
}

void
settle_cancel(Courier *courier, const OutboxItem *item, const Delivery *delivery, const char *reason)
{
	const DeliveryOutcome outcome = {
	    .delivery_id = delivery->id, .state = DELIVERY_CANCELLED, .is_untried = TRUE, .reason = reason};

	settle(courier, &outcome);
	log_attempt(LOG_DELIVERY, item, delivery, &outcome);
}

void
settle_was_sent(Courier *courier, const OutboxItem *item, const Delivery *delivery)
{
	const DeliveryOutcome outcome = {.delivery_id = delivery->id, .state = DELIVERY_SENT, .is_untried = TRUE};

	settle(courier, &outcome);
	log_attempt(LOG_DELIVERY, item, delivery, &outcome);
}

void
settle_tell_gone(const OutboxItem *item, const Delivery *delivery)
{
	DeliveryOutcome outcome = {
	    .delivery_id = delivery->id, .state = DELIVERY_CANCELLED, .is_untried = TRUE, .reason = "gone"};

	log_attempt(LOG_DELIVERY, item, delivery, &outcome);
}

void
settle_tell_failure(Courier *courier, const Delivery *delivery, const Attempt *attempt)
{
	settle(courier, &(DeliveryOutcome){.delivery_id = delivery->id,
			    .state = DELIVERY_LEASED,
			    .reason = error_name(attempt->failure),
			    .server_text = attempt->server_text,
			    .account = attempt->account});
}

void
settle_give_back(Courier *courier, gint64 delivery_id)
{
	settle(courier, &(DeliveryOutcome){.delivery_id = delivery_id, .state = DELIVERY_QUEUED});
	automatic_note_outcome(courier, delivery_id, AUTOMATIC_UNKNOWN);
}

void
settle_break_off(Courier *courier, gint64 delivery_id, const char *account)
{
	g_autoptr(GError) lost = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_LOST, "");

	settle(
	    courier, &(DeliveryOutcome){
			 .delivery_id = delivery_id, .state = DELIVERY_QUEUED, .reason = error_name(lost), .account = account});
	automatic_note_outcome(courier, delivery_id, AUTOMATIC_UNKNOWN);
}
