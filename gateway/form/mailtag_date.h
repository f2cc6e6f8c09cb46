/*
 * Dates in mails, beside mailtag_date (form/mailtag.h). Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

/* `value` by PHP's date letters if it is exactly YYYY-MM-DD and PHP makes a date of it (contract 6.2 step 4), else NULL. The caller's. */
char *mailtag_date_reformat(const char *value, const char *php_format, const Form *form);
