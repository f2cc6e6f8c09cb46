/*
 * When a request is whole, told from outside by looking at its bytes as they come.
 */
#include "gather.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sekisho/base/limits.h"

#define SECOND_US G_USEC_PER_SEC
#define START_US (100 * SECOND_US)

typedef struct {
	int peer; /* the web server's end; never waits */
	int ours;
	Gather *gather;
} Pair;

static Pair
pair_open(void)
{
	int sockets[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets), ==, 0);
	return (Pair){sockets[0], sockets[1], gather_new(sockets[1], START_US)};
}

static void
pair_close(Pair *pair)
{
	(void)close(pair->peer);
	(void)close(pair->ours);
	g_free(pair->gather);
}

static void
append(GByteArray *bytes, guint8 type, gsize size, guint8 padding)
{
	const guint8 header[8] = {1, type, 1, 2, (guint8)(size >> 8), (guint8)size, padding, 0};
	g_byte_array_append(bytes, header, sizeof header);
	g_byte_array_set_size(bytes, (guint)(bytes->len + size + padding));
	memset(bytes->data + bytes->len - size - padding, 5, size + padding);
}

/* Begin, params of 20 bytes, and a body in records of `piece` bytes; all padded. */
static GByteArray *
request_of(gsize body, gsize piece)
{
	GByteArray *bytes = g_byte_array_new();
	append(bytes, 1, 8, 0);
	append(bytes, 4, 20, 4);
	append(bytes, 4, 0, 0);
	for (gsize at = 0; at < body; at += piece)
		append(bytes, 5, MIN(piece, body - at), 3);
	append(bytes, 5, 0, 2);
	return bytes;
}

static void
feed(const Pair *pair, const void *bytes, gsize size)
{
	if (size > 0)
		g_assert_cmpint(send(pair->peer, bytes, size, MSG_NOSIGNAL), ==, size);
}

static void
test_whole(void)
{
	static const gsize bodies[][2] = {{0, 1}, {1, 1}, {100, 100}, {60, 7}, {30000, 16384}};
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GByteArray) bytes = request_of(bodies[i][0], bodies[i][1]);
		Pair pair = pair_open();
		feed(&pair, bytes->data, bytes->len - 1);
		g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_MORE);
		feed(&pair, bytes->data + bytes->len - 1, 1);
		g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_WHOLE);
		/* Nothing was taken. */
		int available = 0;
		g_assert_cmpint(ioctl(pair.ours, FIONREAD, &available), ==, 0);
		g_assert_cmpint(available, ==, bytes->len);
		pair_close(&pair);
	}
}

static void
test_byte_by_byte(void)
{
	g_autoptr(GByteArray) bytes = request_of(60, 50);
	Pair pair = pair_open();
	for (guint i = 0; i < bytes->len; i++) {
		g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_MORE);
		feed(&pair, bytes->data + i, 1);
	}
	g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_WHOLE);
	pair_close(&pair);
}

static void
test_closed(void)
{
	g_autoptr(GByteArray) bytes = request_of(60, 50);
	for (guint size = 0; size < bytes->len; size++) {
		Pair pair = pair_open();
		feed(&pair, bytes->data, size);
		g_assert_cmpint(gather_look(pair.gather, START_US, TRUE), ==, GATHER_WHOLE);
		pair_close(&pair);
	}
}

typedef struct {
	const char *name;
	guint at; /* which byte is another */
	guint8 value;
} ForeignCase;

/* What is not followed counts as large, so that at most LIMIT_STREAMS workers can be made to wait by it. */
static void
test_foreign(void)
{
	static const ForeignCase cases[] = {{"another version", 0, 2}, {"no begin", 1, 4},
	    {"a body before the params have ended", 17, 5}, {"another request's params", 19, 9}, {"aborted", 17, 2}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = request_of(60, 60);
		Pair pair = pair_open();
		bytes->data[cases[i].at] = cases[i].value;
		g_test_message("%s", cases[i].name);
		feed(&pair, bytes->data, bytes->len);
		g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_LARGE);
		pair_close(&pair);
	}
}

/* However the peer cuts its body: it reaches LIMIT_GATHER_BYTES or is stuck with enough bytes to be taken for stalled. */
static void
test_large(void)
{
	static const gsize pieces[] = {1, 8, 100, 500, 1024, 4096, 8192, 16384, 32768, 60000};
	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GByteArray) bytes = request_of(2 * LIMIT_BODY_BYTES / 100, 60000);
		Pair pair = pair_open();
		gsize sent = 52; /* begin and params at once, as web servers do */
		feed(&pair, bytes->data, sent);
		for (ssize_t size = 0; size >= 0; sent += (gsize)MAX(size, 0))
			size = send(pair.peer, bytes->data + sent, MIN(pieces[i], bytes->len - sent), MSG_NOSIGNAL);
		const GatherState first = gather_look(pair.gather, START_US, FALSE);
		g_assert_cmpint(first, ==, sent >= LIMIT_GATHER_BYTES ? GATHER_LARGE : GATHER_MORE);
		g_assert_true(pieces[i] < 8192 || first == GATHER_LARGE);
		g_assert_cmpint(gather_look(pair.gather, START_US + SECOND_US / 2, FALSE), ==, first);
		g_assert_cmpint(gather_look(pair.gather, START_US + SECOND_US, FALSE), ==, GATHER_LARGE);
		pair_close(&pair);
	}
}

static void
test_stalled_then_whole(void)
{
	g_autoptr(GByteArray) bytes = request_of(1000, 1000);
	Pair pair = pair_open();
	feed(&pair, bytes->data, bytes->len - 500);
	g_assert_cmpint(gather_look(pair.gather, START_US, FALSE), ==, GATHER_MORE);
	g_assert_cmpint(gather_look(pair.gather, START_US + 2 * SECOND_US, FALSE), ==, GATHER_LARGE);
	feed(&pair, bytes->data + bytes->len - 500, 500);
	g_assert_cmpint(gather_look(pair.gather, START_US + 2 * SECOND_US, FALSE), ==, GATHER_WHOLE);
	pair_close(&pair);
}

static void
test_late(void)
{
	const gint64 peer_us = LIMIT_PEER_MS * G_TIME_SPAN_MILLISECOND;
	const gint64 request_us = LIMIT_REQUEST_MS * G_TIME_SPAN_MILLISECOND;
	g_autoptr(GByteArray) bytes = request_of(1000, 1000);
	gint64 now_us = START_US;
	Pair pair = pair_open();

	/* Half of the params, and no more than that: never a worker's. */
	feed(&pair, bytes->data, 30);
	g_assert_cmpint(gather_look(pair.gather, now_us, FALSE), ==, GATHER_MORE);
	g_assert_cmpint(gather_look(pair.gather, now_us + peer_us - 1, FALSE), ==, GATHER_MORE);
	g_assert_false(gather_is_late(pair.gather, now_us + peer_us - 1));
	g_assert_true(gather_is_late(pair.gather, now_us + peer_us));

	/* A byte now and then gives no more time than a request has in all. */
	for (guint i = 30; now_us + peer_us / 2 < START_US + request_us; i++) {
		now_us += peer_us / 2;
		feed(&pair, bytes->data + i, 1);
		g_assert_cmpint(gather_look(pair.gather, now_us, FALSE), ==, GATHER_MORE);
		g_assert_false(gather_is_late(pair.gather, now_us));
	}
	g_assert_true(gather_is_late(pair.gather, START_US + request_us));
	pair_close(&pair);

	/* Who waits for us is not to blame, but not for ever either. */
	pair = pair_open();
	feed(&pair, bytes->data, bytes->len - 500);
	(void)gather_look(pair.gather, START_US, FALSE);
	g_assert_cmpint(gather_look(pair.gather, START_US + 2 * SECOND_US, FALSE), ==, GATHER_LARGE);
	g_assert_false(gather_is_late(pair.gather, START_US + 2 * peer_us));
	g_assert_true(gather_is_late(pair.gather, START_US + request_us));
	pair_close(&pair);
}

static void
test_longest(void)
{
	g_autoptr(GHashTable) gathers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_assert_null(gather_longest_large(gathers));
	for (gint64 i = 0; i < 5; i++) {
		Gather *gather = gather_new(-1, START_US);
		gather->large_us = i == 0 ? 0 : START_US + (i * 3) % 5;
		g_hash_table_insert(gathers, gather, gather);
	}
	const Gather *longest = gather_longest_large(gathers);
	g_assert_cmpint(longest->large_us, ==, START_US + 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/gather/a request is whole with its last byte, and stays in the socket", test_whole);
	g_test_add_func("/front/gather/byte by byte", test_byte_by_byte);
	g_test_add_func("/front/gather/the end of a connection is never waited for", test_closed);
	g_test_add_func("/front/gather/what cannot be followed counts as large", test_foreign);
	g_test_add_func("/front/gather/a large body is noticed in whatever pieces it comes", test_large);
	g_test_add_func("/front/gather/what stalled may still become whole", test_stalled_then_whole);
	g_test_add_func("/front/gather/patience ends", test_late);
	g_test_add_func("/front/gather/the longest wait comes first", test_longest);
	return g_test_run();
}
