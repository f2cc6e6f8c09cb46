/*
 * What a notice tells its owner of the other mails of its submission: does the visitor get an answer, and if not, why? Known are the records of those mails, where they were looked at
 * before, or else what automatic.c would do with them now. It is told when the notice is made and can change afterwards; `sekisho submissions show` tells how it ended.
 *
 * Nothing that was typed is told. What cannot be found out is left out, because no notice may wait for it. Changes nothing.
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/carriers.h"
#include "sekisho/policy/replies.h"

/* Texts "facts.mail_...". */
#define FOLLOWS "facts.mail_follows"
#define ASKED "facts.mail_asked"
#define WAITS "facts.mail_waits"
#define SENT "facts.mail_sent"

/* What a reason of a record means; those that are missing say no more than the record's state. */
static const struct {
	const char *reason;
	const char *text;
} reasons[] = {
    {AUTOMATIC_CONSENT, ASKED},
    {AUTOMATIC_FUSE, WAITS},
    {AUTOMATIC_CEILING, WAITS},
    {CHOICE_RATE, WAITS},
    {AUTOMATIC_EXPIRED, "facts.mail_expired"},
    {"unproved", "facts.mail_unproved"},
    {"repeated", "facts.mail_repeated"},
    {"suppressed", "facts.mail_suppressed"},
    {OUTBOX_HOLD, "facts.mail_held"},
    {"reply_policy", "facts.mail_policy"},
    {"recipient_several", "facts.mail_several"},
    {"recipient_unusual", "facts.mail_unusual"},
    {"recipient_automatic", "facts.mail_automatic"},
    {"unchecked", "facts.mail_unchecked"},
};

static const char *
text_of_reason(const char *reason)
{
	for (gsize i = 0; reason != NULL && i < G_N_ELEMENTS(reasons); i++)
		if (strcmp(reasons[i].reason, reason) == 0)
			return reasons[i].text;
	return NULL;
}

/* --- What the records say ------------------------------------------------------------------------------------------------ */

/* The record of that recipient's mail, or NULL. */
static const Delivery *
find_delivery(const Courier *courier, const GPtrArray *items, const PlannedRecipient *recipient)
{
	g_autofree char *canonical = address_canonical(recipient->address);

	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint k = 0; item->kind == recipient->kind && k < item->deliveries->len; k++) {
			const Delivery *delivery = item->deliveries->pdata[k];
			if (vault_hash_matches(
				courier->settings->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), &delivery->recipient))
				return delivery;
		}
	}
	return NULL;
}

/* NULL: it was not looked at yet. */
static const char *
told_by_record(const Delivery *delivery)
{
	const char *text = text_of_reason(delivery->reason);

	switch (delivery->state) {
	case DELIVERY_SENT:
		return SENT;
	case DELIVERY_DEFERRED:
		return text != NULL ? text : "facts.mail_put_off";
	case DELIVERY_DEAD:
		return text != NULL ? text : "facts.mail_dead";
	case DELIVERY_REFUSED:
	case DELIVERY_CANCELLED:
		if (delivery->reason != NULL && g_str_has_prefix(delivery->reason, "bounce."))
			return "facts.mail_bounced";
		return text != NULL ? text : "facts.mail_cancelled";
	default:
		return NULL;
	}
}

/* --- What would be done now ------------------------------------------------------------------------------------------------ */

/* FALSE if it is not known. */
static gboolean
is_suppressed(const Courier *courier, const AutomaticMail *mail, gboolean *suppressed)
{
	return automatic_is_suppressed(courier, mail, suppressed, NULL);
}

/* NULL if it is not known. */
static const char *
foretold(const Courier *courier, const AutomaticMail *mail)
{
	gboolean suppressed = FALSE, is_proved = FALSE, has_tripped = FALSE;

	if (!is_suppressed(courier, mail, &suppressed) || !automatic_is_proved(courier, mail, &is_proved, NULL) ||
	    !ledger_has_tripped(courier->ledger, mail->site->facts->name, &has_tripped, NULL))
		return NULL;
	if (suppressed)
		return "facts.mail_suppressed";
	if (!is_proved && mail->form->source->reply != REPLY_CONFIRM)
		return "facts.mail_unproved";
	if (has_tripped)
		return WAITS;
	return is_proved ? FOLLOWS : ASKED;
}

/* --- The lines --------------------------------------------------------------------------------------------------------------- */

/* " (an address of ドコモ, ...)": what is accepted there may still not be seen. */
static void
append_carrier(GString *line, const char *locale, const PlannedRecipient *recipient)
{
	const Carrier *carrier = carrier_of(recipient->address);

	if (carrier == NULL)
		return;
	const TextPlace places[] = {{"carrier", g_str_has_prefix(locale, "ja") ? carrier->name_ja : carrier->name}, {NULL, NULL}};
	g_autofree char *text = text_fill(text_for(locale, "facts.mail_may_be_filtered"), places);
	g_string_append(line, text);
}

/* The caller's; NULL if there is nothing to tell. */
static char *
line_of(const Courier *courier, const AutomaticMail *mail, const PlannedRecipient *recipient)
{
	const char *locale = mail->form->source->locale;
	const char *id = recipient->refusal != NULL ? text_of_reason(recipient->refusal)
			 : mail->delivery != NULL   ? told_by_record(mail->delivery)
						    : NULL;

	if (id == NULL && recipient->refusal == NULL)
		id = foretold(courier, mail);
	if (id == NULL)
		return NULL;
	g_autoptr(GString) line = g_string_new(NULL);
	g_string_append_printf(
	    line, "%s: %s", text_for(locale, recipient->kind == MAIL_COPY ? "facts.copy" : "facts.reply"), text_for(locale, id));
	if (g_str_equal(id, FOLLOWS) || g_str_equal(id, SENT) || g_str_equal(id, ASKED))
		append_carrier(line, locale, recipient);
	g_string_append_c(line, '\n');
	return g_strdup(line->str);
}

static gboolean
is_to_visitor(const PlannedRecipient *recipient)
{
	return (recipient->kind == MAIL_REPLY || recipient->kind == MAIL_COPY) &&
	       (recipient->is_typed || recipient->refusal != NULL);
}

char *
outlook_text(Courier *courier, const OutboxItem *notice, const Site *site, const Form *form, const GPtrArray *planned)
{
	g_autoptr(GPtrArray) items = outbox_of_submission(courier->db, notice->submission_id, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; items != NULL && i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (!is_to_visitor(recipient))
			continue;
		const AutomaticMail mail = {.site = site,
		    .form = form,
		    .item = notice,
		    .delivery = find_delivery(courier, items, recipient),
		    .address = recipient->address};
		g_autofree char *line = line_of(courier, &mail, recipient);
		/* Two addresses with one fate are told of once. */
		if (line != NULL && strstr(text->str, line) == NULL)
			g_string_append(text, line);
	}
	return g_strdup(text->str);
}
