/*
 * `sekisho report --mail`: reports to the owners of sites, for the timer.
 *
 *   of each site: nothing is due
 *                 due -> begun (number) -> a server took it: sent
 *                                       -> none did: it keeps its number, and the next run sends it
 *
 * The mail goes by the site's accounts in order, without the queue, because a report tells of the queue. A run that finds that an earlier report should have gone and did not raises the
 * alarm `report` of the site; the courier, which looks once an hour, does the same where no run comes any more. One site's trouble keeps no other site's report back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "outgoing.h"
#include "period.h"
#include "report_verb.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/relay/report_letter.h"
#include "sekisho/relay/trial.h"
#include "sekisho/store/ledger.h"
#include "sekisho/store/reports.h"

#define TOPIC "report"
/* A week with a change of clocks may be shorter by that. */
#define CLOCKS_US (2 * G_TIME_SPAN_HOUR)

typedef struct {
	Command *command;
	const ReportOptions *options;
	gboolean has_others;   /* there is more than one site */
	GVariantBuilder *list; /* what was done, for JSON */
	guint sent;
	guint failed;
} Round;

/* --- Is it due? ---------------------------------------------------------------------------------------------------------- */

/* Asked for by name or with a period it goes whatever was sent before; and what was asked for in between stands for none that is due, unless it says all that this one would. */
static gboolean
is_due(const Round *round, const ReportRecord *record, gboolean *is_wanted, GError **error)
{
	gboolean is_covered = FALSE;
	if (!round->options->site && !round->options->since_text &&
	    !reports_is_covered(round->command->ledger, record, &is_covered, error))
		return FALSE;
	*is_wanted = !is_covered;
	return TRUE;
}

static gboolean
read_period(const Round *round, const Site *site, Period *period, GError **error)
{
	const char *scheduled = site->report_schedule == REPORT_WEEKLY ? "last-week" : "yesterday";
	const char *text = round->options->since_text ? round->options->since_text : scheduled;
	return period_read(text, "--since", site->facts->timezone, period, error);
}

/* Whether the one that follows `record` should have gone by now, both as it was promised then and by the present schedule. */
static gboolean
is_overdue(const Site *site, const ReportRecord *record)
{
	return MAX(record->next_by_us, report_next_by_us(site, record->to_us)) < clock_now_us();
}

/* Reports that should have gone between the last that was sent and this one. */
static guint
count_missing(const Site *site, const Period *period, const ReportRecord *last_sent)
{
	gint64 gap_us = last_sent && is_overdue(site, last_sent) ? period->from_us - last_sent->to_us + CLOCKS_US : 0;
	return gap_us < 0 ? 0 : (guint)(gap_us / report_interval_us(site));
}

/* --- The alarm ------------------------------------------------------------------------------------------------------------- */

static gboolean
raise_alarm(Db *ledger, const Site *site, GError **error)
{
	const char *name = site->facts->name;
	const TextPlace places[] = {{"site", name}, {NULL, NULL}};
	g_autofree char *text = text_fill(text_for(site_locale(site), "alarm." TOPIC), places);
	gboolean is_new = FALSE;
	return ledger_alarm_expire(ledger, name, TOPIC, G_TIME_SPAN_DAY, error) &&
	       ledger_alarm_raise(ledger, name, TOPIC, text, &is_new, error);
}

/* `last`: the newest, sent or not. */
static gboolean
tell_missing(Db *ledger, const Site *site, const ReportRecord *last, const ReportRecord *last_sent, GError **error)
{
	gboolean is_missing = (last && last->sent_at_us == 0) || (last_sent && is_overdue(site, last_sent));
	return !is_missing || site->report_schedule == REPORT_OFF || raise_alarm(ledger, site, error);
}

/* --- Sending ----------------------------------------------------------------------------------------------------------------- */

static void
set_failure(const Account *account, const TrialOutcome *outcome, GError **error)
{
	g_autofree char *answer =
	    outcome->reply_code == 0 ? g_strdup("") : g_strdup_printf(": %u %s", outcome->reply_code, outcome->server_text);
	g_set_error(error, RELAY_ERROR, RELAY_ERROR_LOST, "account %s: %s%s", account->name, outcome->failure, answer);
}

/* By one account. FALSE with RELAY_ERROR if it did not take it. */
static gboolean
try_account(Command *command, TrialMail *mail, GError **error)
{
	g_auto(TrialOutcome) outcome = {0};
	char *secret = outgoing_secret(command->config, mail->account, error);
	mail->secret = secret;
	gboolean is_tried = secret && trial_send(mail, &outcome, error);
	password_free(secret);
	if (is_tried && !outcome.is_sent)
		set_failure(mail->account, &outcome, error);
	return is_tried && outcome.is_sent;
}

/* By the first account that takes it; the last one's error. */
static gboolean
send_letter(Command *command, const Site *site, Letter *letter, GError **error)
{
	g_autofree char *program = outgoing_program();
	TrialMail mail = {
	    .program = program, .config = command->config, .site = site, .recipient = site->report_address, .letter = letter};
	for (guint i = 0; i < site->accounts->len; i++) {
		gboolean is_last = i + 1 == site->accounts->len;
		mail.account = site->accounts->pdata[i];
		if (try_account(command, &mail, is_last ? error : NULL))
			return TRUE;
	}
	return FALSE;
}

/* `record` is begun and has its number. */
static gboolean
send_report(const Round *round, const Site *site, const ReportRecord *record, guint missing, GError **error)
{
	Command *command = round->command;
	const ReportRequest wanted = {.site = record->site,
	    .from_us = record->from_us,
	    .to_us = record->to_us,
	    .has_links = TRUE,
	    .hides_shared = round->has_others};
	g_autoptr(Report) report = report_of_period(command, &wanted, error);
	if (!report)
		return FALSE;
	report->number = record->number;
	report->last_missing = missing;
	g_autoptr(Letter) letter = report_letter(report, site, error);
	if (!letter || !send_letter(command, site, letter, error))
		return FALSE;
	if (reports_sent(command->ledger, record->site, record->number, error))
		return ledger_alarm_expire(command->ledger, record->site, TOPIC, 0, error);
	g_prefix_error(error, "the mail server took it, but this could not be noted, so that the next run sends it again: ");
	return FALSE;
}

/* --- A site ---------------------------------------------------------------------------------------------------------------------- */

static void
tell(Round *round, const Site *site, const ReportRecord *record, const GError *failure)
{
	Command *command = round->command;
	if (failure) {
		g_autofree char *shown = text_for_terminal(failure->message, TRUE);
		g_string_append_printf(command->console->complaint, "sekisho: %s: report No. %u was not sent: %s\n",
		    site->facts->name, record->number, shown);
		round->failed++;
	} else {
		round->sent++;
		if (!command->is_json)
			command_print_line(
			    command, "%s: report No. %u sent to %s", site->facts->name, record->number, site->report_address);
	}
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", site->facts->name);
	g_variant_dict_insert(&dict, "number", "u", record->number);
	g_variant_dict_insert_value(&dict, "from", command_json_time(record->from_us));
	g_variant_dict_insert_value(&dict, "to", command_json_time(record->to_us));
	g_variant_dict_insert(&dict, "is_sent", "b", failure == NULL);
	g_variant_dict_insert(&dict, "failure", "ms", failure ? failure->message : NULL);
	g_variant_builder_add_value(round->list, g_variant_dict_end(&dict));
}

/* FALSE: with the error of what is no matter of its mail. */
static gboolean
attend_site(Round *round, const Site *site, GError **error)
{
	Db *ledger = round->command->ledger;
	g_autoptr(ReportRecord) last = NULL;
	g_autoptr(ReportRecord) last_sent = NULL;
	g_autoptr(GError) failure = NULL;
	Period period = {0};
	if (!read_period(round, site, &period, error))
		return FALSE;
	ReportRecord record = {.site = site->facts->name,
	    .from_us = period.from_us,
	    .to_us = period.to_us,
	    .next_by_us = report_next_by_us(site, period.to_us)};
	gboolean is_wanted = FALSE;
	if (!is_due(round, &record, &is_wanted, error) || !reports_last(ledger, site->facts->name, &last, error) ||
	    !reports_last_sent(ledger, site->facts->name, &last_sent, error))
		return FALSE;
	if (!is_wanted)
		return TRUE;
	if (!tell_missing(ledger, site, last, last_sent, error) || !reports_begin(ledger, &record, error))
		return FALSE;
	(void)send_report(round, site, &record, count_missing(site, &period, last_sent), &failure);
	tell(round, site, &record, failure);
	return TRUE;
}

/* --- All sites --------------------------------------------------------------------------------------------------------------------- */

/* Names of the sites that are meant (char *). The caller's; NULL on error. */
static GPtrArray *
find_names(Round *round, GError **error)
{
	g_autoptr(GPtrArray) all = config_site_names(round->command->config, error);
	round->has_others = all && all->len > 1;
	if (!all || !round->options->site)
		return g_steal_pointer(&all);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(names, g_strdup(round->options->site));
	return names;
}

/* Of all sites, one that cannot be read is one that failed. */
static gboolean
attend_name(Round *round, const char *name, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Site) site = config_site(round->command->config, name, &problem);
	if (site)
		return (site->report_schedule == REPORT_OFF && !round->options->site) || attend_site(round, site, error);
	if (round->options->site) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	g_autofree char *shown = text_for_terminal(problem->message, TRUE);
	g_string_append_printf(round->command->console->complaint, "sekisho: %s: no report: %s\n", name, shown);
	round->failed++;
	return TRUE;
}

static gboolean
conclude(Round *round, GError **error)
{
	g_autoptr(GVariant) list = g_variant_ref_sink(g_variant_builder_end(round->list));
	if (round->command->is_json)
		command_print_json(round->command, list);
	else if (round->sent == 0 && round->failed == 0)
		command_print_line(round->command, "no report is due");
	if (round->failed == 0)
		return TRUE;
	g_set_error(error, RELAY_ERROR, RELAY_ERROR_LOST, "%u of %u reports could not be sent; the next run tries again",
	    round->failed, round->failed + round->sent);
	return FALSE;
}

/* Two runs at once, of a timer and of cron, would both find the same report due. The folder's lock ends with the descriptor; -1 on error. */
static int
lock_out_others(const Config *config, GError **error)
{
	int folder = open(config->courier_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) == 0)
		return folder;
	if (folder >= 0 && errno == EWOULDBLOCK)
		g_set_error_literal(
		    error, STORE_ERROR, STORE_ERROR_BUSY, "another `sekisho report --mail` is running at this moment");
	else
		g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "%s: %s", config->courier_directory, g_strerror(errno));
	if (folder >= 0)
		(void)close(folder);
	return -1;
}

static gboolean
mail_all(Command *command, const ReportOptions *options, GError **error)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	Round round = {.command = command, .options = options, .list = list};
	g_autoptr(GPtrArray) names = find_names(&round, error);
	for (guint i = 0; names && i < names->len; i++)
		if (!attend_name(&round, names->pdata[i], error))
			return FALSE;
	return names && conclude(&round, error);
}

gboolean
report_mail(Command *command, const ReportOptions *options, GError **error)
{
	int lock = lock_out_others(command->config, error);
	gboolean is_good = lock >= 0 && mail_all(command, options, error);
	if (lock >= 0)
		(void)close(lock);
	return is_good;
}
