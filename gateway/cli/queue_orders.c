/*
 * `sekisho queue retry`, `cancel`, `hold` and `flush`. Each mail stands for itself: what cannot be done is said, and the others are done. A filter may mean
 * more than its writer thinks, so where it decides, a person is asked, or says --yes, and so before mails are cancelled by name, which no other order takes back; flush only makes earlier
 * what would happen anyway.
 */
#include <string.h>
#include <sysexits.h>

#include "deliveries.h"
#include "progress.h"
#include "queue_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

typedef struct Order Order;
struct Order {
	const char *word;
	const char *question; /* "... 3 mails?" */
	const char *done;     /* "item 3 ..." */
	const char *all_done; /* "3 mails ..." */
	guint states;         /* whom it means where a filter does not say */
	gboolean (*obey)(Command *command, gint64 id, const QueueOptions *options, GError **error);
};

/* --- One mail --------------------------------------------------------------------------------------------------------- */

static gboolean
retry(Command *command, gint64 id, const QueueOptions *options, GError **error)
{
	g_autofree char *actor = command_actor();
	return outbox_retry(command->db, id, options->is_resend, actor, error);
}

static gboolean
cancel(Command *command, gint64 id, const QueueOptions *options, GError **error)
{
	g_autofree char *actor = command_actor();
	(void)options;
	return outbox_cancel(command->db, id, actor, error);
}

static gboolean
hold(Command *command, gint64 id, const QueueOptions *options, GError **error)
{
	g_autofree char *actor = command_actor();
	(void)options;
	return outbox_hold(command->db, id, actor, error);
}

static gboolean
flush(Command *command, gint64 id, const QueueOptions *options, GError **error)
{
	g_autofree char *actor = command_actor();
	(void)options;
	return outbox_flush(command->db, id, actor, error);
}

#define STATE(state) (1u << (state))
static const Order orders[] = {
    {"retry", "Try now", "is due now", "due now", STATE(DELIVERY_DEFERRED) | STATE(DELIVERY_DEAD), retry},
    {"cancel", "Cancel", "is cancelled", "cancelled", STATE(DELIVERY_QUEUED) | STATE(DELIVERY_DEFERRED) | STATE(DELIVERY_DEAD),
	cancel},
    {"hold", "Hold back", "is held back until `sekisho queue retry`", "held back",
	STATE(DELIVERY_QUEUED) | STATE(DELIVERY_DEFERRED), hold},
    {"flush", NULL, "is due now", "due now", STATE(DELIVERY_DEFERRED), flush},
};

static const Order *
find_order(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(orders); i++)
		if (strcmp(orders[i].word, word) == 0)
			return &orders[i];
	g_assert_not_reached();
}

/* --- Many ------------------------------------------------------------------------------------------------------------- */

/* What is done so far. */
typedef struct {
	GArray *done; /* ids: gint64 */
	guint failed;
	int code;              /* of the first failure */
	GVariantBuilder *json; /* aa{sv} */
} Progress;

static void
note_json(Progress *progress, gint64 id, const GError *problem)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "item", "x", id);
	g_variant_dict_insert(&dict, "is_done", "b", problem == NULL);
	g_variant_dict_insert_value(&dict, "problem",
	    g_variant_new_maybe(G_VARIANT_TYPE_STRING, problem ? g_variant_new_string(problem->message) : NULL));
	g_variant_builder_add_value(progress->json, g_variant_dict_end(&dict));
}

static void
obey_one(Command *command, const Order *order, gint64 id, const QueueOptions *options, Progress *progress)
{
	g_autoptr(GError) problem = NULL;
	gboolean is_done = order->obey(command, id, options, &problem);
	note_json(progress, id, problem);
	if (is_done) {
		g_array_append_val(progress->done, id);
		return;
	}
	g_autofree char *line = g_strdup_printf("item %" G_GINT64_FORMAT ": %s", id, problem->message);
	g_autofree char *shown = text_for_terminal(line, FALSE);
	g_string_append_printf(command->console->complaint, "sekisho: %s\n", shown);
	progress->code = progress->failed++ == 0 ? error_exit_code(problem) : progress->code;
}

/* A note about what is held may be due and yet not go. */
static void
explain_note(Command *command, const Order *order, gint64 id)
{
	g_autoptr(OutboxItem) item = order->obey == retry ? outbox_find(command->db, id, NULL) : NULL;
	if (item && item->kind == MAIL_HELD)
		command_print_line(command,
		    "a note goes at most once an hour, and only if something is held that the last one did not tell of; "
		    "`sekisho held` lists what is");
}

/* The site whose mails they all are; NULL. The caller's. */
static char *
site_of(Command *command, const GArray *ids)
{
	g_autofree char *site = NULL;
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(OutboxItem) item = outbox_find(command->db, g_array_index(ids, gint64, i), NULL);
		if (!item || (site && strcmp(site, item->site) != 0))
			return NULL;
		if (!site)
			site = g_strdup(item->site);
	}
	return g_steal_pointer(&site);
}

/* One line for the order: each mail's own story names the actor, too. */
static gboolean
audit(Command *command, const Order *order, const GArray *ids, GError **error)
{
	g_autofree char *action = g_strconcat("queue.", order->word, NULL);
	g_autofree char *target = command_targets("item", "items", ids);
	g_autofree char *site = site_of(command, ids);
	return command_audit(command, action, site, target, error);
}

static void
print_end(Command *command, const Order *order, const Progress *progress, gboolean is_named)
{
	if (command->is_json) {
		command_print_json(command, g_variant_builder_end(progress->json));
		return;
	}
	if (is_named)
		return;
	const guint done = progress->done->len;
	command_print_line(command, "%u mail%s %s %s", done, done == 1 ? "" : "s", done == 1 ? "is" : "are", order->all_done);
	if (progress->failed > 0)
		command_print_line(command, "%u could not be; the complaints say why", progress->failed);
}

static int
obey_ids(Command *command, const Order *order, const GArray *ids, const QueueOptions *options, gboolean is_named, GError **error)
{
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	g_autoptr(GArray) all_done = g_array_new(FALSE, FALSE, sizeof(gint64));
	Progress progress = {.done = all_done, .code = EX_OK, .json = json};
	for (guint i = 0; i < ids->len; i++) {
		gint64 id = g_array_index(ids, gint64, i);
		guint done = all_done->len;
		if (!is_named)
			progress_show(command->console, "mails", i, ids->len);
		obey_one(command, order, id, options, &progress);
		if (!is_named || command->is_json || all_done->len == done)
			continue;
		command_print_line(command, "item %" G_GINT64_FORMAT " %s", id, order->done);
		explain_note(command, order, id);
	}
	if (!is_named)
		progress_end(command->console);
	print_end(command, order, &progress, is_named);
	if (all_done->len > 0 && !audit(command, order, all_done, error))
		return EX_SOFTWARE;
	return progress.code;
}

/* --- Which ------------------------------------------------------------------------------------------------------------ */

static gboolean
read_ids(char **words, GArray *ids, GError **error)
{
	for (guint i = 0; words[i]; i++) {
		gint64 id = 0;
		if (!queue_read_item(words[i], &id, error))
			return FALSE;
		g_array_append_val(ids, id);
	}
	return TRUE;
}

static gint64
oldest_of(const GPtrArray *items)
{
	gint64 oldest_us = G_MAXINT64;
	for (guint i = 0; i < items->len; i++)
		oldest_us = MIN(oldest_us, ((const OutboxItem *)items->pdata[i])->created_at_us);
	return oldest_us;
}

/* TRUE: do it. FALSE with an error if nobody can be asked, or without one if the answer was no. */
static gboolean
is_agreed(Command *command, const Order *order, const GPtrArray *items, GError **error)
{
	const OutboxItem *first = items->pdata[0];
	g_autofree char *oldest = command_local_time(command, first->site, oldest_of(items));
	if (!order->question)
		return TRUE;
	g_autofree char *question = g_strdup_printf("%s %u mail%s, the oldest of %s%s?", order->question, items->len,
	    items->len == 1 ? "" : "s", oldest, items->len >= LIMIT_LIST_ROWS ? ", and then more" : "");
	return command_confirm(command, question, error);
}

/* The same for mails that are named: whoever names them means them, and is asked only before what no other order takes back. */
static gboolean
is_agreed_for_named(Command *command, const Order *order, const GArray *ids, GError **error)
{
	const gint64 first = g_array_index(ids, gint64, 0);
	if (order->obey != cancel)
		return TRUE;
	g_autofree char *question = ids->len == 1 ? g_strdup_printf("Never send item %" G_GINT64_FORMAT "?", first)
						  : g_strdup_printf("Never send these %u mails?", ids->len);
	return command_confirm(command, question, error);
}

static gboolean
is_held(const OutboxItem *item)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		if (strcmp(deliveries_state(item->deliveries->pdata[i]), DELIVERIES_HELD) == 0)
			return TRUE;
	return FALSE;
}

/* Whoever tries again what a server's fault has stopped does not mean what a person holds back, unless he says so. */
static void
leave_held(Command *command, GPtrArray *items)
{
	guint left = items->len;
	for (guint i = items->len; i > 0; i--)
		if (is_held(items->pdata[i - 1]))
			g_ptr_array_remove_index(items, i - 1);
	left -= items->len;
	if (left > 0 && !command->is_json)
		command_print_line(command, "%u held back %s left as %s; `sekisho queue retry --state held` means them", left,
		    left == 1 ? "is" : "are", left == 1 ? "it is" : "they are");
}

static int
obey_filter(Command *command, const Order *order, const QueueOptions *options, GError **error)
{
	g_auto(QueueFilter) filter = {0};
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (!queue_filter(command, options, order->states, &filter, error))
		return EX_USAGE;
	g_autoptr(GPtrArray) items = queue_find(command, &filter, LIMIT_LIST_ROWS, error);
	if (!items)
		return EX_SOFTWARE;
	const gboolean is_full = items->len >= LIMIT_LIST_ROWS;
	if (order->obey == retry && g_strcmp0(filter.filter.reason, OUTBOX_HOLD) != 0)
		leave_held(command, items);
	if (items->len > 0 && !is_agreed(command, order, items, error))
		return EX_OK;
	/* Oldest first, as they wait. */
	for (guint i = items->len; i > 0; i--)
		g_array_append_val(ids, ((const OutboxItem *)items->pdata[i - 1])->id);
	int code = obey_ids(command, order, ids, options, FALSE, error);
	if (is_full)
		command_remark(command, "there may be more of them; give the order again");
	return code;
}

int
queue_order_command(Command *command, const char *word, char **items, const QueueOptions *options, GError **error)
{
	const Order *order = find_order(word);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (!items[0] && order->question && !queue_has_filter(options)) {
		command_usage(error, "say which mails: `sekisho queue %s ITEM...`, or filters, like --site SITE", word);
		return EX_USAGE;
	}
	if (!items[0])
		return obey_filter(command, order, options, error);
	if (!read_ids(items, ids, error) || !command_open_store(command, error))
		return EX_USAGE;
	if (!is_agreed_for_named(command, order, ids, error))
		return EX_OK;
	if (ids->len > 1 || command->is_json)
		return obey_ids(command, order, ids, options, TRUE, error);
	gint64 id = g_array_index(ids, gint64, 0);
	if (!order->obey(command, id, options, error))
		return EX_SOFTWARE;
	command_print_line(command, "item %" G_GINT64_FORMAT " %s", id, order->done);
	explain_note(command, order, id);
	return audit(command, order, ids, error) ? EX_OK : EX_SOFTWARE;
}
