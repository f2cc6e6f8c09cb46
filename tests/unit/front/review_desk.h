/*
 * A gateway (gateway.h) with a submission, links to it, and who opens them and presses their buttons.
 */
#pragma once

#include "gateway.h"
#include "sekisho/store/presses.h"
#include "sekisho/store/review.h"
#include "sekisho/store/submissions.h"

#define PATH "/sekisho/review"
#define URLENCODED "application/x-www-form-urlencoded"
#define DAY_S ((gint64)24 * 3600)

/* The newest submission. The caller's. */
SubmissionSummary *newest(const Gateway *gateway);
/* Posts until the gate holds one: each time with another name, because the lists take effect within a second. */
void post_until_held(const Gateway *gateway);
void post_passing(const Gateway *gateway);
/* One that is held, of a form that the operator broke since. */
void store_held_of_broken_form(const Gateway *gateway);

typedef struct {
	ReviewStage stage;
	const char *site;
	gint64 seconds;
	gboolean is_without_row;
	gboolean is_other_secret;
} Link;
/* What relay/review.c makes of the newest one. The caller's. */
char *link_of(const Gateway *gateway, const Link *wanted);
char *open_link(const Gateway *gateway, const char *method, const char *token);
/* The hidden token of a page. The caller's. */
char *page_token(const char *page);

typedef struct {
	const char *token;
	const char *page_token; /* NULL: not sent */
	const char *decision;   /* NULL: not sent */
	const char *origin;
	const char *fetch_site;
} Button;
char *press(const Gateway *gateway, const Button *button);
/* Press *, of all that wait for the courier. */
GPtrArray *presses(const Gateway *gateway);
guint presses_count(const Gateway *gateway);
void assert_lacks(const char *answer, const char *text);
void assert_not_logged(const Gateway *gateway, const char *token);
