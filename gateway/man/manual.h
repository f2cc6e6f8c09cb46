/*
 * What the generator of the manual pages puts in place of its directives.
 */
#pragma once

#include <glib.h>

/* The keys of a group of a file ("main", "site", "form", "posts") as a list. FALSE: there is no such file or group. */
gboolean manual_keys(GString *page, const char *file, const char *group);
/* The names of these keys alone, as a sentence's part. */
gboolean manual_key_names(GString *page, const char *file, const char *group);
/* All verbs, their orders and options. */
gboolean manual_verbs(GString *page);
/* The options that all verbs have. */
gboolean manual_shared_options(GString *page);
/* The names of the log's events. */
gboolean manual_events(GString *page);
