/*
 * What is promised: the mails of a submission, and the row that the journal makes of it. Nothing here waits. Addresses come from policy/replies.c alone.
 */
#include "promise.h"

#include <string.h>

#include "hints.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/spool.h"
#include "sekisho/wire/address.h"

/* The outbox keeps no address, only its keyed hash; the courier computes the address again from the form. */
static PlannedDelivery *
planned_delivery_new(Job *job, const PlannedRecipient *recipient)
{
	PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
	g_autofree char *canonical = address_canonical(recipient->address);
	vault_hash(job->front->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient);
	delivery->kind = recipient->kind;
	delivery->is_refused = recipient->refusal != NULL;
	delivery->reason = g_strdup(recipient->refusal);
	return delivery;
}

static GPtrArray *
planned_deliveries(Job *job, const GPtrArray *recipients)
{
	GPtrArray *planned = g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
	for (guint i = 0; i < recipients->len; i++)
		g_ptr_array_add(planned, planned_delivery_new(job, recipients->pdata[i]));
	return planned;
}

/* Of those that go out. Whether an address may never prove itself is nobody's to foresee. */
static guint
count_sure(const GPtrArray *recipients)
{
	guint count = 0;
	for (guint i = 0; i < recipients->len; i++) {
		const PlannedRecipient *recipient = recipients->pdata[i];
		count += recipient->refusal == NULL && !recipient->is_typed ? 1 : 0;
	}
	return count;
}

/* A held one causes one note to the owner; the mails that it would have caused wait in memory, in case it is cleared. */
static void
plan_note(Job *job)
{
	g_autoptr(GPtrArray) recipients = replies_plan_held(job->form);
	if (judge_may_clear(job))
		job->planned_if_cleared = g_steal_pointer(&job->planned);
	g_clear_pointer(&job->planned, g_ptr_array_unref);
	g_strfreev(g_steal_pointer(&job->hints));
	job->planned = planned_deliveries(job, recipients);
	job->mails = recipients->len;
}

/*
 * The mails to promise, those that wait for an address's proof among them: none for what is refused; refused addresses are kept too, so that the owner sees what was asked for. A form in demo mode
 * or with skip_mail promises none, and is kept all the same: Contact Form 7 would store a skipped one and not a demo, but
 * a message that a visitor was thanked for must be findable. If nobody would surely get the message, it is not taken: FALSE.
 */
gboolean
promise_plan(Job *job)
{
	if (judge_action(job) == FINDING_REJECT) {
		job->planned = g_ptr_array_new();
		return TRUE;
	}
	g_autoptr(GPtrArray) recipients = replies_plan(job->form, job->submission);
	job->planned = planned_deliveries(job, recipients);
	job->mails = count_sure(recipients);
	job->hints = hints_of(job->form, recipients);
	if (job->mails > 0 || job->form->is_demo || job->form->is_mail_skipped) {
		if (judge_action(job) == FINDING_HOLD)
			plan_note(job);
		return TRUE;
	}
	log_event(LOG_SITE_UNUSABLE, "site", job->submission->site, "reason",
	    "this submission has no recipient that may be mailed: give [mail] recipient an address of yours", NULL);
	job_end(job, "mail_failed", "mail_sent_ng");
	return FALSE;
}

SubmissionStatus
promise_status(const Job *job)
{
	const FindingAction action = judge_action(job);
	if (action == FINDING_REJECT)
		return SUBMISSION_REJECTED;
	return action == FINDING_HOLD ? SUBMISSION_HELD : SUBMISSION_ACCEPTED;
}

/* Refused ones are kept for a shorter time. */
static gint64
purge_at_us(const Job *job)
{
	gint64 retention_us = job->site->retention_us;
	if (promise_status(job) == SUBMISSION_REJECTED)
		retention_us = MIN(retention_us, job->judgement.policy->rejected_retention_us);
	return job->submission->client->received_at_us + retention_us;
}

/* FALSE if the browser shows nothing of itself. */
static gboolean
hash_fingerprint(const Job *job, VaultHash *hash)
{
	const char *newest = job->submission->client->fingerprint;
	const gsize size = strcspn(newest, " ");
	vault_hash(job->front->vault, VAULT_HASH_FINGERPRINT, newest, size, hash);
	return size > 0;
}

gboolean
promise_keep(Job *job)
{
	g_autoptr(GError) error = NULL;
	const Judgement *judgement = &job->judgement;
	const gint64 received_at_us = job->submission->client->received_at_us;
	VaultHash fingerprint;
	const JournalRecord record = {.submission = job->submission,
	    .planned = job->planned,
	    .purge_at_us = purge_at_us(job),
	    .is_stored_briefly = submission_is_stored_briefly(job->form, job->submission),
	    .status = promise_status(job),
	    .repetition = judgement->is_repetition_known ? &judgement->repetition : NULL,
	    .repetition_until_us = received_at_us + (judgement->policy != NULL ? judgement->policy->repetition_us : 0),
	    .fingerprint = hash_fingerprint(job, &fingerprint) ? &fingerprint : NULL,
	    .rejected_bytes = judgement->policy != NULL ? judgement->policy->rejected_bytes : 0};
	job->has_content = journal_keeps_content(&record);
	/* Only now it is known that the files are wanted, and they must be durable before a row names them. */
	const gboolean is_durable =
	    !job->has_content || spool_sync(job->front->config->data_directory, job->submission->files, &error);
	if (is_durable &&
	    journal_submit(job->front->journal, journal_entry_new(job->front->journal, &record), job_stored, job, &error))
		return TRUE;
	/* The files are not safe, or the journal's queue is full because the disk cannot keep up: the same to the visitor as a failed commit. */
	job->store_error = g_steal_pointer(&error);
	return FALSE;
}
