/* A grant opens one sealed value for whoever has its secret, and nothing else. */
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "vault_fixture.h"

typedef struct {
	VaultSealed *sealed;
	guint8 secret[VAULT_SECRET_BYTES];
	GBytes *wrapped;
} Granted;

static void
granted_clear(Granted *granted)
{
	vault_sealed_free(granted->sealed);
	g_bytes_unref(granted->wrapped);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Granted, granted_clear)

/* What the front sealed, granted by the courier. */
static void
grant(const Fixture *fixture, Granted *granted)
{
	g_autoptr(GError) error = NULL;
	granted->sealed = seal(fixture->front);
	vault_secret(fixture->courier, "review 1 A", granted->secret);
	granted->wrapped = vault_grant(fixture->courier, granted->sealed, BOUND, granted->secret, &error);
	g_assert_no_error(error);
}

static void
assert_refused(GBytes *content, GBytes *wrapped, const char *associated, const guint8 *secret)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) opened = vault_granted_open(content, wrapped, associated, secret, &error);
	g_assert_null(opened);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
}

/* After its epoch the front cannot open by itself what the grant opens. */
static void
test_opens(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_auto(Granted) granted = {0};
	grant(fixture, &granted);
	clock_set_offset_us(11 * MINUTE_US);
	vault_forget_epoch(fixture->front);
	g_autoptr(GBytes) alone = vault_unseal(fixture->front, granted.sealed, BOUND, &error);
	g_assert_null(alone);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_KEY);
	g_clear_error(&error);
	g_autoptr(GBytes) opened = vault_granted_open(granted.sealed->content, granted.wrapped, BOUND, granted.secret, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(opened, NULL), (int)g_bytes_get_size(opened), TEXT, (int)strlen(TEXT));
}

static void
test_secret(Fixture *fixture, gconstpointer data)
{
	(void)data;
	guint8 one[VAULT_SECRET_BYTES], same[VAULT_SECRET_BYTES], other[VAULT_SECRET_BYTES];
	vault_secret(fixture->courier, "review 1 A", one);
	vault_secret(fixture->admin, "review 1 A", same);
	vault_secret(fixture->courier, "review 2 A", other);
	g_assert_cmpmem(one, sizeof one, same, sizeof same);
	g_assert_cmpint(memcmp(one, other, sizeof one), !=, 0);
}

static void
test_belongs(Fixture *fixture, gconstpointer data)
{
	(void)data;
	guint8 secret[VAULT_SECRET_BYTES];
	g_auto(Granted) granted = {0};
	grant(fixture, &granted);
	g_autoptr(VaultSealed) another = seal(fixture->front);
	vault_secret(fixture->courier, "review 2 A", secret);
	assert_refused(granted.sealed->content, granted.wrapped, BOUND, secret);
	assert_refused(granted.sealed->content, granted.wrapped, BOUND "x", granted.secret);
	assert_refused(another->content, granted.wrapped, BOUND, granted.secret);
	/* The key that the epoch wraps is none of a grant, and a grant none of an epoch's. */
	assert_refused(granted.sealed->content, granted.sealed->wrapped_key, BOUND, granted.secret);
	VaultSealed swapped = *granted.sealed;
	swapped.wrapped_key = granted.wrapped;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) opened = vault_unseal(fixture->courier, &swapped, BOUND, &error);
	g_assert_null(opened);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
}

/* Each bit of a grant counts, and so does its length. */
static void
test_damaged(Fixture *fixture, gconstpointer data)
{
	(void)data;
	gsize size = 0;
	g_auto(Granted) granted = {0};
	grant(fixture, &granted);
	const guint8 *bytes = g_bytes_get_data(granted.wrapped, &size);
	for (gsize bit = 0; bit < size * 8; bit++) {
		g_autofree guint8 *changed = g_memdup2(bytes, size);
		changed[bit / 8] ^= (guint8)(1u << bit % 8);
		g_autoptr(GBytes) damaged = g_bytes_new(changed, size);
		assert_refused(granted.sealed->content, damaged, BOUND, granted.secret);
	}
	for (gsize length = 0; length < size; length++) {
		g_autoptr(GBytes) cut = g_bytes_new(bytes, length);
		assert_refused(granted.sealed->content, cut, BOUND, granted.secret);
	}
}

/* What is damaged, or was sealed for another row, cannot be granted at all. */
static void
test_not_granted(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_auto(Granted) granted = {0};
	grant(fixture, &granted);
	g_autoptr(VaultSealed) other = seal(fixture->admin);
	const struct {
		GBytes *epoch_sealed;
		const char *associated;
	} rows[] = {{granted.sealed->epoch_sealed, BOUND "x"}, {other->epoch_sealed, BOUND}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		VaultSealed sealed = *granted.sealed;
		sealed.epoch_sealed = rows[i].epoch_sealed;
		g_autoptr(GBytes) wrapped = vault_grant(fixture->courier, &sealed, rows[i].associated, granted.secret, &error);
		g_assert_null(wrapped);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/vault/grant/opens what the front cannot", Fixture, NULL, set_up, test_opens, tear_down);
	g_test_add("/vault/grant/secret", Fixture, NULL, set_up, test_secret, tear_down);
	g_test_add("/vault/grant/belongs to one value", Fixture, NULL, set_up, test_belongs, tear_down);
	g_test_add("/vault/grant/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
	g_test_add("/vault/grant/not granted", Fixture, NULL, set_up, test_not_granted, tear_down);
	return g_test_run();
}
