/*
 * Lists of problems (char *), as conf hands them around.
 */
#pragma once

#include <glib.h>

/* CONF_ERROR_INVALID with all problems, one per line. */
void problems_set_error(const GPtrArray *problems, GError **error);
/* Appends "warning: FOLDER/FILE: ...". */
void problems_warn(GPtrArray *problems, const char *folder, const char *file, const char *format, ...) G_GNUC_PRINTF(4, 5);
