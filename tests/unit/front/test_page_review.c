/*
 * The page of a review: all that a person needs to decide is on it, each button says what it does, and nothing that a stranger typed gets out of its frame.
 */
#include "page_review.h"

#include <string.h>

#include "sekisho/base/texts.h"
#include "sekisho/policy/reason.h"

static const PageFrame ENGLISH = {.locale = "en_US", .back_url = ""};
static const PageFrame JAPANESE = {.locale = "ja", .back_url = ""};

/* One submission of a form, as the front opens it. */
typedef struct {
	SiteFacts *site;
	Form *form;
	GatePolicy *policy;
	Review *review;
} Desk;

static Posted *
typed(const char *first, ...)
{
	g_autoptr(GString) body = g_string_new(NULL);
	va_list rest;
	va_start(rest, first);
	for (const char *name = first; name != NULL; name = va_arg(rest, const char *)) {
		g_string_append_printf(body, "%s%s=", body->len > 0 ? "&" : "", name);
		g_string_append_uri_escaped(body, va_arg(rest, const char *), NULL, TRUE);
	}
	va_end(rest);
	Posted *posted = posted_from_urlencoded(body->str, body->len, NULL);
	g_assert_nonnull(posted);
	return posted;
}

static GPtrArray *
one_file(void)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	g_free(file->name);
	file->name = g_strdup("plan<b>.pdf");
	file->size_bytes = 123456;
	g_ptr_array_add(files, file);
	return files;
}

static char *
evidence(void)
{
	GPtrArray *findings = findings_new();
	const FindingHead link = {CHECK_LINKS, CHECK_ON, FINDING_NOTE, 3, "too_many"};
	const FindingHead list = {CHECK_LISTS, CHECK_ON, FINDING_HOLD, 0, "list_hold"};
	const FindingHead dry = {CHECK_TRAP, CHECK_DRY_RUN, FINDING_HOLD, 0, "too_quick"};
	finding_add(findings, &link, "It has 9 links.");
	finding_add(findings, &list, "It says \"<script>\", which entry 4 of the lists holds.");
	finding_add(findings, &dry, "It took 1 s.");
	g_autoptr(Verdict) verdict = verdict_new(findings, 10);
	return verdict_to_text(verdict);
}

static Form *
form_of(SiteFacts *site, const char *template_text)
{
	FormSource *source = form_source_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_free(source->title);
	source->title = g_strdup("Contact");
	g_free(source->locale);
	source->locale = g_strdup("ja_JP");
	g_free(source->template_text);
	source->template_text = g_strdup(template_text);
	return form_examine(source, site, problems);
}

static void
desk_open(Desk *desk, const char *ip)
{
	desk->site = site_facts_new();
	g_free(desk->site->title);
	desk->site->title = g_strdup("Shop & Sons");
	g_free(desk->site->date_format);
	desk->site->date_format = g_strdup("F j, Y");
	g_free(desk->site->time_format);
	desk->site->time_format = g_strdup("g:i a");
	desk->form = form_of(desk->site,
	    "<label>Your name [text* your-name]</label> [email* your-email] [textarea your-message] [text nothing] "
	    "[acceptance terms]I <b>agree</b>.[/acceptance]");
	desk->policy = gate_policy_new();
	desk->policy->rejected_retention_us = 14 * G_TIME_SPAN_DAY;
	ClientFacts *client = client_facts_new();
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(ip);
	client->remote_port = 4711;
	g_free(client->user_agent);
	client->user_agent = g_strdup("Mozilla <5.0>");
	g_free(client->fingerprint);
	client->fingerprint = g_strdup("0123456789abcdef");
	client->received_at_us = G_GINT64_CONSTANT(1780000000) * G_USEC_PER_SEC;
	desk->review = g_new0(Review, 1);
	desk->review->submission = submission_new(desk->form, "ABCDEFGHJKMN",
	    typed("your-name", "</dd><h1>Release", "your-email", "taro@example.org", "your-message", "one\ntwo", "terms", "1",
		"h-captcha-response", "a captcha's token", NULL),
	    one_file(), client);
	desk->review->submission->evidence = evidence();
	desk->review->summary = g_new0(SubmissionSummary, 1);
	desk->review->summary->receipt = g_strdup("ABCDEFGHJKMN");
	desk->review->summary->site = g_strdup("example.jp");
	desk->review->summary->form_id = 4;
	desk->review->summary->status = SUBMISSION_HELD;
}

static void
desk_close(Desk *desk)
{
	review_free(desk->review);
	gate_policy_free(desk->policy);
	form_unref(desk->form);
	site_facts_unref(desk->site);
}

static Answer *
show(const Desk *desk, ReviewStage stage, const PageFrame *frame)
{
	const ReviewSheet sheet = {.site = desk->site,
	    .form = desk->form,
	    .policy = desk->policy,
	    .review = desk->review,
	    .stage = stage,
	    .token = "TO\"KEN",
	    .page_token = "0a1b"};
	return page_review_show(&sheet, frame);
}

static void
assert_has(const Answer *answer, const char *text)
{
	if (strstr(answer->body, text) == NULL)
		g_error("page lacks \"%s\":\n%s", text, answer->body);
}

static void
assert_lacks(const Answer *answer, const char *text)
{
	if (strstr(answer->body, text) != NULL)
		g_error("page has \"%s\":\n%s", text, answer->body);
}

/* In this order. */
static void
assert_order(const Answer *answer, const char *const *texts)
{
	const char *from = answer->body;
	for (; *texts != NULL; texts++) {
		from = strstr(from, *texts);
		if (from == NULL)
			g_error("page lacks \"%s\" there:\n%s", *texts, answer->body);
	}
}

static void
test_content(void)
{
	Desk desk = {0};
	desk_open(&desk, "192.0.2.7");
	g_autoptr(Answer) answer = show(&desk, REVIEW_HELD, &ENGLISH);
	g_assert_cmpuint(answer->status, ==, 200);
	g_assert_true(answer->is_page && answer->is_link);
	static const char *const texts[] = {"<html lang=\"en\">", "<dd dir=\"auto\">Shop &amp; Sons</dd>",
	    "<dd dir=\"auto\">Contact</dd>", "<dd dir=\"auto\">5月 28, 2026 8:26 pm</dd>",
	    "<dd dir=\"auto\">Waiting for your decision</dd>", "ABCDEFGHJKMN", "What was sent",
	    "<dl class=\"typed\" lang=\"ja\">",
	    "<dt dir=\"auto\">Your name</dt><dd dir=\"auto\">&lt;/dd&gt;&lt;h1&gt;Release</dd>",
	    "<dt dir=\"auto\">your-email</dt><dd dir=\"auto\">taro@example.org</dd>", "<dd dir=\"auto\">one\ntwo</dd>",
	    "<dt dir=\"auto\">I agree.</dt><dd dir=\"auto\">Ticked</dd>",
	    "<dt dir=\"auto\">nothing</dt><dd class=\"none\">Not filled in</dd>", "<bdi>plan&lt;b&gt;.pdf</bdi> (123.5",
	    "Why it was kept back", "192.0.2.7:4711", "Mozilla &lt;5.0&gt;", "What should happen?", NULL};
	assert_order(answer, texts);
	assert_lacks(answer, "captcha");
	assert_lacks(answer, "<script");
	assert_lacks(answer, "<h1>Release");
	desk_close(&desk);
}

/* The heaviest first, in the owner's words, and below each the operator's. */
static void
test_reasons(void)
{
	Desk desk = {0};
	desk_open(&desk, "192.0.2.7");
	g_autoptr(Answer) english = show(&desk, REVIEW_HELD, &ENGLISH);
	g_autoptr(Answer) japanese = show(&desk, REVIEW_HELD, &JAPANESE);
	const Answer *const answers[] = {english, japanese};
	const PageFrame *const frames[] = {&ENGLISH, &JAPANESE};
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		const char *const texts[] = {reason_sentence(frames[i]->locale, "lists.list_hold"),
		    "<small lang=\"en\" dir=\"auto\">It says &quot;&lt;script&gt;&quot;, which entry 4 of the lists "
		    "holds.</small></li>",
		    reason_sentence(frames[i]->locale, "links.too_many"), "It has 9 links.",
		    text_for(frames[i]->locale, "page.review_only_noted"), "It took 1 s.", NULL};
		assert_order(answers[i], texts);
	}
	g_clear_pointer(&desk.review->submission->evidence, g_free);
	g_autoptr(Answer) nothing = show(&desk, REVIEW_PASSED, &ENGLISH);
	assert_has(nothing, "<p>The checks found nothing unusual.</p>");
	desk_close(&desk);
}

#define BUTTON(word, class) "name=\"d\" value=\"" word "\" class=\"" class "\""
#define CHOICE(word) "<input type=\"radio\" name=\"d\" value=\"" word "\" required>"

static void
test_orders_of_held(void)
{
	Desk desk = {0};
	desk_open(&desk, "2001:db8:1:2:3::4");
	g_autoptr(Answer) answer = show(&desk, REVIEW_HELD, &ENGLISH);
	static const char *const texts[] = {"<form method=\"post\" action=\"review\">", "name=\"t\" value=\"TO&quot;KEN\">",
	    "name=\"p\" value=\"0a1b\">", BUTTON("release", "release"), "The message is mailed to you as usual",
	    BUTTON("release-allow", "release-allow"), "from taro@example.org are not kept back", BUTTON("discard", "discard"),
	    "It is erased after 14 days", CHOICE("discard-block-address"), "<bdi>taro@example.org</bdi>",
	    "somebody else&apos;s address", CHOICE("discard-block-network"), "<bdi>2001:db8:1:2::/64</bdi>",
	    CHOICE("discard-block-fingerprint"), "Discard and block</button>", NULL};
	assert_order(answer, texts);
	assert_lacks(answer, "value=\"block-");
	assert_lacks(answer, "checked");
	desk_close(&desk);
}

static void
test_orders_of_passed(void)
{
	Desk desk = {0};
	desk_open(&desk, "192.0.2.7");
	desk.review->summary->status = SUBMISSION_ACCEPTED;
	g_autoptr(Answer) answer = show(&desk, REVIEW_PASSED, &JAPANESE);
	static const char *const texts[] = {"<html lang=\"ja\">", "お届け済み", CHOICE("block-address"), "なりすまし",
	    CHOICE("block-network"), "<bdi>192.0.2.7</bdi>", CHOICE("block-fingerprint"), "この送信者をブロックする</button>",
	    NULL};
	assert_order(answer, texts);
	assert_lacks(answer, "value=\"release");
	assert_lacks(answer, "value=\"discard");
	desk_close(&desk);
}

/* What is not there cannot be blocked or allowed. */
static void
test_without_values(void)
{
	Desk desk = {0};
	desk_open(&desk, "");
	form_unref(desk.form);
	desk.form = form_of(desk.site, "[text your-name]");
	char *fingerprint = desk.review->submission->client->fingerprint;
	fingerprint[0] = '\0';
	g_autoptr(Answer) held = show(&desk, REVIEW_HELD, &ENGLISH);
	assert_has(held, BUTTON("release", "release"));
	assert_lacks(held, "release-allow\"");
	assert_lacks(held, "type=\"radio\"");
	g_autoptr(Answer) passed = show(&desk, REVIEW_PASSED, &ENGLISH);
	assert_has(passed, "Nothing is known of this sender that could be blocked.");
	assert_lacks(passed, "<form");
	desk_close(&desk);
}

/* A form that cannot be read leaves names of fields and the rest of the page; nothing is promised but what can be done without it. */
static void
test_without_form(void)
{
	Desk desk = {0};
	desk_open(&desk, "192.0.2.7");
	Form *form = g_steal_pointer(&desk.form);
	g_autoptr(Answer) held = show(&desk, REVIEW_HELD, &ENGLISH);
	static const char *const texts[] = {"<dd dir=\"auto\">4</dd>", "<dt dir=\"auto\">your-name</dt>",
	    "can only be discarded here", BUTTON("discard", "discard"), NULL};
	assert_order(held, texts);
	assert_lacks(held, "value=\"release");
	assert_lacks(held, "type=\"radio\"");
	g_autoptr(Answer) passed = show(&desk, REVIEW_PASSED, &ENGLISH);
	assert_has(passed, "can be blocked here only when");
	assert_lacks(passed, "<form");
	desk.form = form;
	desk_close(&desk);
}

static void
test_headers(void)
{
	Desk desk = {0};
	desk_open(&desk, "192.0.2.7");
	g_autoptr(Answer) answer = show(&desk, REVIEW_HELD, &ENGLISH);
	g_autoptr(GString) response = answer_to_response(answer, FALSE);
	static const char *const headers[] = {"Status: 200 OK\r\n", "Cache-Control: no-store\r\n",
	    "X-Robots-Tag: noindex, nofollow\r\n", "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
	    "form-action 'self'; frame-ancestors 'none'\r\n", "Referrer-Policy: no-referrer\r\n", "X-Frame-Options: DENY\r\n"};
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		if (strstr(response->str, headers[i]) == NULL)
			g_error("no %s", headers[i]);
	assert_lacks(answer, "http:");
	assert_lacks(answer, "src=");
	desk_close(&desk);
}

static void
test_recorded(void)
{
	static const struct {
		ReviewDecision decision;
		const char *text;
	} cases[] = {
	    {{.order = REVIEW_RELEASE}, "The message is released and will be in your mailbox"},
	    {{.order = REVIEW_RELEASE_ALLOW}, "Messages from its address are not kept back any more"},
	    {{.order = REVIEW_DISCARD}, "The message is discarded. It is not mailed."},
	    {{REVIEW_DISCARD_BLOCK, REVIEW_NETWORK}, "The message is discarded, and what you chose"},
	    {{REVIEW_BLOCK, REVIEW_ADDRESS}, ">What you chose is refused from now on."},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Answer) answer = page_review_recorded(&cases[i].decision, &ENGLISH);
		g_assert_cmpuint(answer->status, ==, 200);
		g_assert_true(answer->is_link);
		assert_has(answer, cases[i].text);
		assert_has(answer, "you get a mail about it");
		assert_lacks(answer, "<form");
	}
}

/* Whatever its status is, something is said of it. */
static void
test_over(void)
{
	SubmissionSummary summary = {.receipt = (char *)"ABCDEFGHJKMN"};
	for (SubmissionStatus status = SUBMISSION_ACCEPTED; status <= SUBMISSION_DISCARDED; status++) {
		g_autofree char *id = g_strconcat("page.review_over_", submission_status_name(status), NULL);
		summary.status = status;
		g_autoptr(Answer) answer = page_review_over(&summary, &JAPANESE);
		g_assert_cmpuint(answer->status, ==, 410);
		assert_has(answer, text_for("ja", id));
		assert_has(answer, "ABCDEFGHJKMN");
		assert_lacks(answer, "<form");
	}
	g_autoptr(Answer) gone = page_review_over(NULL, &ENGLISH);
	assert_has(gone, "is not kept any more");
	g_autoptr(Answer) again = page_review_again("TO\"KEN", &ENGLISH);
	g_assert_cmpuint(again->status, ==, 403);
	assert_has(again, "<a href=\"review?t=TO&quot;KEN\">");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/page_review/what was sent stands there, and nothing else", test_content);
	g_test_add_func("/front/page_review/the reasons, strongest first, in the reader's language", test_reasons);
	g_test_add_func("/front/page_review/the buttons of a held one, and what they do", test_orders_of_held);
	g_test_add_func("/front/page_review/the button of a notice", test_orders_of_passed);
	g_test_add_func("/front/page_review/what is not there is not offered", test_without_values);
	g_test_add_func("/front/page_review/without its form it can only be discarded", test_without_form);
	g_test_add_func("/front/page_review/nothing is loaded, framed, kept or followed", test_headers);
	g_test_add_func("/front/page_review/each decision is told", test_recorded);
	g_test_add_func("/front/page_review/a link that is over says what is known", test_over);
	return g_test_run();
}
