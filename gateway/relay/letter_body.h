/*
 * The texts of a letter: template text with its mail-tags replaced, the block of facts, the HTML frame and its plain alternative.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

typedef struct {
	const Form *form;
	const Submission *submission;
	const MailTemplate *mail;
	const char *subject;          /* replaced; the title of an HTML body */
	gboolean has_facts;           /* ends with the block of facts */
} LetterBodySource;

/* The plain text: of a text mail the body, of an HTML mail what a reader without HTML sees. LF. The caller's. */
char *letter_body_text(const LetterBodySource *source);
/* The HTML document (contract 6.4), or NULL for a text mail. The caller's. */
char *letter_body_html(const LetterBodySource *source);
