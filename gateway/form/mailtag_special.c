/*
 * Special mail-tags (contract 6.3). They are asked only when no field of that name exists. Values are plain text: the caller
 * escapes them for HTML, the visitor's page address and client address too, which Contact Form 7 leaves raw (contract 12.10).
 *
 * Without a submission only what belongs to form and site has a value.
 */
#include "mailtag_special.h"

#include <string.h>

static char *
remote_ip(const MailTagContext *context)
{
	return g_strdup(context->submission->client->remote_ip);
}

static char *
user_agent(const MailTagContext *context)
{
	return g_strdup(context->submission->client->user_agent);
}

static char *
page_url(const MailTagContext *context)
{
	return g_strdup(context->submission->client->url);
}

static char *
date_received(const MailTagContext *context)
{
	const char *format = context->form->site->date_format;

	return mailtag_date(format, context->submission->client->received_at_us, context->form);
}

static char *
time_received(const MailTagContext *context)
{
	const char *format = context->form->site->time_format;

	return mailtag_date(format, context->submission->client->received_at_us, context->form);
}

static char *
invalid_fields(const MailTagContext *context)
{
	return g_strdup_printf("%u", context->invalid_count);
}

static char *
form_title(const MailTagContext *context)
{
	return g_strdup(context->form->source->title);
}

static char *
site_title(const MailTagContext *context)
{
	return g_strdup(context->form->site->title);
}

static char *
site_description(const MailTagContext *context)
{
	return g_strdup(context->form->site->description);
}

static char *
site_url(const MailTagContext *context)
{
	return g_strdup(context->form->site->url);
}

static char *
site_domain(const MailTagContext *context)
{
	g_autofree char *host = NULL;

	if (!g_uri_split(context->form->site->url, G_URI_FLAGS_NONE, NULL, NULL, &host, NULL, NULL, NULL, NULL, NULL) ||
	    host == NULL)
		return g_strdup("");
	return g_strdup(g_str_has_prefix(host, "www.") ? host + strlen("www.") : host);
}

static char *
site_admin_email(const MailTagContext *context)
{
	return g_strdup(context->form->site->admin_address);
}

typedef struct {
	const char *name;
	char *(*value)(const MailTagContext *context);
	gboolean needs_submission;
	gboolean is_visitors;
} Special;

/* The first group, for which the old spelling [wpcf7.xxx] stands too. */
static const Special client_tags[] = {
    {"_remote_ip", remote_ip, TRUE, TRUE},
    {"_user_agent", user_agent, TRUE, TRUE},
    {"_url", page_url, TRUE, TRUE},
    {"_date", date_received, TRUE, FALSE},
    {"_time", time_received, TRUE, FALSE},
    {"_invalid_fields", invalid_fields, TRUE, FALSE},
    {"_contact_form_title", form_title, FALSE, FALSE},
};

static const Special site_tags[] = {
    {"_site_title", site_title, FALSE, FALSE},
    {"_site_description", site_description, FALSE, FALSE},
    {"_site_url", site_url, FALSE, FALSE},
    {"_site_domain", site_domain, FALSE, FALSE},
    {"_site_admin_email", site_admin_email, FALSE, FALSE},
};

static const Special *
find(const char *name, const Special *table, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

static const Special *
find_any(const char *name)
{
	g_autofree char *modern = NULL;
	const Special *special;

	if (g_str_has_prefix(name, "wpcf7.")) {
		modern = g_strconcat("_", name + strlen("wpcf7."), NULL);
		return find(modern, client_tags, G_N_ELEMENTS(client_tags));
	}
	special = find(name, client_tags, G_N_ELEMENTS(client_tags));
	return special != NULL ? special : find(name, site_tags, G_N_ELEMENTS(site_tags));
}

static gboolean
begins_longer(const char *name, const char *prefix)
{
	return g_str_has_prefix(name, prefix) && name[strlen(prefix)] != '\0';
}

/* Nobody is logged in here, and no table of posts was imported: every user and every post is unknown, which reads "". */
static gboolean
is_always_blank(const char *name)
{
	return begins_longer(name, "_user_") || begins_longer(name, "_post_");
}

char *
mailtag_special_value(const char *name, const MailTagContext *context)
{
	const Special *special = find_any(name);

	if (special != NULL)
		return special->needs_submission && context->submission == NULL ? NULL : special->value(context);
	return context->submission != NULL && is_always_blank(name) ? g_strdup("") : NULL;
}

gboolean
mailtag_special_is_known(const char *name)
{
	return find_any(name) != NULL || is_always_blank(name);
}

gboolean
mailtag_special_is_visitors(const char *name)
{
	const Special *special = find_any(name);

	/* The post is named by the visitor's _wpcf7_container_post (contract 12.7). */
	return (special != NULL && special->is_visitors) || begins_longer(name, "_post_");
}
