/*
 * Counting what submissions met, for the owner's report (store/tally.h).
 */
#pragma once

#include "job.h"

/* One submission, at its end: the verdict; if it was stopped, what the checks found, and who was limited. What never came before the gate (a missing field, an operator's own test) is not counted, nor is what could not be
 * stored, whose visitor will send it again. */
void count_submission(const Job *job);
/* Entries of lists (gint64) that it met. */
void count_list_hits(const Job *job, const GArray *entry_ids);
