/*
 * One session, seen from the courier: the mails of one account go out in one process, and each delivery is settled when its
 * outcome arrives.
 *
 *   prepared -> flying -> ended: what has no outcome goes by another account or is put off (the account failed), is lost (same Message-ID next
 *                                time), or given back (we are stopping)
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/carriers.h"

/* Letters beyond this stay for the next session, and so does what follows one with attachments: so a job is at most this, what digests may be larger than
 * their letters, and one letter with all that it may attach and its two texts, and fits one message with room for its frame. */
#define JOB_BYTES (LIMIT_SESSION_MESSAGE_BYTES / 4)
G_STATIC_ASSERT(JOB_BYTES + LIMIT_SESSION_MAILS / 2 * LIMIT_DIGEST_BYTES + LIMIT_ATTACHMENTS_BYTES + 3 * LIMIT_MAIL_TEXT_BYTES <
		LIMIT_SESSION_MESSAGE_BYTES);

/* A delivery without an outcome; item and delivery borrowed from the flight's bundles. */
typedef struct {
	const OutboxItem *item;
	const Delivery *delivery;
	guint bundle;           /* its number in the flight */
	gboolean is_at_carrier; /* whose 250 is no promise (policy/carriers.h) */
} Passenger;

struct Flight {
	Courier *courier;
	Desk *desk;
	Worker *worker;
	GPtrArray *bundles;     /* Bundle *; their letters only until departure */
	GHashTable *passengers; /* gint64 * -> GPtrArray * of Passenger *: those that share the outcome of this delivery */
	GArray *has_arrived;    /* gboolean of each bundle: somebody got it */
	guint letters;          /* that count in the account's rate */
	gboolean has_outcome;
	gboolean is_opened; /* the session began with its first mail */
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
	g_ptr_array_unref(flight->bundles);
	g_array_unref(flight->has_arrived);
	g_clear_error(&flight->account_failure);
	g_free(flight->server_text);
	g_free(flight);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Flight, flight_free)

/* --- What the session reports ---------------------------------------------------------------------------------------------- */

static const Bundle *
bundle_of(const Flight *flight, const Passenger *passenger)
{
	return flight->bundles->pdata[passenger->bundle];
}

static gboolean
is_digest(const Bundle *bundle)
{
	return bundle->parcels->len > 1;
}

static void
on_outcome(gint64 delivery_id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	Flight *flight = user_data;
	const GPtrArray *passengers = g_hash_table_lookup(flight->passengers, &delivery_id);

	for (guint i = 0; passengers != NULL && i < passengers->len; i++) {
		const Passenger *passenger = passengers->pdata[i];
		settle_attempt(flight->courier, passenger->item, passenger->delivery,
		    &(Attempt){.failure = failure,
			.reply_code = reply_code,
			.server_text = server_text,
			.account = flight->desk->account->name,
			.reason = passenger->is_at_carrier ? "carrier" : NULL,
			.is_digest = is_digest(bundle_of(flight, passenger))});
		if (failure == NULL)
			g_array_index(flight->has_arrived, gboolean, passenger->bundle) = TRUE;
	}
	if (passengers == NULL)
		return;
	g_hash_table_remove(flight->passengers, &delivery_id);
	flight->has_outcome = TRUE;
	desk_note_answer(flight->desk);
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

static void
on_opened(gpointer user_data)
{
	((Flight *)user_data)->is_opened = TRUE;
}

/* --- Departure ---------------------------------------------------------------------------------------------------------------- */

static gsize
letter_bytes(const Letter *letter)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));

	return g_variant_get_size(variant);
}

/* Whom this delivery goes to, or NULL. */
static const char *
address_of(const Letter *letter, gint64 delivery_id)
{
	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		if (recipient->delivery_id == delivery_id)
			return recipient->address;
	}
	return NULL;
}

/* The delivery to that address in `first`, or `delivery_id` itself. */
static gint64
leading_delivery(const Letter *first, const char *address, gint64 delivery_id)
{
	for (guint i = 0; i < first->recipients->len; i++) {
		const LetterRecipient *recipient = first->recipients->pdata[i];
		if (g_strcmp0(recipient->address, address) == 0)
			return recipient->delivery_id;
	}
	return delivery_id;
}

static void
add_passenger(Flight *flight, gint64 leading_id, const Passenger *passenger)
{
	GPtrArray *passengers = g_hash_table_lookup(flight->passengers, &leading_id);

	if (passengers == NULL) {
		passengers = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(flight->passengers, g_memdup2(&leading_id, sizeof leading_id), passengers);
	}
	g_ptr_array_add(passengers, g_memdup2(passenger, sizeof *passenger));
}

/* Takes the bundle; its letter goes to `letters`, borrowed. */
static void
add_bundle(Flight *flight, Bundle *bundle, GPtrArray *letters)
{
	const gboolean has_arrived = FALSE;
	const Parcel *first = bundle->parcels->pdata[0];

	for (guint i = 0; i < bundle->parcels->len; i++) {
		const Parcel *parcel = bundle->parcels->pdata[i];
		for (guint k = 0; k < parcel->item->deliveries->len; k++) {
			const Delivery *delivery = parcel->item->deliveries->pdata[k];
			const char *address = address_of(parcel->letter, delivery->id);
			add_passenger(flight, leading_delivery(first->letter, address, delivery->id),
			    &(Passenger){.item = parcel->item,
				.delivery = delivery,
				.bundle = flight->bundles->len,
				.is_at_carrier = address != NULL && carrier_of(address) != NULL});
		}
	}
	g_ptr_array_add(letters, bundle->letter != NULL ? bundle->letter : first->letter);
	g_ptr_array_add(flight->bundles, bundle);
	g_array_append_val(flight->has_arrived, has_arrived);
}

/* They are in the session, and with attachments they are large. */
static void
drop_letters(Flight *flight)
{
	for (guint i = 0; i < flight->bundles->len; i++) {
		Bundle *bundle = flight->bundles->pdata[i];
		g_clear_pointer(&bundle->letter, letter_free);
		for (guint k = 0; k < bundle->parcels->len; k++)
			g_clear_pointer(&((Parcel *)bundle->parcels->pdata[k])->letter, letter_free);
	}
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
	for (guint i = 0; i < item->deliveries->len; i++) {
		gint64 id = ((const Delivery *)item->deliveries->pdata[i])->id;
		/* No session had it, be it charged. */
		automatic_note_outcome(courier, id, AUTOMATIC_NOT_SENT);
		settle_give_back(courier, id);
	}
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

/* The batch's letters (Letter *, borrowed until drop_letters); their items become the flight's, the rest is settled or given back. */
static GPtrArray *
board(Flight *flight, GPtrArray *batch)
{
	GPtrArray *letters = g_ptr_array_new();
	g_autoptr(GPtrArray) gathered = g_ptr_array_new_with_free_func((GDestroyNotify)parcel_free);
	gsize size_bytes = 0;
	gboolean has_attachments = FALSE;

	while (batch->len > 0) {
		g_autoptr(OutboxItem) item = g_ptr_array_steal_index(batch, 0);
		if (size_bytes > JOB_BYTES || has_attachments) {
			give_back(flight->courier, item);
			continue;
		}
		if (digest_holds(flight->courier, item))
			continue;
		Letter *letter = letter_of(flight->courier, item);
		if (letter == NULL)
			continue;
		size_bytes += letter_bytes(letter);
		has_attachments = letter->attachments->len > 0;
		Bundle *bundle = digest_take(flight->courier, parcel_new(g_steal_pointer(&item), letter), gathered);
		if (bundle != NULL)
			add_bundle(flight, bundle, letters);
	}
	g_autoptr(GPtrArray) bundles = digest_bundle(flight->courier, gathered);
	while (bundles->len > 0)
		add_bundle(flight, g_ptr_array_steal_index(bundles, 0), letters);
	flight->desk->is_heavy = has_attachments;
	return letters;
}

static gboolean
depart(Flight *flight, const GPtrArray *letters, GError **error)
{
	const Account *account = flight->desk->account;
	char *password = account_secret(account, error);
	if (password == NULL)
		return FALSE;
	WorkerSettings settings = {
	    .program = flight->courier->settings->program, .connect_ms = LIMIT_SESSION_CONNECT_MS, .life_ms = LIMIT_SESSION_MS};
	TransportJob job = {.account = account, .secret = password, .letters = letters};
	TransportReport report = {
	    .outcome = on_outcome, .account_failed = on_account_failed, .opened = on_opened, .user_data = flight};
	flight->worker = worker_start(&settings, &job, &report, error);
	password_free(password);
	return flight->worker != NULL;
}

static void land(Flight *flight);

static Flight *
flight_new(Courier *courier, Desk *desk)
{
	Flight *flight = g_new0(Flight, 1);

	flight->courier = courier;
	flight->desk = desk;
	flight->bundles = g_ptr_array_new_with_free_func((GDestroyNotify)bundle_free);
	flight->has_arrived = g_array_new(FALSE, FALSE, sizeof(gboolean));
	flight->passengers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	return flight;
}

/* The letters of the next mails, as many as the account's rate lets go. */
static GPtrArray *
board_next(Flight *flight)
{
	Courier *courier = flight->courier;
	const guint granted = allowance_take(courier, flight->desk, desk_wanted(flight->desk));

	if (granted == 0)
		desk_clear(courier, flight->desk);
	g_autoptr(GPtrArray) batch = desk_batch(courier, flight->desk, granted);
	courier->carrier = flight->desk->account;
	GPtrArray *letters = board(flight, batch);
	courier->carrier = NULL;
	invites_write(courier);
	flight->letters = letters->len;
	allowance_return(courier, flight->desk, granted - MIN(letters->len, granted));
	return letters;
}

void
flight_start(Courier *courier, Desk *desk)
{
	g_autoptr(Flight) flight = flight_new(courier, desk);
	g_autoptr(GPtrArray) letters = board_next(flight);

	if (letters->len == 0)
		return;
	gboolean is_flying = depart(flight, letters, &flight->account_failure);
	drop_letters(flight);
	if (!is_flying) {
		land(flight);
		return;
	}
	desk_note_flight(desk);
	g_ptr_array_add(courier->flights, g_steal_pointer(&flight));
}

/* --- Arrival ---------------------------------------------------------------------------------------------------------------- */

/* What becomes of the deliveries that have no outcome. */
typedef enum {
	FATE_GIVEN_BACK, /* we are stopping, and ended the session */
	FATE_UNTRIED,    /* the account failed: they go by another one or wait, and this was no attempt of theirs */
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
	return !flight->has_outcome && flight->bundles->len > 1 ? FATE_ALL_LOST : FATE_LOST;
}

/* Those of the item's deliveries that have no outcome (Delivery *, borrowed). */
static GPtrArray *
open_deliveries(const OutboxItem *item, GHashTable *open)
{
	GPtrArray *deliveries = g_ptr_array_new();

	for (guint i = 0; i < item->deliveries->len; i++)
		if (g_hash_table_contains(open, item->deliveries->pdata[i]))
			g_ptr_array_add(deliveries, item->deliveries->pdata[i]);
	return deliveries;
}

/* Item by item, so that its deliveries come again together. */
static void
put_back(Flight *flight, GHashTable *open)
{
	for (guint i = 0; i < flight->bundles->len; i++) {
		const Bundle *bundle = flight->bundles->pdata[i];
		for (guint k = 0; k < bundle->parcels->len; k++) {
			const OutboxItem *item = ((const Parcel *)bundle->parcels->pdata[k])->item;
			g_autoptr(GPtrArray) deliveries = open_deliveries(item, open);
			if (deliveries->len > 0)
				desk_put_back(flight->courier, item, deliveries);
		}
	}
}

/* An account that failed in mid-session, by the answer to another mail, says nothing about these: their answer may be the one that was lost. */
static void
note_unknown(Flight *flight, const Passenger *passenger)
{
	if (flight->is_opened)
		automatic_note_outcome(flight->courier, passenger->delivery->id, AUTOMATIC_UNKNOWN);
}

static void
tell_failure(Flight *flight, const Passenger *passenger)
{
	settle_tell_failure(flight->courier, passenger->delivery,
	    &(Attempt){
		.failure = flight->account_failure, .server_text = flight->server_text, .account = flight->desk->account->name});
}

static void
settle_lost(Flight *flight, const Passenger *passenger)
{
	g_autoptr(GError) lost =
	    g_error_new_literal(RELAY_ERROR, RELAY_ERROR_LOST, "the session ended without a word about the mail");

	settle_attempt(flight->courier, passenger->item, passenger->delivery,
	    &(Attempt){
		.failure = lost, .account = flight->desk->account->name, .is_digest = is_digest(bundle_of(flight, passenger))});
}

/* Everything that has no outcome yet gets one. */
static void
settle_open(Flight *flight, Fate fate)
{
	g_autoptr(GHashTable) untried = g_hash_table_new(NULL, NULL);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, flight->passengers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const GPtrArray *passengers = value;
		for (guint i = 0; i < passengers->len; i++) {
			const Passenger *passenger = passengers->pdata[i];
			if (fate == FATE_GIVEN_BACK && flight->is_opened) {
				settle_break_off(flight->courier, passenger->delivery->id, flight->desk->account->name);
			} else if (fate == FATE_GIVEN_BACK) {
				settle_give_back(flight->courier, passenger->delivery->id);
			} else if (fate == FATE_UNTRIED) {
				note_unknown(flight, passenger);
				tell_failure(flight, passenger);
				g_hash_table_add(untried, (gpointer)passenger->delivery);
			} else {
				settle_lost(flight, passenger);
			}
		}
	}
	put_back(flight, untried);
	g_hash_table_remove_all(flight->passengers);
}

/* What nobody got fills no mailbox: trying again while a server is down must not use up the ceiling. */
static void
uncount_lost(Flight *flight)
{
	for (guint i = 0; i < flight->bundles->len; i++)
		if (!g_array_index(flight->has_arrived, gboolean, i))
			digest_uncount(flight->courier, flight->bundles->pdata[i]);
}

static void
land(Flight *flight)
{
	Courier *courier = flight->courier;
	Desk *desk = flight->desk;
	Fate fate = fate_of(flight);

	/* What could not even be written had an outcome without a server. */
	if (!flight->is_opened)
		allowance_return(courier, desk, flight->letters);
	else if (flight->has_outcome)
		desk_unblock(desk);
	if (fate == FATE_UNTRIED) {
		desk_fail(courier, desk, flight->account_failure, flight->server_text);
	} else if (fate == FATE_ALL_LOST) {
		/* Not "lost": those that only wait are under no suspicion. */
		g_autoptr(GError) silent = g_error_new_literal(
		    RELAY_ERROR, RELAY_ERROR_CONNECT, "the session ended without a word about any of its mails");
		desk_fail(courier, desk, silent, NULL);
	}
	settle_open(flight, fate);
	uncount_lost(flight);
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
	flight->desk->flights--;
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
