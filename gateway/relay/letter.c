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

#include "letter_body.h"
#include "letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"

/* What the letter is made of. */
typedef struct {
	const Form *form;
	const Submission *submission;
	const MailTemplate *mail;
} Source;

/* Headers that the letter or the MIME composer writes itself; a template's line of that name is not copied (contract 6.6). form_new
 * refuses most of them, but what reaches a mail server must not depend on that. A name ending in "-" stands for all that begin so. */
static const char *const OWN_HEADERS[] = {"Arc-", "Authentication-Results", "Auto-Submitted", "Bcc", "Cc", "Content-", "Date",
    "Delivered-To", "DKIM-Signature", "From", "Message-Id", "MIME-Version", "Received", "Received-Spf", "Reply-To", "Resent-",
    "Return-Path", "Sender", "Subject", "To", "X-Mailer"};

static void
letter_recipient_free(LetterRecipient *recipient)
{
	g_free(recipient->address);
	g_free(recipient);
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

/* With `submission` NULL only what site and form say is replaced. */
static char *
render(const Source *source, const Submission *submission, const char *text)
{
	MailTagContext context = {.form = source->form, .submission = submission, .mode = MAILTAG_LINE};

	return mailtag_replace(text, &context);
}

/* --- Senders ------------------------------------------------------------------------------------------------------- */

/* A display name as a header takes it: its first line, without the quotes around or in it (contract 13.5 M12). */
static char *
display_name(const Source *source, const char *text)
{
	g_autofree char *replaced = render(source, source->submission, text);
	g_autofree char *line = text_first_line(replaced);
	g_auto(GStrv) parts = g_strsplit(line, "\"", -1);
	g_autofree char *unquoted = g_strjoinv("", parts);
	g_autofree char *stripped = text_strip(unquoted);

	return text_truncate(stripped, LIMIT_MAIL_HEADER_BYTES);
}

/* The template's sender: its last From: line, else the sender setting, else the site's (contract 6.6). The caller's. */
static char *
sender_text(const Source *source)
{
	g_autofree char *text = text_with_lf(source->mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *sender = text_strip(source->mail->sender);

	for (char **line = lines; *line != NULL; line++) {
		if (g_ascii_strncasecmp(*line, "From:", 5) != 0)
			continue;
		g_free(sender);
		sender = text_strip(*line + 5);
	}
	return *sender != '\0' ? g_steal_pointer(&sender) : g_strdup(source->form->site->from);
}

static Mailbox *
sender_mailbox(const Source *source, GError **error)
{
	g_autofree char *sender = sender_text(source);
	const char *bracket = strrchr(sender, '<');
	g_autofree char *name_text = bracket == NULL ? g_strdup("") : g_strndup(sender, (gsize)(bracket - sender));
	g_autofree char *address_text = render(source, NULL, bracket == NULL ? sender : bracket);

	Mailbox *mailbox = mailbox_parse(address_text, error);
	if (mailbox == NULL)
		return NULL;
	g_free(mailbox->name);
	mailbox->name = display_name(source, name_text);
	return mailbox;
}

static gboolean
fill_senders(Letter *letter, const Source *source, GError **error)
{
	g_autoptr(GError) problem = NULL;

	letter->from = sender_mailbox(source, &problem);
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

/* --- Recipients and headers ------------------------------------------------------------------------------------------ */

Mailbox *
letter_mailbox_new(const char *name, const char *address)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);

	mailbox->name = g_strdup(name);
	mailbox->address = g_strdup(address);
	return mailbox;
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
		if (recipient->kind != kind || (is_mailed && recipient->refusal != NULL))
			continue;
		if (g_str_equal(recipient->header, "To"))
			g_ptr_array_add(letter->to, letter_mailbox_new(recipient->name, recipient->address));
		else if (g_str_equal(recipient->header, "Cc"))
			g_ptr_array_add(letter->cc, letter_mailbox_new(recipient->name, recipient->address));
	}
}

static void
add_mailboxes(GPtrArray *list, GPtrArray *mailboxes)
{
	for (guint i = 0; i < mailboxes->len && list->len < LIMIT_RECIPIENTS; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		g_autofree char *name = text_truncate(mailbox->name, LIMIT_MAIL_HEADER_BYTES);
		if (address_is_deliverable(mailbox->address))
			g_ptr_array_add(list, letter_mailbox_new(name, mailbox->address));
	}
}

/*
 * Reply-To: of a template line, where fields are allowed. `[name] <[address]>` keeps its two halves apart, so that a comma in a
 * visitor's name does not cut it (contract 12.x: addresses are read as RFC 5322 lists); any other form is replaced and read as a list. FALSE if a
 * line break was met, which ends the whole header (contract 6.6).
 */
static gboolean
add_reply_to(Letter *letter, const Source *source, const char *entry)
{
	g_autofree char *replaced = render(source, source->submission, entry);
	g_autofree char *line = text_first_line(replaced);
	const char *bracket = strrchr(entry, '<');
	gboolean is_whole = strlen(line) == strlen(replaced);

	if (bracket == NULL || !is_whole) {
		g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(line, NULL);
		add_mailboxes(letter->reply_to, mailboxes);
		return is_whole;
	}
	g_autofree char *name_text = g_strndup(entry, (gsize)(bracket - entry));
	g_autofree char *address_text = render(source, source->submission, bracket);
	g_autoptr(Mailbox) mailbox = mailbox_parse(address_text, NULL);
	if (mailbox != NULL && address_is_deliverable(mailbox->address) && letter->reply_to->len < LIMIT_RECIPIENTS) {
		g_autofree char *name = display_name(source, name_text);
		g_ptr_array_add(letter->reply_to, letter_mailbox_new(name, mailbox->address));
	}
	return TRUE;
}

static void
add_reply_to_list(Letter *letter, const Source *source, const char *list)
{
	g_autoptr(GPtrArray) entries = replies_split_entries(list);

	for (guint i = 0; i < entries->len && i < LIMIT_RECIPIENTS; i++)
		if (!add_reply_to(letter, source, entries->pdata[i]))
			return;
}

static gboolean
is_own_header(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(OWN_HEADERS); i++) {
		gsize size = strlen(OWN_HEADERS[i]);
		gboolean is_prefix = OWN_HEADERS[i][size - 1] == '-';
		if (g_ascii_strncasecmp(name, OWN_HEADERS[i], size) == 0 && (is_prefix || name[size] == '\0'))
			return TRUE;
	}
	return FALSE;
}

/* RFC 5322 3.6.8: printable ASCII without colon. */
gboolean
letter_is_further_header(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if (*at < 33 || *at > 126 || *at == ':')
			return FALSE;
	return *name != '\0' && !is_own_header(name);
}

/* A further header: the last of a name wins (contract 6.6). */
static void
set_header(Letter *letter, const char *name, const char *value)
{
	g_autofree char *line = text_first_line(value);
	g_autofree char *stripped = text_strip(line);
	g_autofree char *cut = text_truncate(stripped, LIMIT_MAIL_HEADER_BYTES);
	gsize size = strlen(name);

	for (guint i = 0; i < letter->headers->len; i++) {
		const char *header = letter->headers->pdata[i];
		if (g_ascii_strncasecmp(header, name, size) == 0 && header[size] == ':')
			g_ptr_array_remove_index(letter->headers, i--);
	}
	if (*cut != '\0' && letter->headers->len < LIMIT_MAIL_HEADERS)
		g_ptr_array_add(letter->headers, g_strdup_printf("%s: %s", name, cut));
}

static void
fill_headers(Letter *letter, const Source *source)
{
	g_autofree char *text = text_with_lf(source->mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *colon = strchr(*line, ':');
		if (colon == NULL)
			continue;
		g_autofree char *name = g_strstrip(g_strndup(*line, (gsize)(colon - *line)));
		if (g_ascii_strcasecmp(name, "Reply-To") == 0) {
			add_reply_to_list(letter, source, colon + 1);
		} else if (letter_is_further_header(name)) {
			g_autofree char *value = render(source, source->submission, colon + 1);
			set_header(letter, name, value);
		}
	}
}

/* --- The letter -------------------------------------------------------------------------------------------------------- */

static char *
subject_text(const Source *source)
{
	g_autofree char *replaced = render(source, source->submission, source->mail->subject);
	g_autofree char *glued = text_without_line_breaks(replaced);
	g_autofree char *stripped = text_strip(glued);

	return text_truncate(stripped, LIMIT_MAIL_HEADER_BYTES);
}

static gboolean
fill_identity(Letter *letter, const Source *source, MailKind kind, guint generation, GError **error)
{
	const Submission *submission = source->submission;

	/* The receipt comes from a row. */
	for (const char *at = submission->receipt; *at != '\0'; at++) {
		if (!g_ascii_isalnum(*at)) {
			g_set_error_literal(
			    error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the submission's receipt is not one of ours");
			return FALSE;
		}
	}
	/* The site's name and not the domain of From:, because a mail whose outcome is unknown keeps its id whatever is configured meanwhile. */
	letter->message_id =
	    g_strdup_printf("%s.%s.%u@%s", submission->receipt, mail_kind_name(kind), generation, submission->site);
	letter->date_us = submission->client->received_at_us;
	gint interval =
	    g_time_zone_find_interval(source->form->site->timezone, G_TIME_TYPE_UNIVERSAL, letter->date_us / G_USEC_PER_SEC);
	letter->date_offset_s = g_time_zone_get_offset(source->form->site->timezone, interval);
	return TRUE;
}

Letter *
letter_new(
    const Form *form, const Submission *submission, MailKind kind, guint generation, const GPtrArray *planned, GError **error)
{
	Source source = {
	    .form = form,
	    .submission = submission,
	    .mail = &form->source->mail[kind == MAIL_NOTICE ? 0 : 1],
	};
	g_autoptr(Letter) letter = letter_empty();

	if (!fill_senders(letter, &source, error) || !fill_identity(letter, &source, kind, generation, error))
		return NULL;
	fill_recipients(letter, kind, planned);
	fill_headers(letter, &source);
	letter->subject = subject_text(&source);
	LetterBodySource body = {
	    .form = form,
	    .submission = submission,
	    .mail = source.mail,
	    .subject = letter->subject,
	    .has_facts = kind == MAIL_NOTICE && form->site->is_facts_on,
	};
	letter->text = letter_body_text(&body);
	letter->html = letter_body_html(&body);
	return g_steal_pointer(&letter);
}
