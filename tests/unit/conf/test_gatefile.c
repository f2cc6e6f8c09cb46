/*
 * The gate's settings: defaults, the form's over the site's, what is wrong between several keys, and what `sekisho check` says of forms and files.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/conf/config.h"
#include "sekisho/conf/keys.h"
#include "tree.h"

#define SITE "sites/example.jp/site.conf"
#define INI "sites/example.jp/forms/contact/form.ini"
#define HTML "sites/example.jp/forms/contact/form.html"
#define HEAD "[text your-name][email your-email][text your-subject][textarea your-message]\n"

typedef struct {
	char *tree;
	Config *config;
	Site *site;
	Form *form;
	const GatePolicy *policy;
} Gate;

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
write_site(const char *tree, const char *addition)
{
	g_autofree char *text = g_strconcat(tree_site_conf, addition, NULL);
	tree_write(tree, SITE, text);
}

static void
write_form(const char *tree, const char *addition)
{
	g_autofree char *text = g_strconcat("[form]\nid = 4\n", addition, NULL);
	tree_write(tree, INI, text);
}

/* A good tree with these lines more, loaded. */
static Gate
gate_open(const char *site, const char *form)
{
	g_autoptr(GError) error = NULL;
	Gate gate = {.tree = tree_new()};
	write_site(gate.tree, site);
	write_form(gate.tree, form);
	tree_write(gate.tree, "sites/example.jp/short.txt", "# ours\n\nbit.example\n Ｓhort.EXAMPLE \n");
	tree_write(gate.tree, "sites/example.jp/forms/contact/short.txt", "own.example\n");
	gate.config = load(gate.tree);
	gate.site = config_site(gate.config, "example.jp", &error);
	g_assert_no_error(error);
	g_assert_null(site_gate(gate.site, 4));
	gate.form = site_form(gate.site, 4, &error);
	g_assert_no_error(error);
	gate.policy = site_gate(gate.site, 4);
	g_assert_nonnull(gate.policy);
	g_assert_null(site_gate(gate.site, 5));
	return gate;
}

static void
gate_close(Gate *gate)
{
	form_unref(gate->form);
	site_unref(gate->site);
	config_free(gate->config);
	tree_free(gate->tree);
}

static void
assert_words(char **words, const char *expected)
{
	g_autofree char *line = g_strjoinv(" ", words);
	g_assert_cmpstr(line, ==, expected);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

static void
test_defaults(void)
{
	Gate gate = gate_open("", "");
	const GatePolicy *policy = gate.policy;
	for (guint check = 0; check < CHECK_COUNT; check++)
		g_assert_cmpint(policy->modes[check], ==, CHECK_ON);
	g_assert_cmpuint(policy->hold_points, ==, 5);
	g_assert_cmpint(policy->repetition_us, ==, 10 * G_TIME_SPAN_MINUTE);
	assert_words(policy->honeypot_fields, "");
	g_assert_cmpuint(policy->rates[RATE_IP].count, ==, 30);
	g_assert_cmpint(policy->rates[RATE_IP].period_us, ==, 10 * G_TIME_SPAN_MINUTE);
	g_assert_cmpuint(policy->rates[RATE_IP].burst, ==, 15);
	g_assert_cmpuint(policy->rates[RATE_UPLOADS].count, ==, 200);
	for (guint tier = 0; tier < RATE_TIERS; tier++) {
		g_assert_cmpuint(policy->rates[tier].count, >, 0);
		g_assert_cmpuint(policy->rates[tier].burst, <=, policy->rates[tier].count);
	}
	g_assert_cmpuint(policy->rates[RATE_REJECTED].count, ==, 20);
	g_assert_cmpint(policy->rates[RATE_REJECTED].period_us, ==, G_TIME_SPAN_DAY);
	g_assert_cmpuint(policy->rejected_per_network_day, ==, 20);
	g_assert_cmpint(policy->rejected_retention_us, ==, 14 * G_TIME_SPAN_DAY);
	g_assert_cmpuint(policy->rejected_bytes, ==, G_GUINT64_CONSTANT(20971520));
	g_assert_cmpint(policy->trap_minimum_us, ==, G_GINT64_CONSTANT(3000000));
	g_assert_cmpuint(policy->links_maximum, ==, 5);
	g_assert_cmpint(policy->captcha.service, ==, CAPTCHA_NONE);
	g_assert_cmpuint(policy->captcha.minimum_score, ==, 50);
	g_assert_cmpint(policy->captcha.maximum_age_us, ==, 5 * G_TIME_SPAN_MINUTE);
	g_assert_cmpstr(policy->captcha.action, ==, "");
	g_assert_cmpstr(policy->captcha.endpoint, ==, "");
	assert_words(policy->captcha.hostnames, "example.jp");
	g_assert_true(g_hash_table_contains(policy->shorteners, "bit.ly"));
	g_assert_true(g_hash_table_contains(policy->disposables, "10minutemail.com"));
	g_assert_true(g_strv_contains((const char *const *)policy->brands, "amazon"));
	gate_close(&gate);
}

static void
test_form_over_site(void)
{
	Gate gate = gate_open(
	    "[check]\nlinks = dry-run\nshape = off\nlists = off\nsensitivity = low\nhoneypot_fields = website  company\n"
	    "[limit]\nip = 5/10min burst 3\nform = off\nsite = 40/1h\n[trap]\nminimum_age = 1s\n"
	    "[links]\nmaximum = 9\nbrands = Ａcme  Foo\nshorteners_file = short.txt\n[rejected]\nkeep = 2d\nper_network = "
	    "3\nbytes = 0\n",
	    "[check]\nlinks = off\nshape = on\nsensitivity =\n[limit]\nip = off\nform = 7/1d burst 2\n[links]\nmaximum = 0\n");
	const GatePolicy *policy = gate.policy;
	g_assert_cmpint(policy->modes[CHECK_LINKS], ==, CHECK_OFF);
	g_assert_cmpint(policy->modes[CHECK_SHAPE], ==, CHECK_ON);
	g_assert_cmpint(policy->modes[CHECK_LISTS], ==, CHECK_OFF);
	g_assert_cmpint(policy->modes[CHECK_CONTRACT], ==, CHECK_ON);
	g_assert_cmpuint(policy->hold_points, ==, 8);
	assert_words(policy->honeypot_fields, "website company");
	g_assert_cmpuint(policy->rates[RATE_IP].count, ==, 0);
	g_assert_cmpuint(policy->rates[RATE_FORM].count, ==, 7);
	g_assert_cmpuint(policy->rates[RATE_FORM].burst, ==, 2);
	g_assert_cmpuint(policy->rates[RATE_SITE].count, ==, 40);
	g_assert_cmpuint(policy->rates[RATE_SITE].burst, ==, 40);
	g_assert_cmpuint(policy->rates[RATE_REJECTED].burst, ==, 3);
	g_assert_cmpint(policy->trap_minimum_us, ==, G_USEC_PER_SEC);
	g_assert_cmpuint(policy->links_maximum, ==, 0);
	g_assert_cmpint(policy->rejected_retention_us, ==, 2 * G_TIME_SPAN_DAY);
	g_assert_cmpuint(policy->rejected_bytes, ==, 0);
	g_assert_true(g_strv_contains((const char *const *)policy->brands, "acme"));
	g_assert_true(g_strv_contains((const char *const *)policy->brands, "foo"));
	g_assert_true(g_strv_contains((const char *const *)policy->brands, "amazon"));
	g_assert_false(g_hash_table_contains(policy->shorteners, "bit.ly"));
	g_assert_true(g_hash_table_contains(policy->shorteners, "bit.example"));
	g_assert_true(g_hash_table_contains(policy->shorteners, "short.example"));
	gate_close(&gate);
}

/* What a form gives as empty is empty, whatever the site gives. */
static void
test_empty_in_form(void)
{
	Gate gate = gate_open("[check]\nhoneypot_fields = website company\n[captcha]\naction = a\nhostnames = a.example\nendpoint = "
			      "https://captcha.example/verify\n[links]\nbrands = acme\nshorteners_file = short.txt\n",
	    "[check]\nhoneypot_fields =\nsensitivity =\n[captcha]\naction =\nhostnames =\nendpoint =\n[limit]\nip "
	    "=\n[links]\nbrands =\nshorteners_file =\nmaximum =\n");
	const GatePolicy *policy = gate.policy;
	assert_words(policy->honeypot_fields, "");
	assert_words(policy->captcha.hostnames, "example.jp");
	g_assert_cmpstr(policy->captcha.action, ==, "");
	g_assert_cmpstr(policy->captcha.endpoint, ==, "");
	g_assert_false(g_strv_contains((const char *const *)policy->brands, "acme"));
	g_assert_true(g_hash_table_contains(policy->shorteners, "bit.ly"));
	g_assert_false(g_hash_table_contains(policy->shorteners, "bit.example"));
	/* No number is no number. */
	g_assert_cmpuint(policy->hold_points, ==, 5);
	g_assert_cmpuint(policy->rates[RATE_IP].count, ==, 30);
	g_assert_cmpuint(policy->links_maximum, ==, 5);
	gate_close(&gate);
}

/* A relative path counts from the file that gives it; the list of one replaces that of the other. */
static void
test_lists_of_form(void)
{
	Gate gate = gate_open("[links]\nshorteners_file = short.txt\n", "[links]\nshorteners_file = short.txt\n");
	g_assert_true(g_hash_table_contains(gate.policy->shorteners, "own.example"));
	g_assert_false(g_hash_table_contains(gate.policy->shorteners, "bit.example"));
	gate_close(&gate);
}

/* Both roles must be able to read them (cli/check_roles.c). */
static void
test_paths_of_lists(void)
{
	Gate gate = gate_open("[links]\nshorteners_file = short.txt\n[sender]\ndisposable_file = short.txt\n",
	    "[links]\nshorteners_file = short.txt\n");
	g_autoptr(GPtrArray) paths = config_site_paths(gate.config, "example.jp");
	g_autofree char *lines = tree_problems(gate.tree, paths);
	g_assert_cmpstr(lines, ==,
	    "~/sites/example.jp/site.conf\n~/sites/example.jp/short.txt\n~/sites/example.jp/short.txt\n~/sites/example.jp/forms/"
	    "\n"
	    "~/sites/example.jp/forms/contact/form.ini\n~/sites/example.jp/forms/contact/form.html\n"
	    "~/sites/example.jp/forms/contact/short.txt");
	gate_close(&gate);
}

static void
test_captcha(void)
{
	static const struct {
		const char *site, *form;
		CaptchaService service;
		const char *action, *hostnames;
	} rows[] = {
	    {"[captcha]\nservice = recaptcha-v3\nsite_key = k\nsecret_file = s\n", "", CAPTCHA_RECAPTCHA_V3, "contactform",
		"example.jp"},
	    {"[captcha]\nservice = recaptcha-v3\nsite_key = k\nsecret_file = s\naction = none\nhostnames = none\n", "",
		CAPTCHA_RECAPTCHA_V3, "", ""},
	    {"[captcha]\nservice = turnstile\nsite_key = k\nsecret_file = s\nhostnames = A.example  例え.jp\n", "",
		CAPTCHA_TURNSTILE, "", "a.example xn--r8jz45g.jp"},
	    {"[captcha]\nservice = turnstile\nsite_key = k\nsecret_file = s\n", "[captcha]\nservice = none\n", CAPTCHA_NONE, "",
		"example.jp"},
	    {"[captcha]\nservice = turnstile\nsite_key = k\nsecret_file = s\n", "[captcha]\nservice = recaptcha-v3\n",
		CAPTCHA_RECAPTCHA_V3, "contactform", "example.jp"},
	    {"", "[captcha]\nservice = altcha\naction = a\n", CAPTCHA_ALTCHA, "a", "example.jp"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		Gate gate = gate_open(rows[i].site, rows[i].form);
		g_assert_cmpint(gate.policy->captcha.service, ==, rows[i].service);
		g_assert_cmpstr(gate.policy->captcha.action, ==, rows[i].action);
		assert_words(gate.policy->captcha.hostnames, rows[i].hostnames);
		gate_close(&gate);
	}
	Gate gate = gate_open("", "");
	tree_write(gate.tree, SITE,
	    "[site]\nurl = https://example.jp/a\norigins = https://www.example.jp http://pages.test:8080\n"
	    "admin_address = a@example.jp\n[mail]\nfrom = a@example.jp\naccount = main\n");
	g_autoptr(Config) config = load(gate.tree);
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	g_autoptr(Form) form = site_form(site, 4, NULL);
	g_assert_nonnull(form);
	assert_words(site_gate(site, 4)->captcha.hostnames, "example.jp www.example.jp pages.test");
	gate_close(&gate);
}

static void
test_secret(void)
{
	g_autoptr(GError) error = NULL;
	Gate gate = gate_open("[captcha]\nservice = turnstile\nsite_key = k\nsecret_file = s\n", "");
	g_assert_null(gate_captcha_secret(gate.policy, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_IO);
	g_clear_error(&error);
	tree_write(gate.tree, "sites/example.jp/s", "1x0000\r\n");
	g_autofree char *path = tree_path(gate.tree, "sites/example.jp/s");
	g_assert_cmpint(g_chmod(path, 0604), ==, 0);
	g_assert_null(gate_captcha_secret(gate.policy, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_EXPOSED);
	g_clear_error(&error);
	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
	char *secret = gate_captcha_secret(gate.policy, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(secret, ==, "1x0000");
	password_free(secret);
	gate_close(&gate);

	Gate none = gate_open("", "[captcha]\nservice = altcha\n");
	char *empty = gate_captcha_secret(none.policy, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(empty, ==, "");
	password_free(empty);
	gate_close(&none);
}

/* --- Problems ------------------------------------------------------------------------------------------------------- */

/* Lines added to site.conf and form.ini, a template (NULL: the usual one), and all that is said. `~` is the site's folder. */
typedef struct {
	const char *site, *form, *html, *problems;
} Case;

#define KEYS_GOOD "site_key = k\nsecret_file = secret\n"
#define ALL_OF "lets one source alone use up all that [limit] "
#define LET_THROUGH " lets through, and then everybody waits; write a smaller rate here, or a larger one there"
#define C_INI "~/forms/contact/form.ini"
#define C_HTML "~/forms/contact/form.html"
static const Case cases[] = {
    {"[captcha]\nservice = turnstile\n" KEYS_GOOD, "", NULL, ""},
    {"[captcha]\nservice = turnstile\n" KEYS_GOOD, "", HEAD "[turnstile]", ""},
    {"", "[captcha]\nservice = altcha\n", NULL, ""},
    {"[captcha]\nservice = hcaptcha\n", "", NULL,
	"~/site.conf:9: [captcha] site_key: is missing; service hcaptcha needs the public key that the page has\n"
	"~/site.conf:9: [captcha] secret_file: is missing; service hcaptcha needs a private file with its secret in its only "
	"line"},
    {"", "[captcha]\nservice = recaptcha-v2\nsite_key = k\n", NULL,
	C_INI
	":3: [captcha] secret_file: is missing; service recaptcha-v2 needs a private file with its secret in its only line"},
    {"[captcha]\nservice = turnstile\n" KEYS_GOOD, "[captcha]\nsecret_file =\n", NULL,
	C_INI ":4: [captcha] secret_file: is missing; service turnstile needs a private file with its secret in its only line"},
    {"[captcha]\nservice = turnstil\n", "", NULL,
	"~/site.conf:10: [captcha] service: \"turnstil\" is not a known word; write none or recaptcha-v3 or recaptcha-v2 or "
	"turnstile or "
	"hcaptcha or altcha"},
    {"[captcha]\nservice = turnstile\nsite_key = k\nsecret_file = nowhere\n", "", NULL,
	"~/site.conf:12: [captcha] secret_file: cannot open ~/nowhere: No such file or directory"},
    {"[captcha]\nservice = turnstile\nca_file = ca.pem\n" KEYS_GOOD, "", NULL,
	"~/site.conf:11: [captcha] ca_file: ~/ca.pem cannot be read; write the path of a file with certificates in PEM"},
    {"[captcha]\nservice = turnstile\n" KEYS_GOOD "[check]\ncaptcha = off\n", "", NULL,
	"warning: ~/site.conf:14: [check] captcha: is off, so the tokens of [captcha] service turnstile are not looked at; write "
	"on or dry-run"},
    {"", "[captcha]\nendpoint = http://captcha.example/verify\n", NULL,
	C_INI ":4: [captcha] endpoint: would send the secret unencrypted; write an address that begins with https"},
    {"[limit]\nip = 3/10min burst 5\n", "", NULL,
	"~/site.conf:10: [limit] ip: lets 5 come at once, which is more than the 3 of the whole time; write a burst of at most "
	"3"},
    {"", "[limit]\nform = 3000/10min burst 5000\n", NULL,
	C_INI ":4: [limit] form: lets 5000 come at once, which is more than the 3000 of the whole time; write a burst of at most 3000"},
    {"[limit]\nnetwork = 3600/h\nform = 36000/10h\n", "", NULL,
	"warning: ~/site.conf:10: [limit] network: " ALL_OF "form" LET_THROUGH},
    {"[limit]\nform = off\nip = off\n", "", NULL,
	"warning: ~/site.conf:11: [limit] ip: " ALL_OF "site" LET_THROUGH},
    {"", "[limit]\nform = 150/h\nnetwork = 100/h\nnetwork_wide = 100/h\n", NULL,
	"warning: " C_INI ":4: [limit] form: is no more than [limit] ip lets through from one source alone, and when that has used "
	"it up everybody waits; write a larger rate here, or a smaller one there"},
    {"[check]\nsensitivity = 100\n", "", NULL, "~/site.conf:10: [check] sensitivity: \"100\" is not a known word; write low or normal or high"},
    {"", "[check]\nsensitivity = high\n", NULL, ""},
    {"[links]\nshorteners_file = nowhere\n", "", NULL,
	"~/site.conf:10: [links] shorteners_file: ~/nowhere: No such file or directory"},
    {"[sender]\ndisposable_file = secret\n", "", NULL,
	"~/site.conf:10: [sender] disposable_file: line 1 of the file is no domain; write one such as example.com, or # before a "
	"remark"},
    {"[chekc]\nlinks = on\n", "", NULL, "~/site.conf:9: [chekc]: unknown group; did you mean [check]?"},
    {"", "", HEAD "[turnstile]",
	"warning: " C_HTML
	": line 2: [turnstile]: its tokens are not verified, so it keeps no robot out; write service = turnstile, "
	"site_key and secret_file into [captcha] of site.conf"},
    {"[check]\nhoneypot_fields = website\n", "", NULL,
	"warning: " C_HTML ": has no field \"website\", which [check] honeypot_fields names, so it catches nobody; add <span "
	"style=\"display:none\" aria-hidden=\"true\">[text website autocomplete:off tabindex:-1]</span>"},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "<input type=text name='website' tabindex=-1>", ""},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "<input name=\"website2\">",
	"warning: " C_HTML ": has no field \"website\", which [check] honeypot_fields names, so it catches nobody; add <span "
	"style=\"display:none\" aria-hidden=\"true\">[text website autocomplete:off tabindex:-1]</span>"},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "<span style=\"display: none\"><label>x [text website]</label></span>", ""},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "[hidden website]", ""},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "[text website class:extra]", ""},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "<p style=\"display:none\">x</p>[text website]",
	"warning: " C_HTML
	": line 2: [text website] is a field that people see and fill, and [check] honeypot_fields holds those who do; "
	"put it into <span style=\"display:none\" aria-hidden=\"true\">, or name another field"},
    {"", "[check]\nhoneypot_fields = website\n", HEAD "<p style=\"display:none\">[text* website]</p>",
	"warning: " C_HTML
	": line 2: [text* website] is required, and [check] honeypot_fields holds whoever fills it: nobody could pass; "
	"write [text website], and hide it"},
};

static void
test_problems(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *tree = tree_new();
		g_autofree char *folder = tree_path(tree, "sites/example.jp");
		g_autofree char *secret = tree_path(tree, "sites/example.jp/secret");
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		g_test_message("%" G_GSIZE_FORMAT ": %s%s", i, cases[i].site, cases[i].form);
		write_site(tree, cases[i].site);
		write_form(tree, cases[i].form);
		if (cases[i].html != NULL)
			tree_write(tree, HTML, cases[i].html);
		tree_write(tree, "sites/example.jp/secret", "1x0000\n");
		g_assert_cmpint(g_chmod(secret, 0600), ==, 0);
		g_autoptr(Config) config = load(tree);
		config_check_site(config, "example.jp", problems);
		g_autofree char *lines = tree_problems(folder, problems);
		g_assert_cmpstr(lines, ==, cases[i].problems);
		tree_free(tree);
	}
}

/* What is wrong in site.conf keeps the site from loading, what is wrong in form.ini the form alone. */
static void
test_broken(void)
{
	g_autoptr(GError) error = NULL;
	char *tree = tree_new();
	write_form(tree, "[limit]\nip = 3/10min burst 5\n");
	g_autoptr(Config) config = load(tree);
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_assert_no_error(error);
	g_assert_null(site_form(site, 4, &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
	g_assert_null(site_gate(site, 4));
	g_clear_error(&error);
	write_site(tree, "[captcha]\nservice = turnstile\n");
	g_autoptr(Config) again = load(tree);
	g_assert_null(config_site(again, "example.jp", &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
	tree_free(tree);
}

/* --- The gateway ---------------------------------------------------------------------------------------------------- */

static void
test_proxies(void)
{
	char *tree = tree_new();
	tree_write(tree, "sekisho.conf",
	    "[gateway]\ntrusted_proxies = 192.0.2.1  2001:DB8::/32\nproxy_header = X-Real-IP\n"
	    "country_file = geo/country.mmdb\n");
	g_autoptr(Config) config = load(tree);
	g_autofree char *country = tree_path(tree, "geo/country.mmdb");
	assert_words(config->trusted_proxies, "192.0.2.1/32 2001:db8::/32");
	g_assert_cmpstr(config->proxy_header, ==, "X-Real-IP");
	g_assert_cmpstr(config->country_file, ==, country);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	config_check_files(config, problems);
	g_autofree char *missing = tree_problems(tree, problems);
	g_assert_cmpstr(missing, ==,
	    "~/sekisho.conf:4: [gateway] country_file: cannot be read, so country entries of `sekisho list` match nobody; write "
	    "the path of a "
	    ".mmdb file, or nothing");
	tree_write(tree, "geo/country.mmdb", "x");
	config_check_files(config, problems);
	g_assert_cmpuint(problems->len, ==, 1);

	g_autoptr(GError) error = NULL;
	g_autofree char *path = tree_path(tree, "sekisho.conf");
	tree_write(tree, "sekisho.conf", "[gateway]\ntrusted_proxies = 192.0.2.1 0.0.0.0/0\n");
	g_assert_null(config_load(path, &error));
	g_autofree char *message = tree_message(tree, error);
	g_assert_cmpstr(message, ==,
	    "~/sekisho.conf:2: [gateway] trusted_proxies: 0.0.0.0/0 is everybody, so every visitor could name any address; write "
	    "the "
	    "addresses of your proxies");
	tree_free(tree);
}

static void
test_dump(void)
{
	static const char *const lines[] = {"[check]\n", "\nsensitivity=normal\n", "\nip=30/10min burst 15\n", "\nservice=none\n",
	    "\nkeep=14d\n", "\nproxy_header=X-Forwarded-For\n", "\nminimum_age=3s\n",
	    "# off, dry-run (says what it would do) or on: "};
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	g_autofree char *dump = config_dump(config, "example.jp", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_test_message("%s", lines[i]);
		g_assert_nonnull(strstr(dump, lines[i]));
	}
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conf/gatefile/defaults", test_defaults);
	g_test_add_func("/conf/gatefile/the form's over the site's", test_form_over_site);
	g_test_add_func("/conf/gatefile/what a form gives as empty", test_empty_in_form);
	g_test_add_func("/conf/gatefile/lists of a form", test_lists_of_form);
	g_test_add_func("/conf/gatefile/whose files roles read", test_paths_of_lists);
	g_test_add_func("/conf/gatefile/captcha", test_captcha);
	g_test_add_func("/conf/gatefile/the captcha's secret", test_secret);
	g_test_add_func("/conf/gatefile/problems", test_problems);
	g_test_add_func("/conf/gatefile/what is broken is not served", test_broken);
	g_test_add_func("/conf/gatefile/trusted proxies", test_proxies);
	g_test_add_func("/conf/gatefile/dump", test_dump);
	return g_test_run();
}
