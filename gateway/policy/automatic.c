/*
 * One table of patterns and why. RFC 3834 section 2 forbids an answer to what no person sent; we see no mail but an address that somebody typed, so the address is
 * what can be judged: the local parts that the RFCs name, and those that common mail and list servers use.
 *
 * Senders write "no.reply" and "no_reply" as well, so "." and "_" count as "-" in their names. Not in those of lists: list servers write "-", and "cat.owner" is a
 * person.
 *
 * No state. In a pattern "*" stands for any text, also none.
 */
#include "sekisho/policy/automatic.h"

#include <string.h>

#define SYSTEM "it belongs to a mail system"
#define NO_ANSWER "its name says that it takes no answer"
#define BOUNCES "it is where failed mail returns to"
#define LIST "it is a mailing list's own address"
#define LIST_SERVER "a list server reads it"
#define RESPONDER "a program answers from it"

static const struct {
	const char *local; /* lower case; but for lists with "-" for "." and "_" */
	const char *reason;
} locals[] = {
    /* RFC 5230 section 4.6 and the vacation programs before it. */
    {"mailer-daemon*", SYSTEM},
    {"mailerdaemon*", SYSTEM},
    {"mailer", SYSTEM},
    {"postmaster", SYSTEM}, /* RFC 2142 section 5: mail about mail */
    {"daemon", SYSTEM},
    {"uucp", SYSTEM},
    {"root", SYSTEM},
    {"nobody", SYSTEM},
    {"abuse", SYSTEM}, /* RFC 2142 section 4: a desk for complaints, ours among them */
    /* The names by which senders say so. */
    {"noreply*", NO_ANSWER},
    {"no-reply*", NO_ANSWER},
    {"*-noreply", NO_ANSWER},
    {"*-no-reply", NO_ANSWER},
    {"donotreply*", NO_ANSWER},
    {"do-not-reply*", NO_ANSWER},
    {"dontreply*", NO_ANSWER},
    {"dont-reply*", NO_ANSWER},
    {"*-donotreply", NO_ANSWER},
    {"*-do-not-reply", NO_ANSWER},
    {"noresponse", NO_ANSWER},
    {"no-response", NO_ANSWER},
    {"devnull", NO_ANSWER},
    {"dev-null", NO_ANSWER},
    /* Envelope senders; the last ones are those that SRS and BATV make of others. */
    {"bounce", BOUNCES},
    {"bounces", BOUNCES},
    {"bounce-*", BOUNCES},
    {"bounces-*", BOUNCES},
    {"*-bounce", BOUNCES},
    {"*-bounces", BOUNCES},
    {"srs0*=*", BOUNCES},
    {"srs1*=*", BOUNCES},
    {"prvs=*", BOUNCES},
    {"btv1==*", BOUNCES},
    {"return-path", BOUNCES},
    {"returnpath", BOUNCES},
    {"autoreply*", RESPONDER},
    {"auto-reply*", RESPONDER},
    {"autoresponder*", RESPONDER},
    {"auto-responder*", RESPONDER},
    {"autoanswer*", RESPONDER},
    /* RFC 5230 section 4.6; RFC 2142 section 6. */
    {"owner-*", LIST},
    {"*-owner", LIST},
    {"*-request", LIST},
    {"*-relay", LIST},
    {"*-outgoing", LIST},
    {"*-subscribe", LIST_SERVER},
    {"*-unsubscribe", LIST_SERVER},
    {"*-join", LIST_SERVER},
    {"*-leave", LIST_SERVER},
    {"*-ctl", LIST_SERVER}, /* fml, in Japan */
    {"majordomo*", LIST_SERVER},
    {"listserv*", LIST_SERVER},
    {"listproc*", LIST_SERVER},
    {"mailman", LIST_SERVER},
    {"mailman-*", LIST_SERVER},
    {"sympa", LIST_SERVER},
    {"ezmlm*", LIST_SERVER},
    {"mlmmj*", LIST_SERVER},
};

/* Every address there is a list's, so that one mail would reach all its members. */
static const struct {
	const char *domain;
	const char *reason;
} domains[] = {
    {"googlegroups.com", LIST},
    {"groups.io", LIST},
    {"groups.yahoo.com", LIST},
    {"yahoogroups.*", LIST},
    {"freelists.org", LIST},
    {"lists.*", LIST},
    {"*.lists.*", LIST},
    {"listserv.*", LIST},
    {"mailman.*", LIST},
};

static gboolean
is_of_list(const char *reason)
{
	return strcmp(reason, LIST) == 0 || strcmp(reason, LIST_SERVER) == 0;
}

const char *
automatic_reason(const char *address)
{
	const char *at = strrchr(address, '@');
	g_autofree char *domain = g_ascii_strdown(at != NULL ? at + 1 : "", -1);
	g_autofree char *local = at != NULL ? g_strndup(address, (gsize)(at - address)) : g_strdup(address);
	g_autofree char *lower = g_ascii_strdown(local, -1);

	/* Patterns are matched character by character, and invalid UTF-8 has none. */
	if (!g_str_is_ascii(address))
		return NULL;
	lower[strcspn(lower, "+")] = '\0';
	g_autofree char *hyphened = g_strdelimit(g_strdup(lower), "._", '-');
	for (gsize i = 0; i < G_N_ELEMENTS(locals); i++)
		if (g_pattern_match_simple(locals[i].local, is_of_list(locals[i].reason) ? lower : hyphened))
			return locals[i].reason;
	for (gsize i = 0; i < G_N_ELEMENTS(domains); i++)
		if (g_pattern_match_simple(domains[i].domain, domain))
			return domains[i].reason;
	return NULL;
}
