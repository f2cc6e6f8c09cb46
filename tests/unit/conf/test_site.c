/*
 * What a site says of replies, notices and its own domains.
 */
#include <glib.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/conf/config.h"
#include "tree.h"

#define HOUR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

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
test_defaults(void)
{
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	g_autoptr(Form) form = site_form(site, 4, NULL);
	const ReplyLimits *reply = site->reply;
	g_assert_cmpint(reply->period_us, ==, 12 * HOUR_US);
	g_assert_cmpint(reply->wait_us, ==, 12 * HOUR_US);
	g_assert_cmpint(reply->proof_us, ==, 180 * 24 * HOUR_US);
	g_assert_cmpuint(reply->per_domain, ==, 50);
	g_assert_cmpuint(reply->per_form, ==, 20);
	g_assert_cmpuint(reply->fuse_hour, ==, 25);
	g_assert_cmpuint(reply->fuse_day, ==, 100);
	g_assert_false(reply->is_null_sender);
	g_assert_cmpstr(reply->bounce_delimiter, ==, "+");
	g_assert_cmpuint(site->notices_per_hour, ==, 60);
	g_assert_cmpint(site->report_schedule, ==, REPORT_WEEKLY);
	g_assert_cmpstr(site->report_address, ==, site->facts->admin_address);
	g_assert_cmpstr(site->dkim_selector, ==, "");
	g_assert_cmpstr(site->facts->canary_address, ==, "");
	g_assert_cmpstr(site->facts->own_domains[0], ==, "example.jp");
	g_assert_null(site->facts->own_domains[1]);
	g_assert_cmpint(form->source->reply, ==, REPLY_CONFIRM);
	tree_free(tree);
}

static void
test_settings(void)
{
	char *tree = tree_new();
	g_autofree char *conf = g_strconcat(tree_site_conf,
	    "bounce_delimiter = none\nreply_sender = null\ndkim_selector = s1\n"
	    "[reply]\nperiod = 1h\nwait = 2h\nproof = 2d\nper_domain = 1\nper_form = 2\nfuse_hour = 3\nfuse_day = 4\n"
	    "[notice]\nper_hour = 5\n[report]\nsend = daily\naddress = reports@example.jp\n",
	    NULL);
	tree_write(tree, "sites/example.jp/site.conf", conf);
	tree_write(tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\nreply = proved\n");
	tree_write(tree, "sekisho.conf",
	    "[gateway]\ndata_directory = d\nalarm_command = bin/alarm\nalarm_address = me@example.com\nalarm_account = other\n"
	    "dns_servers = 127.0.0.1:5353\n[account main]\nhost = 127.0.0.1\n[account other]\nhost = 127.0.0.1\n");
	g_autoptr(Config) config = load(tree);
	g_autofree char *command = tree_path(tree, "bin/alarm");
	g_autofree char *courier = tree_path(tree, "d-courier");
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_autoptr(Form) form = site_form(site, 4, NULL);
	g_assert_cmpstr(config->alarm_command, ==, command);
	g_assert_cmpstr(config->courier_directory, ==, courier);
	g_assert_cmpstr(config->alarm_address, ==, "me@example.com");
	g_assert_cmpstr(config->alarm_account->name, ==, "other");
	g_assert_cmpstr(config->dns_servers, ==, "127.0.0.1:5353");
	g_assert_cmpint(site->reply->period_us, ==, HOUR_US);
	g_assert_cmpint(site->reply->wait_us, ==, 2 * HOUR_US);
	g_assert_cmpint(site->reply->proof_us, ==, 48 * HOUR_US);
	g_assert_cmpuint(site->reply->per_domain, ==, 1);
	g_assert_cmpuint(site->reply->per_form, ==, 2);
	g_assert_cmpuint(site->reply->fuse_hour, ==, 3);
	g_assert_cmpuint(site->reply->fuse_day, ==, 4);
	g_assert_true(site->reply->is_null_sender);
	g_assert_cmpstr(site->reply->bounce_delimiter, ==, "");
	g_assert_cmpstr(site->dkim_selector, ==, "s1");
	g_assert_cmpuint(site->notices_per_hour, ==, 5);
	g_assert_cmpint(site->report_schedule, ==, REPORT_DAILY);
	g_assert_cmpstr(site->report_address, ==, "reports@example.jp");
	g_assert_cmpint(form->source->reply, ==, REPLY_PROVED);
	tree_free(tree);
}

/* Recipients beyond ASCII are taken, in the spelling in which they are mailed to; senders are not. */
static void
test_addresses_beyond_ascii(void)
{
	static const struct {
		const char *admin_address, *from, *used; /* NULL: refused */
	} cases[] = {{"店主@日本.jp", "Shop <a@日本.jp>", "店主@xn--wgv71a.jp a@xn--wgv71a.jp"}, {"a@example.jp", "店主@example.jp", NULL},
	    {"a@example.jp", "a@example.jp\nbounce_address = 店主@example.jp", NULL}, {"a\xE2\x80\xAE@example.jp", "a@example.jp", NULL}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *tree = tree_new();
		g_autofree char *conf =
		    g_strdup_printf("[site]\nurl = https://example.jp\nadmin_address = %s\n[mail]\naccount = main\nfrom = %s\n",
			cases[i].admin_address, cases[i].from);
		tree_write(tree, "sites/example.jp/site.conf", conf);
		g_autoptr(Config) config = load(tree);
		g_autoptr(GError) error = NULL;
		g_autoptr(Site) site = config_site(config, "example.jp", &error);
		if (cases[i].used == NULL) {
			g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
		} else {
			g_assert_no_error(error);
			g_autofree char *used = g_strdup_printf("%s %s", site->facts->admin_address, site->facts->bounce_address);
			g_assert_cmpstr(used, ==, cases[i].used);
		}
		tree_free(tree);
	}
}

/* [site] url and own_domains, and which domains are then the site's own. */
static void
test_own_domains(void)
{
	static const struct {
		const char *url, *line, *domains; /* NULL: refused */
	} cases[] = {
	    {"https://www.example.jp/shop", "", "example.jp"},
	    {"https://provider.jp/~taro", "", ""},
	    {"http://192.0.2.1", "", ""},
	    {"https://example.jp", "own_domains = none\n", ""},
	    {"https://example.jp", "own_domains = Example.com 日本語.jp\n", "example.com xn--wgv71a119e.jp"},
	    {"https://example.jp", "own_domains = example.jp co.jp\n", NULL},
	    {"https://example.jp", "own_domains = docomo.ne.jp\n", NULL},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *tree = tree_new();
		g_autofree char *conf = g_strdup_printf(
		    "[site]\nurl = %s\nadmin_address = a@example.jp\n%s[mail]\nfrom = a@example.jp\naccount = main\n",
		    cases[i].url, cases[i].line);
		tree_write(tree, "sites/example.jp/site.conf", conf);
		g_autoptr(Config) config = load(tree);
		g_autoptr(GError) error = NULL;
		g_autoptr(Site) site = config_site(config, "example.jp", &error);
		g_autofree char *domains = site != NULL ? g_strjoinv(" ", site->facts->own_domains) : NULL;
		g_test_message("%s %s", cases[i].url, cases[i].line);
		g_assert_cmpstr(domains, ==, cases[i].domains);
		if (site == NULL)
			g_assert_nonnull(
			    strstr(error->message, "site.conf:4: [site] own_domains: anybody may have an address below "));
		tree_free(tree);
	}
}

/* The tag of replies needs room in the local part of the bounce address. */
static void
test_long_bounce_address(void)
{
	static const struct {
		gsize bytes;
		const char *delimiter;
		gboolean is_good;
	} cases[] = {{33, "+", TRUE}, {34, "+", FALSE}, {64, "none", TRUE}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *tree = tree_new();
		g_autofree char *local = g_strnfill(cases[i].bytes, 'b');
		g_autofree char *conf = g_strdup_printf(
		    "%sbounce_address = %s@example.jp\nbounce_delimiter = %s\n", tree_site_conf, local, cases[i].delimiter);
		tree_write(tree, "sites/example.jp/site.conf", conf);
		g_autoptr(Config) config = load(tree);
		g_autoptr(Site) site = config_site(config, "example.jp", NULL);
		g_assert_cmpint(site != NULL, ==, cases[i].is_good);
		tree_free(tree);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/replies and notices have defaults", test_defaults);
	g_test_add_func("/site/replies, notices and alarms are as they are set", test_settings);
	g_test_add_func("/site/own domains are never shared ones", test_own_domains);
	g_test_add_func("/conf/site/addresses beyond ASCII", test_addresses_beyond_ascii);
	g_test_add_func("/site/a bounce address leaves room for the tag", test_long_bounce_address);
	return g_test_run();
}
