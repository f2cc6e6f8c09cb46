/*
 * Lint: one case per code of contract 12, each beside one that is right. And samples, which lint and previews are made with.
 */
#include "sekisho/form/lint.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/sample.h"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

/* A form that lint has nothing to say about. */
static FormSource *
good_source(void)
{
	FormSource *source =
	    fixture_source("<label>N [text* your-name]</label> [email* your-email] [text* your-subject] [submit]");

	set(&source->mail[0].body, "From [your-name]");
	return source;
}

static Form *
examine(FormSource *source, const char *attachments_directory)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

	set(&site->attachments_directory, attachments_directory);
	return form_examine(source, site, problems);
}

/* "CODE PLACE" of all findings, joined by "; ". Takes `source`. The caller's. */
static char *
findings_of(FormSource *source, const char *attachments_directory)
{
	g_autoptr(Form) form = examine(source, attachments_directory);
	g_autoptr(GPtrArray) findings = lint_form(form);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < findings->len; i++) {
		const LintFinding *finding = findings->pdata[i];

		g_assert_true(g_strv_contains(lint_codes, finding->code));
		g_assert_cmpuint(strlen(finding->sentence), >, 10);
		g_assert_true(g_str_has_suffix(finding->advice, "."));
		g_string_append_printf(text, "%s%s %s", i > 0 ? "; " : "", finding->code, finding->place);
	}
	return g_string_free(text, FALSE);
}

static void
test_nothing(void)
{
	g_autofree char *found = findings_of(good_source(), "");

	g_assert_cmpstr(found, ==, "");
}

/* --- Template ------------------------------------------------------------------------------------------------------------- */

static void
test_template(void)
{
	static const struct {
		const char *template_text;
		const char *found;
	} cases[] = {
	    {"\n[text name]", "unavailable_names form.html line 2"},
	    {"[date day] [text names]", "unavailable_names form.html line 1"},
	    {"[text a.b]", "dots_in_names form.html line 1"},
	    {"[text a:b]", "colons_in_names form.html line 1"},
	    {"[file f limit:33mb]", "upload_filesize_overlimit form.html line 1"},
	    {"[file f limit:32mb] [text t limit:99mb]", ""},
	    {"<p>\n<form>[text a]</form>", "unavailable_html_elements form.html line 2"},
	    {"<formula>[text a]</formula>", ""},
	    {"<label>[text a]</label>\n<LABEL class='x'>[text b] [text c]</LABEL>",
		"multiple_controls_in_label form.html line 2"},
	    {"<label>[radio r \"a\" \"b\"]</label>", "multiple_controls_in_label form.html line 1"},
	    {"<label>[checkbox c free_text \"a\"]</label>", "multiple_controls_in_label form.html line 1"},
	    {"<label>[checkbox c \"a\"]</label> [text x]", ""},
	    {"<label>[textarea a][count a][hidden h][reflection a]</label>", ""},
	    {"<label>[text a]</label> [text b]", ""},
	    {"<label>[text a] [text b]", "multiple_controls_in_label form.html line 1"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *template_text =
		    g_strconcat(cases[i].template_text, "[text* your-name][email* your-email][text* your-subject]", NULL);
		FormSource *source = fixture_source(template_text);

		/* An unclosed label ends with the template. */
		set(&source->mail[0].body, "[your-name]");
		g_autofree char *found = findings_of(source, "");
		g_test_message("%s", cases[i].template_text);
		g_assert_cmpstr(found, ==, cases[i].found);
	}
}

static void
test_messages_and_settings(void)
{
	FormSource *source = good_source();

	g_hash_table_insert(source->messages, g_strdup("spam"), g_strdup("<b>No</b>"));
	g_hash_table_insert(source->messages, g_strdup("mail_sent_ok"), g_strdup("1 < 2 & 3 > 2"));
	set(&source->additional_settings, "on_sent_ok: \"x()\"\nskip_mail: off\n");
	g_autofree char *found = findings_of(source, "");
	g_assert_cmpstr(
	    found, ==, "html_in_message form.ini [messages] spam; deprecated_settings form.ini [settings] on_sent_ok");
}

/* --- Mails ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
	const char *subject;
	const char *sender;
	const char *recipient;
	const char *body;
	const char *headers;
	const char *found;
} MailCase;

static void
set_if(char **place, const char *text)
{
	if (text != NULL)
		set(place, text);
}

static void
test_mails(void)
{
	static const MailCase cases[] = {
	    {.subject = "[opt]", .found = "maybe_empty form.ini [mail] subject"},
	    {.subject = "[opt] [your-name]", .found = ""},
	    {.body = " [opt]\n", .found = "maybe_empty mail.txt"},
	    {.body = "[_user_login]", .found = "maybe_empty mail.txt"},
	    {.sender = "nobody", .found = "invalid_mailbox_syntax form.ini [mail] sender"},
	    {.sender = "", .found = ""},
	    {.sender = "x@elsewhere.test", .found = "email_not_in_site_domain form.ini [mail] sender"},
	    {.sender = "x@mail.example.test", .found = ""},
	    {.recipient = "[opt-email]",
		.found = "invalid_mailbox_syntax form.ini [mail] recipient; unsafe_email_without_protection form.ini [mail] "
			 "recipient"},
	    {.recipient = "a@example.test, nobody", .found = "invalid_mailbox_syntax form.ini [mail] recipient"},
	    {.recipient = "[your-email]", .found = "unsafe_email_without_protection form.ini [mail] recipient"},
	    {.recipient = "[_site_admin_email], Shop <shop@example.test>", .found = ""},
	    {.headers = "X-A: 1\nCc: [your-email]", .found = "unsafe_email_without_protection mail-headers.txt line 2"},
	    {.headers = "Reply-To: [your-name]", .found = "invalid_mailbox_syntax mail-headers.txt line 1"},
	    {.headers = "Reply-To: [opt-email]\n\n", .found = ""},
	    {.headers = "Bcc: nobody", .found = "invalid_mailbox_syntax mail-headers.txt line 1"},
	    {.headers = "From: x@elsewhere.test", .found = "email_not_in_site_domain mail-headers.txt line 1"},
	    {.headers = "X-[your-name]: z", .found = ""},
	    {.headers = "X [your-name]: z", .found = "invalid_mail_header mail-headers.txt line 1"},
	    {.headers = "no header\nX Y: z\nX-Y: z",
		.found = "invalid_mail_header mail-headers.txt line 1; invalid_mail_header mail-headers.txt line 2"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source =
		    fixture_source("[text* your-name][email* your-email][text* your-subject][text opt][email opt-email]");

		set(&source->mail[0].body, "text");
		set_if(&source->mail[0].subject, cases[i].subject);
		set_if(&source->mail[0].sender, cases[i].sender);
		set_if(&source->mail[0].recipient, cases[i].recipient);
		set_if(&source->mail[0].body, cases[i].body);
		set_if(&source->mail[0].additional_headers, cases[i].headers);
		g_autofree char *found = findings_of(source, "");
		g_test_message("case %zu", i);
		g_assert_cmpstr(found, ==, cases[i].found);
	}
}

/* What is said of an address that is typed follows the policy of replies. */
static void
test_typed_addresses(void)
{
	static const struct {
		ReplyPolicy policy;
		guint mail;
		const char *recipient, *headers, *sentence;
	} cases[] = {
	    {REPLY_CONFIRM, 0, "[your-email], owner@example.test", "", "no notice goes to such an address"},
	    {REPLY_CONFIRM, 0, "owner@example.test", "Bcc: [your-email]",
		"gets a copy without the block of facts: one that has not proved "
		"itself is asked"},
	    {REPLY_PROVED, 0, "owner@example.test", "Cc: [your-name]", "only one that has proved itself"},
	    {REPLY_CONFIRM, 1, "[your-email]", "",
		"[your-email]: one that has not proved itself is asked by a confirmation mail first"},
	    {REPLY_PROVED, 1, "[your-email]", "", "only one that has proved itself"},
	    {REPLY_NEVER, 1, "[your-email]", "", "it is never mailed"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = good_source();
		g_autoptr(SiteFacts) site = fixture_site();
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		gboolean is_said = FALSE;

		source->reply = cases[i].policy;
		source->mail[cases[i].mail].is_active = TRUE;
		set(&source->mail[cases[i].mail].recipient, cases[i].recipient);
		set(&source->mail[cases[i].mail].additional_headers, cases[i].headers);
		g_autoptr(Form) form = form_examine(source, site, problems);
		g_autoptr(GPtrArray) findings = lint_form(form);
		for (guint k = 0; k < findings->len; k++) {
			const LintFinding *finding = findings->pdata[k];
			is_said = is_said || (g_str_equal(finding->code, "unsafe_email_without_protection") &&
						 strstr(finding->sentence, cases[i].sentence) != NULL);
		}
		g_test_message("case %zu", i);
		g_assert_true(is_said);
	}
}

/* The second mail is looked at while it is active. */
static void
test_second_mail(void)
{
	for (guint is_active = 0; is_active < 2; is_active++) {
		FormSource *source = good_source();

		source->mail[1].is_active = is_active != 0;
		set(&source->mail[1].recipient, "owner@example.test");
		set(&source->mail[1].subject, "x");
		g_autofree char *found = findings_of(source, "");
		g_assert_cmpstr(found, ==, is_active ? "maybe_empty mail_2.txt" : "");
	}
}

static void
test_attachments(void)
{
	g_autofree char *folder = g_dir_make_tmp("sekisho-lint-XXXXXX", NULL);
	g_autofree char *small = g_build_filename(folder, "terms.pdf", NULL);
	const struct {
		const char *attachments;
		const char *folder;
		const char *found;
	} cases[] = {
	    {"[f]\nterms.pdf\n", folder, ""},
	    {"other.pdf", folder, "file_not_found form.ini [mail] attachments"},
	    {"terms.pdf", "", "file_not_found form.ini [mail] attachments"},
	    {"./terms.pdf\n.//terms.pdf", folder, ""},
	    {"link.pdf", folder, "file_not_found form.ini [mail] attachments"},
	    {".", folder, "file_not_found form.ini [mail] attachments"},
	    {"../terms.pdf", folder, "file_not_in_content_dir form.ini [mail] attachments"},
	    {"/etc/passwd", folder, "file_not_in_content_dir form.ini [mail] attachments"},
	    {"[f][g]", folder, "attachments_overweight form.ini [mail] attachments"},
	    {"[g]", folder, ""},
	};

	g_autofree char *link = g_build_filename(folder, "link.pdf", NULL);
	g_assert_true(g_file_set_contents(small, "x", 1, NULL));
	g_assert_cmpint(symlink("terms.pdf", link), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		FormSource *source = fixture_source("[text* your-subject] [file f limit:20mb] [file g limit:6mb]");

		set(&source->mail[0].body, "text");
		set(&source->mail[0].additional_headers, "");
		set(&source->mail[0].attachments, cases[i].attachments);
		g_autofree char *found = findings_of(source, cases[i].folder);
		g_test_message("%s", cases[i].attachments);
		g_assert_cmpstr(found, ==, cases[i].found);
	}
	g_remove(link);
	g_remove(small);
	g_rmdir(folder);
}

/* --- Samples -------------------------------------------------------------------------------------------------------------------- */

static void
test_samples(void)
{
	g_autoptr(Form) form = examine(fixture_source("[text* n][text o][email* e][checkbox* c \"A|alpha\" \"B\"][file* "
						      "f][acceptance a]yes[/acceptance][hidden h \"hv\"]"),
	    "");
	g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	g_autoptr(Submission) minimal = sample_submission(form, NULL, SAMPLE_MINIMAL, NULL);
	g_autoptr(Submission) full = sample_submission(form, NULL, SAMPLE_FULL, NULL);
	g_autofree char *least = fixture_replace(form, minimal, "[n]|[o]|[e]|[c]|[f]|[h]");
	g_autofree char *most = fixture_replace(form, full, "[n]|[o]|[e]|[c]|[f]|[h]");
	GPtrArray *choices = g_ptr_array_new();

	g_assert_cmpstr(least, ==, "(sample of n)||visitor@example.com|alpha|sample-of-f.pdf|");
	g_assert_cmpstr(most, ==, "(sample of n)|(sample of o)|visitor@example.com|alpha|sample-of-f.pdf|hv");
	g_ptr_array_add(choices, (gpointer) "A");
	g_ptr_array_add(choices, (gpointer) "B");
	g_hash_table_insert(given, (gpointer) "c", choices);
	g_autoptr(Submission) chosen = sample_submission(form, given, SAMPLE_FULL, NULL);
	g_autofree char *both = fixture_replace(form, chosen, "[c]|[_raw_c]");
	g_assert_cmpstr(both, ==, "alpha, B|A, B");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/lint/nothing", test_nothing);
	g_test_add_func("/form/lint/template", test_template);
	g_test_add_func("/form/lint/messages-and-settings", test_messages_and_settings);
	g_test_add_func("/form/lint/mails", test_mails);
	g_test_add_func("/form/lint/typed-addresses", test_typed_addresses);
	g_test_add_func("/form/lint/second-mail", test_second_mail);
	g_test_add_func("/form/lint/attachments", test_attachments);
	g_test_add_func("/form/sample", test_samples);
	return g_test_run();
}
