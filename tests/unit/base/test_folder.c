/*
 * Files below one folder: which paths lead to one, and that none leads out.
 */
#include "sekisho/base/folder.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_opens(const char *root, const char *path, gboolean is_opened)
{
	int descriptor = folder_open_below(root, path);

	g_test_message("%s", path);
	g_assert_cmpint(descriptor >= 0, ==, is_opened);
	if (descriptor >= 0) {
		g_assert_cmpint(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
		close(descriptor);
	}
}

static void
test_paths(void)
{
	static const char *const good[] = {
	    "a/b.txt", "./a/b.txt", "a//b.txt", "a/./b.txt", "a/b.txt/", "a", ".", "", "pipe", NULL};
	static const char *const bad[] = {
	    "/a/b.txt", "//a", "..", "../root/a", "a/../a/b.txt", "none", "a/b.txt/c", "link", "up/a", "up", NULL};
	g_autofree char *folder = g_dir_make_tmp("sekisho-folder-XXXXXX", NULL);
	g_autofree char *root = g_build_filename(folder, "root", NULL);
	g_autofree char *below = g_build_filename(root, "a", NULL);
	g_autofree char *file = g_build_filename(below, "b.txt", NULL);
	g_autofree char *link = g_build_filename(root, "link", NULL);
	g_autofree char *up = g_build_filename(root, "up", NULL);
	g_autofree char *pipe = g_build_filename(root, "pipe", NULL);
	const char *const made[] = {pipe, up, link, file, below, root, folder};

	g_assert_cmpint(g_mkdir_with_parents(below, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	g_assert_cmpint(symlink("a/b.txt", link), ==, 0);
	g_assert_cmpint(symlink(folder, up), ==, 0);
	g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
	for (const char *const *path = good; *path != NULL; path++)
		assert_opens(root, *path, TRUE);
	for (const char *const *path = bad; *path != NULL; path++)
		assert_opens(root, *path, FALSE);
	assert_opens(pipe, "", FALSE);
	for (gsize i = 0; i < G_N_ELEMENTS(made); i++)
		g_assert_cmpint(g_remove(made[i]), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/folder/no path leads out", test_paths);
	return g_test_run();
}
