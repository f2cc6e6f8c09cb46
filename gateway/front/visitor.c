/*
 * From params and hidden fields to ClientFacts. Pure but for the clock. The Referer counts only where it is on the configured
 * site or on a page that the owner allowed beside it, so no page or mail of ours ever links to an address of a stranger's choice.
 */
#include "visitor.h"

#include <string.h>

#include "route.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/network.h"
#include "sekisho/base/text.h"

/* text_clean leaves DEL, as PHP does in fields; in a header it is no text (RFC 9110 5.5). In place. */
static void
remove_del(char *text)
{
	char *out = text;
	for (const char *in = text; *in != '\0'; in++)
		if (*in != 0x7F)
			*out++ = *in;
	*out = '\0';
}

/* A param as text: one line without controls but tabs, at most `limit` bytes. */
static char *
param_text(const Request *request, RequestParam param, gsize limit)
{
	const char *bytes = request_param(request, param);
	g_autofree char *clean = text_clean(bytes, strlen(bytes));
	g_autofree char *line = text_first_line(clean);
	remove_del(line);
	g_autofree char *stripped = text_strip(line);
	return text_truncate(stripped, limit);
}

/* TRUE if `url` is `base` or below it; "https://example.jp.evil.test" is not below "https://example.jp". */
static gboolean
is_below(const char *url, const char *base)
{
	const gsize length = strlen(base);
	return length > 0 && strncmp(url, base, length) == 0 && strchr("/?#", url[length]) != NULL;
}

const char *
visitor_origin(const Request *request, const SiteFacts *site)
{
	const char *named = request_param(request, PARAM_ORIGIN);
	for (char **origin = site->origins; *origin != NULL; origin++)
		if (strcmp(*origin, named) == 0)
			return *origin;
	return NULL;
}

static gboolean
is_on_site(const char *url, const SiteFacts *site)
{
	if (is_below(url, site->url))
		return TRUE;
	for (char **origin = site->origins; *origin != NULL; origin++)
		if (is_below(url, *origin))
			return TRUE;
	return FALSE;
}

/* Scheme and host of the site's URL. */
static gsize
origin_size(const SiteFacts *site)
{
	const char *host = strstr(site->url, "://");
	return host != NULL ? (gsize)(host + 3 - site->url) + strcspn(host + 3, "/?#") : strlen(site->url);
}

gboolean
visitor_is_own_origin(const char *origin, const SiteFacts *site)
{
	const gsize size = origin_size(site);
	return (strlen(origin) == size && strncmp(origin, site->url, size) == 0) ||
	       g_strv_contains((const char *const *)site->origins, origin);
}

char *
visitor_page(const Request *request, const SiteFacts *site)
{
	g_autofree char *referer = param_text(request, PARAM_REFERER, LIMIT_URL_BYTES);
	if (is_on_site(referer, site))
		return g_strndup(referer, strcspn(referer, "#"));
	g_autofree char *uri = param_text(request, PARAM_URI, LIMIT_URL_BYTES);
	return g_strdup_printf(
	    "%.*s%s%.*s", (int)origin_size(site), site->url, uri[0] == '/' ? "" : "/", (int)strcspn(uri, "#"), uri);
}

static char *
sanitised_unit_tag(const char *text)
{
	g_autofree char *tag = g_strdup(text);
	char *end = tag;
	for (const char *c = text; *c != '\0'; c++)
		if (g_ascii_isalnum(*c) || *c == '_' || *c == '-')
			*end++ = *c;
	*end = '\0';
	if (strcmp(tag, "0") == 0)
		tag[0] = '\0';
	return text_truncate(tag, LIMIT_UNIT_TAG_BYTES);
}

char *
visitor_unit_tag(const Request *request, const Posted *posted)
{
	const PostedValue *value = posted != NULL ? posted_get(posted, "_wpcf7_unit_tag") : NULL;
	if (value != NULL && !posted_value_is_array(value))
		return sanitised_unit_tag(posted_text(posted, "_wpcf7_unit_tag"));
	g_autofree char *queried = route_query(request_param(request, PARAM_URI), "_wpcf7_unit_tag");
	return sanitised_unit_tag(queried);
}

ClientFacts *
visitor_facts(const Request *request, const Posted *posted, const char *unit_tag, const SiteFacts *site)
{
	ClientFacts *facts = client_facts_new();
	char *address = network_normalise(request_param(request, PARAM_REMOTE_ADDR));
	guint64 port = 0;
	(void)g_ascii_string_to_unsigned(request_param(request, PARAM_REMOTE_PORT), 10, 0, G_MAXUINT16, &port, NULL);
	const gint64 post = g_ascii_strtoll(posted_text(posted, "_wpcf7_container_post"), NULL, 10);

	g_free(facts->remote_ip);
	facts->remote_ip = address != NULL ? address : g_strdup("");
	facts->remote_port = (guint16)port;
	g_free(facts->user_agent);
	facts->user_agent = param_text(request, PARAM_USER_AGENT, LIMIT_USER_AGENT_BYTES);
	g_free(facts->url);
	facts->url = visitor_page(request, site);
	g_free(facts->unit_tag);
	facts->unit_tag = g_strdup(unit_tag);
	/* The id comes as PHP's absint() would read it: without a sign. */
	facts->container_post = post < 0 ? 0 - (guint64)post : (guint64)post;
	text_set(&facts->canary, request_param(request, PARAM_CANARY));
	facts->received_at_us = clock_now_us();
	return facts;
}
