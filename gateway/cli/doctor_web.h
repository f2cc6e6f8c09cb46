/*
 * Who answered a probe of the web server. Text from outside: headers and body are a stranger's; nothing of them is trusted but a proof that our keys made.
 */
#pragma once

#include "sekisho/base/vault.h"
#include "sekisho/relay/probe.h"

typedef enum {
	ANSWERED_NOBODY,
	ANSWERED_GATEWAY,   /* it says that it is one: see the proof */
	ANSWERED_ELSEWHERE, /* a redirection */
	ANSWERED_PLUGIN,    /* Contact Form 7 */
	ANSWERED_WORDPRESS,
	ANSWERED_BUSY,      /* the web server, in the gateway's place */
	ANSWERED_GUARD,
	ANSWERED_NOTHING,   /* 404, 405 */
	ANSWERED_OTHER
} DoctorAnswerer;
DoctorAnswerer doctor_web_answerer(const ProbeAnswer *answer);

/* One address of ours at the web server, while it is asked. */
typedef struct {
	const char *name;  /* for people: "the form's script" */
	const char *method;
	const char *route; /* as the front names it: "feedback", "plain", "confirm" */
	const char *site;
	const char *page;  /* path of the page of "plain"; else NULL */
	char *url;
	char *nonce;       /* of the last question */
} Door;

/* TRUE if `proof` (hex) says that a gateway with our keys answered for that site, the door's route and its nonce. */
gboolean doctor_web_is_proved(Vault *vault, const Door *door, const char *site, const char *proof);
