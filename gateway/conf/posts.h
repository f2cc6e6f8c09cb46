/*
 * The table of a site's posts, SITE/posts.ini, one group [post ID] each: what [_post_...] may say (contract 6.3). Which post a submission
 * names, its visitor decides (contract 12.7), so nothing stands here that is not public on the site.
 */
#pragma once

#include <glib.h>

/* The posts of the site in `folder` (guint64 * -> SitePost *); NULL if there is no such file, or it cannot be used (then `problems`
 * grows). The caller's. */
GHashTable *posts_read(const char *folder, GPtrArray *problems);
/* Path of the file. The caller's. */
char *posts_path(const char *folder);
