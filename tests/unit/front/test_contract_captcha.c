/*
 * Vectors of contract 13.3 about reCAPTCHA and Turnstile, asked over HTTPS of a server of the test's own. Where the answers are not Contact Form 7's, gateway/DEVIATIONS.md says why: who
 * brings no token, or one that is used up, is asked again; what is doubtful, or cannot be asked, waits for a person.
 */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/texts.h"

/* --- The service ---------------------------------------------------------------------------------------------------- */

#define FRESH "\"challenge_ts\":\"%s\",\"hostname\":\"example.jp\""
#define SCORE "{\"success\":true," FRESH ",\"action\":\"contactform\",\"score\":"

/* What it answers to a token. `%s` is now. */
static const struct {
	const char *token;
	guint status;
	const char *json;
} answers[] = {
    {"score-9", 200, SCORE "0.9}"},
    {"score-5", 200, SCORE "0.5}"},
    {"used", 200, "{\"success\":false,\"error-codes\":[\"timeout-or-duplicate\"]}"},
    {"broken", 500, "{\"success\":true,\"score\":0.9}"},
    {"refused-9", 200, "{\"success\":false," FRESH ",\"action\":\"contactform\",\"score\":0.9}"},
    {"good", 200, "{\"success\":true," FRESH "}"},
};

typedef struct {
	pthread_t thread;
	SSL_CTX *context;
	int listener;
	guint16 port;
	gint questions; /* atomic */
} Service;

/* A certificate for 127.0.0.1 that is its own authority, written to `path`. */
static void
make_certificate(SSL_CTX *context, const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	X509_NAME *name = X509_get_subject_name(certificate);
	g_assert_nonnull(names);
	X509_set_version(certificate, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"stand-in", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, names, -1);
	g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
	g_assert_cmpint(SSL_CTX_use_certificate(context, certificate), ==, 1);
	g_assert_cmpint(SSL_CTX_use_PrivateKey(context, key), ==, 1);
	FILE *file = g_fopen(path, "w");
	g_assert_cmpint(PEM_write_X509(file, certificate), ==, 1);
	g_assert_cmpint(fclose(file), ==, 0);
	X509_EXTENSION_free(names);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* Headers and body, as far as Content-Length says. NULL if the peer broke off. The caller's. */
static char *
read_question(SSL *connection)
{
	g_autoptr(GString) question = g_string_new(NULL);
	for (;;) {
		char piece[4096];
		const char *end = strstr(question->str, "\r\n\r\n");
		const char *length = strstr(question->str, "Content-Length: ");
		if (end != NULL && length != NULL &&
		    strlen(end + 4) >= g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10))
			return g_string_free(g_steal_pointer(&question), FALSE);
		const int count = SSL_read(connection, piece, sizeof piece);
		if (count <= 0 || question->len > 65536)
			return NULL;
		g_string_append_len(question, piece, count);
	}
}

static void
answer_question(SSL *connection, const char *question)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *parameter = g_strconcat("response=", answers[i].token, NULL);
		if (strstr(question, parameter) == NULL || strstr(question, "secret=the-secret") == NULL)
			continue;
		g_auto(GStrv) parts = g_strsplit(answers[i].json, "%s", 2);
		g_autofree char *json = g_strjoinv(time, parts);
		g_autofree char *answer = g_strdup_printf(
		    "HTTP/1.1 %u x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		    answers[i].status, strlen(json), json);
		(void)SSL_write(connection, answer, (int)strlen(answer));
	}
	(void)SSL_shutdown(connection);
}

/* One connection after the other, until the listener is shut down. */
static void *
serve(void *user_data)
{
	Service *service = user_data;
	for (int peer; (peer = accept(service->listener, NULL, NULL)) >= 0; (void)close(peer)) {
		SSL *connection = SSL_new(service->context);
		SSL_set_fd(connection, peer);
		g_autofree char *question = SSL_accept(connection) == 1 ? read_question(connection) : NULL;
		if (question != NULL) {
			g_atomic_int_inc(&service->questions);
			answer_question(connection, question);
		}
		SSL_free(connection);
	}
	return NULL;
}

static Service *
service_start(const char *certificate)
{
	Service *service = g_new0(Service, 1);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	service->context = SSL_CTX_new(TLS_server_method());
	make_certificate(service->context, certificate);
	service->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(service->listener, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(service->listener, 16), ==, 0);
	g_assert_cmpint(getsockname(service->listener, (struct sockaddr *)&address, &size), ==, 0);
	service->port = ntohs(address.sin_port);
	g_assert_cmpint(pthread_create(&service->thread, NULL, serve, service), ==, 0);
	return service;
}

static void
service_stop(Service *service)
{
	(void)shutdown(service->listener, SHUT_RDWR);
	(void)pthread_join(service->thread, NULL);
	(void)close(service->listener);
	SSL_CTX_free(service->context);
	g_free(service);
}

/* --- A front that asks it ------------------------------------------------------------------------------------------- */

typedef struct {
	Gateway *gateway;
	Service *service;
} Scene;

static Scene
scene_open(const char *name)
{
	Scene scene = {.gateway = gateway_start(1)};
	g_autofree char *folder = g_build_filename(scene.gateway->directory, "sites", "example.jp", NULL);
	g_autofree char *certificate = g_build_filename(folder, "ca.pem", NULL);
	g_autofree char *secret = g_build_filename(folder, "secret", NULL);
	scene.service = service_start(certificate);
	gateway_put(scene.gateway, "secret", "the-secret\n");
	g_assert_cmpint(g_chmod(secret, 0600), ==, 0);
	g_autofree char *groups =
	    g_strdup_printf("[captcha]\nservice = %s\nsite_key = k\nsecret_file = secret\nca_file = ca.pem\n"
			    "endpoint = https://127.0.0.1:%u/siteverify\n",
		name, scene.service->port);
	gateway_set_site(scene.gateway, "", groups);
	return scene;
}

static void
scene_close(Scene *scene)
{
	gateway_stop(scene->gateway);
	service_stop(scene->service);
}

typedef enum { PASSED, HELD, ASKED_AGAIN } Fate;

/* Submits with a token (NULL: none), and looks at what became of it. `is_asked`: whether the service was. */
static void
assert_fate(const Scene *scene, const char *field, const char *token, Fate fate, gboolean is_asked)
{
	const guint stored = stored_count(scene->gateway);
	const gint questions = g_atomic_int_get(&scene->service->questions);
	g_test_message("%s=%s", field, token == NULL ? "(none)" : token);
	g_autofree char *answer = submit(scene->gateway, 4,
	    client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", "Taro", "your-email", "taro@example.org", "your-subject",
		"S", "your-message", "Could you tell me when you are open?", token != NULL ? field : "none",
		token != NULL ? token : "", NULL));
	if (fate == PASSED)
		assert_ok(answer);
	else if (fate == HELD)
		assert_has(answer, text_for("en", "message.held"));
	else
		assert_has(answer, text_for("en", "gate.captcha_again"));
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, fate == ASKED_AGAIN ? "\"status\":\"aborted\"" : "\"status\":\"mail_sent\"");
	g_assert_cmpuint(stored_count(scene->gateway), ==, stored + (fate == ASKED_AGAIN ? 0 : 1));
	g_assert_cmpint(g_atomic_int_get(&scene->service->questions), ==, questions + (is_asked ? 1 : 0));
}

#define V3_FIELD "_wpcf7_recaptcha_response"

/* Contact Form 7: OK; spam (no call); spam; spam; spam; OK. */
static void
test_s05(void)
{
	Scene scene = scene_open("recaptcha-v3");
	assert_fate(&scene, V3_FIELD, "score-9", PASSED, TRUE);
	assert_fate(&scene, V3_FIELD, NULL, ASKED_AGAIN, FALSE);
	assert_fate(&scene, V3_FIELD, "score-5", HELD, TRUE);
	assert_fate(&scene, V3_FIELD, "used", ASKED_AGAIN, TRUE);
	assert_fate(&scene, V3_FIELD, "broken", HELD, TRUE);
	assert_fate(&scene, V3_FIELD, "refused-9", HELD, TRUE);
	/* Each token is good once, and here the service need not be asked for that. */
	assert_fate(&scene, V3_FIELD, "score-9", ASKED_AGAIN, FALSE);
	scene_close(&scene);
}

static void
test_s06(void)
{
	Scene scene = scene_open("recaptcha-v3");
	g_autoptr(GString) body = client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", "Taro", "your-email",
	    "taro@example.org", "your-subject", "S", "your-message", "m", V3_FIELD, "score-9", NULL);
	ClientRequest request = feedback(body);
	request.user_agent = "";
	g_autofree char *answer = client_ask(scene.gateway, &request);
	assert_has(answer, "\"status\":\"spam\"");
	g_assert_cmpint(g_atomic_int_get(&scene.service->questions), ==, 0);
	scene_close(&scene);
}

/* Contact Form 7: OK; spam; spam. A widget that the page's author placed sends its token in its own field. */
static void
test_s07(void)
{
	Scene scene = scene_open("turnstile");
	assert_fate(&scene, "_wpcf7_turnstile_response", "good", PASSED, TRUE);
	assert_fate(&scene, "_wpcf7_turnstile_response", "used", ASKED_AGAIN, TRUE);
	scene_close(&scene);
	Scene other = scene_open("turnstile");
	assert_fate(&other, "cf-turnstile-response", "good", PASSED, TRUE);
	scene_close(&other);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/contract/S05", test_s05);
	g_test_add_func("/contract/S06", test_s06);
	g_test_add_func("/contract/S07", test_s07);
	return g_test_run();
}
