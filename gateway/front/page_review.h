/*
 * The pages of a review link: what was sent, why it was kept back or let through, and the buttons with what each of them does. As page.h: no script, nothing loaded from anywhere. The story is
 * review.c's.
 *
 * Text from outside: what a visitor typed stands escaped in a frame of its own, isolated in its direction (dir), so that it can neither pose as a text of ours nor turn one around.
 */
#pragma once

#include <glib.h>

#include "page.h"
#include "sekisho/policy/gate.h"
#include "sekisho/store/review.h"

/* What is shown; all borrowed. */
typedef struct {
	const SiteFacts *site;
	const Form *form;         /* NULL: it cannot be used at the moment, so fields have their own names and no address is known */
	const GatePolicy *policy; /* NULL: the same */
	const Review *review;     /* with its submission */
	ReviewStage stage;
	const char *token;        /* of the link, */
	const char *page_token;   /* and of this page: what its buttons post */
	gboolean is_choice_missing; /* a button was pressed that needs a choice */
} ReviewSheet;
Answer *page_review_show(const ReviewSheet *sheet, const PageFrame *frame);
/* A decision was written down. */
Answer *page_review_recorded(const ReviewDecision *decision, const PageFrame *frame);
/* The link opens nothing any more: what is known instead. `summary` NULL: nothing. HTTP 410. */
Answer *page_review_over(const SubmissionSummary *summary, const PageFrame *frame);
/* The page is too old, or it was not its button: nothing was done. The page has a link to begin again with `token`. HTTP 403. */
Answer *page_review_again(const char *token, const PageFrame *frame);
/* `text_id` says what is wrong with the link (404) or with us (503). */
Answer *page_review_problem(guint status, const char *text_id, const PageFrame *frame);
