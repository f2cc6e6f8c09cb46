/*
 * The visitor's mail address as evidence: domains that throw mail away, role and support-centre addresses, and slips of the finger in well-known domains ("gmial.com", "docomo.co.jp").
 * Which of a form's values are the visitor's addresses: those of its email fields.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"

/* Addresses of the submission's email fields, each once, at most LIMIT_SENDER_LOOKS (char *, as typed): whatever validation takes (address_is_email), so not all can be mailed. The
 * caller's. */
GPtrArray *sender_addresses(const Form *form, const Submission *submission);
/* Domain of a deliverable address in lower-case ASCII, for the DNS; or NULL. The caller's. */
char *sender_domain(const char *address);
/* The field and the address that the visitor probably meant, for a validation message that is given once; NULL if there is none. `field` receives its name (borrowed from the
 * submission). The caller's. */
char *sender_meant(const Form *form, const Submission *submission, const char **field);
