/*
 * Forms, posted values and submissions for the tests of form/. The site is the one of contract 13.5.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
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
/* Forms D, R and U of contract 13. */
Form *fixture_form_d(void);
Form *fixture_form_r(void);
Form *fixture_form_u(void);
/* The problems of a source, joined by LF; "" if there are none. The caller's. */
char *fixture_problems(FormSource *source);

/* Posted from pairs of name and value that end with NULL. */
Posted *fixture_posted(const char *name, ...) G_GNUC_NULL_TERMINATED;
/* The base input rb of contract 13 for form R, without its file, with the right answer to the quiz hashed by FIXTURE_WORDPRESS_KEY. Pairs as above
 * replace what rb has under that name ("ex" and "ex[]" are one name); a value of NULL only takes it out. */
Posted *fixture_rb(const char *name, ...) G_GNUC_NULL_TERMINATED;
#define FIXTURE_WORDPRESS_KEY "wordpress secret"
/* The hash that Contact Form 7 with that key puts beside a quiz whose canonical answer is `answer` (contract 9). The caller's. */
char *fixture_quiz_hash(const char *answer);
Submission *fixture_submission(const Form *form, Posted *posted);
/* The same with uploaded files (SubmissionFile *), which become the submission's. */
Submission *fixture_submission_with(const Form *form, Posted *posted, GPtrArray *files);
/* A file that was kept, or FILE_EMPTY if it has no name or no byte. */
SubmissionFile *fixture_file(const char *field, const char *client_name, guint64 size_bytes);
/* A list of one, the file f=a.pdf of rb. */
GPtrArray *fixture_files_rb(void);

/* The text in MAILTAG_LINE mode. The caller's. */
char *fixture_replace(const Form *form, const Submission *submission, const char *text);
/* A vault of this process, made when first asked for; nothing of it stays on the disk. Borrowed. */
Vault *fixture_vault(void);
/* rules_check with that vault and FIXTURE_WORDPRESS_KEY. The caller's. */
GPtrArray *fixture_check(const Form *form, const Submission *submission);
/* "field:message_key field:message_key" for a list of InvalidField; messages must be the defaults. The caller's. */
char *fixture_invalid_text(const Form *form, const GPtrArray *invalid);
/* The same for what fixture_check says. */
char *fixture_invalid(const Form *form, const Submission *submission);
