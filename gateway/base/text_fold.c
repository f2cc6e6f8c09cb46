/*
 * The form of a text in which phrases are looked for: what looks the same to a reader, or nearly so, is the same. No state.
 *
 * Most of what is folded is ASCII and plain Japanese and takes a short way, because this runs for every value of every submission.
 *
 * GLib's normal forms take a time that grows with the square of the text: marks are sorted by swapping neighbours, and each letter that is composed moves all behind it. So a text is
 * normalised in pieces, cut where nothing is joined, and a letter keeps so many marks only.
 */
#include "sekisho/base/text.h"

#include <string.h>

/* Marks of one letter: no language writes more (UAX #15, Stream-Safe Text Format). */
#define MARKS_MAXIMUM 30u
/* From so many bytes on a piece ends where it may. */
#define PIECE_BYTES 256u

gboolean
text_is_invisible(gunichar character)
{
	return character == 0xAD || character == 0x034F || character == 0x061C || character == 0x115F || character == 0x1160 ||
	       character == 0x180E || character == 0x3164 || character == 0xFFA0 ||
	       (character >= 0xFFF9 && character <= 0xFFFB) || (character >= 0x200B && character <= 0x200F) ||
	       (character >= 0x202A && character <= 0x202E) || (character >= 0x2060 && character <= 0x2064) ||
	       (character >= 0x2066 && character <= 0x2069) || (character >= 0xFE00 && character <= 0xFE0F) ||
	       character == 0xFEFF || (character >= 0xE0000 && character <= 0xE007F) ||
	       (character >= 0xE0100 && character <= 0xE01EF);
}

/* --- Normal forms ------------------------------------------------------------------------------------------------------ */

/* TRUE for what may be joined with the letter in front of it: marks, and the later letters of a Korean syllable. */
static gboolean
is_joining(gunichar character)
{
	return g_unichar_ismark(character) || g_unichar_combining_class(character) != 0 ||
	       (character >= 0x1160 && character <= 0x11FF);
}

/* How many joining ones the character ends with when it is taken apart. *is_start: it begins with another one. */
static guint
count_joining(gunichar character, gboolean *is_start)
{
	gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	*is_start = TRUE;
	if (character < 0xC0)
		return 0;
	const gsize count = g_unichar_fully_decompose(character, TRUE, parts, G_N_ELEMENTS(parts));
	gsize first = count;
	while (first > 0 && is_joining(parts[first - 1]))
		first--;
	*is_start = first > 0;
	return (guint)(count - first);
}

static void
append_piece(GString *normal, GString *piece, GNormalizeMode mode)
{
	g_autofree char *text = g_utf8_normalize(piece->str, (gssize)piece->len, mode);
	g_string_append(normal, text);
	g_string_truncate(piece, 0);
}

char *
text_normalise(const char *text, GNormalizeMode mode)
{
	GString *normal = g_string_sized_new(strlen(text));
	g_autoptr(GString) piece = g_string_sized_new((gsize)2 * PIECE_BYTES);
	guint marks = 0;
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		gboolean is_start;
		const guint count = count_joining(g_utf8_get_char(at), &is_start);
		if (is_start && piece->len >= PIECE_BYTES)
			append_piece(normal, piece, mode);
		marks = is_start ? count : marks + count;
		if (marks <= MARKS_MAXIMUM)
			g_string_append_len(piece, at, g_utf8_next_char(at) - at);
	}
	append_piece(normal, piece, mode);
	return g_string_free(normal, FALSE);
}

/* --- Folding ----------------------------------------------------------------------------------------------------------- */

/* GLib folds the small Cherokee letters to capitals, as Unicode says, and the capitals to small ones; one of both it must be. */
static gunichar
cherokee_capital(gunichar character)
{
	if (character >= 0xAB70 && character <= 0xABBF)
		return character - 0xAB70 + 0x13A0;
	return character >= 0x13F8 && character <= 0x13FD ? character - 8 : character;
}

/* What a character of plain Japanese or ASCII is folded to, whatever stands beside it: letters that no mark behind them is joined with here, because marks are none of these. 0: it is not
 * so simple. */
static gunichar
fold_plain(gunichar character)
{
	if (character >= 0xFF01 && character <= 0xFF5E)
		character -= 0xFF01 - '!';
	if (character < 0x80)
		return (guchar)g_ascii_tolower((gchar)character);
	if ((character >= 0x4E00 && character <= 0x9FFF) || (character >= 0x3041 && character <= 0x3096) ||
	    (character >= 0x30A1 && character <= 0x30FE) || (character >= 0x3000 && character <= 0x3011))
		return character;
	return 0;
}

static gboolean
is_plain(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		if (fold_plain(g_utf8_get_char(text)) == 0)
			return FALSE;
	}
	return TRUE;
}

/* `text` without what is invisible, each run of white space a space, and none at the ends. No character becomes longer by `fold`. */
static char *
squeeze(const char *text, gunichar (*fold)(gunichar character))
{
	char *out = g_malloc(strlen(text) + 1), *end = out;
	gboolean is_space_due = FALSE;
	for (; *text; text = g_utf8_next_char(text)) {
		const gunichar character = fold(g_utf8_get_char(text));
		if (text_is_invisible(character))
			continue;
		if (text_is_space(character)) {
			is_space_due = end != out;
			continue;
		}
		if (is_space_due)
			*end++ = ' ';
		is_space_due = FALSE;
		end += g_unichar_to_utf8(character, end);
	}
	*end = '\0';
	return out;
}

/* What stands between digits for a hyphen: the dashes that keyboards and editors make of it, and the long vowel, which is beside it on Japanese ones. */
static gboolean
is_dash(gunichar character)
{
	return (character >= 0x2010 && character <= 0x2015) || character == 0x2212 || character == 0x30FC;
}

/* Telephone numbers are written with all of them. In its place: a hyphen is shorter than a dash. */
static char *
join_digits(char *text)
{
	char *out = text;
	for (const char *at = text; *at != '\0';) {
		const char *next = g_utf8_next_char(at);
		if (out != text && g_ascii_isdigit(out[-1]) && g_ascii_isdigit(*next) && is_dash(g_utf8_get_char(at))) {
			*out++ = '-';
		} else {
			memmove(out, at, (gsize)(next - at));
			out += next - at;
		}
		at = next;
	}
	*out = '\0';
	return text;
}

char *
text_fold(const char *text)
{
	if (is_plain(text))
		return join_digits(squeeze(text, fold_plain));
	/* Without what is invisible first, so that letters and marks that it kept apart are joined; case folding makes texts that are not normal any more. */
	g_autofree char *visible = squeeze(text, cherokee_capital);
	g_autofree char *joined = text_normalise(visible, G_NORMALIZE_ALL_COMPOSE);
	g_autofree char *folded = g_utf8_casefold(joined, -1);
	if (strcmp(joined, folded) == 0)
		return join_digits(squeeze(joined, cherokee_capital));
	g_autofree char *normal = text_normalise(folded, G_NORMALIZE_ALL_COMPOSE);
	return join_digits(squeeze(normal, cherokee_capital));
}
