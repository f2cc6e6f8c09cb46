/*
 * What waits to be counted in counters.db: hits of list entries, marks of tallies, and who was limited. It adds up what is the same, so that a flood is a few rows. Bounded: beyond LIMIT_HITS entries,
 * and LIMIT_TALLY_PENDING marks or limited ones, what is not there yet is not counted.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/tally.h"

typedef struct Pending Pending;
Pending *pending_new(void);
void pending_free(Pending *pending);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pending, pending_free)

gboolean pending_is_empty(const Pending *pending);
void pending_add_hits(Pending *pending, gint64 entry_id, guint64 count);
void pending_add_mark(Pending *pending, const TallyMark *mark);
/* FALSE if it is not there yet and `limited->boxed` is NULL: then it must come with its text. */
gboolean pending_add_limited(Pending *pending, const TallyLimited *limited);

/* As many as one transaction should hold; the others stay. The caller's. */
Pending *pending_take(Pending *pending);
/* Adds what was taken again. */
void pending_put_back(Pending *pending, const Pending *taken);
/* In a transaction of the caller's. */
gboolean pending_write(const Pending *pending, Db *counters, GError **error);
