/*
 * Packed text, written and read. There is nothing to it but the checks of the reader: it fails once and for all, so a caller may take
 * a whole record and look at the end whether it was one.
 */
#include "sekisho/wire/packed.h"

#include <string.h>

void
packed_add(GString *packed, char kind, const char *text)
{
	g_string_append_c(packed, kind);
	g_string_append_len(packed, text, (gssize)strlen(text) + 1);
}

void
packed_add_number(GString *packed, char kind, gint64 number)
{
	char digits[24];

	(void)g_snprintf(digits, sizeof digits, "%" G_GINT64_FORMAT, number);
	packed_add(packed, kind, digits);
}

PackedReader
packed_reader(GBytes *bytes)
{
	gsize size = 0;
	const char *data = g_bytes_get_data(bytes, &size);

	/* Empty bytes have no address, and a reader at NULL has failed. */
	if (size == 0)
		data = "";
	return (PackedReader){data, data + size};
}

char
packed_peek(const PackedReader *reader)
{
	if (reader->at == NULL || reader->at >= reader->end)
		return '\0';
	return *reader->at;
}

const char *
packed_take(PackedReader *reader, char kind)
{
	const char *start = reader->at;
	const char *nul = NULL;

	reader->at = NULL;
	if (start == NULL || start >= reader->end || *start != kind)
		return NULL;
	start++;
	nul = memchr(start, '\0', (gsize)(reader->end - start));
	if (nul == NULL || !g_utf8_validate(start, nul - start, NULL))
		return NULL;
	reader->at = nul + 1;
	return start;
}

char *
packed_dup(PackedReader *reader, char kind)
{
	const char *text = packed_take(reader, kind);

	return g_strdup(text != NULL ? text : "");
}

gint64
packed_take_number(PackedReader *reader, char kind, gint64 minimum, gint64 maximum)
{
	const char *text = packed_take(reader, kind);
	gint64 number = 0;

	if (text != NULL && g_ascii_string_to_signed(text, 10, minimum, maximum, &number, NULL))
		return number;
	reader->at = NULL;
	return 0;
}

gboolean
packed_is_good(const PackedReader *reader)
{
	return reader->at != NULL;
}

gboolean
packed_is_done(const PackedReader *reader)
{
	return packed_is_good(reader) && reader->at == reader->end;
}
