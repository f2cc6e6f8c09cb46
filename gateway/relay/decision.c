/*
 * What a person decided about a submission is carried out.
 *
 *   looked at (content, form, plan) -> its sender listed -> released | discarded | waiting automatic mail cancelled -> written down, review ended
 *
 * What cannot be done is found before anything is changed, as far as one look can tell: a released one is never listed once more. Each step may be done again after a crash. Works in the
 * operator's command and in the courier; never in the front. No state.
 */
#include "sekisho/relay/decision.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/policy/replies.h"
#include "sekisho/policy/sender.h"
#include "sekisho/store/audit.h"
#include "sekisho/store/held.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/related.h"

/* A decision on its way. `submission` and `form` are NULL where they cannot be had. */
typedef struct {
	const DecisionMaker *maker;
	const SubmissionSummary *summary;
	ReviewOrder order;
	ReviewSubject subject;
	DecisionResult *result;
	Site *site;
	Form *form;
	Submission *submission;
} Case;

static void
case_clear(Case *it)
{
	site_unref(it->site);
	form_unref(it->form);
	submission_free(it->submission);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, case_clear)

void
decision_result_clear(DecisionResult *result)
{
	g_clear_pointer(&result->listed, g_ptr_array_unref);
	g_clear_pointer(&result->remarks, g_ptr_array_unref);
}

static gboolean
conflict(GError **error, const char *sentence)
{
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_CONFLICT, sentence);
	return FALSE;
}

/* --- Looking ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_release(ReviewOrder order)
{
	return order == REVIEW_RELEASE || order == REVIEW_RELEASE_ALLOW;
}

/* What cannot be opened can be thrown away, but neither mailed nor blocked. */
static gboolean
look(Case *it, GError **error)
{
	const DecisionMaker *maker = it->maker;
	g_autoptr(GError) missing = NULL;

	it->site = config_site(maker->config, it->summary->site, &missing);
	it->form = it->site == NULL ? NULL : site_form(it->site, it->summary->form_id, &missing);
	it->submission =
	    it->form == NULL ? NULL : submissions_open(maker->house->db, maker->house->vault, it->summary->id, &missing);
	if (it->submission != NULL || it->order == REVIEW_DISCARD)
		return TRUE;
	/* For good, and a reason that a person understands. */
	if (g_error_matches(missing, STORE_ERROR, STORE_ERROR_NOT_FOUND))
		return conflict(error, missing->message);
	g_propagate_error(error, g_steal_pointer(&missing));
	return FALSE;
}

/* --- Lists ---------------------------------------------------------------------------------------------------------------- */

static void
remark(Case *it, char *sentence)
{
	g_ptr_array_add(it->result->remarks, sentence);
}

/* One value for the site's list; the reason names its receipt, in the language of the site, whose owner reads it in reports. */
static gboolean
list_value(Case *it, const char *type, const char *value, GError **error)
{
	const gboolean is_allowing = it->order == REVIEW_RELEASE_ALLOW;
	const char *why_id = is_allowing ? "decision.release" : it->order == REVIEW_BLOCK ? "decision.block" : "decision.discard";
	const TextPlace places[] = {{"receipt", it->submission->receipt}, {NULL, NULL}};
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_autofree char *problem = NULL;

	if (!list_value_read(type, value, it->maker->house->vault, entry, &problem)) {
		remark(it, g_strdup_printf("%s cannot stand on a list: %s", value, problem));
		return TRUE;
	}
	entry->action = is_allowing ? LIST_ALLOW : LIST_BLOCK;
	text_set(&entry->site, it->submission->site);
	text_replace(&entry->reason, text_fill(text_for(site_locale(it->site), why_id), places));
	entry->created_at_us = clock_now_us();
	g_ptr_array_add(entries, entry);
	if (!list_entries_add(it->maker->house->db, entries, NULL, NULL, error))
		return FALSE;
	g_ptr_array_add(it->result->listed, g_strdup(value));
	if (problem != NULL)
		remark(it, g_steal_pointer(&problem));
	return TRUE;
}

static gboolean
list_addresses(Case *it, GError **error)
{
	g_autoptr(GPtrArray) addresses = sender_addresses(it->form, it->submission);

	if (addresses->len == 0)
		remark(it, g_strdup("no mail address was typed, so nothing goes on a list"));
	for (guint i = 0; i < addresses->len; i++)
		if (!list_value(it, "address", addresses->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* A /24 of IPv4 is a whole neighbourhood, so there the address alone; an IPv6 /64 is one household. */
static gboolean
block_network(Case *it, GError **error)
{
	const char *ip = it->submission->client->remote_ip;
	g_autofree char *network = strchr(ip, ':') ? network_of(ip) : g_strdup(ip);

	if (network != NULL && network[0] != '\0')
		return list_value(it, "network", network, error);
	remark(it, g_strdup("its address is not known, so nothing is blocked"));
	return TRUE;
}

/* Whom else it stops, as far as the newest of them tell. */
static gboolean
count_sharers(Case *it, GError **error)
{
	g_auto(Related) related = {0};

	if (!related_find(it->maker->house->db, it->summary->id, RELATED_FINGERPRINT, &related, error))
		return FALSE;
	for (guint i = 0; i < related.newest->len; i++) {
		const SubmissionSummary *other = related.newest->pdata[i];
		it->result->sharers += other->status == SUBMISSION_ACCEPTED || other->status == SUBMISSION_RELEASED ? 1 : 0;
	}
	it->result->is_more = related.count > related.newest->len;
	return TRUE;
}

static gboolean
block_fingerprint(Case *it, GError **error)
{
	const char *all = it->submission->client->fingerprint;
	g_autofree char *newest = g_strndup(all, strcspn(all, " "));

	if (newest[0] != '\0')
		return list_value(it, "fingerprint", newest, error) && count_sharers(it, error);
	remark(it, g_strdup("it has no fingerprint, so nothing is blocked"));
	return TRUE;
}

static gboolean
block(Case *it, GError **error)
{
	switch (it->subject) {
	case REVIEW_NETWORK:
		return block_network(it, error);
	case REVIEW_FINGERPRINT:
		return block_fingerprint(it, error);
	case REVIEW_ADDRESS:
	default:
		return list_addresses(it, error);
	}
}

static gboolean
is_waiting(const SubmissionSummary *summary)
{
	return summary->status == SUBMISSION_HELD || summary->status == SUBMISSION_REJECTED;
}

/* --- Releasing ------------------------------------------------------------------------------------------------------------ */

/* What is planned as the outbox keeps it: hashes of addresses (PlannedDelivery *). `mails` counts those that leave. The caller's. */
static GPtrArray *
promises(Vault *vault, const GPtrArray *recipients, guint *mails)
{
	GPtrArray *planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);

	*mails = 0;
	for (guint i = 0; i < recipients->len; i++) {
		const PlannedRecipient *recipient = recipients->pdata[i];
		PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
		g_autofree char *canonical = address_canonical(recipient->address);
		vault_hash(vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient);
		delivery->kind = recipient->kind;
		delivery->is_refused = recipient->refusal != NULL;
		delivery->reason = g_strdup(recipient->refusal);
		*mails += recipient->refusal ? 0 : 1;
		g_ptr_array_add(planned, delivery);
	}
	return planned;
}

/* A release is for good, so without a mail to somebody who was configured nobody would ever get the message. A mail to an address that was typed is none: it may
 * wait for ever. */
static gboolean
check_reaches_somebody(const Case *it, const GPtrArray *planned, GError **error)
{
	const gboolean is_silent = it->form->is_demo || it->form->is_mail_skipped;

	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->refusal == NULL && !recipient->is_typed)
			return TRUE;
	}
	g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT, "%s was not released, because nobody would get its message: %s.",
	    it->summary->receipt,
	    is_silent
		? "demo_mode or skip_mail under [settings] of form.ini keeps the form from mailing; remove it first"
		: "with what was filled in, the form's mail has no recipient that may be mailed; mend \"recipient\" under [mail] "
		  "of form.ini first");
	return FALSE;
}

static gboolean
release(Case *it, GError **error)
{
	const ReviewHouse *house = it->maker->house;
	const SubmissionSummary *summary = it->summary;
	/* A row may name any time. */
	const gint64 kept_until_us = MIN(summary->received_at_us, clock_now_us()) + it->site->retention_us;
	const gboolean is_allowing = it->order == REVIEW_RELEASE_ALLOW;
	g_autoptr(GPtrArray) recipients = replies_plan(it->form, it->submission);

	if (!check_reaches_somebody(it, recipients, error))
		return FALSE;
	g_autoptr(GPtrArray) planned = promises(house->vault, recipients, &it->result->mails);
	/* What cannot be released is not allowed either: held_release says why. */
	if (is_allowing && (is_waiting(summary) || summary->status == SUBMISSION_DISCARDED) && !list_addresses(it, error))
		return FALSE;
	return held_release(house->db, summary->id, planned, kept_until_us, it->maker->actor, error);
}

/* --- Discarding, blocking -------------------------------------------------------------------------------------------------- */

/* As long as what is rejected is kept; at once, where the site's rules cannot be read, would be too soon to repent. */
static gint64
discarded_until(const Case *it)
{
	const GatePolicy *policy = it->form == NULL ? NULL : site_gate(it->site, it->summary->form_id);

	return policy != NULL ? clock_now_us() + policy->rejected_retention_us : it->summary->purge_at_us;
}

static gboolean
discard(Case *it, GError **error)
{
	if (it->order == REVIEW_DISCARD_BLOCK && is_waiting(it->summary) && !block(it, error))
		return FALSE;
	return held_discard(it->maker->house->db, it->summary->id, discarded_until(it), error);
}

/* A sender who is blocked gets no answer. What a session holds at this moment is sent, and what has settled stays so. */
static gboolean
cancel_automatic(Case *it, GError **error)
{
	Db *db = it->maker->house->db;
	g_autoptr(GPtrArray) items = outbox_of_submission(db, it->summary->id, error);

	for (guint i = 0; items != NULL && i < items->len; i++) {
		g_autoptr(GError) problem = NULL;
		const OutboxItem *item = items->pdata[i];
		if (item->kind == MAIL_NOTICE || item->kind == MAIL_HELD ||
		    outbox_cancel(db, item->id, it->maker->actor, &problem) ||
		    g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT))
			continue;
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return items != NULL;
}

/* The remarks tell an operator which value cannot be listed; an error goes to the log, too, where nothing stands that was typed. */
static gboolean
block_only(Case *it, GError **error)
{
	if (!block(it, error))
		return FALSE;
	if (it->result->listed->len == 0)
		return conflict(error, "nothing of its sender can stand on a list, so nothing is blocked");
	return cancel_automatic(it, error);
}

/* --- The whole --------------------------------------------------------------------------------------------------------------- */

/* As the audit calls it. The caller's. */
static char *
action_of(const ReviewDecision *decision)
{
	return g_strconcat("held.", review_decision_text(decision), NULL);
}

gboolean
decision_conclude(const DecisionMaker *maker, const SubmissionSummary *summary, const ReviewDecision *decision, GError **error)
{
	g_autofree char *action = action_of(decision);
	const AuditLine line = {
	    .actor = (char *)maker->actor, .action = action, .site = summary->site, .target = summary->receipt};
	const ReviewStage stage = decision->order == REVIEW_BLOCK ? REVIEW_PASSED : REVIEW_HELD;

	return audit_note(maker->house->ledger, &line, error) && review_decide(maker->house, summary, stage, error);
}

gboolean
decision_was_made(const ReviewHouse *house, const SubmissionSummary *summary, const ReviewDecision *decision, gboolean *was_made,
    GError **error)
{
	g_autofree char *action = action_of(decision);
	const AuditFilter filter = {.site = summary->site, .action = action, .target = summary->receipt, .limit = 1};
	g_autoptr(GPtrArray) lines = audit_list(house->ledger, &filter, error);

	*was_made = lines != NULL && lines->len > 0;
	return lines != NULL;
}

gboolean
decision_apply(const DecisionMaker *maker, const SubmissionSummary *summary, const ReviewDecision *decision,
    DecisionResult *result, GError **error)
{
	g_auto(Case)
	    it = {.maker = maker, .summary = summary, .order = decision->order, .subject = decision->subject, .result = result};

	result->listed = g_ptr_array_new_with_free_func(g_free);
	result->remarks = g_ptr_array_new_with_free_func(g_free);
	if (!look(&it, error))
		return FALSE;
	const gboolean is_done = is_release(it.order)       ? release(&it, error)
				 : it.order == REVIEW_BLOCK ? block_only(&it, error)
							    : discard(&it, error);
	return is_done && decision_conclude(maker, summary, decision, error);
}
