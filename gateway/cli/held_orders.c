/*
 * `sekisho held release` and `discard`, and the entries of lists that go with them. Each receipt stands for itself: what cannot be done is said, and the others are done.
 */
#include <string.h>
#include <sysexits.h>

#include "held_parts.h"
#include "opened.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/policy/replies.h"
#include "sekisho/policy/sender.h"
#include "sekisho/store/held.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/related.h"
#include "sekisho/store/submissions.h"
#include "show.h"

/* --- Entries of lists ------------------------------------------------------------------------------------------------- */

/* One value for the site's list, with its receipt as the reason. */
static gboolean
list_value(Command *command, const Submission *submission, ListAction action, const char *type, const char *value, GError **error)
{
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_autofree char *problem = NULL;
	if (!list_value_read(type, value, command->vault, entry, &problem)) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "%s cannot stand on a list: %s", value, problem);
		return FALSE;
	}
	entry->action = action;
	text_set(&entry->site, submission->site);
	text_replace(
	    &entry->reason, g_strdup_printf("%s of %s", action == LIST_ALLOW ? "release" : "discard", submission->receipt));
	entry->created_at_us = clock_now_us();
	g_ptr_array_add(entries, entry);
	if (!list_entries_add(command->db, entries, NULL, NULL, error))
		return FALSE;
	command_print_line(
	    command, "  %s %s from now on for %s", value, action == LIST_ALLOW ? "is allowed" : "is blocked", submission->site);
	if (problem)
		prose_add(command->console->output, 2, "", problem);
	return TRUE;
}

static gboolean
list_addresses(Command *command, const Opened *opened, ListAction action, GError **error)
{
	g_autoptr(GPtrArray) addresses = sender_addresses(opened->form, opened->submission);
	if (addresses->len == 0)
		command_print_line(command, "  no mail address was typed, so nothing goes on a list");
	for (guint i = 0; i < addresses->len; i++)
		if (!list_value(command, opened->submission, action, "address", addresses->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* A /24 of IPv4 is a whole neighbourhood, so there the address alone; an IPv6 /64 is one household. */
static gboolean
block_network(Command *command, const Submission *submission, GError **error)
{
	const char *ip = submission->client->remote_ip;
	g_autofree char *network = strchr(ip, ':') ? network_of(ip) : g_strdup(ip);
	if (network && network[0] != '\0')
		return list_value(command, submission, LIST_BLOCK, "network", network, error);
	command_print_line(command, "  its address is not known, so nothing is blocked");
	return TRUE;
}

/* Whom else it stops, as far as the newest of them tell. */
static gboolean
print_sharers(Command *command, gint64 submission_id, GError **error)
{
	g_auto(Related) related = {0};
	guint good = 0;
	if (!related_find(command->db, submission_id, RELATED_FINGERPRINT, &related, error))
		return FALSE;
	for (guint i = 0; i < related.newest->len; i++) {
		const SubmissionSummary *other = related.newest->pdata[i];
		good += other->status == SUBMISSION_ACCEPTED || other->status == SUBMISSION_RELEASED ? 1 : 0;
	}
	g_autofree char *line = g_strdup_printf("%s%u other submission%s that the site accepted and keeps %s this fingerprint; "
						"phones of one model share it.",
	    related.count > related.newest->len ? "At least " : "", good, good == 1 ? "" : "s", good == 1 ? "has" : "have");
	prose_add(command->console->output, 2, "", line);
	return TRUE;
}

static gboolean
block_fingerprint(Command *command, const Submission *submission, gint64 submission_id, GError **error)
{
	g_autofree char *newest = show_newest_fingerprint(submission->client);
	if (newest[0] != '\0')
		return list_value(command, submission, LIST_BLOCK, "fingerprint", newest, error) &&
		       print_sharers(command, submission_id, error);
	command_print_line(command, "  it has no fingerprint, so nothing is blocked");
	return TRUE;
}

static gboolean
block(Command *command, const Opened *opened, gint64 submission_id, const char *what, GError **error)
{
	if (strcmp(what, "network") == 0)
		return block_network(command, opened->submission, error);
	if (strcmp(what, "fingerprint") == 0)
		return block_fingerprint(command, opened->submission, submission_id, error);
	return list_addresses(command, opened, LIST_BLOCK, error);
}

/* --- Orders ----------------------------------------------------------------------------------------------------------- */

/* Done for one receipt; both content and form are there. */
typedef gboolean (*HeldOrder)(
    Command *command, const SubmissionSummary *summary, const Opened *opened, const HeldOptions *options, GError **error);

/* What is planned as the outbox keeps it: hashes of addresses (PlannedDelivery *). `mails` counts those that leave. The caller's. */
static GPtrArray *
promises(Command *command, const GPtrArray *recipients, guint *mails)
{
	GPtrArray *planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	*mails = 0;
	for (guint i = 0; i < recipients->len; i++) {
		const PlannedRecipient *recipient = recipients->pdata[i];
		PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
		g_autofree char *canonical = address_canonical(recipient->address);
		vault_hash(command->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient);
		delivery->kind = recipient->kind;
		delivery->is_refused = recipient->refusal != NULL;
		delivery->reason = g_strdup(recipient->refusal);
		*mails += recipient->refusal ? 0 : 1;
		g_ptr_array_add(planned, delivery);
	}
	return planned;
}

/* As long as one that was accepted; 0, which changes nothing, where the site's rules cannot be read. */
static gint64
kept_until(Command *command, const SubmissionSummary *summary)
{
	g_autoptr(Site) site = config_site(command->config, summary->site, NULL);
	return site ? summary->received_at_us + site->retention_us : 0;
}

/* A release is for good, so without a mail to somebody who was configured nobody would ever get the message. A mail to an address that was typed is none: it may
 * wait for ever. */
static gboolean
check_reaches_somebody(const Opened *opened, const char *receipt, GError **error)
{
	for (guint i = 0; i < opened->planned->len; i++) {
		const PlannedRecipient *recipient = opened->planned->pdata[i];
		if (!recipient->refusal && !recipient->is_typed)
			return TRUE;
	}
	const gboolean is_silent = opened->form->is_demo || opened->form->is_mail_skipped;
	g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT, "%s was not released, because nobody would get its message: %s.",
	    receipt,
	    is_silent
		? "demo_mode or skip_mail under [settings] of form.ini keeps the form from mailing; remove it first"
		: "with what was filled in, the form's mail has no recipient that may be mailed; mend \"recipient\" under [mail] "
		  "of form.ini first");
	return FALSE;
}

static gboolean
release(Command *command, const SubmissionSummary *summary, const Opened *opened, const HeldOptions *options, GError **error)
{
	guint mails = 0;
	if (!check_reaches_somebody(opened, summary->receipt, error))
		return FALSE;
	g_autoptr(GPtrArray) planned = promises(command, opened->planned, &mails);
	g_autofree char *actor = command_actor();
	if (!held_release(command->db, summary->id, planned, kept_until(command, summary), actor, error))
		return FALSE;
	command_print_line(
	    command, "%s is released, %u mail%s to be sent", summary->receipt, mails, mails == 1 ? " is" : "s are");
	return !options->is_allowing || list_addresses(command, opened, LIST_ALLOW, error);
}

/* As long as what is rejected is kept; at once, where the site's rules cannot be read, would be too soon to repent. */
static gint64
discarded_until(Command *command, const SubmissionSummary *summary)
{
	g_autoptr(Site) site = config_site(command->config, summary->site, NULL);
	g_autoptr(Form) form = site ? site_form(site, summary->form_id, NULL) : NULL;
	const GatePolicy *policy = form ? site_gate(site, summary->form_id) : NULL;
	return policy ? clock_now_us() + policy->rejected_retention_us : summary->purge_at_us;
}

static gboolean
discard(Command *command, const SubmissionSummary *summary, const Opened *opened, const HeldOptions *options, GError **error)
{
	if (!held_discard(command->db, summary->id, discarded_until(command, summary), error))
		return FALSE;
	command_print_line(command, "%s is discarded", summary->receipt);
	return !options->blocked || block(command, opened, summary->id, options->blocked, error);
}

static gboolean
obey(Command *command, const char *receipt, HeldOrder order, const HeldOptions *options, GError **error)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(command->db, receipt, error);
	if (!summary)
		return FALSE;
	g_autoptr(Opened) opened = opened_new(command, summary->id, summary->site, summary->form_id);
	/* What cannot be opened can be thrown away, but neither mailed nor blocked. */
	if ((!opened->submission || !opened->form) && (order == release || options->blocked)) {
		g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT, "%s", opened->reason);
		return FALSE;
	}
	return order(command, summary, opened, options, error);
}

static int
obey_all(Command *command, char **receipts, HeldOrder order, const HeldOptions *options, GError **error)
{
	gint64 since_us = 0;
	int code = EX_OK;
	if (!held_begin(command, options, &since_us, error))
		return EX_CONFIG;
	for (guint i = 0; receipts[i]; i++) {
		g_autoptr(GError) problem = NULL;
		if (obey(command, receipts[i], order, options, &problem))
			continue;
		if (!receipts[1]) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return EX_SOFTWARE;
		}
		g_autofree char *line = g_strdup_printf("%s: %s", receipts[i], problem->message);
		g_autofree char *shown = text_for_terminal(line, FALSE);
		g_string_append_printf(command->console->complaint, "sekisho: %s\n", shown);
		code = code == EX_OK ? error_exit_code(problem) : code;
	}
	return code;
}

int
held_release_command(Command *command, char **receipts, const HeldOptions *options, GError **error)
{
	return obey_all(command, receipts, release, options, error);
}

int
held_discard_command(Command *command, char **receipts, const HeldOptions *options, GError **error)
{
	return obey_all(command, receipts, discard, options, error);
}
