/*
 * A confirmation's link, told from top to bottom. The courier has mailed it to an address that somebody typed; whoever reads that mailbox opens it.
 *
 *     GET, HEAD   a page that says what its button does. Programs that look through mails open links, so opening changes nothing at all.
 *     POST        the button was pressed: the token goes to the journal as it is -> link_conclude says thanks once it is on disk
 *
 * The front verifies a token so that a visitor is told at once what is wrong, and that no stranger can fill the disk. Nothing follows from its word:
 * the courier, which alone knows what was used before, verifies the token again and acts. So a link that was used shows the same thanks again.
 *
 * The token stands in the body of the answer and in the row, and nowhere else: neither in the log nor, by Referrer-Policy, at anybody the page could lead to.
 */
#include "link.h"

#include <string.h>

#include "page.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"

static gboolean is_valid(Job *job, const char *token);
static void show_button(Job *job, const char *token);
static FeedbackStep keep(Job *job, const char *token);

FeedbackStep
link_receive(Job *job)
{
	if (!job_find_site(job))
		return FEEDBACK_ENDED;
	g_autofree char *token = link_read_token(job);
	if (token == NULL || !is_valid(job, token))
		return FEEDBACK_ENDED;
	if (strcmp(request_param(&job->request, PARAM_METHOD), "POST") == 0)
		return keep(job, token);
	show_button(job, token);
	return FEEDBACK_ENDED;
}

void
link_conclude(Job *job)
{
	if (job->store_error != NULL) {
		log_error(LOG_STORE_FAILED, job->store_error, "site", job->site->facts->name, NULL);
		job_end_confirm(job, 503, "page.confirm_later", "store");
		return;
	}
	job->is_kept = TRUE;
	job_end_confirm(job, 200, "page.confirm_done", NULL);
}

char *
link_read_token(Job *job)
{
	if (strcmp(request_param(&job->request, PARAM_METHOD), "POST") != 0)
		return route_query(request_param(&job->request, PARAM_URI), "t");
	/* A body that cannot be read has no token, and that is what the visitor is told. */
	const gboolean is_read = request_fields(&job->request, NULL, &job->posted, NULL);
	if (job->request.is_broken)
		return NULL;
	return g_strdup(is_read ? posted_text(job->posted, "t") : "");
}

/* Ours, for this site, and in time; else the job ends here. */
static gboolean
is_valid(Job *job, const char *token)
{
	g_autoptr(GError) error = NULL;
	VaultLink link = {.purpose = VAULT_LINK_CONSENT, .site = job->site->facts->name};
	if (vault_link_verify(job->front->vault, token, &link, &error)) {
		g_bytes_unref(link.payload);
		if (clock_now_us() < link.expires_at_us)
			return TRUE;
		job_end_confirm(job, 410, "page.confirm_expired", "expired");
	} else if (g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY)) {
		/* Signed by a key that was retired since. */
		job_end_confirm(job, 410, "page.confirm_expired", "key");
	} else {
		job_end_confirm(job, 404, "page.confirm_forged", "forged");
	}
	return FALSE;
}

static void
show_button(Job *job, const char *token)
{
	const SiteFacts *facts = job->site->facts;
	const PageFrame frame = {.locale = job_locale(job), .back_url = ""};
	job_end_with_answer(job, page_confirm(facts->title[0] != '\0' ? facts->title : facts->name, token, &frame));
}

static FeedbackStep
keep(Job *job, const char *token)
{
	job->stage = STAGE_JOURNAL;
	JournalEntry *entry = journal_press_new(job->site->facts->name, token, "");
	if (journal_submit(job->front->journal, entry, job_stored, job, &job->store_error))
		return FEEDBACK_WAITS;
	link_conclude(job);
	return FEEDBACK_ENDED;
}
