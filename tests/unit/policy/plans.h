/*
 * Forms whose recipients differ, and what is planned for a submission to them, as text.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

/* Puts a copy of `value` in the place of `*text`. */
void plans_set(char **text, const char *value);
/* Form D of contract 13 with this recipient of its notice and these headers. The caller's. */
FormSource *plans_source(const char *recipient, const char *headers);
/* "notice To admin@example.test", "copy Cc a@b.test (typed)" or "notice To a@b.test recipient_from_field", joined by "; ". The caller's. */
char *plans_text(const Form *form, const Submission *submission);
/* The same for plans_source, where Taro typed `email`. The caller's. */
char *plans_for(const char *recipient, const char *headers, const char *email);
