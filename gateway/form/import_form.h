/*
 * One form of an export on its way to a FormSource, the same for both kinds of export. Texts get LF for CR LF and CR; nothing
 * else in them is changed. Texts come as GVariants: valid UTF-8 without NUL.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/import.h"

/* `slug` is WordPress's, percent-escapes and all, and becomes a folder's name; `title` becomes one line. Recipients are the
 * site's administrator until a mail says otherwise (contract 6.1). */
ImportedForm *import_form_new(guint64 id, const char *slug, const char *title);

/*
 * Takes one property: `form`, `mail`, `mail_2`, `messages`, `additional_settings`, `locale` or `hash`; the three in the middle
 * are a{sv}, the others s. Null, "" and an empty list count as an empty map. A map's unknown keys become remarks. Each property
 * is given once. FORM_ERROR_IMPORT: a value of another shape, or a text longer than LIMIT_TEMPLATE_BYTES; hand the sentence to
 * import_form_refuse. Another name is a programmer's error.
 */
gboolean import_form_take(ImportedForm *form, const char *property, GVariant *value, GError **error);

/* The form cannot be taken, and why; the first reason stays. */
void import_form_refuse(ImportedForm *form, const char *reason);

/* Adds a remark about the form; past LIMIT_IMPORT_REMARKS none. */
void import_form_remark(ImportedForm *form, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Once all properties were taken: locale (the form's, else the site's `language` such as "ja" or "en-US"), and the messages that
 * are missing (contract 7.3). */
void import_form_finish(ImportedForm *form, const char *language);

/* `text`, a stranger's, as an error or a remark may repeat it: one line, cut, without controls. The caller's. */
char *import_form_shown(const char *text);
