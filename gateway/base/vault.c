/*
 * The vault: keyed hashes and sealed values (libsodium 1.0.18).
 *
 * A Vault's keys are fixed when it is made, so hashing and unsealing need no lock; what changes is the epoch (vault_epoch.c). The
 * process that sealed can unseal while its epoch lasts; afterwards only a holder of the private key can, from `epoch_sealed`.
 *
 * Everything begins with a prefix: version (1) and the id of the vault's key (4, big-endian).
 *   content      prefix | nonce (24) | text + tag (16)              under the content key
 *   wrapped_key  prefix | nonce (24) | content key (32) + tag (16)  under the epoch key
 *   epoch_sealed prefix | sealed box of epoch id (16) | epoch key (32), to the vault's public key
 * The first two are bound to: a letter that names the part, the prefix, the epoch id (only wrapped_key, so that a content key can be
 * wrapped anew without touching the content), and the caller's text. A sealed box can be bound to nothing, hence the id inside it.
 */
#include "sekisho/base/vault.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "secret_bytes.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "vault_folder.h"
#include "vault_held.h"
#include "vault_parts.h"

#define HASH_SUM_BYTES 16u
#define PURPOSES (VAULT_HASH_PAGE + 1u)
/* Eight bytes that keep these subkeys apart from others that may be derived later. */
#define HASH_CONTEXT "sekihash"

G_STATIC_ASSERT(VAULT_PREFIX_BYTES + HASH_SUM_BYTES == VAULT_HASH_BYTES);
G_STATIC_ASSERT(sizeof HASH_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES);

/* --- Opening and handing over --------------------------------------------------------------------------------- */

static void
start_sodium(void)
{
	if (sodium_init() < 0)
		g_error("libsodium cannot be initialised");
}

void
vault_start_sodium(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_sodium);
}

static void
derive_subkey(const VaultKey *key, VaultPurpose purpose, guint8 subkey[VAULT_KEY_BYTES])
{
	g_assert((guint)purpose < PURPOSES);
	crypto_kdf_derive_from_key(subkey, VAULT_KEY_BYTES, (guint)purpose + 1, HASH_CONTEXT, key->bytes);
}

/* Takes `keys`, also on failure. */
static Vault *
vault_new(GPtrArray *keys, VaultRole role, const char *origin, GError **error)
{
	g_autoptr(Vault) vault = g_new0(Vault, 1);
	vault->role = role;
	vault->keys = keys;
	vault_keys_publish(keys);
	vault->match_key = vault_keys_newest(keys, VAULT_KEY_MATCH);
	vault->public_key = vault_keys_newest(keys, VAULT_KEY_PUBLIC);
	vault->link_key = vault_keys_newest(keys, VAULT_KEY_LINK);
	const char *missing = !vault->match_key                            ? "match"
			      : !vault->public_key                         ? "vault"
			      : !vault_keys_newest(keys, VAULT_KEY_VERIFY) ? "link"
									   : NULL;
	if (missing) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "%s: no %s key", origin, missing);
		return NULL;
	}
	vault->epoch = vault_epoch_new(vault->public_key);
	vault->subkeys = sodium_malloc(PURPOSES * sizeof *vault->subkeys);
	if (!vault->subkeys)
		g_error("no memory for a key");
	for (guint i = 0; i < PURPOSES; i++)
		derive_subkey(vault->match_key, (VaultPurpose)i, vault->subkeys[i]);
	return g_steal_pointer(&vault);
}

void
vault_free(Vault *vault)
{
	if (!vault)
		return;
	vault_epoch_free(vault->epoch);
	g_ptr_array_unref(vault->keys);
	sodium_free(vault->subkeys);
	g_free(vault);
}

Vault *
vault_open(const char *directory, VaultRole role, GError **error)
{
	vault_start_sodium();
	g_autoptr(GPtrArray) keys = vault_keys_new();
	if (!vault_folder_read(keys, directory, vault_folder_kinds(role), error))
		return NULL;
	return vault_new(g_steal_pointer(&keys), role, directory, error);
}

GBytes *
vault_export(const Vault *vault, VaultRole role)
{
	g_assert(role == VAULT_FRONT || vault->role != VAULT_FRONT);
	return vault_keys_format(vault->keys, vault_folder_kinds(role));
}

Vault *
vault_import(GBytes *exported, VaultRole role, GError **error)
{
	vault_start_sodium();
	g_autoptr(GPtrArray) keys = vault_keys_new();
	if (!vault_keys_parse(keys, exported, vault_folder_kinds(role), "keys handed over", error))
		return NULL;
	return vault_new(g_steal_pointer(&keys), role, "keys handed over", error);
}

/* --- Hashes --------------------------------------------------------------------------------------------------- */

static void
hash_with(const guint8 *subkey, guint32 key_id, const void *bytes, gsize size, VaultHash *hash)
{
	vault_prefix_write(hash->bytes, key_id);
	crypto_generichash(hash->bytes + VAULT_PREFIX_BYTES, HASH_SUM_BYTES, bytes, size, subkey, VAULT_KEY_BYTES);
}

void
vault_hash(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size, VaultHash *hash)
{
	g_assert((guint)purpose < PURPOSES);
	hash_with(vault->subkeys[purpose], vault->match_key->id, bytes, size, hash);
}

gboolean
vault_hash_equal(const VaultHash *hash, const VaultHash *other)
{
	return memcmp(hash->bytes, other->bytes, sizeof hash->bytes) == 0;
}

gboolean
vault_hash_matches(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size, const VaultHash *hash)
{
	guint32 key_id;
	VaultHash expected;
	const VaultKey *key =
	    vault_prefix_read(hash->bytes, &key_id) ? vault_keys_find(vault->keys, VAULT_KEY_MATCH, key_id) : NULL;
	if (!key)
		return FALSE;
	guint8 subkey[VAULT_KEY_BYTES];
	derive_subkey(key, purpose, subkey);
	hash_with(subkey, key->id, bytes, size, &expected);
	sodium_memzero(subkey, sizeof subkey);
	return sodium_memcmp(expected.bytes, hash->bytes, VAULT_HASH_BYTES) == 0;
}

static gint
compare_newest_first(gconstpointer one, gconstpointer other)
{
	const VaultKey *const *left = one, *const *right = other;
	return ((*left)->created_us < (*right)->created_us) - ((*left)->created_us > (*right)->created_us);
}

GArray *
vault_hashes(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size)
{
	g_autoptr(GPtrArray) match_keys = g_ptr_array_new();
	/* From the last one, and sorted without changing the order of equal ones: of two made in the same second the later is the newer. */
	for (guint i = vault->keys->len; i > 0; i--) {
		VaultKey *key = vault->keys->pdata[i - 1];
		if (key->kind == VAULT_KEY_MATCH)
			g_ptr_array_add(match_keys, key);
	}
	g_ptr_array_sort(match_keys, compare_newest_first);
	GArray *hashes = g_array_new(FALSE, TRUE, sizeof(VaultHash));
	g_array_set_size(hashes, match_keys->len);
	for (guint i = 0; i < match_keys->len; i++) {
		guint8 subkey[VAULT_KEY_BYTES];
		const VaultKey *key = match_keys->pdata[i];
		derive_subkey(key, purpose, subkey);
		hash_with(subkey, key->id, bytes, size, &g_array_index(hashes, VaultHash, i));
		sodium_memzero(subkey, sizeof subkey);
	}
	return hashes;
}

/* --- Sealing -------------------------------------------------------------------------------------------------- */

static gboolean
fail_forged(GError **error, const char *what)
{
	g_set_error(
	    error, BASE_ERROR, BASE_ERROR_FORGED, "the sealed %s does not open: it is damaged, or belongs elsewhere", what);
	return FALSE;
}

/* The front's way back: only while it holds that very epoch. */
static gboolean
recall_epoch(Vault *vault, const VaultSealed *sealed, VaultEpochSecret *secret, GError **error)
{
	if (vault_epoch_recall(vault->epoch, sealed->epoch_sealed, secret))
		return TRUE;
	g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "the epoch in which this was sealed is over");
	return FALSE;
}

static const VaultKey *
find_private_key(const Vault *vault, guint32 key_id, GError **error)
{
	const VaultKey *key = vault_keys_find(vault->keys, VAULT_KEY_PRIVATE, key_id);
	if (!key)
		g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "the vault has no key %08x, with which this was sealed", key_id);
	return key;
}

/* The way of those who hold a private key. */
static gboolean
open_epoch(Vault *vault, const VaultSealed *sealed, VaultEpochSecret *secret, GError **error)
{
	gsize size;
	guint32 key_id;
	const guint8 *bytes = g_bytes_get_data(sealed->epoch_sealed, &size);
	if (size < VAULT_PREFIX_BYTES || !vault_prefix_read(bytes, &key_id))
		return fail_forged(error, "epoch key");
	const VaultKey *private_key = find_private_key(vault, key_id, error);
	if (!private_key)
		return FALSE;
	const VaultKey *public_key = vault_keys_find(vault->keys, VAULT_KEY_PUBLIC, key_id);
	return vault_epoch_open(sealed->epoch_sealed, private_key, public_key, secret) || fail_forged(error, "epoch key");
}

void
vault_forget_epoch(Vault *vault)
{
	vault_epoch_forget(vault->epoch);
}

VaultSealed *
vault_seal(Vault *vault, GBytes *content, const char *associated)
{
	VaultEpochSecret epoch;
	guint8 content_key[VAULT_KEY_BYTES];
	gsize size;
	const void *bytes = g_bytes_get_data(content, &size);
	g_assert(vault->role != VAULT_COURIER);
	VaultSealed *sealed = g_new0(VaultSealed, 1);
	sealed->epoch_sealed = vault_epoch_current(vault->epoch, &epoch);
	sealed->epoch_id = g_bytes_new(epoch.id, VAULT_EPOCH_ID_BYTES);
	randombytes_buf(content_key, sizeof content_key);
	const VaultPartKey wrap = {VAULT_PART_WRAPPED_KEY, vault->public_key->id, epoch.key, epoch.id, associated};
	const VaultPartKey seal = {VAULT_PART_CONTENT, vault->public_key->id, content_key, NULL, associated};
	sealed->wrapped_key = vault_part_seal(&wrap, content_key, sizeof content_key);
	sealed->content = vault_part_seal(&seal, bytes, size);
	sodium_memzero(&epoch, sizeof epoch);
	sodium_memzero(content_key, sizeof content_key);
	return sealed;
}

static gboolean
unwrap_key(const VaultSealed *sealed, const VaultEpochSecret *epoch, const char *associated, guint8 key[VAULT_KEY_BYTES])
{
	gsize size;
	const VaultPartKey wrap = {VAULT_PART_WRAPPED_KEY, 0, epoch->key, epoch->id, associated};
	g_autofree guint8 *opened = vault_part_open(&wrap, sealed->wrapped_key, &size);
	const gboolean is_key = opened && size == VAULT_KEY_BYTES;
	if (is_key)
		memcpy(key, opened, VAULT_KEY_BYTES);
	if (opened)
		sodium_memzero(opened, size);
	return is_key;
}

gboolean
vault_content_key(Vault *vault, const VaultSealed *sealed, const char *associated, guint8 key[VAULT_KEY_BYTES], GError **error)
{
	VaultEpochSecret epoch;
	gboolean is_front = vault->role == VAULT_FRONT, is_good = FALSE;
	if (!(is_front ? recall_epoch(vault, sealed, &epoch, error) : open_epoch(vault, sealed, &epoch, error)))
		return FALSE;
	if (g_bytes_get_size(sealed->epoch_id) != VAULT_EPOCH_ID_BYTES ||
	    sodium_memcmp(g_bytes_get_data(sealed->epoch_id, NULL), epoch.id, VAULT_EPOCH_ID_BYTES) != 0)
		fail_forged(error, "epoch id");
	else
		is_good = unwrap_key(sealed, &epoch, associated, key) || fail_forged(error, "content key");
	sodium_memzero(&epoch, sizeof epoch);
	return is_good;
}

GBytes *
vault_unseal(Vault *vault, const VaultSealed *sealed, const char *associated, GError **error)
{
	gsize size;
	guint8 content_key[VAULT_KEY_BYTES];
	if (!vault_content_key(vault, sealed, associated, content_key, error))
		return NULL;
	const VaultPartKey seal = {VAULT_PART_CONTENT, 0, content_key, NULL, associated};
	guint8 *content = vault_part_open(&seal, sealed->content, &size);
	sodium_memzero(content_key, sizeof content_key);
	if (!content) {
		fail_forged(error, "content");
		return NULL;
	}
	return secret_bytes_new_take(content, size);
}

void
vault_sealed_free(VaultSealed *sealed)
{
	if (!sealed)
		return;
	g_clear_pointer(&sealed->epoch_id, g_bytes_unref);
	g_clear_pointer(&sealed->epoch_sealed, g_bytes_unref);
	g_clear_pointer(&sealed->wrapped_key, g_bytes_unref);
	g_clear_pointer(&sealed->content, g_bytes_unref);
	g_free(sealed);
}

/* --- Boxes ----------------------------------------------------------------------------------------------------- */

GBytes *
vault_box(Vault *vault, GBytes *content)
{
	gsize size;
	const void *bytes = g_bytes_get_data(content, &size);
	const gsize boxed_size = VAULT_PREFIX_BYTES + crypto_box_SEALBYTES + size;
	guint8 *boxed = g_malloc(boxed_size);
	vault_prefix_write(boxed, vault->public_key->id);
	/* Cannot fail: vault_keys.c tried the public key when it was read. */
	int status = crypto_box_seal(boxed + VAULT_PREFIX_BYTES, bytes, size, vault->public_key->bytes);
	g_assert(status == 0);
	return g_bytes_new_take(boxed, boxed_size);
}

GBytes *
vault_box_open(Vault *vault, GBytes *boxed, GError **error)
{
	gsize size;
	guint32 key_id;
	const guint8 *bytes = g_bytes_get_data(boxed, &size);
	g_assert(vault->role != VAULT_FRONT);
	if (size < VAULT_PREFIX_BYTES + crypto_box_SEALBYTES || !vault_prefix_read(bytes, &key_id)) {
		fail_forged(error, "box");
		return NULL;
	}
	const VaultKey *private_key = find_private_key(vault, key_id, error);
	if (!private_key)
		return NULL;
	const VaultKey *public_key = vault_keys_find(vault->keys, VAULT_KEY_PUBLIC, key_id);
	const gsize opened_size = size - VAULT_PREFIX_BYTES - crypto_box_SEALBYTES;
	/* Never empty, so that there is something to wipe. */
	g_autofree guint8 *opened = g_malloc(opened_size + 1);
	if (crypto_box_seal_open(
		opened, bytes + VAULT_PREFIX_BYTES, size - VAULT_PREFIX_BYTES, public_key->bytes, private_key->bytes) != 0) {
		fail_forged(error, "box");
		return NULL;
	}
	return secret_bytes_new_take(g_steal_pointer(&opened), opened_size);
}

/* --- Chance ---------------------------------------------------------------------------------------------------- */

guint
vault_random_below(guint count)
{
	vault_start_sodium();
	return randombytes_uniform(count);
}

/* --- Receipts ------------------------------------------------------------------------------------------------- */

/* Five bits a character: above, the time in units of 8 ms, which begins again after six days; below, chance. */
#define RECEIPT_TIME_SHIFT 13
#define RECEIPT_RANDOM_BITS 34

char *
vault_receipt(void)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	guint64 number = 0;
	char *receipt = g_malloc(VAULT_RECEIPT_BYTES + 1);
	vault_start_sodium();
	randombytes_buf(&number, sizeof number);
	number &= (G_GUINT64_CONSTANT(1) << RECEIPT_RANDOM_BITS) - 1;
	number |= (guint64)clock_now_us() >> RECEIPT_TIME_SHIFT << RECEIPT_RANDOM_BITS;
	for (gsize i = VAULT_RECEIPT_BYTES; i > 0; i--, number >>= 5)
		receipt[i - 1] = alphabet[number % 32];
	receipt[VAULT_RECEIPT_BYTES] = '\0';
	return receipt;
}

gboolean
vault_is_receipt(const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
		if (!g_ascii_isalnum(*at))
			return FALSE;
	return strlen(text) == VAULT_RECEIPT_BYTES;
}
