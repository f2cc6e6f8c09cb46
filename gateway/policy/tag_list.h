/*
 * Lists "name=value; name=value" of DKIM keys and DMARC records (RFC 6376 section 3.2, RFC 7489 section 6.4), and what the two mean.
 * Any text may come; tab, CR and LF are white space around names and values, other controls and bytes beyond ASCII make it malformed.
 */
#pragma once

#include <glib.h>

/* Names and values (char *) of a list, white space around them removed; names are case-sensitive. `first` (may be NULL) gets the first name, which is the table's.
 * WIRE_ERROR_MALFORMED, part of a sentence: no list, or a name that comes twice. */
GHashTable *tag_list_parse(const char *text, const char **first, GError **error);

typedef struct {
	gboolean is_revoked;      /* p= is empty */
	gboolean is_for_mail;     /* s= says nothing else */
	gboolean is_testing;      /* t=y */
	gboolean is_sha256;       /* h= does not forbid it */
	char *algorithm;          /* "rsa" unless k= says another */
	gsize size;               /* of p= in bytes, base64 undone */
} DkimKey;
void dkim_key_free(DkimKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DkimKey, dkim_key_free)
/* Whether a TXT record at a selector is meant as a key: it has p= or begins with v=DKIM1. */
gboolean dkim_key_is(const char *text);
/* WIRE_ERROR_MALFORMED as above. */
DkimKey *dkim_key_parse(const char *text, GError **error);

typedef enum { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT } DmarcPolicy;
typedef struct {
	DmarcPolicy policy;           /* for the domain itself */
	DmarcPolicy subdomain_policy; /* for those below it */
	gboolean is_spf_strict;
	gboolean is_dkim_strict;
} DmarcRecord;
/* Whether a TXT record at _dmarc is meant as DMARC: it begins with v=DMARC1. */
gboolean dmarc_record_is(const char *text);
/* `text` must be dmarc_record_is. FALSE and WIRE_ERROR_MALFORMED as above; p= missing or unknown, too, and then receivers apply nothing. */
gboolean dmarc_record_parse(const char *text, DmarcRecord *record, GError **error);
