/*
 * `sekisho queue`: mails that wait or were given up, the story of each, and what a person may order. Which words it takes, the list and the story stand here;
 * filters in queue_filter.c, orders in queue_orders.c. The moves themselves are store/outbox.c's.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "prose.h"
#include "queue_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "show.h"

/* --- list ------------------------------------------------------------------------------------------------------------- */

static void
add_item(Command *command, const OutboxItem *item, Table *table, GPtrArray *notes)
{
	g_autoptr(Opened) opened = opened_new(command, item->submission_id, item->site, item->form_id);
	g_autoptr(GPtrArray) events = outbox_events(command->db, item->id, NULL);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, item->id);
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, item->form_id);
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = item->deliveries->pdata[i];
		g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
		g_autofree char *words = deliveries_in_words(command, item, delivery, events);
		const char *cells[] = {
		    id, item->receipt, item->site, form, mail_kind_name(item->kind), deliveries_state(delivery), NULL};
		table_add(table, cells);
		g_ptr_array_add(notes, g_strdup_printf("to %s: %s", recipient, words));
	}
}

static void
print_table(Command *command, const GPtrArray *items)
{
	static const char *const headings[] = {"ITEM", "RECEIPT", "SITE", "FORM", "MAIL", "STATE", NULL};
	g_autoptr(Table) table = table_new(headings);
	table_mark_states(table, "STATE");
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < items->len; i++)
		add_item(command, items->pdata[i], table, notes);
	table_print(table, command->console, notes);
}

static void
print_json(Command *command, const GPtrArray *items)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		g_autoptr(Opened) opened = opened_new(command, item->submission_id, item->site, item->form_id);
		g_variant_builder_add_value(list, deliveries_json(command, opened, item, NULL));
	}
	command_print_json(command, g_variant_builder_end(list));
}

/* Kinds of trouble that are named where not all mails are shown. */
#define COUNTS_SHOWN 10u

/* What there is altogether, by site and reason, where the list is not all; beside JSON, on standard error, only that it is not. */
static gboolean
print_counts(Command *command, const QueueFilter *filter, GError **error)
{
	if (command->is_json) {
		g_string_append(command->console->complaint, "... and more; --limit shows them\n");
		return TRUE;
	}
	g_autoptr(GPtrArray) counts = outbox_counts(command->db, &filter->filter, COUNTS_SHOWN, error);
	if (!counts)
		return FALSE;
	command_print_line(
	    command, "... and more; --limit shows them%s", counts->len > 0 ? ". By recipients, what waits or was given up:" : "");
	for (guint i = 0; i < counts->len; i++) {
		const OutboxCount *count = counts->pdata[i];
		g_autofree char *oldest = command_local_time(command, count->site, count->oldest_us);
		g_autofree char *lead = g_strdup_printf("%6u  ", count->count);
		g_autofree char *line =
		    g_strdup_printf("%s of %s%s%s, the oldest of %s", delivery_state_name(count->state), count->site,
			count->reason ? ", because " : "", count->reason ? deliveries_reason(count->reason) : "", oldest);
		prose_add(command->console->output, (guint)strlen(lead), lead, line);
	}
	return TRUE;
}

static gboolean
list_queue(Command *command, const QueueOptions *options, GError **error)
{
	g_auto(QueueFilter) filter = {0};
	guint limit = 50;
	if (!filter_limit(&options->filter, &limit, error))
		return FALSE;
	if (!queue_filter(command, options, options->is_everything ? 0 : OUTBOX_UNSETTLED, &filter, error))
		return FALSE;
	g_autoptr(GPtrArray) items = queue_find(command, &filter, limit + 1, error);
	if (!items)
		return FALSE;
	const gboolean is_cut = items->len > limit;
	g_ptr_array_set_size(items, (gint)MIN(items->len, limit));
	if (command->is_json)
		print_json(command, items);
	else if (items->len > 0)
		print_table(command, items);
	else if (options->is_everything || options->states_text)
		command_print_line(command, "no mails");
	else
		command_print_line(command, queue_has_filter(options)
						? "no such mail waits or was given up; --all shows what has ended, too"
						: "nothing waits");
	return !is_cut || print_counts(command, &filter, error);
}

/* --- show ------------------------------------------------------------------------------------------------------------- */

/* "2025-11-22 14:03:05", whose zone stands in the item's own line. The caller's. */
static char *
short_time(Command *command, const char *site, gint64 time_us)
{
	g_autofree char *time = command_local_time(command, site, time_us);
	return g_strndup(time, strlen("2025-11-22 14:03:05"));
}

static void
print_delivery(Command *command, const OutboxItem *item, const Delivery *delivery, const Opened *opened, const GPtrArray *events)
{
	g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
	g_autofree char *words = deliveries_in_words(command, item, delivery, events);
	show_heading(command, "To %s", recipient);
	prose_add(command->console->output, 2, "", words);
	for (guint i = 0; i < events->len; i++) {
		const DeliveryEvent *event = events->pdata[i];
		if (event->delivery_id != delivery->id)
			continue;
		g_autofree char *time = short_time(command, item->site, event->at_us);
		g_autofree char *lead = g_strdup_printf("%s  ", time);
		g_autofree char *told = deliveries_event_in_words(command, item, event);
		prose_add(command->console->output, 4 + (guint)strlen(lead), lead, told);
	}
}

static void
print_story(Command *command, const OutboxItem *item, const Opened *opened, const GPtrArray *events)
{
	g_autofree char *created = command_local_time(command, item->site, item->created_at_us);
	command_print_line(command, "item      %" G_GINT64_FORMAT ", %s", item->id, mail_kind_name(item->kind));
	command_print_line(command, "receipt   %s", item->receipt);
	command_print_line(command, "site      %s", item->site);
	command_print_line(
	    command, "form      %" G_GUINT64_FORMAT " %s", item->form_id, opened->form ? opened->form->source->title : "");
	command_print_line(command, "promised  %s", created);
	if (item->generation > 0)
		command_print_line(command, "sent anew %u time%s, by order", item->generation, item->generation == 1 ? "" : "s");
	for (guint i = 0; i < item->deliveries->len; i++)
		print_delivery(command, item, item->deliveries->pdata[i], opened, events);
	if (opened->reason)
		show_heading(command, "Not everything could be shown: %s", opened->reason);
}

static gboolean
show_item(Command *command, const char *id_text, GError **error)
{
	gint64 id = 0;
	if (!queue_read_item(id_text, &id, error) || !command_open_store(command, error))
		return FALSE;
	g_autoptr(OutboxItem) item = outbox_find(command->db, id, error);
	g_autoptr(GPtrArray) events = item ? outbox_events(command->db, item->id, error) : NULL;
	if (!events)
		return FALSE;
	g_autoptr(Opened) opened = opened_new(command, item->submission_id, item->site, item->form_id);
	if (command->is_json)
		command_print_json(command, deliveries_json(command, opened, item, events));
	else
		print_story(command, item, opened, events);
	return TRUE;
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

static int
obey(Command *command, char **words, const QueueOptions *options, GError **error)
{
	if (strcmp(command->order, "list") == 0)
		return list_queue(command, options, error) ? EX_OK : EX_SOFTWARE;
	if (strcmp(command->order, "show") == 0)
		return show_item(command, words[1], error) ? EX_OK : EX_SOFTWARE;
	if (!words[1] || !queue_has_filter(options))
		return queue_order_command(command, command->order, words + 1, options, error);
	command_usage(error, "name mails by ITEM or by filters, like --site SITE; not by both");
	return EX_USAGE;
}

static void
options_clear(QueueOptions *options)
{
	char *const owned[] = {options->kind_text, options->states_text, options->reason, options->receipt};

	for (gsize i = 0; i < G_N_ELEMENTS(owned); i++)
		g_free(owned[i]);
	filter_clear(&options->filter);
}

static int
queue_run(Command *command, char ***arguments, GError **error)
{
	QueueOptions options = {0};
	const GOptionEntry own[] = {
	    filter_option(&options.filter, FILTER_SITE),
	    filter_option(&options.filter, FILTER_FORM),
	    {"kind", 0, 0, G_OPTION_ARG_STRING, &options.kind_text, "Only notice, reply, copy, confirmation or held", "KIND"},
	    {"state", 0, 0, G_OPTION_ARG_STRING, &options.states_text, "Only waiting, dead, held, sent, cancelled or refused",
		"STATE,..."},
	    {"reason", 0, 0, G_OPTION_ARG_STRING, &options.reason, "Only for this reason, as --json names it", "CODE"},
	    {"receipt", 0, 0, G_OPTION_ARG_STRING, &options.receipt, "Only of this submission", "RECEIPT"},
	    filter_option(&options.filter, FILTER_ADDRESS),
	    filter_option(&options.filter, FILTER_SINCE),
	    filter_option(&options.filter, FILTER_BEFORE),
	    filter_option(&options.filter, FILTER_LIMIT),
	    {"all", 'a', 0, G_OPTION_ARG_NONE, &options.is_everything, "Sent and cancelled ones too", NULL},
	    {"resend", 0, 0, G_OPTION_ARG_NONE, &options.is_resend, "Also what was accepted, as a new message", NULL},
	    command_yes_option(command),
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	if (command_parse(command, &queue_verb, own, arguments, error))
		code = obey(command, *arguments + 1, &options, error);
	options_clear(&options);
	return code;
}

static const VerbOrder orders[] = {
    {"list", "", "site form kind state reason receipt address since before limit all json",
	"what waits or was given up, newest first", TRUE},
    {"show", "ITEM", "json", "one of it: every try, the servers' words, who ordered what", FALSE},
    {"retry", "[ITEM...]", "site form kind state reason receipt address since before resend yes json",
	"try it now; also what was given up, or is held back", FALSE},
    {"cancel", "[ITEM...]", "site form kind state reason receipt address since before yes json", "never send it", FALSE},
    {"hold", "[ITEM...]", "site form kind state reason receipt address since before yes json",
	"do not send it until it is retried", FALSE},
    {"flush", "[ITEM...]", "site form kind state reason receipt address since before yes json", "try now all that was put off",
	FALSE},
    {0},
};

const Verb queue_verb = {
    .name = "queue",
    .help = "Look at mails that wait or were given up, try them again, hold or cancel them",
    .orders = orders,
    .details = "The options below that begin with \"Only\" choose mails, for list and flush, and\n"
	       "for retry, cancel and hold instead of ITEM...; these then ask first, and cancel\n"
	       "always. What is held back is retried by ITEM or --state held alone. --since and\n"
	       "--before look at when a mail was promised, --address at its recipients. An order\n"
	       "is of all recipients of a mail.",
    .run = queue_run,
};
