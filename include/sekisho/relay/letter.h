/*
 * A letter: one mail with everything decided (who, from whom, texts, Message-ID), nothing encoded. Made in the courier
 * from form, submission and outbox item when it is sent, not when it was stored; turned into bytes by relay/compose.h in the session.
 *
 * From: is always the configured address of ours, and so is the envelope sender (or the configured bounce address); the
 * visitor stands in Reply-To: only. No header value holds CR, LF or NUL.
 *
 * An automatic letter (MAIL_REPLY, MAIL_COPY, MAIL_CONFIRMATION) answers somebody whom the operator need not know: it is `Auto-Submitted: auto-replied` (RFC 3834
 * section 5), and its envelope sender may be empty. Notices, and notes about what is held, are auto-generated.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/replies.h"

typedef struct {
	gint64 delivery_id;    /* 0 for a preview */
	char *address;
} LetterRecipient;

typedef struct {
	char *name;     /* one line of UTF-8 without controls, "/" and "\\", at most 255 bytes */
	char *type;     /* "application/pdf" */
	GBytes *content;
} LetterAttachment;

/* An image that the HTML body shows as "cid:ID" (RFC 2387, 2392). */
typedef struct {
	char *id;       /* letters, digits, "-", "." and "@" */
	char *type;     /* "image/png" */
	GBytes *content;
} LetterImage;

/* A file that the template names and that this letter does not have. */
typedef struct {
	char *name;         /* as it would have been called, or the path in the template; one line */
	const char *reason; /* "too_large" (the mail would be), "missing", "damaged", "unreadable"; static */
} MissingAttachment;

typedef struct {
	char *message_id;      /* without angle brackets: f(receipt, kind, generation)@site, of a confirmation its delivery too, whatever is configured meanwhile */
	gint64 date_us;        /* when the submission was received */
	gint32 date_offset_s;  /* the site's zone at that moment, seconds east of UTC */
	char *envelope_sender; /* "": the null reverse path, of an automatic letter only (RFC 5321 4.5.5) */
	gboolean is_automatic;
	Mailbox *from;
	GPtrArray *to;         /* Mailbox *, for the header; likewise cc, reply_to. Bcc stands in no header. */
	GPtrArray *cc;
	GPtrArray *reply_to;
	char *subject;
	char *text;            /* text body, LF; NULL if the mail is HTML only */
	char *html;            /* HTML body, LF; NULL if there is none */
	const char *charset;   /* to write both in, where all their characters fit; static */
	GPtrArray *headers;    /* char *: further `Name: value`, allowed names only */
	GPtrArray *recipients; /* LetterRecipient *: envelope recipients of this session */
	GPtrArray *attachments; /* LetterAttachment * */
	GPtrArray *images;     /* LetterImage *, of an HTML body */
	GPtrArray *missing;    /* MissingAttachment *; does not go to the session */
	char *outlook;         /* of a notice: what becomes of the visitor's mails, lines of its facts; NULL: nothing is told. Does not go to the session */
	char *review;          /* of a notice: the last lines of its facts, each ended by LF, with the link to its review page; NULL: none. Does not go to the session */
	gboolean is_canary;    /* waits for no ceiling of the owner's mailbox; does not go to the session */
} Letter;
void letter_free(Letter *letter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Letter, letter_free)

/*
 * The letter of `kind`, which is NOTICE, REPLY or COPY; `recipients` of the result is empty, the courier adds those that are due. To: and Cc: show the planned recipients
 * (PlannedRecipient *) of this kind that may be mailed, or, where none may (a preview), the refused ones; a MAIL_COPY shows those of the notice too, whose copy it is,
 * and a notice shows no typed address. RELAY_ERROR_MESSAGE if it cannot be made, with what to mend in the template.
 *
 * A notice of one that is_unchecked has a mark before its subject, and its facts say what that means; those of one that is_released say so.
 *
 * Text from outside: a header takes of it what stands before the first CR or LF (the subject: all of it without CR and LF, contract 6.1), at
 * most LIMIT_MAIL_HEADER_BYTES; a visitor's address in Reply-To: only if address_is_reply. Texts end lines with LF.
 *
 * The last `Content-Type:` line of the template (contract 6.6) makes text/plain of an HTML mail, which is then its plain text alone; it makes text/html of a text mail, whose body is then sent as it is and alone, and chooses a charset:
 * utf-8, iso-2022-jp, shift_jis, euc-jp, iso-8859-1, iso-8859-15, windows-1252. The texts are really written in it; one with a character that does
 * not fit goes out in UTF-8 instead. The header is always UTF-8 (RFC 2047). Other types and charsets count for nothing.
 */
Letter *letter_new(const Form *form, const Submission *submission, MailKind kind, guint generation, const GPtrArray *planned, GError **error);
/* Adds such lines, each ended by LF, to the facts of a notice; and those of letter->review, if that was set before. */
void letter_tell_outlook(Letter *letter, const Form *form, const Submission *submission, const char *outlook);
/*
 * Attaches what the template names (contract 6.8): uploads from the spool of `data_directory`, files of the site from its attachments folder. What cannot be had is in
 * letter->missing, and the facts of a notice name it. Once per letter; a preview does without. The letter holds the contents, up to LIMIT_ATTACHMENTS_BYTES.
 */
void letter_attach(Letter *letter, const Form *form, const Submission *submission, MailKind kind, const char *data_directory);
/*
 * The mail that asks `address`, and nobody else, whether what waits for it may be sent: a fixed text of ours in the form's language with the operator's name of the
 * site and one link. What a visitor typed is in none of it but the address; the display name is empty, there is no
 * Reply-To:. `link` is ASCII. RELAY_ERROR_MESSAGE if the site's from or the receipt cannot be used.
 */
typedef struct {
	const Form *form;
	const char *receipt;
	guint generation;
	const VaultHash *recipient; /* of `address`: tells it from another confirmation of the submission */
	const char *address;
	const char *link;
	gint64 made_at_us;     /* Date: */
	gint64 until_us;       /* how long the link works, as the text says */
} ConfirmationRequest;
Letter *confirmation_letter(const ConfirmationRequest *request, GError **error);

/* Adds an envelope recipient. */
void letter_add_recipient(Letter *letter, gint64 delivery_id, const char *address);

/* TRUE if it goes to an address beyond ASCII (address_is_mailable): it may be sent with SMTPUTF8 only (RFC 6531 3.4). One that is not shows no such address and is all ASCII. */
gboolean letter_is_international(const Letter *letter);
/* Keeps only those envelope recipients that need SMTPUTF8, or only the others. */
void letter_keep_recipients(Letter *letter, gboolean is_international);

/* For the socket between courier and session, and back (treated as input: RELAY_ERROR_MESSAGE if it breaks what is said above).
 * The variant is floating. */
GVariant *letter_to_variant(const Letter *letter);
Letter *letter_from_variant(GVariant *variant, GError **error);
