/*
 * Makes the GatePolicy of a form: each key is read from form.ini if that gives it, else from site.conf. What follows from several keys together (a captcha's service and its secret) is
 * checked on the result.
 *
 * No state. Reads the files of lists that settings name, and never a secret: that is the front's alone (gate_captcha_secret, in gatecheck.c).
 */
#include "gatefile.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/conf/config.h"
#include "sekisho/policy/names.h"
#include "textfile.h"

typedef struct {
	const GateSite *site;
	const Settings *form; /* NULL: the site's own */
	GPtrArray *problems;
} Reader;

/* An empty value counts where emptiness means something in site.conf, too: no honeypot fields, the lists that come with the program. An empty number means nothing. */
static gboolean
is_of_form(const Reader *reader, const char *group, const char *key)
{
	return reader->form != NULL && settings_is_set(reader->form, group, key) &&
	       (settings_text(reader->form, group, key)[0] != '\0' || keys_find(KEYS_SITE, group, key)->fallback[0] == '\0');
}

/* The file that decides a key. */
static const Settings *
giver(const Reader *reader, const char *group, const char *key)
{
	return is_of_form(reader, group, key) ? reader->form : reader->site->settings;
}

static const char *
text_of(const Reader *reader, const char *group, const char *key)
{
	return settings_text(giver(reader, group, key), group, key);
}

static gint64
number_of(const Reader *reader, const char *group, const char *key)
{
	return settings_number(giver(reader, group, key), group, key);
}

static char *
path_of(const Reader *reader, const char *group, const char *key)
{
	return settings_path(giver(reader, group, key), group, key);
}

/* Whether a problem of that key is said of the file that is being read. */
static gboolean
is_said_here(const Reader *reader, const char *group, const char *key)
{
	return reader->form == NULL || is_of_form(reader, group, key);
}

/* --- Lists ---------------------------------------------------------------------------------------------------------- */

/* Words separated by spaces, each once through `change`. The caller's. */
static char **
split_words(const char *text, char *(*change)(const char *word))
{
	g_auto(GStrv) parts = g_strsplit(text, " ", -1);
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	for (char **part = parts; *part != NULL; part++) {
		g_autofree char *word = **part == '\0' ? NULL : change(*part);
		if (word != NULL && *word != '\0')
			g_strv_builder_add(words, word);
	}
	return g_strv_builder_end(words);
}

static char *
same_word(const char *word)
{
	return g_strdup(word);
}

/* Lower-case ASCII, or NULL for what cannot be a domain. */
static char *
ascii_domain(const char *text)
{
	g_autofree char *ascii = g_hostname_to_ascii(text);
	char *lower = ascii == NULL ? NULL : g_ascii_strdown(ascii, -1);
	if (lower != NULL && lower[strspn(lower, G_CSET_a_2_z G_CSET_DIGITS ".-")] == '\0' && strchr(lower, '.') != NULL)
		return lower;
	g_free(lower);
	return NULL;
}

/* One domain a line; lines that begin with "#" and empty ones say nothing. */
static void
read_domains(GHashTable *domains, const char *text, const Settings *settings, const char *const place[2], GPtrArray *problems)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);
		char *domain = line[0] == '\0' || line[0] == '#' ? NULL : ascii_domain(line);
		if (domain != NULL) {
			g_hash_table_add(domains, domain);
		} else if (line[0] != '\0' && line[0] != '#') {
			settings_problem(settings, place[0], place[1], problems,
			    "line %u of the file is no domain; write one such as example.com, or # before a remark", i + 1);
			return;
		}
	}
}

/* Those that come with the program; the table's keys are static. */
static GHashTable *
known_domains(Names names)
{
	GHashTable *domains = g_hash_table_new(g_str_hash, g_str_equal);
	for (const char *const *name = names_of(names); *name != NULL; name++)
		g_hash_table_add(domains, (char *)*name);
	return domains;
}

/* The domains of the file that `settings` names. An empty table after a problem. */
static GHashTable *
domain_file(const Settings *settings, const char *group, const char *key, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = settings_path(settings, group, key);
	GHashTable *domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *text = textfile_read(path, LIMIT_WORDS_FILE_BYTES, &error);
	if (text == NULL)
		settings_problem(settings, group, key, problems, "%s", error->message);
	else
		read_domains(domains, text, settings, (const char *const[]){group, key}, problems);
	return domains;
}

/* Those of the file that a site or form names, or those that come with the program. */
static GHashTable *
given_domains(const Settings *settings, const char *group, const char *key, GPtrArray *problems)
{
	const Names names = strcmp(group, "links") == 0 ? NAMES_SHORTENERS : NAMES_DISPOSABLES;
	return settings_text(settings, group, key)[0] == '\0' ? known_domains(names)
							      : domain_file(settings, group, key, problems);
}

/* The form's own list, or the site's. A reference. */
static GHashTable *
domains_of(const Reader *reader, GHashTable *of_site, const char *group, const char *key)
{
	return is_of_form(reader, group, key) ? given_domains(reader->form, group, key, reader->problems)
					      : g_hash_table_ref(of_site);
}

/* Those that come with the program, and those of the settings. The caller's. */
static char **
brands(const Reader *reader)
{
	g_auto(GStrv) own = split_words(text_of(reader, "links", "brands"), text_fold);
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	g_strv_builder_addv(all, (const char **)names_of(NAMES_BRANDS));
	g_strv_builder_addv(all, (const char **)own);
	return g_strv_builder_end(all);
}

/* --- Groups --------------------------------------------------------------------------------------------------------- */

static void
read_checks(const Reader *reader, GatePolicy *policy)
{
	for (guint check = 0; check < CHECK_COUNT; check++)
		policy->modes[check] =
		    check == CHECK_CONTRACT ? CHECK_ON : (CheckMode)number_of(reader, "check", check_name(check));
	policy->hold_points = gate_hold_points((Sensitivity)number_of(reader, "check", "sensitivity"));
	policy->repetition_us = number_of(reader, "check", "repeated_within");
	g_strfreev(policy->honeypot_fields);
	policy->honeypot_fields = split_words(text_of(reader, "check", "honeypot_fields"), same_word);
}

static void
read_rates(const Reader *reader, GatePolicy *policy)
{
	for (RateTier tier = RATE_IP; tier < RATE_TIERS; tier++) {
		if (tier == RATE_REJECTED)
			continue;
		const char *key = rate_tier_name(tier);
		g_autofree char *unsaid = NULL; /* the table of keys has read it before */
		Rate *rate = &policy->rates[tier];
		(void)rate_read(text_of(reader, "limit", key), rate, &unsaid);
		if (rate->burst > rate->count && rate->count > 0 && is_said_here(reader, "limit", key))
			settings_problem(giver(reader, "limit", key), "limit", key, reader->problems,
			    "lets %u come at once, which is more than the %u of the whole time; write a burst of at most %u",
			    rate->burst, rate->count, rate->count);
	}
}

static void
read_rejected(const Reader *reader, GatePolicy *policy)
{
	policy->rejected_retention_us = number_of(reader, "rejected", "keep");
	policy->rejected_per_network_day = (guint)number_of(reader, "rejected", "per_network");
	policy->rejected_bytes = (guint64)number_of(reader, "rejected", "bytes");
	policy->rates[RATE_REJECTED] = (Rate){
	    .count = policy->rejected_per_network_day, .period_us = G_TIME_SPAN_DAY, .burst = policy->rejected_per_network_day};
}

/* --- Captcha -------------------------------------------------------------------------------------------------------- */

static void
add_host(GStrvBuilder *hosts, const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	g_autofree char *host = uri == NULL || g_uri_get_host(uri) == NULL ? NULL : g_ascii_strdown(g_uri_get_host(uri), -1);
	if (host != NULL)
		g_strv_builder_add(hosts, host);
}

/* Those of the site's pages, unless the settings name others. The caller's. */
static char **
hostnames(const Reader *reader)
{
	const char *text = text_of(reader, "captcha", "hostnames");
	const SiteFacts *facts = reader->site->facts;
	if (text[0] != '\0')
		return split_words(strcmp(text, "none") == 0 ? "" : text, ascii_domain);
	g_autoptr(GStrvBuilder) hosts = g_strv_builder_new();
	add_host(hosts, facts->url);
	for (char **origin = facts->origins; *origin != NULL; origin++)
		add_host(hosts, *origin);
	return g_strv_builder_end(hosts);
}

/* Contact Form 7's script asks reCAPTCHA v3 for this action before it sends (contract 9). */
static const char *
action(const Reader *reader, CaptchaService service)
{
	const char *text = text_of(reader, "captcha", "action");
	if (strcmp(text, "none") == 0)
		return "";
	return text[0] == '\0' && service == CAPTCHA_RECAPTCHA_V3 ? "contactform" : text;
}

/* Where the secret goes, and what a service cannot do without. The latter is said of the file that chose the service. */
static void
check_captcha(const Reader *reader, const CaptchaSettings *captcha)
{
	const struct {
		const char *key, *value, *sentence;
	} needed[] = {
	    {"site_key", captcha->site_key, "is missing; service %s needs the public key that the page has"},
	    {"secret_file", captcha->secret_file, "is missing; service %s needs a private file with its secret in its only line"},
	};
	if (g_str_has_prefix(captcha->endpoint, "http://") && is_said_here(reader, "captcha", "endpoint"))
		settings_problem(giver(reader, "captcha", "endpoint"), "captcha", "endpoint", reader->problems,
		    "would send the secret unencrypted; write an address that begins with https");
	if (captcha->service == CAPTCHA_NONE || captcha->service == CAPTCHA_ALTCHA)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		/* A form that takes away what its site's service needs says so itself. */
		const char *place = is_of_form(reader, "captcha", needed[i].key) ? needed[i].key : "service";
		if (needed[i].value[0] != '\0' || !is_said_here(reader, "captcha", place))
			continue;
		g_auto(GStrv) parts = g_strsplit(needed[i].sentence, "%s", 2);
		settings_problem(giver(reader, "captcha", place), "captcha", needed[i].key, reader->problems, "%s%s%s", parts[0],
		    captcha_service_name(captcha->service), parts[1]);
	}
}

static void
read_captcha(const Reader *reader, CaptchaSettings *captcha)
{
	captcha_settings_clear(captcha);
	*captcha = (CaptchaSettings){
	    .service = (CaptchaService)number_of(reader, "captcha", "service"),
	    .site_key = g_strdup(text_of(reader, "captcha", "site_key")),
	    .secret_file = path_of(reader, "captcha", "secret_file"),
	    .hostnames = hostnames(reader),
	    .minimum_score = (guint)number_of(reader, "captcha", "minimum_score"),
	    .maximum_age_us = number_of(reader, "captcha", "maximum_age"),
	    .endpoint = g_strdup(text_of(reader, "captcha", "endpoint")),
	    .ca_file = path_of(reader, "captcha", "ca_file"),
	    .altcha_cost = (guint)number_of(reader, "captcha", "altcha_cost"),
	};
	captcha->action = g_strdup(action(reader, captcha->service));
	check_captcha(reader, captcha);
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

GateSite *
gatefile_site_new(const Settings *settings, const SiteFacts *facts, GPtrArray *problems)
{
	GateSite *site = g_new0(GateSite, 1);
	site->settings = settings;
	site->facts = facts;
	site->shorteners = given_domains(settings, "links", "shorteners_file", problems);
	site->disposables = given_domains(settings, "sender", "disposable_file", problems);
	return site;
}

void
gatefile_site_free(GateSite *site)
{
	if (site == NULL)
		return;
	g_hash_table_unref(site->shorteners);
	g_hash_table_unref(site->disposables);
	g_free(site);
}

GatePolicy *
gatefile_policy(const GateSite *site, const Settings *form, GPtrArray *problems)
{
	const Reader reader = {.site = site, .form = form, .problems = problems};
	GatePolicy *policy = gate_policy_new();
	read_checks(&reader, policy);
	read_rates(&reader, policy);
	read_rejected(&reader, policy);
	read_captcha(&reader, &policy->captcha);
	policy->trap_minimum_us = number_of(&reader, "trap", "minimum_age");
	policy->links_maximum = (guint)number_of(&reader, "links", "maximum");
	g_strfreev(policy->brands);
	policy->brands = brands(&reader);
	g_hash_table_unref(policy->shorteners);
	policy->shorteners = domains_of(&reader, site->shorteners, "links", "shorteners_file");
	g_hash_table_unref(policy->disposables);
	policy->disposables = domains_of(&reader, site->disposables, "sender", "disposable_file");
	return policy;
}

static void
gate_setting_free(GateSetting *setting)
{
	g_free(setting->text);
	g_free(setting);
}

GPtrArray *
gatefile_settings(const GateSite *site, const Settings *form)
{
	const Reader reader = {.site = site, .form = form};
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)gate_setting_free);
	gsize count = 0;
	const KeyRow *rows = keys_table(&count);
	/* Those that both files have are the gate's. */
	for (gsize i = 0; i < count; i++) {
		if (rows[i].files != KEYS_SITE || keys_find(KEYS_FORM, rows[i].group, rows[i].key) == NULL)
			continue;
		GateSetting *setting = g_new0(GateSetting, 1);
		setting->group = rows[i].group;
		setting->key = rows[i].key;
		setting->text = g_strdup(text_of(&reader, rows[i].group, rows[i].key));
		setting->is_of_form = is_of_form(&reader, rows[i].group, rows[i].key);
		g_ptr_array_add(all, setting);
	}
	return all;
}

void
gatefile_paths(const Settings *settings, GPtrArray *paths)
{
	static const char *const lists[][2] = {{"links", "shorteners_file"}, {"sender", "disposable_file"}};
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *path = settings_path(settings, lists[i][0], lists[i][1]);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
}
