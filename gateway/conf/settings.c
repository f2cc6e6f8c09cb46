/*
 * The settings of one file: line scan, GKeyFile, the types of the table of keys, then the defaults, in this order. Every key
 * of every group that exists has a value afterwards, its default if need be, so the rest of conf only asks.
 *
 * A Settings is frozen once its reader has finished with settings_default.
 */
#include "sekisho/conf/settings.h"

#include <string.h>

#include "lines.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "textfile.h"

typedef struct {
	const KeyRow *row;
	char *group;
	char *key;
	char *text;
	gint64 number;
	guint line; /* 0: a default */
} Value;

struct Settings {
	char *path;      /* as it was given */
	char *directory; /* absolute: relative paths count from here */
	KeysFile file;
	GPtrArray *values;       /* Value *: first the file's in its order, then the defaults */
	GHashTable *index;       /* "group\nkey" -> Value *, borrowed */
	GPtrArray *groups;       /* char *, in the file's order */
	GHashTable *group_lines; /* group -> line, borrowed keys */
};

static void
value_free(Value *value)
{
	g_free(value->group);
	g_free(value->key);
	g_free(value->text);
	g_free(value);
}

static Settings *
settings_new(const char *path, KeysFile file)
{
	Settings *settings = g_new0(Settings, 1);
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	settings->path = g_strdup(path);
	settings->directory = g_path_get_dirname(absolute);
	settings->file = file;
	settings->values = g_ptr_array_new_with_free_func((GDestroyNotify)value_free);
	settings->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	settings->groups = g_ptr_array_new_with_free_func(g_free);
	settings->group_lines = g_hash_table_new(g_str_hash, g_str_equal);
	return settings;
}

void
settings_free(Settings *settings)
{
	if (settings == NULL)
		return;
	g_hash_table_unref(settings->group_lines);
	g_hash_table_unref(settings->index);
	g_ptr_array_unref(settings->groups);
	g_ptr_array_unref(settings->values);
	g_free(settings->directory);
	g_free(settings->path);
	g_free(settings);
}

static Value *
find_value(const Settings *settings, const char *group, const char *key)
{
	g_autofree char *name = g_strjoin("\n", group, key, NULL);
	return g_hash_table_lookup(settings->index, name);
}

/* Takes a value that was read, or a default: then the line's number is 0. */
static void
add_value(Settings *settings, const KeyRow *row, const Line *line, const char *text)
{
	Value *value = g_new0(Value, 1);
	g_autofree char *unsaid = NULL; /* a required key that is missing has no default, which was said */
	value->row = row;
	value->group = g_strdup(line->group);
	value->key = g_strdup(line->key);
	value->text = g_strdup(text);
	value->line = line->line;
	(void)keys_read(row, text, &value->number, &unsaid);
	g_ptr_array_add(settings->values, value);
	g_hash_table_insert(settings->index, g_strjoin("\n", line->group, line->key, NULL), value);
}

static guint
line_of(const Settings *settings, const char *group, const char *key)
{
	const Value *value = key == NULL ? NULL : find_value(settings, group, key);
	if (value != NULL && value->line != 0)
		return value->line;
	return MAX(1, GPOINTER_TO_UINT(g_hash_table_lookup(settings->group_lines, group)));
}

void
settings_problem(const Settings *settings, const char *group, const char *key, GPtrArray *problems, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(problems, lines_problem(settings->path, line_of(settings, group, key), group, key, sentence));
}

void
settings_warning(const Settings *settings, const char *group, const char *key, GPtrArray *problems, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *line = lines_problem(settings->path, line_of(settings, group, key), group, key, sentence);
	g_ptr_array_add(problems, g_strconcat("warning: ", line, NULL));
}

/* Reads one setting of the file; a bad one leaves its place to the default. */
static void
take_setting(Settings *settings, GKeyFile *ini, const Line *line, GPtrArray *problems)
{
	const KeyRow *row = keys_find(settings->file, line->group, line->key);
	gint64 number = 0;
	g_autofree char *problem = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_key_file_get_string(ini, line->group, line->key, &error);
	if (error != NULL)
		problem =
		    g_strdup("has an escape that does not exist; write \\\\ for a backslash; \\s \\n \\t \\r are the others");
	else if (keys_read(row, text, &number, &problem))
		add_value(settings, row, line, text);
	if (problem != NULL)
		g_ptr_array_add(problems, lines_problem(settings->path, line->line, line->group, line->key, problem));
}

static void
take_group(Settings *settings, const Line *line)
{
	char *group = g_strdup(line->group);
	g_ptr_array_add(settings->groups, group);
	g_hash_table_insert(settings->group_lines, group, GUINT_TO_POINTER(line->line));
}

/* What the file does not give, in one existing (or always existing) group. `given` holds the names that stand in the file, right or wrong. */
static void
fill_group(Settings *settings, const char *group, GHashTable *given, GPtrArray *problems)
{
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	for (gsize i = 0; i < count; i++) {
		if (!(rows[i].files & settings->file) || !keys_is_of_group(&rows[i], group) || strcmp(rows[i].key, "*") == 0 ||
		    find_value(settings, group, rows[i].key) != NULL)
			continue;
		g_autofree char *name = g_strjoin("\n", group, rows[i].key, NULL);
		Line line = {.group = (char *)group, .key = (char *)rows[i].key};
		if (rows[i].is_required && !g_hash_table_contains(given, name))
			settings_problem(settings, group, rows[i].key, problems, "is missing; write %s = VALUE: %s", rows[i].key,
			    rows[i].help);
		add_value(settings, &rows[i], &line, rows[i].fallback == NULL ? "" : rows[i].fallback);
	}
}

static void
fill_defaults(Settings *settings, const GPtrArray *lines, GPtrArray *problems)
{
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < lines->len; i++) {
		const Line *line = g_ptr_array_index(lines, i);
		if (line->key != NULL)
			g_hash_table_add(given, g_strjoin("\n", line->group, line->key, NULL));
	}
	for (gsize i = 0; i < count; i++) {
		gboolean is_new =
		    i == 0 || strcmp(rows[i].group, rows[i - 1].group) != 0 || !(rows[i - 1].files & settings->file);
		if ((rows[i].files & settings->file) && is_new && !g_str_has_suffix(rows[i].group, "*"))
			fill_group(settings, rows[i].group, given, problems);
	}
	for (guint i = 0; i < settings->groups->len; i++)
		fill_group(settings, g_ptr_array_index(settings->groups, i), given, problems);
}

static void
read_text(Settings *settings, const char *text, GPtrArray *problems)
{
	g_autoptr(GKeyFile) ini = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
	g_autofree char *usable = lines_scan(settings->path, settings->file, text, lines, problems);
	if (!g_key_file_load_from_data(ini, usable, strlen(usable), G_KEY_FILE_NONE, &error)) {
		g_ptr_array_add(problems, lines_problem(settings->path, 1, NULL, NULL, error->message));
		g_ptr_array_set_size(lines, 0);
	}
	for (guint i = 0; i < lines->len; i++) {
		const Line *line = g_ptr_array_index(lines, i);
		if (line->key == NULL)
			take_group(settings, line);
		else
			take_setting(settings, ini, line, problems);
	}
	fill_defaults(settings, lines, problems);
}

/* The table of posts grows with the site, the other files with what a person wrote. */
static gsize
file_limit(KeysFile file)
{
	return file == KEYS_POSTS ? LIMIT_POSTS_FILE_BYTES : LIMIT_CONFIG_FILE_BYTES;
}

Settings *
settings_parse(const char *path, KeysFile file, GBytes *content, GPtrArray *problems)
{
	Settings *settings = settings_new(path, file);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = textfile_from_bytes(path, file_limit(file), content, &error);
	if (text != NULL) {
		read_text(settings, text, problems);
		return settings;
	}
	/* Nothing of the file was read, so nothing is said to be missing in it. */
	g_autoptr(GPtrArray) unsaid = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(problems, g_strdup(error->message));
	read_text(settings, "", unsaid);
	return settings;
}

Settings *
settings_read(const char *path, KeysFile file, GPtrArray *problems, GError **error)
{
	g_autoptr(GBytes) content = textfile_read_bytes(path, file_limit(file), error);
	return content == NULL ? NULL : settings_parse(path, file, content, problems);
}

static const Value *
known_value(const Settings *settings, const char *group, const char *key)
{
	const Value *value = find_value(settings, group, key);
	g_assert(value != NULL);
	return value;
}

const char *
settings_text(const Settings *settings, const char *group, const char *key)
{
	return known_value(settings, group, key)->text;
}

gint64
settings_number(const Settings *settings, const char *group, const char *key)
{
	return known_value(settings, group, key)->number;
}

static char *
absolute_path(const Settings *settings, const Value *value)
{
	gboolean is_path = value->row->type == KEY_PATH || (value->row->type == KEY_LISTEN && strchr(value->text, '/') != NULL);
	return is_path && value->text[0] != '\0' ? g_canonicalize_filename(value->text, settings->directory)
						 : g_strdup(value->text);
}

char *
settings_path(const Settings *settings, const char *group, const char *key)
{
	return absolute_path(settings, known_value(settings, group, key));
}

gboolean
settings_is_set(const Settings *settings, const char *group, const char *key)
{
	const Value *value = find_value(settings, group, key);
	return value != NULL && value->line != 0;
}

GPtrArray *
settings_groups(const Settings *settings, const char *prefix)
{
	GPtrArray *groups = g_ptr_array_new();
	for (guint i = 0; i < settings->groups->len; i++)
		if (g_str_has_prefix(g_ptr_array_index(settings->groups, i), prefix))
			g_ptr_array_add(groups, g_ptr_array_index(settings->groups, i));
	return groups;
}

GPtrArray *
settings_keys(const Settings *settings, const char *group)
{
	GPtrArray *keys = g_ptr_array_new();
	for (guint i = 0; i < settings->values->len; i++) {
		const Value *value = g_ptr_array_index(settings->values, i);
		if (value->line != 0 && strcmp(value->group, group) == 0)
			g_ptr_array_add(keys, value->key);
	}
	return keys;
}

void
settings_default(Settings *settings, const char *group, const char *key, const char *text)
{
	Value *value = find_value(settings, group, key);
	g_assert(value != NULL);
	if (value->text[0] != '\0')
		return;
	g_free(value->text);
	value->text = g_strdup(text);
}

/* GKeyFile escapes spaces and tabs in front of a value, but not those behind it, which reading strips. */
static void
dump_value(GKeyFile *ini, const Settings *settings, const Value *value)
{
	g_autofree char *text = absolute_path(settings, value);
	g_key_file_set_string(ini, value->group, value->key, text);
	g_autofree char *raw = g_key_file_get_value(ini, value->group, value->key, NULL);
	gsize length = strlen(raw);
	if (length > 0 && (raw[length - 1] == ' ' || raw[length - 1] == '\t')) {
		const char *escape = raw[length - 1] == ' ' ? "\\s" : "\\t";
		g_autofree char *escaped = g_strdup_printf("%.*s%s", (int)length - 1, raw, escape);
		g_key_file_set_value(ini, value->group, value->key, escaped);
	}
	g_autofree char *comment = g_strdup_printf(" %s", value->row->help);
	g_key_file_set_comment(ini, value->group, value->key, comment, NULL);
}

char *
settings_dump(const Settings *settings)
{
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	g_autoptr(GKeyFile) ini = g_key_file_new();
	/* By rows, so that a dump reads in the table's order whatever the file's is. */
	for (gsize i = 0; i < count; i++)
		for (guint j = 0; j < settings->values->len; j++) {
			const Value *value = g_ptr_array_index(settings->values, j);
			if (value->row == &rows[i])
				dump_value(ini, settings, value);
		}
	g_autofree char *path = text_for_terminal(settings->path, FALSE);
	g_autofree char *text = g_key_file_to_data(ini, NULL, NULL);
	return g_strdup_printf("# %s\n%s", path, text);
}
