/*
 * The text of an SPF record (RFC 7208 sections 4.6, 5, 6, 7.1 and 12). Any text may come; whatever breaks the grammar, CR, LF, controls and bytes beyond ASCII too,
 * makes the whole record none. Nothing is asked here.
 */
#pragma once

#include <gio/gio.h>

typedef enum { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS } SpfMechanism;

typedef struct {
	char *text; /* as it stands in the record */
	SpfMechanism mechanism;
	char qualifier;        /* one of + - ~ ? */
	char *domain;          /* with its macros; NULL if none is given */
	GInetAddress *address; /* ip4 and ip6 */
	guint bits4;           /* length of the prefix: 32 and 128 if none is given; ip4 and a, mx */
	guint bits6;           /* ip6 and a, mx */
} SpfTerm;

typedef struct {
	GPtrArray *terms; /* SpfTerm *: the mechanisms in their order */
	char *redirect;   /* with its macros, or NULL */
} SpfRecord;
void spf_record_free(SpfRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpfRecord, spf_record_free)

/* Whether a TXT record is meant as SPF: "v=spf1", alone or before a space. */
gboolean spf_record_is(const char *text);
/* NULL and WIRE_ERROR_MALFORMED, a sentence that names the wrong term (text_for_terminal). `text` must be spf_record_is. */
SpfRecord *spf_record_parse(const char *text, GError **error);

/* What macros stand for. */
typedef struct {
	const char *sender; /* local@domain */
	const char *domain; /* whose record it is */
	GInetAddress *address;
} SpfMacros;

/* The domain that a term of a parsed record names, at most LIMIT_DOMAIN_BYTES: of a longer one the labels at the left are left out (RFC 7208 section 7.3).
 * NULL if it depends on what only the receiver of a mail knows: %{h} or %{p}. The caller's. */
char *spf_record_expand(const char *domain, const SpfMacros *macros);
