/*
 * Looking at servers without sending anything that lasts: may this account log in and use this envelope sender, and who answers at this web
 * address? For the operator's command alone; no role of the gateway links it. Every probe ends by LIMIT_PROBE_MS.
 *
 * Text from outside: what a server said is bytes, at most as many as stand below; escape it before it is shown. Nothing that is sent can hold CR, LF or NUL:
 * addresses must be deliverable, header lines printable ASCII, and addresses of pages with such bytes are refused.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"

/* How far a probe came. */
typedef enum {
	PROBE_FINE,
	PROBE_NO_NAME,      /* the host's name does not resolve */
	PROBE_NO_ANSWER,    /* nobody takes the connection */
	PROBE_SILENCE,      /* connected, and then no answer in time, or the connection was closed */
	PROBE_REFUSED,      /* the server does not want to talk, or speaks another protocol */
	PROBE_NO_TLS,       /* STARTTLS is not offered, or refused */
	PROBE_NO_TRUST,     /* the certificate is signed by nobody we trust */
	PROBE_WRONG_NAME,   /* it is made for another name */
	PROBE_WRONG_TIME,   /* it has expired or is not valid yet */
	PROBE_TLS_FAILED,   /* anything else between hello and the encrypted line */
	PROBE_NO_AUTHORITY, /* ca_file cannot be read */
	PROBE_WRONG_PIN,    /* it is trusted, but its public key is none of the account's pins */
	PROBE_NO_LOGIN,     /* the server offers no login of the account's kind (PLAIN or LOGIN; XOAUTH2) */
	PROBE_LOGIN_REFUSED
} ProbeState;

/* --- A mail server ------------------------------------------------------------------------------------------------------- */

typedef struct ProbeSmtp ProbeSmtp;

typedef struct {
	ProbeState state;
	char *words;           /* the server's last reply: "535 5.7.8 no"; "" if it said nothing. Of XOAUTH2's refusal, which comes in base64, what it says */
	char *problem;         /* what the library says of a failure; "" */
	char *address;         /* numeric, that was connected to; "" */
	gint64 valid_until_us; /* of the server's certificate; 0: no TLS */
	char *pin;             /* its public key, as [account] pins has it: "sha256//..."; "" if there was none to see */
} ProbeSmtpFacts;

/* One reply; code 0 if none came. */
typedef struct {
	guint code;
	char *words;
	gboolean is_recipient; /* it is the reply to RCPT: MAIL was accepted */
} ProbeReply;
void probe_reply_clear(ProbeReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProbeReply, probe_reply_clear)

/* Connects, greets, encrypts and logs in as the account's transport would (chain, name and pins verified; in clear to loopback where the account says so).
 * `secret`, a password or a token, is used for an account with a user. Never NULL. */
ProbeSmtp *probe_smtp_new(const Account *account, const char *secret);
/* Says QUIT if the line is still open. */
void probe_smtp_free(ProbeSmtp *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProbeSmtp, probe_smtp_free)
/* Borrowed. */
const ProbeSmtpFacts *probe_smtp_facts(const ProbeSmtp *probe);
/* MAIL FROM `sender` ("" is <>) and, unless it is NULL, RCPT TO `recipient`, because many servers judge a sender only then; after that RSET, so nothing is sent. The
 * reply that refused, or the last one. Both must be address_is_deliverable. FALSE if the connection does not stand (any more). */
gboolean probe_smtp_sender(ProbeSmtp *probe, const char *sender, const char *recipient, ProbeReply *reply);

/* --- A web server -------------------------------------------------------------------------------------------------------- */

/* How web servers are found: as `curl --resolve` and `--cacert` have it. Borrowed. */
typedef struct {
	const char *const *resolve; /* "HOST:PORT:ADDRESS"; NULL-terminated, or NULL */
	const char *ca_file;        /* NULL: the system's */
} ProbeRoute;

typedef struct {
	const char *method;      /* "GET" or "POST" */
	const char *url;         /* http or https */
	const GPtrArray *headers; /* char *: "Name: value"; may be NULL */
	const GPtrArray *fields; /* ProbeField *, posted as multipart/form-data; NULL: an empty body */
} ProbeRequest;

typedef struct {
	char *name;
	char *value;
} ProbeField;
void probe_field_free(ProbeField *field);

typedef struct {
	ProbeState state;
	char *problem;       /* what the library says of a failure; "" */
	guint status;        /* 0 if none came */
	GHashTable *headers; /* lower-case name -> value, of the last answer (the last of several lines) */
	GString *body;       /* its first LIMIT_PROBE_BODY_BYTES */
} ProbeAnswer;
void probe_answer_free(ProbeAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProbeAnswer, probe_answer_free)

/* One request; redirections are answers too. Never NULL. */
ProbeAnswer *probe_http(const ProbeRoute *route, const ProbeRequest *request);
/* The value of a header by its lower-case name, or "". Borrowed. */
const char *probe_answer_header(const ProbeAnswer *answer, const char *name);
