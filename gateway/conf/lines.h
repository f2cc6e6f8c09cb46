/*
 * The line scan that runs before GKeyFile: it knows lines, GKeyFile does not.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/keys.h"

/* One usable line: a group's header (`key` NULL) or a setting. */
typedef struct {
	char *group;
	char *key;
	guint line;
} Line;

/*
 * Reads `text` line by line, appends to `lines` (Line *) what is usable and to `problems` (char *) what is not: no INI line, a setting before the
 * first group, repeated and unknown groups and keys. Returns `text` with the unusable lines emptied, so that GKeyFile takes the rest and
 * line numbers stay. The caller's.
 */
char *lines_scan(const char *path, KeysFile file, const char *text, GPtrArray *lines, GPtrArray *problems);
void line_free(Line *line);
/* "PATH:LINE: [GROUP] KEY: SENTENCE"; `key` may be NULL. The caller's. */
char *lines_problem(const char *path, guint line, const char *group, const char *key, const char *sentence);
