/*
 * The client's facts, and how far a stranger can bend them.
 */
#include "visitor.h"

#include <string.h>

#include "sekisho/base/limits.h"

static char *origins[] = {(char *)"https://pages.test:8443", NULL};
static const SiteFacts site = {.name = (char *)"example.jp", .url = (char *)"https://example.jp/blog", .origins = origins};

static Request
request_with(const char *referer, const char *uri)
{
	Request request = {0};
	for (guint i = 0; i < PARAM_COUNT; i++)
		request.params[i] = "";
	request.params[PARAM_REFERER] = referer;
	request.params[PARAM_URI] = uri;
	return request;
}

typedef struct {
	const char *referer;
	const char *uri;
	const char *page;
} PageCase;

static void
test_page(void)
{
	static const PageCase cases[] = {
	    {"https://example.jp/blog/contact/", "/x", "https://example.jp/blog/contact/"},
	    {"https://example.jp/blog", "/x", "https://example.jp/blog"},
	    {"https://example.jp/blog?p=2#top", "/x", "https://example.jp/blog?p=2"},
	    {"https://example.jp/blogger/", "/x", "https://example.jp/x"},
	    {"https://example.jp.evil.test/blog/", "/x", "https://example.jp/x"},
	    {"https://evil.test/?https://example.jp/blog/", "/x", "https://example.jp/x"},
	    {"https://pages.test:8443/contact/#f", "/x", "https://pages.test:8443/contact/"},
	    {"https://pages.test/contact/", "/x", "https://example.jp/x"},
	    {"https://pages.test:84430/contact/", "/x", "https://example.jp/x"},
	    {"javascript:alert(1)", "/blog/contact/?a=1#f", "https://example.jp/blog/contact/?a=1"},
	    {"", "//evil.test/", "https://example.jp//evil.test/"},
	    {"", "@evil.test", "https://example.jp/@evil.test"},
	    {"", "", "https://example.jp/"},
	    {"https://example.jp/blog/\r\nX: y", "/x", "https://example.jp/blog/"},
	    {"https://example.jp/blog/\xff", "/x", "https://example.jp/x"},
	    {"https://example.jp/blog/\x7f\x01?a=\x7f", "/x", "https://example.jp/blog/?a="},
	    {"", "/a\x7f\x1f/", "https://example.jp/a/"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Request request = request_with(cases[i].referer, cases[i].uri);
		g_autofree char *page = visitor_page(&request, &site);
		g_assert_cmpstr(page, ==, cases[i].page);
	}
}

static void
test_own_origin(void)
{
	static const struct {
		const char *origin;
		gboolean is_own;
	} cases[] = {
	    {"https://example.jp", TRUE},
	    {"https://pages.test:8443", TRUE},
	    {"http://example.jp", FALSE},
	    {"https://example.jp/", FALSE},
	    {"https://example.jp/blog", FALSE},
	    {"https://example.jp.evil.test", FALSE},
	    {"https://example.j", FALSE},
	    {"https://pages.test", FALSE},
	    {"null", FALSE},
	    {"", FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (visitor_is_own_origin(cases[i].origin, &site) != cases[i].is_own)
			g_error("%s", cases[i].origin);
}

static Posted *
posted_with(const char *name, const char *value)
{
	Posted *posted = posted_new();
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));
	g_assert_true(posted_add(posted, name_bytes, value_bytes, NULL));
	return posted;
}

typedef struct {
	const char *name;
	const char *value;
	const char *uri;
	const char *tag;
} TagCase;

static void
test_unit_tag(void)
{
	static const TagCase cases[] = {
	    {"_wpcf7_unit_tag", "wpcf7-f4-p2-o1", "/x", "wpcf7-f4-p2-o1"},
	    {"_wpcf7_unit_tag", " wpcf7-f4<b>-o1 ", "/x", "wpcf7-f4b-o1"}, /* T07 */
	    {"other", "x", "/x?_wpcf7_unit_tag=zz", "zz"},                 /* T08 */
	    {"_wpcf7_unit_tag", "a", "/x?_wpcf7_unit_tag=zz", "a"},
	    {"other", "x", "/x", ""}, /* T06 */
	    {"_wpcf7_unit_tag", "<>", "/x", ""},
	    {"_wpcf7_unit_tag", "0", "/x", ""},
	    {"_wpcf7_unit_tag[]", "a", "/x", ""},
	    {"_wpcf7_unit_tag", "日本", "/x", ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Request request = request_with("", cases[i].uri);
		g_autoptr(Posted) posted = posted_with(cases[i].name, cases[i].value);
		g_autofree char *tag = visitor_unit_tag(&request, posted);
		g_assert_cmpstr(tag, ==, cases[i].tag);
	}
}

static void
test_unit_tag_of_nothing(void)
{
	const Request request = request_with("", "/x?_wpcf7_unit_tag=zz");
	g_autofree char *tag = visitor_unit_tag(&request, NULL);
	g_assert_cmpstr(tag, ==, "zz");
}

static void
test_long_texts_are_cut(void)
{
	g_autofree char *tag = g_strnfill(10000, 'a');
	g_autofree char *agent = g_strnfill(100000, 'u');
	g_autofree char *uri = g_strdup_printf("/%s", agent);
	Request request = request_with("", uri);
	request.params[PARAM_USER_AGENT] = agent;
	g_autoptr(Posted) posted = posted_with("_wpcf7_unit_tag", tag);
	g_autofree char *cut = visitor_unit_tag(&request, posted);
	ClientFacts *facts = visitor_facts(&request, posted, cut, &site);
	g_assert_cmpuint(strlen(cut), ==, LIMIT_UNIT_TAG_BYTES);
	g_assert_cmpuint(strlen(facts->user_agent), ==, LIMIT_USER_AGENT_BYTES);
	g_assert_cmpuint(strlen(facts->url), <=, LIMIT_URL_BYTES + strlen(site.url));
	client_facts_free(facts);
}

static void
test_facts(void)
{
	Request request = request_with("https://example.jp/blog/contact/", "/x");
	request.params[PARAM_REMOTE_ADDR] = "::ffff:192.0.2.7";
	request.params[PARAM_REMOTE_PORT] = "54321";
	request.params[PARAM_USER_AGENT] = " \x7fMozilla/5.0\x7f\x1f\ttest\r\nX: y";
	g_autoptr(Posted) posted = posted_with("_wpcf7_container_post", "-12");
	ClientFacts *facts = visitor_facts(&request, posted, "ut", &site);
	g_assert_cmpstr(facts->remote_ip, ==, "192.0.2.7");
	g_assert_cmpuint(facts->remote_port, ==, 54321);
	g_assert_cmpstr(facts->user_agent, ==, "Mozilla/5.0\ttest");
	g_assert_cmpstr(facts->url, ==, "https://example.jp/blog/contact/");
	g_assert_cmpstr(facts->unit_tag, ==, "ut");
	g_assert_cmpuint(facts->container_post, ==, 12);
	g_assert_cmpint(facts->received_at_us, >, 0);
	client_facts_free(facts);

	request.params[PARAM_REMOTE_ADDR] = "unix:";
	request.params[PARAM_REMOTE_PORT] = "99999";
	facts = visitor_facts(&request, posted, "", &site);
	g_assert_cmpstr(facts->remote_ip, ==, "");
	g_assert_cmpuint(facts->remote_port, ==, 0);
	client_facts_free(facts);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/visitor/the page is the Referer only where it is on the site", test_page);
	g_test_add_func("/front/visitor/an origin is the site's own or is not", test_own_origin);
	g_test_add_func("/front/visitor/a unit tag is sanitised and may stand in the query", test_unit_tag);
	g_test_add_func("/front/visitor/without fields the query has the unit tag", test_unit_tag_of_nothing);
	g_test_add_func("/front/visitor/long texts are cut", test_long_texts_are_cut);
	g_test_add_func("/front/visitor/facts are what contract 3.1 lists", test_facts);
	return g_test_run();
}
