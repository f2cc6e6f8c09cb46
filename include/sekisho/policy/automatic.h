/*
 * Addresses that automatic mail must not go to, because no person reads it there: mail systems, mailing lists and their servants, senders that take no
 * answer (RFC 3834 section 2, RFC 5230 section 4.6, RFC 2142). An answer would at best be lost, and at worst be answered by the next program.
 */
#pragma once

#include <glib.h>

/* Why no automatic mail goes to this address, as words for a person ("it is a mailing list's own address"), or NULL if it may. Case is ignored, "." and "_" count as
 * "-" but in names of lists, and what stands behind "+" does not count. Any text may come; one without "@" is judged as a local part. Static. */
const char *automatic_reason(const char *address);
