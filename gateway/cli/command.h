/*
 * One command on its way: what all verbs share. Configuration, database and keys are opened when a verb first needs them.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/cli/cli.h"
#include "sekisho/cli/grammar.h"
#include "sekisho/conf/config.h"
#include "sekisho/store/db.h"

/* One who is told of a verb instead of its being run; see grammar_describe. */
typedef struct {
	GrammarListener listener;
	const char *heading;
	gpointer data;
} CommandTour;

struct Command {
	CliConsole *console;
	const char *verb;  /* its name; NULL before it is known */
	const char *order; /* of a verb that has orders, once command_parse returned TRUE: a name of its table */
	const CommandTour *tour; /* NULL: the verb is run */
	char *config_path;
	gboolean is_help_asked;
	gboolean is_version_asked;
	gboolean is_json;
	gboolean is_agreed; /* --yes */
	/* Opened by the functions below. */
	Config *config;
	Db *db;
	Db *ledger;
	Db *counters;
	Vault *vault;
};

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
extern const Verb completion_verb;
extern const Verb audit_verb;
extern const Verb report_verb;

/* Parses options of this verb and those of all verbs (--config, --help) out of `arguments`, and holds what is left against the verb's row of the table: there is such an order (command->order),
 * it has its number of arguments, and the options go with it. Where the arguments begin with SITE it may be written as --site, too, and is then put where it belongs. What `own` (may be NULL) stores into must be zero before, since what is not any more was given. FALSE: an error (G_OPTION_ERROR),
 * or, without one, help was asked for and printed, or the verb is only being described. Nothing is opened or asked before this. */
gboolean command_parse(Command *command, const Verb *verb, const GOptionEntry *own, char ***arguments, GError **error);
/* The option --json, for verbs that list; goes into `own`. */
GOptionEntry command_json_option(Command *command);
/* G_OPTION_ERROR with this sentence: a wrong command line. */
void command_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The option --yes, for verbs that throw something away; goes into `own`. */
GOptionEntry command_yes_option(Command *command);
/* TRUE if it may be done: --yes was given, or a person says so. Else FALSE: without an error if the answer was no (which is remarked), with a usage error that names --yes if nobody is there to be
 * asked. `question` is a sentence of ours, with its question mark. */
gboolean command_confirm(Command *command, const char *question, GError **error);
/* Writes down who did what (store/audit.h), by command_actor; opens the ledger if need be. FALSE: it was done and not written down. An order that needs no database may come before there is a ledger; then
 * nothing is written down. */
gboolean command_audit(Command *command, const char *action, const char *site, const char *target, GError **error);
/* The target of such a line: "item 12", "items 12 13", "items 1 ... 20 and 4 more" (LIMIT_AUDIT_NAMED). `ids` has gint64, one at least. The caller's. */
char *command_targets(const char *one, const char *many, const GArray *ids);
/* A line of ours for a person, beside JSON on standard error. */
void command_remark(Command *command, const char *line);
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

/* The zone of the site; without one (NULL, or it cannot be read) that of the machine. Needs the configuration. The caller's. */
GTimeZone *command_zone(Command *command, const char *site);
/* `time_us` in that zone: "2025-11-22 14:03:05 +09:00". The caller's. */
char *command_local_time(Command *command, const char *site, gint64 time_us);
/* The same in UTC by ISO 8601, for JSON. */
GVariant *command_json_time(gint64 time_us);
/* Adds a member to an object (G_VARIANT_TYPE_VARDICT); a floating `value` is consumed. */
void command_json_add(GVariantBuilder *object, const char *key, GVariant *value);
/* A text whose bytes need not be valid UTF-8, or null, for JSON. Floating. */
GVariant *command_json_text(const char *text);
/* Prints it as indented JSON with a line end; a floating `value` is consumed. */
void command_print_json(Command *command, GVariant *value);
/* A printed line; the text is escaped for the terminal. */
void command_print_line(Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
