/*
 * See gateway.h. FastCGI records: version 1, type, request id 1, length, no padding (FastCGI 1.0, section 3.3).
 */
#include "gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/log.h"
#include "sekisho/conf/config.h"
#include "sekisho/front/front.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/db.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

enum { FCGI_BEGIN = 1, FCGI_END = 3, FCGI_PARAMS = 4, FCGI_STDIN = 5, FCGI_STDOUT = 6 };

static const char site_conf[] = "[site]\nurl = https://example.jp\nadmin_address = owner@example.jp\nlocale = en\n"
				"[mail]\nfrom = Example <info@example.jp>\naccount = main\n"
				/* Most tests post the same again, from one address, and ask no DNS. */
				"[check]\nduplicates = off\ntrap = off\nsender = off\nrate = off\n";
static const char form_html[] =
    "[text* your-name] [email* your-email] [text* your-subject] [textarea your-message] [submit \"Send\"]";

/* --- Files ---------------------------------------------------------------------------------------------------------- */

static void
put(const char *directory, const char *path, const char *text)
{
	g_autofree char *file = g_build_filename(directory, path, NULL);
	g_autofree char *folder = g_path_get_dirname(file);
	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void
put_site(const char *directory, guint workers)
{
	g_autofree char *main_file =
	    g_strdup_printf("[gateway]\nlisten = ./s.sock\ndata_directory = ./data\nkey_directory = ./keys\n"
			    "sites_directory = ./sites\nworkers = %u\n"
			    "[account main]\nhost = 127.0.0.1\nsecurity = plain-loopback\n",
		workers);
	put(directory, "sekisho.conf", main_file);
	put(directory, "sites/example.jp/site.conf", site_conf);
	put(directory, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\nreply = never\n[mail_2]\nactive = on\n");
	put(directory, "sites/example.jp/forms/contact/form.html", form_html);
	put(directory, "sites/example.jp/forms/demo/form.ini", "[form]\nid = 5\nlocale = ja\n[settings]\ndemo_mode = on\n");
	put(directory, "sites/example.jp/forms/demo/form.html", form_html);
	put(directory, "sites/example.jp/forms/broken/form.ini", "[form]\nid = 6\n[mail]\nrecipient = nobody\n");
	put(directory, "sites/example.jp/forms/broken/form.html", form_html);
}

static void
remove_all(const char *path)
{
	g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		remove_all(inner);
	}
	g_remove(path);
}

/* --- Process -------------------------------------------------------------------------------------------------------- */

static int
listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_assert_cmpuint(strlen(path), <, sizeof address.sun_path);
	memcpy(address.sun_path, path, strlen(path));
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
	g_assert_cmpint(listen(listener, 511), ==, 0);
	return listener;
}

/* The child's life. It ends as sekishod's front role would. */
static int
run_front(const Gateway *gateway, int listener)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *main_file = g_build_filename(gateway->directory, "sekisho.conf", NULL);
	g_autoptr(Config) config = config_load(main_file, &error);
	g_assert_no_error(error);
	g_autoptr(Vault) vault = vault_open(config->key_directory, VAULT_FRONT, &error);
	g_assert_no_error(error);
	const FrontSettings settings = {
	    .config = config, .vault = vault, .listen_descriptor = listener, .wake_descriptor = gateway->wake};
	log_set_role("front");
	/* A limit on the size of files stands for a full disk in some tests: an error of write(2), not a signal. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return front_main(&settings);
}

static pid_t
fork_front(const Gateway *gateway, int listener)
{
	const pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child != 0)
		return child;
	/* A test that failed leaves nothing running. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	const int log = open(gateway->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(log, STDERR_FILENO);
	(void)close(log);
	exit(run_front(gateway, listener));
}

Gateway *
gateway_start(guint workers)
{
	Gateway *gateway = g_new0(Gateway, 1);
	g_autoptr(GError) error = NULL;
	gateway->directory = g_dir_make_tmp("sekisho-front-XXXXXX", NULL);
	gateway->socket = g_build_filename(gateway->directory, "s.sock", NULL);
	gateway->log = g_build_filename(gateway->directory, "log", NULL);
	gateway->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_autofree char *data = g_build_filename(gateway->directory, "data", NULL);
	g_autofree char *keys = g_build_filename(gateway->directory, "keys", NULL);
	put_site(gateway->directory, workers);
	g_assert_cmpint(g_mkdir(data, 0700), ==, 0);
	g_assert_true(vault_create(keys, &error));
	db_free(db_open(data, DB_CREATE, &error));
	g_assert_no_error(error);
	db_free(db_open_counters(data, DB_CREATE, &error));
	g_assert_no_error(error);
	const int listener = listen_at(gateway->socket);
	gateway->front = fork_front(gateway, listener);
	(void)close(listener);
	g_assert_true(gateway_wait_log(gateway, "started"));
	return gateway;
}

void
gateway_put(const Gateway *gateway, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename("sites/example.jp", name, NULL);
	put(gateway->directory, path, text);
}

void
gateway_set_site(const Gateway *gateway, const char *site_keys, const char *groups)
{
	g_autofree char *text = g_strconcat("[site]\n", site_keys, site_conf + strlen("[site]\n"), groups, NULL);
	gateway_put(gateway, "site.conf", text);
}

void
gateway_add_form(const Gateway *gateway, guint id, const char *ini, const char *template_text)
{
	g_autofree char *folder = g_strdup_printf("forms/form-%u", id);
	g_autofree char *ini_path = g_build_filename(folder, "form.ini", NULL);
	g_autofree char *template_path = g_build_filename(folder, "form.html", NULL);
	g_autofree char *text = g_strdup_printf("[form]\nid = %u\n%s", id, ini != NULL ? ini : "");
	gateway_put(gateway, ini_path, text);
	gateway_put(gateway, template_path, template_text);
}

gboolean
gateway_wait_log(const Gateway *gateway, const char *text)
{
	const gint64 until_us = g_get_monotonic_time() + GATEWAY_WAIT_SECONDS * G_USEC_PER_SEC;
	while (g_get_monotonic_time() < until_us) {
		g_autofree char *log = NULL;
		if (g_file_get_contents(gateway->log, &log, NULL, NULL) && strstr(log, text) != NULL)
			return TRUE;
		g_usleep(5000);
	}
	return FALSE;
}

void
gateway_stop_begin(const Gateway *gateway)
{
	g_assert_cmpint(kill(gateway->front, SIGTERM), ==, 0);
}

void
gateway_stop(Gateway *gateway)
{
	int status = -1;
	gateway_stop_begin(gateway);
	g_assert_cmpint(waitpid(gateway->front, &status, 0), ==, gateway->front);
	if (status != 0) {
		g_autofree char *log = NULL;
		(void)g_file_get_contents(gateway->log, &log, NULL, NULL);
		g_error("the front ended with %#x:\n%s", (guint)status, log);
	}
	(void)close(gateway->wake);
	remove_all(gateway->directory);
	g_free(gateway->directory);
	g_free(gateway->socket);
	g_free(gateway->log);
	g_free(gateway);
}

/* --- Client --------------------------------------------------------------------------------------------------------- */

int
client_connect(const Gateway *gateway)
{
	const struct timeval patience = {.tv_sec = GATEWAY_WAIT_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, gateway->socket, strlen(gateway->socket));
	const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(connect(connection, (struct sockaddr *)&address, sizeof address), ==, 0);
	(void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return connection;
}

/* A peer that has closed is no failure here: the test looks at what it receives. */
void
client_send_bytes(int connection, const void *bytes, gsize size)
{
	for (gsize sent = 0; sent < size;) {
		const ssize_t count = send(connection, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
		if (count <= 0) {
			g_assert_true(errno == EPIPE || errno == ECONNRESET);
			return;
		}
		sent += (gsize)count;
	}
}

static void
append_record(GByteArray *records, guint8 type, const void *content, gsize size)
{
	const guint8 header[8] = {1, type, 0, 1, (guint8)(size >> 8), (guint8)size, 0, 0};
	g_byte_array_append(records, header, sizeof header);
	if (size > 0)
		g_byte_array_append(records, content, (guint)size);
}

static void
append_param(GByteArray *params, const char *name, const char *value)
{
	if (value == NULL)
		return;
	const gsize size = strlen(value);
	const guint8 lengths[5] = {
	    (guint8)strlen(name), (guint8)(size >> 24 | 0x80), (guint8)(size >> 16), (guint8)(size >> 8), (guint8)size};
	g_byte_array_append(params, lengths, sizeof lengths);
	g_byte_array_append(params, (const guint8 *)name, (guint)strlen(name));
	g_byte_array_append(params, (const guint8 *)value, (guint)size);
}

void
client_send_head(int connection, const ClientRequest *request)
{
	const guint8 begin[8] = {0, 1, request->is_kept ? 1 : 0};
	g_autoptr(GByteArray) params = g_byte_array_new();
	g_autoptr(GByteArray) records = g_byte_array_new();
	const gssize size = request->declared != 0 ? request->declared : (request->body != NULL ? (gssize)request->body->len : 0);
	g_autofree char *length = g_strdup_printf("%zd", size);
	const char *site = request->site == NULL ? "example.jp" : request->site;
	const char *agent = request->user_agent == NULL ? GATEWAY_BROWSER : request->user_agent;
	append_param(params, "REQUEST_METHOD", request->method);
	append_param(params, "REQUEST_URI", request->uri);
	append_param(params, "CONTENT_TYPE", request->content_type);
	append_param(params, "CONTENT_LENGTH", request->body != NULL ? length : "");
	append_param(params, "REMOTE_ADDR", "192.0.2.7");
	append_param(params, "REMOTE_PORT", "50000");
	append_param(params, "HTTP_USER_AGENT", agent[0] != '\0' ? agent : NULL);
	append_param(params, "HTTP_ORIGIN", request->origin);
	append_param(params, "HTTP_REFERER", request->referer);
	append_param(params, "HTTP_ACCEPT_LANGUAGE", request->accept_language);
	append_param(params, "HTTP_SEC_FETCH_SITE", request->fetch_site);
	append_param(params, "HTTP_SEKISHO_PROBE", request->probe);
	append_param(params, "HTTP_SEKISHO_CANARY", request->canary);
	append_param(params, "SEKISHO_SITE", site[0] != '\0' ? site : NULL);
	append_record(records, FCGI_BEGIN, begin, sizeof begin);
	for (guint at = 0; at < params->len; at += 32768)
		append_record(records, FCGI_PARAMS, params->data + at, MIN(params->len - at, 32768));
	append_record(records, FCGI_PARAMS, NULL, 0);
	client_send_bytes(connection, records->data, records->len);
}

void
client_send_body(int connection, const char *bytes, gsize size)
{
	for (gsize at = 0; at < size; at += 32768) {
		g_autoptr(GByteArray) record = g_byte_array_new();
		append_record(record, FCGI_STDIN, bytes + at, MIN(size - at, 32768));
		client_send_bytes(connection, record->data, record->len);
	}
}

void
client_send_end(int connection)
{
	g_autoptr(GByteArray) record = g_byte_array_new();
	append_record(record, FCGI_STDIN, NULL, 0);
	client_send_bytes(connection, record->data, record->len);
}

void
client_send(int connection, const ClientRequest *request)
{
	client_send_head(connection, request);
	if (request->body != NULL)
		client_send_body(connection, request->body->str, request->body->len);
	client_send_end(connection);
}

static gboolean
read_whole(int connection, guint8 *bytes, gsize size)
{
	for (gsize got = 0; got < size;) {
		const ssize_t count = recv(connection, bytes + got, size - got, 0);
		if (count < 0 && errno != ECONNRESET)
			g_error("no answer within %d s", GATEWAY_WAIT_SECONDS);
		if (count <= 0)
			return FALSE;
		got += (gsize)count;
	}
	return TRUE;
}

char *
client_receive(int connection)
{
	GString *answer = g_string_new(NULL);
	guint8 header[8];
	guint8 content[65535 + 255];
	while (read_whole(connection, header, sizeof header)) {
		const gsize size = (gsize)header[4] << 8 | header[5];
		if (!read_whole(connection, content, size + header[6]))
			break;
		if (header[1] == FCGI_STDOUT)
			g_string_append_len(answer, (const char *)content, (gssize)size);
		if (header[1] == FCGI_END)
			return g_string_free(answer, FALSE);
	}
	g_string_free(answer, TRUE);
	return NULL;
}

gboolean
client_is_closed(int connection)
{
	guint8 byte;
	return !read_whole(connection, &byte, 1);
}

char *
client_ask(const Gateway *gateway, const ClientRequest *request)
{
	const int connection = client_connect(gateway);
	client_send(connection, request);
	char *answer = client_receive(connection);
	(void)close(connection);
	return answer;
}

GString *
client_multipart(const char *name, ...)
{
	GString *body = g_string_new(NULL);
	va_list rest;
	va_start(rest, name);
	for (const char *field = name; field != NULL; field = va_arg(rest, const char *))
		g_string_append_printf(body,
		    "--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", field,
		    va_arg(rest, const char *));
	va_end(rest);
	return g_string_append(body, "--" GATEWAY_BOUNDARY "--\r\n");
}

/* --- What most tests ask and look at ------------------------------------------------------------------------------------ */

GString *
good_body(void)
{
	return client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", "山田 太郎", "your-email", "taro@example.org",
	    "your-subject", "S", "your-message", "本文です", NULL);
}

ClientRequest
feedback(const GString *body)
{
	return (ClientRequest){.method = "POST", .uri = FORMS "/4/feedback", .content_type = MULTIPART, .body = body};
}

void
assert_has(const char *answer, const char *text)
{
	if (answer == NULL || strstr(answer, text) == NULL)
		g_error("the answer lacks \"%s\":\n%s", text, answer != NULL ? answer : "(closed)");
}

Db *
open_database(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *data = g_build_filename(gateway->directory, "data", NULL);
	Db *db = db_open(data, DB_EXISTING, &error);
	g_assert_no_error(error);
	return db;
}

guint
stored_count(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) summaries = submissions_list(db, NULL, 1000, &error);
	g_assert_no_error(error);
	return summaries->len;
}

Vault *
open_vault(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *keys = g_build_filename(gateway->directory, "keys", NULL);
	Vault *vault = vault_open(keys, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	return vault;
}

char *
link_token(const Gateway *gateway, VaultLinkPurpose purpose, const char *site, gint64 seconds)
{
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autoptr(GBytes) payload = g_bytes_new_static("payload", strlen("payload"));
	const VaultLink link = {
	    .purpose = purpose, .site = site, .expires_at_us = clock_now_us() + seconds * G_USEC_PER_SEC, .payload = payload};
	return vault_link_sign(vault, &link);
}

Submission *
stored_newest(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autoptr(GPtrArray) summaries = submissions_list(db, NULL, 1, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(summaries->len, ==, 1);
	const SubmissionSummary *newest = summaries->pdata[0];
	Submission *submission = submissions_open(db, vault, newest->id, &error);
	g_assert_no_error(error);
	return submission;
}

guint
mails_count(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) items = outbox_list(db, &(OutboxFilter){.states = OUTBOX_UNSETTLED}, 1000, &error);
	g_assert_no_error(error);
	return items->len;
}

char *
submit(const Gateway *gateway, guint id, GString *body)
{
	g_autofree char *uri = g_strdup_printf(FORMS "/%u/feedback", id);
	ClientRequest request = feedback(body);
	request.uri = uri;
	char *answer = client_ask(gateway, &request);
	g_string_free(body, TRUE);
	return answer;
}

char *
hash_of(const char *answer)
{
	g_autoptr(GRegex) regex = g_regex_new("\"posted_data_hash\":\"([0-9a-f]{32})\"", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_assert_true(g_regex_match(regex, answer, 0, &match));
	return g_match_info_fetch(match, 1);
}

void
assert_ok(const char *answer)
{
	assert_has(answer, "Status: 200 OK\r\n");
	assert_has(answer, "\"status\":\"mail_sent\",\"message\":\"Thanks, your message is on its way.\"");
	assert_has(answer, "\"invalid_fields\":[]");
	g_autofree char *hash = hash_of(answer);
	g_assert_nonnull(hash);
}
