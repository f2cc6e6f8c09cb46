/*
 * Authenticated encryption of one part (XChaCha20-Poly1305). The nonce is random: 24 bytes are enough for that, whatever the number
 * of parts under one key. No state; sodium_init must have been called.
 */
#include "vault_parts.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1u
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

void
vault_prefix_write(guint8 *at, guint32 key_id)
{
	guint32 big_endian = GUINT32_TO_BE(key_id);
	at[0] = VERSION;
	memcpy(at + 1, &big_endian, sizeof big_endian);
}

gboolean
vault_prefix_read(const guint8 *bytes, guint32 *key_id)
{
	guint32 big_endian;
	memcpy(&big_endian, bytes + 1, sizeof big_endian);
	*key_id = GUINT32_FROM_BE(big_endian);
	return bytes[0] == VERSION;
}

/* part | prefix | epoch id, if given | the caller's text, which comes last and needs no length. */
static GByteArray *
associated_new(VaultPart part, const guint8 *prefix, const guint8 *epoch_id, const char *text)
{
	GByteArray *associated = g_byte_array_new();
	const guint8 letter = (guint8)part;
	g_byte_array_append(associated, &letter, 1);
	g_byte_array_append(associated, prefix, VAULT_PREFIX_BYTES);
	if (epoch_id)
		g_byte_array_append(associated, epoch_id, VAULT_EPOCH_ID_BYTES);
	g_byte_array_append(associated, (const guint8 *)text, (guint)strlen(text));
	return associated;
}

GBytes *
vault_part_seal(const VaultPartKey *with, const void *bytes, gsize size)
{
	gsize sealed_size = VAULT_PREFIX_BYTES + NONCE_BYTES + size + TAG_BYTES;
	guint8 *sealed = g_malloc(sealed_size), *nonce = sealed + VAULT_PREFIX_BYTES;
	vault_prefix_write(sealed, with->key_id);
	randombytes_buf(nonce, NONCE_BYTES);
	g_autoptr(GByteArray) associated = associated_new(with->part, sealed, with->epoch_id, with->associated);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    nonce + NONCE_BYTES, NULL, bytes, size, associated->data, associated->len, NULL, nonce, with->key);
	return g_bytes_new_take(sealed, sealed_size);
}

guint8 *
vault_part_open(const VaultPartKey *with, GBytes *sealed, gsize *size)
{
	gsize sealed_size;
	guint32 key_id;
	const guint8 *bytes = g_bytes_get_data(sealed, &sealed_size);
	if (sealed_size < VAULT_PREFIX_BYTES + NONCE_BYTES + TAG_BYTES || !vault_prefix_read(bytes, &key_id))
		return NULL;
	const guint8 *nonce = bytes + VAULT_PREFIX_BYTES;
	gsize cipher_size = sealed_size - VAULT_PREFIX_BYTES - NONCE_BYTES;
	guint8 *opened = g_malloc(cipher_size);
	g_autoptr(GByteArray) associated = associated_new(with->part, bytes, with->epoch_id, with->associated);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		opened, NULL, NULL, nonce + NONCE_BYTES, cipher_size, associated->data, associated->len, nonce, with->key) == 0) {
		*size = cipher_size - TAG_BYTES;
		return opened;
	}
	g_free(opened);
	return NULL;
}
