/*
 * `sekisho config dump`: all keys with the values that hold, defaults included, as INI text. Passwords are not in it, because they are
 * in no setting.
 */
#include <string.h>
#include <sysexits.h>

#include "command.h"

static int
dump_run(Command *command, char ***arguments, GError **error)
{
	g_autofree char *site = NULL;
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &site, "This site's file too", "SITE"},
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &dump_verb, own, arguments, error))
		return EX_OK;
	char **rest = *arguments + 1;
	if (!rest[0] || strcmp(rest[0], "dump") != 0 || rest[1]) {
		command_usage(error, "write `sekisho config dump`");
		return EX_USAGE;
	}
	if (!command_open_config(command, error))
		return EX_CONFIG;
	g_autofree char *text = config_dump(command->config, site, error);
	if (!text)
		return EX_CONFIG;
	g_string_append(command->console->output, text);
	return EX_OK;
}

const Verb dump_verb = {
    .name = "config",
    .usage = "dump",
    .help = "Print all settings with the values that hold",
    .run = dump_run,
};
