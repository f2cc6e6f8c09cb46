/*
 * Parameters of a header's value, `value; name=token; other="text"` (RFC 2045 5.1), read as browsers write them: nothing inside the
 * quotes is an escape, a backslash is a backslash (RFC 7578 4.2, WHATWG HTML 4.10.21.8).
 *
 * Text from outside: the value and the names are tokens; a parameter's text is handed on as bytes, whatever they are.
 */
#pragma once

#include <glib.h>

/*
 * Returns the value before the first ";", lower-cased; the caller's. `*parameters` becomes a new table of lower-cased name (char *) to GBytes *,
 * the caller's too. Empty parameters (";;") are left out. WIRE_ERROR_MALFORMED: no token where one must stand, an
 * open quote, text after a closing quote, or a name twice (of which other readers may take the other one).
 */
char *parameters_parse(const guint8 *bytes, gsize size, GHashTable **parameters, GError **error);
