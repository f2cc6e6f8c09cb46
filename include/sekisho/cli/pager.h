/*
 * Long texts on a terminal, page by page, by the program of the reader's choice: $SEKISHO_PAGER, else $PAGER, else less, which ends by itself where all fits the screen.
 *
 * Text from outside: the text is printed as it is, so it must have passed text_for_terminal. What the variables hold is the reader's own command; it is cut into words as a shell does, and no shell
 * runs it.
 */
#pragma once

#include <glib.h>
#include <stdio.h>

/* Prints to `output`: through the pager if that is a terminal with fewer rows than the text has lines, and a pager is wanted (a variable that is set and empty, or "cat": none) and can be started;
 * else straight. Waits until the reader has finished. FALSE if not all could be written; a reader who leaves early has all he wants. */
gboolean pager_print(const char *text, gsize size, FILE *output);
