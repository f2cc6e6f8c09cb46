/*
 * What a frozen snapshot is made of; lists_build.c makes it, lists.c asks it.
 *
 * Memory: 32 bytes and its value for each entry, 16 or a little more of the table that finds it; a phrase takes about 30 more.
 */
#pragma once

#include "country_file.h"
#include "lists_keys.h"
#include "lists_phrases.h"
#include "network_block.h"
#include "sekisho/policy/lists.h"

typedef struct {
	gint64 id;
	gint64 expires_at_us;
	guint32 value;  /* where it begins in Lists.texts */
	guint32 reason; /* likewise */
	guint32 scope;  /* index in Lists.scopes */
	guint16 points;
	guint8 action;
	guint8 type;
} ListsEntry;

/* Where entries hold. The first one is everywhere. */
typedef struct {
	char *site;
	guint64 form_id;
} ListsScope;
#define LISTS_EVERYWHERE 0u

struct Lists {
	gint references;
	GArray *entries;      /* ListsEntry; some may be dead, replaced by later ones */
	GString *texts;       /* values and reasons, each with its NUL */
	GArray *scopes;       /* ListsScope */
	GHashTable *scope_of; /* ListsScope * -> its index */
	ListsKeys keys;       /* type, scope and value -> entry */
	ListsPhrases phrases, agents;
	guint8 bits_ipv4[33], bits_ipv6[129]; /* lengths of networks that occur, longest first */
	guint bits_ipv4_count, bits_ipv6_count;
	guint counts[LIST_TYPE_LAST + 1];
	guint left_out;
	CountryFile *country;
};

static inline const ListsEntry *
lists_entry(const Lists *lists, guint32 index)
{
	return &g_array_index(lists->entries, ListsEntry, index);
}

static inline const char *
lists_value(const Lists *lists, guint32 index)
{
	return lists->texts->str + lists_entry(lists, index)->value;
}

guint lists_scope_hash(gconstpointer scope);
gboolean lists_scope_equal(gconstpointer a, gconstpointer b);

/* What an entry is found by: type, scope, and a value or network (then `value` is NULL). */
typedef struct {
	const Lists *lists;
	ListType type;
	guint32 scope;
	const char *value;
	gsize size;
	NetworkBlock block;
} ListsKey;
/* The slot of that key, or where it belongs. */
ListsSlot *lists_find(const ListsKey *key, guint64 *hash);
