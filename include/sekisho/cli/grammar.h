/*
 * The grammar of the program `sekisho`: SEKISHO VERB [ORDER] [ARGUMENT...], options anywhere behind the verb. One table says which verbs, orders, arguments and options there are (each verb's file
 * fills in its row); parsing, --help, completion and the manual page are made from it.
 *
 * Nothing here is text from outside.
 */
#pragma once

#include <glib.h>

typedef struct Command Command;

/* What a verb can be told to do. */
typedef struct {
	const char *name;
	const char *arguments; /* "" none; words in capitals, what may be left out in brackets, what may be repeated with "...": "SITE [FORM]", "RECEIPT..."; where SITE comes first, --site goes with the order, too */
	const char *options;   /* the long names of the verb's options that go with it: "site since json"; "" none; NULL: all of them */
	const char *help;      /* what it does: one line that fits behind it */
	gboolean is_default;   /* it is meant where no order is written */
} VerbOrder;

/* A verb. `run` gets the arguments behind the verb (the first one is the program's name) and returns an exit code, or sets `error`. */
typedef struct {
	const char *name;
	const char *arguments;   /* as of an order, of a verb that has none; else NULL */
	const char *help;        /* what it is for: one line */
	const VerbOrder *orders; /* ended by one without a name; NULL: it has none */
	const char *details;     /* what else there is to know, lines of at most 80 columns, paragraphs with an empty line between; NULL: nothing */
	int (*run)(Command *command, char ***arguments, GError **error);
} Verb;

/* Told of one verb: the heading of its group, as it stands in `sekisho --help`, and its options, ended by G_OPTION_ENTRY_NULL; they and where they would store values are gone when this
 * returns. --config and --help, which all verbs have, are not among them, see grammar_shared_options. */
typedef void (*GrammarListener)(const char *heading, const Verb *verb, const GOptionEntry *options, gpointer data);

/* Tells of all verbs, in the order of `sekisho --help`. Runs none of them, opens nothing. */
void grammar_describe(GrammarListener listener, gpointer data);

/* --config and --help: before and behind every verb; --version: before it alone. Ended by G_OPTION_ENTRY_NULL; they store nothing. */
const GOptionEntry *grammar_shared_options(void);

/* Whether this option of the verb goes with this order. `order` NULL: a verb without orders, whose options all go. */
gboolean grammar_takes(const VerbOrder *order, const char *option);
/* Whether `arguments` (see VerbOrder; NULL: none) begin with SITE, which may be written as --site, too. */
gboolean grammar_begins_with_site(const char *arguments);
/* How many arguments `arguments` (see VerbOrder) asks for at least and allows at most (G_MAXUINT: any number). */
void grammar_count(const char *arguments, guint *least, guint *most);
/* "held release RECEIPT...", "queue [list]": how it is written behind `sekisho`. `order` may be NULL. The caller's. */
char *grammar_usage(const Verb *verb, const VerbOrder *order);
