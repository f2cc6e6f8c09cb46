/*
 * What Contact Form 7 itself calls spam (contract 8.1, 8.3): a client that does not say what it is, and words that the site does not want to
 * read. Checks that need more than the form and the submission belong to policy/.
 *
 * Text from outside: values were cleaned when they were posted (wire/posted.h). A list of words is an operator's file; see spam_words_new.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"

/* A list of words. Frozen; any thread may read it. */
typedef struct SpamWords SpamWords;

/* One word a line of `text`, ASCII white space around it removed; words of less than 2 or more than 256 bytes are left out. CR LF counts as LF; any
 * other byte is part of the word. */
SpamWords *spam_words_new(const char *text);
void spam_words_free(SpamWords *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpamWords, spam_words_free)

/* Why a submission is spam. Nothing of a visitor is in it. */
typedef struct {
	const char *agent; /* the check, as Contact Form 7's log names it: "wpcf7", "disallowed_list"; NULL: it is no spam. Static */
	guint line;        /* disallowed_list: of the list, 1-based, the first one that was met; else 0 */
} SpamFinding;

/* The checks in the order of contract 8.1; the first that finds something ends. `words` may be NULL. Words are met anywhere in a value of any
 * field (shaped by the form, unknown fields too, "_..." not), in the client's address and in its User-Agent, ASCII case ignored. */
SpamFinding spam_find(const Submission *submission, const SpamWords *words);
