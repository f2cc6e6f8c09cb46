/*
 * Files that only we may read: passwords and keys.
 */
#pragma once

#include <glib.h>

/*
 * Reads `path`, at most LIMIT_PRIVATE_FILE_BYTES. Refused with BASE_ERROR_EXPOSED, and a sentence that names path, mode and the
 * chmod to run, unless it is a regular file (the last component not a symbolic link) owned by root or by us, without any
 * right for others, without write or execute for the group, and readable by a group only if that group is our effective one
 * (root:sekisho-courier 0640 is right; the shared group of the data directory is not). Root accepts any group, because it reads for
 * others (`sekisho check`); the role that uses the file asks again. BASE_ERROR_IO if it cannot be read or is too long.
 * Checks and reading use one open descriptor. The caller's; wiped when freed.
 */
GBytes *private_file_read(const char *path, GError **error);
/* The same without the line end (LF or CR LF) after the first line, for passwords. Anything after it, NUL bytes and an empty line
 * are refused with BASE_ERROR_IO. The caller's, who wipes it. */
char *private_file_read_line(const char *path, GError **error);
/* Creates `path` with mode 0600 and these bytes, synced with its folder; refuses to replace an existing file. All or nothing.
 * BASE_ERROR_IO. */
gboolean private_file_create(const char *path, GBytes *content, GError **error);
