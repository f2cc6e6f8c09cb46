/*
 * What the threads of the front share: two queues and some counts under one lock. Every call takes it for a moment; only workload_take waits.
 */
#pragma once

#include <pthread.h>

#include "job.h"

typedef enum {
	FRESH_WHOLE,
	FRESH_STREAM /* its worker may have to wait for the peer */
} FreshKind;

/* A request on its way to a worker. */
typedef struct {
	int connection;
	gint64 deadline_us; /* see request_accept */
	FreshKind kind;
} Fresh;

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* ready, fresh or is_ending has changed */
	GQueue ready;         /* Job *: back from the journal */
	GQueue fresh;         /* Fresh *; bounded because jobs is */
	guint jobs;           /* from "whole" to "answered"; at most LIMIT_JOBS */
	guint streams;        /* jobs of FRESH_STREAM whose worker is still reading */
	guint awake;          /* workers that have work or were called to some */
	guint asleep;         /* workers that wait and were not called */
	guint calls;          /* ... that were called and have not noticed yet */
	guint max_awake;      /* more would only take turns on the processors; one above them, for one may wait for the disk or its peer */
	guint connections;    /* open ones, idle or not; at most LIMIT_CONNECTIONS */
	gboolean is_stopping; /* SIGTERM came */
	gboolean is_ending;   /* workers go home when ready is empty */
} Workload;

void workload_init(Workload *workload);
/* A worker begins; it calls workload_take until that says FALSE. */
void workload_begin(Workload *workload);
/* No thread may use it any more. Requests that no worker came to are dropped; their connections are closed with the process. */
void workload_clear(Workload *workload);

/* Counts a new connection in, if there is room, and one that ended without a job out. */
gboolean workload_connect(Workload *workload);
void workload_disconnect(Workload *workload);
/* Queues a request, which becomes a job. FALSE if there are too many: then the connection was counted out. */
gboolean workload_add(Workload *workload, const Fresh *fresh);
/* A job ended; `connection` is -1 if it was closed. TRUE if the front is stopping. */
gboolean workload_job_ended(Workload *workload, int connection);
void workload_stream_ended(Workload *workload);
guint workload_streams(Workload *workload);

/* A job is back from the journal. */
void workload_ready(Workload *workload, Job *job);
/* Waits for work: `job` from the journal before a `fresh` request (the caller's, g_free); the other is NULL. FALSE when there will be none any more. */
gboolean workload_take(Workload *workload, Job **job, Fresh **fresh);

/* No connection is kept from now on. */
void workload_stop(Workload *workload);
gboolean workload_is_stopping(Workload *workload);
/* Workers get only ready jobs from now on, and then none. */
void workload_end(Workload *workload);
void workload_count(Workload *workload, guint *jobs, guint *connections);
