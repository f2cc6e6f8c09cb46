/*
 * What the front keeps beside its workers: the journal, and everyone whom the gate asks, each with a thread of its own, and one thread for chores. Opened before the first request and closed
 * after the last, in an order in which nobody answers a job that is gone.
 */
#pragma once

#include "job.h"
#include "sekisho/front/front.h"

/* Fills `front`; what was opened until an error stays to be closed. Errors of what is opened. */
gboolean house_open(Front *front, const FrontSettings *settings, GError **error);
/* The drain, in steps; after each, jobs may have become ready, and going on with them may ask those that are still there. Each takes what is not open for closed. */
void house_end_twins(Front *front);
void house_end_admission(Front *front);
void house_end_services(Front *front);
void house_end_journal(Front *front);
/* What is left. No job is left then. */
void house_close(Front *front);
