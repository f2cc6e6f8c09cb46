/*
 * Names of uploaded files: what a visitor's program called a file becomes a name that is safe to put into a mail and to save from it (contract
 * 10.3). What the file may be is decided by the name as it came (10.2), not by this one.
 *
 * Text from outside: any valid UTF-8. CR, LF and tab become "-"; all other controls, bidi controls and U+FFFD (bytes that were no text) go, as do
 * path separators and the letters that shells, browsers and mail programs give a meaning to.
 */
#pragma once

#include <glib.h>

/* The clean name, never empty. A name that a web server might run ends in "_.txt". The caller's. */
char *filename_clean(const char *client_name);
/* `name` if `taken` (char *) does not have it, else with "-1", "-2" ... before its extension. The caller's. */
char *filename_unique(const char *name, const GPtrArray *taken);
