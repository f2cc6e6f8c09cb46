/*
 * The paragraph formatter of contract 6.9.
 *
 * The text is cut into pieces (text, start tags, end tags, the rest), and each is appended to the output by what is open at that moment.
 * The names of open elements stand on a stack; a paragraph is an element like any other, opened where inline content begins and closed
 * before what cannot stand in one. What each element may hold stands in paragraphs_elements.c.
 *
 * Every piece costs at most the depth of the stack, which has a ceiling, and every byte that is taken back from the output was appended once; what is
 * searched for and not there is not searched for again. So the time is linear whatever the text holds.
 */
#include "sekisho/wire/paragraphs.h"

#include <string.h>

#include "paragraphs_elements.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* PHP's \s. */
#define SPACES " \t\n\v\f\r"

/* A start tag ends what of `ended` is open: their end tags may be left out. */
static const struct {
	const char *names[4];
	const char *ended[4];
} omitted[] = {
    {{"dd", "dt"}, {"dd", "dt"}},
    {{"li"}, {"li"}},
    {{"optgroup"}, {"option", "optgroup"}},
    {{"option"}, {"option"}},
    {{"rp", "rt"}, {"rp", "rt"}},
    {{"td", "th"}, {"td", "th"}},
    {{"tr"}, {"tr"}},
    {{"thead", "tbody", "tfoot"}, {"thead", "tbody", "tfoot"}},
};

/* An end, written or omitted, of one of `parts` does not reach across one of `wholes` that was opened in it. */
static const struct {
	const char *wholes[4];
	const char *parts[7];
} families[] = {
    {{"dl"}, {"dd", "dt"}},
    {{"ol", "ul", "menu"}, {"li"}},
    {{"table"}, {"td", "th", "tr", "thead", "tbody", "tfoot"}},
};

/* math and svg have rules of their own and pass untouched. */
static const char *const foreign[] = {"math", "svg"};

typedef struct {
	GString *output;
	GPtrArray *open;  /* char *: names of open elements, the innermost last */
	GString *text;    /* read and not yet appended: texts and <br> that follow each other are one */
	gboolean is_over; /* a ceiling was reached */
	/* What the rest of the input is known not to hold. */
	gboolean has_no_tag_end, has_broken_quotes, has_no_comment_end, has_no_foreign_end[G_N_ELEMENTS(foreign)];
} Formatter;

/* --- Elements ------------------------------------------------------------------------------------------------------ */

static gboolean
is_one_of(const char *name, const char *const *names, gsize count)
{
	for (gsize i = 0; i < count && names[i] != NULL; i++)
		if (g_str_equal(name, names[i]))
			return TRUE;
	return FALSE;
}

static const char *
innermost(const Formatter *formatter)
{
	return formatter->open->len == 0 ? "" : formatter->open->pdata[formatter->open->len - 1];
}

static gboolean
is_inside(const Formatter *formatter, const char *name)
{
	for (guint i = 0; i < formatter->open->len; i++)
		if (g_str_equal(formatter->open->pdata[i], name))
			return TRUE;
	return FALSE;
}

static gboolean
is_inside_inline(const Formatter *formatter)
{
	for (guint i = 0; i < formatter->open->len; i++)
		if (paragraphs_kind(formatter->open->pdata[i]) & IS_INLINE)
			return TRUE;
	return FALSE;
}

/* --- Output -------------------------------------------------------------------------------------------------------- */

static void
trim_end(GString *text)
{
	gsize size = text->len;

	while (size > 0 && strchr(SPACES, text->str[size - 1]) != NULL)
		size--;
	g_string_truncate(text, size);
}

static gboolean
remove_end(GString *text, const char *end)
{
	gsize size = strlen(end);

	/* Not g_str_has_suffix, which would measure the whole output each time. */
	if (text->len < size || memcmp(text->str + text->len - size, end, size) != 0)
		return FALSE;
	g_string_truncate(text, text->len - size);
	return TRUE;
}

/* A new line, indented as deep as elements are open. */
static void
begin_line(Formatter *formatter)
{
	trim_end(formatter->output);
	if (formatter->output->len > 0)
		g_string_append_c(formatter->output, '\n');
	for (guint i = 0; i < formatter->open->len; i++)
		g_string_append_c(formatter->output, '\t');
	formatter->is_over = formatter->is_over || formatter->output->len > LIMIT_MAIL_TEXT_BYTES;
}

static void
append_end_tag(Formatter *formatter, const char *name)
{
	GString *output = formatter->output;

	if (!(paragraphs_kind(name) & IS_INLINE)) {
		trim_end(output);
		remove_end(output, "<br />");
		begin_line(formatter);
	}
	g_string_append_printf(output, "</%s>", name);
	if (!g_str_equal(name, "p"))
		return;
	gsize size = output->len - strlen("</p>");
	while (size > 0 && strchr(SPACES, output->str[size - 1]) != NULL)
		size--;
	if (size >= strlen("<p>") && strncmp(output->str + size - strlen("<p>"), "<p>", strlen("<p>")) == 0)
		g_string_truncate(output, size - strlen("<p>"));
}

/* --- Ends ---------------------------------------------------------------------------------------------------------- */

/* TRUE if one of `wholes` is open in the element at `depth`. */
static gboolean
is_whole_open(const Formatter *formatter, guint depth, const char *const *wholes, gsize count)
{
	for (guint i = depth + 1; i < formatter->open->len; i++)
		if (is_one_of(formatter->open->pdata[i], wholes, count))
			return TRUE;
	return FALSE;
}

static gboolean
is_out_of_reach(const Formatter *formatter, const char *name, guint depth)
{
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
		if (is_one_of(name, families[i].parts, G_N_ELEMENTS(families[i].parts)) &&
		    is_whole_open(formatter, depth, families[i].wholes, G_N_ELEMENTS(families[i].wholes)))
			return TRUE;
	return FALSE;
}

static void
close_innermost(Formatter *formatter)
{
	g_autofree char *name = g_ptr_array_steal_index(formatter->open, formatter->open->len - 1);

	append_end_tag(formatter, name);
}

/* Closes the innermost element of that name with all that is open in it; nothing if there is none. */
static void
end_element(Formatter *formatter, const char *name)
{
	guint depth = formatter->open->len;

	while (depth > 0 && !g_str_equal(formatter->open->pdata[depth - 1], name))
		depth--;
	if (depth == 0 || is_out_of_reach(formatter, name, depth - 1))
		return;
	while (formatter->open->len >= depth)
		close_innermost(formatter);
}

/* --- Starts -------------------------------------------------------------------------------------------------------- */

static void
end_omitted(Formatter *formatter, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(omitted); i++) {
		if (!is_one_of(name, omitted[i].names, G_N_ELEMENTS(omitted[i].names)))
			continue;
		for (gsize k = 0; k < G_N_ELEMENTS(omitted[i].ended) && omitted[i].ended[k] != NULL; k++)
			end_element(formatter, omitted[i].ended[k]);
	}
}

static void
push(Formatter *formatter, const char *name)
{
	g_ptr_array_add(formatter->open, g_strdup(name));
	formatter->is_over = formatter->is_over || formatter->open->len > LIMIT_HTML_DEPTH;
}

static void
open_paragraph(Formatter *formatter)
{
	end_element(formatter, "p");
	begin_line(formatter);
	g_string_append(formatter->output, "<p>");
	push(formatter, "p");
}

/* `tag` as it is to be written. */
static void
start_element(Formatter *formatter, const char *name, const char *tag)
{
	guint kind = paragraphs_kind(name);
	gboolean is_paragraph = g_str_equal(name, "p");

	if (is_paragraph || (kind & (HOLDS_PARAGRAPHS | STANDS_ALONE)))
		end_element(formatter, "p");
	else if ((kind & IS_INLINE) && !is_inside(formatter, "p") && !is_inside_inline(formatter) &&
		 !(paragraphs_kind(innermost(formatter)) & STANDS_ALONE))
		open_paragraph(formatter);
	end_omitted(formatter, name);
	if (g_str_equal(innermost(formatter), name) && !(kind & TAKES_ITSELF))
		end_element(formatter, name);
	if (!(kind & IS_INLINE))
		begin_line(formatter);
	g_string_append(formatter->output, tag);
	if (!(kind & IS_VOID))
		push(formatter, name);
}

/* --- Texts --------------------------------------------------------------------------------------------------------- */

/* A line end with the white space around it becomes <br /> LF, several spaces become one. */
static void
append_with_breaks(Formatter *formatter, const char *text, gsize size)
{
	GString *output = formatter->output;

	for (gsize at = 0; at < size;) {
		gsize count = MIN(strspn(text + at, SPACES), size - at);
		gsize spaces = MIN(strspn(text + at, " "), count);
		if (memchr(text + at, '\n', count) != NULL) {
			g_string_append(output, "<br />\n");
			at += count;
		} else if (spaces > 0) {
			g_string_append_c(output, ' ');
			at += spaces;
		} else {
			g_string_append_c(output, text[at++]);
		}
	}
}

/* Bytes of white space at `text`, and whether they are a blank line. */
static gsize
white_space(const char *text, gboolean *is_blank_line)
{
	gsize size = strspn(text, SPACES);
	const char *line_end = memchr(text, '\n', size);

	*is_blank_line = line_end != NULL && memchr(line_end + 1, '\n', size - (gsize)(line_end + 1 - text)) != NULL;
	return size;
}

/* Bytes of `text` before the next blank line or the end. White space before the end belongs to it. */
static gsize
paragraph_size(const char *text)
{
	gsize size = 0;

	while (text[size] != '\0') {
		gboolean is_blank_line = FALSE;
		size += strcspn(text + size, SPACES);
		gsize space = white_space(text + size, &is_blank_line);
		if (is_blank_line)
			return size;
		size += space;
	}
	return size;
}

/* Text where paragraphs may be. A blank line closes the open one; the next begins with the next text. */
static void
append_paragraphs(Formatter *formatter, const char *text)
{
	while (*text != '\0' && !formatter->is_over) {
		gboolean is_blank_line = FALSE;
		gsize space = white_space(text, &is_blank_line);
		if (is_blank_line) {
			end_element(formatter, "p");
			text += space;
			continue;
		}
		gsize size = paragraph_size(text);
		if (!is_inside(formatter, "p")) {
			text += space;
			size -= space;
			if (size == 0)
				continue;
			open_paragraph(formatter);
		}
		append_with_breaks(formatter, text, size);
		text += size;
	}
}

static void
append_text(Formatter *formatter)
{
	const char *parent = innermost(formatter);
	g_autofree char *text = g_strdup(formatter->text->str);

	g_string_truncate(formatter->text, 0);
	if (*text == '\0')
		return;
	const guint kind = paragraphs_kind(parent);
	const gboolean is_verbatim = is_inside(formatter, "pre") || is_inside(formatter, "template");
	if (!is_verbatim && (*parent == '\0' || g_str_equal(parent, "p") || (kind & HOLDS_PARAGRAPHS)))
		append_paragraphs(formatter, text);
	else if (!is_verbatim && (kind & TAKES_BREAKS))
		append_with_breaks(formatter, text, strlen(text));
	else
		g_string_append(formatter->output, text);
}

/* --- Pieces -------------------------------------------------------------------------------------------------------- */

/* The ">" of the tag that begins at `at`, past the quoted values of its attributes; NULL if a quote or the tag has no end. */
static const char *
quoted_tag_end(const char *at)
{
	while (*(at += strcspn(at, "=>")) == '=') {
		at += 1 + strspn(at + 1, SPACES);
		if (*at == '"' || *at == '\'') {
			const char *closing = strchr(at + 1, *at);
			if (closing == NULL)
				return NULL;
			at = closing + 1;
		}
	}
	return *at == '>' ? at : NULL;
}

/* The byte after the tag that begins at `at`, or NULL if there is none. Once quotes did not match, no later tag's are asked for: it would
 * be the square of the time. */
static const char *
after_tag(Formatter *formatter, const char *at)
{
	if (at[0] != '<' || !g_ascii_isalpha(at[at[1] == '/' ? 2 : 1]) || formatter->has_no_tag_end)
		return NULL;
	const char *end = formatter->has_broken_quotes ? NULL : quoted_tag_end(at);
	if (end == NULL) {
		formatter->has_broken_quotes = TRUE;
		end = strchr(at, '>');
	}
	formatter->has_no_tag_end = end == NULL;
	return end == NULL ? NULL : end + 1;
}

static const char *
after_comment(Formatter *formatter, const char *at)
{
	if (!g_str_has_prefix(at, "<!--") || formatter->has_no_comment_end)
		return NULL;
	const char *end = strstr(at + strlen("<!--"), "-->");
	formatter->has_no_comment_end = end == NULL;
	return end == NULL ? NULL : end + strlen("-->");
}

/* The byte after the whole math or svg element that begins at `at`, or NULL. */
static const char *
after_foreign(Formatter *formatter, const char *at)
{
	for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++) {
		gsize size = strlen(foreign[i]);
		if (formatter->has_no_foreign_end[i] || g_ascii_strncasecmp(at + 1, foreign[i], size) != 0 ||
		    g_ascii_isalnum(at[1 + size]))
			continue;
		for (const char *end = at; (end = strchr(end + 1, '<')) != NULL;)
			if (end[1] == '/' && g_ascii_strncasecmp(end + 2, foreign[i], size) == 0 && end[2 + size] == '>')
				return end + 3 + size;
		formatter->has_no_foreign_end[i] = TRUE;
	}
	return NULL;
}

/* What stands between "<" or "</" and white space, "/" or ">", in lower case. */
static char *
tag_name(const char *tag)
{
	const char *name = tag + (tag[1] == '/' ? 2 : 1);

	return g_ascii_strdown(name, (gssize)strcspn(name, SPACES "/>"));
}

static void
take_start_tag(Formatter *formatter, const char *at, const char *end)
{
	g_autofree char *name = tag_name(at);
	g_autoptr(GString) tag = g_string_new_len(at, end - at);

	if (g_str_equal(name, "br")) {
		g_string_append_c(formatter->text, '\n');
		return;
	}
	if (paragraphs_kind(name) & IS_VOID) {
		g_string_truncate(tag, tag->len - 1);
		remove_end(tag, "/");
		trim_end(tag);
		g_string_append(tag, " />");
	}
	append_text(formatter);
	start_element(formatter, name, tag->str);
}

static void
take_end_tag(Formatter *formatter, const char *at)
{
	g_autofree char *name = tag_name(at);

	append_text(formatter);
	end_element(formatter, name);
}

/* An element of another language stands like an image in its paragraph. */
static void
take_foreign(Formatter *formatter, const char *at, const char *end)
{
	g_autofree char *element = g_strndup(at, (gsize)(end - at));

	append_text(formatter);
	start_element(formatter, "img", element);
}

/* Takes the piece that begins at `at` with "<", and returns the byte after it; or `at` if "<" is text. */
static const char *
take_markup(Formatter *formatter, const char *at)
{
	const char *end;

	if ((end = after_comment(formatter, at)) != NULL) {
		append_text(formatter);
		g_string_append_len(formatter->output, at, end - at);
	} else if ((end = after_foreign(formatter, at)) != NULL) {
		take_foreign(formatter, at, end);
	} else if ((end = after_tag(formatter, at)) == NULL) {
		return at;
	} else if (at[1] == '/') {
		take_end_tag(formatter, at);
	} else {
		take_start_tag(formatter, at, end);
	}
	return end;
}

static void
format(Formatter *formatter, const char *html)
{
	for (const char *at = html; *at != '\0' && !formatter->is_over;) {
		gsize plain = strcspn(at, "<");
		g_string_append_len(formatter->text, at, (gssize)plain);
		at += plain;
		if (*at == '\0')
			break;
		const char *end = take_markup(formatter, at);
		if (end == at)
			g_string_append_c(formatter->text, *end++);
		at = end;
	}
	append_text(formatter);
	while (formatter->open->len > 0)
		close_innermost(formatter);
}

char *
paragraphs_format(const char *html)
{
	g_autofree char *lines = text_with_lf(html);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_free);
	Formatter formatter = {.output = g_string_new(NULL), .open = open, .text = text};

	format(&formatter, lines);
	g_autofree char *output = g_string_free(formatter.output, FALSE);
	return formatter.is_over || strlen(output) > LIMIT_MAIL_TEXT_BYTES ? g_steal_pointer(&lines) : g_steal_pointer(&output);
}
