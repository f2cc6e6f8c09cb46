/*
 * The front for real: its threads, its journal, a database on disk, and web servers that behave well, badly, or not at all.
 */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/db.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

/* --- Answers ---------------------------------------------------------------------------------------------------------- */

static void
test_success(void)
{
	Gateway *gateway = gateway_start(2);
	g_autoptr(GString) body = good_body();
	ClientRequest request = feedback(body);
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, "{\"contact_form_id\":4,\"status\":\"mail_sent\",\"message\":\"");
	assert_has(answer, "\"into\":\"#" UNIT_TAG "\",\"invalid_fields\":[]}");

	/* What was acknowledged is on disk, with the mail it promises, and the courier was woken. */
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) items = outbox_list(db, &(OutboxFilter){.site = "example.jp", .states = OUTBOX_UNSETTLED}, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(items->len, ==, 1);
	const OutboxItem *item = items->pdata[0];
	g_assert_cmpint(item->kind, ==, MAIL_NOTICE);
	g_assert_cmpuint(item->form_id, ==, 4);

	/* What it would have mailed to the visitor is on record, and refused. */
	g_autoptr(GPtrArray) all = outbox_of_submission(db, item->submission_id, &error);
	g_assert_cmpuint(all->len, ==, 2);
	const OutboxItem *reply = ((OutboxItem *)all->pdata[0])->kind == MAIL_NOTICE ? all->pdata[1] : all->pdata[0];
	const Delivery *refused = reply->deliveries->pdata[0];
	g_assert_cmpint(reply->kind, ==, MAIL_REPLY);
	g_assert_cmpint(refused->state, ==, DELIVERY_REFUSED);

	eventfd_t woken = 0;
	g_assert_cmpint(eventfd_read(gateway->wake, &woken), ==, 0);
	g_assert_cmpuint(woken, ==, 1);
	g_assert_true(gateway_wait_log(gateway, "status=mail_sent mails=1"));
	gateway_stop(gateway);
}

/* A reply to a typed address waits for the courier's leave, the visitor is told so, and it alone is no reason to say "sent". */
static void
test_reply(void)
{
	static const char ini[] = "[mail_2]\nactive = on\nrecipient = [your-email]\n";
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 7, ini, "[text* your-name][email* your-email][select dept \"A|owner@example.jp\"][submit]");
	gateway_add_form(gateway, 8, "[mail]\nrecipient = [dept]\n[mail_2]\nactive = on\nrecipient = [your-email]\n",
	    "[email* your-email][select dept include_blank \"A|owner@example.jp\"][submit]");
	g_autofree char *sent = submit(gateway, 7,
	    client_multipart(
		"_wpcf7_unit_tag", UNIT_TAG, "your-name", "Taro", "your-email", "taro@docomo.ne.jp", "dept", "A", NULL));
	assert_has(sent, "\"message\":\"Thanks, your message is on its way.\\nBefore the reply you may get a mail");
	assert_has(sent, "accept mail from example.jp.\",\"posted_data_hash\"");
	g_assert_true(gateway_wait_log(gateway, "status=mail_sent mails=1"));
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) items = outbox_list(db, &(OutboxFilter){.site = "example.jp", .states = OUTBOX_UNSETTLED}, 10, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(items->len, ==, 2);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		const Delivery *delivery = item->deliveries->pdata[0];
		g_assert_true(item->kind == MAIL_NOTICE || item->kind == MAIL_REPLY);
		g_assert_cmpint(delivery->state, ==, DELIVERY_QUEUED);
	}
	/* Nobody but the visitor would get this one, and perhaps not even he. */
	g_autofree char *failed = submit(
	    gateway, 8, client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-email", "taro@docomo.ne.jp", "dept", "", NULL));
	assert_has(failed, "\"status\":\"mail_failed\"");
	g_assert_null(strstr(failed, "Before the reply"));
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	gateway_stop(gateway);
}

typedef struct {
	const char *name;
	const char *method;
	const char *uri;
	const char *content_type;
	const char *body; /* raw; NULL: none */
	const char *site;
	const char *status;
	const char *text;
} AnswerCase;

#define PART(name, value)                                                                                                        \
	"--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n--" GATEWAY_BOUNDARY    \
	"--\r\n"

static const AnswerCase answers[] = {
    {"T01", "POST", FORMS "/4/feedback", "application/x-www-form-urlencoded", "a=b", NULL, "415", "wpcf7_unsupported_media_type"},
    {"T03", "POST", FORMS "/999/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), NULL, "404", "wpcf7_not_found"},
    {"T04", "POST", FORMS "/abc/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), NULL, "404", "rest_no_route"},
    {"T05", "POST", FORMS "/0004/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), NULL, "200",
	"{\"contact_form_id\":4,\"status\":\"validation_failed\""},
    {"T06", "POST", FORMS "/4/feedback", MULTIPART, PART("a", "b"), NULL, "400", "wpcf7_unit_tag_not_found"},
    {"T06 zero", "POST", FORMS "/4/feedback", MULTIPART, PART("_wpcf7_unit_tag", "0"), NULL, "400", "wpcf7_unit_tag_not_found"},
    {"T07", "POST", FORMS "/4/feedback", MULTIPART, PART("_wpcf7_unit_tag", " wpcf7-f4<b>-o1 "), NULL, "200",
	"\"error_id\":\"wpcf7-f4b-o1-ve-your-name\""},
    {"T08", "POST", FORMS "/4/feedback?_wpcf7_unit_tag=zz", MULTIPART, PART("a", "b"), NULL, "200", "\"into\":\"#zz\""},
    {"T09", "POST", FORMS "/4/feedback", MULTIPART, "garbage", NULL, "400", "wpcf7_unit_tag_not_found"},
    {"T09 no boundary", "POST", FORMS "/4/feedback", "multipart/form-data", PART("_wpcf7_unit_tag", "u"), NULL, "400",
	"wpcf7_unit_tag_not_found"},
    {"T09 other type", "POST", FORMS "/4/feedback", "multipart/form-data-x; boundary=" GATEWAY_BOUNDARY,
	PART("_wpcf7_unit_tag", "u"), NULL, "400", "wpcf7_unit_tag_not_found"},
    {"T12", "GET", FORMS "/4/feedback", NULL, NULL, NULL, "404", "rest_no_route"},
    {"T13", "OPTIONS", FORMS "/4/feedback", NULL, NULL, NULL, "200", "\"endpoints\":[{\"methods\":[\"POST\"],\"args\":[]}]"},
    {"T14", "GET", FORMS "/4/feedback/schema", NULL, NULL, NULL, "200",
	"{\"version\":\"Contact Form 7 SWV Schema "
	"2024-10\",\"locale\":\"en\",\"rules\":[{\"rule\":\"required\",\"field\":\"your-name\""},
    {"T15", "GET", FORMS "/999/refill", NULL, NULL, NULL, "404", "wpcf7_not_found"},
    {"T16", "GET", FORMS "/4/refill", NULL, NULL, NULL, "200", "\r\n\r\n[]"},
    {"T19", "GET", FORMS "/4", NULL, NULL, NULL, "403", "wpcf7_forbidden"},
    {"no site named", "POST", FORMS "/4/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), "", "200",
	"\"status\":\"mail_failed\""},
    {"an unknown site", "POST", FORMS "/4/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), "other.jp", "200",
	"\"status\":\"mail_failed\""},
    {"a site outside", "POST", FORMS "/4/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), "../sites/example.jp", "200",
	"\"status\":\"mail_failed\""},
    {"a broken form", "POST", FORMS "/6/feedback", MULTIPART, PART("_wpcf7_unit_tag", "u"), NULL, "200",
	"\"status\":\"mail_failed\""},
    {"a plain POST without a form", "POST", "/contact/", "application/x-www-form-urlencoded", "a=b", NULL, "400",
	"did not say which form"},
    {"a plain POST of JSON", "POST", "/contact/", "application/json", "{}", NULL, "400", "<!DOCTYPE html>"},
    {"a plain POST to an unknown form", "POST", "/contact/", "application/x-www-form-urlencoded", "_wpcf7=99", NULL, "404",
	"does not exist"},
    {"S15 a plain POST with problems", "POST", "/contact/", "application/x-www-form-urlencoded", "_wpcf7=4&your-email=x", NULL,
	"200", "<dt>your-email</dt>"},
    {"S14 a plain POST", "POST", "/contact/?x=1", "application/x-www-form-urlencoded",
	"_wpcf7=4&_wpcf7_unit_tag=u1&your-name=a&your-email=a@example.org&your-subject=s", NULL, "200",
	"<a href=\"https://example.jp/contact/?x=1\">"},
    {"S09 demo mode", "POST", FORMS "/5/feedback", MULTIPART,
	"--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"your-name\"\r\n\r\na\r\n"
	"--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"your-subject\"\r\n\r\na\r\n"
	"--" GATEWAY_BOUNDARY
	"\r\nContent-Disposition: form-data; name=\"your-email\"\r\n\r\na@example.org\r\n" PART("_wpcf7_unit_tag", "u"),
	NULL, "200", "\"demo_mode\":true"},
};

/* All on one kept connection, in this order: a refusal must leave it usable whatever the request before sent. */
static void
test_answers(void)
{
	Gateway *gateway = gateway_start(2);
	const int connection = client_connect(gateway);
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		const AnswerCase *one = &answers[i];
		g_autoptr(GString) body = one->body != NULL ? g_string_new(one->body) : NULL;
		g_autofree char *status = g_strconcat("Status: ", one->status, " ", NULL);
		g_test_message("%s", one->name);
		client_send(connection, &(ClientRequest){.method = one->method,
					    .uri = one->uri,
					    .content_type = one->content_type,
					    .site = one->site,
					    .body = body,
					    .is_kept = TRUE});
		g_autofree char *answer = client_receive(connection);
		assert_has(answer, status);
		assert_has(answer, one->text);
	}
	(void)close(connection);
	/* S14 and S09: the demo is kept too, and promises no mail. */
	g_assert_cmpuint(stored_count(gateway), ==, 2);
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) items = outbox_list(db, &(OutboxFilter){.states = OUTBOX_UNSETTLED}, 10, NULL);
	g_assert_cmpuint(items->len, ==, 1);
	g_assert_true(gateway_wait_log(gateway, "fastcgi_param SEKISHO_SITE"));
	gateway_stop(gateway);
}

static void
test_receipt(void)
{
	Gateway *gateway = gateway_start(1);
	g_autoptr(GString) body = g_string_new("_wpcf7=4&your-name=a&your-email=a@example.org&your-subject=s");
	g_autofree char *answer = client_ask(gateway,
	    &(ClientRequest){.method = "POST", .uri = "/", .body = body, .content_type = "application/x-www-form-urlencoded"});
	assert_has(answer, "<strong class=\"receipt\">");
	g_autofree char *receipt = g_strndup(strstr(answer, "class=\"receipt\">") + strlen("class=\"receipt\">"), 12);
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(SubmissionSummary) summary = submissions_find(db, receipt, NULL);
	g_assert_nonnull(summary);
	g_assert_cmpint(summary->purge_at_us - summary->received_at_us, ==, 90 * G_TIME_SPAN_DAY);
	gateway_stop(gateway);
}

static void
test_ceilings(void)
{
	Gateway *gateway = gateway_start(1);
	const int connection = client_connect(gateway);
	g_autofree char *text = g_strnfill(2 * LIMIT_FIELDS_BYTES, 'x');
	g_autoptr(GString) large = client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-message", text, NULL);
	g_autoptr(GString) small = good_body();

	/* Too much text: a clear answer, and the connection goes on. */
	ClientRequest request = feedback(large);
	request.is_kept = TRUE;
	client_send(connection, &request);
	g_autofree char *refused = client_receive(connection);
	assert_has(refused, "Status: 200 OK");
	assert_has(refused, "\"status\":\"aborted\"");
	request.body = small;
	client_send(connection, &request);
	g_autofree char *taken = client_receive(connection);
	assert_has(taken, "\"status\":\"mail_sent\"");

	/* Params beyond their ceiling. */
	g_autofree char *referer = g_strnfill(LIMIT_PARAMS_BYTES, 'r');
	request.referer = referer;
	client_send(connection, &request);
	g_autofree char *oversized = client_receive(connection);
	assert_has(oversized, "\"status\":\"aborted\"");
	(void)close(connection);

	/* A body declared above LIMIT_BODY_BYTES is answered unread, and the connection closed. */
	const int other = client_connect(gateway);
	request = feedback(small);
	request.is_kept = TRUE;
	request.declared = (gssize)LIMIT_BODY_BYTES + 1;
	client_send_head(other, &request);
	client_send_body(other, text, LIMIT_DRAIN_BYTES + 65536);
	g_autofree char *unread = client_receive(other);
	assert_has(unread, "\"status\":\"aborted\"");
	g_assert_true(client_is_closed(other));
	(void)close(other);
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/server/V02 a submission is on disk before the visitor reads sent", test_success);
	g_test_add_func("/front/server/a reply to a typed address is promised and is not what makes a message sent", test_reply);
	g_test_add_func("/front/server/every kind of request is answered as the contract says", test_answers);
	g_test_add_func("/front/server/the receipt on the page finds the submission", test_receipt);
	g_test_add_func("/front/server/past a ceiling there is a clear answer", test_ceilings);
	return g_test_run();
}
