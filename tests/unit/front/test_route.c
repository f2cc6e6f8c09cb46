/*
 * Which door a request knocks at: every spelling of contract 1.2, every refusal of 1.3, and what is left for the plain POST.
 */
#include "route.h"

#define API "/contact-form-7/v1/contact-forms"
#define MULTIPART "multipart/form-data; boundary=b"

typedef struct {
	const char *name;
	const char *method;
	const char *uri;
	const char *content_type;
	RouteKind kind;
	guint64 form_id;
	guint status; /* of a refusal */
} RouteCase;

static const RouteCase spellings[] = {
    {"pretty permalink", "POST", "/wp-json" API "/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"slash at the end", "POST", "/wp-json" API "/4/feedback/", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"PATHINFO", "POST", "/index.php/wp-json" API "/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"plain permalink", "POST", "/?rest_route=" API "/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"plain permalink with index.php", "POST", "/index.php?rest_route=" API "/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"encoded rest_route", "POST", "/?rest_route=%2Fcontact-form-7%2Fv1%2Fcontact-forms%2F4%2Ffeedback", MULTIPART,
	ROUTE_FEEDBACK, 4, 0},
    {"encoded rest_route in lower-case hex", "POST",
	"/?a=1&rest_route=%2fcontact-form-7%2fv1%2fcontact-forms%2f4%2ffeedback&_locale=user", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"encoded slashes in the path", "POST", "/wp-json%2Fcontact-form-7/v1/contact-forms/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4,
	0},
    {"any letter case", "POST", "/wp-json/Contact-Form-7/V1/CONTACT-FORMS/4/FeedBack", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"subdirectory", "POST", "/blog/ja/wp-json" API "/12/feedback", MULTIPART, ROUTE_FEEDBACK, 12, 0},
    {"renamed prefix", "POST", "/api" API "/4/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"query behind the route", "POST", "/wp-json" API "/4/feedback?_wpcf7_unit_tag=zz", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"T05 leading zeros", "POST", "/wp-json" API "/0004/feedback", MULTIPART, ROUTE_FEEDBACK, 4, 0},
    {"an id too large for any form", "POST", "/wp-json" API "/99999999999999999999999/feedback", MULTIPART, ROUTE_FEEDBACK,
	G_MAXINT64, 0},
    {"schema", "GET", "/wp-json" API "/4/feedback/schema", "", ROUTE_SCHEMA, 4, 0},
    {"schema by HEAD", "HEAD", "/wp-json" API "/4/feedback/schema", "", ROUTE_SCHEMA, 4, 0},
    {"refill", "GET", "/?rest_route=" API "/4/refill", "", ROUTE_REFILL, 4, 0},
    {"T13 OPTIONS", "OPTIONS", "/wp-json" API "/4/feedback", "", ROUTE_DESCRIBE, 4, 0},
    {"T09 multipart-x passes here and fails at its body", "POST", "/wp-json" API "/4/feedback",
	"multipart/form-data-x; boundary=b", ROUTE_FEEDBACK, 4, 0},
};

static const RouteCase refusals[] = {
    {"T01 urlencoded", "POST", "/wp-json" API "/4/feedback", "application/x-www-form-urlencoded", ROUTE_REFUSED, 4, 415},
    {"T02 no content type", "POST", "/wp-json" API "/4/feedback", "", ROUTE_REFUSED, 4, 415},
    {"T02 JSON", "POST", "/wp-json" API "/4/feedback", "application/json", ROUTE_REFUSED, 4, 415},
    {"T02 other case", "POST", "/wp-json" API "/4/feedback", "Multipart/Form-Data; boundary=b", ROUTE_REFUSED, 4, 415},
    {"T04 an id that is no number", "POST", "/wp-json" API "/abc/feedback", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"an empty id", "POST", "/wp-json" API "//feedback", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"a negative id", "POST", "/wp-json" API "/-4/feedback", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"T12 GET feedback", "GET", "/wp-json" API "/4/feedback", "", ROUTE_REFUSED, 4, 404},
    {"T12 HEAD feedback", "HEAD", "/wp-json" API "/4/feedback", "", ROUTE_REFUSED, 4, 404},
    {"T12 PUT feedback", "PUT", "/wp-json" API "/4/feedback", MULTIPART, ROUTE_REFUSED, 4, 404},
    {"T12 POST refill", "POST", "/wp-json" API "/4/refill", MULTIPART, ROUTE_REFUSED, 4, 404},
    {"T19 list of forms", "GET", "/wp-json" API, "", ROUTE_REFUSED, 0, 403},
    {"T19 one form", "GET", "/wp-json" API "/4", "", ROUTE_REFUSED, 4, 403},
    {"T19 DELETE a form", "DELETE", "/wp-json" API "/4/", "", ROUTE_REFUSED, 4, 403},
    {"POST the list of forms", "POST", "/wp-json" API, "", ROUTE_REFUSED, 0, 403},
    {"PUT the list of forms", "PUT", "/wp-json" API, "", ROUTE_REFUSED, 0, 404},
    {"PATCH the list of forms", "PATCH", "/wp-json" API, "", ROUTE_REFUSED, 0, 404},
    {"DELETE the list of forms", "DELETE", "/wp-json" API "/", "", ROUTE_REFUSED, 0, 404},
    {"PATCH a form", "PATCH", "/wp-json" API "/4", "", ROUTE_REFUSED, 4, 403},
    {"HEAD a form", "HEAD", "/wp-json" API "/4", "", ROUTE_REFUSED, 4, 403},
    {"an unknown method", "BREW", "/wp-json" API "/4", "", ROUTE_REFUSED, 4, 404},
    {"another namespace", "POST", "/wp-json/wp/v2/posts", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"POST to the REST root is no plain POST", "POST", "/wp-json/", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"a longer namespace", "POST", "/wp-json/contact-form-7/v10/contact-forms/4/feedback", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"more behind the route", "POST", "/wp-json" API "/4/feedback/schema/x", MULTIPART, ROUTE_REFUSED, 4, 404},
    {"GET of a page", "GET", "/contact/", "", ROUTE_REFUSED, 0, 404},
};

static const RouteCase pages[] = {
    {"POST to a page", "POST", "/contact/", "application/x-www-form-urlencoded", ROUTE_PLAIN_POST, 0, 0},
    {"POST to the home page", "POST", "/", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
    {"POST to index.php with a query", "POST", "/index.php?page_id=2#wpcf7-f4-o1", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
    {"an empty rest_route is none", "POST", "/?rest_route=", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
    {"a word that only begins like the prefix", "POST", "/wp-jsonx/", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
    {"a path that does not decode", "POST", "/%zz%00", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
    {"no URI at all", "POST", "", MULTIPART, ROUTE_PLAIN_POST, 0, 0},
};

#define URLENCODED "application/x-www-form-urlencoded"

static const RouteCase links[] = {
    {"a link is opened", "GET", "/sekisho/confirm?t=abc", "", ROUTE_CONFIRM, 0, 0},
    {"a link is looked at", "HEAD", "/sekisho/confirm?t=abc", "", ROUTE_CONFIRM, 0, 0},
    {"its button is pressed", "POST", "/sekisho/confirm", URLENCODED, ROUTE_CONFIRM, 0, 0},
    {"below a subdirectory", "GET", "/blog/ja/sekisho/confirm?t=abc", "", ROUTE_CONFIRM, 0, 0},
    {"with percent signs", "GET", "/%73ekisho%2Fconfirm", "", ROUTE_CONFIRM, 0, 0},
    {"beside an empty rest_route", "GET", "/sekisho/confirm?rest_route=", "", ROUTE_CONFIRM, 0, 0},
    {"other methods", "PUT", "/sekisho/confirm", "", ROUTE_REFUSED, 0, 405},
    {"OPTIONS", "OPTIONS", "/sekisho/confirm", "", ROUTE_REFUSED, 0, 405},
    {"more behind it", "GET", "/sekisho/confirm/x", "", ROUTE_REFUSED, 0, 404},
    {"a slash behind it", "GET", "/sekisho/confirm/", "", ROUTE_REFUSED, 0, 404},
    {"a longer word", "GET", "/xsekisho/confirm", "", ROUTE_REFUSED, 0, 404},
    {"another case", "GET", "/Sekisho/confirm", "", ROUTE_REFUSED, 0, 404},
    {"only in the query", "GET", "/x?/sekisho/confirm", "", ROUTE_REFUSED, 0, 404},
    {"a review is opened", "GET", "/sekisho/review?t=abc", "", ROUTE_REVIEW, 0, 0},
    {"a review is looked at", "HEAD", "/blog/ja/sekisho/review?t=abc", "", ROUTE_REVIEW, 0, 0},
    {"a review's button is pressed", "POST", "/sekisho/review", URLENCODED, ROUTE_REVIEW, 0, 0},
    {"other methods of a review", "DELETE", "/sekisho/review", "", ROUTE_REFUSED, 0, 405},
    {"more behind a review", "GET", "/sekisho/review/x", "", ROUTE_REFUSED, 0, 404},
    {"a challenge", "GET", "/sekisho/altcha?form=4", "", ROUTE_ALTCHA, 4, 0},
    {"a challenge of the older protocol", "GET", "/blog/sekisho/altcha?v=1&form=12", "", ROUTE_ALTCHA, 12, 0},
    {"a challenge by HEAD", "HEAD", "/sekisho/altcha?form=4", "", ROUTE_ALTCHA, 4, 0},
    {"a challenge of another host's page", "OPTIONS", "/sekisho/altcha?form=4", "", ROUTE_DESCRIBE, 0, 0},
    {"a challenge for no form", "GET", "/sekisho/altcha", "", ROUTE_REFUSED, 0, 404},
    {"a challenge for a word", "GET", "/sekisho/altcha?form=4x", "", ROUTE_REFUSED, 0, 404},
    {"a challenge by POST", "POST", "/sekisho/altcha?form=4", MULTIPART, ROUTE_REFUSED, 0, 404},
    {"a challenge and more", "GET", "/sekisho/altcha/?form=4", "", ROUTE_REFUSED, 0, 404},
    {"a POST to its folder is a page's", "POST", "/sekisho/", URLENCODED, ROUTE_PLAIN_POST, 0, 0},
};

static void
check(const RouteCase *cases, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		const RouteCase *one = &cases[i];
		const RouteInput input = {.method = one->method, .uri = one->uri, .content_type = one->content_type};
		Route route;
		g_test_message("%s", one->name);
		route_find(&input, &route);
		g_assert_cmpint(route.kind, ==, one->kind);
		g_assert_cmpuint(route.form_id, ==, one->form_id);
		g_assert_cmpuint(route.refusal != NULL ? route.refusal->status : 0, ==, one->status);
	}
}

static void
test_spellings(void)
{
	check(spellings, G_N_ELEMENTS(spellings));
}

static void
test_refusals(void)
{
	check(refusals, G_N_ELEMENTS(refusals));
}

static void
test_pages(void)
{
	check(pages, G_N_ELEMENTS(pages));
}

static void
test_links(void)
{
	check(links, G_N_ELEMENTS(links));
}

/* Whose address it is, also where the method or the body's type is wrong. */
static void
test_names(void)
{
	static const struct {
		const char *method;
		const char *uri;
		const char *name;
	} cases[] = {{"POST", "/wp-json" API "/4/feedback", "feedback"}, {"GET", "/?rest_route=" API "/4/feedback", "feedback"},
	    {"GET", "/wp-json" API "/4/feedback/schema", "schema"}, {"GET", "/wp-json" API "/4/refill", "refill"},
	    {"POST", "/contact/", "plain"}, {"GET", "/contact/", NULL}, {"GET", "/sekisho/confirm", "confirm"},
	    {"PUT", "/sekisho/confirm", "confirm"}, {"GET", "/sekisho/review", "review"}, {"POST", "/wp-json/wp/v2/posts", NULL},
	    {"GET", "/wp-json" API, NULL}, {"OPTIONS", "/wp-json" API "/4/feedback", "feedback"}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Route route;
		g_test_message("%s %s", cases[i].method, cases[i].uri);
		route_find(&(RouteInput){cases[i].method, cases[i].uri, ""}, &route);
		g_assert_cmpstr(route.name, ==, cases[i].name);
	}
}

static void
test_head_and_allow(void)
{
	Route route;
	route_find(&(RouteInput){"HEAD", "/wp-json" API "/4/refill", ""}, &route);
	g_assert_true(route.is_head);
	g_assert_cmpstr(route.allow, ==, "GET");
	route_find(&(RouteInput){"HEAD", "/contact/", ""}, &route);
	g_assert_true(route.is_head);
	g_assert_null(route.allow);
	route_find(&(RouteInput){"OPTIONS", "/wp-json" API "/4/feedback", ""}, &route);
	g_assert_false(route.is_head);
	g_assert_cmpstr(route.allow, ==, "POST");
}

static void
test_query(void)
{
	g_autofree char *tag = route_query("/x?_wpcf7_unit_tag=a%20b+c#d", "_wpcf7_unit_tag");
	g_autofree char *none = route_query("/x", "_wpcf7_unit_tag");
	g_autofree char *array = route_query("/x?_wpcf7_unit_tag[]=a", "_wpcf7_unit_tag");
	g_assert_cmpstr(tag, ==, "a b c");
	g_assert_cmpstr(none, ==, "");
	g_assert_cmpstr(array, ==, "");
}

/* As PHP's (int) reads them; 0: no form. */
static void
test_posted_ids(void)
{
	static const struct {
		const char *text;
		guint64 id;
	} cases[] = {{"10", 10}, {"10abc", 10}, {"+10", 10}, {"10.5", 10}, {"010", 10}, {" \t10", 10}, {"1e2", 100}, {".5e1", 5},
	    {"0", 0}, {"", 0}, {"abc", 0}, {"-4", 0}, {"0x10", 0}, {"0.9", 0}, {"5e-1", 0}, {"+-1", 0}, {"+ 1", 0}, {"inf", 0},
	    {"nan", 0}, {"+", 0}, {".", 0}, {"e5", 0}, {"99999999999999999999", G_MAXINT64}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint64 id = 0;
		g_test_message("%s", cases[i].text);
		g_assert_true(route_read_posted_id(cases[i].text, &id) == (cases[i].id != 0));
		g_assert_cmpuint(id, ==, cases[i].id);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/route/all spellings of contract 1.2 lead to the form", test_spellings);
	g_test_add_func("/front/route/wrong clients are refused as contract 1.3 says", test_refusals);
	g_test_add_func("/front/route/any other POST is a plain POST", test_pages);
	g_test_add_func("/front/route/links of confirmations and reviews are found below any path", test_links);
	g_test_add_func("/front/route/an address of ours has a name whatever the method", test_names);
	g_test_add_func("/front/route/HEAD is marked and Allow names the method", test_head_and_allow);
	g_test_add_func("/front/route/query parameters read as PHP reads them", test_query);
	g_test_add_func("/front/route/a posted form id reads as PHP reads it", test_posted_ids);
	return g_test_run();
}
