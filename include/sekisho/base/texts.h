/*
 * What visitors, owners and operators read, in their language. The build makes tables of gateway/po/en.po and ja.po (msgid =
 * a symbolic id such as "message.mail_sent_ok", msgstr = the sentence), because the language is the form's, not the
 * process's. A missing Japanese sentence falls back to English; tests/meta fails when one is missing.
 */
#pragma once

#include <glib.h>

/* The sentence for `id` in the language of `locale` ("ja", "ja_JP", "en_US"; others read English). Static.
 * An unknown id is a programmer's error and aborts. */
const char *text_for(const char *locale, const char *id);
/* The same, or NULL for an unknown id. */
const char *text_find(const char *locale, const char *id);

/* What stands for "{name}" in a text. */
typedef struct {
	const char *name;  /* NULL ends a table of them */
	const char *value;
} TextPlace;
/* `text` with its "{name}" filled in from the table; what is in no table stays, and a value is not looked through again. The caller's. */
char *text_fill(const char *text, const TextPlace *places);
