/*
 * An outbox item becomes a letter. Everything is asked again now: form, templates, reply rules, recipients. The row says only that a
 * mail of this kind was promised; whom it goes to is what the configuration says, so a row written by a front that was taken
 * over cannot mail a stranger.
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/submissions.h"

/* The hash that an existing record of this address has, be it made with an older key; else a new one. */
static VaultHash *
recipient_hash(Courier *courier, const OutboxItem *stored, const char *address)
{
	g_autofree char *canonical = address_canonical(address);
	Vault *vault = courier->settings->vault;
	VaultHash *hash = g_new0(VaultHash, 1);

	for (guint i = 0; i < stored->deliveries->len; i++) {
		const Delivery *delivery = stored->deliveries->pdata[i];
		if (vault_hash_matches(vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient)) {
			*hash = delivery->recipient;
			return hash;
		}
	}
	vault_hash(vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), hash);
	return hash;
}

/* Those of `planned` that may be mailed now (PlannedRecipient *, borrowed). */
static GPtrArray *
allowed_recipients(const GPtrArray *planned, MailKind kind)
{
	GPtrArray *allowed = g_ptr_array_new();

	for (guint i = 0; i < planned->len; i++) {
		PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->kind == kind && recipient->refusal == NULL)
			g_ptr_array_add(allowed, recipient);
	}
	return allowed;
}

/* How many of `planned` are of this kind, be they refused. */
static guint
count_planned(const GPtrArray *planned, MailKind kind)
{
	guint count = 0;

	for (guint i = 0; i < planned->len; i++)
		count += ((const PlannedRecipient *)planned->pdata[i])->kind == kind;
	return count;
}

static gboolean
is_recipient(const Delivery *delivery, const GPtrArray *hashes)
{
	for (guint i = 0; i < hashes->len; i++)
		if (memcmp(&delivery->recipient, hashes->pdata[i], sizeof delivery->recipient) == 0)
			return TRUE;
	return FALSE;
}

/* `before` are the deliveries that were leased when the records were brought up to date with `hashes`. */
static void
tell_gone(const OutboxItem *item, const GPtrArray *before, const GPtrArray *hashes)
{
	for (guint i = 0; i < before->len; i++)
		if (!is_recipient(before->pdata[i], hashes))
			settle_tell_gone(item, before->pdata[i]);
}

/* Brings the records up to date and addresses the letter to those that are leased. */
static gboolean
address_letter(Courier *courier, OutboxItem *item, const GPtrArray *allowed, Letter *letter, GError **error)
{
	g_autoptr(OutboxItem) stored = outbox_find(courier->db, item->id, error);
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);

	if (stored == NULL)
		return FALSE;
	for (guint i = 0; i < allowed->len; i++)
		g_ptr_array_add(hashes, recipient_hash(courier, stored, ((const PlannedRecipient *)allowed->pdata[i])->address));
	g_autoptr(GPtrArray) before = g_ptr_array_ref(item->deliveries);
	if (!outbox_reconcile(courier->db, item, courier->owner, hashes, error))
		return FALSE;
	tell_gone(item, before, hashes);
	for (guint i = 0; i < item->deliveries->len; i++) {
		const Delivery *delivery = item->deliveries->pdata[i];
		for (guint k = 0; k < hashes->len; k++)
			if (memcmp(&delivery->recipient, hashes->pdata[k], sizeof delivery->recipient) == 0)
				letter_add_recipient(
				    letter, delivery->id, ((const PlannedRecipient *)allowed->pdata[k])->address);
	}
	return TRUE;
}

/* The names of files are the visitor's; the log holds none. */
static void
log_missing(const OutboxItem *item, const Letter *letter)
{
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, item->id);
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, item->form_id);

	for (guint i = 0; i < letter->missing->len; i++)
		log_event(LOG_ATTACHMENT_MISSING, "item", id, "receipt", item->receipt, "site", item->site, "form", form,
		    "reason", ((const MissingAttachment *)letter->missing->pdata[i])->reason, NULL);
}

Letter *
prepare_letter(Courier *courier, OutboxItem *item, GError **error)
{
	g_autoptr(Site) site = config_site(courier->settings->config, item->site, error);
	g_autoptr(Form) form = site == NULL ? NULL : site_form(site, item->form_id, error);
	g_autoptr(Submission) submission =
	    form == NULL ? NULL : submissions_open(courier->db, courier->settings->vault, item->submission_id, error);

	if (submission == NULL)
		return NULL;
	if (form->is_for_subscribers) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT,
		    "the form has subscribers_only, so it is not used here; its mail waits until the setting is gone");
		return NULL;
	}
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);
	/* A mail that is switched off may be switched on again: to cancel what waits would be for ever, and nobody asked for it. */
	if (count_planned(planned, item->kind) == 0) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT,
		    "the form has no recipient for this mail now (demo_mode, skip_mail, or its mail is switched off or names "
		    "nobody); it waits");
		return NULL;
	}
	g_autoptr(GPtrArray) allowed = allowed_recipients(planned, item->kind);
	g_autoptr(Letter) letter = letter_new(form, submission, item->kind, item->generation, planned, error);
	if (letter == NULL || !address_letter(courier, item, allowed, letter, error))
		return NULL;
	if (letter->recipients->len == 0)
		return NULL;
	letter_attach(letter, form, submission, item->kind, courier->settings->config->data_directory);
	log_missing(item, letter);
	return g_steal_pointer(&letter);
}
