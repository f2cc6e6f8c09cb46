/*
 * `sekisho list import`. An import reads the whole file first and changes nothing while a line of it cannot be read; then it writes, some hundred entries in each
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
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

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

/* written, left_out, replaced, kept (numbers of entries), problems and remarks ("line 7: ...", the first ones). */
static void
print_written_json(const Import *import)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", import->common->site);
	g_variant_dict_insert(&dict, "form", "t", import->common->form_id);
	g_variant_dict_insert(&dict, "written", "u", import->written);
	g_variant_dict_insert(&dict, "left_out", "u", import->bad);
	g_variant_dict_insert(&dict, "replaced", "u", import->replaced);
	g_variant_dict_insert(&dict, "kept", "u", import->kept);
	g_variant_dict_insert_value(
	    &dict, "problems", g_variant_new_strv((const char *const *)import->problems->pdata, (gssize)import->problems->len));
	g_variant_dict_insert_value(
	    &dict, "remarks", g_variant_new_strv((const char *const *)import->remarks->pdata, (gssize)import->remarks->len));
	command_print_json(import->command, g_variant_dict_end(&dict));
}

static void
print_written(const Import *import)
{
	g_autofree char *scope = list_scope_text(import->common->site, import->common->form_id);
	if (import->command->is_json) {
		print_written_json(import);
		return;
	}
	command_print_line(import->command, "%u entr%s written for %s; %u line%s left out", import->written,
	    import->written == 1 ? "y" : "ies", scope, import->bad, import->bad == 1 ? "" : "s");
	print_placed(import);
}

/* What --replace writes over is known nowhere else. */
static gboolean
is_agreed(const Import *import, GError **error)
{
	g_autofree char *question =
	    g_strdup_printf("Write the %u entr%s of the file, also over those of the same value that do something else?",
		import->good, import->good == 1 ? "y" : "ies");
	return import->is_first || !import->options->is_replacing || command_confirm(import->command, question, error);
}

static gboolean
audit(const Import *import, GError **error)
{
	g_autofree char *target = g_strdup_printf("%u entr%s", import->written, import->written == 1 ? "y" : "ies");
	return command_audit(import->command, "list.import", import->common->site, target, error);
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
	/* Without an error the answer was no. */
	if (!is_agreed(import, error))
		return EX_OK;
	import->pending = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
	gboolean is_written = pass(import, "writing", error);
	progress_end(import->command->console);
	g_clear_pointer(&import->pending, g_ptr_array_unref);
	if (!is_written || !count_once(import, before, error)) {
		/* The error is that one. */
		(void)audit(import, NULL);
		return EX_SOFTWARE;
	}
	print_written(import);
	if (!audit(import, error))
		return EX_SOFTWARE;
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
