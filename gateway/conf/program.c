/*
 * Whether a program that a setting names is one that a role should run. It runs with the role's rights, and beside its secrets: whoever may write the file has both. No state; reads
 * the disk.
 */
#include "program.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder above it whose entries others may replace, or NULL. In a sticky one they may replace only their own. The caller's. */
static char *
open_folder(const char *path)
{
	char *folder = g_path_get_dirname(path);

	for (;;) {
		struct stat status;
		if (stat(folder, &status) == 0 && (status.st_mode & 0022) && !(status.st_mode & S_ISVTX))
			return folder;
		g_autofree char *below = folder;
		if (strlen(below) <= 1)
			return NULL;
		folder = g_path_get_dirname(below);
	}
}

char *
program_problem(const char *path)
{
	struct stat status;
	g_autofree char *quoted = g_shell_quote(path);
	const gboolean is_there = stat(path, &status) == 0;

	if (!is_there && errno == EACCES)
		return NULL;
	if (!is_there || !S_ISREG(status.st_mode))
		return g_strdup("there is no such program; write the path of one, or nothing");
	if ((status.st_mode & 0111) == 0)
		return g_strdup_printf("%s is not executable; run: chmod +x %s", path, quoted);
	if (status.st_mode & 0022)
		return g_strdup_printf("%s has mode %04o, so others than its owner can change what runs; run: chmod go-w %s",
		    path, (guint)status.st_mode & 07777, quoted);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return g_strdup_printf(
		    "%s belongs to user %u, who can change what runs; run: chown root %s", path, (guint)status.st_uid, quoted);
	g_autofree char *folder = open_folder(path);
	g_autofree char *quoted_folder = folder == NULL ? NULL : g_shell_quote(folder);
	if (folder != NULL)
		return g_strdup_printf(
		    "%s lies in a folder that others than its owner can write, so they can change what runs; run: "
		    "chmod go-w %s",
		    path, quoted_folder);
	return NULL;
}
