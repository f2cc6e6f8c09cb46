/*
 * The one clock: the system's wall time plus an offset that tests can set.
 *
 * The offset has two sources that add up: this process's own (clock_set_offset_us) and, in builds with SEKISHO_MOVABLE_CLOCK, the
 * first eight bytes of the file that SEKISHO_CLOCK_FILE names. That file is mapped once, at the first call, so a process must not
 * change the variable afterwards, and the test must not shorten the file while anybody reads it (SIGBUS). Any thread may call.
 */
#include "sekisho/base/clock.h"

static gint64 own_offset_us;

#ifdef SEKISHO_MOVABLE_CLOCK
#include <pthread.h>
#include <stdlib.h>

static pthread_once_t shared_once = PTHREAD_ONCE_INIT;
static GMappedFile *shared_file; /* kept until the process ends */
static const gint64 *shared_offset_us;

/* A test that names a file which cannot be used would test the wrong day without noticing, so that ends the process. */
static void
map_shared_offset(void)
{
	g_autoptr(GError) error = NULL;
	const char *path = g_getenv("SEKISHO_CLOCK_FILE");
	if (!path || !*path)
		return;
	shared_file = g_mapped_file_new(path, FALSE, &error);
	if (!shared_file)
		g_error("SEKISHO_CLOCK_FILE: %s", error->message);
	if (g_mapped_file_get_length(shared_file) < sizeof(gint64))
		g_error("SEKISHO_CLOCK_FILE: %s has fewer than eight bytes", path);
	shared_offset_us = (const gint64 *)(const void *)g_mapped_file_get_contents(shared_file);
}

static gint64
shared_offset(void)
{
	pthread_once(&shared_once, map_shared_offset);
	return shared_offset_us ? __atomic_load_n(shared_offset_us, __ATOMIC_RELAXED) : 0;
}
#else
static gint64
shared_offset(void)
{
	return 0;
}
#endif

gint64
clock_now_us(void)
{
	return g_get_real_time() + __atomic_load_n(&own_offset_us, __ATOMIC_RELAXED) + shared_offset();
}

gint64
clock_now_s(void)
{
	gint64 now_us = clock_now_us();
	return now_us / G_USEC_PER_SEC - (now_us % G_USEC_PER_SEC < 0 ? 1 : 0);
}

void
clock_set_offset_us(gint64 offset_us)
{
	__atomic_store_n(&own_offset_us, offset_us, __ATOMIC_RELAXED);
}
