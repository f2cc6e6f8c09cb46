/*
 * Which links are seen in a text, and what their hosts are.
 */
#include "policy/links.h"

#include <string.h>

#include "fixture.h"
#include "policy/checks.h"
#include "sekisho/base/limits.h"

/* "HOST PATH" of each, "!" before it with credentials, "#" before it for a number. The caller's. */
static char *
found_with(LinksCare care, const char *text)
{
	g_auto(LinksFound) found;
	links_found_init(&found, care, LIMIT_LINKS);
	links_find(&found, text);
	g_assert_false(found.is_full);
	GString *all = g_string_new(NULL);
	for (guint i = 0; i < found.links->len; i++) {
		const Link *link = found.links->pdata[i];
		g_string_append_printf(all, "%s%s%s%s%s", i > 0 ? " " : "", link->has_credentials ? "!" : "",
		    link->is_ip ? "#" : "", link->host, link->path);
	}
	return g_string_free(all, FALSE);
}

static const struct {
	const char *text, *links;
} texts[] = {
    {"", ""},
    {"no link at all.", ""},
    {"https://example.jp", "example.jp"},
    {"HTTPS://Example.JP/A?b=c#d e", "example.jp/A"},
    {"ftp://example.jp/x", "example.jp/x"},
    {"https:\\\\example.jp\\x", "example.jp\\x"},
    {"https:///example.jp", "example.jp"},
    {"http:example.jp", "example.jp"},
    {"xhttps://example.jp:8443/x.", "example.jp/x."},
    {"https://example.evil", "example.evil"},
    /* Japanese touches it. */
    {"サイトはhttps://example.co.jp/aです。", "example.co.jp/a"},
    {"https://example.comをご覧ください", "example.com"},
    {"https://example.com。次に", "example.com"},
    {"弊社example.co.jpをご覧ください。", "example.co.jp"},
    {"「www.example.jp」、（example.com）", "www.example.jp example.com"},
    {"例：example.jp/日本", "example.jp/"},
    {"https://日本語.jp/です", "xn--wgv71a119e.jp/"},
    {"日本語.jp", "xn--wgv71a119e.jp"},
    {"会社名.comです", "xn--6oq93jcs2b.com"},
    {"ｈｔｔｐ：／／ｅｘａｍｐｌｅ．ｊｐ／ａ", "example.jp/a"},
    {"https://example。jp/x", "example.jp/x"},
    {"https://münchen.de/", "xn--mnchen-3ya.de/"},
    {"https://faß.de", "xn--fa-hia.de"},
    {"https://exa\u00admple.jp/ https://exa\u200bmple.jp", "example.jp/ example.jp"},
    /* Bare hosts. */
    {"example.com example.co.jp/x?y=z www.a.example", "example.com example.co.jp/x"},
    {"EXAMPLE.COM", "example.com"},
    {"a@example.com, taro.example.jp@example.com; example.jp+x@example.jp", ""},
    {"mailto:a@example.com", ""},
    {"co.jp com jp github.io", ""},
    {"user.github.io", "user.github.io"},
    {"done.It e.g. i.e. U.S. p.m. v1.2.3.4 1,234.56 Ph.D. etc.So", ""},
    {"README.md main.py logo.ai data.zip 資料.zip", ""},
    {"README.md/x", "readme.md/x"},
    {"...example.com...", "example.com"},
    {"見て...example.com...です", "example.com"},
    {"-example.com-", ""},
    {"192.168.0.1 ::1", ""},
    {"今日.明日", ""},
    {"すごい.すごい.com", "xn--n8j5ao.xn--n8j5ao.com"},
    /* Numbers. */
    {"http://203.0.113.7/x", "#203.0.113.7/x"},
    {"http://3405803783", "#203.0.113.7"},
    {"http://0xcb.0x71.7", "#203.113.0.7"},
    {"http://[2001:DB8::7]:80/x", "#2001:db8::7/x"},
    {"http://[::1/", ""},
    {"http://0xcb.0x\u00ad71.7/", "#203.113.0.7/"},
    {"http://256.1.1.1/", "256.1.1.1/"},
    /* Credentials. */
    {"https://a:b@example.jp/", "!example.jp/"},
    {"https://example.com@example.jp", "!example.jp"},
    {"https://@example.jp", "example.jp"},
    {"https://example.jp/@user", "example.jp/@user"},
    {"https://example.comまでtaro@example.jpへ", "example.com"},
    /* One bracket that is never closed hides nothing behind it. */
    {"http://[ see https://evil.example/x", "evil.example/x"},
    {"http://[[[ ]http://evil.example/x", "evil.example/x"},
    {"http://[::1:evil.com]", "evil.com"},
    /* Codes in a host stand for characters, as in a browser. */
    {"http://ev%69l.example/x https://%65vil.example%2Ecom", "evil.example/x evil.example.com"},
    {"https://ex%EF%BD%81mple.jp/", "example.jp/"},
    {"https://%ff.example/ https://a%2Fb.example/ https://a%zz.example", ""},
    /* The dot of the root; the end of a sentence. */
    {"https://bit.ly./abc bit.ly./def https://bit.ly.", "bit.ly/abc bit.ly/def bit.ly"},
    /* The same again. */
    {"https://a.example/x https://A.example/x http://a.example/y", "a.example/x a.example/y"},
    /* No hosts. */
    {"http:// http://. http://- https://-a.jp https://a..b https://localhost/ https://a_b/ ://example", ""},
    {"https://a_b.example.jp", "a_b.example.jp"},
    {"https://xn--a.jp/", "xn--a.jp/"},
};

static void
test_find(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *links = found_with(LINKS_WRITTEN, texts[i].text);
		g_test_message("%s", texts[i].text);
		g_assert_cmpstr(links, ==, texts[i].links);
	}
}

static const struct {
	const char *text, *links;
} possible[] = {
    {"", ""},
    {"done. It e.g. i.e. v1.2.3.4", ""},
    {"https://a.example/x?u=https://evil.com/y#www.evil.jp", "a.example evil.com www.evil.jp"},
    {"evil.Com evil.ai x.com t.me github.io", "evil.com evil.ai x.com t.me github.io"},
    {"evil.com- evil.net_ evil.org+ evil.jp@ @evil.co.jp", "evil.com evil.net evil.org evil.jp evil.co.jp"},
    {"evil.com-のサイト", "evil.com"},
    {"taro@evil.com", "evil.com"},
    {"ev\u202eil.com e\u2060v\u00adil.jp", "evil.com evil.jp"},
    {"http://ev%69l.example/", "evil.example"},
    {"http://evil.com. evil.com./x evil.com:80", "evil.com"},
    {"evil\uff61com はい\uff61 example.jp\uff61New", "example.jp evil.com example.jp.new"},
    {"https://ev\til.com/", "il.com evil.com"},
    {"https://ev\r\nil.com/", "il.com evil.com"},
    {"a.example.com\nb.example.com", "a.example.com b.example.com"},
    {"evil&#46;com evil&period;jp ev&#x69;l.net&amp;lt;", "l.net evil.com evil.jp evil.net"},
};

static void
test_possible(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(possible); i++) {
		g_autofree char *links = found_with(LINKS_POSSIBLE, possible[i].text);
		g_test_message("%s", possible[i].text);
		g_assert_cmpstr(links, ==, possible[i].links);
	}
}

static void
test_registrable(void)
{
	static const struct {
		const char *spelling, *registrable;
	} cases[] = {{"www.example.co.jp", "example.co.jp"}, {"example.jp", "example.jp"}, {"a.b.example.com", "example.com"},
	    {"co.jp", NULL}, {"x.user.github.io", "user.github.io"}, {"www.city.kawasaki.jp", "city.kawasaki.jp"},
	    {"b.kawasaki.jp", NULL}, {"x.a.b.kawasaki.jp", "a.b.kawasaki.jp"}, {"a.evil.example", "evil.example"},
	    {"203.0.113.7", NULL}, {"www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"}, {"tokyo.jp", NULL},
	    {"x.shop.tokyo.jp", "shop.tokyo.jp"}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Link) link = g_new0(Link, 1);
		g_test_message("%s", cases[i].spelling);
		g_assert_true(links_host_read(cases[i].spelling, link));
		g_assert_cmpstr(links_registrable(link), ==, cases[i].registrable);
	}
}

static void
test_private(void)
{
	static const struct {
		const char *spelling;
		gboolean is_private;
	} cases[] = {{"10.1.2.3", TRUE}, {"172.31.0.1", TRUE}, {"172.32.0.1", FALSE}, {"192.168.1.1", TRUE}, {"127.0.0.1", TRUE},
	    {"169.254.1.1", TRUE}, {"123", TRUE}, {"203.0.113.7", FALSE}, {"::1", TRUE}, {"fd00::1", TRUE},
	    {"2001:db8::1", FALSE}, {"example.jp", FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Link) link = g_new0(Link, 1);
		g_test_message("%s", cases[i].spelling);
		g_assert_true(links_host_read(cases[i].spelling, link));
		g_assert_cmpint(links_is_private(link), ==, cases[i].is_private);
	}
}

/* The number of links in a text, and whether there was more than is looked at. */
static guint
count(LinksCare care, const char *text, gboolean *is_full)
{
	g_auto(LinksFound) found;
	links_found_init(&found, care, LIMIT_LINKS);
	links_find(&found, text);
	*is_full = found.is_full;
	return found.links->len;
}

/* However many links and however long a host: bounded, and nothing is left out unsaid. */
static void
test_limits(void)
{
	g_autoptr(GString) many = g_string_new(NULL), dots = g_string_new("https://"), words = g_string_new(NULL),
			   glued = g_string_new("evil.com");
	gboolean is_full;
	for (guint i = 0; i < 2 * LIMIT_LINKS; i++)
		g_string_append_printf(many, "https://%u.example.jp/ ", i);
	while (dots->len < LIMIT_FIELD_BYTES)
		g_string_append(dots, "a.");
	for (guint i = 0; i < 2 * LIMIT_LINK_LOOKS; i++)
		g_string_append_printf(words, "a%u.b ", i);
	while (glued->len < 4096)
		g_string_append(glued, "あ");
	g_assert_cmpuint(count(LINKS_WRITTEN, many->str, &is_full), ==, LIMIT_LINKS);
	g_assert_true(is_full);
	g_assert_cmpuint(count(LINKS_WRITTEN, dots->str, &is_full), ==, 0);
	g_assert_cmpuint(count(LINKS_WRITTEN, dots->str + strlen("https://"), &is_full), ==, 0);
	g_assert_false(is_full);
	g_assert_cmpuint(count(LINKS_POSSIBLE, words->str, &is_full), ==, 0);
	g_assert_true(is_full);
	g_assert_cmpuint(count(LINKS_POSSIBLE, glued->str, &is_full), ==, 1);
	g_assert_false(is_full);
}

/* Hosts of what the visitor wrote alone: no token, no choice of the form; each once, however often it comes. */
static void
test_hosts(void)
{
	g_autoptr(Form) form = fixture_form("[textarea m] [text t] [email e] [select kind \"https://offered.example/\"]");
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < 200; i++)
		g_string_append(text, "https://harmless.example/ ");
	g_string_append(text, "https://A.example.jp/1 a.example.jp");
	g_autoptr(Submission) submission = fixture_submission(
	    form, fixture_posted("m", text->str, "t", "b.example.com https://A.example.jp/2", "e", "x@mail.example", "kind",
		      "https://offered.example/", "cf-turnstile-response", "0.token.com", NULL));
	const GateInput input = {.form = form, .submission = submission};
	gboolean is_full;
	g_autoptr(GPtrArray) hosts = links_hosts(&input, &is_full);
	g_assert_false(is_full);
	g_assert_cmpuint(hosts->len, ==, 3);
	g_assert_cmpstr(hosts->pdata[0], ==, "harmless.example");
	g_assert_cmpstr(hosts->pdata[1], ==, "a.example.jp");
	g_assert_cmpstr(hosts->pdata[2], ==, "b.example.com");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/links/find", test_find);
	g_test_add_func("/links/possible", test_possible);
	g_test_add_func("/links/hosts", test_hosts);
	g_test_add_func("/links/registrable", test_registrable);
	g_test_add_func("/links/private", test_private);
	g_test_add_func("/links/limits", test_limits);
	return g_test_run();
}
