/*
 * JSON text from a GVariant: the one way JSON leaves this program. Strings are escaped as RFC 8259 asks, and `/` as `\/` and
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
