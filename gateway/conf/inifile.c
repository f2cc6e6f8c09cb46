/*
 * Writing of files that the rest of conf reads. No state. GLib makes the temporary file beside the target, syncs and renames it.
 */
#include "inifile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/base/error.h"

/* Readable like the rest of the configuration; the umask may narrow it. No secret is a value. */
#define FILE_MODE 0644

void
inifile_add(GString *text, const char *key, const char *value)
{
	gsize size = strlen(value);
	g_string_append_printf(text, "%s = ", key);
	for (gsize i = 0; i < size; i++) {
		gboolean is_outer = i == 0 || i + 1 == size;
		if (value[i] == ' ' && is_outer)
			g_string_append(text, "\\s");
		else if (value[i] == '\t')
			g_string_append(text, "\\t");
		else if (value[i] == '\n')
			g_string_append(text, "\\n");
		else if (value[i] == '\r')
			g_string_append(text, "\\r");
		else if (value[i] == '\\')
			g_string_append(text, "\\\\");
		else
			g_string_append_c(text, value[i]);
	}
	g_string_append_c(text, '\n');
}

gboolean
inifile_put(const char *folder, const char *name, const char *text, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	if (g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, FILE_MODE, &cause))
		return TRUE;
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: cannot be written: %s", path, cause->message);
	return FALSE;
}

gboolean
inifile_sync(const char *folder, GError **error)
{
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failure = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
	if (descriptor >= 0)
		(void)close(descriptor);
	if (failure != 0)
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: cannot be synced: %s", folder, g_strerror(failure));
	return failure == 0;
}
