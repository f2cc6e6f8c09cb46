/*
 * One session, seen from the courier: the mails of one account go out in one process, and each delivery is settled when its
 * outcome arrives.
 *
 *   prepared -> flying -> ended: what has no outcome is put off (the account failed), lost (same Message-ID next time), or given
 *                                back (we are stopping)
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

/* Letters beyond this stay for the next session, and so does what follows one with attachments: so a job is at most this, and one letter with all that it
 * may attach and its two texts, and fits one message with room for its frame. */
#define JOB_BYTES (LIMIT_SESSION_MESSAGE_BYTES / 4)
G_STATIC_ASSERT(JOB_BYTES + LIMIT_ATTACHMENTS_BYTES + 3 * LIMIT_MAIL_TEXT_BYTES < LIMIT_SESSION_MESSAGE_BYTES);

/* A delivery without an outcome; both borrowed from the flight's items. */
typedef struct {
	const OutboxItem *item;
	const Delivery *delivery;
} Passenger;

struct Flight {
	Courier *courier;
	Desk *desk;
	Worker *worker;
	GPtrArray *items;       /* OutboxItem * */
	GHashTable *passengers; /* gint64 * -> Passenger * */
	guint letters;
	gboolean has_outcome;
	GError *account_failure;
	char *server_text;
};

void
flight_free(Flight *flight)
{
	if (flight == NULL)
		return;
	worker_free(flight->worker);
	g_hash_table_unref(flight->passengers);
	g_ptr_array_unref(flight->items);
	g_clear_error(&flight->account_failure);
	g_free(flight->server_text);
	g_free(flight);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Flight, flight_free)

/* --- What the session reports ---------------------------------------------------------------------------------------------- */

static void
on_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	Flight *flight = user_data;
	const Passenger *passenger = g_hash_table_lookup(flight->passengers, &delivery_id);

	if (passenger == NULL)
		return;
	settle_attempt(flight->courier, passenger->item, passenger->delivery,
	    &(Attempt){.failure = failure, .reply_code = reply_code, .server_text = server_text});
	g_hash_table_remove(flight->passengers, &delivery_id);
	flight->has_outcome = TRUE;
}

static void
on_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	Flight *flight = user_data;

	if (flight->account_failure != NULL)
		return;
	flight->account_failure = g_error_copy(failure);
	flight->server_text = g_strdup(server_text);
}

/* --- Departure ---------------------------------------------------------------------------------------------------------------- */

static gsize
letter_bytes(const Letter *letter)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));

	return g_variant_get_size(variant);
}

static void
add_passengers(Flight *flight, OutboxItem *item)
{
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = item->deliveries->pdata[i];
		Passenger *passenger = g_new0(Passenger, 1);
		*passenger = (Passenger){.item = item, .delivery = delivery};
		g_hash_table_insert(flight->passengers, g_memdup2(&delivery->id, sizeof delivery->id), passenger);
	}
	g_ptr_array_add(flight->items, item);
}

/* TRUE if the database, not the mail, is the trouble. */
static gboolean
is_about_store(const GError *error)
{
	return error->domain == STORE_ERROR && error->code != STORE_ERROR_NOT_FOUND;
}

static void
give_back(Courier *courier, const OutboxItem *item)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		settle_give_back(courier, ((const Delivery *)item->deliveries->pdata[i])->id);
}

/* One item's letter, or NULL: then the item is settled. */
static Letter *
letter_of(Courier *courier, OutboxItem *item)
{
	g_autoptr(GError) error = NULL;
	Letter *letter = prepare_letter(courier, item, &error);

	if (letter == NULL && error != NULL && is_about_store(error)) {
		log_error(LOG_STORE_FAILED, error, NULL);
		give_back(courier, item);
	} else if (letter == NULL && error != NULL) {
		obstacle_met(courier, item, error);
	} else if (letter != NULL) {
		obstacle_passed(courier, item);
	}
	return letter;
}

/* The batch's letters (Letter *); their items become the flight's, the rest is settled or given back. */
static GPtrArray *
board(Flight *flight, GPtrArray *batch)
{
	GPtrArray *letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);
	gsize size_bytes = 0;
	gboolean has_attachments = FALSE;

	while (batch->len > 0) {
		g_autoptr(OutboxItem) item = g_ptr_array_steal_index(batch, 0);
		if (size_bytes > JOB_BYTES || has_attachments) {
			give_back(flight->courier, item);
			continue;
		}
		Letter *letter = letter_of(flight->courier, item);
		if (letter == NULL)
			continue;
		size_bytes += letter_bytes(letter);
		has_attachments = letter->attachments->len > 0;
		g_ptr_array_add(letters, letter);
		add_passengers(flight, g_steal_pointer(&item));
	}
	flight->desk->is_heavy = has_attachments;
	return letters;
}

static gboolean
depart(Flight *flight, const GPtrArray *letters, GError **error)
{
	const Account *account = flight->desk->account;
	char *password = account_password(account, error);
	if (password == NULL)
		return FALSE;
	WorkerSettings settings = {
	    .program = flight->courier->settings->program, .connect_ms = LIMIT_SESSION_CONNECT_MS, .life_ms = LIMIT_SESSION_MS};
	TransportJob job = {.account = account, .password = password, .letters = letters};
	TransportReport report = {.outcome = on_outcome, .account_failed = on_account_failed, .user_data = flight};
	flight->letters = letters->len;
	flight->worker = worker_start(&settings, &job, &report, error);
	password_free(password);
	return flight->worker != NULL;
}

static void land(Flight *flight);

void
flight_start(Courier *courier, Desk *desk)
{
	g_autoptr(GPtrArray) batch = desk_batch(courier, desk);
	g_autoptr(Flight) flight = g_new0(Flight, 1);

	flight->courier = courier;
	flight->desk = desk;
	flight->items = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_item_free);
	flight->passengers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_autoptr(GPtrArray) letters = board(flight, batch);
	if (letters->len == 0)
		return;
	if (!depart(flight, letters, &flight->account_failure)) {
		land(flight);
		return;
	}
	desk->flight = flight;
	g_ptr_array_add(courier->flights, g_steal_pointer(&flight));
}

/* --- Arrival ---------------------------------------------------------------------------------------------------------------- */

/* What becomes of the deliveries that have no outcome. */
typedef enum {
	FATE_GIVEN_BACK, /* we are stopping, and ended the session */
	FATE_UNTRIED,    /* the account failed before they were tried */
	FATE_ALL_LOST,   /* several mails and not one outcome: that is the account, or its server, not a mail */
	FATE_LOST        /* the session ended in the middle: it may be the mail */
} Fate;

static Fate
fate_of(const Flight *flight)
{
	if (flight->account_failure != NULL)
		return FATE_UNTRIED;
	if (flight->courier->is_stopping)
		return FATE_GIVEN_BACK;
	return !flight->has_outcome && flight->letters > 1 ? FATE_ALL_LOST : FATE_LOST;
}

static void
settle_open(Flight *flight, Fate fate, const Attempt *attempt)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, flight->passengers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Passenger *passenger = value;
		if (fate == FATE_GIVEN_BACK)
			settle_give_back(flight->courier, passenger->delivery->id);
		else if (fate == FATE_UNTRIED)
			settle_put_off(flight->courier, passenger->delivery, attempt);
		else
			settle_attempt(flight->courier, passenger->item, passenger->delivery, attempt);
	}
	g_hash_table_remove_all(flight->passengers);
}

/* Everything that has no outcome yet gets one. */
static void
land(Flight *flight)
{
	Courier *courier = flight->courier;
	Desk *desk = flight->desk;
	g_autoptr(GError) lost =
	    g_error_new_literal(RELAY_ERROR, RELAY_ERROR_LOST, "the session ended without a word about the mail");

	Fate fate = fate_of(flight);
	Attempt attempt = {.failure = lost};

	if (flight->has_outcome)
		desk_unblock(desk);
	switch (fate) {
	case FATE_UNTRIED:
		attempt = (Attempt){.failure = flight->account_failure, .server_text = flight->server_text};
		/* fall through */
	case FATE_ALL_LOST:
		desk_block(courier, desk, attempt.failure, attempt.server_text);
		attempt.due_at_us = desk_rest_end_us(desk);
		break;
	case FATE_GIVEN_BACK:
	case FATE_LOST:
		break;
	}
	settle_open(flight, fate, &attempt);
}

gboolean
flight_step(Courier *courier, Flight *flight)
{
	(void)courier;
	if (!worker_step(flight->worker))
		return FALSE;
	const char *trouble = worker_trouble(flight->worker);
	if (trouble != NULL && flight->account_failure == NULL)
		log_event(LOG_SESSION_ENDED, "account", flight->desk->account->name, "host", flight->desk->account->host,
		    "reason", trouble, NULL);
	flight->desk->flight = NULL;
	land(flight);
	return TRUE;
}

const Worker *
flight_worker(const Flight *flight)
{
	return flight->worker;
}

void
flight_kill(Flight *flight)
{
	worker_kill(flight->worker);
}
