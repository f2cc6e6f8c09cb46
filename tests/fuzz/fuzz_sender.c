/*
 * What a stranger's DNS says: messages of servers, and the texts of SPF, DKIM and DMARC. The input is a text with LF between TXT records; the first byte of a message
 * is far from a text, so each input is read as both. Promises: no more records than the limit; a walk through SPF asks no more than its limits
 * allow, whatever includes what; what is told about it has no controls; a record that was understood can be expanded.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "policy/dns_message.h"
#include "policy/spf.h"
#include "policy/spf_record.h"
#include "policy/tag_list.h"
#include "sekisho/base/limits.h"

typedef struct {
	char **texts;
	guint count;
	guint asked;
} World;

/* Every name has one of the texts, in turn, and an address and a mail server, so that terms lead on; names of some lengths have nothing. */
static DnsAnswer *
fuzz_answer(gpointer user, const char *name, DnsType type)
{
	World *world = user;
	DnsAnswer *answer = g_new0(DnsAnswer, 1);
	DnsRecord *record = g_new0(DnsRecord, 1);
	gsize length = strlen(name);

	g_assert_cmpuint(length, <=, LIMIT_DOMAIN_BYTES);
	world->asked++;
	answer->name = g_strdup(name);
	answer->records = g_ptr_array_new_with_free_func((GDestroyNotify)dns_record_free);
	if (type == DNS_TXT)
		record->text = g_strdup(world->texts[world->asked % world->count]);
	else
		record->text = g_strdup(type == DNS_A ? "192.0.2.7" : type == DNS_AAAA ? "2001:db8::7" : "mail.x.jp");
	g_ptr_array_add(answer->records, record);
	if (length % 7 == 6) {
		g_ptr_array_set_size(answer->records, 0);
		answer->outcome = length % 2 == 0 ? DNS_NO_NAME : DNS_NO_RECORD;
	}
	return answer;
}

static void
fuzz_spf(char **texts, guint count, const char *address_text)
{
	World world = {texts, count, 0};
	const SpfDns dns = {fuzz_answer, &world};
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(address_text);
	g_autoptr(SpfCheck) check = spf_check(&dns, "d.jp", "local.part@d.jp", address);

	/* Each term that asks may ask for a record, for its mail servers and for their addresses. */
	g_assert_cmpuint(world.asked, <=, 1 + LIMIT_SPF_LOOKUPS * (1 + LIMIT_SPF_HOSTS));
	g_assert_true((check->problem != SPF_PROBLEM_NONE) == (check->result == SPF_PERMERROR));
	for (const char *at = check->detail; at != NULL && *at != '\0'; at++)
		g_assert_false(g_ascii_iscntrl(*at));
}

static void
fuzz_text(const char *text)
{
	g_autoptr(GHashTable) tags = tag_list_parse(text, NULL, NULL);
	g_autoptr(DkimKey) key = dkim_key_parse(text, NULL);
	DmarcRecord record;

	g_assert_true(key == NULL || tags != NULL);
	g_assert_true(key == NULL || dkim_key_is(text));
	g_assert_true(!dmarc_record_is(text) || !dmarc_record_parse(text, &record, NULL) ||
		      (tags != NULL && record.policy <= DMARC_POLICY_REJECT));
}

static void
fuzz_message(const uint8_t *bytes, size_t size)
{
	for (guint type = DNS_A; type <= DNS_CNAME; type++) {
		g_autoptr(DnsMessage) message = dns_message_read(bytes, size, (DnsType)type);
		g_assert_true(message == NULL || (message->records->len <= LIMIT_DNS_RECORDS && message->name != NULL));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);
	g_auto(GStrv) texts = g_strsplit(text, "\n", LIMIT_DNS_RECORDS);
	guint count = g_strv_length(texts);

	fuzz_message(bytes, size);
	for (guint i = 0; i < count; i++)
		fuzz_text(texts[i]);
	if (count > 0) {
		fuzz_spf(texts, count, "192.0.2.7");
		fuzz_spf(texts, count, "2001:db8::1");
	}
	return 0;
}
