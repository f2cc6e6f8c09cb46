/*
 * The TLS side of the armour around libesmtp: an SSL_CTX that verifies the configured host itself.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

#include "session_guard.h"
#include "sekisho/conf/config.h"

/* For one session with `account`; `guard` must outlive it. RELAY_ERROR_TLS if the CA file cannot be used. Free with SSL_CTX_free. */
SSL_CTX *esmtp_tls_context(const Account *account, SessionGuard *guard, GError **error);
