/*
 * From the tag to the delivery, and what becomes of it.
 *
 *   tag (RECEIPT KIND "-" HASH, at the end of a local part) -> submission -> its site, whose tag it must be -> outbox item -> delivery -> address
 *
 * The receipt stands in the tag in clear, so anybody may name one; nothing is believed before the site's keyed hash agrees. What must happen exactly once, the delivery's end, comes last: a crash
 * before it leaves the bounce to be applied again, and suppressing an address twice does no harm.
 */
#include "sekisho/relay/bounce_apply.h"

#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/replies.h"
#include "sekisho/store/submissions.h"

#define DAY_US (24 * (gint64)G_TIME_SPAN_HOUR)
/* "-" and the hash, of base/vault.h. */
#define TAG_HASH_BYTES 17u
#define TAG_BYTES (VAULT_RECEIPT_BYTES + 1u + TAG_HASH_BYTES)
G_STATIC_ASSERT(MAIL_KIND_LAST <= 9);

/* What the tag leads to. */
typedef struct {
	SubmissionSummary *summary;
	Site *site;
	Form *form; /* NULL if it cannot be read any more */
	OutboxItem *item;
	const Delivery *delivery;
	char *address; /* of the delivery; NULL: not known any more */
} Found;

static void
found_clear(Found *found)
{
	submission_summary_free(found->summary);
	site_unref(found->site);
	form_unref(found->form);
	outbox_item_free(found->item);
	g_free(found->address);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

void
bounce_result_clear(BounceResult *result)
{
	g_free(result->receipt);
	g_free(result->site);
}

static gboolean
is_automatic(MailKind kind)
{
	return kind != MAIL_NOTICE && kind != MAIL_HELD;
}

/* --- The tag ---------------------------------------------------------------------------------------------------------------- */

/* The end of the local part, where it has the form of a tag. The caller's; NULL. */
static char *
tag_of(const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL || (gsize)(at - address) <= TAG_BYTES || at[-(gssize)TAG_HASH_BYTES] != '-')
		return NULL;
	return g_strndup(at - TAG_BYTES, TAG_BYTES);
}

/* TRUE if `tag` is the site's: then *kind is the mail's. */
static gboolean
is_tag_of(Vault *vault, const char *site, const char *tag, MailKind *kind)
{
	g_autofree char *text = vault_tag_open(vault, site, tag);

	if (text == NULL || strlen(text) != VAULT_RECEIPT_BYTES + 1)
		return FALSE;
	*kind = (MailKind)(text[VAULT_RECEIPT_BYTES] - '0');
	return *kind >= MAIL_NOTICE && *kind <= MAIL_KIND_LAST;
}

/* FALSE with an error: the database failed. Without: there is none. */
static gboolean
find_submission(const BouncePlace *place, const char *tag, Found *found, MailKind *kind, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *receipt = g_strndup(tag, VAULT_RECEIPT_BYTES);
	g_autoptr(SubmissionSummary) summary = submissions_find(place->db, receipt, &failure);

	if (summary == NULL) {
		if (!g_error_matches(failure, STORE_ERROR, STORE_ERROR_NOT_FOUND) &&
		    !g_error_matches(failure, STORE_ERROR, STORE_ERROR_CONFLICT))
			g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (!is_tag_of(place->vault, summary->site, tag, kind))
		return FALSE;
	found->site = config_site(place->config, summary->site, NULL);
	if (found->site == NULL)
		return FALSE;
	found->form = site_form(found->site, summary->form_id, NULL);
	found->summary = g_steal_pointer(&summary);
	return TRUE;
}

/* A submission has one of each kind. */
static gboolean
find_item(const BouncePlace *place, MailKind kind, Found *found, GError **error)
{
	g_autoptr(GPtrArray) items = outbox_of_submission(place->db, found->summary->id, error);

	for (guint i = 0; items != NULL && i < items->len && found->item == NULL; i++)
		if (((const OutboxItem *)items->pdata[i])->kind == kind)
			found->item = g_ptr_array_steal_index(items, i);
	return found->item != NULL;
}

/* --- The delivery ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_address(const BouncePlace *place, const char *address, const VaultHash *hash)
{
	g_autofree char *canonical = address_canonical(address);

	return vault_hash_matches(place->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), hash);
}

/* The delivery to the address that the report names; where it names none of ours, as when a mail was forwarded, the only one. */
static void
find_delivery(const BouncePlace *place, const Bounce *bounce, Found *found)
{
	const GPtrArray *deliveries = found->item->deliveries;
	gboolean is_named = bounce->recipient != NULL && address_is_mailable(bounce->recipient);

	for (guint i = 0; is_named && i < deliveries->len && found->delivery == NULL; i++) {
		const Delivery *delivery = deliveries->pdata[i];
		if (is_address(place, bounce->recipient, &delivery->recipient)) {
			found->delivery = delivery;
			found->address = g_strdup(bounce->recipient);
		}
	}
	if (found->delivery == NULL && deliveries->len == 1)
		found->delivery = deliveries->pdata[0];
}

/* TRUE if a visitor typed another address than this one, and it got the mail. */
static gboolean
is_one_of_several(const GPtrArray *planned, const char *address)
{
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->is_typed && recipient->refusal == NULL && !automatic_is_same_mailbox(recipient->address, address))
			return TRUE;
	}
	return FALSE;
}

/* Of the planned recipients the one that the delivery is to: its row has only a hash. All recipients of a mail have its tag, so of several that a visitor typed each could say what it likes of the
 * others: then it is not known whose address came back. */
static void
find_address(const BouncePlace *place, Found *found)
{
	gboolean is_only = found->item->deliveries->len == 1;
	g_autoptr(Submission) submission =
	    found->form == NULL ? NULL : submissions_open(place->db, place->vault, found->summary->id, NULL);
	g_autoptr(GPtrArray) planned = submission == NULL ? NULL : replies_plan(found->form, submission);

	for (guint i = 0; planned != NULL && i < planned->len && found->address == NULL; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (is_address(place, recipient->address, &found->delivery->recipient))
			found->address = g_strdup(recipient->address);
	}
	if (!is_only && found->address != NULL && (planned == NULL || is_one_of_several(planned, found->address)))
		g_clear_pointer(&found->address, g_free);
}

/* --- What it changes ---------------------------------------------------------------------------------------------------------- */

/* For how long no automatic mail goes there: an address that is wrong does not mend itself, but the next owner of a carrier's or a company's may; what is full or filters may be otherwise next week; a
 * system's trouble is not the address's. */
static gint64
suppression_us(BounceCause cause)
{
	switch (cause) {
	case BOUNCE_ADDRESS:
	case BOUNCE_UNKNOWN:
		return 180 * DAY_US;
	case BOUNCE_FULL:
	case BOUNCE_REFUSED:
	case BOUNCE_CONTENT:
		return 7 * DAY_US;
	case BOUNCE_SYSTEM:
		return 0;
	}
	g_assert_not_reached();
}

static gboolean
suppress(const BouncePlace *place, const Bounce *bounce, const Found *found, BounceResult *result, GError **error)
{
	gint64 length_us = suppression_us(bounce->cause);

	if (found->address == NULL || length_us == 0)
		return TRUE;
	g_autofree char *mailbox = address_mailbox(found->address);
	g_autofree char *folded = address_folded(found->address);
	g_autoptr(GBytes) content = g_bytes_new(folded, strlen(folded));
	g_autoptr(GBytes) boxed = vault_box(place->vault, content);
	gint64 now_us = clock_now_us();
	Suppression suppression = {.site = found->site->facts->name,
	    .kind = SUPPRESSION_BOUNCE,
	    .boxed = boxed,
	    .reason = (char *)bounce_cause_name(bounce->cause),
	    .bounces = 1,
	    .since_us = now_us,
	    .until_us = now_us + length_us};
	vault_hash(place->vault, VAULT_HASH_ADDRESS, mailbox, strlen(mailbox), &suppression.address);
	result->suppressed_until_us = suppression.until_us;
	return ledger_suppress(place->ledger, &suppression, error);
}

/* `site` NULL: the gateway's. Told once a day. */
static gboolean
raise_alarm(const BouncePlace *place, const Site *site, const char *topic, const char *text_id, GError **error)
{
	gboolean is_new = FALSE;
	const char *name = site == NULL ? "" : site->facts->name;
	const char *locale = site == NULL ? "en" : site_locale(site);
	const TextPlace places[] = {{"site", name}, {NULL, NULL}};
	g_autofree char *text = text_fill(text_for(locale, text_id), places);

	return ledger_alarm_expire(place->ledger, name, topic, G_TIME_SPAN_DAY, error) &&
	       ledger_alarm_raise(place->ledger, name, topic, text, &is_new, error);
}

static gboolean
count(const BouncePlace *place, const Site *site, GError **error)
{
	BounceTraffic traffic = {0};

	if (!ledger_count_bounce(place->ledger, site == NULL ? "" : site->facts->name, site != NULL, &traffic, error))
		return FALSE;
	return !traffic.is_surge ||
	       raise_alarm(place, site, "surge", site == NULL ? "alarm.surge_gateway" : "alarm.surge", error);
}

static gboolean
note_outbox(const BouncePlace *place, const Bounce *bounce, const Found *found, gboolean *is_news, GError **error)
{
	g_autoptr(GArray) recipients = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	OutboxBounced bounced = {0};
	g_autoptr(GError) failure = NULL;

	g_array_append_val(recipients, found->delivery->recipient);
	const OutboxBounce told = {.receipt = found->summary->receipt,
	    .kind = found->item->kind,
	    .recipients = recipients,
	    .is_delay = bounce->action == BOUNCE_DELAYED,
	    .reason = bounce_cause_name(bounce->cause),
	    .server_text = bounce->words,
	    .reply_code = bounce->reply_code};
	if (outbox_bounce(place->db, &told, &bounced, &failure)) {
		*is_news = bounced.is_news;
		return TRUE;
	}
	/* Purged meanwhile. */
	if (g_error_matches(failure, STORE_ERROR, STORE_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* A sent delivery comes back. */
static gboolean
end_delivery(const BouncePlace *place, const Bounce *bounce, Found *found, BounceResult *result, GError **error)
{
	if (bounce->action != BOUNCE_FAILED || found->delivery->state != DELIVERY_SENT)
		return TRUE;
	if (!is_automatic(found->item->kind))
		return raise_alarm(place, found->site, "dead", "alarm.dead", error);
	find_address(place, found);
	return suppress(place, bounce, found, result, error);
}

static gboolean
apply_found(const BouncePlace *place, const Bounce *bounce, Found *found, BounceResult *result, GError **error)
{
	gboolean is_news = FALSE;

	result->receipt = g_strdup(found->summary->receipt);
	result->site = g_strdup(found->summary->site);
	result->kind = found->item->kind;
	result->cause = bounce->cause;
	if (!end_delivery(place, bounce, found, result, error) || !note_outbox(place, bounce, found, &is_news, error))
		return FALSE;
	result->fate = !is_news ? BOUNCE_FATE_OLD : bounce->action == BOUNCE_DELAYED ? BOUNCE_FATE_DELAYED : BOUNCE_FATE_RETURNED;
	/* Who got a mail may send its tag as often as he likes: only what is true and new is the site's. */
	return count(place, result->fate == BOUNCE_FATE_RETURNED ? found->site : NULL, error);
}

/* FALSE with an error: a database failed. Without: the address has no tag of ours, or what it names is not there any more. */
static gboolean
find(const BouncePlace *place, const Bounce *bounce, const char *address, Found *found, GError **error)
{
	MailKind kind = MAIL_NOTICE;
	g_autofree char *tag = tag_of(address);

	if (tag == NULL || !find_submission(place, tag, found, &kind, error) || !find_item(place, kind, found, error))
		return FALSE;
	find_delivery(place, bounce, found);
	return found->delivery != NULL;
}

gboolean
bounce_apply(const BouncePlace *place, const Bounce *bounce, const char *recipient, BounceResult *result, GError **error)
{
	guint count_of_header = recipient == NULL ? bounce->envelope->len : 0;
	g_autoptr(GError) failure = NULL;

	*result = (BounceResult){.fate = BOUNCE_FATE_NONE};
	if (bounce->action == BOUNCE_NONE)
		return TRUE;
	for (guint i = 0; i < (recipient == NULL ? count_of_header : 1); i++) {
		g_auto(Found) found = {0};
		if (find(place, bounce, recipient == NULL ? bounce->envelope->pdata[i] : recipient, &found, &failure))
			return apply_found(place, bounce, &found, result, error);
		if (failure != NULL) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
	}
	result->fate = BOUNCE_FATE_FOREIGN;
	return count(place, NULL, error);
}
