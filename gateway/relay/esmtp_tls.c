/*
 * TLS for libesmtp. Its own certificate check takes the DNS canonical name for the host, ignores IP addresses and sends no
 * SNI; its own SSL_CTX is freed too early. So the context is ours, OpenSSL verifies chain and configured name, and a handshake
 * that fails the check never completes.
 *
 * TLS 1.2 exactly: with TLS 1.3 the session tickets that a server sends after the handshake make the library wait for a reply
 * to an EHLO that it has not sent. One context per session, no session cache, so the check runs every time.
 */
#include "esmtp_tls.h"

#include <openssl/x509v3.h>

#include "pin.h"
#include "sekisho/base/error.h"

static gboolean
is_pinned(const X509 *certificate, const char *pins)
{
	g_auto(GStrv) list = g_strsplit(pins, ";", -1);
	g_autofree char *pin = pin_of(certificate);

	return *pins == '\0' || g_strv_contains((const char *const *)list, pin);
}

/* Called for each certificate of a good chain, and for each thing that is wrong. */
static int
verify(int is_fine, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	SessionGuard *guard = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (is_fine && X509_STORE_CTX_get_error_depth(store) == 0 &&
	    !is_pinned(X509_STORE_CTX_get_current_cert(store), guard->account->pins)) {
		g_string_assign(guard->tls_problem, SESSION_GUARD_WRONG_PIN);
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return FALSE;
	}
	if (!is_fine && guard->tls_problem->len == 0)
		g_string_assign(guard->tls_problem, X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
	return is_fine && !guard->is_out_of_turn;
}

/* SNI: the library offers no place but this one to reach its SSL before the handshake. */
static void
name_server(const SSL *ssl, int where, int result)
{
	(void)result;
	if ((where & SSL_CB_HANDSHAKE_START) == 0)
		return;
	const char *host = X509_VERIFY_PARAM_get0_host(SSL_CTX_get0_param(SSL_get_SSL_CTX(ssl)), 0);
	if (host != NULL)
		SSL_set_tlsext_host_name((SSL *)ssl, host);
}

static gboolean
expect_host(SSL_CTX *context, const char *host)
{
	X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(context);

	if (g_hostname_is_ip_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1;
	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1;
}

static gboolean
load_authorities(SSL_CTX *context, const char *ca_file)
{
	if (*ca_file == '\0')
		return SSL_CTX_set_default_verify_paths(context) == 1;
	return SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1;
}

SSL_CTX *
esmtp_tls_context(const Account *account, SessionGuard *guard, GError **error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	g_assert(context != NULL);
	SSL_CTX_set_app_data(context, guard);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify);
	SSL_CTX_set_info_callback(context, name_server);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1 && expect_host(context, account->host) &&
	    load_authorities(context, account->ca_file))
		return context;
	SSL_CTX_free(context);
	g_propagate_error(error, session_guard_no_authorities(account->ca_file));
	return NULL;
}
