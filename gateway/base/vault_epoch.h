/*
 * The epoch: the key that wraps content keys for ten minutes. Private to base/.
 */
#pragma once

#include <glib.h>

#include "vault_keys.h"
#include "vault_parts.h"

typedef struct VaultEpoch VaultEpoch;

/* What is sealed to the vault's public key, and what a holder of the private key finds in it. Wipe it after use. */
typedef struct {
	guint8 id[VAULT_EPOCH_ID_BYTES];
	guint8 key[VAULT_KEY_BYTES];
} VaultEpochSecret;

/* `public_key` is borrowed and must outlive it. */
VaultEpoch *vault_epoch_new(const VaultKey *public_key);
void vault_epoch_free(VaultEpoch *epoch);

/* The epoch that lasts now, a new one if need be. Returns its sealed form; the caller's. Never fails. */
GBytes *vault_epoch_current(VaultEpoch *epoch, VaultEpochSecret *secret);
/* The epoch with that sealed form, if it still lasts: the way back for those without a private key. */
gboolean vault_epoch_recall(VaultEpoch *epoch, GBytes *sealed, VaultEpochSecret *secret);
/* Wipes the key if its time is over. */
void vault_epoch_forget(VaultEpoch *epoch);
/* Opens a sealed form. FALSE if it is damaged or was sealed to another key. */
gboolean vault_epoch_open(GBytes *sealed, const VaultKey *private_key, const VaultKey *public_key, VaultEpochSecret *secret);
