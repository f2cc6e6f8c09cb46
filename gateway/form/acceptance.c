/*
 * Boxes of consent (contract 3.6). They are judged by what was posted, as the page's script does, not by the shaped field. No state.
 */
#include "acceptance.h"

gboolean
acceptance_is_given(const FormTag *tag, const Submission *submission)
{
	const PostedValue *value = posted_get(submission->posted, tag->name);
	const char *text = posted_text(submission->posted, tag->name);

	if (value == NULL)
		return FALSE;
	if (posted_value_is_array(value)) {
		g_autoptr(GPtrArray) texts = posted_value_flatten(value);

		return texts->len > 0;
	}
	return *text != '\0' && !g_str_equal(text, "0");
}

gboolean
acceptance_is_satisfied(const FormTag *tag, const Submission *submission)
{
	gboolean is_inverted = formtag_has_option(tag, "invert");

	return formtag_has_option(tag, "optional") || acceptance_is_given(tag, submission) != is_inverted;
}

const char *
acceptance_condition(const FormTag *tag)
{
	const FormTagValue *value = tag->values->len > 0 ? tag->values->pdata[0] : NULL;

	if (tag->content != NULL && *tag->content != '\0')
		return tag->content;
	return value != NULL ? value->before : "";
}
