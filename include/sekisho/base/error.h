/*
 * Error domains of all layers, and the ONE table that says of each code what it means for the outside: its name in logs,
 * whether trying again can help, and the exit code of a command that ends with it (sysexits.h).
 *
 * A function that can fail returns gboolean or a pointer and takes `GError **error` last. Library code never logs an error;
 * the edge that handles it does, once. A message is a sentence that names what is wrong and, where a person can mend it,
 * what would be right. Messages hold no personal data and no secrets.
 */
#pragma once

#include <glib.h>

#define BASE_ERROR (base_error_quark())
GQuark base_error_quark(void);
typedef enum {
	BASE_ERROR_IO,       /* reading or writing a file failed */
	BASE_ERROR_EXPOSED,  /* a private file's mode or owner lets others read it */
	BASE_ERROR_KEY,      /* a key is missing, damaged or not known here */
	BASE_ERROR_FORGED,   /* sealed bytes do not open: damaged, or made with another key */
	BASE_ERROR_PRIVILEGE /* a user, group, limit or process setting could not be had */
} BaseError;

#define WIRE_ERROR (wire_error_quark())
GQuark wire_error_quark(void);
typedef enum {
	WIRE_ERROR_MALFORMED, /* the bytes break their format */
	WIRE_ERROR_LIMIT,     /* a ceiling of base/limits.h was passed */
	WIRE_ERROR_TYPE       /* a content type that is not read here */
} WireError;

#define FORM_ERROR (form_error_quark())
GQuark form_error_quark(void);
typedef enum {
	FORM_ERROR_TEMPLATE,   /* a form or mail template cannot be used as it stands */
	FORM_ERROR_SENDER,     /* a template would put a visitor's address into From: or the envelope */
	FORM_ERROR_UNSUPPORTED, /* a form-tag or setting that this version does not do */
	FORM_ERROR_IMPORT      /* an export of WordPress that is damaged, is hostile or holds no form */
} FormError;

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
typedef enum {
	STORE_ERROR_BUSY,      /* locked by another writer longer than we wait, or our queue is full */
	STORE_ERROR_FULL,      /* no space on the disk */
	STORE_ERROR_READONLY,  /* the file or its folder cannot be written */
	STORE_ERROR_CORRUPT,   /* not a database, or a damaged one */
	STORE_ERROR_VERSION,   /* made by a newer sekisho */
	STORE_ERROR_CONFLICT,  /* a constraint refused the row: it exists, or it was changed meanwhile */
	STORE_ERROR_NOT_FOUND, /* no such row */
	STORE_ERROR_IO         /* anything else the driver says */
} StoreError;

#define CONF_ERROR (conf_error_quark())
GQuark conf_error_quark(void);
typedef enum {
	CONF_ERROR_INVALID,  /* one or more settings are wrong; the message has a line for each */
	CONF_ERROR_NO_SITE,  /* no such site */
	CONF_ERROR_NO_FORM,  /* the site has no form with that id */
	CONF_ERROR_UNREADABLE /* a file is missing or cannot be read */
} ConfError;

#define RELAY_ERROR (relay_error_quark())
GQuark relay_error_quark(void);
typedef enum {
	RELAY_ERROR_CONNECT,   /* name, route, refusal or greeting: nobody to talk to */
	RELAY_ERROR_TLS,       /* no STARTTLS, or a certificate that is not the server's */
	RELAY_ERROR_AUTH,      /* the server does not take our name and password: the operator's alarm */
	RELAY_ERROR_TEMPORARY, /* the server said 4xx */
	RELAY_ERROR_PERMANENT, /* the server said 5xx to this mail or recipient */
	RELAY_ERROR_LOST,      /* the session ended before the answer */
	RELAY_ERROR_ACCOUNT,   /* the account or form is not usable at this moment */
	RELAY_ERROR_MESSAGE,   /* the mail cannot be composed */
	RELAY_ERROR_SMTPUTF8   /* the address needs SMTPUTF8, which server or transport do not have */
} RelayError;

/* The code's name for logs and JSON, for example "store.full"; static. "unknown" for a foreign domain. */
const char *error_name(const GError *error);
/* TRUE if the same thing may succeed later without anybody changing anything. Foreign domains count as temporary,
 * because treating an unknown failure as final would lose mail. */
gboolean error_is_temporary(const GError *error);
/* Exit code of sysexits.h for a command that ends with this error. */
int error_exit_code(const GError *error);
