/*
 * Posts and pages of a site, as an export or posts.ini tells of them. Plain data.
 */
#include "sekisho/form/import.h"

SitePost *
site_post_new(void)
{
	SitePost *post = g_new0(SitePost, 1);

	post->name = g_strdup("");
	post->title = g_strdup("");
	post->url = g_strdup("");
	post->author = g_strdup("");
	post->author_address = g_strdup("");
	return post;
}

void
site_post_free(SitePost *post)
{
	if (post == NULL)
		return;
	g_free(post->name);
	g_free(post->title);
	g_free(post->url);
	g_free(post->author);
	g_free(post->author_address);
	g_free(post);
}
