/*
 * No state. The cookie says when a page of the site was loaded and nothing of who loaded it; it is not kept.
 */
#include "seen.h"

#include <string.h>

#include "visitor.h"

/* "/blog/" of "https://www.example.jp/blog", "/" of a site at the root of its host. The caller's. */
static char *
cookie_path(const SiteFacts *site)
{
	const char *host = strstr(site->url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
	/* A path with a semicolon would end the attribute. */
	return g_strdup(path != NULL && strpbrk(path, "; ") == NULL ? path : "/");
}

void
seen_set_cookie(const Job *job, Answer *answer)
{
	const SiteFacts *site = job->site->facts;
	g_autofree char *token = trap_token(job->front->vault, site->name);
	g_autofree char *path = cookie_path(site);
	answer->cookie = g_strdup_printf(TRAP_COOKIE "=%s; Max-Age=%d; Path=%s; HttpOnly; SameSite=Lax%s", token,
	    (int)(TRAP_LIFE_US / G_USEC_PER_SEC), path, g_str_has_prefix(site->url, "https:") ? "; Secure" : "");
}

/* Age of the genuine one among the cookies, or -1. */
static gint64
age_of_cookie(const Job *job)
{
	g_auto(GStrv) cookies = g_strsplit(request_param(&job->request, PARAM_COOKIE), ";", -1);
	gint64 age_us = -1;
	for (char **cookie = cookies; *cookie != NULL && age_us < 0; cookie++) {
		const char *pair = g_strstrip(*cookie);
		if (g_str_has_prefix(pair, TRAP_COOKIE "="))
			age_us = trap_age_us(job->front->vault, job->site->facts->name, pair + strlen(TRAP_COOKIE "="));
	}
	return age_us;
}

gboolean
seen_is_possible(const Job *job)
{
	return visitor_origin(&job->request, job->site->facts) == NULL;
}

TrapSight
seen_look(const Job *job)
{
	const gint64 age_us = age_of_cookie(job);
	return (TrapSight){.is_asked = seen_is_possible(job) && trap_is_useful(job->front->trap, job->site->facts->name),
	    .is_cookie_there = age_us >= 0,
	    .age_us = MAX(age_us, 0)};
}
