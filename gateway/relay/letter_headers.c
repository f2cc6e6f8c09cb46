/*
 * What a letter's header takes from a template (contract 6.6, 13.5 M12-M18).
 *
 * By construction no header can be injected. A line of the template is split into name and value before any mail-tag is replaced; the value
 * is then cut at its first CR or LF; and what is left never becomes header text by itself: addresses are parsed, a display name and a free
 * value are encoded by the MIME composer, a content type only chooses from our own table. No state, no I/O.
 */
#include <string.h>

#include "letter_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"

/* Headers that the letter or the MIME composer writes itself; a template's line of that name is not copied (contract 6.6). form_new
 * refuses most of them, but what reaches a mail server must not depend on that. A name ending in "-" stands for all that begin so. */
static const char *const OWN_HEADERS[] = {"Arc-", "Authentication-Results", "Auto-Submitted", "Bcc", "Cc", "Content-", "Date",
    "Delivered-To", "DKIM-Signature", "From", "Message-Id", "MIME-Version", "Received", "Received-Spf", "Reply-To", "Resent-",
    "Return-Path", "Sender", "Subject", "To", "X-Mailer"};

/* Charsets that a template may ask for. In all of them CR, LF and NUL are these bytes and no others, and iconv knows them. */
static const char *const CHARSETS[] = {
    "utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "iso-8859-1", "iso-8859-15", "windows-1252"};

char *
letter_render(const LetterSource *source, const Submission *submission, const char *text)
{
	MailTagContext context = {.form = source->form, .submission = submission, .mode = MAILTAG_LINE};

	return mailtag_replace(text, &context);
}

/* --- Lines of the template ------------------------------------------------------------------------------------------- */

/* Called with the name and the value as they stand in the template, stripped. */
typedef void (*HeaderTaker)(const LetterSource *source, const char *name, const char *value, gpointer user_data);

/* Lines without a colon are no headers. */
static void
each_header(const LetterSource *source, HeaderTaker take, gpointer user_data)
{
	g_autofree char *text = text_with_lf(source->mail->additional_headers);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *name = NULL;
		g_autofree char *value = NULL;
		if (text_split_header(*line, &name, &value))
			take(source, name, value, user_data);
	}
}

typedef struct {
	const char *name;
	char *value; /* NULL if there is no such line */
} LastHeader;

static void
take_last(const LetterSource *source, const char *name, const char *value, gpointer user_data)
{
	LastHeader *last = user_data;

	(void)source;
	if (g_ascii_strcasecmp(name, last->name) != 0)
		return;
	g_free(last->value);
	last->value = g_strdup(value);
}

/* The value of the last line of that name, or NULL: the last one wins. The caller's. */
static char *
last_header(const LetterSource *source, const char *name)
{
	LastHeader last = {.name = name};

	each_header(source, take_last, &last);
	return last.value;
}

/* --- Senders ----------------------------------------------------------------------------------------------------------- */

/* A display name as a header takes it (contract 13.5 M12). The caller's. */
static char *
display_name(const LetterSource *source, const char *text)
{
	g_autofree char *replaced = letter_render(source, source->submission, text);

	return mailbox_clean_name(replaced);
}

/* The template's sender: its last From: line, else the sender setting, else the site's, which stands for the made-up address of contract 7.2 that no
 * account may send for. The caller's. */
static char *
sender_text(const LetterSource *source)
{
	g_autofree char *line = last_header(source, "From");
	g_autofree char *sender = line != NULL ? g_steal_pointer(&line) : text_strip(source->mail->sender);

	return *sender != '\0' ? g_steal_pointer(&sender) : g_strdup(source->form->site->from);
}

/* A sender without a name has the site's title for one: WordPress would write its own. */
Mailbox *
letter_sender(const LetterSource *source, GError **error)
{
	g_autofree char *sender = sender_text(source);
	const char *bracket = strrchr(sender, '<');
	g_autofree char *name_text = bracket == NULL ? g_strdup("") : g_strndup(sender, (gsize)(bracket - sender));
	g_autofree char *address_text = letter_render(source, NULL, bracket == NULL ? sender : bracket);

	Mailbox *mailbox = mailbox_parse(address_text, error);
	if (mailbox == NULL)
		return NULL;
	g_free(mailbox->name);
	mailbox->name = display_name(source, name_text);
	if (*mailbox->name == '\0') {
		g_free(mailbox->name);
		mailbox->name = mailbox_clean_name(source->form->site->title);
	}
	return mailbox;
}

/* --- Reply-To ------------------------------------------------------------------------------------------------------------ */

static gboolean
has_address(const GPtrArray *list, const char *address)
{
	g_autofree char *canonical = address_canonical(address);

	for (guint i = 0; i < list->len; i++) {
		g_autofree char *other = address_canonical(((const Mailbox *)list->pdata[i])->address);
		if (g_str_equal(canonical, other))
			return TRUE;
	}
	return FALSE;
}

/* Each address once. */
static void
add_new(GPtrArray *list, const char *name, const char *address)
{
	if (list->len < LIMIT_RECIPIENTS && !has_address(list, address))
		letter_add_mailbox(list, name, address);
}

static void
add_mailboxes(GPtrArray *list, GPtrArray *mailboxes)
{
	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		add_new(list, mailbox->name, mailbox->address);
	}
}

/*
 * Reply-To: of a template line, where fields are allowed. `[name] <[address]>` keeps its two halves apart, so that a comma in a
 * visitor's name does not cut it (contract 12.x: addresses are read as RFC 5322 lists); any other form is replaced and read as a list. FALSE if a
 * line break was met, which ends the whole header (contract 6.6).
 */
static gboolean
add_reply_to(Letter *letter, const LetterSource *source, const char *entry)
{
	g_autofree char *replaced = letter_render(source, source->submission, entry);
	g_autofree char *line = text_first_line(replaced);
	const char *bracket = strrchr(entry, '<');
	gboolean is_whole = strlen(line) == strlen(replaced);

	if (bracket == NULL || !is_whole) {
		g_autoptr(GPtrArray) mailboxes = mailbox_parse_reply_list(line);
		add_mailboxes(letter->reply_to, mailboxes);
		return is_whole;
	}
	g_autofree char *name_text = g_strndup(entry, (gsize)(bracket - entry));
	g_autofree char *address_text = letter_render(source, source->submission, bracket);
	g_autoptr(Mailbox) mailbox = mailbox_parse_reply(address_text, NULL);
	if (mailbox != NULL) {
		g_autofree char *name = display_name(source, name_text);
		add_new(letter->reply_to, name, mailbox->address);
	}
	return TRUE;
}

static void
add_reply_to_list(Letter *letter, const LetterSource *source, const char *list)
{
	g_autoptr(GPtrArray) entries = replies_split_entries(list);

	for (guint i = 0; i < entries->len && i < LIMIT_RECIPIENTS; i++)
		if (!add_reply_to(letter, source, entries->pdata[i]))
			return;
}

/* --- Further headers ----------------------------------------------------------------------------------------------------- */

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

/* RFC 5322 3.6.8: printable ASCII without colon. Half a line is left for the value's first word. */
gboolean
letter_is_further_header(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if (*at < 33 || *at > 126 || *at == ':')
			return FALSE;
	return *name != '\0' && strlen(name) <= LIMIT_MAIL_LINE_BYTES / 2 && !is_own_header(name);
}

/* A further header: the last of a name wins (contract 6.6), and an empty one is one, too. */
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
	if (letter->headers->len < LIMIT_MAIL_HEADERS)
		g_ptr_array_add(letter->headers, g_strdup_printf("%s: %s", name, cut));
}

static void
take_header(const LetterSource *source, const char *name, const char *value, gpointer user_data)
{
	Letter *letter = user_data;

	if (g_ascii_strcasecmp(name, "Reply-To") == 0) {
		add_reply_to_list(letter, source, value);
		return;
	}
	/* Whatever a visitor types: what a name becomes is a further header or none, never one of ours. */
	g_autofree char *replaced_name = letter_render(source, source->submission, name);
	if (letter_is_further_header(replaced_name)) {
		g_autofree char *replaced = letter_render(source, source->submission, value);
		set_header(letter, replaced_name, replaced);
	}
}

void
letter_fill_headers(Letter *letter, const LetterSource *source)
{
	each_header(source, take_header, letter);
}

/* --- Content type ---------------------------------------------------------------------------------------------------------- */

const char *
letter_charset(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(CHARSETS); i++)
		if (g_ascii_strcasecmp(name, CHARSETS[i]) == 0)
			return CHARSETS[i];
	return NULL;
}

/* The charset that parameters (RFC 2045 5.1) name, or NULL. */
static const char *
charset_of(char **parameters)
{
	const char *charset = NULL;

	for (; *parameters != NULL; parameters++) {
		char *parameter = g_strstrip(*parameters);
		if (g_ascii_strncasecmp(parameter, "charset=", strlen("charset=")) != 0)
			continue;
		g_autofree char *name = g_strstrip(g_strdelimit(g_strdup(parameter + strlen("charset=")), "\"'", ' '));
		charset = letter_charset(name);
	}
	return charset;
}

LetterType
letter_content_type(const LetterSource *source, const char **charset)
{
	g_autofree char *value = last_header(source, "Content-Type");

	if (value == NULL)
		return LETTER_TYPE_UNSAID;
	g_autofree char *replaced = letter_render(source, source->submission, value);
	g_autofree char *line = text_first_line(replaced);
	g_auto(GStrv) parts = g_strsplit(line, ";", -1);
	if (parts[0] == NULL)
		return LETTER_TYPE_UNSAID;
	const char *asked = charset_of(parts + 1);
	if (asked != NULL)
		*charset = asked;
	if (g_ascii_strcasecmp(g_strstrip(parts[0]), "text/html") == 0)
		return LETTER_TYPE_HTML;
	return g_ascii_strcasecmp(parts[0], "text/plain") == 0 ? LETTER_TYPE_PLAIN : LETTER_TYPE_UNSAID;
}
