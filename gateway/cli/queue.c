/*
 * `sekisho queue`: mails that wait or were given up, and what a person may order: try again, cancel. The moves themselves are
 * store/outbox.c's.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "sekisho/base/limits.h"
#include "sekisho/cli/table.h"
#include "sekisho/wire/json.h"

static void
add_item(Command *command, Table *table, const OutboxItem *item)
{
	g_autoptr(Opened) opened = opened_new(command, item->submission_id, item->site, item->form_id);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, item->id);
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, item->form_id);
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = g_ptr_array_index(item->deliveries, i);
		g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
		g_autofree char *words = deliveries_in_words(command, item, delivery);
		const char *cells[] = {id, item->receipt, item->site, form, mail_kind_name(item->kind), recipient, words, NULL};
		table_add(table, cells);
	}
}

static void
print_table(Command *command, const GPtrArray *items)
{
	static const char *const headings[] = {"ITEM", "RECEIPT", "SITE", "FORM", "MAIL", "RECIPIENT", "STATE", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < items->len; i++)
		add_item(command, table, g_ptr_array_index(items, i));
	table_print(table, command->console->output, command->console->is_colour);
}

static void
print_json(Command *command, const GPtrArray *items)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = g_ptr_array_index(items, i);
		g_autoptr(Opened) opened = opened_new(command, item->submission_id, item->site, item->form_id);
		g_variant_builder_add_value(list, deliveries_json(command, opened, item));
	}
	g_autofree char *text = json_from_variant(g_variant_builder_end(list), 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}

/* What the options of this verb said. */
typedef struct {
	char *site;
	char *limit_text;
	gboolean is_everything;
	gboolean is_resend;
} QueueOptions;

static gboolean
list_queue(Command *command, const QueueOptions *options, GError **error)
{
	guint64 limit = 50;
	if (options->limit_text && !command_number(options->limit_text, "--limit", LIMIT_LIST_ROWS, &limit, error))
		return FALSE;
	if (!command_open_store(command, error))
		return FALSE;
	g_autoptr(GPtrArray) items = outbox_list(command->db, options->site, !options->is_everything, (guint)limit, error);
	if (!items)
		return FALSE;
	if (command->is_json)
		print_json(command, items);
	else if (items->len > 0)
		print_table(command, items);
	else
		command_print_line(command, options->is_everything ? "no mails" : "nothing waits");
	return TRUE;
}

/* `order` is "retry" or "cancel". */
static gboolean
change_item(Command *command, const char *order, const char *id_text, gboolean is_resend, GError **error)
{
	guint64 id = 0;
	gboolean is_retry = strcmp(order, "retry") == 0;
	if (!command_number(id_text, "ITEM", G_MAXINT64, &id, error) || !command_open_store(command, error))
		return FALSE;
	if (is_retry ? !outbox_retry(command->db, (gint64)id, is_resend, error) : !outbox_cancel(command->db, (gint64)id, error))
		return FALSE;
	command_print_line(command, "item %" G_GUINT64_FORMAT " %s", id, is_retry ? "is due now" : "is cancelled");
	g_autoptr(OutboxItem) item = is_retry ? outbox_find(command->db, (gint64)id, NULL) : NULL;
	if (item && item->kind == MAIL_HELD)
		command_print_line(command,
		    "a note goes at most once an hour, and only if something is held that the last one did not tell of; "
		    "`sekisho held` lists what is");
	return TRUE;
}

static gboolean
obey(Command *command, char **rest, const QueueOptions *options, GError **error)
{
	const char *order = rest[0] ? rest[0] : "list";
	gboolean is_change = strcmp(order, "retry") == 0 || strcmp(order, "cancel") == 0;
	if (is_change && rest[1] && !rest[2] && !(options->is_resend && strcmp(order, "cancel") == 0))
		return change_item(command, order, rest[1], options->is_resend, error);
	if (strcmp(order, "list") == 0 && !(rest[0] && rest[1]) && !options->is_resend)
		return list_queue(command, options, error);
	command_usage(
	    error, "write `sekisho queue [list]`, `sekisho queue retry ITEM [--resend]` or `sekisho queue cancel ITEM`");
	return FALSE;
}

static int
queue_run(Command *command, char ***arguments, GError **error)
{
	QueueOptions options = {0};
	const GOptionEntry own[] = {
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "Only of this site", "SITE"},
	    {"limit", 'n', 0, G_OPTION_ARG_STRING, &options.limit_text, "At most so many items (default: 50)", "N"},
	    {"all", 'a', 0, G_OPTION_ARG_NONE, &options.is_everything, "With list: sent and cancelled ones too", NULL},
	    {"resend", 0, 0, G_OPTION_ARG_NONE, &options.is_resend,
		"With retry: send again what the server accepted, as a new message", NULL},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &queue_verb, own, arguments, error);
	gboolean is_done = !is_parsed || obey(command, *arguments + 1, &options, error);
	g_free(options.site);
	g_free(options.limit_text);
	return is_done ? EX_OK : EX_SOFTWARE;
}

const Verb queue_verb = {
    .name = "queue",
    .usage = "[list | retry ITEM | cancel ITEM]",
    .help = "List mails that wait or were given up, try one again, cancel one",
    .run = queue_run,
};
