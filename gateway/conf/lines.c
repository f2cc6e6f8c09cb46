/*
 * The line scan. Its grammar is GKeyFile's, made a little stricter (keys are letters, digits, "-" and "_"; no localised keys), so
 * whatever it lets through GKeyFile reads the same way. A line is a group header, a setting, a comment or blank; anything
 * else, and everything repeated or unknown, is a problem and is emptied.
 */
#include "lines.h"

#include <string.h>

#include "sekisho/base/text.h"

#define KEY_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_"
/* Longest part of a strange line that a problem quotes. */
#define QUOTED_BYTES 60u

typedef struct {
	const char *path;
	KeysFile file;
	GHashTable *seen; /* "group" or "group\nkey" -> line number */
	char *group;      /* of the lines that follow; NULL before the first */
	gboolean is_group_known;
	GPtrArray *lines;
	GPtrArray *problems;
} Scan;

void
line_free(Line *line)
{
	g_free(line->group);
	g_free(line->key);
	g_free(line);
}

char *
lines_problem(const char *path, guint line, const char *group, const char *key, const char *sentence)
{
	g_autofree char *shown_group = group == NULL ? NULL : text_for_terminal(group, FALSE);
	g_autofree char *shown_key = key == NULL ? NULL : text_for_terminal(key, FALSE);
	return g_strdup_printf("%s:%u: %s%s%s%s%s%s%s", path, line, group != NULL ? "[" : "", group != NULL ? shown_group : "",
	    group != NULL ? "]" : "", key != NULL ? " " : "", key != NULL ? shown_key : "", group != NULL ? ": " : "", sentence);
}

static void
add_line(Scan *scan, const char *key, guint line)
{
	Line *entry = g_new0(Line, 1);
	entry->group = g_strdup(scan->group);
	entry->key = g_strdup(key);
	entry->line = line;
	g_ptr_array_add(scan->lines, entry);
}

/* Returns FALSE: the line is not usable. */
static gboolean
refuse(Scan *scan, guint line, const char *key, const char *sentence)
{
	g_ptr_array_add(scan->problems, lines_problem(scan->path, line, scan->group, key, sentence));
	return FALSE;
}

/* TRUE the first time; else a problem that names the first line. */
static gboolean
is_first(Scan *scan, guint line, const char *key, const char *what)
{
	char *name = g_strjoin("\n", scan->group, key, NULL);
	guint earlier = GPOINTER_TO_UINT(g_hash_table_lookup(scan->seen, name));
	if (earlier == 0) {
		g_hash_table_insert(scan->seen, name, GUINT_TO_POINTER(line));
		return TRUE;
	}
	g_free(name);
	g_autofree char *sentence = g_strdup_printf("this %s stands in line %u already; keep one of them", what, earlier);
	return refuse(scan, line, key, sentence);
}

static gboolean
scan_group(Scan *scan, const char *text, guint line)
{
	const char *end = strchr(text, ']');
	if (end == NULL || end == text + 1 || end[1] != '\0' || strchr(text + 1, '[') != NULL) {
		g_clear_pointer(&scan->group, g_free);
		scan->is_group_known = FALSE;
		return refuse(scan, line, NULL, "is not a group; write [NAME] alone in its line");
	}
	g_free(scan->group);
	scan->group = g_strndup(text + 1, (gsize)(end - text) - 1);
	scan->is_group_known = keys_is_group(scan->file, scan->group);
	if (!scan->is_group_known) {
		g_autofree char *suggestion = keys_suggest_group(scan->file, scan->group);
		g_autofree char *sentence = g_strdup_printf("unknown group; %s", suggestion);
		return refuse(scan, line, NULL, sentence);
	}
	if (!is_first(scan, line, NULL, "group"))
		return FALSE;
	add_line(scan, NULL, line);
	return TRUE;
}

/* A line that is no setting at all, with a hint where its writer may come from another program's files. */
static gboolean
refuse_strange(Scan *scan, const char *text, guint line)
{
	g_autofree char *start = text_truncate(text, QUOTED_BYTES);
	g_autofree char *quoted = text_for_terminal(start, FALSE);
	const char *right =
	    text[0] == ';' || text[0] == '/' ? "a comment begins with #" : "write KEY = VALUE, [GROUP] or # COMMENT";
	g_autofree char *sentence = g_strdup_printf("\"%s\" is not a setting; %s", quoted, right);
	return refuse(scan, line, NULL, sentence);
}

static gboolean
scan_setting(Scan *scan, const char *text, guint line)
{
	gsize length = strspn(text, KEY_CHARACTERS);
	const char *rest = text + length;
	while (*rest == ' ' || *rest == '\t')
		rest++;
	if (length == 0 || *rest != '=')
		return refuse_strange(scan, text, line);
	g_autofree char *key = g_strndup(text, length);
	if (scan->group == NULL)
		return refuse(scan, line, NULL, "a setting before the first group; put it below a line [GROUP]");
	if (!scan->is_group_known)
		return FALSE; /* said once, at the group */
	if (keys_find(scan->file, scan->group, key) == NULL) {
		g_autofree char *suggestion = keys_suggest_key(scan->file, scan->group, key);
		g_autofree char *sentence = g_strdup_printf("unknown key; %s", suggestion);
		return refuse(scan, line, key, sentence);
	}
	if (!is_first(scan, line, key, "key"))
		return FALSE;
	add_line(scan, key, line);
	return TRUE;
}

static gboolean
scan_line(Scan *scan, const char *text, guint line)
{
	if (text[0] == '\0' || text[0] == '#')
		return TRUE;
	return text[0] == '[' ? scan_group(scan, text, line) : scan_setting(scan, text, line);
}

char *
lines_scan(const char *path, KeysFile file, const char *text, GPtrArray *lines, GPtrArray *problems)
{
	Scan scan = {.path = path, .file = file, .lines = lines, .problems = problems};
	scan.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) all = g_strsplit(text, "\n", -1);
	for (guint i = 0; all[i] != NULL; i++) {
		/* Strips white space that is ASCII, as GKeyFile does; the rest of Unicode's belongs to a value. */
		g_strstrip(all[i]);
		if (!scan_line(&scan, all[i], i + 1))
			all[i][0] = '\0';
	}
	g_hash_table_unref(scan.seen);
	g_free(scan.group);
	return g_strjoinv("\n", all);
}
