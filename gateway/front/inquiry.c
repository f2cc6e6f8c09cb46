/*
 * What the page's script asks beside sending: the rules it may show tips by (contract 5.1), fresh quizzes after a reset (2.5), and challenges of a captcha.
 * Refill must answer 200 even when there is nothing to refill, because until it does the script hides the thanks (2.3).
 */
#include "inquiry.h"

#include <string.h>

#include "seen.h"
#include "sekisho/form/rules.h"
#include "sekisho/policy/altcha.h"

/* Contract 2.5: an object, but the empty array where there is nothing to refill. */
static GVariant *
refill_document(const Job *job)
{
	g_autoptr(GVariant) quiz = job_quiz(job);
	if (quiz == NULL)
		return g_variant_new_array(G_VARIANT_TYPE_VARIANT, NULL, 0);
	GVariantBuilder object = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&object, "{sv}", "quiz", quiz);
	return g_variant_builder_end(&object);
}

/* JSON Schema, draft 4, of the document that rules_schema writes, as a GVariant's text. A threshold is a number or the text of an option. */
static const char schema_description[] =
    "{'$schema': <'http://json-schema.org/draft-04/schema#'>, 'title': <'contact-form-rules'>,"
    " 'description': <'The rules by which a contact form checks what is typed into it'>, 'type': <'object'>,"
    " 'properties': <{'version': <{'type': <'string'>}>, 'locale': <{'type': <'string'>}>,"
    "  'rules': <{'type': <'array'>, 'items': <{'type': <'object'>, 'properties': <{"
    "   'rule': <{'type': <'string'>}>, 'field': <{'type': <'string'>}>, 'error': <{'type': <'string'>}>,"
    "   'threshold': <{'type': <['number', 'string']>}>, 'base': <{'type': <'number'>}>, 'interval': <{'type': <'number'>}>,"
    "   'accept': <{'type': <'array'>, 'items': <{'type': <['string', 'integer']>}>}>, 'rules': <{'type': <'array'>}>}>,"
    "   'required': <['rule']>}>}>}>,"
    " 'required': <['version', 'locale', 'rules']>}";

/* A page of another host may read an answer, or may even send, only if the site says so: its word is needed before there is one. */
static gboolean
is_origin_settled(Job *job)
{
	return request_param(&job->request, PARAM_ORIGIN)[0] == '\0' || job_find_site(job);
}

/* OPTIONS. A browser asks so before a page of another host may send. */
static void
describe(Job *job)
{
	GVariant *schema = job->route.is_schema ? g_variant_new_parsed(schema_description) : NULL;
	job_end_with_answer(job, answer_description(job->route.allow, schema));
}

/* Fresh each time, like a quiz: nothing is kept of it until it comes back. */
static void
challenge(Job *job)
{
	const GatePolicy *policy = site_gate(job->site, job->route.form_id);
	g_autofree char *version = route_query(request_param(&job->request, PARAM_URI), "v");
	const AltchaRequest request = {.site = job->site->facts->name,
	    .form_id = job->route.form_id,
	    .version = strcmp(version, "1") == 0 ? 1 : 2,
	    .cost = policy->captcha.altcha_cost};
	if (policy->captcha.service != CAPTCHA_ALTCHA)
		job_end_refused(job, &route_refusal_altcha, NULL);
	else
		job_end_with_answer(job, answer_json_text(altcha_challenge(job->front->vault, &request), job->route.allow));
}

/* The page asks for it when it loads, and that is when a person begins to write. */
static void
show_schema(Job *job)
{
	Answer *answer = answer_document(rules_schema(job->form), job->route.allow);
	if (site_gate(job->site, job->route.form_id)->modes[CHECK_TRAP] != CHECK_OFF && seen_is_possible(job))
		seen_set_cookie(job, answer);
	job_end_with_answer(job, answer);
}

void
inquiry_answer(Job *job)
{
	g_assert(!route_is_submission(&job->route));
	const gboolean is_about_form =
	    job->route.kind == ROUTE_SCHEMA || job->route.kind == ROUTE_REFILL || job->route.kind == ROUTE_ALTCHA;
	if (!is_about_form && !is_origin_settled(job))
		return;
	if (job->route.kind == ROUTE_REFUSED)
		job_end_refused(job, job->route.refusal, NULL);
	else if (job->route.kind == ROUTE_DESCRIBE)
		describe(job);
	else if (!job_find_site(job) || !job_find_form(job, job->route.form_id))
		return;
	else if (job->route.kind == ROUTE_SCHEMA)
		show_schema(job);
	else if (job->route.kind == ROUTE_ALTCHA)
		challenge(job);
	else
		job_end_with_answer(job, answer_document(refill_document(job), job->route.allow));
}
