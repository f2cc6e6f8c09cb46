/*
 * What an account means to libcurl, for all that speak SMTP by it: the transport, and the doctor's probe. So the doctor sees what the transport would.
 */
#pragma once

#include <curl/curl.h>

#include "sekisho/conf/config.h"

/* "smtps://[::1]:465/hello": what stands behind the slash is said in EHLO, "localhost" for what is no name. NULL if the account's host is none. The caller's. */
char *curl_account_url(const Account *account);
/* Encryption, and the server's chain, name and pins verified; nothing where the account is in clear on this machine. TLS 1.2 at least. */
void curl_account_set_security(CURL *handle, const Account *account);
/* PLAIN or LOGIN, or XOAUTH2 with the token `secret`; nothing for an account without user. */
void curl_account_set_login(CURL *handle, const Account *account, const char *secret);
