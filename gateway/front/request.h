/*
 * One FastCGI request: its params, its body under fixed ceilings, and the way back. The only header that knows libfcgi.
 *
 * A Request belongs to no thread, but to one at a time. Order: request_accept, then request_param and at most one request_fields,
 * then request_finish, which ends it.
 *
 * Text from outside: params are NUL-terminated bytes as the web server sent them, not yet valid UTF-8, CR and LF possible.
 */
#pragma once

#include <fcgiapp.h>
#include <glib.h>

#include "sekisho/wire/posted.h"
#include "uploads.h"

/* The params that the gateway looks at. */
typedef enum {
	PARAM_METHOD, PARAM_URI, PARAM_CONTENT_TYPE, PARAM_CONTENT_LENGTH, PARAM_REMOTE_ADDR, PARAM_REMOTE_PORT, PARAM_USER_AGENT,
	PARAM_REFERER, PARAM_ORIGIN, PARAM_ACCEPT_LANGUAGE,
	PARAM_PROBE,  /* Sekisho-Probe: see probe.h */
	PARAM_CANARY, /* Sekisho-Canary: see probe.h */
	PARAM_COOKIE, PARAM_ACCEPT_ENCODING,
	PARAM_HINT_BRANDS, PARAM_HINT_MOBILE, PARAM_HINT_PLATFORM, /* Sec-CH-UA and its kin: what a browser says of itself unasked */
	PARAM_TLS_FINGERPRINT, /* SEKISHO_TLS_FINGERPRINT: from the web server's configuration, if it can */
	PARAM_SITE, /* SEKISHO_SITE: set by the web server's configuration, never by a client */
	PARAM_COUNT
} RequestParam;

typedef struct {
	FCGX_Request fastcgi;
	const char *params[PARAM_COUNT]; /* borrowed from fastcgi; "" where missing */
	gint64 deadline_us;      /* g_get_monotonic_time at which its body must have come */
	gboolean is_oversized;   /* LIMIT_PARAMS or LIMIT_PARAMS_BYTES was passed */
	gboolean is_read;        /* the body was read to its end */
	gboolean is_broken;      /* the web server broke off or stalled inside the request: nobody waits for an answer */
} Request;

typedef enum {
	REQUEST_ACCEPTED,
	REQUEST_NONE,  /* the peer closed the connection between two requests */
	REQUEST_BROKEN /* ... or inside this one's params */
} RequestStart;

/* Once per process, before any thread: libfcgi's own state and its waits. Leaves SIGPIPE ignored. */
void request_library_init(void);
/* Reads params from `descriptor`, a connected, blocking socket with timeouts, which becomes the request's; reading the body ends at
 * `deadline_us` (g_get_monotonic_time). Unless the request was accepted the socket
 * is closed and nothing is left to be freed. */
RequestStart request_accept(Request *request, int descriptor, gint64 deadline_us);
const char *request_param(const Request *request, RequestParam param);
/* A header of any name ("X-Forwarded-For", case ignored), or "". If the web server passes it several times, the last one. Borrowed. */
const char *request_header(const Request *request, const char *name);
/* The body's fields, the caller's, after an error as body_finish says (never NULL); its files go to `uploads`. WIRE_ERROR_LIMIT,
 * WIRE_ERROR_TYPE, WIRE_ERROR_MALFORMED; then look at is_broken too. `uploads` NULL: only an urlencoded body is read. The body is
 * read to its end even if its content is refused, so that the web server is not left writing, unless it is above LIMIT_BODY_BYTES. */
gboolean request_fields(Request *request, Uploads *uploads, Posted **posted, GError **error);
/* Sends `answer` (a CGI response; NULL if there is none) and ends the request. Returns the connection, ready for the next request, or -1 if it was
 * closed: because one side wants it so, because `may_keep` is FALSE, or because unread bytes are on it. */
int request_finish(Request *request, const GString *answer, gboolean may_keep);
