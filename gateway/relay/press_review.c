/*
 * Pressed buttons of review pages: a person has decided about a submission.
 *
 *   row of the front -> token verified again -> its submission found -> the link's row stands, nobody has decided -> decision.h carries it out
 *                    -> decided so already: nothing more to do; a crash may have come between the decision and the end of the press
 *                    -> decided otherwise, or its sender not listed: as what cannot be done
 *                    -> cannot be done: the person read "recorded", so an alarm of the site says why not
 *
 * The row is input: a front that was taken over writes what it likes. What counts is the courier's own signature over site, stage, receipt and expiry; that nobody has decided, the ledger
 * knows. So such a front can press buttons of links alone that somebody opened while it was taken, each once.
 */
#include <string.h>

#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/relay/decision.h"
#include "sekisho/store/audit.h"

/* Whoever may press what has expired presses it again and again; the owner is told once in this time. */
#define TOLD_US G_TIME_SPAN_HOUR

typedef struct {
	Courier *courier;
	const Press *press;
	PressSight *sight;
	VaultLink link;
	ReviewClaim claim;
	ReviewDecision decision;
	SubmissionSummary *summary;
	const char *text_id; /* of the alarm's reason, if it cannot be done; static */
} Wish;

static void
wish_clear(Wish *wish)
{
	g_clear_pointer(&wish->link.payload, g_bytes_unref);
	g_clear_pointer(&wish->summary, submission_summary_free);
	explicit_bzero(wish->claim.secret, sizeof wish->claim.secret);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wish, wish_clear)

/* --- What the row says ----------------------------------------------------------------------------------------------------------- */

static gboolean
read_wish(Wish *wish, GError **error)
{
	const Press *press = wish->press;

	wish->link = (VaultLink){.purpose = VAULT_LINK_REVIEW, .site = press->site};
	if (!vault_link_verify(wish->courier->settings->vault, press->token, &wish->link, error))
		return FALSE;
	if (!review_payload_read(wish->link.payload, &wish->claim))
		return press_refuse("the link is of another kind", error);
	memcpy(wish->sight->receipt, wish->claim.receipt, sizeof wish->sight->receipt);
	if (!review_decision_read(press->decision, &wish->decision) || !review_is_of_stage(&wish->decision, wish->claim.stage))
		return press_refuse("the link has no such button", error);
	wish->sight->is_verified = TRUE;
	return TRUE;
}

static gboolean
fail(Wish *wish, const char *text_id, const char *reason, GError **error)
{
	wish->text_id = text_id;
	return press_refuse(reason, error);
}

static gboolean
find_submission(Wish *wish, GError **error)
{
	if (clock_now_us() > wish->link.expires_at_us + PRESS_GRACE_US)
		return fail(wish, "alarm.review_late", "expired", error);
	g_clear_pointer(&wish->summary, submission_summary_free);
	wish->summary = submissions_find(wish->courier->db, wish->claim.receipt, error);
	if (wish->summary == NULL) {
		wish->text_id = "alarm.review_gone";
		return FALSE;
	}
	/* Rows are a front's, too: longer receipts, and those of other sites. */
	return (g_str_equal(wish->summary->receipt, wish->claim.receipt) &&
		   g_str_equal(wish->summary->site, wish->press->site)) ||
	       fail(wish, "alarm.review_gone", "its submission is another site's", error);
}

/* --- What is so already ------------------------------------------------------------------------------------------------------------- */

/* TRUE if that is what the person wanted. A held one may have passed by itself, when its captcha was looked at again; then nobody was allowed. */
static gboolean
is_as_wanted(const Wish *wish)
{
	const SubmissionStatus status = wish->summary->status;

	switch (wish->decision.order) {
	case REVIEW_RELEASE:
		return status == SUBMISSION_RELEASED || status == SUBMISSION_ACCEPTED;
	case REVIEW_RELEASE_ALLOW:
		return status == SUBMISSION_RELEASED;
	case REVIEW_DISCARD:
	case REVIEW_DISCARD_BLOCK:
		return status == SUBMISSION_DISCARDED;
	case REVIEW_BLOCK:
	default:
		return FALSE;
	}
}

static const char *
text_of_status(const Wish *wish)
{
	/* Of what has passed, the status is no reason. */
	if (wish->decision.order == REVIEW_BLOCK)
		return "alarm.review_other";
	switch (wish->summary->status) {
	case SUBMISSION_RELEASED:
	case SUBMISSION_ACCEPTED:
		return "alarm.review_released";
	case SUBMISSION_DISCARDED:
		return "alarm.review_discarded";
	case SUBMISSION_HELD:
	case SUBMISSION_REJECTED:
	default:
		return "alarm.review_other";
	}
}

/* --- Acting on it --------------------------------------------------------------------------------------------------------------------- */

/* Carried out already, but for its end. */
static gboolean
resume(Wish *wish, const DecisionMaker *maker, GError *failure, GError **error)
{
	if (!g_error_matches(failure, STORE_ERROR, STORE_ERROR_CONFLICT) || !find_submission(wish, NULL) || !is_as_wanted(wish)) {
		wish->text_id = wish->text_id == NULL && wish->summary != NULL ? text_of_status(wish) : wish->text_id;
		g_propagate_error(error, failure);
		return FALSE;
	}
	g_error_free(failure);
	return decision_conclude(maker, wish->summary, &wish->decision, error);
}

static gboolean
carry_out(Wish *wish, GError **error)
{
	g_auto(DecisionResult) result = {0};
	GError *failure = NULL;
	gboolean stands = FALSE;
	const ReviewHouse house = invite_house(wish->courier);
	const DecisionMaker maker = {.house = &house, .config = wish->courier->settings->config, .actor = AUDIT_BY_LINK};

	if (!review_stands(house.db, wish->summary->id, wish->claim.stage, &stands, error))
		return FALSE;
	if (!stands)
		return fail(wish, "alarm.review_late", "the link has ended", error);
	if (decision_apply(&maker, wish->summary, &wish->decision, &result, &failure))
		return TRUE;
	return resume(wish, &maker, failure, error);
}

/* Somebody decided before. Who wanted the same need not be told; who wanted a sender on a list, whom the other did not list, must be. */
static gboolean
compare(Wish *wish, const ReviewHouse *house, GError **error)
{
	const ReviewOrder order = wish->decision.order;
	const gboolean is_of_status = order == REVIEW_RELEASE || order == REVIEW_DISCARD;

	if (!decision_was_made(house, wish->summary, &wish->decision, &wish->sight->is_again, error))
		return FALSE;
	wish->sight->is_again |= is_of_status && is_as_wanted(wish);
	return wish->sight->is_again || fail(wish, text_of_status(wish), "somebody decided otherwise before", error);
}

static gboolean
obey(Wish *wish, GError **error)
{
	gboolean is_decided = FALSE;
	const ReviewHouse house = invite_house(wish->courier);

	if (!find_submission(wish, error) || !review_is_decided(&house, wish->summary, wish->claim.stage, &is_decided, error))
		return FALSE;
	return is_decided ? compare(wish, &house, error) : carry_out(wish, error);
}

/* --- Telling --------------------------------------------------------------------------------------------------------------------------- */

/* The person read that it was recorded, and will look no more. */
static void
tell(const Wish *wish, const GError *failure)
{
	g_autoptr(GError) error = NULL;
	const char *name = wish->press->site;
	g_autoptr(Site) site = config_site(wish->courier->settings->config, name, NULL);
	const char *locale = site == NULL ? "en" : site_locale(site);
	const TextPlace said[] = {{"reason", failure->message}, {NULL, NULL}};
	g_autofree char *reason = text_fill(text_for(locale, wish->text_id), said);
	const TextPlace places[] = {{"site", name}, {"receipt", wish->claim.receipt}, {"reason", reason}, {NULL, NULL}};
	g_autofree char *text = text_fill(text_for(locale, "alarm.review"), places);

	if (ledger_alarm_expire(wish->courier->ledger, name, "review", TOLD_US, &error))
		(void)alarm_raise(wish->courier, name, "review", text);
	else
		log_error(LOG_STORE_FAILED, error, "consequence", "an alarm could not be raised", "topic", "review", NULL);
}

gboolean
press_review(Courier *courier, const Press *press, PressSight *sight, GError **error)
{
	GError *failure = NULL;
	g_auto(Wish) wish = {.courier = courier, .press = press, .sight = sight};

	if (!read_wish(&wish, error))
		return FALSE;
	if (obey(&wish, &failure))
		return TRUE;
	if (!press_waits(failure)) {
		wish.text_id = wish.text_id == NULL ? "alarm.review_other" : wish.text_id;
		tell(&wish, failure);
	}
	g_propagate_error(error, failure);
	return FALSE;
}
