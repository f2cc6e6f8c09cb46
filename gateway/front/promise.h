/*
 * The promise: which mails a submission may cause, and its way into the journal. After the verdict.
 */
#pragma once

#include "job.h"

/* Plans the mails. FALSE if nobody would get the message, and then the job ended. */
gboolean promise_plan(Job *job);
/* What it is stored as. */
SubmissionStatus promise_status(const Job *job);
/* Hands it to the journal. TRUE: the job is the journal's. FALSE: it could not, and job->store_error says why. */
gboolean promise_keep(Job *job);
