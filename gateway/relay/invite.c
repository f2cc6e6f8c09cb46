/*
 * What the courier's own mails invite to: the review line of a notice, and the links of the note about what is held.
 *
 *   link made (its row pending) -> written with those of all letters of its session, before that begins -> failed: again before the next claim
 *
 * A link is a convenience: if the ledger cannot be asked, a mail goes without it, and if the rows cannot be written, it goes before them. What is pending is bounded by the letters of one
 * session, because nothing is claimed while the database is in trouble.
 */
#include "courier_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/texts.h"
#include "sekisho/store/submissions.h"

GArray *
invites_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(ReviewGrant));
}

ReviewHouse
invite_house(const Courier *courier)
{
	return (ReviewHouse){
	    .db = courier->db, .ledger = courier->ledger, .vault = courier->settings->vault, .pending = courier->invites};
}

char *
invite_link(const Courier *courier, const Site *site, const SubmissionSummary *summary, ReviewStage stage)
{
	g_autoptr(GError) error = NULL;
	const ReviewHouse house = invite_house(courier);
	char *link = review_link(&house, site, summary, stage, NULL, &error);

	if (error != NULL)
		log_error(LOG_STORE_FAILED, error, "consequence", "a mail goes without its review link", NULL);
	return link;
}

char *
invite_line(const Courier *courier, const Site *site, const OutboxItem *notice, const char *locale)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SubmissionSummary) summary = submissions_find(courier->db, notice->receipt, &error);

	if (summary == NULL) {
		log_error(LOG_STORE_FAILED, error, "consequence", "a mail goes without its review link", NULL);
		return NULL;
	}
	g_autofree char *link = summary->id != notice->submission_id ? NULL : invite_link(courier, site, summary, REVIEW_PASSED);
	return link == NULL ? NULL : g_strdup_printf("%s\n%s\n", text_for(locale, "facts.review"), link);
}

void
invites_write(Courier *courier)
{
	g_autoptr(GError) error = NULL;
	const ReviewHouse house = invite_house(courier);

	if (courier->invites->len == 0 || review_write(&house, &error))
		return;
	log_error(LOG_STORE_FAILED, error, "consequence", "review links do not open yet", NULL);
	if (courier->invites->len > LIMIT_COURIER_ITEMS)
		g_array_set_size(courier->invites, 0);
}
