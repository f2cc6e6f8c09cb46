/*
 * Exports that are damaged, foreign or made to do harm end in FORM_ERROR_IMPORT with a sentence that says what to do; nothing is
 * fetched and nothing grows.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/form/import.h"

#define RSS                                                                                                                      \
	"<rss version=\"2.0\" xmlns:wp=\"http://wordpress.org/export/1.2/\" "                                                    \
	"xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>"
#define RSS_END "</channel></rss>"
#define ITEM "<item><title>t</title><wp:post_id>5</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type>"
#define META(key, value)                                                                                                         \
	"<wp:postmeta><wp:meta_key>" key "</wp:meta_key><wp:meta_value><![CDATA[" value "]]></wp:meta_value></wp:postmeta>"
#define FORM(metas) RSS ITEM metas "</item>" RSS_END
#define JSON(properties) "{\"id\":5,\"slug\":\"s\",\"title\":\"t\",\"locale\":\"ja\",\"properties\":{" properties "}}"

static void
check_refusal(const char *text, gsize size, const char *hint)
{
	g_autoptr(GBytes) content = g_bytes_new(text, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Import) import = import_read(content, &error);

	g_assert_error(error, FORM_ERROR, FORM_ERROR_IMPORT);
	g_assert_null(import);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_null(strpbrk(error->message, "\n\r\033"));
	if (strstr(error->message, hint) == NULL)
		g_error("\"%s\" does not say \"%s\"", error->message, hint);
}

/* The export is read; its form is refused alone. */
static void
check_form_refusal(const char *text, gsize size, const char *hint)
{
	g_autoptr(GBytes) content = g_bytes_new(text, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Import) import = import_read(content, &error);

	g_assert_no_error(error);
	const ImportedForm *form = import->forms->pdata[0];
	g_assert_nonnull(form->refusal);
	g_assert_null(strpbrk(form->refusal, "\n\r\033"));
	if (strstr(form->refusal, hint) == NULL)
		g_error("\"%s\" does not say \"%s\"", form->refusal, hint);
}

static const struct {
	const char *text, *hint;
} refusals[] = {
    /* Not what it should be. */
    {"", "neither an export"},
    {"PK\003\004", "neither an export"},
    {"<?php echo 1;", "damaged"},
    {"<html><body/></html>", "begins with <rss>"},
    {"<!DOCTYPE html><html></html>", "web page"},
    {"<rss><channel><title>x</title></channel></rss>", "RSS feed"},
    {RSS "<wp:base_blog_url>x</wp:base_blog_url>" RSS_END, "no contact form in this export; in WordPress choose Tools, Export"},
    {"{\"code\":\"wpcf7_forbidden\",\"message\":\"no\",\"data\":{\"status\":403}}", "refusal"},
    {"[{\"id\":5,\"hash\":\"abcdef0\",\"slug\":\"s\",\"title\":\"t\",\"locale\":\"ja\"}]", "has not their properties"},
    {"[]", "no contact form"},
    {"[1]", "no object"},
    {"{}", "has no id"},
    {"{\"id\":-5,\"properties\":{}}", "has no id"},
    {"{\"id\":5,\"properties\":[]}", "properties"},
    {"[" JSON("") "," JSON("") "]", "two forms of id 5"},
    {RSS ITEM "</item>" ITEM "</item>" RSS_END, "two forms of id 5"},
    {RSS "<item><wp:post_type>wpcf7_contact_form</wp:post_type></item>" RSS_END, "no post_id"},
    {RSS "<item><wp:post_id>-1</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type></item>" RSS_END, "no post_id"},
    {RSS "<item><wp:post_id>99999999999999999999</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type></"
	 "item>" RSS_END,
	"no post_id"},
    /* Damaged XML. */
    {FORM("") "x", "damaged"},
    {RSS ITEM "</item>", "ends early"},
    {RSS "<item><title>" RSS_END, "damaged"},
    {RSS "<item><title>&nbsp;</title></item>" RSS_END, "damaged"},
    {RSS "<item><title>&#0;</title></item>" RSS_END, "damaged"},
    {RSS "<item><title>\001</title></item>" RSS_END, "damaged"},
    {RSS "<a \033[2J", "damaged"},
    {"<?xml version=\"1.0\" encoding=\"UTF-16\"?><x/>", "begins with <rss>"},
    /* Damaged JSON. */
    {"{", "JSON cannot be read: line 1"},
    {"{\"id\":5,\"id\":6}", "JSON cannot be read"},
    {JSON("\"form\":{\"content\":\"\\u0000\"}"), "JSON cannot be read"},
    {"{\"id\":1e400}", "JSON cannot be read"},
    {"[\"\033[2J", "JSON cannot be read"},
};

static void
test_refusals(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		check_refusal(refusals[i].text, strlen(refusals[i].text), refusals[i].hint);
}

static const struct {
	const char *text, *hint;
} form_refusals[] = {
    {FORM(META("_mail", "O:8:\"stdClass\":0:{}")), "meta mail: byte 0 of the serialised value: an object"},
    {FORM(META("_mail", "a:1:{i:0;O:8:\"stdClass\":0:{}}")), "an object"},
    {FORM(META("_mail", "a:2:{s:4:\"body\";s:1:\"x\";s:7:\"subject\";O:1:\"x\":0:{}}")),
	"byte 38 of the serialised value: an object"},
    {FORM(META("_mail", "a:2:{s:4:\"body\";s:1:\"x\";s:7:\"subject\";R:2;}")), "reference (R)"},
    {FORM(META("_mail_2", "a:1:{s:900:\"body\";s:1:\"x\";}")), "meta mail_2"},
    {FORM(META("_messages", "a:999999999:{}")), "meta messages"},
    {FORM(META("_messages", "s:5:\"hello\";")), "should be a list"},
    {FORM(META("_mail", "a:1:{s:4:\"body\";a:0:{}}")), "mail body is a list"},
    {FORM(META("_mail", "a:1:{s:4:\"bo")), "meta mail"},
    {JSON("\"form\":{\"content\":[]}"), "form is a list"},
    {JSON("\"form\":[]"), "form is a list"},
    {JSON("\"mail\":[1]"), "mail should be"},
    {JSON("\"mail\":7"), "mail should be"},
    {JSON("\"mail\":{\"subject\":{}}"), "mail subject is a list"},
    {JSON("\"messages\":{\"spam\":[]}"), "spam is a list"},
};

static void
test_form_refusals(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(form_refusals); i++)
		check_form_refusal(form_refusals[i].text, strlen(form_refusals[i].text), form_refusals[i].hint);
}

/* One damaged form does not stop the others, before it or behind it, and leaves nothing of itself in the next. */
static void
test_refused_alone(void)
{
	static const char xml[] =
	    RSS "<item><title>a</title><wp:post_id>3</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type>" META(
		"_form", "[text a]") "</item>" ITEM META("_mail",
		"O:1:\"x\":0:{}") "</item>"
				  "<item><title>b</title><wp:post_id>7</wp:post_id><wp:post_type>wpcf7_contact_form</"
				  "wp:post_type>" META("_form", "[text b]") "</item>" RSS_END;
	g_autoptr(GBytes) content = g_bytes_new(xml, strlen(xml));
	g_autoptr(GError) error = NULL;
	g_autoptr(Import) import = import_read(content, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(import->forms->len, ==, 3);
	for (guint i = 0; i < 3; i++)
		g_assert_true((((const ImportedForm *)import->forms->pdata[i])->refusal != NULL) == (i == 1));
	g_assert_cmpstr(((const ImportedForm *)import->forms->pdata[2])->source->template_text, ==, "[text b]");
}

static void
test_not_text(void)
{
	static const char nul[] = RSS "<item><title>a\0b</title></item>" RSS_END;
	static const char latin[] = RSS "<item><title>\xe9t\xe9</title></item>" RSS_END;
	static const char json_nul[] = "{\"id\":5\0}";
	static const char wide[] = "\xff\xfe<\0r\0s\0s\0>\0";

	check_refusal(nul, sizeof nul - 1, "not UTF-8");
	check_refusal(latin, sizeof latin - 1, "not UTF-8");
	check_refusal(json_nul, sizeof json_nul - 1, "not UTF-8");
	check_refusal(wide, sizeof wide - 1, "not UTF-8 (byte 0)");
}

static void
test_entity_bomb(void)
{
	GString *bomb = g_string_new("<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a0 \"haha\">");

	for (guint i = 1; i < 30; i++)
		g_string_append_printf(bomb, "<!ENTITY a%u \"&a%u;&a%u;&a%u;&a%u;&a%u;&a%u;&a%u;&a%u;&a%u;&a%u;\">", i, i - 1,
		    i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	g_string_append(bomb, "]>" RSS "<title>&a29;</title>" RSS_END);
	check_refusal(bomb->str, bomb->len, "DOCTYPE");
	g_string_free(bomb, TRUE);
}

/* A file that would be seen in the title if it were read, as an entity, through a parameter entity, or by XInclude. */
static void
test_external(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	int file = g_file_open_tmp("import-XXXXXX", &path, &error);

	g_assert_no_error(error);
	g_close(file, NULL);
	g_file_set_contents(path, "<!ENTITY y 'seen'>seen", -1, NULL);
	g_autofree char *entity =
	    g_strdup_printf("<!DOCTYPE rss [<!ENTITY x SYSTEM \"file://%s\">]>" RSS "<title>&x;</title>" RSS_END, path);
	g_autofree char *parameter =
	    g_strdup_printf("<!DOCTYPE rss [<!ENTITY %% x SYSTEM \"file://%s\"> %%x;]>" RSS RSS_END, path);
	g_autofree char *subset = g_strdup_printf("<!DOCTYPE rss SYSTEM \"file://%s\">" RSS RSS_END, path);
	check_refusal(entity, strlen(entity), "DOCTYPE");
	check_refusal(parameter, strlen(parameter), "DOCTYPE");
	check_refusal(subset, strlen(subset), "DOCTYPE");

	g_autofree char *include = g_strdup_printf(RSS
	    "<title><x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" href=\"%s\" parse=\"text\"/></title>" ITEM
	    "</item>" RSS_END,
	    path);
	g_autoptr(GBytes) content = g_bytes_new(include, strlen(include));
	g_autoptr(Import) import = import_read(content, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(import->site_title, ==, "");
	g_remove(path);
}

static char *
repeated(const char *before, const char *text, guint times, const char *after)
{
	GString *whole = g_string_new(before);

	for (guint i = 0; i < times; i++)
		g_string_append(whole, text);
	g_string_append(whole, after);
	return g_string_free(whole, FALSE);
}

static void
test_nesting(void)
{
	g_autofree char *xml = repeated(RSS, "<a>", 100000, "");
	g_autofree char *json = repeated("", "[", 100000, "");
	g_autofree char *closed = repeated("[[[[[[[[[[[[[[[[[", "1", 1, "]]]]]]]]]]]]]]]]]");
	g_autofree char *objects = repeated("", "{\"a\":", 100000, "");
	g_autofree char *php = repeated(RSS ITEM "<wp:postmeta><wp:meta_key>_mail</wp:meta_key><wp:meta_value>", "a:1:{i:0;",
	    50000, "</wp:meta_value></wp:postmeta></item>" RSS_END);

	check_refusal(xml, strlen(xml), "nested deeper than 16");
	check_refusal(json, strlen(json), "JSON cannot be read");
	check_refusal(closed, strlen(closed), "nested deeper than 16");
	check_refusal(objects, strlen(objects), "JSON cannot be read");
	check_form_refusal(php, strlen(php), "nested deeper than 16");
}

static void
test_sizes(void)
{
	g_autofree char *meta = repeated(RSS ITEM "<wp:postmeta><wp:meta_key>_form</wp:meta_key><wp:meta_value>",
	    "0123456789abcdef", (LIMIT_IMPORT_TEXT_BYTES / 16) + 1, "</wp:meta_value></wp:postmeta></item>" RSS_END);
	g_autofree char *form = repeated(RSS ITEM "<wp:postmeta><wp:meta_key>_form</wp:meta_key><wp:meta_value>",
	    "0123456789abcdef", (LIMIT_TEMPLATE_BYTES / 16) + 1, "</wp:meta_value></wp:postmeta></item>" RSS_END);
	g_autofree char *title = repeated(RSS "<item><title>", "0123456789abcdef", (LIMIT_TEMPLATE_BYTES / 16) + 1,
	    "</title><wp:post_id>5</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type></item>" RSS_END);
	g_autofree char *json = repeated("[", " ", LIMIT_JSON_BYTES, "]");
	g_autofree char *values = repeated("[0", ",0", LIMIT_JSON_VALUES, "]");
	g_autofree char *forms =
	    repeated(RSS, "<item><wp:post_id>5</wp:post_id><wp:post_type>wpcf7_contact_form</wp:post_type></item>",
		LIMIT_FORMS_PER_SITE + 1, RSS_END);

	g_autofree char *json_forms = repeated("[", JSON("") ",", LIMIT_FORMS_PER_SITE, JSON("") "]");

	check_refusal(json_forms, strlen(json_forms), "more contact forms");
	check_form_refusal(meta, strlen(meta), "longer than 1024 KiB");
	check_form_refusal(form, strlen(form), "form is longer than 256 KiB");
	check_form_refusal(title, strlen(title), "its name is longer");
	check_refusal(json, strlen(json), "longer than 8 MiB");
	check_refusal(values, strlen(values), "values");
	check_refusal(forms, strlen(forms), "more than 1000 contact forms");
}

/* Other plugins may keep anything under the same keys, and of any size: it is not read. */
static void
test_metas_of_others(void)
{
	g_autofree char *xml =
	    repeated(RSS "<item><wp:post_id>9</wp:post_id><wp:status>publish</wp:status><wp:post_type>page</wp:post_type>"
			 "<wp:postmeta><wp:meta_key>_mail</wp:meta_key><wp:meta_value>O:1:",
		"0123456789abcdef", LIMIT_IMPORT_TEXT_BYTES / 8, "</wp:meta_value></wp:postmeta></item>" ITEM "</item>" RSS_END);
	g_autofree char *many = repeated(RSS ITEM, META("_x", "y"), 1000, "</item>" RSS_END);
	g_autoptr(GBytes) content = g_bytes_new(xml, strlen(xml));
	g_autoptr(GBytes) remarks = g_bytes_new(many, strlen(many));
	g_autoptr(GError) error = NULL;
	g_autoptr(Import) import = import_read(content, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(import->posts->len, ==, 1);
	g_assert_cmpuint(import->forms->len, ==, 1);
	g_autoptr(Import) remarked = import_read(remarks, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(((ImportedForm *)remarked->forms->pdata[0])->remarks->len, <=, LIMIT_IMPORT_REMARKS);
}

/* Cut anywhere, an export is refused or read; it is never half a form and never more than a sentence. */
static void
test_truncated(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "export", "site.xml", NULL);
	g_autofree char *json_path = g_test_build_filename(G_TEST_DIST, "export", "form.json", NULL);
	g_autofree char *xml = NULL, *json = NULL;
	gsize size, json_size;

	g_assert_true(g_file_get_contents(path, &xml, &size, NULL));
	g_assert_true(g_file_get_contents(json_path, &json, &json_size, NULL));
	for (gsize cut = 0; cut < size - strlen("</rss>\n"); cut += 997)
		check_refusal(xml, cut, "");
	for (gsize cut = 0; cut < json_size - 2; cut += 97)
		check_refusal(json, cut, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/form/import/refusals", test_refusals);
	g_test_add_func("/form/import/forms that are refused alone", test_form_refusals);
	g_test_add_func("/form/import/one refused form among others", test_refused_alone);
	g_test_add_func("/form/import/bytes that are no text", test_not_text);
	g_test_add_func("/form/import/entity bomb", test_entity_bomb);
	g_test_add_func("/form/import/nothing outside is read", test_external);
	g_test_add_func("/form/import/deep nesting", test_nesting);
	g_test_add_func("/form/import/sizes and counts", test_sizes);
	g_test_add_func("/form/import/metas of others", test_metas_of_others);
	g_test_add_func("/form/import/truncated", test_truncated);
	return g_test_run();
}
