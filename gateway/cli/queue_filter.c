/*
 * Which mails `sekisho queue` is about: its options as a filter of the outbox. An address is looked for by its hashes under all keys, because only
 * those are stored.
 */
#include <string.h>

#include "deliveries.h"
#include "queue_parts.h"
#include "sekisho/wire/address.h"

void
queue_filter_clear(QueueFilter *filter)
{
	g_clear_pointer(&filter->site, g_free);
	g_clear_pointer(&filter->hashes, g_array_unref);
	g_clear_pointer(&filter->submission, submission_summary_free);
}

gboolean
queue_read_item(const char *text, gint64 *id, GError **error)
{
	guint64 number = 0;
	if (!command_number(text, "ITEM", G_MAXINT64, &number, NULL)) {
		command_usage(error,
		    "%s is no ITEM, the number in the first column of `sekisho queue`; `sekisho queue --all --receipt RECEIPT` "
		    "lists those of a submission",
		    text);
		return FALSE;
	}
	*id = (gint64)number;
	return TRUE;
}

gboolean
queue_has_filter(const QueueOptions *options)
{
	for (FilterPart part = 0; part < FILTER_PARTS; part++)
		if (part != FILTER_LIMIT && options->filter.texts[part])
			return TRUE;
	return options->kind_text || options->states_text || options->reason || options->receipt;
}

static gboolean
read_kind(const char *text, MailKind *kind, GError **error)
{
	for (MailKind each = MAIL_NOTICE; each <= MAIL_KIND_LAST; each++)
		if (strcmp(mail_kind_name(each), text) == 0) {
			*kind = each;
			return TRUE;
		}
	command_usage(error, "--kind is notice, reply, copy, confirmation or held");
	return FALSE;
}

/* One word of --state. "waiting" is what the courier still works on. */
static guint
state_bits(const char *word)
{
	for (DeliveryState state = DELIVERY_QUEUED; state <= DELIVERY_REFUSED; state++)
		if (strcmp(delivery_state_name(state), word) == 0)
			return 1u << state;
	return strcmp(word, "waiting") == 0 ? OUTBOX_UNSETTLED & ~(1u << DELIVERY_DEAD) : 0;
}

/* A held one is a dead one with a reason of its own, so "held" cannot stand beside other states or reasons. */
static gboolean
read_states(const QueueOptions *options, OutboxFilter *filter, GError **error)
{
	g_auto(GStrv) words = g_strsplit(options->states_text, ",", -1);
	guint states = 0;
	if (strcmp(options->states_text, DELIVERIES_HELD) == 0 && !options->reason) {
		filter->states = 1u << DELIVERY_DEAD;
		filter->reason = OUTBOX_HOLD;
		return TRUE;
	}
	for (guint i = 0; words[i]; i++) {
		guint bits = state_bits(words[i]);
		states = bits != 0 ? states | bits : 0;
		if (bits == 0)
			break;
	}
	filter->states = states;
	if (states == 0)
		command_usage(error,
		    "--state is queued, leased, deferred, waiting (all three), dead, sent, cancelled or refused, or several of "
		    "them with commas between; or held, alone and without --reason");
	return states != 0;
}

static gboolean
read_options(Command *command, const QueueOptions *options, QueueFilter *own, GError **error)
{
	OutboxFilter *filter = &own->filter;
	filter->reason = options->reason;
	if (!filter_form(&options->filter, &own->site, &filter->form_id, error))
		return FALSE;
	filter->site = own->site;
	return (!options->kind_text || read_kind(options->kind_text, &filter->kind, error)) &&
	       (!options->states_text || read_states(options, filter, error)) &&
	       filter_times(command, &options->filter, &filter->since_us, &filter->before_us, error);
}

static gboolean
find_submission(Command *command, const char *receipt, QueueFilter *filter, GError **error)
{
	filter->submission = submissions_find(command->db, receipt, error);
	if (!filter->submission)
		return FALSE;
	filter->filter.receipt = filter->submission->receipt;
	return TRUE;
}

gboolean
queue_filter(Command *command, const QueueOptions *options, guint states, QueueFilter *filter, GError **error)
{
	filter->filter.states = states;
	if (!read_options(command, options, filter, error) || !command_open_store(command, error))
		return FALSE;
	if (options->receipt && !find_submission(command, options->receipt, filter, error))
		return FALSE;
	if (!options->filter.texts[FILTER_ADDRESS])
		return TRUE;
	if (!command_open_vault(command, error))
		return FALSE;
	g_autofree char *canonical = address_canonical(options->filter.texts[FILTER_ADDRESS]);
	filter->hashes = vault_hashes(command->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical));
	filter->filter.recipients = filter->hashes;
	return TRUE;
}

GPtrArray *
queue_find(Command *command, const QueueFilter *filter, guint limit, GError **error)
{
	g_autoptr(GPtrArray) items = outbox_list(command->db, &filter->filter, limit, error);
	if (!items || items->len > 0 || !filter->filter.site)
		return g_steal_pointer(&items);
	/* A site that was removed may still have mails, so it is asked for only where there are none: then it is a slip. */
	g_autoptr(Site) site = config_site(command->config, filter->filter.site, error);
	return site ? g_steal_pointer(&items) : NULL;
}
