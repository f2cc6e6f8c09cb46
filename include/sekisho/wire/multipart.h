/*
 * multipart/form-data (RFC 7578), pushed in chunks of any size; nothing is buffered but a part's header block and a possible
 * delimiter. It reads what PHP 8.2 reads, to the same bytes: quotes of both kinds, backslash escapes, a parameter that stands twice (the last
 * wins); percent escapes stay as they are; `filename*` and Content-Transfer-Encoding are ignored; a part without a name, or without a
 * Content-Disposition, is skipped. Stricter than PHP: the body must end with its closing delimiter, because a truncated one must not pass for
 * whole; lines of heads end with CR LF and have a colon; a delimiter in the text that is followed by more than "--" or its line end is refused,
 * where PHP would drop text in silence.
 *
 * Text from outside: names and file names are handed on as bytes; invalid UTF-8 and other controls may be in them, CR, LF and NUL are not (a
 * header's value ends at its NUL).
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

/* `content_type` is the request's whole header value; WIRE_ERROR_TYPE if it is another type than multipart/form-data, in any case (that the REST
 * road takes lower case only is route.c's business: contract T02), and WIRE_ERROR_MALFORMED if it has no usable boundary: 1 to
 * LIMIT_BOUNDARY_BYTES bytes without CR and LF. `handler` is copied. */
Multipart *multipart_new(const char *content_type, const MultipartHandler *handler, gpointer user_data, GError **error);
/* WIRE_ERROR_MALFORMED, WIRE_ERROR_LIMIT (LIMIT_PARTS, LIMIT_PART_HEADER_BYTES), or the handler's error. After an error the parser only
 * repeats it. `bytes` may be NULL if `size` is 0. */
gboolean multipart_feed(Multipart *multipart, const guint8 *bytes, gsize size, GError **error);
/* WIRE_ERROR_MALFORMED if the closing delimiter has not been seen. */
gboolean multipart_finish(Multipart *multipart, GError **error);
void multipart_free(Multipart *multipart);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Multipart, multipart_free)
