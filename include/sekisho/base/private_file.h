/*
 * Files that only we may read: passwords and keys.
 */
#pragma once

#include <glib.h>

/*
 * Reads `path`, at most LIMIT_PRIVATE_FILE_BYTES. Refused with BASE_ERROR_EXPOSED, and a sentence that names path, mode and the
 * chmod to run, unless it is a regular file (the last component not a symbolic link) owned by root or by us, without any
 * right for others, without write or execute for the group, and readable by a group only if that group is our effective one
 * (root:sekisho-courier 0640 is right; the shared group of the data directory is not). BASE_ERROR_IO if it cannot be read.
 * Checks and reading use one open descriptor. The caller's.
 */
GBytes *private_file_read(const char *path, GError **error);
/* The same without a line end after the first line; anything after it is refused. For passwords. NUL bytes are refused. */
char *private_file_read_line(const char *path, GError **error);
/* Creates `path` with mode 0600 and these bytes, synced with its folder; refuses to replace an existing file. */
gboolean private_file_create(const char *path, GBytes *content, GError **error);
