/*
 * The small page that a visitor without JavaScript gets instead of the JSON (contract 2.6): the message, what to correct,
 * the receipt number, and the way back; and the pages of a confirmation's link. One file, no script, nothing loaded from anywhere.
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
/* What a confirmation's link shows first: what pressing does, and the button that posts `token`. `site_title` is the name that the visitor knows. HTTP 200. */
Answer *page_confirm(const char *site_title, const char *token, const PageFrame *frame);
/* What became of it: `text_id` of the sentence to show; a `status` of 200 means done. */
Answer *page_confirm_end(guint status, const char *text_id, const PageFrame *frame);
/* Value of Content-Security-Policy: nothing but our own style sheet and, on the page of a link, its buttons. Static. Thread-safe. */
const char *page_security_policy(gboolean is_link);
/* The language of a visitor whose form is not known: the first of Accept-Language if that is Japanese or English, else `site_locale`. Static or `site_locale`. */
const char *page_locale(const char *accept_language, const char *site_locale);
