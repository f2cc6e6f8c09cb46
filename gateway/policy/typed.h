/*
 * What of a submission the visitor wrote himself. Values that the form offers (choices, hidden fields, texts that stand in a field from the beginning), tokens of captchas and
 * fields with a format of their own (addresses, telephone numbers, dates) are not: nobody is to be judged for what the site's owner put there.
 */
#pragma once

#include "sekisho/form/submission.h"

typedef enum {
	TYPED_LINE,    /* a text field */
	TYPED_MESSAGE, /* a textarea */
	TYPED_URL,     /* a field that asks for a link */
	TYPED_OTHER,   /* a choice's free text; a field that only the page has: it may hold a token of some script */
	TYPED_FORMATTED, /* an address, a telephone number: of a format of its own */
	TYPED_HIDDEN     /* of a field in which nobody writes: a hidden one that the page, or a program, has changed */
} TypedKind;

typedef struct {
	const char *field; /* its name */
	const char *text;  /* not "" */
	TypedKind kind;
} Typed;

/* Of all fields in order but TYPED_FORMATTED and TYPED_HIDDEN, as evidence (Typed, its strings borrowed from the submission). The caller's. */
GArray *typed_values(const Form *form, const Submission *submission);
/* The same with both: whatever came in and a mail can show, for the lists. */
GArray *typed_all_values(const Form *form, const Submission *submission);
/* What a mail shows besides (char *, none ""): names of files as they came, and the query of the page's URL with its codes decoded, invalid UTF-8 and NUL as U+FFFD.
 * The caller's. */
GPtrArray *typed_facts(const Submission *submission);
/* TRUE if the form itself puts `value` into that field or offers it as a choice. `tag` may be NULL. */
gboolean typed_is_offered(const FormTag *tag, const char *value);
