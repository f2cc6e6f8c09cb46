/*
 * Text files of an operator: settings and templates. At most a ceiling, valid UTF-8, no NUL; a byte order mark is skipped, CR LF and CR are LF.
 */
#pragma once

#include <glib.h>

/* The text of `path`. CONF_ERROR_UNREADABLE if it cannot be read or is no regular file; CONF_ERROR_INVALID ("FILE:LINE: ...") if it is not
 * text or too large. The caller's. */
char *textfile_read(const char *path, gsize limit, GError **error);
/* The same in two steps. `path` stands in errors. */
GBytes *textfile_read_bytes(const char *path, gsize limit, GError **error);
char *textfile_from_bytes(const char *path, gsize limit, GBytes *content, GError **error);
