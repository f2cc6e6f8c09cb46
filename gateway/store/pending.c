/*
 * What waits to be counted. An entry is: added -> added up -> taken -> written, or put back to wait on. It belongs to one thread at a time; admission.c guards the one that all threads add to with its lock,
 * and what was taken is the thread's own.
 */
#include "pending.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/store/counters.h"

struct Pending {
	GHashTable *hits;    /* gint64 * -> guint64 * */
	GHashTable *marks;   /* Mark *, a set */
	GHashTable *limited; /* Limited *, a set */
};

typedef struct {
	gint64 hour;
	TallyTopic topic;
	char *site;
	char *item;
	guint64 count;
} Mark;

typedef struct {
	gint64 hour;
	guint tier;
	VaultHash key;
	char *site;
	GBytes *boxed;
	guint64 count;
	gint64 last_at_us;
} Limited;

/* --- Sets ------------------------------------------------------------------------------------------------------------- */

static guint
mark_hash(gconstpointer value)
{
	const Mark *mark = value;
	return g_str_hash(mark->item) * 31 + g_str_hash(mark->site) + (guint)mark->hour * 7 + (guint)mark->topic;
}

static gboolean
mark_equal(gconstpointer one, gconstpointer other)
{
	const Mark *a = one, *b = other;
	return a->hour == b->hour && a->topic == b->topic && strcmp(a->item, b->item) == 0 && strcmp(a->site, b->site) == 0;
}

static void
mark_free(gpointer value)
{
	Mark *mark = value;
	g_free(mark->site);
	g_free(mark->item);
	g_free(mark);
}

static guint
limited_hash(gconstpointer value)
{
	return counters_key_hash(&((const Limited *)value)->key);
}

static gboolean
limited_equal(gconstpointer one, gconstpointer other)
{
	const Limited *a = one, *b = other;
	return a->hour == b->hour && a->tier == b->tier && counters_key_equal(&a->key, &b->key) && strcmp(a->site, b->site) == 0;
}

static void
limited_free(gpointer value)
{
	Limited *limited = value;
	g_free(limited->site);
	g_bytes_unref(limited->boxed);
	g_free(limited);
}

Pending *
pending_new(void)
{
	Pending *pending = g_new(Pending, 1);
	pending->hits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	pending->marks = g_hash_table_new_full(mark_hash, mark_equal, mark_free, NULL);
	pending->limited = g_hash_table_new_full(limited_hash, limited_equal, limited_free, NULL);
	return pending;
}

void
pending_free(Pending *pending)
{
	if (!pending)
		return;
	g_hash_table_unref(pending->hits);
	g_hash_table_unref(pending->marks);
	g_hash_table_unref(pending->limited);
	g_free(pending);
}

gboolean
pending_is_empty(const Pending *pending)
{
	return g_hash_table_size(pending->hits) + g_hash_table_size(pending->marks) + g_hash_table_size(pending->limited) == 0;
}

/* --- Adding ----------------------------------------------------------------------------------------------------------- */

void
pending_add_hits(Pending *pending, gint64 entry_id, guint64 count)
{
	guint64 *known = g_hash_table_lookup(pending->hits, &entry_id);
	if (known)
		*known += count;
	else if (g_hash_table_size(pending->hits) < LIMIT_HITS)
		g_hash_table_insert(pending->hits, g_memdup2(&entry_id, sizeof entry_id), g_memdup2(&count, sizeof count));
}

static gboolean
has_room(const Pending *pending)
{
	return g_hash_table_size(pending->marks) + g_hash_table_size(pending->limited) < LIMIT_TALLY_PENDING;
}

void
pending_add_mark(Pending *pending, const TallyMark *mark)
{
	Mark wanted = {.hour = mark->at_us / G_TIME_SPAN_HOUR,
	    .topic = mark->topic,
	    .site = (char *)mark->site,
	    .item = (char *)mark->item,
	    .count = mark->count};
	Mark *known = g_hash_table_lookup(pending->marks, &wanted);
	if (known) {
		known->count += mark->count;
	} else if (has_room(pending)) {
		wanted.site = g_strdup(mark->site);
		wanted.item = g_strdup(mark->item);
		g_hash_table_add(pending->marks, g_memdup2(&wanted, sizeof wanted));
	}
}

gboolean
pending_add_limited(Pending *pending, const TallyLimited *limited)
{
	Limited wanted = {.hour = limited->at_us / G_TIME_SPAN_HOUR,
	    .tier = limited->tier,
	    .key = limited->key,
	    .site = (char *)limited->site,
	    .count = limited->count,
	    .last_at_us = limited->at_us};
	Limited *known = g_hash_table_lookup(pending->limited, &wanted);
	if (known) {
		known->count += limited->count;
		known->last_at_us = MAX(known->last_at_us, limited->at_us);
		return TRUE;
	}
	if (!has_room(pending))
		return TRUE;
	if (!limited->boxed)
		return FALSE;
	wanted.site = g_strdup(limited->site);
	wanted.boxed = g_bytes_ref(limited->boxed);
	g_hash_table_add(pending->limited, g_memdup2(&wanted, sizeof wanted));
	return TRUE;
}

/* --- Taking ----------------------------------------------------------------------------------------------------------- */

/* Moves entries until `room` of them were. How many may still be. */
static guint
move_some(GHashTable *from, GHashTable *to, guint room)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, from);
	while (room > 0 && g_hash_table_iter_next(&iter, &key, &value)) {
		g_hash_table_iter_steal(&iter);
		g_hash_table_insert(to, key, value);
		room--;
	}
	return room;
}

Pending *
pending_take(Pending *pending)
{
	Pending *taken = pending_new();
	guint room = LIMIT_HITS_BATCH;
	room = move_some(pending->hits, taken->hits, room);
	room = move_some(pending->marks, taken->marks, room);
	move_some(pending->limited, taken->limited, room);
	return taken;
}

static TallyMark
as_mark(const Mark *mark)
{
	return (TallyMark){mark->hour * G_TIME_SPAN_HOUR, mark->site, mark->topic, mark->item, mark->count};
}

static TallyLimited
as_limited(const Limited *limited)
{
	return (TallyLimited){limited->last_at_us, limited->site, limited->tier, limited->key, limited->boxed, limited->count};
}

void
pending_put_back(Pending *pending, const Pending *taken)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, taken->hits);
	while (g_hash_table_iter_next(&iter, &key, &value))
		pending_add_hits(pending, *(const gint64 *)key, *(const guint64 *)value);
	g_hash_table_iter_init(&iter, taken->marks);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const TallyMark mark = as_mark(key);
		pending_add_mark(pending, &mark);
	}
	g_hash_table_iter_init(&iter, taken->limited);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const TallyLimited limited = as_limited(key);
		(void)pending_add_limited(pending, &limited);
	}
}

gboolean
pending_write(const Pending *pending, Db *counters, GError **error)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, pending->hits);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!counters_add_hits(counters, *(const gint64 *)key, *(const guint64 *)value, error))
			return FALSE;
	g_hash_table_iter_init(&iter, pending->marks);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const TallyMark mark = as_mark(key);
		if (!tally_add(counters, &mark, error))
			return FALSE;
	}
	g_hash_table_iter_init(&iter, pending->limited);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const TallyLimited limited = as_limited(key);
		if (!tally_add_limited(counters, &limited, error))
			return FALSE;
	}
	return TRUE;
}
