/*
 * The link of a confirmation: the page with one button, and the button. Two functions, cut where a job may wait, as in feedback.h.
 */
#pragma once

#include "feedback.h"

/* A request of ROUTE_CONFIRM. GET and HEAD change nothing. Any worker. */
FeedbackStep link_receive(Job *job);
/* From the journal to the answer. Any worker. */
void link_conclude(Job *job);
