/*
 * Review links, from the side that signs them.
 *
 *   link -> its row (store/review.h) -> decided: the ledger remembers site, receipt and stage, the rows go
 *
 * The secret of a link belongs to site, receipt and stage, so a mail that is tried again carries the same one. It lives in the link alone: neither the database nor the ledger has it. No state.
 */
#include "sekisho/relay/review.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/ledger.h"

/* Tells these ids from others among the ledger's used tokens. */
#define MARK_LETTER 'R'
#define DIGEST_BYTES 32u

/* Names what is decided about. The site comes last: neither number nor receipt holds a "|", so no two names are the same. */
static char *
name_of(const SubmissionSummary *summary, ReviewStage stage)
{
	return g_strdup_printf("review|%d|%s|%s", (int)stage, summary->receipt, summary->site);
}

static GBytes *
mark_of(const SubmissionSummary *summary, ReviewStage stage)
{
	guint8 id[1 + DIGEST_BYTES] = {MARK_LETTER};
	gsize size = DIGEST_BYTES;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *name = name_of(summary, stage);

	g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name));
	g_checksum_get_digest(checksum, id + 1, &size);
	return g_bytes_new(id, sizeof id);
}

static gboolean
is_of_stage(const SubmissionSummary *summary, ReviewStage stage)
{
	if (stage == REVIEW_HELD)
		return summary->status == SUBMISSION_HELD || summary->status == SUBMISSION_REJECTED;
	return summary->status == SUBMISSION_ACCEPTED || summary->status == SUBMISSION_RELEASED;
}

gboolean
review_is_decided(
    const ReviewHouse *house, const SubmissionSummary *summary, ReviewStage stage, gboolean *is_decided, GError **error)
{
	g_autoptr(GBytes) mark = mark_of(summary, stage);

	return ledger_is_token_used(house->ledger, mark, is_decided, error);
}

gboolean
review_decide(const ReviewHouse *house, const SubmissionSummary *summary, ReviewStage stage, GError **error)
{
	gboolean is_first = FALSE;
	g_autoptr(GBytes) mark = mark_of(summary, stage);
	const gint64 now_us = clock_now_us();
	/* Its end is a row's word: at least as long as a link lives, and not for ever. */
	const gint64 end_us = CLAMP(summary->purge_at_us, now_us, now_us + LIMIT_AUDIT_US);

	return ledger_use_token(house->ledger, mark, end_us + 2 * LIMIT_REVIEW_US, &is_first, error) &&
	       review_end(house->db, summary->id, stage, error);
}

/* --- Links ------------------------------------------------------------------------------------------------------------------- */

gboolean
review_write(const ReviewHouse *house, GError **error)
{
	if (!review_grant(house->db, house->vault, house->pending, error))
		return FALSE;
	g_array_set_size(house->pending, 0);
	return TRUE;
}

static gboolean
keep(const ReviewHouse *house, const ReviewGrant *grant, GError **error)
{
	if (house->pending != NULL) {
		g_array_append_vals(house->pending, grant, 1);
		return TRUE;
	}
	g_autoptr(GArray) alone = g_array_new(FALSE, FALSE, sizeof *grant);
	g_array_append_vals(alone, grant, 1);
	return review_grant(house->db, house->vault, alone, error);
}

/* 0: its end has come. A notice that is tried again stays the same mail byte for byte: its link changes by the week since the
 * receipt, and no mail is tried that long. */
static gint64
end_of(const SubmissionSummary *summary, ReviewStage stage)
{
	const gint64 now_us = clock_now_us();
	/* The receipt's time is a row's word. */
	const gint64 age_us = stage == REVIEW_PASSED ? now_us - CLAMP(summary->received_at_us, 0, now_us) : now_us;
	const gint64 span_us = stage == REVIEW_PASSED ? 7 * G_TIME_SPAN_DAY : G_TIME_SPAN_DAY;
	const gint64 end_us = MIN(now_us - age_us % span_us + LIMIT_REVIEW_US, summary->purge_at_us);

	return end_us > now_us ? end_us : 0;
}

static char *
url_of(const ReviewHouse *house, const Site *site, const SubmissionSummary *summary, const ReviewGrant *grant)
{
	ReviewClaim claim = {.stage = grant->stage};

	memcpy(claim.receipt, summary->receipt, sizeof claim.receipt);
	memcpy(claim.secret, grant->secret, sizeof claim.secret);
	g_autoptr(GBytes) payload = review_payload(&claim);
	const VaultLink link = {
	    .purpose = VAULT_LINK_REVIEW, .site = site->facts->name, .expires_at_us = grant->expires_at_us, .payload = payload};
	g_autofree char *token = vault_link_sign(house->vault, &link);
	return g_strdup_printf("%s/sekisho/review?t=%s", site->facts->url, token);
}

char *
review_link(const ReviewHouse *house, const Site *site, const SubmissionSummary *summary, ReviewStage stage, gint64 *until_us,
    GError **error)
{
	gboolean is_decided = FALSE;
	ReviewGrant grant = {.submission_id = summary->id, .stage = stage, .expires_at_us = end_of(summary, stage)};

	if (summary->is_erased || grant.expires_at_us == 0 || !is_of_stage(summary, stage) ||
	    !vault_is_receipt(summary->receipt) || !g_str_equal(summary->site, site->facts->name))
		return NULL;
	if (!review_is_decided(house, summary, stage, &is_decided, error) || is_decided)
		return NULL;
	g_autofree char *name = name_of(summary, stage);
	vault_secret(house->vault, name, grant.secret);
	if (!keep(house, &grant, error))
		return NULL;
	if (until_us != NULL)
		*until_us = grant.expires_at_us;
	return url_of(house, site, summary, &grant);
}
