/*
 * Mail addresses. Two readers on purpose: what a visitor may type is judged as WordPress judges it (contract 5.5), what an
 * operator configures or a template yields is read as a mailbox and must be deliverable by SMTP.
 * CR, LF, NUL, controls, what shows nothing or turns a line (bidi controls), and invalid UTF-8 never pass either of them.
 */
#pragma once

#include <glib.h>

/* WordPress is_email, exactly as contract 5.5 and 13.6 say. */
gboolean address_is_email(const char *text);
/* An address that may stand, by address_written, in MAIL FROM and RCPT TO: local part of atoms and dots (RFC 5321 4.1.2, 64 bytes), the dots anywhere; LDH domain
 * with at least two labels (253 bytes), all ASCII, 254 bytes in all. */
gboolean address_is_deliverable(const char *text);
/* What is deliverable, or the same with letters beyond ASCII in its local part (RFC 6531 3.3; dot-atom, stable in NFKC, 64 bytes), which only a mail sent with SMTPUTF8 may name; never in white
 * space, controls or format characters. Only operators configure such addresses. */
gboolean address_is_mailable(const char *text);
/* What an operator wrote as it is used: the domain in A-labels (RFC 5890 2.3.2.1), the local part in NFC; address_is_mailable. NULL if it is no address. The caller's. */
char *address_configured(const char *text);
/* An address that may stand, by address_written, in Reply-To: what is deliverable, and of what address_is_email takes all that fits a line
 * (LIMIT_REPLY_ADDRESS_BYTES): whom a visitor gives is the receiver's business. */
gboolean address_is_reply(const char *text);
/* The address as it stands in headers and SMTP commands: a local part that is no dot-atom becomes a quoted string (RFC 5321 4.1.2), `a..b@c.jp` is
 * `"a..b"@c.jp`. `address` must be one that a rule above takes. The caller's. */
char *address_written(const char *address);
/* The part after "@", lower-cased. The caller's. `address` must hold one. */
char *address_domain(const char *address);
/* The address as it is compared and hashed: domain lower-cased, local part as it is. The caller's. */
char *address_canonical(const char *address);
/* The address as proofs name it, all in lower case: whoever reads Taro@ reads taro@. The caller's. */
char *address_folded(const char *address);
/* What address_folded gives, without the "+detail" of the local part; NULL if it has none. The caller's. */
char *address_untagged(const char *address);
/* The address as mailboxes are counted: in lower case, without "+detail", and at Gmail, which has two domains and sees no dots
 * (support.google.com/mail answer 7436150), without those. Most servers deliver all those to one mailbox, and a stranger must not reach it once for each
 * way to write it. For counting only: mail may go elsewhere. `address` must hold an "@". The caller's. */
char *address_mailbox(const char *address);
/* TRUE if the address's domain, in whichever case, is `domain` or one below it. */
gboolean address_is_within(const char *address, const char *domain);

typedef struct {
	char *name;    /* display name without quotes, "" if none; UTF-8 */
	char *address; /* address_configured (of mailbox_parse_reply: address_is_reply), without quotes: for output see address_written */
} Mailbox;
void mailbox_free(Mailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_free)

/* A text as a display name: without double quotes, stripped, at most LIMIT_MAIL_HEADER_BYTES; of several lines the first. The caller's. */
char *mailbox_clean_name(const char *text);

/* One mailbox of an operator's, `addr`, `<addr>` or `Name <addr>` or `"Name" <addr>` (RFC 5322 3.4; no comments, groups or routes). The name may be any text without
 * `<`, `>` and unquoted commas; a double quote that is never closed is an ordinary character.
 * WIRE_ERROR_MALFORMED says what is wrong and does not quote the text. */
Mailbox *mailbox_parse(const char *text, GError **error);
/* The same of a visitor's, with address_is_reply for the address. */
Mailbox *mailbox_parse_reply(const char *text, GError **error);
/* The parts of a list separated by commas outside quotes, as they stand, without empty ones (char *). The caller's. */
GPtrArray *mailbox_split_list(const char *text);
/* The mailboxes of such a list (Mailbox *, at most LIMIT_RECIPIENTS). Parts that are no mailbox are left out and counted in
 * `dropped` (may be NULL), as WordPress does (contract 6.6). Never NULL. The caller's. */
GPtrArray *mailbox_parse_list(const char *text, guint *dropped);
/* The same with address_is_reply. */
GPtrArray *mailbox_parse_reply_list(const char *text);
