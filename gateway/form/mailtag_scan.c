/*
 * The grammar of mail-tags (contract 6.2):
 *
 *   mail-tag = [ "[" ] "[" SP* NAME ( SP+ quoted )* SP* "]" [ "]" ]      all on one line, SP = space or tab
 *
 * No state, and no opinion about what a tag means; that is mailtag.c.
 */
#include "mailtag_scan.h"

#include <string.h>

static const char RAW[] = "_raw_";
static const char FORMAT[] = "_format_";

static const char *
skip_space(const char *cursor, const char *end)
{
	while (cursor < end && (*cursor == ' ' || *cursor == '\t'))
		cursor++;
	return cursor;
}

static const char *
skip_name(const char *cursor, const char *end)
{
	if (cursor == end || !(g_ascii_isalpha(*cursor) || *cursor == '_'))
		return cursor;
	while (cursor < end && (g_ascii_isalnum(*cursor) || *cursor == ':' || *cursor == '.' || *cursor == '_' || *cursor == '-'))
		cursor++;
	return cursor;
}

/* Reads the tag whose "[" stands at `open`. NULL, and `tag` without texts, if none stands there; else what is behind its "]". */
static const char *
read_tag(const char *open, const char *end, MailTag *tag)
{
	const char *name = skip_space(open + 1, end);
	const char *name_end = skip_name(name, end);
	const char *cursor = skip_space(name_end, end);
	const char *format = NULL, *format_end = NULL;

	if (name_end == name)
		return NULL;
	for (const char *before = name_end; cursor > before && cursor < end && (*cursor == '"' || *cursor == '\'');) {
		const char *close = memchr(cursor + 1, *cursor, (gsize)(end - cursor - 1));

		if (close == NULL)
			return NULL;
		if (format == NULL) {
			format = cursor + 1;
			format_end = close;
		}
		before = close + 1;
		cursor = skip_space(before, end);
	}
	if (cursor == end || *cursor != ']')
		return NULL;
	tag->name = g_strndup(name, (gsize)(name_end - name));
	tag->format = format != NULL ? g_strndup(format, (gsize)(format_end - format)) : NULL;
	return cursor + 1;
}

gboolean
mailtag_scan_next(const char *line, gsize size, gsize from, MailTag *tag)
{
	const char *end = line + size;
	const char *open = line + from;

	*tag = (MailTag){0};
	while (open < end && (open = memchr(open, '[', (gsize)(end - open))) != NULL) {
		gboolean has_outer = open + 1 < end && open[1] == '[';
		const char *after = read_tag(has_outer ? open + 1 : open, end, tag);

		if (after != NULL) {
			gboolean has_outer_close = after < end && *after == ']';

			tag->start = (gsize)(open - line);
			tag->end = (gsize)(after - line) + (has_outer_close ? 1 : 0);
			tag->is_escaped = has_outer && has_outer_close;
			return TRUE;
		}
		open++;
	}
	return FALSE;
}

void
mailtag_scan_clear(MailTag *tag)
{
	g_clear_pointer(&tag->name, g_free);
	g_clear_pointer(&tag->format, g_free);
}

gboolean
mailtag_scan_is_raw(const MailTag *tag)
{
	return g_str_has_prefix(tag->name, RAW) && tag->name[strlen(RAW)] != '\0';
}

char *
mailtag_scan_field(const MailTag *tag)
{
	const char *name = tag->name;

	if (mailtag_scan_is_raw(tag))
		name += strlen(RAW);
	else if (g_str_has_prefix(name, FORMAT) && name[strlen(FORMAT)] != '\0')
		name += strlen(FORMAT);
	return g_strdelimit(g_strdup(name), ".", '_');
}

char *
mailtag_scan_without(const char *text, const char *substitute)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		gsize size = strlen(*line), done = 0;
		g_autoptr(GString) rest = g_string_new(NULL);

		for (;;) {
			g_auto(MailTag) tag = {0};

			if (!mailtag_scan_next(*line, size, done, &tag))
				break;
			g_string_append_len(rest, *line + done, (gssize)(tag.start - done));
			if (tag.is_escaped)
				g_string_append_len(rest, *line + tag.start, (gssize)(tag.end - tag.start));
			else
				g_string_append(rest, substitute);
			done = tag.end;
		}
		g_string_append_len(rest, *line + done, (gssize)(size - done));
		g_free(*line);
		*line = g_strdup(rest->str);
	}
	return g_strjoinv("\n", lines);
}
