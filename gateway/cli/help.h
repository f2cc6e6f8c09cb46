/*
 * Help of a verb, of one of its orders, and of options.
 */
#pragma once

#include <glib.h>

#include "sekisho/cli/grammar.h"

/* Appends the help of the verb, or, unless `order` is NULL, of that order of it. `own` are its options, ended by G_OPTION_ENTRY_NULL. */
void help_add_verb(GString *help, const Verb *verb, const VerbOrder *order, const GOptionEntry *own);
/* Appends a line for each option: of an order those that go with it, else all, with the names of the orders that they go with behind what they do. `verb` NULL: the options are nobody's. */
void help_add_options(GString *help, const Verb *verb, const VerbOrder *order, const GOptionEntry *options);
