/*
 * `sekisho list export`: the lists as lines that an import reads back, or as JSON. Changes nothing; entries are read page by page, so that it need not hold the lists twice.
 */
#include <string.h>
#include <sysexits.h>

#include "list_line.h"
#include "list_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/policy/list_value.h"

/* Entries that are in memory at once. */
#define PAGE 5000u

typedef enum { EXPORT_CSV, EXPORT_LINES, EXPORT_WORDPRESS, EXPORT_FORMATS } ExportFormat;

typedef struct {
	Command *command;
	ExportFormat format;
	GVariantBuilder *json; /* aa{sv}, as `sekisho list show` has them */
	GHashTable *hits;
	guint lost; /* entries that the format cannot say */
} Export;

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
export_entry(Export *export, const ListEntry *entry)
{
	Command *command = export->command;
	GString *output = command->console->output;
	if (command->is_json) {
		g_variant_builder_add_value(export->json, list_entry_json(command, entry, export->hits));
		return TRUE;
	}
	if (export->format == EXPORT_CSV)
		return append_entry(command, output, entry);
	const gboolean is_over = entry->expires_at_us != 0 && entry->expires_at_us <= clock_now_us();
	g_autofree char *line = is_over ? NULL : plain_line(command, entry, export->format == EXPORT_WORDPRESS);
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

static gboolean
export_all(Export *export, ListFilter *filter, GError **error)
{
	for (guint count = PAGE; count == PAGE;) {
		g_autoptr(GPtrArray) entries = list_entries_find(export->command->db, filter, error);
		if (!entries)
			return FALSE;
		count = entries->len;
		for (guint i = 0; i < count; i++) {
			export->lost += export_entry(export, entries->pdata[i]) ? 0 : 1;
			filter->after_id = ((const ListEntry *)entries->pdata[i])->id;
		}
	}
	return TRUE;
}

static int
end(const Export *export)
{
	Command *command = export->command;
	if (command->is_json)
		command_print_json(command, g_variant_builder_end(export->json));
	if (export->lost == 0)
		return EX_OK;
	g_string_append_printf(command->console->complaint, "sekisho: %u entries are left out, because %s\n", export->lost,
	    export->format == EXPORT_CSV ? "the key that opens their addresses is gone"
					 : "such lines cannot say them, or they are over");
	return LIST_EXIT_FINDINGS;
}

int
list_export(Command *command, const ListOptions *options, GError **error)
{
	g_autofree char *site = NULL;
	guint64 form_id = 0;
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	Export export = {.command = command, .json = json};
	if (command->is_json && options->format) {
		command_usage(error, "--format and --json exclude one another");
		return EX_USAGE;
	}
	if (!list_open(command, error) || !list_scope(command, options, &site, &form_id, error))
		return EX_USAGE;
	ListFilter filter = {.site = site[0] != '\0' || options->is_for_all ? site : NULL, .form_id = form_id, .limit = PAGE};
	if (!read_export(options, &export.format, &filter, error))
		return EX_USAGE;
	g_autoptr(GHashTable) hits = command->is_json ? list_hits(command) : NULL;
	export.hits = hits;
	if (export.format == EXPORT_CSV && !command->is_json)
		g_string_append(command->console->output, LIST_LINE_HEADINGS "\n");
	return export_all(&export, &filter, error) ? end(&export) : EX_SOFTWARE;
}
