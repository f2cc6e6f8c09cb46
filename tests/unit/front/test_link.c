/*
 * A confirmation's link behind a front: opening changes nothing, pressing writes one row before anybody is thanked, and whatever is not right is
 * told so and writes nothing. The log never has the token.
 */
#include "link.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "gateway.h"
#include "sekisho/store/presses.h"

#define PATH "/sekisho/confirm"
#define URLENCODED "application/x-www-form-urlencoded"

static GPtrArray *
presses(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	GPtrArray *list = presses_list(db, 0, 100, &error);
	g_assert_no_error(error);
	return list;
}

static guint
presses_count(const Gateway *gateway)
{
	g_autoptr(GPtrArray) list = presses(gateway);
	return list->len;
}

static char *
open_link(const Gateway *gateway, const char *method, const char *token)
{
	g_autofree char *uri = g_strconcat("/blog" PATH "?t=", token, NULL);
	return client_ask(gateway, &(ClientRequest){.method = method, .uri = uri});
}

static char *
press(const Gateway *gateway, const char *token)
{
	g_autoptr(GString) body = g_string_new("t=");
	g_string_append_uri_escaped(body, token, NULL, FALSE);
	return client_ask(gateway, &(ClientRequest){.method = "POST", .uri = PATH, .content_type = URLENCODED, .body = body});
}

static void
assert_not_logged(const Gateway *gateway, const char *token)
{
	g_autofree char *log = NULL;
	g_assert_true(g_file_get_contents(gateway->log, &log, NULL, NULL));
	g_assert_null(strstr(log, token));
}

static void
test_opened(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *page = open_link(gateway, "GET", token);
		assert_has(page, "Status: 200 OK\r\n");
		assert_has(page, "Referrer-Policy: no-referrer\r\n");
		assert_has(page, "<html lang=\"en\">");
		assert_has(page, "the form of example.jp.");
		assert_has(page, "<form method=\"post\" action=\"confirm\">");
		assert_has(page, token);
		g_autofree char *head = open_link(gateway, "HEAD", token);
		assert_has(head, "Status: 200 OK\r\n");
		g_assert_null(strstr(head, "<html"));
	}
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	assert_not_logged(gateway, token);
	gateway_stop(gateway);
}

static void
test_languages(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	g_autofree char *page =
	    client_ask(gateway, &(ClientRequest){.method = "GET", .uri = uri, .accept_language = "ja-JP,en;q=0.5"});
	assert_has(page, "<html lang=\"ja\">");
	assert_has(page, "返信メールを受け取る</button>");
	gateway_stop(gateway);
}

static void
test_pressed(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	eventfd_t woken = 0;
	g_autofree char *page = press(gateway, token);
	assert_has(page, "Status: 200 OK\r\n");
	assert_has(page, "Address confirmed");
	g_autoptr(GPtrArray) list = presses(gateway);
	g_assert_cmpuint(list->len, ==, 1);
	const Press *row = list->pdata[0];
	g_assert_cmpstr(row->site, ==, "example.jp");
	g_assert_cmpstr(row->token, ==, token);
	/* The courier is awake. */
	g_assert_cmpint(eventfd_read(gateway->wake, &woken), ==, 0);
	g_assert_true(gateway_wait_log(gateway, "pressed site=example.jp"));
	/* Pressed again, the same thanks and the same row. */
	g_autofree char *again = press(gateway, token);
	assert_has(again, "Address confirmed");
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	assert_not_logged(gateway, token);
	gateway_stop(gateway);
}

static void
assert_refused(const Gateway *gateway, const char *token, const char *status, const char *text)
{
	g_autofree char *opened = open_link(gateway, "GET", token);
	g_autofree char *pressed = press(gateway, token);
	const char *const answers[] = {opened, pressed};
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		assert_has(answers[i], status);
		assert_has(answers[i], text);
		g_assert_null(strstr(answers[i], "<form"));
	}
}

static void
test_wrong_tokens(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *late = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", -1);
	g_autofree char *foreign = link_token(gateway, VAULT_LINK_CONSENT, "other.jp", 600);
	g_autofree char *canary = link_token(gateway, VAULT_LINK_CANARY, "example.jp", 600);
	g_autofree char *changed = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	changed[strlen(changed) / 2] = changed[strlen(changed) / 2] == 'A' ? 'B' : 'A';
	g_autofree char *cut = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	cut[strlen(cut) - 4] = '\0';
	assert_refused(gateway, late, "Status: 410 Gone\r\n", "This link has expired, so the automatic reply is not sent");
	const char *const forged[] = {foreign, canary, changed, cut, "", "x", "\xff\xfe", "%00", "<script>"};
	for (gsize i = 0; i < G_N_ELEMENTS(forged); i++)
		assert_refused(gateway, forged[i], "Status: 404 Not Found\r\n", "This link does not work.");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	for (gsize i = 0; i < 4; i++)
		assert_not_logged(gateway, forged[i]);
	assert_not_logged(gateway, late);
	gateway_stop(gateway);
}

/* A good token presses only as the page's own form sends it. */
static void
test_other_bodies(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	g_autoptr(GString) empty = g_string_new("");
	g_autoptr(GString) multipart = client_multipart("t", token, NULL);
	g_autoptr(GString) file = client_multipart("t\"; filename=\"f", token, NULL);
	const ClientRequest requests[] = {{.method = "POST", .uri = uri, .content_type = URLENCODED, .body = empty},
	    {.method = "POST", .uri = PATH, .content_type = MULTIPART, .body = multipart},
	    {.method = "POST", .uri = PATH, .content_type = MULTIPART, .body = file}};
	for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autofree char *answer = client_ask(gateway, &requests[i]);
		assert_has(answer, "Status: 404 Not Found\r\n");
	}
	g_autofree char *other = client_ask(gateway, &(ClientRequest){.method = "DELETE", .uri = uri});
	assert_has(other, "Status: 405 Method Not Allowed\r\n");
	assert_has(other, "Allow: GET, HEAD, POST\r\n");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	gateway_stop(gateway);
}

/* The row cannot be written: no thanks, and the link works as soon as there is room again. */
static void
test_full_disk(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	struct rlimit room;
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, NULL, &room), ==, 0);
	const struct rlimit full = {.rlim_cur = 0, .rlim_max = room.rlim_max};
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &full, NULL), ==, 0);
	g_autofree char *page = press(gateway, token);
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &room, NULL), ==, 0);
	assert_has(page, "Status: 503 Service Unavailable\r\n");
	assert_has(page, "cannot be confirmed at the moment");
	g_assert_cmpuint(presses_count(gateway), ==, 0);
	g_autofree char *again = press(gateway, token);
	assert_has(again, "Address confirmed");
	g_assert_cmpuint(presses_count(gateway), ==, 1);
	gateway_stop(gateway);
}

static void
test_unknown_site(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *token = link_token(gateway, VAULT_LINK_CONSENT, "no.such.site", 600);
	g_autofree char *uri = g_strconcat(PATH "?t=", token, NULL);
	g_autofree char *page = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = uri, .site = "no.such.site"});
	assert_has(page, "Status: 503 Service Unavailable\r\n");
	assert_has(page, "cannot be confirmed at the moment");
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/link/opening it changes nothing", test_opened);
	g_test_add_func("/front/link/the page speaks the browser's language", test_languages);
	g_test_add_func("/front/link/pressing is on disk before the thanks, once", test_pressed);
	g_test_add_func("/front/link/forged, foreign, cut and late tokens write nothing", test_wrong_tokens);
	g_test_add_func("/front/link/only the page's own form presses", test_other_bodies);
	g_test_add_func("/front/link/a full disk is no thanks", test_full_disk);
	g_test_add_func("/front/link/a site that is not there is told as a problem of ours", test_unknown_site);
	return g_test_run();
}
