/*
 * The trap's cookie (policy/trap.h) on its way out, with the answer that a page's script asks for when the page loads, and back with a submission.
 *
 * Text from outside: a Cookie header is any bytes; of several cookies of our name one that is genuine counts.
 */
#pragma once

#include "job.h"

/* Sets it with `answer`: for the site's own pages, on the site's path, unreadable to scripts, over https only where the site is. */
void seen_set_cookie(const Job *job, Answer *answer);
/* What a submission brings. Nothing is asked of pages of other origins, which get no cookie of ours, nor while the check rests. `is_asked` is also FALSE then. */
TrapSight seen_look(const Job *job);
/* The same without asking whether the check rests: whether a cookie could have come, and did. */
gboolean seen_is_possible(const Job *job);
