/*
 * What the codes of libcurl mean for an account, where no mail was begun.
 */
#pragma once

#include <curl/curl.h>

#include "session_guard.h"

/* As session_guard_failure (`*server_text` is borrowed from the guard), with what only the library knows: `code`, and of `handle` what is wrong with the certificate. */
GError *curl_failure(CURL *handle, CURLcode code, SessionGuard *guard, const char **server_text);
