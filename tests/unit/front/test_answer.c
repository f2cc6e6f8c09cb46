/*
 * The JSON documents of contract 2.1 byte by byte, and the headers around them.
 */
#include "answer.h"

#include <string.h>

#include "sekisho/base/clock.h"

static InvalidField *
invalid_new(const char *field, const char *message, const char *idref)
{
	InvalidField *invalid = g_new0(InvalidField, 1);
	invalid->field = g_strdup(field);
	invalid->message = g_strdup(message);
	invalid->idref = idref;
	return invalid;
}

static void
assert_body(Answer *answer, const char *expected)
{
	g_assert_cmpstr(answer->body, ==, expected);
	answer_free(answer);
}

static void
test_success(void)
{
	const Outcome outcome = {.form_id = 4,
	    .status = "mail_sent",
	    .message = (char *)"Thanks",
	    .unit_tag = (char *)"wpcf7-f4-p2-o1",
	    .posted_data_hash = (char *)"0123456789abcdef0123456789abcdef",
	    .receipt = (char *)"ABCDEFGHJKMN"};
	assert_body(answer_outcome(&outcome), "{\"contact_form_id\":4,\"status\":\"mail_sent\",\"message\":\"Thanks\","
					      "\"posted_data_hash\":\"0123456789abcdef0123456789abcdef\","
					      "\"into\":\"#wpcf7-f4-p2-o1\",\"invalid_fields\":[]}");
}

static void
test_hints(void)
{
	char *hints[] = {(char *)"One", (char *)"Two", NULL};
	const Outcome outcome = {.form_id = 4,
	    .status = "mail_sent",
	    .message = (char *)"Thanks",
	    .hints = hints,
	    .unit_tag = (char *)"u",
	    .posted_data_hash = (char *)""};
	assert_body(answer_outcome(&outcome),
	    "{\"contact_form_id\":4,\"status\":\"mail_sent\",\"message\":\"Thanks\\nOne\\nTwo\","
	    "\"posted_data_hash\":\"\",\"into\":\"#u\",\"invalid_fields\":[]}");
}

static void
test_probe(void)
{
	g_autoptr(Answer) answer = answer_probe("01ab");
	g_autoptr(GString) response = answer_to_response(answer, FALSE);
	g_assert_true(g_str_has_prefix(response->str, "Status: 200 OK\r\n"));
	g_assert_nonnull(strstr(response->str, "Sekisho-Probe: 01ab\r\n"));
}

static void
test_demo(void)
{
	const Outcome outcome = {.form_id = 4,
	    .status = "mail_sent",
	    .message = (char *)"",
	    .unit_tag = (char *)"u",
	    .posted_data_hash = (char *)"",
	    .is_demo = TRUE};
	assert_body(answer_outcome(&outcome),
	    "{\"contact_form_id\":4,\"status\":\"mail_sent\",\"message\":\"\","
	    "\"posted_data_hash\":\"\",\"demo_mode\":true,\"into\":\"#u\",\"invalid_fields\":[]}");
}

static void
test_invalid(void)
{
	Outcome outcome = {.form_id = 4,
	    .status = "validation_failed",
	    .message = g_strdup("Fix"),
	    .unit_tag = g_strdup("u"),
	    .posted_data_hash = g_strdup("")};
	outcome.invalid = g_ptr_array_new_with_free_func((GDestroyNotify)invalid_field_free);
	g_ptr_array_add(outcome.invalid, invalid_new("your-name", "必須", NULL));
	g_ptr_array_add(outcome.invalid, invalid_new("t", "a/b \"", "my-t"));
	assert_body(answer_outcome(&outcome),
	    "{\"contact_form_id\":4,\"status\":\"validation_failed\",\"message\":\"Fix\",\"invalid_fields\":["
	    "{\"field\":\"your-name\",\"message\":\"\\u5FC5\\u9808\",\"idref\":null,\"error_id\":\"u-ve-your-name\","
	    "\"into\":\"span.wpcf7-form-control-wrap.your-name\"},"
	    "{\"field\":\"t\",\"message\":\"a\\/b \\\"\",\"idref\":\"my-t\",\"error_id\":\"u-ve-t\","
	    "\"into\":\"span.wpcf7-form-control-wrap.t\"}],"
	    "\"posted_data_hash\":\"\",\"into\":\"#u\"}");
	outcome_clear(&outcome);
}

static void
test_refusal(void)
{
	g_autoptr(Answer) answer = answer_refusal(&route_refusal_form, "POST");
	g_assert_cmpuint(answer->status, ==, 404);
	g_assert_cmpstr(answer->body, ==,
	    "{\"code\":\"wpcf7_not_found\",\"message\":\"There is no contact form with this id.\","
	    "\"data\":{\"status\":404}}");
}

static void
test_description(void)
{
	assert_body(answer_description("POST", NULL), "{\"namespace\":\"contact-form-7\\/v1\",\"methods\":[\"POST\"],"
						      "\"endpoints\":[{\"methods\":[\"POST\"],\"args\":[]}]}");
	assert_body(answer_description("GET", g_variant_new_parsed("{'type': <'object'>}")),
	    "{\"namespace\":\"contact-form-7\\/v1\",\"methods\":[\"GET\"],\"endpoints\":[{\"methods\":[\"GET\"],\"args\":[]}],"
	    "\"schema\":{\"type\":\"object\"}}");
}

/* What the gate says beside the body. */
static void
test_gate_headers(void)
{
	const Answer plain = {.status = 200, .body = (char *)"{}"};
	const Answer answer = {.status = 200, .cookie = (char *)"a=b; Path=/", .retry_after_s = 61, .body = (char *)"{}"};
	g_autoptr(GString) without = answer_to_response(&plain, FALSE);
	g_autoptr(GString) with = answer_to_response(&answer, FALSE);
	g_assert_nonnull(strstr(with->str, "\r\nSet-Cookie: a=b; Path=/\r\n"));
	g_assert_nonnull(strstr(with->str, "\r\nRetry-After: 61\r\n"));
	g_assert_null(strstr(without->str, "Set-Cookie"));
	g_assert_null(strstr(without->str, "Retry-After"));
}

/* A held one's number stands right behind the message, before the hints. */
static void
test_receipt_told(void)
{
	char *hints[] = {(char *)"One", NULL};
	const Outcome outcome = {.form_id = 4,
	    .status = "mail_sent",
	    .message = (char *)"Wait",
	    .hints = hints,
	    .receipt = (char *)"ABC",
	    .is_receipt_told = TRUE,
	    .locale = "en_US",
	    .unit_tag = (char *)"u",
	    .posted_data_hash = (char *)""};
	assert_body(answer_outcome(&outcome),
	    "{\"contact_form_id\":4,\"status\":\"mail_sent\",\"message\":\"Wait\\nReceipt number: ABC\\nOne\","
	    "\"posted_data_hash\":\"\",\"into\":\"#u\",\"invalid_fields\":[]}");
}

static void
test_refill(void)
{
	assert_body(answer_document(g_variant_new_array(G_VARIANT_TYPE_VARIANT, NULL, 0), "GET"), "[]");
}

static void
test_response(void)
{
	const Answer answer = {.status = 415, .allow = "POST", .body = (char *)"{}"};
	g_autoptr(GString) response = answer_to_response(&answer, FALSE);
	g_autoptr(GString) head = answer_to_response(&answer, TRUE);
	g_assert_cmpstr(response->str, ==,
	    "Status: 415 Unsupported Media Type\r\n"
	    "Content-Type: application/json; charset=UTF-8\r\n"
	    "Content-Length: 2\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "X-Robots-Tag: noindex\r\n"
	    "Vary: Origin\r\n"
	    "Allow: POST\r\n"
	    "\r\n{}");
	g_assert_true(
	    g_str_has_suffix(head->str, "Content-Length: 2\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
					"X-Robots-Tag: noindex\r\nVary: Origin\r\nAllow: POST\r\n\r\n"));
	g_assert_null(strstr(head->str, "{}"));
}

/* A submission with one field, as the hash sees it. */
typedef struct {
	ClientFacts client;
	SubmissionField field;
	char *values[3];
	gpointer fields[1];
	GPtrArray array;
	Submission submission;
} Sample;

static const Submission *
sample(Sample *sample, const char *unit_tag, const char *first, const char *second)
{
	*sample = (Sample){.client = {.remote_ip = (char *)"192.0.2.1", .unit_tag = (char *)unit_tag},
	    .values = {(char *)first, (char *)second, NULL}};
	sample->field = (SubmissionField){.name = (char *)"n", .is_array = TRUE, .values = sample->values};
	sample->fields[0] = &sample->field;
	sample->array = (GPtrArray){.pdata = sample->fields, .len = 1};
	sample->submission = (Submission){.client = &sample->client, .fields = &sample->array};
	return &sample->submission;
}

static void
test_hash(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = g_dir_make_tmp("sekisho-front-XXXXXX", NULL);
	g_autofree char *keys = g_build_filename(directory, "keys", NULL);
	g_assert_true(vault_create(keys, &error));
	g_autoptr(Vault) vault = vault_open(keys, VAULT_FRONT, &error);
	g_assert_no_error(error);
	Sample one;
	g_autofree char *first = answer_posted_data_hash(vault, sample(&one, "u", "ab", "c"));
	g_autofree char *again = answer_posted_data_hash(vault, sample(&one, "u", "ab", "c"));
	g_autofree char *other_tag = answer_posted_data_hash(vault, sample(&one, "v", "ab", "c"));
	g_autofree char *other_cut = answer_posted_data_hash(vault, sample(&one, "u", "a", "bc"));
	clock_set_offset_us(1800 * G_USEC_PER_SEC);
	g_autofree char *later = answer_posted_data_hash(vault, sample(&one, "u", "ab", "c"));
	clock_set_offset_us(0);
	g_assert_cmpuint(strlen(first), ==, 32);
	g_assert_cmpuint(strspn(first, "0123456789abcdef"), ==, 32);
	g_assert_cmpstr(first, ==, again);     /* V03; once in half an hour the tick moves between the two lines */
	g_assert_cmpstr(first, !=, other_tag); /* V04 */
	g_assert_cmpstr(first, !=, other_cut);
	g_assert_cmpstr(first, !=, later);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/answer/a success has the documented keys in order", test_success);
	g_test_add_func("/front/answer/hints follow the message on lines of their own", test_hints);
	g_test_add_func("/front/answer/a probe reads its answer in a header", test_probe);
	g_test_add_func("/front/answer/S09 demo mode is said", test_demo);
	g_test_add_func("/front/answer/a failed validation serves old and new scripts", test_invalid);
	g_test_add_func("/front/answer/a refusal is WordPress's error document", test_refusal);
	g_test_add_func("/front/answer/T13 OPTIONS describes the route", test_description);
	g_test_add_func("/front/answer/T16 an empty refill is an array", test_refill);
	g_test_add_func("/front/answer/headers of the gate", test_gate_headers);
	g_test_add_func("/front/answer/a held one's number", test_receipt_told);
	g_test_add_func("/front/answer/headers are those of contract 1.4 and HEAD has no body", test_response);
	g_test_add_func("/front/answer/posted_data_hash is bound to half hour, unit tag and values", test_hash);
	return g_test_run();
}
