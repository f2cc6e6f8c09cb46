/*
 * Second chances: a submission that is held only because its captcha's service did not answer is asked for again while its token lives. In memory: what a restart forgets stays held, and a
 * person looks, as the visitor was told.
 */
#pragma once

#include "job.h"

typedef struct Rechecks Rechecks;
/* `front` must outlive it. */
Rechecks *rechecks_new(const Front *front);
/* Nobody may answer any more: after captcha_stop and journal_stop. */
void rechecks_free(Rechecks *rechecks);
/* A held one (judge_may_clear) that is on disk, with the mails that it would have caused (PlannedDelivery *). Beyond LIMIT_RECHECKS it is not taken. */
void rechecks_add(Rechecks *rechecks, const Job *job, GPtrArray *planned);
/* Asks again what is due. One thread, every few seconds. */
void rechecks_ask(Rechecks *rechecks);
