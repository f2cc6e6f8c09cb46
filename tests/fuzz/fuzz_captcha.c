/*
 * What a captcha brings: the input is read as an ALTCHA payload, as the JSON in one, and as the answer of each service. Promises: nothing that was not signed here is
 * good, and no payload is called our fault; a service's answer is good with status 200 alone; what is told about it makes one line for the operator.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "fuzz.h"
#include "policy/captcha_services.h"
#include "sekisho/policy/altcha.h"

/* 2026-01-31 12:00:00 UTC */
#define RECEIVED_US (G_GINT64_CONSTANT(1769860800) * G_USEC_PER_SEC)

/* The keys of one run; nothing of an input is kept in it. */
static Vault *
vault_for_all(void)
{
	static Vault *vault;
	static const char *const files[] = {"vault.key", "vault.pub", "match.key", "link.key", "link.pub"};

	if (vault != NULL)
		return vault;
	g_autofree char *parent = g_dir_make_tmp("sekisho-fuzz-XXXXXX", NULL), *folder = g_build_filename(parent, "keys", NULL);
	g_assert_true(vault_create(folder, NULL));
	vault = vault_open(folder, VAULT_FRONT, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(folder, files[i], NULL);
		g_remove(path);
	}
	g_rmdir(folder);
	g_rmdir(parent);
	return vault;
}

static void
fuzz_payload(const char *payload)
{
	const AltchaRequest request = {.site = "example", .form_id = 7};
	CaptchaAnswer answer = {0};
	VaultHash mark;

	g_assert_cmpint(altcha_verify(vault_for_all(), &request, payload, &answer, &mark), ==, 0);
	g_assert_cmpint((int)answer.outcome, ==, CAPTCHA_ASK_AGAIN);
	g_assert_nonnull(answer.code);
	captcha_answer_clear(&answer);
}

static void
fuzz_answer(CaptchaService service, long status, const char *bytes, gsize size)
{
	char *hostnames[] = {(char *)"www.example.jp", NULL};
	const CaptchaSettings settings = {.service = service,
	    .hostnames = hostnames,
	    .action = (char *)"contactform",
	    .minimum_score = 50,
	    .maximum_age_us = 5 * G_TIME_SPAN_MINUTE};
	const CaptchaReply reply = {&settings, RECEIVED_US, status, bytes, size};
	CaptchaAnswer answer = {0};
	g_autoptr(GPtrArray) findings = findings_new();

	captcha_services_judge(&reply, &answer);
	g_assert_true(answer.outcome != CAPTCHA_GOOD || status == 200);
	captcha_judge(CHECK_ON, &answer, findings);
	const Finding *finding = findings->pdata[0];
	g_assert_true(g_utf8_validate(finding->what, -1, NULL));
	for (const char *at = finding->what; *at != '\0'; at++)
		g_assert_false(g_ascii_iscntrl(*at));
	captcha_answer_clear(&answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const long statuses[] = {200, 400, 429, 500};
	g_autofree char *text = g_strndup((const char *)bytes, size), *payload = g_base64_encode(bytes, size);

	fuzz_payload(text);
	fuzz_payload(payload);
	for (CaptchaService service = CAPTCHA_RECAPTCHA_V3; service <= CAPTCHA_HCAPTCHA; service++)
		for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
			fuzz_answer(service, statuses[i], (const char *)bytes, size);
	return 0;
}
