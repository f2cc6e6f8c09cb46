/*
 * The gate's settings: those of site.conf, and over them, key by key, those of a form.ini, become a GatePolicy (policy/gate.h).
 */
#pragma once

#include "sekisho/conf/settings.h"
#include "sekisho/form/form.h"
#include "sekisho/policy/gate.h"

/* What all forms of a site have in common. Frozen. */
typedef struct {
	const Settings *settings; /* site.conf; borrowed, must live as long */
	const SiteFacts *facts;   /* likewise */
	GHashTable *shorteners;   /* char * (domain) -> itself; forms without a file of their own share it */
	GHashTable *disposables;
} GateSite;
/* Reads the lists that site.conf names; problems are appended. The caller's. */
GateSite *gatefile_site_new(const Settings *settings, const SiteFacts *facts, GPtrArray *problems);
void gatefile_site_free(GateSite *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateSite, gatefile_site_free)

/* The policy of a form; `form` is its form.ini, or NULL for the site's own. Appends what is wrong in that file, and of settings that the site gives nothing, which is said of the
 * site. The caller's. */
GatePolicy *gatefile_policy(const GateSite *site, const Settings *form, GPtrArray *problems);

/* The same as it is written (GateSetting *, conf/config.h). The caller's. */
GPtrArray *gatefile_settings(const GateSite *site, const Settings *form);

/* Appends the lists that a file names and both roles read, those that exist (char *). */
void gatefile_paths(const Settings *settings, GPtrArray *paths);

/* Appends what only `sekisho check` looks at: private files as root sees them, and warnings about values that hardly anybody means. `settings` is the file that is looked at: site.conf,
 * or a form.ini. */
void gatefile_check(const GatePolicy *policy, const Settings *settings, GPtrArray *problems);
/* Appends warnings about honeypot fields and captcha tags that do not fit the form in `folder`. */
void gatefile_check_form(const GatePolicy *policy, const Form *form, const char *folder, GPtrArray *problems);
