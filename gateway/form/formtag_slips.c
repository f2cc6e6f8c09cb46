/*
 * Words in brackets that are no form-tag but were surely meant to be one: "[texxt* your-name]". They stay text as in Contact Form 7 (contract
 * 4.2), and the form is served; but a warning that names the type which was meant helps more than one that does not. And words that other plugins
 * know, with what to write instead. Pure functions.
 */
#include <string.h>

#include "formtag_types.h"
#include "sekisho/base/text.h"
#include "sekisho/form/formtag.h"

/* One letter off in a word of four, two in a longer one. */
static guint
allowed_distance(const FormTagType *type)
{
	return strlen(type->basetype) <= 4 ? 1 : 2;
}

/* Something that follows `word`, "[" and white space gone, as it would follow a tag of that type. A field has a name; a tag without one can only be
 * told from text if this version makes it. */
static gboolean
is_meant_as(const FormTagType *type, const char *after)
{
	if (!(type->features & TAG_NAME))
		return (type->features & TAG_HANDLED) != 0 && (*after == ']' || g_ascii_isspace(*after));
	return g_ascii_isspace(*after) && g_ascii_isalpha(after[strspn(after, " \t\r\n")]);
}

/* Where "[WORD" stands in a way that means `type`, or NULL. */
static const char *
find_place(const char *template_text, const char *word, const FormTagType *type)
{
	g_autofree char *opened = g_strconcat("[", word, NULL);
	gsize size = strlen(opened);

	for (const char *at = strstr(template_text, opened); at != NULL; at = strstr(at + size, opened)) {
		if (is_meant_as(type, at + size))
			return at;
	}
	return NULL;
}

char *
formtag_slip(const char *template_text, const char *word, guint *line)
{
	gboolean is_starred = g_str_has_suffix(word, "*");
	g_autofree char *base = g_strndup(word, strlen(word) - (is_starred ? 1 : 0));
	const FormTagType *type = formtag_types_near(base, allowed_distance);
	const char *place = type != NULL ? find_place(template_text, word, type) : NULL;

	if (place == NULL)
		return NULL;
	*line = 1;
	for (const char *cursor = template_text; cursor < place; cursor++)
		*line += *cursor == '\n';
	return g_strconcat(type->basetype, is_starred && type->has_star ? "*" : "", NULL);
}

const char *
formtag_foreign_advice(const char *word)
{
	static const struct {
		const char *word, *advice;
	} foreign[] = {
	    {"honeypot",
		"is a tag of another plugin; write [text NAME autocomplete:off tabindex:-1] in <span style=\"display:none\" "
		"aria-hidden=\"true\"> instead, and honeypot_fields = NAME under [check] of form.ini"},
	    {"recaptcha",
		"is a tag of Contact Form 7 before 5.1; take it out, and write service = recaptcha-v3 or recaptcha-v2 under "
		"[captcha] of site.conf if the page has the widget"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++)
		if (g_str_equal(word, foreign[i].word))
			return foreign[i].advice;
	return NULL;
}
