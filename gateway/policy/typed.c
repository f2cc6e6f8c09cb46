/*
 * Which values are the visitor's own words, and what else of a stranger a mail shows. A field that the form does not know counts as his, because a template may name it and the page may have made it by hand.
 *
 * No state.
 */
#include "typed.h"

#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/formtag.h"
#include "sekisho/policy/captcha.h"

/* FALSE for a captcha's token. */
static gboolean
kind_of(const FormTag *tag, const char *name, TypedKind *kind)
{
	static const struct {
		const char *basetype;
		TypedKind kind;
	} kinds[] = {{"text", TYPED_LINE}, {"textarea", TYPED_MESSAGE}, {"url", TYPED_URL}, {"checkbox", TYPED_OTHER},
	    {"radio", TYPED_OTHER}, {"select", TYPED_OTHER}, {"email", TYPED_FORMATTED}, {"tel", TYPED_FORMATTED},
	    {"number", TYPED_FORMATTED}, {"range", TYPED_FORMATTED}, {"date", TYPED_FORMATTED}};
	if (tag == NULL) {
		*kind = TYPED_OTHER;
		return !g_strv_contains(captcha_fields(), name);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(tag->basetype, kinds[i].basetype) == 0) {
			*kind = kinds[i].kind;
			return TRUE;
		}
	}
	*kind = TYPED_HIDDEN;
	return TRUE;
}

static gboolean
is_same(const char *offered, const char *value)
{
	if (offered == NULL)
		return FALSE;
	g_autofree char *stripped = text_strip(offered);
	return strcmp(stripped, value) == 0;
}

gboolean
typed_is_offered(const FormTag *tag, const char *value)
{
	if (tag == NULL)
		return FALSE;
	for (guint i = 0; i < tag->values->len; i++) {
		const FormTagValue *offered = tag->values->pdata[i];
		if (is_same(offered->before, value) || is_same(offered->after, value))
			return TRUE;
	}
	return is_same(tag->content, value);
}

GArray *
typed_all_values(const Form *form, const Submission *submission)
{
	GArray *typed = g_array_new(FALSE, FALSE, sizeof(Typed));
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		const FormTag *tag = form_tag(form, field->name);
		Typed one = {.field = field->name};
		if (!kind_of(tag, field->name, &one.kind))
			continue;
		for (char **value = field->values; *value != NULL; value++) {
			one.text = *value;
			if (**value != '\0' && !typed_is_offered(tag, *value))
				g_array_append_val(typed, one);
		}
	}
	return typed;
}

GArray *
typed_values(const Form *form, const Submission *submission)
{
	GArray *typed = typed_all_values(form, submission);
	for (guint i = typed->len; i-- > 0;)
		if (g_array_index(typed, Typed, i).kind >= TYPED_FORMATTED)
			g_array_remove_index(typed, i);
	return typed;
}

/* The bytes that the codes stand for; what is no code stays as it is, as browsers have it. */
static char *
decode_query(const char *query)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	for (const char *at = query; *at != '\0' && *at != '#'; at++) {
		if (*at == '%' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])) {
			g_string_append_c(bytes, (char)(g_ascii_xdigit_value(at[1]) * 16 + g_ascii_xdigit_value(at[2])));
			at += 2;
		} else {
			g_string_append_c(bytes, *at == '+' ? ' ' : *at);
		}
	}
	g_autofree char *valid = g_utf8_make_valid(bytes->str, (gssize)bytes->len);
	return text_clean(valid, strlen(valid));
}

static void
add_fact(GPtrArray *facts, char *fact)
{
	if (*fact != '\0')
		g_ptr_array_add(facts, fact);
	else
		g_free(fact);
}

GPtrArray *
typed_facts(const Submission *submission)
{
	GPtrArray *facts = g_ptr_array_new_with_free_func(g_free);
	const char *query = strchr(submission->client->url, '?');
	for (guint i = 0; i < submission->files->len; i++)
		add_fact(facts, g_strdup(((const SubmissionFile *)submission->files->pdata[i])->client_name));
	if (query != NULL)
		add_fact(facts, decode_query(query + 1));
	return facts;
}
