/*
 * Files below one folder. The walk goes from descriptor to descriptor, so that nobody can put a symbolic link into a part of the path that was
 * looked at before. No state.
 */
#include "sekisho/base/folder.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
