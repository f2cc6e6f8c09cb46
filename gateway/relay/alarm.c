/*
 * Alarms reach the operator past the log: by a program of his (alarm_command), and by mail to alarm_address.
 *
 *   raised (ledger) -> each channel that is configured: idle -> telling -> told (ledger)
 *                                                              -> failed: again later, growing delays
 *   A channel that is not configured counts as told, so that alarms of old do not come when it is configured one day.
 *   Where neither is, a site's alarm is mailed to its admin_address: a tripped fuse must reach somebody. The gateway's own stands in the log.
 *   A mail that failed goes by the next account at once, first alarm_account and then those of the site; after the last of them it waits.
 *
 * Each channel tells one alarm at a time. What failed waits by itself, so that one site's broken account does not silence another site's alarm. The mail
 * takes a session of its own (worker.h) beside the courier's flights, because those wait with the outbox and may be what the alarm is about. How the
 * program runs, alarm_command.c says. Nothing here waits: the courier's loop polls and steps. A crash between telling and the ledger's note tells once more.
 */
#include "courier_parts.h"
#include "letter_parts.h"
#include "retry.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/relay/alarm_command.h"

/* How often the ledger is asked: `sekisho` raises alarms, too. */
#define LOOK_US G_TIME_SPAN_MINUTE

/* An alarm that could not be told by one channel. */
typedef struct {
	gint64 next_at_us; /* not before, monotonic */
	guint failures;
} Pause;

typedef struct {
	Alarm *alarm;       /* being told; NULL: idle */
	guint ways;         /* of telling this one, which are tried in turn; 0: it has none yet */
	GHashTable *pauses; /* gint64 * of alarms -> Pause *; of those that the ledger listed last: at most LIMIT_ALARMS */
} Channel;

struct Alarms {
	Courier *courier;
	gint64 look_at_us;
	Channel command, mail;
	AlarmCommand *program;
	Worker *worker;
	gboolean is_mailed; /* the session said so */
	char *trouble;      /* or why not */
};

Alarms *
alarms_new(Courier *courier)
{
	Alarms *alarms = g_new0(Alarms, 1);

	alarms->courier = courier;
	alarms->command.pauses = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	alarms->mail.pauses = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return alarms;
}

void
alarms_free(Alarms *alarms)
{
	if (alarms == NULL)
		return;
	alarm_command_free(alarms->program);
	worker_free(alarms->worker);
	g_clear_pointer(&alarms->command.alarm, alarm_free);
	g_clear_pointer(&alarms->mail.alarm, alarm_free);
	g_hash_table_unref(alarms->command.pauses);
	g_hash_table_unref(alarms->mail.pauses);
	g_free(alarms->trouble);
	g_free(alarms);
}

gboolean
alarm_raise(Courier *courier, const char *site, const char *topic, const char *text)
{
	g_autoptr(GError) error = NULL;
	gboolean is_new = FALSE;

	if (!ledger_alarm_raise(courier->ledger, site, topic, text, &is_new, &error))
		log_error(
		    LOG_STORE_FAILED, error, "consequence", "an alarm could not be raised", "topic", topic, "site", site, NULL);
	courier->alarms->look_at_us = 0;
	return is_new;
}

static gboolean
raise_daily(Courier *courier, const char *site, const char *locale, const char *topic)
{
	g_autoptr(GError) error = NULL;
	const TextPlace places[] = {{"site", site}, {NULL, NULL}};
	g_autofree char *text_id = g_strconcat("alarm.", topic, NULL);
	g_autofree char *text = text_fill(text_for(locale, text_id), places);
	gboolean is_new = FALSE;

	if (!ledger_alarm_expire(courier->ledger, site, topic, G_TIME_SPAN_DAY, &error) ||
	    !ledger_alarm_raise(courier->ledger, site, topic, text, &is_new, &error)) {
		log_error(
		    LOG_STORE_FAILED, error, "consequence", "an alarm could not be raised", "topic", topic, "site", site, NULL);
		return FALSE;
	}
	courier->alarms->look_at_us = 0;
	return TRUE;
}

void
alarm_raise_daily(Courier *courier, const Site *site, const char *topic)
{
	(void)raise_daily(courier, site->facts->name, site_locale(site), topic);
}

gboolean
alarm_raise_for(Courier *courier, const char *site, const char *topic)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) loaded = config_site(courier->settings->config, site, &error);

	/* Rows name sites, and a front that was taken over may name any: what is none of ours is the gateway's. */
	if (g_error_matches(error, CONF_ERROR, CONF_ERROR_NO_SITE))
		return raise_daily(courier, "", "en", topic);
	return raise_daily(courier, site, loaded == NULL ? "en" : site_locale(loaded), topic);
}

/* --- Ends of a try --------------------------------------------------------------------------------------------------------------- */

typedef gboolean (*NoteTold)(Db *ledger, gint64 id, GError **error);

/* How often telling the alarm at hand has failed. */
static guint
failures_of(const Channel *channel)
{
	const Pause *pause = g_hash_table_lookup(channel->pauses, &channel->alarm->id);

	return pause == NULL ? 0 : pause->failures;
}

static void
note_failed(Alarms *alarms, Channel *channel, const char *name, const char *reason)
{
	Pause *pause = g_hash_table_lookup(channel->pauses, &channel->alarm->id);

	if (pause == NULL) {
		pause = g_new0(Pause, 1);
		g_hash_table_insert(channel->pauses, g_memdup2(&channel->alarm->id, sizeof channel->alarm->id), pause);
	}
	guint ways = MAX(channel->ways, 1);
	gboolean is_round_over = ++pause->failures % ways == 0;
	pause->next_at_us = g_get_monotonic_time() + (is_round_over ? retry_delay_us(pause->failures / ways, g_random_int()) : 0);
	log_event(LOG_ALARM_FAILED, "channel", name, "topic", channel->alarm->topic, "site", channel->alarm->site, "reason",
	    reason, NULL);
	g_clear_pointer(&channel->alarm, alarm_free);
	alarms->look_at_us = 0;
}

static void
note_told(Alarms *alarms, Channel *channel, const char *name, NoteTold note)
{
	g_autoptr(GError) error = NULL;

	if (!note(alarms->courier->ledger, channel->alarm->id, &error)) {
		note_failed(alarms, channel, name, error->message);
		return;
	}
	log_event(LOG_ALARM_TOLD, "channel", name, "topic", channel->alarm->topic, "site", channel->alarm->site, NULL);
	g_clear_pointer(&channel->alarm, alarm_free);
	alarms->look_at_us = 0;
}

/* --- The program ------------------------------------------------------------------------------------------------------------------- */

static void
start_command(Alarms *alarms)
{
	g_autoptr(GError) error = NULL;
	const Alarm *alarm = alarms->command.alarm;
	const AlarmCommandRequest request = {.program = alarms->courier->settings->config->alarm_command,
	    .topic = alarm->topic,
	    .site = alarm->site,
	    .text = alarm->text,
	    .deadline_ms = LIMIT_ALARM_COMMAND_MS};

	alarms->program = alarm_command_start(&request, &error);
	if (alarms->program == NULL)
		note_failed(alarms, &alarms->command, "command", error->message);
}

static void
step_command(Alarms *alarms)
{
	g_autoptr(GError) error = NULL;
	AlarmCommandState state = alarms->program == NULL ? ALARM_COMMAND_RUNS : alarm_command_step(alarms->program, &error);

	if (state == ALARM_COMMAND_RUNS)
		return;
	g_clear_pointer(&alarms->program, alarm_command_free);
	if (state == ALARM_COMMAND_TOLD)
		note_told(alarms, &alarms->command, "command", ledger_alarm_commanded);
	else
		note_failed(alarms, &alarms->command, "command", error->message);
}

/* --- The mail ------------------------------------------------------------------------------------------------------------------------ */

/* Whom an alarm is mailed to, and how. */
typedef struct {
	const Site *site;       /* NULL: it is the whole gateway's, or the site cannot be read */
	const char *address;    /* NULL: there is none */
	const Account *account; /* NULL: there is none */
	guint ways;             /* accounts that it may go by */
} Route;

/* By which account it goes after so many failures. */
static Route
find_route(const Config *config, const Site *site, guint failures)
{
	Route route = {.site = site, .address = config->alarm_address};
	gboolean is_owner_told = *route.address == '\0';
	const Account *own = is_owner_told ? NULL : config->alarm_account;
	guint own_count = own == NULL ? 0 : 1;

	if (is_owner_told)
		route.address = site == NULL ? NULL : site->facts->admin_address;
	route.ways = own_count + (site == NULL ? 0 : site->accounts->len);
	if (route.ways == 0)
		return route;
	guint turn = failures % route.ways;
	route.account = turn < own_count ? own : site->accounts->pdata[turn - own_count];
	return route;
}

/* The site's words and sender; over an account of the alarm's own, which need not send for the site, the address writes to itself. */
static Letter *
alarm_letter(const Alarm *alarm, const Route *route)
{
	const Site *site = route->site;
	gboolean is_by_site = site != NULL && g_ptr_array_find((GPtrArray *)site->accounts, route->account, NULL);
	const char *locale = site == NULL ? "en" : site_locale(site);
	g_autofree char *topic_id = g_strconcat("alarm.topic_", alarm->topic, NULL);
	const char *topic = text_find(locale, topic_id);
	const TextPlace places[] = {
	    {"topic", topic ? topic : alarm->topic}, {"site", *alarm->site == '\0' ? "-" : alarm->site}, {NULL, NULL}};
	g_autoptr(Mailbox) from = is_by_site ? mailbox_parse(site->facts->from, NULL) : NULL;
	Letter *letter = letter_empty();

	letter->message_id = g_strdup_printf("alarm.%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT "@%s", alarm->id,
	    alarm->raised_at_us / G_USEC_PER_SEC, *alarm->site == '\0' ? "sekisho" : alarm->site);
	letter->date_us = alarm->raised_at_us;
	letter->envelope_sender = g_strdup(from == NULL ? route->address : site->facts->bounce_address);
	letter->from = from != NULL ? g_steal_pointer(&from) : letter_mailbox_new("sekisho", route->address);
	letter_add_mailbox(letter->to, "", route->address);
	letter->subject = text_fill(text_for(locale, "alarm.subject"), places);
	g_autofree char *told = text_truncate(alarm->text, LIMIT_ALARM_TEXT_BYTES);
	letter->text = g_strconcat(told, "\n", text_for(locale, "alarm.foot"), NULL);
	letter_add_recipient(letter, alarm->id, route->address);
	return letter;
}

static void
on_outcome(gint64 id, const GError *failure, guint reply_code, const char *server_text, gpointer user_data)
{
	Alarms *alarms = user_data;

	(void)id;
	(void)reply_code;
	alarms->is_mailed = failure == NULL;
	if (failure != NULL) {
		g_free(alarms->trouble);
		alarms->trouble = g_strdup_printf("%s %s", failure->message, server_text);
	}
}

static void
on_account_failed(const GError *failure, const char *server_text, gpointer user_data)
{
	on_outcome(0, failure, 0, server_text, user_data);
}

static Worker *
start_worker(Alarms *alarms, GError **error)
{
	Courier *courier = alarms->courier;
	const Alarm *alarm = alarms->mail.alarm;
	g_autoptr(Site) site = *alarm->site == '\0' ? NULL : config_site(courier->settings->config, alarm->site, NULL);
	const Route route = find_route(courier->settings->config, site, failures_of(&alarms->mail));

	alarms->mail.ways = route.ways;
	if (route.address == NULL || route.account == NULL) {
		g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT,
		    "there is no account or address for it; set alarm_address and alarm_account");
		return NULL;
	}
	char *password = account_secret(route.account, error);
	if (password == NULL)
		return NULL;
	g_autoptr(GPtrArray) letters = g_ptr_array_new_with_free_func((GDestroyNotify)letter_free);
	g_ptr_array_add(letters, alarm_letter(alarm, &route));
	const WorkerSettings settings = {
	    .program = courier->settings->program, .connect_ms = LIMIT_SESSION_CONNECT_MS, .life_ms = LIMIT_SESSION_MS};
	const TransportJob job = {.account = route.account, .secret = password, .letters = letters};
	const TransportReport report = {.outcome = on_outcome, .account_failed = on_account_failed, .user_data = alarms};
	Worker *worker = worker_start(&settings, &job, &report, error);
	password_free(password);
	return worker;
}

static void
start_mail(Alarms *alarms)
{
	g_autoptr(GError) error = NULL;

	alarms->is_mailed = FALSE;
	g_clear_pointer(&alarms->trouble, g_free);
	alarms->worker = start_worker(alarms, &error);
	if (alarms->worker == NULL)
		note_failed(alarms, &alarms->mail, "mail", error->message);
}

static void
step_mail(Alarms *alarms)
{
	if (alarms->worker == NULL || !worker_step(alarms->worker))
		return;
	const char *trouble = alarms->trouble != NULL ? alarms->trouble : worker_trouble(alarms->worker);
	if (alarms->is_mailed)
		note_told(alarms, &alarms->mail, "mail", ledger_alarm_mailed);
	else
		note_failed(
		    alarms, &alarms->mail, "mail", trouble != NULL ? trouble : "the session ended without a word about the mail");
	g_clear_pointer(&alarms->worker, worker_free);
}

/* --- The loop -------------------------------------------------------------------------------------------------------------------------- */

/* Forgets alarms that were told or cleared meanwhile. */
static void
forget_pauses(Channel *channel, const GPtrArray *untold)
{
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, channel->pauses);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		gboolean is_untold = FALSE;
		for (guint i = 0; i < untold->len && !is_untold; i++)
			is_untold = ((const Alarm *)untold->pdata[i])->id == *(const gint64 *)id;
		if (!is_untold)
			g_hash_table_iter_remove(&iter);
	}
}

/* The oldest that was not tried yet, or whose turn came first; taken out of the list. NULL if all wait. */
static Alarm *
take_next(GPtrArray *untold, const Channel *channel)
{
	gint64 first_at_us = g_get_monotonic_time() + 1;
	gint found = -1;

	for (guint i = 0; i < untold->len; i++) {
		const Pause *pause = g_hash_table_lookup(channel->pauses, &((const Alarm *)untold->pdata[i])->id);
		gint64 at_us = pause == NULL ? 0 : pause->next_at_us;
		if (at_us < first_at_us) {
			found = (gint)i;
			first_at_us = at_us;
		}
	}
	return found < 0 ? NULL : g_ptr_array_steal_index(untold, (guint)found);
}

/* TRUE if the alarm is told this way. */
static gboolean
is_channel(const Config *config, const Alarm *alarm, gboolean is_command)
{
	gboolean is_silent = *config->alarm_command == '\0' && *config->alarm_address == '\0';

	if (is_command)
		return *config->alarm_command != '\0';
	return *config->alarm_address != '\0' || (is_silent && *alarm->site != '\0');
}

/* This way of telling is not configured. FALSE if the ledger failed. */
static gboolean
pass_over(Alarms *alarms, Channel *channel, gboolean is_command, GError **error)
{
	const Config *config = alarms->courier->settings->config;
	g_autoptr(Alarm) alarm = g_steal_pointer(&channel->alarm);
	NoteTold note = is_command ? ledger_alarm_commanded : ledger_alarm_mailed;

	if (!note(alarms->courier->ledger, alarm->id, error))
		return FALSE;
	if (!is_command && *config->alarm_command == '\0')
		log_event(LOG_ALARM_FAILED, "topic", alarm->topic, "reason",
		    "it is the gateway's own, and reaches nobody while alarm_command and alarm_address are not set; it is not "
		    "tried again",
		    NULL);
	alarms->look_at_us = 0;
	return TRUE;
}

/* FALSE if the ledger failed. */
static gboolean
start_channel(Alarms *alarms, gboolean is_command, GError **error)
{
	const Config *config = alarms->courier->settings->config;
	Channel *channel = is_command ? &alarms->command : &alarms->mail;

	if (channel->alarm != NULL)
		return TRUE;
	g_autoptr(GPtrArray) untold =
	    ledger_alarms_untold(alarms->courier->ledger, is_command ? ALARM_BY_COMMAND : ALARM_BY_MAIL, LIMIT_ALARMS, error);
	if (untold == NULL)
		return FALSE;
	forget_pauses(channel, untold);
	channel->alarm = take_next(untold, channel);
	if (channel->alarm == NULL)
		return TRUE;
	if (!is_channel(config, channel->alarm, is_command))
		return pass_over(alarms, channel, is_command, error);
	if (is_command)
		start_command(alarms);
	else
		start_mail(alarms);
	return TRUE;
}

void
alarms_attend(Alarms *alarms)
{
	g_autoptr(GError) error = NULL;
	gint64 now_us = g_get_monotonic_time();

	step_command(alarms);
	step_mail(alarms);
	if (now_us < alarms->look_at_us || alarms->courier->is_stopping)
		return;
	alarms->look_at_us = now_us + LOOK_US;
	if (!start_channel(alarms, TRUE, &error) || !start_channel(alarms, FALSE, &error))
		log_error(LOG_STORE_FAILED, error, "consequence", "alarms wait", NULL);
}

void
alarms_descriptors(const Alarms *alarms, struct pollfd descriptors[ALARM_DESCRIPTORS])
{
	for (guint i = 0; i < ALARM_DESCRIPTORS; i++)
		descriptors[i] = (struct pollfd){.fd = -1};
	if (alarms->worker != NULL)
		worker_descriptors(alarms->worker, descriptors);
	descriptors[WORKER_DESCRIPTORS] =
	    (struct pollfd){.fd = alarms->program == NULL ? -1 : alarm_command_descriptor(alarms->program), .events = POLLIN};
}

gint64
alarms_deadline_us(const Alarms *alarms)
{
	gint64 deadline_us = alarms->courier->is_stopping ? G_MAXINT64 : alarms->look_at_us;

	if (alarms->program != NULL)
		deadline_us = MIN(deadline_us, alarm_command_deadline_us(alarms->program));
	return alarms->worker == NULL ? deadline_us : MIN(deadline_us, worker_deadline_us(alarms->worker));
}

gboolean
alarms_are_idle(const Alarms *alarms)
{
	return alarms->program == NULL && alarms->worker == NULL;
}
