/*
 * Why a session by libcurl never opened. The library's code tells which part failed, the guard has the dialogue and the sentences. No state.
 */
#include "curl_failure.h"

#include <openssl/x509_vfy.h>

/* The library compares the name itself, after OpenSSL found the chain good. */
static const char *
certificate_problem(CURL *handle, const Account *account)
{
	long result = X509_V_ERR_UNSPECIFIED;

	curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &result);
	if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED)
		result = g_hostname_is_ip_address(account->host) ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH;
	return X509_verify_cert_error_string(result);
}

/* A server says what it has against a token in a challenge, as JSON in base64, and 535 only to the next line, which the library does not say. */
static void
take_challenge(SessionGuard *guard)
{
	gsize size = 0;
	g_autofree guchar *bytes = g_base64_decode(guard->last_text->str, &size);

	if (g_utf8_validate((const char *)bytes, (gssize)size, NULL))
		g_string_append_len(g_string_truncate(guard->auth_text, 0), (const char *)bytes, (gssize)size);
}

/* RFC 5321 3.2 and 4.2.4: EHLO is not understood, so STARTTLS is not offered. */
static gboolean
is_hello_unknown(const SessionGuard *guard)
{
	return guard->is_tls_required && !guard->is_tls_established && guard->hello_code >= 500 && guard->hello_code <= 504;
}

/* Tells the guard what only the library knows. */
static void
note_failure(CURL *handle, CURLcode code, SessionGuard *guard)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		g_string_assign(guard->tls_problem, certificate_problem(handle, guard->account));
		guard->is_tls_failed = TRUE;
		break;
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		g_string_assign(guard->tls_problem, SESSION_GUARD_WRONG_PIN);
		guard->is_tls_failed = TRUE;
		break;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		guard->is_tls_failed = TRUE;
		break;
	case CURLE_REMOTE_ACCESS_DENIED:
	case CURLE_WRITE_ERROR:
		guard->is_tls_failed |= is_hello_unknown(guard);
		break;
	case CURLE_WEIRD_SERVER_REPLY:
		guard->is_out_of_turn |= guard->is_tls_required && !guard->is_tls_established && guard->starttls_code == 220;
		break;
	case CURLE_LOGIN_DENIED:
		guard->is_auth_failed = TRUE;
		if (guard->account->login == ACCOUNT_XOAUTH2 && guard->auth_code == 334)
			take_challenge(guard);
		break;
	default:
		break;
	}
}

GError *
curl_failure(CURL *handle, CURLcode code, SessionGuard *guard, const char **server_text)
{
	*server_text = "";
	if (code == CURLE_SSL_CACERT_BADFILE)
		return session_guard_no_authorities(guard->account->ca_file);
	note_failure(handle, code, guard);
	return session_guard_failure(guard, server_text);
}
