/*
 * What a log says at most once an hour for each site, however often it happens. Any thread.
 */
#pragma once

#include <glib.h>

typedef struct Hourly Hourly;

Hourly *hourly_new(void);
void hourly_free(Hourly *hourly);
/* TRUE if it was not said of this site (a name from the configuration) within the last hour; from then on it was. */
gboolean hourly_is_due(Hourly *hourly, const char *site);
