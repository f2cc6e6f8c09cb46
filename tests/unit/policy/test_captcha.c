/* Captchas without a network: which field is the token, what each answer of a service means, and which finding follows. */
#include <string.h>

#include "policy/captcha_services.h"
#include "sekisho/base/limits.h"

/* 2026-01-31 12:00:00 UTC */
#define RECEIVED_US (G_GINT64_CONSTANT(1769860800) * G_USEC_PER_SEC)
#define FRESH "\"challenge_ts\":\"2026-01-31T11:59:00Z\""

static char *hostnames[] = {(char *)"www.example.jp", (char *)"example.jp", NULL};

/* Of v3 as Contact Form 7 has it. */
static CaptchaSettings
settings_of(CaptchaService service)
{
	return (CaptchaSettings){.service = service,
	    .site_key = (char *)"the-site-key",
	    .hostnames = hostnames,
	    .action = (char *)(service == CAPTCHA_RECAPTCHA_V3 ? "contactform" : ""),
	    .minimum_score = 50,
	    .maximum_age_us = 5 * G_TIME_SPAN_MINUTE,
	    .endpoint = (char *)"",
	    .ca_file = (char *)""};
}

/* --- Answers -------------------------------------------------------------------------------------------------------- */

typedef struct {
	const char *name;
	CaptchaService service;
	long status;
	const char *json;
	CaptchaOutcome outcome;
	const char *code;
} Case;

#define V3 CAPTCHA_RECAPTCHA_V3
#define V2 CAPTCHA_RECAPTCHA_V2
#define TS CAPTCHA_TURNSTILE
#define HC CAPTCHA_HCAPTCHA
#define HOST "\"hostname\":\"www.example.jp\""
#define ACTION "\"action\":\"contactform\""
#define YES "{\"success\":true," FRESH "," HOST
#define SCORE(score) YES "," ACTION ",\"score\":" score "}"
#define NO(codes) "{\"success\":false,\"error-codes\":[" codes "]}"

static const Case cases[] = {
    {"score above", V3, 200, SCORE("0.9"), CAPTCHA_GOOD, "good"},
    {"score one as an integer", V3, 200, SCORE("1"), CAPTCHA_GOOD, "good"},
    {"score just above", V3, 200, SCORE("0.51"), CAPTCHA_GOOD, "good"},
    {"score at the minimum is not above it", V3, 200, SCORE("0.5"), CAPTCHA_DOUBTFUL, "score"},
    {"score below", V3, 200, SCORE("0.1"), CAPTCHA_DOUBTFUL, "score"},
    {"score zero", V3, 200, SCORE("0"), CAPTCHA_DOUBTFUL, "score"},
    {"score beyond", V3, 200, SCORE("1.5"), CAPTCHA_DOUBTFUL, "score"},
    {"score negative", V3, 200, SCORE("-1"), CAPTCHA_DOUBTFUL, "score"},
    {"score as text", V3, 200, SCORE("\"0.9\""), CAPTCHA_DOUBTFUL, "score"},
    {"score missing: keys of v2", V3, 200, YES "," ACTION "}", CAPTCHA_DOUBTFUL, "score"},
    {"Contact Form 7 takes a score without success", V3, 200, "{\"success\":false," ACTION ",\"score\":0.9}", CAPTCHA_DOUBTFUL,
	"unknown"},
    {"another action", V3, 200, YES ",\"action\":\"homepage\",\"score\":0.9}", CAPTCHA_DOUBTFUL, "action"},
    {"no action", V3, 200, YES ",\"score\":0.9}", CAPTCHA_DOUBTFUL, "action"},
    {"action as a number", V3, 200, YES ",\"action\":7,\"score\":0.9}", CAPTCHA_DOUBTFUL, "action"},
    {"another host", V3, 200, "{\"success\":true," FRESH "," ACTION ",\"score\":0.9,\"hostname\":\"evil.test\"}",
	CAPTCHA_DOUBTFUL, "hostname"},
    {"a host that ends alike", V2, 200, "{\"success\":true," FRESH ",\"hostname\":\"notexample.jp\"}", CAPTCHA_DOUBTFUL,
	"hostname"},
    {"no host", V2, 200, "{\"success\":true," FRESH "}", CAPTCHA_DOUBTFUL, "hostname"},
    {"host in capitals", V2, 200, "{\"success\":true," FRESH ",\"hostname\":\"EXAMPLE.jp\"}", CAPTCHA_GOOD, "good"},
    {"over quota beside success", V3, 200, YES "," ACTION ",\"score\":0.9,\"error-codes\":[\"Over free quota.\"]}",
	CAPTCHA_MISCONFIGURED, "quota"},
    {"v2", V2, 200, YES "}", CAPTCHA_GOOD, "good"},
    {"v2 looks at no score", V2, 200, YES ",\"score\":0.1}", CAPTCHA_GOOD, "good"},
    {"as old as allowed", V2, 200, "{\"success\":true,\"challenge_ts\":\"2026-01-31T11:55:00Z\"," HOST "}", CAPTCHA_GOOD, "good"},
    {"too old", V2, 200, "{\"success\":true,\"challenge_ts\":\"2026-01-31T11:54:59Z\"," HOST "}", CAPTCHA_ASK_AGAIN, "expired"},
    {"too old in another zone", V2, 200, "{\"success\":true,\"challenge_ts\":\"2026-01-31T20:54:59+09:00\"," HOST "}",
	CAPTCHA_ASK_AGAIN, "expired"},
    {"their clock is ahead", V2, 200, "{\"success\":true,\"challenge_ts\":\"2026-01-31T12:01:00.123Z\"," HOST "}", CAPTCHA_GOOD,
	"good"},
    {"no time", V2, 200, "{\"success\":true," HOST "}", CAPTCHA_DOUBTFUL, "age"},
    {"a time that is none", V2, 200, "{\"success\":true,\"challenge_ts\":\"noon\"," HOST "}", CAPTCHA_DOUBTFUL, "age"},
    {"turnstile", TS, 200, YES ",\"error-codes\":[],\"action\":\"\",\"cdata\":\"\"}", CAPTCHA_GOOD, "good"},
    {"hcaptcha", HC, 200, YES ",\"credit\":true}", CAPTCHA_GOOD, "good"},

    {"secret missing", V2, 200, NO("\"missing-input-secret\""), CAPTCHA_MISCONFIGURED, "secret"},
    {"secret wrong", V3, 200, NO("\"invalid-input-secret\""), CAPTCHA_MISCONFIGURED, "secret"},
    {"secret wrong with status 400", TS, 400, NO("\"invalid-input-secret\""), CAPTCHA_MISCONFIGURED, "secret"},
    {"secret wrong whatever the token is", HC, 200, NO("\"invalid-input-response\",\"invalid-input-secret\""),
	CAPTCHA_MISCONFIGURED, "secret"},
    {"dummy secret", HC, 200, NO("\"not-using-dummy-passcode\""), CAPTCHA_MISCONFIGURED, "secret"},
    {"bad request", V2, 200, NO("\"bad-request\""), CAPTCHA_MISCONFIGURED, "request"},
    {"a token that makes the request bad", TS, 200, NO("\"bad-request\",\"invalid-input-response\""), CAPTCHA_ASK_AGAIN,
	"refused"},
    {"address", HC, 200, NO("\"missing-remoteip\""), CAPTCHA_MISCONFIGURED, "request"},
    {"address wrong", HC, 200, NO("\"invalid-remoteip\""), CAPTCHA_MISCONFIGURED, "request"},
    {"quota", V3, 200, NO("\"quota-exceeded\""), CAPTCHA_MISCONFIGURED, "quota"},
    {"too many", TS, 429, "", CAPTCHA_MISCONFIGURED, "quota"},
    {"a stranger's own key", HC, 200, NO("\"sitekey-secret-mismatch\""), CAPTCHA_DOUBTFUL, "site_key"},
    {"a stranger's own key at Google", V3, 200, NO("\"invalid-keys\""), CAPTCHA_DOUBTFUL, "site_key"},
    {"no token", V2, 200, NO("\"missing-input-response\""), CAPTCHA_ASK_AGAIN, "refused"},
    {"token wrong", V2, 200, NO("\"invalid-input-response\""), CAPTCHA_ASK_AGAIN, "refused"},
    {"token expired or used", TS, 200, NO("\"timeout-or-duplicate\""), CAPTCHA_ASK_AGAIN, "expired"},
    {"token expired", HC, 200, NO("\"expired-input-response\""), CAPTCHA_ASK_AGAIN, "expired"},
    {"token used", HC, 200, NO("\"already-seen-response\""), CAPTCHA_ASK_AGAIN, "used"},
    {"token wrong or used", HC, 200, NO("\"invalid-or-already-seen-response\""), CAPTCHA_ASK_AGAIN, "used"},
    {"browser", V3, 200, NO("\"browser-error\""), CAPTCHA_ASK_AGAIN, "refused"},
    {"their error", TS, 200, NO("\"internal-error\""), CAPTCHA_UNREACHABLE, "service"},
    {"a new code", TS, 200, NO("\"sunspots\""), CAPTCHA_DOUBTFUL, "unknown"},
    {"a new code and a known one", TS, 200, NO("\"sunspots\",\"timeout-or-duplicate\""), CAPTCHA_ASK_AGAIN, "expired"},
    {"a code that is no text", TS, 200, NO("7"), CAPTCHA_DOUBTFUL, "unknown"},
    {"no code", TS, 200, "{\"success\":false}", CAPTCHA_DOUBTFUL, "unknown"},
    {"codes that are no list", TS, 200, "{\"success\":false,\"error-codes\":\"invalid-input-secret\"}", CAPTCHA_DOUBTFUL,
	"unknown"},

    {"success as text", V2, 200, "{\"success\":\"true\"}", CAPTCHA_UNREACHABLE, "answer"},
    {"success as a number", V2, 200, "{\"success\":1}", CAPTCHA_UNREACHABLE, "answer"},
    {"success twice", V2, 200, "{\"success\":false,\"success\":true," FRESH "," HOST "}", CAPTCHA_UNREACHABLE, "answer"},
    {"no success", V2, 200, "{}", CAPTCHA_UNREACHABLE, "answer"},
    {"a list", V2, 200, "[true]", CAPTCHA_UNREACHABLE, "answer"},
    {"a page", V2, 200, "<html>", CAPTCHA_UNREACHABLE, "answer"},
    {"nothing", V2, 200, "", CAPTCHA_UNREACHABLE, "answer"},
    {"more behind it", V2, 200, YES "} {}", CAPTCHA_UNREACHABLE, "answer"},
    {"success with another status", V2, 500, YES "}", CAPTCHA_UNREACHABLE, "http"},
    {"success with status 400", V2, 400, YES "}", CAPTCHA_UNREACHABLE, "http"},
    {"success with status 400 and a code", V2, 400, YES ",\"error-codes\":[\"bad-request\"]}", CAPTCHA_UNREACHABLE, "http"},
    {"a refusal without codes, as a guard's", TS, 403, "{\"success\":false}", CAPTCHA_UNREACHABLE, "http"},
    {"a secret that a broken server blames", V2, 500, NO("\"invalid-input-secret\""), CAPTCHA_UNREACHABLE, "http"},
    {"not there", TS, 404, "<html>", CAPTCHA_UNREACHABLE, "http"},
    {"elsewhere", TS, 302, "", CAPTCHA_UNREACHABLE, "http"},
};

static void
test_answers(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const CaptchaSettings settings = settings_of(cases[i].service);
		const CaptchaReply reply = {&settings, RECEIVED_US, cases[i].status, cases[i].json, strlen(cases[i].json)};
		CaptchaAnswer answer = {0};
		captcha_services_judge(&reply, &answer);
		g_test_message("%s: %s", cases[i].name, answer.what);
		g_assert_cmpstr(answer.code, ==, cases[i].code);
		g_assert_cmpint((int)answer.outcome, ==, (int)cases[i].outcome);
		captcha_answer_clear(&answer);
	}
}

static void
test_any_host(void)
{
	static char *none[] = {NULL};
	static const char json[] = "{\"success\":true," FRESH ",\"hostname\":\"evil.test\"}";
	CaptchaSettings settings = settings_of(V2);
	const CaptchaReply reply = {&settings, RECEIVED_US, 200, json, strlen(json)};
	CaptchaAnswer answer = {0};

	settings.hostnames = none;
	captcha_services_judge(&reply, &answer);
	g_assert_cmpint((int)answer.outcome, ==, CAPTCHA_GOOD);
	captcha_answer_clear(&answer);
}

/* 0.3 is a little more than three tenths in a computer. */
static void
test_every_hundredth(void)
{
	for (guint minimum = 0; minimum <= 100; minimum++) {
		CaptchaSettings settings = settings_of(V3);
		g_autofree char *json = g_strdup_printf(SCORE("%u.%02u"), minimum / 100, minimum % 100);
		const CaptchaReply reply = {&settings, RECEIVED_US, 200, json, strlen(json)};
		CaptchaAnswer answer = {0};
		settings.minimum_score = minimum;
		captcha_services_judge(&reply, &answer);
		g_assert_cmpint((int)answer.outcome, ==, CAPTCHA_DOUBTFUL);
		captcha_answer_clear(&answer);
	}
}

/* --- Questions ------------------------------------------------------------------------------------------------------ */

static void
test_bodies(void)
{
	static const struct {
		CaptchaService service;
		const char *body;
	} bodies[] = {
	    {V3, "secret=s%26cret%3D&response=to%2Fken%25"},
	    {V2, "secret=s%26cret%3D&response=to%2Fken%25"},
	    {TS, "secret=s%26cret%3D&response=to%2Fken%25&idempotency_key=a-key"},
	    {HC, "secret=s%26cret%3D&response=to%2Fken%25&sitekey=the-site-key"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		const CaptchaSettings settings = settings_of(bodies[i].service);
		const CaptchaQuestion question = {&settings, "s&cret=", "to/ken%", RECEIVED_US};
		GString *body = captcha_services_body(&question, "a-key");
		g_assert_cmpstr(body->str, ==, bodies[i].body);
		captcha_services_wipe(body);
		g_assert_true(g_str_has_prefix(captcha_services_url(&settings), "https://"));
	}
	g_assert_true(captcha_services_is_repeatable(TS));
	g_assert_false(captcha_services_is_repeatable(V3));
}

static void
test_endpoint(void)
{
	CaptchaSettings settings = settings_of(V3);
	g_assert_cmpstr(captcha_services_url(&settings), ==, "https://www.google.com/recaptcha/api/siteverify");
	settings.endpoint = (char *)"https://www.recaptcha.net/recaptcha/api/siteverify";
	g_assert_cmpstr(captcha_services_url(&settings), ==, settings.endpoint);
}

/* --- Tokens --------------------------------------------------------------------------------------------------------- */

static void
test_tokens(void)
{
	static const struct {
		const char *body, *tokens[6]; /* by CaptchaService */
	} posts[] = {
	    {"your-name=a", {"", "", "", "", "", ""}},
	    {"_wpcf7_recaptcha_response=a&g-recaptcha-response=b", {"", "a", "a", "", "b", ""}},
	    {"_wpcf7_recaptcha_response=&g-recaptcha-response=b", {"", "b", "b", "", "b", ""}},
	    {"_wpcf7_turnstile_response=a&cf-turnstile-response=b", {"", "", "", "a", "", ""}},
	    {"cf-turnstile-response=b", {"", "", "", "b", "", ""}},
	    {"h-captcha-response=a&g-recaptcha-response=b&altcha=c", {"", "b", "b", "", "a", "c"}},
	    {"g-recaptcha-response[]=b&altcha[x]=c", {"", "", "", "", "", ""}},
	};
	for (guint i = 0; i < G_N_ELEMENTS(posts); i++) {
		g_autoptr(Posted) posted = posted_from_urlencoded(posts[i].body, strlen(posts[i].body), NULL);
		for (guint service = CAPTCHA_NONE; service <= CAPTCHA_ALTCHA; service++) {
			const CaptchaSettings settings = settings_of((CaptchaService)service);
			g_assert_cmpstr(captcha_token(&settings, posted), ==, posts[i].tokens[service]);
		}
	}
	/* Each field that a token was found in is named as one. */
	g_assert_cmpuint(g_strv_length((char **)captcha_fields()), ==, 6);
}

static void
test_fit(void)
{
	g_autofree char *most = g_strnfill(LIMIT_CAPTCHA_TOKEN_BYTES, 'a'),
			*more = g_strnfill(LIMIT_CAPTCHA_TOKEN_BYTES + 1, 'a');
	const struct {
		const char *token, *code;
	} tokens[] = {{"", "missing"}, {"a b", "malformed"}, {"a\r\nb", "malformed"}, {"\x7f", "malformed"},
	    {"\xe3\x81\x82", "malformed"}, {more, "malformed"}, {most, NULL}, {"0.a-b_C~=+/", NULL}};

	for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
		CaptchaAnswer answer = {0};
		g_assert_true(captcha_token_is_fit(tokens[i].token, &answer) == (tokens[i].code == NULL));
		g_assert_cmpstr(answer.code, ==, tokens[i].code);
		if (tokens[i].code != NULL)
			g_assert_cmpint((int)answer.outcome, ==, CAPTCHA_ASK_AGAIN);
		captcha_answer_clear(&answer);
	}
}

/* What a service is asked about: nothing that its guard against attacks would stumble over. */
static void
test_fit_for_services(void)
{
	static const struct {
		const char *token;
		gboolean is_fit;
	} tokens[] = {{"03AFcWeA-_x9", TRUE}, {"P1_eyJ0eXAi.eyJwYXNza2V5.s-S_g", TRUE}, {"0.abc-_D", TRUE}, {"", FALSE},
	    {"XXXX.DUMMY.TOKEN.XXXX", TRUE}, {"10000000-aaaa-bbbb-cccc-000000000001", TRUE}, {"a/../b", FALSE}, {"a'b", FALSE},
	    {"<a>", FALSE}, {"a+b", FALSE}, {"a%00", FALSE}, {"a=", FALSE}, {"a b", FALSE}};
	for (guint i = 0; i < G_N_ELEMENTS(tokens); i++) {
		CaptchaAnswer answer = {0};
		g_assert_true(captcha_services_token_is_fit(tokens[i].token, &answer) == tokens[i].is_fit);
		if (!tokens[i].is_fit)
			g_assert_cmpint((int)answer.outcome, ==, CAPTCHA_ASK_AGAIN);
		captcha_answer_clear(&answer);
	}
}

static void
test_names(void)
{
	static const char *const names[] = {"none", "recaptcha-v3", "recaptcha-v2", "turnstile", "hcaptcha", "altcha"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_cmpstr(captcha_service_name((CaptchaService)i), ==, names[i]);
}

/* --- Findings ------------------------------------------------------------------------------------------------------- */

static void
test_judge(void)
{
	static const struct {
		CaptchaOutcome outcome;
		FindingAction action;
		const char *code;
	} judged[] = {
	    {CAPTCHA_GOOD, FINDING_PASS, "x"},
	    {CAPTCHA_DOUBTFUL, FINDING_HOLD, "x"},
	    {CAPTCHA_ASK_AGAIN, FINDING_AGAIN, "x"},
	    {CAPTCHA_UNREACHABLE, FINDING_HOLD, "x"},
	    {CAPTCHA_MISCONFIGURED, FINDING_NOTE, "unchecked"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(judged); i++) {
		g_autoptr(GPtrArray) findings = findings_new();
		const CaptchaAnswer answer = {judged[i].outcome, "x", (char *)"What was seen."};
		captcha_judge(i % 2 == 0 ? CHECK_ON : CHECK_DRY_RUN, &answer, findings);
		g_assert_cmpuint(findings->len, ==, 1);
		const Finding *finding = findings->pdata[0];
		g_assert_cmpint((int)finding->check, ==, CHECK_CAPTCHA);
		g_assert_cmpint((int)finding->action, ==, (int)judged[i].action);
		g_assert_cmpuint(finding->points, ==, 0);
		g_assert_true(finding->is_dry_run == (i % 2 != 0));
		g_assert_cmpstr(finding->code, ==, judged[i].code);
		g_assert_cmpstr(finding->what, ==, "What was seen.");
		captcha_judge(CHECK_OFF, &answer, findings);
		g_assert_cmpuint(findings->len, ==, 1);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/captcha/answers", test_answers);
	g_test_add_func("/policy/captcha/any_host", test_any_host);
	g_test_add_func("/policy/captcha/every_hundredth", test_every_hundredth);
	g_test_add_func("/policy/captcha/bodies", test_bodies);
	g_test_add_func("/policy/captcha/endpoint", test_endpoint);
	g_test_add_func("/policy/captcha/tokens of services", test_fit_for_services);
	g_test_add_func("/policy/captcha/tokens", test_tokens);
	g_test_add_func("/policy/captcha/fit", test_fit);
	g_test_add_func("/policy/captcha/names", test_names);
	g_test_add_func("/policy/captcha/judge", test_judge);
	return g_test_run();
}
