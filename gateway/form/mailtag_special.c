/*
 * Special mail-tags (contract 6.3). They are asked only when no field of that name exists. Values are plain text: the caller
 * escapes them for HTML, the visitor's page address and client address too, which Contact Form 7 leaves raw (contract 12.10).
 *
 * Without a submission only what belongs to form and site has a value.
 */
#include "mailtag_special.h"

#include <string.h>

#include "sekisho/form/import.h"

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

/* --- Posts and users ------------------------------------------------------------------------------------------------ */

typedef struct {
	const char *name;
	gsize offset; /* of the text in SitePost */
} PostTag;

static const PostTag post_tags[] = {
    {"_post_name", G_STRUCT_OFFSET(SitePost, name)},
    {"_post_title", G_STRUCT_OFFSET(SitePost, title)},
    {"_post_url", G_STRUCT_OFFSET(SitePost, url)},
    {"_post_author", G_STRUCT_OFFSET(SitePost, author)},
    {"_post_author_email", G_STRUCT_OFFSET(SitePost, author_address)},
};

static const PostTag *
find_post_tag(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(post_tags); i++) {
		if (g_str_equal(post_tags[i].name, name))
			return &post_tags[i];
	}
	return NULL;
}

/* NULL if `name` is no tag of a post. */
static char *
post_text(const SitePost *post, const char *name)
{
	const PostTag *tag = find_post_tag(name);

	if (g_str_equal(name, "_post_id"))
		return g_strdup_printf("%" G_GUINT64_FORMAT, post->id);
	return tag == NULL ? NULL : g_strdup(G_STRUCT_MEMBER(char *, post, tag->offset));
}

/* The page on which the form stood says its id itself, so only those are known that the site's table has, and no drafts
 * (contract 12.7). Of an unknown one everything reads "". */
static char *
post_value(const char *name, const MailTagContext *context)
{
	GHashTable *posts = context->form->site->posts;
	guint64 id = context->submission->client->container_post;
	const SitePost *post = posts == NULL ? NULL : g_hash_table_lookup(posts, &id);

	return post == NULL ? g_strdup("") : post_text(post, name);
}

static gboolean
begins_longer(const char *name, const char *prefix)
{
	return g_str_has_prefix(name, prefix) && name[strlen(prefix)] != '\0';
}

char *
mailtag_special_value(const char *name, const MailTagContext *context)
{
	const Special *special = find_any(name);

	if (special != NULL)
		return special->needs_submission && context->submission == NULL ? NULL : special->value(context);
	if (context->submission == NULL)
		return NULL;
	if (begins_longer(name, "_post_"))
		return post_value(name, context);
	/* Nobody is logged in here. */
	return begins_longer(name, "_user_") ? g_strdup("") : NULL;
}

gboolean
mailtag_special_is_known(const char *name)
{
	return find_any(name) != NULL || g_str_equal(name, "_post_id") || find_post_tag(name) != NULL ||
	       begins_longer(name, "_user_");
}

gboolean
mailtag_special_is_visitors(const char *name)
{
	const Special *special = find_any(name);

	return (special != NULL && special->is_visitors) || begins_longer(name, "_post_");
}
