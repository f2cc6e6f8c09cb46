/*
 * What PHP's serialize() wrote: the format of WordPress's metas (contract 11.2). Only what a form is made of is read: maps,
 * strings, whole and other numbers, truth values and null. Objects, enums and references, which a form never holds, are refused.
 */
#pragma once

#include <glib.h>

/*
 * The value of the serialised `text`. The caller's (not floating).
 *
 *   a -> a{sv}, keys in order, a number as its digits    s -> s    i -> x    d -> d    b -> b    N -> mv nothing
 *
 * A length is in bytes. XML makes LF of CR LF, so a length may be too large by as many bytes as its text has line ends:
 * `recovered` (may be NULL) receives how many strings were so, and they end where `";` and a token that may follow stand. A value
 * that was serialised more than once is unwrapped. White space around the whole is skipped. A line end stays as it is.
 *
 * FORM_ERROR_IMPORT, with the byte: anything else, a key that stands twice, invalid UTF-8, NUL, and the ceilings LIMIT_IMPORT_*.
 * Time is linear in `size`.
 */
GVariant *php_serialized_read(const char *text, gsize size, guint *recovered, GError **error);
