/*
 * The vault's keys and their text.
 *
 * Key bytes live in memory of sodium_malloc, which is locked where the system allows it and wiped when freed. Their text passes
 * through GKeyFile and leaves copies in the heap of this process; it is a process that holds the same keys anyway until it ends, and the
 * roles are separate programs that inherit nothing of it. sodium_init must have been called.
 */
#include "vault_keys.h"

#include <sodium.h>
#include <string.h>

#include "secret_bytes.h"
#include "sekisho/base/error.h"

G_STATIC_ASSERT(VAULT_KEY_BYTES == crypto_box_SECRETKEYBYTES && VAULT_KEY_BYTES == crypto_box_PUBLICKEYBYTES);
G_STATIC_ASSERT(VAULT_KEY_BYTES == crypto_kdf_KEYBYTES);

#define ID_DIGITS 8u

static const struct {
	VaultKeyKind kind;
	const char *prefix; /* of the group's name */
	const char *entry;
} kind_rows[] = {
    {VAULT_KEY_MATCH, "match ", "secret"},
    {VAULT_KEY_PRIVATE, "private ", "secret"},
    {VAULT_KEY_PUBLIC, "public ", "public"},
    {VAULT_KEY_LINK, "link ", "secret"},
    {VAULT_KEY_VERIFY, "verify ", "public"},
};

VaultKey *
vault_key_new(VaultKeyKind kind, guint32 id, const char *created, const guint8 *bytes)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(created, NULL);
	VaultKey *key = g_new0(VaultKey, 1);
	g_assert(date);
	key->kind = kind;
	key->id = id;
	key->created = g_strdup(created);
	key->created_us = g_date_time_to_unix(date) * G_USEC_PER_SEC + g_date_time_get_microsecond(date);
	key->bytes = sodium_malloc(VAULT_KEY_BYTES);
	if (!key->bytes)
		g_error("no memory for a key");
	memcpy(key->bytes, bytes, VAULT_KEY_BYTES);
	return key;
}

void
vault_key_free(VaultKey *key)
{
	if (!key)
		return;
	sodium_free(key->bytes);
	g_free(key->created);
	g_free(key);
}

GPtrArray *
vault_keys_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)vault_key_free);
}

/* NULL if the key has no public half. */
static VaultKey *
publish(const VaultKey *key)
{
	guint8 public_bytes[VAULT_KEY_BYTES], secret[crypto_sign_SECRETKEYBYTES];
	if (key->kind == VAULT_KEY_PRIVATE) {
		crypto_scalarmult_base(public_bytes, key->bytes);
		return vault_key_new(VAULT_KEY_PUBLIC, key->id, key->created, public_bytes);
	}
	if (key->kind != VAULT_KEY_LINK)
		return NULL;
	crypto_sign_seed_keypair(public_bytes, secret, key->bytes);
	sodium_memzero(secret, sizeof secret);
	return vault_key_new(VAULT_KEY_VERIFY, key->id, key->created, public_bytes);
}

void
vault_keys_publish(GPtrArray *keys)
{
	guint count = keys->len;
	for (guint i = 0; i < count; i++) {
		VaultKey *public_key = publish(keys->pdata[i]);
		if (public_key)
			g_ptr_array_add(keys, public_key);
	}
}

const VaultKey *
vault_keys_find(const GPtrArray *keys, VaultKeyKind kind, guint32 id)
{
	for (guint i = 0; i < keys->len; i++) {
		const VaultKey *key = keys->pdata[i];
		if (key->kind == kind && key->id == id)
			return key;
	}
	return NULL;
}

const VaultKey *
vault_keys_newest(const GPtrArray *keys, VaultKeyKind kind)
{
	const VaultKey *newest = NULL;
	for (guint i = 0; i < keys->len; i++) {
		const VaultKey *key = keys->pdata[i];
		/* Of two made in the same second the later in the file is the newer. */
		if (key->kind == kind && (!newest || key->created_us >= newest->created_us))
			newest = key;
	}
	return newest;
}

static gboolean
parse_id(const char *text, guint32 *id)
{
	if (strlen(text) != ID_DIGITS || strspn(text, "0123456789abcdef") != ID_DIGITS)
		return FALSE;
	*id = (guint32)g_ascii_strtoull(text, NULL, 16);
	return TRUE;
}

/* Strict base64 of exactly 32 bytes. A public key that nothing can be sealed to (one of the few points of low order) is refused here, so
 * that sealing cannot fail later; so is one under which signatures mean nothing. */
static gboolean
decode_key(const char *text, VaultKeyKind kind, guint8 bytes[VAULT_KEY_BYTES])
{
	gsize size = 0;
	if (sodium_base642bin(bytes, VAULT_KEY_BYTES, text, strlen(text), NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) !=
		0 ||
	    size != VAULT_KEY_BYTES)
		return FALSE;
	if (kind == VAULT_KEY_PUBLIC) {
		guint8 probe[crypto_box_SEALBYTES];

		return crypto_box_seal(probe, NULL, 0, bytes) == 0;
	}
	return kind != VAULT_KEY_VERIFY || crypto_core_ed25519_is_valid_point(bytes);
}

static gboolean
fail_key(GError **error, const char *origin, const char *group, const char *problem)
{
	g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "%s: [%s] %s", origin, group, problem);
	return FALSE;
}

static gboolean
parse_group(GPtrArray *keys, GKeyFile *file, const char *group, gsize row, GError **error)
{
	guint32 id;
	guint8 bytes[VAULT_KEY_BYTES];
	VaultKeyKind kind = kind_rows[row].kind;
	g_autofree char *created = g_key_file_get_string(file, group, "created", NULL);
	g_autofree char *encoded = g_key_file_get_string(file, group, kind_rows[row].entry, NULL);
	g_autoptr(GDateTime) date = created ? g_date_time_new_from_iso8601(created, NULL) : NULL;
	const char *problem = NULL;
	if (!parse_id(group + strlen(kind_rows[row].prefix), &id))
		problem = "does not end in an id of 8 hex digits";
	else if (vault_keys_find(keys, kind, id))
		problem = "stands twice";
	else if (!date)
		problem = "has no date in `created`, such as 2026-01-31T12:00:00Z";
	else if (!encoded || !decode_key(encoded, kind, bytes))
		problem = "has no key of 32 bytes in base64";
	else
		g_ptr_array_add(keys, vault_key_new(kind, id, created, bytes));
	sodium_memzero(bytes, sizeof bytes);
	if (encoded)
		sodium_memzero(encoded, strlen(encoded));
	/* The caller puts the file's name in front. */
	return !problem || fail_key(error, "key", group, problem);
}

static gboolean
parse_any_group(GPtrArray *keys, GKeyFile *file, const char *group, guint allowed, GError **error)
{
	for (gsize row = 0; row < G_N_ELEMENTS(kind_rows); row++) {
		if (!g_str_has_prefix(group, kind_rows[row].prefix))
			continue;
		if (!(allowed & kind_rows[row].kind))
			return fail_key(error, "key", group, "is a key of a kind that must not be here");
		return parse_group(keys, file, group, row, error);
	}
	return fail_key(error, "key", group, "is no group of a key file");
}

gboolean
vault_keys_parse(GPtrArray *keys, GBytes *text, guint allowed, const char *origin, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	gsize size;
	const char *data = g_bytes_get_data(text, &size);
	/* The cause is not repeated: GKeyFile quotes the line, and that line may be a secret. */
	if (size == 0 || !g_key_file_load_from_data(file, data, size, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "%s is not a key file", origin);
		return FALSE;
	}
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	for (char **group = groups; *group; group++) {
		if (!parse_any_group(keys, file, *group, allowed, error)) {
			g_prefix_error(error, "%s: ", origin);
			return FALSE;
		}
	}
	return TRUE;
}

static void
append_key(GString *text, const VaultKey *key)
{
	char encoded[sodium_base64_ENCODED_LEN(VAULT_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	for (gsize row = 0; row < G_N_ELEMENTS(kind_rows); row++) {
		if (kind_rows[row].kind != key->kind)
			continue;
		sodium_bin2base64(encoded, sizeof encoded, key->bytes, VAULT_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
		g_string_append_printf(text, "[%s%08x]\ncreated=%s\n%s=%s\n", kind_rows[row].prefix, key->id, key->created,
		    kind_rows[row].entry, encoded);
	}
	sodium_memzero(encoded, sizeof encoded);
}

GBytes *
vault_keys_format(const GPtrArray *keys, guint kinds)
{
	GString *text = g_string_sized_new(4096);
	for (guint i = 0; i < keys->len; i++) {
		const VaultKey *key = keys->pdata[i];
		if (key->kind & kinds)
			append_key(text, key);
	}
	gsize size = text->len;
	return secret_bytes_new_take(g_string_free(text, FALSE), size);
}
