/*
 * The files that databases lie in. No state. Nothing here opens a database: closing one by other means than SQLite's drops its locks, so a file is only
 * made here, or looked at without being opened.
 */
#include "db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_error.h"

#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)

static const char *const advice[] = {
    [STORE_ERROR_BUSY] = "another process has held the database for too long; find the sekisho command that hangs and end it",
    [STORE_ERROR_FULL] = "there is no space left for the database; free some, and everything goes on by itself",
    [STORE_ERROR_CORRUPT] = "this is no database of ours, or a damaged one; stop sekishod, move it aside and restore a backup",
    [STORE_ERROR_CONFLICT] = "the row exists already or breaks a rule of the schema",
    [STORE_ERROR_IO] = "the database cannot be read or written; look for errors of the disk in the system's log",
};

const char *
db_file_advice(const DbFile *file, StoreError code)
{
	return code == STORE_ERROR_READONLY ? file->rights : advice[code];
}

gboolean
db_file_fail(const DbFile *file, const char *path, int system_error, GError **error)
{
	gboolean is_missing = system_error == ENOENT || system_error == ENOTDIR;
	StoreError code = is_missing ? STORE_ERROR_NOT_FOUND : system_error_code(system_error);
	g_autofree char *what = is_missing ? g_strdup_printf("it must exist; start sekishod once, or correct %s", file->setting)
					   : g_strdup(db_file_advice(file, code));
	g_set_error(error, STORE_ERROR, code, "%s: %s (%s).", path, what, g_strerror(system_error));
	return FALSE;
}

static gboolean
fail_trust(const DbFile *file, const char *path, GError **error)
{
	g_set_error(error, STORE_ERROR, STORE_ERROR_READONLY,
	    "%s: somebody else may have written it, so nothing in it is believed; %s.", path, file->rights);
	return FALSE;
}

gboolean
db_file_check_folder(const DbFile *file, const char *directory, GError **error)
{
	if (!file->is_private)
		return TRUE;
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return db_file_fail(file, directory, errno, error);
	struct stat status;
	int result = fstat(folder, &status);
	int system_error = errno;
	close(folder);
	if (result != 0)
		return db_file_fail(file, directory, system_error, error);
	gboolean is_ours = geteuid() == 0 || status.st_uid == geteuid();
	return (is_ours && (status.st_mode & OTHERS_MAY_WRITE) == 0) || fail_trust(file, directory, error);
}

/* What root makes in somebody's private folder is that somebody's. */
static gboolean
give_to_owner(const DbFile *file, int made, int folder)
{
	struct stat status;
	if (!file->is_private || geteuid() != 0)
		return TRUE;
	return fstat(folder, &status) == 0 && fchown(made, status.st_uid, status.st_gid) == 0;
}

gboolean
db_file_create(const DbFile *file, const char *path, const char *directory, GError **error)
{
	int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file->mode);
	if (made < 0)
		return errno == EEXIST || db_file_fail(file, path, errno, error);
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean is_good = folder >= 0 && fchmod(made, file->mode) == 0 && give_to_owner(file, made, folder) &&
			   fsync(made) == 0 && fsync(folder) == 0;
	int system_error = errno;
	close(made);
	if (folder >= 0)
		close(folder);
	return is_good || db_file_fail(file, path, system_error, error);
}

gboolean
db_file_check(const DbFile *file, const char *path, const char *directory, GError **error)
{
	struct stat status, folder;
	if (lstat(path, &status) != 0)
		return db_file_fail(file, path, errno, error);
	if (!file->is_private)
		return TRUE;
	if (stat(directory, &folder) != 0)
		return db_file_fail(file, directory, errno, error);
	gboolean is_owners = status.st_uid == folder.st_uid || status.st_uid == 0;
	return (is_owners && (status.st_mode & OTHERS_MAY_WRITE) == 0) || fail_trust(file, path, error);
}

/* Gives `from` the name `to` in that folder, or removes it if `to` is NULL; one that is not there is no failure. */
static gboolean
move_away(const DbFile *file, const char *directory, const char *from, const char *to, GError **error)
{
	g_autofree char *source = g_build_filename(directory, from, NULL);
	g_autofree char *target = to == NULL ? NULL : g_build_filename(directory, to, NULL);
	const int result = target == NULL ? unlink(source) : rename(source, target);
	return result == 0 || errno == ENOENT || db_file_fail(file, source, errno, error);
}

gboolean
db_file_set_aside(const DbFile *file, const char *directory, GError **error)
{
	g_autofree char *log = g_strconcat(file->name, "-wal", NULL), *index = g_strconcat(file->name, "-shm", NULL);
	g_autofree char *aside = g_strconcat(file->name, ".damaged", NULL), *log_aside = g_strconcat(aside, "-wal", NULL);
	/* The log goes first: it must never lie beside a new file, which would take its pages for its own. */
	return move_away(file, directory, log_aside, NULL, error) && move_away(file, directory, log, log_aside, error) &&
	       move_away(file, directory, index, NULL, error) && move_away(file, directory, file->name, aside, error);
}
