/*
 * The country of an address by a database in MaxMind's format, whoever made it: `country/iso_code` (MaxMind, DB-IP) or `country_code` (IPinfo and others).
 */
#pragma once

#include <glib.h>

typedef struct CountryFile CountryFile;
/* CONF_ERROR_UNREADABLE. The file is mapped: it must be replaced by renaming, never written over. */
CountryFile *country_file_open(const char *path, GError **error);
CountryFile *country_file_ref(CountryFile *file);
void country_file_unref(CountryFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CountryFile, country_file_unref)

/* Writes the two letters; FALSE if the database does not know the address, or it is none. Any thread. */
typedef struct {
	char letters[3];
} CountryCode;
gboolean country_file_find(const CountryFile *file, const char *ip, CountryCode *code);
