/*
 * Threads and connections of the front; front_main (include/sekisho/front/front.h) is its entry.
 */
#pragma once

#include "job.h"

/* Gives a job that waited back: the next free worker concludes it. Any thread; never blocks for long. The caller must not touch the job any more. */
void server_job_ready(Job *job);
