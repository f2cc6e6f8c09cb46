/*
 * Bytes that are wiped when the last reference goes: contents of private files, exported keys. Private to base/.
 */
#pragma once

#include <glib.h>

/* `data` (g_malloc) of `size` bytes becomes the result's. */
GBytes *secret_bytes_new_take(void *data, gsize size);
