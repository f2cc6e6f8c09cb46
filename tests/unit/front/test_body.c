/*
 * Bodies under their ceilings, fed in pieces of every size.
 */
#include "bodies.h"

/* NULL after an error. */
static Posted *
read_whole(const char *content_type, const GString *bytes, gsize step, GError **error)
{
	g_autoptr(Form) form = form_u();
	g_autoptr(Uploads) uploads = uploads_new(g_get_tmp_dir(), form);
	g_autoptr(Body) body = body_new(content_type, uploads);
	for (gsize at = 0; at < bytes->len; at += step)
		body_feed(body, (const guint8 *)bytes->str + at, MIN(step, bytes->len - at));
	g_autoptr(Posted) posted = NULL;
	const gboolean is_good = body_finish(body, &posted, error);
	g_assert_nonnull(posted);
	return is_good ? g_steal_pointer(&posted) : NULL;
}

static void
test_pieces(void)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"a\"", 3);
	append_part(bytes, "name=\"z\"; filename=\"f.pdf\"", 100);
	append_part(bytes, "name=\"b\"", 0);
	g_string_append(bytes, "--b--\r\n");
	for (gsize step = 1; step <= bytes->len; step++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Posted) posted = read_whole(MULTIPART, bytes, step, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(posted_count(posted), ==, 2);
		g_assert_cmpstr(posted_text(posted, "a"), ==, "xxx");
		g_assert_nonnull(posted_get(posted, "b"));
		g_assert_null(posted_get(posted, "z"));
	}
}

static void
test_urlencoded(void)
{
	g_autoptr(GString) bytes = g_string_new("your-name=%E5%B1%B1%E7%94%B0+x&_wpcf7=4");
	g_autoptr(GString) empty = g_string_new("");
	g_autoptr(Posted) posted = read_whole("Application/X-WWW-Form-Urlencoded; charset=UTF-8", bytes, 1, NULL);
	g_autoptr(Posted) nothing = read_whole(URLENCODED, empty, 1, NULL);
	g_assert_nonnull(posted);
	g_assert_cmpstr(posted_text(posted, "your-name"), ==, "山田 x");
	g_assert_cmpstr(posted_text(posted, "_wpcf7"), ==, "4");
	g_assert_cmpuint(posted_count(nothing), ==, 0);
}

/* Where no files are wanted. */
static void
test_urlencoded_only(void)
{
	static const struct {
		const char *content_type;
		const char *bytes;
		gboolean is_read;
	} cases[] = {{URLENCODED, "t=abc", TRUE},
	    {MULTIPART, "--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nabc\r\n--b--\r\n", FALSE},
	    {"", "t=abc", FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Posted) posted = NULL;
		g_autoptr(Body) body = body_new(cases[i].content_type, NULL);
		body_feed(body, (const guint8 *)cases[i].bytes, strlen(cases[i].bytes));
		g_assert_true(body_finish(body, &posted, &error) == cases[i].is_read);
		g_assert_cmpstr(posted_text(posted, "t"), ==, cases[i].is_read ? "abc" : "");
		if (!cases[i].is_read)
			g_assert_error(error, WIRE_ERROR, WIRE_ERROR_TYPE);
	}
}

typedef struct {
	const char *content_type;
	const char *body;
	WireError code;
} BadBody;

static void
test_malformed(void)
{
	static const BadBody cases[] = {
	    {MULTIPART, "garbage", WIRE_ERROR_MALFORMED},
	    {MULTIPART, "", WIRE_ERROR_MALFORMED},
	    {MULTIPART, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n", WIRE_ERROR_MALFORMED},
	    {"multipart/form-data", "--b--\r\n", WIRE_ERROR_MALFORMED},
	    {"application/json", "{}", WIRE_ERROR_TYPE},
	    {"", "a=b", WIRE_ERROR_TYPE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) bytes = g_string_new(cases[i].body);
		g_test_message("%s: %s", cases[i].content_type, cases[i].body);
		g_assert_null(read_whole(cases[i].content_type, bytes, 4, &error));
		g_assert_error(error, WIRE_ERROR, (gint)cases[i].code);
	}
}

typedef enum { FIELDS_OF_64K, ONE_FIELD, URLENCODED_BYTES } Growth;

/* A body that stands exactly at a ceiling, or `more` above it. */
static GString *
grown_body(Growth growth, guint more)
{
	GString *bytes = g_string_new(NULL);
	if (growth == URLENCODED_BYTES) {
		/* Many fields, because one alone would pass the ceiling of a field. */
		while (bytes->len < LIMIT_FIELDS_BYTES + more)
			g_string_append_printf(bytes, "f%zu=%0*d&", bytes->len / 65536, 60000, 0);
		return g_string_truncate(bytes, LIMIT_FIELDS_BYTES + more);
	}
	if (growth == ONE_FIELD)
		append_part(bytes, "name=\"a\"", LIMIT_FIELD_BYTES + more);
	for (guint i = 0; growth == FIELDS_OF_64K && i < LIMIT_FIELDS_BYTES / 65536; i++)
		append_part(bytes, "name=\"a\"", 65535 + (i == 0 ? more : 0));
	g_string_append(bytes, "--b--\r\n");
	return bytes;
}

static void
test_ceilings(void)
{
	for (Growth growth = FIELDS_OF_64K; growth <= URLENCODED_BYTES; growth++) {
		const char *type = growth == URLENCODED_BYTES ? URLENCODED : MULTIPART;
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) full = grown_body(growth, 0);
		g_autoptr(GString) over = grown_body(growth, 1);
		g_test_message("growth %d", growth);
		g_autoptr(Posted) posted = read_whole(type, full, 8192, &error);
		g_assert_no_error(error);
		g_assert_nonnull(posted);
		g_assert_null(read_whole(type, over, 8192, &error));
		g_assert_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT);
	}
}

static void
test_large_files_cost_nothing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"z\"; filename=\"f\"", 4 * LIMIT_FIELDS_BYTES);
	append_part(bytes, "name=\"a\"", 2);
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Posted) posted = read_whole(MULTIPART, bytes, 8192, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(posted_text(posted, "a"), ==, "xx");
}

/* --- Files ---------------------------------------------------------------------------------------------------------- */

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/body/a multipart body reads the same in pieces of any size", test_pieces);
	g_test_add_func("/front/body/an urlencoded body is read at its end", test_urlencoded);
	g_test_add_func("/front/body/without a place for files only an urlencoded body is read", test_urlencoded_only);
	g_test_add_func("/front/body/what cannot be read says why", test_malformed);
	g_test_add_func("/front/body/each ceiling holds exactly where it is drawn", test_ceilings);
	g_test_add_func("/front/body/a file's bytes count for no field", test_large_files_cost_nothing);
	return g_test_run();
}
