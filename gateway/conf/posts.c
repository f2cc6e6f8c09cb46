/*
 * Reads and writes posts.ini. Written by the import alone and as a whole; read once with its site and frozen then.
 */
#include "posts.h"

#include <string.h>

#include "inifile.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/conf/formwrite.h"
#include "sekisho/conf/settings.h"
#include "sekisho/form/import.h"

#define GROUP "post "
#define FILE_NAME "posts.ini"

char *
posts_path(const char *folder)
{
	return g_build_filename(folder, FILE_NAME, NULL);
}

static void
read_post(GHashTable *posts, const Settings *settings, const char *group, GPtrArray *problems)
{
	guint64 id = 0;
	if (!g_ascii_string_to_unsigned(group + strlen(GROUP), 10, 1, G_MAXINT64, &id, NULL)) {
		settings_problem(settings, group, NULL, problems, "is no post's number; write [post NUMBER]");
		return;
	}
	SitePost *post = site_post_new();
	post->id = id;
	text_set(&post->name, settings_text(settings, group, "name"));
	text_set(&post->title, settings_text(settings, group, "title"));
	text_set(&post->url, settings_text(settings, group, "url"));
	text_set(&post->author, settings_text(settings, group, "author"));
	text_set(&post->author_address, settings_text(settings, group, "author_address"));
	g_hash_table_replace(posts, g_memdup2(&id, sizeof id), post);
}

GHashTable *
posts_read(const char *folder, GPtrArray *problems)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = posts_path(folder);
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	g_autoptr(Settings) settings = settings_read(path, KEYS_POSTS, problems, &error);
	if (settings == NULL) {
		g_ptr_array_add(problems, g_strdup(error->message));
		return NULL;
	}
	GHashTable *posts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)site_post_free);
	g_autoptr(GPtrArray) groups = settings_groups(settings, GROUP);
	for (guint i = 0; i < groups->len; i++)
		read_post(posts, settings, g_ptr_array_index(groups, i), problems);
	if (groups->len > LIMIT_POSTS_PER_SITE)
		g_ptr_array_add(
		    problems, g_strdup_printf("%s: has %u posts; at most %u may stand there, so take out those without a form",
				  path, groups->len, LIMIT_POSTS_PER_SITE));
	return posts;
}

static void
add_line(GString *text, const char *key, const char *value)
{
	g_autofree char *clean = formwrite_line(value);
	inifile_add(text, key, clean);
}

/* The text of one post. The caller's. */
static char *
post_text(const SitePost *post)
{
	GString *text = g_string_new(NULL);
	g_string_append_printf(text, "\n[" GROUP "%" G_GUINT64_FORMAT "]\n", post->id);
	add_line(text, "name", post->name);
	add_line(text, "title", post->title);
	add_line(text, "url", post->url);
	add_line(text, "author", post->author);
	add_line(text, "author_address", post->author_address);
	return g_string_free(text, FALSE);
}

/* The text of the table, of as many posts as it holds. The caller's. */
static char *
table_text(const GPtrArray *posts, guint *count)
{
	GString *text = g_string_new(
	    "# Posts and pages of the site, for [_post_...]. Written by `sekisho form import`, replaced by the next one.\n");
	for (*count = 0; *count < MIN(posts->len, LIMIT_POSTS_PER_SITE); (*count)++) {
		g_autofree char *post = post_text(g_ptr_array_index(posts, *count));
		if (text->len + strlen(post) > LIMIT_POSTS_FILE_BYTES)
			break;
		g_string_append(text, post);
	}
	return g_string_free(text, FALSE);
}

guint
posts_fitting(const GPtrArray *posts)
{
	guint count = 0;
	g_free(table_text(posts, &count));
	return count;
}

gboolean
posts_write(const Config *config, const Site *site, const GPtrArray *posts, GError **error)
{
	g_autofree char *folder = g_build_filename(config->sites_directory, site->facts->name, NULL);
	guint count = 0;
	g_autofree char *text = table_text(posts, &count);
	return inifile_put(folder, FILE_NAME, text, error) && inifile_sync(folder, error);
}
