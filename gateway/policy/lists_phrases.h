/*
 * Phrases that are looked for anywhere in a text, a hundred thousand at once.
 *
 * At each character of a text the next 1, 3, 6, 12 and 24 bytes are looked up: each phrase is filed under the longest of these beginnings that it has. A bitmap says of nearly
 * all of them at once that no phrase begins so; for the rest a table gives the phrases with that beginning, sorted, and one search among them finds those that are there.
 */
#pragma once

#include "lists_keys.h"
#include "sekisho/policy/lists.h"

typedef struct {
	guint32 *order;  /* entries, by class and value */
	guint32 *places; /* of their values in Lists.texts */
	guint32 *shorter; /* index of the longest one of the group that begins it; LISTS_NONE: none */
	guint32 *groups; /* where those of one beginning begin in `order`; one more at the end */
	guint8 *group_classes;
	guint count, group_count;
	ListsKeys keys;  /* beginning -> its group */
	guint64 *bitmap;
	guint64 bitmap_mask;
	guint classes;   /* bits: those that occur */
} ListsPhrases;

/* `entries`: guint32 indexes in `lists`, whose values are not empty. Sorts them. */
void lists_phrases_init(ListsPhrases *phrases, const Lists *lists, GArray *entries);
void lists_phrases_clear(ListsPhrases *phrases);

/* Told of each place at which phrases begin: `heads` are indexes of `order`, one for each length of a beginning, of the longest phrase that stands there; the shorter ones stand before the
 * longer ones, and `shorter` leads from each to the others. */
typedef void (*ListsPhrasesSeen)(gpointer user_data, gsize place, const guint32 *heads, guint count);
void lists_phrases_scan(const ListsPhrases *phrases, const Lists *lists, const char *text, ListsPhrasesSeen seen, gpointer user_data);
