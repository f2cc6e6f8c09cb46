/*
 * Files below one folder, and whose a folder is. The walk goes from descriptor to descriptor, so that nobody can put a symbolic link into a part of the path that was
 * looked at before. No state.
 */
#include "sekisho/base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"

/* The names of `path` that say anything (char *). */
static GPtrArray *
names_of(const char *path)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	for (char **part = parts; *part != NULL; part++)
		if (**part != '\0' && !g_str_equal(*part, "."))
			g_ptr_array_add(names, g_strdup(*part));
	return names;
}

int
folder_open_below(const char *root, const char *path)
{
	g_autoptr(GPtrArray) names = names_of(path);
	int folder = *path == '/' ? -1 : open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (guint i = 0; folder >= 0 && i < names->len; i++) {
		const char *name = names->pdata[i];
		/* O_NONBLOCK: opening a FIFO would wait for its writer. */
		int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (i + 1 == names->len ? O_NONBLOCK : O_DIRECTORY);
		int next = g_str_equal(name, "..") ? -1 : openat(folder, name, flags);
		close(folder);
		folder = next;
	}
	return folder;
}

gboolean
folder_check_own(const char *path, uid_t owner, GError **error)
{
	struct stat status;
	g_autofree char *quoted = g_shell_quote(path);

	if (lstat(path, &status) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: %s", path, g_strerror(errno));
		return FALSE;
	}
	if (!S_ISDIR(status.st_mode)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s is no folder, or a symbolic link to one; name the folder itself", path);
		return FALSE;
	}
	if (status.st_uid != owner) {
		g_autofree char *wrong = accounts_user_name(status.st_uid), *right = accounts_user_name(owner);
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s belongs to user %s and must be %s's, because what stands in it is believed; name another folder, or run: "
		    "chown %s %s",
		    path, wrong, right, right, quoted);
		return FALSE;
	}
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s has mode %04o, so others may write it, and what stands in it is believed; run: chmod 0700 %s", path,
		    (guint)status.st_mode & 07777, quoted);
		return FALSE;
	}
	return TRUE;
}
