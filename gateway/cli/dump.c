/*
 * `sekisho config dump`: all keys with the values that hold, defaults included, as INI text or JSON. Passwords are not in it, because they are
 * in no setting.
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"

/* One dumped file as an object of groups, each an object of keys with their texts. Floating. */
static GVariant *
file_json(const char *text)
{
	g_autoptr(GKeyFile) ini = g_key_file_new();
	g_autoptr(GVariantBuilder) groups = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	/* It was written by GLib. */
	gboolean is_read = g_key_file_load_from_data(ini, text, (gsize)-1, G_KEY_FILE_NONE, NULL);
	g_assert(is_read);
	g_auto(GStrv) names = g_key_file_get_groups(ini, NULL);
	for (char **name = names; *name; name++) {
		g_auto(GStrv) keys = g_key_file_get_keys(ini, *name, NULL, NULL);
		g_autoptr(GVariantBuilder) group = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		for (char **key = keys; *key; key++) {
			g_autofree char *value = g_key_file_get_string(ini, *name, *key, NULL);
			g_variant_builder_add(group, "{sv}", *key, command_json_text(value));
		}
		g_variant_builder_add(groups, "{sv}", *name, g_variant_builder_end(group));
	}
	return g_variant_builder_end(groups);
}

/* gateway, and site: null without --site. The text of both is that of the one and then that of the other. */
static gboolean
print_json(Command *command, const char *text, gboolean has_site, GError **error)
{
	g_autofree char *gateway = config_dump(command->config, NULL, error);
	if (!gateway)
		return FALSE;
	GVariantDict dict;
	GVariant *site = has_site ? file_json(text + strlen(gateway) + 1) : NULL;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "gateway", file_json(gateway));
	g_variant_dict_insert_value(&dict, "site", g_variant_new_maybe(G_VARIANT_TYPE_VARDICT, site));
	command_print_json(command, g_variant_dict_end(&dict));
	return TRUE;
}

static gboolean
dump(Command *command, const char *site, GError **error)
{
	g_autofree char *text = command_open_config(command, error) ? config_dump(command->config, site, error) : NULL;
	if (!text)
		return FALSE;
	if (command->is_json)
		return print_json(command, text, site != NULL, error);
	g_string_append(command->console->output, text);
	return TRUE;
}

static int
dump_run(Command *command, char ***arguments, GError **error)
{
	g_autofree char *site = NULL;
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &site, "This site's file, too", "SITE"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &dump_verb, own, arguments, error))
		return EX_OK;
	return dump(command, site, error) ? EX_OK : EX_CONFIG;
}

static const VerbOrder orders[] = {
    {"dump", "", NULL, "everything that can be set, as a file would say it", FALSE},
    {0},
};

const Verb dump_verb = {
    .name = "config",
    .help = "Print all settings with the values that hold",
    .orders = orders,
    .run = dump_run,
};
