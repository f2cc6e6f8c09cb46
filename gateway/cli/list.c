/*
 * `sekisho list`: the lists of the gate, kept by hand. Which order it is, and what orders share; each has a file of its own. The front sees a change within
 * about a second (policy/lists.h).
 */
#include <string.h>
#include <sysexits.h>

#include "list_parts.h"
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
	const char *slash = options->form ? strrchr(options->form, '/') : NULL;
	guint named = (options->site ? 1 : 0) + (options->form ? 1 : 0) + (options->is_for_all ? 1 : 0);
	*site_name = g_strdup("");
	*form_id = 0;
	if (named > 1) {
		command_usage(error, "--site, --form and --all exclude one another");
		return FALSE;
	}
	if (options->form && !slash) {
		command_usage(error, "--form is SITE/ID, like example.jp/4");
		return FALSE;
	}
	if (options->form && !command_number(slash + 1, "the id in --form SITE/ID", G_MAXINT64, form_id, error))
		return FALSE;
	if (!options->site && !options->form)
		return TRUE;
	g_autofree char *name = slash ? g_strndup(options->form, (gsize)(slash - options->form)) : g_strdup(options->site);
	g_autoptr(Site) site = config_site(command->config, name, error);
	g_autoptr(Form) form = site && slash ? site_form(site, *form_id, error) : NULL;
	text_set(site_name, name);
	return site && (!slash || form);
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
	static const struct {
		const char *unit;
		gint64 us;
	} units[] = {{"min", G_TIME_SPAN_MINUTE}, {"h", G_TIME_SPAN_HOUR}, {"d", G_TIME_SPAN_DAY}, {"w", 7 * G_TIME_SPAN_DAY}};
	char *end = NULL;
	guint64 number = g_ascii_isdigit(text[0]) ? g_ascii_strtoull(text, &end, 10) : 0;
	for (gsize i = 0; end && i < G_N_ELEMENTS(units); i++)
		if (strcmp(units[i].unit, end) == 0 && number > 0 && number <= (guint64)(LIMIT_LIST_DURATION_US / units[i].us)) {
			*duration_us = (gint64)number * units[i].us;
			return TRUE;
		}
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

#define USAGE                                                                                                                    \
	"write `sekisho list add block|hold|allow TYPE VALUE`, `sekisho list add note POINTS TYPE VALUE`, `sekisho list remove " \
	"ID...|VALUE`, `sekisho list [show]`, `sekisho list test VALUE`, `sekisho list import FILE`, `sekisho list export` or "  \
	"`sekisho list lint`"

static int
obey(Command *command, char **words, const ListOptions *options, GError **error)
{
	guint count = g_strv_length(words);
	const char *order = count > 0 ? words[0] : "show";
	if (options->is_rehearsal && strcmp(order, "add") != 0) {
		command_usage(error, "--rehearse belongs to `sekisho list add`");
		return EX_USAGE;
	}
	if (strcmp(order, "add") == 0 && count >= 4)
		return list_add(command, words + 1, options, error);
	if (strcmp(order, "remove") == 0 && count >= 2)
		return list_remove(command, words + 1, error);
	if (strcmp(order, "show") == 0 && count <= 1)
		return list_show(command, options, error);
	if (strcmp(order, "test") == 0 && count == 2)
		return list_test(command, words[1], options, error);
	if (strcmp(order, "import") == 0 && count == 2)
		return list_import(command, words[1], options, error);
	if (strcmp(order, "export") == 0 && count == 1)
		return list_export(command, options, error);
	if (strcmp(order, "lint") == 0 && count == 1)
		return list_lint(command, error);
	command_usage(error, USAGE);
	return EX_USAGE;
}

static int
list_run(Command *command, char ***arguments, GError **error)
{
	ListOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "For this site, or only its entries", "SITE"},
	    {"form", 'f', 0, G_OPTION_ARG_STRING, &options.form, "For this form, or only its entries", "SITE/ID"},
	    {"all", 'a', 0, G_OPTION_ARG_NONE, &options.is_for_all, "For all sites (default), or only the entries for all", NULL},
	    {"for", 0, 0, G_OPTION_ARG_STRING, &options.for_text, "With add, import: for so long (30d); default: for ever",
		"TIME"},
	    {"reason", 'r', 0, G_OPTION_ARG_FILENAME, &options.reason, "With add, import: why, for whoever asks later", "TEXT"},
	    {"rehearse", 0, 0, G_OPTION_ARG_NONE, &options.is_rehearsal, "With add: change nothing, say what it would have done",
		NULL},
	    {"as", 0, 0, G_OPTION_ARG_STRING, &options.action,
		"Import: lines without one (block); export: only these", "ACTION"},
	    {"type", 't', 0, G_OPTION_ARG_STRING, &options.type, "With import: what each line is; else: only these", "TYPE"},
	    {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "Lines, csv or wordpress; default: lines in, csv out",
		"FORMAT"},
	    {"skip", 0, 0, G_OPTION_ARG_NONE, &options.is_skipping, "With import: leave out lines that cannot be read", NULL},
	    {"replace", 0, 0, G_OPTION_ARG_NONE, &options.is_replacing, "With import: also entries with another action", NULL},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "With show: at most so many (default: 200)", "N"},
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

const Verb list_verb = {
    .name = "list",
    .usage = "[ORDER ...]",
    .help = "Keep the lists of whom to block, hold, note or allow\n\n"
	    "  show                   what stands on them; also without a word\n"
	    "  add ACTION TYPE VALUE  add an entry, or change the one of that value\n"
	    "  remove ID...|VALUE     take entries off\n"
	    "  test VALUE             which entries fit it, and which one decides\n"
	    "  import FILE            add those of a file; - is standard input\n"
	    "  export                 print them as CSV, or as --format says\n"
	    "  lint                   which ones can go, or need a look\n\n"
	    "ACTION is block (refused), hold (kept until a person looks), note N (adds N\n"
	    "points) or allow (exempt from lists and content checks). TYPE is ip,\n"
	    "network, country, address, domain, fingerprint, phrase, link or agent.",
    .run = list_run,
};
