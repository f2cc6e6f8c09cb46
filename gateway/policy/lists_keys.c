/*
 * The hash table of the lists: open addressing, at most half full, so that a key that is not there, which is nearly every one, costs one look into memory.
 */
#include "lists_keys.h"

#include <string.h>

#define MULTIPLIER G_GUINT64_CONSTANT(0x9E3779B97F4A7C15)

void
lists_keys_init(ListsKeys *keys, guint count)
{
	guint64 slots = 16;
	while (slots < 2ul * count)
		slots *= 2;
	keys->slots = g_new(ListsSlot, slots);
	memset(keys->slots, 0xFF, slots * sizeof *keys->slots);
	keys->mask = slots - 1;
}

void
lists_keys_clear(ListsKeys *keys)
{
	g_clear_pointer(&keys->slots, g_free);
}

static inline guint64
mix(guint64 hash, guint64 word)
{
	hash = (hash ^ word) * MULTIPLIER;
	return hash ^ hash >> 32;
}

guint64
lists_hash(guint64 seed, const void *bytes, gsize size)
{
	const guint8 *at = bytes;
	guint64 hash = mix(seed, size), word;
	for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
		memcpy(&word, at, sizeof word);
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, size);
	return mix(mix(hash, word), MULTIPLIER);
}

ListsSlot *
lists_keys_slot(const ListsKeys *keys, guint64 hash, ListsHasKey has_key, gconstpointer user_data)
{
	const guint32 tag = (guint32)(hash >> 32);
	for (guint64 i = hash & keys->mask;; i = (i + 1) & keys->mask) {
		ListsSlot *slot = &keys->slots[i];
		if (slot->entry == LISTS_NONE)
			return slot;
		if (slot->tag == tag && has_key(user_data, slot->entry))
			return slot;
	}
}
