/*
 * Framing on the socket between courier and session. A reader holds at most one message and the chunk that began the next.
 * No state but the reader's buffer; after is_broken it must not be used again.
 */
#include "frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES 65536u

struct FrameReader {
	const char *type;
	gsize limit_bytes;
	GByteArray *buffer;
};

GByteArray *
frame_bytes(GVariant *value)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(value);
	gsize size = g_variant_get_size(held);
	guint32 length = GUINT32_TO_BE((guint32)size);
	GByteArray *bytes = g_byte_array_sized_new((guint)(size + sizeof length));

	g_assert(size <= G_MAXUINT32 - sizeof length);
	g_byte_array_append(bytes, (const guint8 *)&length, sizeof length);
	g_byte_array_append(bytes, g_variant_get_data(held), (guint)size);
	return bytes;
}

gboolean
frame_write(int descriptor, GVariant *value)
{
	g_autoptr(GByteArray) bytes = frame_bytes(value);

	for (gsize at = 0; at < bytes->len;) {
		gssize written = send(descriptor, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return FALSE;
		at += (gsize)written;
	}
	return TRUE;
}

FrameReader *
frame_reader_new(const char *type, gsize limit_bytes)
{
	FrameReader *reader = g_new0(FrameReader, 1);

	reader->type = type;
	reader->limit_bytes = limit_bytes;
	reader->buffer = g_byte_array_new();
	return reader;
}

void
frame_reader_free(FrameReader *reader)
{
	if (reader == NULL)
		return;
	/* A job holds a password. */
	if (reader->buffer->len > 0)
		explicit_bzero(reader->buffer->data, reader->buffer->len);
	g_byte_array_unref(reader->buffer);
	g_free(reader);
}

FrameState
frame_reader_fill(FrameReader *reader, int descriptor)
{
	guint had = reader->buffer->len;

	g_byte_array_set_size(reader->buffer, had + CHUNK_BYTES);
	gssize got = read(descriptor, reader->buffer->data + had, CHUNK_BYTES);
	int problem = errno;
	g_byte_array_set_size(reader->buffer, had + (guint)MAX(got, 0));
	if (got > 0 || (got < 0 && problem == EINTR))
		return FRAME_MORE;
	return got < 0 && (problem == EAGAIN || problem == EWOULDBLOCK) ? FRAME_WAIT : FRAME_END;
}

GVariant *
frame_reader_next(FrameReader *reader, gboolean *is_broken)
{
	guint32 length = 0;

	*is_broken = FALSE;
	if (reader->buffer->len < sizeof length)
		return NULL;
	memcpy(&length, reader->buffer->data, sizeof length);
	length = GUINT32_FROM_BE(length);
	*is_broken = length > reader->limit_bytes;
	if (*is_broken || reader->buffer->len - sizeof length < length)
		return NULL;
	g_autoptr(GBytes) bytes = g_bytes_new(reader->buffer->data + sizeof length, length);
	/* A job holds a password, and removing moves only what follows. */
	explicit_bzero(reader->buffer->data, sizeof length + length);
	g_byte_array_remove_range(reader->buffer, 0, (guint)sizeof length + length);
	g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(reader->type), bytes, FALSE));
	*is_broken = !g_variant_is_normal_form(value);
	return *is_broken ? NULL : g_steal_pointer(&value);
}
