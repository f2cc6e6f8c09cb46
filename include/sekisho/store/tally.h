/*
 * Tallies: how often what happened in each hour, for the owner's report. They stand in counters.db, so the last seconds before a crash may be missing. The front counts in memory and the
 * admission's thread writes (admission_tally); nothing personal stands in clear.
 *
 * Text from outside: none. Items are words of ours; `who` of a limit is a network, a fingerprint or a mail address as the rate counts it, and is boxed before it is written. But rows are input, because
 * the front may write the file: items are any valid UTF-8 of at most 100 characters, tiers any number, boxes at most TALLY_BOX_BYTES; counts are cut at TALLY_COUNT_MOST for each row.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/store/db.h"

/* No addition of counts that large overflows. */
#define TALLY_COUNT_MOST G_GUINT64_CONSTANT(1000000000000)
/* Of the box of who was limited: a mail address in it is the longest. */
#define TALLY_BOX_BYTES 1024u

/* Stored: never renumber. */
typedef enum {
	TALLY_VERDICT = 1, /* one for each submission; item: tally_verdict_name */
	TALLY_REASON = 2,  /* one for each kind of finding that counted against a submission which was not accepted; item: "CHECK.CODE" (policy/reason.h) */
	TALLY_LIST = 3,    /* hits of list entries; item: the entry's number */
	TALLY_AWAKE = 4    /* the gateway ran (tally_awake) */
} TallyTopic;

/* What a visitor's submission met. Stored by name. */
typedef enum {
	TALLY_ACCEPTED,
	TALLY_HELD,
	TALLY_REJECTED,
	TALLY_WAIT,      /* turned away by a limit: may come again later */
	TALLY_AGAIN,     /* asked for a fresh captcha, or to look at a field again */
	TALLY_REPEATED   /* the same as one that was sent a moment before: had its answer again */
} TallyVerdict;
#define TALLY_VERDICTS 6u
/* "accepted", "held", "rejected", "wait", "again", "repeated". Static. */
const char *tally_verdict_name(TallyVerdict verdict);

/* One thing that happened `count` times. All borrowed. */
typedef struct {
	gint64 at_us;       /* its hour counts */
	const char *site;
	TallyTopic topic;
	const char *item;
	guint64 count;
} TallyMark;
/* Somebody was turned away by a limit of policy/rate.h. All borrowed. */
typedef struct {
	gint64 at_us;
	const char *site;
	guint tier;         /* RateTier */
	VaultHash key;      /* of what is limited */
	GBytes *boxed;      /* its text, by vault_box */
	guint64 count;
} TallyLimited;

/* Adds to what is there; in a transaction of the caller's. Rows beyond LIMIT_TALLY_ROWS, and LIMIT_LIMITED_ROWS, are not begun: what has a row is still counted. */
gboolean tally_add(Db *counters, const TallyMark *mark, GError **error);
gboolean tally_add_limited(Db *counters, const TallyLimited *limited, GError **error);

/* Which part of the tallies is asked for: hours that begin within [from_us, to_us). `site` NULL: all. */
typedef struct {
	const char *site;
	gint64 from_us;
	gint64 to_us;
} TallyPeriod;
typedef struct {
	gint64 hour_us;     /* when the hour began; 0 from tally_sums */
	char *item;
	guint64 count;
} TallyRow;
void tally_row_free(TallyRow *row);
/* TallyRow * by hour and item, oldest first, of all sites that are asked for together; tally_sums: one for each item, most first, then by item. At most `limit`. NULL on error. */
GPtrArray *tally_hours(Db *counters, const TallyPeriod *period, TallyTopic topic, guint limit, GError **error);
GPtrArray *tally_sums(Db *counters, const TallyPeriod *period, TallyTopic topic, guint limit, GError **error);
typedef struct {
	char *site;
	guint tier;
	GBytes *boxed;
	guint64 count;
	gint64 last_at_us;
} TallyLimitedRow;
void tally_limited_row_free(TallyLimitedRow *row);
/* TallyLimitedRow *, one for each that was limited in a site's tier, most first. At most `limit`; *all receives how many there are. NULL on error. */
GPtrArray *tally_limited(Db *counters, const TallyPeriod *period, guint limit, guint *all, GError **error);
/* Notes that the gateway runs in this hour, so that an hour without visitors is known to have had none. Takes a transaction of its own. */
gboolean tally_awake(Db *counters, GError **error);
/* When counting of all sites began, as far as is known: the begin of the oldest hour; 0: nothing was counted yet. */
gboolean tally_since(Db *counters, gint64 *since_us, GError **error);
/* Removes up to `limit` rows of each that are older than LIMIT_TALLY_US, or of an hour to come. Takes a transaction. How many, or -1. */
gint tally_purge(Db *counters, guint limit, GError **error);
