/*
 * What all verbs share: options, opening things, times. A Command lives for one run and belongs to one thread.
 */
#include "command.h"

#include <limits.h>
#include <unistd.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/outbox.h"
#include "sekisho/wire/json.h"

#define CONFIG_PATH "/etc/sekisho/sekisho.conf"

GOptionEntry
command_json_option(Command *command)
{
	return (GOptionEntry){"json", 0, 0, G_OPTION_ARG_NONE, &command->is_json, "Print JSON", NULL};
}

void
command_usage(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, sentence);
}

gboolean
command_number(const char *text, const char *what, guint64 maximum, guint64 *number, GError **error)
{
	if (g_ascii_isdigit(text[0]) && g_ascii_string_to_unsigned(text, 10, 1, maximum, number, NULL))
		return TRUE;
	command_usage(error, "%s is a number from 1 to %" G_GUINT64_FORMAT, what, maximum);
	return FALSE;
}

gboolean
command_resolves(char **resolve, GError **error)
{
	for (guint i = 0; resolve && resolve[i]; i++) {
		if (g_regex_match_simple("^[^:]+:[0-9]+:.+$", resolve[i], 0, 0))
			continue;
		command_usage(error, "--resolve wants HOST:PORT:ADDRESS, like www.example.jp:443:192.0.2.1");
		return FALSE;
	}
	return TRUE;
}

gboolean
command_open_config(Command *command, GError **error)
{
	if (!command->config_path)
		command->config_path = g_strdup(CONFIG_PATH);
	if (!command->config)
		command->config = config_load(command->config_path, error);
	return command->config != NULL;
}

gboolean
command_open_store(Command *command, GError **error)
{
	if (!command_open_config(command, error))
		return FALSE;
	if (!command->db)
		command->db = db_open(command->config->data_directory, DB_EXISTING, error);
	return command->db != NULL;
}

gboolean
command_open_ledger(Command *command, GError **error)
{
	if (!command->ledger)
		command->ledger = db_open_ledger(command->config->courier_directory, DB_EXISTING, error);
	return command->ledger != NULL;
}

gboolean
command_open_counters(Command *command, GError **error)
{
	if (!command->counters)
		command->counters = db_open_counters(command->config->data_directory, DB_EXISTING, error);
	return command->counters != NULL;
}

gint
command_wake(Command *command, const char *site, const char *reason, GError **error)
{
	gint total = 0;
	for (gint count = LIMIT_PUT_OFF_ROWS; count == LIMIT_PUT_OFF_ROWS; total += count) {
		count = outbox_make_site_due(command->db, site, reason, LIMIT_PUT_OFF_ROWS, error);
		if (count < 0)
			return -1;
	}
	return total;
}

gboolean
command_open_vault(Command *command, GError **error)
{
	if (!command->vault)
		command->vault = vault_open(command->config->key_directory, VAULT_ADMIN, error);
	return command->vault != NULL;
}

void
command_close(Command *command)
{
	vault_free(command->vault);
	db_free(command->counters);
	db_free(command->ledger);
	db_free(command->db);
	config_free(command->config);
	g_free(command->config_path);
}

char *
command_actor(void)
{
	char name[LOGIN_NAME_MAX + 1] = "";
	/* Who logged in, though he may be root by now; without a login, a timer's command, whom it runs as. */
	return g_strdup(getlogin_r(name, sizeof name) == 0 && name[0] != '\0' ? name : g_get_user_name());
}

GTimeZone *
command_zone(Command *command, const char *site_name)
{
	g_autoptr(Site) site = site_name ? config_site(command->config, site_name, NULL) : NULL;
	return site ? g_time_zone_ref(site->facts->timezone) : g_time_zone_new_local();
}

char *
command_local_time(Command *command, const char *site_name, gint64 time_us)
{
	g_autoptr(GTimeZone) zone = command_zone(command, site_name);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc ? g_date_time_to_timezone(utc, zone) : NULL;
	/* A row may hold any number. */
	return local ? g_date_time_format(local, "%Y-%m-%d %H:%M:%S %:z") : g_strdup("?");
}

void
command_json_add(GVariantBuilder *object, const char *key, GVariant *value)
{
	g_variant_builder_add(object, "{sv}", key, value);
}

GVariant *
command_json_time(gint64 time_us)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
	return g_variant_new_take_string(utc ? g_date_time_format_iso8601(utc) : g_strdup("?"));
}

void
command_print_json(Command *command, GVariant *value)
{
	g_autofree char *text = json_from_variant(value, 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}

void
command_print_line(Command *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *shown = text_for_terminal(line, FALSE);
	g_string_append_printf(command->console->output, "%s\n", shown);
}
