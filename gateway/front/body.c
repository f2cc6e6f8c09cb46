/*
 * From bytes to fields. A multipart body goes through the push parser of wire/multipart.c part by part, so that at no time more than
 * one field and the parser's own few kilobytes are held, and files go on to uploads.h as they come; an urlencoded body is collected, because it is small by its own
 * ceiling, and read at its end. States: reading -> failed (the first error stays, everything after it is dropped) -> finished.
 */
#include "body.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/multipart.h"

struct Body {
	Multipart *multipart;   /* NULL for an urlencoded body */
	GByteArray *urlencoded; /* NULL for a multipart body */
	Posted *posted;         /* fields of a multipart body so far */
	GError *error;          /* the first one */
	Uploads *uploads;       /* borrowed; NULL: only an urlencoded body is read */
	gsize fields_bytes;     /* names and values so far */
	GBytes *name;           /* the part being read */
	GByteArray *value;      /* NULL while the part is a file */
};

static gboolean
count_bytes(Body *body, gsize size, GError **error)
{
	body->fields_bytes += size;
	if (body->fields_bytes <= LIMIT_FIELDS_BYTES)
		return TRUE;
	g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "the fields of the body have more than %lu bytes", LIMIT_FIELDS_BYTES);
	return FALSE;
}

static gboolean
begin_part(const MultipartPart *part, gpointer user_data, GError **error)
{
	Body *body = user_data;
	if (part->filename != NULL)
		return uploads_begin(body->uploads, part, error);
	body->name = g_bytes_ref(part->name);
	body->value = g_byte_array_new();
	return count_bytes(body, g_bytes_get_size(part->name), error);
}

static gboolean
part_data(const guint8 *bytes, gsize size, gpointer user_data, GError **error)
{
	Body *body = user_data;
	if (body->value == NULL) {
		uploads_write(body->uploads, bytes, size);
		return TRUE;
	}
	if (body->value->len + size > LIMIT_FIELD_BYTES) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "a field has more than %lu bytes", LIMIT_FIELD_BYTES);
		return FALSE;
	}
	g_byte_array_append(body->value, bytes, (guint)size);
	return count_bytes(body, size, error);
}

static gboolean
end_part(gpointer user_data, GError **error)
{
	Body *body = user_data;
	if (body->value == NULL) {
		uploads_end(body->uploads);
		return TRUE;
	}
	g_autoptr(GBytes) name = g_steal_pointer(&body->name);
	g_autoptr(GBytes) value = g_byte_array_free_to_bytes(g_steal_pointer(&body->value));
	return posted_add(body->posted, name, value, error);
}

/* The media type alone, compared without case (RFC 9110 8.3.1). */
static gboolean
is_urlencoded(const char *content_type)
{
	g_autofree char *type = g_strndup(content_type, strcspn(content_type, ";"));
	return g_ascii_strcasecmp(g_strstrip(type), "application/x-www-form-urlencoded") == 0;
}

Body *
body_new(const char *content_type, Uploads *uploads)
{
	static const MultipartHandler handler = {begin_part, part_data, end_part};
	Body *body = g_new0(Body, 1);
	body->uploads = uploads;
	if (is_urlencoded(content_type)) {
		body->urlencoded = g_byte_array_new();
		return body;
	}
	if (uploads == NULL) {
		g_set_error(&body->error, WIRE_ERROR, WIRE_ERROR_TYPE, "the body is not application/x-www-form-urlencoded");
		return body;
	}
	body->posted = posted_new();
	body->multipart = multipart_new(content_type, &handler, body, &body->error);
	return body;
}

void
body_free(Body *body)
{
	if (body == NULL)
		return;
	multipart_free(body->multipart);
	g_clear_pointer(&body->urlencoded, g_byte_array_unref);
	posted_free(body->posted);
	g_clear_error(&body->error);
	g_clear_pointer(&body->name, g_bytes_unref);
	g_clear_pointer(&body->value, g_byte_array_unref);
	g_free(body);
}

void
body_feed(Body *body, const guint8 *bytes, gsize size)
{
	if (body->error != NULL)
		return;
	if (body->urlencoded == NULL)
		multipart_feed(body->multipart, bytes, size, &body->error);
	else if (count_bytes(body, size, &body->error))
		g_byte_array_append(body->urlencoded, bytes, (guint)size);
}

gboolean
body_finish(Body *body, Posted **posted, GError **error)
{
	*posted = NULL;
	if (body->error == NULL && body->multipart != NULL)
		multipart_finish(body->multipart, &body->error);
	if (body->error == NULL && body->urlencoded != NULL) {
		const char *bytes = body->urlencoded->len > 0 ? (const char *)body->urlencoded->data : "";
		*posted = posted_from_urlencoded(bytes, body->urlencoded->len, &body->error);
	}
	if (*posted == NULL)
		*posted = body->posted != NULL ? g_steal_pointer(&body->posted) : posted_new();
	if (body->error == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&body->error));
	return FALSE;
}
