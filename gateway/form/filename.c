/*
 * Clean names for uploaded files, in the steps (a) to (g) of contract 10.3; each step is a function below. No state.
 */
#include "sekisho/form/filename.h"

#include <string.h>

#include "pipes.h"
#include "sekisho/form/filetypes.h"

/* (b) What stands behind the last separator. A name that ends with separators is what stands before them. In place; borrowed from `name`. */
static const char *
last_component(char *name)
{
	char *end = name + strlen(name);

	while (end > name && strchr("/\\", end[-1]) != NULL)
		*--end = '\0';
	while (end > name && strchr("/\\", end[-1]) == NULL)
		end--;
	return end;
}

/* (c) */
static gboolean
is_special(gunichar character)
{
	static const gunichar quotes[] = {0x00AB, 0x00BB, 0x2019, 0x201C, 0x201D};

	for (gsize i = 0; i < G_N_ELEMENTS(quotes); i++)
		if (character == quotes[i])
			return TRUE;
	return character < 0x80 && strchr("?[]/\\=<>:;,'\"&$#*()|~`!{}%+", (int)character) != NULL;
}

/* (e) U+FFFD stands where bytes were no text (front/uploads.c). */
static gboolean
is_invisible(gunichar character)
{
	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SPACE_SEPARATOR:
		return TRUE;
	default:
		return character == 0xFFFD;
	}
}

/* (g) Latin letters that are no plain one with marks, as WordPress writes them. */
static const struct {
	gunichar letter;
	const char *plain;
} latin[] = {{0x00AA, "a"}, {0x00BA, "o"}, {0x00C6, "AE"}, {0x00D0, "D"}, {0x00D8, "O"}, {0x00DE, "TH"}, {0x00DF, "s"},
    {0x00E6, "ae"}, {0x00F0, "d"}, {0x00F8, "o"}, {0x00FE, "th"}, {0x0110, "D"}, {0x0111, "d"}, {0x0126, "H"}, {0x0127, "h"},
    {0x0131, "i"}, {0x0132, "IJ"}, {0x0133, "ij"}, {0x0138, "k"}, {0x0141, "L"}, {0x0142, "l"}, {0x014A, "N"}, {0x014B, "n"},
    {0x0152, "OE"}, {0x0153, "oe"}, {0x0166, "T"}, {0x0167, "t"}, {0x017F, "s"}};

static gboolean
is_combining_mark(gunichar character)
{
	return character >= 0x0300 && character <= 0x036F;
}

/* (g) Accents off Latin letters, also those that stand behind their letter. Other scripts keep their marks. This comes before (f), so that no accent hides
 * a script's extension from it. */
static char *
without_accents(const char *name)
{
	g_autoptr(GString) plain = g_string_new(NULL);

	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar character = g_utf8_get_char(at);
		gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
		gsize known = 0;

		if (is_combining_mark(character) && plain->len > 0 && g_ascii_isalpha(plain->str[plain->len - 1]))
			continue;
		while (known < G_N_ELEMENTS(latin) && latin[known].letter != character)
			known++;
		if (known < G_N_ELEMENTS(latin)) {
			g_string_append(plain, latin[known].plain);
			continue;
		}
		g_unichar_fully_decompose(character, FALSE, parts, G_N_ELEMENTS(parts));
		g_string_append_unichar(plain, parts[0] < 0x80 && g_ascii_isalpha((char)parts[0]) ? parts[0] : character);
	}
	return g_string_free(g_steal_pointer(&plain), FALSE);
}

/* (c) to (e). A special letter is gone before runs are looked at, so "a - (1)" has one run; what is invisible breaks none, because
 * WordPress joins runs once more in (g). */
static GString *
plain_letters(const char *name)
{
	GString *plain = g_string_new(NULL);
	gboolean is_run = FALSE;

	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar character = g_utf8_get_char(at);
		if (is_special(character))
			continue;
		const gboolean is_dash = character < 0x80 && strchr("\r\n\t -", (int)character) != NULL;
		if (!is_dash && is_invisible(character))
			continue;
		if (!is_dash || !is_run)
			g_string_append_unichar(plain, is_dash ? '-' : character);
		is_run = is_dash;
	}
	return plain;
}

/* What a web server might run by this extension. */
static gboolean
is_script(const char *part)
{
	static const char *const extensions[] = {"php", "phtml", "pl", "py", "rb", "cgi", "asp", "aspx"};
	const gsize size = strlen(part);

	for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
		const gsize length = strlen(extensions[i]);
		const gboolean has_digit = size == length + 1 && g_ascii_isdigit(part[length]);
		if ((size == length || has_digit) && g_ascii_strncasecmp(part, extensions[i], length) == 0)
			return TRUE;
	}
	return FALSE;
}

/* (f) The first part is never an extension. */
static char *
defused(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, ".", -1);
	GString *safe = g_string_new(parts[0]);

	for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++) {
		g_string_append_printf(safe, ".%s", parts[i]);
		if (is_script(parts[i]))
			g_string_append(safe, parts[i + 1] == NULL ? "_.txt" : "_");
	}
	return g_string_free(safe, FALSE);
}

/* (g) May a part in the middle stay as it is? Two to five letters and a digit at most read as an extension, and WordPress leaves only those that a
 * visitor may upload. */
static gboolean
is_harmless_part(const char *part)
{
	static const char *const refused[] = {"exe", "swf", "htm", "html", "js", NULL};
	g_autofree char *lower = g_ascii_strdown(part, -1);
	const gsize letters = strspn(lower, "abcdefghijklmnopqrstuvwxyz");
	const gsize size = letters + (g_ascii_isdigit(lower[letters]) ? 1 : 0);

	if (letters < 2 || letters > 5 || lower[size] != '\0')
		return TRUE;
	return filetypes_is_known(lower) && !g_strv_contains(refused, lower);
}

/* (g) The parts in the middle, and the last one in small letters. */
static char *
with_safe_parts(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, ".", -1);
	GString *safe = g_string_new(parts[0]);

	for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++) {
		const gboolean is_last = parts[i + 1] == NULL;
		g_autofree char *part = is_last ? g_ascii_strdown(parts[i], -1) : g_strdup(parts[i]);

		g_string_append_printf(safe, ".%s%s", part, is_last || is_harmless_part(part) ? "" : "_");
	}
	return g_string_free(safe, FALSE);
}

/* (g) What WordPress makes of it: single dots, nothing but letters and digits at both ends, no second extension, an extension in small letters. */
static char *
finished(const char *name)
{
	g_autoptr(GString) tidy = g_string_new(NULL);

	for (const char *at = name; *at != '\0'; at++)
		if (*at != '.' || at[1] != '.')
			g_string_append_c(tidy, *at);
	while (tidy->len > 0 && strchr("._-", tidy->str[tidy->len - 1]) != NULL)
		g_string_truncate(tidy, tidy->len - 1);
	const gsize lead = strspn(tidy->str, "._-");
	const gboolean is_dot_file = lead > 0 && tidy->str[lead - 1] == '.';
	g_string_erase(tidy, 0, (gssize)lead);
	/* Nothing at all, or nothing but an extension. */
	if (tidy->len == 0)
		return g_strdup("unnamed-file");
	if (is_dot_file && filetypes_is_known(tidy->str))
		g_string_prepend(tidy, "unnamed-file.");
	/* What was cut off the end may have hidden a script's extension from (f). */
	g_autofree char *safe = with_safe_parts(tidy->str);
	return defused(safe);
}

char *
filename_clean(const char *client_name)
{
	g_autofree char *canonical = pipes_canonicalize(client_name);
	g_autoptr(GString) plain = plain_letters(last_component(canonical));
	g_autofree char *unaccented = without_accents(plain->str);
	g_autofree char *safe = defused(unaccented);

	return finished(safe);
}

char *
filename_unique(const char *name, const GPtrArray *taken)
{
	const char *dot = strrchr(name, '.');
	const gsize stem = dot != NULL ? (gsize)(dot - name) : strlen(name);
	char *unique = g_strdup(name);

	for (guint number = 1; g_ptr_array_find_with_equal_func((GPtrArray *)taken, unique, g_str_equal, NULL); number++) {
		g_free(unique);
		unique = g_strdup_printf("%.*s-%u%s", (int)stem, name, number, name + stem);
	}
	return unique;
}
