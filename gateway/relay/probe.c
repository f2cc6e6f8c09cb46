/*
 * What both kinds of probe share: how a handle is made, and what the library's codes mean. No state of its own.
 *
 * The library reads proxies from the environment, follows nothing and keeps nothing unless told; here it is told that there is no proxy, because the gateway's own
 * transports know none either. Certificates are always verified.
 */
#include <openssl/x509_vfy.h>

#include "probe_parts.h"
#include "sekisho/base/limits.h"

CURL *
probe_handle(char *problem, const char *ca_file)
{
	CURL *handle = curl_easy_init();

	g_assert(handle != NULL);
	problem[0] = '\0';
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)LIMIT_PROBE_MS);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_PROBE_MS);
	if (ca_file != NULL && ca_file[0] != '\0') {
		curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
	}
	return handle;
}

/* The library looks at the name itself, after OpenSSL had nothing to say of the chain, and leaves the result as it was before: unspecified. */
static ProbeState
certificate_state(CURL *handle)
{
	long result = X509_V_ERR_UNSPECIFIED;

	curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &result);
	if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED)
		return PROBE_WRONG_NAME;
	return result == X509_V_ERR_CERT_HAS_EXPIRED || result == X509_V_ERR_CERT_NOT_YET_VALID ? PROBE_WRONG_TIME
												: PROBE_NO_TRUST;
}

static gboolean
is_connected(CURL *handle)
{
	double seconds = 0;

	return curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME, &seconds) == CURLE_OK && seconds > 0;
}

ProbeState
probe_state(CURL *handle, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return PROBE_FINE;
	case CURLE_COULDNT_RESOLVE_HOST:
		return PROBE_NO_NAME;
	case CURLE_COULDNT_CONNECT:
		return PROBE_NO_ANSWER;
	case CURLE_OPERATION_TIMEDOUT:
		return is_connected(handle) ? PROBE_SILENCE : PROBE_NO_ANSWER;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return PROBE_SILENCE;
	case CURLE_PEER_FAILED_VERIFICATION:
		return certificate_state(handle);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return PROBE_WRONG_PIN;
	case CURLE_SSL_CACERT_BADFILE:
		return PROBE_NO_AUTHORITY;
	case CURLE_USE_SSL_FAILED:
		return PROBE_NO_TLS;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		return PROBE_TLS_FAILED;
	case CURLE_LOGIN_DENIED:
		return PROBE_LOGIN_REFUSED;
	default:
		return PROBE_REFUSED;
	}
}
