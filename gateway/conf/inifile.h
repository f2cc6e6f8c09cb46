/*
 * INI text that we write: values that read back exactly (conf/keys.h says how a value is escaped), files that are whole or not there.
 */
#pragma once

#include <glib.h>

/* Appends "key = value\n". `value` is valid UTF-8; its leading and trailing white space, line feeds and backslashes are escaped. */
void inifile_add(GString *text, const char *key, const char *value);
/* Writes FOLDER/NAME, synced, replacing an older one in one step. BASE_ERROR_IO. */
gboolean inifile_put(const char *folder, const char *name, const char *text, GError **error);
/* Syncs the names in `folder`. BASE_ERROR_IO. */
gboolean inifile_sync(const char *folder, GError **error);
