/*
 * One submission's life in the front, cut at the places where a job may wait.
 */
#pragma once

#include "job.h"

typedef enum {
	FEEDBACK_ENDED, /* job->answer stands, or nobody waits for one: the caller goes on with the job */
	FEEDBACK_WAITS  /* the job is somebody else's who answers, and perhaps already another worker's: the caller must not touch it any more */
} FeedbackStep;

/* From an accepted request to the first place where it waits. Any worker. */
FeedbackStep feedback_receive(Job *job);
/* On from there. Any worker, each time server_job_ready gave the job back. */
FeedbackStep feedback_continue(Job *job);
