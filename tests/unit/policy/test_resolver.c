/*
 * The resolver against a DNS server in this process that answers by the name: what its answers mean, what is remembered, and that nobody waits too long when it is silent.
 */
#include "sekisho/policy/resolver.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

/* --- The server ---------------------------------------------------------------------------------------------------- */

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_AAAA = 28, RCODE_NO_NAME = 3, RCODE_FAILED = 2, CLASS_INTERNET = 1, HEADER_BYTES = 12 };

typedef struct {
	int socket;
	gint asked; /* atomic */
	pthread_t thread;
	char *address;
} Server;

/* First label of the question's name, and where its type stands. */
static gsize
read_question(const guint8 *message, gsize size, char *label)
{
	gsize at = HEADER_BYTES;
	*label = '\0';
	while (at < size && message[at] != 0) {
		if (*label == '\0') {
			memcpy(label, message + at + 1, message[at]);
			label[message[at]] = '\0';
		}
		at += 1u + message[at];
	}
	return at + 1;
}

static void
append(guint8 *message, gsize *size, const void *bytes, gsize count)
{
	memcpy(message + *size, bytes, count);
	*size += count;
}

/* One record whose owner is the question's name. */
static void
append_record(guint8 *message, gsize *size, guint8 type, const char *data, guint8 length)
{
	const guint8 head[] = {0xc0, HEADER_BYTES, 0, type, 0, CLASS_INTERNET, 0, 0, 0, 60, 0, length};
	append(message, size, head, sizeof(head));
	append(message, size, data, length);
	message[7]++;
}

/* Makes an answer of the question in place; FALSE: the server is silent. Names say what they are. */
static gboolean
make_answer(guint8 *message, gsize *size)
{
	char label[64];
	const gsize type_at = read_question(message, *size, label);
	const guint8 type = message[type_at + 1];
	*size = type_at + 4;
	message[2] = 0x84;
	message[3] = 0x80;
	memset(message + 6, 0, 6);
	if (strcmp(label, "silent") == 0 || (strcmp(label, "half-silent") == 0 && type == TYPE_MX))
		return FALSE;
	if (strcmp(label, "missing") == 0)
		message[3] |= RCODE_NO_NAME;
	else if (strcmp(label, "failed") == 0)
		message[3] |= RCODE_FAILED;
	else if (type == TYPE_MX && strcmp(label, "null") == 0)
		append_record(message, size, TYPE_MX, "\0\0\0", 3);
	else if (type == TYPE_MX && g_str_has_prefix(label, "mail"))
		append_record(message, size, TYPE_MX, "\0\12\2mx\0", 6);
	else if (type == TYPE_A && (strcmp(label, "address") == 0 || strcmp(label, "half-silent") == 0))
		append_record(message, size, TYPE_A, "\300\0\2\7", 4);
	else if (type == TYPE_AAAA && strcmp(label, "six") == 0)
		append_record(message, size, TYPE_AAAA, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\7", 16);
	return TRUE;
}

static void *
serve(void *user)
{
	Server *server = user;
	guint8 message[2048];
	for (;;) {
		struct sockaddr_in client;
		socklen_t client_size = sizeof(client);
		const ssize_t got = recvfrom(server->socket, message, 1024, 0, (struct sockaddr *)&client, &client_size);
		if (got < HEADER_BYTES)
			return NULL;
		gsize size = (gsize)got;
		g_atomic_int_inc(&server->asked);
		if (make_answer(message, &size))
			g_assert_cmpint(
			    sendto(server->socket, message, size, 0, (struct sockaddr *)&client, client_size), ==, (gssize)size);
	}
}

static void
server_start(Server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	server->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(server->socket, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(getsockname(server->socket, (struct sockaddr *)&address, &size), ==, 0);
	server->address = g_strdup_printf("127.0.0.1:%u", ntohs(address.sin_port));
	server->asked = 0;
	pthread_create(&server->thread, NULL, serve, server);
}

static void
server_stop(Server *server)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	getsockname(server->socket, (struct sockaddr *)&address, &size);
	sendto(server->socket, "", 0, 0, (struct sockaddr *)&address, size);
	pthread_join(server->thread, NULL);
	close(server->socket);
	g_free(server->address);
}

/* --- Waiting --------------------------------------------------------------------------------------------------------- */

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	guint count;
	guint facts[DOMAIN_NO_SERVER + 1];
} Answers;

static void
on_fact(gpointer user, DomainFact fact)
{
	Answers *answers = user;
	pthread_mutex_lock(&answers->lock);
	answers->facts[fact]++;
	answers->count++;
	pthread_cond_signal(&answers->changed);
	pthread_mutex_unlock(&answers->lock);
}

static void
answers_init(Answers *answers)
{
	memset(answers, 0, sizeof(*answers));
	pthread_mutex_init(&answers->lock, NULL);
	pthread_cond_init(&answers->changed, NULL);
}

static void
await(Answers *answers, guint count)
{
	pthread_mutex_lock(&answers->lock);
	while (answers->count < count)
		pthread_cond_wait(&answers->changed, &answers->lock);
	pthread_mutex_unlock(&answers->lock);
}

/* --- Tests ----------------------------------------------------------------------------------------------------------- */

static void
test_facts(void)
{
	static const struct {
		const char *domain;
		DomainFact fact;
	} cases[] = {{"mail.jp", DOMAIN_TAKES_MAIL}, {"address.jp", DOMAIN_TAKES_MAIL}, {"six.jp", DOMAIN_TAKES_MAIL},
	    {"null.jp", DOMAIN_NULL_MX}, {"missing.jp", DOMAIN_MISSING}, {"empty.jp", DOMAIN_NO_SERVER},
	    {"silent.jp", DOMAIN_UNKNOWN}, {"half-silent.jp", DOMAIN_UNKNOWN}, {"failed.jp", DOMAIN_UNKNOWN}};
	Server server;
	server_start(&server);
	Resolver *resolver = resolver_start(server.address, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Answers answers;
		DomainFact fact;
		answers_init(&answers);
		g_test_message("%s", cases[i].domain);
		g_assert_false(resolver_known(resolver, cases[i].domain, &fact));
		g_assert_true(resolver_ask(resolver, cases[i].domain, on_fact, &answers));
		await(&answers, 1);
		g_assert_cmpuint(answers.facts[cases[i].fact], ==, 1);
		g_assert_true(resolver_known(resolver, cases[i].domain, &fact));
		g_assert_cmpint(fact, ==, cases[i].fact);
	}
	resolver_stop(resolver);
	server_stop(&server);
}

/* Hundreds at once, more domains than fit one round, some of them of one name: each is answered once. */
static void
test_many(void)
{
	Server server;
	Answers answers;
	server_start(&server);
	answers_init(&answers);
	Resolver *resolver = resolver_start(server.address, NULL);
	for (guint i = 0; i < LIMIT_JOBS; i++) {
		g_autofree char *domain = g_strdup_printf("mail%u.jp", i % 40);
		g_assert_true(resolver_ask(resolver, domain, on_fact, &answers));
	}
	await(&answers, LIMIT_JOBS);
	g_assert_cmpuint(answers.facts[DOMAIN_TAKES_MAIL], ==, LIMIT_JOBS);
	resolver_stop(resolver);
	server_stop(&server);
}

/* A silent server costs nobody more than the limit, whenever he came, and takes no more than may wait. */
static void
test_silence(void)
{
	Server server;
	Answers answers;
	server_start(&server);
	answers_init(&answers);
	Resolver *resolver = resolver_start(server.address, NULL);
	const gint64 start_us = g_get_monotonic_time();
	for (guint i = 0; i < LIMIT_JOBS; i++) {
		g_autofree char *domain = g_strdup_printf("silent.%u.jp", i);
		g_assert_true(resolver_ask(resolver, domain, on_fact, &answers));
	}
	g_assert_false(resolver_ask(resolver, "silent.jp", on_fact, &answers));
	await(&answers, LIMIT_JOBS);
	/* A quarter of a second is the machine's. */
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, (LIMIT_RESOLVER_MS + 250) * 1000);
	g_assert_cmpuint(answers.facts[DOMAIN_UNKNOWN], ==, LIMIT_JOBS);
	resolver_stop(resolver);
	server_stop(&server);
}

static void
test_stop(void)
{
	Server server;
	Answers answers;
	server_start(&server);
	answers_init(&answers);
	Resolver *resolver = resolver_start(server.address, NULL);
	for (guint i = 0; i < 100; i++) {
		g_autofree char *domain = g_strdup_printf("silent.%u.jp", i);
		g_assert_true(resolver_ask(resolver, domain, on_fact, &answers));
	}
	resolver_stop(resolver);
	g_assert_cmpuint(answers.count, ==, 100);
	g_assert_cmpuint(answers.facts[DOMAIN_UNKNOWN], ==, 100);
	server_stop(&server);
}

static void
test_servers(void)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(resolver_start("localhost", &error));
	g_assert_error(error, CONF_ERROR, CONF_ERROR_INVALID);
}

static void
test_judge(void)
{
	static const struct {
		DomainFact fact;
		FindingAction action;
		const char *code;
	} cases[] = {{DOMAIN_UNKNOWN, FINDING_UNSURE, "domain_unknown"}, {DOMAIN_TAKES_MAIL, FINDING_PASS, NULL},
	    {DOMAIN_MISSING, FINDING_HOLD, "domain_missing"}, {DOMAIN_NULL_MX, FINDING_HOLD, "domain_null_mx"},
	    {DOMAIN_NO_SERVER, FINDING_HOLD, "domain_no_server"}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) findings = findings_new();
		resolver_judge(CHECK_ON, "example.jp", cases[i].fact, findings);
		g_assert_cmpuint(findings->len, ==, cases[i].code != NULL ? 1 : 0);
		if (cases[i].code == NULL)
			continue;
		const Finding *finding = findings->pdata[0];
		g_assert_cmpint(finding->check, ==, CHECK_SENDER);
		g_assert_cmpint(finding->action, ==, cases[i].action);
		g_assert_cmpstr(finding->code, ==, cases[i].code);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/resolver/facts", test_facts);
	g_test_add_func("/resolver/many", test_many);
	g_test_add_func("/resolver/silence", test_silence);
	g_test_add_func("/resolver/stop", test_stop);
	g_test_add_func("/resolver/servers", test_servers);
	g_test_add_func("/resolver/judge", test_judge);
	return g_test_run();
}
