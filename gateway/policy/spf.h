/*
 * What a receiver concludes from SPF (RFC 7208, check_host) about mail of a domain that comes from an address. The DNS is asked through a function, so that a
 * test can answer.
 *
 * Two macros and one mechanism depend on what only the receiver knows or nobody should use (%{h}, %{p}, ptr). Terms with them are undecided: they count as lookups and
 * match nothing, and the result is SPF_UNDECIDED unless they could only have made it better.
 */
#pragma once

#include <gio/gio.h>

#include "sekisho/policy/dns.h"

typedef enum {
	SPF_PASS,
	SPF_UNDECIDED,
	SPF_TEMPERROR,
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_SOFTFAIL,
	SPF_FAIL,
	SPF_PERMERROR
} SpfResult; /* the better first */

typedef enum { SPF_PROBLEM_NONE, SPF_PROBLEM_SEVERAL, SPF_PROBLEM_SYNTAX, SPF_PROBLEM_LOOKUPS, SPF_PROBLEM_VOID, SPF_PROBLEM_OTHER } SpfProblem;

typedef struct {
	DnsAnswer *(*ask)(gpointer user, const char *name, DnsType type);
	gpointer user;
} SpfDns;

typedef struct {
	SpfResult result;
	SpfProblem problem; /* of SPF_PERMERROR */
	char *detail;       /* of the errors and SPF_UNDECIDED: which term or record and why, part of a sentence; else NULL */
	char *term;         /* which mechanism decided, or NULL */
	char *record;       /* the domain's own record, or NULL; its bytes as they came */
	gboolean is_open;   /* one of the records that were read ends with +all */
	guint lookups;      /* terms that asked the DNS */
} SpfCheck;
void spf_check_free(SpfCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpfCheck, spf_check_free)

/* `sender`: the envelope sender, local@domain, with `domain` behind the @ as a rule. The caller's. */
SpfCheck *spf_check(const SpfDns *dns, const char *domain, const char *sender, GInetAddress *address);
