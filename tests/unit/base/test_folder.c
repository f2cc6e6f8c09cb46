/*
 * Files below one folder: which paths lead to one, and that none leads out; and whose a folder is.
 */
#include "sekisho/base/folder.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/error.h"

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

static void
assert_own(const char *path, uid_t owner, int code, const char *advice)
{
	g_autoptr(GError) error = NULL;
	gboolean is_own = folder_check_own(path, owner, &error);

	g_test_message("%s", error ? error->message : "may be believed");
	g_assert_cmpint(is_own, ==, code < 0);
	if (!is_own) {
		g_assert_error(error, BASE_ERROR, code);
		g_assert_nonnull(strstr(error->message, advice));
	}
}

static void
test_own(void)
{
	static const struct {
		mode_t mode;
		gboolean is_believed;
	} rows[] = {{0700, TRUE}, {0755, TRUE}, {0500, TRUE}, {02750, TRUE}, {0720, FALSE}, {02770, FALSE}, {0702, FALSE},
	    {01777, FALSE}};
	g_autofree char *folder = g_dir_make_tmp("sekisho-folder-XXXXXX", NULL);
	g_autofree char *own = g_build_filename(folder, "own", NULL);
	g_autofree char *file = g_build_filename(folder, "file", NULL);
	g_autofree char *link = g_build_filename(folder, "link", NULL);
	const char *const made[] = {link, file, own, folder};

	g_assert_cmpint(g_mkdir(own, 0700), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpint(chmod(own, rows[i].mode), ==, 0);
		assert_own(own, geteuid(), rows[i].is_believed ? -1 : BASE_ERROR_EXPOSED, "run: chmod 0700 '");
	}
	g_assert_cmpint(chmod(own, 0700), ==, 0);
	assert_own(own, geteuid() + 1, BASE_ERROR_EXPOSED, "run: chown ");
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	assert_own(file, geteuid(), BASE_ERROR_EXPOSED, "is no folder");
	g_assert_cmpint(symlink("own", link), ==, 0);
	assert_own(link, geteuid(), BASE_ERROR_EXPOSED, "is no folder");
	g_assert_cmpint(g_remove(own), ==, 0);
	assert_own(own, geteuid(), BASE_ERROR_IO, "No such file");
	g_assert_cmpint(g_mkdir(own, 0700), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(made); i++)
		g_assert_cmpint(g_remove(made[i]), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/folder/no path leads out", test_paths);
	g_test_add_func("/base/folder/what others may write is not believed", test_own);
	return g_test_run();
}
