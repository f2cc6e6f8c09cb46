/*
 * Slow visitors behind a web server that hands on what comes: they cost time of their own and nobody else's.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/limits.h"

#define PEERS 50

/* What a newcomer waits for an answer; with a worker for him it takes milliseconds. */
static gint64
ask_ms(const Gateway *gateway)
{
	g_autoptr(GString) body = good_body();
	const ClientRequest request = feedback(body);
	const gint64 begin_us = g_get_monotonic_time();
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "mail_sent");
	return (g_get_monotonic_time() - begin_us) / G_TIME_SPAN_MILLISECOND;
}

/* One more byte of everybody's request, in a record of its own if it is the body's; a peer whose buffer is full has to wait. */
static void
dribble(const int *connections, const GString *body, guint at)
{
	static const guint8 begin[16] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1};
	static const guint8 params[8] = {1, 4, 0, 1, 0x10, 0, 0, 0};
	for (guint i = 0; i < PEERS; i++) {
		const guint8 record[9] = {1, 5, 0, 1, 0, 1, 0, 0, (guint8)body->str[at % body->len]};
		const guint8 byte = at < 16 ? begin[at] : at < 24 ? params[at - 16] : 0;
		if (i % 2 == 0)
			(void)send(connections[i], record, sizeof record, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			(void)send(connections[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

/* Half of them dribble bodies, the others params. The body goes on long enough for the sockets to fill and to be taken for stalled. */
static void
test_dribbling_peers(void)
{
	Gateway *gateway = gateway_start(2);
	int connections[PEERS];
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	gint64 worst_ms = 0;
	request.declared = 100000;
	for (guint i = 0; i < PEERS; i++) {
		connections[i] = client_connect(gateway);
		if (i % 2 == 0)
			client_send_head(connections[i], &request);
	}
	for (guint at = 0; at < 500; at++) {
		dribble(connections, body, at);
		g_usleep(5000);
		if (at % 50 != 49)
			continue;
		const gint64 lasted_ms = ask_ms(gateway);
		worst_ms = MAX(worst_ms, lasted_ms);
	}
	g_usleep(2 * LIMIT_STALL_MS * 1000);
	const gint64 lasted_ms = ask_ms(gateway);
	worst_ms = MAX(worst_ms, lasted_ms);
	g_test_message("the slowest answer took %" G_GINT64_FORMAT " ms", worst_ms);
	g_assert_cmpint(worst_ms, <, 1000);
	for (guint i = 0; i < PEERS; i++)
		(void)close(connections[i]);
	g_assert_cmpuint(stored_count(gateway), ==, 11);
	gateway_stop(gateway);
}

/* Above every socket's buffer: it is streamed, on a connection that lives on; a slow one beside it does not stop the others. */
static void
test_large_bodies(void)
{
	Gateway *gateway = gateway_start(2);
	g_autoptr(GString) small = good_body();
	g_autoptr(GString) body = g_string_new("--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"upload\"; "
					       "filename=\"a.bin\"\r\n\r\n");
	g_autofree char *file = g_strnfill(5u * 1024u * 1024u, 'x');
	g_string_append_printf(body, "%s\r\n%s", file, small->str);
	ClientRequest request = feedback(body);
	request.is_kept = TRUE;

	const int slow = client_connect(gateway);
	client_send_head(slow, &request);
	client_send_body(slow, body->str, 2 * LIMIT_GATHER_BYTES);
	g_assert_cmpint(ask_ms(gateway), <, 1000);
	const int connection = client_connect(gateway);
	client_send_head(connection, &request);
	client_send_body(slow, body->str + 2 * LIMIT_GATHER_BYTES, body->len - 2 * LIMIT_GATHER_BYTES);
	client_send_end(slow);
	g_autofree char *slow_answer = client_receive(slow);
	assert_has(slow_answer, "mail_sent");
	client_send_body(connection, body->str, body->len);
	client_send_end(connection);
	g_autofree char *answer = client_receive(connection);
	assert_has(answer, "mail_sent");
	request.body = small;
	client_send(connection, &request);
	g_autofree char *next = client_receive(connection);
	assert_has(next, "mail_sent");
	(void)close(slow);
	(void)close(connection);
	gateway_stop(gateway);
}

/* More of them than may be streamed at once: each gets its turn. */
static void
test_large_bodies_take_turns(void)
{
	Gateway *gateway = gateway_start(2);
	int connections[6];
	g_autoptr(GString) small = good_body();
	g_autofree char *text = g_strnfill(2 * LIMIT_GATHER_BYTES, 'x');
	g_autoptr(GString) body = client_multipart("other", text, NULL);
	g_string_append(body, "--\r\n");
	g_string_truncate(body, body->len - strlen("--" GATEWAY_BOUNDARY "--\r\n--\r\n"));
	g_string_append(body, small->str);
	ClientRequest request = feedback(body);
	for (guint i = 0; i < G_N_ELEMENTS(connections); i++) {
		connections[i] = client_connect(gateway);
		client_send_head(connections[i], &request);
		client_send_body(connections[i], body->str, LIMIT_GATHER_BYTES);
	}
	g_assert_cmpint(ask_ms(gateway), <, 1000);
	for (guint i = 0; i < G_N_ELEMENTS(connections); i++) {
		client_send_body(connections[i], body->str + LIMIT_GATHER_BYTES, body->len - LIMIT_GATHER_BYTES);
		client_send_end(connections[i]);
		g_autofree char *answer = client_receive(connections[i]);
		assert_has(answer, "mail_sent");
		(void)close(connections[i]);
	}
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/slow/fifty dribbling peers keep nobody waiting", test_dribbling_peers);
	g_test_add_func("/front/slow/a large body is streamed, and a slow one stops nobody", test_large_bodies);
	g_test_add_func("/front/slow/large bodies take turns", test_large_bodies_take_turns);
	return g_test_run();
}
