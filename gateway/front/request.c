/*
 * libfcgi's side of a request. What it does not do is done here: no wait without an end, no body without a ceiling, no trust in half a
 * request. libfcgi takes the end of a connection for the end of the params, so its error must be asked for after
 * accepting; it forgets what follows an unread body, so a body is read to its end or the connection is closed; and it
 * binds a request to its connection, so the connection is put in before accepting and taken out after finishing
 * (`ipcFd` and `keepConnection`, unchanged in all releases since 2.4.0).
 */
#include "request.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

/* Milliseconds that libfcgi waits for the peer's close after its own, so that the last bytes are not cut off. The peer is a web server on this
 * machine; 2 s, libfcgi's default, would hold a worker for a peer that keeps its end open. */
#define CLOSE_WAIT_MS "100"

/* What one read of the body takes at most; libfcgi's own buffer is 8 KiB. */
#define CHUNK_BYTES 8192u

static const char *const param_names[PARAM_COUNT] = {
    [PARAM_METHOD] = "REQUEST_METHOD",
    [PARAM_URI] = "REQUEST_URI",
    [PARAM_CONTENT_TYPE] = "CONTENT_TYPE",
    [PARAM_CONTENT_LENGTH] = "CONTENT_LENGTH",
    [PARAM_REMOTE_ADDR] = "REMOTE_ADDR",
    [PARAM_REMOTE_PORT] = "REMOTE_PORT",
    [PARAM_USER_AGENT] = "HTTP_USER_AGENT",
    [PARAM_REFERER] = "HTTP_REFERER",
    [PARAM_ORIGIN] = "HTTP_ORIGIN",
    [PARAM_ACCEPT_LANGUAGE] = "HTTP_ACCEPT_LANGUAGE",
    [PARAM_PROBE] = "HTTP_SEKISHO_PROBE",
    [PARAM_CANARY] = "HTTP_SEKISHO_CANARY",
    [PARAM_COOKIE] = "HTTP_COOKIE",
    [PARAM_ACCEPT_ENCODING] = "HTTP_ACCEPT_ENCODING",
    [PARAM_HINT_BRANDS] = "HTTP_SEC_CH_UA",
    [PARAM_HINT_MOBILE] = "HTTP_SEC_CH_UA_MOBILE",
    [PARAM_HINT_PLATFORM] = "HTTP_SEC_CH_UA_PLATFORM",
    [PARAM_TLS_FINGERPRINT] = "SEKISHO_TLS_FINGERPRINT",
    [PARAM_SITE] = "SEKISHO_SITE",
};

void
request_library_init(void)
{
	g_setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", CLOSE_WAIT_MS, FALSE);
	g_setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", CLOSE_WAIT_MS, FALSE);
	FCGX_Init();
	/* libfcgi installs a handler of its own; a peer that went away is an error of write(2) and nothing else. */
	(void)signal(SIGPIPE, SIG_IGN);
}

/* One `NAME=value`; a repeated name overrides, as in PHP, so a web server's setting may follow an included file. */
static void
index_param(Request *request, const char *entry)
{
	for (guint i = 0; i < PARAM_COUNT; i++) {
		const gsize length = strlen(param_names[i]);
		if (strncmp(entry, param_names[i], length) == 0 && entry[length] == '=') {
			request->params[i] = entry + length + 1;
			return;
		}
	}
}

static void
index_params(Request *request)
{
	guint count = 0;
	gsize bytes = 0;
	for (guint i = 0; i < PARAM_COUNT; i++)
		request->params[i] = "";
	for (char **entry = request->fastcgi.envp; *entry != NULL; entry++) {
		count++;
		bytes += strlen(*entry);
		index_param(request, *entry);
	}
	request->is_oversized = count > LIMIT_PARAMS || bytes > LIMIT_PARAMS_BYTES;
}

RequestStart
request_accept(Request *request, int descriptor, gint64 deadline_us)
{
	*request = (Request){.deadline_us = deadline_us};
	FCGX_InitRequest(&request->fastcgi, -1, 0);
	request->fastcgi.ipcFd = descriptor;
	/* Accepting begins with finishing what was before, and that would close the connection. */
	request->fastcgi.keepConnection = 1;
	if (FCGX_Accept_r(&request->fastcgi) < 0)
		return REQUEST_NONE;
	if (FCGX_GetError(request->fastcgi.in) != 0) {
		FCGX_Free(&request->fastcgi, 1);
		return REQUEST_BROKEN;
	}
	index_params(request);
	return REQUEST_ACCEPTED;
}

const char *
request_param(const Request *request, RequestParam param)
{
	return request->params[param];
}

const char *
request_header(const Request *request, const char *name)
{
	const char *value = "";
	g_autofree char *upper = g_ascii_strup(name, -1);
	g_autofree char *wanted = g_strdup_printf("HTTP_%s=", g_strdelimit(upper, "-", '_'));
	for (char **entry = request->fastcgi.envp; *entry != NULL; entry++)
		if (g_str_has_prefix(*entry, wanted))
			value = *entry + strlen(wanted);
	return value;
}

/* What CONTENT_LENGTH says, or -1 if it says nothing that can be believed. */
static gint64
declared_size(const Request *request)
{
	const char *text = request_param(request, PARAM_CONTENT_LENGTH);
	if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
		return -1;
	return (gint64)MIN(g_ascii_strtoull(text, NULL, 10), (guint64)G_MAXINT64);
}

/* Some bytes of the body; 0 at its end, however it ended. FCGX_GetStr alone would wait until all of `size` had come, so a slow peer
 * could hold us past every deadline: only what one wait brought is taken. */
static gsize
read_some(Request *request, guint8 *bytes, gsize size)
{
	FCGX_Stream *in = request->fastcgi.in;
	const int first = g_get_monotonic_time() < request->deadline_us ? FCGX_GetChar(in) : -1;
	if (first < 0)
		return 0;
	bytes[0] = (guint8)first;
	const gsize available = MIN((gsize)(in->stop - in->rdNext), size - 1);
	return 1 + (gsize)FCGX_GetStr((char *)bytes + 1, (int)available, in);
}

/* Reads at most `limit` bytes into `body` (NULL: drops them). TRUE if the body ended there; sets is_broken if it ended early. */
static gboolean
read_body(Request *request, gsize limit, Body *body)
{
	guint8 chunk[CHUNK_BYTES];
	gsize total = 0;
	for (gsize size; total <= limit && (size = read_some(request, chunk, sizeof chunk)) > 0; total += size)
		if (body != NULL)
			body_feed(body, chunk, size);
	if (total > limit)
		return FALSE;
	const gint64 declared = declared_size(request);
	const gboolean is_late = g_get_monotonic_time() >= request->deadline_us;
	request->is_broken = is_late || FCGX_GetError(request->fastcgi.in) != 0 || (declared >= 0 && (guint64)declared != total);
	request->is_read = TRUE;
	return TRUE;
}

gboolean
request_fields(Request *request, Uploads *uploads, Posted **posted, GError **error)
{
	g_autoptr(Body) body = body_new(request_param(request, PARAM_CONTENT_TYPE), uploads);
	const gboolean is_too_large =
	    declared_size(request) > (gint64)LIMIT_BODY_BYTES || !read_body(request, LIMIT_BODY_BYTES, body);
	const gboolean is_whole = body_finish(body, posted, is_too_large || request->is_broken ? NULL : error);
	if (is_too_large)
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_LIMIT, "the body has more than %lu bytes", LIMIT_BODY_BYTES);
	else if (request->is_broken)
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, "the body ended early");
	return is_whole && !is_too_large && !request->is_broken;
}

/* What becomes of the connection when the request ends. */
typedef enum {
	KEEP,
	CLOSE_NOW, /* everything was read, so nothing can overtake the answer */
	CLOSE_LINGER /* unread bytes are on it: libfcgi waits a moment for the peer to close first, lest they turn into a reset that does */
} Ending;

static Ending
decide_ending(Request *request, const GString *answer, gboolean may_keep)
{
	const gboolean is_drained = answer != NULL && (request->is_read || read_body(request, LIMIT_DRAIN_BYTES, NULL));
	if (!is_drained || request->is_broken)
		return CLOSE_LINGER;
	return may_keep && request->fastcgi.keepConnection ? KEEP : CLOSE_NOW;
}

int
request_finish(Request *request, const GString *answer, gboolean may_keep)
{
	const Ending ending = decide_ending(request, answer, may_keep);
	if (request->is_broken || answer == NULL) {
		FCGX_Free(&request->fastcgi, 1);
		return -1;
	}
	(void)FCGX_PutStr(answer->str, (int)answer->len, request->fastcgi.out);
	/* libfcgi closes by lingering only, so a connection to be closed at once is kept from it. */
	request->fastcgi.keepConnection = ending != CLOSE_LINGER;
	FCGX_Finish_r(&request->fastcgi);
	const int descriptor = request->fastcgi.ipcFd;
	request->fastcgi.ipcFd = -1;
	if (ending == KEEP || descriptor < 0)
		return descriptor;
	(void)close(descriptor);
	return -1;
}
