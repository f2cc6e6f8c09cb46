/*
 * What the courier's files share. All of it belongs to the courier's one thread.
 *
 *   courier.c   the loop: signals, wake-ups, claiming, retention
 *   desk.c      leased mails waiting for a session, by account; which account rests after a failure
 *   obstacle.c  mails that cannot become letters: broken sites and forms
 *   prepare.c   an outbox item becomes a letter
 *   flight.c    one session: from the waiting mails of an account to the outcome of each delivery
 *   settle.c    outcomes become rows and log lines
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/relay/courier.h"
#include "sekisho/relay/letter.h"
#include "sekisho/store/db.h"
#include "sekisho/store/outbox.h"
#include "worker.h"

typedef struct Flight Flight;

/* One account and what waits for it. Two accounts are the same if everything about them is: a site that names another one's
 * user must not ride in its session. */
typedef struct {
	Site *site;                /* keeps `account` */
	const Account *account;
	GQueue waiting;            /* Waiting * */
	Flight *flight;            /* NULL if no session runs */
	guint failures;            /* in a row */
	gint64 blocked_until_us;   /* the account rests until then, monotonic, */
	gint64 blocked_until_wall_us; /* or until then, wall clock, whichever comes first */
	GError *failure;           /* the last one */
	char *server_text;
	guint overflow;            /* mails put off since the last session began */
	guint64 swept_in_claim;    /* the claim in which mails were put off together last */
	gboolean is_heavy;         /* the last session had a letter with attachments */
} Desk;

typedef struct {
	OutboxItem *item;
	gint64 leased_at_us;       /* monotonic */
} Waiting;

typedef struct {
	const CourierSettings *settings;
	Db *db;
	char *owner;               /* of our leases; random */
	GHashTable *desks;         /* char * -> Desk * */
	GHashTable *obstacles;     /* obstacle.c's */
	GPtrArray *flights;        /* Flight *, running */
	GQueue unsettled;          /* DeliveryOutcome *, not written yet; bounded, because nothing is claimed while there are any */
	guint waiting;             /* mails at all desks */
	guint64 claims;            /* so far */
	gboolean is_stopping;
} Courier;

/* --- settle.c ------------------------------------------------------------------------------------------------------------ */

/* What came of one attempt, or why there was none. */
typedef struct {
	const GError *failure;     /* NULL: sent; put off: waiting for its turn */
	guint reply_code;
	const char *server_text;   /* may be NULL */
	gint64 due_at_us;          /* when to try again, wall clock; 0 = as retry.h says */
} Attempt;

/*
 * Settles the delivery and logs the attempt. A permanent failure of RELAY_ERROR ends it as dead; a temporary one or a lost session defers it, until it
 * has been tried long enough; any other failure (account, form, files) is somebody's to mend and defers it without end.
 */
void settle_attempt(Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *attempt);
/* All deliveries of an item that can never become a letter: dead, with an alarm each. */
void settle_end(Courier *courier, const OutboxItem *item, const GError *failure);
/*
 * Put off to `why->due_at_us` without having been tried: attempts stay. With a failure (the account's, the form's) it is deferred and a person sees why;
 * without one it stays as it was. No alarm, no log line: they were given for the account or form.
 */
void settle_put_off(Courier *courier, const Delivery *delivery, const Attempt *why);
/* The log line of a delivery that ended because its address is no recipient any more. */
void settle_tell_gone(const OutboxItem *item, const Delivery *delivery);
/* Lease given back untouched. */
void settle_give_back(Courier *courier, gint64 delivery_id);
/* Writes what has been settled since. TRUE if nothing is left; what the database would not take is tried again at the next call. */
gboolean settle_flush(Courier *courier);
void settle_clear(Courier *courier);

/* --- desk.c -------------------------------------------------------------------------------------------------------------- */

void desk_free(Desk *desk);
/* Takes a leased item: to its account's desk, or put off if the account rests or has enough. */
void desk_take(Courier *courier, OutboxItem *item);
/* The next mails for one session (OutboxItem *, the caller's); empty if none wait. */
GPtrArray *desk_batch(Courier *courier, Desk *desk);
/* The account failed: it rests, and what waits for it is put off. */
void desk_block(Courier *courier, Desk *desk, const GError *failure, const char *server_text);
/* When a mail put off now comes back, wall clock: the end of the rest, and a little later, so that not all come in one instant. */
gint64 desk_rest_end_us(const Desk *desk);
/* The account works. */
void desk_unblock(Desk *desk);
/* Gives back what waited too long (or everything), and forgets desks that nothing is known about. */
void desk_sweep(Courier *courier, gboolean is_all);

/* --- obstacle.c ---------------------------------------------------------------------------------------------------------- */

/* The item cannot become a letter: it waits with all of its site, form and kind, under one alarm a minute, or is given up if waiting is in vain. */
void obstacle_met(Courier *courier, const OutboxItem *item, const GError *failure);
/* A letter was made. */
void obstacle_passed(Courier *courier, const OutboxItem *item);
/* Forgets what was not met for long. */
void obstacle_sweep(Courier *courier);

/* --- prepare.c ------------------------------------------------------------------------------------------------------------- */

/* The letter of this item with its due recipients, and the item's deliveries brought up to date; NULL if there is no recipient left
 * (no error), or if it cannot be made now. */
Letter *prepare_letter(Courier *courier, OutboxItem *item, GError **error);

/* --- flight.c ---------------------------------------------------------------------------------------------------------------- */

/* Starts a session for the mails waiting at `desk`, if any of them can be sent. Adds it to courier->flights. */
void flight_start(Courier *courier, Desk *desk);
/* Lets it work. TRUE once it has ended and all its deliveries are settled; the caller removes and frees it then. */
gboolean flight_step(Courier *courier, Flight *flight);
const Worker *flight_worker(const Flight *flight);
void flight_kill(Flight *flight);
void flight_free(Flight *flight);
