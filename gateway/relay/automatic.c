/*
 * May this automatic mail go to this address now? The story of every reply, copy and confirmation, asked for each delivery before each attempt:
 *
 *   it is older than the site's wait                     cancelled "expired"
 *   mail to its address came back, or the operator says  cancelled "suppressed"
 *   a reply or copy, its address is not proved           cancelled "unproved"; or, where the form asks first, a confirmation is made and it waits "consent"
 *   a confirmation whose link would end too soon         cancelled "expired"; none is made then
 *   a confirmation, its address is proved by now         cancelled "proved"
 *   a confirmation, and no reply or copy waits for it    cancelled "gone": a person cancelled them
 *   the ledger charges it                                it goes, once: the ledger is told what became of it
 *   the ledger says that this very mail was sent         sent: a crash came before the outbox knew it
 *   it was charged, and what became of it is not known   it waits until no session can have it any more
 *   the address had one of its kind within the period    cancelled "repeated"
 *   a ceiling is reached                                 it waits "ceiling", and the operator is alarmed once a day
 *   the site's fuse tripped                              it waits "fuse" with all of its form and kind, and the operator is alarmed once; of replies, which may
 *                                                        go to addresses of the operator's too, with those that waited so before
 *
 * Nothing is sent to a typed address without the ledger's charge, which comes before the session. A ledger that
 * cannot be asked (disk full, locked) lets nothing go: the mail waits a minute, as it was. Addresses that the operator wrote do not come here, and
 * wait for nothing of this.
 */
#include "sekisho/relay/automatic.h"

#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/replies.h"

/* A person needs that much time to read a confirmation; of a short `wait` a quarter. */
#define ASKING_US G_TIME_SPAN_HOUR
/* So often a reply looks whether its address has been proved meanwhile by another submission's link or by the operator; the press of its own link calls it at
 * once. */
#define CONSENT_US G_TIME_SPAN_HOUR
/* So far ahead an item may be dated: a clock that is put right by that much is none that ran wild. */
#define AHEAD_US (2 * G_TIME_SPAN_HOUR)
#define CEILING_US (15 * G_TIME_SPAN_MINUTE)
#define FUSE_US (30 * G_TIME_SPAN_MINUTE)
/* After a failure of the ledger; also the time between two log lines about it. */
#define LEDGER_PAUSE_US G_TIME_SPAN_MINUTE

/* --- Who it is -------------------------------------------------------------------------------------------------------------- */

static void
hash_text(const Courier *courier, VaultPurpose purpose, const char *text, VaultHash *hash)
{
	vault_hash(courier->settings->vault, purpose, text, strlen(text), hash);
}

void
automatic_address_hash(const Courier *courier, const char *address, VaultHash *hash)
{
	g_autofree char *folded = address_folded(address);

	hash_text(courier, VAULT_HASH_ADDRESS, folded, hash);
}

gboolean
automatic_is_address(const Courier *courier, const char *address, const VaultHash *hash)
{
	g_autofree char *folded = address_folded(address);

	return vault_hash_matches(courier->settings->vault, VAULT_HASH_ADDRESS, folded, strlen(folded), hash);
}

gboolean
automatic_is_same_mailbox(const char *address, const char *other)
{
	g_autofree char *first = address_mailbox(address);
	g_autofree char *second = address_mailbox(other);

	return g_str_equal(first, second);
}

static LedgerMail
ledger_mail(const Courier *courier, const AutomaticMail *mail, MailKind kind)
{
	g_autofree char *mailbox = address_mailbox(mail->address);
	g_autofree char *domain = address_domain(mail->address);
	LedgerMail counted = {.site = mail->site->facts->name,
	    .form_id = mail->item->form_id,
	    .kind = kind,
	    .receipt = mail->item->receipt,
	    .generation = mail->item->generation};

	hash_text(courier, VAULT_HASH_ADDRESS, mailbox, &counted.recipient);
	hash_text(courier, VAULT_HASH_DOMAIN, domain, &counted.domain);
	return counted;
}

gboolean
automatic_is_proved(const Courier *courier, const AutomaticMail *mail, gboolean *is_proved, GError **error)
{
	*is_proved = TRUE;
	if (replies_is_own_address(mail->site->facts, mail->address))
		return TRUE;
	g_autofree char *folded = address_folded(mail->address);
	g_autoptr(GArray) hashes = vault_hashes(courier->settings->vault, VAULT_HASH_ADDRESS, folded, strlen(folded));
	return ledger_is_proved(courier->ledger, mail->site->facts->name, hashes, is_proved, error);
}

gboolean
automatic_is_suppressed(const Courier *courier, const AutomaticMail *mail, gboolean *is_suppressed, GError **error)
{
	g_autofree char *mailbox = address_mailbox(mail->address);
	g_autoptr(GArray) hashes = vault_hashes(courier->settings->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox));

	return ledger_is_suppressed(courier->ledger, mail->site->facts->name, hashes, is_suppressed, error);
}

LedgerLimits
automatic_limits(const Site *site)
{
	const ReplyLimits *reply = site->reply;

	return (LedgerLimits){.period_us = reply->period_us,
	    .per_domain = reply->per_domain,
	    .per_form = reply->per_form,
	    .fuse_hour = reply->fuse_hour,
	    .fuse_day = reply->fuse_day};
}

/* --- What becomes of it ------------------------------------------------------------------------------------------------------ */

/* A clock that ran ahead, or a front that was taken over, may date an item ahead. A little is as now, until its time comes; the time of one that is dated further
 * ahead would never come, so it is over. */
gint64
automatic_expiry_us(const Site *site, const OutboxItem *item)
{
	gint64 now_us = clock_now_us();

	if (item->created_at_us > now_us + AHEAD_US)
		return 0;
	return MIN(item->created_at_us, now_us) + site->reply->wait_us;
}

static gboolean
is_worth_asking(const AutomaticMail *mail)
{
	gint64 left_us = automatic_expiry_us(mail->site, mail->item) - clock_now_us();

	return left_us >= MIN(ASKING_US, mail->site->reply->wait_us / 4);
}

static AutomaticDecision
cancelled(const char *reason)
{
	return (AutomaticDecision){.fate = AUTOMATIC_CANCELLED, .reason = reason};
}

static AutomaticDecision
waiting(const AutomaticMail *mail, const char *reason, gint64 delay_us)
{
	gint64 due_at_us = MIN(clock_now_us() + delay_us, automatic_expiry_us(mail->site, mail->item));

	return (AutomaticDecision){.fate = AUTOMATIC_WAITS, .reason = reason, .due_at_us = due_at_us};
}

static void
log_asked(const AutomaticMail *mail)
{
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, mail->item->form_id);

	log_event(LOG_CONFIRMATION, "receipt", mail->item->receipt, "site", mail->item->site, "form", form, NULL);
}

/* The address is asked for its consent, unless another submission has asked it within the period or the link would end too soon; or nobody is, while the fuse
 * has tripped: a flood makes no confirmations that could not leave. The outbox's failures go to `error`, the ledger's to `ledger_error`. */
static gboolean
ask_for_consent(Courier *courier, const AutomaticMail *mail, AutomaticDecision *decision, GError **ledger_error, GError **error)
{
	gboolean was_asked = FALSE, has_tripped = FALSE, is_new = FALSE;

	if (!ledger_has_tripped(courier->ledger, mail->site->facts->name, &has_tripped, ledger_error))
		return TRUE;
	if (has_tripped) {
		*decision = waiting(mail, AUTOMATIC_FUSE, FUSE_US);
		return TRUE;
	}
	const LedgerMail confirmation = ledger_mail(courier, mail, MAIL_CONFIRMATION);
	if (!ledger_was_sent(courier->ledger, &confirmation, mail->site->reply->period_us, &was_asked, ledger_error))
		return TRUE;
	if (!was_asked && is_worth_asking(mail) &&
	    !outbox_add_confirmation(courier->db, mail->item->submission_id, &mail->delivery->recipient, &is_new, error))
		return FALSE;
	if (is_new)
		log_asked(mail);
	*decision = waiting(mail, AUTOMATIC_CONSENT, CONSENT_US);
	return TRUE;
}

/* --- Charges ------------------------------------------------------------------------------------------------------------------ */

static void
charge_free(LedgerMail *charge)
{
	g_free((char *)charge->site);
	g_free((char *)charge->receipt);
	g_free(charge);
}

GHashTable *
automatic_charges_new(void)
{
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)charge_free);
}

void
automatic_remember_charge(Courier *courier, gint64 delivery_id, const LedgerMail *mail)
{
	LedgerMail *charge = g_memdup2(mail, sizeof *mail);

	charge->site = g_strdup(mail->site);
	charge->receipt = g_strdup(mail->receipt);
	g_hash_table_insert(courier->charges, g_memdup2(&delivery_id, sizeof delivery_id), charge);
}

static gboolean
settle_charge(Courier *courier, const LedgerMail *charge, gboolean is_sent, GError **error)
{
	if (charge->kind == MAIL_HELD)
		return ledger_note_settle(courier->ledger, charge->site, is_sent, error);
	return ledger_settle(courier->ledger, charge, is_sent, error);
}

void
automatic_note_outcome(Courier *courier, gint64 delivery_id, AutomaticOutcome outcome)
{
	g_autoptr(GError) error = NULL;
	const LedgerMail *charge = g_hash_table_lookup(courier->charges, &delivery_id);

	if (charge == NULL)
		return;
	if (outcome != AUTOMATIC_UNKNOWN && !settle_charge(courier, charge, outcome == AUTOMATIC_SENT, &error))
		log_error(
		    LOG_STORE_FAILED, error, "consequence", "the ledger does not know what became of an automatic mail", NULL);
	g_hash_table_remove(courier->charges, &delivery_id);
}

static void
decide_by_charge(Courier *courier, const AutomaticMail *mail, AutomaticDecision *decision, GError **ledger_error)
{
	const LedgerLimits limits = automatic_limits(mail->site);
	const LedgerMail counted = ledger_mail(courier, mail, mail->item->kind);
	LedgerAnswer answer = LEDGER_TRIPPED;

	if (!ledger_charge(courier->ledger, &counted, &limits, &answer, ledger_error))
		return;
	switch (answer) {
	case LEDGER_CHARGED:
		automatic_remember_charge(courier, mail->delivery->id, &counted);
		*decision = (AutomaticDecision){.fate = AUTOMATIC_GOES};
		break;
	case LEDGER_SENT:
		*decision = (AutomaticDecision){.fate = AUTOMATIC_WAS_SENT};
		break;
	case LEDGER_REPEATED:
		*decision = cancelled("repeated");
		break;
	case LEDGER_HELD:
		*decision = waiting(mail, NULL, LIMIT_LEASE_MS * G_TIME_SPAN_MILLISECOND);
		break;
	case LEDGER_DOMAIN:
	case LEDGER_FORM:
		*decision = waiting(mail, AUTOMATIC_CEILING, CEILING_US);
		break;
	case LEDGER_TRIPPED:
		*decision = waiting(mail, AUTOMATIC_FUSE, FUSE_US);
		break;
	}
}

static gboolean
is_unsettled(const OutboxItem *item)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		if ((1u << ((const Delivery *)item->deliveries->pdata[i])->state) & OUTBOX_UNSETTLED)
			return TRUE;
	return FALSE;
}

/* Whether a confirmation has anything to ask for: a reply or a copy of its submission that waits. */
static gboolean
is_anything_waiting(Courier *courier, const AutomaticMail *mail, gboolean *is_waiting, GError **error)
{
	g_autoptr(GPtrArray) items = outbox_of_submission(courier->db, mail->item->submission_id, error);

	*is_waiting = FALSE;
	for (guint i = 0; items != NULL && i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		*is_waiting |= (item->kind == MAIL_REPLY || item->kind == MAIL_COPY) && is_unsettled(item);
	}
	return items != NULL;
}

static gboolean
decide(Courier *courier, const AutomaticMail *mail, AutomaticDecision *decision, GError **ledger_error, GError **error)
{
	gboolean is_confirmation = mail->item->kind == MAIL_CONFIRMATION;
	gboolean is_asking = mail->form->source->reply == REPLY_CONFIRM;
	gboolean is_proved = FALSE, is_suppressed = FALSE, is_waited_for = TRUE;

	if (is_confirmation && !is_anything_waiting(courier, mail, &is_waited_for, error))
		return FALSE;
	if (clock_now_us() >= automatic_expiry_us(mail->site, mail->item) || (is_confirmation && !is_worth_asking(mail)))
		*decision = cancelled(AUTOMATIC_EXPIRED);
	else if (!automatic_is_suppressed(courier, mail, &is_suppressed, ledger_error) ||
		 !automatic_is_proved(courier, mail, &is_proved, ledger_error))
		return TRUE;
	else if (is_suppressed)
		*decision = cancelled("suppressed");
	else if (is_confirmation && is_proved)
		*decision = cancelled("proved");
	else if (!is_proved && !is_asking)
		*decision = cancelled("unproved");
	else if (!is_waited_for)
		*decision = cancelled("gone");
	else if (!is_proved && !is_confirmation)
		return ask_for_consent(courier, mail, decision, ledger_error, error);
	else
		decide_by_charge(courier, mail, decision, ledger_error);
	return TRUE;
}

static void
note_ledger_failure(Courier *courier, const GError *failure)
{
	gint64 now_us = g_get_monotonic_time();

	if (now_us < courier->ledger_alarm_at_us)
		return;
	courier->ledger_alarm_at_us = now_us + LEDGER_PAUSE_US;
	log_error(LOG_STORE_FAILED, failure, "consequence", "no reply or confirmation is sent meanwhile", NULL);
}

gboolean
automatic_decide(Courier *courier, const AutomaticMail *mail, AutomaticDecision *decision, GError **error)
{
	g_autoptr(GError) ledger_error = NULL;

	*decision = (AutomaticDecision){.fate = AUTOMATIC_WAITS};
	if (!decide(courier, mail, decision, &ledger_error, error))
		return FALSE;
	if (ledger_error == NULL)
		return TRUE;
	note_ledger_failure(courier, ledger_error);
	*decision = (AutomaticDecision){.fate = AUTOMATIC_WAITS, .due_at_us = clock_now_us() + LEDGER_PAUSE_US};
	return TRUE;
}

/* --- Settling what does not go -------------------------------------------------------------------------------------------------- */

/* The site's replies stopped: everybody who must know is told once (alarm.c). */
static void
raise_fuse_alarm(Courier *courier, const Site *site)
{
	g_autoptr(GError) error = NULL;
	const LedgerLimits limits = automatic_limits(site);
	g_autoptr(Fuse) fuse = ledger_fuse(courier->ledger, site->facts->name, &limits, &error);

	if (fuse == NULL) {
		note_ledger_failure(courier, error);
		return;
	}
	/* Somebody has reset it since. */
	if (fuse->tripped_at_us == 0)
		return;
	g_autofree char *ceiling = g_strdup_printf("%u", fuse->ceiling);
	gboolean is_day = fuse->reason && g_str_has_suffix(fuse->reason, "day");
	const char *span = text_for(site_locale(site), is_day ? "alarm.day" : "alarm.hour");
	const TextPlace places[] = {{"site", site->facts->name}, {"span", span}, {"ceiling", ceiling}, {NULL, NULL}};
	g_autofree char *text = text_fill(text_for(site_locale(site), "alarm.fuse"), places);
	if (alarm_raise(courier, site->facts->name, AUTOMATIC_FUSE, text))
		log_event(LOG_FUSE_TRIPPED, "site", site->facts->name, "reason", fuse->reason, "ceiling", ceiling, "consequence",
		    "replies and confirmations stop until `sekisho fuse reset`", NULL);
}

void
automatic_settle(Courier *courier, const AutomaticMail *mail, const AutomaticDecision *decision)
{
	if (decision->fate == AUTOMATIC_CANCELLED) {
		settle_cancel(courier, mail->item, mail->delivery, decision->reason);
		return;
	}
	if (decision->fate == AUTOMATIC_WAS_SENT) {
		settle_was_sent(courier, mail->item, mail->delivery);
		return;
	}
	settle_wait(
	    courier, mail->item, mail->delivery, &(Attempt){.reason = decision->reason, .due_at_us = decision->due_at_us});
	if (g_strcmp0(decision->reason, AUTOMATIC_CEILING) == 0)
		/* One stranger can exhaust a ceiling, and then real visitors get no replies: that must not go unnoticed. */
		alarm_raise_daily(courier, mail->site, AUTOMATIC_CEILING);
	if (g_strcmp0(decision->reason, AUTOMATIC_FUSE) == 0 &&
	    obstacle_put_off(courier, mail->item,
		&(PutOff){
		    .reason = AUTOMATIC_FUSE, .due_at_us = decision->due_at_us, .is_renewal = mail->item->kind == MAIL_REPLY}))
		raise_fuse_alarm(courier, mail->site);
}

/* --- Its envelope ------------------------------------------------------------------------------------------------------------------ */

/* `bounce` with the tag before its "@", or as it is where that would be no address. The caller's. */
static char *
tagged(const char *bounce, const char *delimiter, const char *tag)
{
	const char *at = strrchr(bounce, '@');
	g_autofree char *address =
	    at == NULL ? NULL : g_strdup_printf("%.*s%s%s%s", (int)(at - bounce), bounce, delimiter, tag, at);

	return address != NULL && address_is_deliverable(address) ? g_steal_pointer(&address) : g_strdup(bounce);
}

/* The account whose session the letter is for. */
static const Account *
carrier_of(const Courier *courier, const Site *site)
{
	return courier->carrier != NULL ? courier->carrier : site_account(site);
}

static gboolean
is_null_sender(const Courier *courier, const Site *site)
{
	gboolean is_accepted = FALSE;

	if (!site->reply->is_null_sender)
		return FALSE;
	g_autofree char *account = account_key(carrier_of(courier, site));
	return ledger_is_null_sender(courier->ledger, account, &is_accepted, NULL) && is_accepted;
}

/* A notice must leave at any price, so it has a tag only where the doctor saw one accepted. */
static gboolean
is_tagged_sender(const Courier *courier, const Site *site, const Letter *letter)
{
	gboolean is_accepted = FALSE;

	if (*site->reply->bounce_delimiter == '\0')
		return FALSE;
	if (letter->is_automatic)
		return TRUE;
	g_autofree char *account = account_tagged_key(carrier_of(courier, site), site);
	return ledger_is_tagged_sender(courier->ledger, account, &is_accepted, NULL) && is_accepted;
}

void
automatic_address_envelope(const Courier *courier, const Site *site, const OutboxItem *item, Letter *letter)
{
	g_autofree char *bounce = g_steal_pointer(&letter->envelope_sender);

	if (letter->is_automatic && is_null_sender(courier, site)) {
		letter->envelope_sender = g_strdup("");
	} else if (!is_tagged_sender(courier, site, letter)) {
		letter->envelope_sender = g_steal_pointer(&bounce);
	} else {
		g_autofree char *text = g_strdup_printf("%s%d", item->receipt, (int)item->kind);
		g_autofree char *tag = vault_tag(courier->settings->vault, site->facts->name, text);
		letter->envelope_sender = tagged(bounce, site->reply->bounce_delimiter, tag);
	}
}
