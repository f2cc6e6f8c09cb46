/*
 * The captcha's thread: asks the services over HTTPS, all questions at once, and holds nobody else up.
 *
 * captcha_ask puts an errand into a queue and wakes the thread, which alone touches libcurl, the circuits and the errands from then on. Each errand ends exactly once, in settle:
 * with the service's answer, with an error of the connection, at its deadline, because the endpoint's circuit is open, or because the thread is stopped; then its `done` is
 * called and it is gone. The deadlines are our own: libcurl's are only there to end a try early enough for another one.
 *
 * A try that failed before the question was sent is made once more; later the token may have been used, so only a service that knows a repeated question by its key is asked again.
 * The circuit of an endpoint opens after some failures in a row; then its questions are answered at once, but for one from time to time that tries whether it is back.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "captcha_services.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

typedef struct {
	guint failures;       /* in a row */
	gint64 open_until_us; /* monotonic; 0: closed */
	gboolean is_probing;  /* one question is on its way to see */
} Circuit;

/* One question. The thread's as soon as it is in the queue. */
typedef struct {
	const CaptchaSettings *settings;
	char *token;
	gint64 received_at_us;
	GString *body;      /* holds the secret */
	gint64 deadline_us; /* monotonic */
	guint tries;
	gboolean is_probe;
	CURL *handle; /* while it is on its way */
	GString *received;
	GList link; /* in `running`, in the order of deadlines */
	CaptchaDone done;
	gpointer user_data;
} Errand;

struct Captcha {
	pthread_t thread;
	pthread_mutex_t lock;
	GQueue queue;         /* Errand, by their links */
	guint count;          /* in the queue and on their way */
	gboolean is_stopping; /* these four under the lock */
	CURLM *multi;
	/* The thread's alone. */
	GQueue running;
	GHashTable *circuits; /* char * (URL) -> Circuit */
};

/* --- The end of an errand ------------------------------------------------------------------------------------------- */

static void
detach(Captcha *captcha, Errand *errand)
{
	if (errand->handle == NULL)
		return;
	curl_multi_remove_handle(captcha->multi, errand->handle);
	curl_easy_cleanup(errand->handle);
	errand->handle = NULL;
}

static void
errand_free(Errand *errand)
{
	captcha_services_wipe(errand->body);
	g_string_free(errand->received, TRUE);
	g_free(errand->token);
	g_free(errand);
}

/* The errand must be in no queue. */
static void
settle(Captcha *captcha, Errand *errand, CaptchaAnswer *answer)
{
	pthread_mutex_lock(&captcha->lock);
	captcha->count--;
	pthread_mutex_unlock(&captcha->lock);
	errand->done(errand->user_data, answer);
	captcha_answer_clear(answer);
	/* Only now, because to end hundreds of connections takes a while. */
	detach(captcha, errand);
	errand_free(errand);
}

static Circuit *
circuit_of(Captcha *captcha, const Errand *errand)
{
	const char *url = captcha_services_url(errand->settings);
	Circuit *circuit = g_hash_table_lookup(captcha->circuits, url);

	if (circuit != NULL)
		return circuit;
	/* Only edited settings bring more addresses; then the memory of their failures may go. */
	if (g_hash_table_size(captcha->circuits) >= LIMIT_CAPTCHA_ENDPOINTS)
		g_hash_table_remove_all(captcha->circuits);
	circuit = g_new0(Circuit, 1);
	g_hash_table_insert(captcha->circuits, g_strdup(url), circuit);
	return circuit;
}

/* What an errand that was sent tells about its endpoint. A status below 500 is none of its failures: a visitor's token may have brought it about, and five such must not shut the
 * captcha for everybody. */
static void
note_outcome(Captcha *captcha, Errand *errand, gboolean is_failure)
{
	Circuit *circuit = circuit_of(captcha, errand);

	if (errand->is_probe)
		circuit->is_probing = FALSE;
	if (!is_failure) {
		*circuit = (Circuit){0};
		return;
	}
	if (++circuit->failures >= LIMIT_CAPTCHA_FAILURES)
		circuit->open_until_us = g_get_monotonic_time() + (gint64)LIMIT_CAPTCHA_REST_MS * 1000;
}

static void
finish(Captcha *captcha, Errand *errand, CaptchaAnswer *answer, gboolean is_failure)
{
	note_outcome(captcha, errand, is_failure);
	g_queue_unlink(&captcha->running, &errand->link);
	settle(captcha, errand, answer);
}

static void
settle_unreachable(Captcha *captcha, Errand *errand, const char *code, const char *what)
{
	CaptchaAnswer answer = {0};

	captcha_answer_set(&answer, CAPTCHA_UNREACHABLE, code, "%s", what);
	settle(captcha, errand, &answer);
}

/* --- One try -------------------------------------------------------------------------------------------------------- */

/* What is too much ends the try. */
static size_t
take_answer(char *bytes, size_t one, size_t count, void *user_data)
{
	Errand *errand = user_data;
	size_t size = one * count;

	if (size > LIMIT_CAPTCHA_ANSWER_BYTES - errand->received->len)
		return 0;
	g_string_append_len(errand->received, bytes, (gssize)size);
	return size;
}

static void
set_limits(CURL *handle, gint64 left_ms)
{
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(handle, CURLOPT_PROXY, ""); /* also against those of the environment */
	curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_CAPTCHA_CONNECT_MS);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)MAX(left_ms, 1));
}

static CURL *
make_handle(Errand *errand)
{
	CURL *handle = curl_easy_init();
	gint64 left_ms = (errand->deadline_us - g_get_monotonic_time()) / 1000;

	g_assert(handle != NULL);
	set_limits(handle, left_ms);
	curl_easy_setopt(handle, CURLOPT_URL, captcha_services_url(errand->settings));
	if (*errand->settings->ca_file != '\0')
		curl_easy_setopt(handle, CURLOPT_CAINFO, errand->settings->ca_file);
	/* Not copied: the secret is in one place of ours. */
	curl_easy_setopt(handle, CURLOPT_POSTFIELDS, errand->body->str);
	curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)errand->body->len);
	curl_easy_setopt(handle, CURLOPT_USERAGENT, "sekisho");
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, errand);
	curl_easy_setopt(handle, CURLOPT_PRIVATE, errand);
	return handle;
}

static void
send_question(Captcha *captcha, Errand *errand)
{
	g_string_truncate(errand->received, 0);
	errand->tries++;
	errand->handle = make_handle(errand);
	g_assert(curl_multi_add_handle(captcha->multi, errand->handle) == CURLM_OK);
}

/* --- What came of a try --------------------------------------------------------------------------------------------- */

/* TRUE if nothing of the question can have reached the service. */
static gboolean
is_unsent(CURL *handle, CURLcode result)
{
	curl_off_t ready_us = 0;

	if (result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_CONNECT || result == CURLE_SSL_CONNECT_ERROR)
		return TRUE;
	curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	return result == CURLE_OPERATION_TIMEDOUT && ready_us == 0;
}

/* TRUE if the connection was lost in the middle, which says nothing against another try if the service allows it. */
static gboolean
is_lost(CURLcode result)
{
	return result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
	       result == CURLE_PARTIAL_FILE || result == CURLE_HTTP2 || result == CURLE_HTTP2_STREAM;
}

static gboolean
may_try_again(const Errand *errand, CURLcode result)
{
	if (errand->tries > 1 || g_get_monotonic_time() >= errand->deadline_us)
		return FALSE;
	return is_unsent(errand->handle, result) ||
	       (captcha_services_is_repeatable(errand->settings->service) && is_lost(result));
}

static void
answer_failure(CURLcode result, CaptchaAnswer *answer)
{
	switch (result) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		captcha_answer_set(answer, CAPTCHA_MISCONFIGURED, "endpoint", "[captcha] endpoint is no https address.");
		break;
	case CURLE_SSL_CACERT_BADFILE:
		captcha_answer_set(answer, CAPTCHA_MISCONFIGURED, "ca_file",
		    "[captcha] ca_file, or the system's list of authorities, cannot be read.");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		captcha_answer_set(answer, CAPTCHA_UNREACHABLE, "timeout", "The captcha's service did not answer in time.");
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		captcha_answer_set(answer, CAPTCHA_UNREACHABLE, "certificate",
		    "Who answers for the captcha's service has a certificate that is not to be trusted.");
		break;
	case CURLE_WRITE_ERROR:
		captcha_answer_set(
		    answer, CAPTCHA_UNREACHABLE, "answer", "The captcha's service answers with more than an answer.");
		break;
	default:
		captcha_answer_set(answer, CAPTCHA_UNREACHABLE, "connection", "The captcha's service cannot be reached: %s.",
		    curl_easy_strerror(result));
	}
}

static void
conclude(Captcha *captcha, Errand *errand, CURLcode result)
{
	CaptchaAnswer answer = {0};
	CaptchaReply reply = {.settings = errand->settings, .received_at_us = errand->received_at_us};

	if (may_try_again(errand, result)) {
		detach(captcha, errand);
		send_question(captcha, errand);
		return;
	}
	if (result == CURLE_OK) {
		curl_easy_getinfo(errand->handle, CURLINFO_RESPONSE_CODE, &reply.status);
		reply.bytes = errand->received->str;
		reply.size = errand->received->len;
		captcha_services_judge(&reply, &answer);
	} else {
		answer_failure(result, &answer);
	}
	finish(captcha, errand, &answer,
	    result == CURLE_OK ? reply.status >= HTTP_SERVER_ERROR : answer.outcome == CAPTCHA_UNREACHABLE);
}

/* --- The loop ------------------------------------------------------------------------------------------------------- */

/* Sends what is new, or answers it at once. */
static void
begin(Captcha *captcha, Errand *errand)
{
	CaptchaAnswer answer = {0};
	Circuit *circuit = circuit_of(captcha, errand);

	if (!captcha_services_token_is_fit(errand->token, &answer)) {
		settle(captcha, errand, &answer);
		return;
	}
	if (circuit->open_until_us != 0) {
		if (circuit->is_probing || g_get_monotonic_time() < circuit->open_until_us) {
			settle_unreachable(captcha, errand, "circuit",
			    "The captcha's service failed several times just now and is left alone for a moment.");
			return;
		}
		circuit->is_probing = errand->is_probe = TRUE;
	}
	g_queue_push_tail_link(&captcha->running, &errand->link);
	send_question(captcha, errand);
}

/* TRUE if the thread is to go on. */
static gboolean
take_new(Captcha *captcha)
{
	pthread_mutex_lock(&captcha->lock);
	GQueue taken = captcha->queue;
	gboolean is_stopping = captcha->is_stopping;
	g_queue_init(&captcha->queue);
	pthread_mutex_unlock(&captcha->lock);

	for (GList *link = g_queue_pop_head_link(&taken); link != NULL; link = g_queue_pop_head_link(&taken)) {
		if (is_stopping)
			settle_unreachable(captcha, link->data, "stopped", "The gateway was being stopped.");
		else
			begin(captcha, link->data);
	}
	return !is_stopping;
}

static void
take_finished(Captcha *captcha)
{
	int left;
	CURLMsg *message;

	while ((message = curl_multi_info_read(captcha->multi, &left)) != NULL) {
		char *errand = NULL;
		CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &errand);
		conclude(captcha, (Errand *)(gpointer)errand, result);
	}
}

/* Ends what is late. Milliseconds until the next one is. */
static int
end_late(Captcha *captcha)
{
	for (Errand *errand; (errand = g_queue_peek_head(&captcha->running)) != NULL;) {
		gint64 left_us = errand->deadline_us - g_get_monotonic_time();
		CaptchaAnswer answer = {0};
		if (left_us > 0)
			return (int)(left_us / 1000 + 1);
		answer_failure(CURLE_OPERATION_TIMEDOUT, &answer);
		finish(captcha, errand, &answer, TRUE);
	}
	return G_MAXINT;
}

static void *
work(void *data)
{
	Captcha *captcha = data;

	while (take_new(captcha)) {
		int running;
		curl_multi_perform(captcha->multi, &running);
		take_finished(captcha);
		int left_ms = end_late(captcha);
		curl_multi_poll(captcha->multi, NULL, 0, left_ms, NULL);
	}
	for (GList *link; (link = g_queue_pop_head_link(&captcha->running)) != NULL;)
		settle_unreachable(captcha, link->data, "stopped", "The gateway was being stopped.");
	return NULL;
}

/* --- From outside ---------------------------------------------------------------------------------------------------- */

static gboolean
prepare(void)
{
	static gsize is_done;

	if (g_once_init_enter(&is_done))
		g_once_init_leave(&is_done, curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 1 : 2);
	return is_done == 1;
}

static void
captcha_free(Captcha *captcha)
{
	if (captcha->multi != NULL)
		curl_multi_cleanup(captcha->multi);
	g_hash_table_unref(captcha->circuits);
	pthread_mutex_destroy(&captcha->lock);
	g_free(captcha);
}

Captcha *
captcha_start(GError **error)
{
	Captcha *captcha = g_new0(Captcha, 1);

	pthread_mutex_init(&captcha->lock, NULL);
	captcha->circuits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	captcha->multi = prepare() ? curl_multi_init() : NULL;
	if (captcha->multi != NULL) {
		curl_multi_setopt(captcha->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)LIMIT_CAPTCHA_CONNECTIONS);
		curl_multi_setopt(captcha->multi, CURLMOPT_MAXCONNECTS, (long)LIMIT_CAPTCHA_IDLE_CONNECTIONS);
	}
	if (captcha->multi == NULL || pthread_create(&captcha->thread, NULL, work, captcha) != 0) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_PRIVILEGE, "The thread that asks captcha services cannot be started.");
		captcha_free(captcha);
		return NULL;
	}
	return captcha;
}

void
captcha_stop(Captcha *captcha)
{
	if (captcha == NULL)
		return;
	pthread_mutex_lock(&captcha->lock);
	captcha->is_stopping = TRUE;
	pthread_mutex_unlock(&captcha->lock);
	curl_multi_wakeup(captcha->multi);
	pthread_join(captcha->thread, NULL);
	captcha_free(captcha);
}

static Errand *
errand_new(const CaptchaQuestion *question, CaptchaDone done, gpointer user_data)
{
	Errand *errand = g_new0(Errand, 1);
	g_autofree char *key = g_uuid_string_random();

	errand->settings = question->settings;
	errand->token = g_strdup(question->token);
	errand->received_at_us = question->received_at_us;
	errand->body = captcha_services_body(question, key);
	errand->received = g_string_new(NULL);
	errand->deadline_us = g_get_monotonic_time() + (gint64)LIMIT_CAPTCHA_MS * 1000;
	errand->link.data = errand;
	errand->done = done;
	errand->user_data = user_data;
	return errand;
}

gboolean
captcha_ask(Captcha *captcha, const CaptchaQuestion *question, CaptchaDone done, gpointer user_data)
{
	g_assert(question->settings->service != CAPTCHA_NONE && question->settings->service != CAPTCHA_ALTCHA);
	Errand *errand = errand_new(question, done, user_data);

	pthread_mutex_lock(&captcha->lock);
	gboolean has_room = captcha->count < LIMIT_JOBS && !captcha->is_stopping;
	if (has_room) {
		captcha->count++;
		g_queue_push_tail_link(&captcha->queue, &errand->link);
	}
	pthread_mutex_unlock(&captcha->lock);
	if (has_room)
		curl_multi_wakeup(captcha->multi);
	else
		errand_free(errand);
	return has_room;
}
