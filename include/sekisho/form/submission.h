/*
 * What one visitor sent to one form, with the client's facts (contract 3.1, 3.4). Immutable once made, so any thread may read it.
 * Text from outside: everything in it passed text_clean and text_strip; CR and LF can be in values and names of fields only.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/wire/posted.h"

/* The client's facts; all strings may be "" and are the struct's. */
typedef struct {
	char *remote_ip;    /* network_normalise'd, "" if it was no address */
	guint16 remote_port;
	char *user_agent;
	char *url;          /* the page, contract 3.1 */
	char *unit_tag;     /* sanitised, contract 1.5 */
	guint64 container_post;
	gint64 received_at_us;
	char *fingerprint;  /* of browser and connection, newest key first, separated by a space (front/fingerprint.h); "": none */
	char *canary;       /* the token with which `sekisho canary` posted, at most LIMIT_CANARY_BYTES; "" for a visitor. Who mails by it verifies it */
} ClientFacts;
ClientFacts *client_facts_new(void);
void client_facts_free(ClientFacts *facts);
/* Address with source port, as a URL writes it: behind a carrier's NAT only both together name somebody. "" if the address is not known. The caller's. */
char *client_facts_endpoint(const ClientFacts *facts);

/* One uploaded file, in the order in which it came. Its content lies sealed in a spool file under a key of its own (store/spool.h); this record is sealed
 * with the submission, so erasing the row makes the content unreadable. A file that was not kept has an empty `spool` and a `state` that says why. */
typedef enum {
	FILE_KEPT,
	FILE_EMPTY,     /* no name, or no byte: counts as no file (contract 10.1, 12.x) */
	FILE_TOO_LARGE, /* passed a limit while it came; size_bytes is then the limit plus one or more */
	FILE_FAILED     /* could not be written, or the request had too many */
} SubmissionFileState;
#define SUBMISSION_FILE_KEY_BYTES 32u
typedef struct {
	char *field;        /* normalised name, without [] */
	char *client_name;  /* as the client gave it, text_clean'ed: rules look at what stands behind its last dot (contract 10.2) */
	char *name;         /* cleaned by contract 10.3, for mails */
	char *spool;        /* file in the spool folder, or "" */
	char *sha256;       /* of the content, 64 hex digits, or "" */
	guint64 size_bytes;
	SubmissionFileState state;
	guint8 key[SUBMISSION_FILE_KEY_BYTES];
} SubmissionFile;
SubmissionFile *submission_file_new(void); /* every string "" */
void submission_file_free(SubmissionFile *file); /* wipes the key */
/* An empty list of them. The caller's. */
GPtrArray *submission_files_new(void);

typedef struct Submission {
	char *receipt;            /* vault_receipt */
	char *site;
	guint64 form_id;
	const ClientFacts *client;
	const Posted *posted;     /* raw values, all names, `_...` included */
	const GPtrArray *fields;  /* SubmissionField *: shaped by the form, contract 3.4, `_...` names left out */
	const GPtrArray *files;   /* SubmissionFile *; after submission_from_bytes only those that were kept */
	char *evidence;           /* what the gate found (policy/finding.h), set before it is stored; NULL: it was not asked */
	gboolean is_unchecked;    /* its captcha could not be verified, by our own fault: the notice says so, and no reply is planned */
	gboolean is_released;     /* it was held back, and let through: said by its row, which a front that was taken over can write, so the notice says that it was held back and no more */
} Submission;

typedef struct {
	char *name;
	gboolean is_array;
	char **values;   /* NULL-terminated; exactly one if not an array */
} SubmissionField;

/* Shapes `posted` by `form`. `posted`, `files` (NULL: none) and `client` become the submission's. */
Submission *submission_new(const Form *form, const char *receipt, Posted *posted, GPtrArray *files, ClientFacts *client);
void submission_free(Submission *submission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Submission, submission_free)

/* The shaped field, or NULL. Borrowed. */
const SubmissionField *submission_field(const Submission *submission, const char *name);

/* What two of the same form, values and files have in common (VAULT_HASH_REPETITION), whoever sent them and when: site, form, posted values in their order but for "_..." names
 * (free texts of choices count) and the tokens of captchas (`without`, names, NULL-terminated; may be NULL), names, sizes and digests of files. */
void submission_repetition(const Submission *submission, Vault *vault, const char *const *without, VaultHash *repetition);

/* TRUE if it may be kept only until its mails have settled: setting do_not_store, or a field with consent_for:storage is empty
 * (contract 3.4). */
gboolean submission_is_stored_briefly(const Form *form, const Submission *submission);

/* Everything of a submission but receipt, site and form id, as bytes to be sealed, and back. FORM_ERROR_TEMPLATE if the bytes are none of ours
 * (they come from a database and are treated as input). */
GBytes *submission_to_bytes(const Submission *submission);
Submission *submission_from_bytes(const char *receipt, const char *site, guint64 form_id, GBytes *bytes, GError **error);
