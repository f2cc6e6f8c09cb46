/*
 * Admission: one thread that decides for all submissions who may go on.
 *
 * A request is: copied -> waiting -> in a batch -> answered and freed. The thread takes what waits, up to LIMIT_ADMISSION_BATCH;
 * looks each repetition up in sekisho.db; answers from its memory who is denied for longer; decides the rest in one transaction
 * on counters.db, in the order in which they came; and tells all. While it does, the next batch gathers. A batch whose
 * transaction fails is let through with the error, the file is closed, and until it has rested all others are let through at
 * once. What is only counted (pending.c) is written by the same thread when it is due, and late rather than never.
 *
 * `waiting`, `pending`, `pending_due_us` and `is_stopping` are guarded by `lock`; everything else belongs to the thread. After
 * admission_stop began nothing may be asked.
 */
#include "sekisho/store/admission.h"

#include <pthread.h>
#include <string.h>

#include "pending.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "submissions_private.h"

/* What is counted is written this long after the first of it. */
#define PENDING_US (2 * G_TIME_SPAN_SECOND)

typedef struct {
	AdmissionRequest asked; /* points to what follows */
	VaultHash hint, token;
	CounterCharge charges[LIMIT_CHARGES];
	AdmissionDone done;
	gpointer user_data;
	AdmissionAnswer answer;
	char *earlier_receipt;
	GError *error; /* this one's own; `answer` points to it, or to the batch's */
} Request;

/* A counter that said no, by the clock that said it. */
typedef struct {
	VaultHash key;
	gint64 denied_at_us;
	gint64 busy_until_us; /* at least; it denies a charge until its tolerance before that */
} Denial;

struct Admission {
	char *data_directory;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	GQueue waiting;        /* Request * */
	Pending *pending;      /* what is to be counted */
	gint64 pending_due_us; /* monotonic; while there is any */
	gboolean is_stopping;

	Db *db;
	Db *counters;         /* NULL: not open now */
	GError *failure;      /* why counters.db could not be used last */
	gint64 rest_until_us; /* monotonic */
	GHashTable *denials;  /* Denial *, by key */
};

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static void
request_free(Request *request)
{
	g_clear_error(&request->error);
	g_free(request->earlier_receipt);
	g_free(request);
}

static Request *
request_new(const AdmissionRequest *asked)
{
	Request *request = g_new0(Request, 1);
	g_assert(asked->charge_count <= LIMIT_CHARGES);
	request->asked = *asked;
	if (asked->hint) {
		request->hint = *asked->hint;
		request->asked.hint = &request->hint;
	}
	if (asked->token) {
		request->token = *asked->token;
		request->asked.token = &request->token;
	}
	if (asked->charge_count > 0)
		memcpy(request->charges, asked->charges, asked->charge_count * sizeof *asked->charges);
	request->asked.charges = request->charges;
	request->answer.charged.is_allowed = TRUE;
	return request;
}

/* --- The memory of denials ---------------------------------------------------------------------------------------- */

/* The newest of a counter knows most: nothing but time makes it less busy. */
static void
remember_denial(Admission *admission, const CounterCharge *charge, gint64 retry_at_us)
{
	const Denial denial = {
	    .key = charge->key, .denied_at_us = clock_now_us(), .busy_until_us = retry_at_us + charge->tolerance_us};
	Denial *kept = g_memdup2(&denial, sizeof denial);
	if (g_hash_table_size(admission->denials) >= LIMIT_DENIALS)
		g_hash_table_remove_all(admission->denials);
	g_hash_table_replace(admission->denials, &kept->key, kept);
}

/* What is over is forgotten; so is what was noted later than now, because then the clock was set back. */
static const Denial *
find_denial(Admission *admission, const CounterCharge *charge, gint64 now_us)
{
	const Denial *denial = g_hash_table_lookup(admission->denials, &charge->key);
	if (!denial || (denial->denied_at_us <= now_us && now_us < denial->busy_until_us - charge->tolerance_us))
		return denial;
	g_hash_table_remove(admission->denials, &charge->key);
	return NULL;
}

/* TRUE, and the answer says so, if one of its counters is known to deny. Where that is not enforced, hint and token are to be
 * decided all the same, and only the file knows those. */
static gboolean
is_denied_by_memory(Admission *admission, Request *request)
{
	if (request->asked.is_dry_run && (request->asked.hint || request->asked.token))
		return FALSE;
	const gint64 now_us = clock_now_us();
	CounterAnswer *charged = &request->answer.charged;
	for (guint i = 0; i < request->asked.charge_count; i++) {
		const Denial *denial = find_denial(admission, &request->charges[i], now_us);
		const gint64 retry_at_us = denial ? denial->busy_until_us - request->charges[i].tolerance_us : 0;
		if (retry_at_us > charged->retry_at_us)
			*charged = (CounterAnswer){.is_allowed = FALSE, .denied = i, .retry_at_us = retry_at_us};
	}
	return !charged->is_allowed;
}

/* --- Deciding one ------------------------------------------------------------------------------------------------- */
static gboolean
find_earlier(Db *db, Request *request, GError **error)
{
	if (!request->asked.is_repetition_asked)
		return TRUE;
	AdmissionAnswer *answer = &request->answer;
	const gboolean is_good =
	    submissions_find_repeated(db, &request->asked.repetition, &request->earlier_receipt, &answer->earlier_status, error);
	answer->earlier_receipt = request->earlier_receipt;
	return is_good;
}

/* Inside the transaction on counters.db, whose charges `batch` holds. */
static gboolean
decide(Db *counters, CounterBatch *batch, Request *request, GError **error)
{
	const AdmissionRequest *asked = &request->asked;
	AdmissionAnswer *answer = &request->answer;
	gboolean is_new = FALSE;
	if (!counters_charge(batch, asked->charges, asked->charge_count, &answer->charged, error))
		return FALSE;
	if (!answer->charged.is_allowed && !asked->is_dry_run)
		return TRUE;
	if (asked->hint && !counters_mark(counters, asked->hint, asked->hint_until_us, &answer->is_hint_new, error))
		return FALSE;
	if (!asked->token || answer->is_hint_new)
		return TRUE;
	if (!counters_mark(counters, asked->token, asked->token_until_us, &is_new, error))
		return FALSE;
	answer->is_token_used = !is_new;
	return TRUE;
}

/* --- Deciding a batch --------------------------------------------------------------------------------------------- */
/* Work inside a transaction on counters.db. */
typedef gboolean (*Work)(Db *counters, gpointer data, GError **error);

/* FALSE, and `failure` says why, if it could not be done. Then the file is opened anew the next time: a person may have mended it. */
static gboolean
try_work(Admission *admission, Work work, gpointer data)
{
	g_clear_error(&admission->failure);
	if (!admission->counters)
		admission->counters = db_open_counters(admission->data_directory, DB_EXISTING, &admission->failure);
	if (admission->counters && db_begin(admission->counters, &admission->failure)) {
		const gboolean is_good = work(admission->counters, data, &admission->failure);
		if (db_end(admission->counters, is_good, &admission->failure))
			return TRUE;
	}
	g_clear_pointer(&admission->counters, db_free);
	return FALSE;
}

static gboolean
is_resting(const Admission *admission)
{
	return g_get_monotonic_time() < admission->rest_until_us;
}

/* Work: all of them. */
static gboolean
decide_all(Db *counters, gpointer requests, GError **error)
{
	const GPtrArray *open = requests;
	g_autoptr(CounterBatch) batch = counters_batch_new(counters);
	for (guint i = 0; i < open->len; i++)
		if (!decide(counters, batch, open->pdata[i], error))
			return FALSE;
	return counters_batch_write(batch, error);
}

/* Nothing stands in the way of those, but that it could not be looked at. */
static void
let_through(Admission *admission, const GPtrArray *open)
{
	for (guint i = 0; i < open->len; i++) {
		Request *request = open->pdata[i];
		request->answer.is_hint_new = FALSE;
		request->answer.is_token_used = FALSE;
		request->answer.charged = (CounterAnswer){.is_allowed = TRUE};
		if (!request->error)
			request->error = g_error_copy(admission->failure);
	}
}

static void
remember_denials(Admission *admission, const GPtrArray *open)
{
	for (guint i = 0; i < open->len; i++) {
		const Request *request = open->pdata[i];
		const CounterAnswer *charged = &request->answer.charged;
		if (!charged->is_allowed)
			remember_denial(admission, &request->charges[charged->denied], charged->retry_at_us);
	}
}

static void
decide_batch(Admission *admission, const GPtrArray *batch)
{
	g_autoptr(GPtrArray) open = g_ptr_array_new();
	for (guint i = 0; i < batch->len; i++) {
		Request *request = batch->pdata[i];
		(void)find_earlier(admission->db, request, &request->error);
		const gboolean is_counted = request->asked.hint || request->asked.token || request->asked.charge_count > 0;
		if (!request->earlier_receipt && is_counted && !is_denied_by_memory(admission, request))
			g_ptr_array_add(open, request);
	}
	if (open->len == 0)
		return;
	if (is_resting(admission)) {
		let_through(admission, open);
	} else if (try_work(admission, decide_all, open)) {
		remember_denials(admission, open);
	} else {
		admission->rest_until_us = g_get_monotonic_time() + LIMIT_ADMISSION_REST_MS * G_TIME_SPAN_MILLISECOND;
		let_through(admission, open);
	}
}

/* --- Counting ----------------------------------------------------------------------------------------------------- */

/* Work: writes them. */
static gboolean
write_all(Db *counters, gpointer pending, GError **error)
{
	return pending_write(pending, counters, error);
}

/* What could not be written waits again, unless this is the end. Only the counting is late then: a row of it in which nothing fits must
 * not make the rates rest. */
static void
put_back(Admission *admission, const Pending *taken)
{
	pthread_mutex_lock(&admission->lock);
	if (!admission->is_stopping)
		pending_put_back(admission->pending, taken);
	admission->pending_due_us = g_get_monotonic_time() + PENDING_US;
	pthread_mutex_unlock(&admission->lock);
}

/* --- The thread --------------------------------------------------------------------------------------------------- */
static void
wait_until(Admission *admission, gint64 monotonic_us)
{
	const struct timespec until = {.tv_sec = monotonic_us / G_USEC_PER_SEC, .tv_nsec = monotonic_us % G_USEC_PER_SEC * 1000};
	pthread_cond_timedwait(&admission->wake, &admission->lock, &until);
}

/* Waits for something to do: requests, oldest first; a piece of what is due to be counted (else NULL). Neither means: stop. */
static GPtrArray *
take(Admission *admission, Pending **due)
{
	GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify)request_free);
	pthread_mutex_lock(&admission->lock);
	for (;;) {
		const gboolean has_any = !pending_is_empty(admission->pending);
		const gboolean is_due =
		    has_any && (admission->is_stopping || g_get_monotonic_time() >= admission->pending_due_us);
		*due = is_due ? pending_take(admission->pending) : NULL;
		if (is_due || admission->is_stopping || !g_queue_is_empty(&admission->waiting))
			break;
		if (has_any)
			wait_until(admission, admission->pending_due_us);
		else
			pthread_cond_wait(&admission->wake, &admission->lock);
	}
	while (batch->len < LIMIT_ADMISSION_BATCH && !g_queue_is_empty(&admission->waiting))
		g_ptr_array_add(batch, g_queue_pop_head(&admission->waiting));
	pthread_mutex_unlock(&admission->lock);
	return batch;
}

static void
tell(const GPtrArray *batch)
{
	for (guint i = 0; i < batch->len; i++) {
		Request *request = batch->pdata[i];
		request->answer.error = request->error;
		request->done(request->user_data, &request->answer);
	}
}

static void *
run(void *data)
{
	Admission *admission = data;
	for (;;) {
		g_autoptr(Pending) due = NULL;
		g_autoptr(GPtrArray) batch = take(admission, &due);
		if (batch->len == 0 && !due)
			return NULL;
		decide_batch(admission, batch);
		tell(batch);
		if (due && (is_resting(admission) || !try_work(admission, write_all, due)))
			put_back(admission, due);
	}
}

/* --- For all threads ---------------------------------------------------------------------------------------------- */

/* Its timed wait knows the monotonic clock, so that a clock that is set moves nothing. */
static void
init_wake(pthread_cond_t *wake)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

Admission *
admission_start(const char *data_directory, GError **error)
{
	Db *db = db_open(data_directory, DB_EXISTING, error);
	if (!db)
		return NULL;
	Admission *admission = g_new0(Admission, 1);
	admission->data_directory = g_strdup(data_directory);
	admission->db = db;
	pthread_mutex_init(&admission->lock, NULL);
	init_wake(&admission->wake);
	g_queue_init(&admission->waiting);
	admission->pending = pending_new();
	admission->denials = g_hash_table_new_full(counters_key_hash, counters_key_equal, NULL, g_free);
	const int result = pthread_create(&admission->thread, NULL, run, admission);
	if (result != 0)
		g_error("the thread of admission cannot be started: %s", g_strerror(result));
	return admission;
}

void
admission_stop(Admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	admission->is_stopping = TRUE;
	pthread_cond_signal(&admission->wake);
	pthread_mutex_unlock(&admission->lock);
	pthread_join(admission->thread, NULL);
	g_assert(g_queue_is_empty(&admission->waiting));
	db_free(admission->counters);
	db_free(admission->db);
	g_clear_error(&admission->failure);
	g_hash_table_unref(admission->denials);
	pending_free(admission->pending);
	pthread_cond_destroy(&admission->wake);
	pthread_mutex_destroy(&admission->lock);
	g_free(admission->data_directory);
	g_free(admission);
}

gboolean
admission_ask(Admission *admission, const AdmissionRequest *asked, AdmissionDone done, gpointer user_data)
{
	Request *request = request_new(asked);
	request->done = done;
	request->user_data = user_data;
	pthread_mutex_lock(&admission->lock);
	g_assert(!admission->is_stopping);
	const gboolean has_room = g_queue_get_length(&admission->waiting) < LIMIT_JOBS;
	if (has_room)
		g_queue_push_tail(&admission->waiting, request);
	pthread_mutex_unlock(&admission->lock);
	if (has_room)
		pthread_cond_signal(&admission->wake);
	else
		request_free(request);
	return has_room;
}

/* Under the lock from here to counting_ends. TRUE if nothing waits yet, so that the thread must hear when it is due. */
static gboolean
counting_begins(Admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	const gboolean is_first = pending_is_empty(admission->pending);
	if (is_first)
		admission->pending_due_us = g_get_monotonic_time() + PENDING_US;
	return is_first;
}

static void
counting_ends(Admission *admission, gboolean is_first)
{
	pthread_mutex_unlock(&admission->lock);
	if (is_first)
		pthread_cond_signal(&admission->wake);
}

void
admission_count_hits(Admission *admission, const gint64 *entry_ids, guint count)
{
	const gboolean is_first = counting_begins(admission);
	for (guint i = 0; i < count; i++)
		pending_add_hits(admission->pending, entry_ids[i], 1);
	counting_ends(admission, is_first);
}

void
admission_tally(Admission *admission, const TallyMark *marks, guint count)
{
	const gboolean is_first = counting_begins(admission);
	for (guint i = 0; i < count; i++)
		pending_add_mark(admission->pending, &marks[i]);
	counting_ends(admission, is_first);
}

gboolean
admission_tally_limited(Admission *admission, const TallyLimited *limited)
{
	const gboolean is_first = counting_begins(admission);
	const gboolean is_counted = pending_add_limited(admission->pending, limited);
	counting_ends(admission, is_first);
	return is_counted;
}
