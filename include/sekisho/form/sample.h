/*
 * A submission that nobody sent: to see what a form's mails look like (preview) and what is left of them when a visitor fills in no more than
 * he must (lint). It is never stored and never mailed.
 *
 * Text from outside: values of `given` pass posted_add as a visitor's do.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

typedef enum {
	SAMPLE_FULL,   /* every field has a value, which says that it is a sample */
	SAMPLE_MINIMAL /* required fields only */
} SampleExtent;

/* `given` (name -> GPtrArray of char *; may be NULL) comes first: values of normalised names, those that the form does not have too; a choice that
 * is given is posted as it is. WIRE_ERROR_LIMIT if there is too much of them. The caller's. */
Submission *sample_submission(const Form *form, GHashTable *given, SampleExtent extent, GError **error);
