/*
 * Dates as owners write them into `min:` and `max:` of a date field (contract 4.6): any date expression of PHP, with "_" for a space. Absolute days in
 * the usual notations, "today", "+1_month", "next_friday", "last_day_of_february_2027", and combinations of these.
 */
#pragma once

#include <glib.h>

/* The day that `expression` names when it is `now_us`, in `zone`, as PHP writes it: YYYY-MM-DD, years beyond four digits with all of theirs. NULL if
 * PHP would not read it, or if it is longer than LIMIT_DATE_EXPRESSION_BYTES. Takes any bytes up to NUL; CR and LF at its ends are ignored, inside it they make it unreadable. The caller's. */
char *dates_resolve(const char *expression, gint64 now_us, GTimeZone *zone);
