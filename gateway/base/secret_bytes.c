/*
 * GBytes that wipe what they held. GBytes hands its free function no size, so data and size travel in one small record.
 */
#include "secret_bytes.h"

#include <string.h>

typedef struct {
	void *data;
	gsize size;
} Secret;

static void
secret_free(gpointer pointer)
{
	Secret *secret = pointer;
	explicit_bzero(secret->data, secret->size);
	g_free(secret->data);
	g_free(secret);
}

GBytes *
secret_bytes_new_take(void *data, gsize size)
{
	Secret *secret = g_new(Secret, 1);
	*secret = (Secret){.data = data, .size = size};
	return g_bytes_new_with_free_func(data, size, secret_free, secret);
}
