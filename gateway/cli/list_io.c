/*
 * `sekisho list import` and `export`. An import reads the whole file first and changes nothing while a line of it cannot be read; then it writes, some hundred entries in each
 * transaction, so that visitors never wait for it. Stopped in between it has written whole entries, and can be run again: an entry that is there already is replaced.
 *
 * Text from outside: a file is bytes. A line that is not valid UTF-8, or has a NUL, is a bad line; CR LF counts as LF and a byte order mark is skipped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "list_line.h"
#include "list_parts.h"
#include "progress.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/list_value.h"

/* Entries that are in memory at once, and lines between two drawings of the bar. */
#define PAGE 5000u
#define BLOCK_BYTES 65536ul
/* Of a record of several lines: more than all its cells may have. */
#define RECORD_BYTES 8192ul
/* A byte that no UTF-8 has. */
#define NO_UTF8 0xFF

/* --- Reading the file ------------------------------------------------------------------------------------------------- */

static GByteArray *
read_stream(FILE *stream, const char *name, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	guint8 buffer[BLOCK_BYTES];
	for (gsize size = 1; size > 0;) {
		size = fread(buffer, 1, sizeof buffer, stream);
		g_byte_array_append(bytes, buffer, (guint)size);
		if (bytes->len <= LIMIT_LIST_IMPORT_BYTES)
			continue;
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "%s is larger than %lu MiB; import it in parts", name,
		    LIMIT_LIST_IMPORT_BYTES / (1024ul * 1024ul));
		return NULL;
	}
	if (!ferror(stream))
		return g_steal_pointer(&bytes);
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s cannot be read: %s", name, g_strerror(errno));
	return NULL;
}

/* "-" is standard input. The caller's. */
static GByteArray *
read_file(const char *name, GError **error)
{
	if (strcmp(name, "-") == 0)
		return read_stream(stdin, "standard input", error);
	FILE *stream = fopen(name, "rbe");
	if (!stream) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE, "%s cannot be read: %s", name, g_strerror(errno));
		return NULL;
	}
	GByteArray *bytes = read_stream(stream, name, error);
	(void)fclose(stream);
	return bytes;
}

/* --- Import ----------------------------------------------------------------------------------------------------------- */

typedef struct {
	Command *command;
	const ListOptions *options;
	const GByteArray *bytes;
	ListLineReader *reader;
	ListEntry *common;   /* scope, reason, expiry */
	GPtrArray *pending;  /* entries to be written; NULL while lines are only read */
	GPtrArray *problems; /* "line 7: ..." (char *), the first ones */
	GPtrArray *remarks;  /* the same, of lines that were taken otherwise than written */
	guint good, bad, remarked, written;
	guint made[LIST_TYPE_LAST + 1]; /* entries of each type */
	guint replaced;                 /* that took the place of one which does the same, or of any with --replace */
	guint kept;                     /* that were not written, because one stands there which does something else */
	gboolean is_first;              /* there was no entry before */
	gsize at;                       /* byte that comes next */
} Import;

/* What a line leaves open. */
static void
complete(const Import *import, ListEntry *entry)
{
	if (entry->site[0] == '\0') {
		text_set(&entry->site, import->common->site);
		entry->form_id = import->common->form_id;
	}
	if (entry->reason[0] == '\0')
		text_set(&entry->reason, import->common->reason);
	if (entry->expires_at_us == 0)
		entry->expires_at_us = import->common->expires_at_us;
	entry->created_at_us = import->common->created_at_us;
}

/* FALSE: an entry stands in its place that does something else, and stays. One of this very file does not count. */
static gboolean
is_to_be_written(Import *import, const ListEntry *entry, GError **error)
{
	g_autoptr(ListEntry) other = import->is_first ? NULL : list_find_equal(import->command, entry, error);
	if (!other || other->created_at_us == import->common->created_at_us)
		return TRUE;
	if (!import->options->is_replacing && (other->action != entry->action || other->points != entry->points)) {
		import->kept++;
		return FALSE;
	}
	import->replaced++;
	return TRUE;
}

/* Takes out of what is pending what an entry stands before. */
static gboolean
sort_out(Import *import, GError **error)
{
	g_autoptr(GPtrArray) entries = g_steal_pointer(&import->pending);
	import->pending = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	for (guint i = 0; i < entries->len; i++) {
		g_autoptr(GError) problem = NULL;
		const gboolean is_good = is_to_be_written(import, entries->pdata[i], &problem);
		if (problem) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		if (is_good)
			g_ptr_array_add(import->pending, g_steal_pointer(&entries->pdata[i]));
	}
	return TRUE;
}

static gboolean
write_pending(Import *import, GError **error)
{
	if (!import->pending || import->pending->len == 0)
		return TRUE;
	if (!sort_out(import, error))
		return FALSE;
	if (!list_entries_add(import->command->db, import->pending, NULL, NULL, error)) {
		g_prefix_error(error, "%u entries were written before this: ", import->written);
		return FALSE;
	}
	import->written += import->pending->len;
	g_ptr_array_set_size(import->pending, 0);
	return TRUE;
}

/* What is to be said of a line, up to a number; the second time the file is read it was said. */
static void
say(const Import *import, GPtrArray *said, guint number, const char *what)
{
	if (said->len < LIMIT_LIST_PROBLEMS && !import->pending)
		g_ptr_array_add(said, g_strdup_printf("line %u: %s", number, what));
}

/* Reads one part of a line. FALSE: the line is bad. */
static gboolean
take_part(Import *import, guint number, const char *line, guint part)
{
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autofree char *problem = NULL;
	switch (list_line_read(import->reader, line, part, entry, &problem)) {
	case LIST_LINE_EMPTY:
		return TRUE;
	case LIST_LINE_BAD:
		import->bad++;
		say(import, import->problems, number, problem);
		return FALSE;
	case LIST_LINE_ENTRY:
		import->good++;
		import->made[entry->type]++;
		if (problem) {
			import->remarked++;
			say(import, import->remarks, number, problem);
		}
		complete(import, entry);
		if (import->pending)
			g_ptr_array_add(import->pending, g_steal_pointer(&entry));
	}
	return TRUE;
}

static void
take_line(Import *import, guint number, const char *line)
{
	for (guint part = 0; part < list_line_parts(import->reader); part++)
		if (!take_part(import, number, line, part))
			return;
}

/* How far the record goes that begins there: to the end of its line, or, if its quotes go on, of a later one. Quotes that never end spoil one line only. */
static gsize
record_size(const Import *import, const char *start, gsize rest)
{
	const char *end = memchr(start, '\n', rest);
	const gsize first = end ? (gsize)(end - start) : rest;
	for (gsize size = first; size < RECORD_BYTES; size = (gsize)(end - start)) {
		if (!list_line_goes_on(import->reader, start, size))
			return size;
		end = size < rest ? memchr(start + size + 1, '\n', MIN(rest - size - 1, RECORD_BYTES)) : NULL;
		if (!end)
			break;
	}
	return first;
}

/* The next line without its end, or NULL. The caller's. */
static char *
next_line(Import *import)
{
	const char *start = (const char *)import->bytes->data + import->at;
	gsize rest = import->bytes->len - import->at;
	if (rest == 0)
		return NULL;
	gsize size = record_size(import, start, rest);
	import->at += size + (size < rest ? 1 : 0);
	if (size > 0 && start[size - 1] == '\r')
		size--;
	/* A NUL would end the text unseen: it becomes a byte that is not valid UTF-8. */
	char *line = g_malloc(size + 1);
	memcpy(line, start, size);
	line[size] = '\0';
	for (char *nul = memchr(line, '\0', size); nul; nul = memchr(line, '\0', size))
		memset(nul, NO_UTF8, 1);
	return line;
}

/* Goes through all lines once. */
static gboolean
pass(Import *import, const char *what, GError **error)
{
	static const char mark[] = "\xEF\xBB\xBF";
	import->at = import->bytes->len >= 3 && memcmp(import->bytes->data, mark, 3) == 0 ? 3 : 0;
	import->good = import->bad = import->remarked = 0;
	list_line_begin(import->reader);
	memset(import->made, 0, sizeof import->made);
	guint number = 1, records = 0;
	for (char *line = next_line(import); line; line = next_line(import)) {
		take_line(import, number++, line);
		for (const char *at = strchr(line, '\n'); at; at = strchr(at + 1, '\n'))
			number++;
		g_free(line);
		if (++records % PAGE != 0)
			continue;
		progress_show(import->command->console, what, import->at, import->bytes->len);
		if (!write_pending(import, error))
			return FALSE;
	}
	return write_pending(import, error);
}

static void
print_said(const Import *import, const GPtrArray *said, guint count)
{
	GString *complaint = import->command->console->complaint;
	for (guint i = 0; i < said->len; i++)
		prose_add(complaint, 2, "", said->pdata[i]);
	if (count > said->len)
		g_string_append_printf(complaint, "  ... and %u more\n", count - said->len);
}

static void
print_problems(const Import *import)
{
	GString *complaint = import->command->console->complaint;
	print_said(import, import->problems, import->bad);
	if (import->remarked > 0)
		g_string_append(complaint, "Not taken as they stand there:\n");
	print_said(import, import->remarks, import->remarked);
}

/* What became of the lines, and of what was there before. */
static void
print_placed(const Import *import)
{
	GString *output = import->command->console->output;
	g_autofree char *made =
	    g_strdup_printf("The lines became %u phrases, %u agents and %u networks, because they are meant for "
			    "what is typed, the browser's name and the IP address.",
		import->made[LIST_PHRASE], import->made[LIST_AGENT], import->made[LIST_NETWORK]);
	g_autofree char *replaced = g_strdup_printf("%u of them took the place of entries that were there.", import->replaced);
	g_autofree char *kept =
	    g_strdup_printf("%u were not written, because entries of the same value do something else and stay; "
			    "--replace writes those of the file over them.",
		import->kept);
	if (list_line_parts(import->reader) > 1)
		prose_add(output, 0, "", made);
	if (import->replaced > 0)
		prose_add(output, 0, "", replaced);
	if (import->kept > 0)
		prose_add(output, 0, "", kept);
}

/* Lines of the same value make one entry: those that are new, and those that took another's place. */
static gboolean
count_once(Import *import, guint64 before, GError **error)
{
	guint64 after = 0;
	if (!list_entries_count(import->command->db, &after, error))
		return FALSE;
	if (after >= before)
		import->written = (guint)MIN(import->written, after - before + import->replaced);
	return TRUE;
}

static int
run(Import *import, GError **error)
{
	gboolean is_read = pass(import, "reading", error);
	progress_end(import->command->console);
	print_problems(import);
	if (!is_read)
		return EX_SOFTWARE;
	if (import->bad > 0 && !import->options->is_skipping) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
		    "%u of %u lines cannot be read, so nothing was changed; mend them, or leave them out with --skip",
		    import->bad, import->bad + import->good);
		return EX_DATAERR;
	}
	guint64 before = 0;
	if (!list_entries_count(import->command->db, &before, error))
		return EX_SOFTWARE;
	import->is_first = before == 0;
	import->pending = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	gboolean is_written = pass(import, "writing", error);
	progress_end(import->command->console);
	g_clear_pointer(&import->pending, g_ptr_array_unref);
	if (!is_written || !count_once(import, before, error))
		return EX_SOFTWARE;
	g_autofree char *scope = list_scope_text(import->common->site, import->common->form_id);
	command_print_line(import->command, "%u entr%s written for %s; %u line%s left out", import->written,
	    import->written == 1 ? "y" : "ies", scope, import->bad, import->bad == 1 ? "" : "s");
	print_placed(import);
	return import->bad > 0 || import->kept > 0 ? LIST_EXIT_FINDINGS : EX_OK;
}

int
list_import(Command *command, const char *file, const ListOptions *options, GError **error)
{
	g_autoptr(ListEntry) common = list_entry_new();
	if (!list_open(command, error) || !list_entry_fill(command, options, common, error))
		return EX_USAGE;
	g_autoptr(ListLineReader) reader =
	    list_line_reader_new(command, options->format ? options->format : "lines", options->type, options->action, error);
	g_autoptr(GByteArray) bytes = reader ? read_file(file, error) : NULL;
	if (!bytes)
		return EX_NOINPUT;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(g_free);
	Import import = {.command = command,
	    .options = options,
	    .bytes = bytes,
	    .reader = reader,
	    .common = common,
	    .problems = problems,
	    .remarks = remarks};
	return run(&import, error);
}

/* --- Export ----------------------------------------------------------------------------------------------------------- */

typedef enum { EXPORT_CSV, EXPORT_LINES, EXPORT_WORDPRESS, EXPORT_FORMATS } ExportFormat;

static void
append_cell(GString *line, const char *text)
{
	gboolean is_plain = strpbrk(text, ",\"\r\n") == NULL;
	g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
	g_autofree char *quoted = g_strjoinv("\"\"", parts);
	g_string_append_printf(
	    line, "%s%s%s%s", line->len > 0 ? "," : "", is_plain ? "" : "\"", is_plain ? text : quoted, is_plain ? "" : "\"");
}

/* FALSE: the vault cannot open its address. */
static gboolean
append_entry(Command *command, GString *output, const ListEntry *entry)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *value = list_value_text(entry, command->vault);
	g_autofree char *action = list_action_text(entry->action, entry->points);
	g_autofree char *form = entry->form_id != 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, entry->form_id) : g_strdup("");
	g_autoptr(GDateTime) expiry = g_date_time_new_from_unix_utc(entry->expires_at_us / G_USEC_PER_SEC);
	g_autofree char *until = entry->expires_at_us != 0 && expiry ? g_date_time_format_iso8601(expiry) : g_strdup("");
	if (entry->type == LIST_ADDRESS && !strchr(value, '@'))
		return FALSE;
	append_cell(line, list_type_name(entry->type));
	append_cell(line, value);
	append_cell(line, action);
	append_cell(line, entry->reason);
	append_cell(line, until);
	append_cell(line, entry->site);
	append_cell(line, form);
	g_string_append_printf(output, "%s\n", line->str);
	return TRUE;
}

/* The value as a line of its own that an import reads back; NULL: there is none. WordPress knows whole numbers of addresses only ("192.0.2."), and neither countries nor fingerprints. The
 * caller's. */
static char *
plain_line(Command *command, const ListEntry *entry, gboolean is_wordpress)
{
	static const char *const rests[] = {".0.0.0/8", ".0.0/16", ".0/24"};
	g_autofree char *value = list_value_text(entry, command->vault);
	const gboolean is_open = entry->type != LIST_ADDRESS || strchr(value, '@');
	if (!is_open || (!is_wordpress && (value[0] == '#' || value[0] == ';')))
		return NULL;
	if (is_wordpress && (entry->type == LIST_COUNTRY || entry->type == LIST_FINGERPRINT))
		return NULL;
	if (!is_wordpress || entry->type != LIST_NETWORK || !strchr(value, '/'))
		return g_steal_pointer(&value);
	for (gsize i = 0; i < G_N_ELEMENTS(rests); i++)
		if (g_str_has_suffix(value, rests[i]))
			return g_strndup(value, strlen(value) - strlen(rests[i]) + 1);
	return NULL;
}

/* FALSE: it cannot be written in that format. */
static gboolean
export_entry(Command *command, ExportFormat format, const ListEntry *entry)
{
	GString *output = command->console->output;
	if (format == EXPORT_CSV)
		return append_entry(command, output, entry);
	const gboolean is_over = entry->expires_at_us != 0 && entry->expires_at_us <= clock_now_us();
	g_autofree char *line = is_over ? NULL : plain_line(command, entry, format == EXPORT_WORDPRESS);
	if (line)
		g_string_append_printf(output, "%s\n", line);
	return line != NULL;
}

/* The one that --as names; without it any for csv, and else block, which an import takes lines for. */
static gboolean
read_action(const ListOptions *options, ExportFormat format, gint *action, GError **error)
{
	*action = format == EXPORT_CSV ? 0 : LIST_BLOCK;
	if (!options->action)
		return TRUE;
	for (ListAction each = LIST_ALLOW; each <= LIST_BLOCK; each++) {
		if (strcmp(list_action_name(each), options->action) != 0)
			continue;
		*action = (gint)each;
		return TRUE;
	}
	command_usage(error, "--as is block, hold, note or allow");
	return FALSE;
}

/* Lines say no action, and no type: an export has one of each. */
static gboolean
read_export(const ListOptions *options, ExportFormat *format, ListFilter *filter, GError **error)
{
	static const char *const names[] = {[EXPORT_CSV] = "csv", [EXPORT_LINES] = "lines", [EXPORT_WORDPRESS] = "wordpress"};
	*format = EXPORT_FORMATS;
	for (ExportFormat each = EXPORT_CSV; each < EXPORT_FORMATS; each++)
		if (strcmp(names[each], options->format ? options->format : "csv") == 0)
			*format = each;
	if (*format == EXPORT_FORMATS)
		command_usage(error, "--format is csv, lines or wordpress");
	else if (*format == EXPORT_LINES && !options->type)
		command_usage(error, "with --format lines say with --type which entries, because a line does not");
	else
		return list_type_read(options->type, &filter->type, error) &&
		       read_action(options, *format, &filter->action, error);
	return FALSE;
}

int
list_export(Command *command, const ListOptions *options, GError **error)
{
	g_autofree char *site = NULL;
	guint64 form_id = 0;
	guint lost = 0;
	ExportFormat format = EXPORT_CSV;
	if (!list_open(command, error) || !list_scope(command, options, &site, &form_id, error))
		return EX_USAGE;
	ListFilter filter = {.site = site[0] != '\0' || options->is_for_all ? site : NULL, .form_id = form_id, .limit = PAGE};
	if (!read_export(options, &format, &filter, error))
		return EX_USAGE;
	if (format == EXPORT_CSV)
		g_string_append(command->console->output, LIST_LINE_HEADINGS "\n");
	for (guint count = PAGE; count == PAGE;) {
		g_autoptr(GPtrArray) entries = list_entries_find(command->db, &filter, error);
		if (!entries)
			return EX_SOFTWARE;
		count = entries->len;
		for (guint i = 0; i < count; i++) {
			lost += export_entry(command, format, entries->pdata[i]) ? 0 : 1;
			filter.after_id = ((const ListEntry *)entries->pdata[i])->id;
		}
	}
	if (lost == 0)
		return EX_OK;
	g_string_append_printf(command->console->complaint, "sekisho: %u entries are left out, because %s\n", lost,
	    format == EXPORT_CSV ? "the key that opens their addresses is gone" : "such lines cannot say them, or they are over");
	return LIST_EXIT_FINDINGS;
}
