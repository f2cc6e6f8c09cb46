/*
 * Periods as people write them: --since and --before of every verb. Lists show what came from the beginning of --since on, and until the beginning of --before; a report is of the period that
 * --since names, from its beginning to its end.
 *
 * Arguments are words of the operator's; anything that is no period is a usage error.
 */
#pragma once

#include <glib.h>

typedef struct {
	gint64 from_us;
	gint64 to_us;   /* not in it any more */
} Period;
/* "24h", "7d", "90min" (a duration back from now), "today", "yesterday", "this-week", "last-week" (weeks begin on Monday), "2026-11-01" (that day), all of the calendar in `zone`; else a usage
 * error that names `option` and says what is possible. What is not over yet ends now, and what has not begun is an error. */
gboolean period_read(const char *text, const char *option, GTimeZone *zone, Period *period, GError **error);
/* "30d", "12h", "45min" or "2w", at most ten years, in microseconds; FALSE: it is none. */
gboolean period_duration(const char *text, gint64 *duration_us);
