/*
 * The folder of one form: form.ini and its templates become a FormSource, then a Form.
 */
#pragma once

#include <glib.h>

#include "gatefile.h"
#include "sekisho/form/form.h"

/* Where a form stands. */
typedef struct {
	const char *folder;      /* .../forms/NAME */
	const char *site_locale; /* language of forms without one */
	const SiteFacts *facts;
	const GateSite *gate;    /* what the gate's settings of form.ini stand over; NULL: they are not looked at */
} FormPlace;

/* The form, compiled; one that is_for_subscribers too, whatever else is wrong with it: no submission is taken for it and no mail made. `policy` receives how
 * the gate treats it (the caller's). CONF_ERROR_INVALID with all its problems, CONF_ERROR_UNREADABLE. */
Form *formfile_load(const FormPlace *place, GatePolicy **policy, GError **error);
/* The folder's text, not compiled; what a problem concerns may be missing in it. CONF_ERROR_UNREADABLE. */
FormSource *formfile_read(const FormPlace *place, GPtrArray *problems, GError **error);
/* The form even if there are problems, to be looked at and never to be served. CONF_ERROR_UNREADABLE; NULL without one: it is not text. */
Form *formfile_examine(const FormPlace *place, GPtrArray *problems, GError **error);
/* The gate's settings of the form (GateSetting *, conf/config.h). The place must say what they stand over. CONF_ERROR_UNREADABLE. The caller's. */
GPtrArray *formfile_gate(const FormPlace *place, GError **error);
/* Appends every problem and warning of the folder. The place must say what the gate's settings stand over. */
void formfile_check(const FormPlace *place, GPtrArray *problems);

/* Appends the files that formfile_load reads, those of the folder and those that form.ini names, as far as they exist (char *). */
void formfile_paths(const char *folder, GPtrArray *paths);

/* Folders of forms below `directory`, sorted (char *, whole paths). Empty if there are none. The caller's. */
GPtrArray *formfile_folders(const char *directory);
/* Which folder has which id: gint64 * -> char * (folder; two folders of one id stand as both, with "\n" between). A folder whose id
 * cannot be read is left out. Problems receive ids that stand twice and folders past LIMIT_FORMS_PER_SITE. The caller's. */
GHashTable *formfile_index(const char *directory, GPtrArray *problems);
