/*
 * Files that only we may read.
 *
 * Reading opens first and then examines the open descriptor, so that what was examined is what is read. Creating writes a
 * temporary file beside the target and links it to its name: the name appears with its whole content or not at all, and never in
 * place of another file. The text of a file is wiped from memory when its GBytes goes.
 */
#include "sekisho/base/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret_bytes.h"
#include "sekisho/base/accounts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

static gboolean
fail_io(GError **error, const char *what, const char *path, int number)
{
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "cannot %s %s: %s", what, path, g_strerror(number));
	return FALSE;
}

/* Root reads for others (`sekisho check`, before a role has become its user) and cannot tell which group is the right one;
 * the role that uses the file asks again for itself. */
static gboolean
is_group_ours(gid_t group)
{
	return group == getegid() || geteuid() == 0;
}

/* What makes the file right: root's, and where a role reads it, of that role's own group. Root keeps the group that is there. */
static char *
advice(const char *path, guint mode)
{
	g_autofree char *quoted = g_shell_quote(path);
	if (geteuid() == 0)
		return g_strdup_printf("chown root %s && chmod %04o %s", quoted, mode & 0640, quoted);
	g_autofree char *group = accounts_group_name(getegid());
	return g_strdup_printf("chown root:%s %s && chmod 0640 %s", group, quoted, quoted);
}

static gboolean
check_exposure(const char *path, const struct stat *status, GError **error)
{
	guint mode = status->st_mode & 07777;
	g_autofree char *quoted = g_shell_quote(path);
	g_autofree char *right = advice(path, mode);
	if (!S_ISREG(status->st_mode))
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED, "%s is not a regular file; put the secret into one", path);
	else if (status->st_uid != 0 && status->st_uid != geteuid())
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s has mode %04o and belongs to user %u, who can read and change it; run: %s", path, mode,
		    (guint)status->st_uid, right);
	else if ((mode & 0040) && !is_group_ours(status->st_gid))
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s has mode %04o, so group %u can read it, which is not the group of this process (%u); run: %s", path, mode,
		    (guint)status->st_gid, (guint)getegid(), right);
	else if (mode & 0037)
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s has mode %04o, which gives rights to others; run: chmod %04o %s", path, mode, mode & 0640, quoted);
	else
		return TRUE;
	return FALSE;
}

static GBytes *
read_all(int descriptor, const char *path, GError **error)
{
	gsize size = 0, room = LIMIT_PRIVATE_FILE_BYTES + 1;
	char *buffer = g_malloc(room);
	ssize_t got = 1;
	while (got > 0 && size < room) {
		got = read(descriptor, buffer + size, room - size);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			size += (gsize)got;
	}
	int number = errno;
	g_autoptr(GBytes) content = secret_bytes_new_take(buffer, size);
	if (got < 0) {
		fail_io(error, "read", path, number);
		return NULL;
	}
	if (size == room) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s is longer than %lu bytes, which no password or key file is",
		    path, LIMIT_PRIVATE_FILE_BYTES);
		return NULL;
	}
	return g_steal_pointer(&content);
}

GBytes *
private_file_read(const char *path, GError **error)
{
	struct stat status;
	/* O_NONBLOCK: opening a named pipe must not wait for its writer. */
	int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (descriptor < 0 && errno == ELOOP) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED, "%s is a symbolic link; name the file itself", path);
		return NULL;
	}
	if (descriptor < 0) {
		fail_io(error, "open", path, errno);
		return NULL;
	}
	GBytes *content = NULL;
	if (fstat(descriptor, &status) != 0)
		fail_io(error, "examine", path, errno);
	else if (check_exposure(path, &status, error))
		content = read_all(descriptor, path, error);
	close(descriptor);
	return content;
}

char *
private_file_read_line(const char *path, GError **error)
{
	g_autoptr(GBytes) content = private_file_read(path, error);
	if (!content)
		return NULL;
	gsize size;
	const char *text = g_bytes_get_data(content, &size);
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	gsize length = newline ? (gsize)(newline - text) : size;
	const char *problem = NULL;
	if (newline && length + 1 != size)
		problem = "has more than one line";
	/* A lone CR at the end belongs to the secret; before LF it is part of the line end. */
	if (newline && length > 0 && text[length - 1] == '\r')
		length--;
	if (size && memchr(text, '\0', size))
		problem = "has a NUL byte";
	else if (!problem && length == 0)
		problem = "is empty";
	if (problem) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s %s; it must hold the secret in one line and nothing else", path,
		    problem);
		return NULL;
	}
	return g_strndup(text, length);
}

static gboolean
write_all(int descriptor, GBytes *content)
{
	gsize size;
	const char *bytes = g_bytes_get_data(content, &size);
	while (size > 0) {
		ssize_t put = write(descriptor, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return FALSE;
		bytes += put;
		size -= (gsize)put;
	}
	return fsync(descriptor) == 0;
}

static gboolean
sync_folder_of(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return FALSE;
	gboolean is_synced = fsync(descriptor) == 0;
	int number = errno;
	close(descriptor);
	errno = number;
	return is_synced;
}

gboolean
private_file_create(const char *path, GBytes *content, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
	int descriptor = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return fail_io(error, "create", path, errno);
	/* link(2) refuses an existing name, which rename(2) would replace. */
	gboolean is_made = write_all(descriptor, content) && link(temporary, path) == 0;
	int number = errno;
	close(descriptor);
	unlink(temporary);
	if (!is_made)
		return fail_io(error, "create", path, number);
	return sync_folder_of(path) || fail_io(error, "sync the folder of", path, errno);
}
