/*
 * Mail addresses. Two readers on purpose: what a visitor may type is judged as WordPress judges it (contract 5.5), what an
 * operator configures or a template yields is read as a mailbox and must be deliverable by SMTP without any escaping.
 * CR, LF, NUL, controls and invalid UTF-8 never pass either of them.
 */
#pragma once

#include <glib.h>

/* WordPress is_email, exactly as contract 5.5 and 13.6 say. */
gboolean address_is_email(const char *text);
/* An address that may stand in MAIL FROM and RCPT TO: dot-atom local part (RFC 5321 4.1.2, 64 bytes), LDH domain with at least two
 * labels (253 bytes), all ASCII, 254 bytes in all. */
gboolean address_is_deliverable(const char *text);
/* The part after "@", lower-cased. The caller's. `address` must hold one. */
char *address_domain(const char *address);
/* The address as it is compared and hashed: domain lower-cased, local part as it is. The caller's. */
char *address_canonical(const char *address);

typedef struct {
	char *name;    /* display name without quotes, "" if none; UTF-8 */
	char *address; /* deliverable */
} Mailbox;
void mailbox_free(Mailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_free)

/* One mailbox, `addr`, `<addr>` or `Name <addr>` or `"Name" <addr>` (RFC 5322 3.4; no comments, groups or routes). The name may be any text without
 * `<`, `>` and unquoted commas; a double quote that is never closed is an ordinary character.
 * WIRE_ERROR_MALFORMED says what is wrong and does not quote the text. */
Mailbox *mailbox_parse(const char *text, GError **error);
/* The parts of a list separated by commas outside quotes, as they stand, without empty ones (char *). The caller's. */
GPtrArray *mailbox_split_list(const char *text);
/* The mailboxes of such a list (Mailbox *, at most LIMIT_RECIPIENTS). Parts that are no mailbox are left out and counted in
 * `dropped` (may be NULL), as WordPress does (contract 6.6). Never NULL. The caller's. */
GPtrArray *mailbox_parse_list(const char *text, guint *dropped);
