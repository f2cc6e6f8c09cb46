/*
 * Types and sizes of uploaded files (contract 4.6, 10.2). A type in a list is an extension with its dot or a MIME type, which stands for the extensions
 * that WordPress gives to it; the table is WordPress's, so that a form takes here what it took there. SVG is no image in it. No state.
 */
#include "sekisho/form/filetypes.h"

#include <string.h>

#include "sekisho/base/text.h"

#define DEFAULT_LIMIT_BYTES (1024ul * 1024u)

/* Types of WordPress (wp_get_mime_types), each with its extensions. Names in capitals can never be meant by an option, which is read in lower case. */
static const struct {
	const char *type;
	const char *extensions; /* joined by "|" */
} table[] = {
    {"image/jpeg", "jpg|jpeg|jpe"},
    {"image/gif", "gif"},
    {"image/png", "png"},
    {"image/bmp", "bmp"},
    {"image/tiff", "tiff|tif"},
    {"image/webp", "webp"},
    {"image/avif", "avif"},
    {"image/x-icon", "ico"},
    {"image/heic", "heic"},
    {"image/heif", "heif"},
    {"image/heic-sequence", "heics"},
    {"image/heif-sequence", "heifs"},
    {"video/x-ms-asf", "asf|asx"},
    {"video/x-ms-wmv", "wmv"},
    {"video/x-ms-wmx", "wmx"},
    {"video/x-ms-wm", "wm"},
    {"video/avi", "avi"},
    {"video/divx", "divx"},
    {"video/x-flv", "flv"},
    {"video/quicktime", "mov|qt"},
    {"video/mpeg", "mpeg|mpg|mpe"},
    {"video/mp4", "mp4|m4v"},
    {"video/ogg", "ogv"},
    {"video/webm", "webm"},
    {"video/x-matroska", "mkv"},
    {"video/3gpp", "3gp|3gpp"},
    {"video/3gpp2", "3g2|3gp2"},
    {"text/plain", "txt|asc|c|cc|h|srt"},
    {"text/csv", "csv"},
    {"text/tab-separated-values", "tsv"},
    {"text/calendar", "ics"},
    {"text/richtext", "rtx"},
    {"text/css", "css"},
    {"text/html", "htm|html"},
    {"text/vtt", "vtt"},
    {"application/ttaf+xml", "dfxp"},
    {"audio/mpeg", "mp3|m4a|m4b"},
    {"audio/aac", "aac"},
    {"audio/x-realaudio", "ra|ram"},
    {"audio/wav", "wav|x-wav"},
    {"audio/ogg", "ogg|oga"},
    {"audio/flac", "flac"},
    {"audio/midi", "mid|midi"},
    {"audio/x-ms-wma", "wma"},
    {"audio/x-ms-wax", "wax"},
    {"audio/x-matroska", "mka"},
    {"application/rtf", "rtf"},
    {"application/javascript", "js"},
    {"application/pdf", "pdf"},
    {"application/x-shockwave-flash", "swf"},
    {"application/java", "class"},
    {"application/x-tar", "tar"},
    {"application/zip", "zip"},
    {"application/x-gzip", "gz|gzip"},
    {"application/rar", "rar"},
    {"application/x-7z-compressed", "7z"},
    {"application/x-msdownload", "exe"},
    {"application/octet-stream", "psd|xcf"},
    {"application/msword", "doc"},
    {"application/vnd.ms-powerpoint", "pot|pps|ppt"},
    {"application/vnd.ms-write", "wri"},
    {"application/vnd.ms-excel", "xla|xls|xlt|xlw"},
    {"application/vnd.ms-access", "mdb"},
    {"application/vnd.ms-project", "mpp"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    {"application/vnd.ms-word.document.macroEnabled.12", "docm"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.template", "dotx"},
    {"application/vnd.ms-word.template.macroEnabled.12", "dotm"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"application/vnd.ms-excel.sheet.macroEnabled.12", "xlsm"},
    {"application/vnd.ms-excel.sheet.binary.macroEnabled.12", "xlsb"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.template", "xltx"},
    {"application/vnd.ms-excel.template.macroEnabled.12", "xltm"},
    {"application/vnd.ms-excel.addin.macroEnabled.12", "xlam"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"},
    {"application/vnd.ms-powerpoint.presentation.macroEnabled.12", "pptm"},
    {"application/vnd.openxmlformats-officedocument.presentationml.slideshow", "ppsx"},
    {"application/vnd.ms-powerpoint.slideshow.macroEnabled.12", "ppsm"},
    {"application/vnd.openxmlformats-officedocument.presentationml.template", "potx"},
    {"application/vnd.ms-powerpoint.template.macroEnabled.12", "potm"},
    {"application/vnd.ms-powerpoint.addin.macroEnabled.12", "ppam"},
    {"application/vnd.openxmlformats-officedocument.presentationml.slide", "sldx"},
    {"application/vnd.ms-powerpoint.slide.macroEnabled.12", "sldm"},
    {"application/onenote", "onetoc|onetoc2|onetmp|onepkg"},
    {"application/oxps", "oxps"},
    {"application/vnd.ms-xpsdocument", "xps"},
    {"application/vnd.oasis.opendocument.text", "odt"},
    {"application/vnd.oasis.opendocument.presentation", "odp"},
    {"application/vnd.oasis.opendocument.spreadsheet", "ods"},
    {"application/vnd.oasis.opendocument.graphics", "odg"},
    {"application/vnd.oasis.opendocument.chart", "odc"},
    {"application/vnd.oasis.opendocument.database", "odb"},
    {"application/vnd.oasis.opendocument.formula", "odf"},
    {"application/wordperfect", "wp|wpd"},
    {"application/vnd.apple.keynote", "key"},
    {"application/vnd.apple.numbers", "numbers"},
    {"application/vnd.apple.pages", "pages"},
};

/* --- Lists ---------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_known_type(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		if (g_str_equal(table[i].type, type))
			return TRUE;
	}
	return FALSE;
}

/* "audio/" and a star, and so on: the groups that may be named as a whole. */
static gboolean
is_group(const char *type)
{
	static const char *const groups[] = {"audio/*", "video/*", "image/*", NULL};

	return g_strv_contains(groups, type);
}

/* An extension with one dot. */
static char *
extension_entry(const char *word)
{
	const char *start = word + strspn(word, ".");
	gsize size = strlen(start);

	while (size > 0 && start[size - 1] == '.')
		size--;
	return g_strdup_printf(".%.*s", (int)size, start);
}

/* Adds what one word of the option means; of types that WordPress does not know nothing is left. */
static void
add_entry(GPtrArray *entries, const char *word)
{
	if (strchr(word, '/') == NULL)
		g_ptr_array_add(entries, extension_entry(word));
	else if (is_group(word) || is_known_type(word))
		g_ptr_array_add(entries, g_strdup(word));
}

static void
add_words(GPtrArray *words, const char *value)
{
	g_autofree char *lower = g_ascii_strdown(value, -1);
	g_auto(GStrv) parts = g_strsplit_set(lower, "|,", -1);

	for (char **part = parts; *part != NULL; part++) {
		if (**part != '\0' && !g_ptr_array_find_with_equal_func(words, *part, g_str_equal, NULL))
			g_ptr_array_add(words, g_strdup(*part));
	}
}

char **
filetypes_accepted(const FormTag *tag)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_null_terminated(4, g_free, TRUE);
	gboolean is_set = FALSE;

	for (char **option = tag->options; *option != NULL; option++) {
		if (g_ascii_strncasecmp(*option, "filetypes:", 10) != 0 || (*option)[10] == '\0')
			continue;
		is_set = TRUE;
		add_words(words, *option + 10);
	}
	if (!is_set)
		add_words(words, "audio/*|video/*|image/*");
	for (guint i = 0; i < words->len; i++)
		add_entry(entries, words->pdata[i]);
	if (entries->len == 0)
		g_ptr_array_add(entries, g_strdup(""));
	return g_strdupv((char **)entries->pdata);
}

/* --- Checks --------------------------------------------------------------------------------------------------------------------------------- */

/* Does the MIME type or group `entry` stand for `extension` (without its dot)? */
static gboolean
type_has_extension(const char *entry, const char *extension)
{
	gsize group = is_group(entry) ? strlen(entry) - 1 : 0;

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_auto(GStrv) extensions = NULL;

		if (group > 0 ? strncmp(table[i].type, entry, group) != 0 : !g_str_equal(table[i].type, entry))
			continue;
		extensions = g_strsplit(table[i].extensions, "|", -1);
		if (g_strv_contains((const char *const *)extensions, extension))
			return TRUE;
	}
	return FALSE;
}

/* An entry of the list that is an extension with its dot; other letters than plain ones are as good (contract 10.2). */
static gboolean
is_extension(const char *entry)
{
	return *entry == '.' && entry[1] != '\0';
}

gboolean
filetypes_is_accepted(const char *const *accepted, const char *client_name)
{
	const char *dot = strrchr(client_name, '.');
	g_autofree char *suffix = dot != NULL ? g_ascii_strdown(dot, -1) : NULL;

	if (suffix == NULL)
		return FALSE;
	for (; *accepted != NULL; accepted++) {
		if (is_extension(*accepted) ? g_ascii_strcasecmp(*accepted, suffix) == 0
					    : type_has_extension(*accepted, suffix + 1))
			return TRUE;
	}
	return FALSE;
}

/* The type that has `extension`, without its dot, or NULL. Static. */
static const char *
type_of_extension(const char *extension)
{
	g_autofree char *lower = g_ascii_strdown(extension, -1);

	for (gsize i = 0; *lower != '\0' && i < G_N_ELEMENTS(table); i++) {
		g_auto(GStrv) extensions = g_strsplit(table[i].extensions, "|", -1);

		if (g_strv_contains((const char *const *)extensions, lower))
			return table[i].type;
	}
	return NULL;
}

const char *
filetypes_of_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *type = type_of_extension(dot != NULL ? dot + 1 : "");

	return type != NULL ? type : "application/octet-stream";
}

gboolean
filetypes_is_known(const char *extension)
{
	return type_of_extension(extension) != NULL;
}

/* `[1-9][0-9]*` and an optional unit: bytes, or 0. Ends at 2^53, far above any upload, so that sums stay exact. */
static guint64
size_in_bytes(const char *text)
{
	static const struct {
		const char *name;
		guint shift;
	} units[] = {{"", 0}, {"b", 0}, {"kb", 10}, {"mb", 20}};
	gsize digits = strspn(text, "0123456789");

	if (*text == '0' || digits == 0)
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (g_ascii_strcasecmp(text + digits, units[i].name) == 0)
			return MIN(g_ascii_strtoull(text, NULL, 10), G_GUINT64_CONSTANT(1) << (53 - units[i].shift))
			       << units[i].shift;
	}
	return 0;
}

guint64
filetypes_limit_bytes(const FormTag *tag)
{
	for (char **option = tag->options; *option != NULL; option++) {
		guint64 bytes = g_ascii_strncasecmp(*option, "limit:", 6) == 0 ? size_in_bytes(*option + 6) : 0;

		if (bytes > 0)
			return bytes;
	}
	return DEFAULT_LIMIT_BYTES;
}
