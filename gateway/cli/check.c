/*
 * `sekisho check`: everything that is wrong with the configuration, in one list. Changes nothing. What it says of a site comes from
 * config_check_site; users, groups and rights of the machine are check_roles.c's, for root alone.
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "check_roles.h"
#include "command.h"
#include "sekisho/base/error.h"

/* Problems that were printed: several sites may share an account whose password is missing. */
typedef struct {
	Command *command;
	GHashTable *printed;
	GVariantBuilder *json; /* aa{sv}: severity ("error", "warning"), text */
	guint errors;
	guint warnings;
} Findings;

static void
add_json(Findings *findings, const char *severity, const char *text)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "severity", "s", severity);
	g_variant_dict_insert_value(&dict, "text", command_json_text(text));
	g_variant_builder_add_value(findings->json, g_variant_dict_end(&dict));
}

static void
print_finding(Findings *findings, const char *line)
{
	static const char warning[] = "warning: ";
	const gboolean is_warning = g_str_has_prefix(line, warning);
	if (!g_hash_table_add(findings->printed, g_strdup(line)))
		return;
	if (findings->command->is_json)
		add_json(findings, is_warning ? "warning" : "error", is_warning ? line + strlen(warning) : line);
	else
		command_print_line(findings->command, "%s", line);
	if (is_warning)
		findings->warnings++;
	else
		findings->errors++;
}

/* Whether sekishod, started by root, has its users and can open what it needs; an ordinary user can only be told what that means. */
static void
check_machine(Findings *findings, const GPtrArray *sites)
{
	static const char wall[] = "warning: the wall between front and courier is off";
	Config *config = findings->command->config;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	check_courier_directory(config, problems);
	if (geteuid() == 0)
		check_roles(config, sites, problems);
	else
		g_ptr_array_add(problems,
		    g_strdup_printf("%s: started by an ordinary user, as this command was, both share that user; start sekishod "
				    "as root, and run this command as root to have users, groups and rights looked at",
			wall));
	config_check_alarms(config, problems);
	config_check_files(config, problems);
	if (strcmp(config->front_user, config->courier_user) == 0)
		g_ptr_array_add(problems, g_strdup_printf("%s: front_user and courier_user are the same; write two users", wall));
	for (guint i = 0; i < problems->len; i++)
		print_finding(findings, g_ptr_array_index(problems, i));
}

/* Number of forms of a site that can be loaded. */
static guint
check_site(Findings *findings, const char *name)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	config_check_site(findings->command->config, name, problems);
	for (guint i = 0; i < problems->len; i++)
		print_finding(findings, g_ptr_array_index(problems, i));
	g_autoptr(Site) site = config_site(findings->command->config, name, NULL);
	g_autoptr(GArray) ids = site ? site_form_ids(site) : NULL;
	return ids ? ids->len : 0;
}

/* The main file's problems, or FALSE for an error of another kind. */
static gboolean
print_main_problems(Findings *findings, GError *failure, GError **error)
{
	if (!g_error_matches(failure, CONF_ERROR, CONF_ERROR_INVALID)) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	g_auto(GStrv) lines = g_strsplit(failure->message, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		print_finding(findings, lines[i]);
	if (!findings->command->is_json)
		command_print_line(findings->command, "The sites were not looked at: the main file must be right first.");
	g_error_free(failure);
	return TRUE;
}

static gboolean
check_everything(Findings *findings, guint *sites, guint *forms, GError **error)
{
	GError *failure = NULL;
	if (!command_open_config(findings->command, &failure))
		return print_main_problems(findings, failure, error);
	g_autoptr(GPtrArray) names = config_site_names(findings->command->config, error);
	if (!names)
		return FALSE;
	for (guint i = 0; i < names->len; i++)
		*forms += check_site(findings, g_ptr_array_index(names, i));
	*sites = names->len;
	check_machine(findings, names);
	return TRUE;
}

static const char *
plural(guint count)
{
	return count == 1 ? "" : "s";
}

/* is_fine (warnings do not matter), sites and forms (0 where the main file is wrong, because then none was looked at), problems. */
static void
print_sum_json(Findings *findings, guint sites, guint forms)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "is_fine", "b", findings->errors == 0);
	g_variant_dict_insert(&dict, "sites", "u", sites);
	g_variant_dict_insert(&dict, "forms", "u", forms);
	g_variant_dict_insert_value(&dict, "problems", g_variant_builder_end(findings->json));
	command_print_json(findings->command, g_variant_dict_end(&dict));
}

static void
print_sum(Findings *findings, guint sites, guint forms)
{
	Command *command = findings->command;
	if (command->is_json)
		print_sum_json(findings, sites, forms);
	else if (findings->errors > 0)
		command_print_line(command, "%u error%s", findings->errors, plural(findings->errors));
	else
		command_print_line(command, "ok: %u site%s, %u form%s", sites, plural(sites), forms, plural(forms));
}

static int
check_run(Command *command, char ***arguments, GError **error)
{
	guint sites = 0, forms = 0;
	const GOptionEntry own[] = {
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &check_verb, own, arguments, error))
		return EX_OK;
	g_autoptr(GHashTable) printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	Findings findings = {.command = command, .printed = printed, .json = json};
	if (!check_everything(&findings, &sites, &forms, error))
		return EX_CONFIG;
	print_sum(&findings, sites, forms);
	return findings.errors > 0 ? EX_CONFIG : EX_OK;
}

const Verb check_verb = {
    .name = "check",
    .arguments = "",
    .help = "Say everything that is wrong with the configuration",
    .run = check_run,
};
