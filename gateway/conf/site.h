/*
 * One site: site.conf and its forms. Private to conf; the cache of sites stands in config.c.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/conf/settings.h"

/* A site's folder, and the accounts of sekisho.conf that it may name (name -> Account). */
typedef struct {
	const char *name;
	const char *folder;
	GHashTable *shared_accounts;
} SitePlace;

/* site.conf, with the defaults that depend on other keys filled in. CONF_ERROR_NO_SITE if there is none, CONF_ERROR_UNREADABLE. */
Settings *site_settings(const SitePlace *place, GPtrArray *problems, GError **error);
/* The site, freshly read. CONF_ERROR_NO_SITE, CONF_ERROR_INVALID, CONF_ERROR_UNREADABLE. */
Site *site_load(const SitePlace *place, GError **error);
/* Appends every problem and warning of site.conf, its private files and its forms. `shared_settings` is sekisho.conf. */
void site_check(const SitePlace *place, const Settings *shared_settings, GPtrArray *problems);

/* When a failure was seen (clock_now_us); TRUE while it need not be looked at again. */
gboolean site_is_failure_fresh(gint64 failed_at_us);
