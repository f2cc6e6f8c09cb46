/*
 * Keys, and everything that is hashed or sealed with them. The only place that knows a cipher (libsodium).
 *
 * On disk: a folder (mode 0700) with
 *   match.key   symmetric keys for keyed hashes          front, courier, admin
 *   vault.key   X25519 private keys that open epochs      courier, admin
 *   vault.pub   their public halves                       front (and whoever has the private one)
 * Each file is INI text with one group per key: [match ID], [private ID] or [public ID], in it created (ISO 8601, with zone) and secret or
 * public (base64 of 32 bytes). ID is 8 hex digits, random; a private key and its public half share it. The newest key makes new things;
 * older ones are kept because old rows name them.
 *
 * Every hash and every sealed value starts with a version byte and a key id, so keys can be changed with an overlap.
 *
 * Sealing (design, "The store"): content is encrypted (XChaCha20-Poly1305) under a fresh content key; the content key is wrapped by the epoch key;
 * the epoch key is random, lives in the front's memory for ten minutes, and is itself stored only sealed to the vault's
 * public key (crypto_box_seal). So the front cannot open what it sealed in an earlier epoch. Associated data (receipt, site) binds a
 * value to its row: moved to another row it does not open.
 *
 * Thread-safe. Secrets are wiped when freed.
 */
#pragma once

#include <glib.h>

typedef struct Vault Vault;

/* What a process may hold. */
typedef enum { VAULT_FRONT, VAULT_COURIER, VAULT_ADMIN } VaultRole;

/* What a keyed hash is for: each purpose has its own subkey, so that hashes of different kinds never compare equal. Values go into
 * the subkeys: never renumber. */
typedef enum { VAULT_HASH_IP, VAULT_HASH_NETWORK, VAULT_HASH_ADDRESS, VAULT_HASH_CONTENT, VAULT_HASH_RECEIPT, VAULT_HASH_QUIZ } VaultPurpose;

/* version (1) | key id (4) | hash (16) */
#define VAULT_HASH_BYTES 21u
typedef struct { guint8 bytes[VAULT_HASH_BYTES]; } VaultHash;

/* One sealed value and what opens it; all are the struct's. Store all four. */
typedef struct {
	GBytes *epoch_id;      /* 16 random bytes */
	GBytes *epoch_sealed;  /* the epoch key, sealed to the vault's public key */
	GBytes *wrapped_key;   /* the content key, under the epoch key */
	GBytes *content;
} VaultSealed;

/* Makes the folder (0700; its parent must exist) and its keys. BASE_ERROR_KEY if any of the files exists, BASE_ERROR_EXPOSED if others may
 * enter the folder, BASE_ERROR_IO. */
gboolean vault_create(const char *directory, GError **error);
/* TRUE if the folder holds all three files; they are not looked into. */
gboolean vault_exists(const char *directory);
/* Reads what `role` may hold. BASE_ERROR_EXPOSED, BASE_ERROR_KEY, BASE_ERROR_IO. */
Vault *vault_open(const char *directory, VaultRole role, GError **error);
/* What `role` may hold, as bytes to hand to its process (INI text as in the files), and back. `vault` must hold at least as much.
 * vault_import refuses with BASE_ERROR_KEY bytes that are damaged or bring a key that `role` must not hold. */
GBytes *vault_export(const Vault *vault, VaultRole role);
Vault *vault_import(GBytes *exported, VaultRole role, GError **error);
void vault_free(Vault *vault);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vault, vault_free)

/* Keyed hash of `size` bytes with the newest key. */
void vault_hash(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size, VaultHash *hash);
/* TRUE if `bytes` gives `hash` under the key that the hash names. Constant time. */
gboolean vault_hash_matches(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size, const VaultHash *hash);

/* Seals under the current epoch (a new one every ten minutes by clock_now_us). Never fails. Needs VAULT_FRONT or VAULT_ADMIN. */
VaultSealed *vault_seal(Vault *vault, GBytes *content, const char *associated);
/* Opens what was sealed. The front can do so only within the epoch. BASE_ERROR_FORGED, BASE_ERROR_KEY. */
GBytes *vault_unseal(Vault *vault, const VaultSealed *sealed, const char *associated, GError **error);
/* Wipes the epoch key if its ten minutes are over. Sealing and unsealing do that too, but a front that has no visitors must call this about
 * once a minute, or the last epoch's key would stay in its memory. */
void vault_forget_epoch(Vault *vault);
void vault_sealed_free(VaultSealed *sealed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VaultSealed, vault_sealed_free)

/*
 * Sealed streams: content of any size (uploads), sealed piece by piece under a fresh random key of its own, which the caller keeps where it names the
 * stream. Needs no Vault. A stream that lost its end, a chunk or a bit does not open.
 */
#define VAULT_STREAM_KEY_BYTES 32u
/* What one chunk holds: large enough that its 17 bytes of overhead are nothing, small enough to be held for every upload at once. */
#define VAULT_STREAM_CHUNK_BYTES (64ul * 1024u)
typedef struct VaultStream VaultStream;
/* Begins a stream: writes its key (VAULT_STREAM_KEY_BYTES) into `key` and appends its beginning to `sealed`. One thread at a time. */
VaultStream *vault_stream_new(guint8 *key, GByteArray *sealed);
/* Appends to `sealed` the chunks that `bytes` completed; less than one more chunk waits in memory. */
void vault_stream_seal(VaultStream *stream, const guint8 *bytes, gsize size, GByteArray *sealed);
/* Appends the last chunk. Then only vault_stream_free. */
void vault_stream_end(VaultStream *stream, GByteArray *sealed);
/* Wipes what it knows. NULL does nothing. */
void vault_stream_free(VaultStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VaultStream, vault_stream_free)
/* Size of the sealed form of `size` bytes. */
gsize vault_stream_sealed_bytes(gsize size);
/* The whole content; wiped when freed. BASE_ERROR_FORGED. */
GBytes *vault_stream_open(const guint8 *key, GBytes *sealed, GError **error);

/* A number from 0 to `count` - 1, each as likely and none foreseeable; 0 for a `count` of 0 or 1. */
guint vault_random_below(guint count);
/* A receipt number: 12 characters of Crockford's base 32, no I L O U; 34 random bits behind 26 bits of the time. Those of one moment begin alike, so that
 * the index over them grows in one place instead of touching a page of the database for each. No secret. The caller's. */
char *vault_receipt(void);
