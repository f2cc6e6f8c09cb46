/*
 * The epoch's key.
 *
 * States: none (at the start, and after forgetting) and lasting. vault_epoch_current starts one where there is none; every function
 * first ends one whose ten minutes are over, and that wipes the key. Thread-safe.
 */
#include "vault_epoch.h"

#include <pthread.h>
#include <sodium.h>

#include "sekisho/base/clock.h"

#define EPOCH_US (10 * G_TIME_SPAN_MINUTE)
#define SEALED_BYTES (VAULT_PREFIX_BYTES + sizeof(VaultEpochSecret) + crypto_box_SEALBYTES)

struct VaultEpoch {
	const VaultKey *public_key;
	pthread_mutex_t lock;     /* all below */
	VaultEpochSecret *secret; /* in memory of sodium_malloc; holds a key only while `sealed` is there */
	GBytes *sealed;           /* NULL: no epoch */
	gint64 started_us;
};

VaultEpoch *
vault_epoch_new(const VaultKey *public_key)
{
	VaultEpoch *epoch = g_new0(VaultEpoch, 1);
	epoch->public_key = public_key;
	epoch->secret = sodium_malloc(sizeof *epoch->secret);
	if (!epoch->secret)
		g_error("no memory for the key of an epoch");
	pthread_mutex_init(&epoch->lock, NULL);
	return epoch;
}

void
vault_epoch_free(VaultEpoch *epoch)
{
	if (!epoch)
		return;
	sodium_free(epoch->secret);
	g_clear_pointer(&epoch->sealed, g_bytes_unref);
	pthread_mutex_destroy(&epoch->lock);
	g_free(epoch);
}

/* Under the lock. */
static void
begin(VaultEpoch *epoch)
{
	guint8 *sealed = g_malloc(SEALED_BYTES);
	randombytes_buf(epoch->secret, sizeof *epoch->secret);
	vault_prefix_write(sealed, epoch->public_key->id);
	/* Cannot fail: vault_keys.c tried the public key when it was read. */
	int status = crypto_box_seal(
	    sealed + VAULT_PREFIX_BYTES, (const guint8 *)epoch->secret, sizeof *epoch->secret, epoch->public_key->bytes);
	g_assert(status == 0);
	epoch->sealed = g_bytes_new_take(sealed, SEALED_BYTES);
	epoch->started_us = clock_now_us();
}

/* Under the lock. An epoch ends too when the clock was set back, because then its age is not known. */
static void
end_if_over(VaultEpoch *epoch)
{
	gint64 age_us = clock_now_us() - epoch->started_us;
	if (!epoch->sealed || (age_us >= 0 && age_us < EPOCH_US))
		return;
	sodium_memzero(epoch->secret, sizeof *epoch->secret);
	g_clear_pointer(&epoch->sealed, g_bytes_unref);
}

void
vault_epoch_forget(VaultEpoch *epoch)
{
	pthread_mutex_lock(&epoch->lock);
	end_if_over(epoch);
	pthread_mutex_unlock(&epoch->lock);
}

GBytes *
vault_epoch_current(VaultEpoch *epoch, VaultEpochSecret *secret)
{
	pthread_mutex_lock(&epoch->lock);
	end_if_over(epoch);
	if (!epoch->sealed)
		begin(epoch);
	*secret = *epoch->secret;
	GBytes *sealed = g_bytes_ref(epoch->sealed);
	pthread_mutex_unlock(&epoch->lock);
	return sealed;
}

gboolean
vault_epoch_recall(VaultEpoch *epoch, GBytes *sealed, VaultEpochSecret *secret)
{
	pthread_mutex_lock(&epoch->lock);
	end_if_over(epoch);
	gboolean is_held = epoch->sealed && g_bytes_equal(sealed, epoch->sealed);
	if (is_held)
		*secret = *epoch->secret;
	pthread_mutex_unlock(&epoch->lock);
	return is_held;
}

gboolean
vault_epoch_open(GBytes *sealed, const VaultKey *private_key, const VaultKey *public_key, VaultEpochSecret *secret)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(sealed, &size);
	return size == SEALED_BYTES && crypto_box_seal_open((guint8 *)secret, bytes + VAULT_PREFIX_BYTES,
					   size - VAULT_PREFIX_BYTES, public_key->bytes, private_key->bytes) == 0;
}
