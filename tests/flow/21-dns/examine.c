/*
 * The policy library's questions to the DNS, for the flow beside it:
 *
 *   examine SERVERS DEADLINE_MS ask TYPE NAME...                   a line for each name: outcome, reason, name, records
 *   examine SERVERS DEADLINE_MS sender FROM ENVELOPE RELAY SELECTOR  a line for each finding: topic, verdict, code, what, advice
 *
 * Columns are separated by tabs; what is missing is empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/policy/sender_domain.h"

static DnsType
type_of(const char *word)
{
	static const char *const words[] = {"A", "AAAA", "MX", "TXT", "CNAME"};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i], word) == 0)
			return (DnsType)i;
	g_error("no type %s", word);
}

static void
ask(Dns *dns, DnsType type, int count, char **names)
{
	static const char *const outcomes[] = {"found", "no_name", "no_record", "unknown"};
	g_autofree DnsQuestion *questions = g_new0(DnsQuestion, (gsize)count);

	for (int i = 0; i < count; i++)
		questions[i] = (DnsQuestion){names[i], type};
	g_autoptr(GPtrArray) answers = dns_ask_all(dns, questions, (guint)count);
	for (guint i = 0; i < answers->len; i++) {
		const DnsAnswer *answer = g_ptr_array_index(answers, i);
		printf("%s\t%s\t%s", outcomes[answer->outcome], answer->reason != NULL ? answer->reason : "", answer->name);
		for (guint k = 0; k < answer->records->len; k++) {
			const DnsRecord *record = g_ptr_array_index(answer->records, k);
			printf("\t%u %s", record->preference, record->text);
		}
		puts("");
	}
}

static void
examine(Dns *dns, char **words)
{
	static const char *const verdicts[] = {"fine", "warning", "wrong", "unknown"};
	const SenderQuestion question = {words[0], words[1], words[2], words[3]};
	g_autoptr(GPtrArray) findings = sender_domain_examine(dns, &question);

	for (guint i = 0; i < findings->len; i++) {
		const SenderFinding *finding = g_ptr_array_index(findings, i);
		printf("%s\t%s\t%s\t%s\t%s\n", finding->topic, verdicts[finding->verdict], finding->code, finding->what,
		    finding->advice != NULL ? finding->advice : "");
	}
}

int
main(int count, char **words)
{
	g_autoptr(GError) error = NULL;

	if (count < 6)
		g_error("see the head of examine.c");
	g_autoptr(Dns) dns = dns_new(words[1], (guint)atoi(words[2]), &error);
	if (dns == NULL) {
		puts(error->message);
		return 1;
	}
	if (strcmp(words[3], "ask") == 0)
		ask(dns, type_of(words[4]), count - 5, words + 5);
	else if (count == 8)
		examine(dns, words + 4);
	return 0;
}
