/*
 * Questions to the DNS, for an examination of a domain: it waits for its answers and is for commands, never for the daemon's threads.
 *
 * Three outcomes that advice depends on are kept apart: the name does not exist, the name has no such record, and nobody could say (a time-out, SERVFAIL, a refusal, a
 * server that points elsewhere, a loop of aliases). The last is never taken for one of the others. Names in search lists, /etc/hosts and the like play no part.
 */
#pragma once

#include <glib.h>

typedef struct Dns Dns;

typedef enum { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_CNAME } DnsType;
typedef enum { DNS_FOUND, DNS_NO_NAME, DNS_NO_RECORD, DNS_UNKNOWN } DnsOutcome;

typedef struct {
	/* A, AAAA: the address as network_normalise spells it. MX, CNAME: a host name without the dot at its end, "" for the root. TXT: its strings glued together; bytes as
	 * they came, also CR, LF and invalid UTF-8, but NUL is 0x01: for output see text_for_terminal. A name's unusual bytes are escaped as in zone files (\046). */
	char *text;
	guint preference; /* MX only */
} DnsRecord;

typedef struct {
	DnsOutcome outcome;
	const char *reason; /* of DNS_UNKNOWN: "timeout", "servfail", "refused", "lame", "alias_loop", "malformed", "unreachable"; else NULL. Static. */
	char *name;         /* whose records they are: what was asked, or where its aliases (CNAME) lead */
	GPtrArray *records; /* DnsRecord *, at most LIMIT_DNS_RECORDS; not empty exactly if DNS_FOUND. MX by preference. */
} DnsAnswer;
void dns_answer_free(DnsAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsAnswer, dns_answer_free)

typedef struct {
	const char *name; /* a dot at its end makes no difference; a text that can be no name gets DNS_NO_NAME */
	DnsType type;
} DnsQuestion;

/* `servers`: addresses with or without ports, separated by commas ("192.0.2.1,[2001:db8::1]:5353"); NULL or "" asks the system's (/etc/resolv.conf).
 * All that is asked through it together takes at most `deadline_ms` from now; later questions are DNS_UNKNOWN, "timeout".
 * CONF_ERROR_INVALID if `servers` cannot be read. One thread at a time. */
Dns *dns_new(const char *servers, guint deadline_ms, GError **error);
void dns_free(Dns *dns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dns, dns_free)

/* Asks and waits, LIMIT_DNS_ASK_MS at most. Follows aliases (but for DNS_CNAME). Never NULL. The caller's. */
DnsAnswer *dns_ask(Dns *dns, const char *name, DnsType type);
/* The same for several at once; DnsAnswer * in the order of the questions. The caller's. */
GPtrArray *dns_ask_all(Dns *dns, const DnsQuestion *questions, guint count);
