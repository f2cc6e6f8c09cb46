/*
 * Has a request come whole? Looked at without taking anything from the connection, so that a worker gets it only when reading it
 * will not wait. The dispatcher's alone; no thread of its own, no wait.
 *
 * A connection that a web server keeps open has no Gather: one is made when the first bytes of a request have come, and ends when the
 * request is handed to a worker or its time is over.
 */
#pragma once

#include <glib.h>

typedef enum {
	GATHER_MORE,  /* something is missing: look again when there are more bytes, and once a second */
	GATHER_WHOLE, /* all of it waits in the socket, or the peer has closed: reading does not wait */
	GATHER_LARGE  /* more than fits will come, or it is no request that we can follow: reading it may wait */
} GatherState;

typedef enum { GATHER_BEGIN, GATHER_PARAMS, GATHER_BODY, GATHER_END, GATHER_FOREIGN } GatherStage;

typedef struct {
	int descriptor;
	gint64 deadline_us; /* g_get_monotonic_time at which all of the request must have come */
	gint64 progress_us; /* when more bytes were last seen */
	gint64 large_us;    /* since when it is GATHER_LARGE; 0 if it is not */
	gsize available;    /* bytes that wait in the socket */
	gsize next;         /* how many of them stand before the first record that was not looked at yet */
	gsize body;         /* ... before the body, once the params have ended */
	GatherStage stage;  /* what the next record is expected to be */
	guint16 request_id;
} Gather;

/* The caller's (g_free). `descriptor` stays the caller's too. */
Gather *gather_new(int descriptor, gint64 now_us);
/* Looks at what has come since the last time. `is_closed`: the peer sends nothing more. Once it is whole or large the answer may
 * change only from large to whole. */
GatherState gather_look(Gather *gather, gint64 now_us, gboolean is_closed);
/* TRUE if it took too long: LIMIT_REQUEST_MS in all, or LIMIT_PEER_MS without a byte, unless it waits for us (GATHER_LARGE). */
gboolean gather_is_late(const Gather *gather, gint64 now_us);
/* Of `gathers` (values: Gather *) the one that has been large for longest; NULL if none is. Borrowed. */
Gather *gather_longest_large(GHashTable *gathers);
