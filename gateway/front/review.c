/*
 * A review's link, told from top to bottom. It stands in a mail to a site's owner: in the note or report of what is held, or at the end of a notice. Whoever reads that mail opens it.
 *
 *     GET, HEAD   the page: what was sent, why it was held or let through, and buttons. Programs that look through mails open links, so opening changes nothing at all.
 *     POST        a button was pressed: link and decision go to the journal -> review_conclude says so once they are on disk
 *
 * The link's token is signed, so nobody can invent one, and carries the secret that unwraps the key of this one submission (store/review.h): what the front sealed earlier it cannot open
 * otherwise, and cannot any more once a person has decided or the link's time is over, because then the row is gone. Nothing follows from the front's word: the courier verifies token and row
 * again and decides there (relay/decision.c).
 *
 * A button is taken only from a page of ours that is at most two hours old: it posts a keyed hash of token and hour besides the token. So a scanner that posts to every address that it
 * finds changes nothing, and neither does a page of another site.
 *
 * The token stands in the body of the answer and in the row, and nowhere else, as in link.c.
 */
#include "review.h"

#include <pthread.h>
#include <string.h>

#include "link.h"
#include "page_review.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/log.h"
#include "sekisho/base/text.h"
#include "sekisho/store/presses.h"
#include "sekisho/store/review.h"
#include "visitor.h"

/* A page's buttons work in the hour of the clock in which it was made and in the next one. */
#define SLOT_S 3600

/* What a token says. */
typedef struct {
	ReviewClaim claim;
	gboolean is_expired;
} Ticket;

static gboolean read_ticket(Job *job, const char *token, Ticket *ticket);
static gboolean is_from_our_page(const Job *job, const char *token);
static FeedbackStep attend(Job *job, const char *token, const Ticket *ticket);

static gboolean
is_post(const Job *job)
{
	return strcmp(request_param(&job->request, PARAM_METHOD), "POST") == 0;
}

static PageFrame
frame_of(const Job *job)
{
	return (PageFrame){.locale = job_locale(job), .back_url = ""};
}

FeedbackStep
review_receive(Job *job)
{
	Ticket ticket = {0};
	FeedbackStep step = FEEDBACK_ENDED;
	if (!job_find_site(job))
		return FEEDBACK_ENDED;
	g_autofree char *token = link_read_token(job);
	if (token != NULL && read_ticket(job, token, &ticket))
		step = attend(job, token, &ticket);
	explicit_bzero(&ticket, sizeof ticket);
	return step;
}

void
review_conclude(Job *job)
{
	ReviewDecision decision = {0};
	if (job->store_error != NULL) {
		log_error(LOG_STORE_FAILED, job->store_error, "site", job->site->facts->name, NULL);
		review_end_later(job, "store");
		return;
	}
	g_assert(review_decision_read(posted_text(job->posted, "d"), &decision));
	const PageFrame frame = frame_of(job);
	job->is_kept = TRUE;
	job_end_page(job, page_review_recorded(&decision, &frame), NULL);
}

void
review_end_later(Job *job, const char *reason)
{
	const PageFrame frame = frame_of(job);
	job_end_page(job, page_review_problem(503, "page.review_later", &frame), reason);
}

/* What is known of a submission that the link does not open. */
static void
end_over(Job *job, const SubmissionSummary *summary, const char *reason)
{
	const PageFrame frame = frame_of(job);
	job_end_page(job, page_review_over(summary, &frame), reason);
}

/* --- Is the link ours? ------------------------------------------------------------------------------------------------- */

static gboolean
end_forged(Job *job)
{
	const PageFrame frame = frame_of(job);
	job_end_page(job, page_review_problem(404, "page.confirm_forged", &frame), "forged");
	return FALSE;
}

/* FALSE if it is not ours, or not for this site: then the job has ended. */
static gboolean
read_ticket(Job *job, const char *token, Ticket *ticket)
{
	g_autoptr(GError) error = NULL;
	VaultLink link = {.purpose = VAULT_LINK_REVIEW, .site = job->site->facts->name};
	if (vault_link_verify(job->front->vault, token, &link, &error)) {
		g_autoptr(GBytes) payload = link.payload;
		ticket->is_expired = clock_now_us() >= link.expires_at_us;
		return review_payload_read(payload, &ticket->claim) || end_forged(job);
	}
	if (!g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY))
		return end_forged(job);
	/* Signed by a key that was retired since. */
	end_over(job, NULL, "key");
	return FALSE;
}

/* --- Is the button ours? ----------------------------------------------------------------------------------------------- */

static char *
page_token_text(const char *token, gint64 slot)
{
	return g_strdup_printf("%s\n%" G_GINT64_FORMAT, token, slot);
}

/* The caller's. */
static char *
make_page_token(const Job *job, const char *token)
{
	VaultHash hash;
	GString *digits = g_string_new(NULL);
	g_autofree char *text = page_token_text(token, clock_now_s() / SLOT_S);
	vault_hash(job->front->vault, VAULT_HASH_PAGE, text, strlen(text), &hash);
	text_append_hex(digits, hash.bytes, VAULT_HASH_BYTES);
	return g_string_free(digits, FALSE);
}

static gboolean
is_page_token_good(const Job *job, const char *token, const char *digits)
{
	VaultHash hash;
	const gint64 slot = clock_now_s() / SLOT_S;
	if (!text_read_hex(digits, hash.bytes, VAULT_HASH_BYTES))
		return FALSE;
	for (gint64 age = 0; age <= 1; age++) {
		g_autofree char *text = page_token_text(token, slot - age);
		if (vault_hash_matches(job->front->vault, VAULT_HASH_PAGE, text, strlen(text), &hash))
			return TRUE;
	}
	return FALSE;
}

/* What the browser says of the page whose button it was. Our own page forbids it to name itself (no-referrer), and then Origin is "null" (Fetch 3.1); a browser that has no Sec-Fetch-Site leaves
 * it to the page's token alone. */
static gboolean
is_of_own_origin(const Job *job)
{
	const char *fetch_site = request_header(&job->request, "Sec-Fetch-Site");
	const char *origin = request_param(&job->request, PARAM_ORIGIN);
	if (fetch_site[0] != '\0')
		return strcmp(fetch_site, "same-origin") == 0 || strcmp(fetch_site, "none") == 0;
	return origin[0] == '\0' || strcmp(origin, "null") == 0 || visitor_is_own_origin(origin, job->site->facts);
}

static gboolean
is_from_our_page(const Job *job, const char *token)
{
	return is_of_own_origin(job) && is_page_token_good(job, token, posted_text(job->posted, "p"));
}

/* --- What does it open? ----------------------------------------------------------------------------------------------- */

struct Reviews {
	pthread_mutex_t lock;
	Db *db; /* under the lock */
};

Reviews *
reviews_new(const char *data_directory, GError **error)
{
	Db *db = db_open(data_directory, DB_EXISTING, error);
	if (db == NULL)
		return NULL;
	Reviews *reviews = g_new0(Reviews, 1);
	pthread_mutex_init(&reviews->lock, NULL);
	reviews->db = db;
	return reviews;
}

void
reviews_free(Reviews *reviews)
{
	if (reviews == NULL)
		return;
	db_free(reviews->db);
	pthread_mutex_destroy(&reviews->lock);
	g_free(reviews);
}

/* The submission, and the decision that waits for the courier already (NULL: none does). NULL on error. */
static Review *
look_up(Job *job, const char *token, const ReviewClaim *claim, char **waiting, GError **error)
{
	Review *review = NULL;
	Reviews *reviews = job->front->reviews;
	pthread_mutex_lock(&reviews->lock);
	if (presses_decision(reviews->db, token, waiting, error))
		review = review_open(reviews->db, job->site->facts->name, claim, error);
	pthread_mutex_unlock(&reviews->lock);
	return review;
}

/* A key of links that was replaced by a newer one makes other secrets: a newer mail has the link that opens it. */
static void
end_unopened(Job *job, const GError *error)
{
	if (g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND) || g_error_matches(error, BASE_ERROR, BASE_ERROR_FORGED)) {
		end_over(job, NULL, "gone");
		return;
	}
	log_error(LOG_STORE_FAILED, error, "site", job->site->facts->name, NULL);
	review_end_later(job, "store");
}

/* The gateway itself may have let it through meanwhile, or a person by the command. */
static gboolean
is_to_decide(const Review *review, ReviewStage stage)
{
	const SubmissionStatus status = review->summary->status;
	if (review->submission == NULL)
		return FALSE;
	if (stage == REVIEW_HELD)
		return status == SUBMISSION_HELD || status == SUBMISSION_REJECTED;
	return status == SUBMISSION_ACCEPTED || status == SUBMISSION_RELEASED;
}

/* --- What is asked? ---------------------------------------------------------------------------------------------------- */

static void
show(Job *job, const char *token, ReviewStage stage, const Review *review)
{
	const PageFrame frame = frame_of(job);
	const guint64 form_id = review->summary->form_id;
	g_autoptr(Form) form = site_form(job->site, form_id, NULL);
	g_autofree char *page_token = make_page_token(job, token);
	const ReviewSheet sheet = {.site = job->site->facts,
	    .form = form,
	    .policy = form != NULL ? site_gate(job->site, form_id) : NULL,
	    .review = review,
	    .stage = stage,
	    .token = token,
	    .page_token = page_token,
	    .is_choice_missing = is_post(job)};
	job_end_with_answer(job, page_review_show(&sheet, &frame));
}

static FeedbackStep
keep(Job *job, const char *token, const ReviewDecision *decision)
{
	job->stage = STAGE_JOURNAL;
	JournalEntry *entry = journal_press_new(job->site->facts->name, token, review_decision_text(decision));
	if (journal_submit(job->front->journal, entry, job_stored, job, &job->store_error))
		return FEEDBACK_WAITS;
	review_conclude(job);
	return FEEDBACK_ENDED;
}

/* One who pressed twice reads what was written down first, because that is what will be done. */
static gboolean
is_decided(Job *job, const char *waiting)
{
	ReviewDecision decision = {0};
	if (waiting == NULL || !review_decision_read(waiting, &decision))
		return FALSE;
	const PageFrame frame = frame_of(job);
	job_end_with_answer(job, page_review_recorded(&decision, &frame));
	return TRUE;
}

/* A button of the page, as show would make it now: without its form the courier can carry out no other. */
static gboolean
is_offered(Job *job, const Review *review, ReviewStage stage, ReviewDecision *decision)
{
	if (!review_decision_read(posted_text(job->posted, "d"), decision) || !review_is_of_stage(decision, stage))
		return FALSE;
	g_autoptr(Form) form = site_form(job->site, review->summary->form_id, NULL);
	return form != NULL || decision->order == REVIEW_DISCARD;
}

static FeedbackStep
attend(Job *job, const char *token, const Ticket *ticket)
{
	ReviewDecision decision = {0};
	const ReviewStage stage = ticket->claim.stage;
	g_autoptr(GError) error = NULL;
	g_autofree char *waiting = NULL;
	if (is_post(job) && !is_from_our_page(job, token)) {
		const PageFrame frame = frame_of(job);
		job_end_page(job, page_review_again(token, &frame), "page_token");
		return FEEDBACK_ENDED;
	}
	g_autoptr(Review) review = look_up(job, token, &ticket->claim, &waiting, &error);
	if (review == NULL)
		end_unopened(job, error);
	else if (is_decided(job, waiting))
		return FEEDBACK_ENDED;
	else if (ticket->is_expired || !is_to_decide(review, stage))
		end_over(job, review->summary, ticket->is_expired ? "expired" : "decided");
	else if (is_post(job) && is_offered(job, review, stage, &decision))
		return keep(job, token, &decision);
	else
		show(job, token, stage, review);
	return FEEDBACK_ENDED;
}
