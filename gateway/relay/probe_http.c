/*
 * A look at a web server: one request, and what came back. No state. Redirections are not followed, because who is asked to go where is what the doctor wants to know.
 */
#include <string.h>

#include "probe_parts.h"
#include "sekisho/base/limits.h"

/* One header line of an answer, and all lines together: as much as nginx itself takes of one it hands on. */
#define HEADER_LINE_BYTES 8192u
#define HEADER_LINES 200u

void
probe_field_free(ProbeField *field)
{
	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

void
probe_answer_free(ProbeAnswer *answer)
{
	if (answer == NULL)
		return;
	g_free(answer->problem);
	g_hash_table_unref(answer->headers);
	g_string_free(answer->body, TRUE);
	g_free(answer);
}

const char *
probe_answer_header(const ProbeAnswer *answer, const char *name)
{
	const char *value = g_hash_table_lookup(answer->headers, name);

	return value != NULL ? value : "";
}

static size_t
note_header(char *line, size_t one, size_t size, void *user_data)
{
	ProbeAnswer *answer = user_data;
	g_autofree char *text = g_strndup(line, MIN(size * one, HEADER_LINE_BYTES));
	char *colon = strchr(text, ':');

	/* The next answer begins: what stood before it was "100 Continue" or its like. */
	if (g_str_has_prefix(text, "HTTP/"))
		g_hash_table_remove_all(answer->headers);
	else if (colon != NULL && g_hash_table_size(answer->headers) < HEADER_LINES)
		g_hash_table_replace(answer->headers, g_ascii_strdown(text, colon - text), g_strdup(g_strstrip(colon + 1)));
	return size * one;
}

/* What is too much is read and dropped. */
static size_t
note_body(char *bytes, size_t one, size_t size, void *user_data)
{
	ProbeAnswer *answer = user_data;
	gsize room = LIMIT_PROBE_BODY_BYTES - answer->body->len;

	g_string_append_len(answer->body, bytes, (gssize)MIN(size * one, room));
	return size * one;
}

/* Takes what it appends to, as the library's lists do. */
static struct curl_slist *
append(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	g_assert(longer != NULL);
	return longer;
}

static struct curl_slist *
header_list(const ProbeRequest *request)
{
	/* The library would wait a second for "100 Continue". */
	struct curl_slist *list = append(NULL, "Expect:");

	for (guint i = 0; request->headers != NULL && i < request->headers->len; i++) {
		const char *line = request->headers->pdata[i];
		for (const char *at = line; *at != '\0'; at++)
			g_assert(g_ascii_isprint(*at));
		list = append(list, line);
	}
	return list;
}

static curl_mime *
mime_of(CURL *handle, const GPtrArray *fields)
{
	curl_mime *mime = curl_mime_init(handle);

	for (guint i = 0; i < fields->len; i++) {
		const ProbeField *field = fields->pdata[i];
		curl_mimepart *part = curl_mime_addpart(mime);
		curl_mime_name(part, field->name);
		curl_mime_data(part, field->value, strlen(field->value));
	}
	return mime;
}

/* A POST without fields has an empty body of no type: Contact Form 7, should it answer, refuses that and does nothing else. */
static curl_mime *
set_body(CURL *handle, const ProbeRequest *request)
{
	curl_mime *mime = NULL;

	if (!g_str_equal(request->method, "POST"))
		return NULL;
	if (request->fields != NULL) {
		mime = mime_of(handle, request->fields);
		curl_easy_setopt(handle, CURLOPT_MIMEPOST, mime);
	} else {
		curl_easy_setopt(handle, CURLOPT_POST, 1L);
		curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "");
	}
	return mime;
}

static void
ask(CURL *handle, const ProbeRequest *request, ProbeAnswer *answer)
{
	struct curl_slist *headers = header_list(request);
	curl_mime *mime = set_body(handle, request);
	long status = 0;

	if (mime == NULL)
		headers = append(headers, "Content-Type:");
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(handle);
	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	answer->state = probe_state(handle, code);
	answer->status = (guint)CLAMP(status, 0, 999);
	if (code != CURLE_OK && answer->problem[0] == '\0')
		g_strlcpy(answer->problem, curl_easy_strerror(code), CURL_ERROR_SIZE);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
}

ProbeAnswer *
probe_http(const ProbeRoute *route, const ProbeRequest *request)
{
	ProbeAnswer *answer = g_new0(ProbeAnswer, 1);
	struct curl_slist *resolve = NULL;

	answer->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->body = g_string_new(NULL);
	answer->problem = g_malloc0(CURL_ERROR_SIZE);
	CURL *handle = probe_handle(answer->problem, route->ca_file);
	for (guint i = 0; route->resolve != NULL && route->resolve[i] != NULL; i++)
		resolve = append(resolve, route->resolve[i]);
	curl_easy_setopt(handle, CURLOPT_RESOLVE, resolve);
	curl_easy_setopt(handle, CURLOPT_URL, request->url);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(handle, CURLOPT_USERAGENT, "sekisho/" SEKISHO_VERSION);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, note_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, note_body);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer);
	ask(handle, request, answer);
	curl_easy_cleanup(handle);
	curl_slist_free_all(resolve);
	return answer;
}
