/*
 * What letter.c and letter_variant.c share.
 */
#pragma once

#include "sekisho/relay/letter.h"

/* A letter whose lists are empty and whose strings are NULL. */
Letter *letter_empty(void);
Mailbox *letter_mailbox_new(const char *name, const char *address);
/* TRUE for a header name that a template may add: printable ASCII (RFC 5322 3.6.8) and none that we write ourselves. */
gboolean letter_is_further_header(const char *name);
