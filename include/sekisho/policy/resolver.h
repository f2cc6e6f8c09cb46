/*
 * Does a domain take mail? Asked of the DNS (MX, null MX of RFC 7505, else A and AAAA: RFC 5321 section 5.1) by a thread of its own with a short deadline, and remembered. Silence is "unknown", never
 * "does not exist".
 */
#pragma once

#include <glib.h>

#include "sekisho/policy/finding.h"

typedef enum {
	DOMAIN_UNKNOWN,     /* nobody could say in time */
	DOMAIN_TAKES_MAIL,
	DOMAIN_MISSING,     /* there is no such name */
	DOMAIN_NULL_MX,     /* it says that it takes no mail */
	DOMAIN_NO_SERVER    /* it exists and has neither MX nor address */
} DomainFact;

typedef struct Resolver Resolver;
/* `servers` as in policy/dns.h. CONF_ERROR_INVALID. */
Resolver *resolver_start(const char *servers, GError **error);
/* What waits is answered DOMAIN_UNKNOWN. */
void resolver_stop(Resolver *resolver);
/* TRUE if it is remembered. Any thread; never blocks. `domain`: lower-case ASCII. */
gboolean resolver_known(Resolver *resolver, const char *domain, DomainFact *fact);
typedef void (*ResolverDone)(gpointer user_data, DomainFact fact);
/* `done` is called within LIMIT_RESOLVER_MS from the resolver's thread; it must not block. FALSE, and it is not, if LIMIT_JOBS wait already. */
gboolean resolver_ask(Resolver *resolver, const char *domain, ResolverDone done, gpointer user_data);

/* The finding for the domain of what was typed into an email field. */
void resolver_judge(CheckMode mode, const char *domain, DomainFact fact, GPtrArray *findings);
