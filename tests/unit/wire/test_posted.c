/*
 * Posted fields: names and nesting as PHP reads them, cleaning, ceilings, and the way into the store and back.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/posted.h"

/* What was packed, {key:text, key:{...}}: written by walking the packed bytes, so that nesting shows. */
static char *
describe(const Posted *posted)
{
	g_autoptr(GString) packed = g_string_new(NULL);
	GString *words = g_string_new(NULL);
	const char *separator = "";

	posted_pack(posted, packed);
	for (const char *at = packed->str; at < packed->str + packed->len; at += strlen(at) + 1) {
		if (*at == 'k')
			g_string_append_printf(words, "%s%s:", separator, at + 1);
		else
			g_string_append(words, *at == '[' ? "{" : *at == ']' ? "}" : at + 1);
		separator = *at == '[' ? "" : ", ";
	}
	return g_string_free(words, FALSE);
}

static Posted *
unpack(const GString *packed)
{
	g_autoptr(GBytes) bytes = g_bytes_new(packed->str, packed->len);
	PackedReader reader = packed_reader(bytes);

	return posted_unpack(&reader);
}

static gboolean
add(Posted *posted, const char *name, const char *value, GError **error)
{
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));

	return posted_add(posted, name_bytes, value_bytes, error);
}

/* What `pairs` ("name", "value", ..., NULL) make. The caller's. */
static Posted *
post(const char *const *pairs)
{
	Posted *posted = posted_new();

	for (; *pairs != NULL; pairs += 2) {
		g_autoptr(GError) error = NULL;
		add(posted, pairs[0], pairs[1], &error);
		g_assert_no_error(error);
	}
	return posted;
}

static void
test_names(void)
{
	static const struct {
		const char *pairs[9];
		const char *expected;
	} cases[] = {
	    {{NULL}, "{}"},
	    /* V36, V34, V35, V10. */
	    {{"n x", "v", "n[", "w", "n[a][b]", "q", "__n", "h"}, "{n_x:v, n_:w, n:{a:{b:q}}, __n:h}"},
	    {{"your.name", "v", "your.email", "e"}, "{your_name:v, your_email:e}"},
	    {{"a:b", "v"}, "{a:b:v}"},
	    {{"your-name[]", "a", "your-name[]", "b"}, "{your-name:{0:a, 1:b}}"},
	    /* V39. */
	    {{"c[0][x]", "1"}, "{c:{0:{x:1}}}"},
	    {{"  n", "v", " n ", "w"}, "{n:v, n_:w}"},
	    {{"a.b c[d.e f]", "v"}, "{a_b_c:{d.e f:v}}"},
	    {{"n[a.b c[", "v"}, "{n_a_b_c_:v}"},
	    {{"n[a][b", "v"}, "{n:{a:v}}"},
	    {{"n[a]x", "v", "n[b]x[c]", "w"}, "{n:{a:v, b:w}}"},
	    {{"n[[a]]", "v"}, "{n:{[a:v}}"},
	    {{"n]", "v"}, "{n]:v}"},
	    {{"n[ ]", "v", "n[\t]", "w", "n[ x]", "y", "n[  ]", "z"}, "{n:{0:v, 1:w,  x:y,   :z}}"},
	    {{"n[][]", "v", "n[][]", "w"}, "{n:{0:{0:v}, 1:{0:w}}}"},
	    {{"[a]", "v", "", "w", " ", "x", "[", "y"}, "{}"},
	    /* The last wins, the place of the first stays. */
	    {{"a", "1", "b", "2", "a", "3"}, "{a:3, b:2}"},
	    {{"a", "1", "b", "2", "a[]", "3"}, "{a:{0:3}, b:2}"},
	    {{"a[]", "1", "b", "2", "a", "3"}, "{a:3, b:2}"},
	    {{"a[k]", "1", "a[l]", "2", "a[k]", "3"}, "{a:{k:3, l:2}}"},
	    {{"a[k]", "1", "a[k][l]", "2"}, "{a:{k:{l:2}}}"},
	    /* Numbers as keys. */
	    {{"a[5]", "1", "a[]", "2", "a[3]", "3", "a[]", "4"}, "{a:{5:1, 6:2, 3:3, 7:4}}"},
	    {{"a[07]", "1", "a[-1]", "2", "a[]", "3"}, "{a:{07:1, -1:2, 0:3}}"},
	    {{"a[]", "1", "a[0]", "2"}, "{a:{0:2}}"},
	    {{"a[999999999999999999]", "1", "a[]", "2"}, "{a:{999999999999999999:1, 1000000000000000000:2}}"},
	    {{"a[99999999999999999999]", "1", "a[]", "2"}, "{a:{99999999999999999999:1, 0:2}}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Posted) posted = post(cases[i].pairs);
		g_autofree char *words = describe(posted);
		g_assert_cmpstr(words, ==, cases[i].expected);
	}
}

static void
check_raw(const char *name, gsize name_size, const char *value, gsize value_size, const char *expected)
{
	g_autoptr(Posted) posted = posted_new();
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, name_size);
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, value_size);
	g_autoptr(GError) error = NULL;

	posted_add(posted, name_bytes, value_bytes, &error);
	g_assert_no_error(error);
	g_autofree char *words = describe(posted);
	g_assert_cmpstr(words, ==, expected);
}
#define CHECK_RAW(name, value, expected) check_raw(name, sizeof(name) - 1, value, sizeof(value) - 1, expected)

static void
test_cleaning(void)
{
	/* V07, V08, V09. */
	CHECK_RAW("your-name", "\xFF\xFE", "{your-name:}");
	CHECK_RAW("your-name", "\xE3\x80\x80 \xC2\xA0\t", "{your-name:}");
	CHECK_RAW("your-email", " taro@example.org\xE3\x80\x80", "{your-email:taro@example.org}");
	CHECK_RAW("your-subject", "\xEF\xBB\xBF x", "{your-subject:x}");
	CHECK_RAW("your-subject", "x\0y \\0z", "{your-subject:xy z}");
	CHECK_RAW("m", "a\r\nb\tc", "{m:a\r\nb\tc}");
	/* PHP's names end at NUL. */
	CHECK_RAW("n\0a[k]", "v", "{n:v}");
	CHECK_RAW("n[k\0]", "v", "{n_k:v}");
	CHECK_RAW("\0n", "v", "{}");
	CHECK_RAW("n\xFF", "v", "{}");
	CHECK_RAW("\0", "v", "{}");
}

static void
test_urlencoded(void)
{
	static const struct {
		const char *body;
		const char *expected;
	} cases[] = {
	    {"", "{}"},
	    {"a=1&b=2", "{a:1, b:2}"},
	    {"a=1&&b&=3&c==d=e&", "{a:1, b:, c:=d=e}"},
	    {"n+x=a+b%20c&m%5Bk%5D=%E9%96%A2", "{n_x:a b c, m:{k:関}}"},
	    {"a=%&b=%4&c=%4g&d=%zz&e=100%", "{a:%, b:%4, c:%4g, d:%zz, e:100%}"},
	    {"a=%00x%41%2b%2B%26%3D", "{a:xA++&=}"},
	    {"a=%ff", "{a:}"},
	    {"a=%250d", "{a:%0d}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *exact = g_memdup2(cases[i].body, strlen(cases[i].body) + 1);
		g_autoptr(Posted) posted = posted_from_urlencoded(exact, strlen(exact), &error);
		g_assert_no_error(error);
		g_autofree char *words = describe(posted);
		g_assert_cmpstr(words, ==, cases[i].expected);
	}
}

static void
test_reading(void)
{
	static const char *const pairs[] = {"a", "1", "b[x][]", "2", "b[x][]", "3", "b[y]", "4", "c", "", NULL};
	g_autoptr(Posted) posted = post(pairs);
	const PostedValue *value = NULL;

	g_assert_cmpuint(posted_count(posted), ==, 3);
	g_assert_cmpstr(posted_name(posted, 1, &value), ==, "b");
	g_assert_true(value == posted_get(posted, "b"));
	g_assert_true(posted_value_is_array(value));
	g_assert_cmpstr(posted_name(posted, 2, NULL), ==, "c");
	g_assert_cmpstr(posted_text(posted, "a"), ==, "1");
	g_assert_cmpstr(posted_text(posted, "b"), ==, "");
	g_assert_cmpstr(posted_text(posted, "nope"), ==, "");
	g_assert_null(posted_get(posted, "nope"));
	g_autoptr(GPtrArray) texts = posted_value_flatten(value);
	g_assert_cmpuint(texts->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(texts, 0), ==, "2");
	g_assert_cmpstr(g_ptr_array_index(texts, 1), ==, "3");
	g_assert_cmpstr(g_ptr_array_index(texts, 2), ==, "4");
	g_autoptr(GPtrArray) plain = posted_value_flatten(posted_get(posted, "a"));
	g_assert_cmpuint(plain->len, ==, 1);
	g_autoptr(GPtrArray) none = posted_value_flatten(NULL);
	g_assert_cmpuint(none->len, ==, 0);
}

static void
check_limit(Posted *posted, const char *name, const char *value, gboolean is_taken)
{
	g_autoptr(GError) error = NULL;

	if (add(posted, name, value, &error)) {
		g_assert_true(is_taken);
		return;
	}
	g_assert_false(is_taken);
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT);
	g_assert_null(strstr(error->message, name));
}

static void
test_limits(void)
{
	g_autoptr(Posted) posted = posted_new();
	g_autofree char *name = g_strnfill(LIMIT_FIELD_NAME_BYTES + 1, 'n');
	g_autofree char *value = g_strnfill(LIMIT_FIELD_BYTES + 1, 'v');
	g_autoptr(GString) deep = g_string_new("deep");

	check_limit(posted, name + 1, "", TRUE);
	check_limit(posted, name, "", FALSE);
	check_limit(posted, "textarea-7", value + 1, TRUE);
	check_limit(posted, "textarea-7", value, FALSE);
	for (guint i = 0; i < LIMIT_FIELD_DEPTH; i++)
		g_string_append(deep, i % 2 == 0 ? "[k]" : "[]");
	check_limit(posted, deep->str, "", TRUE);
	g_string_append(deep, "[k]");
	check_limit(posted, deep->str, "", FALSE);
	g_autofree char *words = describe(posted);
	g_assert_nonnull(strstr(words, "deep:{k:{0:{k:{0:{k:{0:{k:{0:}}}}}}}}"));
}

static void
test_limit_of_all(void)
{
	g_autoptr(Posted) posted = posted_new();
	g_autofree char *value = g_strnfill(LIMIT_FIELD_BYTES - 1, 'v');

	/* The same name again and again: what was replaced counts. */
	for (guint i = 0; i < LIMIT_FIELDS_BYTES / LIMIT_FIELD_BYTES; i++)
		check_limit(posted, "v", value, TRUE);
	check_limit(posted, "w", "", FALSE);
}

static void
test_limit_of_count(void)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < LIMIT_FIELDS; i++)
		g_string_append_printf(body, "n%u=v&", i);
	g_autoptr(Posted) posted = posted_from_urlencoded(body->str, body->len, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(posted_count(posted), ==, LIMIT_FIELDS);
	g_string_append(body, "n=v");
	g_assert_null(posted_from_urlencoded(body->str, body->len, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT);
}

static void
test_packed(void)
{
	static const char *const pairs[] = {"a", "1", "b[x][]", "2", "b[y]", "関", "_c", "", NULL};
	g_autoptr(Posted) posted = post(pairs);
	g_autoptr(GString) packed = g_string_new(NULL);

	posted_pack(posted, packed);
	g_autoptr(Posted) again = unpack(packed);
	g_assert_nonnull(again);
	g_autofree char *words = describe(posted);
	g_autofree char *words_again = describe(again);

	g_assert_cmpstr(words, ==, "{a:1, b:{x:{0:2}, y:関}, _c:}");
	g_assert_cmpstr(words_again, ==, words);
	g_assert_cmpstr(posted_text(again, "a"), ==, "1");
	g_assert_true(posted_value_is_array(posted_get(again, "b")));
	for (gsize cut = 0; cut < packed->len; cut++) {
		g_autoptr(GString) part = g_string_new_len(packed->str, (gssize)cut);
		g_autoptr(Posted) broken = unpack(part);
		g_assert_null(broken);
	}
}

static void
test_foreign_packed(void)
{
	/* "|" stands for NUL: a text, a key without a value, a value of another kind, a map without end, text that is not UTF-8. */
	static const char *const foreign[] = {"tx|", "[|ka|]|", "[|ka|xv|]|", "[|ka|tv|", "[|ka|t\xff|]|", NULL};

	for (const char *const *words = foreign; *words != NULL; words++) {
		g_autoptr(GString) packed = g_string_new(*words);
		for (gsize i = 0; i < packed->len; i++)
			packed->str[i] = packed->str[i] == '|' ? '\0' : packed->str[i];
		g_autoptr(Posted) posted = unpack(packed);
		g_assert_null(posted);
	}
	for (guint depth = LIMIT_FIELD_DEPTH + 1; depth <= LIMIT_FIELD_DEPTH + 2; depth++) {
		g_autoptr(GString) packed = g_string_new(NULL);
		for (guint i = 0; i < depth; i++) {
			packed_add(packed, '[', "");
			packed_add(packed, 'k', "a");
		}
		packed_add(packed, 't', "v");
		for (guint i = 0; i < depth; i++)
			packed_add(packed, ']', "");
		g_autoptr(Posted) posted = unpack(packed);
		g_assert_cmpint(posted != NULL, ==, depth == LIMIT_FIELD_DEPTH + 1);
	}
}

/* `entries` keys in all, `each` in one array; `is_same`: one key again and again. */
static Posted *
unpack_many(guint entries, guint each, gboolean is_same)
{
	g_autoptr(GString) packed = g_string_new(NULL);

	packed_add(packed, '[', "");
	for (guint done = 0; done < entries;) {
		packed_add_number(packed, 'k', done++);
		packed_add(packed, '[', "");
		for (guint i = 1; i < each && done < entries; i++, done++) {
			packed_add_number(packed, 'k', is_same ? 0 : i);
			packed_add(packed, 't', "v");
		}
		packed_add(packed, ']', "");
	}
	packed_add(packed, ']', "");
	return unpack(packed);
}

static void
test_foreign_count(void)
{
	static const struct {
		guint entries, each;
		gboolean is_same, is_good;
	} cases[] = {
	    {LIMIT_FIELD_ENTRIES, LIMIT_FIELD_DEPTH + 1, FALSE, TRUE},
	    {LIMIT_FIELD_ENTRIES + 1, LIMIT_FIELD_ENTRIES + 1, FALSE, FALSE},
	    {LIMIT_FIELD_ENTRIES, LIMIT_FIELD_ENTRIES, TRUE, TRUE},
	    {LIMIT_FIELD_ENTRIES + 1, LIMIT_FIELD_ENTRIES + 1, TRUE, FALSE},
	    {LIMIT_FIELDS, 1, FALSE, TRUE},
	    {LIMIT_FIELDS + 1, 1, FALSE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Posted) posted = unpack_many(cases[i].entries, cases[i].each, cases[i].is_same);
		g_assert_cmpint(posted != NULL, ==, cases[i].is_good);
	}
}

/* The most that fields can make comes back. */
static void
test_packed_most(void)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(GString) packed = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < LIMIT_FIELDS; i++) {
		g_string_append_printf(body, "n%u", i);
		for (guint depth = 0; depth < LIMIT_FIELD_DEPTH; depth++)
			g_string_append(body, "[]");
		g_string_append(body, "=v&");
	}
	g_autoptr(Posted) posted = posted_from_urlencoded(body->str, body->len, &error);
	g_assert_no_error(error);
	posted_pack(posted, packed);
	g_autoptr(Posted) again = unpack(packed);
	g_assert_nonnull(again);
	g_assert_cmpuint(posted_count(again), ==, LIMIT_FIELDS);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/posted/V34 V35 V36 V39 names and nesting as PHP", test_names);
	g_test_add_func("/wire/posted/V07 V08 V09 names and values are cleaned", test_cleaning);
	g_test_add_func("/wire/posted/urlencoded bodies", test_urlencoded);
	g_test_add_func("/wire/posted/fields are found and listed in order", test_reading);
	g_test_add_func("/wire/posted/ceilings of one field", test_limits);
	g_test_add_func("/wire/posted/ceiling of all bytes", test_limit_of_all);
	g_test_add_func("/wire/posted/ceiling of the number of fields", test_limit_of_count);
	g_test_add_func("/wire/posted/packed and back", test_packed);
	g_test_add_func("/wire/posted/foreign packed bytes are refused", test_foreign_packed);
	g_test_add_func("/wire/posted/more packed entries than fields make are refused", test_foreign_count);
	g_test_add_func("/wire/posted/the most that fields make is packed and back", test_packed_most);
	return g_test_run();
}
