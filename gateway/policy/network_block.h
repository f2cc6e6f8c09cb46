/*
 * Networks as bytes: "192.0.2.0/24", "2001:db8::/32", or one address. What is written in IPv4-mapped form is IPv4.
 */
#pragma once

#include <glib.h>

/* No padding, so that two of them are equal if their bytes are. What stands behind the first `bits` of `bytes` is 0 once it was cut. */
typedef struct {
	guint8 family; /* 4 or 6 */
	guint8 bits;   /* 0 to 32 or 128 */
	guint8 bytes[16];
} NetworkBlock;

/* FALSE if `text` is neither an address as network_normalise takes it nor such an address, "/" and a number of bits. Host bits stay. Any text may come. */
gboolean network_block_read(const char *text, NetworkBlock *block);
/* Cuts it to its first `bits` bits, which must be at most its own. TRUE if a bit was lost. */
gboolean network_block_cut(NetworkBlock *block, guint bits);
/* "192.0.2.0/24". The caller's. */
char *network_block_text(const NetworkBlock *block);
