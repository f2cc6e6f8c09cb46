/* Private files: which are refused and with what advice, and that creating is all or nothing. */
#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/private_file.h"

#define NOBODY 65534u
#define SOME_GROUP 54321u
#define OTHER_GROUP 54322u

typedef struct {
	char *folder, *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->folder = g_dir_make_tmp("sekisho-XXXXXX", NULL);
	g_assert_nonnull(fixture->folder);
	g_assert_cmpint(g_chmod(fixture->folder, 0755), ==, 0);
	fixture->path = g_build_filename(fixture->folder, "password", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
	const char *name;
	while ((name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
		g_remove(path);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static void
write_file(const char *path, const char *bytes, gsize size, guint mode)
{
	g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
	g_assert_cmpint(g_chmod(path, (int)mode), ==, 0);
}

static gboolean
holds(GBytes *content, const char *text)
{
	g_autoptr(GBytes) expected = g_bytes_new_static(text, strlen(text));
	return content && g_bytes_equal(content, expected);
}

static void
test_modes(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		guint mode;
		const char *advice; /* NULL: accepted */
	} rows[] = {
	    {0600, NULL},
	    {0400, NULL},
	    {0640, NULL},
	    {0440, NULL},
	    {0700, NULL},
	    {0644, "chmod 0640"},
	    {0604, "chmod 0600"},
	    {0602, "chmod 0600"},
	    {0601, "chmod 0600"},
	    {0660, "chmod 0640"},
	    {0620, "chmod 0600"},
	    {0610, "chmod 0600"},
	    {0666, "chmod 0640"},
	    {0444, "chmod 0440"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		write_file(fixture->path, "secret", 6, rows[i].mode);
		g_autoptr(GBytes) content = private_file_read(fixture->path, &error);
		if (!rows[i].advice) {
			g_assert_no_error(error);
			g_assert_true(holds(content, "secret"));
			continue;
		}
		g_autofree char *mode = g_strdup_printf("%04o", rows[i].mode);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
		g_assert_null(content);
		g_assert_nonnull(strstr(error->message, fixture->path));
		g_assert_nonnull(strstr(error->message, mode));
		g_assert_nonnull(strstr(error->message, rows[i].advice));
	}
}

/* Reads as user nobody with that effective group: 0 for content, else 1 + code of the error. */
static int
read_as_nobody(const char *path, gid_t group)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		g_autoptr(GError) error = NULL;
		const gid_t shared = SOME_GROUP;
		if (setgroups(1, &shared) != 0 || setresgid(group, group, group) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
			_exit(99);
		g_autoptr(GBytes) content = private_file_read(path, &error);
		_exit(content ? 0 : 1 + error->code);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_owner_and_group(Fixture *fixture, gconstpointer data)
{
	(void)data;
	if (geteuid() != 0) {
		g_test_skip("needs root to give files away");
		return;
	}
	static const struct {
		uid_t owner;
		gid_t group;
		guint mode;
		gid_t reader_group;
		int result;
	} rows[] = {
	    {NOBODY, OTHER_GROUP, 0600, NOBODY, 0},
	    {0, OTHER_GROUP, 0640, OTHER_GROUP, 0},
	    /* Readable, but only through a supplementary group, which others are in too. */
	    {0, SOME_GROUP, 0640, OTHER_GROUP, 1 + BASE_ERROR_EXPOSED},
	    {NOBODY, SOME_GROUP, 0640, OTHER_GROUP, 1 + BASE_ERROR_EXPOSED},
	    {1, OTHER_GROUP, 0640, OTHER_GROUP, 1 + BASE_ERROR_EXPOSED},
	    {0, OTHER_GROUP, 0600, OTHER_GROUP, 1 + BASE_ERROR_IO},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		write_file(fixture->path, "secret", 6, rows[i].mode);
		g_assert_cmpint(chown(fixture->path, rows[i].owner, rows[i].group), ==, 0);
		g_assert_cmpint(read_as_nobody(fixture->path, rows[i].reader_group), ==, rows[i].result);
	}
	/* Root: the owner must be root, the group may be the role's. */
	g_autoptr(GError) error = NULL;
	write_file(fixture->path, "secret", 6, 0640);
	g_assert_cmpint(chown(fixture->path, 0, OTHER_GROUP), ==, 0);
	g_autoptr(GBytes) content = private_file_read(fixture->path, &error);
	g_assert_no_error(error);
	g_assert_nonnull(content);
	g_assert_cmpint(chown(fixture->path, NOBODY, 0), ==, 0);
	g_assert_null(private_file_read(fixture->path, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
}

static void
test_kinds(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) link_error = NULL, folder_error = NULL, pipe_error = NULL, missing_error = NULL;
	g_autofree char *link = g_build_filename(fixture->folder, "link", NULL),
			*fifo = g_build_filename(fixture->folder, "pipe", NULL);
	write_file(fixture->path, "secret", 6, 0600);
	g_assert_cmpint(symlink(fixture->path, link), ==, 0);
	g_assert_null(private_file_read(link, &link_error));
	g_assert_error(link_error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_assert_null(private_file_read(fixture->folder, &folder_error));
	g_assert_error(folder_error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_null(private_file_read(fifo, &pipe_error)); /* and does not wait for a writer */
	g_assert_error(pipe_error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_remove(fixture->path);
	g_assert_null(private_file_read(fixture->path, &missing_error));
	g_assert_error(missing_error, BASE_ERROR, BASE_ERROR_IO);
}

static void
test_size(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = g_malloc0(LIMIT_PRIVATE_FILE_BYTES + 1);
	write_file(fixture->path, bytes, LIMIT_PRIVATE_FILE_BYTES, 0600);
	g_autoptr(GBytes) content = private_file_read(fixture->path, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(content), ==, LIMIT_PRIVATE_FILE_BYTES);
	write_file(fixture->path, bytes, LIMIT_PRIVATE_FILE_BYTES + 1, 0600);
	g_assert_null(private_file_read(fixture->path, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
}

static void
test_lines(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *bytes;
		gsize size;
		const char *line; /* NULL: refused */
	} rows[] = {
	    {"pass word", 9, "pass word"},
	    {"p\n", 2, "p"},
	    {"p\r\n", 3, "p"},
	    {"p\r", 2, "p\r"},
	    {" p ", 3, " p "},
	    {"パス\n", 7, "パス"},
	    {"p\nq", 3, NULL},
	    {"p\n\n", 3, NULL},
	    {"p\0q\n", 4, NULL},
	    {"p\n\0", 3, NULL},
	    {"", 0, NULL},
	    {"\n", 1, NULL},
	    {"\r\n", 2, NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		write_file(fixture->path, rows[i].bytes, rows[i].size, 0600);
		g_autofree char *line = private_file_read_line(fixture->path, &error);
		g_assert_cmpstr(line, ==, rows[i].line);
		if (rows[i].line)
			g_assert_no_error(error);
		else
			g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	}
}

static guint
count_files(const char *folder)
{
	guint count = 0;
	g_autoptr(GDir) open = g_dir_open(folder, 0, NULL);
	while (g_dir_read_name(open))
		count++;
	return count;
}

static void
test_create(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) first = g_bytes_new_static("first", 5), second = g_bytes_new_static("second", 6);
	struct stat status;
	mode_t mask = umask(0);
	gboolean is_created = private_file_create(fixture->path, first, &error);
	umask(mask);
	g_assert_no_error(error);
	g_assert_true(is_created);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 07777, ==, 0600);
	g_assert_cmpuint(status.st_nlink, ==, 1);
	g_assert_false(private_file_create(fixture->path, second, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	g_autoptr(GBytes) content = private_file_read(fixture->path, NULL);
	g_assert_true(holds(content, "first"));
	g_assert_cmpuint(count_files(fixture->folder), ==, 1);

	g_autoptr(GError) missing_error = NULL;
	g_assert_false(private_file_create("/nonexistent/folder/file", first, &missing_error));
	g_assert_error(missing_error, BASE_ERROR, BASE_ERROR_IO);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/base/private_file/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("a mode that others can use is refused with the chmod to run", test_modes);
	ADD("owner and group", test_owner_and_group);
	ADD("only a regular file is read", test_kinds);
	ADD("a file beyond the ceiling is refused", test_size);
	ADD("a password is one line", test_lines);
	ADD("creating never replaces and leaves nothing beside", test_create);
	return g_test_run();
}
