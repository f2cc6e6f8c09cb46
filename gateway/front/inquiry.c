/*
 * What the page's script asks beside sending: the rules it may show tips by (contract 5.1), and fresh quizzes after a reset (2.5).
 * Refill must answer 200 even when there is nothing to refill, because until it does the script hides the thanks (2.3).
 */
#include "inquiry.h"

#include "sekisho/form/rules.h"

static GVariant *
refill_document(void)
{
	return g_variant_new_array(G_VARIANT_TYPE_VARIANT, NULL, 0);
}

void
inquiry_answer(Job *job)
{
	g_assert(!route_is_submission(&job->route));
	if (job->route.kind == ROUTE_REFUSED)
		job_end_refused(job, job->route.refusal, NULL);
	else if (job->route.kind == ROUTE_DESCRIBE)
		job_end_with_answer(job, answer_description(job->route.allow));
	else if (!job_find_site(job) || !job_find_form(job, job->route.form_id))
		return;
	else if (job->route.kind == ROUTE_SCHEMA)
		job_end_with_answer(job, answer_document(rules_schema(job->form), job->route.allow));
	else
		job_end_with_answer(job, answer_document(refill_document(), job->route.allow));
}
