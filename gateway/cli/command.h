/*
 * One command on its way: what all verbs share. Configuration, database and keys are opened when a verb first needs them.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/cli/cli.h"
#include "sekisho/conf/config.h"
#include "sekisho/store/db.h"

typedef struct {
	CliConsole *console;
	const char *verb; /* its name; NULL before it is known */
	char *config_path;
	gboolean is_help_asked;
	gboolean is_version_asked;
	gboolean is_json;
	/* Opened by the functions below. */
	Config *config;
	Db *db;
	Db *ledger;
	Db *counters;
	Vault *vault;
} Command;

/* A verb. `run` gets the arguments behind the verb (the first one is the program's name) and returns an exit code, or sets `error`. */
typedef struct {
	const char *name;
	const char *usage;
	const char *help; /* its first line stands in `sekisho --help` */
	int (*run)(Command *command, char ***arguments, GError **error);
} Verb;

extern const Verb check_verb;
extern const Verb dump_verb;
extern const Verb submissions_verb;
extern const Verb queue_verb;
extern const Verb form_verb;
extern const Verb address_verb;
extern const Verb fuse_verb;
extern const Verb doctor_verb;
extern const Verb canary_verb;
extern const Verb list_verb;
extern const Verb held_verb;
extern const Verb why_verb;
extern const Verb rehearse_verb;
extern const Verb try_verb;
extern const Verb bounce_verb;

/* Parses options of this verb and those of all verbs (--config, --help) out of `arguments`. FALSE: an error (G_OPTION_ERROR), or, without
 * one, help was asked for and printed. `own` may be NULL. */
gboolean command_parse(Command *command, const Verb *verb, const GOptionEntry *own, char ***arguments, GError **error);
/* The option --json, for verbs that list; goes into `own`. */
GOptionEntry command_json_option(Command *command);
/* G_OPTION_ERROR with this sentence: a wrong command line. */
void command_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Whether each is "HOST:PORT:ADDRESS", or there is none (NULL); else a usage error. */
gboolean command_resolves(char **resolve, GError **error);
/* A whole number from 1 to `maximum`, else a usage error that names `what`. */
gboolean command_number(const char *text, const char *what, guint64 maximum, guint64 *number, GError **error);

gboolean command_open_config(Command *command, GError **error);
/* Configuration and database. */
gboolean command_open_store(Command *command, GError **error);
/* The courier's ledger; needs the configuration. */
gboolean command_open_ledger(Command *command, GError **error);
/* What is counted besides (store/counters.h); needs the configuration. */
gboolean command_open_counters(Command *command, GError **error);
/* What of a site waits for this reason is due now (store/outbox.h). How many deliveries, or -1. Needs the database. */
gint command_wake(Command *command, const char *site, const char *reason, GError **error);
/* The keys; needs the configuration. */
gboolean command_open_vault(Command *command, GError **error);
void command_close(Command *command);
/* Login name of who gives the order, for what is written down of it. The caller's. */
char *command_actor(void);
/* Whether a person is there who can be asked, */
gboolean command_can_ask(const Command *command);
/* and whether the answer to this question, a line of ours, is yes. */
gboolean command_ask(Command *command, const char *question);

/* `time_us` in the site's zone (UTC if the site cannot be read): "2025-11-22 14:03:05 +09:00". The caller's. */
char *command_local_time(Command *command, const char *site, gint64 time_us);
/* The same in UTC by ISO 8601, for JSON. */
GVariant *command_json_time(gint64 time_us);
/* Prints it as indented JSON with a line end; a floating `value` is consumed. */
void command_print_json(Command *command, GVariant *value);
/* A printed line; the text is escaped for the terminal. */
void command_print_line(Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
