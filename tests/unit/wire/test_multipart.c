/*
 * multipart/form-data: one body, any chunks, the same events; heads read as PHP 8.2 reads them, and what is not whole is refused.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/multipart.h"

#define TYPE "multipart/form-data; boundary=XyZ"
#define FIELD(name, value) "--XyZ\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--XyZ--\r\n"

/* What the handler was told: "name|filename|type|data|" for each part, "~" for no file name. */
typedef struct {
	GString *events;
	gboolean is_open;
	gboolean is_refusing; /* begin ends parsing */
} Recorder;

static void
record_bytes(GString *events, GBytes *bytes)
{
	gsize size = 0;
	const char *text = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	if (bytes)
		g_string_append_len(events, text, (gssize)size);
	else
		g_string_append_c(events, '~');
	g_string_append_c(events, '|');
}

static gboolean
record_begin(const MultipartPart *part, gpointer user_data, GError **error)
{
	Recorder *recorder = user_data;

	g_assert_false(recorder->is_open);
	if (recorder->is_refusing) {
		g_set_error_literal(error, BASE_ERROR, BASE_ERROR_IO, "no");
		return FALSE;
	}
	recorder->is_open = TRUE;
	record_bytes(recorder->events, part->name);
	record_bytes(recorder->events, part->filename);
	g_string_append_printf(recorder->events, "%s|", part->content_type);
	return TRUE;
}

static gboolean
record_data(const guint8 *bytes, gsize size, gpointer user_data, GError **error)
{
	Recorder *recorder = user_data;

	(void)error;
	g_assert_true(recorder->is_open);
	g_assert_cmpuint(size, >, 0);
	g_string_append_len(recorder->events, (const char *)bytes, (gssize)size);
	return TRUE;
}

static gboolean
record_end(gpointer user_data, GError **error)
{
	Recorder *recorder = user_data;

	(void)error;
	g_assert_true(recorder->is_open);
	recorder->is_open = FALSE;
	g_string_append_c(recorder->events, '|');
	return TRUE;
}

static const MultipartHandler handler = {record_begin, record_data, record_end};

/* Parses `size` bytes in chunks of `step`. The events, or NULL and an error. The caller's. */
static GString *
parse(const char *content_type, const char *body, gsize size, gsize step, GError **error)
{
	g_autoptr(GString) events = g_string_new(NULL);
	Recorder recorder = {events, FALSE, FALSE};
	g_autoptr(Multipart) multipart = multipart_new(content_type, &handler, &recorder, error);

	if (!multipart)
		return NULL;
	for (gsize at = 0; at < size; at += step) {
		/* A copy of its own, so that AddressSanitizer sees a read past the chunk. */
		gsize chunk_size = MIN(step, size - at);
		g_autofree guint8 *chunk = g_memdup2(body + at, chunk_size);
		if (!multipart_feed(multipart, chunk, chunk_size, error))
			return NULL;
	}
	if (!multipart_finish(multipart, error))
		return NULL;
	g_assert_false(recorder.is_open);
	return g_steal_pointer(&events);
}

static void
check_same(const GString *events, const char *expected, gsize expected_size)
{
	if (events->len == expected_size && memcmp(events->str, expected, expected_size) == 0)
		return;
	g_test_message("expected: %s", expected);
	g_test_message("found:    %s", events->str);
	g_test_fail();
}

static const gsize steps[] = {G_MAXSIZE / 2, 1, 3, 17};

static void
check_events(const char *body, gsize size, const char *expected, gsize expected_size)
{
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) events = parse(TYPE, body, size, steps[i], &error);
		g_assert_no_error(error);
		check_same(events, expected, expected_size);
	}
}
#define CHECK_EVENTS(body, expected) check_events(body, sizeof(body) - 1, expected, sizeof(expected) - 1)

static void
check_refused(const char *body, gsize size, int code)
{
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) events = parse(TYPE, body, size, steps[i], &error);
		g_assert_null(events);
		g_assert_error(error, WIRE_ERROR, code);
	}
}
#define CHECK_REFUSED(body) check_refused(body, sizeof(body) - 1, WIRE_ERROR_MALFORMED)

/* One body with everything that is awkward and right. */
#define RICH_BODY                                                                                                                \
	"preamble\r\n--XyYno\r\n-- XyZ\r\n" FIELD("your-name", "関所 太郎")                                                      \
	    FIELD("empty", "") "--XyZ\r\ncontent-DISPOSITION:form-data;name=\"f\" ; filename=\"a.bin\"\r\nX-Other: "             \
			       "y\r\nContent-Type:  image/png \r\n\r\n"                                                          \
			       "\0\r\n\r\r\n\n\r\n--Xy\r\n--XyY\r\n-\r\r\n--X\n--XyZ\r--XyZ\r\n\r\n" FIELD(                      \
				   "last", "v") "--XyZ--\r\nepilogue --XyZ\r\n--XyZ\r\n"
#define RICH_EVENTS                                                                                                              \
	"your-name|~||関所 "                                                                                                   \
	"太郎|empty|~|||f|a.bin|image/png|\0\r\n\r\r\n\n\r\n--Xy\r\n--XyY\r\n-\r\r\n--X\n--XyZ\r--XyZ\r\n|last|~||v|"

static void
test_chunks(void)
{
	CHECK_EVENTS(RICH_BODY, RICH_EVENTS);
	for (gsize step = 1; step < 200; step++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) events = parse(TYPE, RICH_BODY, sizeof(RICH_BODY) - 1, step, &error);
		g_assert_no_error(error);
		check_same(events, RICH_EVENTS, sizeof(RICH_EVENTS) - 1);
	}
}

/* Up to the closing delimiter; its line end and the epilogue may be missing. */
static void
test_truncations(void)
{
	static const char body[] = RICH_BODY;
	gsize whole = sizeof(body) - 1 - strlen("\r\nepilogue --XyZ\r\n--XyZ\r\n");

	for (gsize size = 0; size < sizeof(body); size++) {
		for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
			g_autoptr(GError) error = NULL;
			g_autoptr(GString) events = parse(TYPE, body, size, steps[i], &error);
			g_assert_true((events != NULL) == (size >= whole));
			if (!events)
				g_assert_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED);
		}
	}
}

static void
test_delimiters(void)
{
	CHECK_EVENTS(END, "");
	CHECK_EVENTS("--XyZ--", "");
	CHECK_EVENTS("\r\n--XyZ-- \t", "");
	CHECK_EVENTS("--XyZ \t \r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--XyZ-- \r\n", "a|~||v|");
	/* RFC 2046 5.1.1: the CR LF belongs to the delimiter, so a body may be missing altogether. */
	CHECK_EVENTS("--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" END, "a|~|||");
	CHECK_EVENTS("not at the line's start --XyZ\r\n" FIELD("a", "1--XyZ--") END, "a|~||1--XyZ--|");
	/* Nothing behind the closing delimiter counts, not even on its line. */
	CHECK_EVENTS(FIELD("a", "v") "--XyZ--x\r\n" FIELD("b", "w") END, "a|~||v|");
	CHECK_EVENTS("--XyZ--\rx", "");
	CHECK_EVENTS(FIELD("a", "\r\n--XyZ--x") END, "a|~|||");
	CHECK_REFUSED("");
	CHECK_REFUSED("garbage");
	CHECK_REFUSED("--XyZ");
	CHECK_REFUSED("--XyZ-");
	CHECK_REFUSED("--XyZ- -\r\n");
	CHECK_REFUSED("--XyZ --\r\n");
	CHECK_REFUSED(FIELD("a", "\r\n--XyZx") END);
	CHECK_REFUSED("--XyZ\nContent-Disposition: form-data; name=\"a\"\n\nv\n--XyZ--\n");
	CHECK_REFUSED("--XyZ\r\rContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n" END);
}

#define HEAD(lines) "--XyZ\r\n" lines "\r\n\r\nv\r\n" END

static void
test_heads(void)
{
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"a\""), "a|~||v|");
	CHECK_EVENTS(HEAD("CONTENT-DISPOSITION:FORM-DATA; NAME=a;"), "a|~||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=a; filename=b.txt"), "a|b.txt||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"\"; filename=\"\"\r\nContent-Type: application/octet-stream"),
	    "||application/octet-stream|v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data;\r\n name=\"a\";\r\n\tfilename=\"b c\""), "a|b c||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"a;b=c\"; filename=\"x=;y\""), "a;b=c|x=;y||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64"), "a|~||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: a\xFFz"), "a|~||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\""), "a|~||v|");
	CHECK_REFUSED(HEAD("Content-Disposition: form-data; name=\"a\"\r\nno colon"));
	CHECK_REFUSED(HEAD("Content-Disposition: form-data; name=\"a\nb\""));
	CHECK_REFUSED(HEAD("Content-Disposition: form-data; name=\"a\rb\""));
	CHECK_REFUSED(HEAD("Content-Disposition: form-data; name=\"a\"\nContent-Type: text/plain"));
}

/* What PHP does not give a name is nobody's; the parts after it count all the same. */
static void
test_nameless(void)
{
	static const char *const heads[] = {"Content-Type: text/plain", "Content-Disposition: form-data",
	    "Content-Disposition: form-data; filename=\"a\"", "Content-Disposition : form-data; name=\"a\"",
	    " Content-Disposition: form-data; name=\"a\"", "Content-Disposition: form-data; name",
	    "Content-Disposition: form-data; name =\"a\"", "Content-Disposition: form-data name=a",
	    "Content-Disposition: form-data, name=a", "Content-Disposition: form-data; xname=\"a\"",
	    "Content-Disposition: form-data; x=it's; name=\"a\"", "X: Content-Disposition: form-data; name=a", NULL};

	CHECK_EVENTS("--XyZ\r\n\r\nv\r\n" END, "");
	for (gsize i = 0; heads[i] != NULL; i++) {
		g_autofree char *body = g_strconcat(
		    "--XyZ\r\n", heads[i], "\r\n\r\nlost\r\n--XyZ\r\n", heads[i], "\r\n\r\n" FIELD("b", "w") END, NULL);
		g_test_message("%s", heads[i]);
		check_events(body, strlen(body), "b|~||w|", strlen("b|~||w|"));
	}
}

/* A Content-Disposition and what PHP 8.2 makes of it: "name|filename|". */
typedef struct {
	const char *disposition;
	const char *expected;
} Disposition;

static void
test_names(void)
{
	static const Disposition cases[] = {
	    {"attachment; name=\"a\"", "a|~|"},
	    {"; name=\"a\"", "a|~|"},
	    {"name=\"a\"", "a|~|"},
	    {"form-data;\tNAME=\"a\"", "a|~|"},
	    {"form-data; name= \"a\"", "a|~|"},
	    {"form-data; name==\"a\"", "a|~|"},
	    {"form-data; name=", "|~|"},
	    {"form-data; name=a b; filename=c d", "a|c|"},
	    {"form-data; name=\"a\"x; filename=\"b\";;; x", "a|b|"},
	    {"form-data; name=\"a\", filename=\"b\"", "a|~|"},
	    {"form-data; name=\"a", "a|~|"},
	    {"form-data; name=a\"b\"c", "a\"b\"c|~|"},
	    /* The last one wins. */
	    {"form-data; name=\"a\"; name=\"b\"", "b|~|"},
	    {"form-data; filename=\"x\"; name=\"a\"; FileName=\"y\"", "a|y|"},
	    /* Quotes of both kinds, and what they hide. */
	    {"form-data; name='a'", "a|~|"},
	    {"form-data; name='a\"b'; filename='x;y'", "a\"b|x;y|"},
	    {"form-data; x=\"name=q; name=r\"; name=\"a;b=c\"", "a;b=c|~|"},
	    {"form-data; x=\"a\\\"; name=\\\"q\"; name=\"b\"", "b|~|"},
	    /* A backslash is one of its quote and of itself, and nothing else. */
	    {"form-data; name=\"a\\\"b\"; filename=\"a\\\"b.pdf\"", "a\"b|a\"b.pdf|"},
	    {"form-data; name='a\\'b'; filename=\"a\\'b\"", "a'b|a\\'b|"},
	    {"form-data; name=\"a\\\\b\\nc\"", "a\\b\\nc|~|"},
	    {"form-data; name=a\\\\b\\\"c", "a\\b\\\"c|~|"},
	    {"form-data; name=\"a\"; filename=\"C:\\temp\\new.txt\"", "a|C:\\temp\\new.txt|"},
	    {"form-data; name=\"a\"; filename=\"ends\\\"", "a|ends\"|"},
	    /* Browsers write %22 %0D %0A, and PHP leaves them so. */
	    {"form-data; name=\"a%22b%0D%0Ac\"; filename=\"%22x%22.txt\"", "a%22b%0D%0Ac|%22x%22.txt|"},
	    {"form-data; name=\"a\"; filename=\"b\"; filename*=UTF-8''c", "a|b|"},
	    {"form-data; name=\"a\"; filename*=UTF-8''c", "a|~|"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *body =
		    g_strconcat("--XyZ\r\nContent-Disposition: ", cases[i].disposition, "\r\n\r\nv\r\n" END, NULL);
		g_autofree char *expected = g_strconcat(cases[i].expected, "|v|", NULL);
		g_test_message("%s", cases[i].disposition);
		check_events(body, strlen(body), expected, strlen(expected));
	}
	/* NUL ends the header. */
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=\"\xFF\0b\"; filename=\"x\""), "\xFF|~||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data; name=a; filename=\"\xFEx\0y\""), "a|\xFEx||v|");
	CHECK_EVENTS(HEAD("Content-Disposition: form-data\0; name=ab"), "");
}

static void
test_content_type(void)
{
	static const struct {
		const char *content_type;
		int code; /* -1: taken, with the boundary XyZ */
	} cases[] = {
	    {"multipart/form-data; boundary=XyZ", -1},
	    {"multipart/form-data; boundary=\"XyZ\"", -1},
	    {"multipart/form-data;boundary=XyZ", -1},
	    {"multipart/form-data ; charset=utf-8; BOUNDARY=\"XyZ\"; x", -1},
	    {"multipart/form-data; boundary=XyZ, x", -1},
	    {"multipart/form-data boundary =XyZ", -1},
	    {"multipart/form-data, boundary=XyZ;x", -1},
	    /* The case of the type is for the REST road alone (front/route.c, T02). */
	    {"Multipart/Form-Data; boundary=XyZ", -1},
	    {"multipart/form-data; boundary=", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data; boundary=;", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data; boundary=\"\"", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data; boundary=\"XyZ", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data; boundary=\"X\r\nZ\"", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data; boundary", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data", WIRE_ERROR_MALFORMED},
	    /* T09, T01. */
	    {"multipart/form-data-x; boundary=b", WIRE_ERROR_TYPE},
	    {"application/x-www-form-urlencoded", WIRE_ERROR_TYPE},
	    {"multipart/mixed; boundary=b", WIRE_ERROR_TYPE},
	    {"multipart/form-dat", WIRE_ERROR_TYPE},
	    {"", WIRE_ERROR_TYPE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", cases[i].content_type);
		g_autoptr(GString) events =
		    parse(cases[i].content_type, FIELD("a", "v") END, strlen(FIELD("a", "v") END), 7, &error);
		g_assert_true((events != NULL) == (cases[i].code < 0));
		if (events)
			g_assert_cmpstr(events->str, ==, "a|~||v|");
		else
			g_assert_error(error, WIRE_ERROR, cases[i].code);
	}
}

/* PHP takes any bytes, and more than RFC 2046's 70. */
static void
test_boundary_bytes(void)
{
	g_autofree char *longest = g_strnfill(LIMIT_BOUNDARY_BYTES, 'b');
	g_autofree char *too_long = g_strconcat("multipart/form-data; boundary=", longest, "b", NULL);
	const char *const boundaries[] = {"*&^", "X yZ", "'X'", "--=_a:b/c?(d)'+", "\xE9", "b\"q", "=", longest};
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(boundaries); i++) {
		g_autofree char *type = g_strconcat("multipart/form-data; boundary=", boundaries[i], NULL);
		g_autofree char *body = g_strdup_printf(
		    "--%s\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--%s--", boundaries[i], boundaries[i]);
		g_autoptr(GString) events = parse(type, body, strlen(body), 5, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(events->str, ==, "a|~||v|");
	}
	g_assert_null(parse(too_long, "", 0, 1, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED);
}

static void
test_boundary_with_dashes(void)
{
	static const char body[] = "----\r\nContent-Disposition: form-data; name=a\r\n\r\n--\r\n---\r\n------\r\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) events = parse("multipart/form-data; boundary=--", body, sizeof(body) - 1, 1, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(events->str, ==, "a|~||--\r\n---|");
}

static void
test_head_ceiling(void)
{
	static const char start[] = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\nX: ";
	gsize start_bytes = strlen(start) - strlen("--XyZ\r\n");
	gsize room = LIMIT_PART_HEADER_BYTES - start_bytes - strlen("\r\n\r\n");

	for (gsize excess = 0; excess <= 1; excess++) {
		g_autofree char *filler = g_strnfill(room + excess, 'x');
		g_autofree char *body = g_strconcat(start, filler, "\r\n\r\nv\r\n" END, NULL);
		if (excess == 0)
			check_events(body, strlen(body), "a|~||v|", strlen("a|~||v|"));
		else
			check_refused(body, strlen(body), WIRE_ERROR_LIMIT);
	}
}

static void
test_part_ceiling(void)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(GString) expected = g_string_new(NULL);

	for (guint i = 0; i < LIMIT_PARTS; i++) {
		g_string_append(body, FIELD("a", "v"));
		g_string_append(expected, "a|~||v|");
	}
	g_autofree char *whole = g_strconcat(body->str, END, NULL);
	check_events(whole, strlen(whole), expected->str, expected->len);
	g_string_append(body, FIELD("a", "v") END);
	check_refused(body->str, body->len, WIRE_ERROR_LIMIT);
}

static void
test_errors_stay(void)
{
	static const char bad[] = "--XyZx", good[] = END;
	Recorder recorder = {NULL, FALSE, FALSE};
	g_autoptr(GError) first = NULL, second = NULL, last = NULL;
	g_autoptr(Multipart) multipart = multipart_new(TYPE, &handler, &recorder, NULL);

	g_assert_false(multipart_feed(multipart, (const guint8 *)bad, strlen(bad), &first));
	g_assert_false(multipart_feed(multipart, (const guint8 *)good, strlen(good), &second));
	g_assert_false(multipart_finish(multipart, &last));
	g_assert_error(first, WIRE_ERROR, WIRE_ERROR_MALFORMED);
	g_assert_cmpstr(second->message, ==, first->message);
	g_assert_cmpstr(last->message, ==, first->message);
}

static void
test_handler_refuses(void)
{
	static const char body[] = FIELD("a", "v") END;
	Recorder recorder = {NULL, FALSE, TRUE};
	g_autoptr(GError) error = NULL;
	g_autoptr(Multipart) multipart = multipart_new(TYPE, &handler, &recorder, NULL);

	g_assert_false(multipart_feed(multipart, (const guint8 *)body, strlen(body), &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	g_assert_false(multipart_finish(multipart, NULL));
}

/* A file of every byte, large, in chunks as they come from a socket. */
static void
test_large_file(void)
{
	static const char head[] = "--XyZ\r\nContent-Disposition: form-data; name=f; filename=b\r\n\r\n", tail[] = "\r\n" END;
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	g_autoptr(GString) body = g_string_new(head);
	g_autoptr(GString) expected = g_string_new("f|b||");

	for (guint i = 0; i < 1024 * 1024; i++) {
		/* Many CR, LF and "-", so that delimiters begin everywhere. */
		gint32 roll = g_rand_int_range(rand, 0, 512);
		char byte = roll < 256 ? (char)roll : "\r\n-X"[roll % 4];
		g_string_append_c(body, byte);
		g_string_append_c(expected, byte);
	}
	g_string_append(body, tail);
	g_string_append_c(expected, '|');
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) events = parse(TYPE, body->str, body->len, 8191, &error);
	g_assert_no_error(error);
	check_same(events, expected->str, expected->len);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/multipart/any chunks give the same events", test_chunks);
	g_test_add_func("/wire/multipart/every truncation is refused", test_truncations);
	g_test_add_func("/wire/multipart/delimiters", test_delimiters);
	g_test_add_func("/wire/multipart/heads of parts", test_heads);
	g_test_add_func("/wire/multipart/names and file names as PHP reads them", test_names);
	g_test_add_func("/wire/multipart/parts without a name are skipped", test_nameless);
	g_test_add_func("/wire/multipart/boundaries of any bytes", test_boundary_bytes);
	g_test_add_func("/wire/multipart/T01 T02 T09 content types and boundaries", test_content_type);
	g_test_add_func("/wire/multipart/a boundary of dashes", test_boundary_with_dashes);
	g_test_add_func("/wire/multipart/ceiling of a head", test_head_ceiling);
	g_test_add_func("/wire/multipart/ceiling of the number of parts", test_part_ceiling);
	g_test_add_func("/wire/multipart/after an error only the error", test_errors_stay);
	g_test_add_func("/wire/multipart/the handler's error ends parsing", test_handler_refuses);
	g_test_add_func("/wire/multipart/a large file of awkward bytes", test_large_file);
	return g_test_run();
}
