/*
 * The link of a confirmation: the page with one button, and the button. Two functions, cut where a job may wait, as in feedback.h.
 */
#pragma once

#include "feedback.h"

/* A request of ROUTE_CONFIRM. GET and HEAD change nothing. Any worker. */
FeedbackStep link_receive(Job *job);
/* The token from the URL of a link, or from the body (job->posted) that its button posts; "" if there is none. NULL if nobody waits for an answer. The caller's. */
char *link_read_token(Job *job);
/* From the journal to the answer. Any worker. */
void link_conclude(Job *job);
