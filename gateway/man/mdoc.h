/*
 * Text as the language of manual pages wants it, mdoc(7), for the generator alone.
 */
#pragma once

#include <glib.h>

/* Appends sentences as lines of text: a line for each sentence, none longer than 78 bytes; what stands between two backticks is bold. A blank line begins a paragraph; one that begins
 * with a space is an example, kept as it is. */
void mdoc_add_text(GString *page, const char *text);
/* `text` as one argument of a macro, in quotes, every hyphen a minus as commands are typed. The caller's. */
char *mdoc_argument(const char *text);
