/*
 * One answer of a DNS server, as bytes (RFC 1035 section 4). Hostile bytes get FALSE or fewer records, never more than LIMIT_DNS_RECORDS.
 */
#pragma once

#include "sekisho/policy/dns.h"

/* The type's number in a message (RFC 1035 section 3.2.2). */
int dns_message_type(DnsType type);

typedef struct {
	guint rcode;          /* 0 no error, 3 no such name, others: the server could not or would not say */
	gboolean is_referral; /* it says only who else may know */
	guint aliases;        /* how many led from the question to `name`; above LIMIT_DNS_ALIASES they are a loop */
	char *name;           /* whose records they are */
	GPtrArray *records;   /* DnsRecord * */
} DnsMessage;
void dns_message_free(DnsMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsMessage, dns_message_free)

/* What the message says about its own question; NULL if it is damaged. The caller's. */
DnsMessage *dns_message_read(const guint8 *bytes, gsize size, DnsType type);

void dns_record_free(DnsRecord *record);
