/*
 * Remembers when something was said of each site. Bounded, because only names from the configuration come; those of sites that were
 * taken away stay until the process ends.
 */
#include "hourly.h"

#include <pthread.h>

struct Hourly {
	pthread_mutex_t lock;
	GHashTable *said_us; /* char * -> gint64 *, monotonic; under the lock */
};

Hourly *
hourly_new(void)
{
	Hourly *hourly = g_new0(Hourly, 1);
	pthread_mutex_init(&hourly->lock, NULL);
	hourly->said_us = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return hourly;
}

void
hourly_free(Hourly *hourly)
{
	if (hourly == NULL)
		return;
	pthread_mutex_destroy(&hourly->lock);
	g_hash_table_unref(hourly->said_us);
	g_free(hourly);
}

gboolean
hourly_is_due(Hourly *hourly, const char *site)
{
	const gint64 now_us = g_get_monotonic_time();
	pthread_mutex_lock(&hourly->lock);
	const gint64 *said_us = g_hash_table_lookup(hourly->said_us, site);
	const gboolean is_due = said_us == NULL || now_us - *said_us >= G_TIME_SPAN_HOUR;
	if (is_due)
		g_hash_table_replace(hourly->said_us, g_strdup(site), g_memdup2(&now_us, sizeof now_us));
	pthread_mutex_unlock(&hourly->lock);
	return is_due;
}
