/*
 * The small page that a visitor without JavaScript gets instead of the JSON (contract 2.6): the message, what to correct,
 * the receipt number, and the way back. One file, no script, nothing loaded from anywhere.
 */
#pragma once

#include <glib.h>

#include "answer.h"

/* Where the page stands. */
typedef struct {
	const char *locale;
	const Form *form;     /* whose labels name the fields; NULL: the fields' own names do */
	const char *back_url; /* the page with the form, without a #fragment (see job.c); "" if we do not know one */
} PageFrame;

/* How a submission ended; HTTP 200. */
Answer *page_outcome(const Outcome *outcome, const PageFrame *frame);
/* A POST that is no submission of ours: `status` 400 or 404, `text_id` of the sentence to show. */
Answer *page_refusal(guint status, const char *text_id, const PageFrame *frame);
/* Value of Content-Security-Policy for all pages: nothing but our own style sheet. Static. Thread-safe. */
const char *page_security_policy(void);
/* The language of a visitor whose form is not known, from Accept-Language: "ja" if that is the first one, else "en". Static. */
const char *page_locale(const char *accept_language);
