/* The vault's keys: their files, what each role is handed, and the keyed hashes made with them. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sekisho/base/error.h"
#include "vault_fixture.h"

/* --- Key files -------------------------------------------------------------------------------------------------- */

static void
test_create(Fixture *fixture, gconstpointer data)
{
	(void)data;
	struct stat status;
	g_assert_cmpint(stat(fixture->folder, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 07777, ==, 0700);
	for (gsize i = 0; i < KEY_FILES; i++) {
		g_autofree char *path = file_in(fixture, key_files[i]);
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpuint(status.st_mode & 07777, ==, 0600);
	}
	g_autofree char *public_text = read_file(fixture, "vault.pub");
	g_assert_null(strstr(public_text, "secret"));
	g_assert_true(g_str_has_prefix(public_text, "[public "));
	g_autofree char *verify_text = read_file(fixture, "link.pub");
	g_assert_null(strstr(verify_text, "secret"));
	g_assert_true(g_str_has_prefix(verify_text, "[verify "));
}

static void
test_create_never_replaces(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_true(vault_exists(fixture->folder));
	g_assert_true(vault_is_complete(fixture->folder));
	for (gsize i = 0; i < KEY_FILES; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *before = read_file(fixture, "link.pub");
		g_assert_false(vault_create(fixture->folder, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_KEY);
		g_assert_nonnull(strstr(error->message, key_files[i]));
		g_autofree char *after = read_file(fixture, "link.pub");
		g_assert_cmpstr(before, ==, after);
		/* Also where only some of the files are left. */
		g_autofree char *path = file_in(fixture, key_files[i]);
		g_remove(path);
		g_assert_false(vault_exists(fixture->folder));
	}
}

static void
test_create_in_open_folder(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL, parent_error = NULL;
	g_assert_cmpint(g_chmod(fixture->parent, 0750), ==, 0);
	g_assert_false(vault_create(fixture->parent, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_autofree char *deep = g_build_filename(fixture->parent, "a", "b", NULL);
	g_assert_false(vault_create(deep, &parent_error));
	g_assert_error(parent_error, BASE_ERROR, BASE_ERROR_IO);
}

static void
test_exposed_file(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *name;
		VaultRole role;
	} rows[] = {
	    {"match.key", VAULT_FRONT},
	    {"vault.pub", VAULT_FRONT},
	    {"link.pub", VAULT_FRONT},
	    {"vault.key", VAULT_COURIER},
	    {"link.key", VAULT_COURIER},
	    {"match.key", VAULT_ADMIN},
	    {"link.key", VAULT_ADMIN},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = file_in(fixture, rows[i].name);
		g_assert_cmpint(g_chmod(path, 0644), ==, 0);
		g_assert_null(vault_open(fixture->folder, rows[i].role, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
		g_assert_cmpint(g_chmod(path, 0600), ==, 0);
	}
}

static void
remove_file(const Fixture *fixture, const char *name)
{
	g_autofree char *path = file_in(fixture, name);
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void
test_front_needs_no_private_key(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const names[] = {"vault.key", "link.key"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = read_file(fixture, names[i]);
		remove_file(fixture, names[i]);
		g_autoptr(Vault) front = open_vault(fixture, VAULT_FRONT);
		g_assert_nonnull(front);
		g_assert_null(vault_open(fixture->folder, VAULT_COURIER, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
		g_assert_nonnull(strstr(error->message, names[i]));
		write_file(fixture, names[i], text);
	}
}

/* What folder lacks which files, and what becomes of it. */
static void
test_complete(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *missing[2];
		int code; /* of BASE_ERROR; -1: it is completed */
		gboolean is_public_half_kept;
	} rows[] = {
	    {{NULL}, -1, TRUE},
	    {{"link.key", "link.pub"}, -1, FALSE}, /* made before there were any */
	    {{"link.pub"}, -1, TRUE},              /* ended between the two */
	    {{"link.key"}, BASE_ERROR_KEY, TRUE},
	    {{"vault.key"}, BASE_ERROR_KEY, TRUE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		char *texts[KEY_FILES];
		for (gsize j = 0; j < KEY_FILES; j++)
			texts[j] = read_file(fixture, key_files[j]);
		for (gsize j = 0; j < 2 && rows[i].missing[j]; j++)
			remove_file(fixture, rows[i].missing[j]);
		g_assert_cmpint(vault_is_complete(fixture->folder), ==, i == 0);
		gboolean is_completed = vault_complete(fixture->folder, &error);
		g_test_message("row %zu: %s", i, error ? error->message : "complete");
		g_assert_cmpint(is_completed, ==, rows[i].code < 0);
		g_assert_cmpint(vault_is_complete(fixture->folder), ==, is_completed);
		if (!is_completed)
			g_assert_error(error, BASE_ERROR, rows[i].code);
		else
			vault_free(open_vault(fixture, VAULT_ADMIN));
		if (is_completed) {
			g_autofree char *public_half = read_file(fixture, "link.pub");
			g_assert_cmpint(g_str_equal(public_half, texts[4]), ==, rows[i].is_public_half_kept);
		}
		for (gsize j = 0; j < KEY_FILES; j++) {
			write_file(fixture, key_files[j], texts[j]);
			g_free(texts[j]);
		}
	}
}

static void
test_complete_in_open_folder(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL, missing_error = NULL;
	remove_file(fixture, "link.key");
	remove_file(fixture, "link.pub");
	g_assert_cmpint(g_chmod(fixture->folder, 0710), ==, 0);
	g_assert_false(vault_complete(fixture->folder, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_assert_false(vault_is_complete(fixture->folder));
	g_assert_false(vault_complete("/nonexistent", &missing_error));
	g_assert_error(missing_error, BASE_ERROR, BASE_ERROR_IO);
}

static void
test_damaged_files(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *name, *text;
		gboolean is_good;
	} rows[] = {
	    {"match.key", "[match 0000abcd]\n" DATE "secret=" KEY "\n", TRUE},
	    {"match.key", "# made by hand\n[match 0000abcd]\nsecret = " KEY "\ncreated = 2026-01-31T21:00:00+09:00\n", TRUE},
	    {"match.key", "", FALSE},
	    {"match.key", "# nothing\n", FALSE},
	    {"match.key", "secret=" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\nsecret=" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\ncreated=yesterday\nsecret=" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\ncreated=2026-01-31T12:00:00\nsecret=" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE, FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE "public=" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE "secret=AQID\n", FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE "secret=" KEY "AAAA\n", FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE "secret=!!" KEY "\n", FALSE},
	    {"match.key", "[match 0000abcd]\n" DATE "secret=\n", FALSE},
	    {"match.key", "[match abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    {"match.key", "[match 0000ABCD]\n" DATE "secret=" KEY "\n", FALSE},
	    {"match.key", "[key 0000abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    /* Each file holds its own kind. */
	    {"match.key", "[private 0000abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    {"vault.pub", "[private 0000abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    {"vault.pub", "[public 0000abcd]\n" DATE "public=" KEY "\n", TRUE},
	    /* A public key that opens to everybody. */
	    {"vault.pub", "[public 0000abcd]\n" DATE "public=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", FALSE},
	    /* RFC 8032 section 7.1, test 1. */
	    {"link.pub", "[verify 0000abcd]\n" DATE "public=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n", TRUE},
	    {"link.pub", "[link 0000abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    {"link.pub", "[public 0000abcd]\n" DATE "public=" KEY "\n", FALSE},
	    {"link.pub", "[verify 0000abcd]\n" DATE "secret=" KEY "\n", FALSE},
	    /* A point of low order, under which anybody's signature could be made to stand. */
	    {"link.pub", "[verify 0000abcd]\n" DATE "public=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", FALSE},
	};
	g_autofree char *match = read_file(fixture, "match.key"), *public = read_file(fixture, "vault.pub");
	g_autofree char *verify = read_file(fixture, "link.pub");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		write_file(fixture, "match.key", match);
		write_file(fixture, "vault.pub", public);
		write_file(fixture, "link.pub", verify);
		write_file(fixture, rows[i].name, rows[i].text);
		g_autoptr(Vault) vault = vault_open(fixture->folder, VAULT_FRONT, &error);
		g_test_message("row %zu: %s", i, error ? error->message : "opens");
		if (rows[i].is_good) {
			g_assert_no_error(error);
			continue;
		}
		g_assert_null(vault);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_KEY);
		g_assert_null(strstr(error->message, KEY));
	}
}

/* --- Handing over ----------------------------------------------------------------------------------------------- */

static void
test_export_and_import(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		VaultRole from, to;
		gboolean has_private, has_public;
	} rows[] = {
	    {VAULT_ADMIN, VAULT_FRONT, FALSE, TRUE},
	    {VAULT_ADMIN, VAULT_COURIER, TRUE, FALSE},
	    {VAULT_ADMIN, VAULT_ADMIN, TRUE, FALSE},
	    {VAULT_COURIER, VAULT_FRONT, FALSE, TRUE},
	    {VAULT_FRONT, VAULT_FRONT, FALSE, TRUE},
	};
	Vault *const held[] = {
	    [VAULT_FRONT] = fixture->front, [VAULT_COURIER] = fixture->courier, [VAULT_ADMIN] = fixture->admin};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) exported = vault_export(held[rows[i].from], rows[i].to);
		g_autofree char *text = g_strndup(g_bytes_get_data(exported, NULL), g_bytes_get_size(exported));
		g_assert_nonnull(strstr(text, "[match "));
		g_assert_cmpint(strstr(text, "[private ") != NULL, ==, rows[i].has_private);
		g_assert_cmpint(strstr(text, "[link ") != NULL, ==, rows[i].has_private);
		g_assert_cmpint(strstr(text, "[public ") != NULL, ==, rows[i].has_public);
		g_assert_cmpint(strstr(text, "[verify ") != NULL, ==, rows[i].has_public);
		g_autoptr(Vault) imported = vault_import(exported, rows[i].to, &error);
		g_assert_no_error(error);
		VaultHash here, there;
		vault_hash(fixture->admin, VAULT_HASH_IP, "192.0.2.7", 9, &here);
		vault_hash(imported, VAULT_HASH_IP, "192.0.2.7", 9, &there);
		g_assert_cmpint(memcmp(here.bytes, there.bytes, VAULT_HASH_BYTES), ==, 0);
		if (rows[i].to == VAULT_COURIER)
			continue;
		g_autoptr(VaultSealed) sealed = seal(imported);
		assert_opens(fixture->courier, sealed);
	}
}

static void
test_front_refuses_a_private_key(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL, empty_error = NULL;
	g_autoptr(GBytes) exported = vault_export(fixture->admin, VAULT_COURIER);
	g_assert_null(vault_import(exported, VAULT_FRONT, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_KEY);
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	g_assert_null(vault_import(empty, VAULT_FRONT, &empty_error));
	g_assert_error(empty_error, BASE_ERROR, BASE_ERROR_KEY);
	/* A file may be missing, or one too many be there. */
	static const char *const handed[][4] = {{"match.key"}, {"match.key", "vault.pub"}, {"match.key", "link.pub"},
	    {"vault.pub", "link.pub"}, {"match.key", "vault.pub", "link.pub", "link.key"}};
	for (gsize i = 0; i < G_N_ELEMENTS(handed); i++) {
		g_autoptr(GError) part_error = NULL;
		GString *text = g_string_new(NULL);
		for (gsize j = 0; j < 4 && handed[i][j]; j++) {
			g_autofree char *part = read_file(fixture, handed[i][j]);
			g_string_append(text, part);
		}
		g_autoptr(GBytes) parts = g_string_free_to_bytes(text);
		g_assert_null(vault_import(parts, VAULT_FRONT, &part_error));
		g_assert_error(part_error, BASE_ERROR, BASE_ERROR_KEY);
	}
}

static void
test_front_cannot_export_what_it_lacks(Fixture *fixture, gconstpointer data)
{
	(void)data;
	if (g_test_subprocess()) {
		vault_export(fixture->front, VAULT_COURIER);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*vault_export*");
}

/* --- Hashes ----------------------------------------------------------------------------------------------------- */

static void
test_hash(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const VaultPurpose purposes[] = {VAULT_HASH_IP, VAULT_HASH_NETWORK, VAULT_HASH_ADDRESS, VAULT_HASH_CONTENT,
	    VAULT_HASH_RECEIPT, VAULT_HASH_QUIZ, VAULT_HASH_DOMAIN, VAULT_HASH_PROBE};
	VaultHash hashes[G_N_ELEMENTS(purposes)];
	g_autoptr(Vault) restarted = open_vault(fixture, VAULT_COURIER);
	for (gsize i = 0; i < G_N_ELEMENTS(purposes); i++) {
		vault_hash(fixture->front, purposes[i], "same", 4, &hashes[i]);
		g_assert_true(vault_hash_matches(restarted, purposes[i], "same", 4, &hashes[i]));
		g_assert_false(vault_hash_matches(restarted, purposes[i], "some", 4, &hashes[i]));
		g_assert_false(vault_hash_matches(restarted, purposes[i], "same", 3, &hashes[i]));
		for (gsize earlier = 0; earlier < i; earlier++) {
			g_assert_cmpint(memcmp(hashes[i].bytes, hashes[earlier].bytes, VAULT_HASH_BYTES), !=, 0);
			g_assert_false(vault_hash_matches(restarted, purposes[earlier], "same", 4, &hashes[i]));
		}
	}
	VaultHash empty;
	vault_hash(fixture->front, VAULT_HASH_CONTENT, NULL, 0, &empty);
	g_assert_true(vault_hash_matches(restarted, VAULT_HASH_CONTENT, "", 0, &empty));
}

static void
test_hash_bits(Fixture *fixture, gconstpointer data)
{
	(void)data;
	VaultHash hash;
	vault_hash(fixture->front, VAULT_HASH_ADDRESS, "a@example.test", 14, &hash);
	for (guint bit = 0; bit < VAULT_HASH_BYTES * 8; bit++) {
		VaultHash changed = hash;
		changed.bytes[bit / 8] ^= (guint8)(1u << (bit % 8));
		g_assert_false(vault_hash_matches(fixture->front, VAULT_HASH_ADDRESS, "a@example.test", 14, &changed));
	}
}

static void
test_second_match_key(Fixture *fixture, gconstpointer data)
{
	(void)data;
	VaultHash old_hash, new_hash;
	vault_hash(fixture->front, VAULT_HASH_IP, "192.0.2.7", 9, &old_hash);
	g_autofree char *before = read_file(fixture, "match.key");
	/* The newest is the one with the latest date, wherever it stands. */
	g_autofree char *both = g_strconcat("[match 0000abcd]\ncreated=2099-01-01T00:00:00Z\nsecret=" KEY "\n", before, NULL);
	write_file(fixture, "match.key", both);
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_FRONT);
	g_assert_true(vault_hash_matches(vault, VAULT_HASH_IP, "192.0.2.7", 9, &old_hash));
	vault_hash(vault, VAULT_HASH_IP, "192.0.2.7", 9, &new_hash);
	g_assert_cmpint(memcmp(new_hash.bytes, "\x01\x00\x00\xAB\xCD", 5), ==, 0);
	g_assert_cmpint(memcmp(new_hash.bytes + 5, old_hash.bytes + 5, VAULT_HASH_BYTES - 5), !=, 0);
	/* Who has not the new key yet knows that it does not know. */
	g_assert_false(vault_hash_matches(fixture->front, VAULT_HASH_IP, "192.0.2.7", 9, &new_hash));
	g_autoptr(GBytes) exported = vault_export(vault, VAULT_FRONT);
	g_autoptr(Vault) imported = vault_import(exported, VAULT_FRONT, NULL);
	g_assert_true(vault_hash_matches(imported, VAULT_HASH_IP, "192.0.2.7", 9, &old_hash));
	g_assert_true(vault_hash_matches(imported, VAULT_HASH_IP, "192.0.2.7", 9, &new_hash));
}

/* Under every key, newest first; of two keys of the same second the later in the file is the newer. */
static void
test_hashes(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const guint32 order[] = {0x0000abcd, 0x00000003, 0x00000002, 0x00000001};
	write_file(fixture, "match.key",
	    "[match 00000002]\n" DATE "secret=" KEY "\n[match 0000abcd]\ncreated=2026-02-01T00:00:00Z\nsecret=" KEY
	    "\n[match 00000003]\n" DATE "secret=" KEY "\n[match 00000001]\ncreated=2025-01-31T12:00:00Z\nsecret=" KEY "\n");
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_FRONT);
	g_autoptr(GArray) hashes = vault_hashes(vault, VAULT_HASH_ADDRESS, "taro@example.org", 16);
	g_assert_cmpuint(hashes->len, ==, G_N_ELEMENTS(order));
	VaultHash newest;
	vault_hash(vault, VAULT_HASH_ADDRESS, "taro@example.org", 16, &newest);
	g_assert_cmpmem(&newest, sizeof newest, hashes->data, sizeof newest);
	for (guint i = 0; i < hashes->len; i++) {
		const VaultHash *hash = &g_array_index(hashes, VaultHash, i);
		guint32 id = GUINT32_TO_BE(order[i]);
		g_assert_cmpmem(hash->bytes + 1, sizeof id, &id, sizeof id);
		g_assert_true(vault_hash_matches(vault, VAULT_HASH_ADDRESS, "taro@example.org", 16, hash));
	}
}

/* The bytes are stored, so they must never change: computed from the definition by an independent implementation
 * (Python's hashlib.blake2b: the subkey with salt = purpose + 1 and person = "sekihash", then the hash keyed with it). */
static void
test_hash_vector(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const guint8 expected[VAULT_HASH_BYTES] = {0x01, 0x00, 0x00, 0xAB, 0xCD, 0x00, 0x9E, 0xC4, 0x07, 0x3E, 0xD8, 0xB3,
	    0xBA, 0x3F, 0x30, 0x96, 0x29, 0xFD, 0x0E, 0xC0, 0x45};
	VaultHash hash;
	write_file(fixture, "match.key", "[match 0000abcd]\n" DATE "secret=" KEY "\n");
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_FRONT);
	vault_hash(vault, VAULT_HASH_ADDRESS, "taro@example.org", 16, &hash);
	g_assert_cmpint(memcmp(hash.bytes, expected, VAULT_HASH_BYTES), ==, 0);
}

/* --- Receipts --------------------------------------------------------------------------------------------------- */

static void
test_receipt(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gboolean is_seen[256] = {FALSE};
	for (guint i = 0; i < 1000; i++) {
		char *receipt = vault_receipt();
		g_assert_cmpuint(strlen(receipt), ==, 12);
		g_assert_cmpuint(strspn(receipt, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), ==, 12);
		for (const char *at = receipt; *at; at++)
			is_seen[(guchar)*at] = TRUE;
		g_assert_true(g_hash_table_add(seen, receipt));
	}
	/* All 32 occur in 12,000 characters but once in 10^160 runs. */
	for (const char *at = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *at; at++)
		g_assert_true(is_seen[(guchar)*at]);
	/* What comes of a row. */
	g_assert_true(vault_is_receipt("0123456789AB"));
	static const char *const others[] = {
	    "", "0123456789A", "0123456789ABC", "0123456789A ", "0123456789A\n", "0123456789\xc3\xa9"};
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_false(vault_is_receipt(others[i]));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/base/vault/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("keys are created private", test_create);
	ADD("creating never replaces a key", test_create_never_replaces);
	ADD("keys are not created where others may enter", test_create_in_open_folder);
	ADD("a folder without link keys is completed", test_complete);
	ADD("keys are not completed where others may enter", test_complete_in_open_folder);
	ADD("a key file that others can read is refused", test_exposed_file);
	ADD("the front needs no private key", test_front_needs_no_private_key);
	ADD("damaged key files are refused", test_damaged_files);
	ADD("a role is handed what it may hold", test_export_and_import);
	ADD("the front refuses a private key", test_front_refuses_a_private_key);
	ADD("the front cannot export what it lacks", test_front_cannot_export_what_it_lacks);
	ADD("hashes survive a restart and differ by purpose", test_hash);
	ADD("a hash with a flipped bit does not match", test_hash_bits);
	ADD("a hash under the old key matches after a second key came", test_second_match_key);
	ADD("hashes under every key, newest first", test_hashes);
	ADD("hashes are what they were defined to be", test_hash_vector);
	g_test_add_func("/base/vault/receipts are twelve characters of base 32", test_receipt);
	return g_test_run();
}
