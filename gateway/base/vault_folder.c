/*
 * The folder of key files: which files there are, and how they are made.
 *
 * States of a folder: none -> made by vault_create with all files. A folder of an earlier version lacks the link keys; vault_complete
 * makes them, and also finishes a creation that ended between two files once vault_exists is TRUE. No file is ever replaced.
 */
#include "vault_folder.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/private_file.h"
#include "vault_held.h"

/* In the order in which they are made: a public half never stands there without its secret. */
static const struct {
	const char *name;
	VaultKeyKind kind;
	gboolean is_later; /* came after the first version, so it may be missing */
} file_rows[] = {
    {"match.key", VAULT_KEY_MATCH, FALSE},
    {"vault.key", VAULT_KEY_PRIVATE, FALSE},
    {"vault.pub", VAULT_KEY_PUBLIC, FALSE},
    {"link.key", VAULT_KEY_LINK, TRUE},
    {"link.pub", VAULT_KEY_VERIFY, TRUE},
};

guint
vault_folder_kinds(VaultRole role)
{
	return VAULT_KEY_MATCH | (role == VAULT_FRONT ? VAULT_KEY_PUBLIC | VAULT_KEY_VERIFY : VAULT_KEY_PRIVATE | VAULT_KEY_LINK);
}

static gboolean
is_there(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

gboolean
vault_exists(const char *directory)
{
	for (gsize i = 0; i < G_N_ELEMENTS(file_rows); i++) {
		if (!file_rows[i].is_later && !is_there(directory, file_rows[i].name))
			return FALSE;
	}
	return TRUE;
}

gboolean
vault_is_complete(const char *directory)
{
	for (gsize i = 0; i < G_N_ELEMENTS(file_rows); i++) {
		if (!is_there(directory, file_rows[i].name))
			return FALSE;
	}
	return TRUE;
}

gboolean
vault_folder_read(GPtrArray *keys, const char *directory, guint kinds, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(file_rows); i++) {
		if (!(kinds & file_rows[i].kind))
			continue;
		g_autofree char *path = g_build_filename(directory, file_rows[i].name, NULL);
		g_autoptr(GBytes) text = private_file_read(path, error);
		if (!text || !vault_keys_parse(keys, text, file_rows[i].kind, path, error)) {
			if (file_rows[i].is_later && !is_there(directory, file_rows[i].name))
				g_prefix_error(error, "sekishod makes this file when it starts: ");
			return FALSE;
		}
	}
	return TRUE;
}

/* --- Creating ------------------------------------------------------------------------------------------------- */

static gboolean
check_directory(const char *directory, GError **error)
{
	struct stat status;
	if (lstat(directory, &status) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: %s", directory, g_strerror(errno));
		return FALSE;
	}
	if (!S_ISDIR(status.st_mode) || (status.st_mode & 0077)) {
		g_autofree char *quoted = g_shell_quote(directory);
		g_set_error(error, BASE_ERROR, BASE_ERROR_EXPOSED,
		    "%s must be a folder that only its owner may enter; run: chmod 0700 %s", directory, quoted);
		return FALSE;
	}
	return TRUE;
}

static gboolean
prepare_directory(const char *directory, GError **error)
{
	struct stat status;
	if (mkdir(directory, 0700) == 0)
		return TRUE;
	if (errno != EEXIST) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "cannot make the folder %s: %s", directory, g_strerror(errno));
		return FALSE;
	}
	if (!check_directory(directory, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(file_rows); i++) {
		g_autofree char *path = g_build_filename(directory, file_rows[i].name, NULL);
		if (lstat(path, &status) == 0) {
			g_set_error(error, BASE_ERROR, BASE_ERROR_KEY,
			    "%s exists already; keys are never replaced, because what was sealed with them would be lost", path);
			return FALSE;
		}
	}
	return TRUE;
}

static VaultKey *
random_key(VaultKeyKind kind)
{
	guint8 bytes[VAULT_KEY_BYTES];
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(clock_now_s());
	g_autofree char *created = g_date_time_format_iso8601(now);
	randombytes_buf(bytes, sizeof bytes);
	VaultKey *key = vault_key_new(kind, randombytes_random(), created, bytes);
	sodium_memzero(bytes, sizeof bytes);
	return key;
}

/* Writes the files that are not there, with those keys that belong into them. */
static gboolean
write_missing(const char *directory, const GPtrArray *keys, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(file_rows); i++) {
		if (is_there(directory, file_rows[i].name))
			continue;
		g_autofree char *path = g_build_filename(directory, file_rows[i].name, NULL);
		g_autoptr(GBytes) text = vault_keys_format(keys, file_rows[i].kind);
		if (!private_file_create(path, text, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
vault_create(const char *directory, GError **error)
{
	vault_start_sodium();
	if (!prepare_directory(directory, error))
		return FALSE;
	g_autoptr(GPtrArray) keys = vault_keys_new();
	g_ptr_array_add(keys, random_key(VAULT_KEY_MATCH));
	g_ptr_array_add(keys, random_key(VAULT_KEY_PRIVATE));
	g_ptr_array_add(keys, random_key(VAULT_KEY_LINK));
	vault_keys_publish(keys);
	return write_missing(directory, keys, error);
}

gboolean
vault_complete(const char *directory, GError **error)
{
	vault_start_sodium();
	if (!check_directory(directory, error))
		return FALSE;
	if (!vault_exists(directory)) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_KEY, "%s has not the keys that others could be added to", directory);
		return FALSE;
	}
	if (vault_is_complete(directory))
		return TRUE;
	g_autoptr(GPtrArray) keys = vault_keys_new();
	if (is_there(directory, "link.key")) {
		if (!vault_folder_read(keys, directory, VAULT_KEY_LINK, error))
			return FALSE;
	} else if (is_there(directory, "link.pub")) {
		/* With new seeds it would not belong together, and links that are on their way would end. */
		g_set_error(error, BASE_ERROR, BASE_ERROR_KEY,
		    "%s has link.pub without link.key; put link.key back, or remove link.pub to begin anew: links that were "
		    "mailed "
		    "end then",
		    directory);
		return FALSE;
	} else {
		g_ptr_array_add(keys, random_key(VAULT_KEY_LINK));
	}
	vault_keys_publish(keys);
	return write_missing(directory, keys, error);
}
