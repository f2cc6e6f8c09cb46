/*
 * The same submission several times in flight: a double click, or a browser that tries again while the first try waits for its captcha. The first one leads, the others are parked: they
 * hold no thread, are charged nothing and use no captcha's token until the leader has ended. Those in flight of one gateway process; what ended is found by admission, and what
 * another process has in flight meets in the journal.
 *
 * Nothing here comes from outside but a keyed hash. Bounded as jobs are: a parked one is a job (LIMIT_JOBS), and each leads or waits once.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"

typedef struct Twins Twins;
/* What one submission leads. */
typedef struct Twin Twin;

typedef enum {
	TWIN_FAILED, /* nothing came of the leader: the next one leads, and the rest waits for that one */
	TWIN_KEPT    /* it is on disk, or is itself the repetition of one: all go on at once, and find that */
} TwinEnd;
/* A parked one goes on, and waits no more. `led`: it leads now, and must leave; NULL: it does not. `leader` is whom it waited for, borrowed for the call; NULL after twins_end. Any thread; must not
 * call back. */
typedef void (*TwinResume)(gpointer user_data, Twin *led, gconstpointer leader);

Twins *twins_new(TwinResume resume);
/* Nobody may lead or wait any more. */
void twins_free(Twins *twins);
/* Submissions with the same `repetition` (submission_repetition: of site, form, values and files) are twins. TRUE: it goes on, and leads `*led` if that is not NULL. FALSE: it is parked, and may
 * have been resumed already: the caller must not touch it any more. */
gboolean twins_enter(Twins *twins, const VaultHash *repetition, gpointer user_data, Twin **led);
/* `leader`, who leads `led`, has ended; `led` is no longer the caller's. */
void twins_leave(Twins *twins, Twin *led, gconstpointer leader, TwinEnd end);
/* The front drains: all that are parked go on, and from now on nobody leads or waits. */
void twins_end(Twins *twins);
