/*
 * The link of a review: the page of one submission, and its buttons. Two functions, cut where a job may wait, as in feedback.h.
 */
#pragma once

#include "feedback.h"

/* The database as reviews read it: one connection, which all workers share. */
typedef struct Reviews Reviews;
/* STORE_ERROR_*. */
Reviews *reviews_new(const char *data_directory, GError **error);
void reviews_free(Reviews *reviews); /* NULL does nothing */

/* A request of ROUTE_REVIEW. GET and HEAD change nothing. Any worker. */
FeedbackStep review_receive(Job *job);
/* From the journal to the answer. Any worker. */
void review_conclude(Job *job);
/* 503: the page cannot be had at the moment; `reason` is for the log. */
void review_end_later(Job *job, const char *reason);
