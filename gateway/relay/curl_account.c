/*
 * An account in libcurl's terms. No state.
 */
#include "curl_account.h"

#include <string.h>

#include "transports.h"

static gboolean
is_ipv6_address(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF:.") == strlen(text) && g_hostname_is_ip_address(text);
}

char *
curl_account_url(const Account *account)
{
	const char *hello = *account->hello == '\0' ? g_get_host_name() : account->hello;
	const char *scheme = account->security == ACCOUNT_TLS ? "smtps" : "smtp";
	gboolean is_bracketed = is_ipv6_address(account->host) && strchr(account->host, ':') != NULL;

	if (!is_bracketed && !transport_is_host_name(account->host))
		return NULL;
	return g_strdup_printf("%s://%s%s%s:%u/%s", scheme, is_bracketed ? "[" : "", account->host, is_bracketed ? "]" : "",
	    account->port, transport_is_host_name(hello) ? hello : "localhost");
}

void
curl_account_set_security(CURL *handle, const Account *account)
{
	if (account->security == ACCOUNT_PLAIN_LOOPBACK)
		return;
	curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (*account->ca_file != '\0') {
		curl_easy_setopt(handle, CURLOPT_CAINFO, account->ca_file);
		curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
	}
	if (*account->pins != '\0')
		curl_easy_setopt(handle, CURLOPT_PINNEDPUBLICKEY, account->pins);
}

void
curl_account_set_login(CURL *handle, const Account *account, const char *secret)
{
	if (*account->user == '\0')
		return;
	gboolean is_token = account->login == ACCOUNT_XOAUTH2;
	curl_easy_setopt(handle, CURLOPT_USERNAME, account->user);
	curl_easy_setopt(handle, is_token ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, secret);
	curl_easy_setopt(handle, CURLOPT_LOGIN_OPTIONS, is_token ? "AUTH=XOAUTH2" : "AUTH=PLAIN;AUTH=LOGIN");
	curl_easy_setopt(handle, CURLOPT_SASL_IR, 1L);
}
