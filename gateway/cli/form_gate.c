/*
 * The gate's settings of one form, for `sekisho form show`: all that hold, and which of them are the form's own. No state.
 */
#include <string.h>

#include "form_parts.h"
#include "prose.h"
#include "sekisho/conf/config.h"
#include "show.h"

/* Width at which the settings of a group begin. */
#define SETTINGS_COLUMN 12u

/* Those of one group, from `first` on, as one line: "links dry-run (form.ini), trap on". What nobody gave is left out. The caller's. */
static char *
group_text(const GPtrArray *settings, guint first)
{
	const char *group = ((const GateSetting *)settings->pdata[first])->group;
	GString *line = g_string_new(NULL);
	for (guint i = first; i < settings->len; i++) {
		const GateSetting *setting = settings->pdata[i];
		if (strcmp(setting->group, group) != 0 || (setting->text[0] == '\0' && !setting->is_of_form))
			continue;
		g_string_append_printf(line, "%s%s %s%s", line->len > 0 ? ", " : "", setting->key,
		    setting->text[0] != '\0' ? setting->text : "-", setting->is_of_form ? " (form.ini)" : "");
	}
	if (line->len == 0)
		g_string_append_c(line, '-');
	return g_string_free(line, FALSE);
}

void
form_print_gate(Command *command, const GPtrArray *settings)
{
	const char *group = "";
	show_heading(command, "Gate");
	for (guint i = 0; i < settings->len; i++) {
		const GateSetting *setting = settings->pdata[i];
		if (strcmp(setting->group, group) == 0)
			continue;
		group = setting->group;
		g_autofree char *lead = g_strdup_printf("  %-*s", (int)SETTINGS_COLUMN - 2, group);
		g_autofree char *line = group_text(settings, i);
		prose_add(command->console->output, SETTINGS_COLUMN, lead, line);
	}
}

GVariant *
form_gate_json(const GPtrArray *settings)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < settings->len; i++) {
		const GateSetting *setting = settings->pdata[i];
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "group", "s", setting->group);
		g_variant_dict_insert(&dict, "key", "s", setting->key);
		g_variant_dict_insert(&dict, "value", "s", setting->text);
		g_variant_dict_insert(&dict, "is_of_form", "b", setting->is_of_form);
		g_variant_builder_add_value(list, g_variant_dict_end(&dict));
	}
	return g_variant_builder_end(list);
}
