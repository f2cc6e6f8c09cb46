/*
 * Pure. Whether an address has proved itself is the courier's secret, so the sentence about being asked says "may", and tells
 * nobody anything about an address.
 */
#include "hints.h"

#include <string.h>

#include "sekisho/base/texts.h"
#include "sekisho/policy/carriers.h"
#include "sekisho/policy/replies.h"

/* Whose mailbox must know us: the domain that stands in From. NULL if there is none, which `sekisho check` refuses. */
static char *
sender_domain(const SiteFacts *site)
{
	g_autoptr(Mailbox) sender = mailbox_parse(site->from, NULL);
	return sender != NULL ? address_domain(sender->address) : NULL;
}

static char *
carrier_hint(const Form *form, const Carrier *carrier)
{
	const char *locale = form->source->locale;
	g_autofree char *domain = sender_domain(form->site);
	if (domain == NULL)
		return NULL;
	const TextPlace places[] = {
	    {"carrier", g_str_has_prefix(locale, "ja") ? carrier->name_ja : carrier->name}, {"domain", domain}, {NULL, NULL}};
	return text_fill(text_for(locale, "carrier.allow"), places);
}

char **
hints_of(const Form *form, const GPtrArray *planned)
{
	const Carrier *carrier = NULL;
	gboolean is_any = FALSE;
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (!replies_needs_proof(recipient))
			continue;
		is_any = TRUE;
		if (carrier == NULL)
			carrier = carrier_of(recipient->address);
	}
	g_autoptr(GStrvBuilder) hints = g_strv_builder_new();
	g_autofree char *allow = carrier != NULL ? carrier_hint(form, carrier) : NULL;
	if (is_any && form->source->reply == REPLY_CONFIRM)
		g_strv_builder_add(hints, text_for(form->source->locale, "carrier.confirm_first"));
	if (allow != NULL)
		g_strv_builder_add(hints, allow);
	g_auto(GStrv) texts = g_strv_builder_end(hints);
	return texts[0] != NULL ? g_steal_pointer(&texts) : NULL;
}
