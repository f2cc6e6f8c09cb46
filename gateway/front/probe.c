/*
 * Probes and canaries are told from visitors here, before anything else is looked at. No state. A header that is not right ends the request: what wanted to be a
 * test must never become an ordinary submission in the owner's mailbox.
 */
#include "probe.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* 256 bits; the program that asks chooses them. */
#define NONCE_DIGITS 64u

static const RouteRefusal refusal_probe = {400, "sekisho_probe", "Sekisho-Probe must be 1 to 64 hexadecimal digits."};
static const RouteRefusal refusal_canary = {400, "sekisho_canary", "Sekisho-Canary is not a token of this site, or too old."};

static gboolean
is_nonce(const char *text)
{
	const gsize size = strlen(text);
	return size <= NONCE_DIGITS && strspn(text, "0123456789abcdefABCDEF") == size;
}

gboolean
probe_answer(Job *job)
{
	const char *nonce = request_param(&job->request, PARAM_PROBE);
	if (nonce[0] == '\0' || job->route.name == NULL)
		return FALSE;
	if (!is_nonce(nonce)) {
		job_end_refused(job, &refusal_probe, "page.unreadable");
		return TRUE;
	}
	g_autofree char *said = g_strdup_printf("%s\n%s\n%s", request_param(&job->request, PARAM_SITE), job->route.name, nonce);
	g_autoptr(GString) digits = g_string_new(NULL);
	VaultHash hash;
	vault_hash(job->front->vault, VAULT_HASH_PROBE, said, strlen(said), &hash);
	text_append_hex(digits, hash.bytes, VAULT_HASH_BYTES);
	job_end_with_answer(job, answer_probe(digits->str));
	return TRUE;
}

gboolean
probe_is_canary_true(Job *job)
{
	const char *token = request_param(&job->request, PARAM_CANARY);
	VaultLink link = {.purpose = VAULT_LINK_CANARY, .site = job->site->facts->name};
	if (token[0] == '\0')
		return TRUE;
	if (strlen(token) <= LIMIT_CANARY_BYTES && vault_link_verify(job->front->vault, token, &link, NULL)) {
		g_bytes_unref(link.payload);
		if (clock_now_us() < link.expires_at_us)
			return TRUE;
	}
	job_end_refused(job, &refusal_canary, "page.unreadable");
	return FALSE;
}
