/*
 * `sekisho check` for one site, line by line, and the dump.
 */
#include <glib/gstdio.h>
#include <string.h>

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
assert_problems(const char *tree, const char *expected)
{
	g_autoptr(Config) config = load(tree);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	config_check_site(config, "example.jp", problems);
	g_autofree char *lines = tree_problems(tree, problems);
	g_assert_cmpstr(lines, ==, expected);
}

/* One file written over a good tree, and what is then wrong with it. */
static const struct {
	const char *name;
	const char *path;
	const char *text;
	const char *problems;
} cases[] = {
    {"a good site", "unused", "", ""},
    {"an account that does not exist", "sites/example.jp/site.conf",
	"[site]\nurl = https://example.jp\nadmin_address = a@example.jp\n[mail]\nfrom = a@example.jp\naccount = mian\n",
	"~/sites/example.jp/site.conf:6: [mail] account: there is no [account mian]; write one here or in sekisho.conf"},
    {"a password file that is missing, of the shared account", "sekisho.conf",
	"[account main]\nhost = smtp.example.jp\nuser = u\npassword_file = nowhere\n",
	"~/sekisho.conf:4: [account main] password_file: cannot open ~/nowhere: No such file or directory"},
    {"certificates that are missing", "sekisho.conf", "[account main]\nhost = smtp.example.jp\nca_file = ca.pem\n",
	"~/sekisho.conf:3: [account main] ca_file: ~/ca.pem cannot be read; write the path of a file with certificates in PEM"},
    {"WordPress's key is missing", "sites/example.jp/site.conf",
	"[site]\nurl = https://example.jp\nadmin_address = a@example.jp\n[mail]\nfrom = a@example.jp\naccount = main\n"
	"[wordpress]\nsecret_key_file = nowhere\n",
	"~/sites/example.jp/site.conf:8: [wordpress] secret_key_file: cannot open ~/sites/example.jp/nowhere: No such file or "
	"directory"},
    {"one id twice", "sites/example.jp/forms/other/form.ini", "[form]\nid = 4\n",
	"~/sites/example.jp/forms/other/form.ini:2: [form] id: 4 is the id of ~/sites/example.jp/forms/contact too; give each "
	"form "
	"of a site "
	"its own\n"
	"~/sites/example.jp/forms/other/form.html:1: is missing; put the form's template there"},
    {"form.ini is broken", "sites/example.jp/forms/contact/form.ini", "[form]\nid = x\n",
	"~/sites/example.jp/forms/contact/form.ini:2: [form] id: \"x\" is not a number; write a whole number from 1\n"
	"warning: ~/sites/example.jp/forms: the site has no form"},
    {"a visitor's address as sender", "sites/example.jp/forms/contact/form.ini",
	"[form]\nid = 4\n[mail]\nsender = [your-email]\n",
	"~/sites/example.jp/forms/contact/form.ini:4: [mail] sender: the sender's address takes [your-email] from the visitor; "
	"mail in the "
	"name of a visitor's domain fails that domain's SPF, DKIM and DMARC, so receivers drop it or file it as spam; write "
	"\"sender = 例 "
	"<info@example.jp>\" and the line \"Reply-To: [your-email]\" in the headers instead"},
    {"a template that is no text", "sites/example.jp/forms/contact/mail.txt", "a\n\xE9\n",
	"~/sites/example.jp/forms/contact/mail.txt:2: is not UTF-8; save it as a text file in UTF-8"},
    {"a word that is no tag", "sites/example.jp/forms/contact/form.html",
	"[text your-name][email your-email][text your-subject][textarea your-message]\n[dynamictext trap]",
	"warning: ~/sites/example.jp/forms/contact/form.html: [dynamictext] is no form-tag here and stays as text"},
    {"another plugin's honeypot", "sites/example.jp/forms/contact/form.html",
	"[text your-name][email your-email][text your-subject][textarea your-message]\n[honeypot trap]",
	"warning: ~/sites/example.jp/forms/contact/form.html: [honeypot] stays as text: it is a tag of another plugin; write "
	"[text NAME "
	"autocomplete:off tabindex:-1] in <span style=\"display:none\" aria-hidden=\"true\"> instead, and honeypot_fields = NAME "
	"under "
	"[check] of form.ini"},
    {"a word that was meant to be a tag", "sites/example.jp/forms/contact/form.html",
	"[text your-name][email your-email][text your-subject][textarea your-message]\n[emails e]",
	"warning: ~/sites/example.jp/forms/contact/form.html: line 2: [emails] is no form-tag here and stays as text; did you "
	"mean [email]?"},
    {"a picture that nobody draws", "sites/example.jp/forms/contact/form.html",
	"[text your-name][email your-email][text your-subject][textarea your-message]\n[captchar c]",
	"warning: ~/sites/example.jp/forms/contact/form.html: line 2: [captchar]: no answer is right, because its pictures come "
	"from another WordPress plugin, so nobody can send this form; take both captcha tags out and ask a question instead, for "
	"example [quiz sum \"1+1=?|2\"]"},
    {"a widget whose answer nobody looks at", "sites/example.jp/forms/contact/form.html",
	"[text your-name][email your-email][text your-subject][textarea your-message]\n[turnstile]",
	"warning: ~/sites/example.jp/forms/contact/form.html: line 2: [turnstile]: its tokens are not verified, so it "
	"keeps no robot out; write service = turnstile, site_key and secret_file into [captcha] of site.conf"},
    {"unknown settings, and warnings beside an error", "sites/example.jp/forms/contact/form.ini",
	"[form]\nid = 4\n[mail]\nrecipient = b@\nsubject = [nope]\n[settings]\nskip_mial = on\ndemo_mode = maybe\n",
	"~/sites/example.jp/forms/contact/form.ini:4: [mail] recipient: part 1 of the list cannot be mailed to (the mailbox "
	"holds no mail address of the form name@host.domain); write name@host.domain or Name "
	"<name@host.domain>, separated by commas\n"
	"warning: ~/sites/example.jp/forms/contact/form.ini: [settings] skip_mial: this version does not know this setting and "
	"ignores "
	"it\n"
	"warning: ~/sites/example.jp/forms/contact/form.ini: [settings] demo_mode: \"maybe\" counts as off, as in Contact Form "
	"7; "
	"write on, true or 1, or off, false or 0\n"
	"warning: ~/sites/example.jp/forms/contact/form.ini: [nope] is neither a field of the form nor a special mail-tag and "
	"stays as "
	"text"},
    {"mail-tags that nothing fills", "sites/example.jp/forms/contact/mail.txt",
	"[your-name] [your-mail] [_remote_ip] [[x]] [_nope] [your-mail]\n",
	"warning: ~/sites/example.jp/forms/contact/mail.txt: [your-mail] is neither a field of the form nor a special mail-tag "
	"and stays as text\n"
	"warning: ~/sites/example.jp/forms/contact/mail.txt: [_nope] is neither a field of the form nor a special mail-tag and "
	"stays as text"},
};

static void
test_problems(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *tree = tree_new();
		g_test_message("%s", cases[i].name);
		tree_write(tree, cases[i].path, cases[i].text);
		assert_problems(tree, cases[i].problems);
		tree_free(tree);
	}
}

/* The default text is Contact Form 7's, not the shop's; and a notice's is good enough. */
static void
test_reply_that_nobody_wrote(void)
{
	static const char warning[] =
	    "warning: ~/sites/example.jp/forms/contact/mail_2.txt: is missing, so the reply to visitors has "
	    "Contact Form 7's default text; write what it should say into that file";
	char *tree = tree_new();
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		tree_write(tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail_2]\nactive = on\n");
		if (i == 1)
			tree_write(tree, "sites/example.jp/forms/contact/mail_2.txt", "Thank you, [your-name].\n");
		g_autoptr(Config) config = load(tree);
		config_check_site(config, "example.jp", problems);
		g_autofree char *lines = tree_problems(tree, problems);
		g_assert_true((strstr(lines, warning) != NULL) == (i == 0));
		g_assert_null(strstr(lines, "mail.txt"));
	}
	tree_free(tree);
}

static void
test_form_problems_have_lines(void)
{
	char *tree = tree_new();
	tree_write(tree, "sites/example.jp/forms/contact/form.html", "[text your-name]\n[stripe]\n");
	tree_write(tree, "sites/example.jp/forms/contact/mail-headers.txt", "X-A: b\nSubject: c\n");
	g_autoptr(Config) config = load(tree);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	config_check_site(config, "example.jp", problems);
	g_autofree char *lines = tree_problems(tree, problems);
	g_assert_nonnull(strstr(lines, "~/sites/example.jp/forms/contact/form.html:2: [stripe]: "));
	g_assert_nonnull(strstr(lines, "~/sites/example.jp/forms/contact/mail-headers.txt:2: Subject: "));
	guint errors = 0;
	for (guint i = 0; i < problems->len; i++)
		errors += !g_str_has_prefix(g_ptr_array_index(problems, i), "warning: ");
	g_assert_cmpuint(errors, ==, 2);
	tree_free(tree);
}

static void
test_site_without_file(void)
{
	char *tree = tree_new();
	g_autofree char *file = tree_path(tree, "sites/example.jp/site.conf");
	g_assert_cmpint(g_remove(file), ==, 0);
	assert_problems(
	    tree, "~/sites/example.jp/site.conf: there is no such site; make this file, or correct the name in the web server");
	tree_free(tree);
}

static void
test_site_names(void)
{
	char *tree = tree_new();
	tree_write(tree, "sites/a.example/site.conf", "");
	tree_write(tree, "sites/.git/config", "");
	tree_write(tree, "sites/README", "");
	g_autoptr(Config) config = load(tree);
	g_autoptr(GPtrArray) names = config_site_names(config, NULL);
	g_assert_cmpuint(names->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "a.example");
	g_assert_cmpstr(g_ptr_array_index(names, 1), ==, "example.jp");
	tree_free(tree);
}

/* A form that may mail strangers can be stopped by its fuse, and somebody must hear of it. */
static void
test_nobody_hears(void)
{
	static const struct {
		const char *main_lines, *form_lines, *headers;
		gboolean is_warned;
	} rows[] = {
	    {"", "", "", FALSE},
	    {"", "[mail_2]\nactive = on\n", "", TRUE},
	    {"", "[mail_2]\nactive = on\nrecipient = desk@example.jp\n", "", FALSE},
	    {"", "reply = never\n[mail_2]\nactive = on\n", "", FALSE},
	    {"", "", "Reply-To: [your-email]\n", FALSE},
	    {"", "", "Reply-To: [your-email]\nbcc: [your-email]\n", TRUE},
	    {"", "[settings]\nskip_mail = on\n", "Cc: [your-email]\n", FALSE},
	    {"alarm_address = me@example.com\n", "[mail_2]\nactive = on\n", "", FALSE},
	    {"alarm_command = tell\n", "[mail_2]\nactive = on\n", "", FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		char *tree = tree_new();
		g_autofree char *main_file = g_strdup_printf(
		    "[gateway]\nlisten = ./s.sock\n%s[account main]\nhost = smtp.example.jp\n", rows[i].main_lines);
		g_autofree char *form = g_strconcat("[form]\nid = 4\n", rows[i].form_lines, NULL);
		tree_write(tree, "sekisho.conf", main_file);
		tree_write(tree, "sites/example.jp/forms/contact/form.ini", form);
		tree_write(tree, "sites/example.jp/forms/contact/mail-headers.txt", rows[i].headers);
		g_autoptr(Config) config = load(tree);
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		config_check_site(config, "example.jp", problems);
		guint warnings = 0;
		for (guint k = 0; k < problems->len; k++)
			warnings += g_str_has_prefix(problems->pdata[k], "warning: [gateway] alarm_command and alarm_address ");
		g_test_message("row %zu", i);
		g_assert_cmpuint(warnings, ==, rows[i].is_warned);
		tree_free(tree);
	}
}

/* What a dump says, written as the files it came from, gives the same dump. */
static void
test_attachments_directory(void)
{
	char *tree = tree_new();
	g_autofree char *conf = g_strconcat(tree_site_conf, "attachments_directory = files\n", NULL);
	tree_write(tree, "sites/example.jp/site.conf", conf);
	g_autoptr(Config) config = load(tree);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *folder = tree_path(tree, "sites/example.jp/files");
	config_check_site(config, "example.jp", problems);
	g_autofree char *said = g_strdup_printf("attachments_directory: %s is no folder", folder);
	gboolean is_said = FALSE;
	for (guint i = 0; i < problems->len; i++)
		is_said = is_said || strstr(problems->pdata[i], said) != NULL;
	g_assert_true(is_said);

	tree_write(tree, "sites/example.jp/files/terms.txt", "x");
	g_ptr_array_set_size(problems, 0);
	config_check_site(config, "example.jp", problems);
	for (guint i = 0; i < problems->len; i++)
		g_assert_null(strstr(problems->pdata[i], "attachments_directory"));
	/* A relative path counts from the file that names it. */
	g_autoptr(Site) site = config_site(config, "example.jp", NULL);
	g_assert_cmpstr(site->facts->attachments_directory, ==, folder);
	tree_free(tree);
}

static void
test_dump(void)
{
	char *tree = tree_new();
	g_autoptr(Config) config = load(tree);
	g_autofree char *gateway = config_dump(config, NULL, NULL);
	g_autofree char *both = config_dump(config, "example.jp", NULL);
	g_autoptr(GError) unknown = NULL;
	g_assert_null(config_dump(config, "nobody", &unknown));
	g_assert_nonnull(unknown);
	g_assert_true(g_str_has_prefix(both, gateway));
	g_assert_nonnull(strstr(both, "\nlist_separator=\n"));
	g_assert_nonnull(strstr(both, "\nbounce_address=info@example.jp\n"));
	g_assert_nonnull(strstr(gateway, "\n# Threads that handle requests\nworkers=4\n"));

	tree_write(tree, "sekisho.conf", gateway);
	tree_write(tree, "sites/example.jp/site.conf", both + strlen(gateway));
	g_autoptr(Config) again = load(tree);
	g_autofree char *second = config_dump(again, "example.jp", NULL);
	g_assert_cmpstr(second, ==, both);
	tree_free(tree);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/each kind of problem has its line", test_problems);
	g_test_add_func("/check/a reply that nobody wrote", test_reply_that_nobody_wrote);
	g_test_add_func("/check/problems of templates have file and line", test_form_problems_have_lines);
	g_test_add_func("/check/a folder without site.conf", test_site_without_file);
	g_test_add_func("/check/sites are the folders with a usable name", test_site_names);
	g_test_add_func("/check/the folder of attachments", test_attachments_directory);
	g_test_add_func("/check/nobody hears of a fuse", test_nobody_hears);
	g_test_add_func("/check/a dump reads back to the same dump", test_dump);
	return g_test_run();
}
