/*
 * A frozen hash table from a key of some bytes to the number of an entry, made for a million of them: it keeps no keys, only 8 bytes for each slot, and asks its user whether an entry
 * has that key. Made by one thread; once it is full any thread may ask it.
 *
 * Keys are an operator's. A stranger only asks, so the hash needs no secret.
 */
#pragma once

#include <glib.h>

typedef struct {
	guint32 tag;   /* upper half of the key's hash */
	guint32 entry; /* LISTS_NONE: free */
} ListsSlot;

typedef struct {
	ListsSlot *slots;
	guint64 mask; /* slots are a power of two */
} ListsKeys;

#define LISTS_NONE G_MAXUINT32

/* Room for `count` keys. */
void lists_keys_init(ListsKeys *keys, guint count);
void lists_keys_clear(ListsKeys *keys);
guint64 lists_hash(guint64 seed, const void *bytes, gsize size);
/* TRUE if `entry` has the key that is asked for. */
typedef gboolean (*ListsHasKey)(gconstpointer user_data, guint32 entry);
/* The slot with that key, or the free one where it belongs. Never NULL. */
ListsSlot *lists_keys_slot(const ListsKeys *keys, guint64 hash, ListsHasKey has_key, gconstpointer user_data);
