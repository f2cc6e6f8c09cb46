/*
 * JSON text from a GVariant and back.
 *
 * json_from_variant is the one way JSON leaves this program. Strings are escaped as RFC 8259 asks, and `/` as `\/` and
 * non-ASCII as \uXXXX too, as PHP does (contract 1.4), so that a text can stand in any script or page.
 *
 *   b -> true/false    i u n q x t y -> number    d -> number    s -> string    ms, m* nothing -> null
 *   a{sv} a{ss} -> object, keys in order         other arrays and tuples -> array      v -> what it holds
 *
 * A t above 2^63-1 becomes a float, as in PHP; a d that is no finite number becomes null. Any other type aborts.
 */
#pragma once

#include <glib.h>

/* The caller's. A floating `value` is consumed. `indent` 0 gives one line. */
char *json_from_variant(GVariant *value, guint indent);
/* Appends `string` as a JSON string with its quotes, for a document that is written so often that its frame is written by hand. */
void json_append_string(GString *text, const char *string);

/*
 * What JSON text from outside holds (RFC 8259). The caller's (not floating).
 *
 *   object -> a{sv}, keys in order    array -> av    string -> s    integer -> x    other number -> d    true/false -> b    null -> mv nothing
 *
 * WIRE_ERROR_MALFORMED, with line and column: anything else, a key that stands twice, invalid UTF-8, NUL and \u0000. CR and LF stay, in
 * strings as \r and \n only. WIRE_ERROR_LIMIT: past LIMIT_JSON_BYTES, LIMIT_JSON_VALUES or LIMIT_JSON_DEPTH.
 */
GVariant *json_to_variant(const char *text, gsize size, GError **error);
