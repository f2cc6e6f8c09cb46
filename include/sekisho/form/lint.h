/*
 * What is doubtful in a form that works: the findings of Contact Form 7's configuration validator (contract section 12), each with what to do.
 * What makes a form unusable is said by form_new; a finding never keeps a form from working.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

typedef struct {
	const char *code; /* of contract 12, or "default_text"; static */
	char *place;      /* "form.ini [GROUP] KEY", "FILE line N" or "FILE", as sentences of form_new begin */
	char *sentence;   /* what is wrong and why that matters */
	char *advice;     /* what to do */
} LintFinding;
void lint_finding_free(LintFinding *finding);

/* Findings (LintFinding *), in the order of the files. Looks whether attached files of the site exist and how large they are;
 * reads nothing of them. Mails that are not active are not looked at. The caller's. */
GPtrArray *lint_form(const Form *form);

/* All codes, sorted; ends with NULL. */
extern const char *const lint_codes[];
