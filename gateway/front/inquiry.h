/*
 * Requests that change nothing: the schema and refill of a form, OPTIONS, and addresses that are none of ours.
 */
#pragma once

#include "job.h"

/* Ends the job. Its route must not be a submission's. */
void inquiry_answer(Job *job);
