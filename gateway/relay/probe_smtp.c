/*
 * A look at a mail server. libcurl connects, greets, encrypts, verifies and logs in (CURLOPT_CONNECT_ONLY); the few commands behind that are said here over its line.
 *
 *   new -> standing -> (MAIL, RCPT, RSET)* -> QUIT
 *       -> failed, and nothing more is said
 *
 * What is set of the account is what the transport of libcurl sets (curl_account.h); for an account of libesmtp's the probe is held to TLS 1.2, as that is. libcurl goes on without
 * a login where none is offered; whether one took place is seen from the server's 235.
 */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>

#include "curl_account.h"
#include "pin.h"
#include "probe_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/address.h"

/* RFC 5321 4.5.3.1.5 has lines of 512 bytes; a reply of so many lines is no reply to any command of ours. */
#define REPLY_BYTES (32ul * LIMIT_SERVER_TEXT_BYTES)

struct ProbeSmtp {
	CURL *handle;
	ProbeSmtpFacts facts;
	char problem[CURL_ERROR_SIZE];
	gboolean is_logged_in;
	GString *received; /* what the server said and nobody has read yet */
};

/* Keeps the last line that the server said before the connection was handed over. */
static size_t
note_line(char *line, size_t one, size_t size, void *user_data)
{
	ProbeSmtp *probe = user_data;
	g_autofree char *raw = g_strndup(line, MIN(size * one, LIMIT_SERVER_TEXT_BYTES));

	if (g_strchomp(raw)[0] != '\0')
		text_set(&probe->facts.words, raw);
	if (g_str_has_prefix(probe->facts.words, "235"))
		probe->is_logged_in = TRUE;
	return size * one;
}

/* FALSE if the account's host is none. */
static gboolean
prepare(ProbeSmtp *probe, const Account *account, const char *secret)
{
	CURL *handle = probe->handle;
	g_autofree char *url = curl_account_url(account);

	if (url == NULL)
		return FALSE;
	curl_easy_setopt(handle, CURLOPT_URL, url);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, note_line);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
	curl_account_set_security(handle, account);
	curl_account_set_login(handle, account, secret);
	if (account->transport == ACCOUNT_ESMTP)
		curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2 | (long)CURL_SSLVERSION_MAX_TLSv1_2);
	return TRUE;
}

/* What the library notes of the server's own certificate, which comes first, behind "LABEL:"; NULL. Borrowed. */
static const char *
certificate_line(CURL *handle, const char *label)
{
	struct curl_certinfo *chain = NULL;

	if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL || chain->num_of_certs < 1)
		return NULL;
	for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next)
		if (g_str_has_prefix(line->data, label) && line->data[strlen(label)] == ':')
			return line->data + strlen(label) + 1;
	return NULL;
}

/* "Nov 24 11:00:00 2026 GMT" */
static gint64
valid_until_us(CURL *handle)
{
	const char *date = certificate_line(handle, "Expire date");

	return date == NULL ? 0 : (gint64)curl_getdate(date, NULL) * G_USEC_PER_SEC;
}

/* Of the certificate that the server showed; "" if it showed none that can be read. The caller's. */
static char *
pin_of_server(CURL *handle)
{
	const char *text = certificate_line(handle, "Cert");
	BIO *source = text == NULL ? NULL : BIO_new_mem_buf(text, -1);
	X509 *certificate = source == NULL ? NULL : PEM_read_bio_X509(source, NULL, NULL, NULL);
	char *pin = certificate == NULL ? g_strdup("") : pin_of(certificate);

	X509_free(certificate);
	BIO_free(source);
	return pin;
}

/* XOAUTH2's refusal is a challenge: 334 and, in base64, a JSON text that says why. Whether it came instead of 535, which nobody waits for. */
static gboolean
read_challenge(ProbeSmtp *probe)
{
	gsize size = 0;

	if (!g_str_has_prefix(probe->facts.words, "334 "))
		return FALSE;
	g_autofree guchar *bytes = g_base64_decode(probe->facts.words + strlen("334 "), &size);
	g_autofree char *text = g_strndup((const char *)bytes, size);
	if (*text != '\0') {
		g_autofree char *words = g_strconcat("334 ", text, NULL);
		text_set(&probe->facts.words, words);
	}
	return TRUE;
}

/* What the library cannot tell apart: it takes a server without AUTH for one that needs none, and waits for a greeting where another protocol is spoken. */
static ProbeState
judge(ProbeSmtp *probe, const Account *account, CURLcode code)
{
	ProbeState state = probe_state(probe->handle, code);
	gboolean has_refused = probe->facts.words[0] == '4' || probe->facts.words[0] == '5';

	if (code == CURLE_OK && account->user[0] != '\0' && !probe->is_logged_in)
		return PROBE_NO_LOGIN;
	if (state == PROBE_LOGIN_REFUSED && account->login == ACCOUNT_XOAUTH2 && read_challenge(probe))
		return state;
	if (state == PROBE_LOGIN_REFUSED && !has_refused)
		return PROBE_NO_LOGIN;
	if (state == PROBE_SILENCE && probe->facts.words[0] != '\0' && !g_ascii_isdigit(probe->facts.words[0]))
		return PROBE_REFUSED;
	return state;
}

ProbeSmtp *
probe_smtp_new(const Account *account, const char *secret)
{
	ProbeSmtp *probe = g_new0(ProbeSmtp, 1);
	char *address = NULL;

	probe->received = g_string_new(NULL);
	probe->facts.words = g_strdup("");
	probe->handle = probe_handle(probe->problem, account->ca_file);
	CURLcode code = prepare(probe, account, secret) ? curl_easy_perform(probe->handle) : CURLE_COULDNT_RESOLVE_HOST;
	probe->facts.state = judge(probe, account, code);
	probe->facts.problem = g_strdup(code == CURLE_OK            ? ""
					: probe->problem[0] != '\0' ? probe->problem
								    : curl_easy_strerror(code));
	curl_easy_getinfo(probe->handle, CURLINFO_PRIMARY_IP, &address);
	probe->facts.address = g_strdup(address != NULL ? address : "");
	probe->facts.valid_until_us = valid_until_us(probe->handle);
	probe->facts.pin = pin_of_server(probe->handle);
	return probe;
}

const ProbeSmtpFacts *
probe_smtp_facts(const ProbeSmtp *probe)
{
	return &probe->facts;
}

/* --- The line ---------------------------------------------------------------------------------------------------------------- */

/* FALSE if nothing happens before the deadline. */
static gboolean
wait_line(ProbeSmtp *probe, short events, gint64 deadline_us)
{
	curl_socket_t socket = CURL_SOCKET_BAD;
	gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;

	if (curl_easy_getinfo(probe->handle, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK || socket == CURL_SOCKET_BAD ||
	    left_ms <= 0)
		return FALSE;
	struct pollfd descriptor = {.fd = socket, .events = events};
	return poll(&descriptor, 1, (int)left_ms) > 0;
}

static gboolean
say(ProbeSmtp *probe, const char *line, gint64 deadline_us)
{
	g_autofree char *bytes = g_strconcat(line, "\r\n", NULL);
	gsize size = strlen(bytes), sent = 0;

	g_assert(strpbrk(line, "\r\n") == NULL);
	while (sent < size) {
		size_t count = 0;
		CURLcode code = curl_easy_send(probe->handle, bytes + sent, size - sent, &count);
		sent += count;
		if (code == CURLE_AGAIN ? !wait_line(probe, POLLOUT, deadline_us) : code != CURLE_OK)
			return FALSE;
	}
	return TRUE;
}

/* The next line without its end, or NULL at the deadline, at the end, or if it never ends. The caller's. */
static char *
hear_line(ProbeSmtp *probe, gint64 deadline_us)
{
	for (;;) {
		char *end = memchr(probe->received->str, '\n', probe->received->len);
		if (end != NULL) {
			char *line = g_strndup(probe->received->str, (gsize)(end - probe->received->str));
			g_string_erase(probe->received, 0, end + 1 - probe->received->str);
			return g_strchomp(line);
		}
		char bytes[LIMIT_SERVER_TEXT_BYTES];
		size_t count = 0;
		CURLcode code = curl_easy_recv(probe->handle, bytes, sizeof bytes, &count);
		if (code == CURLE_AGAIN ? !wait_line(probe, POLLIN, deadline_us) : code != CURLE_OK || count == 0)
			return NULL;
		g_string_append_len(probe->received, bytes, (gssize)count);
		if (probe->received->len > REPLY_BYTES)
			return NULL;
	}
}

/* RFC 5321 4.2.1: lines "250-..." and a last one "250 ...". Its text is what all of them say, as one line. */
static gboolean
hear(ProbeSmtp *probe, gint64 deadline_us, ProbeReply *reply)
{
	g_autoptr(GString) words = g_string_new(NULL);

	for (;;) {
		g_autofree char *line = hear_line(probe, deadline_us);
		if (line == NULL || strspn(line, "0123456789") != 3 || words->len > REPLY_BYTES)
			return FALSE;
		g_string_append_printf(
		    words, "%s%s", words->len > 0 ? " " : "", words->len > 0 && line[3] != '\0' ? line + 4 : line);
		if (line[3] != '-') {
			probe_reply_clear(reply);
			reply->code = (guint)g_ascii_strtoull(line, NULL, 10);
			reply->words = text_truncate(words->str, LIMIT_SERVER_TEXT_BYTES);
			return TRUE;
		}
	}
}

static gboolean
command(ProbeSmtp *probe, const char *line, ProbeReply *reply)
{
	gint64 deadline_us = g_get_monotonic_time() + (gint64)LIMIT_PROBE_MS * 1000;

	if (say(probe, line, deadline_us) && hear(probe, deadline_us, reply))
		return TRUE;
	if (probe->facts.state == PROBE_FINE)
		probe->facts.state = PROBE_SILENCE;
	return FALSE;
}

static gboolean
name_address(ProbeSmtp *probe, const char *verb, const char *address, ProbeReply *reply)
{
	g_autofree char *written = address[0] == '\0' ? g_strdup("") : address_written(address);
	g_autofree char *line = g_strdup_printf("%s:<%s>", verb, written);

	return command(probe, line, reply);
}

gboolean
probe_smtp_sender(ProbeSmtp *probe, const char *sender, const char *recipient, ProbeReply *reply)
{
	g_auto(ProbeReply) reset = {0};

	g_return_val_if_fail(sender[0] == '\0' || address_is_deliverable(sender), FALSE);
	g_return_val_if_fail(recipient == NULL || address_is_deliverable(recipient), FALSE);
	if (probe->facts.state != PROBE_FINE || !name_address(probe, "MAIL FROM", sender, reply))
		return FALSE;
	reply->is_recipient = FALSE;
	if (reply->code / 100 == 2 && recipient != NULL) {
		if (!name_address(probe, "RCPT TO", recipient, reply))
			return FALSE;
		reply->is_recipient = TRUE;
	}
	/* Some close the line after a refusal. What they said of the sender counts. */
	(void)command(probe, "RSET", &reset);
	return TRUE;
}

void
probe_reply_clear(ProbeReply *reply)
{
	g_free(reply->words);
	*reply = (ProbeReply){0};
}

void
probe_smtp_free(ProbeSmtp *probe)
{
	g_auto(ProbeReply) reply = {0};

	if (probe == NULL)
		return;
	if (probe->facts.state == PROBE_FINE)
		(void)command(probe, "QUIT", &reply);
	curl_easy_cleanup(probe->handle);
	g_string_free(probe->received, TRUE);
	g_free(probe->facts.words);
	g_free(probe->facts.problem);
	g_free(probe->facts.address);
	g_free(probe->facts.pin);
	g_free(probe);
}
