/*
 * The courier tells its story in one loop of one thread:
 *
 *   claim     act on pressed links (press.c), lease what is due (store/outbox.h); each mail waits at the desk of one of its site's accounts (choice.c, desk.c)
 *   fly       accounts with waiting mails get sessions, LIMIT_SESSIONS in all (flight.c, worker.c, session.c)
 *   settle    outcomes are written as they arrive (settle.c)
 *   tell      alarms reach the operator (alarm.c)
 *   purge     what is past its retention goes, once a minute; uploaded files of what went or was erased go at once, those that a crash left
 *             without a submission once an hour
 *
 * and sleeps in poll() until a session speaks or ends, the front has committed something, a mail falls due, or SIGTERM comes. Then it
 * claims nothing more, gives back what waits, lets running sessions finish for some seconds, and ends the rest. Nothing here blocks on the
 * network: a dead server costs its own account's mails time and nobody else's.
 */
#include "sekisho/relay/courier.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/signals.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/spool.h"
#include "sekisho/store/submissions.h"
#include "sekisho/store/tally.h"

#define PURGE_US (60 * (gint64)G_USEC_PER_SEC)

/* Reads the whole spool folder in the loop's thread, for files that only a crash leaves. */
#define SWEEP_US (3600 * (gint64)G_USEC_PER_SEC)

/* After a full purge the next one, and after a failed claim the next one; short, but leaves the write lock to others. */
#define PAUSE_US ((gint64)G_USEC_PER_SEC)

/* Mails that one claim leases: a few milliseconds of the write lock. */
#define CLAIM_ITEMS LIMIT_SESSION_MAILS

/* After a claim of which nothing could be tried: each one makes the front's writer read its pages anew, and what comes meanwhile can be put off
 * together. */
#define FRUITLESS_US (100 * G_TIME_SPAN_MILLISECOND)

/* The loop's own clockwork; times are monotonic. */
typedef struct {
	Courier courier;
	int signals;        /* signalfd */
	gint64 claim_at_us; /* not before */
	gint64 press_at_us; /* pressed links; not before */
	gint64 purge_at_us;
	gint64 counters_at_us; /* the next piece of counters.db's purge */
	Db *counters;          /* open from the first piece to the last; NULL: closed */
	gint64 sweep_at_us;    /* orphans of the spool folder; 0: at the start */
	gint64 remove_at_us;   /* uploaded files; not before */
	gint64 stop_at_us;     /* 0: not stopping */
	gboolean has_claimed;  /* the last claim found something: there may be more */
	gboolean has_taken_over;
} Loop;

/* --- Claim and fly ------------------------------------------------------------------------------------------------------------- */

/*
 * When to claim next, monotonic; G_MAXINT64: not before something else has changed. The pace is set at the end of each claim: after one that found
 * something the write lock is left to the front for twice as long as we held it, after one of which nothing could be tried for FRUITLESS_US, after one
 * that failed for PAUSE_US.
 */
static gint64
next_claim_us(const Loop *loop)
{
	const Courier *courier = &loop->courier;
	gboolean has_room = courier->waiting + CLAIM_ITEMS <= LIMIT_COURIER_ITEMS;

	return courier->is_stopping || courier->unsettled.length > 0 || !has_room ? G_MAXINT64 : loop->claim_at_us;
}

/* Only one courier runs (the supervisor's lock), so whoever holds leases beside us has died with them. FALSE until it is done. */
static gboolean
take_over(Loop *loop)
{
	g_autoptr(GError) error = NULL;

	if (loop->has_taken_over)
		return TRUE;
	gint count = outbox_take_over(loop->courier.db, loop->courier.owner, &error);
	if (count < 0 || !ledger_take_over(loop->courier.ledger, &error)) {
		log_error(LOG_STORE_FAILED, error, NULL);
		loop->claim_at_us = g_get_monotonic_time() + PAUSE_US;
		return FALSE;
	}
	g_autofree char *mails = count == 0 ? NULL : g_strdup_printf("%d", count);
	log_event(LOG_STARTED, "taken_over", mails, NULL);
	loop->has_taken_over = TRUE;
	return TRUE;
}

static void
claim(Loop *loop)
{
	Courier *courier = &loop->courier;
	g_autoptr(GError) error = NULL;

	gint64 started_us = g_get_monotonic_time();
	if (started_us < next_claim_us(loop) || !take_over(loop))
		return;
	courier->claims++;
	invites_write(courier);
	/* Notices need no ledger: they go on when it cannot be asked, or when a row stands in the way. */
	if (started_us >= loop->press_at_us && !presses_attend(courier))
		loop->press_at_us = g_get_monotonic_time() + PAUSE_US;
	g_autoptr(GPtrArray) items =
	    outbox_claim(courier->db, courier->owner, (gint64)LIMIT_LEASE_MS * 1000, CLAIM_ITEMS, &error);
	if (items == NULL) {
		log_error(LOG_STORE_FAILED, error, NULL);
		loop->claim_at_us = g_get_monotonic_time() + PAUSE_US;
		return;
	}
	loop->has_claimed = items->len > 0;
	guint waiting = courier->waiting;
	while (items->len > 0)
		desk_take(courier, g_ptr_array_steal_index(items, 0));
	/* What was put off is written here, with the claim. */
	settle_flush(courier);
	gint64 ended_us = g_get_monotonic_time();
	if (loop->has_claimed)
		loop->claim_at_us = ended_us + MAX(2 * (ended_us - started_us), courier->waiting > waiting ? 0 : FRUITLESS_US);
}

static void
fly(Courier *courier)
{
	while (!courier->is_stopping && courier->flights->len < LIMIT_SESSIONS) {
		Desk *desk = desk_next(courier);
		if (desk == NULL)
			return;
		flight_start(courier, desk);
	}
}

static void
attend_flights(Courier *courier)
{
	for (guint i = courier->flights->len; i-- > 0;)
		if (flight_step(courier, courier->flights->pdata[i]))
			g_ptr_array_remove_index_fast(courier->flights, i);
}

/* Sites whose notices retention has ended, so that a person may still look at what is there of them. */
static void
tell_overdue(Courier *courier)
{
	static const MailKind kinds[] = {MAIL_NOTICE, MAIL_HELD};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GError) error = NULL;
		const OutboxFilter filter = {.kind = kinds[i], .states = 1u << DELIVERY_DEAD, .reason = "retention"};
		g_autoptr(GPtrArray) counts = outbox_counts(courier->db, &filter, LIMIT_ALARMS, &error);
		if (counts == NULL)
			log_error(LOG_STORE_FAILED, error, NULL);
		for (guint k = 0; counts != NULL && k < counts->len; k++)
			(void)alarm_raise_for(courier, ((const OutboxCount *)counts->pdata[k])->site, "dead");
	}
}

/* What could not be sent for as long as it was to be kept, so that the next purge takes it. TRUE if there is more of it. */
static gboolean
end_overdue(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint ended = outbox_end_overdue(loop->courier.db, LIMIT_PURGE_ROWS, &error);

	if (ended < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	if (ended > 0) {
		g_autofree char *mails = g_strdup_printf("%d", ended);
		log_event(LOG_DELIVERY_DEAD, "mails", mails, "reason", "retention", "consequence",
		    "their submissions are removed now: they could not be sent before their retention ended", NULL);
		tell_overdue(&loop->courier);
	}
	return ended == (gint)LIMIT_PURGE_ROWS;
}

/* TRUE if there is more of it. */
static gboolean
purge_ledger(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint purged = ledger_purge(loop->courier.ledger, LIMIT_PURGE_ROWS, &error);

	if (purged < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	return purged >= (gint)LIMIT_PURGE_ROWS;
}

/* Piece by piece, and once it is through, after a minute from the beginning. A broken file stops nothing. */
static void
purge_counters(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint64 now_us = g_get_monotonic_time();

	if (now_us < loop->counters_at_us)
		return;
	if (loop->counters == NULL)
		loop->counters = db_open_counters(loop->courier.settings->config->data_directory, DB_EXISTING, &error);
	gint seen = loop->counters == NULL ? -1 : counters_purge(loop->counters, LIMIT_PURGE_COUNTERS, &error);
	gint gone = seen < 0 || !tally_awake(loop->counters, &error) ? -1 : tally_purge(loop->counters, LIMIT_PURGE_ROWS, &error);
	if (gone < 0)
		log_error(LOG_STORE_FAILED, error, "file", "counters.db", NULL);
	const gboolean has_more = gone >= 0 && (seen >= (gint)LIMIT_PURGE_COUNTERS || gone >= (gint)LIMIT_PURGE_ROWS);
	if (!has_more)
		g_clear_pointer(&loop->counters, db_free);
	loop->counters_at_us = now_us + (has_more ? PAUSE_US : PURGE_US);
}

/* Entries of lists that expired. TRUE if there is more of it. */
static gboolean
purge_lists(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint purged = list_entries_purge(loop->courier.db, LIMIT_PURGE_ROWS, &error);

	if (purged < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	return purged >= (gint)LIMIT_PURGE_ROWS;
}

/* Review links whose time is over. TRUE if there is more of it. */
static gboolean
purge_reviews(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint purged = review_purge(loop->courier.db, LIMIT_PURGE_ROWS, &error);

	if (purged < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	return purged >= (gint)LIMIT_PURGE_ROWS;
}

/* What repeats nothing any more. TRUE if there is more of it. */
static gboolean
purge_repetitions(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	gint forgotten = submissions_purge_repetitions(loop->courier.db, LIMIT_PURGE_REPETITIONS, &error);

	if (forgotten < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	return forgotten >= (gint)LIMIT_PURGE_REPETITIONS;
}

/* Before the purge takes notices that nobody got, their sites' alarms stand. FALSE if they do not: then nothing is removed now. */
static gboolean
tell_losses(Courier *courier)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sites = submissions_losses(courier->db, LIMIT_PURGE_ROWS, &error);
	gboolean is_told = sites != NULL;

	if (sites == NULL)
		log_error(LOG_STORE_FAILED, error, NULL);
	for (guint i = 0; is_told && i < sites->len; i++)
		is_told = alarm_raise_for(courier, sites->pdata[i], "lost");
	return is_told;
}

/* TRUE if there is more of it. */
static gboolean
purge_submissions(Courier *courier)
{
	g_autoptr(GError) error = NULL;
	guint dead = 0;

	if (!tell_losses(courier))
		return FALSE;
	gint purged = submissions_purge(courier->db, LIMIT_PURGE_ROWS, &dead, &error);
	if (purged < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	if (purged > 0) {
		g_autofree char *rows = g_strdup_printf("%d", purged);
		g_autofree char *dead_mails = dead == 0 ? NULL : g_strdup_printf("%u", dead);
		log_event(LOG_PURGED, "submissions", rows, "dead_mails", dead_mails, NULL);
	}
	return purged == (gint)LIMIT_PURGE_ROWS;
}

static void
purge(Loop *loop)
{
	gint64 now_us = g_get_monotonic_time();

	if (now_us < loop->purge_at_us)
		return;
	gboolean has_more = purge_submissions(&loop->courier);
	has_more |= end_overdue(loop);
	has_more |= purge_repetitions(loop);
	has_more |= purge_lists(loop);
	has_more |= purge_reviews(loop);
	has_more |= purge_ledger(loop);
	loop->purge_at_us = now_us + (has_more ? PAUSE_US : PURGE_US);
}

/* Uploads whose submission was purged, or erased because its mails have settled. */
static void
remove_files(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	const char *data_directory = loop->courier.settings->config->data_directory;
	gint64 now_us = g_get_monotonic_time();

	if (now_us < loop->remove_at_us ||
	    spool_remove_released(loop->courier.db, data_directory, LIMIT_SPOOL_REMOVED, &error) >= 0)
		return;
	log_error(LOG_STORE_FAILED, error, NULL);
	loop->remove_at_us = now_us + PURGE_US;
}

/* Uploads that no submission names. */
static void
sweep_files(Loop *loop)
{
	g_autoptr(GError) error = NULL;
	const char *data_directory = loop->courier.settings->config->data_directory;
	gint64 now_us = g_get_monotonic_time();

	if (now_us < loop->sweep_at_us)
		return;
	gint swept = spool_sweep(loop->courier.db, data_directory, LIMIT_SPOOL_REMOVED, &error);
	if (swept < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	loop->sweep_at_us = now_us + (swept == (gint)LIMIT_SPOOL_REMOVED ? PURGE_US : SWEEP_US);
}

/* --- Sleep ---------------------------------------------------------------------------------------------------------------------- */

/* How long there is nothing to do but to listen. */
static int
wait_ms(const Loop *loop)
{
	const Courier *courier = &loop->courier;
	gint64 now_us = g_get_monotonic_time();
	gint64 wake_at_us = MIN(now_us + (gint64)LIMIT_COURIER_IDLE_MS * 1000, MIN(loop->purge_at_us, loop->counters_at_us));

	wake_at_us = MIN(wake_at_us, alarms_deadline_us(courier->alarms));
	gint64 claim_at_us = next_claim_us(loop);
	if (loop->has_claimed || claim_at_us > now_us)
		wake_at_us = MIN(wake_at_us, claim_at_us);
	for (guint i = 0; i < courier->flights->len; i++)
		wake_at_us = MIN(wake_at_us, worker_deadline_us(flight_worker(courier->flights->pdata[i])));
	if (courier->is_stopping) {
		wake_at_us = MIN(wake_at_us, loop->stop_at_us);
	} else if (claim_at_us <= now_us) {
		gint64 due_at_us = outbox_next_due(courier->db, courier->owner, NULL);
		/* What is due now was not claimable a moment ago. */
		if (due_at_us >= 0)
			wake_at_us = MIN(wake_at_us, now_us + MAX(due_at_us - clock_now_us(), PAUSE_US / 5));
	}
	if (courier->unsettled.length > 0)
		wake_at_us = MIN(wake_at_us, now_us + PAUSE_US);
	return (int)CLAMP((wake_at_us - now_us) / 1000 + 1, 0, (gint64)LIMIT_COURIER_IDLE_MS);
}

static void
take_signals(Loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (loop->courier.is_stopping)
			continue;
		loop->courier.is_stopping = TRUE;
		loop->stop_at_us = g_get_monotonic_time() + (gint64)LIMIT_COURIER_STOP_MS * 1000;
	}
}

static void
sleep_until_something(Loop *loop)
{
	struct pollfd descriptors[2 + ALARM_DESCRIPTORS + WORKER_DESCRIPTORS * LIMIT_SESSIONS];
	const Courier *courier = &loop->courier;
	nfds_t count = 2 + ALARM_DESCRIPTORS;
	guint64 wakes;

	descriptors[0] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
	/* New mails are no news before the next claim. */
	const gboolean may_claim = next_claim_us(loop) <= g_get_monotonic_time();
	descriptors[1] = (struct pollfd){.fd = may_claim ? courier->settings->wake_descriptor : -1, .events = POLLIN};
	alarms_descriptors(courier->alarms, &descriptors[2]);
	for (guint i = 0; i < courier->flights->len; i++, count += WORKER_DESCRIPTORS)
		worker_descriptors(flight_worker(courier->flights->pdata[i]), &descriptors[count]);
	if (poll(descriptors, count, wait_ms(loop)) <= 0)
		return;
	if ((descriptors[0].revents & POLLIN) != 0)
		take_signals(loop);
	if ((descriptors[1].revents & POLLIN) != 0 && read(courier->settings->wake_descriptor, &wakes, sizeof wakes) < 0)
		return;
}

/* --- The loop --------------------------------------------------------------------------------------------------------------------- */

/* TRUE when the last session has ended. */
static gboolean
is_stopped(Loop *loop)
{
	Courier *courier = &loop->courier;

	if (!courier->is_stopping)
		return FALSE;
	desk_sweep(courier, TRUE);
	if (g_get_monotonic_time() >= loop->stop_at_us)
		for (guint i = 0; i < courier->flights->len; i++)
			flight_kill(courier->flights->pdata[i]);
	return courier->flights->len == 0 && (alarms_are_idle(courier->alarms) || g_get_monotonic_time() >= loop->stop_at_us);
}

static void
run(Loop *loop)
{
	Courier *courier = &loop->courier;

	while (!is_stopped(loop)) {
		/* An outcome that is not written yet must not be overtaken by a new claim of the same mail. */
		if (settle_flush(courier)) {
			claim(loop);
			fly(courier);
			purge(loop);
			purge_counters(loop);
			remove_files(loop);
			sweep_files(loop);
			report_watch(courier);
		}
		desk_sweep(courier, FALSE);
		obstacle_sweep(courier);
		sleep_until_something(loop);
		attend_flights(courier);
		alarms_attend(courier->alarms);
	}
	settle_flush(courier);
}

static char *
random_owner(void)
{
	return g_strdup_printf("courier-%08x%08x%08x%08x", g_random_int(), g_random_int(), g_random_int(), g_random_int());
}

int
courier_main(const CourierSettings *settings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = db_open(settings->config->data_directory, DB_EXISTING, &error);
	g_autoptr(Db) ledger = db == NULL ? NULL : db_open_ledger(settings->config->courier_directory, DB_EXISTING, &error);
	if (ledger == NULL) {
		log_error(LOG_STORE_FAILED, error, "file", db == NULL ? NULL : "ledger.db", NULL);
		return error_exit_code(error);
	}
	Loop loop = {.courier = {.settings = settings, .db = db, .ledger = ledger, .owner = random_owner()},
	    .signals = signals_open((const int[]){SIGTERM, 0}, (const int[]){SIGINT, 0})};
	/* The supervisor answers a terminal's Ctrl-C, and tells us with SIGTERM. */
	(void)signal(SIGPIPE, SIG_IGN);
	Courier *courier = &loop.courier;
	courier->desks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)desk_free);
	courier->obstacles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	courier->notice_counts = digest_counts_new();
	courier->flights = g_ptr_array_new_with_free_func((GDestroyNotify)flight_free);
	courier->charges = automatic_charges_new();
	courier->invites = invites_new();
	courier->alarms = alarms_new(courier);
	g_queue_init(&courier->unsettled);

	run(&loop);
	log_event(LOG_STOPPED, NULL);
	alarms_free(courier->alarms);
	g_hash_table_unref(courier->charges);
	g_array_unref(courier->invites);
	g_ptr_array_unref(courier->flights);
	g_hash_table_unref(courier->desks);
	g_hash_table_unref(courier->obstacles);
	g_hash_table_unref(courier->notice_counts);
	settle_clear(courier);
	g_free(courier->owner);
	close(loop.signals);
	db_free(loop.counters);
	return EX_OK;
}
