/*
 * Salts of fingerprints: random values, each good for SALT_LIFE_US and for SALT_OVERLAP_US beside its successor, so that a fingerprint tells nobody apart for longer. One that an entry of a
 * list names is kept while the entry is there, and fingerprints are then made with it, too.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/db.h"

#define SALT_BYTES 32u
#define SALT_LIFE_US (30 * G_TIME_SPAN_DAY)
#define SALT_OVERLAP_US (7 * G_TIME_SPAN_DAY)

typedef struct {
	char *id; /* 8 hex digits */
	guint8 secret[SALT_BYTES];
	gint64 created_at_us;
} Salt;
/* Wipes it. */
void salt_free(Salt *salt);

/* What fingerprints are to be made with now (Salt *, the two newest first, then those that lists name, at least one, at most LIMIT_SALTS): makes a new one if the newest is too old, and removes what is over. A
 * transaction of its own; of several processes one makes it. NULL on error. The caller's. */
GPtrArray *salts_renew(Db *db, gint64 now_us, GError **error);
/* The same as they are, with none made or removed: fingerprints under others are not made. */
GPtrArray *salts_current(Db *db, gint64 now_us, GError **error);
