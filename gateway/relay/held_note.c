/*
 * The owner of a site is told that something is held and waits for him. A held submission asks for such a note, unless one waits already that will tell of it, too
 * (store/outbox_promise.c); what becomes of that is decided when it is due:
 *
 *   a note that was sent told of all that is held    cancelled "told"
 *   there was a note within the hour                 it waits "hourly"; the first one that is due then goes, and tells of all
 *   nothing of the site is held any more             cancelled "none_held"
 *   else                                             it goes
 *
 * That there is one an hour, the ledger knows (store/ledger.h), which the front cannot write: a front that was taken over can cause no more than that, and to nobody but the site's
 * admin_address. The text is ours; of rows it shows receipts of our form, numbers of forms and times, and nothing that was typed. Each has its review link (invite.c), by which the owner reads
 * and decides.
 */
#include <string.h>

#include "courier_parts.h"
#include "letter_parts.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/policy/reason.h"
#include "sekisho/store/held.h"
#include "sekisho/store/submissions.h"

#define LEDGER_PAUSE_US G_TIME_SPAN_MINUTE

void
held_note_clear(HeldNote *note)
{
	g_clear_pointer(&note->newest, g_ptr_array_unref);
}

/* --- Does it go? ------------------------------------------------------------------------------------------------------------- */

static gboolean
look(Courier *courier, const char *site, HeldNote *note, GError **error)
{
	const HeldFilter filter = {.site = site, .status = SUBMISSION_HELD, .limit = LIMIT_HELD_NOTE_ROWS};

	if (!held_count(courier->db, site, &note->count, &note->oldest_at_us, error))
		return FALSE;
	note->newest = held_list(courier->db, &filter, error);
	return note->newest != NULL;
}

static void
cancel(Courier *courier, const OutboxItem *item, const char *reason)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		settle_cancel(courier, item, item->deliveries->pdata[i], reason);
}

static void
wait(Courier *courier, const OutboxItem *item, const Attempt *why)
{
	for (guint i = 0; i < item->deliveries->len; i++)
		settle_wait(courier, item, item->deliveries->pdata[i], why);
}

static void
charge(Courier *courier, const Site *site, const OutboxItem *item)
{
	const LedgerMail mail = {.site = site->facts->name, .receipt = item->receipt, .kind = MAIL_HELD};

	for (guint i = 0; i < item->deliveries->len; i++)
		automatic_remember_charge(courier, ((const Delivery *)item->deliveries->pdata[i])->id, &mail);
}

/* The newest that is held; 0: none is. Not the item's own one: it speaks for those that were held after it, too. */
static gboolean
find_newest(Courier *courier, const char *site, gint64 *newest_id, GError **error)
{
	const HeldFilter filter = {.site = site, .status = SUBMISSION_HELD, .limit = 1};
	g_autoptr(GPtrArray) newest = held_list(courier->db, &filter, error);

	if (newest == NULL)
		return FALSE;
	*newest_id = newest->len > 0 ? ((const SubmissionSummary *)newest->pdata[0])->id : 0;
	return TRUE;
}

/* FALSE, and the item is settled, if it does not go. */
static gboolean
ask(Courier *courier, const OutboxItem *item, const LedgerNoteRequest *request)
{
	g_autoptr(GError) error = NULL;
	LedgerNoteAnswer answer = {0};

	if (!ledger_note_ask(courier->ledger, request, &answer, &error)) {
		log_error(LOG_STORE_FAILED, error, "consequence", "the owner is told later that something is held", NULL);
		wait(courier, item, &(Attempt){.due_at_us = clock_now_us() + LEDGER_PAUSE_US});
		return FALSE;
	}
	if (answer.fate == LEDGER_NOTE_TOLD)
		cancel(courier, item, "told");
	else if (answer.fate == LEDGER_NOTE_WAITS)
		wait(courier, item, &(Attempt){.reason = "hourly", .due_at_us = answer.again_at_us});
	return answer.fate == LEDGER_NOTE_GOES;
}

gboolean
held_note_decide(Courier *courier, const Site *site, const OutboxItem *item, HeldNote *note, gboolean *goes, GError **error)
{
	LedgerNoteRequest request = {.site = site->facts->name};

	*goes = FALSE;
	if (!find_newest(courier, request.site, &request.newest_id, error))
		return FALSE;
	/* Asked first: of many that wait only one looks at all that is held. */
	if (request.newest_id != 0 && !ask(courier, item, &request))
		return TRUE;
	if (!look(courier, request.site, note, error))
		return FALSE;
	if (note->newest->len == 0) {
		cancel(courier, item, "none_held");
		return TRUE;
	}
	request.newest_id = ((const SubmissionSummary *)note->newest->pdata[0])->id;
	request.is_to_begin = TRUE;
	*goes = ask(courier, item, &request);
	if (*goes)
		charge(courier, site, item);
	return TRUE;
}

/* --- What it says -------------------------------------------------------------------------------------------------------------- */

/* What decided that it is held, in the owner's words and without what was typed; NULL if that is not known. Static. */
static const char *
reason_of(const Courier *courier, const Site *site, const SubmissionSummary *summary)
{
	g_autoptr(Submission) submission = submissions_open(courier->db, courier->settings->vault, summary->id, NULL);
	const char *evidence = submission == NULL ? NULL : submission->evidence;
	g_autoptr(Verdict) verdict = evidence == NULL ? NULL : verdict_from_text(evidence);
	const Finding *decisive = verdict == NULL ? NULL : verdict_decisive(verdict);
	g_autofree char *name = decisive == NULL ? NULL : reason_name(decisive);

	return name == NULL ? NULL : reason_sentence(site_locale(site), name);
}

/* "  2026-11-01 12:00 (+09:00)  Contact  RECEIPT": the form's title, as the operator wrote it, or its number if that cannot be read; below it why it is held, and the link to its page. */
static void
append_line(GString *lines, const Courier *courier, Site *site, const Form *form, const SubmissionSummary *summary)
{
	const char *reason = reason_of(courier, site, summary);
	g_autofree char *link = invite_link(courier, site, summary, REVIEW_HELD);
	g_autoptr(Form) its_form = site_form(site, summary->form_id, NULL);
	g_autofree char *title = its_form == NULL ? g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id)
						  : text_without_line_breaks(its_form->source->title);
	g_autofree char *received = letter_written_time(form, summary->received_at_us);

	g_string_append_printf(
	    lines, "  %s  %s  %s\n", received, title, vault_is_receipt(summary->receipt) ? summary->receipt : "------------");
	if (reason != NULL)
		g_string_append_printf(lines, "  %s\n", reason);
	if (link != NULL)
		g_string_append_printf(lines, "  %s\n", link);
	g_string_append_c(lines, '\n');
}

static char *
list_text(const Courier *courier, Site *site, const Form *form, const HeldNote *note)
{
	const char *locale = site_locale(site);
	GString *lines = g_string_new(NULL);

	for (guint i = 0; i < note->newest->len; i++)
		append_line(lines, courier, site, form, note->newest->pdata[i]);
	if (note->count > note->newest->len) {
		g_autofree char *rest = g_strdup_printf("%u", note->count - note->newest->len);
		const TextPlace places[] = {{"count", rest}, {NULL, NULL}};
		g_autofree char *more = text_fill(text_for(locale, "held.more"), places);
		g_string_append_printf(lines, "  %s\n\n", more);
	}
	return g_string_free(lines, FALSE);
}

static void
fill_texts(Letter *letter, const Courier *courier, Site *site, const Form *form, const HeldNote *note)
{
	const SiteFacts *facts = site->facts;
	const char *locale = site_locale(site);
	g_autofree char *count = g_strdup_printf("%u", note->count);
	g_autofree char *since = letter_written_time(form, note->oldest_at_us);
	g_autofree char *list = list_text(courier, site, form, note);
	g_autofree char *title = text_without_line_breaks(*facts->title == '\0' ? facts->url : facts->title);
	const TextPlace places[] = {{"title", title}, {"url", facts->url}, {"site", facts->name}, {"count", count},
	    {"since", since}, {"list", list}, {NULL, NULL}};
	g_autofree char *subject = text_fill(text_for(locale, "held.subject"), places);

	letter->subject = text_truncate(subject, LIMIT_MAIL_HEADER_BYTES);
	letter->text = text_fill(text_for(locale, "held.body"), places);
}

Letter *
held_note_letter(
    const Courier *courier, Site *site, const Form *form, const OutboxItem *item, const HeldNote *note, GError **error)
{
	const LetterIdentity identity = {
	    .receipt = item->receipt, .kind = MAIL_HELD, .generation = item->generation, .date_us = clock_now_us()};
	g_autoptr(Letter) letter = letter_empty();

	if (!letter_identify(letter, site->facts, &identity, error) || !letter_fill_site_senders(letter, site->facts, error))
		return NULL;
	fill_texts(letter, courier, site, form, note);
	return g_steal_pointer(&letter);
}
