/*
 * `sekisho audit`: who did what to the gateway. Each order that changes something leaves a line (command_audit, relay/decision.h); here they are only read. They stand in the courier's ledger, so it is root
 * who reads them.
 */
#include "sekisho/store/audit.h"

#include <sysexits.h>

#include "filter.h"
#include "sekisho/cli/table.h"

typedef struct {
	Filter filter; /* --site, --since, --before, --limit */
	char *actor;
	char *action;
} AuditOptions;

/* All times by the clock of `site` (NULL: of the machine), so that what came after what can be seen. */
static void
print_table(Command *command, const GPtrArray *lines, const char *site)
{
	static const char *const headings[] = {"WHEN", "WHO", "DID", "SITE", "WHAT", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < lines->len; i++) {
		const AuditLine *line = lines->pdata[i];
		g_autofree char *when = command_local_time(command, site, line->at_us);
		const char *cells[] = {when, line->actor, line->action, line->site[0] != '\0' ? line->site : "-",
		    line->target[0] != '\0' ? line->target : "-", NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

static void
print_json(Command *command, const GPtrArray *lines)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < lines->len; i++) {
		const AuditLine *line = lines->pdata[i];
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "id", "x", line->id);
		g_variant_dict_insert_value(&dict, "at", command_json_time(line->at_us));
		g_variant_dict_insert(&dict, "actor", "s", line->actor);
		g_variant_dict_insert(&dict, "action", "s", line->action);
		g_variant_dict_insert(&dict, "site", "s", line->site);
		g_variant_dict_insert(&dict, "target", "s", line->target);
		g_variant_builder_add_value(list, g_variant_dict_end(&dict));
	}
	command_print_json(command, g_variant_builder_end(list));
}

static gboolean
list(Command *command, const AuditOptions *options, GError **error)
{
	/* A site that is gone has left its lines, so its name need not be known. */
	AuditFilter filter = {.site = options->filter.texts[FILTER_SITE], .actor = options->actor, .action = options->action};
	guint limit = 50;
	if (!filter_limit(&options->filter, &limit, error) ||
	    !filter_times(command, &options->filter, &filter.since_us, &filter.before_us, error) ||
	    !command_open_ledger(command, error))
		return FALSE;
	/* One more than is shown tells that there are more. */
	filter.limit = limit + 1;
	g_autoptr(GPtrArray) lines = audit_list(command->ledger, &filter, error);
	if (!lines)
		return FALSE;
	const gboolean is_cut = lines->len > limit;
	g_ptr_array_set_size(lines, (gint)MIN(lines->len, limit));
	if (command->is_json)
		print_json(command, lines);
	else if (lines->len > 0)
		print_table(command, lines, filter.site);
	else
		command_print_line(command, "nothing was written down");
	if (is_cut)
		command_remark(command, FILTER_REST);
	return TRUE;
}

static int
audit_run(Command *command, char ***arguments, GError **error)
{
	AuditOptions options = {0};
	const GOptionEntry own[] = {
	    filter_option(&options.filter, FILTER_SITE),
	    filter_option(&options.filter, FILTER_SINCE),
	    filter_option(&options.filter, FILTER_BEFORE),
	    filter_option(&options.filter, FILTER_LIMIT),
	    {"actor", 0, 0, G_OPTION_ARG_STRING, &options.actor, "Only by this login name; mail/link: a link in a mail", "NAME"},
	    {"action", 0, 0, G_OPTION_ARG_STRING, &options.action, "Only this, as DID names it; held: all of that verb",
		"ACTION"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_done = !command_parse(command, &audit_verb, own, arguments, error) || list(command, &options, error);
	filter_clear(&options.filter);
	g_free(options.actor);
	g_free(options.action);
	return is_done ? EX_OK : EX_SOFTWARE;
}

const Verb audit_verb = {
    .name = "audit",
    .arguments = "",
    .help = "Show who did what",
    .details = "Whatever an order of `sekisho` changed, and what a person decided by a link in a\n"
	       "mail, leaves a line, newest first. No address and no text of a visitor is in it.\n"
	       "Lines are kept for 400 days.",
    .run = audit_run,
};
