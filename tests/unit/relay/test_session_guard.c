/*
 * What the guard makes of a dialogue, without library and network. Lines "S:" are the server's bytes, "C:" the client's.
 */
#include "relay/session_guard.h"

#include <string.h>

#include "sekisho/base/error.h"

static void
server(SessionGuard *guard, const char *bytes, char **seen)
{
	char *buffer = g_strdup(bytes);

	session_guard_monitor(buffer, (int)strlen(buffer), 0, guard);
	if (seen != NULL)
		*seen = buffer;
	else
		g_free(buffer);
}

static void
client(SessionGuard *guard, const char *bytes)
{
	session_guard_monitor(bytes, (int)strlen(bytes), 1, guard);
}

static const Account ACCOUNT = {.security = ACCOUNT_STARTTLS, .user = (char *)"form@example.jp"};
static const Account ACCOUNT_WITHOUT_USER = {.security = ACCOUNT_STARTTLS, .user = (char *)""};
static const Account ACCOUNT_IN_CLEAR = {.security = ACCOUNT_PLAIN_LOOPBACK, .user = (char *)"form@example.jp"};

static SessionGuard *
guard_after_hello(void)
{
	SessionGuard *guard = session_guard_new(&ACCOUNT);

	server(guard, "220 mx\r\n", NULL);
	client(guard, "EHLO c\r\n");
	server(guard, "250-mx\r\n250 STARTTLS\r\n", NULL);
	return guard;
}

static void
test_capabilities_are_hidden_in_any_pieces(void)
{
	static const char reply[] = "250-mx\r\n250-PIPELINING\r\n250-Chunking\r\n250 SIZE 1\r\n";

	for (gsize cut = 1; cut < strlen(reply); cut++) {
		g_autoptr(SessionGuard) guard = session_guard_new(&ACCOUNT_WITHOUT_USER);
		g_autofree char *head = g_strndup(reply, cut), *first = NULL, *second = NULL;
		server(guard, "220 mx\r\n", NULL);
		client(guard, "EHLO c\r\n");
		server(guard, head, &first);
		server(guard, reply + cut, &second);
		g_autofree char *seen = g_strconcat(first, second, NULL);
		g_assert_cmpstr(seen, ==, "250-mx\r\n250-PIPELININX\r\n250-ChunkinX\r\n250 SIZE 1\r\n");
	}
}

static void
test_other_replies_stay_as_they_are(void)
{
	g_autoptr(SessionGuard) guard = guard_after_hello();
	g_autofree char *seen = NULL;

	client(guard, "RCPT TO:<a@b.test>\r\n");
	server(guard, "550 PIPELINING\r\n", &seen);
	g_assert_cmpstr(seen, ==, "550 PIPELINING\r\n");
}

static void
test_speaking_out_of_turn(void)
{
	static const struct {
		const char *greeting, *hello, *starttls;
		gboolean is_out_of_turn;
	} cases[] = {
	    {"220 mx\r\n", "250 STARTTLS\r\n", "220 go\r\n", FALSE},
	    {"220-mx\r\n220 hello\r\n", "250-a\r\n250 STARTTLS\r\n", "220-go\r\n220 ahead\r\n", FALSE},
	    {"220 mx\r\n250 x\r\n", "250 STARTTLS\r\n", "220 go\r\n", TRUE},
	    {"220 mx\r\n2", "250 STARTTLS\r\n", "220 go\r\n", TRUE},
	    {"220 mx\r\n", "250 STARTTLS\r\n220 go\r\n", "", TRUE},
	    {"220 mx\r\n", "250 STARTTLS\r\n", "220 go\r\n250 x\r\n", TRUE},
	    {"220 mx\r\n", "250 STARTTLS\r\n", "220 go\r\n\r\n", TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(SessionGuard) guard = session_guard_new(&ACCOUNT_WITHOUT_USER);
		server(guard, cases[i].greeting, NULL);
		client(guard, "EHLO c\r\n");
		server(guard, cases[i].hello, NULL);
		client(guard, "STARTTLS\r\n");
		server(guard, cases[i].starttls, NULL);
		guard->is_tls_established = TRUE;
		g_assert_cmpint(guard->is_out_of_turn, ==, cases[i].is_out_of_turn);
		g_assert_cmpint(session_guard_may_send(guard), ==, !cases[i].is_out_of_turn);
	}
}

static void
note(gpointer user_data)
{
	(*(guint *)user_data)++;
}

static void
test_content_waits_for_tls_and_235(void)
{
	g_autoptr(SessionGuard) guard = guard_after_hello();
	guint opened = 0;
	guard->opened = note;
	guard->user_data = &opened;

	g_assert_false(session_guard_may_send(guard));
	guard->is_tls_established = TRUE;
	client(guard, "AUTH LOGIN\r\n");
	server(guard, "334 VXNlcm5hbWU6\r\n", NULL);
	client(guard, "TUFJTCBGUk9NOg==\r\n");
	server(guard, "334 UGFzc3dvcmQ6\r\n", NULL);
	client(guard, "c2VjcmV0\r\n");
	g_assert_false(session_guard_may_send(guard));
	server(guard, "235 2.7.0 ok\r\n", NULL);
	g_assert_true(session_guard_may_send(guard));
	g_assert_cmpuint(opened, ==, 0);
	client(guard, "MAIL FROM:<a@b.test>\r\n");
	server(guard, "250 ok\r\n", NULL);
	client(guard, "MAIL FROM:<a@b.test>\r\n");
	g_assert_cmpuint(opened, ==, 1);
}

/* A 235 that answers something else proves nothing. */
static void
test_a_235_out_of_place(void)
{
	g_autoptr(SessionGuard) guard = guard_after_hello();

	guard->is_tls_established = TRUE;
	client(guard, "MAIL FROM:<a@b.test>\r\n");
	server(guard, "235 ok\r\n", NULL);
	g_assert_false(session_guard_may_send(guard));
	g_assert_false(guard->is_opened);
}

static void
test_the_words_of_a_refused_login(void)
{
	g_autoptr(SessionGuard) guard = guard_after_hello();
	const char *server_text;

	guard->is_tls_established = TRUE;
	client(guard, "AUTH PLAIN xxxx\r\n");
	server(guard, "535-5.7.8 no\r\n535 5.7.8 really\r\n", NULL);
	client(guard, "QUIT\r\n");
	server(guard, "221 bye\r\n", NULL);
	g_autoptr(GError) failure = session_guard_failure(guard, &server_text);
	g_assert_error(failure, RELAY_ERROR, RELAY_ERROR_AUTH);
	g_assert_cmpstr(server_text, ==, "5.7.8 no really");
}

/* "220 go ahead" was the last thing the server said, and says nothing. */
static void
test_the_words_of_a_bad_certificate(void)
{
	g_autoptr(SessionGuard) guard = guard_after_hello();
	const char *server_text;

	client(guard, "STARTTLS\r\n");
	server(guard, "220 2.0.0 go ahead\r\n", NULL);
	g_autoptr(GError) broken = session_guard_failure(guard, &server_text);
	g_assert_error(broken, RELAY_ERROR, RELAY_ERROR_TLS);
	g_assert_cmpstr(server_text, ==, "");
	g_string_assign(guard->tls_problem, "certificate has expired");
	g_autoptr(GError) failure = session_guard_failure(guard, &server_text);
	g_assert_error(failure, RELAY_ERROR, RELAY_ERROR_TLS);
	g_assert_cmpstr(server_text, ==, "certificate has expired");
}

/* No byte sequence may do harm, whatever the pieces. */
static void
test_random_dialogues(void)
{
	static const char alphabet[] = "220-5 34\r\n\0PIPELINGCHUK\377";

	for (guint round = 0; round < 3000; round++) {
		static const Account *const accounts[] = {&ACCOUNT, &ACCOUNT_WITHOUT_USER, &ACCOUNT_IN_CLEAR};
		g_autoptr(SessionGuard) guard = session_guard_new(accounts[round % G_N_ELEMENTS(accounts)]);
		g_autoptr(GError) failure = NULL;
		const char *server_text;
		for (guint k = 0; k < 20; k++) {
			char bytes[40];
			int size = g_test_rand_int_range(0, (gint32)sizeof bytes);
			for (int i = 0; i < size; i++)
				bytes[i] = alphabet[g_test_rand_int_range(0, (gint32)sizeof alphabet - 1)];
			session_guard_monitor(bytes, size, g_test_rand_int_range(0, 2), guard);
		}
		failure = session_guard_failure(guard, &server_text);
		g_assert_nonnull(failure);
		g_assert_nonnull(server_text);
		g_assert_false(session_guard_may_send(guard));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guard/capabilities are hidden in any pieces", test_capabilities_are_hidden_in_any_pieces);
	g_test_add_func("/guard/other replies stay as they are", test_other_replies_stay_as_they_are);
	g_test_add_func("/guard/a server that speaks out of turn before TLS", test_speaking_out_of_turn);
	g_test_add_func("/guard/content waits for TLS and 235", test_content_waits_for_tls_and_235);
	g_test_add_func("/guard/a 235 out of place proves nothing", test_a_235_out_of_place);
	g_test_add_func("/guard/the words of a refused login are kept", test_the_words_of_a_refused_login);
	g_test_add_func("/guard/the words of a bad certificate", test_the_words_of_a_bad_certificate);
	g_test_add_func("/guard/random dialogues", test_random_dialogues);
	return g_test_run();
}
