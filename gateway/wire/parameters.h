/*
 * Parameters of a part's Content-Disposition, `form-data; name="a"; filename='b c'`, read as PHP 8.2 reads them: pages, scripts and libraries
 * were tried out against it and nothing else, so what it understands must be understood here, to the same bytes.
 *
 * Text from outside: the header's value ends at its first NUL; a parameter's text is handed on as bytes, whatever else they are.
 */
#pragma once

#include <glib.h>

/* The text of the last parameter of that name (given in lower case, found in any), or NULL if there is none. Quotes are " or ', and inside them a
 * backslash escapes the quote; everywhere it escapes itself; before anything else it is a backslash. A text without quotes ends at white
 * space. What cannot be understood is passed over. The caller's. */
GBytes *parameters_get(const guint8 *bytes, gsize size, const char *name);
