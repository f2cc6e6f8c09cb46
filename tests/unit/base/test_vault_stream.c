/* Sealed streams open whole, and only whole. */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/vault.h"

#define CHUNK VAULT_STREAM_CHUNK_BYTES

typedef struct {
	guint8 key[VAULT_STREAM_KEY_BYTES];
	GBytes *content;
	GByteArray *sealed;
} Sealed;

static void
sealed_clear(Sealed *sealed)
{
	g_bytes_unref(sealed->content);
	g_byte_array_unref(sealed->sealed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sealed, sealed_clear)

/* `size` bytes, no two near ones equal, sealed in pieces of `step`. */
static Sealed
seal(gsize size, gsize step)
{
	guint8 *bytes = g_malloc(size + 1);
	Sealed sealed = {.sealed = g_byte_array_new()};
	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)(i * 7 + i / 251);
	g_autoptr(VaultStream) stream = vault_stream_new(sealed.key, sealed.sealed);
	for (gsize at = 0; at < size; at += step)
		vault_stream_seal(stream, bytes + at, MIN(step, size - at), sealed.sealed);
	vault_stream_end(stream, sealed.sealed);
	sealed.content = g_bytes_new_take(bytes, size);
	return sealed;
}

/* The first `size` bytes of the sealed form; NULL if they do not open. */
static GBytes *
open_bytes(const Sealed *sealed, const guint8 *key, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new(sealed->sealed->data, size);
	GBytes *opened = vault_stream_open(key, bytes, &error);
	g_assert_true((opened != NULL) == (error == NULL));
	if (error != NULL)
		g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
	return opened;
}

static void
assert_opens(const Sealed *sealed)
{
	g_autoptr(GBytes) opened = open_bytes(sealed, sealed->key, sealed->sealed->len);
	g_assert_nonnull(opened);
	g_assert_true(g_bytes_equal(opened, sealed->content));
}

static void
assert_refused(const Sealed *sealed, const guint8 *key, gsize size)
{
	g_assert_null(open_bytes(sealed, key, size));
}

static const gsize sizes[] = {0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17};

static void
test_round(void)
{
	static const gsize steps[] = {1000, 8192, CHUNK, 1024 * 1024};
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
		for (gsize k = 0; k < G_N_ELEMENTS(steps); k++) {
			g_auto(Sealed) sealed = seal(sizes[i], steps[k]);
			g_assert_cmpuint(sealed.sealed->len, ==, vault_stream_sealed_bytes(sizes[i]));
			assert_opens(&sealed);
		}
}

static void
test_secret(void)
{
	g_auto(Sealed) one = seal(CHUNK + 1, CHUNK), two = seal(CHUNK + 1, CHUNK);
	g_assert_cmpint(memcmp(one.key, two.key, sizeof one.key), !=, 0);
	assert_refused(&one, two.key, one.sealed->len);
	g_assert_null(memmem(one.sealed->data, one.sealed->len, g_bytes_get_data(one.content, NULL), 16));
}

/* Wherever it is cut: inside a chunk, between two chunks, before the first. */
static void
test_cut(void)
{
	g_auto(Sealed) sealed = seal(2 * CHUNK + 5, CHUNK);
	for (gsize size = 0; size < sealed.sealed->len; size += size < 60 || size + 60 > sealed.sealed->len ? 1 : 509)
		assert_refused(&sealed, sealed.key, size);
	for (gsize chunks = 0; chunks < 3; chunks++)
		assert_refused(&sealed, sealed.key, vault_stream_sealed_bytes(0) - 17 + chunks * (CHUNK + 17));
}

static void
test_bit(void)
{
	g_auto(Sealed) sealed = seal(CHUNK + 5, CHUNK);
	for (gsize at = 0; at < sealed.sealed->len; at += at < 60 ? 1 : 997) {
		sealed.sealed->data[at] ^= 0x10;
		assert_refused(&sealed, sealed.key, sealed.sealed->len);
		sealed.sealed->data[at] ^= 0x10;
	}
	assert_opens(&sealed);
}

/* Chunks in another order, one left out, bytes behind the end. */
static void
test_rearranged(void)
{
	const gsize head = vault_stream_sealed_bytes(0) - 17, chunk = CHUNK + 17;
	g_auto(Sealed) swapped = seal(3 * CHUNK, CHUNK), shorter = seal(3 * CHUNK, CHUNK), longer = seal(10, 10);
	g_autofree guint8 *first = g_memdup2(swapped.sealed->data + head, chunk);
	memcpy(swapped.sealed->data + head, swapped.sealed->data + head + chunk, chunk);
	memcpy(swapped.sealed->data + head + chunk, first, chunk);
	assert_refused(&swapped, swapped.key, swapped.sealed->len);
	g_byte_array_remove_range(shorter.sealed, (guint)head, (guint)chunk);
	assert_refused(&shorter, shorter.key, shorter.sealed->len);
	g_byte_array_append(longer.sealed, (const guint8 *)"more than a tag of bytes", 24);
	assert_refused(&longer, longer.key, longer.sealed->len);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/vault_stream/what was sealed in any pieces opens", test_round);
	g_test_add_func("/base/vault_stream/each has a key of its own and shows nothing", test_secret);
	g_test_add_func("/base/vault_stream/a stream that was cut off does not open", test_cut);
	g_test_add_func("/base/vault_stream/a changed bit is found", test_bit);
	g_test_add_func("/base/vault_stream/chunks keep their order and number", test_rearranged);
	return g_test_run();
}
