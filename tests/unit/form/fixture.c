/*
 * What the tests of form/ share. See fixture.h.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/texts.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/form/rules.h"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

SiteFacts *
fixture_site(void)
{
	SiteFacts *site = site_facts_new();

	set(&site->name, "example.test");
	set(&site->title, "Tom & Jerry \"Café\"");
	set(&site->description, "A <b>desc</b> & more");
	set(&site->url, "http://www.example.test:18080");
	set(&site->admin_address, "admin@example.test");
	set(&site->from, "Example <noreply@example.test>");
	set(&site->bounce_address, "noreply@example.test");
	set(&site->date_format, "F j, Y");
	set(&site->time_format, "g:i a");
	set(&site->list_separator, "、");
	return site;
}

FormSource *
fixture_source(const char *template_text)
{
	FormSource *source = form_source_new();

	source->id = 4;
	set(&source->slug, "contact");
	set(&source->title, "Contact <us>");
	set(&source->locale, "en_US");
	set(&source->template_text, template_text);
	set(&source->mail[0].subject, "[_site_title] \"[your-subject]\"");
	set(&source->mail[0].sender, "[_site_title] <noreply@example.test>");
	set(&source->mail[0].recipient, "[_site_admin_email]");
	set(&source->mail[0].additional_headers, "Reply-To: [your-email]");
	return source;
}

Form *
fixture_compile(FormSource *source)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	Form *form = form_new(source, site, problems);

	if (form == NULL)
		g_error("the form has a problem: %s", (const char *)problems->pdata[0]);
	return form;
}

Form *
fixture_form(const char *template_text)
{
	return fixture_compile(fixture_source(template_text));
}

Form *
fixture_form_d(void)
{
	return fixture_form("<label>Name [text* your-name autocomplete:name]</label>\n"
			    "<label>E-mail [email* your-email autocomplete:email]</label>\n"
			    "<label>Subject [text* your-subject]</label>\n"
			    "<label>Message (optional) [textarea your-message]</label>\n"
			    "[submit \"Send\"]");
}

Form *
fixture_form_r(void)
{
	return fixture_form(
	    "[text* t minlength:3 maxlength:10 id:my-t] [email e] [url u] [tel tel] [number n min:1 max:10 step:2] "
	    "[range r min:0 max:50] [date d min:2026-01-01 max:2026-12-31] [checkbox* cb \"A|alpha\" \"B|beta\" \"C &amp; D\"] "
	    "[checkbox ex exclusive \"one\" \"two\"] [checkbox ft free_text \"x\" \"Other\"] [radio rad \"yes|Y\" \"no|N\"] "
	    "[select* sel first_as_label \"Choose\" \"red|#f00\" \"blue|#00f\"] [select ms multiple \"m1\" \"m2\"] "
	    "[acceptance acc]I agree <b>strongly</b>[/acceptance] [acceptance acc2 optional]Mail[/acceptance] "
	    "[quiz q \"1+1?|2\"] [file f filetypes:pdf|txt limit:1kb] [hidden h \"hv\"] [textarea msg maxlength:20] "
	    "[count msg down][reflection t][submit \"Go\"]");
}

Form *
fixture_form_u(void)
{
	return fixture_form(
	    "[text t][file* f filetypes:pdf|txt limit:1kb][file g]"
	    "[file h filetypes:image/png|.PHP|application/*|audio/mpeg limit:20mb][acceptance acc]ok[/acceptance][submit]");
}

char *
fixture_problems(FormSource *source)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_null_terminated(4, g_free, TRUE);
	g_autoptr(Form) form = form_new(source, site, problems);

	g_assert_cmpint(form == NULL, ==, problems->len > 0);
	return g_strjoinv("\n", (char **)problems->pdata);
}

static void
post(Posted *posted, const char *name, const char *value)
{
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
	g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));

	g_assert_true(posted_add(posted, name_bytes, value_bytes, NULL));
}

Posted *
fixture_posted(const char *name, ...)
{
	Posted *posted = posted_new();
	va_list arguments;

	va_start(arguments, name);
	for (const char *key = name; key != NULL; key = va_arg(arguments, const char *))
		post(posted, key, va_arg(arguments, const char *));
	va_end(arguments);
	return posted;
}

char *
fixture_quiz_hash(const char *answer)
{
	g_autofree char *salt = g_compute_hmac_for_string(
	    G_CHECKSUM_MD5, (const guint8 *)FIXTURE_WORDPRESS_KEY, strlen(FIXTURE_WORDPRESS_KEY), "wpcf7_quiz", -1);
	g_autofree char *key = g_strconcat(FIXTURE_WORDPRESS_KEY, salt, NULL);

	return g_compute_hmac_for_string(G_CHECKSUM_MD5, (const guint8 *)key, strlen(key), answer, -1);
}

/* "ex[]" and "ex" are one name. */
static char *
plain_name(const char *name)
{
	return g_strndup(name, strcspn(name, "["));
}

Posted *
fixture_rb(const char *name, ...)
{
	g_autofree char *hash = fixture_quiz_hash("2");
	const char *const base[][2] = {{"t", "hello"}, {"e", "taro@example.org"}, {"u", "https://x.test/"},
	    {"tel", "03-1234-5678"}, {"n", "3"}, {"r", "10"}, {"d", "2026-05-01"}, {"cb[]", "A"}, {"cb[]", "C & D"},
	    {"ex", "one"}, {"ft[]", "x"}, {"ft[]", "Other"}, {"_wpcf7_free_text_ft", "my own"}, {"rad", "yes"}, {"sel", "red"},
	    {"ms[]", "m1"}, {"acc", "1"}, {"q", "２"}, {"_wpcf7_quiz_answer_q", hash}, {"h", "tampered"}, {"msg", "hi"}};
	g_autoptr(GHashTable) replaced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Posted *posted = posted_new();
	va_list arguments, again;

	va_start(arguments, name);
	va_copy(again, arguments);
	for (const char *key = name; key != NULL; key = va_arg(arguments, const char *)) {
		g_hash_table_add(replaced, plain_name(key));
		(void)va_arg(arguments, const char *);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(base); i++) {
		g_autofree char *plain = plain_name(base[i][0]);

		if (!g_hash_table_contains(replaced, plain))
			post(posted, base[i][0], base[i][1]);
	}
	for (const char *key = name; key != NULL; key = va_arg(again, const char *)) {
		const char *value = va_arg(again, const char *);

		if (value != NULL)
			post(posted, key, value);
	}
	va_end(again);
	va_end(arguments);
	return posted;
}

SubmissionFile *
fixture_file(const char *field, const char *client_name, guint64 size_bytes)
{
	SubmissionFile *file = submission_file_new();

	set(&file->field, field);
	set(&file->client_name, client_name);
	set(&file->name, client_name);
	file->size_bytes = size_bytes;
	file->state = *client_name == '\0' || size_bytes == 0 ? FILE_EMPTY : FILE_KEPT;
	return file;
}

GPtrArray *
fixture_files_rb(void)
{
	GPtrArray *files = submission_files_new();

	g_ptr_array_add(files, fixture_file("f", "a.pdf", 100));
	return files;
}

Submission *
fixture_submission(const Form *form, Posted *posted)
{
	return fixture_submission_with(form, posted, NULL);
}

Submission *
fixture_submission_with(const Form *form, Posted *posted, GPtrArray *files)
{
	ClientFacts *client = client_facts_new();

	set(&client->remote_ip, "127.0.0.1");
	set(&client->user_agent, "Mozilla/5.0 <test>");
	set(&client->url, "http://www.example.test:18080/contact/?a=1&b=2");
	set(&client->unit_tag, "wpcf7-f4-p2-o1");
	client->remote_port = 54321;
	client->container_post = 2;
	client->received_at_us = FIXTURE_TIME_US;
	return submission_new(form, "0123456789AB", posted, files, client);
}

char *
fixture_replace(const Form *form, const Submission *submission, const char *text)
{
	MailTagContext context = {.form = form, .submission = submission, .mode = MAILTAG_LINE};

	return mailtag_replace(text, &context);
}

/* The key or id whose default text is `message`. */
static const char *
key_of(const Form *form, const char *message)
{
	static const char *const keys[] = {"invalid_required", "invalid_too_long", "invalid_too_short", "invalid_email",
	    "invalid_url", "invalid_tel", "invalid_date", "date_too_early", "date_too_late", "invalid_number", "number_too_small",
	    "number_too_large", "accept_terms", "quiz_answer_not_correct", "captcha_not_match", "upload_failed",
	    "upload_file_type_invalid", "upload_file_too_large"};
	static const char *const fixed[] = {"fixed.enum", "fixed.maxitems"};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_equal(form_message(form, keys[i]), message))
			return keys[i];
	}
	for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++) {
		if (g_str_equal(text_for(form->source->locale, fixed[i]), message))
			return fixed[i];
	}
	return "?";
}

char *
fixture_invalid_text(const Form *form, const GPtrArray *invalid)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < invalid->len; i++) {
		const InvalidField *field = invalid->pdata[i];

		g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "", field->field, key_of(form, field->message));
	}
	return g_string_free(text, FALSE);
}

static Vault *
make_vault(void)
{
	static const char *const names[] = {"match.key", "vault.key", "vault.pub", "link.key", "link.pub", "", ".."};
	g_autoptr(GError) error = NULL;
	g_autofree char *parent = g_dir_make_tmp("sekisho-fixture-XXXXXX", &error);
	g_autofree char *folder = g_build_filename(parent, "keys", NULL);
	Vault *vault;

	g_assert_true(vault_create(folder, &error));
	vault = vault_open(folder, VAULT_FRONT, &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_canonicalize_filename(names[i], folder);

		g_assert_cmpint(g_remove(path), ==, 0);
	}
	return vault;
}

Vault *
fixture_vault(void)
{
	static Vault *vault = NULL;

	if (vault == NULL)
		vault = make_vault();
	return vault;
}

GPtrArray *
fixture_check(const Form *form, const Submission *submission)
{
	QuizKeys keys = {.vault = fixture_vault(), .wordpress_key = FIXTURE_WORDPRESS_KEY};

	return rules_check(form, submission, &keys);
}

char *
fixture_invalid(const Form *form, const Submission *submission)
{
	g_autoptr(GPtrArray) invalid = fixture_check(form, submission);

	return fixture_invalid_text(form, invalid);
}
