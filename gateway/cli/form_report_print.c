/*
 * The report of an import, for people and as JSON. People read the table first, then what concerns each form, then the questions; a form about which
 * there is nothing to say gets no section.
 */
#include <string.h>

#include "form_parts.h"
#include "prose.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "sekisho/form/lint.h"
#include "sekisho/form/mend.h"
#include "sekisho/wire/json.h"
#include "show.h"

/* What an export can say of its site: title, description, url. */
#define SITE_LINES 3u

static const struct {
	const char *name; /* in JSON */
	const char *words;
} outcomes[] = {
    [FORM_IMPORTED] = {"imported", "imported"},
    [FORM_NEEDS_HAND] = {"needs_hand", "written, needs your hand"},
    [FORM_EXISTS] = {"exists", "not imported: is there already"},
    [FORM_REFUSED] = {"refused", "not imported: leave it with WordPress"},
    [FORM_UNREADABLE] = {"unreadable", "not imported: damaged in the export"},
    [FORM_FAILED] = {"failed", "not imported: cannot be written"},
    [FORM_TRASHED] = {"trashed", "not imported: in WordPress's trash"},
};

/* Which forms a person has to think about first. */
static const FormOutcome worst_first[] = {
    FORM_FAILED, FORM_UNREADABLE, FORM_REFUSED, FORM_NEEDS_HAND, FORM_IMPORTED, FORM_EXISTS, FORM_TRASHED};

/* What WordPress keeps in its options, which are in no export. The groups and keys are rows of conf/keys.c; a test looks them up. */
static const struct {
	const char *group;
	const char *key;
	const char *example;
	const char *question;
} questions[] = {
    {"site", "admin_address", "owner@example.jp",
	"Who is the owner, [_site_admin_email]? Settings, General: Administration Email Address."},
    {"site", "timezone", "Asia/Tokyo", "In which time zone are dates? Settings, General: Timezone."},
    {"site", "date_format", "Y年n月j日", "How is [_date] written? Settings, General: Date Format."},
    {"site", "time_format", "H:i", "How is [_time] written? Settings, General: Time Format."},
    {"site", "list_separator", "、",
	"What stands between several choices in a mail? It is in WordPress's translation; without this line \", \", in Japanese "
	"\"、\"."},
    {"spam", "disallowed_words_file", "words.txt",
	"Which words make a message spam? Settings, Discussion: Disallowed Comment Keys; save them as that file beside "
	"site.conf, one a line."},
    {"wordpress", "secret_key_file", "/etc/sekisho/NAME.key",
	"Only for quizzes in pages that WordPress draws: the constant SECRET_KEY of wp-config.php or, without one, the option "
	"secret_key (wp option get secret_key), in a private file."},
    {"captcha", "service", "turnstile",
	"Is reCAPTCHA or Turnstile switched on in Contact Form 7 (Contact, Integration)? Write recaptcha-v3 or turnstile; with "
	"neither, "
	"leave this group out. Where its script stays in the page and nothing is written here, it keeps no robot out."},
    {"captcha", "site_key", "0x4AAA", "The site key that stands there."},
    {"captcha", "secret_file", "/etc/sekisho/NAME.captcha",
	"The secret key that stands there, alone in a private file: owner root, group the front's own, mode 0640."},
};

/* --- The whole ------------------------------------------------------------------------------------------------------------------ */

/* The forms' reports, those with the worst outcome first, else by id. The caller's. */
static GPtrArray *
sorted_reports(const ImportReport *report)
{
	GPtrArray *sorted = g_ptr_array_new();
	for (gsize k = 0; k < G_N_ELEMENTS(worst_first); k++) {
		for (guint i = 0; i < report->reports->len; i++) {
			FormReport *form = g_ptr_array_index(report->reports, i);
			if (form->outcome == worst_first[k])
				g_ptr_array_add(sorted, form);
		}
	}
	return sorted;
}

static void
print_table(Command *command, const GPtrArray *reports)
{
	static const char *const headings[] = {"ID", "TITLE", "FOLDER", "RESULT", NULL};
	g_autoptr(Table) table = table_new(headings);
	for (guint i = 0; i < reports->len; i++) {
		const FormReport *form = g_ptr_array_index(reports, i);
		g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, form->id);
		g_autofree char *folder = g_path_get_basename(form->folder);
		gboolean is_there = form->outcome <= FORM_EXISTS;
		const char *cells[] = {id, form->title, is_there ? folder : "-", outcomes[form->outcome].words, NULL};
		table_add(table, cells);
	}
	table_print(table, command->console, NULL);
}

static char *
site_file(const ImportReport *report)
{
	return g_build_filename(report->config->sites_directory, report->site->facts->name, "site.conf", NULL);
}

/* What stands in site.conf now, for the keys that are plain texts. */
static const char *
current_value(const SiteFacts *facts, const char *key)
{
	if (strcmp(key, "admin_address") == 0)
		return facts->admin_address;
	if (strcmp(key, "timezone") == 0)
		return g_time_zone_get_identifier(facts->timezone);
	if (strcmp(key, "date_format") == 0)
		return facts->date_format;
	return strcmp(key, "time_format") == 0 ? facts->time_format : NULL;
}

/* What the export says of the site where site.conf says something else, as a line to put there. NULL: the same, or nothing. The caller's. */
static char *
line_of_export(const ImportReport *report, guint index)
{
	const SiteFacts *facts = report->site->facts;
	const struct {
		const char *key;
		const char *exported;
		const char *now;
	} lines[SITE_LINES] = {{"title", report->import->site_title, facts->title},
	    {"description", report->import->site_description, facts->description}, {"url", report->import->site_url, facts->url}};
	if (lines[index].exported[0] == '\0' || strcmp(lines[index].exported, lines[index].now) == 0)
		return NULL;
	return g_strdup_printf("%s = %s", lines[index].key, lines[index].exported);
}

static void
print_site_lines(Command *command, const ImportReport *report)
{
	GString *output = command->console->output;
	gboolean is_said = FALSE;
	for (guint i = 0; i < SITE_LINES; i++) {
		g_autofree char *line = line_of_export(report, i);
		if (!line)
			continue;
		if (!is_said) {
			g_autofree char *file = site_file(report);
			g_autofree char *where =
			    g_strdup_printf("The export says of the site what %s does not; write under [site]:", file);
			show_heading(command, "The site");
			prose_add(output, 2, "", where);
		}
		is_said = TRUE;
		prose_add(output, 4, "", line);
	}
}

static void
print_questions(Command *command, const ImportReport *report)
{
	GString *output = command->console->output;
	g_autofree char *file = site_file(report);
	const char *group = "";
	show_heading(command, "Questions that no export answers");
	g_autofree char *where =
	    g_strdup_printf("WordPress knows, and you: write the lines below into %s, each under its [group].", file);
	prose_add(output, 2, "", where);
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
		const char *now = current_value(report->site->facts, questions[i].key);
		g_autofree char *line = g_strdup_printf("%s = %s", questions[i].key, questions[i].example);
		if (strcmp(group, questions[i].group) != 0)
			g_string_append_printf(output, "\n  [%s]\n", questions[i].group);
		group = questions[i].group;
		prose_add(output, 4, "", line);
		g_autofree char *question =
		    now ? g_strdup_printf("%s Now: %s", questions[i].question, now) : g_strdup(questions[i].question);
		prose_add(output, 8, "", question);
	}
	g_string_append_c(output, '\n');
	prose_add(output, 4, "- ",
	    "Code of the theme or of plugins on hooks of Contact Form 7 (wpcf7_before_send_mail, wpcf7_posted_data, "
	    "wpcf7_validate_..., wpcf7_mail_components, wpcf7_special_mail_tags ...) is in no export and does not run here. "
	    "Search "
	    "the theme for \"wpcf7_\", and ask whoever made the site.");
}

static guint
count_of(const ImportReport *report, FormOutcome outcome)
{
	guint count = 0;
	for (guint i = 0; i < report->reports->len; i++)
		count += ((const FormReport *)g_ptr_array_index(report->reports, i))->outcome == outcome;
	return count;
}

/* Titles of posts that are told one by one. */
#define POSTS_NAMED 3u

static void
print_posts(GString *output, const ImportReport *report)
{
	const GPtrArray *posts = report->import->posts;
	g_autoptr(GString) line = g_string_new(NULL);
	if (posts->len == 0)
		return;
	g_string_printf(line, "%u of %u public posts and pages %s in posts.ini of the site, for [_post_...]", report->posts,
	    posts->len, report->is_dry_run ? "would be" : "are");
	for (guint i = report->posts; i < posts->len && i < report->posts + POSTS_NAMED; i++) {
		const SitePost *post = g_ptr_array_index(posts, i);
		g_string_append_printf(line, "%s\"%s\"", i == report->posts ? "; it is full, without: " : ", ", post->title);
	}
	if (posts->len > report->posts + POSTS_NAMED)
		g_string_append_printf(line, " and %u older ones", posts->len - report->posts - POSTS_NAMED);
	g_string_append_c(line, '.');
	prose_add(output, 0, "", line->str);
}

static void
print_summary(Command *command, const ImportReport *report)
{
	GString *output = command->console->output;
	guint imported = count_of(report, FORM_IMPORTED), hand = count_of(report, FORM_NEEDS_HAND);
	g_autofree char *line =
	    g_strdup_printf("%s: %u form%s for the site %s: %u imported, %u written but in need of your hand, %u not imported.%s",
		report->file, report->reports->len, report->reports->len == 1 ? "" : "s", report->site->facts->name, imported,
		hand, report->reports->len - imported - hand, report->is_dry_run ? " Dry run: nothing was written." : "");
	prose_add(output, 0, "", line);
	print_posts(output, report);
	g_string_append_c(output, '\n');
}

static void
print_next(Command *command, const ImportReport *report)
{
	const char *name = report->site->facts->name;
	guint damaged = count_of(report, FORM_UNREADABLE), hand = count_of(report, FORM_NEEDS_HAND);
	guint step = 0;
	g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
	if (damaged > 0)
		g_ptr_array_add(steps, g_strdup("Save each damaged form once in WordPress, export again, and import again."));
	if (report->is_dry_run)
		g_ptr_array_add(steps, g_strdup("Run this again without --dry-run."));
	if (hand > 0)
		g_ptr_array_add(steps, g_strdup("Mend the forms that need your hand, or remove their folders."));
	if (hand + count_of(report, FORM_IMPORTED) > 0) {
		g_ptr_array_add(steps, g_strdup("Write the lines above into site.conf."));
		g_ptr_array_add(steps, g_strdup_printf("Look at the mails: sekisho form preview %s FORM", name));
		g_ptr_array_add(steps, g_strdup("sekisho check, then systemctl reload sekishod."));
	}
	if (steps->len > 0)
		show_heading(command, "Next");
	for (; step < steps->len; step++) {
		g_autofree char *lead = g_strdup_printf("%u. ", step + 1);
		prose_add(command->console->output, 5, lead, g_ptr_array_index(steps, step));
	}
}

void
form_report_print(Command *command, const ImportReport *report)
{
	GString *output = command->console->output;
	g_autoptr(GPtrArray) sorted = sorted_reports(report);
	g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	FormPrinting printing = {.command = command, .said = said};
	print_summary(command, report);
	print_table(command, sorted);
	if (count_of(report, FORM_EXISTS) > 0)
		prose_add(output, 0, "", "What is there already was not touched; move its folder away to import it again.");
	for (guint i = 0; i < sorted->len; i++)
		form_report_print_form(&printing, g_ptr_array_index(sorted, i));
	print_site_lines(command, report);
	print_questions(command, report);
	print_next(command, report);
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------------- */

static void
add_text(GVariantBuilder *object, const char *key, const char *text)
{
	command_json_add(object, key, g_variant_new_string(text));
}

static GVariant *
mendings_json(const GPtrArray *mendings)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; mendings && i < mendings->len; i++) {
		const Mending *mending = g_ptr_array_index(mendings, i);
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		add_text(object, "place", mending->place);
		add_text(object, "before", mending->before);
		add_text(object, "after", mending->after);
		add_text(object, "reason", mending->reason);
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

GVariant *
form_report_findings_json(const GPtrArray *findings)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; findings && i < findings->len; i++) {
		const LintFinding *finding = g_ptr_array_index(findings, i);
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		add_text(object, "code", finding->code);
		add_text(object, "place", finding->place);
		add_text(object, "sentence", finding->sentence);
		add_text(object, "advice", finding->advice);
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

static GVariant *
form_json(const FormReport *report)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	command_json_add(object, "id", g_variant_new_uint64(report->id));
	add_text(object, "title", report->title);
	add_text(object, "folder", report->folder);
	add_text(object, "outcome", outcomes[report->outcome].name);
	command_json_add(object, "changed", mendings_json(report->mendings));
	for (guint i = 0; i < FORM_TOPICS; i++)
		command_json_add(object, form_topic_name(i),
		    g_variant_new_strv((const char *const *)report->topics[i]->pdata, (gssize)report->topics[i]->len));
	command_json_add(object, "findings", form_report_findings_json(report->findings));
	return g_variant_builder_end(object);
}

static GVariant *
questions_json(const ImportReport *report)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	g_autofree char *file = site_file(report);
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
		g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
		const char *now = current_value(report->site->facts, questions[i].key);
		add_text(object, "file", file);
		add_text(object, "group", questions[i].group);
		add_text(object, "key", questions[i].key);
		add_text(object, "example", questions[i].example);
		command_json_add(
		    object, "now", g_variant_new_maybe(G_VARIANT_TYPE_STRING, now ? g_variant_new_string(now) : NULL));
		add_text(object, "question", questions[i].question);
		g_variant_builder_add_value(list, g_variant_builder_end(object));
	}
	return g_variant_builder_end(list);
}

void
form_report_print_json(Command *command, const ImportReport *report)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariantBuilder) forms = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < report->reports->len; i++)
		g_variant_builder_add_value(forms, form_json(g_ptr_array_index(report->reports, i)));
	add_text(object, "site", report->site->facts->name);
	command_json_add(object, "is_dry_run", g_variant_new_boolean(report->is_dry_run));
	command_json_add(object, "posts", g_variant_new_uint32(report->posts));
	command_json_add(object, "posts_in_export", g_variant_new_uint32(report->import->posts->len));
	command_json_add(object, "forms", g_variant_builder_end(forms));
	command_json_add(object, "questions", questions_json(report));
	g_autofree char *text = json_from_variant(g_variant_builder_end(object), 2);
	g_string_append_printf(command->console->output, "%s\n", text);
}
