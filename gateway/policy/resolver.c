/*
 * The thread that asks whether domains take mail, and what it remembers.
 *
 * A question stands in `waiting` until the thread takes it into a round: all that wait then, a domain once, as many as fit one call of dns_ask_all, with MX and addresses asked at once. A round lasts at most
 * half of LIMIT_RESOLVER_MS, and who has waited for longer than that is told "unknown" before the next one begins, so nobody waits beyond the limit. `done` is called without the lock.
 *
 * One lock holds list, memory and state. resolver_stop must not be called from `done`.
 */
#include "sekisho/policy/resolver.h"

#include <pthread.h>
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/policy/dns.h"

#define ROUND_MS (LIMIT_RESOLVER_MS / 2u - 20u)
enum { ASK_MX, ASK_A, ASK_AAAA, ASK_TYPES };
#define ROUND_DOMAINS (LIMIT_DNS_QUESTIONS / ASK_TYPES)

typedef struct {
	char *domain;
	ResolverDone done;
	gpointer user_data;
	gint64 since_us; /* monotonic */
} Question;

typedef struct {
	DomainFact fact;
	gint64 until_us; /* monotonic */
} Memory;

struct Resolver {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	GQueue waiting;       /* Question * */
	guint asked;          /* in the round that runs */
	GHashTable *memories; /* char * -> Memory * */
	char *servers;
	gboolean is_stopping;
};

static void
question_free(Question *question)
{
	g_free(question->domain);
	g_free(question);
}

static void
answer(Question *question, DomainFact fact)
{
	question->done(question->user_data, fact);
	question_free(question);
}

/* --- What answers mean ------------------------------------------------------------------------------------------------- */

/* MX first (RFC 5321 section 5.1), one that is the root alone says no (RFC 7505); else any address takes mail. */
static DomainFact
fact_of(const DnsAnswer *const answers[ASK_TYPES])
{
	const DnsAnswer *mx = answers[ASK_MX];
	if (mx->outcome == DNS_FOUND) {
		const DnsRecord *first = mx->records->pdata[0];
		return mx->records->len == 1 && *first->text == '\0' ? DOMAIN_NULL_MX : DOMAIN_TAKES_MAIL;
	}
	gboolean is_silent = mx->outcome == DNS_UNKNOWN, has_no_name = mx->outcome == DNS_NO_NAME;
	for (guint i = ASK_A; i < ASK_TYPES; i++) {
		/* Some servers say of a name only that it has no MX when it does not exist, and others the reverse: an address is the better witness. */
		if (answers[i]->outcome == DNS_FOUND)
			return is_silent ? DOMAIN_UNKNOWN : DOMAIN_TAKES_MAIL;
		is_silent |= answers[i]->outcome == DNS_UNKNOWN;
		has_no_name &= answers[i]->outcome == DNS_NO_NAME;
	}
	if (is_silent)
		return DOMAIN_UNKNOWN;
	return has_no_name ? DOMAIN_MISSING : DOMAIN_NO_SERVER;
}

/* --- Rounds ------------------------------------------------------------------------------------------------------------ */

static gint64
life_us(DomainFact fact)
{
	switch (fact) {
	case DOMAIN_TAKES_MAIL:
		return (gint64)LIMIT_RESOLVER_GOOD_MS * 1000;
	case DOMAIN_UNKNOWN:
		return (gint64)LIMIT_RESOLVER_SILENT_MS * 1000;
	default:
		return (gint64)LIMIT_RESOLVER_BAD_MS * 1000;
	}
}

/* Needs the lock. */
static void
remember(Resolver *resolver, const char *domain, DomainFact fact)
{
	Memory *memory = g_new0(Memory, 1);
	memory->fact = fact;
	memory->until_us = g_get_monotonic_time() + life_us(fact);
	if (g_hash_table_size(resolver->memories) >= LIMIT_RESOLVER_DOMAINS)
		g_hash_table_remove_all(resolver->memories);
	g_hash_table_replace(resolver->memories, g_strdup(domain), memory);
}

/* Moves the questions of the next round into `round`, their domains, each once, into `domains`, and questions that have waited too long into `late`. Needs the lock. */
static void
take_round(Resolver *resolver, GPtrArray *domains, GPtrArray *round, GPtrArray *late)
{
	const gint64 too_old_us = g_get_monotonic_time() - (gint64)ROUND_MS * 1000;
	for (GList *at = resolver->waiting.head; at != NULL;) {
		GList *next = at->next;
		Question *question = at->data;
		if (question->since_us < too_old_us) {
			g_ptr_array_add(late, question);
		} else if (g_ptr_array_find_with_equal_func(domains, question->domain, g_str_equal, NULL)) {
			g_ptr_array_add(round, question);
		} else if (domains->len < ROUND_DOMAINS) {
			g_ptr_array_add(domains, question->domain);
			g_ptr_array_add(round, question);
		} else {
			at = next;
			continue;
		}
		g_queue_delete_link(&resolver->waiting, at);
		at = next;
	}
	resolver->asked = round->len + late->len;
}

/* The fact of each domain, in their order. */
static void
ask(const Resolver *resolver, const GPtrArray *domains, DomainFact *facts)
{
	static const DnsType types[ASK_TYPES] = {[ASK_MX] = DNS_MX, [ASK_A] = DNS_A, [ASK_AAAA] = DNS_AAAA};
	DnsQuestion questions[ROUND_DOMAINS * ASK_TYPES];
	/* The servers could be read when the resolver began; should the system's settings be unreadable now, that is silence. */
	g_autoptr(Dns) dns = dns_new(resolver->servers, ROUND_MS, NULL);
	for (guint i = 0; i < domains->len; i++)
		for (guint k = 0; k < ASK_TYPES; k++)
			questions[(gsize)i * ASK_TYPES + k] = (DnsQuestion){.name = domains->pdata[i], .type = types[k]};
	g_autoptr(GPtrArray) answers = dns != NULL ? dns_ask_all(dns, questions, domains->len * ASK_TYPES) : NULL;
	for (guint i = 0; i < domains->len; i++)
		facts[i] =
		    answers != NULL ? fact_of((const DnsAnswer *const *)answers->pdata + (gsize)i * ASK_TYPES) : DOMAIN_UNKNOWN;
}

/* Needs the lock, gives it up meanwhile. */
static void
make_round(Resolver *resolver)
{
	DomainFact facts[ROUND_DOMAINS];
	g_autoptr(GPtrArray) domains = g_ptr_array_new(), round = g_ptr_array_new(), late = g_ptr_array_new();
	take_round(resolver, domains, round, late);
	pthread_mutex_unlock(&resolver->lock);
	for (guint i = 0; i < late->len; i++)
		answer(late->pdata[i], DOMAIN_UNKNOWN);
	if (domains->len > 0)
		ask(resolver, domains, facts);
	pthread_mutex_lock(&resolver->lock);
	for (guint i = 0; i < domains->len; i++)
		remember(resolver, domains->pdata[i], facts[i]);
	pthread_mutex_unlock(&resolver->lock);
	for (guint i = 0; i < round->len; i++) {
		const Question *question = round->pdata[i];
		guint index = 0;
		g_ptr_array_find_with_equal_func(domains, question->domain, g_str_equal, &index);
		question->done(question->user_data, facts[index]);
	}
	/* The names in `domains` are theirs. */
	for (guint i = 0; i < round->len; i++)
		question_free(round->pdata[i]);
	pthread_mutex_lock(&resolver->lock);
	resolver->asked = 0;
}

static void *
run(void *user)
{
	Resolver *resolver = user;
	pthread_mutex_lock(&resolver->lock);
	while (!resolver->is_stopping) {
		if (g_queue_is_empty(&resolver->waiting))
			pthread_cond_wait(&resolver->woken, &resolver->lock);
		else
			make_round(resolver);
	}
	pthread_mutex_unlock(&resolver->lock);
	return NULL;
}

/* --- From outside -------------------------------------------------------------------------------------------------------- */

Resolver *
resolver_start(const char *servers, GError **error)
{
	g_autoptr(Dns) trial = dns_new(servers, 0, error);
	if (trial == NULL)
		return NULL;
	Resolver *resolver = g_new0(Resolver, 1);
	pthread_mutex_init(&resolver->lock, NULL);
	pthread_cond_init(&resolver->woken, NULL);
	g_queue_init(&resolver->waiting);
	resolver->memories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	resolver->servers = g_strdup(servers);
	if (pthread_create(&resolver->thread, NULL, run, resolver) != 0)
		g_error("cannot start the resolver's thread");
	return resolver;
}

void
resolver_stop(Resolver *resolver)
{
	if (resolver == NULL)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->is_stopping = TRUE;
	pthread_cond_signal(&resolver->woken);
	pthread_mutex_unlock(&resolver->lock);
	pthread_join(resolver->thread, NULL);
	for (Question *question; (question = g_queue_pop_head(&resolver->waiting)) != NULL;)
		answer(question, DOMAIN_UNKNOWN);
	g_hash_table_unref(resolver->memories);
	pthread_cond_destroy(&resolver->woken);
	pthread_mutex_destroy(&resolver->lock);
	g_free(resolver->servers);
	g_free(resolver);
}

gboolean
resolver_known(Resolver *resolver, const char *domain, DomainFact *fact)
{
	pthread_mutex_lock(&resolver->lock);
	const Memory *memory = g_hash_table_lookup(resolver->memories, domain);
	const gboolean is_known = memory != NULL && memory->until_us > g_get_monotonic_time();
	if (is_known)
		*fact = memory->fact;
	pthread_mutex_unlock(&resolver->lock);
	return is_known;
}

gboolean
resolver_ask(Resolver *resolver, const char *domain, ResolverDone done, gpointer user_data)
{
	Question *question = g_new0(Question, 1);
	*question =
	    (Question){.domain = g_strdup(domain), .done = done, .user_data = user_data, .since_us = g_get_monotonic_time()};
	pthread_mutex_lock(&resolver->lock);
	const gboolean is_taken = g_queue_get_length(&resolver->waiting) + resolver->asked < LIMIT_JOBS && !resolver->is_stopping;
	if (is_taken) {
		g_queue_push_tail(&resolver->waiting, question);
		pthread_cond_signal(&resolver->woken);
	}
	pthread_mutex_unlock(&resolver->lock);
	if (!is_taken)
		question_free(question);
	return is_taken;
}

void
resolver_judge(CheckMode mode, const char *domain, DomainFact fact, GPtrArray *findings)
{
	static const struct {
		FindingAction action;
		const char *code, *what;
	} judgements[] = {
	    [DOMAIN_UNKNOWN] = {FINDING_UNSURE, "domain_unknown", "the DNS did not say in time whether it takes mail"},
	    [DOMAIN_TAKES_MAIL] = {FINDING_PASS, NULL, NULL},
	    [DOMAIN_MISSING] = {FINDING_HOLD, "domain_missing", "there is no such domain"},
	    [DOMAIN_NULL_MX] = {FINDING_HOLD, "domain_null_mx", "the domain says that it takes no mail (null MX)"},
	    [DOMAIN_NO_SERVER] = {FINDING_HOLD, "domain_no_server", "the domain has no mail server and no address"},
	};
	const FindingHead head = {
	    .check = CHECK_SENDER, .mode = mode, .action = judgements[fact].action, .code = judgements[fact].code};
	if (head.code != NULL)
		finding_add(findings, &head, "The visitor's address is in %s: %s.", domain, judgements[fact].what);
}
