/*
 * Exports of WordPress: a WXR file (Tools -> Export, contract 11.2) or the REST JSON of one form or of a list of forms (11.3).
 * The forms come out as FormSource, exactly as they were stored but for line breaks (LF) and messages that were missing (filled
 * by locale, 7.3).
 *
 * Text from outside, and hostile: entity declarations and deep nesting end in FORM_ERROR_IMPORT with a sentence that names the place;
 * wrong lengths and objects in serialised PHP refuse their form. Nothing is fetched, no external entity is read. Ceilings:
 * LIMIT_IMPORT_*. Invalid UTF-8 and NUL refuse the whole file; CR LF and CR become LF in templates and are removed from titles
 * and names. Other controls stay (JSON can bring them): escape texts for a terminal.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

/* A post or page of the site, for [_post_...] (contract 6.3). */
typedef struct {
	guint64 id;
	gboolean is_page; /* of the type "page"; posts.ini does not keep it */
	char *name; /* slug */
	char *title;
	char *url;
	char *author; /* display name, else login */
	char *author_address;
} SitePost;
SitePost *site_post_new(void); /* every string ""; both stand in form/site_post.c, because conf reads posts too */
void site_post_free(SitePost *post);

typedef struct {
	FormSource *source; /* slug is a folder's name (ASCII letters, digits, "-"; "form-ID" if nothing else is left), unique in
			       the import */
	char *refusal;      /* why this form cannot be taken (a line, safe for a terminal); NULL if it can. Its properties are incomplete then,
			       and its slug need not be unique */
	gboolean is_trashed; /* its owner put it into WordPress's trash; it is not to be taken either */
	char *hash;         /* hexadecimal digits as stored (64 or 40), of which shortcodes show the first 7; "" if unknown */
	GPtrArray *filled;  /* message keys that the export did not have (char *) */
	GPtrArray *remarks; /* what the reader itself noticed (char *, a line each, safe for a terminal): texts shorter than their
			       lengths, another locale taken, an empty template, and what of other plugins was left out: metas,
			       mail keys, messages */
} ImportedForm;
void imported_form_free(ImportedForm *form);

typedef struct {
	char *site_title; /* all "" in REST JSON */
	char *site_description;
	char *site_url; /* base_blog_url without trailing slash */
	char *language;
	GPtrArray *forms; /* ImportedForm *, by id */
	GPtrArray *posts; /* SitePost *, pages before others, and of each the newest (the highest id) first; only what everybody can read on the
			     site (contract 12.7): published, without a password, and of a type that has pages of its own */
} Import;
void import_free(Import *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)

/* Reads either kind; which one it is, the first character says. What is wrong with one form refuses that form (`refusal`) and not the
 * others. FORM_ERROR_IMPORT also when there is no form in it, and then the sentence says what to do in WordPress. A mail without a
 * recipient has [_site_admin_email] (6.1); a form without a valid locale has the site's. */
Import *import_read(GBytes *content, GError **error);
