/*
 * An imported form is mended where we know what its owner meant and where it could not be used as it stands: a sender that is not ours, header
 * lines that may not be in a template (contract 6.6, 11.4). Each change is told.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

typedef struct {
	char *place;  /* as sentences of form_new begin; header lines are named and numbered as in the export */
	char *before;
	char *after;  /* "" if it was taken out */
	char *reason; /* a sentence of form_new or one like it */
} Mending;
void mending_free(Mending *mending);

/* Changes both mails of `source` (also one that is not active) and says what was changed (Mending *, in the order of the work). The sender of a mail
 * that form_new would refuse becomes "", which means the site's own; if it was the visitor's, the visitor goes into a Reply-To: line
 * unless the template has one. The caller's. */
GPtrArray *mend_source(FormSource *source, const SiteFacts *site);
