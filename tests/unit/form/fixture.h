/*
 * Forms, posted values and submissions for the tests of form/. The site is the one of contract 13.5.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

/* 2026-11-22 02:23:00 UTC, when everything is received. */
#define FIXTURE_TIME_US (G_GINT64_CONSTANT(1795314180) * G_USEC_PER_SEC)

/* The caller's. */
SiteFacts *fixture_site(void);
/* A source with this template, locale en_US, and the default mail of contract 7.2 from an address of the site. */
FormSource *fixture_source(const char *template_text);
/* The compiled form; aborts with the first problem. */
Form *fixture_compile(FormSource *source);
Form *fixture_form(const char *template_text);
/* Form D of contract 13. */
Form *fixture_form_d(void);
/* The problems of a source, joined by LF; "" if there are none. The caller's. */
char *fixture_problems(FormSource *source);

/* Posted from pairs of name and value that end with NULL. */
Posted *fixture_posted(const char *name, ...) G_GNUC_NULL_TERMINATED;
Submission *fixture_submission(const Form *form, Posted *posted);

/* The text in MAILTAG_LINE mode. The caller's. */
char *fixture_replace(const Form *form, const Submission *submission, const char *text);
/* "field:message_key field:message_key" for what rules_check says; messages must be the defaults. The caller's. */
char *fixture_invalid(const Form *form, const Submission *submission);
