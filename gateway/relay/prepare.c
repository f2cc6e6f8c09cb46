/*
 * An outbox item becomes a letter. Everything is asked again now: form, templates, reply rules, recipients. The row says only that a
 * mail of this kind was promised; whom it goes to is what the configuration says, so a row written by a front that was taken
 * over cannot mail a stranger. What goes to a typed address moreover passes automatic.c, one delivery at a time; those that may not go now are settled and
 * leave the item, and the letter shows nothing of them.
 */
#include <string.h>

#include "courier_parts.h"
#include "letter_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/submissions.h"

/* The hash that an existing record of this address has, be it made with an older key; else a new one. */
static VaultHash *
recipient_hash(const Courier *courier, const OutboxItem *stored, const char *address)
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

/* TRUE if one of the item's own records is this address's. */
static gboolean
has_record(const OutboxItem *item, const VaultHash *hash)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		if (vault_hash_equal(&((const Delivery *)item->deliveries->pdata[i])->recipient, hash))
			return TRUE;
	return FALSE;
}

/* Which of `hashes` the record is of, or -1. */
static gint
index_of_recipient(const Delivery *delivery, const GPtrArray *hashes)
{
	for (guint i = 0; i < hashes->len; i++)
		if (vault_hash_equal(&delivery->recipient, hashes->pdata[i]))
			return (gint)i;
	return -1;
}

/* `before` are the deliveries that were leased when the records were brought up to date with `hashes`. */
static void
tell_gone(const OutboxItem *item, const GPtrArray *before, const GPtrArray *hashes)
{
	for (guint i = 0; i < before->len; i++)
		if (index_of_recipient(before->pdata[i], hashes) < 0)
			settle_tell_gone(item, before->pdata[i]);
}

/* What a letter is made of. */
typedef struct {
	Courier *courier;
	OutboxItem *item;
	Site *site;
	Form *form;
	Submission *submission;
	GPtrArray *planned;    /* PlannedRecipient * */
	GPtrArray *addressees; /* PlannedRecipient *, borrowed: whom item->deliveries go to, in their order */
} Draft;

static void
draft_clear(Draft *draft)
{
	site_unref(draft->site);
	form_unref(draft->form);
	submission_free(draft->submission);
	g_clear_pointer(&draft->planned, g_ptr_array_unref);
	g_clear_pointer(&draft->addressees, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

/* Brings the item's records up to date with `allowed` (PlannedRecipient *), and finds the addressees of those that are leased. */
static gboolean
bring_up_to_date(Draft *draft, const GPtrArray *allowed, GError **error)
{
	Courier *courier = draft->courier;
	OutboxItem *item = draft->item;
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
	for (guint i = 0; i < item->deliveries->len;) {
		gint index = index_of_recipient(item->deliveries->pdata[i], hashes);
		/* Nobody's: it was written under our lease while we looked. The lease runs out. */
		if (index < 0) {
			g_ptr_array_remove_index(item->deliveries, i);
			continue;
		}
		g_ptr_array_add(draft->addressees, allowed->pdata[index]);
		i++;
	}
	return TRUE;
}

/* --- Typed addressees ---------------------------------------------------------------------------------------------------------- */

/* TRUE if another spelling of the same mailbox stands before it: two typed fields are not two chances. */
static gboolean
is_another_spelling(const Draft *draft, const PlannedRecipient *recipient)
{
	for (guint i = 0; i < draft->planned->len && draft->planned->pdata[i] != recipient; i++) {
		const PlannedRecipient *other = draft->planned->pdata[i];
		if (replies_needs_proof(other) && !g_str_equal(other->address, recipient->address) &&
		    (other->kind == recipient->kind || draft->item->kind == MAIL_CONFIRMATION) &&
		    automatic_is_same_mailbox(other->address, recipient->address))
			return TRUE;
	}
	return FALSE;
}

static gboolean
decide(
    const Draft *draft, const AutomaticMail *mail, const PlannedRecipient *recipient, AutomaticDecision *decision, GError **error)
{
	if (!is_another_spelling(draft, recipient))
		return automatic_decide(draft->courier, mail, decision, error);
	*decision = (AutomaticDecision){.fate = AUTOMATIC_CANCELLED, .reason = "repeated"};
	return TRUE;
}

/* Settles the deliveries to typed addresses that may not go now, and takes them out of the item. */
static gboolean
judge_typed(Draft *draft, GError **error)
{
	OutboxItem *item = draft->item;

	for (guint i = 0; i < item->deliveries->len;) {
		const PlannedRecipient *recipient = draft->addressees->pdata[i];
		const AutomaticMail mail = {.site = draft->site,
		    .form = draft->form,
		    .item = item,
		    .delivery = item->deliveries->pdata[i],
		    .address = recipient->address};
		AutomaticDecision decision = {.fate = AUTOMATIC_GOES};
		if (recipient->is_typed && !decide(draft, &mail, recipient, &decision, error))
			return FALSE;
		if (decision.fate == AUTOMATIC_GOES) {
			i++;
			continue;
		}
		automatic_settle(draft->courier, &mail, &decision);
		g_ptr_array_remove_index(item->deliveries, i);
		g_ptr_array_remove_index(draft->addressees, i);
	}
	return TRUE;
}

/* Those of the plan that this letter may show: a typed address only if the letter goes to it (PlannedRecipient *, borrowed). */
static GPtrArray *
shown_recipients(const Draft *draft)
{
	GPtrArray *shown = g_ptr_array_new();

	for (guint i = 0; i < draft->planned->len; i++) {
		const PlannedRecipient *recipient = draft->planned->pdata[i];
		if (!recipient->is_typed || g_ptr_array_find(draft->addressees, recipient, NULL))
			g_ptr_array_add(shown, draft->planned->pdata[i]);
	}
	return shown;
}

static void
address_letter(const Draft *draft, Letter *letter)
{
	for (guint i = 0; i < draft->addressees->len; i++)
		letter_add_recipient(letter, ((const Delivery *)draft->item->deliveries->pdata[i])->id,
		    ((const PlannedRecipient *)draft->addressees->pdata[i])->address);
	automatic_address_envelope(draft->courier, draft->site, draft->item, letter);
}

/* --- Mails that are switched off --------------------------------------------------------------------------------------------------- */

/* TRUE if the operator wrote the address that the delivery is to. */
static gboolean
is_configured(const Draft *draft, const Delivery *delivery)
{
	g_autoptr(GPtrArray) planned = replies_plan_reply(draft->form, draft->submission);

	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->is_typed || recipient->refusal != NULL)
			continue;
		g_autofree VaultHash *hash = recipient_hash(draft->courier, draft->item, recipient->address);
		if (vault_hash_equal(hash, &delivery->recipient))
			return TRUE;
	}
	return FALSE;
}

/* Nobody waits for an answer that comes days late, be its mail switched on again. What goes to an address of the operator's own waits as a notice does. */
static void
end_expired(Draft *draft)
{
	OutboxItem *item = draft->item;

	if (item->kind == MAIL_NOTICE || clock_now_us() < automatic_expiry_us(draft->site, item))
		return;
	for (guint i = 0; i < item->deliveries->len;) {
		const Delivery *delivery = item->deliveries->pdata[i];
		if (item->kind == MAIL_REPLY && is_configured(draft, delivery)) {
			i++;
			continue;
		}
		settle_cancel(draft->courier, item, delivery, AUTOMATIC_EXPIRED);
		g_ptr_array_remove_index(item->deliveries, i);
	}
}

/* A mail that is switched off may be switched on again: to cancel what waits would be for ever, and nobody asked for it. */
static void
wait_switched_off(Draft *draft, GError **error)
{
	end_expired(draft);
	if (draft->item->deliveries->len > 0)
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT,
		    "the form has no recipient for this mail now (demo_mode, skip_mail, or its mail is switched off or names "
		    "nobody); it waits");
}

/* --- Confirmations ------------------------------------------------------------------------------------------------------------------ */

/* The typed addresses that the item's records name (PlannedRecipient *, borrowed), each once. Unlike other mails, one that has no record gets none. */
static GPtrArray *
asked_recipients(const Draft *draft)
{
	GPtrArray *asked = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < draft->planned->len; i++) {
		PlannedRecipient *recipient = draft->planned->pdata[i];
		if (!replies_needs_proof(recipient))
			continue;
		g_autofree VaultHash *hash = recipient_hash(draft->courier, draft->item, recipient->address);
		if (has_record(draft->item, hash) && g_hash_table_add(seen, address_canonical(recipient->address)))
			g_ptr_array_add(asked, recipient);
	}
	return asked;
}

/* Each address has a link of its own, so one goes now and the others are claimed again. */
static void
keep_first(Draft *draft)
{
	GPtrArray *deliveries = draft->item->deliveries;

	while (deliveries->len > 1) {
		settle_give_back(draft->courier, ((const Delivery *)deliveries->pdata[deliveries->len - 1])->id);
		g_ptr_array_set_size(deliveries, (gint)deliveries->len - 1);
		g_ptr_array_set_size(draft->addressees, (gint)deliveries->len);
	}
}

static Letter *
make_confirmation(const Draft *draft, GError **error)
{
	const PlannedRecipient *recipient = draft->addressees->pdata[0];
	PressTarget target = {
	    .receipt = draft->submission->receipt, .expires_at_us = automatic_expiry_us(draft->site, draft->item)};

	/* The receipt comes from a row; a link has room for ours alone. */
	if (strlen(target.receipt) != VAULT_RECEIPT_BYTES) {
		g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the submission's receipt is not one of ours");
		return NULL;
	}
	automatic_address_hash(draft->courier, recipient->address, &target.address);
	g_autofree char *link = press_link(draft->courier->settings->vault, draft->site, &target);
	const ConfirmationRequest request = {.form = draft->form,
	    .receipt = draft->submission->receipt,
	    .generation = draft->item->generation,
	    .recipient = &target.address,
	    .address = recipient->address,
	    .link = link,
	    .made_at_us = clock_now_us(),
	    .until_us = target.expires_at_us};
	return confirmation_letter(&request, error);
}

/* TRUE if the plan has typed addresses, be they refused. */
static gboolean
is_typed_planned(const GPtrArray *planned)
{
	for (guint i = 0; i < planned->len; i++)
		if (((const PlannedRecipient *)planned->pdata[i])->is_typed)
			return TRUE;
	return FALSE;
}

static Letter *
prepare_confirmation(Draft *draft, GError **error)
{
	if (!is_typed_planned(draft->planned)) {
		wait_switched_off(draft, error);
		return NULL;
	}
	g_autoptr(GPtrArray) asked = asked_recipients(draft);
	if (!bring_up_to_date(draft, asked, error))
		return NULL;
	keep_first(draft);
	if (!judge_typed(draft, error) || draft->addressees->len == 0)
		return NULL;
	Letter *letter = make_confirmation(draft, error);
	if (letter != NULL)
		address_letter(draft, letter);
	return letter;
}

/* --- Notes about what is held ------------------------------------------------------------------------------------------------------- */

static Letter *
prepare_note(Draft *draft, GError **error)
{
	g_auto(HeldNote) note = {0};
	gboolean goes = FALSE;
	g_autoptr(GPtrArray) planned = replies_plan_held(draft->form);

	if (planned->len == 0) {
		wait_switched_off(draft, error);
		return NULL;
	}
	if (!bring_up_to_date(draft, planned, error) || draft->addressees->len == 0 ||
	    !held_note_decide(draft->courier, draft->site, draft->item, &note, &goes, error) || !goes)
		return NULL;
	Letter *letter = held_note_letter(draft->courier, draft->site, draft->form, draft->item, &note, error);
	if (letter == NULL)
		return NULL;
	letter_add_mailbox(letter->to, "", ((const PlannedRecipient *)draft->addressees->pdata[0])->address);
	address_letter(draft, letter);
	return letter;
}

/* --- Letters ---------------------------------------------------------------------------------------------------------------------------- */

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

/* A canary is mailed by a token that is its own, of the moment in which it came. */
static gboolean
is_canary_sound(const Draft *draft, GError **error)
{
	const ClientFacts *client = draft->submission->client;
	VaultLink link = {.purpose = VAULT_LINK_CANARY, .site = draft->site->facts->name};

	if (*client->canary == '\0')
		return TRUE;
	if (!vault_link_verify(draft->courier->settings->vault, client->canary, &link, error))
		return FALSE;
	g_bytes_unref(link.payload);
	if (client->received_at_us <= link.expires_at_us)
		return TRUE;
	g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORGED, "the canary came with a token that had expired");
	return FALSE;
}

/* The item's row was read when it was claimed and the submission's just now; a front that was taken over may have changed it between. The receipt is
 * in the ledger and in tags, and site and form chose ceilings and rules. */
static gboolean
is_of_item(const Draft *draft, GError **error)
{
	const OutboxItem *item = draft->item;
	const Submission *submission = draft->submission;

	if (g_str_equal(item->receipt, submission->receipt) && g_str_equal(item->site, submission->site) &&
	    item->form_id == submission->form_id)
		return TRUE;
	g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the submission's row changed since the mail was claimed");
	return FALSE;
}

static gboolean
draft_open(Draft *draft, GError **error)
{
	Courier *courier = draft->courier;
	const OutboxItem *item = draft->item;

	draft->site = config_site(courier->settings->config, item->site, error);
	draft->form = draft->site == NULL ? NULL : site_form(draft->site, item->form_id, error);
	draft->submission =
	    draft->form == NULL ? NULL : submissions_open(courier->db, courier->settings->vault, item->submission_id, error);
	if (draft->submission == NULL || !is_of_item(draft, error))
		return FALSE;
	if (draft->form->is_for_subscribers) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT,
		    "the form has subscribers_only, so it is not used here; its mail waits until the setting is gone");
		return FALSE;
	}
	draft->planned = replies_plan(draft->form, draft->submission);
	draft->addressees = g_ptr_array_new();
	return is_canary_sound(draft, error);
}

static Letter *
make_letter(const Draft *draft, GError **error)
{
	const OutboxItem *item = draft->item;
	g_autoptr(GPtrArray) shown = shown_recipients(draft);
	Letter *letter = letter_new(draft->form, draft->submission, item->kind, item->generation, shown, error);

	if (letter == NULL)
		return NULL;
	address_letter(draft, letter);
	if (item->kind == MAIL_NOTICE && draft->form->site->is_facts_on) {
		g_autofree char *outlook = outlook_text(draft->courier, item, draft->site, draft->form, draft->planned);
		if (*draft->submission->client->canary == '\0')
			letter->review = invite_line(draft->courier, draft->site, item, draft->form->source->locale);
		letter_tell_outlook(letter, draft->form, draft->submission, outlook);
	}
	letter_attach(letter, draft->form, draft->submission, item->kind, draft->courier->settings->config->data_directory);
	log_missing(item, letter);
	/* Captchas cannot be verified, by our own fault: the operator must know, because replies stop until he has mended it. */
	if (item->kind == MAIL_NOTICE && draft->submission->is_unchecked)
		alarm_raise_daily(draft->courier, draft->site, "captcha");
	return letter;
}

Letter *
prepare_letter(Courier *courier, OutboxItem *item, GError **error)
{
	g_auto(Draft) draft = {.courier = courier, .item = item};

	if (!draft_open(&draft, error))
		return NULL;
	if (item->kind == MAIL_CONFIRMATION)
		return prepare_confirmation(&draft, error);
	if (item->kind == MAIL_HELD)
		return prepare_note(&draft, error);
	if (count_planned(draft.planned, item->kind) == 0) {
		wait_switched_off(&draft, error);
		return NULL;
	}
	g_autoptr(GPtrArray) allowed = allowed_recipients(draft.planned, item->kind);
	if (!bring_up_to_date(&draft, allowed, error) || !judge_typed(&draft, error) || draft.addressees->len == 0)
		return NULL;
	return make_letter(&draft, error);
}
