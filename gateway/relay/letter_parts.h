/*
 * What the files that make a letter share: letter.c, letter_headers.c, attachments.c, confirmation.c, held_note.c,
 * letter_variant.c.
 */
#pragma once

#include "sekisho/relay/letter.h"

/* What a letter is made of. */
typedef struct {
	const Form *form;
	const Submission *submission;
	const MailTemplate *mail;
} LetterSource;

/* --- letter.c ------------------------------------------------------------------------------------------------------------ */

/* A letter whose lists are empty and whose strings are NULL, in UTF-8. */
Letter *letter_empty(void);
/* The content is referenced. */
LetterImage *letter_image_new(const char *id, const char *type, GBytes *content);
Mailbox *letter_mailbox_new(const char *name, const char *address);
/* Adds a mailbox to one of the header's lists; its name is cut where all names of the list have LIMIT_MAIL_HEADER_BYTES together. */
void letter_add_mailbox(GPtrArray *list, const char *name, const char *address);
/* TRUE if its envelope sender may stand in MAIL FROM. */
gboolean letter_has_sender(const Letter *letter);

typedef struct {
	const char *receipt;
	MailKind kind;
	guint generation;
	/* Of a confirmation, whose link differs for each address: mailboxes drop a second mail with one Message-ID. Else NULL. */
	const VaultHash *recipient;
	gint64 date_us;
} LetterIdentity;
/* Date, in the site's zone. */
void letter_set_date(Letter *letter, const SiteFacts *site, gint64 date_us);
/* Message-ID, Date, is_automatic. RELAY_ERROR_MESSAGE for a receipt that is none of ours. */
gboolean letter_identify(Letter *letter, const SiteFacts *site, const LetterIdentity *identity, GError **error);

/* --- confirmation.c ------------------------------------------------------------------------------------------------------ */

/* From: and envelope sender of a letter of our own: the site's, with its title for a name. RELAY_ERROR_MESSAGE. */
gboolean letter_fill_site_senders(Letter *letter, const SiteFacts *site, GError **error);
/* As [_date] and [_time] write it, and with the zone, because the reader may live in another one. The caller's. */
char *letter_written_time(const Form *form, gint64 time_us);

/* --- letter_headers.c -------------------------------------------------------------------------------------------------------- */

/* `text` of a header, its mail-tags replaced; with `submission` NULL only what site and form say. CR and LF stay. The caller's. */
char *letter_render(const LetterSource *source, const Submission *submission, const char *text);
/* Who stands in From:. Its address is the configured one whatever a visitor types. */
Mailbox *letter_sender(const LetterSource *source, GError **error);
/* Reply-To: and the further headers. */
void letter_fill_headers(Letter *letter, const LetterSource *source);
typedef enum {
	LETTER_TYPE_UNSAID, /* no such line, or another type, which counts for nothing */
	LETTER_TYPE_PLAIN,
	LETTER_TYPE_HTML,
} LetterType;
/* What the template's last Content-Type line chooses (contract 6.6); `charset` changes if the line names one that
 * letter_charset knows. Everything else in it counts for nothing. */
LetterType letter_content_type(const LetterSource *source, const char **charset);
/* Our name of a charset that a text may be written in, in any case of letters; NULL for others. Static. */
const char *letter_charset(const char *name);
/* TRUE for a header name that a template may add: printable ASCII (RFC 5322 3.6.8) and none that we write ourselves. */
gboolean letter_is_further_header(const char *name);
