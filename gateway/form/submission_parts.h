/*
 * Lists of a submission's fields, for submission.c and submission_bytes.c. Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"

void submission_field_free(SubmissionField *field);
/* An empty list that frees its SubmissionField. */
GPtrArray *submission_fields_new(void);
/* What was posted as fields, `_...` names left out: what a form that knows none of them would make of it. The caller's. */
GPtrArray *submission_fields_of(const Posted *posted);
/* The field of that name, or NULL. Borrowed. */
SubmissionField *submission_fields_find(const GPtrArray *fields, const char *name);
