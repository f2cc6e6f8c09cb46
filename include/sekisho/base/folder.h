/*
 * Files below one folder, whatever their paths say, for attachments of a site: the courier reads them, `sekisho check` looks at them. And whose a folder is.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A descriptor, for reading, of what `path` names below the folder `root`, or -1. `path` is walked name by name: it may not begin with "/", no
 * name in it is "..", and no symbolic link below `root` is followed. Empty names and "." count for nothing. Opening never waits (a FIFO
 * neither), and what is open may be no regular file: the caller asks fstat. The caller's to close.
 * `path` may hold any byte but NUL; what names no file is -1.
 */
int folder_open_below(const char *root, const char *path);
/* Whether what stands in the folder `path` may be believed: it belongs to `owner`, nobody else may write it, and it is no symbolic link. Else
 * BASE_ERROR_EXPOSED, with what to do; BASE_ERROR_IO if it cannot be looked at. */
gboolean folder_check_own(const char *path, uid_t owner, GError **error);
