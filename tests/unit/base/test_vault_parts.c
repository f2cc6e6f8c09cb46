/* One encrypted part opens with exactly what it was sealed with: key, kind of part, epoch and text. */
#include <sodium.h>
#include <string.h>

#include "vault_keys.h"
#include "vault_parts.h"

static const guint8 key[VAULT_KEY_BYTES] = {1}, other_key[VAULT_KEY_BYTES] = {2};
static const guint8 epoch_id[VAULT_EPOCH_ID_BYTES] = {3}, other_epoch_id[VAULT_EPOCH_ID_BYTES] = {4};

static gboolean
opens(GBytes *sealed, const VaultPartKey *with)
{
	gsize size = 0;
	g_autofree guint8 *opened = vault_part_open(with, sealed, &size);
	g_assert_true(!opened || (size == 4 && memcmp(opened, "text", 4) == 0));
	return opened != NULL;
}

static void
test_bound_to_everything(void)
{
	const VaultPartKey with = {VAULT_PART_CONTENT, 7, key, epoch_id, "bound"};
	const VaultPartKey others[] = {
	    {VAULT_PART_WRAPPED_KEY, 7, key, epoch_id, "bound"},
	    {VAULT_PART_CONTENT, 7, other_key, epoch_id, "bound"},
	    {VAULT_PART_CONTENT, 7, key, other_epoch_id, "bound"},
	    {VAULT_PART_CONTENT, 7, key, NULL, "bound"},
	    {VAULT_PART_CONTENT, 7, key, epoch_id, "bounds"},
	};
	g_autoptr(GBytes) sealed = vault_part_seal(&with, "text", 4), again = vault_part_seal(&with, "text", 4);
	g_assert_true(opens(sealed, &with));
	g_assert_false(g_bytes_equal(sealed, again)); /* the nonce is fresh */
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_false(opens(sealed, &others[i]));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_add_func("/base/vault_parts/a part is bound to all that it was sealed with", test_bound_to_everything);
	return g_test_run();
}
