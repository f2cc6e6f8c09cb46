/*
 * The fixture of the vault's tests: keys in a folder of their own, removed afterwards.
 */
#include "vault_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/clock.h"

const char *const key_files[KEY_FILES] = {"match.key", "vault.key", "vault.pub", "link.key", "link.pub"};

char *
file_in(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->folder, name, NULL);
}

char *
read_file(const Fixture *fixture, const char *name)
{
	char *text;
	g_autofree char *path = file_in(fixture, name);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

void
write_file(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = file_in(fixture, name);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
}

Vault *
open_vault(const Fixture *fixture, VaultRole role)
{
	g_autoptr(GError) error = NULL;
	Vault *vault = vault_open(fixture->folder, role, &error);
	g_assert_no_error(error);
	return vault;
}

void
set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	fixture->parent = g_dir_make_tmp("sekisho-XXXXXX", NULL);
	fixture->folder = g_build_filename(fixture->parent, "keys", NULL);
	vault_create(fixture->folder, &error);
	g_assert_no_error(error);
	fixture->front = open_vault(fixture, VAULT_FRONT);
	fixture->courier = open_vault(fixture, VAULT_COURIER);
	fixture->admin = open_vault(fixture, VAULT_ADMIN);
}

void
tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	clock_set_offset_us(0);
	vault_free(fixture->front);
	vault_free(fixture->courier);
	vault_free(fixture->admin);
	for (gsize i = 0; i < KEY_FILES; i++) {
		g_autofree char *path = file_in(fixture, key_files[i]);
		g_remove(path);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_assert_cmpint(g_rmdir(fixture->parent), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->parent);
}

VaultSealed *
seal(Vault *vault)
{
	g_autoptr(GBytes) content = g_bytes_new_static(TEXT, strlen(TEXT));
	return vault_seal(vault, content, BOUND);
}

void
assert_opens(Vault *vault, const VaultSealed *sealed)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) expected = g_bytes_new_static(TEXT, strlen(TEXT));
	g_autoptr(GBytes) content = vault_unseal(vault, sealed, BOUND, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(content, expected));
}
