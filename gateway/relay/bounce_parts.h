/*
 * What the readers of a bounce share.
 *
 *   bounce.c          the message: headers, MIME parts; which reader is asked
 *   bounce_report.c   the fields of RFC 3464
 *   bounce_text.c     what is written for people
 *   bounce_phrases.c  the tables of phrases and status codes
 *
 * All texts are valid UTF-8 with LF for line ends and without NUL.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/bounce.h"

/* --- bounce_report.c -------------------------------------------------------------------------------------------------------- */

typedef enum {
	REPORT_ABSENT,   /* there are no such fields */
	REPORT_ARRIVED,  /* they tell of recipients that have the mail: delivered, relayed, expanded */
	REPORT_TROUBLE   /* failed or delayed: `bounce` has it */
} ReportKind;
/* Reads groups of fields wherever they stand in `text`. Sets action, status, reply code, recipient and words of `bounce`, and nothing of it unless REPORT_TROUBLE. */
ReportKind bounce_report_read(const char *text, Bounce *bounce);

/* --- bounce_text.c ---------------------------------------------------------------------------------------------------------- */

/* What stands before the mail that is given back. The caller's. */
char *bounce_text_own(const char *text);
/* Sets what `bounce` has not yet of reply code, status, words and recipient. TRUE if a server's reply or a known phrase stands there. */
gboolean bounce_text_read(const char *text, Bounce *bounce);
/* Appends the addresses in `text`, in its order, to `addresses` (char *), which holds at most `limit` then. */
void bounce_text_addresses(const char *text, guint limit, GPtrArray *addresses);
/* A server's words as Bounce has them. The caller's. */
char *bounce_text_words(const char *text);
/* Where a server's reply ("550 5.1.1 ...") begins in a line; NULL: nowhere. */
const char *bounce_text_reply(const char *line);

/* --- bounce_phrases.c ------------------------------------------------------------------------------------------------------- */

/* Why, by status code and carrier of `bounce`, and by phrases in two texts (text_fold): in `first`, and if there is none in `then`. */
BounceCause bounce_phrases_cause(const Bounce *bounce, const char *first, const char *then);
/* Why, by a phrase that stands in `folded`; `carrier` (its id) may be NULL. */
BounceCause bounce_phrases_find(const char *folded, const char *carrier);
/* What a phrase in `folded` says of the mail; BOUNCE_NONE: nothing. */
BounceAction bounce_phrases_action(const char *folded);
/* TRUE if the line says that the mail that is given back begins. */
gboolean bounce_phrases_is_returned(const char *line);
/* TRUE if a From or an address of this sort (folded) is a mail system's. */
gboolean bounce_phrases_is_system(const char *folded);
