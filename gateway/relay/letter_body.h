/*
 * The texts of a letter: template text with its mail-tags replaced, the block of facts, the HTML frame and its plain alternative.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/letter.h"

typedef enum {
	LETTER_BODY_TEXT,
	LETTER_BODY_HTML,      /* the template's body is HTML */
	LETTER_BODY_TYPED_HTML /* a text body that a Content-Type line of the template calls text/html (contract 13.5 M16) */
} LetterBodyFormat;

typedef struct {
	const Form *form;
	const Submission *submission;
	const MailTemplate *mail;
	const char *subject;          /* replaced; the title of an HTML body */
	const GPtrArray *missing;     /* MissingAttachment *: named in the facts */
	const char *outlook;          /* lines of the facts, each ended by LF; NULL: none */
	const char *review;           /* the last lines of the facts, each ended by LF; NULL: none */
	LetterBodyFormat format;
	gboolean has_facts;           /* ends with the block of facts */
} LetterBodySource;

/* The plain text: of a text mail the body, of an HTML mail what a reader without HTML sees; NULL for one that is only called HTML. LF. The caller's. */
char *letter_body_text(const LetterBodySource *source);
/* The HTML document (contract 6.4), or NULL for a text mail. The caller's. */
char *letter_body_html(const LetterBodySource *source);
/* What a reader of HTML text sees without its HTML: without head, title, styles, scripts and tags, entities decoded. LF. The caller's. */
char *letter_body_plain(const char *html);
