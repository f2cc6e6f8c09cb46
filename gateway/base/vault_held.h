/*
 * What a vault holds, for the files that implement base/vault.h. Private to base/.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "vault_epoch.h"
#include "vault_keys.h"

/* Its keys are fixed when it is made, so everything but the epoch, which has a lock of its own, is read without one. */
struct Vault {
	VaultRole role;
	GPtrArray *keys; /* VaultKey *; the public halves are there in every role */
	const VaultKey *match_key;
	guint8 (*subkeys)[VAULT_KEY_BYTES]; /* of match_key, one for each purpose; in memory of sodium_malloc */
	const VaultKey *public_key;
	const VaultKey *link_key; /* NULL in the front */
	VaultEpoch *epoch;
};

/* Call it before any other function of libsodium. */
void vault_start_sodium(void);

/* The key that the content of `sealed` is under, by whichever way the vault has to its epoch; the content is not looked at. Wipe it after use. BASE_ERROR_FORGED, BASE_ERROR_KEY. */
gboolean vault_content_key(Vault *vault, const VaultSealed *sealed, const char *associated, guint8 key[VAULT_KEY_BYTES], GError **error);
