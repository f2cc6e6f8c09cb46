/*
 * The queues between dispatcher, workers and journal, and the counts that bound them. Order of a request: workload_add, workload_take,
 * then (by way of the journal: workload_ready, workload_take) workload_job_ended; a stream also workload_stream_ended, as soon as it was read.
 * States: running -> stopping (workload_stop) -> ending (workload_end).
 *
 * A worker is woken after the lock was given back, or it would wake only to wait for it; and none is woken while more than there are processors
 * are at work, for they come for the next piece themselves.
 */
#include "workload.h"

#include "sekisho/base/limits.h"

void
workload_init(Workload *workload)
{
	*workload = (Workload){0};
	pthread_mutex_init(&workload->lock, NULL);
	pthread_cond_init(&workload->work, NULL);
	g_queue_init(&workload->ready);
	g_queue_init(&workload->fresh);
	workload->max_awake = g_get_num_processors() + 1;
}

void
workload_begin(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	workload->awake++;
	pthread_mutex_unlock(&workload->lock);
}

/* Calls a worker to work that has just come, if one is needed: those that are awake come for it when they have done theirs, but a stream may keep its
 * worker waiting. Under the lock. TRUE: signal `work` when it was given back. */
static gboolean
call_worker(Workload *workload)
{
	if (workload->asleep == 0 || workload->awake >= workload->max_awake + workload->streams)
		return FALSE;
	workload->asleep--;
	workload->calls++;
	workload->awake++;
	return TRUE;
}

/* Until called. Under the lock. */
static void
sleep_until_called(Workload *workload)
{
	workload->awake--;
	workload->asleep++;
	while (workload->calls == 0 && !workload->is_ending)
		pthread_cond_wait(&workload->work, &workload->lock);
	workload->calls -= workload->calls > 0 ? 1 : 0;
}

void
workload_clear(Workload *workload)
{
	g_queue_clear_full(&workload->fresh, g_free);
	pthread_cond_destroy(&workload->work);
	pthread_mutex_destroy(&workload->lock);
}

gboolean
workload_connect(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	const gboolean has_room = workload->connections < LIMIT_CONNECTIONS && workload->jobs < LIMIT_JOBS;
	workload->connections += has_room ? 1 : 0;
	pthread_mutex_unlock(&workload->lock);
	return has_room;
}

void
workload_disconnect(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	workload->connections--;
	pthread_mutex_unlock(&workload->lock);
}

gboolean
workload_add(Workload *workload, const Fresh *fresh)
{
	pthread_mutex_lock(&workload->lock);
	const gboolean has_room = workload->jobs < LIMIT_JOBS;
	if (has_room) {
		workload->jobs++;
		workload->streams += fresh->kind == FRESH_STREAM ? 1 : 0;
		g_queue_push_tail(&workload->fresh, g_memdup2(fresh, sizeof *fresh));
	} else {
		workload->connections--;
	}
	const gboolean is_called = has_room && call_worker(workload);
	pthread_mutex_unlock(&workload->lock);
	if (is_called)
		pthread_cond_signal(&workload->work);
	return has_room;
}

gboolean
workload_job_ended(Workload *workload, int connection)
{
	pthread_mutex_lock(&workload->lock);
	workload->jobs--;
	workload->connections -= connection < 0 ? 1 : 0;
	const gboolean is_stopping = workload->is_stopping;
	pthread_mutex_unlock(&workload->lock);
	return is_stopping;
}

void
workload_stream_ended(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	workload->streams--;
	pthread_mutex_unlock(&workload->lock);
}

guint
workload_streams(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	const guint streams = workload->streams;
	pthread_mutex_unlock(&workload->lock);
	return streams;
}

void
workload_ready(Workload *workload, Job *job)
{
	pthread_mutex_lock(&workload->lock);
	g_queue_push_tail(&workload->ready, job);
	const gboolean is_called = call_worker(workload);
	pthread_mutex_unlock(&workload->lock);
	if (is_called)
		pthread_cond_signal(&workload->work);
}

gboolean
workload_take(Workload *workload, Job **job, Fresh **fresh)
{
	*job = NULL;
	*fresh = NULL;
	pthread_mutex_lock(&workload->lock);
	while (g_queue_is_empty(&workload->ready) && g_queue_is_empty(&workload->fresh) && !workload->is_ending)
		sleep_until_called(workload);
	if (!g_queue_is_empty(&workload->ready))
		*job = g_queue_pop_head(&workload->ready);
	else if (!workload->is_ending)
		*fresh = g_queue_pop_head(&workload->fresh);
	pthread_mutex_unlock(&workload->lock);
	return *job != NULL || *fresh != NULL;
}

void
workload_stop(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	workload->is_stopping = TRUE;
	pthread_mutex_unlock(&workload->lock);
}

gboolean
workload_is_stopping(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	const gboolean is_stopping = workload->is_stopping;
	pthread_mutex_unlock(&workload->lock);
	return is_stopping;
}

void
workload_end(Workload *workload)
{
	pthread_mutex_lock(&workload->lock);
	workload->is_ending = TRUE;
	pthread_cond_broadcast(&workload->work);
	pthread_mutex_unlock(&workload->lock);
}

void
workload_count(Workload *workload, guint *jobs, guint *connections)
{
	pthread_mutex_lock(&workload->lock);
	*jobs = workload->jobs;
	*connections = workload->connections;
	pthread_mutex_unlock(&workload->lock);
}
