/*
 * `sekisho try`: a made-up submission goes through the gate step by step, and each step says what it saw. Nothing is stored, charged or mailed; others are asked only
 * with --ask.
 */
#include <string.h>
#include <sysexits.h>

#include "explain.h"
#include "fields.h"
#include "filter.h"
#include "prose.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/quiz.h"
#include "sekisho/form/rules.h"
#include "sekisho/form/sample.h"
#include "sekisho/policy/gate.h"
#include "sekisho/policy/lists.h"
#include "sekisho/policy/sender.h"
#include "sekisho/store/counters.h"
#include "show.h"
#include "try_ask.h"

/* Where what a check says begins, behind its name and mode. */
#define STEP_INDENT 22u

typedef struct {
	Filter form; /* --site, --form */
	char **fields;
	char *ip;
	char *agent;
	gboolean is_asking;
} TryOptions;

typedef struct {
	Command *command;
	const TryOptions *options;
	Site *site;
	Form *form;
	Submission *submission;
	Lists *lists;
	const GatePolicy *policy;
	GPtrArray *findings;
	GPtrArray *notes[CHECK_COUNT]; /* char *: what a check says besides its findings, or why it was not asked */
	GPtrArray *invalid;            /* InvalidField * */
	char *meant;                   /* the address that is asked about at the first try, and its field; NULL: none */
	const char *meant_field;
	gboolean is_accepted; /* the acceptance boxes */
} Trial;

static void
trial_clear(Trial *trial)
{
	g_clear_pointer(&trial->meant, g_free);
	g_clear_pointer(&trial->invalid, g_ptr_array_unref);
	for (guint check = 0; check < CHECK_COUNT; check++)
		g_clear_pointer(&trial->notes[check], g_ptr_array_unref);
	g_clear_pointer(&trial->findings, g_ptr_array_unref);
	g_clear_pointer(&trial->lists, lists_unref);
	g_clear_pointer(&trial->submission, submission_free);
	g_clear_pointer(&trial->form, form_unref);
	g_clear_pointer(&trial->site, site_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Trial, trial_clear)

static void note(Trial *trial, Check check, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
note(Trial *trial, Check check, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_ptr_array_add(trial->notes[check], g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* --- The submission --------------------------------------------------------------------------------------------------- */

static gboolean
set_client(Trial *trial, GError **error)
{
	/* A sample's facts are nobody's yet. */
	ClientFacts *client = (ClientFacts *)trial->submission->client;
	g_autofree char *ip = trial->options->ip ? network_normalise(trial->options->ip) : NULL;
	/* Arguments are taken as bytes, whatever the terminal's locale is. */
	g_autofree char *agent = trial->options->agent ? g_utf8_make_valid(trial->options->agent, -1) : NULL;
	if (trial->options->ip && !ip) {
		command_usage(error, "--ip is an IP address");
		return FALSE;
	}
	if (ip)
		text_set(&client->remote_ip, ip);
	if (agent)
		text_replace(&client->user_agent, text_truncate(agent, LIMIT_USER_AGENT_BYTES));
	return TRUE;
}

static gboolean
begin(Trial *trial, GError **error)
{
	Command *command = trial->command;
	guint64 form_id = 0;
	g_autofree char *site = NULL;
	if (!filter_form(&trial->options->form, &site, &form_id, error))
		return FALSE;
	if (!site || form_id == 0) {
		command_usage(error, "say which form: --form SITE/ID, like example.jp/4");
		return FALSE;
	}
	g_autoptr(GHashTable) given = fields_read(trial->options->fields, error);
	if (!given || !command_open_store(command, error) || !command_open_vault(command, error))
		return FALSE;
	trial->site = config_site(command->config, site, error);
	trial->form = trial->site ? site_form(trial->site, form_id, error) : NULL;
	trial->submission = trial->form ? sample_submission(trial->form, given, SAMPLE_MINIMAL, error) : NULL;
	if (!trial->submission || !set_client(trial, error))
		return FALSE;
	fields_warn(command, trial->form, given);
	trial->policy = site_gate(trial->site, form_id);
	trial->lists = lists_load(command->db, command->config->country_file, error);
	trial->findings = findings_new();
	for (guint check = 0; check < CHECK_COUNT; check++)
		trial->notes[check] = g_ptr_array_new_with_free_func(g_free);
	return trial->lists != NULL;
}

/* --- The steps, as the front takes them -------------------------------------------------------------------------------- */

static void
validate(Trial *trial)
{
	const QuizKeys keys = {.vault = trial->command->vault};
	trial->invalid = rules_check(trial->form, trial->submission, &keys);
	trial->is_accepted = rules_is_accepted(trial->form, trial->submission);
}

/* What a counter would say. */
static void
look_at_rates(Trial *trial)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) charges = g_array_new(FALSE, FALSE, sizeof(CounterCharge));
	CounterAnswer answer = {.is_allowed = TRUE};
	rate_charges(trial->policy->rates, trial->form, trial->submission, trial->command->vault, charges);
	const CounterCharge *first = (const CounterCharge *)(const void *)charges->data;
	if (!command_open_counters(trial->command, &error) ||
	    !counters_peek(trial->command->counters, first, charges->len, &answer, &error))
		note(trial, CHECK_RATE, "not asked: the counters cannot be looked at: %s", error->message);
	else if (!answer.is_allowed)
		rate_judge(
		    trial->policy->modes[CHECK_RATE], (RateTier)first[answer.denied].tier, answer.retry_at_us, trial->findings);
	else
		note(trial, CHECK_RATE, "nothing: %u limits were looked at, and there is room for one more", charges->len);
}

static void
ask_captcha(Trial *trial, const GateInput *input)
{
	g_autoptr(GError) error = NULL;
	const CaptchaService service = trial->policy->captcha.service;
	if (service == CAPTCHA_NONE)
		note(trial, CHECK_CAPTCHA, "not asked: service = none under [captcha]");
	else if (!trial->options->is_asking)
		note(trial, CHECK_CAPTCHA, "not asked: %s is only asked with --ask", captcha_service_name(service));
	else if (!try_ask_captcha(trial->command, input, trial->findings, &error))
		note(trial, CHECK_CAPTCHA, "not asked: %s", error ? error->message : "too many wait for it");
}

/* The finding of this check that counts and asks for `action`, or NULL. */
static const Finding *
find(const GPtrArray *findings, Check check, FindingAction action)
{
	for (guint i = 0; i < findings->len; i++) {
		const Finding *finding = findings->pdata[i];
		if (finding->check == check && finding->action == action && !finding->is_dry_run)
			return finding;
	}
	return NULL;
}

/* What validation says once of an address with a slip of the finger, and whether its domain takes mail. */
static void
ask_sender(Trial *trial, const GateInput *input)
{
	g_autoptr(GError) error = NULL;
	if (trial->policy->modes[CHECK_SENDER] == CHECK_ON && !find(trial->findings, CHECK_LISTS, FINDING_PASS))
		trial->meant = sender_meant(trial->form, trial->submission, &trial->meant_field);
	if (trial->meant)
		note(trial, CHECK_SENDER, "again: at the first try the visitor would be asked if %s is meant in the field %s",
		    trial->meant, trial->meant_field);
	if (!trial->options->is_asking)
		note(trial, CHECK_SENDER, "not asked: the DNS is only asked about a domain with --ask");
	else if (!try_ask_domains(trial->command, input, trial->findings, &error))
		note(trial, CHECK_SENDER, "not asked: the DNS: %s", error->message);
}

/* In the order in which they are asked (gate_examine, then what needs somebody's answer). */
static const Check order[] = {CHECK_DUPLICATES, CHECK_LISTS, CHECK_CONTRACT, CHECK_TRAP, CHECK_HONEYPOT, CHECK_SHAPE, CHECK_LINKS,
    CHECK_SENDER, CHECK_RATE, CHECK_CAPTCHA};
G_STATIC_ASSERT(G_N_ELEMENTS(order) == CHECK_COUNT);

/* Why checks behind a decision were not asked: a refusal ends all of it, an entry that allows ends what looks at the content. */
static void
note_unasked(Trial *trial, gboolean is_refused)
{
	const char *why = NULL;
	for (guint i = 0; i < CHECK_COUNT; i++) {
		const Check check = order[i];
		const gboolean is_pure = check != CHECK_RATE && check != CHECK_CAPTCHA;
		if (why && (is_refused || is_pure) && trial->policy->modes[check] != CHECK_OFF)
			note(trial, check, "%s", why);
		else if (check == CHECK_TRAP && trial->policy->modes[check] != CHECK_OFF)
			note(trial, check, "not asked: a trial opens no page, so nobody knows how long it was read");
		if (find(trial->findings, check, FINDING_REJECT))
			why = "not asked: it is refused already";
		else if (check == CHECK_LISTS && find(trial->findings, check, FINDING_PASS))
			why = "not asked: an entry of the lists allows it";
	}
}

static Verdict *
examine(Trial *trial)
{
	const GateInput input = {.form = trial->form,
	    .submission = trial->submission,
	    .policy = trial->policy,
	    .disallowed_words = trial->site->disallowed_words,
	    .lists = trial->lists,
	    .vault = trial->command->vault};
	const CheckMode *modes = trial->policy->modes;
	if (modes[CHECK_DUPLICATES] != CHECK_OFF)
		note(trial, CHECK_DUPLICATES, "not asked: a trial repeats nothing, because none is kept");
	gate_examine(&input, trial->findings, NULL);
	const gboolean is_refused = gate_is_refused(trial->findings);
	note_unasked(trial, is_refused);
	if (!is_refused && modes[CHECK_SENDER] != CHECK_OFF)
		ask_sender(trial, &input);
	if (!is_refused && modes[CHECK_RATE] != CHECK_OFF)
		look_at_rates(trial);
	if (!is_refused && modes[CHECK_CAPTCHA] != CHECK_OFF)
		ask_captcha(trial, &input);
	return verdict_new(g_steal_pointer(&trial->findings), trial->policy->hold_points);
}

/* --- What comes of it -------------------------------------------------------------------------------------------------- */

/* What the visitor would read; the caller's. */
static char *
answer_text(const Trial *trial, const Verdict *verdict)
{
	if (trial->invalid->len > 0)
		return g_strdup(form_message(trial->form, "validation_error"));
	if (!trial->is_accepted)
		return g_strdup(form_message(trial->form, "accept_terms"));
	switch (verdict->action) {
	case FINDING_REJECT:
		return g_strdup(form_message(trial->form, "spam"));
	case FINDING_HOLD:
		return g_strdup(form_message(trial->form, "held"));
	case FINDING_AGAIN:
		return g_strdup(text_for(trial->form->source->locale, "gate.captcha_again"));
	case FINDING_WAIT: {
		gint64 minutes = (verdict_decisive(verdict)->retry_at_us - clock_now_us()) / G_TIME_SPAN_MINUTE + 1;
		g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, minutes);
		const TextPlace places[] = {{"count", count}, {NULL, NULL}};
		return text_fill(text_for(trial->form->source->locale, "gate.wait_minutes"), places);
	}
	default:
		return g_strdup(form_message(trial->form, "mail_sent_ok"));
	}
}

/* What the visitor reads first, where an address is asked about; else NULL. The caller's. */
static char *
hint_text(const Trial *trial)
{
	if (!trial->meant || trial->invalid->len > 0 || !trial->is_accepted)
		return NULL;
	const TextPlace places[] = {{"address", trial->meant}, {NULL, NULL}};
	g_autofree char *hint = text_fill(text_for(trial->form->source->locale, "gate.address_hint"), places);
	return g_strdup_printf("%s\n%s: %s", form_message(trial->form, "validation_error"), trial->meant_field, hint);
}

static void
print_invalid(const Trial *trial)
{
	GString *output = trial->command->console->output;
	for (guint i = 0; i < trial->invalid->len; i++) {
		const InvalidField *invalid = trial->invalid->pdata[i];
		g_autofree char *line = g_strdup_printf("%s: %s", invalid->field, invalid->message);
		prose_add(output, 4, "- ", line);
	}
	if (!trial->is_accepted)
		prose_add(output, 4, "- ", "An acceptance that the form demands is not given.");
	if (trial->invalid->len == 0 && trial->is_accepted)
		prose_add(output, 2, "", "Everything is filled in as the form wants it.");
}

static void
print_sent(Command *command, const Submission *submission)
{
	show_heading(command, "What is sent");
	command_print_line(command, "  from %s, %s", submission->client->remote_ip, submission->client->user_agent);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		g_autofree char *value = g_strjoinv(", ", field->values);
		const gboolean is_long = strchr(value, '\n') != NULL;
		g_autofree char *line = g_strdup_printf("%s:%s%s", field->name, is_long ? "" : " ", is_long ? "" : value);
		prose_add(command->console->output, 4, "- ", line);
		if (is_long)
			show_block(command, value);
	}
}

/* What a check says, findings first, "nothing" if it has nothing to say (char *). The caller's. */
static GPtrArray *
said_by(const Trial *trial, const Verdict *verdict, Check check)
{
	GPtrArray *said = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		g_autofree char *weight = explain_weight(finding);
		if (finding->check == check)
			g_ptr_array_add(said, g_strdup_printf("%s: %s", weight, finding->what));
	}
	for (guint i = 0; i < trial->notes[check]->len; i++)
		g_ptr_array_add(said, g_strdup(trial->notes[check]->pdata[i]));
	if (said->len == 0)
		g_ptr_array_add(said, g_strdup(trial->policy->modes[check] == CHECK_OFF ? "not asked: it is off" : "nothing"));
	return said;
}

static const char *const mode_names[] = {[CHECK_OFF] = "off", [CHECK_DRY_RUN] = "dry-run", [CHECK_ON] = "on"};

static void
print_steps(const Trial *trial, const Verdict *verdict)
{
	for (guint i = 0; i < CHECK_COUNT; i++) {
		g_autoptr(GPtrArray) said = said_by(trial, verdict, order[i]);
		g_autofree char *lead =
		    g_strdup_printf("%-10s %-8s ", check_name(order[i]), mode_names[trial->policy->modes[order[i]]]);
		for (guint j = 0; j < said->len; j++)
			prose_add(trial->command->console->output, STEP_INDENT, j == 0 ? lead : "", said->pdata[j]);
	}
}

static GVariant *
steps_json(const Trial *trial, const Verdict *verdict)
{
	g_autoptr(GVariantBuilder) steps = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < CHECK_COUNT; i++) {
		g_autoptr(GPtrArray) said = said_by(trial, verdict, order[i]);
		GVariantDict dict;
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "check", "s", check_name(order[i]));
		g_variant_dict_insert(&dict, "mode", "s", mode_names[trial->policy->modes[order[i]]]);
		g_variant_dict_insert_value(
		    &dict, "said", g_variant_new_strv((const char *const *)said->pdata, (gssize)said->len));
		g_variant_builder_add_value(steps, g_variant_dict_end(&dict));
	}
	return g_variant_builder_end(steps);
}

static void
print_text(const Trial *trial, const Verdict *verdict)
{
	Command *command = trial->command;
	g_autofree char *answer = answer_text(trial, verdict);
	gboolean is_wrong = trial->invalid->len > 0 || !trial->is_accepted;
	print_sent(command, trial->submission);
	show_heading(command, "Validation");
	print_invalid(trial);
	show_heading(command, "Gate: what each check says");
	print_steps(trial, verdict);
	g_autofree char *hint = hint_text(trial);
	show_heading(command, "Verdict: %s%s%s", hint ? "asked about the address first; sent again it would be " : "",
	    explain_action(verdict->action), is_wrong ? ", but it would not come so far" : "");
	explain_print_changes(command, verdict);
	show_heading(command, "What the visitor would read%s", hint ? " first" : "");
	if (hint) {
		show_block(command, hint);
		show_heading(command, "What the visitor would read when it is sent again");
	}
	show_block(command, answer);
}

static void
print_json(const Trial *trial, const Verdict *verdict)
{
	g_autofree char *hint = hint_text(trial);
	g_autofree char *answer = answer_text(trial, verdict);
	g_autoptr(GVariantBuilder) invalid = g_variant_builder_new(G_VARIANT_TYPE("a{ss}"));
	for (guint i = 0; i < trial->invalid->len; i++) {
		const InvalidField *field = trial->invalid->pdata[i];
		g_variant_builder_add(invalid, "{ss}", field->field, field->message);
	}
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "invalid", g_variant_builder_end(invalid));
	g_variant_dict_insert(&dict, "is_accepted", "b", trial->is_accepted);
	g_variant_dict_insert_value(&dict, "gate", explain_json(verdict));
	g_variant_dict_insert_value(&dict, "steps", steps_json(trial, verdict));
	g_variant_dict_insert_value(&dict, "first_answer", command_json_text(hint));
	g_variant_dict_insert(&dict, "answer", "s", answer);
	command_print_json(trial->command, g_variant_dict_end(&dict));
}

/* --- The verb ---------------------------------------------------------------------------------------------------------- */

static int
try_it(Command *command, const TryOptions *options, GError **error)
{
	g_auto(Trial) trial = {.command = command, .options = options};
	if (!begin(&trial, error))
		return EX_SOFTWARE;
	validate(&trial);
	g_autoptr(Verdict) verdict = examine(&trial);
	if (command->is_json)
		print_json(&trial, verdict);
	else
		print_text(&trial, verdict);
	return EX_OK;
}

static int
try_run(Command *command, char ***arguments, GError **error)
{
	TryOptions options = {0};
	const GOptionEntry own[] = {
	    filter_option(&options.form, FILTER_SITE),
	    filter_option(&options.form, FILTER_FORM),
	    {"field", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.fields, "What is typed in; required ones else get a sample",
		"NAME=TEXT"},
	    {"ip", 0, 0, G_OPTION_ARG_STRING, &options.ip, "The visitor's IP address (default: 192.0.2.1)", "IP"},
	    {"agent", 0, 0, G_OPTION_ARG_FILENAME, &options.agent, "The visitor's User-Agent", "TEXT"},
	    {"ask", 0, 0, G_OPTION_ARG_NONE, &options.is_asking, "Ask the captcha's service and the DNS, too", NULL},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	int code = EX_OK;
	if (command_parse(command, &try_verb, own, arguments, error))
		code = try_it(command, &options, error);
	filter_clear(&options.form);
	g_strfreev(options.fields);
	g_free(options.ip);
	g_free(options.agent);
	return code;
}

const Verb try_verb = {
    .name = "try",
    .arguments = "",
    .help = "Send a made-up submission through the gate and show every step; nothing is kept",
    .run = try_run,
};
