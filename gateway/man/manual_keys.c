/*
 * The table of keys (conf/keys.h) as lists of a manual page: what a value looks like, its default and its range, and the line of help that `sekisho config dump` shows too.
 */
#include <string.h>

#include "manual.h"
#include "mdoc.h"
#include "sekisho/conf/keys.h"

/* What people write. NULL: the help says it. KEY_WORD, KEY_INTEGER and KEY_DURATION say more below. */
static const char *const shapes[] = {
    [KEY_TEXT] = "one line of text",
    [KEY_LINES] = "text; \\n is a new line",
    [KEY_NAME] = "a name",
    [KEY_NAMES] = "names, separated by spaces",
    [KEY_PINS] = "sha256//BASE64, several separated by spaces",
    [KEY_PATH] = "a path",
    [KEY_LISTEN] = "a path, 127.0.0.1:PORT or [::1]:PORT",
    [KEY_HOST] = "a host name",
    [KEY_SERVER] = "a host name or an IP address",
    [KEY_PORT] = "a port",
    [KEY_BOOLEAN] = "on or off",
    [KEY_INTEGER] = "a number",
    [KEY_WORD] = NULL,
    [KEY_DURATION] = "a time, such as 90s, 10min, 12h or 30d",
    [KEY_RATE] = "a rate, such as 30/10min burst 15, or off",
    [KEY_HUNDREDTHS] = "a number from 0 to 1, such as 0.5",
    [KEY_NETWORKS] = "addresses and networks, separated by spaces",
    [KEY_MAILBOX] = "an address, or Name <address>",
    [KEY_ADDRESS] = "a mail address",
    [KEY_SENDER] = "a mail address",
    [KEY_URL] = "an http or https address",
    [KEY_DOMAINS] = "domains, separated by spaces, or none",
    [KEY_SERVERS] = "servers, separated by commas",
    [KEY_ORIGINS] = "web addresses without a path, separated by spaces",
    [KEY_TIMEZONE] = "a time zone, such as Asia/Tokyo or +09:00",
    [KEY_LOCALE] = "a language, such as ja or en_US",
};

static gboolean
find_file(const char *name, KeysFile *file)
{
	static const struct {
		const char *name;
		KeysFile file;
	} files[] = {{"main", KEYS_MAIN}, {"site", KEYS_SITE}, {"form", KEYS_FORM}, {"posts", KEYS_POSTS}};
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (strcmp(files[i].name, name) == 0) {
			*file = files[i].file;
			return TRUE;
		}
	}
	return FALSE;
}

/* KeyRow *, borrowed; empty if there is no such file or group. The caller's. */
static GPtrArray *
rows_of(const char *file_name, const char *group)
{
	gsize count;
	KeysFile file;
	const KeyRow *table = keys_table(&count);
	GPtrArray *rows = g_ptr_array_new();
	for (gsize i = 0; find_file(file_name, &file) && i < count; i++)
		if ((table[i].files & file) && strcmp(table[i].group, group) == 0)
			g_ptr_array_add(rows, (gpointer)&table[i]);
	return rows;
}

/* "1 day", "3650 days", "30 seconds". The caller's. */
static char *
in_words(gint64 seconds)
{
	static const struct {
		gint64 seconds;
		const char *name;
	} units[] = {{24 * G_GINT64_CONSTANT(3600), "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	gsize unit = 0;
	while (unit + 1 < G_N_ELEMENTS(units) && (seconds == 0 || seconds % units[unit].seconds != 0))
		unit++;
	gint64 count = seconds / units[unit].seconds;
	return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", count, units[unit].name, count == 1 ? "" : "s");
}

static void
add_range(GString *facts, const KeyRow *row)
{
	if (row->type == KEY_INTEGER && row->maximum == G_MAXINT64)
		g_string_append_printf(facts, " from %" G_GINT64_FORMAT, row->minimum);
	else if (row->type == KEY_INTEGER)
		g_string_append_printf(facts, " from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, row->minimum, row->maximum);
	if (row->type != KEY_DURATION)
		return;
	g_autofree char *least = in_words(row->minimum);
	g_autofree char *most = in_words(row->maximum);
	g_string_append_printf(facts, "; at least %s and at most %s", least, most);
}

/* "low, normal or high". */
static void
add_words(GString *facts, const char *words)
{
	g_auto(GStrv) each = g_strsplit(words, " ", -1);
	for (guint i = 0; each[i]; i++)
		g_string_append_printf(facts, "%s`%s`", i == 0 ? "" : each[i + 1] ? ", " : " or ", each[i]);
}

/* What to write, as a sentence, and what holds where the key is not given. NULL if nothing is to be said: any text, and none is the default. The caller's. */
static char *
key_facts(const KeyRow *row)
{
	if ((row->type == KEY_TEXT || row->type == KEY_LINES) && !row->is_required && *row->fallback == '\0')
		return NULL;
	GString *facts = g_string_new("Value: ");
	if (row->type == KEY_WORD)
		add_words(facts, row->words);
	else
		g_string_append(facts, shapes[row->type]);
	add_range(facts, row);
	if (row->is_required)
		g_string_append(facts, ". Required.");
	else if (*row->fallback)
		g_string_append_printf(facts, ". Default: `%s`", row->fallback);
	else
		g_string_append(facts, ". Default: empty.");
	return g_string_free(facts, FALSE);
}

gboolean
manual_keys(GString *page, const char *file, const char *group)
{
	g_autoptr(GPtrArray) rows = rows_of(file, group);
	g_string_append(page, ".Bl -tag -width Ds\n");
	for (guint i = 0; i < rows->len; i++) {
		const KeyRow *row = g_ptr_array_index(rows, i);
		g_autofree char *name = mdoc_argument(strcmp(row->key, "*") == 0 ? "KEY" : row->key);
		g_autofree char *facts = key_facts(row);
		g_autofree char *help = g_strconcat(row->help, g_str_has_suffix(row->help, ".") ? "" : ".", NULL);
		g_string_append_printf(page, ".It Va %s\n", name);
		mdoc_add_text(page, help);
		if (facts) {
			g_string_append(page, ".br\n");
			mdoc_add_text(page, facts);
		}
	}
	g_string_append(page, ".El\n");
	return rows->len > 0;
}

gboolean
manual_key_names(GString *page, const char *file, const char *group)
{
	g_autoptr(GPtrArray) rows = rows_of(file, group);
	for (guint i = 0; i < rows->len; i++) {
		const KeyRow *row = g_ptr_array_index(rows, i);
		g_autofree char *name = mdoc_argument(row->key);
		g_string_append_printf(page, ".Va %s%s\n", name, i + 1 < rows->len ? " ," : " .");
	}
	return rows->len > 0;
}
