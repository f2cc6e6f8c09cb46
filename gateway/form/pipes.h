/*
 * Pipes: the texts behind "|" that take the place of a choice (contract 4.7). Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

typedef struct Pipes Pipes;

/* The pipes of all tags of that name, in form order. They borrow from `form`. */
Pipes *pipes_new(const Form *form, const char *name);
void pipes_free(Pipes *pipes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipes, pipes_free)

/* What the pipes make of `text`: one tag's after the other's, in form order, each taking what the one before it gave (contract 3.4); of one tag the text
 * behind the first pipe with that front, verbatim, or the text unchanged. The caller's. */
char *pipes_replace(const Pipes *pipes, const char *text);

/* The form in which texts are compared (contract 4.7): HTML entities decoded, then text_canonicalize. The caller's. */
char *pipes_canonicalize(const char *text);
