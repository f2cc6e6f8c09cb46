/*
 * Forms whose recipients differ, and what is planned for a submission to them, as text.
 */
#include "plans.h"

#include "fixture.h"
#include "sekisho/policy/replies.h"

#define FIELDS "[text your-name][text your-email][text your-subject][textarea your-message]"

void
plans_set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

FormSource *
plans_source(const char *recipient, const char *headers)
{
	FormSource *source = fixture_source(FIELDS);

	plans_set(&source->mail[0].recipient, recipient);
	plans_set(&source->mail[0].additional_headers, headers);
	return source;
}

/* "notice To admin@example.test", "copy Cc a@b.test (typed)" or "notice To a@b.test recipient_from_field", joined by "; ". */
char *
plans_text(const Form *form, const Submission *submission)
{
	g_autoptr(GPtrArray) plan = replies_plan(form, submission);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < plan->len; i++) {
		const PlannedRecipient *recipient = plan->pdata[i];
		const char *fate = recipient->refusal != NULL ? recipient->refusal : recipient->is_typed ? "(typed)" : "";
		g_string_append_printf(text, "%s%s %s %s%s%s%s%s", i > 0 ? "; " : "", mail_kind_name(recipient->kind),
		    recipient->header, recipient->name, *recipient->name != '\0' ? " " : "", recipient->address,
		    *fate != '\0' ? " " : "", fate);
	}
	return g_string_free(text, FALSE);
}

char *
plans_for(const char *recipient, const char *headers, const char *email)
{
	g_autoptr(Form) form = fixture_compile(plans_source(recipient, headers));
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("your-name", "Taro", "your-email", email, NULL));

	return plans_text(form, submission);
}
