/*
 * The files that databases lie in: where they are, who may write them, and what a person is told if that is wrong. Knows nothing of what is in them.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "sekisho/base/error.h"

typedef struct {
	const char *name;      /* in its folder */
	const char *setting;   /* key of sekisho.conf that names the folder */
	const char *rights;    /* how both must be: the end of a sentence */
	mode_t mode;
	gboolean is_private;   /* trusted: only the folder's owner may have written it */
} DbFile;

/* What a person can do. */
const char *db_file_advice(const DbFile *file, StoreError code);
/* FALSE, with the error that `system_error` means for `path`. */
gboolean db_file_fail(const DbFile *file, const char *path, int system_error, GError **error);
/* Whether the folder may hold this file: a private one's must be the caller's own unless that is root, and nobody else's to write. */
gboolean db_file_check_folder(const DbFile *file, const char *directory, GError **error);
/* Makes an empty file with the right mode, whatever the umask is, unless there is one; SQLite gives its side files the same mode, group and, if root asks, owner. */
gboolean db_file_create(const DbFile *file, const char *path, const char *directory, GError **error);
/* Renames it to "NAME.damaged", with its log as "NAME.damaged-wal", in place of an earlier one. Nobody may have it open. */
gboolean db_file_set_aside(const DbFile *file, const char *directory, GError **error);
/* Whether it is there, and a private one written by nobody but the owner of `directory` (or root). */
gboolean db_file_check(const DbFile *file, const char *path, const char *directory, GError **error);
