/*
 * The front's connections for real: kept, refused, broken off, stalled, too many, and at the end.
 */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/db.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

/* --- Connections ------------------------------------------------------------------------------------------------------ */

static void
test_undrained_refusal(void)
{
	Gateway *gateway = gateway_start(1);
	const int connection = client_connect(gateway);
	g_autoptr(GString) body = good_body();
	ClientRequest good = feedback(body);
	ClientRequest refused = feedback(body);
	good.is_kept = TRUE;
	refused.is_kept = TRUE;
	refused.content_type = "application/json";
	for (int i = 0; i < 3; i++) {
		client_send(connection, &good);
		g_autofree char *first = client_receive(connection);
		assert_has(first, "mail_sent");
		/* The body comes in a later piece than the params, when the refusal has been decided. */
		client_send_head(connection, &refused);
		g_usleep(20000);
		client_send_body(connection, body->str, body->len);
		client_send_end(connection);
		g_autofree char *second = client_receive(connection);
		assert_has(second, "Status: 415");
	}
	(void)close(connection);
	gateway_stop(gateway);
}

static void
test_many_kept_connections(void)
{
	Gateway *gateway = gateway_start(2);
	int connections[50];
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	request.is_kept = TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(connections); i++)
		connections[i] = client_connect(gateway);
	for (int round = 0; round < 4; round++) {
		for (guint i = 0; i < G_N_ELEMENTS(connections); i++)
			client_send(connections[i], &request);
		for (guint i = 0; i < G_N_ELEMENTS(connections); i++) {
			g_autofree char *answer = client_receive(connections[i]);
			assert_has(answer, "mail_sent");
		}
	}
	/* All are open and idle, and a newcomer is served at once. */
	g_autofree char *newcomer = client_ask(gateway, &request);
	assert_has(newcomer, "mail_sent");
	for (guint i = 0; i < G_N_ELEMENTS(connections); i++)
		(void)close(connections[i]);
	g_assert_cmpuint(stored_count(gateway), ==, 201);
	gateway_stop(gateway);
}

static void
test_not_kept(void)
{
	Gateway *gateway = gateway_start(1);
	const int connection = client_connect(gateway);
	client_send(connection, &(ClientRequest){.method = "GET", .uri = FORMS "/4/refill"});
	g_autofree char *answer = client_receive(connection);
	assert_has(answer, "Status: 200");
	g_assert_true(client_is_closed(connection));
	(void)close(connection);
	gateway_stop(gateway);
}

static void
test_truncated_params(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	const guint8 begin[] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0};
	const guint8 params[] = {1, 4, 0, 1, 0, 20, 0, 0, 14, 4, 'R', 'E', 'Q', 'U', 'E', 'S', 'T', '_', 'M', 'E', 'T', 'H', 'O',
	    'D', 'P', 'O', 'S', 'T'};
	for (gsize size = 0; size <= sizeof params; size++) {
		const int connection = client_connect(gateway);
		client_send_bytes(connection, begin, sizeof begin);
		client_send_bytes(connection, params, size);
		(void)close(connection);
	}
	g_assert_true(gateway_wait_log(gateway, "peer_failed"));
	ClientRequest request = feedback(body);
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "mail_sent");
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	gateway_stop(gateway);
}

/* Half a body is nobody's submission, whether the peer closes, ends it early, or ends it where the fields are complete. */
static void
test_half_body(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	request.is_kept = TRUE;

	int connection = client_connect(gateway);
	client_send_head(connection, &request);
	client_send_body(connection, body->str, body->len / 2);
	(void)close(connection);
	g_assert_true(gateway_wait_log(gateway, "peer_failed"));

	connection = client_connect(gateway);
	client_send_head(connection, &request);
	client_send_body(connection, body->str, body->len / 2);
	client_send_end(connection);
	g_assert_null(client_receive(connection));
	(void)close(connection);

	connection = client_connect(gateway);
	request.declared = (gssize)body->len + 100;
	client_send(connection, &request);
	g_assert_null(client_receive(connection));
	(void)close(connection);

	g_assert_cmpuint(stored_count(gateway), ==, 0);
	gateway_stop(gateway);
}

static void
test_stalled_peer(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	const int stalled = client_connect(gateway);
	client_send_head(stalled, &request);
	client_send_body(stalled, body->str, 10);
	/* The only worker is not even held. */
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "mail_sent");
	g_assert_true(client_is_closed(stalled));
	(void)close(stalled);
	gateway_stop(gateway);
}

/* --- The journal ------------------------------------------------------------------------------------------------------- */

static void
test_waiting_for_the_disk(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	g_autoptr(Db) db = open_database(gateway);
	g_assert_true(db_begin(db, NULL));

	/* Somebody else writes: submissions wait, but the only worker does not wait with them. */
	const int first = client_connect(gateway);
	const int second = client_connect(gateway);
	client_send(first, &request);
	client_send(second, &request);
	g_autofree char *refill = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = FORMS "/4/refill"});
	assert_has(refill, "[]");
	db_rollback(db);
	g_autofree char *first_answer = client_receive(first);
	g_autofree char *second_answer = client_receive(second);
	assert_has(first_answer, "mail_sent");
	assert_has(second_answer, "mail_sent");
	(void)close(first);
	(void)close(second);
	gateway_stop(gateway);
}

static void
test_failed_commit(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	g_autoptr(Db) db = open_database(gateway);
	g_assert_true(db_begin(db, NULL));
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "Status: 200");
	assert_has(answer, "\"status\":\"mail_failed\"");
	db_rollback(db);
	g_assert_true(gateway_wait_log(gateway, "store_failed"));
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	g_autofree char *later = client_ask(gateway, &request);
	assert_has(later, "mail_sent");
	gateway_stop(gateway);
}

/* --- The end ----------------------------------------------------------------------------------------------------------- */

static void
test_stop_in_flight(void)
{
	Gateway *gateway = gateway_start(2);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	request.is_kept = TRUE;
	const int idle = client_connect(gateway);
	const int busy = client_connect(gateway);
	client_send(idle, &request);
	g_free(client_receive(idle));
	client_send_head(busy, &request);
	client_send_body(busy, body->str, body->len / 2);
	g_usleep(50000);

	gateway_stop_begin(gateway);
	g_usleep(50000);
	client_send_body(busy, body->str + body->len / 2, body->len - body->len / 2);
	client_send_end(busy);
	g_autofree char *answer = client_receive(busy);
	assert_has(answer, "mail_sent");
	g_assert_true(client_is_closed(busy));

	/* Some time later, with nothing to do but wait, the connection that was idle still takes the request that was
	 * on its way, and then it is closed too. */
	g_usleep(500000);
	client_send(idle, &request);
	g_autofree char *last = client_receive(idle);
	assert_has(last, "mail_sent");
	g_assert_true(client_is_closed(idle));
	(void)close(busy);
	(void)close(idle);
	g_assert_true(gateway_wait_log(gateway, "stopped"));
	g_assert_cmpuint(stored_count(gateway), ==, 3);
	gateway_stop(gateway);
}

static void
test_stop_with_idle_connections(void)
{
	Gateway *gateway = gateway_start(1);
	const int idle = client_connect(gateway);
	client_send(idle, &(ClientRequest){.method = "GET", .uri = FORMS "/4/refill", .is_kept = TRUE});
	g_free(client_receive(idle));
	const gint64 begin_us = g_get_monotonic_time();
	gateway_stop(gateway);
	const gint64 lasted_ms = (g_get_monotonic_time() - begin_us) / G_TIME_SPAN_MILLISECOND;
	g_assert_cmpint(lasted_ms, >=, LIMIT_IDLE_GRACE_MS);
	g_assert_cmpint(lasted_ms, <, LIMIT_DRAIN_MS);
	g_assert_true(client_is_closed(idle));
	(void)close(idle);
}

static void
test_too_many_connections(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GArray) connections = g_array_new(FALSE, FALSE, sizeof(int));
	for (guint i = 0; i < LIMIT_CONNECTIONS; i++) {
		const int connection = client_connect(gateway);
		g_array_append_val(connections, connection);
	}
	const int rejected = client_connect(gateway);
	g_assert_true(client_is_closed(rejected));
	g_assert_true(gateway_wait_log(gateway, "overload"));
	(void)close(rejected);
	/* Room again as soon as one goes. */
	(void)close(g_array_index(connections, int, 0));
	g_autofree char *answer = NULL;
	for (int i = 0; answer == NULL && i < 1000; i++) {
		answer = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = FORMS "/4/refill"});
		g_usleep(1000);
	}
	assert_has(answer, "[]");
	for (guint i = 1; i < connections->len; i++)
		(void)close(g_array_index(connections, int, i));
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/server/a refused body leaves a kept connection usable", test_undrained_refusal);
	g_test_add_func("/front/server/fifty kept connections are served by two workers", test_many_kept_connections);
	g_test_add_func("/front/server/a connection that is not to be kept is closed", test_not_kept);
	g_test_add_func("/front/server/truncated params are no request", test_truncated_params);
	g_test_add_func("/front/server/half a body is no submission", test_half_body);
	g_test_add_func("/front/server/a stalled peer loses its connection", test_stalled_peer);
	g_test_add_func("/front/server/waiting for the disk holds no worker", test_waiting_for_the_disk);
	g_test_add_func("/front/server/a failed commit is never called sent", test_failed_commit);
	g_test_add_func("/front/server/SIGTERM loses no request", test_stop_in_flight);
	g_test_add_func("/front/server/idle connections get a short grace", test_stop_with_idle_connections);
	g_test_add_func("/front/server/connections beyond the ceiling are closed", test_too_many_connections);
	return g_test_run();
}
