/*
 * A front that was taken over, with what it has: the database, the key that hashes, and the public halves of vault and links. Behind it an office (office.h) whose
 * courier it may try.
 *
 * example.jp replies by mail_2 and by Cc, other.example by mail_2. Its own staff and HOSTILE_FRIEND are proved.
 */
#pragma once

#include <sqlite3.h>

#include "office.h"
#include "sekisho/store/journal.h"

#define HOSTILE_STAFF "staff@example.jp"
#define HOSTILE_FRIEND "friend@known.test"
/* Its own mailbox. */
#define HOSTILE_ATTACKER "attacker@evil.test"
/* In everything that it makes up, and in nothing of ours. */
#define HOSTILE_TYPED "TYPEDWORD"

typedef struct {
	Office office;
	Vault *vault; /* the front's */
	Journal *journal;
	GAsyncQueue *commits;
	sqlite3 *raw;
	GRand *rand;
	GPtrArray *receipts; /* char *: of its submissions */
	GPtrArray *tokens;   /* char *: those it has seen, and those it made up */
	GPtrArray *reviews;  /* char *: of reviews that were opened */
} HostileFront;

void hostile_open(HostileFront *front, guint32 seed);
void hostile_close(HostileFront *front);
/* 0 .. count - 1 */
gint64 hostile_pick(HostileFront *front, gint64 count);
/*
 * Changes rows as it likes; what the schema refuses, it refuses. Parameters of `sql`: ?1 and ?2 are `first` and `second`, ?3 is `text`, ?4 the hash of some
 * address.
 */
void hostile_write(HostileFront *front, const char *sql, gint64 first, gint64 second, const char *text);
/* Presses a link of example.jp. */
void hostile_press(HostileFront *front, const char *token);
/* Somebody opens this link of a review, so it has the token, and presses some button, now and later. */
void hostile_watch_opening(HostileFront *front, const char *token);
/* Its next deed, whatever that is: a sealed submission, a row put in, changed or taken out, a press. */
void hostile_act(HostileFront *front);
