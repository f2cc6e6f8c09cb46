/*
 * Unicode text. A text of ours is NUL-terminated valid UTF-8. Returned strings are the caller's (g_free).
 */
#pragma once

#include <glib.h>

/* WS of the form-tag grammar (contract 4.2): U+0009-000D 0020 0085 00A0 1680 2000-200A 2028 2029 202F 205F 3000. */
gboolean text_is_space(gunichar character);
/* `text` without white space at both ends as Contact Form 7 strips it: the above and U+FEFF (contract 3.3). */
char *text_strip(const char *text);
/* Bytes from a client become text (contract 3.3 steps 1 and 2): invalid UTF-8 makes the WHOLE string empty; controls
 * 00-08 0B 0C 0E-1F are removed (so NUL too), and so is every run "backslashes, then digits 0". CR, LF and tab stay. */
char *text_clean(const char *bytes, gsize size);
/* Length in UTF-16 code units, CR LF counted as one (contract 5.2). */
gsize text_utf16_units(const char *text);
/* The part before the first CR or LF: what a mail header may take of a text. */
char *text_first_line(const char *text);
/* `text` with every CR and LF removed, the parts glued together (contract 6.1, subject). */
char *text_without_line_breaks(const char *text);
/* A header line "Name: value" (contract 6.6): what stands before and behind the first colon, stripped, the caller's. FALSE, and nothing, if there is no
 * colon. */
gboolean text_split_header(const char *line, char **name, char **value);
/* CR LF and lone CR become LF. */
char *text_with_lf(const char *text);
/* The form in which texts are compared, contract 4.7 without the decoding of entities (wire/html.h): Japanese widths folded
 * (full-width ASCII and ideographic space become half-width, half-width katakana full-width and joined with their voiced marks;
 * everything else stays, unlike in NFKC), each run of CR, LF, tab and space becomes one space, text_strip. */
char *text_canonicalize(const char *text);
/* The same for the answer to a quiz (contract 9): lower case, and these runs vanish. */
char *text_canonicalize_answer(const char *text);
/* A normal form (UAX #15) in a time that grows with the text alone, which g_utf8_normalize's does not. Of more than 30 marks on one letter the further ones are dropped, as Stream-Safe
 * Text has it. */
char *text_normalise(const char *text, GNormalizeMode mode);
/* TRUE for characters that show nothing, and so could stand between any two letters of a word to hide it. */
gboolean text_is_invisible(gunichar character);
/* The form in which phrases are looked for: NFKC, case folded, characters that show nothing removed (soft hyphen, zero-width, Korean fillers, bidi controls, variation selectors, tags),
 * each run of white space one space, text_strip, and a dash, minus or long vowel between two ASCII digits a hyphen. Half-width katakana and full-width letters so become the usual ones. */
char *text_fold(const char *text);
/* For a terminal: controls (C0 except LF if `keep_lines`, DEL, C1), bidi controls, U+2028, U+2029 and invalid bytes become visible
 * escapes \xNN (bytes) or \u{XXXX} (characters), so that a stranger's text can move no cursor and fake no line. With `keep_lines`
 * CR LF becomes LF. A backslash stays as it is. Takes any bytes up to NUL. */
char *text_for_terminal(const char *text, gboolean keep_lines);
/* One line for people: controls and those that text_for_terminal calls deceptive are removed, and become a space where they part words (line ends, tab); invalid bytes become U+FFFD. */
char *text_one_line(const char *text);
/* Cells that `text` takes on a terminal: wide characters are two, combining marks none. */
guint text_width(const char *text);
/* Appends `text` as text_for_terminal has it in lines of at most `columns` cells that begin `indent` cells from the left, the first one with `lead` (which may be "") at their place. Words stay
 * whole but for long ones that are not ASCII; no line begins with a closing bracket or full stop of Japanese. */
void text_wrap(GString *output, guint columns, guint indent, const char *lead, const char *text);
/* Letters to insert, remove or change until `a` is `b` (Levenshtein), ASCII case ignored; TEXT_FAR if one is longer than TEXT_DISTANCE_BYTES,
 * because the search is quadratic. For "did you mean". */
#define TEXT_DISTANCE_BYTES 40u
#define TEXT_FAR G_MAXUINT
guint text_distance(const char *a, const char *b);
/* `text` cut to at most `size` bytes at a character boundary. */
char *text_truncate(const char *text, gsize size);
/* Frees the text at `place` and puts `text` there; the first takes it, the second copies it. */
void text_replace(char **place, char *text);
void text_set(char **place, const char *text);
/* Appends `size` bytes as small hex digits, two for each; and back: FALSE, and `bytes` as it was, if `digits` is not just that many of them. */
void text_append_hex(GString *text, const void *bytes, gsize size);
gboolean text_read_hex(const char *digits, void *bytes, gsize size);
