/*
 * Which of our doors a request knocks at: contract 1.1-1.3. A pure function of method, request URI and content type.
 *
 * Text from outside: the URI is percent-decoded here; one that does not decode to UTF-8 without NUL is an ordinary page.
 */
#pragma once

#include <glib.h>

typedef enum {
	ROUTE_FEEDBACK,   /* POST .../contact-forms/ID/feedback: a submission by the page's script */
	ROUTE_PLAIN_POST, /* any other POST: a submission without script, if its body says so (contract 2.6) */
	ROUTE_SCHEMA,     /* GET .../feedback/schema */
	ROUTE_REFILL,     /* GET .../refill */
	ROUTE_ALTCHA,     /* GET, HEAD .../sekisho/altcha?form=ID: a challenge for the widget */
	ROUTE_CONFIRM,    /* GET, HEAD or POST .../sekisho/confirm: the link of a confirmation, and its button */
	ROUTE_REVIEW,     /* GET, HEAD or POST .../sekisho/review: the link of a held submission or a notice, and its buttons */
	ROUTE_DESCRIBE,   /* OPTIONS of one of the three REST routes, or of the challenge: `allow` says what it takes */
	ROUTE_REFUSED     /* none of ours: `refusal` says why */
} RouteKind;

/* A wrong client's answer (contract 1.3). Static. */
typedef struct {
	guint status;
	const char *code;
	const char *message;
} RouteRefusal;

typedef struct {
	RouteKind kind;
	const char *name;      /* "feedback", "plain", "schema", "refill", "confirm", "review", "altcha": whose address it is, whatever the method; NULL if none of ours. Static */
	guint64 form_id;       /* of a REST route; else 0. Too large an id is G_MAXINT64, which no form has */
	gboolean is_head;      /* HEAD: the answer of GET without its body */
	gboolean is_schema;    /* the route is .../feedback/schema, whatever is asked of it */
	const char *allow;     /* methods of the route for the Allow header; NULL if the route is not ours. Static */
	const RouteRefusal *refusal; /* ROUTE_REFUSED only */
} Route;

typedef struct {
	const char *method;
	const char *uri;          /* REQUEST_URI: path and query, as the client spelled it */
	const char *content_type; /* "" if there is none */
} RouteInput;

void route_find(const RouteInput *input, Route *route);

/* Refusals that are known only after the body or the form was looked at. */
extern const RouteRefusal route_refusal_form;     /* 404 wpcf7_not_found */
extern const RouteRefusal route_refusal_unit_tag; /* 400 wpcf7_unit_tag_not_found */
extern const RouteRefusal route_refusal_altcha;   /* 404 sekisho_altcha: the form has no such captcha */

/* Where links of confirmations lead, below the site's URL. */
#define ROUTE_CONFIRM_PATH "/sekisho/confirm"
/* Where links of reviews lead, below the same. */
#define ROUTE_REVIEW_PATH "/sekisho/review"
/* Where an ALTCHA widget asks for its challenge, below the same: "?form=ID", and "&v=1" for the older protocol. */
#define ROUTE_ALTCHA_PATH "/sekisho/altcha"

/* TRUE if a visitor's message is on its way in. */
gboolean route_is_submission(const Route *route);
/* Reads the hidden field _wpcf7 of a form without script as PHP's (int) does: "10abc", "+10" and "10.5" are form 10. FALSE if it is no form's id:
 * zero, negative, no number. */
gboolean route_read_posted_id(const char *text, guint64 *form_id);
/* A parameter of the URI's query as PHP would see it, or "". The caller's. */
char *route_query(const char *uri, const char *name);
