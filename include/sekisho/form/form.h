/*
 * What a form is. A FormSource is its text as it stands in files; a Form is that text compiled. A Form is frozen after
 * form_new: any thread may read it, nobody changes it. It is reference-counted because a reload may replace it while jobs hold it.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/formtag.h"

/* A mail of the form (contract 6.1). Strings are never NULL. */
typedef struct {
	gboolean is_active;  /* looked at in mail_2 only */
	char *subject;
	char *sender;
	char *recipient;
	char *body;
	char *additional_headers; /* lines `Name: value` */
	char *attachments;
	gboolean is_html;
	gboolean is_exclude_blank;
	gboolean is_default_text;  /* nobody wrote `body`: its file is missing */
} MailTemplate;

/*
 * The kinds of mail one submission may cause. Values are stored: never renumber.
 *   MAIL_NOTICE        `mail` to the addresses that the operator wrote
 *   MAIL_REPLY         `mail_2`
 *   MAIL_COPY          `mail` to an address that was typed, because a Cc or Bcc of it takes it from a field
 *   MAIL_CONFIRMATION  our own text to an address that has not proved itself: may we send what waits for it? Made by the courier alone
 *   MAIL_HELD          our own text to the site's admin_address: something was held, look at it. One tells of all that are held then
 */
typedef enum { MAIL_NOTICE = 1, MAIL_REPLY = 2, MAIL_COPY = 3, MAIL_CONFIRMATION = 4, MAIL_HELD = 5 } MailKind;
#define MAIL_KIND_LAST MAIL_HELD
/* "notice", "reply", "copy", "confirmation", "held". */
const char *mail_kind_name(MailKind kind);

/*
 * Which typed addresses get mail (replies and copies): none; those that have proved themselves; or those, and any other is first asked by a confirmation.
 */
typedef enum { REPLY_CONFIRM, REPLY_PROVED, REPLY_NEVER } ReplyPolicy;
/* "confirm", "proved", "never". */
const char *reply_policy_name(ReplyPolicy policy);

/* What the site says about itself, for special mail-tags (contract 6.3) and for the rule on senders. Strings are never NULL.
 * Reference-counted (an atomic box, so never on the stack or static): a Form keeps it alive after its Site is gone. Filled once, then frozen. */
typedef struct {
	char *name;            /* the site's key, "example.jp" */
	char *title;
	char *description;
	char *url;             /* home URL without trailing slash */
	char *admin_address;   /* [_site_admin_email] */
	char *from;            /* configured sender, "Name <addr>" or "addr" */
	char *bounce_address;  /* envelope sender; the address of `from` if not configured */
	char *date_format;     /* PHP date letters */
	char *time_format;
	char **own_domains;    /* addresses in these, and in domains below them, count as proved; NULL-terminated */
	char *canary_address;  /* where `sekisho canary` is mailed instead of the owner; "" = nowhere */
	char **origins;        /* other addresses than url whose pages may use our forms: "https://www.example.jp"; NULL-terminated */
	char *list_separator;  /* between values in a mail body (contract 6.2 step 4); "": as in the form's language */
	char *attachments_directory; /* files of the site that its mails may attach (contract 6.8); "" = none */
	GTimeZone *timezone;
	gboolean is_facts_on;  /* setting notice.facts */
	GHashTable *posts;     /* guint64 * -> SitePost * (form/import.h), for [_post_...]; NULL: none were imported */
} SiteFacts;
/* Every string "", UTC, facts on. Thread-safe ref and unref; unref of NULL does nothing. */
SiteFacts *site_facts_new(void);
SiteFacts *site_facts_ref(const SiteFacts *facts);
void site_facts_unref(SiteFacts *facts);
/* A moment in the site's zone: "2026-11-22 20:51:00 +09:00"; "" for one that no calendar has. The caller's. */
char *site_facts_time(const SiteFacts *facts, gint64 time_us);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SiteFacts, site_facts_unref)

typedef struct {
	guint64 id;
	char *slug;      /* the form's folder */
	char *title;
	char *locale;    /* "ja", "en_US" */
	char *template_text;
	MailTemplate mail[2];     /* [0] mail, [1] mail_2 */
	ReplyPolicy reply;
	GHashTable *messages;     /* char * -> char *: texts that replace the defaults */
	char *additional_settings; /* lines `key: value` (contract 8.5) */
} FormSource;
FormSource *form_source_new(void); /* every string "", messages empty */
FormSource *form_source_copy(const FormSource *source);
void form_source_free(FormSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FormSource, form_source_free)

typedef struct Form {
	const FormSource *source;
	const SiteFacts *site;     /* a reference of the Form's own */
	const GPtrArray *tags;     /* FormTag * */
	const GPtrArray *rules;    /* Rule *, in the order of contract 5.3 */
	gboolean is_demo;                  /* demo_mode */
	gboolean is_mail_skipped;          /* skip_mail */
	gboolean is_acceptance_validated;  /* acceptance_as_validation */
	gboolean is_stored_briefly;        /* do_not_store: erased once its mails have settled */
	gboolean is_for_subscribers;       /* subscribers_only: nobody who comes to us is logged in (contract 8.5, S10) */
} Form;

/*
 * Compiles `source`, which becomes the form's whatever happens; the form takes its own reference to `site`.
 * `problems` receives a sentence (char *, with "form.html line N" where it applies) for everything that makes the form unusable: tags
 * and settings this version does not do, a sender that is not ours (and why: SPF, DKIM, DMARC, and what to write instead),
 * a header line that may not be in a template (contract 6.6), a notice without any recipient that you configured or that form.html offers. NULL if there is one.
 * A sentence begins with its place: "form.ini [GROUP] KEY: ", "FILE line N: " or "FILE: ".
 */
Form *form_new(FormSource *source, const SiteFacts *site, GPtrArray *problems);
/* The same for `sekisho check`: the form even if there are problems, to be looked at and never to be served. NULL if it is not text. */
Form *form_examine(FormSource *source, const SiteFacts *site, GPtrArray *problems);
Form *form_ref(Form *form);
void form_unref(Form *form);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Form, form_unref)

/* First tag of that (normalised) name, or NULL. Borrowed. */
const FormTag *form_tag(const Form *form, const char *name);
/* The text of the <label> around the first tag of that name, or with for="..." its id:, as one line without HTML and form-tags, at most 100 bytes; NULL
 * if there is no such label or it has no text. The caller's. */
char *form_field_label(const Form *form, const char *name);
/* Text of a message key (contract 7.3): the form's own, else the default in its language. Borrowed. An unknown key reads "". */
const char *form_message(const Form *form, const char *key);
/* Value of an additional setting, or NULL: first line of a key wins (contract 8.5). The caller's. */
char *form_setting(const Form *form, const char *key);
/* Keys of additional settings that this version does nothing for (char *). The caller's. */
GPtrArray *form_unknown_settings(const Form *form);
/* Switches whose value is neither on nor off, so that they count as off (contract 8.5, S09), as "KEY: what is wrong; what would be right" (char *).
 * The caller's. */
GPtrArray *form_unclear_settings(const Form *form);
/* TRUE if that setting is exactly "on", "true" or "1" (contract 8.5). */
gboolean form_is_set(const Form *form, const char *key);
