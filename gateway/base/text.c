/*
 * Unicode text: what the contract says about cleaning, trimming and measuring it, and what a terminal may be shown.
 *
 * Except for text_clean and text_for_terminal, which take any bytes, every function wants valid UTF-8: text_clean stands at the
 * gate and makes it so. No state.
 */
#include "sekisho/base/text.h"

#include <string.h>

#define BYTE_ORDER_MARK 0xFEFFu

gboolean
text_is_space(gunichar character)
{
	return (character >= 0x09 && character <= 0x0D) || character == 0x20 || character == 0x85 || character == 0xA0 ||
	       character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
	       character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

static gboolean
is_stripped(gunichar character)
{
	return character == BYTE_ORDER_MARK || text_is_space(character);
}

char *
text_strip(const char *text)
{
	const char *begin = text, *end = text + strlen(text);
	while (begin < end && is_stripped(g_utf8_get_char(begin)))
		begin = g_utf8_next_char(begin);
	while (end > begin && is_stripped(g_utf8_get_char(g_utf8_prev_char(end))))
		end = g_utf8_prev_char(end);
	return g_strndup(begin, (gsize)(end - begin));
}

/* UTF-8 in which NUL is a character like others; no NUL can hide in the middle of one, so the pieces between may be judged alone. */
static gboolean
is_utf8_with_nul(const char *bytes, gsize size)
{
	const char *end = bytes + size;
	while (bytes < end) {
		const char *nul = memchr(bytes, '\0', (gsize)(end - bytes));
		const char *piece_end = nul ? nul : end;
		if (!g_utf8_validate_len(bytes, (gsize)(piece_end - bytes), NULL))
			return FALSE;
		bytes = nul ? nul + 1 : end;
	}
	return TRUE;
}

/* Removes every run of backslashes that is followed by digits 0, with these digits. In place. */
static void
remove_escaped_nuls(char *text)
{
	if (!strstr(text, "\\0"))
		return;
	char *out = text;
	for (const char *in = text; *in;) {
		gsize slashes = strspn(in, "\\");
		gsize zeros = slashes ? strspn(in + slashes, "0") : 0;
		if (zeros) {
			in += slashes + zeros;
			continue;
		}
		gsize kept = slashes ? slashes : 1;
		memmove(out, in, kept);
		out += kept;
		in += kept;
	}
	*out = '\0';
}

char *
text_clean(const char *bytes, gsize size)
{
	if (!is_utf8_with_nul(bytes, size))
		return g_strdup("");
	char *text = g_malloc(size + 1), *out = text;
	for (gsize i = 0; i < size; i++) {
		guchar byte = (guchar)bytes[i];
		if (byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r')
			*out++ = (char)byte;
	}
	*out = '\0';
	remove_escaped_nuls(text);
	return text;
}

gsize
text_utf16_units(const char *text)
{
	gsize units = 0;
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		if (at[0] == '\r' && at[1] == '\n')
			continue;
		units += g_utf8_get_char(at) > 0xFFFF ? 2 : 1;
	}
	return units;
}

char *
text_first_line(const char *text)
{
	return g_strndup(text, strcspn(text, "\r\n"));
}

char *
text_without_line_breaks(const char *text)
{
	GString *out = g_string_sized_new(strlen(text));
	while (*text) {
		gsize size = strcspn(text, "\r\n");
		g_string_append_len(out, text, (gssize)size);
		text += size;
		text += strspn(text, "\r\n");
	}
	return g_string_free(out, FALSE);
}

char *
text_with_lf(const char *text)
{
	GString *out = g_string_sized_new(strlen(text));
	for (; *text; text++) {
		if (text[0] == '\r' && text[1] == '\n')
			continue;
		g_string_append_c(out, *text == '\r' ? '\n' : *text);
	}
	return g_string_free(out, FALSE);
}

/* Invisible characters that turn the direction of what follows (Unicode Bidirectional_Control), and the two that end a line or
 * paragraph beside LF: all of them let a text look like another one. */
static gboolean
is_deceptive(gunichar character)
{
	return character == 0x061C || character == 0x200E || character == 0x200F ||
	       (character >= 0x2028 && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

static void
append_for_terminal(GString *out, gunichar character)
{
	if (character < 0x20 || character == 0x7F)
		g_string_append_printf(out, "\\x%02X", character);
	else if ((character >= 0x80 && character < 0xA0) || is_deceptive(character))
		g_string_append_printf(out, "\\u{%04X}", character);
	else
		g_string_append_unichar(out, character);
}

char *
text_for_terminal(const char *text, gboolean keep_lines)
{
	GString *out = g_string_sized_new(strlen(text));
	while (*text) {
		gunichar character = g_utf8_get_char_validated(text, -1);
		if (keep_lines && text[0] == '\r' && text[1] == '\n') {
			text++;
		} else if (character == (gunichar)-1 || character == (gunichar)-2) {
			g_string_append_printf(out, "\\x%02X", (guchar)*text++);
		} else {
			if (keep_lines && character == '\n')
				g_string_append_c(out, '\n');
			else
				append_for_terminal(out, character);
			text = g_utf8_next_char(text);
		}
	}
	return g_string_free(out, FALSE);
}

guint
text_width(const char *text)
{
	guint cells = 0;
	for (; *text; text = g_utf8_next_char(text)) {
		gunichar character = g_utf8_get_char(text);
		if (!g_unichar_iszerowidth(character))
			cells += g_unichar_iswide(character) ? 2 : 1;
	}
	return cells;
}

char *
text_truncate(const char *text, gsize size)
{
	gsize length = strlen(text);
	if (length > size)
		for (length = size; length > 0 && ((guchar)text[length] & 0xC0) == 0x80;)
			length--;
	return g_strndup(text, length);
}

guint
text_distance(const char *a, const char *b)
{
	guint row[TEXT_DISTANCE_BYTES + 1];
	gsize width = strlen(b);
	if (width > TEXT_DISTANCE_BYTES || strlen(a) > TEXT_DISTANCE_BYTES)
		return TEXT_FAR;
	for (gsize j = 0; j <= width; j++)
		row[j] = (guint)j;
	for (gsize i = 1; a[i - 1] != '\0'; i++) {
		guint diagonal = row[0];
		row[0] = (guint)i;
		for (gsize j = 1; j <= width; j++) {
			guint above = row[j];
			guint changed = diagonal + (g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]) ? 0 : 1);
			row[j] = MIN(changed, MIN(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[width];
}
