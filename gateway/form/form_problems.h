/*
 * What makes a form unusable. Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

/* Appends a sentence (char *) to `problems` for everything that form_new promises to refuse. `form` is compiled. */
void form_problems_find(const Form *form, GPtrArray *problems);
