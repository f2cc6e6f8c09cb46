/*
 * Keys, and everything that is hashed or sealed with them. The only place that knows a cipher (libsodium).
 *
 * On disk: a folder (mode 0700) with
 *   match.key   symmetric keys for keyed hashes          front, courier, admin
 *   vault.key   X25519 private keys that open epochs      courier, admin
 *   vault.pub   their public halves                       front (and whoever has the private one)
 *   link.key    Ed25519 seeds that sign links             courier, admin
 *   link.pub    their public halves                       front (and whoever has the seeds)
 * Each file is INI text with one group per key: [match ID], [private ID], [public ID], [link ID] or [verify ID], in it created (ISO 8601, with zone)
 * and secret or public (base64 of 32 bytes). ID is 8 hex digits, random; a private key and its public half share it. The newest key makes new things;
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
typedef enum { VAULT_HASH_IP, VAULT_HASH_NETWORK, VAULT_HASH_ADDRESS, VAULT_HASH_CONTENT, VAULT_HASH_RECEIPT, VAULT_HASH_QUIZ,
	VAULT_HASH_DOMAIN, VAULT_HASH_PROBE, VAULT_HASH_FINGERPRINT, VAULT_HASH_COUNTER, VAULT_HASH_REPETITION,
	VAULT_HASH_TRAP, VAULT_HASH_CHALLENGE, VAULT_HASH_PAGE } VaultPurpose;

/* version (1) | key id (4) | hash (16) */
#define VAULT_HASH_BYTES 21u
typedef struct { guint8 bytes[VAULT_HASH_BYTES]; } VaultHash;
/* TRUE if both are the same hash, made with the same key. */
gboolean vault_hash_equal(const VaultHash *hash, const VaultHash *other);

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
/* TRUE if the folder holds vault.key, vault.pub and match.key; they are not looked into. */
gboolean vault_exists(const char *directory);
/* TRUE if it holds the link keys, too. */
gboolean vault_is_complete(const char *directory);
/* Makes the link keys of a folder that was made before there were any. Nothing to do if they are there. BASE_ERROR_KEY if the folder has not the other keys,
 * or link.pub without link.key; else errors as vault_create. */
gboolean vault_complete(const char *directory, GError **error);
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

/* The hash under each key that the vault holds, newest first (VaultHash), for looking up what may have been stored under an older one. The caller's. */
GArray *vault_hashes(Vault *vault, VaultPurpose purpose, const void *bytes, gsize size);

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
 * Grants: who has a secret opens one sealed value and nothing else. The content key is wrapped anew under a key that is derived from the secret; whoever removes the wrapped key ends the
 * grant.
 */
#define VAULT_SECRET_BYTES 32u
/* A secret that belongs to this text, in which the caller names what it is for: the same each time while the newest link key is the same, and known to nobody who
 * has not that key. Needs VAULT_COURIER or VAULT_ADMIN. */
void vault_secret(Vault *vault, const char *text, guint8 secret[VAULT_SECRET_BYTES]);
/* The content key of `sealed`, wrapped under `secret`. Needs VAULT_COURIER or VAULT_ADMIN. BASE_ERROR_FORGED, BASE_ERROR_KEY. The caller's. */
GBytes *vault_grant(Vault *vault, const VaultSealed *sealed, const char *associated, const guint8 secret[VAULT_SECRET_BYTES], GError **error);
/* Opens `content` (VaultSealed.content) with it; needs no Vault. BASE_ERROR_FORGED. */
GBytes *vault_granted_open(GBytes *content, GBytes *wrapped, const char *associated, const guint8 secret[VAULT_SECRET_BYTES], GError **error);

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

/*
 * Links: what a mail's link carries, signed with Ed25519 by courier or admin, and verified by anybody who holds the public half. A token is base64url text
 * without padding of: version (1) | key id (4) | purpose (1) | expiry (8, seconds since 1970, big endian) | payload | signature (64). The site is signed
 * with it and not in it, so a token of one site is forged at any other. The same input gives the same token. Being used once is the ledger's matter.
 */
typedef enum { VAULT_LINK_CONSENT = 1, VAULT_LINK_CANARY = 2, VAULT_LINK_REVIEW = 3 } VaultLinkPurpose;
#define VAULT_LINK_PAYLOAD_BYTES 128u /* at most */
typedef struct {
	VaultLinkPurpose purpose;
	const char *site;
	gint64 expires_at_us; /* whole seconds count */
	GBytes *payload;
} VaultLink;
/* The token. Needs VAULT_COURIER or VAULT_ADMIN. The caller's. */
char *vault_link_sign(Vault *vault, const VaultLink *link);
/* TRUE if the token is one of ours for `link->purpose` and `link->site`, whose other members it fills in (payload: the caller's); whether it has expired is the
 * caller's to compare. Any text may come: what is too long, no canonical
 * base64url or not ours is BASE_ERROR_FORGED; BASE_ERROR_KEY if its key is gone. */
gboolean vault_link_verify(Vault *vault, const char *token, VaultLink *link, GError **error);

/*
 * Signed tags of bounce addresses: `text` (letters and digits) and a keyed hash of 80 bits of purpose, site and text, in a form that survives as part of a local
 * part and a change of case: "TEXT-HASH", lower-case letters and digits. The key is derived from the newest link seed; the front does not hold it.
 * Needs VAULT_COURIER or VAULT_ADMIN.
 */
#define VAULT_TAG_TEXT_BYTES 32u /* at most; the tag has 17 more */
/* The caller's. */
char *vault_tag(Vault *vault, const char *site, const char *text);
/* The text, in upper case as receipts are written, of a tag of this site made with any of our keys, in whatever case; or NULL. Any text may come. The caller's. */
char *vault_tag_open(Vault *vault, const char *site, const char *tag);

/* A small text sealed to the vault's public key alone, for whoever holds the private one: version | key id | crypto_box_seal. The caller's. */
GBytes *vault_box(Vault *vault, GBytes *content);
/* BASE_ERROR_FORGED, BASE_ERROR_KEY. Needs VAULT_COURIER or VAULT_ADMIN. */
GBytes *vault_box_open(Vault *vault, GBytes *boxed, GError **error);

/* A number from 0 to `count` - 1, each as likely and none foreseeable; 0 for a `count` of 0 or 1. */
guint vault_random_below(guint count);
/* A receipt number: 12 characters of Crockford's base 32, no I L O U; 34 random bits behind 26 bits of the time. Those of one moment begin alike, so that
 * the index over them grows in one place instead of touching a page of the database for each. No secret. The caller's. */
char *vault_receipt(void);
#define VAULT_RECEIPT_BYTES 12u
/* TRUE if `text` has that length and only letters and digits of ASCII: a receipt of a row may be a stranger's text. */
gboolean vault_is_receipt(const char *text);
