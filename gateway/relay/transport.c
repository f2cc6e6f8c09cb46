/*
 * Which library speaks with a server: libcurl, but where the account says libesmtp; and what neither of them checks. No state.
 */
#include "sekisho/relay/transport.h"

#include <string.h>

#include "letter_parts.h"
#include "sekisho/base/limits.h"
#include "transports.h"

gboolean
transport_is_host_name(const char *text)
{
	return *text != '\0' && *text != '-' && strlen(text) <= LIMIT_DOMAIN_BYTES &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-") == strlen(text);
}

gboolean
transport_is_deliverable(const Letter *letter)
{
	if (!letter_has_sender(letter) || letter->recipients->len == 0)
		return FALSE;
	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		if (!address_is_mailable(recipient->address))
			return FALSE;
	}
	return TRUE;
}

void
transport_run(const TransportJob *job, const TransportReport *report)
{
	if (job->account->transport == ACCOUNT_ESMTP)
		transport_esmtp_run(job, report);
	else
		transport_curl_run(job, report);
}
