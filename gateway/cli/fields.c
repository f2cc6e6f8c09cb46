/*
 * Values of fields from the command line, for `sekisho form preview` and `sekisho try`.
 */
#include "fields.h"

#include <string.h>

GHashTable *
fields_read(char **values, GError **error)
{
	g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	for (char **value = values; value && *value; value++) {
		const char *equals = strchr(*value, '=');
		if (!equals || equals == *value) {
			command_usage(error, "--field is NAME=TEXT");
			return NULL;
		}
		/* The name that the page posts has "_" for each "." (contract 3.2). */
		g_autofree char *name = g_strdelimit(g_strndup(*value, (gsize)(equals - *value)), ".", '_');
		GPtrArray *texts = g_hash_table_lookup(given, name);
		if (!texts) {
			texts = g_ptr_array_new_with_free_func(g_free);
			g_hash_table_insert(given, g_strdup(name), texts);
		}
		g_auto(GStrv) lines = g_strsplit(equals + 1, "\\n", -1);
		g_ptr_array_add(texts, g_strjoinv("\n", lines));
	}
	return g_steal_pointer(&given);
}

void
fields_warn(Command *command, const Form *form, GHashTable *given)
{
	GHashTableIter names;
	gpointer name;
	g_hash_table_iter_init(&names, given);
	while (g_hash_table_iter_next(&names, &name, NULL)) {
		g_autofree char *remark = g_strdup_printf("remark: the form has no field %s", (const char *)name);
		if (!form_tag(form, name))
			command_remark(command, remark);
	}
}
