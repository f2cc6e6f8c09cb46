/*
 * Sealed streams: content that is too large to be held whole while it is sealed (libsodium's secretstream, XChaCha20-Poly1305).
 *
 *   sealed   version (1) | header (24) | chunk ...
 *   chunk    tag and text, encrypted (1 + text) | authenticator (16); the text has VAULT_STREAM_CHUNK_BYTES in every chunk but the last
 *
 * The construction counts chunks, so none can be left out, repeated or moved; the last one carries the final tag, so a stream that was cut
 * off at a chunk's end does not open either. The version is bound to every chunk. There is no id of a key, because each stream has a key of
 * its own that is kept where the stream is named. A sealer is: new -> fed -> ended; then it may only be freed.
 */
#include <sodium.h>
#include <string.h>

#include "secret_bytes.h"
#include "sekisho/base/error.h"
#include "sekisho/base/vault.h"

#define VERSION 1u
#define HEAD_BYTES (1u + crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define SEALED_CHUNK_BYTES (VAULT_STREAM_CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)

G_STATIC_ASSERT(VAULT_STREAM_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES);

struct VaultStream {
	crypto_secretstream_xchacha20poly1305_state state;
	guint8 chunk[VAULT_STREAM_CHUNK_BYTES];
	gsize filled; /* bytes of `chunk` */
	gboolean has_ended;
};

static const guint8 version = VERSION;

VaultStream *
vault_stream_new(guint8 *key, GByteArray *sealed)
{
	guint8 header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];

	if (sodium_init() < 0)
		g_error("libsodium cannot be initialised");
	VaultStream *stream = g_new0(VaultStream, 1);
	crypto_secretstream_xchacha20poly1305_keygen(key);
	crypto_secretstream_xchacha20poly1305_init_push(&stream->state, header, key);
	g_byte_array_append(sealed, &version, 1);
	g_byte_array_append(sealed, header, sizeof header);
	return stream;
}

static void
seal_chunk(VaultStream *stream, guint8 tag, GByteArray *sealed)
{
	const guint at = sealed->len;

	g_byte_array_set_size(sealed, at + (guint)stream->filled + crypto_secretstream_xchacha20poly1305_ABYTES);
	crypto_secretstream_xchacha20poly1305_push(
	    &stream->state, sealed->data + at, NULL, stream->chunk, stream->filled, &version, 1, tag);
	stream->filled = 0;
}

void
vault_stream_seal(VaultStream *stream, const guint8 *bytes, gsize size, GByteArray *sealed)
{
	g_assert(!stream->has_ended);
	while (size > 0) {
		const gsize taken = MIN(size, sizeof stream->chunk - stream->filled);
		/* Only a chunk that is not the last one is sealed here, so a full one waits for the next byte. */
		if (taken == 0) {
			seal_chunk(stream, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, sealed);
			continue;
		}
		memcpy(stream->chunk + stream->filled, bytes, taken);
		stream->filled += taken;
		bytes += taken;
		size -= taken;
	}
}

void
vault_stream_end(VaultStream *stream, GByteArray *sealed)
{
	g_assert(!stream->has_ended);
	seal_chunk(stream, crypto_secretstream_xchacha20poly1305_TAG_FINAL, sealed);
	stream->has_ended = TRUE;
}

void
vault_stream_free(VaultStream *stream)
{
	if (stream == NULL)
		return;
	sodium_memzero(stream, sizeof *stream);
	g_free(stream);
}

gsize
vault_stream_sealed_bytes(gsize size)
{
	const gsize chunks = size == 0 ? 1 : (size - 1) / VAULT_STREAM_CHUNK_BYTES + 1;

	return HEAD_BYTES + size + chunks * crypto_secretstream_xchacha20poly1305_ABYTES;
}

/* Opens every chunk from `bytes` into `opened`, which has room for all; -1, or how many bytes it wrote. */
static gssize
open_chunks(crypto_secretstream_xchacha20poly1305_state *state, const guint8 *bytes, gsize size, guint8 *opened)
{
	guint8 *at = opened;
	guint8 tag = 0;

	while (size > 0) {
		const gsize taken = MIN(size, SEALED_CHUNK_BYTES);
		unsigned long long count = 0;
		if (crypto_secretstream_xchacha20poly1305_pull(state, at, &count, &tag, bytes, taken, &version, 1) != 0)
			return -1;
		at += count;
		bytes += taken;
		size -= taken;
	}
	return tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL ? at - opened : -1;
}

GBytes *
vault_stream_open(const guint8 *key, GBytes *sealed, GError **error)
{
	gsize size = 0;
	const guint8 *bytes = g_bytes_get_data(sealed, &size);
	crypto_secretstream_xchacha20poly1305_state state;

	if (size > HEAD_BYTES && bytes[0] == VERSION &&
	    crypto_secretstream_xchacha20poly1305_init_pull(&state, bytes + 1, key) == 0) {
		/* Never empty, so that there is something to wipe. */
		guint8 *opened = g_malloc(size);
		const gssize count = open_chunks(&state, bytes + HEAD_BYTES, size - HEAD_BYTES, opened);
		sodium_memzero(&state, sizeof state);
		GBytes *content = secret_bytes_new_take(opened, count >= 0 ? (gsize)count : size);
		if (count >= 0)
			return content;
		g_bytes_unref(content);
	}
	g_set_error(error, BASE_ERROR, BASE_ERROR_FORGED,
	    "the sealed stream does not open: it is damaged, cut off, or was sealed with another key");
	return NULL;
}
