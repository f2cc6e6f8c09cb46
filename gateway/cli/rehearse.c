/*
 * `sekisho rehearse`: the submissions that are kept with their content go through the gate twice, once with the settings that are tried and once as it is now, and only where the two
 * differ something is said, beside what became of it. Where the settings of now are tried, what would have become of each is compared with what became of it. Nothing is changed.
 *
 * Checks that need nobody's answer are made anew. What only the moment could tell (the rates, the captcha's service, the DNS, when the page was loaded) is taken from the evidence
 * that was kept, under the new settings' modes. Where it was not asked then, because something else had decided, it is not known now either.
 */
#include "rehearse.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>

#include "explain.h"
#include "filter.h"
#include "opened.h"
#include "progress.h"
#include "prose.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/cli/table.h"
#include "sekisho/policy/gate.h"
#include "sekisho/policy/lists.h"
#include "show.h"

/* What a rehearsal may say of a submission. */
typedef enum {
	GROUP_HIT,     /* a person released it, and it would be stopped */
	GROUP_STOPPED, /* it came through, and would be stopped */
	GROUP_PASSED,  /* it was stopped, and would come through */
	GROUP_SPARED,  /* it came through, would be stopped now, and would come through */
	GROUP_OTHER,   /* it was stopped, and would be stopped otherwise, or no less than then, though not now */
	GROUPS
} Group;

static const struct {
	const char *name; /* in JSON */
	const char *heading;
} groups[GROUPS] = {{"would_hit_released", "Would be stopped, though a person released them"},
    {"would_stop", "Came through, and would be stopped"}, {"would_pass", "Were stopped, and would come through"},
    {"would_spare", "Came through, would be stopped as it is now, and would come through"},
    {"would_stop_otherwise", "Were stopped, and would be stopped in another way"}};

typedef struct {
	Command *command;
	Config *config; /* the settings that are tried */
	Lists *lists;   /* the lists that are tried */
	/* As they are, with the command's settings: what ends the same with both says nothing. NULL: everything is compared with what was. */
	const Lists *before;
	BrowseFilter browse;
	Table *tables[GROUPS];
	GPtrArray *notes[GROUPS];
	GVariantBuilder *json[GROUPS];
	guint counts[GROUPS];
	guint examined, closed; /* closed: erased, or cannot be opened */
} Rehearsal;

/* --- One submission --------------------------------------------------------------------------------------------------- */

/* TRUE for what only the moment could tell. */
static gboolean
is_of_the_moment(const Finding *finding)
{
	/* What policy/sender.c sees in an address alone is seen anew; the rest of that check is the DNS's. */
	static const char *const seen_anew[] = {"disposable", "role", "several", NULL};
	const gboolean is_dns = finding->check == CHECK_SENDER && !g_strv_contains(seen_anew, finding->code);
	return finding->check == CHECK_RATE || finding->check == CHECK_CAPTCHA || finding->check == CHECK_TRAP || is_dns;
}

/* An entry that allows exempts from what looks at the content, and neither from captcha nor from rates. */
static gboolean
is_exempt(const GPtrArray *findings, Check check)
{
	if (check == CHECK_RATE || check == CHECK_CAPTCHA)
		return FALSE;
	for (guint i = 0; i < findings->len; i++) {
		const Finding *finding = findings->pdata[i];
		if (finding->check == CHECK_LISTS && finding->action == FINDING_PASS && !finding->is_dry_run)
			return TRUE;
	}
	return FALSE;
}

static void
add_recorded(const Verdict *recorded, const GatePolicy *policy, GPtrArray *findings)
{
	for (guint i = 0; recorded && i < recorded->findings->len; i++) {
		const Finding *finding = recorded->findings->pdata[i];
		const FindingHead head = {.check = finding->check,
		    .mode = policy->modes[finding->check],
		    .action = finding->action,
		    .points = finding->points,
		    .code = finding->code};
		if (is_of_the_moment(finding) && !is_exempt(findings, finding->check))
			finding_add(findings, &head, "%s", finding->what);
	}
}

static Verdict *
examine(const Rehearsal *rehearsal, Site *site, const Opened *opened, const Lists *lists)
{
	const GatePolicy *policy = site_gate(site, opened->submission->form_id);
	g_autoptr(Verdict) recorded = opened_verdict(opened);
	GPtrArray *findings = findings_new();
	const GateInput input = {.form = opened->form,
	    .submission = opened->submission,
	    .policy = policy,
	    .disallowed_words = site->disallowed_words,
	    .lists = lists,
	    .vault = rehearsal->command->vault};
	gate_examine(&input, findings, NULL);
	if (!gate_is_refused(findings))
		add_recorded(recorded, policy, findings);
	return verdict_new(findings, policy->hold_points);
}

/* How it is stopped; PASS if it is not, whatever was noted. NULL, where the gate was not asked, passes. */
static FindingAction
stop_of(const Verdict *verdict)
{
	return verdict && verdict->action >= FINDING_HOLD ? verdict->action : FINDING_PASS;
}

/* How it was stopped when it came. A row says held or refused; of a discarded one only the evidence does. */
static FindingAction
first_stop(const SubmissionSummary *summary, const Opened *opened)
{
	g_autoptr(Verdict) recorded = opened_verdict(opened);
	if (summary->status == SUBMISSION_HELD)
		return FINDING_HOLD;
	return summary->status == SUBMISSION_REJECTED ? FINDING_REJECT : stop_of(recorded);
}

static void
report(Rehearsal *rehearsal, Group group, const SubmissionSummary *summary, const Verdict *verdict, const Verdict *before)
{
	g_autofree char *received = command_local_time(rehearsal->command, summary->site, summary->received_at_us);
	g_autofree char *form = g_strdup_printf("%s/%" G_GUINT64_FORMAT, summary->site, summary->form_id);
	g_autofree char *decisive = explain_decisive(verdict);
	const char *was = submission_status_name(summary->status);
	const char *is_now = before ? explain_action(before->action) : "-";
	const char *would_be = explain_action(verdict->action);
	const char *cells[] = {summary->receipt, received, form, was, would_be, is_now, NULL};
	if (!rehearsal->before)
		cells[G_N_ELEMENTS(cells) - 2] = NULL;
	rehearsal->counts[group]++;
	if (rehearsal->counts[group] > LIMIT_LIST_ROWS)
		return;
	table_add(rehearsal->tables[group], cells);
	g_ptr_array_add(rehearsal->notes[group], g_steal_pointer(&decisive));
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "gate", explain_json(verdict));
	if (before)
		g_variant_dict_insert_value(&dict, "gate_now", explain_json(before));
	g_variant_builder_add_value(rehearsal->json[group], show_summary_json(summary, g_variant_dict_end(&dict)));
}

/* `before`, if it is there, has another end than `verdict`. */
static void
compare(
    Rehearsal *rehearsal, const SubmissionSummary *summary, const Opened *opened, const Verdict *verdict, const Verdict *before)
{
	const FindingAction stop = stop_of(verdict);
	if (summary->status == SUBMISSION_RELEASED && stop != FINDING_PASS)
		report(rehearsal, GROUP_HIT, summary, verdict, before);
	else if (summary->status == SUBMISSION_ACCEPTED && stop != FINDING_PASS)
		report(rehearsal, GROUP_STOPPED, summary, verdict, before);
	else if (summary->status == SUBMISSION_ACCEPTED || summary->status == SUBMISSION_RELEASED) {
		if (before)
			report(rehearsal, GROUP_SPARED, summary, verdict, before);
	} else if (stop == FINDING_PASS)
		report(rehearsal, GROUP_PASSED, summary, verdict, before);
	else if (before || stop != first_stop(summary, opened))
		report(rehearsal, GROUP_OTHER, summary, verdict, before);
}

/* As the gate is now. NULL where the present settings have no such form: there everything is new. */
static Verdict *
examine_now(const Rehearsal *rehearsal, const SubmissionSummary *summary, const Opened *tried)
{
	Config *config = rehearsal->command->config;
	g_autoptr(Site) site = config_site(config, summary->site, NULL);
	g_autoptr(Form) form = site ? site_form(site, summary->form_id, NULL) : NULL;
	Opened now = *tried;
	now.form = form;
	return form ? examine(rehearsal, site, &now, rehearsal->before) : NULL;
}

/* The content from our own database, site and form from the settings that are tried. FALSE: it cannot be had. */
static gboolean
rehearse(Rehearsal *rehearsal, const SubmissionSummary *summary)
{
	g_autoptr(Opened) opened = g_new0(Opened, 1);
	opened->planned = g_ptr_array_new();
	opened->submission = submissions_open(rehearsal->command->db, rehearsal->command->vault, summary->id, NULL);
	g_autoptr(Site) site = opened->submission ? config_site(rehearsal->config, summary->site, NULL) : NULL;
	opened->form = site ? site_form(site, summary->form_id, NULL) : NULL;
	if (!opened->form)
		return FALSE;
	/* A canary passes by the gate. */
	if (opened->submission->client->canary[0] != '\0')
		return TRUE;
	g_autoptr(Verdict) verdict = examine(rehearsal, site, opened, rehearsal->lists);
	g_autoptr(Verdict) before = rehearsal->before ? examine_now(rehearsal, summary, opened) : NULL;
	if (!before || stop_of(before) != stop_of(verdict))
		compare(rehearsal, summary, opened, verdict, before);
	return TRUE;
}

/* --- All of them ------------------------------------------------------------------------------------------------------ */

static gboolean
rehearse_all(Rehearsal *rehearsal, GError **error)
{
	const CliConsole *console = rehearsal->command->console;
	g_autoptr(GPtrArray) summaries = browse_list(rehearsal->command->db, &rehearsal->browse, LIMIT_REHEARSED, error);
	if (!summaries)
		return FALSE;
	for (guint i = 0; i < summaries->len; i++) {
		const SubmissionSummary *summary = summaries->pdata[i];
		if (!summary->is_erased && rehearse(rehearsal, summary))
			rehearsal->examined++;
		else
			rehearsal->closed++;
		if (i % 100 == 0)
			progress_show(console, "examining", i, summaries->len);
	}
	progress_end(console);
	return TRUE;
}

static void
print_text(const Rehearsal *rehearsal)
{
	Command *command = rehearsal->command;
	guint changes = 0;
	for (Group group = 0; group < GROUPS; group++) {
		changes += rehearsal->counts[group];
		if (rehearsal->counts[group] == 0)
			continue;
		show_heading(command, "%s: %u", groups[group].heading, rehearsal->counts[group]);
		table_print(rehearsal->tables[group], command->console, rehearsal->notes[group]);
		if (rehearsal->counts[group] > LIMIT_LIST_ROWS)
			command_print_line(command, "... and %u more", rehearsal->counts[group] - LIMIT_LIST_ROWS);
	}
	g_autofree char *line = g_strdup_printf("%u submission%s examined, %u would have another end%s", rehearsal->examined,
	    rehearsal->examined == 1 ? "" : "s", changes, rehearsal->closed > 0 ? "; " : ".");
	g_autofree char *whole =
	    rehearsal->closed > 0
		? g_strdup_printf(
		      "%s%u more cannot be opened any more, or these settings have no form for them.", line, rehearsal->closed)
		: g_strdup(line);
	if (changes > 0)
		g_string_append_c(command->console->output, '\n');
	prose_add(command->console->output, 0, "", whole);
	prose_add(command->console->output, 0, "",
	    rehearsal->before ? "Compared with the settings and lists of now; what ends the same with both is not shown."
			      : "Compared with what became of each.");
	prose_add(command->console->output, 0, "",
	    "Rates, captcha, DNS and the age of the page were taken as they were found then. Nothing is changed.");
}

static void
print_json(const Rehearsal *rehearsal)
{
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "examined", "u", rehearsal->examined);
	g_variant_dict_insert(&dict, "not_opened", "u", rehearsal->closed);
	for (Group group = 0; group < GROUPS; group++)
		g_variant_dict_insert_value(&dict, groups[group].name, g_variant_builder_end(rehearsal->json[group]));
	command_print_json(rehearsal->command, g_variant_dict_end(&dict));
}

static int
run_all(Rehearsal *rehearsal, GError **error)
{
	const char *const headings[] = {
	    "RECEIPT", "RECEIVED", "FORM", "WAS", "WOULD BE", rehearsal->before ? "AS IT IS NOW" : NULL, NULL};
	for (Group group = 0; group < GROUPS; group++) {
		rehearsal->tables[group] = table_new(headings);
		rehearsal->notes[group] = g_ptr_array_new_with_free_func(g_free);
		rehearsal->json[group] = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	}
	gboolean is_done = rehearse_all(rehearsal, error);
	if (is_done && rehearsal->command->is_json)
		print_json(rehearsal);
	else if (is_done)
		print_text(rehearsal);
	for (Group group = 0; group < GROUPS; group++) {
		table_free(rehearsal->tables[group]);
		g_ptr_array_unref(rehearsal->notes[group]);
		g_variant_builder_unref(rehearsal->json[group]);
	}
	return is_done ? EX_OK : EX_SOFTWARE;
}

int
rehearse_entry(Command *command, ListEntry *entry, GError **error)
{
	g_autoptr(GPtrArray) addition = g_ptr_array_new();
	g_ptr_array_add(addition, entry);
	const char *country_file = command->config->country_file;
	g_autoptr(Lists) before = lists_load(command->db, country_file, error);
	g_autoptr(Lists) lists = before ? lists_load_with(command->db, addition, country_file, error) : NULL;
	Rehearsal rehearsal = {.command = command,
	    .config = command->config,
	    .lists = lists,
	    .before = before,
	    .browse = {.site = entry->site[0] != '\0' ? entry->site : NULL}};
	return lists ? run_all(&rehearsal, error) : EX_SOFTWARE;
}

/* --- The verb --------------------------------------------------------------------------------------------------------- */

/* FILE, or the main file in DIR. The caller's. */
static char *
main_file(const char *path)
{
	return g_file_test(path, G_FILE_TEST_IS_DIR) ? g_build_filename(path, "sekisho.conf", NULL) : g_strdup(path);
}

static gboolean
check_site(Config *config, const char *name, GError **error)
{
	g_autoptr(Site) site = config_site(config, name, error);
	g_autoptr(GArray) ids = site ? site_form_ids(site) : NULL;
	for (guint i = 0; ids && i < ids->len; i++) {
		g_autoptr(Form) form = site_form(site, g_array_index(ids, guint64, i), error);
		if (!form)
			return FALSE;
	}
	return ids != NULL;
}

/* What cannot be read would examine nothing, and nothing would look as if nothing changed. The one site that is asked about, or all. */
static gboolean
check_settings(Config *config, const char *only, GError **error)
{
	if (only)
		return check_site(config, only, error);
	g_autoptr(GPtrArray) names = config_site_names(config, error);
	if (names && names->len == 0)
		g_set_error(error, CONF_ERROR, CONF_ERROR_NO_SITE, "there is no site in %s; name settings with sites",
		    config->sites_directory);
	for (guint i = 0; names && i < names->len; i++)
		if (!check_site(config, names->pdata[i], error))
			return FALSE;
	return names && names->len > 0;
}

/* TRUE if both paths are there and lead to the same. */
static gboolean
is_same(const char *path, const char *other)
{
	GStatBuf one, two;
	return g_stat(path, &one) == 0 && g_stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* Another main file with the sites in use would try nothing that its author has changed. */
static gboolean
check_sites(const Command *command, const char *file, const Config *tried, GError **error)
{
	if (is_same(file, command->config_path) || !is_same(tried->sites_directory, command->config->sites_directory))
		return TRUE;
	command_usage(error,
	    "%s names the sites that are in use, %s, so it would try nothing new; give it a sites_directory of its own, "
	    "with a copy of the sites in which you change what you want to try",
	    file, tried->sites_directory);
	return FALSE;
}

static void
print_tried(Command *command, const char *file, const Rehearsal *rehearsal)
{
	g_autofree char *line = g_strdup_printf("Settings tried: %s, sites of %s", file, rehearsal->config->sites_directory);
	if (!command->is_json)
		command_print_line(command, "%s", line);
}

static int
run_tried(Command *command, const char *tried, Rehearsal *rehearsal, GError **error)
{
	if (!command_open_vault(command, error))
		return EX_CONFIG;
	g_autofree char *file = main_file(tried ? tried : command->config_path);
	g_autoptr(Config) config = tried ? config_load(file, error) : NULL;
	if (tried && !config)
		return EX_CONFIG;
	rehearsal->config = config ? config : command->config;
	if (!check_sites(command, file, rehearsal->config, error))
		return EX_USAGE;
	if (!check_settings(rehearsal->config, rehearsal->browse.site, error))
		return EX_CONFIG;
	g_autoptr(Lists) lists = lists_load(command->db, rehearsal->config->country_file, error);
	g_autoptr(Lists) before = lists && tried ? lists_load(command->db, command->config->country_file, error) : NULL;
	rehearsal->lists = lists;
	rehearsal->before = before;
	if (!lists || (tried && !before))
		return EX_SOFTWARE;
	print_tried(command, file, rehearsal);
	return run_all(rehearsal, error);
}

static int
rehearse_run(Command *command, char ***arguments, GError **error)
{
	g_auto(Filter) filter = {0};
	/* What stands before the verb names the gateway whose submissions are looked at; what stands behind it, the settings that are tried. */
	g_autofree char *own_config = g_strdup(command->config_path);
	g_autofree char *tried = NULL;
	const GOptionEntry own[] = {
	    filter_option(&filter, FILTER_SITE),
	    filter_option(&filter, FILTER_FORM),
	    filter_option(&filter, FILTER_SINCE),
	    filter_option(&filter, FILTER_BEFORE),
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	if (!command_parse(command, &rehearse_verb, own, arguments, error))
		return EX_OK;
	if (g_strcmp0(own_config, command->config_path) != 0) {
		tried = g_steal_pointer(&command->config_path);
		command->config_path = g_steal_pointer(&own_config);
	}
	Rehearsal rehearsal = {.command = command};
	if (!filter_read(command, &filter, &rehearsal.browse, error))
		return EX_CONFIG;
	return run_tried(command, tried, &rehearsal, error);
}

const Verb rehearse_verb = {
    .name = "rehearse",
    .arguments = "",
    .help = "Say what other settings would have done to what is kept",
    .details = "Here --config names the settings to try, a file or a folder with sekisho.conf\n"
	       "in it (default: those of now). Where the gateway itself is not in\n"
	       "/etc/sekisho, name it before the verb:\n"
	       "\n"
	       "  sekisho --config MAIN rehearse --config TRIED",
    .run = rehearse_run,
};
