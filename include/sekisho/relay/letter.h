/*
 * A letter: one mail with everything decided (who, from whom, texts, Message-ID), nothing encoded. Made in the courier
 * from form, submission and outbox item when it is sent, not when it was stored; turned into bytes by relay/compose.h in the session.
 *
 * From: is always the configured address of ours, and so is the envelope sender (or the configured bounce address); the
 * visitor stands in Reply-To: only. No header value holds CR, LF or NUL.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"
#include "sekisho/policy/replies.h"

typedef struct {
	gint64 delivery_id;    /* 0 for a preview */
	char *address;
} LetterRecipient;

typedef struct {
	char *message_id;      /* without angle brackets: f(receipt, kind, generation)@site, whatever is configured meanwhile */
	gint64 date_us;        /* when the submission was received */
	gint32 date_offset_s;  /* the site's zone at that moment, seconds east of UTC */
	char *envelope_sender;
	Mailbox *from;
	GPtrArray *to;         /* Mailbox *, for the header; likewise cc, reply_to. Bcc stands in no header. */
	GPtrArray *cc;
	GPtrArray *reply_to;
	char *subject;
	char *text;            /* text body, LF; NULL if the mail is HTML only */
	char *html;            /* HTML body, LF; NULL if there is none */
	GPtrArray *headers;    /* char *: further `Name: value`, allowed names only */
	GPtrArray *recipients; /* LetterRecipient *: envelope recipients of this session */
} Letter;
void letter_free(Letter *letter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Letter, letter_free)

/*
 * The letter of `kind`; `recipients` of the result is empty, the courier adds those that are due. To: and Cc: show the planned recipients
 * (PlannedRecipient *) of this kind that may be mailed, or, where none may (a preview), the refused ones. RELAY_ERROR_MESSAGE if it
 * cannot be made, with what to mend in the template.
 *
 * Text from outside: a header takes of it what stands before the first CR or LF (the subject: all of it without CR and LF, contract 6.1), at
 * most LIMIT_MAIL_HEADER_BYTES; a visitor's address in Reply-To: only if address_is_deliverable. Texts end lines with LF.
 */
Letter *letter_new(const Form *form, const Submission *submission, MailKind kind, guint generation, const GPtrArray *planned, GError **error);
/* Adds an envelope recipient. */
void letter_add_recipient(Letter *letter, gint64 delivery_id, const char *address);

/* For the socket between courier and session, and back (treated as input: RELAY_ERROR_MESSAGE if it breaks what is said above).
 * The variant is floating. */
GVariant *letter_to_variant(const Letter *letter);
Letter *letter_from_variant(GVariant *variant, GError **error);
