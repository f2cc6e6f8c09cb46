/*
 * Reads operators' text files under a ceiling. No state. The file is opened without blocking, so that a FIFO in a site's folder
 * cannot stop a worker.
 */
#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/text.h"

static gboolean
set_unreadable(GError **error, const char *path, const char *reason)
{
	g_set_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE, "%s: %s", path, reason);
	return FALSE;
}

/* Appends the file to `content`, one byte past `limit` at most, so that the caller sees that it is too large. */
static gboolean
read_descriptor(int descriptor, const char *path, gsize limit, GByteArray *content, GError **error)
{
	guint8 buffer[8192];
	while (content->len <= limit) {
		ssize_t got = read(descriptor, buffer, MIN(sizeof buffer, limit + 1 - content->len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return set_unreadable(error, path, g_strerror(errno));
		if (got == 0)
			break;
		g_byte_array_append(content, buffer, (guint)got);
	}
	return TRUE;
}

GBytes *
textfile_read_bytes(const char *path, gsize limit, GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (descriptor < 0) {
		set_unreadable(error, path, g_strerror(errno));
		return NULL;
	}
	gboolean is_read;
	if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
		is_read = set_unreadable(error, path, "is not a regular file");
	else
		is_read = read_descriptor(descriptor, path, limit, content, error);
	(void)close(descriptor);
	return is_read ? g_byte_array_free_to_bytes(g_steal_pointer(&content)) : NULL;
}

static guint
line_of(const char *start, const char *place)
{
	guint line = 1;
	for (const char *at = start; at < place; at++)
		line += *at == '\n' ? 1 : 0;
	return line;
}

char *
textfile_from_bytes(const char *path, gsize limit, GBytes *content, GError **error)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	gsize size = 0;
	const char *bytes = g_bytes_get_data(content, &size);
	const char *bad = NULL;
	if (size > limit) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "%s:1: is too large; keep it within %" G_GSIZE_FORMAT " bytes",
		    path, limit);
		return NULL;
	}
	if (size == 0)
		return g_strdup("");
	const char *nul = memchr(bytes, '\0', size);
	if (nul != NULL) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "%s:%u: holds a NUL byte; save it as a text file in UTF-8",
		    path, line_of(bytes, nul));
		return NULL;
	}
	if (!g_utf8_validate_len(bytes, size, &bad)) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "%s:%u: is not UTF-8; save it as a text file in UTF-8", path,
		    line_of(bytes, bad));
		return NULL;
	}
	g_autofree char *text = g_strndup(bytes, size);
	return text_with_lf(g_str_has_prefix(text, byte_order_mark) ? text + strlen(byte_order_mark) : text);
}

char *
textfile_read(const char *path, gsize limit, GError **error)
{
	g_autoptr(GBytes) content = textfile_read_bytes(path, limit, error);
	return content == NULL ? NULL : textfile_from_bytes(path, limit, content, error);
}
