/*
 * The pages of a review link, from top to bottom of the page. Whoever reads them has come from a mail and knows neither shell nor SMTP, so each button says in a sentence what will happen. A
 * button is a form of its own: that works without script, and the keyboard reaches it.
 *
 * No state. What a stranger chose (names of fields, values, names of files, browser, page) is escaped by page_append, never part of a format.
 */
#include "page_review.h"

#include <string.h>

#include "page_parts.h"
#include "sekisho/base/network.h"
#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/policy/captcha.h"
#include "sekisho/policy/reason.h"
#include "sekisho/policy/sender.h"
#include "sekisho/wire/html.h"

static const char *
say(const PageFrame *frame, const char *id)
{
	return text_for(frame->locale, id);
}

/* The text with that prefix for this word; NULL for a word of another version. */
static const char *
say_of(const PageFrame *frame, const char *prefix, const char *word)
{
	g_autofree char *id = g_strconcat(prefix, word, NULL);
	return text_find(frame->locale, id);
}

/* --- What it is ------------------------------------------------------------------------------------------------------- */

static void
append_row(GString *page, const char *label, const char *value)
{
	if (value[0] != '\0')
		page_append(page, "<div><dt>%s</dt><dd dir=\"auto\">%s</dd></div>\n", label, value);
}

static void
append_section(GString *page, const char *id, const char *heading)
{
	page_append(page, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, heading);
}

/* As the site writes dates, where its form can be read. The caller's. */
static char *
received_text(const ReviewSheet *sheet)
{
	const SiteFacts *site = sheet->site;
	const gint64 at_us = sheet->review->submission->client->received_at_us;
	g_autofree char *format = g_strdup_printf("%s %s", site->date_format, site->time_format);
	return sheet->form != NULL ? mailtag_date(format, at_us, sheet->form) : site_facts_time(site, at_us);
}

static void
append_summary(GString *page, const ReviewSheet *sheet, const PageFrame *frame)
{
	const SubmissionSummary *summary = sheet->review->summary;
	const char *status = say_of(frame, "page.review_status_", submission_status_name(summary->status));
	g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, summary->form_id);
	g_autofree char *received = received_text(sheet);
	g_string_append(page, "<dl class=\"facts\">\n");
	append_row(page, say(frame, "page.review_site"), sheet->site->title[0] != '\0' ? sheet->site->title : sheet->site->name);
	append_row(page, say(frame, "facts.form"), sheet->form != NULL ? sheet->form->source->title : number);
	append_row(page, say(frame, "facts.received"), received);
	append_row(page, say(frame, "page.review_status"), status != NULL ? status : "");
	append_row(page, say(frame, "facts.receipt"), summary->receipt);
	g_string_append(page, "</dl>\n");
}

/* --- Why ---------------------------------------------------------------------------------------------------------------- */

/* The owner's sentence; below it the operator's, which names what was seen. */
static void
append_finding(GString *page, const Finding *finding, const PageFrame *frame)
{
	g_autofree char *name = reason_name(finding);
	page_append(page, "<li>%s", reason_sentence(frame->locale, name));
	if (finding->is_dry_run)
		page_append(page, " %s", say(frame, "page.review_only_noted"));
	page_append(page, "<small lang=\"en\" dir=\"auto\">%s</small></li>\n", finding->what);
}

static void
append_why(GString *page, const ReviewSheet *sheet, const PageFrame *frame)
{
	const char *evidence = sheet->review->submission->evidence;
	g_autoptr(Verdict) verdict = evidence != NULL ? verdict_from_text(evidence) : NULL;
	append_section(page, "why", say(frame, sheet->stage == REVIEW_HELD ? "page.review_why_held" : "page.review_why_passed"));
	if (verdict == NULL || verdict->findings->len == 0)
		page_append(page, "<p>%s</p>\n", say(frame, "page.review_nothing_found"));
	g_string_append(page, "<ul class=\"why\">\n");
	for (guint i = 0; verdict != NULL && i < verdict->findings->len; i++)
		append_finding(page, verdict->findings->pdata[i], frame);
	g_string_append(page, "</ul>\n</section>\n");
}

/* --- What was sent ---------------------------------------------------------------------------------------------------- */

/* A box to tick (contract 4.1) has its words between its tags, and "1" for a value. */
static const FormTag *
box_of(const ReviewSheet *sheet, const char *name)
{
	const FormTag *tag = sheet->form != NULL ? form_tag(sheet->form, name) : NULL;
	return tag != NULL && strcmp(tag->basetype, "acceptance") == 0 && tag->content != NULL ? tag : NULL;
}

/* As the visitor saw it beside the field; else its name. The caller's. */
static char *
label_of(const ReviewSheet *sheet, const char *name, const FormTag *box)
{
	char *label = NULL;
	if (box != NULL)
		label = html_strip_tags(box->content);
	else if (sheet->form != NULL)
		label = form_field_label(sheet->form, name);
	return label != NULL ? label : g_strdup(name);
}

static void
append_field(GString *page, const SubmissionField *field, const ReviewSheet *sheet, const PageFrame *frame)
{
	const FormTag *box = box_of(sheet, field->name);
	g_autofree char *label = label_of(sheet, field->name, box);
	gboolean is_empty = TRUE;
	page_append(page, "<div><dt dir=\"auto\">%s</dt>", label);
	for (char **value = field->values; *value != NULL; value++) {
		const gboolean is_ticked = box != NULL && strcmp(*value, "1") == 0;
		if ((*value)[0] == '\0')
			continue;
		page_append(page, "<dd dir=\"auto\">%s</dd>", is_ticked ? say(frame, "page.review_ticked") : *value);
		is_empty = FALSE;
	}
	if (is_empty)
		page_append(page, "<dd class=\"none\">%s</dd>", say(frame, "page.review_empty"));
	g_string_append(page, "</div>\n");
}

static void
append_files(GString *page, const GPtrArray *files, const PageFrame *frame)
{
	if (files->len == 0)
		return;
	page_append(page, "<div><dt>%s</dt>", say(frame, "page.review_files"));
	for (guint i = 0; i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];
		g_autofree char *size = g_format_size(file->size_bytes);
		page_append(page, "<dd><bdi>%s</bdi> (%s)</dd>", file->name, size);
	}
	page_append(page, "<dd><small>%s</small></dd></div>\n", say(frame, "page.review_files_closed"));
}

/* In the form's language, so that a browser chooses its letters. The tokens of captchas say nothing to a person. */
static void
append_content(GString *page, const ReviewSheet *sheet, const PageFrame *frame)
{
	const Submission *submission = sheet->review->submission;
	g_autofree char *language = page_language(sheet->form != NULL ? sheet->form->source->locale : frame->locale);
	append_section(page, "sent", say(frame, "page.review_content"));
	page_append(page, "<dl class=\"typed\" lang=\"%s\">\n", language);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		if (!g_strv_contains(captcha_fields(), field->name))
			append_field(page, field, sheet, frame);
	}
	append_files(page, submission->files, frame);
	page_append(page, "</dl>\n<p><small>%s</small></p>\n</section>\n", say(frame, "facts.unconfirmed"));
}

static void
append_origin(GString *page, const ReviewSheet *sheet, const PageFrame *frame)
{
	const ClientFacts *client = sheet->review->submission->client;
	g_autofree char *endpoint = client_facts_endpoint(client);
	append_section(page, "origin", say(frame, "page.review_origin"));
	g_string_append(page, "<dl class=\"facts\">\n");
	append_row(page, say(frame, "facts.client"), endpoint);
	append_row(page, say(frame, "page.review_browser"), client->user_agent);
	append_row(page, say(frame, "facts.page"), client->url);
	g_string_append(page, "</dl>\n</section>\n");
}

/* --- The buttons ------------------------------------------------------------------------------------------------------- */

/* What of the sender can stand on a list; "" where there is nothing. */
typedef struct {
	char *addresses;
	char *network;
	gboolean has_fingerprint;
} Sender;

static void
sender_clear(Sender *sender)
{
	g_free(sender->addresses);
	g_free(sender->network);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sender, sender_clear)

/* As relay/decision.c will block it: an IPv6 /64 is one household, an IPv4 /24 a whole neighbourhood. */
static void
sender_find(Sender *sender, const ReviewSheet *sheet)
{
	const Submission *submission = sheet->review->submission;
	const char *address = submission->client->remote_ip;
	g_autoptr(GPtrArray) addresses = sheet->form != NULL ? sender_addresses(sheet->form, submission) : g_ptr_array_new();
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < addresses->len; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", (const char *)addresses->pdata[i]);
	char *network = strchr(address, ':') != NULL ? network_of(address) : NULL;
	sender->addresses = g_strdup(list->str);
	sender->network = network != NULL ? network : g_strdup(address);
	sender->has_fingerprint = submission->client->fingerprint[0] != '\0';
}

/* Relative, because the site may live below any path and behind any name. */
static void
begin_order(GString *page, const ReviewSheet *sheet)
{
	page_append(page,
	    "<form method=\"post\" action=\"review\">\n<input type=\"hidden\" name=\"t\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"p\" value=\"%s\">\n",
	    sheet->token, sheet->page_token);
}

/* Button and sentence of an order that needs no choice; `text` is what will happen. */
static void
append_order(GString *page, const ReviewSheet *sheet, const PageFrame *frame, ReviewOrder order, const char *text)
{
	const ReviewDecision decision = {.order = order};
	const char *word = review_decision_text(&decision);
	begin_order(page, sheet);
	page_append(page, "<button type=\"submit\" name=\"d\" value=\"%s\" class=\"%s\" aria-describedby=\"is-%s\">%s</button>\n",
	    word, word, word, say_of(frame, "page.review_", word));
	page_append(page, "<p id=\"is-%s\">%s</p>\n</form>\n", word, text);
}

static void
append_choice(GString *page, const PageFrame *frame, const ReviewDecision *decision, const char *value)
{
	static const char *const labels[] = {"page.review_address", "page.review_network", "page.review_fingerprint"};
	static const char *const warnings[] = {
	    "page.review_address_care", "page.review_network_care", "page.review_fingerprint_care"};
	page_append(page,
	    "<label><input type=\"radio\" name=\"d\" value=\"%s\" required><span>%s "
	    "<bdi>%s</bdi><small>%s</small></span></label>\n",
	    review_decision_text(decision), say(frame, labels[decision->subject]), value,
	    say(frame, warnings[decision->subject]));
}

/* Nothing is chosen beforehand: each choice can hit somebody else. */
static void
append_block(GString *page, const ReviewSheet *sheet, const PageFrame *frame, const Sender *sender)
{
	const gboolean is_held = sheet->stage == REVIEW_HELD;
	ReviewDecision decision = {.order = is_held ? REVIEW_DISCARD_BLOCK : REVIEW_BLOCK};
	begin_order(page, sheet);
	page_append(page, "<fieldset>\n<legend>%s</legend>\n<p id=\"is-block\">%s</p>\n",
	    say(frame, is_held ? "page.review_discard-block" : "page.review_block"),
	    say(frame, is_held ? "page.review_will_discard_block" : "page.review_will_block"));
	if (sender->addresses[0] != '\0')
		append_choice(page, frame, &decision, sender->addresses);
	decision.subject = REVIEW_NETWORK;
	if (sender->network[0] != '\0')
		append_choice(page, frame, &decision, sender->network);
	decision.subject = REVIEW_FINGERPRINT;
	if (sender->has_fingerprint)
		append_choice(page, frame, &decision, "");
	page_append(page,
	    "</fieldset>\n<button type=\"submit\" class=\"block\" aria-describedby=\"is-block\">%s</button>\n</form>\n",
	    say(frame, is_held ? "page.review_discard-block" : "page.review_block"));
}

/* How long a discarded one can be brought back. The caller's. */
static char *
discard_text(const ReviewSheet *sheet, const PageFrame *frame)
{
	const gint64 days = sheet->policy != NULL ? sheet->policy->rejected_retention_us / G_TIME_SPAN_DAY : 0;
	g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, days);
	const TextPlace places[] = {{"days", number}, {NULL, NULL}};
	return text_fill(say(frame, days > 1 ? "page.review_will_discard" : "page.review_will_discard_soon"), places);
}

static void
append_held_orders(GString *page, const ReviewSheet *sheet, const PageFrame *frame, const Sender *sender)
{
	const TextPlace places[] = {{"address", sender->addresses}, {NULL, NULL}};
	g_autofree char *allow = text_fill(say(frame, "page.review_will_release_allow"), places);
	g_autofree char *discard = discard_text(sheet, frame);
	if (sheet->form != NULL)
		append_order(page, sheet, frame, REVIEW_RELEASE, say(frame, "page.review_will_release"));
	if (sender->addresses[0] != '\0')
		append_order(page, sheet, frame, REVIEW_RELEASE_ALLOW, allow);
	append_order(page, sheet, frame, REVIEW_DISCARD, discard);
}

static gboolean
has_values(const Sender *sender)
{
	return sender->addresses[0] != '\0' || sender->network[0] != '\0' || sender->has_fingerprint;
}

/* Without its form the courier could neither mail it nor list its sender, and the decision would wait until somebody mends that. */
static void
append_orders(GString *page, const ReviewSheet *sheet, const PageFrame *frame)
{
	const gboolean is_held = sheet->stage == REVIEW_HELD;
	g_auto(Sender) sender = {0};
	sender_find(&sender, sheet);
	append_section(page, "decide", say(frame, "page.review_decide"));
	if (sheet->form == NULL)
		page_append(page, "<p>%s</p>\n", say(frame, is_held ? "page.review_held_no_form" : "page.review_passed_no_form"));
	if (is_held)
		append_held_orders(page, sheet, frame, &sender);
	if (sheet->form != NULL && has_values(&sender))
		append_block(page, sheet, frame, &sender);
	else if (sheet->form != NULL && !is_held)
		page_append(page, "<p>%s</p>\n", say(frame, "page.review_nothing_to_block"));
	g_string_append(page, "</section>\n");
}

Answer *
page_review_show(const ReviewSheet *sheet, const PageFrame *frame)
{
	const gboolean is_held = sheet->stage == REVIEW_HELD;
	GString *page = page_begin(frame, is_held ? "page.review_held_title" : "page.review_passed_title", "review");
	if (sheet->is_choice_missing)
		page_append(page, "<p class=\"message\" role=\"alert\">%s</p>\n", say(frame, "page.review_choose"));
	page_append(page, "<p>%s</p>\n<p><a href=\"#decide\">%s</a></p>\n",
	    say(frame, is_held ? "page.review_held_intro" : "page.review_passed_intro"), say(frame, "page.review_skip"));
	g_string_append(page, "<div class=\"columns\">\n<div>\n");
	append_summary(page, sheet, frame);
	append_content(page, sheet, frame);
	append_why(page, sheet, frame);
	append_origin(page, sheet, frame);
	g_string_append(page, "</div>\n");
	append_orders(page, sheet, frame);
	g_string_append(page, "</div>\n");
	return page_end_link(page, 200, frame);
}

/* --- What became of it ------------------------------------------------------------------------------------------------- */

static const char *
recorded_id(ReviewOrder order)
{
	switch (order) {
	case REVIEW_RELEASE:
		return "page.review_done_release";
	case REVIEW_RELEASE_ALLOW:
		return "page.review_done_release_allow";
	case REVIEW_DISCARD:
		return "page.review_done_discard";
	case REVIEW_DISCARD_BLOCK:
		return "page.review_done_discard_block";
	case REVIEW_BLOCK:
		return "page.review_done_block";
	}
	g_assert_not_reached();
}

Answer *
page_review_recorded(const ReviewDecision *decision, const PageFrame *frame)
{
	GString *page = page_begin(frame, "page.review_done_title", "sent");
	page_append(page, "<p class=\"message\" role=\"status\">%s</p>\n<p>%s</p>\n", say(frame, recorded_id(decision->order)),
	    say(frame, "page.review_done_next"));
	return page_end_link(page, 200, frame);
}

Answer *
page_review_over(const SubmissionSummary *summary, const PageFrame *frame)
{
	const char *word = summary != NULL ? submission_status_name(summary->status) : "gone";
	GString *page = page_begin(frame, "page.review_over_title", "problem");
	page_append(page, "<p class=\"message\" role=\"alert\">%s</p>\n", say_of(frame, "page.review_over_", word));
	if (summary != NULL)
		page_append(
		    page, "<p>%s <strong class=\"receipt\">%s</strong></p>\n", say(frame, "page.receipt"), summary->receipt);
	return page_end_link(page, 410, frame);
}

Answer *
page_review_again(const char *token, const PageFrame *frame)
{
	GString *page = page_begin(frame, "page.review_problem_title", "problem");
	page_append(page, "<p class=\"message\" role=\"alert\">%s</p>\n<p><a href=\"review?t=%s\">%s</a></p>\n",
	    say(frame, "page.review_again"), token, say(frame, "page.review_open_again"));
	return page_end_link(page, 403, frame);
}

Answer *
page_review_problem(guint status, const char *text_id, const PageFrame *frame)
{
	GString *page = page_begin(frame, "page.review_problem_title", "problem");
	page_append(page, "<p class=\"message\" role=\"alert\">%s</p>\n", say(frame, text_id));
	return page_end_link(page, status, frame);
}
