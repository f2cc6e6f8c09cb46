/*
 * The honeypot: fields that a page hides from people, so that a program fills them. Password managers and screen readers fill them sometimes, too, so a filled one makes a person look and
 * never refuses by itself.
 *
 * No state.
 */
#include <string.h>

#include "checks.h"
#include "typed.h"

void
honeypot_check(const GateInput *input, GPtrArray *findings)
{
	const FindingHead head = {
	    .check = CHECK_HONEYPOT, .mode = input->policy->modes[CHECK_HONEYPOT], .action = FINDING_HOLD, .code = "filled"};
	for (char **name = input->policy->honeypot_fields; *name != NULL; name++) {
		const SubmissionField *field = submission_field(input->submission, *name);
		const FormTag *tag = form_tag(input->form, *name);
		for (char **value = field != NULL ? field->values : NULL; value != NULL && *value != NULL; value++) {
			if (**value == '\0' || typed_is_offered(tag, *value))
				continue;
			finding_add(findings, &head,
			    "The field \"%s\" is filled, which people do not see. A password manager can do that, too.", *name);
			break;
		}
	}
}
