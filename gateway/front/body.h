/*
 * A request's body on its way to fields: pushed in chunks, handed at once to the reader of its content type. Fields are kept,
 * up to LIMIT_FIELDS_BYTES in sum; files go to uploads.h.
 *
 * Text from outside: see wire/posted.h; every name and value passes it.
 */
#pragma once

#include <glib.h>

#include "sekisho/wire/posted.h"
#include "uploads.h"

typedef struct Body Body;

/* `content_type` is the request's header value, "" if it has none. A type that is not read here, or a multipart type without a usable
 * boundary, is no error yet: body_finish says it, so that the bytes can be drained first. `uploads` is borrowed and takes the files. */
Body *body_new(const char *content_type, Uploads *uploads);
void body_free(Body *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Body, body_free)

/* After the first error the bytes are dropped unread. */
void body_feed(Body *body, const guint8 *bytes, gsize size);
/* FALSE with the first error: WIRE_ERROR_TYPE, WIRE_ERROR_MALFORMED, WIRE_ERROR_LIMIT. `posted` becomes the fields, after an error those of a multipart
 * body that came before it (perhaps none): they tell for whom the answer is, and nothing else. The caller's. Call it once. */
gboolean body_finish(Body *body, Posted **posted, GError **error);
