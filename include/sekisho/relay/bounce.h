/*
 * Bounces: mail in which a mail server says that a mail did not arrive, or is late. Understood are reports of RFC 3464 and what qmail, Exim, Exchange, Postfix, Sendmail and the Japanese
 * carriers write in words of their own (relay/bounce_phrases.c, each with its source). What is no such mail, an answer of a person or a vacation notice, is none.
 *
 * Everything comes from outside: line ends may be LF or CRLF, MIME broken, charsets wrong; no part is believed but the signed tag in the address to which it came.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/reply.h"

typedef enum {
	BOUNCE_NONE,     /* no report of a mail system */
	BOUNCE_DELAYED,  /* it is still trying */
	BOUNCE_FAILED    /* it gave up */
} BounceAction;

/* Why. Names: bounce_cause_name. */
typedef enum {
	BOUNCE_UNKNOWN,  /* "bounce.unknown": it does not say, or not in words that we know */
	BOUNCE_ADDRESS,  /* "bounce.address": no such mailbox or domain, or it is closed */
	BOUNCE_FULL,     /* "bounce.full": the mailbox is full */
	BOUNCE_REFUSED,  /* "bounce.refused": the receiver's filter or rules refuse us; at carriers the customer's own settings */
	BOUNCE_CONTENT,  /* "bounce.content": too large, or taken for spam or a virus */
	BOUNCE_SYSTEM    /* "bounce.system": its server, network or DNS is at fault */
} BounceCause;
/* The name for logs, events and suppressions; static. */
const char *bounce_cause_name(BounceCause cause);

typedef struct {
	BounceAction action;
	BounceCause cause;
	ReplyStatus status;      /* all 0: none given */
	guint reply_code;        /* 0: none given */
	char *recipient;         /* the address that did not get it, as it is reported: any text that is an address; NULL: not said */
	char *words;             /* the server's, one line of at most LIMIT_SERVER_TEXT_BYTES, valid UTF-8 without controls; "" */
	GPtrArray *envelope;     /* char *: addresses to which the report itself came, by Delivered-To, X-Original-To, Envelope-To, To */
} Bounce;
void bounce_free(Bounce *bounce);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bounce, bounce_free)

/* Opens what bounce_read needs (charsets), for a process that will not be able to open files. Once; what is opened stays so until it ends. */
void bounce_init(void);
/* Reads one message, header and body; any bytes. Never NULL. One recipient is reported: the first that failed, else the first. */
Bounce *bounce_read(GBytes *message);
