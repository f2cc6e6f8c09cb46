/*
 * Wording of lists of problems. No state.
 */
#include "problems.h"

#include "sekisho/base/error.h"

void
problems_set_error(const GPtrArray *problems, GError **error)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	for (guint i = 0; i < problems->len; i++)
		g_string_append_printf(lines, "%s%s", i == 0 ? "" : "\n", (const char *)g_ptr_array_index(problems, i));
	g_set_error_literal(error, CONF_ERROR, CONF_ERROR_INVALID, lines->str);
}

void
problems_warn(GPtrArray *problems, const char *folder, const char *file, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(problems, g_strdup_printf("warning: %s/%s: %s", folder, file, sentence));
}
