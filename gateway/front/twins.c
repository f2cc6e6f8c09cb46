/*
 * One entry for each submission that leads; in it, in the order in which they came, those that wait. Under one lock, which is not held while anybody is resumed.
 *
 * States of one: leads -> left; or parked -> resumed, and then perhaps it leads.
 */
#include "twins.h"

#include <pthread.h>
#include <string.h>

struct Twin {
	VaultHash repetition;
	GQueue parked;
};

struct Twins {
	TwinResume resume;
	pthread_mutex_t lock;
	GHashTable *leading; /* Twin *, by repetition */
	gboolean is_ended;
};

/* The hash's last bytes are as good as any: it is a keyed one. */
static guint
hash_of(gconstpointer repetition)
{
	guint hash;
	memcpy(&hash, (const guint8 *)repetition + VAULT_HASH_BYTES - sizeof hash, sizeof hash);
	return hash;
}

static gboolean
is_equal(gconstpointer one, gconstpointer other)
{
	return vault_hash_equal(one, other);
}

static Twin *
twin_new(const VaultHash *repetition)
{
	Twin *twin = g_new0(Twin, 1);
	twin->repetition = *repetition;
	g_queue_init(&twin->parked);
	return twin;
}

/* Nobody waits for it. */
static void
twin_free(Twin *twin)
{
	g_assert(g_queue_is_empty(&twin->parked));
	g_free(twin);
}

Twins *
twins_new(TwinResume resume)
{
	Twins *twins = g_new0(Twins, 1);
	twins->resume = resume;
	pthread_mutex_init(&twins->lock, NULL);
	twins->leading = g_hash_table_new(hash_of, is_equal);
	return twins;
}

void
twins_free(Twins *twins)
{
	if (twins == NULL)
		return;
	g_assert(g_hash_table_size(twins->leading) == 0);
	g_hash_table_unref(twins->leading);
	pthread_mutex_destroy(&twins->lock);
	g_free(twins);
}

/* Under the lock. */
static gboolean
enter(Twins *twins, const VaultHash *repetition, gpointer user_data, Twin **led)
{
	Twin *twin = g_hash_table_lookup(twins->leading, repetition);
	if (twins->is_ended)
		return TRUE;
	if (twin != NULL) {
		g_queue_push_tail(&twin->parked, user_data);
		return FALSE;
	}
	*led = twin_new(repetition);
	g_hash_table_insert(twins->leading, &(*led)->repetition, *led);
	return TRUE;
}

gboolean
twins_enter(Twins *twins, const VaultHash *repetition, gpointer user_data, Twin **led)
{
	Twin *leads = NULL;
	pthread_mutex_lock(&twins->lock);
	const gboolean is_going_on = enter(twins, repetition, user_data, &leads);
	pthread_mutex_unlock(&twins->lock);
	/* `led` may lie in what was parked. */
	if (is_going_on)
		*led = leads;
	return is_going_on;
}

/* Takes all that are parked behind it. */
static void
take_parked(Twin *twin, GQueue *taken)
{
	for (gpointer parked; (parked = g_queue_pop_head(&twin->parked)) != NULL;)
		g_queue_push_tail(taken, parked);
}

static void
resume_all(const Twins *twins, GQueue *taken, gconstpointer leader)
{
	for (gpointer parked; (parked = g_queue_pop_head(taken)) != NULL;)
		twins->resume(parked, NULL, leader);
}

void
twins_leave(Twins *twins, Twin *led, gconstpointer leader, TwinEnd end)
{
	GQueue taken = G_QUEUE_INIT;
	pthread_mutex_lock(&twins->lock);
	gpointer next = end == TWIN_FAILED ? g_queue_pop_head(&led->parked) : NULL;
	if (next == NULL) {
		take_parked(led, &taken);
		(void)g_hash_table_remove(twins->leading, &led->repetition);
		twin_free(led);
	}
	pthread_mutex_unlock(&twins->lock);
	if (next != NULL)
		twins->resume(next, led, leader);
	resume_all(twins, &taken, leader);
}

void
twins_end(Twins *twins)
{
	GQueue taken = G_QUEUE_INIT;
	GHashTableIter iterator;
	gpointer twin;
	pthread_mutex_lock(&twins->lock);
	twins->is_ended = TRUE;
	g_hash_table_iter_init(&iterator, twins->leading);
	while (g_hash_table_iter_next(&iterator, &twin, NULL))
		take_parked(twin, &taken);
	pthread_mutex_unlock(&twins->lock);
	resume_all(twins, &taken, NULL);
}
