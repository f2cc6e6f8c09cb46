/* Sealed values open where they should and nowhere else. */
#include <pthread.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "vault_fixture.h"

static void
assert_refused(Vault *vault, const VaultSealed *sealed, const char *associated, BaseError code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) content = vault_unseal(vault, sealed, associated, &error);
	g_assert_null(content);
	g_assert_error(error, BASE_ERROR, (int)code);
}

static void
test_seal(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) sealed = seal(fixture->front), by_admin = seal(fixture->admin);
	assert_opens(fixture->front, sealed);
	assert_opens(fixture->courier, sealed);
	assert_opens(fixture->admin, sealed);
	assert_opens(fixture->courier, by_admin);
	g_assert_cmpuint(g_bytes_get_size(sealed->epoch_id), ==, 16);
	g_assert_null(memmem(g_bytes_get_data(sealed->content, NULL), g_bytes_get_size(sealed->content), "山田", strlen("山田")));
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	g_autoptr(VaultSealed) sealed_empty = vault_seal(fixture->front, empty, "");
	g_autoptr(GBytes) opened = vault_unseal(fixture->courier, sealed_empty, "", NULL);
	g_assert_nonnull(opened);
	g_assert_cmpuint(g_bytes_get_size(opened), ==, 0);
}

static void
test_bound(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const others[] = {
	    "", "01ABCDEFGHJL|example.test", "01ABCDEFGHJK|example.tes", BOUND "x", "01ABCDEFGHJK|example.tesT"};
	g_autoptr(VaultSealed) sealed = seal(fixture->front);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		assert_refused(fixture->front, sealed, others[i], BASE_ERROR_FORGED);
		assert_refused(fixture->courier, sealed, others[i], BASE_ERROR_FORGED);
	}
}

static void
test_mixed_parts(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) one = seal(fixture->front), two = seal(fixture->front);
	g_assert_true(g_bytes_equal(one->epoch_id, two->epoch_id));
	g_assert_false(g_bytes_equal(one->content, two->content));
	VaultSealed mixed = *one;
	mixed.content = two->content;
	assert_refused(fixture->courier, &mixed, BOUND, BASE_ERROR_FORGED);
	mixed.wrapped_key = two->wrapped_key;
	assert_opens(fixture->courier, &mixed); /* both parts of the other: that is the other */
	mixed.content = one->wrapped_key;
	assert_refused(fixture->courier, &mixed, BOUND, BASE_ERROR_FORGED);
	g_autoptr(VaultSealed) foreign_epoch = seal(fixture->admin);
	mixed = *one;
	mixed.epoch_id = foreign_epoch->epoch_id;
	mixed.epoch_sealed = foreign_epoch->epoch_sealed;
	assert_refused(fixture->courier, &mixed, BOUND, BASE_ERROR_FORGED);
}

/* Every field, every bit, every length. */
static void
assert_field_is_guarded(Vault *vault, const VaultSealed *sealed, gsize field_offset)
{
	GBytes *field = G_STRUCT_MEMBER(GBytes *, sealed, field_offset);
	gsize size;
	const guint8 *bytes = g_bytes_get_data(field, &size);
	for (gsize step = 0; step < size * 8 + size + 1; step++) {
		g_autofree guint8 *changed = g_malloc0(size + 1);
		memcpy(changed, bytes, size);
		gsize changed_size = step < size * 8 ? size : step - size * 8;
		if (step < size * 8)
			changed[step / 8] ^= (guint8)(1u << (step % 8));
		else if (changed_size == size)
			changed_size = size + 1;
		g_autoptr(GBytes) damaged = g_bytes_new(changed, changed_size);
		VaultSealed copy = *sealed;
		G_STRUCT_MEMBER(GBytes *, &copy, field_offset) = damaged;
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) content = vault_unseal(vault, &copy, BOUND, &error);
		g_assert_null(content);
		g_assert_true(
		    g_error_matches(error, BASE_ERROR, BASE_ERROR_FORGED) || g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY));
	}
}

static void
test_damaged_fields(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const gsize fields[] = {G_STRUCT_OFFSET(VaultSealed, epoch_id), G_STRUCT_OFFSET(VaultSealed, epoch_sealed),
	    G_STRUCT_OFFSET(VaultSealed, wrapped_key), G_STRUCT_OFFSET(VaultSealed, content)};
	g_autoptr(VaultSealed) sealed = seal(fixture->front);
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		assert_field_is_guarded(fixture->courier, sealed, fields[i]);
		assert_field_is_guarded(fixture->front, sealed, fields[i]);
	}
	assert_opens(fixture->courier, sealed);
}

static void
test_epoch_passes(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) first = seal(fixture->front);
	clock_set_offset_us(9 * MINUTE_US);
	g_autoptr(VaultSealed) same = seal(fixture->front);
	g_assert_true(g_bytes_equal(first->epoch_id, same->epoch_id));
	assert_opens(fixture->front, first);
	clock_set_offset_us(10 * MINUTE_US);
	/* Without anything sealed in between. */
	assert_refused(fixture->front, first, BOUND, BASE_ERROR_KEY);
	g_autoptr(VaultSealed) next = seal(fixture->front);
	g_assert_false(g_bytes_equal(first->epoch_id, next->epoch_id));
	g_assert_false(g_bytes_equal(first->epoch_sealed, next->epoch_sealed));
	assert_refused(fixture->front, same, BOUND, BASE_ERROR_KEY);
	assert_opens(fixture->front, next);
	assert_opens(fixture->courier, first);
	assert_opens(fixture->courier, next);
	/* Set back, an epoch's age is not known. */
	clock_set_offset_us(5 * MINUTE_US);
	assert_refused(fixture->front, next, BOUND, BASE_ERROR_KEY);
}

static void
test_forget(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) sealed = seal(fixture->front);
	vault_forget_epoch(fixture->front);
	assert_opens(fixture->front, sealed);
	clock_set_offset_us(10 * MINUTE_US);
	vault_forget_epoch(fixture->front);
	/* Back in its time: it is gone all the same. */
	clock_set_offset_us(0);
	assert_refused(fixture->front, sealed, BOUND, BASE_ERROR_KEY);
	assert_opens(fixture->courier, sealed);
}

static void
test_restarted_front(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) sealed = seal(fixture->front);
	g_autoptr(Vault) restarted = open_vault(fixture, VAULT_FRONT);
	assert_refused(restarted, sealed, BOUND, BASE_ERROR_KEY);
}

static void
test_vault_keys_change(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(VaultSealed) sealed = seal(fixture->front);
	g_autofree char *before = read_file(fixture, "vault.key");
	/* Another key alone does not open it, and the error is about the key. */
	write_file(fixture, "vault.key", "[private 0000abcd]\ncreated=2099-01-01T00:00:00Z\nsecret=" KEY "\n");
	g_autoptr(Vault) other = open_vault(fixture, VAULT_ADMIN);
	assert_refused(other, sealed, BOUND, BASE_ERROR_KEY);
	/* Another key under the same id: that is damage. */
	g_autofree char *forged = g_strdup_printf("%.18s\n" DATE "secret=" KEY "\n", before);
	write_file(fixture, "vault.key", forged);
	g_autoptr(Vault) forger = open_vault(fixture, VAULT_COURIER);
	assert_refused(forger, sealed, BOUND, BASE_ERROR_FORGED);
	/* Both: old values open, new ones are sealed to the newest. */
	g_autofree char *both = g_strconcat(before, "[private 0000abcd]\ncreated=2099-01-01T00:00:00Z\nsecret=" KEY "\n", NULL);
	write_file(fixture, "vault.key", both);
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_ADMIN);
	assert_opens(vault, sealed);
	g_autoptr(VaultSealed) fresh = seal(vault);
	assert_opens(other, fresh);
	g_assert_cmpint(memcmp(g_bytes_get_data(fresh->epoch_sealed, NULL), "\x01\x00\x00\xAB\xCD", 5), ==, 0);
	assert_refused(fixture->courier, fresh, BOUND, BASE_ERROR_KEY);
}

#define THREADS 4
#define ROUNDS 100

static void *
seal_and_open(void *data)
{
	Fixture *fixture = data;
	for (guint i = 0; i < ROUNDS; i++) {
		VaultHash hash;
		g_autoptr(VaultSealed) sealed = seal(fixture->front);
		assert_opens(fixture->courier, sealed);
		vault_hash(fixture->front, VAULT_HASH_IP, &i, sizeof i, &hash);
		g_assert_true(vault_hash_matches(fixture->courier, VAULT_HASH_IP, &i, sizeof i, &hash));
		clock_set_offset_us((gint64)i * 4 * MINUTE_US);
		vault_forget_epoch(fixture->front);
	}
	return NULL;
}

static void
test_threads(Fixture *fixture, gconstpointer data)
{
	(void)data;
	pthread_t threads[THREADS];
	for (guint i = 0; i < THREADS; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, seal_and_open, fixture), ==, 0);
	for (guint i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/base/vault_seal/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("sealed values open for those who may", test_seal);
	ADD("a sealed value is bound to its row", test_bound);
	ADD("parts of two values do not mix", test_mixed_parts);
	ADD("a damaged field is refused, whichever bit or length", test_damaged_fields);
	ADD("the front cannot open after the epoch", test_epoch_passes);
	ADD("an idle front forgets too", test_forget);
	ADD("a restarted front cannot open what it sealed", test_restarted_front);
	ADD("vault keys change with an overlap", test_vault_keys_change);
	ADD("threads seal, open and hash at once", test_threads);
	return g_test_run();
}
