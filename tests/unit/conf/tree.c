/*
 * The folder that the tests of config and check work in.
 */
#include "tree.h"

#include <glib/gstdio.h>
#include <string.h>

const char *const tree_site_conf = "[site]\n"
				   "url = https://example.jp/\n"
				   "admin_address = owner@example.jp\n"
				   "locale = ja\n"
				   "timezone = Asia/Tokyo\n"
				   "[mail]\n"
				   "from = 例 <info@example.jp>\n"
				   "account = main\n";

char *
tree_path(const char *tree, const char *path)
{
	return g_build_filename(tree, path, NULL);
}

void
tree_write(const char *tree, const char *path, const char *text)
{
	g_autofree char *file = tree_path(tree, path);
	g_autofree char *folder = g_path_get_dirname(file);
	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

char *
tree_new(void)
{
	char *tree = g_dir_make_tmp("sekisho-conf-XXXXXX", NULL);
	g_assert_nonnull(tree);
	tree_write(tree, "sekisho.conf", "[gateway]\nlisten = ./s.sock\n[account main]\nhost = smtp.example.jp\n");
	tree_write(tree, "sites/example.jp/site.conf", tree_site_conf);
	tree_write(tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\ntitle = お問い合わせ\n");
	tree_write(tree, "sites/example.jp/forms/contact/form.html",
	    "[text* your-name] [email* your-email] [text your-subject] [textarea your-message] [submit \"送信\"]");
	return tree;
}

static void
remove_all(const char *path)
{
	g_autoptr(GDir) listing = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		remove_all(inner);
	}
	g_remove(path);
}

void
tree_free(char *tree)
{
	remove_all(tree);
	g_free(tree);
}

static char *
shorten(const char *tree, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, tree, -1);
	return g_strjoinv("~", parts);
}

char *
tree_problems(const char *tree, const GPtrArray *problems)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	for (guint i = 0; i < problems->len; i++)
		g_string_append_printf(lines, "%s%s", i == 0 ? "" : "\n", (const char *)g_ptr_array_index(problems, i));
	return shorten(tree, lines->str);
}

char *
tree_message(const char *tree, const GError *error)
{
	return shorten(tree, error->message);
}
