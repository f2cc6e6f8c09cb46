/*
 * The resolver: c-ares with servers of our choice, and a loop that waits for all questions of one call or until their time is over.
 *
 * Nothing outlives a call but the channel: when dns_ask_all returns, each question has been answered or cancelled, so no callback comes later. An answer that
 * ends at an alias is asked on, because a server that is no resolver of others' names does not do that. c-ares asks again by TCP what does not fit
 * a datagram, and asks the next server when one fails; but then it no longer says how it failed, so a question that all servers left without an answer is
 * asked once more through a second channel that hands on whatever comes. A channel belongs to one thread; the library itself is made ready once in the process and never undone.
 */
#include "sekisho/policy/dns.h"

#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "dns_message.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define CLASS_INTERNET 1
#define RCODE_NO_NAME 3u

enum { SEARCHING, LITERAL, CHANNELS };

struct Dns {
	ares_channel channels[CHANNELS];
	gint64 deadline_us; /* monotonic */
};

/* One question on its way. */
typedef struct {
	Dns *dns;
	guint channel;
	DnsType type;
	guint aliases; /* followed so far */
	DnsAnswer *answer;
	guint *pending; /* of its call */
} Errand;

void
dns_answer_free(DnsAnswer *answer)
{
	if (answer == NULL)
		return;
	g_free(answer->name);
	g_ptr_array_unref(answer->records);
	g_free(answer);
}

static gboolean
dns_prepare(void)
{
	static gsize is_done;

	if (g_once_init_enter(&is_done))
		g_once_init_leave(&is_done, ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 1 : 2);
	return is_done == 1;
}

static int
channel_open(ares_channel *channel, const char *servers, int more_flags)
{
	struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS | more_flags,
	    .timeout = LIMIT_DNS_TRY_MS,
	    .tries = LIMIT_DNS_TRIES,
	    .ednspsz = LIMIT_DNS_UDP_BYTES};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ;
	int status = dns_prepare() ? ares_init_options(channel, &options, mask) : ARES_ENOTINITIALIZED;

	if (status == ARES_SUCCESS && servers != NULL && *servers != '\0')
		status = ares_set_servers_ports_csv(*channel, servers);
	return status;
}

Dns *
dns_new(const char *servers, guint deadline_ms, GError **error)
{
	g_autoptr(Dns) dns = g_new0(Dns, 1);

	int status = channel_open(&dns->channels[SEARCHING], servers, 0);
	if (status == ARES_SUCCESS)
		status = channel_open(&dns->channels[LITERAL], servers, ARES_FLAG_NOCHECKRESP);
	if (status != ARES_SUCCESS) {
		g_set_error(error, CONF_ERROR, CONF_ERROR_INVALID, "The DNS servers cannot be used: %s.", ares_strerror(status));
		return NULL;
	}
	dns->deadline_us = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
	return g_steal_pointer(&dns);
}

void
dns_free(Dns *dns)
{
	if (dns == NULL)
		return;
	for (guint i = 0; i < CHANNELS; i++)
		if (dns->channels[i] != NULL)
			ares_destroy(dns->channels[i]);
	g_free(dns);
}

static void on_answer(void *user, int status, int timeouts, unsigned char *bytes, int size);

static void
send_question(Errand *errand, const char *name)
{
	ares_query(
	    errand->dns->channels[errand->channel], name, CLASS_INTERNET, dns_message_type(errand->type), on_answer, errand);
}

static void
settle(Errand *errand, DnsOutcome outcome, const char *reason)
{
	errand->answer->outcome = outcome;
	errand->answer->reason = reason;
	(*errand->pending)--;
}

/* Why there was no message worth reading. */
static void
settle_failure(Errand *errand, int status)
{
	switch (status) {
	case ARES_EBADNAME:
	case ARES_ENOTFOUND: /* a name that c-ares never asks for (.onion) */
		settle(errand, DNS_NO_NAME, NULL);
		break;
	case ARES_ETIMEOUT:
	case ARES_ECANCELLED:
		settle(errand, DNS_UNKNOWN, "timeout");
		break;
	case ARES_ESERVFAIL:
		settle(errand, DNS_UNKNOWN, "servfail");
		break;
	case ARES_EREFUSED:
		settle(errand, DNS_UNKNOWN, "refused");
		break;
	case ARES_ECONNREFUSED:
		settle(errand, DNS_UNKNOWN, "unreachable");
		break;
	default:
		settle(errand, DNS_UNKNOWN, "malformed");
	}
}

static void
settle_message(Errand *errand, DnsMessage *message)
{
	gboolean is_alias = message->aliases > 0;

	errand->aliases += message->aliases;
	g_free(errand->answer->name);
	errand->answer->name = g_strdup(message->name);
	if (errand->aliases > LIMIT_DNS_ALIASES) {
		settle(errand, DNS_UNKNOWN, "alias_loop");
	} else if (message->records->len > 0) {
		g_ptr_array_unref(errand->answer->records);
		errand->answer->records = g_steal_pointer(&message->records);
		message->records = g_ptr_array_new();
		settle(errand, DNS_FOUND, NULL);
	} else if (message->rcode == RCODE_NO_NAME) {
		settle(errand, DNS_NO_NAME, NULL);
	} else if (message->rcode != 0) {
		settle(errand, DNS_UNKNOWN, "refused"); /* one of those that c-ares has no word for */
	} else if (is_alias) {
		send_question(errand, message->name);
	} else if (message->is_referral) {
		settle(errand, DNS_UNKNOWN, "lame");
	} else {
		settle(errand, DNS_NO_RECORD, NULL);
	}
}

static void
on_answer(void *user, int status, int timeouts, unsigned char *bytes, int size)
{
	Errand *errand = user;
	(void)timeouts;

	if (status == ARES_ECONNREFUSED && errand->channel == SEARCHING) {
		errand->channel = LITERAL;
		send_question(errand, errand->answer->name);
		return;
	}
	if (bytes == NULL || (status != ARES_SUCCESS && status != ARES_ENODATA && status != ARES_ENOTFOUND)) {
		settle_failure(errand, status);
		return;
	}
	g_autoptr(DnsMessage) message = dns_message_read(bytes, (gsize)size, errand->type);
	if (message == NULL)
		settle(errand, DNS_UNKNOWN, "malformed");
	else
		settle_message(errand, message);
}

/* Milliseconds that poll may wait: until c-ares wants to try again, and no longer than `until_us`. */
static int
wait_ms(const Dns *dns, gint64 until_us)
{
	gint64 left_us = MAX(until_us - g_get_monotonic_time(), 0);
	struct timeval most = {.tv_sec = left_us / G_USEC_PER_SEC, .tv_usec = left_us % G_USEC_PER_SEC}, next[CHANNELS],
		       *chosen = &most;

	for (guint i = 0; i < CHANNELS; i++)
		chosen = ares_timeout(dns->channels[i], chosen, &next[i]);
	return (int)(chosen->tv_sec * 1000 + (chosen->tv_usec + 999) / 1000);
}

/* Adds the sockets that a channel waits for to `polled`; how many there are. */
static nfds_t
take_sockets(ares_channel channel, struct pollfd *polled)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	unsigned int mask = (unsigned int)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	nfds_t count = 0;

	for (unsigned int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		/* As ARES_GETSOCK_READABLE and _WRITABLE, which shift a signed 1 into its sign. */
		gboolean is_reading = (mask >> i & 1u) != 0, is_writing = (mask >> (i + ARES_GETSOCK_MAXNUM) & 1u) != 0;
		short events = (short)((is_reading ? POLLIN : 0) | (is_writing ? POLLOUT : 0));
		if (events != 0)
			polled[count++] = (struct pollfd){.fd = sockets[i], .events = events};
	}
	return count;
}

/* Waits once for the sockets of the channels and lets c-ares read and write. */
static void
process(const Dns *dns, gint64 until_us)
{
	struct pollfd polled[CHANNELS * ARES_GETSOCK_MAXNUM];
	nfds_t first = take_sockets(dns->channels[SEARCHING], polled),
	       count = first + take_sockets(dns->channels[LITERAL], polled + first);
	int ready = poll(polled, count, wait_ms(dns, until_us));

	for (nfds_t i = 0; ready > 0 && i < count; i++) {
		gboolean is_readable = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
		gboolean is_writable =
		    (polled[i].revents & (POLLOUT | POLLERR | POLLHUP)) != 0 && (polled[i].events & POLLOUT) != 0;
		ares_process_fd(dns->channels[i < first ? SEARCHING : LITERAL], is_readable ? polled[i].fd : ARES_SOCKET_BAD,
		    is_writable ? polled[i].fd : ARES_SOCKET_BAD);
	}
	/* What is late is asked again, also while other answers keep coming. */
	for (guint i = 0; i < CHANNELS; i++)
		ares_process_fd(dns->channels[i], ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static DnsAnswer *
answer_new(const char *name)
{
	DnsAnswer *answer = g_new0(DnsAnswer, 1);
	answer->outcome = DNS_UNKNOWN;
	answer->reason = "timeout";
	answer->name = g_strdup(name);
	answer->records = g_ptr_array_new_with_free_func((GDestroyNotify)dns_record_free);
	return answer;
}

GPtrArray *
dns_ask_all(Dns *dns, const DnsQuestion *questions, guint count)
{
	gint64 until_us = MIN(g_get_monotonic_time() + (gint64)LIMIT_DNS_ASK_MS * 1000, dns->deadline_us);
	GPtrArray *answers = g_ptr_array_new_with_free_func((GDestroyNotify)dns_answer_free);
	g_autofree Errand *errands = g_new0(Errand, MAX(count, 1u));
	guint pending = 0;

	g_assert(count <= LIMIT_DNS_QUESTIONS);
	for (guint i = 0; i < count; i++) {
		DnsAnswer *answer = answer_new(questions[i].name);
		g_ptr_array_add(answers, answer);
		errands[i] = (Errand){.dns = dns, .type = questions[i].type, .answer = answer, .pending = &pending};
		if (g_get_monotonic_time() >= dns->deadline_us)
			continue;
		pending++;
		send_question(&errands[i], questions[i].name);
	}
	while (pending > 0 && g_get_monotonic_time() < until_us)
		process(dns, until_us);
	/* In this order: cancelling the first gives nothing to the second. */
	for (guint i = 0; pending > 0 && i < CHANNELS; i++)
		ares_cancel(dns->channels[i]);
	g_assert(pending == 0);
	return answers;
}

DnsAnswer *
dns_ask(Dns *dns, const char *name, DnsType type)
{
	const DnsQuestion question = {.name = name, .type = type};
	g_autoptr(GPtrArray) answers = dns_ask_all(dns, &question, 1);
	return g_ptr_array_steal_index(answers, 0);
}
