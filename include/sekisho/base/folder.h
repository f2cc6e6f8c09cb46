/*
 * Files below one folder, whatever their paths say. For attachments of a site: the courier reads them, `sekisho check` looks at them.
 */
#pragma once

#include <glib.h>

/*
 * A descriptor, for reading, of what `path` names below the folder `root`, or -1. `path` is walked name by name: it may not begin with "/", no
 * name in it is "..", and no symbolic link below `root` is followed. Empty names and "." count for nothing. Opening never waits (a FIFO
 * neither), and what is open may be no regular file: the caller asks fstat. The caller's to close.
 * `path` may hold any byte but NUL; what names no file is -1.
 */
int folder_open_below(const char *root, const char *path);
