/*
 * Grants: the content key of one sealed value, wrapped anew under a key that is derived from a secret.
 *
 *   secret   keyed BLAKE2b of the caller's text, with a key derived from the newest link seed
 *   granted  prefix (id of the vault's key) | nonce (24) | content key (32) + tag (16), under a key derived from the secret
 *
 * The wrapped key is bound to its own letter and to the caller's text, as the value itself is, so neither opens at another row. The nonce is random, so the same secret may wrap as often as
 * one likes. No state. The front has no link seed and no private key, and makes neither secrets nor grants.
 */
#include <sodium.h>
#include <string.h>

#include "secret_bytes.h"
#include "sekisho/base/error.h"
#include "vault_held.h"
#include "vault_parts.h"

/* Eight bytes that keep these subkeys apart from others of the same key. */
#define SECRET_CONTEXT "sekisecr"
#define GRANT_CONTEXT "sekigran"

G_STATIC_ASSERT(sizeof SECRET_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES && sizeof GRANT_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES);
G_STATIC_ASSERT(VAULT_SECRET_BYTES == crypto_kdf_KEYBYTES && VAULT_KEY_BYTES == crypto_kdf_KEYBYTES);

void
vault_secret(Vault *vault, const char *text, guint8 secret[VAULT_SECRET_BYTES])
{
	guint8 key[VAULT_KEY_BYTES];
	g_assert(vault->role != VAULT_FRONT);
	crypto_kdf_derive_from_key(key, sizeof key, 1, SECRET_CONTEXT, vault->link_key->bytes);
	crypto_generichash(secret, VAULT_SECRET_BYTES, (const guint8 *)text, strlen(text), key, sizeof key);
	sodium_memzero(key, sizeof key);
}

GBytes *
vault_grant(
    Vault *vault, const VaultSealed *sealed, const char *associated, const guint8 secret[VAULT_SECRET_BYTES], GError **error)
{
	guint8 content_key[VAULT_KEY_BYTES], key[VAULT_KEY_BYTES];
	g_assert(vault->role != VAULT_FRONT);
	if (!vault_content_key(vault, sealed, associated, content_key, error))
		return NULL;
	crypto_kdf_derive_from_key(key, sizeof key, 1, GRANT_CONTEXT, secret);
	const VaultPartKey wrap = {VAULT_PART_GRANTED_KEY, vault->public_key->id, key, NULL, associated};
	GBytes *wrapped = vault_part_seal(&wrap, content_key, sizeof content_key);
	sodium_memzero(key, sizeof key);
	sodium_memzero(content_key, sizeof content_key);
	return wrapped;
}

static GBytes *
fail_forged(const char *what, GError **error)
{
	g_set_error(error, BASE_ERROR, BASE_ERROR_FORGED, "the %s does not open: it is damaged, or belongs elsewhere", what);
	return NULL;
}

GBytes *
vault_granted_open(
    GBytes *content, GBytes *wrapped, const char *associated, const guint8 secret[VAULT_SECRET_BYTES], GError **error)
{
	gsize key_size, content_size;
	guint8 key[VAULT_KEY_BYTES];
	vault_start_sodium();
	crypto_kdf_derive_from_key(key, sizeof key, 1, GRANT_CONTEXT, secret);
	const VaultPartKey wrap = {VAULT_PART_GRANTED_KEY, 0, key, NULL, associated};
	g_autoptr(GBytes) content_key = NULL;
	guint8 *key_bytes = vault_part_open(&wrap, wrapped, &key_size);
	sodium_memzero(key, sizeof key);
	if (key_bytes)
		content_key = secret_bytes_new_take(key_bytes, key_size);
	if (!content_key || key_size != VAULT_KEY_BYTES)
		return fail_forged("granted key", error);
	const VaultPartKey seal = {VAULT_PART_CONTENT, 0, g_bytes_get_data(content_key, NULL), NULL, associated};
	guint8 *opened = vault_part_open(&seal, content, &content_size);
	return opened ? secret_bytes_new_take(opened, content_size) : fail_forged("sealed content", error);
}
