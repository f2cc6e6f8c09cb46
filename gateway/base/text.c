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

/* --- Canonical forms -------------------------------------------------------------------------------------------- */

/* The half-width twin of full-width ASCII and of the ideographic space, or the character itself. The four signs that stay are those
 * that the Japanese character sets do not map one to one, and the minus sign is what they make of the hyphen; PHP folds just so. */
static gunichar
fold_ascii(gunichar character)
{
	if (character == 0x3000)
		return ' ';
	if (character == 0x2212)
		return '-';
	if (character < 0xFF01 || character > 0xFF5D || character == 0xFF02 || character == 0xFF07 || character == 0xFF3C)
		return character;
	return character - 0xFF01 + '!';
}

#define HALF_VOICED 0xFF9Eu
#define HALF_SEMI_VOICED 0xFF9Fu
#define COMBINING_VOICED 0x3099u
#define COMBINING_SEMI_VOICED 0x309Au

/* The katakana that `kana` becomes with the half-width mark `mark` behind it, or 0. Unicode joins the rare wa and wo too, which no
 * Japanese character set can. */
static gunichar
voiced(gunichar kana, gunichar mark)
{
	gunichar joined;
	if ((mark != HALF_VOICED && mark != HALF_SEMI_VOICED) || kana == 0x30EF || kana == 0x30F2)
		return 0;
	return g_unichar_compose(kana, mark == HALF_VOICED ? COMBINING_VOICED : COMBINING_SEMI_VOICED, &joined) ? joined : 0;
}

/* Appends the full-width twin of the half-width katakana at `text`, and returns what stands behind it and its mark. */
static const char *
append_full_kana(GString *out, const char *text)
{
	gunichar character = g_utf8_get_char(text), kana = character, joined;
	const char *next = g_utf8_next_char(text);
	if (character == HALF_VOICED || character == HALF_SEMI_VOICED) {
		g_string_append_unichar(out, character == HALF_VOICED ? 0x309B : 0x309C);
		return next;
	}
	g_unichar_fully_decompose(character, TRUE, &kana, 1);
	joined = voiced(kana, g_utf8_get_char(next));
	g_string_append_unichar(out, joined != 0 ? joined : kana);
	return joined != 0 ? g_utf8_next_char(next) : next;
}

static char *
fold_widths(const char *text)
{
	GString *out = g_string_sized_new(strlen(text));
	while (*text) {
		gunichar character = g_utf8_get_char(text);
		if (character >= 0xFF61 && character <= HALF_SEMI_VOICED) {
			text = append_full_kana(out, text);
		} else {
			g_string_append_unichar(out, fold_ascii(character));
			text = g_utf8_next_char(text);
		}
	}
	return g_string_free(out, FALSE);
}

/* Makes one `separator` of each run of CR, LF, tab and space. In place. */
static void
replace_runs(char *text, const char *separator)
{
	gsize size = strlen(separator);
	char *out = text;
	for (const char *in = text; *in;) {
		gsize run = strspn(in, "\r\n\t ");
		if (run) {
			memcpy(out, separator, size);
			out += size;
			in += run;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

char *
text_canonicalize(const char *text)
{
	g_autofree char *folded = fold_widths(text);
	replace_runs(folded, " ");
	return text_strip(folded);
}

/* The small twin by Unicode's full mapping, which PHP uses. GLib's has no Roman numerals and no circled letters, because they are no
 * letters, and maps the dotted capital I to a plain i. Letter by letter, because g_utf8_strdown would ask the process's locale. */
static void
append_lower(GString *out, gunichar character)
{
	if (character >= 0x2160 && character <= 0x216F)
		character += 0x2170 - 0x2160;
	else if (character >= 0x24B6 && character <= 0x24CF)
		character += 0x24D0 - 0x24B6;
	g_string_append_unichar(out, g_unichar_tolower(character));
	if (character == 0x0130)
		g_string_append_unichar(out, 0x0307);
}

char *
text_canonicalize_answer(const char *text)
{
	g_autofree char *folded = fold_widths(text);
	g_autoptr(GString) lower = g_string_new(NULL);
	replace_runs(folded, "");
	for (const char *at = folded; *at; at = g_utf8_next_char(at))
		append_lower(lower, g_utf8_get_char(at));
	return text_strip(lower->str);
}

/* --- Terminals ----------------------------------------------------------------------------------------------------- */

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

char *
text_one_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_sized_new(strlen(valid));
	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		const gunichar character = g_utf8_get_char(at);
		if (!g_unichar_iscntrl(character) && !is_deceptive(character))
			g_string_append_unichar(out, character);
		else if (text_is_space(character))
			g_string_append_c(out, ' ');
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

void
text_replace(char **place, char *text)
{
	g_free(*place);
	*place = text;
}

void
text_set(char **place, const char *text)
{
	text_replace(place, g_strdup(text));
}

gboolean
text_split_header(const char *line, char **name, char **value)
{
	const char *colon = strchr(line, ':');
	if (colon == NULL)
		return FALSE;
	g_autofree char *before = g_strndup(line, (gsize)(colon - line));
	*name = text_strip(before);
	*value = text_strip(colon + 1);
	return TRUE;
}

static const char hex_digits[] = "0123456789abcdef";

void
text_append_hex(GString *text, const void *bytes, gsize size)
{
	for (const guint8 *byte = bytes; size > 0; byte++, size--) {
		g_string_append_c(text, hex_digits[*byte >> 4]);
		g_string_append_c(text, hex_digits[*byte & 15]);
	}
}

gboolean
text_read_hex(const char *digits, void *bytes, gsize size)
{
	if (strlen(digits) != 2 * size || strspn(digits, hex_digits) != 2 * size)
		return FALSE;
	for (guint8 *byte = bytes; size > 0; byte++, digits += 2, size--)
		*byte = (guint8)(g_ascii_xdigit_value(digits[0]) << 4 | g_ascii_xdigit_value(digits[1]));
	return TRUE;
}
