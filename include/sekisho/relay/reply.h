/*
 * What a mail server's reply means: the one table that says of a reply code, the command it answers and its enhanced status code (RFC 3463) whether the mail may be tried again,
 * is refused for good, or the account is at fault. Both transports and the reader of bounces ask it. Pure.
 *
 * Text from outside: any bytes may come; what is no code is none.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/error.h"

/* RFC 3463: "5.1.1"; all 0: none. */
typedef struct {
	guint class;   /* 2, 4 or 5 */
	guint subject; /* at most 999, likewise detail */
	guint detail;
} ReplyStatus;

/* What was asked when the reply came. */
typedef enum { REPLY_TO_MAIL, REPLY_TO_RCPT, REPLY_TO_CONTENT } ReplyStage;

/* The status code with which `text` begins, behind any white space; FALSE, and all 0, if there is none. */
gboolean reply_status_read(const char *text, ReplyStatus *status);
/* What a reply of 400 to 599 means: RELAY_ERROR_TEMPORARY, _PERMANENT, or _AUTH, where the account is at fault and not the mail. `text` is what follows the code, all lines joined. */
RelayError reply_meaning(ReplyStage stage, guint code, const char *text);
/* The same as an error of RELAY_ERROR, with the sentence of the table's row. */
GError *reply_failure(ReplyStage stage, guint code, const char *text);
