/*
 * Lines of files of list entries. A reader keeps the columns of a csv file; lines come in their order.
 */
#include "list_line.h"

#include <string.h>

#include "list_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/list_value.h"

enum { COLUMN_TYPE, COLUMN_VALUE, COLUMN_ACTION, COLUMN_REASON, COLUMN_EXPIRY, COLUMN_SITE, COLUMN_FORM, COLUMNS };

struct ListLineReader {
	Command *command;
	ListLine (*read)(ListLineReader *reader, const char *line, ListEntry *entry, char **problem);
	const char *type; /* NULL: by its look */
	ListAction action;
	guint points;
	guint parts; /* entries that a line may become */
	guint part;  /* which one is asked for */
	gboolean is_first;
	guint columns[COLUMNS]; /* where each column stands, counted from 1; 0: nowhere */
	GHashTable *sites;      /* name -> whether it exists */
};

static ListLine bad(char **problem, const char *format, ...) G_GNUC_PRINTF(2, 3);

static ListLine
bad(char **problem, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	text_replace(problem, g_strdup_vprintf(format, arguments));
	va_end(arguments);
	return LIST_LINE_BAD;
}

static ListLine
read_value(ListLineReader *reader, const char *type, const char *value, ListEntry *entry, char **problem)
{
	entry->action = reader->action;
	entry->points = reader->points;
	return list_value_read(type, value, reader->command->vault, entry, problem) ? LIST_LINE_ENTRY : LIST_LINE_BAD;
}

/* An address or network by its look; whether it is a right one is list_value_read's to say. */
static gboolean
looks_like_network(const char *text)
{
	const gsize size = strcspn(text, "/");
	const char *prefix = text + size;
	guint dots = 0, colons = 0;
	for (gsize i = 0; i < size; i++) {
		dots += text[i] == '.' ? 1 : 0;
		colons += text[i] == ':' ? 1 : 0;
	}
	if (prefix[0] != '\0' && (prefix[1] == '\0' || strspn(prefix + 1, "0123456789.") != strlen(prefix + 1)))
		return FALSE;
	if (colons >= 2)
		return strspn(text, "0123456789ABCDEFabcdef:.") == size;
	return dots == 3 && strspn(text, "0123456789.") == size && g_ascii_isdigit(text[0]) && text[size - 1] != '.' &&
	       size <= strlen("255.255.255.255") && !strstr(text, "..");
}

/* --- lines ------------------------------------------------------------------------------------------------------------ */

/* Cuts a comment off behind a network; what it says. The caller's. */
static char *
take_comment(char *text)
{
	char *mark = strpbrk(text, "#;");
	if (!mark)
		return g_strdup("");
	g_autofree char *comment = text_strip(mark + 1);
	*mark = '\0';
	g_strchomp(text);
	return text_truncate(comment, LIMIT_FINDING_BYTES);
}

static ListLine
read_lines(ListLineReader *reader, const char *line, ListEntry *entry, char **problem)
{
	g_autofree char *text = text_strip(line);
	const char *type = reader->type;
	if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
		return LIST_LINE_EMPTY;
	gboolean is_network = type && (strcmp(type, "network") == 0 || strcmp(type, "ip") == 0);
	g_autofree char *first = g_strndup(text, strcspn(text, " \t#;"));
	if (is_network || (!type && looks_like_network(first))) {
		text_replace(&entry->reason, take_comment(text));
		return read_value(reader, "network", text, entry, problem);
	}
	if (!type && !strchr(text, '@'))
		return bad(problem, "neither an IP address nor a mail address; say with --type what the lines are");
	return read_value(reader, type ? type : "mail", text, entry, problem);
}

enum { PART_PHRASE, PART_AGENT, PART_NETWORK, PARTS };

/* The network that is meant by an address, or by its first numbers with the dot behind them; NULL: none. The caller's. */
static char *
network_meant(const char *text)
{
	static const char *const rests[] = {"0.0.0/8", "0.0/16", "0/24"};
	guint dots = 0;
	if (looks_like_network(text))
		return g_strdup(text);
	for (const char *at = text; *at; at++) {
		if (!g_ascii_isdigit(*at) && (*at != '.' || at == text || at[-1] == '.'))
			return NULL;
		dots += *at == '.' ? 1 : 0;
	}
	if (dots == 0 || dots > G_N_ELEMENTS(rests) || !g_str_has_suffix(text, "."))
		return NULL;
	return g_strconcat(text, rests[dots - 1], NULL);
}

static ListLine
read_wordpress(ListLineReader *reader, const char *line, ListEntry *entry, char **problem)
{
	g_autofree char *text = text_strip(line);
	g_autofree char *network = network_meant(text);
	if (text[0] == '\0' || (reader->part == PART_NETWORK && !network))
		return LIST_LINE_EMPTY;
	if (reader->part == PART_NETWORK)
		return read_value(reader, "network", network, entry, problem);
	return read_value(reader, reader->part == PART_AGENT ? "agent" : "phrase", text, entry, problem);
}

/* --- csv -------------------------------------------------------------------------------------------------------------- */

/* The cells of a line (char *), or NULL if its quotes do not fit. The caller's. */
static GPtrArray *
split_cells(const char *line)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	for (const char *at = line;; at++) {
		GString *text = g_string_new(NULL);
		gboolean is_quoted = *at == '"';
		at += is_quoted ? 1 : 0;
		while (*at != '\0' && (is_quoted || *at != ',')) {
			if (is_quoted && *at == '"' && at[1] != '"')
				break;
			at += is_quoted && *at == '"' ? 1 : 0;
			g_string_append_c(text, *at++);
		}
		g_autofree char *raw = g_string_free(text, FALSE);
		g_ptr_array_add(cells, text_strip(raw));
		if (is_quoted && *at++ != '"')
			return NULL;
		if (*at == '\0')
			return g_steal_pointer(&cells);
		if (*at != ',')
			return NULL;
	}
}

/* The text of a column, "" if it is not there. Borrowed. */
static const char *
cell(const ListLineReader *reader, const GPtrArray *cells, guint column)
{
	guint place = reader->columns[column];
	return place > 0 && place <= cells->len ? cells->pdata[place - 1] : "";
}

/* TRUE if the line has headings, by which the columns are then found. */
static gboolean
read_headings(ListLineReader *reader, const GPtrArray *cells)
{
	g_auto(GStrv) names = g_strsplit(LIST_LINE_HEADINGS, ",", -1);
	guint places[COLUMNS] = {0};
	for (guint i = 0; i < cells->len; i++)
		for (guint column = 0; column < COLUMNS; column++)
			if (g_ascii_strcasecmp(names[column], cells->pdata[i]) == 0)
				places[column] = i + 1;
	if (places[COLUMN_VALUE] == 0 || (places[COLUMN_TYPE] == 0 && !reader->type))
		return FALSE;
	memcpy(reader->columns, places, sizeof places);
	return TRUE;
}

static gboolean
read_expiry(const char *text, ListEntry *entry)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autofree char *whole = strlen(text) == strlen("2025-11-22") ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
	g_autoptr(GDateTime) time = text[0] != '\0' ? g_date_time_new_from_iso8601(whole, utc) : NULL;
	if (time)
		entry->expires_at_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
	return time || text[0] == '\0';
}

static gboolean
is_site(ListLineReader *reader, const char *name)
{
	gpointer known = NULL;
	if (!g_hash_table_lookup_extended(reader->sites, name, NULL, &known)) {
		g_autoptr(Site) site = config_site(reader->command->config, name, NULL);
		known = GINT_TO_POINTER(site != NULL);
		g_hash_table_insert(reader->sites, g_strdup(name), known);
	}
	return GPOINTER_TO_INT(known);
}

static ListLine
read_cells(ListLineReader *reader, const GPtrArray *cells, ListEntry *entry, char **problem)
{
	const char *type = cell(reader, cells, COLUMN_TYPE), *action = cell(reader, cells, COLUMN_ACTION);
	const char *site = cell(reader, cells, COLUMN_SITE), *form = cell(reader, cells, COLUMN_FORM);
	type = type[0] != '\0' ? type : reader->type;
	if (!type)
		return bad(problem, "it has no type; a line is %s", LIST_LINE_HEADINGS);
	ListLine outcome = read_value(reader, type, cell(reader, cells, COLUMN_VALUE), entry, problem);
	if (outcome != LIST_LINE_ENTRY)
		return outcome;
	if (action[0] != '\0' && !list_action_read(action, &entry->action, &entry->points))
		return bad(problem, "%s is no action; write block, hold, allow or \"note 3\"", action);
	if (!read_expiry(cell(reader, cells, COLUMN_EXPIRY), entry))
		return bad(problem, "%s is no time; write it like 2026-12-31 or 2026-12-31T12:00:00Z",
		    cell(reader, cells, COLUMN_EXPIRY));
	if (site[0] != '\0' && !is_site(reader, site))
		return bad(problem, "there is no site %s", site);
	if (form[0] != '\0' && (site[0] == '\0' || !g_ascii_string_to_unsigned(form, 10, 1, G_MAXINT64, &entry->form_id, NULL)))
		return bad(problem, "%s is no form of a site", form);
	text_set(&entry->site, site);
	g_autofree char *reason = g_strdup(cell(reader, cells, COLUMN_REASON));
	text_replace(&entry->reason, text_truncate(g_strdelimit(reason, "\r\n\t", ' '), LIMIT_FINDING_BYTES));
	return LIST_LINE_ENTRY;
}

static ListLine
read_csv(ListLineReader *reader, const char *line, ListEntry *entry, char **problem)
{
	if (line[0] == '\0')
		return LIST_LINE_EMPTY;
	g_autoptr(GPtrArray) cells = split_cells(line);
	gboolean is_first = reader->is_first;
	reader->is_first = FALSE;
	if (!cells)
		return bad(problem, "its quotes do not fit");
	if (is_first && read_headings(reader, cells))
		return LIST_LINE_EMPTY;
	return read_cells(reader, cells, entry, problem);
}

/* --- The reader ------------------------------------------------------------------------------------------------------- */

ListLineReader *
list_line_reader_new(Command *command, const char *format, const char *type, const char *action, GError **error)
{
	static const struct {
		const char *name;
		ListLine (*read)(ListLineReader *reader, const char *line, ListEntry *entry, char **problem);
		guint parts;
	} formats[] = {{"lines", read_lines, 1}, {"csv", read_csv, 1}, {"wordpress", read_wordpress, PARTS}};
	g_autoptr(ListLineReader) reader = g_new0(ListLineReader, 1);
	reader->sites = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	reader->command = command;
	reader->type = type;
	for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
		if (strcmp(formats[i].name, format) == 0) {
			reader->read = formats[i].read;
			reader->parts = formats[i].parts;
		}
	if (!reader->read) {
		command_usage(error, "--format is lines, csv or wordpress");
		return NULL;
	}
	if (list_action_read(action ? action : "block", &reader->action, &reader->points))
		return g_steal_pointer(&reader);
	command_usage(error, "--as is block, hold, allow or \"note 3\"");
	return NULL;
}

void
list_line_reader_free(ListLineReader *reader)
{
	if (!reader)
		return;
	g_hash_table_unref(reader->sites);
	g_free(reader);
}

void
list_line_begin(ListLineReader *reader)
{
	reader->is_first = TRUE;
	for (guint i = 0; i < COLUMNS; i++)
		reader->columns[i] = i + 1;
}

ListLine
list_line_read(ListLineReader *reader, const char *line, guint part, ListEntry *entry, char **problem)
{
	reader->part = part;
	if (!g_utf8_validate(line, -1, NULL))
		return bad(problem, "it is not valid UTF-8");
	return reader->read(reader, line, entry, problem);
}

guint
list_line_parts(const ListLineReader *reader)
{
	return reader->parts;
}

gboolean
list_line_goes_on(const ListLineReader *reader, const char *bytes, gsize size)
{
	gboolean is_within = FALSE;
	for (gsize i = 0; reader->read == read_csv && i < size; i++)
		is_within = bytes[i] == '"' ? !is_within : is_within;
	return is_within;
}
