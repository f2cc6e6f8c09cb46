/*
 * A review's link behind a front: opening it changes nothing, a button of its own page writes one row, and whatever is not right is told so, opens nothing and writes nothing. The log never has
 * the token.
 */
#include "review.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "review_desk.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"

/* --- Tests --------------------------------------------------------------------------------------------------------------- */

static void
test_opened(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_set_site(gateway, "origins = https://pages.test\n", "");
	post_until_held(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	for (guint i = 0; i < 20; i++) {
		g_autofree char *page = open_link(gateway, "GET", token);
		assert_has(page, "Status: 200 OK\r\n");
		assert_has(page, "Referrer-Policy: no-referrer\r\n");
		assert_has(page, "taro@example.org");
		assert_has(page, "Why it was kept back");
		assert_has(page, token);
		g_autofree char *head = open_link(gateway, "HEAD", token);
		assert_has(head, "Status: 200 OK\r\n");
		assert_lacks(head, "<html");
	}
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	g_autofree char *japanese =
	    client_ask(gateway, &(ClientRequest){.method = "GET", .uri = uri, .accept_language = "ja-JP,en;q=0.5"});
	assert_has(japanese, "<html lang=\"ja\">");
	g_autofree char *button = g_strdup_printf(">%s</button>", text_for("ja", "page.review_release"));
	assert_has(japanese, button);
	/* No script of another page reads it, not even where the owner lets it send forms. */
	g_autofree char *shared =
	    client_ask(gateway, &(ClientRequest){.method = "GET", .uri = uri, .origin = "https://pages.test"});
	assert_has(shared, "taro@example.org");
	assert_lacks(shared, "Access-Control-Allow-Origin");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	assert_not_logged(gateway, token);
	gateway_stop(gateway);
}

static void
test_pressed(void)
{
	Gateway *gateway = gateway_start(1);
	eventfd_t woken = 0;
	post_until_held(gateway);
	(void)eventfd_read(gateway->wake, &woken);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	g_autofree char *done = press(gateway, &(Button){.token = token,
						   .page_token = own,
						   .decision = "discard-block-network",
						   .fetch_site = "same-origin",
						   .origin = "null"});
	assert_has(done, "Status: 200 OK\r\n");
	assert_has(done, "The message is discarded, and what you chose");
	g_autoptr(GPtrArray) list = presses(gateway);
	g_assert_cmpuint(list->len, ==, 1);
	const Press *row = list->pdata[0];
	g_assert_cmpstr(row->site, ==, "example.jp");
	g_assert_cmpstr(row->token, ==, token);
	g_assert_cmpstr(row->decision, ==, "discard-block-network");
	g_assert_cmpint(eventfd_read(gateway->wake, &woken), ==, 0);
	g_assert_true(gateway_wait_log(gateway, "pressed site=example.jp"));
	/* The first one is what will be done, so that is what a second press, and the link, tell. */
	g_autofree char *again = press(gateway, &(Button){.token = token, .page_token = own, .decision = "release"});
	assert_has(again, "The message is discarded, and what you chose");
	g_autofree char *opened = open_link(gateway, "GET", token);
	assert_has(opened, "Your decision is recorded");
	assert_lacks(opened, "<form");
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	assert_not_logged(gateway, token);
	gateway_stop(gateway);
}

/* Whoever posts without having looked at the page, from another site's page, or after hours, changes nothing. */
static void
test_other_pages(void)
{
	Gateway *gateway = gateway_start(1);
	post_until_held(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	g_autofree char *changed = g_strdup(own);
	changed[strlen(changed) - 1] = changed[strlen(changed) - 1] == '0' ? '1' : '0';
	const Button wrong[] = {
	    {.token = token, .page_token = NULL, .decision = "release"},
	    {.token = token, .page_token = "", .decision = "release"},
	    {.token = token, .page_token = "00", .decision = "release"},
	    {.token = token, .page_token = changed, .decision = "release"},
	    {.token = token, .page_token = own, .decision = "release", .fetch_site = "cross-site"},
	    {.token = token, .page_token = own, .decision = "release", .fetch_site = "same-site"},
	    {.token = token,
		.page_token = own,
		.decision = "release",
		.fetch_site = "cross-site",
		.origin = "https://example.jp"},
	    {.token = token, .page_token = own, .decision = "release", .origin = "https://evil.example"},
	    {.token = token, .page_token = own, .decision = "release", .origin = "https://example.jp.evil.example"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *answer = press(gateway, &wrong[i]);
		assert_has(answer, "Status: 403 Forbidden\r\n");
		assert_has(answer, "Nothing was changed.");
		assert_lacks(answer, "taro@example.org");
	}
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	g_autofree char *other = client_ask(gateway, &(ClientRequest){.method = "DELETE", .uri = uri});
	assert_has(other, "Status: 405 Method Not Allowed\r\n");
	g_autofree char *good =
	    press(gateway, &(Button){.token = token, .page_token = own, .decision = "release", .origin = "https://example.jp"});
	assert_has(good, "The message is released");
	gateway_stop(gateway);
}

/* What the front puts into its page in that hour of the clock. */
static char *
page_token_of(const Gateway *gateway, VaultPurpose purpose, const char *token, gint64 hour)
{
	VaultHash hash;
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autofree char *text = g_strdup_printf("%s\n%" G_GINT64_FORMAT, token, hour);
	GString *digits = g_string_new(NULL);
	vault_hash(vault, purpose, text, strlen(text), &hash);
	text_append_hex(digits, hash.bytes, VAULT_HASH_BYTES);
	return g_string_free(digits, FALSE);
}

/* Pages of this hour and of the one before it press; older ones, and those of a clock that ran ahead, do not. */
static void
test_hours(void)
{
	Gateway *gateway = gateway_start(1);
	post_passing(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	if (clock_now_s() % 3600 > 3590)
		g_usleep(11 * G_USEC_PER_SEC);
	const gint64 hour = clock_now_s() / 3600;
	const struct {
		VaultPurpose purpose;
		gint64 hour;
		const char *status;
	} rows[] = {
	    {VAULT_HASH_PAGE, hour - 2, "Status: 403"},
	    {VAULT_HASH_PAGE, hour + 1, "Status: 403"},
	    {VAULT_HASH_PAGE, 0, "Status: 403"},
	    {VAULT_HASH_CHALLENGE, hour, "Status: 403"},
	    {VAULT_HASH_PAGE, hour - 1, "Status: 200"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *own = page_token_of(gateway, rows[i].purpose, token, rows[i].hour);
		g_assert_cmpuint(presses_count(gateway), ==, 0);
		g_autofree char *answer =
		    press(gateway, &(Button){.token = token, .page_token = own, .decision = "block-network"});
		assert_has(answer, rows[i].status);
	}
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	gateway_stop(gateway);
}

/* Neither other methods, nor a token in another place or of another shape. */
static void
test_other_shapes(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_set_site(gateway, "origins = https://pages.test\n", "");
	post_passing(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	static const char *const methods[] = {"PUT", "PATCH", "DELETE", "OPTIONS", "get", "post", "PROPFIND", ""};
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
		g_autofree char *answer =
		    client_ask(gateway, &(ClientRequest){.method = methods[i], .uri = uri, .origin = "https://pages.test"});
		assert_has(answer, "Status: 405");
		assert_lacks(answer, "taro@example.org");
		assert_lacks(answer, "Access-Control-Allow-Methods");
	}
	g_autofree char *good = g_strdup_printf("t=%s&p=%s&d=block-address", token, own);
	const struct {
		const char *uri, *content_type, *body;
	} rows[] = {{uri, URLENCODED, "d=block-address"}, {PATH, "application/json", good}, {PATH, "text/plain", good},
	    {PATH, NULL, good}, {PATH, URLENCODED, "t[]=x"}, {uri, URLENCODED, ""}, {PATH, MULTIPART, good}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) body = g_string_new(rows[i].body);
		g_autofree char *answer = client_ask(gateway,
		    &(ClientRequest){.method = "POST", .uri = rows[i].uri, .content_type = rows[i].content_type, .body = body});
		assert_has(answer, "Status: 404");
		assert_lacks(answer, "taro@example.org");
	}
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	assert_not_logged(gateway, token);
	gateway_stop(gateway);
}

/* As large as a submission can be, of characters that grow sixfold on the page: it is whole. */
static void
test_large(void)
{
	Gateway *gateway = gateway_start(4);
	g_autofree char *quotes = g_strnfill(250 * 1000, '"');
	gateway_add_form(
	    gateway, 9, NULL, "[textarea one maxlength:999999][textarea two maxlength:999999][textarea three maxlength:999999]");
	g_autofree char *answer = submit(gateway, 9,
	    client_multipart("_wpcf7_unit_tag", "wpcf7-f9-p2-o1", "one", quotes, "two", quotes, "three", quotes, NULL));
	assert_has(answer, "\"mail_sent\"");
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	for (guint i = 0; i < 20; i++) {
		g_autofree char *page = open_link(gateway, "GET", token);
		const char *body = strstr(page, "\r\n\r\n") + 4;
		g_autofree char *length = g_strdup_printf("Content-Length: %" G_GSIZE_FORMAT "\r\n", strlen(body));
		g_assert_cmpuint(strlen(body), >, 3 * 6 * 250 * 1000);
		assert_has(page, length);
		g_assert_true(g_str_has_suffix(body, "</html>\n"));
	}
	gateway_stop(gateway);
}

/* The token of another link's page is none of this one's. */
static void
test_swapped_page(void)
{
	Gateway *gateway = gateway_start(1);
	post_passing(gateway);
	g_autofree char *first = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	g_autofree char *second = link_of(gateway, &(Link){.stage = REVIEW_PASSED, .seconds = 2 * DAY_S});
	g_assert_cmpstr(first, !=, second);
	g_autofree char *page = open_link(gateway, "GET", first);
	g_autofree char *own = page_token(page);
	g_autofree char *answer = press(gateway, &(Button){.token = second, .page_token = own, .decision = "block-address"});
	assert_has(answer, "Status: 403 Forbidden\r\n");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	gateway_stop(gateway);
}

/* A button that needs a choice, a word that is none, and an order of the other stage: the page again. */
static void
test_choices(void)
{
	Gateway *gateway = gateway_start(1);
	post_passing(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	static const char *const words[] = {NULL, "", "block", "release", "discard", "discard-block-address", "drop"};
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *answer = press(gateway, &(Button){.token = token, .page_token = own, .decision = words[i]});
		assert_has(answer, "Status: 200 OK\r\n");
		assert_has(answer, "role=\"alert\">Nothing was changed yet.");
		assert_has(answer, "value=\"block-address\"");
	}
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	g_autofree char *good = press(gateway, &(Button){.token = token, .page_token = own, .decision = "block-address"});
	assert_has(good, "What you chose is refused from now on.");
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	gateway_stop(gateway);
}

static void
assert_refused(const Gateway *gateway, const char *token, const char *status, const char *text)
{
	g_autofree char *opened = open_link(gateway, "GET", token);
	assert_has(opened, status);
	assert_has(opened, text);
	assert_lacks(opened, "<form");
	assert_lacks(opened, "taro@example.org");
}

static void
test_wrong_tokens(void)
{
	Gateway *gateway = gateway_start(1);
	post_until_held(gateway);
	g_autofree char *good = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	g_autofree char *foreign = link_of(gateway, &(Link){.stage = REVIEW_HELD, .site = "other.jp"});
	g_autofree char *consent = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	g_autofree char *empty = link_token(gateway, VAULT_LINK_REVIEW, "example.jp", 600);
	g_autofree char *changed = g_strdup(good);
	changed[strlen(changed) / 2] = changed[strlen(changed) / 2] == 'A' ? 'B' : 'A';
	g_autofree char *cut = g_strndup(good, strlen(good) - 4);
	const char *const forged[] = {foreign, consent, empty, changed, cut, "", "x", "\xff\xfe", "%00", "<script>"};
	for (gsize i = 0; i < G_N_ELEMENTS(forged); i++) {
		assert_refused(gateway, forged[i], "Status: 404 Not Found\r\n", "This link does not work.");
		g_autofree char *pressed =
		    press(gateway, &(Button){.token = forged[i], .page_token = "00", .decision = "release"});
		assert_has(pressed, "Status: 404 Not Found\r\n");
	}
	g_autofree char *late = link_of(gateway, &(Link){.stage = REVIEW_HELD, .seconds = -1});
	assert_refused(gateway, late, "Status: 410 Gone\r\n", "still waits for a decision, but the time of this link is over");
	g_autofree char *other_secret = link_of(gateway, &(Link){.stage = REVIEW_HELD, .is_other_secret = TRUE});
	assert_refused(gateway, other_secret, "Status: 410 Gone\r\n", "or the message is not kept any more");
	/* A link of the other stage has no row. */
	g_autofree char *swapped = link_of(gateway, &(Link){.stage = REVIEW_PASSED, .is_without_row = TRUE});
	assert_refused(gateway, swapped, "Status: 410 Gone\r\n", "Receipt number:");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	for (gsize i = 0; i < 5; i++)
		assert_not_logged(gateway, forged[i]);
	assert_not_logged(gateway, late);
	gateway_stop(gateway);
}

/* A person decided, and the row is gone: the same link tells what became of it and opens nothing. */
static void
test_ended(void)
{
	g_autoptr(GError) error = NULL;
	Gateway *gateway = gateway_start(1);
	post_passing(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_PASSED});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	g_autoptr(SubmissionSummary) summary = newest(gateway);
	g_autoptr(Db) db = open_database(gateway);
	g_assert_true(review_end(db, summary->id, REVIEW_PASSED, &error));
	assert_refused(gateway, token, "Status: 410 Gone\r\n", "This message was delivered.");
	g_autofree char *pressed = press(gateway, &(Button){.token = token, .page_token = own, .decision = "block-address"});
	assert_has(pressed, "Status: 410 Gone\r\n");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	/* A row of the wrong stage for its status opens nothing either. */
	g_autofree char *held = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	assert_refused(gateway, held, "Status: 410 Gone\r\n", "This message was delivered.");
	gateway_stop(gateway);
}

/* Nothing is called recorded that the courier cannot do, also from a page that was opened while the form was good. */
static void
test_broken_form(void)
{
	Gateway *gateway = gateway_start(1);
	store_held_of_broken_form(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	g_autofree char *page = open_link(gateway, "GET", token);
	assert_has(page, "taro@example.org");
	assert_has(page, "can only be discarded here");
	g_autofree char *own = page_token(page);
	static const char *const words[] = {"release", "release-allow", "discard-block-network"};
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *answer = press(gateway, &(Button){.token = token, .page_token = own, .decision = words[i]});
		assert_has(answer, "role=\"alert\">Nothing was changed yet.");
	}
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	g_autofree char *done = press(gateway, &(Button){.token = token, .page_token = own, .decision = "discard"});
	assert_has(done, "The message is discarded.");
	gateway_stop(gateway);
}

/* The row cannot be written: nothing is called recorded, and the page works as soon as there is room again. */
static void
test_full_disk(void)
{
	Gateway *gateway = gateway_start(1);
	struct rlimit room;
	post_until_held(gateway);
	g_autofree char *token = link_of(gateway, &(Link){.stage = REVIEW_HELD});
	g_autofree char *page = open_link(gateway, "GET", token);
	g_autofree char *own = page_token(page);
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, NULL, &room), ==, 0);
	const struct rlimit full = {.rlim_cur = 0, .rlim_max = room.rlim_max};
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &full, NULL), ==, 0);
	g_autofree char *failed = press(gateway, &(Button){.token = token, .page_token = own, .decision = "release"});
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &room, NULL), ==, 0);
	assert_has(failed, "Status: 503 Service Unavailable\r\n");
	assert_has(failed, "nothing was changed");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	g_autofree char *again = press(gateway, &(Button){.token = token, .page_token = own, .decision = "release"});
	assert_has(again, "The message is released");
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	gateway_stop(gateway);
}

static void
test_unknown_site(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *page =
	    client_ask(gateway, &(ClientRequest){.method = "GET", .uri = PATH "?t=x", .site = "no.such.site"});
	assert_has(page, "Status: 503 Service Unavailable\r\n");
	assert_has(page, "The message cannot be shown at the moment");
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/review/opening it changes nothing", test_opened);
	g_test_add_func(
	    "/front/review/a decision is on disk before it is called recorded, and the first one holds", test_pressed);
	g_test_add_func("/front/review/only a fresh page of ours presses", test_other_pages);
	g_test_add_func("/front/review/a page presses for an hour or two", test_hours);
	g_test_add_func("/front/review/other methods and shapes do nothing", test_other_shapes);
	g_test_add_func("/front/review/a very large one is shown whole", test_large);
	g_test_add_func("/front/review/a page presses its own link alone", test_swapped_page);
	g_test_add_func("/front/review/without a choice nothing is done", test_choices);
	g_test_add_func("/front/review/forged, foreign, cut and late tokens open and write nothing", test_wrong_tokens);
	g_test_add_func("/front/review/after a decision the link opens nothing", test_ended);
	g_test_add_func("/front/review/a form that cannot be read leaves Discard", test_broken_form);
	g_test_add_func("/front/review/a full disk is no record", test_full_disk);
	g_test_add_func("/front/review/a site that is not there is told as a problem of ours", test_unknown_site);
	return g_test_run();
}
