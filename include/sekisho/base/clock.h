/*
 * The one clock. Wall time in microseconds since 1970-01-01 00:00 UTC. Nothing else in the gateway asks the system for
 * the date, so a test that moves this clock moves everything. Waiting and deadlines use g_get_monotonic_time().
 *
 * Builds with SEKISHO_MOVABLE_CLOCK map the file named by the environment variable SEKISHO_CLOCK_FILE, if set: its first
 * eight bytes are a native signed offset in microseconds, read at every call, so that a test can move the clock of
 * running processes. Releases are built without it.
 */
#pragma once

#include <glib.h>

gint64 clock_now_us(void);
/* Seconds, rounded down. */
gint64 clock_now_s(void);
/* Moves this process's clock by `offset_us` from the real one. For unit tests; in all builds, called by none. */
void clock_set_offset_us(gint64 offset_us);
