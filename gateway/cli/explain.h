/*
 * Verdicts of the gate in words and as JSON, for every verb that shows one.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/policy/finding.h"

/* What became of it, behind "it was": "let through", "held", "refused" ... Static. */
const char *explain_action(FindingAction action);
/* What decided, as "links brand: the sentence"; NULL if it passed. The caller's. */
char *explain_decisive(const Verdict *verdict);
/* All findings, heaviest first, one below the other. */
void explain_print_findings(Command *command, const Verdict *verdict);
/* "reject", "3 points". The caller's. */
char *explain_weight(const Finding *finding);
/* What would have changed the outcome. */
void explain_print_changes(Command *command, const Verdict *verdict);
/* a{sv}, floating; for NULL nothing (null). */
GVariant *explain_json(const Verdict *verdict);
