/*
 * A folder of configuration files for one test: sekisho.conf, one site "example.jp" and one form "contact" (id 4), all good.
 */
#pragma once

#include <glib.h>

/* In a fresh temporary folder. The caller's. */
char *tree_new(void);
/* Writes a file below it, making folders. */
void tree_write(const char *tree, const char *path, const char *text);
/* Removes it with everything in it, and frees the name. */
void tree_free(char *tree);
/* PATH below it. The caller's. */
char *tree_path(const char *tree, const char *path);
/* All problems in one text, one a line, the tree's folder as "~". The caller's. */
char *tree_problems(const char *tree, const GPtrArray *problems);
/* The same for an error's message. */
char *tree_message(const char *tree, const GError *error);

extern const char *const tree_site_conf;
