/*
 * Mail-tags: [your-name], [_raw_x], [_format_x "Y-m-d"], [_remote_ip] and their kin in mails and messages (contract 6.2, 6.3, 6.5).
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

typedef enum {
	MAILTAG_LINE,   /* subject, recipient, headers, messages: list separator ", ", no escaping */
	MAILTAG_TEXT,   /* text body: the list separator of the site, else of the form's language */
	MAILTAG_HTML    /* HTML body: the same, values escaped */
} MailTagMode;

typedef struct {
	const Form *form;
	const Submission *submission; /* NULL: only tags of site and form are replaced, all others stay */
	MailTagMode mode;
	gboolean is_exclude_blank;  /* contract 6.5 */
	guint invalid_count;        /* [_invalid_fields] */
} MailTagContext;

/* `text` with its mail-tags replaced. Unknown ones stay as they are. Ends at LIMIT_MAIL_TEXT_BYTES. CR and LF of a value stay in every mode:
 * who makes a header cuts them (contract 6.6). The caller's. */
char *mailtag_replace(const char *text, const MailTagContext *context);
/* Names of the fields (normalised) that `text` takes values from, raw and formatted ones included (char *, each once): fields that the form
 * does not have too, because a visitor may post any name (contract 3.2), and special mail-tags that a visitor controls (_user_agent, _url,
 * _remote_ip, _post_...). No byte of a visitor comes through a text for which this is empty. The caller's. */
GPtrArray *mailtag_fields(const char *text, const Form *form);
/* Those of mailtag_fields that can bring what a visitor typed: all but fields in their plain form ([x], neither raw nor formatted) whose tags are all
 * choices (select, radio, checkbox) without free_text. What comes through those is a text that form.html offers, unless the submission was forged;
 * policy/replies.c looks. The caller's. */
GPtrArray *mailtag_typed_fields(const char *text, const Form *form);
/* Names in brackets that look like mail-tags but would stay as they are: neither a field of the form nor a special mail-tag (char *, as
 * written, each once). `sekisho check` warns about them. The caller's. */
GPtrArray *mailtag_unknown_words(const char *text, const Form *form);
/* A message of the form, prepared as contract 7.4 says. `submission` may be NULL (the schema): then only tags of site and form are
 * replaced. The caller's. */
char *mailtag_message(const Form *form, const Submission *submission, const char *key, guint invalid_count);
/* `time_us` by PHP's date letters (contract 6.3) in the site's zone, names of days and months in the form's language. The caller's. */
char *mailtag_date(const char *php_format, gint64 time_us, const Form *form);
