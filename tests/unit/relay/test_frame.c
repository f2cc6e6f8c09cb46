/*
 * Messages between courier and session, whole, in pieces and broken.
 */
#include "relay/frame.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	int ours, theirs;
	FrameReader *reader;
} Fixture;

static void
prepare(Fixture *fixture, gconstpointer unused)
{
	int sockets[2];

	(void)unused;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
	fixture->ours = sockets[0];
	fixture->theirs = sockets[1];
	g_assert_cmpint(fcntl(fixture->ours, F_SETFL, O_NONBLOCK), ==, 0);
	fixture->reader = frame_reader_new("(us)", 100);
}

static void
clear(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	frame_reader_free(fixture->reader);
	close(fixture->ours);
	if (fixture->theirs >= 0)
		close(fixture->theirs);
}

static void
expect(Fixture *fixture, guint32 number, const char *text)
{
	gboolean is_broken;
	g_autoptr(GVariant) frame = frame_reader_next(fixture->reader, &is_broken);
	guint32 got_number;
	const char *got_text;

	g_assert_false(is_broken);
	g_assert_nonnull(frame);
	g_variant_get(frame, "(u&s)", &got_number, &got_text);
	g_assert_cmpuint(got_number, ==, number);
	g_assert_cmpstr(got_text, ==, text);
}

static void
expect_nothing(Fixture *fixture, gboolean is_broken_expected)
{
	gboolean is_broken;

	g_assert_null(frame_reader_next(fixture->reader, &is_broken));
	g_assert_cmpint(is_broken, ==, is_broken_expected);
}

static void
test_two_messages_and_the_end(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_assert_cmpint(frame_reader_fill(fixture->reader, fixture->ours), ==, FRAME_WAIT);
	g_assert_true(frame_write(fixture->theirs, g_variant_new("(us)", 7, "\346\227\245")));
	g_assert_true(frame_write(fixture->theirs, g_variant_new("(us)", 8, "")));
	g_assert_cmpint(frame_reader_fill(fixture->reader, fixture->ours), ==, FRAME_MORE);
	expect(fixture, 7, "\346\227\245");
	expect(fixture, 8, "");
	expect_nothing(fixture, FALSE);
	close(fixture->theirs);
	fixture->theirs = -1;
	g_assert_cmpint(frame_reader_fill(fixture->reader, fixture->ours), ==, FRAME_END);
}

static void
test_byte_by_byte(Fixture *fixture, gconstpointer unused)
{
	g_autoptr(GByteArray) bytes = frame_bytes(g_variant_new("(us)", 7, "text"));

	(void)unused;
	for (guint i = 0; i < bytes->len; i++) {
		expect_nothing(fixture, FALSE);
		g_assert_cmpint(write(fixture->theirs, bytes->data + i, 1), ==, 1);
		g_assert_cmpint(frame_reader_fill(fixture->reader, fixture->ours), ==, FRAME_MORE);
	}
	expect(fixture, 7, "text");
}

static void
test_too_long(Fixture *fixture, gconstpointer unused)
{
	g_autofree char *text = g_strnfill(200, 'x');

	(void)unused;
	g_assert_true(frame_write(fixture->theirs, g_variant_new("(us)", 7, text)));
	g_assert_cmpint(frame_reader_fill(fixture->reader, fixture->ours), ==, FRAME_MORE);
	expect_nothing(fixture, TRUE);
}

static void
test_random_bytes_break_or_wait(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	for (guint round = 0; round < 2000; round++) {
		g_autoptr(FrameReader) reader = frame_reader_new("(us)", 100);
		guint8 bytes[24] = {0, 0, 0, (guint8)g_test_rand_int_range(0, 25)};
		for (gsize i = 4; i < sizeof bytes; i++)
			bytes[i] = (guint8)g_test_rand_int_range(0, 256);
		g_assert_cmpint(write(fixture->theirs, bytes, sizeof bytes), ==, sizeof bytes);
		frame_reader_fill(reader, fixture->ours);
		gboolean is_broken = FALSE;
		g_autoptr(GVariant) frame = frame_reader_next(reader, &is_broken);
		g_assert_true(frame == NULL || (!is_broken && g_variant_is_normal_form(frame)));
	}
}

static void
test_a_reader_that_is_gone(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	shutdown(fixture->ours, SHUT_RDWR);
	g_assert_false(frame_write(fixture->theirs, g_variant_new("(us)", 7, "text")));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/frame/two messages and the end", Fixture, NULL, prepare, test_two_messages_and_the_end, clear);
	g_test_add("/frame/byte by byte", Fixture, NULL, prepare, test_byte_by_byte, clear);
	g_test_add("/frame/a message past the limit is broken", Fixture, NULL, prepare, test_too_long, clear);
	g_test_add("/frame/random bytes break or wait", Fixture, NULL, prepare, test_random_bytes_break_or_wait, clear);
	g_test_add("/frame/writing to nobody fails", Fixture, NULL, prepare, test_a_reader_that_is_gone, clear);
	return g_test_run();
}
