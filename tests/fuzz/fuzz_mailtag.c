/*
 * Mail templates and the values that go into them. The input is a template, a NUL, and what a visitor typed. Promises: the result is
 * UTF-8 and bounded; a template in which mailtag_fields finds nothing gives the same text for every visitor; in HTML no visitor makes
 * markup; what is no tag stays byte for byte.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"

static Form *
fuzz_form(void)
{
	g_autoptr(SiteFacts) site = site_facts_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormSource *source = form_source_new();

	g_free(site->from);
	site->from = g_strdup("a@example.test");
	g_free(site->date_format);
	site->date_format = g_strdup("Y-m-d");
	g_free(source->template_text);
	source->template_text =
	    g_strdup("[text t][text a.b][acceptance c]ok[/acceptance][radio x free_text \"other|<b>\" \"a\"][file f]");
	g_free(source->mail[0].recipient);
	source->mail[0].recipient = g_strdup("a@example.test");
	Form *form = form_new(source, site, problems);
	g_assert(form != NULL);
	return form;
}

/* A visitor who typed `value` everywhere. */
static Submission *
fuzz_visitor(const Form *form, const char *value, gsize size)
{
	static const char *const names[] = {"t", "a.b", "c", "x[]", "_wpcf7_free_text_x", "_y", "wpcf7.url"};
	g_autoptr(GBytes) bytes = g_bytes_new(value, size);
	g_autofree char *clean = text_clean(value, size);
	Posted *posted = posted_new();
	ClientFacts *client = client_facts_new();

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GBytes) name = g_bytes_new_static(names[i], strlen(names[i]));
		(void)posted_add(posted, name, bytes, NULL);
	}
	g_free(client->url);
	client->url = g_strdup(clean);
	g_free(client->user_agent);
	client->user_agent = g_strdup(clean);
	GPtrArray *files = submission_files_new();
	SubmissionFile *file = submission_file_new();
	g_free(file->field);
	file->field = g_strdup("f");
	g_free(file->name);
	file->name = g_strdup(clean);
	g_ptr_array_add(files, file);
	return submission_new(form, "0123456789AB", posted, files, client);
}

static void
fuzz_check_mode(const Form *form, const char *template_text, const Submission *one, MailTagMode mode)
{
	g_autoptr(Submission) other = fuzz_visitor(form, "other", strlen("other"));
	g_autoptr(GPtrArray) fields = mailtag_fields(template_text, form);
	MailTagContext context = {.form = form, .submission = one, .mode = mode, .is_exclude_blank = mode == MAILTAG_TEXT};
	g_autofree char *text = mailtag_replace(template_text, &context);
	g_autofree char *field_only = mailtag_replace("[t][a.b][x][f][_url][_user_agent][_raw__y]", &context);

	context.submission = other;
	g_autofree char *text_other = mailtag_replace(template_text, &context);
	g_assert(strlen(text) <= LIMIT_MAIL_TEXT_BYTES && g_utf8_validate(text, -1, NULL));
	g_assert(fields->len > 0 || g_str_equal(text, text_other));
	g_assert(mode != MAILTAG_HTML || strpbrk(field_only, "<>\"'") == NULL);
	if (strchr(template_text, '[') == NULL)
		g_assert(g_str_equal(text, template_text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *template_text = g_strndup((const char *)bytes, size);
	gsize template_size = strlen(template_text);
	gsize value_at = MIN(template_size + 1, size);

	if (!g_utf8_validate(template_text, -1, NULL))
		return 0; /* form_new refuses it */
	g_autoptr(Form) form = fuzz_form();
	g_autoptr(Submission) visitor = fuzz_visitor(form, (const char *)bytes + value_at, size - value_at);
	fuzz_check_mode(form, template_text, visitor, MAILTAG_LINE);
	fuzz_check_mode(form, template_text, visitor, MAILTAG_TEXT);
	fuzz_check_mode(form, template_text, visitor, MAILTAG_HTML);
	g_autoptr(GPtrArray) words = mailtag_unknown_words(template_text, form);
	g_autofree char *date = mailtag_date(template_text, (gint64)size * 7919 * G_USEC_PER_SEC * 1000, form);
	g_assert(g_utf8_validate(date, -1, NULL) && words->len <= size);
	return 0;
}
