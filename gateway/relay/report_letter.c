/*
 * The owner's report as a mail: its texts (report_text.c, report_html.c) with From:, To: and its charts. What can be drawn is an image; of what cannot, the HTML says in words what it would have
 * shown. No state, no I/O.
 */
#include "sekisho/relay/report_letter.h"

#include "letter_parts.h"
#include "report_paper.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* Of the text body, below the 78 that RFC 5322 2.1.1 asks for. */
#define TEXT_CELLS 72u

static void
add_image(Letter *letter, const Report *report, const Site *site, PaperKind kind)
{
	g_autoptr(GBytes) content = report_paper_image(report, site, kind);
	g_autofree char *id = report_paper_image_id(report, kind);

	if (content != NULL)
		g_ptr_array_add(letter->images, letter_image_new(id, "image/png", content));
}

Letter *
report_letter(const Report *report, const Site *site, GError **error)
{
	const SiteFacts *facts = site->facts;
	const char *locale = site_locale(site);
	g_autofree char *subject = report_paper_subject(report, site, locale);
	g_autoptr(Letter) letter = letter_empty();

	if (!letter_fill_site_senders(letter, facts, error))
		return NULL;
	/* One that is sent again because nobody knows its outcome is known by it. */
	letter->message_id =
	    g_strdup_printf("report.%u.%" G_GINT64_FORMAT "@%s", report->number, report->from_us / G_USEC_PER_SEC, facts->name);
	letter_set_date(letter, facts, report->made_at_us);
	letter_add_mailbox(letter->to, "", site->report_address);
	letter->subject = text_truncate(subject, LIMIT_MAIL_HEADER_BYTES);
	letter->text = report_text(report, site, locale, TEXT_CELLS);
	letter->html = report_html(report, site, locale, "cid:");
	add_image(letter, report, site, PAPER_SPANS);
	add_image(letter, report, site, PAPER_REASONS);
	return g_steal_pointer(&letter);
}
