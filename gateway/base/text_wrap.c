/*
 * Sentences wrapped by the cells that a text takes on a terminal, so that Japanese lines end where Latin ones do. No state.
 *
 * A word that is wider than a line breaks anywhere if it is Japanese, which has no spaces, but not before what must not begin a line (JIS X 4051, kinsoku); one of ASCII is an
 * address or a command to be copied, and stands whole on a line of its own, also within a Japanese one.
 */
#include <string.h>

#include "sekisho/base/text.h"

/* Closing brackets, full stops and the like, which a line does not begin with. */
static const char not_first[] = "、。，．・：；？！）」』】〉》〕］｝ー々〜ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
/* Opening brackets, which a line does not end with. */
static const char not_last[] = "（「『【〈《〔［｛";

/* Without the spaces that parted its last word from the next. */
static void
end_line(GString *output)
{
	while (output->len > 0 && output->str[output->len - 1] == ' ')
		g_string_truncate(output, output->len - 1);
	g_string_append_c(output, '\n');
}

static void
begin_line(GString *output, guint indent)
{
	for (guint i = 0; i < indent; i++)
		g_string_append_c(output, ' ');
}

/* A line may end before `at`, which is within a word. */
static gboolean
may_break(const char *at)
{
	const char *before = g_utf8_prev_char(at);

	return g_utf8_strchr(not_first, -1, g_utf8_get_char(at)) == NULL &&
	       g_utf8_strchr(not_last, -1, g_utf8_get_char(before)) == NULL &&
	       !(g_ascii_isgraph(*at) && g_ascii_isgraph(*before));
}

/* Japanese: its words are parted by nothing. */
static gboolean
is_wide(const char *word)
{
	return text_width(word) > (guint)g_utf8_strlen(word, -1);
}

/* Bytes of `word` that may stand in `cells` before a line ends; 0: none. */
static gsize
fitting(const char *word, guint cells)
{
	gsize size = 0;

	for (const char *at = g_utf8_next_char(word); *at != '\0'; at = g_utf8_next_char(at)) {
		g_autofree char *start = g_strndup(word, (gsize)(at - word));
		if (text_width(start) > cells)
			break;
		if (may_break(at))
			size = (gsize)(at - word);
	}
	return size;
}

/* Appends a wide word that does not fit into the rest of its line; returns the column behind it. */
static guint
append_broken(GString *output, const char *word, guint column, guint indent, guint columns)
{
	while (column + text_width(word) > columns) {
		gsize size = fitting(word, columns - MIN(column, columns));
		if (size == 0 && column == indent)
			break;
		g_string_append_len(output, word, (gssize)size);
		word += size;
		end_line(output);
		begin_line(output, indent);
		column = indent;
	}
	g_string_append(output, word);
	return column + text_width(word);
}

void
text_wrap(GString *output, guint columns, guint indent, const char *lead, const char *text)
{
	g_autofree char *shown = text_for_terminal(text, FALSE);
	g_auto(GStrv) words = g_strsplit(shown, " ", -1);
	guint column = indent;

	begin_line(output, indent - MIN(indent, text_width(lead)));
	g_string_append(output, lead);
	for (guint i = 0; words[i]; i++) {
		const char *word = words[i];
		guint room = columns - MIN(column + 1, columns);
		gboolean is_first = column == indent;
		if (!is_first && (text_width(word) <= room || (is_wide(word) && fitting(word, room) > 0))) {
			g_string_append_c(output, ' ');
			column++;
		} else if (!is_first) {
			end_line(output);
			begin_line(output, indent);
			column = indent;
		}
		if (is_wide(word)) {
			column = append_broken(output, word, column, indent, columns);
			continue;
		}
		g_string_append(output, word);
		column += text_width(word);
	}
	g_string_append_c(output, '\n');
}
