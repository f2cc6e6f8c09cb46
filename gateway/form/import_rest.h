/*
 * Forms as the REST interface of Contact Form 7 gives them (contract 11.3): one object, or a list of such objects.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/import.h"

/* Adds what `json` holds to an empty `import`: forms in the text's order, not yet finished (import_form_finish).
 * FORM_ERROR_IMPORT; `import` is half filled then. */
gboolean import_rest_read(Import *import, const char *json, gsize size, GError **error);
