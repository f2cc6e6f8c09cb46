/*
 * The one table of keys: every setting of every file, with type, range, default and help. Reading (conf/settings.h), `sekisho check`,
 * `sekisho config dump` and the manual page all come from it; a key that has no row here does not exist.
 *
 * The text of a value: GKeyFile's escapes hold (\s space, \n line feed, \t tab, \r, \\ backslash), because values are read with
 * g_key_file_get_string; white space around a value does not belong to it unless it is escaped; there are no comments behind a value. A comment
 * is a line of its own that begins with "#".
 *
 * Text from outside: a value is valid UTF-8 without NUL (conf/settings.h refuses the file otherwise); other controls are refused in every type, and
 * CR and LF in every type but KEY_LINES.
 */
#pragma once

#include <glib.h>

/* Which file a key stands in; a set of bits in a row. */
typedef enum { KEYS_MAIN = 1 << 0, KEYS_SITE = 1 << 1, KEYS_FORM = 1 << 2, KEYS_POSTS = 1 << 3 } KeysFile;

typedef enum {
	KEY_TEXT,     /* one line */
	KEY_LINES,    /* may hold line feeds and tabs */
	KEY_NAME,     /* keys_is_name */
	KEY_NAMES,    /* such names, separated by spaces */
	KEY_PINS,     /* "sha256//" and the base64 of 32 bytes, separated by spaces (RFC 7469 2.4) */
	KEY_PATH,     /* relative ones count from the folder of the file that names them */
	KEY_LISTEN,   /* path of a socket, 127.0.0.1:PORT, [::1]:PORT, or empty */
	KEY_HOST,     /* host name or IPv4 address */
	KEY_SERVER,   /* the same, or an IPv6 address without brackets */
	KEY_PORT,
	KEY_BOOLEAN,  /* on off yes no true false 1 0 */
	KEY_INTEGER,  /* minimum to maximum */
	KEY_WORD,     /* one of `words` */
	KEY_DURATION, /* number and unit s m min h d w: 30d, 10min; minimum and maximum in seconds */
	KEY_RATE,     /* "5/10min burst 3" or "off" (policy/rate.h) */
	KEY_HUNDREDTHS, /* 0 to 1 with at most two decimals: 0.5 */
	KEY_NETWORKS, /* addresses and networks (base/network.h), separated by spaces */
	KEY_MAILBOX,  /* address, or Name <address> */
	KEY_ADDRESS,  /* an address that address_configured takes (wire/address.h) */
	KEY_SENDER,   /* the same, deliverable */
	KEY_URL,      /* http or https, no query */
	KEY_DOMAINS,  /* "none", or domains with a dot (ASCII or not), separated by spaces */
	KEY_SERVERS,  /* 192.0.2.1, 192.0.2.1:53, 2001:db8::1 or [2001:db8::1]:53, separated by commas */
	KEY_ORIGINS,  /* web origins as a browser writes them (RFC 6454 6.2), separated by spaces */
	KEY_TIMEZONE, /* name of the IANA database, or +09:00 */
	KEY_LOCALE    /* ja, en_US */
} KeyType;

typedef struct {
	guint files;          /* KeysFile bits */
	const char *group;    /* "gateway"; "account *" stands for [account NAME] */
	const char *key;      /* "*" stands for any key of letters, digits and "_" */
	KeyType type;
	gboolean is_required; /* required keys have no fallback */
	const char *fallback; /* the default, as text of a value; "" may be replaced by what `help` says */
	gint64 minimum;
	gint64 maximum;
	const char *words;    /* separated by single spaces */
	const char *help;     /* one line */
} KeyRow;

/* All rows, groups together and in the order in which people read them. Static. */
const KeyRow *keys_table(gsize *count);
/* The row for a key of a group as it stands in a file ("account main"), or NULL. */
const KeyRow *keys_find(KeysFile file, const char *group, const char *key);
gboolean keys_is_group(KeysFile file, const char *group);
/* TRUE if `group` as it stands in a file is the row's, or matches its pattern. */
gboolean keys_is_of_group(const KeyRow *row, const char *group);
/* What to write instead of an unknown group or key: a sentence's end such as `did you mean "port"?`. The caller's. */
char *keys_suggest_group(KeysFile file, const char *group);
char *keys_suggest_key(KeysFile file, const char *group, const char *key);

/* A name that can be a file's and stand behind the "@" of a Message-ID: letters, digits, "." "-" "_", no leading "." or "-", no "." at the end or
 * twice in a row, at most LIMIT_DOMAIN_BYTES. */
gboolean keys_is_name(const char *text);
/* Reads the text of a value by its row. `number` receives what the type counts: integer, port, boolean 0 or 1, index in `words`, duration in
 * microseconds, hundredths; 0 for the others. FALSE: `problem` receives "what is wrong; what would be right" (the caller's). An empty text passes where the
 * fallback is empty too. */
gboolean keys_read(const KeyRow *row, const char *text, gint64 *number, char **problem);
