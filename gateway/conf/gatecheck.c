/*
 * What `sekisho check` says of the gate's settings beyond what is simply wrong, and the captcha's secret. No state; reads the disk.
 */
#include <string.h>
#include <unistd.h>

#include "gatefile.h"
#include "problems.h"
#include "sekisho/base/private_file.h"
#include "sekisho/conf/config.h"

char *
gate_captcha_secret(const GatePolicy *policy, GError **error)
{
	const CaptchaService service = policy->captcha.service;
	return service == CAPTCHA_NONE || service == CAPTCHA_ALTCHA ? g_strdup("")
								    : private_file_read_line(policy->captcha.secret_file, error);
}

static void
check_secret(const GatePolicy *policy, const Settings *settings, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	/* One that is given and empty is said to be missing where a service needs it. */
	const gboolean is_given = settings_is_set(settings, "captcha", "secret_file") && policy->captcha.secret_file[0] != '\0';
	char *secret = is_given ? gate_captcha_secret(policy, &error) : NULL;
	if (error != NULL)
		settings_problem(settings, "captcha", "secret_file", problems, "%s", error->message);
	password_free(secret);
	if (settings_is_set(settings, "captcha", "ca_file") && policy->captcha.ca_file[0] != '\0' &&
	    access(policy->captcha.ca_file, R_OK) != 0)
		settings_problem(settings, "captcha", "ca_file", problems,
		    "%s cannot be read; write the path of a file with certificates in PEM", policy->captcha.ca_file);
}

/* TRUE if one lets as much through as the other in the long run. */
static gboolean
is_as_large(const Rate *one, const Rate *other)
{
	return other->count > 0 && (one->count == 0 || one->count * other->period_us >= other->count * one->period_us);
}

/* A limit on one source is there so that it cannot use up what all visitors share. Said of the key that this file gives. */
static void
warn_of_rate(const RateTier pair[2], const Settings *settings, GPtrArray *problems)
{
	const char *source = rate_tier_name(pair[0]), *shared = rate_tier_name(pair[1]);
	if (settings_is_set(settings, "limit", source))
		settings_warning(settings, "limit", source, problems,
		    "lets one source alone use up all that [limit] %s lets through, and then everybody waits; write a smaller "
		    "rate "
		    "here, or a larger one there",
		    shared);
	else
		settings_warning(settings, "limit", shared, problems,
		    "is no more than [limit] %s lets through from one source alone, and when that has used it up everybody "
		    "waits; "
		    "write a larger rate here, or a smaller one there",
		    source);
}

static void
warn_of_rates(const GatePolicy *policy, const Settings *settings, GPtrArray *problems)
{
	for (RateTier source = RATE_IP; source <= RATE_NETWORK_WIDE; source++)
		for (RateTier shared = RATE_FORM; shared <= RATE_SITE; shared++)
			if ((settings_is_set(settings, "limit", rate_tier_name(source)) ||
				settings_is_set(settings, "limit", rate_tier_name(shared))) &&
			    is_as_large(&policy->rates[source], &policy->rates[shared])) {
				warn_of_rate((const RateTier[]){source, shared}, settings, problems);
				break;
			}
}

/* Values that are allowed and hardly ever meant. */
static void
warn_of_values(const GatePolicy *policy, const Settings *settings, GPtrArray *problems)
{
	if (settings_is_set(settings, "check", "captcha") && policy->captcha.service != CAPTCHA_NONE &&
	    policy->modes[CHECK_CAPTCHA] == CHECK_OFF)
		settings_warning(settings, "check", "captcha", problems,
		    "is off, so the tokens of [captcha] service %s are not looked at; write on or dry-run",
		    captcha_service_name(policy->captcha.service));
}

void
gatefile_check(const GatePolicy *policy, const Settings *settings, GPtrArray *problems)
{
	check_secret(policy, settings, problems);
	warn_of_values(policy, settings, problems);
	warn_of_rates(policy, settings, problems);
}

/* --- Forms ---------------------------------------------------------------------------------------------------------- */

static const FormTag *
find_tag(const Form *form, const char *name)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(form->tags, i);
		if (tag->name != NULL && g_str_equal(tag->name, name))
			return tag;
	}
	return NULL;
}

/* An <input> that stands in the template as it is. */
static gboolean
has_control(const Form *form, const char *name)
{
	g_autofree char *escaped = g_regex_escape_string(name, -1);
	g_autofree char *pattern = g_strdup_printf("\\bname\\s*=\\s*[\"']?%s[\"'\\s/>]", escaped);
	return g_regex_match_simple(pattern, form->source->template_text, G_REGEX_CASELESS, 0);
}

/* TRUE if the tag stands in an element of the template that hides what is in it. */
static gboolean
is_hidden_around(const Form *form, const FormTag *tag)
{
	g_autofree char *before = g_strndup(form->source->template_text, tag->offset);
	return g_regex_match_simple(
	    "display:\\s*none[^<]*>((?!</(span|div|p|label)>).)*$", before, G_REGEX_CASELESS | G_REGEX_DOTALL, 0);
}

/* A field that people see is one that they fill. Whether a class hides it, the page's style sheet knows. */
static void
warn_of_honeypot(const Form *form, const char *name, const char *folder, GPtrArray *problems)
{
	const FormTag *tag = find_tag(form, name);
	if (tag == NULL && !has_control(form, name))
		problems_warn(problems, folder, "form.html",
		    "has no field \"%s\", which [check] honeypot_fields names, so it catches nobody; add <span "
		    "style=\"display:none\" "
		    "aria-hidden=\"true\">[text %s autocomplete:off tabindex:-1]</span>",
		    name, name);
	else if (tag != NULL && formtag_is_required(tag))
		problems_warn(problems, folder, "form.html",
		    "line %u: [%s %s] is required, and [check] honeypot_fields holds whoever fills it: nobody could pass; write "
		    "[%s %s], "
		    "and hide it",
		    tag->line, tag->type, name, tag->basetype, name);
	else if (tag != NULL && !(tag->features & TAG_HIDDEN) && formtag_option(tag, "class") == NULL &&
		 !is_hidden_around(form, tag))
		problems_warn(problems, folder, "form.html",
		    "line %u: [%s %s] is a field that people see and fill, and [check] honeypot_fields holds those who do; put "
		    "it into "
		    "<span style=\"display:none\" aria-hidden=\"true\">, or name another field",
		    tag->line, tag->type, name);
}

/* What the tag does depends on the settings, so it is said here and not with the other tags. */
static void
warn_of_turnstile(const GatePolicy *policy, const Form *form, const char *folder, GPtrArray *problems)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(form->tags, i);
		if (g_str_equal(tag->basetype, "turnstile") && policy->captcha.service != CAPTCHA_TURNSTILE)
			problems_warn(problems, folder, "form.html",
			    "line %u: [%s]: its tokens are not verified, so it keeps no robot out; write service = turnstile, "
			    "site_key and "
			    "secret_file into [captcha] of site.conf",
			    tag->line, tag->type);
	}
}

void
gatefile_check_form(const GatePolicy *policy, const Form *form, const char *folder, GPtrArray *problems)
{
	warn_of_turnstile(policy, form, folder, problems);
	for (char **name = policy->honeypot_fields; *name != NULL; name++)
		warn_of_honeypot(form, *name, folder, problems);
}
