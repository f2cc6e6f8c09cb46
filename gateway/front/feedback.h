/*
 * One submission's life in the front. Two functions, cut at the one place where a job may wait.
 */
#pragma once

#include "job.h"

typedef enum {
	FEEDBACK_ENDED, /* job->answer stands, or nobody waits for one: the caller goes on with the job */
	FEEDBACK_WAITS  /* the job is the journal's, and perhaps already another worker's: the caller must not touch it any more */
} FeedbackStep;

/* From an accepted request to the journal. Any worker. */
FeedbackStep feedback_receive(Job *job);
/* From the journal to the answer. Any worker, once server_job_ready gave the job back. */
void feedback_conclude(Job *job);
