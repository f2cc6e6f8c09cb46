/*
 * Vectors T01-T19 of contract 13.1: the doors of the front, and what wrong clients read. Each test starts a front of its own.
 */
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/limits.h"

#define FEEDBACK FORMS "/4/feedback"
#define PART(name, value)                                                                                                        \
	"--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n--" GATEWAY_BOUNDARY    \
	"--\r\n"
#define TAG PART("_wpcf7_unit_tag", UNIT_TAG)

/* One request and what its answer must have. Rows of one vector follow one another. */
typedef struct {
	const char *vector;
	const char *method;
	const char *uri;
	const char *content_type; /* NULL: none */
	const char *body;         /* NULL: none */
	const char *status;
	const char *text;
} Row;

static const Row rows[] = {
    {"T01", "POST", FEEDBACK, "application/x-www-form-urlencoded", "a=b", "415", "{\"code\":\"wpcf7_unsupported_media_type\""},
    {"T01", "POST", FEEDBACK, "application/x-www-form-urlencoded", "a=b", "415", "\"data\":{\"status\":415}}"},
    {"T02", "POST", FEEDBACK, NULL, TAG, "415", "wpcf7_unsupported_media_type"},
    {"T02", "POST", FEEDBACK, "application/json", "{}", "415", "wpcf7_unsupported_media_type"},
    {"T02", "POST", FEEDBACK, "Multipart/Form-Data; boundary=" GATEWAY_BOUNDARY, TAG, "415", "wpcf7_unsupported_media_type"},
    {"T02", "POST", FORMS "/999/feedback", "application/json", "{}", "415", "wpcf7_unsupported_media_type"},
    {"T03", "POST", FORMS "/999/feedback", MULTIPART, TAG, "404", "{\"code\":\"wpcf7_not_found\""},
    {"T03", "POST", FORMS "/99999999999999999999999/feedback", MULTIPART, TAG, "404", "{\"code\":\"wpcf7_not_found\""},
    {"T04", "POST", FORMS "/abc/feedback", MULTIPART, TAG, "404", "{\"code\":\"rest_no_route\""},
    {"T04", "POST", FORMS "/-4/feedback", MULTIPART, TAG, "404", "{\"code\":\"rest_no_route\""},
    {"T05", "POST", FORMS "/0004/feedback", MULTIPART, TAG, "200", "{\"contact_form_id\":4,\"status\":\"validation_failed\""},
    {"T06", "POST", FEEDBACK, MULTIPART, PART("a", "b"), "400", "{\"code\":\"wpcf7_unit_tag_not_found\""},
    {"T06", "POST", FEEDBACK, MULTIPART, PART("_wpcf7_unit_tag", "<>"), "400", "wpcf7_unit_tag_not_found"},
    {"T06", "POST", FEEDBACK, MULTIPART, PART("_wpcf7_unit_tag", "0"), "400", "wpcf7_unit_tag_not_found"},
    {"T06", "POST", FEEDBACK "?_wpcf7_unit_tag=zz", MULTIPART, TAG, "200", "\"into\":\"#" UNIT_TAG "\""},
    {"T06", "POST", FEEDBACK "?_wpcf7_unit_tag=zz", MULTIPART, PART("_wpcf7_unit_tag", "<>"), "400", "wpcf7_unit_tag_not_found"},
    {"T07", "POST", FEEDBACK, MULTIPART, PART("_wpcf7_unit_tag", " wpcf7-f4<b>-o1 "), "200", "\"into\":\"#wpcf7-f4b-o1\""},
    {"T07", "POST", FEEDBACK, MULTIPART, PART("_wpcf7_unit_tag", " wpcf7-f4<b>-o1 "), "200",
	"\"error_id\":\"wpcf7-f4b-o1-ve-your-name\""},
    {"T08", "POST", FEEDBACK "?_wpcf7_unit_tag=zz", MULTIPART, PART("a", "b"), "200", "\"into\":\"#zz\""},
    {"T09", "POST", FEEDBACK, MULTIPART, "garbage", "400", "wpcf7_unit_tag_not_found"},
    {"T09", "POST", FEEDBACK, "multipart/form-data", TAG, "400", "wpcf7_unit_tag_not_found"},
    {"T09", "POST", FEEDBACK, "multipart/form-data-x; boundary=" GATEWAY_BOUNDARY, TAG, "400", "wpcf7_unit_tag_not_found"},
    {"T11", "POST", FEEDBACK "/", MULTIPART, TAG, "200", "{\"contact_form_id\":4,"},
    {"T11", "POST", "/index.php/wp-json/contact-form-7/v1/contact-forms/4/feedback", MULTIPART, TAG, "200",
	"{\"contact_form_id\":4,"},
    {"T11", "POST", "/?rest_route=/contact-form-7/v1/contact-forms/4/feedback", MULTIPART, TAG, "200", "{\"contact_form_id\":4,"},
    {"T11", "POST", "/index.php?rest_route=/contact-form-7/v1/contact-forms/4/feedback&x=y", MULTIPART, TAG, "200",
	"{\"contact_form_id\":4,"},
    {"T11", "POST", "/?rest_route=%2Fcontact-form-7%2Fv1%2Fcontact-forms%2F4%2Ffeedback", MULTIPART, TAG, "200",
	"{\"contact_form_id\":4,"},
    {"T11", "POST", "/wp-json/Contact-Form-7/V1/Contact-Forms/4/FeedBack", MULTIPART, TAG, "200", "{\"contact_form_id\":4,"},
    {"T11", "POST", "/blog/api/contact-form-7/v1/contact-forms/4/feedback", MULTIPART, TAG, "200", "{\"contact_form_id\":4,"},
    {"T11", "GET", "/?rest_route=/contact-form-7/v1/contact-forms/4/refill", NULL, NULL, "200", "\r\n\r\n[]"},
    {"T11", "GET", "/index.php/wp-json/contact-form-7/v1/contact-forms/4/feedback/schema/", NULL, NULL, "200", "\"rules\":["},
    {"T12", "GET", FEEDBACK, NULL, NULL, "404", "{\"code\":\"rest_no_route\""},
    {"T12", "PUT", FEEDBACK, MULTIPART, TAG, "404", "{\"code\":\"rest_no_route\""},
    {"T12", "POST", FORMS "/4/refill", MULTIPART, TAG, "404", "{\"code\":\"rest_no_route\""},
    {"T12", "POST", "/wp-json/", "application/x-www-form-urlencoded", "_wpcf7=4", "404", "{\"code\":\"rest_no_route\""},
    {"T13", "OPTIONS", FEEDBACK, NULL, NULL, "200",
	"{\"namespace\":\"contact-form-7\\/v1\",\"methods\":[\"POST\"],\"endpoints\":[{\"methods\":[\"POST\"],\"args\":[]}]}"},
    {"T13", "OPTIONS", FEEDBACK, NULL, NULL, "200", "\r\nAllow: POST\r\n"},
    {"T13", "OPTIONS", FORMS "/4/refill", NULL, NULL, "200", "\r\nAllow: GET\r\n"},
    {"T13", "OPTIONS", FORMS "/4/refill", NULL, NULL, "200", "\"args\":[]}]}"},
    {"T13", "OPTIONS", FORMS "/4/feedback/schema", NULL, NULL, "200",
	"\"args\":[]}],\"schema\":{\"$schema\":\"http:\\/\\/json-schema.org\\/draft-04\\/schema#\","},
    {"T13", "OPTIONS", FORMS "/4/feedback/schema", NULL, NULL, "200", "\"threshold\":{\"type\":[\"number\",\"string\"]}"},
    {"T15", "GET", FORMS "/999/feedback/schema", NULL, NULL, "404", "{\"code\":\"wpcf7_not_found\""},
    {"T15", "GET", FORMS "/999/refill", NULL, NULL, "404", "{\"code\":\"wpcf7_not_found\""},
    {"T16", "GET", FORMS "/4/refill", NULL, NULL, "200", "\r\n\r\n[]"},
    {"T18", "POST", FEEDBACK, MULTIPART,
	"--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"_wpnonce\"\r\n\r\nbad\r\n" TAG, "200",
	"\"status\":\"validation_failed\""},
    {"T19", "GET", FORMS, NULL, NULL, "403", "{\"code\":\"wpcf7_forbidden\""},
    {"T19", "GET", FORMS "/4", NULL, NULL, "403", "{\"code\":\"wpcf7_forbidden\""},
    {"T19", "PUT", FORMS "/4", "application/json", "{}", "403", "{\"code\":\"wpcf7_forbidden\""},
    {"T19", "DELETE", FORMS "/4", NULL, NULL, "403", "{\"code\":\"wpcf7_forbidden\""},
    {"T19", "PUT", FORMS, "application/json", "{}", "404", "{\"code\":\"rest_no_route\""},
    {"T19", "DELETE", FORMS, NULL, NULL, "404", "{\"code\":\"rest_no_route\""},
};

static char *
ask(const Gateway *gateway, const Row *row)
{
	g_autoptr(GString) body = row->body != NULL ? g_string_new(row->body) : NULL;
	return client_ask(
	    gateway, &(ClientRequest){.method = row->method, .uri = row->uri, .content_type = row->content_type, .body = body});
}

/* The rows of the vector that `user_data` names. */
static void
test_rows(gconstpointer user_data)
{
	Gateway *gateway = gateway_start(2);
	guint count = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].vector, user_data) != 0)
			continue;
		g_autofree char *status = g_strconcat("Status: ", rows[i].status, " ", NULL);
		g_autofree char *answer = ask(gateway, &rows[i]);
		assert_has(answer, status);
		assert_has(answer, rows[i].text);
		count++;
	}
	g_assert_cmpuint(count, >, 0);
	gateway_stop(gateway);
}

/* A visitor's browser must read a sentence, so this is no error of HTTP as it would be with PHP. */
static void
test_t10(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	request.declared = (gssize)LIMIT_BODY_BYTES + 1;
	const int connection = client_connect(gateway);
	g_autofree char *text = g_strnfill(LIMIT_DRAIN_BYTES + 65536, 'x');
	client_send_head(connection, &request);
	client_send_body(connection, text, strlen(text));
	g_autofree char *answer = client_receive(connection);
	assert_has(answer, "Status: 200 OK");
	assert_has(answer, "{\"contact_form_id\":4,\"status\":\"aborted\",\"message\":\"Your message is too large");
	(void)close(connection);
	gateway_stop(gateway);
}

/* "rule field threshold" of every rule in a schema, a line each. */
static char *
rules_of(const char *schema)
{
	g_autoptr(GRegex) regex =
	    g_regex_new("\"rule\":\"(\\w+)\",\"field\":\"([^\"]+)\"(?:,\"threshold\":([^,]+))?", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	GString *rules = g_string_new(NULL);
	(void)g_regex_match(regex, schema, 0, &match);
	for (; g_match_info_matches(match); (void)g_match_info_next(match, NULL)) {
		g_autofree char *rule = g_match_info_fetch(match, 1);
		g_autofree char *field = g_match_info_fetch(match, 2);
		g_autofree char *threshold = g_match_info_fetch(match, 3);
		g_string_append_printf(rules, "%s %s %s\n", rule, field, threshold != NULL ? threshold : "");
	}
	return g_string_free(rules, FALSE);
}

static void
test_t14(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 40, "locale = en_US\n",
	    "[text* your-name autocomplete:name] [email* your-email autocomplete:email] [text* your-subject] "
	    "[textarea your-message] [submit \"Send\"]");
	g_autofree char *answer = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = FORMS "/40/feedback/schema"});
	assert_has(
	    answer, "\r\n\r\n{\"version\":\"Contact Form 7 SWV Schema 2024-10\",\"locale\":\"en_US\",\"rules\":[{\"rule\":");
	assert_has(answer, "{\"rule\":\"required\",\"field\":\"your-name\",\"error\":\"This field is required.\"}");
	g_autofree char *rules = rules_of(answer);
	g_assert_cmpstr(rules, ==,
	    "required your-name \nmaxlength your-name 400\nrequired your-email \nemail your-email \nmaxlength your-email 400\n"
	    "required your-subject \nmaxlength your-subject 400\nmaxlength your-message 2000\n");
	g_autofree char *head = client_ask(gateway, &(ClientRequest){.method = "HEAD", .uri = FORMS "/40/feedback/schema"});
	g_assert_true(g_str_has_suffix(head, "\r\n\r\n"));
	gateway_stop(gateway);
}

static void
test_t17(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 41, NULL, "[text t][quiz q \"1+1?|2\"]");
	g_autofree char *answer = client_ask(gateway, &(ClientRequest){.method = "GET", .uri = FORMS "/41/refill"});
	g_assert_true(g_regex_match_simple("\r\n\r\n\\{\"quiz\":\\{\"q\":\\[\"1\\+1\\?\",\"[^\"]{8,}\"\\]\\}\\}$", answer, 0, 0));
	gateway_stop(gateway);
}

/* The script finds its form by `into` even where the body was too much. */
static void
test_too_much_names_its_form(void)
{
	Gateway *gateway = gateway_start(1);
	g_autofree char *value = g_strnfill(LIMIT_FIELD_BYTES + 1, 'x');
	g_autoptr(GString) behind = client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-message", value, NULL);
	ClientRequest request = feedback(behind);
	g_autofree char *told = client_ask(gateway, &request);
	assert_has(told, "\"status\":\"aborted\"");
	assert_has(told, "\"into\":\"#" UNIT_TAG "\"");
	g_autoptr(GString) before = client_multipart("your-message", value, "_wpcf7_unit_tag", UNIT_TAG, NULL);
	request = feedback(before);
	request.uri = FEEDBACK "?_wpcf7_unit_tag=zz";
	g_autofree char *queried = client_ask(gateway, &request);
	assert_has(queried, "\"status\":\"aborted\"");
	assert_has(queried, "\"into\":\"#zz\"");
	gateway_stop(gateway);
}

/* A form without script, as PHP reads it: the type in any case, and the id as a number. */
static void
test_plain_leniency(void)
{
	static const char *const ids[] = {"4", "4abc", "+4", "4.5", " 04"};
	Gateway *gateway = gateway_start(1);
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autoptr(GString) body = client_multipart("_wpcf7", ids[i], "your-name", "", NULL);
		g_autofree char *answer =
		    client_ask(gateway, &(ClientRequest){.method = "POST",
					    .uri = "/contact/",
					    .content_type = "Multipart/Form-Data; boundary=" GATEWAY_BOUNDARY,
					    .body = body});
		assert_has(answer, "Status: 200 OK");
		assert_has(answer, "<dt>");
	}
	g_autoptr(GString) none = client_multipart("_wpcf7", "0", NULL);
	g_autofree char *refused =
	    client_ask(gateway, &(ClientRequest){.method = "POST", .uri = "/contact/", .content_type = MULTIPART, .body = none});
	assert_has(refused, "Status: 400 ");
	gateway_stop(gateway);
}

/* --- Pages on another host (contract 1.4, 12.x) ------------------------------------------------------------------------- */

static void
assert_lacks(const char *answer, const char *text)
{
	if (answer == NULL || strstr(answer, text) != NULL)
		g_error("the answer has \"%s\":\n%s", text, answer != NULL ? answer : "(closed)");
}

static void
test_origins(void)
{
	static const char *const foreign[] = {"https://evil.test", "http://pages.test", "https://pages.test:444",
	    "https://www.pages.test", "https://pages.test.evil.test", "https://pages.test/", "null", "*"};
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = good_body();
	gateway_set_site(gateway, "origins = http://other.test:8080 https://pages.test\n", "");
	ClientRequest request = feedback(body);
	request.origin = "https://pages.test";
	request.referer = "https://pages.test/contact/?a=1";
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "\r\nAccess-Control-Allow-Origin: https://pages.test\r\n");
	assert_has(answer, "\r\nVary: Origin\r\n");
	assert_has(answer, "\"status\":\"mail_sent\"");
	assert_lacks(answer, "Access-Control-Allow-Credentials");
	g_autoptr(Submission) submission = stored_newest(gateway);
	g_assert_cmpstr(submission->client->url, ==, "https://pages.test/contact/?a=1");

	const ClientRequest preflight = {.method = "OPTIONS", .uri = FEEDBACK, .origin = "http://other.test:8080"};
	g_autofree char *allowed = client_ask(gateway, &preflight);
	assert_has(allowed, "Status: 200 OK\r\n");
	assert_has(allowed, "\r\nAccess-Control-Allow-Origin: http://other.test:8080\r\n");
	assert_has(allowed, "\r\nAccess-Control-Allow-Methods: POST\r\n");
	assert_has(allowed, "\r\nAccess-Control-Allow-Headers: Accept, Content-Type, X-WP-Nonce\r\n");

	const ClientRequest refill = {.method = "GET", .uri = FORMS "/4/refill", .origin = "https://pages.test"};
	g_autofree char *refilled = client_ask(gateway, &refill);
	assert_has(refilled, "\r\nAccess-Control-Allow-Origin: https://pages.test\r\n");
	assert_lacks(refilled, "Access-Control-Allow-Methods");

	/* A wrong client's script may read why. */
	static const ClientRequest wrong[] = {
	    {.method = "POST", .uri = FEEDBACK, .content_type = "application/json", .origin = "https://pages.test"},
	    {.method = "GET", .uri = FEEDBACK, .origin = "https://pages.test"},
	    {.method = "GET", .uri = FORMS, .origin = "https://pages.test"},
	    {.method = "GET", .uri = FORMS "/999/refill", .origin = "https://pages.test"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		ClientRequest one = wrong[i];
		g_autofree char *readable = client_ask(gateway, &one);
		assert_has(readable, "Status: 4");
		assert_has(readable, "\r\nAccess-Control-Allow-Origin: https://pages.test\r\n");
		one.origin = "https://evil.test";
		g_autofree char *unreadable = client_ask(gateway, &one);
		assert_lacks(unreadable, "Access-Control");
	}

	for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++) {
		request.origin = foreign[i];
		g_autofree char *refused = client_ask(gateway, &request);
		assert_has(refused, "\"status\":\"mail_sent\"");
		assert_has(refused, "\r\nVary: Origin\r\n");
		assert_lacks(refused, "Access-Control");
		g_autofree char *asked =
		    client_ask(gateway, &(ClientRequest){.method = "OPTIONS", .uri = FEEDBACK, .origin = foreign[i]});
		assert_has(asked, "Status: 200 OK\r\n");
		assert_lacks(asked, "Access-Control");
	}
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strconcat("/contract/", rows[i].vector, NULL);
		if (i == 0 || strcmp(rows[i].vector, rows[i - 1].vector) != 0)
			g_test_add_data_func(path, rows[i].vector, test_rows);
	}
	g_test_add_func("/contract/T10", test_t10);
	g_test_add_func("/contract/T14", test_t14);
	g_test_add_func("/contract/T17", test_t17);
	g_test_add_func("/front/what is too large is told to its form", test_too_much_names_its_form);
	g_test_add_func("/front/a form without script is read as PHP reads it", test_plain_leniency);
	g_test_add_func("/front/only pages of the site's origins may read an answer", test_origins);
	return g_test_run();
}
