/*
 * `sekisho form import`: an export becomes folders of forms. Each form is mended (form/mend.h), examined, reported and, unless it cannot be
 * served at all, written; what needs a hand is written too, because the hand needs files. Nothing that exists is touched, but for posts.ini, which is
 * the import's own.
 */
#include <string.h>
#include <sysexits.h>

#include "form_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/conf/formwrite.h"
#include "sekisho/form/lint.h"
#include "sekisho/form/mend.h"

typedef struct {
	Command *command;
	const Site *site;
	const Import *import;
	gboolean is_dry_run;
} Move;

/* The whole file; its size is bounded before it is read. */
static GBytes *
read_file(const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &cause);
	if (!file) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE, "%s", cause->message);
		return NULL;
	}
	if (g_mapped_file_get_length(file) <= LIMIT_IMPORT_BYTES)
		return g_mapped_file_get_bytes(file);
	g_set_error(error, FORM_ERROR, FORM_ERROR_IMPORT,
	    "%s: is larger than %lu bytes; in WordPress, Tools, Export, choose the contact forms alone", path,
	    LIMIT_IMPORT_BYTES);
	return NULL;
}

/* Tags that no change of the template brings to life here. */
static gboolean
has_foreign_tag(const Form *form)
{
	for (guint i = 0; i < form->tags->len; i++)
		if (!(((const FormTag *)g_ptr_array_index(form->tags, i))->features & TAG_HANDLED))
			return TRUE;
	return FALSE;
}

/* The form as conf would read it, with what it says of it in `reasons`. */
static Form *
examine(FormReport *report, const Site *site, const FormSource *source)
{
	return form_examine(form_source_copy(source), site->facts, report->topics[FORM_TOPIC_REASONS]);
}

/* Mends and examines `source`, and decides. */
static void
judge(const Move *move, FormReport *report, FormSource *source)
{
	gboolean has_posts = move->import->posts->len > 0 || move->site->facts->posts != NULL;
	report->mendings = mend_source(source, move->site->facts);
	g_autoptr(Form) form = examine(report, move->site, source);
	if (!form) {
		report->outcome = FORM_REFUSED;
		return;
	}
	form_report_examine(report, form, has_posts);
	if (form->is_for_subscribers || has_foreign_tag(form))
		report->outcome = FORM_REFUSED;
	else if (report->topics[FORM_TOPIC_REASONS]->len > 0)
		report->outcome = FORM_NEEDS_HAND;
}

/* The folder for the form: its own name, or with its id if another form stands there. */
static void
choose_folder(const Move *move, FormReport *report, FormSource *source)
{
	text_replace(&report->folder, formwrite_folder(move->command->config, move->site, source->slug));
	if (!g_file_test(report->folder, G_FILE_TEST_EXISTS))
		return;
	text_replace(&source->slug, g_strdup_printf("%s-%" G_GUINT64_FORMAT, source->slug, source->id));
	text_replace(&report->slug, g_strdup(source->slug));
	text_replace(&report->folder, formwrite_folder(move->command->config, move->site, source->slug));
}

static void
write_form(const Move *move, FormReport *report, const FormSource *source)
{
	g_autoptr(GError) error = NULL;
	if (report->outcome == FORM_REFUSED || move->is_dry_run)
		return;
	if (formwrite_form(move->command->config, move->site, source, &error))
		return;
	report->outcome = FORM_FAILED;
	form_report_say(report, FORM_TOPIC_REASONS, "%s", error->message);
}

static FormReport *
move_form(const Move *move, const ImportedForm *imported)
{
	FormSource *source = imported->source;
	FormReport *report = form_report_new(source);
	if (imported->is_trashed || imported->refusal) {
		report->outcome = imported->is_trashed ? FORM_TRASHED : FORM_UNREADABLE;
		if (imported->refusal)
			form_report_say(report, FORM_TOPIC_REASONS, "The export is damaged here: %s.", imported->refusal);
		return report;
	}
	g_autofree char *existing = site_form_folder(move->site, source->id);
	if (existing) {
		report->outcome = FORM_EXISTS;
		text_replace(&report->folder, g_steal_pointer(&existing));
		form_report_say(report, FORM_TOPIC_REASONS,
		    "the site has a form with the id %" G_GUINT64_FORMAT
		    " in %s, and nothing is overwritten; move that folder away to import this one",
		    source->id, report->folder);
		return report;
	}
	choose_folder(move, report, source);
	formwrite_settle(move->site, source, report->topics[FORM_TOPIC_REMARKS]);
	for (guint i = 0; i < imported->filled->len; i++)
		form_report_say(report, FORM_TOPIC_FILLED, "%s", (const char *)g_ptr_array_index(imported->filled, i));
	for (guint i = 0; i < imported->remarks->len; i++)
		form_report_say(report, FORM_TOPIC_REMARKS, "%s", (const char *)g_ptr_array_index(imported->remarks, i));
	judge(move, report, source);
	write_form(move, report, source);
	return report;
}

static gboolean
write_posts(const Move *move, GError **error)
{
	return move->is_dry_run || move->import->posts->len == 0 ||
	       posts_write(move->command->config, move->site, move->import->posts, error);
}

/* What was written, if anything was. */
static gboolean
audit(const Move *move, const GPtrArray *reports, GError **error)
{
	guint count = 0;
	for (guint i = 0; i < reports->len; i++) {
		const FormReport *report = reports->pdata[i];
		count += report->outcome == FORM_IMPORTED || report->outcome == FORM_NEEDS_HAND ? 1 : 0;
	}
	g_autofree char *target = g_strdup_printf("%u form%s", count, count == 1 ? "" : "s");
	return move->is_dry_run || count == 0 ||
	       command_audit(move->command, "form.import", move->site->facts->name, target, error);
}

static int
move_all(const Move *move, const char *file, GError **error)
{
	g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)form_report_free);
	int code = EX_OK;
	for (guint i = 0; i < move->import->forms->len; i++) {
		FormReport *report = move_form(move, g_ptr_array_index(move->import->forms, i));
		g_ptr_array_add(reports, report);
		if (report->outcome != FORM_IMPORTED && report->outcome != FORM_TRASHED)
			code = FORM_EXIT_FINDINGS;
	}
	ImportReport whole = {.file = file,
	    .config = move->command->config,
	    .site = move->site,
	    .import = move->import,
	    .reports = reports,
	    .posts = posts_fitting(move->import->posts),
	    .is_dry_run = move->is_dry_run};
	const gboolean is_written = write_posts(move, error);
	if (move->command->is_json)
		form_report_print_json(move->command, &whole);
	else
		form_report_print(move->command, &whole);
	/* The error is the first one. */
	const gboolean is_noted = audit(move, reports, is_written ? error : NULL);
	return is_written && is_noted ? code : EX_IOERR;
}

int
form_import(Command *command, const char *file, const FormOptions *options, GError **error)
{
	if (!command_open_config(command, error))
		return EX_CONFIG;
	g_autoptr(Site) site = config_site(command->config, options->site, error);
	g_autoptr(GBytes) content = site ? read_file(file, error) : NULL;
	g_autoptr(Import) import = content ? import_read(content, error) : NULL;
	if (!import)
		return EX_DATAERR;
	Move move = {.command = command, .site = site, .import = import, .is_dry_run = options->is_dry_run};
	return move_all(&move, file, error);
}
