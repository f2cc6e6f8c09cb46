/*
 * Configuration: INI files read by GKeyFile against the one table of keys (conf/keys.h), frozen when loaded.
 *
 *   sekisho.conf                       the gateway: [gateway], and [account NAME] shared by sites
 *   SITES/SITE/site.conf               one site: [site] [mail] [notice] [reply] [retention] [account NAME], and the gate's groups:
 *                                      [check] [limit] [captcha] [trap] [links] [sender] [rejected]
 *   SITES/SITE/posts.ini               its posts and pages, written by the import: [post ID]
 *   SITES/SITE/forms/NAME/form.ini     one form: [form] [mail] [mail_2] [messages] [settings], and the gate's groups, which replace the site's key by key
 *                     form.html mail.txt mail_2.txt mail-headers.txt mail_2-headers.txt  its templates
 *
 * Sites and forms are loaded when first asked for and kept while they fit LIMIT_SITES_LOADED; a reload is a new process.
 * Every problem is one line: "FILE:LINE: [GROUP] KEY: what is wrong; what would be right". All problems of a file at once.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/spam.h"
#include "sekisho/policy/gate.h"

/* In the order of the words of their keys. */
typedef enum { ACCOUNT_STARTTLS, ACCOUNT_TLS, ACCOUNT_PLAIN_LOOPBACK } AccountSecurity; /* ACCOUNT_TLS: from the first byte (RFC 8314 3.3) */
typedef enum { ACCOUNT_PASSWORD, ACCOUNT_XOAUTH2 } AccountLogin; /* ACCOUNT_PASSWORD: PLAIN or LOGIN, whichever the server offers */
typedef enum { ACCOUNT_AUTO, ACCOUNT_CURL, ACCOUNT_ESMTP } AccountTransport;

/* An SMTP account. What logs in stays in its file until account_secret. */
typedef struct {
	char *name;
	char *host;
	guint16 port;          /* not given: 465 with ACCOUNT_TLS, else 587 */
	AccountSecurity security;
	AccountTransport transport;
	AccountLogin login;
	char *user;            /* "" = no AUTH */
	char *password_file;   /* of ACCOUNT_PASSWORD */
	char *token_file;      /* of ACCOUNT_XOAUTH2: one of these two; "" = the other */
	char *token_command;   /* program whose first line of output is the token; absolute, no arguments */
	char *ca_file;         /* "" = the system's */
	char *pins;            /* public keys one of which the server must have, as "sha256//BASE64;sha256//BASE64" (RFC 7469 2.4); "" = any that is trusted */
	char *hello;           /* name for EHLO; "" = the machine's */
	guint connections;     /* sessions at once */
	Rate rate;             /* mails; count 0: no limit */
} Account;

typedef struct Config {
	char *listen;             /* path of the unix socket, or 127.0.0.1:PORT, [::1]:PORT; "" = only a socket handed over */
	char *socket_group;
	char *data_directory;
	char *courier_directory;  /* the courier's alone; never "" */
	char *key_directory;
	char *sites_directory;
	char *front_user;
	char *courier_user;
	char *group;
	guint workers;
	char *alarm_command;      /* program that is told of alarms; "" = none */
	char *alarm_address;      /* mailed with alarms; "" = none, or, without a program too, the admin_address of the site concerned */
	const Account *alarm_account; /* of sekisho.conf, for that mail; NULL: the site's own */
	char *dns_servers;        /* "192.0.2.1:53,[2001:db8::1]:53"; "" = the system's */
	char **trusted_proxies;   /* networks as network_read gives them (base/network.h), NULL-terminated; empty: none */
	char *proxy_header;       /* in which they tell the visitor's address: "X-Forwarded-For" */
	char *country_file;       /* "" = none (policy/lists.h) */
	/* private to conf */
	struct ConfigSites *sites;
} Config;

/* Reads the main file. CONF_ERROR_INVALID with all its problems, CONF_ERROR_UNREADABLE. */
Config *config_load(const char *path, GError **error);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* What bounds automatic mail (replies, copies, confirmations) of a site. */
typedef struct {
	gint64 period_us;    /* one reply and one confirmation per address within it */
	gint64 wait_us;      /* how long a reply waits for its address to be proved, and a link works */
	gint64 proof_us;     /* how long an address stays proved */
	guint per_domain;    /* mails to one domain in 24 hours */
	guint per_form;      /* mails of one form in an hour */
	guint fuse_hour;     /* mails in an hour at which the fuse trips, */
	guint fuse_day;      /* and in 24 hours */
	gboolean is_null_sender; /* envelope sender <> where the doctor saw it accepted */
	char *bounce_delimiter;  /* between bounce address and its signed tag; "" = no tag */
} ReplyLimits;

/* Whether the owner is mailed a report by himself: of yesterday, or of the last week (from Monday), in the site's zone. */
typedef enum { REPORT_OFF, REPORT_DAILY, REPORT_WEEKLY } ReportSchedule;

typedef struct Site {
	const SiteFacts *facts;
	const GPtrArray *accounts; /* const Account *, in the order in which they are tried; at least one */
	const ReplyLimits *reply;
	guint notices_per_hour;   /* beyond it they are sent together */
	const char *dkim_selector; /* of the key that its mail server signs with; "" = not known */
	gint64 retention_us;
	ReportSchedule report_schedule;
	const char *report_address; /* whom the report is mailed to; "" if neither it nor admin_address is configured */
	const SpamWords *disallowed_words; /* NULL: none */
	const char *wordpress_key_file;    /* see site_wordpress_key; "" = none */
	struct SiteForms *forms;  /* private to conf */
} Site;

/* The site, loaded if need be; a reference. Thread-safe. CONF_ERROR_NO_SITE, CONF_ERROR_INVALID, CONF_ERROR_UNREADABLE. A broken site
 * or form is read again only after LIMIT_BROKEN_RETRY_MS, so that a flood does not read the disk. The site may outlive `config`. */
Site *config_site(Config *config, const char *name, GError **error);
Site *site_ref(Site *site);
void site_unref(Site *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, site_unref)
/* The form with that id; a reference, which outlives site and config. One that is_for_subscribers is to be answered and never used. Thread-safe. CONF_ERROR_NO_FORM, CONF_ERROR_INVALID,
 * CONF_ERROR_UNREADABLE. */
Form *site_form(Site *site, guint64 id, GError **error);
/* How the gate treats submissions of that form (policy/gate.h): the site's settings, and over them the form's own. Loaded with the form, so only after site_form gave it; lives as long as the site. */
const GatePolicy *site_gate(Site *site, guint64 id);
/* One of the gate's settings of a form. */
typedef struct {
	const char *group;
	const char *key;
	char *text;          /* as it is written; "" = none */
	gboolean is_of_form; /* form.ini gives it, else site.conf or its default */
} GateSetting;
/* All of them (GateSetting *), in the order of the table of keys, also of a form that cannot be used. CONF_ERROR_NO_FORM, CONF_ERROR_UNREADABLE. The caller's. */
GPtrArray *site_gate_settings(const Site *site, guint64 id, GError **error);
/* The secret of the form's captcha service; "" with ALTCHA or none. Read anew each time. BASE_ERROR_EXPOSED, BASE_ERROR_IO. Wipe it with password_free. */
char *gate_captcha_secret(const GatePolicy *policy, GError **error);
/* The same, freshly read and never kept: the form even if there are `problems` (char *, appended), to be looked at and never to be served. The caller's. */
Form *site_examine_form(const Site *site, guint64 id, GPtrArray *problems, GError **error);
/* Folder of the form with that id (the first, should two have it), or NULL. The caller's. */
char *site_form_folder(const Site *site, guint64 id);
/* What WordPress keys its quiz hashes with (form/quiz.h); "" if the site names no file. Read anew each time. BASE_ERROR_EXPOSED, BASE_ERROR_IO.
 * Wipe it with password_free. */
char *site_wordpress_key(const Site *site, GError **error);
/* Language of forms without one. Borrowed. */
const char *site_locale(const Site *site);
/* Ids of the site's forms, good or broken, ascending (guint64). The caller's. */
GArray *site_form_ids(Site *site);

/* Names of all sites, sorted (char *). */
GPtrArray *config_site_names(Config *config, GError **error);
/* Checks a site with all its forms and private files: appends every problem (char *); those that begin with "warning: " keep no
 * form from working. */
void config_check_site(Config *config, const char *name, GPtrArray *problems);
/* Appends what is wrong with the program and the account that tell of alarms. */
void config_check_alarms(const Config *config, GPtrArray *problems);
/* Appends what is wrong with other files that [gateway] names. */
void config_check_files(const Config *config, GPtrArray *problems);
/* What both roles open of a site, as far as it exists: files, and the folder of its forms, which ends with "/" (char *). The caller's. */
GPtrArray *config_site_paths(Config *config, const char *name);
/* Appends SENTENCE with file, line, group and key of a setting of [gateway]. */
void config_problem(const Config *config, const char *key, GPtrArray *problems, const char *sentence);
/* What the account logs in with: its password, or the token of token_file; "" if it has no user, or a token_command, which is asked by whoever logs in (relay/token.h).
 * BASE_ERROR_EXPOSED, BASE_ERROR_IO, also for a token that is none. Wipe it with password_free. */
char *account_secret(const Account *account, GError **error);
void password_free(char *password);
/* TRUE if `text` can be a token of XOAUTH2: 1 to LIMIT_TOKEN_BYTES printable ASCII characters and no white space (RFC 6750 2.1 allows still fewer). Any bytes may come. */
gboolean account_is_token(const char *text);
/* The site's first account. Borrowed. */
const Account *site_account(const Site *site);
/* Names the account with its server and user (store/ledger.h: what the doctor saw of it). The caller's. */
char *account_key(const Account *account);
/* The same with the site's bounce address and its delimiter: whether a server takes an envelope sender with a tag depends on them, too. The caller's. */
char *account_tagged_key(const Account *account, const Site *site);
/* Equal for accounts that may share a session: all that a login depends on is equal. The caller's. */
char *account_identity(const Account *account);
/* All keys with their values as they hold now, for main file and one site (NULL: main file only), as INI text, file after file.
 * Passwords are not in it. */
char *config_dump(Config *config, const char *site, GError **error);
