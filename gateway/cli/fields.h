/*
 * Values of fields given on the command line.
 */
#pragma once

#include <glib.h>

#include "command.h"

/* --field NAME=TEXT, with \n for a line feed as in the files of a form. NULL is a usage error. `values` may be NULL. The caller's: name -> GPtrArray of texts. */
GHashTable *fields_read(char **values, GError **error);
/* Says of each name that the form has no such field; beside JSON on standard error. */
void fields_warn(Command *command, const Form *form, GHashTable *given);
