/*
 * `sekisho canary SITE`: goes the whole way that a visitor's message goes, through the web server, front, store and courier to the mail server's 250, and raises an alarm when it
 * does not come out in time. For cron.
 *
 *   choose a form -> fill it in -> post with a token that makes it the canary's -> find it by its receipt -> wait until its mail is sent
 *
 * It is mailed to the site's canary_address alone. On failure the alarm `canary` is told at once by alarm_command, because what told of it otherwise may be what is broken, and
 * left in the ledger for the courier's mail; a success clears it. Who answered in the gateway's place is found out as the doctor does it, with a probe.
 *
 * A wrong command line, and a site without a form that a program can fill in, are the caller's mistakes and raise no alarm; a form or a
 * site.conf that is broken does.
 */
#include <glib.h>
#include <string.h>
#include <sysexits.h>

#include "canary_alarm.h"
#include "deliveries.h"
#include "doctor_web.h"
#include "filter.h"
#include "period.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/quiz.h"
#include "sekisho/form/rules.h"
#include "sekisho/form/sample.h"
#include "sekisho/relay/probe.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"
#include "sekisho/wire/json.h"

/* The token is used at once; clocks may differ a little. */
#define TOKEN_US (10 * G_TIME_SPAN_MINUTE)
#define WAIT_DEFAULT_S 300u
#define WAIT_MOST_S 3600u
#define LOOK_US (G_USEC_PER_SEC / 5)

typedef struct {
	char *form_text;
	char *wait_text;
	char *ca_file;
	char **resolve;
} CanaryOptions;

typedef struct {
	Command *command;
	const CanaryOptions *options;
	const char *name; /* of the site, as the command line has it */
	Site *site;       /* NULL if its configuration is broken */
	Form *form;
	gint64 wait_us;
	gint64 began_us; /* by the monotonic clock */
	char *receipt;
	/* Why it did not come out: a text of gateway/po and what fills it; NULL, and an error in English, for what is our own trouble. */
	const char *reason;
	char *url, *status, *detail;
} Canary;

/* --- The form ------------------------------------------------------------------------------------------------------------------ */

/* The gateway would take what a program fills in. */
static gboolean
is_sample_valid(const Form *form)
{
	const QuizKeys none = {0};
	g_autoptr(Submission) sample = sample_submission(form, NULL, SAMPLE_FULL, NULL);
	if (!sample)
		return FALSE;
	g_autoptr(GPtrArray) invalid = rules_check(form, sample, &none);
	return invalid->len == 0 && rules_is_accepted(form, sample);
}

/* Its fields can be filled in by a program, and its mail leaves. */
static gboolean
is_fit(const Form *form)
{
	if (form->is_demo || form->is_mail_skipped || form->is_for_subscribers || quiz_is_asked(form))
		return FALSE;
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		if ((tag->features & TAG_FILE_UPLOADING) && formtag_is_required(tag))
			return FALSE;
	}
	return TRUE;
}

/* A form that was named is tried, whatever becomes of it. Else one that refuses its own sample is passed over. */
static gboolean
choose_form(Canary *canary, GError **error)
{
	guint64 wanted = 0;
	if (canary->options->form_text) {
		const Filter filter = {
		    .texts = {[FILTER_SITE] = (char *)canary->name, [FILTER_FORM] = canary->options->form_text}};
		g_autofree char *unused = NULL;
		if (!filter_form(&filter, &unused, &wanted, error))
			return FALSE;
		canary->form = site_form(canary->site, wanted, error);
		if (canary->form && !is_fit(canary->form))
			command_usage(error,
			    "form %" G_GUINT64_FORMAT
			    " has a quiz or a required file, or sends no mail; name another with --form ID",
			    wanted);
		return canary->form && is_fit(canary->form);
	}
	g_autoptr(GArray) ids = site_form_ids(canary->site);
	g_autoptr(GError) broken = NULL;
	for (guint i = 0; i < ids->len && !canary->form; i++) {
		g_autoptr(Form) form = site_form(canary->site, g_array_index(ids, guint64, i), broken ? NULL : &broken);
		if (form && is_fit(form) && is_sample_valid(form))
			canary->form = g_steal_pointer(&form);
	}
	if (!canary->form && broken)
		g_propagate_error(error, g_steal_pointer(&broken));
	else if (!canary->form)
		g_set_error(error, CONF_ERROR, CONF_ERROR_NO_FORM,
		    "the site has no form that a program can fill in (without a quiz, required files and rules that no sample "
		    "keeps); make one, and name it "
		    "with --form ID");
	return canary->form != NULL;
}

static void
add_field(GPtrArray *fields, const char *name, const char *value)
{
	ProbeField *field = g_new(ProbeField, 1);
	field->name = g_strdup(name);
	field->value = g_strdup(value);
	g_ptr_array_add(fields, field);
}

/* What the page of the form would post. */
static GPtrArray *
fill_in(Canary *canary, GError **error)
{
	g_autoptr(Submission) sample = sample_submission(canary->form, NULL, SAMPLE_FULL, error);
	if (!sample)
		return NULL;
	GPtrArray *fields = g_ptr_array_new_with_free_func((GDestroyNotify)probe_field_free);
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, canary->form->source->id);
	g_autofree char *unit_tag = g_strdup_printf("wpcf7-f%s-p0-o1", id);
	add_field(fields, "_wpcf7", id);
	add_field(fields, "_wpcf7_locale", canary->form->source->locale);
	add_field(fields, "_wpcf7_unit_tag", unit_tag);
	add_field(fields, "_wpcf7_container_post", "0");
	for (guint i = 0; i < posted_count(sample->posted); i++) {
		const PostedValue *value = NULL;
		const char *name = posted_name(sample->posted, i, &value);
		g_autoptr(GPtrArray) texts = posted_value_flatten(value);
		g_autofree char *several = posted_value_is_array(value) ? g_strconcat(name, "[]", NULL) : NULL;
		for (guint k = 0; k < texts->len; k++)
			add_field(fields, several ? several : name, texts->pdata[k]);
	}
	return fields;
}

/* --- The way --------------------------------------------------------------------------------------------------------------------- */

static GPtrArray *
headers(Canary *canary, GError **error)
{
	guint8 unique[16];
	if (!command_open_vault(canary->command, error))
		return NULL;
	for (gsize i = 0; i < sizeof unique; i++)
		unique[i] = (guint8)vault_random_below(256);
	g_autoptr(GBytes) payload = g_bytes_new(unique, sizeof unique);
	const VaultLink link = {.purpose = VAULT_LINK_CANARY,
	    .site = canary->site->facts->name,
	    .expires_at_us = clock_now_us() + TOKEN_US,
	    .payload = payload};
	g_autofree char *token = vault_link_sign(canary->command->vault, &link);
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(list, g_strconcat("Sekisho-Canary: ", token, NULL));
	g_ptr_array_add(list, g_strdup("Accept: application/json"));
	return list;
}

/* What the gateway said. The caller's. */
static char *
message_of(const ProbeAnswer *answer)
{
	g_autoptr(GVariant) object = json_to_variant(answer->body->str, answer->body->len, NULL);
	g_autofree char *message = NULL;
	if (object && g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT))
		(void)g_variant_lookup(object, "message", "s", &message);
	return text_truncate(message ? message : "-", LIMIT_SERVER_TEXT_BYTES);
}

/* The gateway refuses in the words of Contact Form 7; only a probe tells the two apart. */
static DoctorAnswerer
find_answerer(const ProbeRoute *route, const char *url, const ProbeAnswer *answer)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	if (answer->state != PROBE_FINE)
		return ANSWERED_NOBODY;
	g_ptr_array_add(lines, g_strdup("Sekisho-Probe: 00"));
	const ProbeRequest request = {.method = "POST", .url = url, .headers = lines};
	g_autoptr(ProbeAnswer) probed = probe_http(route, &request);
	return doctor_web_answerer(probed->state == PROBE_FINE ? probed : answer);
}

static void
fail_answer(Canary *canary, const ProbeRoute *route, const ProbeAnswer *answer, GError **error)
{
	static const char *const reasons[] = {[ANSWERED_NOBODY] = "alarm.canary_nobody",
	    [ANSWERED_GATEWAY] = "alarm.canary_refused",
	    [ANSWERED_ELSEWHERE] = "alarm.canary_elsewhere",
	    [ANSWERED_PLUGIN] = "alarm.canary_plugin",
	    [ANSWERED_WORDPRESS] = "alarm.canary_wordpress",
	    [ANSWERED_BUSY] = "alarm.canary_busy",
	    [ANSWERED_GUARD] = "alarm.canary_guard",
	    [ANSWERED_NOTHING] = "alarm.canary_nothing",
	    [ANSWERED_OTHER] = "alarm.canary_other"};
	DoctorAnswerer answerer = find_answerer(route, canary->url, answer);
	canary->reason = reasons[answerer];
	canary->status = g_strdup_printf("%u", answer->status);
	canary->detail = answerer == ANSWERED_NOBODY ? g_strdup(answer->problem) : message_of(answer);
	g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_CONNECT, canary->reason);
}

static gboolean
post(Canary *canary, GError **error)
{
	g_autoptr(GPtrArray) fields = fill_in(canary, error);
	g_autoptr(GPtrArray) lines = fields ? headers(canary, error) : NULL;
	if (!lines)
		return FALSE;
	canary->url = g_strdup_printf("%s/wp-json/contact-form-7/v1/contact-forms/%" G_GUINT64_FORMAT "/feedback",
	    canary->site->facts->url, canary->form->source->id);
	const ProbeRoute route = {.resolve = (const char *const *)canary->options->resolve, .ca_file = canary->options->ca_file};
	const ProbeRequest request = {.method = "POST", .url = canary->url, .headers = lines, .fields = fields};
	g_autoptr(ProbeAnswer) answer = probe_http(&route, &request);
	canary->receipt = g_strdup(probe_answer_header(answer, "sekisho-receipt"));
	if (canary->receipt[0] != '\0')
		return TRUE;
	fail_answer(canary, &route, answer, error);
	return FALSE;
}

typedef enum { STILL_WAITING, ARRIVED, GIVEN_UP } Fate;

/* What has become of the canary's mail; `words` says it and is the caller's. */
static Fate
look(Canary *canary, char **words, GError **error)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(canary->command->db, canary->receipt, error);
	g_autoptr(GPtrArray) items = summary ? outbox_of_submission(canary->command->db, summary->id, error) : NULL;
	if (!items)
		return GIVEN_UP;
	*words = g_strdup("it has no mail to canary_address");
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint k = 0; k < item->deliveries->len; k++) {
			const Delivery *delivery = item->deliveries->pdata[k];
			g_free(*words);
			*words = deliveries_in_words(canary->command, item, delivery, NULL);
			if (delivery->state == DELIVERY_SENT)
				return ARRIVED;
			if (delivery->state != DELIVERY_DEAD && delivery->state != DELIVERY_CANCELLED &&
			    delivery->state != DELIVERY_REFUSED)
				return STILL_WAITING;
		}
	}
	return GIVEN_UP;
}

static gboolean
wait_for_mail(Canary *canary, char **words, GError **error)
{
	gint64 deadline_us = g_get_monotonic_time() + canary->wait_us;
	for (;;) {
		g_clear_pointer(words, g_free);
		Fate fate = look(canary, words, error);
		if (fate == ARRIVED || *error)
			return fate == ARRIVED;
		if (fate == GIVEN_UP || g_get_monotonic_time() >= deadline_us) {
			canary->reason = "alarm.canary_kept";
			canary->detail = g_strdup(*words);
			g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_LOST, canary->reason);
			return FALSE;
		}
		g_usleep(LOOK_US);
	}
}

static gboolean
fly(Canary *canary, char **words, GError **error)
{
	return command_open_store(canary->command, error) && post(canary, error) && wait_for_mail(canary, words, error);
}

/* --- The command --------------------------------------------------------------------------------------------------------------------- */

/* "90s", or as every duration. */
static gboolean
read_wait(const char *text, gint64 *wait_us, GError **error)
{
	g_autofree char *digits = g_str_has_suffix(text, "s") ? g_strndup(text, strlen(text) - 1) : NULL;
	guint64 seconds = 0;
	if (digits && command_number(digits, "--wait", WAIT_MOST_S, &seconds, NULL))
		*wait_us = (gint64)seconds * G_USEC_PER_SEC;
	else if (!period_duration(text, wait_us) || *wait_us > (gint64)WAIT_MOST_S * G_USEC_PER_SEC) {
		command_usage(error, "--wait is a time like 90s or 5min, an hour at most");
		return FALSE;
	}
	return TRUE;
}

static gboolean
prepare(Canary *canary, GError **error)
{
	canary->wait_us = (gint64)WAIT_DEFAULT_S * G_USEC_PER_SEC;
	if (canary->options->wait_text && !read_wait(canary->options->wait_text, &canary->wait_us, error))
		return FALSE;
	if (!command_open_config(canary->command, error))
		return FALSE;
	canary->site = config_site(canary->command->config, canary->name, error);
	if (!canary->site)
		return FALSE;
	if (canary->site->facts->canary_address[0] != '\0' && canary->site->facts->url[0] != '\0')
		return TRUE;
	g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID,
	    "site %s needs [site] url and canary_address, to which the canary is mailed", canary->name);
	return FALSE;
}

/* The alarm in a language. The caller's. */
static char *
alarm_text(const Canary *canary, const char *locale, const GError *error)
{
	const TextPlace reasons[] = {{"url", canary->url}, {"status", canary->status}, {"detail", canary->detail},
	    {"receipt", canary->receipt}, {NULL, NULL}};
	g_autofree char *reason =
	    canary->reason ? text_fill(text_for(locale, canary->reason), reasons) : g_strdup_printf("%s.", error->message);
	const TextPlace places[] = {{"site", canary->name}, {"reason", reason}, {NULL, NULL}};
	return text_fill(text_for(locale, "alarm.canary"), places);
}

/* site, receipt (null: the gateway took nothing), is_fine, seconds, mail (what became of it; null if it did not come out), problem (null if it did). */
static void
print_json(const Canary *canary, const char *words, const char *problem)
{
	GVariantDict dict;
	const gboolean is_taken = canary->receipt && canary->receipt[0] != '\0';
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "site", "s", canary->name);
	g_variant_dict_insert_value(&dict, "receipt", command_json_text(is_taken ? canary->receipt : NULL));
	g_variant_dict_insert(&dict, "is_fine", "b", problem == NULL);
	g_variant_dict_insert(
	    &dict, "seconds", "d", (double)(g_get_monotonic_time() - canary->began_us) / (double)G_USEC_PER_SEC);
	g_variant_dict_insert_value(&dict, "mail", command_json_text(words));
	g_variant_dict_insert_value(&dict, "problem", command_json_text(problem));
	command_print_json(canary->command, g_variant_dict_end(&dict));
}

static void
print_arrival(const Canary *canary, const char *words)
{
	if (canary->command->is_json)
		print_json(canary, words, NULL);
	else
		command_print_line(canary->command, "%s: the canary %s came out after %.1f seconds: %s", canary->name,
		    canary->receipt, (double)(g_get_monotonic_time() - canary->began_us) / G_USEC_PER_SEC, words);
}

/* Raises the alarm in the site's language, and complains in English. */
static int
fail(Canary *canary, const GError *error)
{
	g_autofree char *text = alarm_text(canary, canary->site ? site_locale(canary->site) : "en", error);
	canary_alarm_raise(canary->command, canary->name, text);
	g_autofree char *complaint = alarm_text(canary, "en", error);
	g_autofree char *shown = text_for_terminal(complaint, TRUE);
	g_string_append_printf(canary->command->console->complaint, "%s", shown);
	if (canary->command->is_json)
		print_json(canary, NULL, complaint);
	return 1;
}

/* 0: it came out. 1: it did not, and the alarm was raised. */
static int
send_canary(Canary *canary, GError **failure)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *words = NULL;
	if (!choose_form(canary, &error) &&
	    (error->domain == G_OPTION_ERROR || g_error_matches(error, CONF_ERROR, CONF_ERROR_NO_FORM))) {
		g_propagate_error(failure, g_steal_pointer(&error));
		return EX_USAGE;
	}
	if (!error && fly(canary, &words, &error)) {
		canary_alarm_clear(canary->command, canary->name);
		print_arrival(canary, words);
		return EX_OK;
	}
	return fail(canary, error);
}

/* The whole command, once its line is read. */
static int
obey(Canary *canary, GError **failure)
{
	g_autoptr(GError) error = NULL;
	if (prepare(canary, &error))
		return send_canary(canary, failure);
	/* Whatever a site's file says wrong stops its mail. Without the gateway's own file nobody knows whom to tell. */
	if (canary->command->config && !canary->site && !g_error_matches(error, CONF_ERROR, CONF_ERROR_NO_SITE))
		return fail(canary, error);
	g_propagate_error(failure, g_steal_pointer(&error));
	return EX_USAGE;
}

static int
canary_run(Command *command, char ***arguments, GError **error)
{
	CanaryOptions options = {0};
	Canary canary = {.command = command, .options = &options, .began_us = g_get_monotonic_time()};
	const GOptionEntry own[] = {
	    {"form", 'f', 0, G_OPTION_ARG_STRING, &options.form_text, "Through this form (default: the first fit)", "ID|SITE/ID"},
	    {"wait", 0, 0, G_OPTION_ARG_STRING, &options.wait_text, "How long it may take (default: 5min)", "DURATION"},
	    {"resolve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.resolve, "Find the web server there, as curl does",
		"HOST:PORT:ADDRESS"},
	    {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file, "Trust these certificates of web servers", "FILE"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	if (command_parse(command, &canary_verb, own, arguments, error) && command_resolves(options.resolve, error)) {
		canary.name = (*arguments)[1];
		code = obey(&canary, error);
	}
	g_clear_pointer(&canary.form, form_unref);
	g_clear_pointer(&canary.site, site_unref);
	g_free(canary.receipt);
	g_free(canary.url);
	g_free(canary.status);
	g_free(canary.detail);
	g_free(options.form_text);
	g_free(options.wait_text);
	g_free(options.ca_file);
	g_strfreev(options.resolve);
	return code;
}

const Verb canary_verb = {
    .name = "canary",
    .arguments = "SITE",
    .help = "Send a test through the form, and alarm if its mail does not leave",
    .run = canary_run,
};
