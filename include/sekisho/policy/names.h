/*
 * Tables of well-known names that the build makes of gateway/policy/names. What an operator writes in a file of his own replaces one of them.
 */
#pragma once

#include <glib.h>

typedef enum {
	NAMES_BRANDS,       /* that false links borrow: words, as in GatePolicy.brands */
	NAMES_SHORTENERS,   /* hosts that lead anywhere */
	NAMES_DISPOSABLES,  /* domains of mail that is thrown away; those below them count, too */
	NAMES_MAIL_DOMAINS, /* domains in which many people have mail */
	NAMES_MAIL_SLIPS    /* "written meant": domains that are written for another one */
} Names;

/* Lower-case ASCII, sorted by bytes, each once, NULL at the end. Static. */
const char *const *names_of(Names names);
