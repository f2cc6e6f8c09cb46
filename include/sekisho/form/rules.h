/*
 * Validation (contract 5.2-5.5). A Form's tags compile to a list of rules in the order of contract 5.3; the same list is
 * served to the page's script as a schema and applied here, where alone it counts.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

typedef enum { RULE_REQUIRED, RULE_EMAIL, RULE_URL, RULE_TEL, RULE_MINLENGTH, RULE_MAXLENGTH } RuleKind;

typedef struct {
	RuleKind kind;
	char *field;
	gint64 threshold;        /* lengths, in UTF-16 code units */
	const char *message_key; /* of contract 7.3; static */
} Rule;

/* Rule * in order. The caller's. Called once per form by form_new. */
GPtrArray *rules_compile(const GPtrArray *tags);
void rule_free(Rule *rule);

/* Schema document of contract 5.1 (a{sv}, floating). */
GVariant *rules_schema(const Form *form);

typedef struct {
	char *field;
	char *message;      /* mail-tags replaced, HTML stripped */
	const char *idref;  /* borrowed from the form, or NULL (contract 2.1) */
} InvalidField;
void invalid_field_free(InvalidField *invalid);


/* Applies the rules and the per-tag checks of contract 3.5 to the raw posted values; the first error of a field is kept, in the
 * order of contract 5.3. Messages get their mail-tags from `submission` (contract 7.4). InvalidField *, empty if all is well. The caller's. */
GPtrArray *rules_check(const Form *form, const Submission *submission);
/* Contract 3.6 in normal mode: TRUE if every acceptance that is not optional is given. */
gboolean rules_is_accepted(const Form *form, const Submission *submission);

/* The formats of contract 5.5 and 5.2, for text that is already stripped. */
gboolean rules_is_url(const char *text);
gboolean rules_is_tel(const char *text);
