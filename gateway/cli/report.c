/*
 * `sekisho report`: what happened on the sites, in numbers, on the terminal, as HTML or as JSON; report_mail.c mails it to their owners. It only reads, and the numbers of reports that are mailed have nothing
 * to do with those that are shown.
 */
#include "sekisho/relay/report.h"

#include <string.h>
#include <sysexits.h>

#include "period.h"
#include "progress.h"
#include "report_verb.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/report_letter.h"

#define WIDTH 80u
/* Submissions after which the bar moves. */
#define PROGRESS_STEP 50u

static void
show_progress(guint64 done, guint64 total, gpointer user_data)
{
	const CliConsole *console = user_data;
	if (done % PROGRESS_STEP == 0)
		progress_show(console, "reading", done, total);
	if (done == total)
		progress_end(console);
}

Report *
report_of_period(Command *command, const ReportRequest *wanted, GError **error)
{
	const ReviewHouse house = {.db = command->db, .ledger = command->ledger, .vault = command->vault};
	ReportRequest request = *wanted;
	request.config = command->config;
	request.house = &house;
	request.counters = command->counters;
	request.progress = show_progress;
	request.user_data = command->console;
	return report_collect(&request, error);
}

/* --- Showing ----------------------------------------------------------------------------------------------------------- */

/* The language of the site; without one, of who sits there. */
static const char *
find_locale(const Site *site)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	const char *value = NULL;
	for (gsize i = 0; site == NULL && i < G_N_ELEMENTS(variables) && (value == NULL || *value == '\0'); i++)
		value = g_getenv(variables[i]);
	if (site)
		return site_locale(site);
	return value && g_str_has_prefix(value, "ja") ? "ja" : "en";
}

static void
print(Command *command, const Report *report, const Site *site, const char *format)
{
	if (strcmp(format, "json") == 0) {
		command_print_json(command, report_json(report));
		return;
	}
	const char *locale = find_locale(site);
	g_autofree char *text =
	    strcmp(format, "html") == 0 ? report_html(report, site, locale, NULL) : report_text(report, site, locale, WIDTH);
	g_string_append(command->console->output, text);
}

/* What is counted by hours begins with one where a period ends now. */
static gboolean
read_period(const char *text, GTimeZone *zone, Period *period, GError **error)
{
	if (!period_read(text, "--since", zone, period, error))
		return FALSE;
	gint64 duration_us = 0;
	if (period_duration(text, &duration_us))
		period->from_us -= period->from_us % G_TIME_SPAN_HOUR;
	if (period->to_us - period->from_us <= LIMIT_AUDIT_US)
		return TRUE;
	command_usage(error, "--since reaches back too far: a report is of 400 days at most");
	return FALSE;
}

static gboolean
show(Command *command, const ReportOptions *options, GError **error)
{
	const char *format = command->is_json ? "json" : options->format ? options->format : "text";
	Period period = {0};
	g_autoptr(Site) site = options->site ? config_site(command->config, options->site, error) : NULL;
	if (options->site && !site)
		return FALSE;
	g_autoptr(GTimeZone) zone = site ? g_time_zone_ref(site->facts->timezone) : g_time_zone_new_utc();
	if (!read_period(options->since_text ? options->since_text : "24h", zone, &period, error))
		return FALSE;
	const ReportRequest wanted = {.site = options->site, .from_us = period.from_us, .to_us = period.to_us};
	g_autoptr(Report) report = report_of_period(command, &wanted, error);
	if (!report)
		return FALSE;
	print(command, report, site, format);
	return TRUE;
}

/* --- The verb ---------------------------------------------------------------------------------------------------------- */

static gboolean
check_options(const Command *command, const ReportOptions *options, GError **error)
{
	static const char *const formats[] = {"text", "html", "json", NULL};
	if (options->format && !g_strv_contains(formats, options->format))
		command_usage(error, "--format is text, html or json");
	else if (options->format && (options->is_mail || command->is_json))
		command_usage(error, "--format goes neither with --mail, which has text and HTML, nor with --json");
	else
		return TRUE;
	return FALSE;
}

static gboolean
obey(Command *command, const ReportOptions *options, GError **error)
{
	if (!check_options(command, options, error) || !command_open_store(command, error) ||
	    !command_open_ledger(command, error) || !command_open_counters(command, error) || !command_open_vault(command, error))
		return FALSE;
	return options->is_mail ? report_mail(command, options, error) : show(command, options, error);
}

static int
report_run(Command *command, char ***arguments, GError **error)
{
	ReportOptions options = {0};
	const GOptionEntry own[] = {
	    {"since", 0, 0, G_OPTION_ARG_STRING, &options.since_text,
		"Of which period: 24h (default), yesterday, last-week, or of the day 2026-11-01", "TIME"},
	    {"site", 's', 0, G_OPTION_ARG_STRING, &options.site, "Only of this site", "SITE"},
	    {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "How it is written (default: text)", "text|html|json"},
	    {"mail", 0, 0, G_OPTION_ARG_NONE, &options.is_mail, "Mail it to the owners of the sites", NULL},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_done = !command_parse(command, &report_verb, own, arguments, error) || obey(command, &options, error);
	g_free(options.site);
	g_free(options.since_text);
	g_free(options.format);
	return is_done ? EX_OK : EX_SOFTWARE;
}

const Verb report_verb = {
    .name = "report",
    .arguments = "",
    .help = "Show, or mail to the owners, what happened on the sites",
    .details = "With --mail each site's report goes to its admin_address, or [report] address,\n"
	       "in the site's language and with a number of its own. Without --site and --since\n"
	       "only what is due is sent, as [report] send says: of yesterday or of last week;\n"
	       "so it may be run as often as you like, and sends nothing twice. What no server\n"
	       "took goes with the next run.",
    .run = report_run,
};
