/*
 * The metas of a contact form (contract 11.1), as an export of WordPress has them. Texts from outside are valid UTF-8 without NUL.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/import.h"

/* A meta that a form is made of, with or without its "_". */
gboolean import_metas_is_known(const char *key);
/* One that means nothing here and belongs to nobody whom that would surprise. */
gboolean import_metas_is_ignored(const char *key);
/* Takes those of `values` (key -> char *) that are known. One that cannot be read refuses the form (import_form_refuse), and none behind it is read. */
void import_metas_take(ImportedForm *form, GHashTable *values);
