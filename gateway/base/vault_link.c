/*
 * Signed links (Ed25519) and the signed tags of bounce addresses (keyed BLAKE2b, with a key derived from the link seed).
 *
 *   token   base64url of: version (1) | key id (4) | purpose (1) | expiry (8) | payload | signature (64)
 *   signed  LINK_DOMAIN | site | NUL | everything before the signature
 *   tag     text "-" 16 characters of base 32: the first 80 bits of the hash of site | NUL | text
 *
 * Sites are C strings, so the NUL ends them and nothing can be moved from one part into another. The domain keeps the signatures apart from
 * others that these keys may give later. No state.
 */
#include <sodium.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "vault_held.h"
#include "vault_parts.h"

#define LINK_DOMAIN "sekisho link 1:"
#define EXPIRY_BYTES 8u
#define HEAD_BYTES (VAULT_PREFIX_BYTES + 1u + EXPIRY_BYTES)
#define TOKEN_BYTES (HEAD_BYTES + VAULT_LINK_PAYLOAD_BYTES + crypto_sign_BYTES)
/* Of the text, with its NUL. */
#define TOKEN_TEXT_BYTES sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

#define TAG_CONTEXT "sekitags"
#define TAG_HASH_BYTES 10u
#define TAG_HASH_CHARACTERS 16u

G_STATIC_ASSERT(VAULT_KEY_BYTES == crypto_sign_SEEDBYTES && VAULT_KEY_BYTES == crypto_sign_PUBLICKEYBYTES);
G_STATIC_ASSERT(sizeof TAG_CONTEXT - 1 == crypto_kdf_CONTEXTBYTES);
G_STATIC_ASSERT(TAG_HASH_BYTES * 8 == TAG_HASH_CHARACTERS * 5);

/* --- Links ------------------------------------------------------------------------------------------------------ */

static GByteArray *
message_new(const char *site, const guint8 *head_and_payload, gsize size)
{
	GByteArray *message = g_byte_array_new();
	g_byte_array_append(message, (const guint8 *)LINK_DOMAIN, sizeof LINK_DOMAIN - 1);
	g_byte_array_append(message, (const guint8 *)site, (guint)strlen(site) + 1);
	g_byte_array_append(message, head_and_payload, (guint)size);
	return message;
}

static void
sign(const VaultKey *seed, const GByteArray *message, guint8 *signature)
{
	guint8 public_bytes[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(public_bytes, secret, seed->bytes);
	crypto_sign_detached(signature, NULL, message->data, message->len, secret);
	sodium_memzero(secret, sizeof secret);
}

char *
vault_link_sign(Vault *vault, const VaultLink *link)
{
	gsize payload_size;
	guint8 bytes[TOKEN_BYTES];
	const void *payload = g_bytes_get_data(link->payload, &payload_size);
	const guint64 expiry = GUINT64_TO_BE((guint64)(link->expires_at_us / G_USEC_PER_SEC));
	const gsize signed_size = HEAD_BYTES + payload_size;
	g_assert(vault->role != VAULT_FRONT && link->expires_at_us >= 0 && payload_size <= VAULT_LINK_PAYLOAD_BYTES);
	vault_prefix_write(bytes, vault->link_key->id);
	bytes[VAULT_PREFIX_BYTES] = (guint8)link->purpose;
	memcpy(bytes + VAULT_PREFIX_BYTES + 1, &expiry, EXPIRY_BYTES);
	if (payload_size > 0)
		memcpy(bytes + HEAD_BYTES, payload, payload_size);
	g_autoptr(GByteArray) message = message_new(link->site, bytes, signed_size);
	sign(vault->link_key, message, bytes + signed_size);
	char *token = g_malloc(TOKEN_TEXT_BYTES);
	return sodium_bin2base64(
	    token, TOKEN_TEXT_BYTES, bytes, signed_size + crypto_sign_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Strict: no padding, no other alphabet, no bits left over, so that there is one text for the same bytes. libsodium 1.0.18 takes some bytes above 127 for
 * characters, so the alphabet is looked at here. */
static gboolean
decode_token(const char *token, guint8 bytes[TOKEN_BYTES], gsize *size)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const gsize length = strnlen(token, TOKEN_TEXT_BYTES);
	return length < TOKEN_TEXT_BYTES && strspn(token, alphabet) == length &&
	       sodium_base642bin(bytes, TOKEN_BYTES, token, length, NULL, size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
		   0 &&
	       *size >= HEAD_BYTES + crypto_sign_BYTES;
}

/* Seconds that a time in microseconds can hold, or FALSE. */
static gboolean
read_expiry(const guint8 *at, gint64 *expires_at_us)
{
	guint64 big_endian;
	memcpy(&big_endian, at, EXPIRY_BYTES);
	const guint64 seconds = GUINT64_FROM_BE(big_endian);
	*expires_at_us = seconds <= G_MAXINT64 / G_USEC_PER_SEC ? (gint64)seconds * G_USEC_PER_SEC : -1;
	return *expires_at_us >= 0;
}

static gboolean
fail_forged(GError **error)
{
	g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FORGED, "the token is not one of ours, or was made for another use");
	return FALSE;
}

gboolean
vault_link_verify(Vault *vault, const char *token, VaultLink *link, GError **error)
{
	gsize size = 0;
	guint32 key_id;
	gint64 expires_at_us;
	guint8 bytes[TOKEN_BYTES];
	if (!decode_token(token, bytes, &size) || !vault_prefix_read(bytes, &key_id) ||
	    bytes[VAULT_PREFIX_BYTES] != (guint8)link->purpose || !read_expiry(bytes + VAULT_PREFIX_BYTES + 1, &expires_at_us))
		return fail_forged(error);
	const VaultKey *key = vault_keys_find(vault->keys, VAULT_KEY_VERIFY, key_id);
	if (!key) {
		g_set_error(
		    error, BASE_ERROR, BASE_ERROR_KEY, "the vault has no key %08x, with which this token was signed", key_id);
		return FALSE;
	}
	const gsize signed_size = size - crypto_sign_BYTES;
	g_autoptr(GByteArray) message = message_new(link->site, bytes, signed_size);
	if (crypto_sign_verify_detached(bytes + signed_size, message->data, message->len, key->bytes) != 0)
		return fail_forged(error);
	link->expires_at_us = expires_at_us;
	link->payload = g_bytes_new(bytes + HEAD_BYTES, signed_size - HEAD_BYTES);
	return TRUE;
}

/* --- Tags ------------------------------------------------------------------------------------------------------- */

/* TEXT is folded. The hash is written as TAG_HASH_CHARACTERS and a NUL. */
static void
tag_hash(const VaultKey *seed, const char *site, const char *text, char hash[TAG_HASH_CHARACTERS + 1])
{
	/* Crockford's, whose characters nobody takes for one another. */
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	guint8 key[VAULT_KEY_BYTES], sum[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;
	crypto_kdf_derive_from_key(key, sizeof key, 1, TAG_CONTEXT, seed->bytes);
	crypto_generichash_init(&state, key, sizeof key, sizeof sum);
	crypto_generichash_update(&state, (const guint8 *)site, strlen(site) + 1);
	crypto_generichash_update(&state, (const guint8 *)text, strlen(text));
	crypto_generichash_final(&state, sum, sizeof sum);
	sodium_memzero(key, sizeof key);
	for (gsize i = 0; i < TAG_HASH_CHARACTERS; i++) {
		const gsize bit = i * 5, at = bit / 8;
		const guint pair = (guint)sum[at] << 8 | sum[at + 1];
		hash[i] = alphabet[pair >> (11 - bit % 8) & 31];
	}
	hash[TAG_HASH_CHARACTERS] = '\0';
}

static gboolean
is_tag_text(const char *text)
{
	const gsize length = strnlen(text, VAULT_TAG_TEXT_BYTES + 1);
	return length > 0 && length <= VAULT_TAG_TEXT_BYTES && strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz") == length;
}

char *
vault_tag(Vault *vault, const char *site, const char *text)
{
	char hash[TAG_HASH_CHARACTERS + 1];
	g_autofree char *folded = g_ascii_strdown(text, -1);
	g_assert(vault->role != VAULT_FRONT && is_tag_text(folded));
	tag_hash(vault->link_key, site, folded, hash);
	return g_strconcat(folded, "-", hash, NULL);
}

char *
vault_tag_open(Vault *vault, const char *site, const char *tag)
{
	char hash[TAG_HASH_CHARACTERS + 1];
	gboolean is_ours = FALSE;
	g_assert(vault->role != VAULT_FRONT);
	if (strnlen(tag, VAULT_TAG_TEXT_BYTES + TAG_HASH_CHARACTERS + 2) > VAULT_TAG_TEXT_BYTES + TAG_HASH_CHARACTERS + 1)
		return NULL;
	g_autofree char *text = g_ascii_strdown(tag, -1);
	char *dash = strrchr(text, '-');
	if (!dash || strlen(dash + 1) != TAG_HASH_CHARACTERS)
		return NULL;
	*dash = '\0';
	if (!is_tag_text(text))
		return NULL;
	for (guint i = 0; i < vault->keys->len; i++) {
		const VaultKey *key = vault->keys->pdata[i];
		if (key->kind != VAULT_KEY_LINK)
			continue;
		tag_hash(key, site, text, hash);
		is_ours |= sodium_memcmp(hash, dash + 1, TAG_HASH_CHARACTERS) == 0;
	}
	return is_ours ? g_ascii_strup(text, -1) : NULL;
}
