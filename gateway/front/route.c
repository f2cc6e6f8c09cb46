/*
 * Reading a URL as WordPress would: the REST prefix may be /wp-json, a renamed word, /index.php/wp-json or ?rest_route=, a
 * site may live in a subdirectory, and routes compare without case. What follows the prefix is cut at slashes and compared with
 * the five routes of contract 1.1. Three addresses more are ours: the links of a confirmation and of a review, and the challenges of a captcha, below whatever path the site has. A REST address that is none of them is refused; an ordinary page's address that is POSTed
 * to may carry a form without script (contract 2.6), and only its body can tell.
 *
 * No state. Nothing here looks at a body or at files.
 */
#include "route.h"

#include <string.h>

#include "sekisho/wire/posted.h"

#define ROUTE_NAMESPACE "/contact-form-7/v1"
#define ROUTE_REST_WORD "/wp-json"

static const RouteRefusal refusal_no_route = {404, "rest_no_route", "No route matches this address and method."};
static const RouteRefusal refusal_forbidden = {
    403, "wpcf7_forbidden", "Contact forms are not administered through this gateway."};
static const RouteRefusal refusal_media_type = {
    415, "wpcf7_unsupported_media_type", "The request body must be multipart/form-data."};
static const RouteRefusal refusal_method = {405, "sekisho_method", "This address takes GET, HEAD and POST."};
const RouteRefusal route_refusal_form = {404, "wpcf7_not_found", "There is no contact form with this id."};
const RouteRefusal route_refusal_altcha = {404, "sekisho_altcha", "This form asks for no proof of work."};
const RouteRefusal route_refusal_unit_tag = {
    400, "wpcf7_unit_tag_not_found", "The request has no valid _wpcf7_unit_tag field, or its body cannot be read."};

/* The path of `uri` percent-decoded, or "" if it does not decode to text. */
static char *
decoded_path(const char *uri)
{
	g_autofree char *raw = g_strndup(uri, strcspn(uri, "?#"));
	char *path = g_uri_unescape_string(raw, NULL);
	if (path == NULL)
		return g_strdup("");
	return path;
}

char *
route_query(const char *uri, const char *name)
{
	const char *query = strchr(uri, '?');
	if (query == NULL)
		return g_strdup("");
	query++;
	g_autoptr(Posted) posted = posted_from_urlencoded(query, strcspn(query, "#"), NULL);
	return g_strdup(posted != NULL ? posted_text(posted, name) : "");
}

/* `word` in `path`, both lower-case, where a path segment ends after it; NULL if it is not there. */
static const char *
find_segment(const char *path, const char *word)
{
	for (const char *found = strstr(path, word); found != NULL; found = strstr(found + 1, word)) {
		const char next = found[strlen(word)];
		if (next == '\0' || next == '/')
			return found;
	}
	return NULL;
}

/* What stands behind the REST prefix, lower-case and without slashes at its end, or NULL if `uri` is an ordinary page's. */
static char *
rest_path(const char *uri)
{
	g_autofree char *queried = route_query(uri, "rest_route");
	g_autofree char *path = queried[0] != '\0' ? NULL : decoded_path(uri);
	g_autofree char *lower = g_ascii_strdown(path != NULL ? path : queried, -1);
	const char *begin = lower;
	if (path != NULL) {
		/* The namespace is looked for first, because a site may have renamed the word before it. */
		const char *word = find_segment(lower, ROUTE_REST_WORD);
		begin = find_segment(lower, ROUTE_NAMESPACE);
		if (begin == NULL && word != NULL)
			begin = word + strlen(ROUTE_REST_WORD);
		if (begin == NULL)
			return NULL;
	}
	gsize length = strlen(begin);
	while (length > 0 && begin[length - 1] == '/')
		length--;
	return g_strndup(begin, length);
}

/* Decimal digits only; FALSE if `text` is anything else, and then `form_id` is unchanged. */
static gboolean
read_form_id(const char *text, guint64 *form_id)
{
	if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
		return FALSE;
	*form_id = MIN(g_ascii_strtoull(text, NULL, 10), (guint64)G_MAXINT64);
	return TRUE;
}

gboolean
route_read_posted_id(const char *text, guint64 *form_id)
{
	const char *number = text + strspn(text, " \t\n\r\v\f");
	number += *number == '+' ? 1 : 0;
	const char *digits = number + (*number == '.' ? 1 : 0);
	/* The library's reader knows hexadecimal, "inf" and "nan", too. */
	if (!g_ascii_isdigit(*digits) || (number[0] == '0' && g_ascii_tolower(number[1]) == 'x'))
		return FALSE;
	const double value = g_ascii_strtod(number, NULL);
	if (value < 1)
		return FALSE;
	*form_id = value < (double)G_MAXINT64 ? (guint64)value : (guint64)G_MAXINT64;
	return TRUE;
}

static void
refuse(Route *route, const RouteRefusal *refusal)
{
	route->kind = ROUTE_REFUSED;
	route->refusal = refusal;
}

/* Mails write the address as we gave it, so its case counts, and no slash follows. */
static gboolean
is_below_site(const char *uri, const char *own_path)
{
	g_autofree char *path = decoded_path(uri);
	return g_str_has_suffix(path, own_path);
}

static void
match_link(const RouteInput *input, RouteKind kind, const char *name, Route *route)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", NULL};
	route->kind = kind;
	route->name = name;
	route->allow = "GET, HEAD, POST";
	if (!g_strv_contains(methods, input->method))
		refuse(route, &refusal_method);
}

/* The form stands in the query; what is no number is a form that nobody has. */
static void
match_altcha(const RouteInput *input, Route *route)
{
	g_autofree char *form = route_query(input->uri, "form");
	route->kind = ROUTE_ALTCHA;
	route->name = "altcha";
	route->allow = "GET";
	if (strcmp(input->method, "OPTIONS") == 0)
		route->kind = ROUTE_DESCRIBE;
	else if (strcmp(input->method, "GET") != 0 && !route->is_head)
		refuse(route, &refusal_no_route);
	else if (!read_form_id(form, &route->form_id))
		refuse(route, &route_refusal_form);
}

static const char *
name_of(RouteKind kind)
{
	if (kind == ROUTE_FEEDBACK)
		return "feedback";
	return kind == ROUTE_SCHEMA ? "schema" : "refill";
}

/* One of our three routes was named: does it take this method? */
static void
match_method(const RouteInput *input, RouteKind kind, Route *route)
{
	route->refusal = NULL;
	route->name = name_of(kind);
	route->is_schema = kind == ROUTE_SCHEMA;
	route->allow = kind == ROUTE_FEEDBACK ? "POST" : "GET";
	const gboolean is_taken = strcmp(input->method, route->allow) == 0 || (kind != ROUTE_FEEDBACK && route->is_head);
	if (strcmp(input->method, "OPTIONS") == 0)
		route->kind = ROUTE_DESCRIBE;
	else if (!is_taken)
		refuse(route, &refusal_no_route);
	/* In lower case only, although media types have no case: contract T02. */
	else if (kind == ROUTE_FEEDBACK && !g_str_has_prefix(input->content_type, "multipart/form-data"))
		refuse(route, &refusal_media_type);
	else
		route->kind = kind;
}

/* Contract 1.1: the list of forms, and one form. Their methods are WordPress's to serve, all others nobody's. */
static void
match_administration(const RouteInput *input, gboolean is_one_form, Route *route)
{
	static const char *const of_both[] = {"GET", "HEAD", "POST", "OPTIONS", NULL};
	static const char *const of_one[] = {"PUT", "PATCH", "DELETE", NULL};
	if (g_strv_contains(of_both, input->method) || (is_one_form && g_strv_contains(of_one, input->method)))
		refuse(route, &refusal_forbidden);
}

static void
match_rest(const RouteInput *input, const char *path, Route *route)
{
	refuse(route, &refusal_no_route);
	if (!g_str_has_prefix(path, ROUTE_NAMESPACE "/"))
		return;
	g_auto(GStrv) parts = g_strsplit(path + strlen(ROUTE_NAMESPACE "/"), "/", -1);
	const guint count = g_strv_length(parts);
	if (strcmp(parts[0], "contact-forms") != 0)
		return;
	if (count > 1 && !read_form_id(parts[1], &route->form_id))
		return;
	if (count <= 2)
		match_administration(input, count == 2, route);
	else if (count == 3 && strcmp(parts[2], "feedback") == 0)
		match_method(input, ROUTE_FEEDBACK, route);
	else if (count == 3 && strcmp(parts[2], "refill") == 0)
		match_method(input, ROUTE_REFILL, route);
	else if (count == 4 && strcmp(parts[2], "feedback") == 0 && strcmp(parts[3], "schema") == 0)
		match_method(input, ROUTE_SCHEMA, route);
}

void
route_find(const RouteInput *input, Route *route)
{
	*route = (Route){.kind = ROUTE_PLAIN_POST, .is_head = strcmp(input->method, "HEAD") == 0};
	g_autofree char *path = rest_path(input->uri);
	if (path != NULL)
		match_rest(input, path, route);
	else if (is_below_site(input->uri, ROUTE_CONFIRM_PATH))
		match_link(input, ROUTE_CONFIRM, "confirm", route);
	else if (is_below_site(input->uri, ROUTE_REVIEW_PATH))
		match_link(input, ROUTE_REVIEW, "review", route);
	else if (is_below_site(input->uri, ROUTE_ALTCHA_PATH))
		match_altcha(input, route);
	else if (strcmp(input->method, "POST") == 0)
		route->name = "plain";
	else
		refuse(route, &refusal_no_route);
}

gboolean
route_is_submission(const Route *route)
{
	return route->kind == ROUTE_FEEDBACK || route->kind == ROUTE_PLAIN_POST;
}
