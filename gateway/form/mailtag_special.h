/*
 * Special mail-tags: what a mail can say that no field holds (contract 6.3). Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/mailtag.h"

/* Value of the special mail-tag `name`, as plain text; NULL if that is none, or none that can be known here. The caller's. */
char *mailtag_special_value(const char *name, const MailTagContext *context);
gboolean mailtag_special_is_known(const char *name);
/* TRUE if a visitor decides, or may decide, what stands there. */
gboolean mailtag_special_is_visitors(const char *name);
