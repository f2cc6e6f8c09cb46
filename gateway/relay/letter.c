/*
 * A letter: one mail with everything decided and nothing encoded. Made by the courier for one outbox item, and by the CLI
 * for a preview.
 *
 * Two senders never mix. What stands in From: and in the envelope comes from the configuration alone: address parts are
 * rendered without the submission, so no visitor's byte can be in them. What the visitor typed may stand in the display
 * name, the subject, the texts, Reply-To: and the further headers, and only what precedes its first line break.
 */
#include "sekisho/relay/letter.h"

#include <string.h>

#include "attachments.h"
#include "letter_body.h"
#include "letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"

/* Of the hash of a recipient in a Message-ID: enough to tell apart those of one submission. */
#define RECIPIENT_WORD_BYTES 8u

/* --- Making and freeing ----------------------------------------------------------------------------------------------- */

static void
letter_recipient_free(LetterRecipient *recipient)
{
	g_free(recipient->address);
	g_free(recipient);
}

LetterImage *
letter_image_new(const char *id, const char *type, GBytes *content)
{
	LetterImage *image = g_new0(LetterImage, 1);

	image->id = g_strdup(id);
	image->type = g_strdup(type);
	image->content = g_bytes_ref(content);
	return image;
}

static void
letter_image_free(LetterImage *image)
{
	g_free(image->id);
	g_free(image->type);
	g_bytes_unref(image->content);
	g_free(image);
}

Letter *
letter_empty(void)
{
	Letter *letter = g_new0(Letter, 1);

	letter->to = g_ptr_array_new_with_free_func((GDestroyNotify)mailbox_free);
	letter->cc = g_ptr_array_new_with_free_func((GDestroyNotify)mailbox_free);
	letter->reply_to = g_ptr_array_new_with_free_func((GDestroyNotify)mailbox_free);
	letter->headers = g_ptr_array_new_with_free_func(g_free);
	letter->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)letter_recipient_free);
	letter->charset = letter_charset("utf-8");
	letter->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)letter_attachment_free);
	letter->images = g_ptr_array_new_with_free_func((GDestroyNotify)letter_image_free);
	letter->missing = g_ptr_array_new_with_free_func((GDestroyNotify)missing_attachment_free);
	return letter;
}

void
letter_free(Letter *letter)
{
	if (letter == NULL)
		return;
	g_free(letter->message_id);
	g_free(letter->envelope_sender);
	mailbox_free(letter->from);
	g_ptr_array_unref(letter->to);
	g_ptr_array_unref(letter->cc);
	g_ptr_array_unref(letter->reply_to);
	g_free(letter->subject);
	g_free(letter->text);
	g_free(letter->html);
	g_ptr_array_unref(letter->headers);
	g_ptr_array_unref(letter->recipients);
	g_ptr_array_unref(letter->attachments);
	g_ptr_array_unref(letter->images);
	g_ptr_array_unref(letter->missing);
	g_free(letter->outlook);
	g_free(letter->review);
	g_free(letter);
}

void
letter_add_recipient(Letter *letter, gint64 delivery_id, const char *address)
{
	LetterRecipient *recipient = g_new0(LetterRecipient, 1);

	recipient->delivery_id = delivery_id;
	recipient->address = g_strdup(address);
	g_ptr_array_add(letter->recipients, recipient);
}

Mailbox *
letter_mailbox_new(const char *name, const char *address)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);

	mailbox->name = g_strdup(name);
	mailbox->address = g_strdup(address);
	return mailbox;
}

void
letter_add_mailbox(GPtrArray *list, const char *name, const char *address)
{
	gsize used_bytes = 0;

	for (guint i = 0; i < list->len; i++)
		used_bytes += strlen(((const Mailbox *)list->pdata[i])->name);
	g_autofree char *cut = text_truncate(name, LIMIT_MAIL_HEADER_BYTES - MIN(used_bytes, LIMIT_MAIL_HEADER_BYTES));
	g_ptr_array_add(list, letter_mailbox_new(cut, address));
}

gboolean
letter_has_sender(const Letter *letter)
{
	return address_is_deliverable(letter->envelope_sender) || (letter->is_automatic && *letter->envelope_sender == '\0');
}

/* --- Addresses beyond ASCII ---------------------------------------------------------------------------------------------- */

gboolean
letter_is_international(const Letter *letter)
{
	for (guint i = 0; i < letter->recipients->len; i++)
		if (!g_str_is_ascii(((const LetterRecipient *)letter->recipients->pdata[i])->address))
			return TRUE;
	return FALSE;
}

void
letter_keep_recipients(Letter *letter, gboolean is_international)
{
	for (guint i = letter->recipients->len; i > 0; i--) {
		const LetterRecipient *recipient = letter->recipients->pdata[i - 1];
		if (g_str_is_ascii(recipient->address) == is_international)
			g_ptr_array_remove_index(letter->recipients, i - 1);
	}
}

/* --- Senders and recipients -------------------------------------------------------------------------------------------- */

static gboolean
fill_senders(Letter *letter, const LetterSource *source, GError **error)
{
	g_autoptr(GError) problem = NULL;

	letter->from = letter_sender(source, &problem);
	if (letter->from == NULL || !address_is_deliverable(letter->from->address)) {
		g_set_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE,
		    "the mail's sender is no usable address (%s); write `sender = Name <address of this site>` or leave it empty "
		    "to use the site's from",
		    problem == NULL ? "not deliverable" : problem->message);
		return FALSE;
	}
	letter->envelope_sender = g_strdup(source->form->site->bounce_address);
	if (!address_is_deliverable(letter->envelope_sender)) {
		g_set_error_literal(
		    error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the site's bounce_address is not a deliverable address");
		return FALSE;
	}
	return TRUE;
}

static gboolean
has_allowed(const GPtrArray *planned, MailKind kind)
{
	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		if (recipient->kind == kind && recipient->refusal == NULL)
			return TRUE;
	}
	return FALSE;
}

static void
fill_recipients(Letter *letter, MailKind kind, const GPtrArray *planned)
{
	gboolean is_mailed = has_allowed(planned, kind);

	for (guint i = 0; i < planned->len; i++) {
		const PlannedRecipient *recipient = planned->pdata[i];
		gboolean is_copied = kind == MAIL_COPY && recipient->kind == MAIL_NOTICE && recipient->refusal == NULL;
		if (!is_copied && (recipient->kind != kind || (is_mailed && recipient->refusal != NULL)))
			continue;
		if (g_str_equal(recipient->header, "To"))
			letter_add_mailbox(letter->to, recipient->name, recipient->address);
		else if (g_str_equal(recipient->header, "Cc"))
			letter_add_mailbox(letter->cc, recipient->name, recipient->address);
	}
}

/* --- The letter -------------------------------------------------------------------------------------------------------- */

/* A notice of what was not checked says so before anything else. */
static char *
subject_text(const LetterSource *source, MailKind kind)
{
	const gboolean is_marked = kind == MAIL_NOTICE && source->submission->is_unchecked;
	const char *mark = is_marked ? text_for(source->form->source->locale, "unchecked.subject") : "";
	g_autofree char *replaced = letter_render(source, source->submission, source->mail->subject);
	g_autofree char *glued = text_without_line_breaks(replaced);
	g_autofree char *stripped = text_strip(glued);
	g_autofree char *marked = g_strconcat(mark, stripped, NULL);

	return text_truncate(marked, LIMIT_MAIL_HEADER_BYTES);
}

void
letter_set_date(Letter *letter, const SiteFacts *site, gint64 date_us)
{
	gint interval = g_time_zone_find_interval(site->timezone, G_TIME_TYPE_UNIVERSAL, date_us / G_USEC_PER_SEC);

	letter->date_us = date_us;
	letter->date_offset_s = g_time_zone_get_offset(site->timezone, interval);
}

gboolean
letter_identify(Letter *letter, const SiteFacts *site, const LetterIdentity *identity, GError **error)
{
	/* The receipt comes from a row: it must not carry a stranger's words. */
	if (!vault_is_receipt(identity->receipt)) {
		g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the submission's receipt is not one of ours");
		return FALSE;
	}
	/* The site's name and not the domain of From:, because a mail whose outcome is unknown keeps its id whatever is configured meanwhile. */
	g_autoptr(GString) part = g_string_new(identity->recipient == NULL ? NULL : ".");
	/* A word of the hash; what comes before it names the key. */
	if (identity->recipient != NULL)
		text_append_hex(part, identity->recipient->bytes + VAULT_HASH_BYTES - RECIPIENT_WORD_BYTES, RECIPIENT_WORD_BYTES);
	letter->message_id = g_strdup_printf(
	    "%s.%s.%u%s@%s", identity->receipt, mail_kind_name(identity->kind), identity->generation, part->str, site->name);
	letter->is_automatic = identity->kind != MAIL_NOTICE && identity->kind != MAIL_HELD;
	letter_set_date(letter, site, identity->date_us);
	return TRUE;
}

/* The texts, whose facts name what is missing. */
static void
fill_texts(Letter *letter, const LetterSource *source, MailKind kind)
{
	LetterType type = letter_content_type(source, &letter->charset);
	LetterBodySource body = {
	    .form = source->form,
	    .submission = source->submission,
	    .mail = source->mail,
	    .subject = letter->subject,
	    .missing = letter->missing,
	    .outlook = letter->outlook,
	    .review = letter->review,
	    .format = source->mail->is_html      ? LETTER_BODY_HTML
		      : type == LETTER_TYPE_HTML ? LETTER_BODY_TYPED_HTML
						 : LETTER_BODY_TEXT,
	    .has_facts = kind == MAIL_NOTICE && source->form->site->is_facts_on,
	};

	g_free(letter->text);
	g_free(letter->html);
	letter->text = letter_body_text(&body);
	/* The last word about the type is the header's: an HTML mail that it calls text/plain is its plain text alone. */
	letter->html = type == LETTER_TYPE_PLAIN ? NULL : letter_body_html(&body);
}

static LetterSource
source_of(const Form *form, const Submission *submission, MailKind kind)
{
	return (LetterSource){.form = form, .submission = submission, .mail = &form->source->mail[kind == MAIL_REPLY ? 1 : 0]};
}

Letter *
letter_new(
    const Form *form, const Submission *submission, MailKind kind, guint generation, const GPtrArray *planned, GError **error)
{
	LetterSource source = source_of(form, submission, kind);
	const LetterIdentity identity = {.receipt = submission->receipt,
	    .kind = kind,
	    .generation = generation,
	    .date_us = submission->client->received_at_us};
	g_autoptr(Letter) letter = letter_empty();

	if (!fill_senders(letter, &source, error) || !letter_identify(letter, form->site, &identity, error))
		return NULL;
	fill_recipients(letter, kind, planned);
	letter_fill_headers(letter, &source);
	letter->subject = subject_text(&source, kind);
	fill_texts(letter, &source, kind);
	letter->is_canary = *submission->client->canary != '\0';
	return g_steal_pointer(&letter);
}

void
letter_tell_outlook(Letter *letter, const Form *form, const Submission *submission, const char *outlook)
{
	LetterSource source = source_of(form, submission, MAIL_NOTICE);

	if (*outlook == '\0' && letter->review == NULL)
		return;
	text_set(&letter->outlook, outlook);
	fill_texts(letter, &source, MAIL_NOTICE);
}

void
letter_attach(Letter *letter, const Form *form, const Submission *submission, MailKind kind, const char *data_directory)
{
	LetterSource source = source_of(form, submission, kind);

	attachments_read(letter, &source, data_directory);
	if (letter->missing->len > 0)
		fill_texts(letter, &source, kind);
}
