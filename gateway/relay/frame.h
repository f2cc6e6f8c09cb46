/*
 * Messages between courier and session on their socket pair: four bytes of length (big-endian), then a GVariant. Both ends treat what
 * they read as input: a length past the limit, a wrong type or bytes that are not in normal form end the conversation.
 */
#pragma once

#include <glib.h>

/* `value` (a floating one is consumed) as the bytes of one message. */
GByteArray *frame_bytes(GVariant *value);
/* Writes one message to a blocking descriptor. FALSE if the other side is gone. */
gboolean frame_write(int descriptor, GVariant *value);

typedef struct FrameReader FrameReader;
/* `type` is a type string that stays valid. No message may be longer than `limit_bytes`. */
FrameReader *frame_reader_new(const char *type, gsize limit_bytes);
void frame_reader_free(FrameReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FrameReader, frame_reader_free)

typedef enum {
	FRAME_MORE, /* there may be more to read */
	FRAME_WAIT, /* a non-blocking descriptor has nothing now */
	FRAME_END   /* the other side closed, or reading failed */
} FrameState;
/* Reads once what is there. */
FrameState frame_reader_fill(FrameReader *reader, int descriptor);
/* The next complete message, or NULL with `is_broken` saying whether the peer broke the format. The caller's. */
GVariant *frame_reader_next(FrameReader *reader, gboolean *is_broken);
