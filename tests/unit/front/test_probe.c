/*
 * Probes and canaries: who asks learns who answers and changes nothing; a canary that cannot prove itself is no submission.
 */
#include "probe.h"

#include <string.h>

#include "gateway.h"
#include "sekisho/base/text.h"
#include "sekisho/store/submissions.h"

/* The value of the answer's Sekisho-Probe header; the caller's. NULL if there is none. */
static char *
probe_of(const char *answer)
{
	const char *header = strstr(answer, "Sekisho-Probe: ");
	return header != NULL ? g_strndup(header + strlen("Sekisho-Probe: "), 2 * (gsize)VAULT_HASH_BYTES) : NULL;
}

static void
assert_probed(const Gateway *gateway, const ClientRequest *request, const char *said)
{
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autofree char *answer = client_ask(gateway, request);
	VaultHash hash;
	assert_has(answer, "Status: 200 OK\r\n");
	g_autofree char *digits = probe_of(answer);
	g_assert_nonnull(digits);
	g_assert_true(text_read_hex(digits, hash.bytes, VAULT_HASH_BYTES));
	g_assert_true(vault_hash_matches(vault, VAULT_HASH_PROBE, said, strlen(said), &hash));
}

static void
test_routes(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	const ClientRequest cases[] = {
	    {.method = "POST",
		.uri = FORMS "/4/feedback",
		.content_type = MULTIPART,
		.body = body,
		.probe = "0123456789abcdefABCDEF"},
	    {.method = "GET", .uri = FORMS "/4/feedback", .probe = "0"},
	    {.method = "POST", .uri = "/contact/", .content_type = MULTIPART, .body = body, .probe = "1"},
	    {.method = "POST", .uri = "/sekisho/confirm", .probe = "2"},
	    {.method = "GET", .uri = FORMS "/4/refill", .probe = "3"},
	    {.method = "POST", .uri = "/contact/", .site = "no.such.site", .probe = "4"},
	    {.method = "POST", .uri = "/contact/", .site = "", .probe = "5"},
	};
	static const char *const said[] = {"example.jp\nfeedback\n0123456789abcdefABCDEF", "example.jp\nfeedback\n0",
	    "example.jp\nplain\n1", "example.jp\nconfirm\n2", "example.jp\nrefill\n3", "no.such.site\nplain\n4", "\nplain\n5"};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_probed(gateway, &cases[i], said[i]);
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

/* A body that was never looked at does not spoil a connection that is kept. */
static void
test_kept_connection(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	const int connection = client_connect(gateway);
	request.is_kept = TRUE;
	request.probe = "ff";
	client_send(connection, &request);
	g_autofree char *probed = client_receive(connection);
	assert_has(probed, "Sekisho-Probe: ");
	request.probe = NULL;
	client_send(connection, &request);
	g_autofree char *answer = client_receive(connection);
	assert_ok(answer);
	g_assert_null(strstr(answer, "Sekisho-Probe"));
	(void)close(connection);
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	gateway_stop(gateway);
}

/* Neither is answered as a probe: what is no nonce, and what is no address of ours. */
static void
test_refused_probes(void)
{
	Gateway *gateway = gateway_start(1);
	static const char *const nonces[] = {"xyz", "01 ", "0123456789012345678901234567890123456789012345678901234567890123f"};
	for (gsize i = 0; i < G_N_ELEMENTS(nonces); i++) {
		g_autoptr(GString) body = good_body();
		ClientRequest request = feedback(body);
		request.probe = nonces[i];
		g_autofree char *answer = client_ask(gateway, &request);
		assert_has(answer, "Status: 400 Bad Request\r\n");
		assert_has(answer, "\"code\":\"sekisho_probe\"");
	}
	g_autofree char *foreign = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = "/contact/", .probe = "ab"});
	assert_has(foreign, "Status: 404 Not Found\r\n");
	g_assert_null(strstr(foreign, "Sekisho-Probe"));
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

static void
test_canary(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_set_site(gateway, "canary_address = canary@example.jp\n", "");
	g_autofree char *token = link_token(gateway, VAULT_LINK_CANARY, "example.jp", 600);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	request.canary = token;
	g_autofree char *answer = client_ask(gateway, &request);
	assert_ok(answer);
	g_autoptr(Submission) canary = stored_newest(gateway);
	g_assert_cmpstr(canary->client->canary, ==, token);
	request.canary = NULL;
	g_autofree char *ordinary = client_ask(gateway, &request);
	assert_ok(ordinary);
	g_autoptr(Submission) visitor = stored_newest(gateway);
	g_assert_cmpstr(visitor->client->canary, ==, "");
	gateway_stop(gateway);
}

static void
test_untrue_canaries(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *late = link_token(gateway, VAULT_LINK_CANARY, "example.jp", -1);
	g_autofree char *foreign = link_token(gateway, VAULT_LINK_CANARY, "other.jp", 600);
	g_autofree char *consent = link_token(gateway, VAULT_LINK_CONSENT, "example.jp", 600);
	g_autofree char *good = link_token(gateway, VAULT_LINK_CANARY, "example.jp", 600);
	g_autofree char *longer = g_strconcat(good, "AAAA", NULL);
	const char *const tokens[] = {late, foreign, consent, longer, "x", "\xff"};
	for (gsize i = 0; i < G_N_ELEMENTS(tokens); i++) {
		g_autoptr(GString) body = good_body();
		ClientRequest request = feedback(body);
		request.canary = tokens[i];
		g_autofree char *answer = client_ask(gateway, &request);
		g_test_message("%zu", i);
		assert_has(answer, "Status: 400 Bad Request\r\n");
		assert_has(answer, "\"code\":\"sekisho_canary\"");
		request.uri = "/contact/";
		g_autofree char *page = client_ask(gateway, &request);
		assert_has(page, "Status: 400 Bad Request\r\n");
	}
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/probe/every address of ours says who answers", test_routes);
	g_test_add_func("/front/probe/the connection stays usable", test_kept_connection);
	g_test_add_func("/front/probe/what is no probe is not answered as one", test_refused_probes);
	g_test_add_func("/front/probe/a canary is stored as one", test_canary);
	g_test_add_func("/front/probe/an untrue canary is no submission", test_untrue_canaries);
	return g_test_run();
}
