/*
 * Who did what: one line for each order that changed something, written by whoever gives it (the operator's command) or carries it out (the courier, for the button of a review link). It
 * stands in the ledger, which the front can neither read nor write. Nothing personal is in it but login names of operators: a target is a receipt, a number or a name of ours, never an address
 * or a text that somebody typed.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/db.h"

/* Who acts by the button of a review link: no login name, which has no slash. */
#define AUDIT_BY_LINK "mail/link"

typedef struct {
	gint64 id;
	gint64 at_us;
	char *actor;       /* login name, or AUDIT_BY_LINK */
	char *action;      /* "held.release", "list.add": verb and order, letters, "." and "-" */
	char *site;        /* "": of the whole gateway */
	char *target;      /* a receipt, "item 12", "entries 4 7", "3 entries"; "" */
} AuditLine;
void audit_line_free(AuditLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditLine, audit_line_free)

/* Writes it down as of now; id and at_us are not looked at, NULL counts as "". */
gboolean audit_note(Db *ledger, const AuditLine *line, GError **error);

typedef struct {
	const char *site;   /* NULL: all */
	const char *actor;  /* NULL: all */
	const char *action; /* NULL: all; else this action, or all of a verb: "held" */
	const char *target; /* NULL: all */
	gint64 since_us;
	gint64 before_us;   /* 0: no end */
	guint limit;
} AuditFilter;
/* AuditLine *, newest first. NULL on error. */
GPtrArray *audit_list(Db *ledger, const AuditFilter *filter, GError **error);
/* Lines older than LIMIT_AUDIT_US go with ledger_purge (store/ledger.h). */
