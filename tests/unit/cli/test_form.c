/*
 * `sekisho form`: import, lint, show, preview, over real folders and the hand-made export of the tests of the import.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/conf/keys.h"

typedef struct {
	char *tree;
	char *config_path;
	char *output;
	char *complaint;
} Office;

static Office
office_new(void)
{
	Office office = {.tree = tree_new()};
	office.config_path = tree_path(office.tree, "sekisho.conf");
	return office;
}

static void
office_clear(Office *office)
{
	tree_free(office->tree);
	g_free(office->config_path);
	g_free(office->output);
	g_free(office->complaint);
}

/* Runs `sekisho --config ... WORDS`. */
static int
run(Office *office, const char *words)
{
	g_autofree char *line = g_strdup_printf("sekisho --config %s %s", office->config_path, words);
	g_auto(GStrv) arguments = g_strsplit(line, " ", -1);
	CliConsole console = {.output = g_string_new(NULL), .complaint = g_string_new(NULL)};
	int code = cli_run((const char *const *)arguments, &console);
	g_free(office->output);
	g_free(office->complaint);
	office->output = g_string_free(console.output, FALSE);
	office->complaint = g_string_free(console.complaint, FALSE);
	return code;
}

static void
assert_prints(const Office *office, const char *text)
{
	if (!strstr(office->output, text))
		g_error("\"%s\" is not in:\n%s\n(%s)", text, office->output, office->complaint);
}

/* Like assert_prints, wherever the lines break. */
static guint
count(const Office *office, const char *text)
{
	g_autoptr(GRegex) blanks = g_regex_new("\\s+", 0, 0, NULL);
	g_autofree char *line = g_regex_replace_literal(blanks, office->output, -1, 0, " ", 0, NULL);
	guint times = 0;
	for (const char *at = strstr(line, text); at; at = strstr(at + strlen(text), text))
		times++;
	return times;
}

static void
assert_says(const Office *office, const char *text)
{
	if (count(office, text) == 0)
		g_error("\"%s\" is not in:\n%s\n(%s)", text, office->output, office->complaint);
}

static void
assert_silent(const Office *office, const char *text)
{
	if (strstr(office->output, text))
		g_error("\"%s\" is in:\n%s", text, office->output);
}

static int
import(Office *office, const char *file, const char *options)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "form", "export", file, NULL);
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp%s", path, options);
	return run(office, words);
}

static gboolean
is_there(const Office *office, const char *path)
{
	g_autofree char *whole = tree_path(office->tree, path);
	return g_file_test(whole, G_FILE_TEST_EXISTS);
}

/* --- import ------------------------------------------------------------------------------------------------------------ */

static void
test_import(void)
{
	Office office = office_new();
	g_assert_cmpint(import(&office, "site.xml", ""), ==, 1);
	assert_prints(&office, "ID  TITLE ");
	assert_prints(&office, "old-habit");
	assert_prints(&office, "not imported: leave it with WordPress");
	/* The sender that was the visitor. */
	assert_prints(&office, "      was   [your-name] <[your-email]>\n      now   例 <info@example.jp>");
	assert_prints(&office, "      added Reply-To: [your-name] <[your-email]>\n");
	assert_prints(&office, "subscribers_only");
	assert_prints(&office, "mail.txt: [_serial_number]");
	assert_says(&office, "[your-email]: waits until the address has proved itself");
	/* What repeats is said once. */
	assert_prints(&office, "    form.ini [mail] sender and form.ini [mail_2] sender\n");
	assert_prints(&office, "      now   as for form 5\n");
	/* The worst comes first. */
	g_assert_true(strstr(office.output, "\nForm 13 ") < strstr(office.output, "\nForm 5 "));
	/* A form that stays where it is still tells what is in it. */
	assert_prints(&office, "    - [country_auto]\n");
	assert_says(&office, "4 of 4 public posts and pages are in posts.ini");
	assert_prints(&office, "\nNext\n  1. Write the lines above");
	assert_prints(&office, "\n    title = 喫茶あおば & Friends\n");
	assert_prints(&office, "Now: owner@example.jp\n");
	/* A recipient that the visitor chooses is mailed, one that the visitor types is not. */
	assert_prints(&office, "15  Recipient from a select");
	assert_prints(&office, "form.ini [mail] recipient: [department]: mailed; the visitor chooses");
	assert_says(&office, "mail-headers.txt line 2: [your-email]: waits until the address has proved itself");
	g_assert_true(is_there(&office, "sites/example.jp/posts.ini"));
	g_assert_true(is_there(&office, "sites/example.jp/forms/old-habit/mail_2-headers.txt"));
	g_assert_false(is_there(&office, "sites/example.jp/forms/members"));
	/* What was there is there. */
	g_assert_true(is_there(&office, "sites/example.jp/forms/contact/form.ini"));
	for (const char *at = office.output; *at != '\0'; at = strchr(at, '\n') + 1)
		g_assert_cmpuint(strcspn(at, "\n"), <, 400);
	office_clear(&office);
}

static void
test_dry_run(void)
{
	Office office = office_new();
	g_assert_cmpint(import(&office, "site.xml", " --dry-run"), ==, 1);
	assert_prints(&office, "nothing was written");
	g_assert_false(is_there(&office, "sites/example.jp/posts.ini"));
	g_assert_false(is_there(&office, "sites/example.jp/forms/old-habit"));
	office_clear(&office);
}

/* Nothing that exists is overwritten. */
static void
test_twice(void)
{
	Office office = office_new();
	g_autofree char *path = tree_path(office.tree, "sites/example.jp/forms/old-habit/mail.txt");
	g_autofree char *text = NULL;
	import(&office, "site.xml", "");
	g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
	g_assert_cmpint(import(&office, "site.xml", ""), ==, 1);
	assert_prints(&office, "not imported: is there already");
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "mine");
	office_clear(&office);
}

/* A folder of that name that is another form's. */
static void
test_same_folder(void)
{
	Office office = office_new();
	tree_write(office.tree, "sites/example.jp/forms/old-habit/form.ini", "[form]\nid = 99\n");
	import(&office, "site.xml", "");
	assert_prints(&office, "old-habit-12");
	g_assert_true(is_there(&office, "sites/example.jp/forms/old-habit-12/form.ini"));
	office_clear(&office);
}

static void
test_import_json(void)
{
	Office office = office_new();
	g_assert_cmpint(import(&office, "site.xml", " --dry-run --json"), ==, 1);
	assert_prints(&office, "\"outcome\": \"refused\"");
	assert_prints(&office, "\"before\": \"[your-name] <[your-email]>\"");
	assert_prints(&office, "\"code\": \"maybe_empty\"");
	assert_prints(&office, "\"key\": \"secret_key_file\"");
	office_clear(&office);
}

/* `properties` of one form as REST JSON, imported as a dry run. */
static int
import_rest(Office *office, const char *properties)
{
	g_autofree char *json = g_strdup_printf(
	    "{\"id\":8,\"slug\":\"eight\",\"title\":\"Eight\",\"locale\":\"en_US\",\"properties\":{%s}}", properties);
	g_autofree char *path = tree_path(office->tree, "form.json");
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp --dry-run", path);
	tree_write(office->tree, "form.json", json);
	return run(office, words);
}

/* What contract 11.4 asks a report to tell. */
static void
test_report(void)
{
	Office office = office_new();
	g_assert_cmpint(
	    import_rest(&office,
		"\"form\":{\"content\":\"[text* your-name][email your-email default:user_email][text c default:post_meta]"
		"[select s data:countries]\"},\"mail\":{\"body\":\"[your-name][_raw_nope][nope]\","
		"\"recipient\":\"owner@example.jp\",\"attachments\":\"../secret.pdf\","
		"\"additional_headers\":\"From: info@example.jp\\nX-Mailer: mine\\nCc : [your-email]\\nTo: x@example.jp\"}"),
	    ==, 1);
	assert_says(&office, "[email your-email]: only WordPress can fill in default:user_email");
	assert_prints(&office, "default:post_meta");
	g_assert_cmpuint(count(&office, "data:countries"), ==, 1);
	g_assert_cmpuint(count(&office, "../secret.pdf"), ==, 1);
	assert_prints(&office, "    - mail.txt: [nope]\n");
	assert_says(&office, "mail.txt: [_raw_nope]: reads nothing");
	assert_says(&office, "mail-headers.txt line 2: [your-email]: waits");
	assert_says(&office, "mail-headers.txt line 1: X-Mailer is ignored");
	/* What was taken out is numbered by the export. */
	assert_prints(&office, "Additional headers of [mail] in the export, line 4\n");
	assert_prints(&office, "\n    all 23 messages\n");

	import_rest(&office, "\"form\":{\"content\":\"[text* your-name]\"},\"mail\":{\"body\":\"x\"},"
			     "\"messages\":{\"spam\":\"Call [nobody]\"}");
	assert_prints(&office, "form.ini [messages] spam: [nobody]\n");
	assert_silent(&office, "all 23");
	office_clear(&office);
}

/* Nobody is said to be mailed where nobody is. */
static void
test_report_without_mail(void)
{
	static const char *const settings[] = {"skip_mail: on", "demo_mode: on"};
	Office office = office_new();
	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		g_autofree char *properties =
		    g_strdup_printf("\"form\":{\"content\":\"[email* your-email][select d "
				    "\\\"A|a@example.jp\\\"]\"},\"mail\":{\"body\":\"x\",\"recipient\":\"[d]\"},"
				    "\"mail_2\":{\"active\":true,\"recipient\":\"[your-email]\",\"body\":\"x\"},"
				    "\"additional_settings\":{\"content\":\"%s\"}",
			settings[i]);
		import_rest(&office, properties);
		g_assert_cmpuint(count(&office, "is on, so this form mails nobody"), ==, 2);
		assert_silent(&office, ": mailed");
	}
	import_rest(&office, "\"form\":{\"content\":\"[email* your-email]\"},\"mail\":{\"body\":\"x\"},"
			     "\"mail_2\":{\"active\":true,\"recipient\":\"[your-email]\",\"body\":\"x\"}");
	assert_says(&office, "form.ini [mail_2] recipient: [your-email]: waits");
	assert_silent(&office, ": mailed");
	office_clear(&office);
}

#define CHANNEL "<rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel>"
#define FORM_ITEM(id, status, metas)                                                                                             \
	"<item><title>Form " id "</title><wp:post_id>" id "</wp:post_id><wp:post_name>form-" id                                  \
	"</wp:post_name><wp:status>" status                                                                                      \
	"</wp:status><wp:post_type>wpcf7_contact_form</wp:post_type><wp:postmeta><wp:meta_key>_form</wp:meta_key>"               \
	"<wp:meta_value>[text* your-name]</wp:meta_value></wp:postmeta>" metas "</item>"

/* A damaged form is refused alone, one in the trash is left there without a word to the shell. */
static void
test_damaged_alone(void)
{
	Office office = office_new();
	g_autofree char *path = tree_path(office.tree, "site.xml");
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp", path);
	tree_write(office.tree, "site.xml",
	    CHANNEL FORM_ITEM("21", "publish",
		"<wp:postmeta><wp:meta_key>_mail</wp:meta_key><wp:meta_value>O:1:\"x\":0:{}</wp:meta_value></wp:postmeta>")
		FORM_ITEM("22", "draft", "") FORM_ITEM("23", "trash", "") "</channel></rss>");
	g_assert_cmpint(run(&office, words), ==, 1);
	assert_prints(&office, "21  Form 21  -        not imported: damaged in the export\n");
	assert_says(&office, "The export is damaged here: meta mail: byte 0");
	assert_prints(&office, "22  Form 22  form-22  imported\n");
	assert_says(&office, "status: is \"draft\"");
	assert_prints(&office, "23  Form 23  -        not imported: in WordPress's trash\n");
	assert_prints(&office, "1. Save each damaged form once in WordPress");
	g_assert_true(is_there(&office, "sites/example.jp/forms/form-22/form.ini"));
	g_assert_false(is_there(&office, "sites/example.jp/forms/form-21"));
	g_assert_false(is_there(&office, "sites/example.jp/forms/form-23"));
	tree_write(
	    office.tree, "site.xml", CHANNEL FORM_ITEM("24", "publish", "") FORM_ITEM("23", "trash", "") "</channel></rss>");
	g_assert_cmpint(run(&office, words), ==, EX_OK);
	office_clear(&office);
}

/* What the table of posts does not hold is said. */
static void
test_many_posts(void)
{
	Office office = office_new();
	g_autoptr(GString) xml = g_string_new(CHANNEL FORM_ITEM("21", "publish", ""));
	g_autofree char *path = tree_path(office.tree, "site.xml");
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp", path);
	for (guint id = 1; id <= 2010; id++)
		g_string_append_printf(xml,
		    "<item><title>T%u</title><wp:post_id>%u</wp:post_id><wp:status>publish</wp:status><wp:post_type>%s</"
		    "wp:post_type></item>",
		    id, 1000 + id, id == 1 ? "page" : "post");
	g_string_append(xml, "</channel></rss>");
	tree_write(office.tree, "site.xml", xml->str);
	run(&office, words);
	assert_says(&office, "2000 of 2010 public posts and pages are in posts.ini");
	assert_says(&office, "without: \"T11\", \"T10\", \"T9\" and 7 older ones.");
	office_clear(&office);
}

/* What kept robots out in WordPress is said, with what to write here. */
static void
test_import_of_guarded_form(void)
{
	Office office = office_new();
	g_autofree char *path = tree_path(office.tree, "site.xml");
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp --dry-run", path);
	tree_write(office.tree, "site.xml",
	    CHANNEL
	    "<item><title>G</title><wp:post_id>21</wp:post_id><wp:post_name>g</wp:post_name><wp:status>publish</wp:status>"
	    "<wp:post_type>wpcf7_contact_form</wp:post_type><wp:postmeta><wp:meta_key>_form</wp:meta_key>"
	    "<wp:meta_value>[text n]\n[honeypot w]\n[turnstile]</wp:meta_value></wp:postmeta></item></channel></rss>");
	run(&office, words);
	assert_says(&office, "[honeypot] is a tag of another plugin; write [text NAME autocomplete:off tabindex:-1]");
	assert_says(&office, "form.html line 3: [turnstile]: its tokens are verified once [captcha] of site.conf has");
	office_clear(&office);
}

static void
test_import_errors(void)
{
	Office office = office_new();
	tree_write(office.tree, "bad.xml", "<rss><channel>");
	g_autofree char *bad = tree_path(office.tree, "bad.xml");
	g_autofree char *words = g_strdup_printf("form import %s --site example.jp", bad);
	g_assert_cmpint(run(&office, words), !=, EX_OK);
	g_assert_true(g_str_has_prefix(office.complaint, "sekisho: "));
	g_assert_cmpstr(office.output, ==, "");
	g_assert_cmpint(run(&office, "form import /nowhere/x.xml --site example.jp"), ==, EX_NOINPUT);
	g_assert_cmpint(import(&office, "site.xml", " --site nobody.jp"), ==, EX_NOINPUT);
	office_clear(&office);
}

/* The lines that the report tells people to write exist. */
static void
test_questions_are_keys(void)
{
	static const char *const keys[][2] = {{"site", "admin_address"}, {"site", "timezone"}, {"site", "date_format"},
	    {"site", "time_format"}, {"site", "list_separator"}, {"spam", "disallowed_words_file"},
	    {"wordpress", "secret_key_file"}, {"captcha", "service"}, {"captcha", "site_key"}, {"captcha", "secret_file"}};
	Office office = office_new();
	import(&office, "site.xml", " --dry-run");
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *line = g_strdup_printf("    %s = ", keys[i][1]);
		assert_prints(&office, line);
		g_assert_nonnull(keys_find(KEYS_SITE, keys[i][0], keys[i][1]));
	}
	office_clear(&office);
}

/* --- lint, show, preview ------------------------------------------------------------------------------------------------ */

static void
test_lint(void)
{
	Office office = office_new();
	g_assert_cmpint(run(&office, "form lint"), ==, EX_OK);
	/* your-subject may be empty, but the default subject holds the site's title. */
	assert_prints(&office, "1 form, 0 findings, 0 forms that cannot be used\n");
	tree_write(office.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail_2]\nactive = on\n");
	g_assert_cmpint(run(&office, "form lint example.jp contact"), ==, EX_OK);
	assert_prints(&office, "  mail_2.txt (default_text)\n");
	tree_write(office.tree, "sites/example.jp/forms/contact/mail_2.txt", "Thank you, [your-name].\n");
	g_assert_cmpint(run(&office, "form lint example.jp contact"), ==, EX_OK);
	g_assert_null(strstr(office.output, "default_text"));
	tree_write(office.tree, "sites/example.jp/forms/contact/form.html", "[text* name] [submit]");
	g_assert_cmpint(run(&office, "form lint example.jp contact"), ==, EX_OK);
	assert_prints(&office, "  form.html line 1 (unavailable_names)\n");
	g_assert_cmpint(run(&office, "form lint --json"), ==, EX_OK);
	assert_prints(&office, "\"code\": \"unavailable_names\"");
	tree_write(office.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[settings]\nsubscribers_only = on\n");
	g_assert_cmpint(run(&office, "form lint example.jp"), ==, 1);
	assert_prints(&office, "cannot be used");
	g_assert_cmpint(run(&office, "form lint example.jp nothing"), ==, EX_NOINPUT);
	office_clear(&office);
}

static void
test_show(void)
{
	static const char *const names[] = {"4", "contact", "お問い合わせ"};
	Office office = office_new();
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *words = g_strdup_printf("form show example.jp %s", names[i]);
		g_assert_cmpint(run(&office, words), ==, EX_OK);
		assert_prints(&office, "  your-email email\n      required; a mail address; at most 400 characters\n");
		assert_prints(&office, "  To            owner@example.jp\n");
		assert_prints(&office, "  not active\n");
		assert_prints(&office, "  reply         confirm: ");
	}
	g_assert_cmpint(run(&office, "form show example.jp 4 --json"), ==, EX_OK);
	assert_prints(&office, "\"rules\": \"required; a mail address; at most 400 characters\"");
	assert_prints(&office, "\"reply\": \"confirm\"");
	g_assert_cmpint(run(&office, "form show example.jp 5"), ==, EX_NOINPUT);
	office_clear(&office);
}

static void
test_preview(void)
{
	Office office = office_new();
	tree_write(office.tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp, [your-email]\nhtml = on\n");
	tree_write(office.tree, "sites/example.jp/forms/contact/mail.txt", "<p>[your-name]: [your-message]</p>");
	g_assert_cmpint(
	    run(&office,
		"form preview example.jp contact --field your-name=山田\033[31m --field your-subject=a\\nBcc:x --field nope=1"),
	    ==, EX_OK);
	assert_prints(&office, "remark: the form has no field nope\n");
	assert_prints(&office, "  - To owner@example.jp: is mailed\n");
	assert_prints(&office, "  - To visitor@example.com: refused, because the address comes from a field of\n");
	assert_prints(&office, "aBcc:x");
	assert_silent(&office, "| Bcc:");
	assert_silent(&office, "\033");
	assert_prints(&office, "(sample of your-message,\n");
	assert_prints(&office, "  The same as HTML, which most readers see:\n");
	assert_prints(&office, "mail_2 is not active");
	office_clear(&office);
}

/* What becomes of mails to an address that was typed. */
static void
test_preview_policies(void)
{
	static const char *const fates[][2] = {{"confirm", "waits until the address has proved itself"},
	    {"proved", "is mailed if the address has proved itself"}, {"never", "refused, because the form has reply = never"}};
	Office office = office_new();
	tree_write(office.tree, "sites/example.jp/forms/contact/mail.txt", "[your-message]");
	tree_write(office.tree, "sites/example.jp/forms/contact/mail-headers.txt", "Cc: [your-email]\n");
	for (gsize i = 0; i < G_N_ELEMENTS(fates); i++) {
		g_autofree char *ini = g_strdup_printf(
		    "[form]\nid = 4\nreply = %s\n[mail]\nrecipient = owner@example.jp\n[mail_2]\nactive = on\n", fates[i][0]);
		g_autofree char *copy = g_strdup_printf("- Cc taro@visitor.test: %s", fates[i][1]);
		g_autofree char *reply = g_strdup_printf("- To taro@visitor.test: %s", fates[i][1]);
		tree_write(office.tree, "sites/example.jp/forms/contact/form.ini", ini);
		g_assert_cmpint(run(&office, "form preview example.jp contact --field your-email=taro@visitor.test"), ==, EX_OK);
		assert_says(&office, copy);
		assert_says(&office, reply);
	}
	tree_write(office.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail_2]\nactive = on\n");
	g_assert_cmpint(run(&office, "form preview example.jp contact --field your-email=taro@example.jp"), ==, EX_OK);
	assert_says(&office, "- To taro@example.jp: is mailed, because it is in one of the site's own domains");
	office_clear(&office);
}

static void
test_usage(void)
{
	static const char *const wrong[] = {"form", "form import", "form import x", "form import --site y",
	    "form import x y --site z", "form frob", "form lint a b c", "form lint a b --site c", "form lint --dry-run",
	    "form show a", "form show a b --field n=1", "form preview a", "form preview a b --field nothing"};
	Office office = office_new();
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_test_message("%s", wrong[i]);
		g_assert_cmpint(run(&office, wrong[i]), ==, EX_USAGE);
		g_assert_cmpstr(office.output, ==, "");
	}
	g_assert_cmpint(run(&office, "form --help"), ==, EX_OK);
	assert_prints(&office, "--dry-run");
	assert_prints(&office, "Exit status");
	office_clear(&office);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/form/import", test_import);
	g_test_add_func("/cli/form/dry-run", test_dry_run);
	g_test_add_func("/cli/form/twice", test_twice);
	g_test_add_func("/cli/form/same-folder", test_same_folder);
	g_test_add_func("/cli/form/import-json", test_import_json);
	g_test_add_func("/cli/form/report", test_report);
	g_test_add_func("/cli/form/report-without-mail", test_report_without_mail);
	g_test_add_func("/cli/form/damaged-alone", test_damaged_alone);
	g_test_add_func("/cli/form/many-posts", test_many_posts);
	g_test_add_func("/cli/form/import-guarded", test_import_of_guarded_form);
	g_test_add_func("/cli/form/import-errors", test_import_errors);
	g_test_add_func("/cli/form/questions-are-keys", test_questions_are_keys);
	g_test_add_func("/cli/form/lint", test_lint);
	g_test_add_func("/cli/form/show", test_show);
	g_test_add_func("/cli/form/preview", test_preview);
	g_test_add_func("/cli/form preview says what the policy of replies does", test_preview_policies);
	g_test_add_func("/cli/form/usage", test_usage);
	return g_test_run();
}
