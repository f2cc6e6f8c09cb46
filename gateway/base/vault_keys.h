/*
 * The vault's keys as text: what stands in the key files and in what is handed to a role's process. Private to base/.
 *
 * A text holds groups [match ID], [private ID], [public ID], [link ID] and [verify ID]. A file has groups of one kind; what a role is handed has groups of
 * the kinds that it may hold.
 */
#pragma once

#include <glib.h>

#define VAULT_KEY_BYTES 32u

typedef enum {
	VAULT_KEY_MATCH = 1 << 0,
	VAULT_KEY_PRIVATE = 1 << 1,
	VAULT_KEY_PUBLIC = 1 << 2,
	VAULT_KEY_LINK = 1 << 3,   /* seeds that sign */
	VAULT_KEY_VERIFY = 1 << 4, /* their public halves */
} VaultKeyKind;

typedef struct {
	VaultKeyKind kind;
	guint32 id;
	char *created;       /* as written */
	gint64 created_us;
	guint8 *bytes;       /* VAULT_KEY_BYTES in memory of sodium_malloc */
} VaultKey;

/* `bytes` is copied. */
VaultKey *vault_key_new(VaultKeyKind kind, guint32 id, const char *created, const guint8 *bytes);
void vault_key_free(VaultKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VaultKey, vault_key_free)

/* An empty list that owns its keys. */
GPtrArray *vault_keys_new(void);
/* Appends the public half of each private key and each seed: same id, same date. */
void vault_keys_publish(GPtrArray *keys);
/* Appends the keys of `text` to `keys` (VaultKey *). BASE_ERROR_KEY, naming `origin`, for a damaged text, an id that stands twice, and a
 * kind that is not in `allowed` (a set of VaultKeyKind). */
gboolean vault_keys_parse(GPtrArray *keys, GBytes *text, guint allowed, const char *origin, GError **error);
/* The keys of these kinds as text, in order. Never NULL. */
GBytes *vault_keys_format(const GPtrArray *keys, guint kinds);
/* The key of that kind and id, or NULL; the newest of a kind, or NULL. Borrowed. */
const VaultKey *vault_keys_find(const GPtrArray *keys, VaultKeyKind kind, guint32 id);
const VaultKey *vault_keys_newest(const GPtrArray *keys, VaultKeyKind kind);
