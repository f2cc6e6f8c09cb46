/*
 * What Contact Form 7 itself calls spam, as a check of the gate (contract 8.1, 8.3; form/spam.h). A stand-in answers as it would, so this check cannot be switched off.
 */
#include "checks.h"

void
contract_check(const GateInput *input, GPtrArray *findings)
{
	const SpamFinding spam = spam_find(input->submission, input->disallowed_words);
	const FindingHead head = {.check = CHECK_CONTRACT, .mode = CHECK_ON, .action = FINDING_REJECT, .code = spam.agent};
	if (spam.agent == NULL)
		return;
	if (spam.line == 0)
		finding_add(findings, &head, "The browser does not say what it is, and every browser does.");
	else
		finding_add(findings, &head, "It has the word in line %u of [spam] disallowed_words_file.", spam.line);
}
