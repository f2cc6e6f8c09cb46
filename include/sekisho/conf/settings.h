/*
 * The settings of one INI file, checked against the table of keys (conf/keys.h). A line scan before GKeyFile finds what GKeyFile does not tell
 * (repeated groups and keys, the line of an error) and takes unusable lines out, so that everything wrong in a file is said at once.
 *
 * Every problem is one line: "FILE:LINE: [GROUP] KEY: what is wrong; what would be right". Frozen after reading, but for settings_default.
 *
 * Text from outside: a file that is larger than LIMIT_CONFIG_FILE_BYTES, is not UTF-8 or holds a NUL is refused whole. CR LF counts as LF and a
 * byte order mark is skipped.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/keys.h"

typedef struct Settings Settings;

/* Reads `path`. Problems (char *) are appended; the result then holds the defaults in their place, good enough to find more problems and for
 * nothing else. NULL with CONF_ERROR_UNREADABLE if the file cannot be read at all. */
Settings *settings_read(const char *path, KeysFile file, GPtrArray *problems, GError **error);
/* The same for bytes that were read from `path`. Never NULL. */
Settings *settings_parse(const char *path, KeysFile file, GBytes *content, GPtrArray *problems);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* Value of a key, or its default. Asking for a key without a row, or of an account that is not there, is a programmer's error. Borrowed. */
const char *settings_text(const Settings *settings, const char *group, const char *key);
gint64 settings_number(const Settings *settings, const char *group, const char *key);
/* Absolute path of a KEY_PATH (or of a KEY_LISTEN that is a path), "" if the value is empty. The caller's. */
char *settings_path(const Settings *settings, const char *group, const char *key);
/* TRUE if the file itself gives the key. */
gboolean settings_is_set(const Settings *settings, const char *group, const char *key);
/* Groups that begin with `prefix`, in the file's order (const char *, borrowed). The caller's. */
GPtrArray *settings_groups(const Settings *settings, const char *prefix);
/* Keys that the file gives in `group`, in its order (const char *, borrowed). The caller's. */
GPtrArray *settings_keys(const Settings *settings, const char *group);
/* A default that depends on other settings: taken where the value is empty. */
void settings_default(Settings *settings, const char *group, const char *key, const char *text);

/* Appends a problem with the line of that key (or of its group). `key` may be NULL. */
void settings_problem(const Settings *settings, const char *group, const char *key, GPtrArray *problems, const char *format, ...)
	G_GNUC_PRINTF(5, 6);
/* The same as a warning: "warning: FILE:LINE: ...". */
void settings_warning(const Settings *settings, const char *group, const char *key, GPtrArray *problems, const char *format, ...)
	G_GNUC_PRINTF(5, 6);
/* All keys with their values as INI text that reads back to the same values; paths are absolute. A comment above each
 * says what it is, and one at the top names the file. */
char *settings_dump(const Settings *settings);
