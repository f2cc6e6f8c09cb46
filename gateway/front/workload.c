/*
 * The queues between dispatcher, workers and journal, and the counts that bound them. Order of a request: workload_add, workload_take,
 * then (by way of the journal: workload_ready, workload_take) workload_job_ended; a stream also workload_stream_ended, as soon as it was read.
 * States: running -> stopping (workload_stop) -> ending (workload_end).
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
		pthread_cond_signal(&workload->work);
	} else {
		workload->connections--;
	}
	pthread_mutex_unlock(&workload->lock);
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
	pthread_cond_signal(&workload->work);
	pthread_mutex_unlock(&workload->lock);
}

gboolean
workload_take(Workload *workload, Job **job, Fresh **fresh)
{
	*job = NULL;
	*fresh = NULL;
	pthread_mutex_lock(&workload->lock);
	while (g_queue_is_empty(&workload->ready) && g_queue_is_empty(&workload->fresh) && !workload->is_ending)
		pthread_cond_wait(&workload->work, &workload->lock);
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
