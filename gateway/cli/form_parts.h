/*
 * The orders of `sekisho form`, and the report of an import. Each order returns an exit code, or sets `error`.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/form/import.h"
#include "sekisho/policy/replies.h"

/* What the options of the verb said. */
typedef struct {
	char *site;
	char **fields; /* NAME=TEXT; NULL without one */
	gboolean is_dry_run;
} FormOptions;

/* Exit code of an import or lint that did what it was asked and has something to say that a person must act on. */
#define FORM_EXIT_FINDINGS 1

int form_import(Command *command, const char *file, const FormOptions *options, GError **error);
/* `form` may be NULL: all forms of the site; `site` too: all sites. */
int form_lint(Command *command, const char *site, const char *form, GError **error);
int form_show(Command *command, const char *site, const char *form, GError **error);
int form_preview(Command *command, const char *site, const char *form, const FormOptions *options, GError **error);

/* The form of the site that `name` means: an id, a folder or a title. It may have problems (appended); only to be looked at. CONF_ERROR_NO_FORM. */
Form *form_find(const Site *site, const char *name, GPtrArray *problems, GError **error);

/* How the gate treats the form (GateSetting *), a line for each group. */
void form_print_gate(Command *command, const GPtrArray *settings);
/* aa{sv}, floating. */
GVariant *form_gate_json(const GPtrArray *settings);

/* What becomes of a mail to this recipient, as the end of a sentence: "is mailed", "waits until ...", "refused, because ...". The caller's. */
char *form_recipient_fate(const Form *form, const PlannedRecipient *recipient);
/* The same of every typed address that the rules take. Static. */
const char *form_typed_fate(const Form *form);

/* --- Report of an import -------------------------------------------------------------------------------------------------- */

typedef enum {
	FORM_IMPORTED,
	FORM_NEEDS_HAND, /* written, but unusable until a person mends it */
	FORM_EXISTS,     /* the site has that id already */
	FORM_REFUSED,    /* sekisho cannot serve it at all */
	FORM_UNREADABLE, /* the export is damaged there */
	FORM_FAILED,     /* could not be written */
	FORM_TRASHED     /* thrown away in WordPress; nobody misses it */
} FormOutcome;

/* What there is to say of a form, besides what was changed in it and what lint says. */
typedef enum {
	FORM_TOPIC_REASONS,    /* why it is not imported, or what needs a hand */
	FORM_TOPIC_FILLED,     /* keys of messages */
	FORM_TOPIC_WORDS,      /* in the template: neither form-tags nor HTML */
	FORM_TOPIC_LITERAL,    /* mail-tags that stay as they are written */
	FORM_TOPIC_RECIPIENTS, /* recipients that a field decides */
	FORM_TOPIC_SETTINGS,   /* settings we do nothing for */
	FORM_TOPIC_REMARKS,    /* the reader's, and lost special mail-tags */
	FORM_TOPICS
} FormTopic;

typedef struct {
	guint64 id;
	char *title;
	char *slug;
	char *folder;
	FormOutcome outcome;
	guint messages; /* how many it has, with those that were filled in */
	GPtrArray *topics[FORM_TOPICS]; /* char * */
	GPtrArray *mendings;            /* Mending * */
	GPtrArray *findings;            /* LintFinding * */
} FormReport;
FormReport *form_report_new(const FormSource *source);
void form_report_free(FormReport *report);
void form_report_say(FormReport *report, FormTopic topic, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Everything that can be said of the form as it will be written. `has_posts`: there is a table for [_post_...]. Adds to `reasons` what keeps it from
 * working. */
void form_report_examine(FormReport *report, const Form *form, gboolean has_posts);

/* The whole import. */
typedef struct {
	const char *file;
	const Config *config;
	const Site *site;
	const Import *import;
	const GPtrArray *reports; /* FormReport *, by id */
	guint posts;              /* how many of the import's are in posts.ini, or would be */
	gboolean is_dry_run;
} ImportReport;
void form_report_print(Command *command, const ImportReport *report);
/* What was said of an earlier form need not be read again. */
typedef struct {
	Command *command;
	GHashTable *said; /* text -> id of the form that it was said of (guint64, in the report) */
} FormPrinting;
/* Nothing if there is nothing to say of the form. `report` stays alive as long as `printing`. */
void form_report_print_form(const FormPrinting *printing, const FormReport *report);
/* In JSON. Static. */
const char *form_topic_name(FormTopic topic);
/* LintFinding * as aa{sv}, floating. */
GVariant *form_report_findings_json(const GPtrArray *findings);
void form_report_print_json(Command *command, const ImportReport *report);
