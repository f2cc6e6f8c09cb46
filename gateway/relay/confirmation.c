/*
 * The mail that asks an address for its consent before anything else goes to it.
 *
 * It is the only mail that reaches people who never heard of us, so a stranger must have no say in it: every word is ours (gateway/po) or the operator's, and what
 * was typed is the one address in To: and in the envelope. Our texts are split at their placeholders once, so that a site's title that looks like one stays
 * what it is. No state, no I/O.
 */
#include <string.h>

#include "letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"

gboolean
letter_fill_site_senders(Letter *letter, const SiteFacts *site, GError **error)
{
	letter->from = mailbox_parse(site->from, NULL);
	letter->envelope_sender = g_strdup(site->bounce_address);
	if (letter->from != NULL && *letter->from->name == '\0') {
		g_free(letter->from->name);
		letter->from->name = mailbox_clean_name(site->title);
	}
	if (letter->from != NULL && letter_has_sender(letter))
		return TRUE;
	g_set_error_literal(
	    error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the site's from or bounce_address is not a deliverable address");
	return FALSE;
}

char *
letter_written_time(const Form *form, gint64 time_us)
{
	g_autofree char *format = g_strdup_printf("%s %s (P)", form->site->date_format, form->site->time_format);

	return mailtag_date(format, time_us, form);
}

static void
fill_texts(Letter *letter, const ConfirmationRequest *request)
{
	const SiteFacts *site = request->form->site;
	const char *locale = request->form->source->locale;
	g_autofree char *until = letter_written_time(request->form, request->until_us);
	g_autofree char *title = text_without_line_breaks(*site->title == '\0' ? site->url : site->title);
	const TextPlace places[] = {
	    {"title", title}, {"url", site->url}, {"until", until}, {"link", request->link}, {NULL, NULL}};
	g_autofree char *subject = text_fill(text_for(locale, "confirmation.subject"), places);

	letter->subject = text_truncate(subject, LIMIT_MAIL_HEADER_BYTES);
	letter->text = text_fill(text_for(locale, "confirmation.body"), places);
}

Letter *
confirmation_letter(const ConfirmationRequest *request, GError **error)
{
	const SiteFacts *site = request->form->site;
	const LetterIdentity identity = {.receipt = request->receipt,
	    .kind = MAIL_CONFIRMATION,
	    .generation = request->generation,
	    .recipient = request->recipient,
	    .date_us = request->made_at_us};
	g_autoptr(Letter) letter = letter_empty();

	if (!letter_identify(letter, site, &identity, error) || !letter_fill_site_senders(letter, site, error))
		return NULL;
	letter_add_mailbox(letter->to, "", request->address);
	fill_texts(letter, request);
	return g_steal_pointer(&letter);
}
