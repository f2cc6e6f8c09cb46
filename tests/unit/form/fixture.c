/*
 * What the tests of form/ share. See fixture.h.
 */
#include "fixture.h"

#include <string.h>

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

char *
fixture_problems(FormSource *source)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_null_terminated(4, g_free, TRUE);
	g_autoptr(Form) form = form_new(source, site, problems);

	g_assert_cmpint(form == NULL, ==, problems->len > 0);
	return g_strjoinv("\n", (char **)problems->pdata);
}

Posted *
fixture_posted(const char *name, ...)
{
	Posted *posted = posted_new();
	va_list arguments;

	va_start(arguments, name);
	for (const char *key = name; key != NULL; key = va_arg(arguments, const char *)) {
		const char *value = va_arg(arguments, const char *);
		g_autoptr(GBytes) key_bytes = g_bytes_new(key, strlen(key));
		g_autoptr(GBytes) value_bytes = g_bytes_new(value, strlen(value));

		g_assert_true(posted_add(posted, key_bytes, value_bytes, NULL));
	}
	va_end(arguments);
	return posted;
}

Submission *
fixture_submission(const Form *form, Posted *posted)
{
	ClientFacts *client = client_facts_new();

	set(&client->remote_ip, "127.0.0.1");
	set(&client->user_agent, "Mozilla/5.0 <test>");
	set(&client->url, "http://www.example.test:18080/contact/?a=1&b=2");
	set(&client->unit_tag, "wpcf7-f4-p2-o1");
	client->remote_port = 54321;
	client->container_post = 2;
	client->received_at_us = FIXTURE_TIME_US;
	return submission_new(form, "0123456789AB", posted, NULL, client);
}

char *
fixture_replace(const Form *form, const Submission *submission, const char *text)
{
	MailTagContext context = {.form = form, .submission = submission, .mode = MAILTAG_LINE};

	return mailtag_replace(text, &context);
}

/* The key whose default text is `message`. */
static const char *
key_of(const Form *form, const char *message)
{
	static const char *const keys[] = {"invalid_required", "invalid_too_long", "invalid_too_short", "invalid_email",
	    "invalid_url", "invalid_tel", "accept_terms"};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_equal(form_message(form, keys[i]), message))
			return keys[i];
	}
	return "?";
}

char *
fixture_invalid(const Form *form, const Submission *submission)
{
	g_autoptr(GPtrArray) invalid = rules_check(form, submission);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < invalid->len; i++) {
		const InvalidField *field = invalid->pdata[i];

		g_string_append_printf(text, "%s%s:%s", i > 0 ? " " : "", field->field, key_of(form, field->message));
	}
	return g_string_free(text, FALSE);
}
