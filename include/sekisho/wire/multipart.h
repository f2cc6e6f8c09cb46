/*
 * multipart/form-data (RFC 7578), pushed in chunks of any size; nothing is buffered but a part's header block and a possible
 * delimiter. Names and file names: WHATWG escapes %22 %0D %0A are decoded and nothing else; no backslash escapes; `filename*` and
 * Content-Transfer-Encoding are ignored. The body must end with its closing delimiter: a truncated one is refused.
 *
 * Text from outside: names and file names are handed on as bytes; CR and LF can be in them only through %0D %0A, NUL and
 * invalid UTF-8 may be. A delimiter followed by other text than "--", white space or CR LF is refused, and so are a second
 * Content-Disposition, a parameter that stands twice and text between a closing quote and the next ";", because other readers
 * of the same body might understand them differently.
 */
#pragma once

#include <glib.h>

typedef struct Multipart Multipart;

/* One part's head. Bytes are borrowed for the call. */
typedef struct {
	GBytes *name;
	GBytes *filename;      /* NULL for a field */
	const char *content_type; /* printable ASCII; "" if the part has none or an unprintable one */
} MultipartPart;

/* Called in order begin, data*, end for each part. FALSE with an error ends parsing with that error. */
typedef struct {
	gboolean (*begin)(const MultipartPart *part, gpointer user_data, GError **error);
	gboolean (*data)(const guint8 *bytes, gsize size, gpointer user_data, GError **error);
	gboolean (*end)(gpointer user_data, GError **error);
} MultipartHandler;

/* `content_type` is the request's whole header value; WIRE_ERROR_TYPE if it does not begin with multipart/form-data (these bytes in lower
 * case: contract 1.3 check 3) and WIRE_ERROR_MALFORMED if it is a longer type ("multipart/form-data-x", T09) or has no usable boundary
 * (RFC 2046 5.1.1). `handler` is copied. */
Multipart *multipart_new(const char *content_type, const MultipartHandler *handler, gpointer user_data, GError **error);
/* WIRE_ERROR_MALFORMED, WIRE_ERROR_LIMIT (LIMIT_PARTS, LIMIT_PART_HEADER_BYTES), or the handler's error. After an error the parser only
 * repeats it. `bytes` may be NULL if `size` is 0. */
gboolean multipart_feed(Multipart *multipart, const guint8 *bytes, gsize size, GError **error);
/* WIRE_ERROR_MALFORMED if the closing delimiter has not been seen. */
gboolean multipart_finish(Multipart *multipart, GError **error);
void multipart_free(Multipart *multipart);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Multipart, multipart_free)
