/*
 * The main file, sites and forms as the gateway loads them, and their cache.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/conf/config.h"
#include "tree.h"

static Config *
load(const char *tree)
{
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	g_autoptr(GError) error = NULL;
	Config *config = config_load(path, &error);
	g_assert_no_error(error);
	return config;
}

static void
test_main_file(void)
{
	char *tree = tree_new();
	g_autofree char *socket = tree_path(tree, "s.sock");
	g_autofree char *sites = tree_path(tree, "sites");
	g_autoptr(Config) config = load(tree);
	g_assert_cmpstr(config->listen, ==, socket);
	g_assert_cmpstr(config->sites_directory, ==, sites);
	g_assert_cmpstr(config->data_directory, ==, "/var/lib/sekisho");
	g_assert_cmpstr(config->key_directory, ==, "/etc/sekisho/keys");
	g_assert_cmpstr(config->socket_group, ==, "www-data");
	g_assert_cmpstr(config->front_user, ==, "sekisho-front");
	g_assert_cmpstr(config->courier_user, ==, "sekisho-courier");
	g_assert_cmpstr(config->group, ==, "sekisho");
	g_assert_cmpuint(config->workers, ==, 4);
	g_assert_cmpstr(config->courier_directory, ==, "/var/lib/sekisho-courier");
	g_assert_cmpstr(config->alarm_command, ==, "");
	g_assert_cmpstr(config->alarm_address, ==, "");
	g_assert_null(config->alarm_account);
	g_assert_cmpstr(config->dns_servers, ==, "");
	tree_free(tree);
}

#define APART(key) "must be the courier's alone and lies in " key ", or around it; name a folder beside it"

/* A main file, and its problems. */
static const struct {
	const char *name;
	const char *text;
	const char *message;
} broken[] = {
    {"plain to another machine", "[account a]\nhost = smtp.example.jp\nsecurity = plain-loopback\n",
	"~/sekisho.conf:3: [account a] security: plain-loopback would send mail and password in clear over the network; write "
	"starttls or tls, or host = 127.0.0.1, ::1 or localhost"},
    {"half an AUTH, either half", "[account a]\nhost = 127.0.0.1\nuser = u\n[account b]\nhost = 127.0.0.1\npassword_file = p\n",
	"~/sekisho.conf:3: [account a] user: has no password; write password_file = PATH too\n"
	"~/sekisho.conf:6: [account b] password_file: has no user; write user = NAME too"},
    {"an account for alarms that is not there", "[gateway]\nalarm_account = main\n",
	"~/sekisho.conf:2: [gateway] alarm_account: there is no [account main] in this file; write one here"},
    {"a courier's folder in the front's", "[gateway]\ndata_directory = /srv/s\ncourier_directory = /srv/s/c\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART("data_directory")},
    {"and the same folder", "[gateway]\ndata_directory = /srv/s\ncourier_directory = /srv/s/\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART("data_directory")},
    {"and around it", "[gateway]\ndata_directory = /srv/s/d\ncourier_directory = /srv/s\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART("data_directory")},
    {"and around everything", "[gateway]\nkey_directory = ./k\ncourier_directory = /\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART(
	    "data_directory") "\n~/sekisho.conf:3: [gateway] courier_directory: " APART("key_directory")},
    {"and in that of the keys", "[gateway]\nkey_directory = /srv/k\ncourier_directory = /srv/k/c\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART("key_directory")},
    {"and around that of the keys", "[gateway]\nkey_directory = /srv/c/k\ncourier_directory = /srv/c\n",
	"~/sekisho.conf:3: [gateway] courier_directory: " APART("key_directory")},
    {"a socket path that no socket can have",
	"[gateway]\nlisten = "
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	"~/sekisho.conf:2: [gateway] listen: the path is too long for a socket; keep it within 107 bytes"},
};

static void
test_broken_main_file(void)
{
	char *tree = tree_new();
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", broken[i].name);
		tree_write(tree, "sekisho.conf", broken[i].text);
		g_autoptr(Config) config = config_load(path, &error);
		g_assert_null(config);
		g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
		g_autofree char *message = tree_message(tree, error);
		g_assert_cmpstr(message, ==, broken[i].message);
	}
	g_autoptr(GError) missing = NULL;
	g_assert_null(config_load("/nowhere/sekisho.conf", &missing));
	g_assert_error(missing, CONF_ERROR, CONF_ERROR_UNREADABLE);
	tree_free(tree);
}

static void
test_site(void)
{
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(site->facts->name, ==, "example.jp");
	g_assert_cmpstr(site->facts->title, ==, "example.jp");
	g_assert_cmpstr(site->facts->url, ==, "https://example.jp");
	g_assert_cmpstr(site->facts->from, ==, "例 <info@example.jp>");
	g_assert_cmpstr(site->facts->bounce_address, ==, "info@example.jp");
	g_assert_cmpstr(site->facts->list_separator, ==, "");
	g_assert_cmpstr(g_time_zone_get_identifier(site->facts->timezone), ==, "Asia/Tokyo");
	g_assert_true(site->facts->is_facts_on);
	g_assert_cmpstr(site_account(site)->name, ==, "main");
	g_assert_cmpuint(site_account(site)->port, ==, 587);
	g_assert_cmpint(site->retention_us, ==, G_GINT64_CONSTANT(90) * 86400 * G_USEC_PER_SEC);
	tree_free(tree);
}

static void
test_own_account_comes_first(void)
{
	char *tree = tree_new();
	g_autofree char *text = g_strconcat(tree_site_conf, "[account main]\nhost = own.example.jp\nport = 2525\n", NULL);
	tree_write(tree, "sites/example.jp/site.conf", text);
	Config *config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	config_free(config);
	/* A site outlives its Config. */
	g_assert_cmpstr(site_account(site)->host, ==, "own.example.jp");
	g_assert_cmpuint(site_account(site)->port, ==, 2525);
	tree_free(tree);
}

static void
test_names_from_outside(void)
{
	static const char *const names[] = {
	    "", ".", "..", "../sites/example.jp", "example.jp/", "/etc", "a\nb", "\xff", ".git", NULL};
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(config_site(config, names[i], &error));
		g_assert_error(error, CONF_ERROR, CONF_ERROR_NO_SITE);
	}
	g_autoptr(GError) unknown = NULL;
	g_assert_null(config_site(config, "example.com", &unknown));
	g_assert_error(unknown, CONF_ERROR, CONF_ERROR_NO_SITE);
	tree_free(tree);
}

static void
test_form(void)
{
	char *tree = tree_new();
	tree_write(tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nsubject = s\nhtml = on\n[messages]\nspam = \n[settings]\ndo_not_store = true\nmine = 1\n");
	tree_write(tree, "sites/example.jp/forms/contact/mail.txt", "a\r\n[your-name]\r\n");
	g_autoptr(Config) config = load(tree);
	Site *site = config_site(config, "example.jp", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Form) form = site_form(site, 4, &error);
	g_assert_no_error(error);
	g_autoptr(Form) again = site_form(site, 4, &error);
	g_assert_true(form == again);
	g_clear_pointer(&config, config_free);
	site_unref(site);
	/* A form outlives both. */
	g_assert_cmpstr(form->site->title, ==, "example.jp");
	g_assert_cmpstr(form->source->slug, ==, "contact");
	g_assert_cmpstr(form->source->title, ==, "contact");
	g_assert_cmpstr(form->source->locale, ==, "ja");
	g_assert_cmpstr(form->source->mail[0].subject, ==, "s");
	g_assert_cmpstr(form->source->mail[0].recipient, ==, "[_site_admin_email]");
	g_assert_cmpstr(form->source->mail[0].sender, ==, "");
	g_assert_cmpstr(form->source->mail[0].body, ==, "a\n[your-name]\n");
	g_assert_cmpstr(form->source->mail[0].additional_headers, ==, "");
	g_assert_true(form->source->mail[0].is_html);
	g_assert_false(form->source->mail[1].is_active);
	g_assert_true(form->is_stored_briefly);
	g_assert_cmpstr(form->source->additional_settings, ==, "do_not_store: true\nmine: 1\n");
	g_assert_cmpstr(form_message(form, "spam"), ==, "");
	g_assert_cmpuint(g_hash_table_size(form->source->messages), ==, 1);
	tree_free(tree);
}

static void
test_default_mail(void)
{
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Form) form = site_form(site, 4, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(form->source->mail[0].subject, ==, "[_site_title] \"[your-subject]\"");
	g_assert_true(g_str_has_prefix(form->source->mail[0].body, "差出人: [your-name] [your-email]\n"));
	g_assert_cmpstr(form->source->mail[0].additional_headers, ==, "Reply-To: [your-email]");
	g_assert_cmpstr(form->source->mail[1].recipient, ==, "[your-email]");
	tree_free(tree);
}

static void
test_missing_and_double_forms(void)
{
	char *tree = tree_new();
	tree_write(tree, "sites/example.jp/forms/second/form.ini", "[form]\nid = 7\n");
	tree_write(tree, "sites/example.jp/forms/third/form.ini", "[form]\nid = 7\n");
	g_autoptr(Config) config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	g_autoptr(GError) none = NULL;
	g_autoptr(GError) large = NULL;
	g_autoptr(GError) twice = NULL;
	g_assert_null(site_form(site, 5, &none));
	g_assert_error(none, CONF_ERROR, CONF_ERROR_NO_FORM);
	g_assert_null(site_form(site, G_MAXUINT64, &large));
	g_assert_error(large, CONF_ERROR, CONF_ERROR_NO_FORM);
	g_assert_null(site_form(site, 7, &twice));
	g_assert_error(twice, CONF_ERROR, CONF_ERROR_INVALID);
	g_autofree char *message = tree_message(tree, twice);
	g_assert_cmpstr(message, ==,
	    "~/sites/example.jp/forms/second, ~/sites/example.jp/forms/third: these forms have the same id; give each form of a "
	    "site its own");
	g_autoptr(Form) sound = site_form(site, 4, NULL);
	g_assert_nonnull(sound);
	tree_free(tree);
}

/* What was broken stays broken for LIMIT_BROKEN_RETRY_MS, mended or not. */
static void
test_broken_is_remembered(void)
{
	char *tree = tree_new();
	tree_write(tree, "sites/example.jp/site.conf", "[site]\n");
	g_autoptr(Config) config = load(tree);
	g_autoptr(GError) first = NULL;
	g_autoptr(GError) second = NULL;
	g_autoptr(GError) third = NULL;
	g_assert_null(config_site(config, "example.jp", &first));
	g_assert_error(first, CONF_ERROR, CONF_ERROR_INVALID);
	tree_write(tree, "sites/example.jp/site.conf", tree_site_conf);
	g_assert_null(config_site(config, "example.jp", &second));
	g_assert_cmpstr(second->message, ==, first->message);
	clock_set_offset_us((gint64)LIMIT_BROKEN_RETRY_MS * 1000 + 1);
	g_autoptr(Site) site = config_site(config, "example.jp", &third);
	g_assert_no_error(third);
	g_assert_nonnull(site);

	tree_write(tree, "sites/example.jp/forms/contact/form.html", "[stripe]");
	g_assert_null(site_form(site, 4, &third));
	g_assert_error(third, CONF_ERROR, CONF_ERROR_INVALID);
	tree_write(tree, "sites/example.jp/forms/contact/form.html", "[text your-name]");
	g_assert_null(site_form(site, 4, NULL));
	clock_set_offset_us(0); /* set back: a failure from the future does not count */
	g_autoptr(Form) form = site_form(site, 4, NULL);
	g_assert_nonnull(form);
	tree_free(tree);
}

/* The least recently used site goes first, and whoever holds it keeps it. */
static void
test_cache_has_a_ceiling(void)
{
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	for (guint i = 0; i <= LIMIT_SITES_LOADED; i++) {
		g_autofree char *path = g_strdup_printf("sites/s%u/site.conf", i);
		tree_write(tree, path, tree_site_conf);
	}
	g_autoptr(Site) first = config_site(config, "s0", NULL);
	g_autoptr(Site) second = config_site(config, "s1", NULL);
	for (guint i = 2; i < LIMIT_SITES_LOADED; i++) {
		g_autofree char *name = g_strdup_printf("s%u", i);
		site_unref(config_site(config, name, NULL));
	}
	g_autoptr(Site) still_first = config_site(config, "s0", NULL);
	g_assert_true(still_first == first);
	g_autofree char *last = g_strdup_printf("s%u", LIMIT_SITES_LOADED);
	site_unref(config_site(config, last, NULL));
	g_autoptr(Site) other_second = config_site(config, "s1", NULL);
	g_assert_true(other_second != second);
	g_assert_cmpstr(second->facts->name, ==, "s1");
	g_autoptr(Site) kept_first = config_site(config, "s0", NULL);
	g_assert_true(kept_first == first);
	tree_free(tree);
}

static gpointer
ask_for_sites(gpointer data)
{
	Config *config = data;
	for (guint i = 0; i < 200; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Site) site = config_site(config, "example.jp", &error);
		g_assert_no_error(error);
		g_autoptr(Form) form = site_form(site, 4, &error);
		g_assert_no_error(error);
		g_assert_nonnull(form);
		g_assert_null(config_site(config, "broken", NULL));
	}
	return NULL;
}

static void
test_threads(void)
{
	char *tree = tree_new();
	GThread *threads[4];
	tree_write(tree, "sites/broken/site.conf", "x");
	g_autoptr(Config) config = load(tree);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("ask", ask_for_sites, config);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	tree_free(tree);
}

static void
test_password(void)
{
	char *tree = tree_new();
	g_autofree char *path = tree_path(tree, "password");
	Account account = {.user = (char *)"u", .password_file = path};
	Account open_account = {.user = (char *)"", .password_file = (char *)""};
	g_autoptr(GError) exposed = NULL;
	tree_write(tree, "password", "secret\n");
	g_assert_cmpint(g_chmod(path, 0644), ==, 0);
	g_assert_null(account_secret(&account, &exposed));
	g_assert_error(exposed, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
	char *password = account_secret(&account, NULL);
	g_assert_cmpstr(password, ==, "secret");
	password_free(password);
	password = account_secret(&open_account, NULL);
	g_assert_cmpstr(password, ==, "");
	password_free(password);
	tree_free(tree);
}

static void
test_wordpress_key(void)
{
	char *tree = tree_new();
	g_autofree char *path = tree_path(tree, "key");
	g_autofree char *text = g_strconcat(tree_site_conf, "[wordpress]\nsecret_key_file = ../../key\n", NULL);
	g_autoptr(GError) exposed = NULL;
	g_autoptr(Config) plain = load(tree);
	g_autoptr(Site) without = config_site(plain, "example.jp", NULL);
	tree_write(tree, "key", " a b \n");
	tree_write(tree, "sites/example.jp/site.conf", text);
	g_autoptr(Config) config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	char *key = site_wordpress_key(without, NULL);
	g_assert_cmpstr(key, ==, "");
	password_free(key);
	g_assert_cmpint(g_chmod(path, 0644), ==, 0);
	g_assert_null(site_wordpress_key(site, &exposed));
	g_assert_error(exposed, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
	/* WordPress makes keys with spaces in them. */
	key = site_wordpress_key(site, NULL);
	g_assert_cmpstr(key, ==, " a b ");
	password_free(key);
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/main file, defaults and paths", test_main_file);
	g_test_add_func("/config/rules between keys of the main file", test_broken_main_file);
	g_test_add_func("/config/a site is read with its defaults", test_site);
	g_test_add_func("/config/a site's own account comes before the shared one", test_own_account_comes_first);
	g_test_add_func("/config/no path is built of a name that is none", test_names_from_outside);
	g_test_add_func("/config/a form is read with its templates", test_form);
	g_test_add_func("/config/a form without mail.txt has contract 7.2's mail in its language", test_default_mail);
	g_test_add_func("/config/one id in two folders is served from neither", test_missing_and_double_forms);
	g_test_add_func("/config/what is broken is read again only after some seconds", test_broken_is_remembered);
	g_test_add_func("/config/the least recently used site goes first", test_cache_has_a_ceiling);
	g_test_add_func("/config/threads share sites and forms", test_threads);
	g_test_add_func("/config/a password comes from a private file", test_password);
	g_test_add_func("/config/WordPress's key comes from a private file", test_wordpress_key);
	return g_test_run();
}
