/*
 * WordPress's export file, WXR 1.0 to 1.2 (contract 11.2), read as a stream.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/import.h"

/* Adds what `xml` holds to an empty `import`: forms and posts in the file's order, not yet finished (import_form_finish). `xml`
 * is valid UTF-8 without NUL and at most LIMIT_IMPORT_BYTES. FORM_ERROR_IMPORT with the line; `import` is half filled then. */
gboolean import_wxr_read(Import *import, const char *xml, gsize size, GError **error);
