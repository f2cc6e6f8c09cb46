/*
 * Exports of WordPress: a WXR file (Tools -> Export, contract 11.2) or the REST JSON of one form or of a list of forms (11.3). The forms come out as
 * FormSource, exactly as they were stored but for line breaks (LF) and messages that were missing (filled by locale, 7.3).
 *
 * Text from outside, and hostile: entity declarations, deep nesting, wrong lengths and objects in serialised PHP end in FORM_ERROR_IMPORT with a sentence
 * that names the place. Nothing is fetched, no external entity is read. Ceilings: LIMIT_IMPORT_*.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

/* A post or page of the site, for [_post_...] (contract 6.3). */
typedef struct {
	guint64 id;
	char *name;           /* slug */
	char *title;
	char *url;
	char *author;         /* display name, else login */
	char *author_address;
} SitePost;
SitePost *site_post_new(void); /* every string "" */
void site_post_free(SitePost *post);

typedef struct {
	FormSource *source;      /* slug is a folder's name (ASCII letters, digits, "-"; "form-ID" if nothing else is left), unique in the import */
	char *hash;              /* of shortcodes, "" if unknown */
	GPtrArray *filled;       /* message keys that the export did not have (char *) */
	GPtrArray *remarks;      /* what the reader itself noticed: resynchronised lengths, foreign meta keys, unknown message keys (char *) */
} ImportedForm;
void imported_form_free(ImportedForm *form);

typedef struct {
	char *site_title;        /* all "" in REST JSON */
	char *site_description;
	char *site_url;          /* base_blog_url without trailing slash */
	char *language;
	GPtrArray *forms;        /* ImportedForm *, by id */
	GPtrArray *posts;        /* SitePost *, by id; forms, revisions and attachments are left out */
} Import;
void import_free(Import *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)

/* Reads either kind; which one it is, the first character says. FORM_ERROR_IMPORT also when there is no form in it. */
Import *import_read(GBytes *content, GError **error);
