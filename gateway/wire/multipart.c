/*
 * multipart/form-data as a push parser (RFC 7578, RFC 2046 5.1.1). States:
 *
 *   preamble -> delimiter -> (padding) -> line feed -> head -> data -> delimiter ... -> dash -> epilogue
 *
 * The delimiter is CR LF "--" boundary. It cannot contain a second CR, so after a mismatch no part of what matched can begin another
 * delimiter, and the number of bytes matched is all the memory the search needs; that number survives from one chunk
 * to the next. The CR LF before a delimiter may be one that already ended something else: the beginning of the body and the
 * end of a part's head count as one (`borrowed`), which is no data if the delimiter does not follow.
 *
 * multipart_feed must not be called after multipart_finish. After an error both only repeat it.
 */
#include "sekisho/wire/multipart.h"

#include <string.h>

#include "parameters.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define MULTIPART_TYPE "multipart/form-data"
#define MULTIPART_LINE_END "\r\n"
#define MULTIPART_LINE_END_BYTES 2u

typedef enum {
	MULTIPART_PREAMBLE,
	MULTIPART_DELIMITER, /* behind a delimiter: what is it? */
	MULTIPART_PADDING,   /* white space behind a delimiter */
	MULTIPART_LINE_FEED, /* the delimiter's line ends */
	MULTIPART_HEAD,
	MULTIPART_DATA,
	MULTIPART_DASH,    /* behind a delimiter and "-" */
	MULTIPART_EPILOGUE /* behind the closing delimiter: nothing counts any more */
} MultipartState;

struct Multipart {
	MultipartHandler handler;
	gpointer user_data;
	GString *delimiter;
	MultipartState state;
	gsize matched;    /* bytes of the delimiter seen just now */
	gsize borrowed;   /* of them, those that belong to something else */
	GByteArray *head; /* header block of the part so far */
	guint part_count;
	gboolean is_skipped; /* this part has no name: the handler does not hear of it */
	GError *failure;     /* the first error; the parser is dead */
};

/* The rest of a chunk. */
typedef struct {
	const guint8 *at;
	const guint8 *end;
} MultipartChunk;

static gboolean
multipart_refuse(GError **error, const char *sentence)
{
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, sentence);
	return FALSE;
}

/* --- The boundary -------------------------------------------------------------------------------------------------- */

/* The text behind `boundary=`, as PHP finds it; of no bytes if there is none. */
static GString *
multipart_boundary(const char *content_type)
{
	g_autofree char *lower = g_ascii_strdown(content_type, -1);
	const char *word = strstr(lower, "boundary");
	const char *equals = word ? strchr(content_type + (word - lower), '=') : NULL;

	if (!equals)
		return g_string_new(NULL);
	const char *start = equals[1] == '"' ? equals + 2 : equals + 1;
	const gsize size = strcspn(start, equals[1] == '"' ? "\"" : ",;");
	return g_string_new_len(start, equals[1] == '"' && start[size] == '\0' ? 0 : (gssize)size);
}

/* The delimiter of a body with this Content-Type, or NULL. */
static GString *
multipart_delimiter(const char *content_type, GError **error)
{
	const gsize type_bytes = strcspn(content_type, ";, ");

	if (type_bytes != strlen(MULTIPART_TYPE) || g_ascii_strncasecmp(content_type, MULTIPART_TYPE, type_bytes) != 0) {
		g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_TYPE, "the content type is not " MULTIPART_TYPE);
		return NULL;
	}
	GString *delimiter = multipart_boundary(content_type);
	if (delimiter->len == 0 || delimiter->len > LIMIT_BOUNDARY_BYTES || strpbrk(delimiter->str, MULTIPART_LINE_END)) {
		multipart_refuse(error, "the content type has no usable boundary");
		g_string_free(delimiter, TRUE);
		return NULL;
	}
	return g_string_prepend(delimiter, MULTIPART_LINE_END "--");
}

/* Goes on as if a line had just ended. */
static void
multipart_enter_text(Multipart *multipart, MultipartState state)
{
	multipart->state = state;
	multipart->matched = MULTIPART_LINE_END_BYTES;
	multipart->borrowed = MULTIPART_LINE_END_BYTES;
}

Multipart *
multipart_new(const char *content_type, const MultipartHandler *handler, gpointer user_data, GError **error)
{
	GString *delimiter = multipart_delimiter(content_type, error);

	if (!delimiter)
		return NULL;
	Multipart *multipart = g_new0(Multipart, 1);
	multipart->handler = *handler;
	multipart->user_data = user_data;
	multipart->delimiter = delimiter;
	multipart->head = g_byte_array_new();
	multipart_enter_text(multipart, MULTIPART_PREAMBLE);
	return multipart;
}

void
multipart_free(Multipart *multipart)
{
	if (!multipart)
		return;
	g_string_free(multipart->delimiter, TRUE);
	g_byte_array_unref(multipart->head);
	g_clear_error(&multipart->failure);
	g_free(multipart);
}

/* --- A part's head ------------------------------------------------------------------------------------------------- */

/* What was read of a part's header lines. */
typedef struct {
	const guint8 *disposition; /* text of the first Content-Disposition, borrowed; NULL: there is none */
	gsize disposition_bytes;
	char *content_type;
} MultipartHead;

static void
multipart_head_clear(MultipartHead *head)
{
	g_clear_pointer(&head->content_type, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MultipartHead, multipart_head_clear)

/* A media type as far as it is plain ASCII; "" otherwise, because nobody needs to see anything else. The caller's. */
static char *
multipart_media_type(const guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++) {
		if (bytes[i] != '\t' && !g_ascii_isprint((char)bytes[i]))
			return g_strdup("");
	}
	return g_strstrip(g_strndup((const char *)bytes, size));
}

/* One unfolded line without its line end. Lines that are neither of our two are ignored. */
static gboolean
multipart_read_line(MultipartHead *head, const guint8 *line, gsize size, GError **error)
{
	static const char disposition[] = "content-disposition", media_type[] = "content-type";
	const guint8 *colon = memchr(line, ':', size);

	if (!colon || memchr(line, '\r', size) || memchr(line, '\n', size))
		return multipart_refuse(error, "a part's header line has no colon or holds a lone CR or LF");
	gsize name_bytes = (gsize)(colon - line);
	gsize value_bytes = size - name_bytes - 1;
	if (!head->disposition && name_bytes == sizeof(disposition) - 1 &&
	    g_ascii_strncasecmp((const char *)line, disposition, name_bytes) == 0) {
		head->disposition = colon + 1;
		head->disposition_bytes = value_bytes;
	}
	if (name_bytes == sizeof(media_type) - 1 && g_ascii_strncasecmp((const char *)line, media_type, name_bytes) == 0) {
		g_free(head->content_type);
		head->content_type = multipart_media_type(colon + 1, value_bytes);
	}
	return TRUE;
}

/* RFC 5322 2.2.3: a line that begins with white space belongs to the one before. In place; the size that is left. */
static gsize
multipart_unfold(guint8 *bytes, gsize size)
{
	gsize kept = 0;

	for (gsize i = 0; i < size; i++) {
		if (size - i > MULTIPART_LINE_END_BYTES && bytes[i] == '\r' && bytes[i + 1] == '\n' &&
		    (bytes[i + 2] == ' ' || bytes[i + 2] == '\t'))
			i++;
		else
			bytes[kept++] = bytes[i];
	}
	return kept;
}

/* Tells the handler of a part; one without a name is none, as in PHP. */
static gboolean
multipart_announce(Multipart *multipart, const MultipartHead *head, GError **error)
{
	const guint8 *disposition = head->disposition;
	g_autoptr(GBytes) name = disposition ? parameters_get(disposition, head->disposition_bytes, "name") : NULL;

	multipart->is_skipped = !name;
	if (!name)
		return TRUE;
	g_autoptr(GBytes) filename = parameters_get(disposition, head->disposition_bytes, "filename");
	MultipartPart part = {name, filename, head->content_type ? head->content_type : ""};
	return multipart->handler.begin(&part, multipart->user_data, error);
}

/* Reads the whole header block, whose last line is empty. */
static gboolean
multipart_begin_part(Multipart *multipart, GError **error)
{
	g_auto(MultipartHead) head = {.disposition = NULL};
	guint8 *at = multipart->head->data;
	gsize left = multipart_unfold(at, multipart->head->len - MULTIPART_LINE_END_BYTES);

	while (left > 0) {
		const guint8 *line_end = memmem(at, left, MULTIPART_LINE_END, MULTIPART_LINE_END_BYTES);
		gsize size = line_end ? (gsize)(line_end - at) : left;
		if (!multipart_read_line(&head, at, size, error))
			return FALSE;
		gsize step = MIN(left, size + MULTIPART_LINE_END_BYTES);
		at += step;
		left -= step;
	}
	return multipart_announce(multipart, &head, error);
}

/* --- States -------------------------------------------------------------------------------------------------------- */

/* Hands on bytes of a part's data; those of the preamble and of a skipped part are nobody's. */
static gboolean
multipart_emit(Multipart *multipart, const void *bytes, gsize size, GError **error)
{
	if (size == 0 || multipart->state != MULTIPART_DATA || multipart->is_skipped)
		return TRUE;
	return multipart->handler.data(bytes, size, multipart->user_data, error);
}

/* Preamble and data: everything up to the next delimiter. */
static gboolean
multipart_step_text(Multipart *multipart, MultipartChunk *chunk, GError **error)
{
	const GString *delimiter = multipart->delimiter;
	const guint8 *text = chunk->at;     /* of this chunk, not handed on yet */
	gsize carried = multipart->matched; /* of `matched`, those of earlier chunks */

	while (chunk->at < chunk->end && multipart->matched < delimiter->len) {
		if (multipart->matched == 0) {
			const guint8 *start = memchr(chunk->at, '\r', (gsize)(chunk->end - chunk->at));
			chunk->at = start ? start : chunk->end;
			if (!start)
				break;
		}
		if (*chunk->at == (guint8)delimiter->str[multipart->matched]) {
			chunk->at++;
			multipart->matched++;
			continue;
		}
		if (!multipart_emit(
			multipart, delimiter->str + multipart->borrowed, carried - MIN(carried, multipart->borrowed), error))
			return FALSE;
		carried = multipart->borrowed = multipart->matched = 0;
	}
	gsize size = (gsize)(chunk->at - text) - (multipart->matched - carried);
	if (!multipart_emit(multipart, text, size, error))
		return FALSE;
	if (multipart->matched < delimiter->len)
		return TRUE;
	gboolean is_part_over = multipart->state == MULTIPART_DATA && !multipart->is_skipped;
	multipart->state = MULTIPART_DELIMITER;
	return !is_part_over || multipart->handler.end(multipart->user_data, error);
}

/* The delimiter's line has ended: a part begins. */
static gboolean
multipart_enter_head(Multipart *multipart, GError **error)
{
	if (++multipart->part_count > LIMIT_PARTS) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "the body has more than %u parts", LIMIT_PARTS);
		return FALSE;
	}
	g_byte_array_set_size(multipart->head, 0);
	multipart->state = MULTIPART_HEAD;
	return TRUE;
}

/* One byte of the line that begins with a delimiter. */
static gboolean
multipart_step_delimiter(Multipart *multipart, guint8 byte, GError **error)
{
	MultipartState state = multipart->state;
	gboolean is_space = byte == ' ' || byte == '\t';

	if (state == MULTIPART_LINE_FEED && byte == '\n')
		return multipart_enter_head(multipart, error);
	if (state == MULTIPART_DELIMITER && byte == '-')
		multipart->state = MULTIPART_DASH;
	else if (state == MULTIPART_DASH && byte == '-')
		multipart->state = MULTIPART_EPILOGUE;
	else if ((state == MULTIPART_DELIMITER || state == MULTIPART_PADDING) && (is_space || byte == '\r'))
		multipart->state = is_space ? MULTIPART_PADDING : MULTIPART_LINE_FEED;
	else
		return multipart_refuse(error, "a delimiter is followed by other text than its line end");
	return TRUE;
}

static gboolean
multipart_step_head(Multipart *multipart, MultipartChunk *chunk, GError **error)
{
	GByteArray *head = multipart->head;

	/* As far as the line's end: only there the block can be whole. */
	const guint8 *line_end = memchr(chunk->at, '\n', (gsize)(chunk->end - chunk->at));
	gsize size = (gsize)((line_end ? line_end + 1 : chunk->end) - chunk->at);
	size = MIN(size, LIMIT_PART_HEADER_BYTES + 1 - head->len);
	g_byte_array_append(head, chunk->at, (guint)size);
	chunk->at += size;
	if (head->len > LIMIT_PART_HEADER_BYTES) {
		g_set_error(
		    error, WIRE_ERROR, WIRE_ERROR_LIMIT, "a part's header block has more than %u bytes", LIMIT_PART_HEADER_BYTES);
		return FALSE;
	}
	gboolean is_empty = head->len == 2 && memcmp(head->data, "\r\n", 2) == 0;
	gboolean is_whole = head->len >= 4 && memcmp(head->data + head->len - 4, "\r\n\r\n", 4) == 0;
	if (!is_empty && !is_whole)
		return TRUE;
	if (!multipart_begin_part(multipart, error))
		return FALSE;
	multipart_enter_text(multipart, MULTIPART_DATA);
	return TRUE;
}

/* Takes at least one byte. */
static gboolean
multipart_step(Multipart *multipart, MultipartChunk *chunk, GError **error)
{
	switch (multipart->state) {
	case MULTIPART_PREAMBLE:
	case MULTIPART_DATA:
		return multipart_step_text(multipart, chunk, error);
	case MULTIPART_HEAD:
		return multipart_step_head(multipart, chunk, error);
	case MULTIPART_EPILOGUE:
		chunk->at = chunk->end;
		return TRUE;
	default:
		return multipart_step_delimiter(multipart, *chunk->at++, error);
	}
}

gboolean
multipart_feed(Multipart *multipart, const guint8 *bytes, gsize size, GError **error)
{
	MultipartChunk chunk = {bytes, size > 0 ? bytes + size : bytes};

	while (!multipart->failure && chunk.at < chunk.end) {
		if (!multipart_step(multipart, &chunk, &multipart->failure))
			g_assert(multipart->failure != NULL);
	}
	if (!multipart->failure)
		return TRUE;
	g_propagate_error(error, g_error_copy(multipart->failure));
	return FALSE;
}

gboolean
multipart_finish(Multipart *multipart, GError **error)
{
	if (!multipart->failure && multipart->state != MULTIPART_EPILOGUE)
		multipart_refuse(&multipart->failure, "the body ends before its closing delimiter");
	if (!multipart->failure)
		return TRUE;
	g_propagate_error(error, g_error_copy(multipart->failure));
	return FALSE;
}
