/*
 * Exports as WordPress writes them become forms and posts: export/site.xml, export/form.json, export/forms.json, and small ones
 * made here.
 */
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/form/form.h"
#include "sekisho/form/import.h"

static GBytes *
content_of(const char *name)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "export", name, NULL);
	g_autoptr(GError) error = NULL;
	char *text;
	gsize size;

	g_file_get_contents(path, &text, &size, &error);
	g_assert_no_error(error);
	return g_bytes_new_take(text, size);
}

static Import *
import_of(const char *text, gsize size)
{
	g_autoptr(GBytes) content = g_bytes_new(text, size);
	g_autoptr(GError) error = NULL;
	Import *import = import_read(content, &error);

	g_assert_no_error(error);
	return import;
}

static Import *
import_file(const char *name)
{
	g_autoptr(GBytes) content = content_of(name);

	return import_of(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
}

static const ImportedForm *
form_of(const Import *import, guint64 id)
{
	for (guint i = 0; i < import->forms->len; i++) {
		const ImportedForm *form = import->forms->pdata[i];
		if (form->source->id == id)
			return form;
	}
	g_error("there is no form %" G_GUINT64_FORMAT, id);
}

static const char *
message(const ImportedForm *form, const char *key)
{
	return g_hash_table_lookup(form->source->messages, key);
}

static gboolean
is_remarked(const ImportedForm *form, const char *words)
{
	for (guint i = 0; i < form->remarks->len; i++) {
		if (strstr(form->remarks->pdata[i], words) != NULL)
			return TRUE;
	}
	return FALSE;
}

/* --- The example -------------------------------------------------------------------------------------------------------- */

static void
test_site(void)
{
	g_autoptr(Import) import = import_file("site.xml");

	g_assert_cmpstr(import->site_title, ==, "喫茶あおば & Friends");
	g_assert_cmpstr(import->site_description, ==, "珈琲と「音楽」");
	g_assert_cmpstr(import->site_url, ==, "https://kissa-aoba.example");
	g_assert_cmpstr(import->language, ==, "ja");
	g_assert_cmpuint(import->forms->len, ==, 15);
}

static void
test_posts(void)
{
	static const struct {
		guint64 id;
		const char *name, *title, *url, *author, *author_address;
	} rows[] = {
	    {40, "jobs", "Jobs", "https://kissa-aoba.example/jobs/", "hanako", "hanako@kissa-aoba.example"},
	    {2, "contact", "ご案内 & Contact", "https://kissa-aoba.example/contact/", "青葉 太郎", "taro@kissa-aoba.example"},
	    {44, "guest-article", "Guest article", "https://kissa-aoba.example/2026/03/guest-article/", "Somebody Else", ""},
	    {42, "spring-menu", "<em>Spring</em> menu", "https://kissa-aoba.example/2026/03/spring-menu/", "hanako",
		"hanako@kissa-aoba.example"},
	};
	g_autoptr(Import) import = import_file("site.xml");

	g_assert_cmpuint(import->posts->len, ==, G_N_ELEMENTS(rows));
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SitePost *post = import->posts->pdata[i];
		g_assert_cmpuint(post->id, ==, rows[i].id);
		g_assert_cmpstr(post->name, ==, rows[i].name);
		g_assert_cmpstr(post->title, ==, rows[i].title);
		g_assert_cmpstr(post->url, ==, rows[i].url);
		g_assert_cmpstr(post->author, ==, rows[i].author);
		g_assert_cmpstr(post->author_address, ==, rows[i].author_address);
	}
}

/* What is in the table of posts, any visitor can have mailed (contract 12.7). */
static void
test_public_posts(void)
{
	static const struct {
		const char *type, *status, *password, *link;
		gboolean is_kept;
	} rows[] = {
	    {"page", "publish", "", "https://x.example/a/", TRUE},
	    {"post", "publish", "", "https://x.example/?p=7", TRUE},
	    {"book", "publish", "", "https://x.example/book/a/", TRUE},
	    {"book", "publish", "", "https://x.example/?book=a", TRUE},
	    {"page", "draft", "", "https://x.example/a/", FALSE},
	    {"post", "private", "", "https://x.example/a/", FALSE},
	    {"post", "pending", "", "https://x.example/a/", FALSE},
	    {"post", "future", "", "https://x.example/a/", FALSE},
	    {"page", "trash", "", "https://x.example/a/", FALSE},
	    {"page", "", "", "https://x.example/a/", FALSE},
	    {"page", "publish", "open sesame", "https://x.example/a/", FALSE},
	    {"", "publish", "", "https://x.example/a/", FALSE},
	    {"flamingo_inbound", "publish", "", "https://x.example/a/", FALSE},
	    {"flamingo_contact", "publish", "", "https://x.example/a/", FALSE},
	    {"shop_order", "publish", "", "https://x.example/a/", FALSE},
	    {"shop_order_refund", "publish", "", "https://x.example/a/", FALSE},
	    {"wp_block", "publish", "", "https://x.example/a/", FALSE},
	    {"custom_css", "publish", "", "https://x.example/a/", FALSE},
	    {"oembed_cache", "publish", "", "https://x.example/a/", FALSE},
	    {"customize_changeset", "publish", "", "https://x.example/a/", FALSE},
	    {"user_request", "publish", "", "https://x.example/a/", FALSE},
	    {"nav_menu_item", "publish", "", "https://x.example/a/", FALSE},
	    {"attachment", "publish", "", "https://x.example/a/", FALSE},
	    {"revision", "publish", "", "https://x.example/a/", FALSE},
	    {"wc_booking", "publish", "", "https://x.example/a/", FALSE},
	    {"scheduled-action", "publish", "", "https://x.example/a/", FALSE},
	    /* A type that nobody knows here, without pages of its own. */
	    {"patient", "publish", "", "https://x.example/?post_type=patient&amp;p=7", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *xml =
		    g_strdup_printf("<rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><item><wp:post_id>5</wp:post_id>"
				    "<wp:post_type>wpcf7_contact_form</wp:post_type></item><item><title>t</title><link>%s</link>"
				    "<wp:post_id>7</wp:post_id><wp:status>%s</wp:status><wp:post_type>%s</wp:post_type>"
				    "<wp:post_password>%s</wp:post_password></item></channel></rss>",
			rows[i].link, rows[i].status, rows[i].type, rows[i].password);
		g_test_message("%s %s %s", rows[i].type, rows[i].status, rows[i].link);
		g_autoptr(Import) import = import_of(xml, strlen(xml));
		g_assert_cmpuint(import->posts->len, ==, rows[i].is_kept);
	}
}

/* A form in the trash is one its owner threw away; a draft works in Contact Form 7. */
static void
test_states(void)
{
	static const char *const states[] = {"publish", "draft", "trash"};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *xml = g_strdup_printf(
		    "<rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><item><wp:post_id>5</wp:post_id><wp:status>%s"
		    "</wp:status><wp:post_type>wpcf7_contact_form</wp:post_type></item></channel></rss>",
		    states[i]);
		g_autoptr(Import) import = import_of(xml, strlen(xml));
		const ImportedForm *form = form_of(import, 5);
		g_assert_null(form->refusal);
		g_assert_true(form->is_trashed == (i == 2));
		g_assert_true(is_remarked(form, "status: is \"draft\"") == (i == 1));
	}
}

static void
test_names(void)
{
	static const struct {
		guint64 id;
		const char *slug, *title, *locale;
		gsize hash;
	} rows[] = {
	    {5, "contact-form-1", "Contact form 1", "en_US", 64},
	    {6, "everything", "Everything & more", "en_US", 64},
	    {7, "form-7", "お問い合わせ", "ja", 64},
	    {8, "newsletter", "Newsletter (HTML)", "en_US", 64},
	    {9, "application", "Application with files", "en_US", 64},
	    {10, "form-10", "ご予約(同意が必要)", "ja", 64},
	    {11, "guestbook", "Guest book with a quiz", "en_US", 64},
	    {12, "old-habit", "Sender is the visitor", "en_US", 64},
	    {13, "members", "For members", "en_US", 64},
	    {14, "shop", "Shop with things of other plugins", "en_US", 64},
	    {15, "departments", "Recipient from a select", "en_US", 64},
	    {16, "from-2009", "Very old", "ja", 0},
	    {17, "moved-twice", "Serialised twice", "en_US", 64},
	    {18, "from-windows", "改行が失われたフォーム", "ja", 64},
	    {19, "demo", "Demonstration", "en_US", 40},
	};
	g_autoptr(Import) import = import_file("site.xml");

	g_assert_cmpuint(import->forms->len, ==, G_N_ELEMENTS(rows));
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const ImportedForm *form = import->forms->pdata[i];
		g_assert_cmpuint(form->source->id, ==, rows[i].id);
		g_assert_cmpstr(form->source->slug, ==, rows[i].slug);
		g_assert_cmpstr(form->source->title, ==, rows[i].title);
		g_assert_cmpstr(form->source->locale, ==, rows[i].locale);
		g_assert_cmpuint(strlen(form->hash), ==, rows[i].hash);
		g_assert_cmpuint(g_hash_table_size(form->source->messages), ==, 23);
		g_assert_true(form->source->mail[0].is_active);
	}
}

static void
test_templates(void)
{
	g_autoptr(Import) import = import_file("site.xml");
	const FormSource *japanese = form_of(import, 7)->source;
	const FormSource *html = form_of(import, 8)->source;
	const FormSource *files = form_of(import, 9)->source;

	g_assert_true(g_str_has_suffix(form_of(import, 5)->source->template_text, "\n\n[submit \"Submit\"]"));
	g_assert_true(
	    g_str_has_prefix(form_of(import, 19)->source->template_text, "Before ]]> after [[text not-a-tag]]\n[text*"));
	g_assert_nonnull(strstr(japanese->template_text, "\"ご予約|予約係\""));
	g_assert_cmpstr(japanese->mail[0].subject, ==, "【お問い合わせ】[kind] [your-subject]");
	g_assert_cmpstr(japanese->mail[0].sender, ==, "喫茶あおば <info@kissa-aoba.example>");
	g_assert_cmpstr(japanese->mail[0].recipient, ==, "info@kissa-aoba.example");
	g_assert_true(japanese->mail[1].is_active);
	g_assert_true(g_str_has_prefix(japanese->mail[1].body, "[お名前-1] 様\n\n"));
	g_assert_true(html->mail[0].is_html && html->mail[0].is_exclude_blank);
	g_assert_true(html->mail[1].is_html && !html->mail[1].is_exclude_blank);
	g_assert_cmpstr(html->additional_settings, ==, "do_not_store: true");
	g_assert_cmpstr(files->mail[0].attachments, ==, "[cv][photo]\n[certificates]\nuploads/terms.pdf");
	g_assert_cmpstr(form_of(import, 6)->source->mail[0].additional_headers, ==,
	    "Reply-To: [your-email]\nX-Table: [table]\nCc: kitchen@kissa-aoba.example");
	g_assert_cmpstr(form_of(import, 12)->source->mail[0].sender, ==, "[your-name] <[your-email]>");
	g_assert_cmpstr(form_of(import, 13)->source->additional_settings, ==, "subscribers_only: true");
	g_assert_false(form_of(import, 5)->source->mail[1].is_active);
}

static void
test_damaged(void)
{
	g_autoptr(Import) import = import_file("site.xml");
	const ImportedForm *old = form_of(import, 16), *twice = form_of(import, 17), *windows = form_of(import, 18);

	g_assert_cmpstr(old->source->mail[0].subject, ==, "Old: [your-name]");
	g_assert_cmpstr(old->source->mail[0].recipient, ==, "[_site_admin_email]");
	g_assert_cmpstr(old->source->mail[1].recipient, ==, "");
	g_assert_true(is_remarked(old, "locale"));
	g_assert_cmpstr(twice->source->mail[0].subject, ==, "\"Quoted\"; [your-name]");
	g_assert_cmpstr(twice->source->mail[0].body, ==, "Text with \"quotes\"; and };\n[your-message]");
	g_assert_cmpuint(twice->remarks->len, ==, 0);
	g_assert_cmpstr(
	    windows->source->mail[0].body, ==, "お名前: [your-name]\n\"引用\";\n\n本文:\n[your-message]\n\n-- \n終わり");
	g_assert_cmpstr(windows->source->mail[0].additional_headers, ==, "Reply-To: [your-email]\nCc: office@kissa-aoba.example");
	g_assert_cmpstr(message(windows, "mail_sent_ok"), ==, "ありがとうございました。\nまたどうぞ。");
	g_assert_true(is_remarked(windows, "mail: 2 of its texts"));
	g_assert_true(is_remarked(windows, "messages: 1 of its texts"));
}

static void
test_messages(void)
{
	g_autoptr(Import) import = import_file("site.xml");
	const ImportedForm *activation = form_of(import, 5), *full = form_of(import, 6), *japanese = form_of(import, 10);

	g_assert_cmpuint(full->filled->len, ==, 0);
	g_assert_cmpuint(activation->filled->len, ==, 11);
	g_assert_cmpstr(activation->filled->pdata[0], ==, "invalid_date");
	g_assert_cmpstr(message(activation, "mail_sent_ok"), ==, "Thank you, we have your message.");
	g_assert_cmpstr(message(activation, "invalid_email"), ==, "Enter a valid e-mail address.");
	g_assert_cmpstr(message(japanese, "invalid_email"), ==, "メールアドレスの形が正しくありません。");
	g_assert_cmpuint(form_of(import, 16)->filled->len, ==, 17);
	/* Its own six stay, the rest is in the site's language. */
	g_assert_cmpstr(message(form_of(import, 16), "invalid_required"), ==, "Please fill this in.");
	g_assert_cmpstr(message(form_of(import, 16), "invalid_too_long"), ==, "文字数が多すぎます。");
}

static void
test_foreign(void)
{
	g_autoptr(Import) import = import_file("site.xml");
	const ImportedForm *shop = form_of(import, 14);

	g_assert_null(message(shop, "plugin_says_no"));
	g_assert_true(is_remarked(shop, "messages: \"plugin_says_no\""));
	g_assert_true(is_remarked(shop, "meta \"_cf7_extra_fields\""));
	g_assert_cmpuint(shop->remarks->len, ==, 2);
	g_assert_cmpuint(form_of(import, 5)->remarks->len, ==, 0);
	g_assert_nonnull(strstr(shop->source->additional_settings, "some_plugin_key: 7\nthis line is nothing"));
}

/* Nothing in the file's line ends, its mark or its version may matter. */
static void
test_other_spellings(void)
{
	g_autoptr(GBytes) content = content_of("site.xml");
	g_autofree char *text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *windows = g_strjoinv("\r\n", lines);
	g_autoptr(GString) changed = g_string_new("\xef\xbb\xbf \r\n");

	g_string_append(changed, windows);
	g_string_replace(changed, "/export/1.2/", "/export/1.0/", 0);
	g_string_replace(changed, "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"", 0);
	g_autoptr(Import) plain = import_of(text, strlen(text));
	g_autoptr(Import) other = import_of(changed->str, changed->len);
	g_assert_cmpuint(other->forms->len, ==, plain->forms->len);
	g_assert_cmpuint(other->posts->len, ==, plain->posts->len);
	for (guint i = 0; i < plain->forms->len; i++) {
		const ImportedForm *left = plain->forms->pdata[i], *right = other->forms->pdata[i];
		g_assert_cmpstr(left->source->template_text, ==, right->source->template_text);
		g_assert_cmpstr(left->source->mail[0].body, ==, right->source->mail[0].body);
		g_assert_cmpstr(left->source->title, ==, right->source->title);
	}
}

/* --- REST --------------------------------------------------------------------------------------------------------------- */

static void
test_rest(void)
{
	g_autoptr(Import) site = import_file("site.xml");
	g_autoptr(Import) one = import_file("form.json");
	g_autoptr(Import) two = import_file("forms.json");

	g_assert_cmpuint(one->forms->len, ==, 1);
	g_assert_cmpuint(one->posts->len, ==, 0);
	g_assert_cmpstr(one->site_title, ==, "");
	g_assert_cmpuint(two->forms->len, ==, 2);
	for (guint i = 0; i < 3; i++) {
		const ImportedForm *form = i == 0 ? one->forms->pdata[0] : two->forms->pdata[i - 1];
		const ImportedForm *same = form_of(site, form->source->id);
		g_assert_cmpstr(form->source->slug, ==, same->source->slug);
		g_assert_cmpstr(form->source->title, ==, same->source->title);
		g_assert_cmpstr(form->source->locale, ==, same->source->locale);
		g_assert_cmpstr(form->source->template_text, ==, same->source->template_text);
		g_assert_cmpstr(form->source->additional_settings, ==, same->source->additional_settings);
		g_assert_cmpstr(form->source->mail[0].body, ==, same->source->mail[0].body);
		g_assert_cmpstr(form->source->mail[1].recipient, ==, same->source->mail[1].recipient);
		g_assert_cmpuint(form->filled->len, ==, same->filled->len);
		g_assert_cmpstr(form->hash, ==, "");
	}
}

/* --- Small ones --------------------------------------------------------------------------------------------------------- */

static void
test_values(void)
{
	static const char json[] =
	    "[{\"id\": 4, \"slug\": \"A_b c\", \"title\": \" two\\r\\nlines \", \"locale\": \"de_DE_formal\", \"hash\": \"no\", "
	    "\"properties\": {\"form\": {\"content\": \"a\\r\\nb\\rc\"}, \"mail\": {\"subject\": 7, \"use_html\": \"0\", "
	    "\"exclude_blank\": \"yes\", \"active\": false, \"sender\": null, \"own\": {}}, \"mail_2\": {\"active\": 1}, "
	    "\"messages\": [], \"additional_settings\": {\"content\": \"\", \"settings\": []}}}, "
	    "{\"id\": 3, \"slug\": \"a-b-c\", \"title\": \"\", \"locale\": null, \"properties\": {\"mail\": {\"recipient\": "
	    "\"\"}}}, "
	    "{\"id\": 6, \"slug\": \"a-b-c\", \"title\": \"\", \"properties\": {}}]";
	g_autoptr(Import) import = import_of(json, strlen(json));
	const ImportedForm *form = form_of(import, 4);
	const MailTemplate *mail = &form->source->mail[0];

	g_assert_cmpstr(form->source->title, ==,
	    "two"
	    "lines");
	g_assert_cmpstr(form->source->template_text, ==, "a\nb\nc");
	g_assert_cmpstr(form->source->locale, ==, "de_DE");
	g_assert_cmpstr(mail->subject, ==, "7");
	g_assert_cmpstr(mail->sender, ==, "");
	g_assert_cmpstr(mail->recipient, ==, "[_site_admin_email]");
	g_assert_true(!mail->is_html && mail->is_exclude_blank && mail->is_active && form->source->mail[1].is_active);
	g_assert_true(is_remarked(form, "locale: is \"de_DE_formal\""));
	g_assert_true(is_remarked(form, "hash"));
	g_assert_true(is_remarked(form, "mail: \"own\""));
	g_assert_cmpstr(form_of(import, 3)->source->mail[0].recipient, ==, "");
	g_assert_cmpstr(form_of(import, 6)->source->mail[0].recipient, ==, "[_site_admin_email]");
	g_assert_true(is_remarked(form_of(import, 6), "form: is empty"));
	/* The smaller id is served first, whatever the order in the file. */
	g_assert_cmpstr(form_of(import, 3)->source->slug, ==, "a-b-c");
	g_assert_cmpstr(form->source->slug, ==, "a-b-c-4");
	g_assert_cmpstr(form_of(import, 6)->source->slug, ==, "a-b-c-6");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/import/site", test_site);
	g_test_add_func("/form/import/posts and authors", test_posts);
	g_test_add_func("/form/import/only public posts", test_public_posts);
	g_test_add_func("/form/import/states of forms", test_states);
	g_test_add_func("/form/import/names languages and hashes", test_names);
	g_test_add_func("/form/import/templates", test_templates);
	g_test_add_func("/form/import/damaged forms are put right", test_damaged);
	g_test_add_func("/form/import/missing messages are filled", test_messages);
	g_test_add_func("/form/import/things of other plugins are remarked", test_foreign);
	g_test_add_func("/form/import/line ends mark and version do not matter", test_other_spellings);
	g_test_add_func("/form/import/REST gives the same forms", test_rest);
	g_test_add_func("/form/import/values of any shape", test_values);
	return g_test_run();
}
