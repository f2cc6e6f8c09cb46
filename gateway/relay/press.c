/*
 * Pressed links: a person has said that mail for an address may come, or (press_review.c) what is to become of a submission.
 *
 *   row of the front -> token verified again -> its submission's typed recipient found -> redeemed in the ledger -> waiting reply due now -> row removed
 *                    -> used before: the same again, because the first time may have ended in a crash
 *                    -> its site or form cannot be used now: row stays, and is looked at again each minute until the link has expired
 *                    -> refused: logged, row removed
 *
 * The row is input: a front that was taken over writes what it likes. What counts is the courier's own signature over site, receipt, address and expiry, and that
 * the submission really asks for mail to that address. Each step can be done again after a crash, and the row goes last. A database that cannot be
 * asked leaves the row for later, and so does a row that cannot be read or ended, and a good link whose form a person has to mend, which the others do not wait for;
 * whatever else is wrong with it ends it.
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/store/presses.h"
#include "sekisho/store/submissions.h"

/* Between two looks at a good link whose site or form cannot be used, and so between two alarms of it. */
#define AGAIN_US G_TIME_SPAN_MINUTE

/* What the token says. */
typedef struct {
	const Press *press;
	VaultLink link;
	PressSight *sight;
	VaultHash address;
} Claim;

gboolean
press_refuse(const char *reason, GError **error)
{
	g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORGED, reason);
	return FALSE;
}

/* --- The token ---------------------------------------------------------------------------------------------------------------- */

char *
press_link(Vault *vault, const Site *site, const PressTarget *target)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	g_assert(strlen(target->receipt) == VAULT_RECEIPT_BYTES);
	g_byte_array_append(payload, (const guint8 *)target->receipt, VAULT_RECEIPT_BYTES);
	g_byte_array_append(payload, target->address.bytes, sizeof target->address.bytes);
	g_autoptr(GBytes) bytes = g_bytes_new(payload->data, payload->len);
	const VaultLink link = {
	    .purpose = VAULT_LINK_CONSENT, .site = site->facts->name, .expires_at_us = target->expires_at_us, .payload = bytes};
	g_autofree char *token = vault_link_sign(vault, &link);
	return g_strdup_printf("%s/sekisho/confirm?t=%s", site->facts->url, token);
}

static gboolean
read_claim(Courier *courier, Claim *claim, GError **error)
{
	gsize size = 0;

	claim->link = (VaultLink){.purpose = VAULT_LINK_CONSENT, .site = claim->press->site};
	if (!vault_link_verify(courier->settings->vault, claim->press->token, &claim->link, error))
		return FALSE;
	const guint8 *payload = g_bytes_get_data(claim->link.payload, &size);
	if (size != VAULT_RECEIPT_BYTES + sizeof claim->address.bytes)
		return press_refuse("the link is of another kind", error);
	memcpy(claim->sight->receipt, payload, VAULT_RECEIPT_BYTES);
	memcpy(claim->address.bytes, payload + VAULT_RECEIPT_BYTES, sizeof claim->address.bytes);
	return clock_now_us() <= claim->link.expires_at_us + PRESS_GRACE_US || press_refuse("expired", error);
}

/* --- Whom it is about ------------------------------------------------------------------------------------------------------------- */

static char *
find_address(const Courier *courier, const Form *form, const Submission *submission, const VaultHash *hash)
{
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);

	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (replies_needs_proof(recipient) && automatic_is_address(courier, recipient->address, hash))
			return address_folded(recipient->address);
	}
	return NULL;
}

/* The typed address of the submission that the link is about. The caller's; NULL with an error if there is none. */
static char *
address_of(Courier *courier, Site *site, const Claim *claim, GError **error)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(courier->db, claim->sight->receipt, error);
	if (summary == NULL)
		return NULL;
	if (!g_str_equal(summary->site, site->facts->name)) {
		press_refuse("its submission is another site's", error);
		return NULL;
	}
	g_autoptr(Form) form = site_form(site, summary->form_id, error);
	g_autoptr(Submission) submission =
	    form == NULL ? NULL : submissions_open(courier->db, courier->settings->vault, summary->id, error);
	if (submission == NULL)
		return NULL;
	char *address = find_address(courier, form, submission, &claim->address);
	if (address == NULL)
		press_refuse("its submission asks for no mail to this address", error);
	return address;
}

/* --- Acting on it ------------------------------------------------------------------------------------------------------------------- */

/* Names the token whichever way its text was written. */
static GBytes *
token_id(const Claim *claim)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize size = sizeof digest;
	gint64 expiry = GINT64_TO_BE(claim->link.expires_at_us);
	gsize payload_size;
	const guint8 *payload = g_bytes_get_data(claim->link.payload, &payload_size);

	g_checksum_update(checksum, (const guchar *)claim->press->site, (gssize)strlen(claim->press->site));
	g_checksum_update(checksum, (const guchar *)&expiry, sizeof expiry);
	g_checksum_update(checksum, payload, (gssize)payload_size);
	g_checksum_get_digest(checksum, digest, &size);
	return g_bytes_new(digest, size);
}

static gboolean
redeem(Courier *courier, const Claim *claim, GError **error)
{
	gboolean is_first = FALSE;
	g_autoptr(Site) site = config_site(courier->settings->config, claim->press->site, error);
	g_autofree char *address = site == NULL ? NULL : address_of(courier, site, claim, error);

	if (address == NULL)
		return FALSE;
	g_autoptr(GBytes) plain = g_bytes_new(address, strlen(address));
	g_autoptr(GBytes) boxed = vault_box(courier->settings->vault, plain);
	g_autoptr(GBytes) id = token_id(claim);
	Proof proof = {.site = claim->press->site,
	    .kind = PROOF_LINK,
	    .boxed = boxed,
	    .proved_at_us = clock_now_us(),
	    .until_us = clock_now_us() + site->reply->proof_us};
	automatic_address_hash(courier, address, &proof.address);
	if (!ledger_redeem(courier->ledger, &proof, id, claim->link.expires_at_us + 2 * PRESS_GRACE_US, &is_first, error))
		return FALSE;
	claim->sight->is_again = !is_first;
	/* Also for a second press: the first may have ended in a crash, just here. What is due is judged anew. */
	return outbox_make_due(courier->db, claim->sight->receipt, AUTOMATIC_CONSENT, error) >= 0;
}

/* TRUE if a database is the trouble, not the row. */
static gboolean
is_database_trouble(const GError *error)
{
	return error->domain == STORE_ERROR && error->code != STORE_ERROR_NOT_FOUND && error->code != STORE_ERROR_CONFLICT;
}

/* TRUE if a person can mend it: of a link that was verified, this says nothing. */
static gboolean
is_to_be_mended(const GError *error)
{
	return error->domain == CONF_ERROR || error->domain == FORM_ERROR || g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY);
}

gboolean
press_waits(const GError *failure)
{
	return is_database_trouble(failure) || is_to_be_mended(failure);
}

static gboolean
confirm(Courier *courier, const Press *press, PressSight *sight, GError **error)
{
	Claim claim = {.press = press, .sight = sight};

	sight->is_verified = read_claim(courier, &claim, error);
	gboolean is_good = sight->is_verified && redeem(courier, &claim, error);
	g_clear_pointer(&claim.link.payload, g_bytes_unref);
	return is_good;
}

static void
log_press(const Press *press, const PressSight *sight, const GError *failure)
{
	/* Of one that is not ours the words are a stranger's. */
	const gboolean is_told = sight->is_verified && *press->decision != '\0';

	log_event(LOG_PRESS, "site", press->site, "receipt", *sight->receipt == '\0' ? NULL : sight->receipt, "decision",
	    is_told ? press->decision : NULL, "outcome",
	    failure != NULL   ? "refused"
	    : sight->is_again ? "again"
			      : "accepted",
	    "reason", failure != NULL ? failure->message : NULL, NULL);
}

/* FALSE if the row stays: a database is in trouble, or the site, form or key of a good link cannot be had now. */
static gboolean
attend(Courier *courier, const Press *press, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PressSight sight = {0};
	gboolean is_good =
	    *press->decision == '\0' ? confirm(courier, press, &sight, &failure) : press_review(courier, press, &sight, &failure);

	if (!is_good && (is_database_trouble(failure) || (sight.is_verified && press_waits(failure)))) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	log_press(press, &sight, failure);
	return presses_remove(courier->db, press->id, error);
}

/* No other row would fare better; each might wait for a lock. */
static gboolean
is_store_down(const GError *error)
{
	return g_error_matches(error, STORE_ERROR, STORE_ERROR_BUSY) || g_error_matches(error, STORE_ERROR, STORE_ERROR_FULL) ||
	       g_error_matches(error, STORE_ERROR, STORE_ERROR_READONLY);
}

/* The next rows, in rounds: a round begins once a minute, and leaves out those that were seen to wait. */
static GPtrArray *
next_presses(Courier *courier, GError **error)
{
	gint64 now_us = g_get_monotonic_time();

	if (now_us >= courier->presses_again_at_us) {
		courier->presses_seen_id = 0;
		courier->presses_again_at_us = now_us + AGAIN_US;
	}
	return presses_list(courier->db, courier->presses_seen_id, LIMIT_PRESSES, error);
}

/* One alarm for all that are seen to wait at once. */
static void
note_waiting(Courier *courier, const Press *press, const GError *failure, gboolean *is_told)
{
	courier->presses_seen_id = press->id;
	if (!*is_told)
		log_error(LOG_MAIL_UNUSABLE, failure, "site", press->site, "consequence", "pressed links wait", NULL);
	*is_told = TRUE;
}

gboolean
presses_attend(Courier *courier)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) presses = next_presses(courier, &error);
	gboolean is_told = FALSE;

	for (guint i = 0; presses != NULL && i < presses->len && !is_store_down(error); i++) {
		g_autoptr(GError) failure = NULL;
		if (attend(courier, presses->pdata[i], &failure))
			continue;
		if (is_to_be_mended(failure)) {
			note_waiting(courier, presses->pdata[i], failure, &is_told);
		} else if (error == NULL || is_store_down(failure)) {
			g_clear_error(&error);
			error = g_steal_pointer(&failure);
		}
	}
	if (error != NULL)
		log_error(LOG_STORE_FAILED, error, "consequence", "pressed links wait", NULL);
	return error == NULL;
}
