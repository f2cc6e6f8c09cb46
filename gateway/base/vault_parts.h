/*
 * The encrypted parts of a sealed value and the prefix that stands before everything sealed or hashed. Private to base/.
 */
#pragma once

#include <glib.h>

/* version (1) | id of the vault's key (4, big-endian) */
#define VAULT_PREFIX_BYTES 5u
#define VAULT_EPOCH_ID_BYTES 16u

void vault_prefix_write(guint8 *at, guint32 key_id);
/* FALSE if the version is not ours. `bytes` has at least VAULT_PREFIX_BYTES. */
gboolean vault_prefix_read(const guint8 *bytes, guint32 *key_id);

/* What a part is; goes into its associated data, so that no part can stand in for another. */
typedef enum { VAULT_PART_CONTENT = 'C', VAULT_PART_WRAPPED_KEY = 'K', VAULT_PART_GRANTED_KEY = 'G' } VaultPart;

/* How a part is encrypted and what it is bound to. */
typedef struct {
	VaultPart part;
	guint32 key_id;          /* of the vault's key, for the prefix; not looked at when opening */
	const guint8 *key;       /* VAULT_KEY_BYTES */
	const guint8 *epoch_id;  /* VAULT_EPOCH_ID_BYTES, or NULL */
	const char *associated;
} VaultPartKey;

/* prefix | nonce (24) | encrypted bytes and tag. */
GBytes *vault_part_seal(const VaultPartKey *with, const void *bytes, gsize size);
/* NULL if it does not open. The bytes are the caller's, and secret; `size` receives their number. */
guint8 *vault_part_open(const VaultPartKey *with, GBytes *sealed, gsize *size);
