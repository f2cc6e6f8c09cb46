/*
 * Form templates. Promises: every tag stands where it says, in order, with a valid name if its type has one; everything in it is UTF-8
 * without surrounding white space; text that is escaped or unknown is no tag; a form can be compiled of whatever was found, or it
 * is refused with sentences.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/form.h"
#include "sekisho/form/rules.h"

static void
fuzz_check_text(const char *text)
{
	g_autofree char *stripped = text_strip(text);

	g_assert(g_utf8_validate(text, -1, NULL));
	g_assert(g_str_equal(text, stripped));
}

static void
fuzz_check_tag(const FormTag *tag, const char *template_text)
{
	g_assert(template_text[tag->offset] == '[' && g_str_has_prefix(template_text + tag->offset + 1, tag->type));
	g_assert(((tag->features & TAG_NAME) != 0) == (tag->name != NULL));
	if (tag->name != NULL)
		g_assert(formtag_is_name(tag->raw_name) && strchr(tag->name, '.') == NULL &&
			 strlen(tag->name) == strlen(tag->raw_name));
	for (char **option = tag->options; *option != NULL; option++)
		g_assert(**option != '\0' && g_str_is_ascii(*option));
	for (guint i = 0; i < tag->values->len; i++) {
		const FormTagValue *value = g_ptr_array_index(tag->values, i);
		fuzz_check_text(value->before);
		fuzz_check_text(value->after);
	}
	g_assert(tag->content == NULL || strchr(tag->content, '[') == NULL);
	g_assert(formtag_maxlength(tag) == -1 || formtag_maxlength(tag) > 0);
	g_assert(formtag_minlength(tag) == -1 || formtag_minlength(tag) > 0);
	g_assert(formtag_id(tag) == NULL || formtag_is_name(formtag_id(tag)));
}

static void
fuzz_compile(const char *template_text)
{
	g_autoptr(SiteFacts) site = site_facts_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormSource *source = form_source_new();

	g_free(site->from);
	site->from = g_strdup("a@example.test");
	g_free(source->template_text);
	source->template_text = g_strdup(template_text);
	g_free(source->mail[0].recipient);
	source->mail[0].recipient = g_strdup("a@example.test");
	g_autoptr(Form) form = form_new(source, site, problems);
	g_assert((form == NULL) == (problems->len > 0));
	for (guint i = 0; i < problems->len; i++)
		g_assert(g_utf8_validate(g_ptr_array_index(problems, i), -1, NULL));
	if (form != NULL)
		g_variant_unref(g_variant_ref_sink(rules_schema(form)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *template_text = g_strndup((const char *)bytes, size);
	g_autoptr(GPtrArray) tags = formtag_scan(template_text);
	g_autoptr(GPtrArray) words = formtag_unknown_words(template_text);

	g_assert(tags->len <= LIMIT_FORM_TAGS && words->len <= LIMIT_FORM_TAGS);
	for (guint i = 0; i < tags->len; i++) {
		const FormTag *tag = g_ptr_array_index(tags, i);
		const FormTag *before = i > 0 ? g_ptr_array_index(tags, i - 1) : NULL;
		fuzz_check_tag(tag, template_text);
		g_assert(before == NULL || (before->offset < tag->offset && before->line <= tag->line));
	}
	fuzz_compile(template_text);
	return 0;
}
