/*
 * Sentences for people: wrapped at 80 columns by the cells a text takes on a terminal, so Japanese lines end where Latin ones do.
 *
 * Text from outside: every text passes text_for_terminal.
 */
#pragma once

#include <glib.h>

#include "sekisho/cli/cli.h"

/* Appends `text` as lines that begin `indent` columns from the left, the first one with `lead` (which may be "") at their place. */
void prose_add(GString *output, guint indent, const char *lead, const char *text);
