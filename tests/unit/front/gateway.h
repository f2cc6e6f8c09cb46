/*
 * A front that runs for one test: a temporary site, its keys and database, and front_main in a process of its own on a unix socket;
 * and a web server's side of FastCGI, raw enough to break off anywhere.
 *
 * Every wait ends after GATEWAY_WAIT_SECONDS, and then the test fails.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/submission.h"
#include "sekisho/store/db.h"

#define GATEWAY_WAIT_SECONDS 30
#define GATEWAY_BROWSER "Mozilla/5.0 test"
#define GATEWAY_BOUNDARY "------b0undary"

typedef struct {
	char *directory;
	char *socket;
	char *log;   /* what the front wrote to standard error */
	int wake;    /* the courier's eventfd */
	pid_t front;
} Gateway;

/* Site "example.jp" with the forms 4 (default fields, English, with a second mail to the visitor, whom the policy refuses), 5 (Japanese, demo mode) and 6 (broken). */
Gateway *gateway_start(guint workers);
/* The next three count as long as the site was not asked for yet. site.conf again, with more in [site] and more groups. */
void gateway_set_site(const Gateway *gateway, const char *site_keys, const char *groups);
/* Writes a file of the site. */
void gateway_put(const Gateway *gateway, const char *name, const char *text);
/* Adds a form to the site: form.ini of that text after its id (NULL: nothing), and form.html. */
void gateway_add_form(const Gateway *gateway, guint id, const char *ini, const char *template_text);
void gateway_stop_begin(const Gateway *gateway); /* SIGTERM */
/* Waits for the end, which must be clean, and frees. */
void gateway_stop(Gateway *gateway);
/* TRUE as soon as the log has `text`; FALSE when waiting for it lasted too long. */
gboolean gateway_wait_log(const Gateway *gateway, const char *text);

#define FORMS "/wp-json/contact-form-7/v1/contact-forms"
#define MULTIPART "multipart/form-data; boundary=" GATEWAY_BOUNDARY
#define UNIT_TAG "wpcf7-f4-p2-o1"

/* One request. Strings may be NULL: then the param is not sent. */
typedef struct {
	const char *method;
	const char *uri;
	const char *content_type;
	const char *site; /* NULL: "example.jp"; "": not sent */
	const char *referer;
	const char *origin;
	const char *accept_language;
	const char *fetch_site;
	const char *probe;
	const char *canary;
	const char *user_agent; /* NULL: GATEWAY_BROWSER; "": not sent */
	const GString *body;
	gboolean is_kept;  /* FCGI_KEEP_CONN */
	gssize declared;   /* CONTENT_LENGTH if not the body's */
} ClientRequest;

int client_connect(const Gateway *gateway);
/* The whole request, or piece by piece. */
void client_send(int connection, const ClientRequest *request);
void client_send_head(int connection, const ClientRequest *request); /* begin and params */
void client_send_body(int connection, const char *bytes, gsize size); /* a piece of STDIN */
void client_send_end(int connection);
void client_send_bytes(int connection, const void *bytes, gsize size);
/* Everything up to the end of the request, as text; NULL if the connection was closed before. The caller's. */
char *client_receive(int connection);
/* TRUE if the peer closes without another byte. */
gboolean client_is_closed(int connection);
/* Connect, send, receive, close. The caller's. */
char *client_ask(const Gateway *gateway, const ClientRequest *request);

/* A multipart body of name, value, name, value ..., NULL. The caller's. */
GString *client_multipart(const char *name, ...) G_GNUC_NULL_TERMINATED;

/* A submission of form 4 that is taken, and the request that brings it. */
GString *good_body(void);
ClientRequest feedback(const GString *body);
/* Fails the test if `answer` (NULL: closed) lacks `text`. */
void assert_has(const char *answer, const char *text);
/* The answer to a submission of form `id`. Consumes `body`. The caller's. */
char *submit(const Gateway *gateway, guint id, GString *body);
/* posted_data_hash of an answer: 32 hex digits, or the test fails. The caller's. */
char *hash_of(const char *answer);
/* Fails the test if `answer` is not the OK answer of contract 13. */
void assert_ok(const char *answer);
/* The gateway's database, and how many submissions are in it. */
Db *open_database(const Gateway *gateway);
guint stored_count(const Gateway *gateway);
/* The newest submission, opened; the caller's. */
Submission *stored_newest(const Gateway *gateway);
/* The keys as an operator holds them; the caller's. */
Vault *open_vault(const Gateway *gateway);
/* A link's token for `site` that is good for `seconds`; the caller's. */
char *link_token(const Gateway *gateway, VaultLinkPurpose purpose, const char *site, gint64 seconds);
/* Mails that wait in the outbox. */
guint mails_count(const Gateway *gateway);
