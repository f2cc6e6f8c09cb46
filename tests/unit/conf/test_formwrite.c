/*
 * Forms written as folders: what was written reads back as the same form, nothing is overwritten, nothing half-done stays.
 */
#include "sekisho/conf/formwrite.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/import.h"
#include "tree.h"

typedef struct {
	char *tree;
	Config *config;
	Site *site;
} Place;

static void
place_open(Place *place)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = tree_path(place->tree, "sekisho.conf");
	place->config = config_load(path, &error);
	g_assert_no_error(error);
	place->site = config_site(place->config, "example.jp", &error);
	g_assert_no_error(error);
}

static void
place_close(Place *place)
{
	site_unref(place->site);
	config_free(place->config);
}

static Place
place_new(void)
{
	Place place = {.tree = tree_new()};
	place_open(&place);
	return place;
}

/* A new gateway would see this. */
static void
place_reopen(Place *place)
{
	place_close(place);
	place_open(place);
}

static void
place_clear(Place *place)
{
	place_close(place);
	tree_free(place->tree);
}

static void
set(char **place, const char *text)
{
	g_free(*place);
	*place = g_strdup(text);
}

static FormSource *
source_new(guint64 id, const char *slug)
{
	FormSource *source = form_source_new();
	source->id = id;
	set(&source->slug, slug);
	set(&source->title, "Form");
	set(&source->locale, "en_US");
	set(&source->template_text, "[text* n] [email e] [file f] [submit]");
	set(&source->mail[0].recipient, "owner@example.jp");
	return source;
}

static void
assert_same_mail(const MailTemplate *left, const MailTemplate *right)
{
	g_assert_cmpstr(left->subject, ==, right->subject);
	g_assert_cmpstr(left->sender, ==, right->sender);
	g_assert_cmpstr(left->recipient, ==, right->recipient);
	g_assert_cmpstr(left->body, ==, right->body);
	g_assert_cmpstr(left->additional_headers, ==, right->additional_headers);
	g_assert_cmpstr(left->attachments, ==, right->attachments);
	g_assert_cmpint(left->is_active, ==, right->is_active);
	g_assert_cmpint(left->is_html, ==, right->is_html);
	g_assert_cmpint(left->is_exclude_blank, ==, right->is_exclude_blank);
}

static void
assert_same(const FormSource *left, const FormSource *right)
{
	GHashTableIter messages;
	gpointer key, text;
	g_assert_cmpuint(left->id, ==, right->id);
	g_assert_cmpstr(left->slug, ==, right->slug);
	g_assert_cmpstr(left->title, ==, right->title);
	g_assert_cmpstr(left->locale, ==, right->locale);
	g_assert_cmpstr(left->template_text, ==, right->template_text);
	g_assert_cmpstr(left->additional_settings, ==, right->additional_settings);
	g_assert_cmpuint(g_hash_table_size(left->messages), ==, g_hash_table_size(right->messages));
	g_hash_table_iter_init(&messages, left->messages);
	while (g_hash_table_iter_next(&messages, &key, &text))
		g_assert_cmpstr(text, ==, g_hash_table_lookup(right->messages, key));
	assert_same_mail(&left->mail[0], &right->mail[0]);
	assert_same_mail(&left->mail[1], &right->mail[1]);
}

static void
write_and_compare(Place *place, const FormSource *source)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_assert_true(formwrite_form(place->config, place->site, source, &error));
	g_assert_no_error(error);
	place_reopen(place);
	g_autoptr(Form) form = site_examine_form(place->site, source->id, problems, &error);
	g_assert_no_error(error);
	assert_same(source, form->source);
}

/* --- Round trips ------------------------------------------------------------------------------------------------------ */

static void
test_values(void)
{
	static const char *const values[] = {"", " ", "  two before, two behind  ", "\"quoted\"", "'single'", "back\\slash\\n",
	    "\\", "C:\\0x", "# no comment", "; none either", "[group]", "a = b", "日本語　全角空白　", "　", "é\xC2\xA0",
	    "end\\ ", "100%", "$HOME `x`", "[_site_title] \"[n]\" <[e]>"};
	Place place = place_new();
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autofree char *slug = g_strdup_printf("f-%u", i);
		g_autoptr(FormSource) source = source_new(100 + i, slug);
		g_test_message("<%s>", values[i]);
		if (values[i][0] != '\0')
			set(&source->title, values[i]);
		set(&source->mail[0].subject, values[i]);
		set(&source->mail[1].recipient, values[i]);
		set(&source->mail[0].body, values[i]);
		set(&source->template_text, values[i]);
		set(&source->mail[1].additional_headers, values[i]);
		g_hash_table_insert(source->messages, g_strdup("spam"), g_strdup(values[i]));
		formwrite_settle(place.site, source, NULL);
		write_and_compare(&place, source);
		g_assert_cmpstr(source->mail[0].subject, ==, values[i]);
		g_assert_cmpstr(g_hash_table_lookup(source->messages, "spam"), ==, values[i]);
	}
	place_clear(&place);
}

static void
test_lines_and_switches(void)
{
	Place place = place_new();
	g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(FormSource) source = source_new(7, "rich");
	set(&source->title, "資料請求\n(無料)");
	set(&source->locale, "");
	set(&source->template_text, "<p>\r\n[text* n]\r\n</p>\n\n");
	set(&source->mail[0].attachments, "[f]\nuploads/規約.pdf\n");
	set(&source->mail[0].body, "一行目\r\n\r\n  二行目\n");
	set(&source->mail[1].body, "\n\n先頭が空行");
	source->mail[0].is_html = source->mail[1].is_exclude_blank = source->mail[1].is_active = TRUE;
	g_hash_table_insert(source->messages, g_strdup("mail_sent_ok"), g_strdup("ありがとう\n ございます \\o/\n"));
	g_hash_table_insert(source->messages, g_strdup("honeypot_foo"), g_strdup("x"));
	set(&source->additional_settings,
	    "demo_mode:on\n# a remark\nskip_mail :  off \ndemo_mode: off\non_sent_ok: \"alert('x');\"\n\n");
	formwrite_settle(place.site, source, remarks);
	write_and_compare(&place, source);
	g_assert_cmpstr(source->title, ==, "資料請求(無料)");
	g_assert_cmpstr(source->locale, ==, "ja");
	g_assert_cmpstr(source->template_text, ==, "<p>\n[text* n]\n</p>\n\n");
	g_assert_cmpstr(source->additional_settings, ==, "demo_mode: on\nskip_mail: off\non_sent_ok: \"alert('x');\"\n");
	g_assert_cmpstr(g_hash_table_lookup(source->messages, "mail_sent_ok"), ==, "ありがとう\n ございます \\o/\n");
	g_assert_cmpuint(remarks->len, ==, 3);
	g_assert_nonnull(strstr(g_ptr_array_index(remarks, 0), "honeypot_foo"));
	g_assert_nonnull(strstr(g_ptr_array_index(remarks, 1), "line 2"));
	g_assert_nonnull(strstr(g_ptr_array_index(remarks, 2), "repeats a key"));
	place_clear(&place);
}

/* --- Nothing is overwritten, nothing is half-done ----------------------------------------------------------------------- */

static guint
entries(const Place *place)
{
	g_autofree char *forms = tree_path(place->tree, "sites/example.jp/forms");
	g_autoptr(GDir) listing = g_dir_open(forms, 0, NULL);
	guint count = 0;
	while (g_dir_read_name(listing) != NULL)
		count++;
	return count;
}

static void
assert_refused(Place *place, const FormSource *source, GQuark domain, int code, const char *words)
{
	g_autoptr(GError) error = NULL;
	guint before = entries(place);
	g_assert_false(formwrite_form(place->config, place->site, source, &error));
	g_assert_error(error, domain, code);
	if (strstr(error->message, words) == NULL)
		g_error("\"%s\" is not in: %s", words, error->message);
	g_assert_cmpuint(entries(place), ==, before);
}

static void
test_refusals(void)
{
	Place place = place_new();
	g_autofree char *contact = tree_path(place.tree, "sites/example.jp/forms/contact/form.ini");
	g_autofree char *before = NULL, *after = NULL;
	g_assert_true(g_file_get_contents(contact, &before, NULL, NULL));
	g_autoptr(FormSource) existing = source_new(9, "contact");
	formwrite_settle(place.site, existing, NULL);
	assert_refused(&place, existing, CONF_ERROR, CONF_ERROR_INVALID, "forms/contact: is there already");
	g_assert_true(g_file_get_contents(contact, &after, NULL, NULL));
	g_assert_cmpstr(before, ==, after);

	g_autoptr(FormSource) escaping = source_new(9, "../../x");
	assert_refused(&place, escaping, CONF_ERROR, CONF_ERROR_INVALID, "is no folder's name");
	g_autoptr(FormSource) nameless = source_new(0, "nameless");
	assert_refused(&place, nameless, CONF_ERROR, CONF_ERROR_INVALID, "forms/nameless/form.ini");
	/* One that was not settled would not come back as it is. */
	g_autoptr(FormSource) unsettled = source_new(9, "unsettled");
	set(&unsettled->template_text, "a\r\nb");
	assert_refused(&place, unsettled, CONF_ERROR, CONF_ERROR_INVALID, "would not read back");
	g_autoptr(FormSource) large = source_new(9, "large");
	g_autofree char *text = g_strnfill(LIMIT_TEMPLATE_BYTES + 1, 'x');
	set(&large->template_text, text);
	assert_refused(&place, large, CONF_ERROR, CONF_ERROR_INVALID, "is too large");
	place_clear(&place);
}

/* A folder that cannot be made. (root passes any mode, so a file stands in the way.) */
static void
test_no_folder(void)
{
	Place place = place_new();
	tree_write(place.tree, "sites/other.jp/site.conf", tree_site_conf);
	tree_write(place.tree, "sites/other.jp/forms", "a file\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) other = config_site(place.config, "other.jp", &error);
	g_assert_no_error(error);
	g_autoptr(FormSource) source = source_new(9, "x");
	g_assert_false(formwrite_form(place.config, other, source, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	place_clear(&place);
}

/* --- Posts ----------------------------------------------------------------------------------------------------------------- */

static SitePost *
post_new(guint64 id, const char *title)
{
	SitePost *post = site_post_new();
	post->id = id;
	set(&post->title, title);
	set(&post->name, "page");
	set(&post->url, "https://example.jp/?page_id=2&x=[y]");
	set(&post->author, "山田 \\ \"太郎\"");
	set(&post->author_address, "taro@example.jp");
	return post;
}

static const SitePost *
find_post(const Place *place, guint64 id)
{
	return place->site->facts->posts == NULL ? NULL : g_hash_table_lookup(place->site->facts->posts, &id);
}

static void
test_posts(void)
{
	Place place = place_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) posts = g_ptr_array_new_with_free_func((GDestroyNotify)site_post_free);
	g_assert_null(find_post(&place, 2));
	g_ptr_array_add(posts, post_new(2, " 会社\n案内 "));
	g_ptr_array_add(posts, post_new(40, "[group] = # \\"));
	g_assert_true(posts_write(place.config, place.site, posts, &error));
	g_assert_no_error(error);
	place_reopen(&place);
	const SitePost *post = find_post(&place, 2);
	g_assert_nonnull(post);
	g_assert_cmpstr(post->title, ==, " 会社案内 ");
	g_assert_cmpstr(post->url, ==, "https://example.jp/?page_id=2&x=[y]");
	g_assert_cmpstr(post->author, ==, "山田 \\ \"太郎\"");
	g_assert_cmpstr(post->author_address, ==, "taro@example.jp");
	g_assert_cmpstr(post->name, ==, "page");
	g_assert_cmpstr(find_post(&place, 40)->title, ==, "[group] = # \\");
	/* The next import replaces it. */
	g_ptr_array_remove_index(posts, 0);
	g_assert_true(posts_write(place.config, place.site, posts, &error));
	place_reopen(&place);
	g_assert_null(find_post(&place, 2));
	g_assert_nonnull(find_post(&place, 40));
	place_clear(&place);
}

static void
test_posts_ceiling(void)
{
	Place place = place_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) posts = g_ptr_array_new_with_free_func((GDestroyNotify)site_post_free);
	g_autofree char *title = g_strnfill(900, 'x');
	for (guint64 id = 1; id <= LIMIT_POSTS_PER_SITE + 1; id++)
		g_ptr_array_add(posts, post_new(id, title));
	guint fitting = posts_fitting(posts);
	g_assert_cmpuint(fitting, <=, LIMIT_POSTS_PER_SITE);
	g_assert_true(posts_write(place.config, place.site, posts, &error));
	g_assert_no_error(error);
	place_reopen(&place);
	/* As many as it says, and no more. */
	g_assert_nonnull(find_post(&place, fitting));
	g_assert_null(find_post(&place, fitting + 1));
	g_assert_nonnull(find_post(&place, LIMIT_POSTS_PER_SITE - 1000));
	g_assert_null(find_post(&place, LIMIT_POSTS_PER_SITE + 1));
	place_clear(&place);
}

static void
test_wrong_posts(void)
{
	Place place = place_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	tree_write(place.tree, "sites/example.jp/posts.ini", "[post 2x]\ntitle = a\n[post 3]\ntitel = b\n");
	config_check_site(place.config, "example.jp", problems);
	g_autofree char *said = tree_problems(place.tree, problems);
	g_assert_nonnull(strstr(said, "~/sites/example.jp/posts.ini:1: [post 2x]: is no post's number; write [post NUMBER]"));
	g_assert_nonnull(strstr(said, "~/sites/example.jp/posts.ini:4: [post 3] titel: unknown key; did you mean \"title\"?"));
	place_clear(&place);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conf/formwrite/values", test_values);
	g_test_add_func("/conf/formwrite/lines-and-switches", test_lines_and_switches);
	g_test_add_func("/conf/formwrite/refusals", test_refusals);
	g_test_add_func("/conf/formwrite/no-folder", test_no_folder);
	g_test_add_func("/conf/posts/round-trip", test_posts);
	g_test_add_func("/conf/posts/ceiling", test_posts_ceiling);
	g_test_add_func("/conf/posts/wrong", test_wrong_posts);
	return g_test_run();
}
