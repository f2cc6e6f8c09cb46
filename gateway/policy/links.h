/*
 * Links in what a visitor wrote, as people and mail programs see them, and what their hosts are.
 *
 * Text from outside: any valid UTF-8. What is no link that leads to a named or numbered host (a single word, a public suffix alone, a mail address, a file's name) is none here.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *host;    /* lower-case ASCII, at least two labels; of an IP host the address as network_normalise spells it */
	char *shown;   /* the host as a browser may show it: Unicode; of ASCII hosts the same */
	char *path;    /* from "/" on, printable ASCII, without query; "" */
	gboolean is_ip;
	gboolean has_credentials; /* "https://NAME:PASSWORD@HOST/" */
	gboolean has_decoy;       /* ... of which the name is a host's: "https://example.jp@HOST/" */
} Link;
void link_free(Link *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Link, link_free)

typedef enum {
	LINKS_WRITTEN, /* what a reader takes for a link: evidence against the visitor */
	LINKS_POSSIBLE /* whatever somebody could follow, also in a mail address or with an unusual spelling: to be looked up in lists of what is known to be bad */
} LinksCare;

/* What is found in the texts of one submission. */
typedef struct {
	LinksCare care;
	guint maximum;    /* further ones are not looked for */
	GPtrArray *links; /* Link *, in order, each host and path once; LINKS_POSSIBLE: each host once, without a path */
	GHashTable *seen; /* what each of them is known by */
	GHashTable *runs; /* what was read out of runs of letters: char * -> LinksRun * */
	gboolean is_full; /* there was more than is looked at */
} LinksFound;
void links_found_init(LinksFound *found, LinksCare care, guint maximum);
void links_found_clear(LinksFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LinksFound, links_found_clear)

/* Adds those of `text`. At most LIMIT_LINK_LOOKS different runs of letters are looked at, over all texts. */
void links_find(LinksFound *found, const char *text);

/* links_host.c */

/* Where the host ends that `run` begins with, in bytes; 0: it is none. A run is letters, digits, hyphens and dots; of Japanese text that follows a host without a space nothing is taken. With
 * `has_scheme` endings that no list knows are taken, too. LINKS_POSSIBLE: hyphens and underscores at the end are not part of the host. */
gsize links_host_length(const char *run, gboolean has_scheme, LinksCare care);
/* The host of that spelling, IDNA (RFC 5891, UTS 46) done and its labels letters, digits and hyphens, as Link has it; FALSE if it is none. The caller's. */
gboolean links_host_read(const char *spelling, Link *link);
/* The registrable domain of `host` (borrowed from it); NULL for a public suffix and for an IP address. */
const char *links_registrable(const Link *link);
/* TRUE for an address that nobody in the internet can have: loopback, private, link-local. */
gboolean links_is_private(const Link *link);
/* TRUE if one of the host's words mixes letters of scripts that look alike (Latin with Cyrillic, Greek ...). */
gboolean links_mixes_scripts(const Link *link);
/* The text with each letter and digit replaced by the Latin one that it looks like. The caller's. */
char *links_skeleton(const char *text);
