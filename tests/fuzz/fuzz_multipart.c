/*
 * multipart/form-data. The first byte is the number of chunk sizes that follow (at most 7), the rest is the body; its boundary is "b".
 * Promises: the body as a whole and in those chunks gives the same events and the same answer; data comes only inside
 * a part; what is accepted ends with its closing delimiter.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/wire/multipart.h"

#define FUZZ_TYPE "multipart/form-data; boundary=b"
#define FUZZ_CHUNK_SIZES 7u

typedef struct {
	GByteArray *events;
	gboolean is_open;
} FuzzRecord;

static void
fuzz_record(GByteArray *events, char mark, const void *bytes, gsize size)
{
	g_byte_array_append(events, (const guint8 *)&mark, 1);
	g_byte_array_append(events, bytes, (guint)size);
}

static gboolean
fuzz_begin(const MultipartPart *part, gpointer user_data, GError **error)
{
	FuzzRecord *record = user_data;
	gsize size = 0;
	const void *name = g_bytes_get_data(part->name, &size);

	(void)error;
	g_assert(!record->is_open);
	record->is_open = TRUE;
	fuzz_record(record->events, 'n', name, size);
	if (part->filename) {
		const void *filename = g_bytes_get_data(part->filename, &size);
		fuzz_record(record->events, 'f', filename, size);
	}
	for (const char *at = part->content_type; *at != '\0'; at++)
		g_assert(g_ascii_isprint(*at) || *at == '\t');
	fuzz_record(record->events, 't', part->content_type, strlen(part->content_type));
	fuzz_record(record->events, 'd', "", 0);
	return TRUE;
}

static gboolean
fuzz_data(const guint8 *bytes, gsize size, gpointer user_data, GError **error)
{
	FuzzRecord *record = user_data;

	(void)error;
	g_assert(record->is_open && size > 0);
	g_byte_array_append(record->events, bytes, (guint)size);
	return TRUE;
}

static gboolean
fuzz_end(gpointer user_data, GError **error)
{
	FuzzRecord *record = user_data;

	(void)error;
	g_assert(record->is_open);
	record->is_open = FALSE;
	fuzz_record(record->events, 'e', "", 0);
	return TRUE;
}

/* The events of `body`, fed in chunks of `sizes` in turn (0 counts as 256; no sizes: whole), and at last whether it was accepted. */
static GByteArray *
fuzz_parse(GBytes *body, GBytes *sizes)
{
	static const MultipartHandler handler = {fuzz_begin, fuzz_data, fuzz_end};
	FuzzRecord record = {g_byte_array_new(), FALSE};
	g_autoptr(Multipart) multipart = multipart_new(FUZZ_TYPE, &handler, &record, NULL);
	gsize left = 0, size_count = 0;
	const guint8 *at = g_bytes_get_data(body, &left);
	const guint8 *size_at = g_bytes_get_data(sizes, &size_count);
	gboolean is_good = TRUE;

	for (gsize i = 0; is_good && left > 0; i++) {
		gsize wanted = size_count == 0 ? left : size_at[i % size_count] == 0 ? 256 : size_at[i % size_count];
		gsize size = MIN(wanted, left);
		/* Exactly the chunk, so that a sanitizer sees one byte too many. */
		g_autofree guint8 *chunk = g_memdup2(at, size);
		is_good = multipart_feed(multipart, chunk, size, NULL);
		at += size;
		left -= size;
	}
	g_autoptr(GError) error = NULL;
	gboolean is_finished = multipart_finish(multipart, &error);
	g_assert(is_finished == !error && (is_good || !is_finished));
	g_assert(!is_finished || !record.is_open);
	fuzz_record(record.events, is_finished ? '+' : '-', "", 0);
	return record.events;
}

static void
fuzz_check_closing(GBytes *body, const GByteArray *events)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(body, &size);

	if (events->data[events->len - 1] == '+')
		g_assert(g_strstr_len(text, (gssize)size, "--b--") != NULL || memchr(text, '\0', size) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	gsize size_count = size > 0 ? MIN(bytes[0] % (FUZZ_CHUNK_SIZES + 1), size - 1) : 0;
	gsize skipped = size > 0 ? 1 + size_count : 0;
	g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
	g_autoptr(GBytes) sizes = g_bytes_new(bytes + MIN(size, 1), size_count);
	g_autoptr(GBytes) body = g_bytes_new(bytes + skipped, size - skipped);
	g_autoptr(GByteArray) whole = fuzz_parse(body, none);
	g_autoptr(GByteArray) chunked = fuzz_parse(body, sizes);

	g_assert(whole->len == chunked->len && memcmp(whole->data, chunked->data, whole->len) == 0);
	fuzz_check_closing(body, whole);
	return 0;
}
