/*
 * The parts of the rules that only form/ knows.
 */
#pragma once

#include "sekisho/form/rules.h"

/* What rules are applied to. A rule looks either at texts or at files; those of the other kind are no rules meanwhile. */
typedef struct {
	const Submission *submission;
	GTimeZone *zone; /* in which dates are relative to now */
	gint64 now_us;
	gboolean is_file;
} RuleInput;

/* The rule whose error it is: NULL if `rule` holds, a child of it, or itself. Borrowed from `rule`. */
const Rule *rule_failure(const Rule *rule, const RuleInput *input);
/* TRUE if `rule` looks at what `input` holds; an all or any, if a child does. */
gboolean rule_is_about(const Rule *rule, const RuleInput *input);
/* The error as the visitor reads it (contract 7.4); without a submission its mail-tags stay. The caller's. */
char *rule_message(const Rule *rule, const Form *form, const Submission *submission);
/* A date as the rule has it, YYYY-MM-DD and a real day. FALSE, and `date` cleared or untouched, if it is none. */
gboolean rules_read_date(const char *text, GDate *date);
