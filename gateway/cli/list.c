/*
 * `sekisho list`: the lists of the gate, kept by hand. Which order it is, and what orders share; each has a file of its own. The front sees a change within
 * about a second (policy/lists.h).
 */
#include <string.h>
#include <sysexits.h>

#include "filter.h"
#include "list_parts.h"
#include "period.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/store/counters.h"

/* --- What orders share ------------------------------------------------------------------------------------------------ */

gboolean
list_open(Command *command, GError **error)
{
	return command_open_store(command, error) && command_open_vault(command, error);
}

gboolean
list_scope(Command *command, const ListOptions *options, char **site_name, guint64 *form_id, GError **error)
{
	const Filter filter = {.texts = {[FILTER_SITE] = options->site, [FILTER_FORM] = options->form}};
	g_autofree char *name = NULL;
	*site_name = g_strdup("");
	*form_id = 0;
	if (options->is_for_all && (options->site || options->form)) {
		command_usage(error, "--all-sites goes neither with --site nor with --form");
		return FALSE;
	}
	if (!filter_form(&filter, &name, form_id, error))
		return FALSE;
	if (options->form && !name)
		command_usage(error, "say of which site: --form SITE/ID, like example.jp/4");
	if (!name)
		return !options->form;
	g_autoptr(Site) site = config_site(command->config, name, error);
	g_autoptr(Form) form = site && *form_id != 0 ? site_form(site, *form_id, error) : NULL;
	text_set(site_name, name);
	return site && (*form_id == 0 || form);
}

char *
list_scope_text(const char *site, guint64 form_id)
{
	if (site[0] == '\0')
		return g_strdup("all sites");
	return form_id != 0 ? g_strdup_printf("%s/%" G_GUINT64_FORMAT, site, form_id) : g_strdup(site);
}

char *
list_action_text(ListAction action, guint points)
{
	return action == LIST_NOTE ? g_strdup_printf("note %u", points) : g_strdup(list_action_name(action));
}

gboolean
list_action_read(const char *text, ListAction *action, guint *points)
{
	static const char note[] = "note ";
	guint64 number = 0;
	*points = 0;
	for (ListAction each = LIST_ALLOW; each <= LIST_BLOCK; each++) {
		if (each == LIST_NOTE || strcmp(list_action_name(each), text) != 0)
			continue;
		*action = each;
		return TRUE;
	}
	if (!g_str_has_prefix(text, note) ||
	    !g_ascii_string_to_unsigned(text + strlen(note), 10, 1, LIMIT_LIST_POINTS, &number, NULL))
		return FALSE;
	*action = LIST_NOTE;
	*points = (guint)number;
	return TRUE;
}

gboolean
list_duration(const char *text, const char *what, gint64 *duration_us, GError **error)
{
	if (period_duration(text, duration_us))
		return TRUE;
	command_usage(error, "%s is a number and min, h, d or w, like 30d, and at most ten years", what);
	return FALSE;
}

gboolean
list_entry_fill(Command *command, const ListOptions *options, ListEntry *entry, GError **error)
{
	gint64 duration_us = 0;
	g_free(entry->site);
	entry->site = NULL;
	if (!list_scope(command, options, &entry->site, &entry->form_id, error) ||
	    (options->for_text && !list_duration(options->for_text, "--for", &duration_us, error)))
		return FALSE;
	/* Taken as bytes, whatever the terminal's locale is. */
	g_autofree char *line = text_one_line(options->reason ? options->reason : "");
	text_replace(&entry->reason, text_truncate(line, LIMIT_FINDING_BYTES));
	entry->created_at_us = clock_now_us();
	entry->expires_at_us = duration_us > 0 ? entry->created_at_us + duration_us : 0;
	return TRUE;
}

GHashTable *
list_hits(Command *command)
{
	return command_open_counters(command, NULL) ? counters_hits(command->counters, NULL) : NULL;
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

static int
obey(Command *command, char **words, const ListOptions *options, GError **error)
{
	const char *order = command->order;
	if (strcmp(order, "add") == 0)
		return list_add(command, words + 1, options, error);
	if (strcmp(order, "remove") == 0)
		return list_remove(command, words + 1, error);
	if (strcmp(order, "test") == 0)
		return list_test(command, words[1], options, error);
	if (strcmp(order, "import") == 0)
		return list_import(command, words[1], options, error);
	if (strcmp(order, "export") == 0)
		return list_export(command, options, error);
	if (strcmp(order, "lint") == 0)
		return list_lint(command, error);
	return list_show(command, options, error);
}

static int
list_run(Command *command, char ***arguments, GError **error)
{
	ListOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "For this site, or only its entries", "SITE"},
	    {"form", 'f', 0, G_OPTION_ARG_STRING, &options.form, "For this form, or only its entries", "ID|SITE/ID"},
	    {"all-sites", 0, 0, G_OPTION_ARG_NONE, &options.is_for_all, "For all sites (default), or only entries for all", NULL},
	    {"for", 0, 0, G_OPTION_ARG_STRING, &options.for_text, "Only for so long, like 30d", "DURATION"},
	    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &options.reason, "Why, for whoever asks later", "TEXT"},
	    {"rehearse", 0, 0, G_OPTION_ARG_NONE, &options.is_rehearsal, "Change nothing, say what it would have done", NULL},
	    {"as", 0, 0, G_OPTION_ARG_STRING, &options.action, "Of lines that name none; only these", "ACTION"},
	    {"type", 0, 0, G_OPTION_ARG_STRING, &options.type, "Of lines; else only these", "TYPE"},
	    {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "Default: lines in, csv out", "lines|csv|wordpress"},
	    {"skip", 0, 0, G_OPTION_ARG_NONE, &options.is_skipping, "Leave out lines that cannot be read", NULL},
	    {"replace", 0, 0, G_OPTION_ARG_NONE, &options.is_replacing, "Write over entries with another action, too", NULL},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "At most so many (default: 200)", "N"},
	    command_yes_option(command),
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	if (command_parse(command, &list_verb, own, arguments, error))
		code = obey(command, *arguments + 1, &options, error);
	g_free(options.site);
	g_free(options.form);
	g_free(options.for_text);
	g_free(options.reason);
	g_free(options.action);
	g_free(options.type);
	g_free(options.format);
	g_free(options.limit_text);
	return code;
}

static const VerbOrder orders[] = {
    {"show", "", "site form all-sites type limit json", "what stands on them", TRUE},
    {"add", "ACTION [POINTS] TYPE VALUE", "site form all-sites for reason rehearse json",
	"add an entry, or change the one of that value", FALSE},
    {"remove", "ID...|VALUE", "yes json", "take entries off", FALSE},
    {"test", "VALUE", "site form all-sites json", "which entries fit it, and which one decides", FALSE},
    {"import", "FILE", "site form all-sites for reason as type format skip replace yes json",
	"add those of a file; - is standard input", FALSE},
    {"export", "", "site form all-sites as type format json", "print them as CSV, or as --format says", FALSE},
    {"lint", "", "json", "which ones can go, or need a look", FALSE},
    {0},
};

const Verb list_verb = {
    .name = "list",
    .help = "Keep the lists of whom to block, hold, note or allow",
    .orders = orders,
    .details = "ACTION is block (refused), hold (kept until a person looks), note N (adds N\n"
	       "points) or allow (exempt from lists and content checks). TYPE is ip,\n"
	       "network, country, address, domain, fingerprint, phrase, link or agent.\n"
	       "\n"
	       "import reads lines, and takes them for block, where options do not say\n"
	       "otherwise; export writes csv. Entries with another action stay, without\n"
	       "--replace.",
    .run = list_run,
};
