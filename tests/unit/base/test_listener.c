/* The listening socket: its mode, a stale file, a live instance, handed-over sockets, refused addresses. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/listener.h"

static char *
socket_path(const char *directory)
{
	return g_build_filename(directory, "test.sock", NULL);
}

static void
test_unix_socket_has_mode_0660(void)
{
	g_autofree char *directory = g_dir_make_tmp("listener-XXXXXX", NULL);
	g_autofree char *path = socket_path(directory);
	g_autoptr(GError) error = NULL;
	int descriptor = listener_open(path, "", &error);
	g_assert_no_error(error);
	struct stat status;
	g_assert_cmpint(lstat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0660);
	close(descriptor);
	g_unlink(path);
	g_rmdir(directory);
}

static void
test_stale_socket_is_replaced_and_live_one_is_not(void)
{
	g_autofree char *directory = g_dir_make_tmp("listener-XXXXXX", NULL);
	g_autofree char *path = socket_path(directory);
	g_autoptr(GError) error = NULL;
	close(listener_open(path, "", &error));
	int live = listener_open(path, "", &error);
	g_assert_no_error(error);
	g_assert_cmpint(live, >=, 0);
	g_assert_cmpint(listener_open(path, "", &error), ==, -1);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	g_assert_nonnull(strstr(error->message, "another program is listening"));
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	close(live);
	g_unlink(path);
	g_rmdir(directory);
}

static void
test_ordinary_file_is_never_removed(void)
{
	g_autofree char *directory = g_dir_make_tmp("listener-XXXXXX", NULL);
	g_autofree char *path = socket_path(directory);
	g_autoptr(GError) error = NULL;
	g_assert_true(g_file_set_contents(path, "precious", -1, NULL));
	g_assert_cmpint(listener_open(path, "", &error), ==, -1);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	g_unlink(path);
	g_rmdir(directory);
}

static void
test_only_loopback_is_taken(void)
{
	const char *refused[] = {
	    "0.0.0.0:9000", "192.0.2.1:9000", "[::]:9000", "localhost:9000", "127.0.0.1", "9000", ":9000", ""};
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(listener_open(refused[i], "", &error), ==, -1);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	}
}

static void
test_socket_on_descriptor_0_is_found(void)
{
	if (g_test_subprocess()) {
		g_autofree char *path = g_strdup_printf("%s/listener-0-%d.sock", g_get_tmp_dir(), (int)getpid());
		int descriptor = listener_open(path, "", NULL);
		dup2(descriptor, STDIN_FILENO);
		close(descriptor);
		int found = listener_handed_over();
		g_unlink(path);
		g_assert_cmpint(found, >, 2);
		char byte;
		g_assert_cmpint(read(STDIN_FILENO, &byte, 1), ==, 0); /* /dev/null again */
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
}

static void
test_nothing_handed_over(void)
{
	if (g_test_subprocess()) {
		g_assert_cmpint(listener_handed_over(), ==, -1);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/listener/unix-socket-has-mode-0660", test_unix_socket_has_mode_0660);
	g_test_add_func(
	    "/listener/stale-socket-is-replaced-and-live-one-is-not", test_stale_socket_is_replaced_and_live_one_is_not);
	g_test_add_func("/listener/ordinary-file-is-never-removed", test_ordinary_file_is_never_removed);
	g_test_add_func("/listener/only-loopback-is-taken", test_only_loopback_is_taken);
	g_test_add_func("/listener/socket-on-descriptor-0-is-found", test_socket_on_descriptor_0_is_found);
	g_test_add_func("/listener/nothing-handed-over", test_nothing_handed_over);
	return g_test_run();
}
