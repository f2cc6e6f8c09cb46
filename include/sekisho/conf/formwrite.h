/*
 * Forms written as the folders that conf reads: form.ini, form.html, mail.txt, mail-headers.txt, mail_2.txt, mail_2-headers.txt. A folder is
 * there as a whole or not at all, and what is there reads back as the very form that was written.
 *
 * Text from outside: a FormSource of an import may hold any text. formwrite_settle makes it one that files can hold: one line where one
 * line stands, no controls, LF. Invalid UTF-8 and what is too large end in CONF_ERROR_INVALID.
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"

/* Changes `source` to what the site's files can hold: an empty title becomes the slug, an unusable locale the site's; lines that are no setting, messages
 * that have no key here, and control characters go. `remarks` receives a sentence (char *) for everything that a person might miss. */
void formwrite_settle(const Site *site, FormSource *source, GPtrArray *remarks);
/* Folder of a form of that slug, which need not exist. The caller's. */
char *formwrite_folder(const Config *config, const Site *site, const char *slug);
/* Writes a settled source as a new folder, synced, and reads it back. BASE_ERROR_IO; CONF_ERROR_INVALID if the folder exists, the slug is no
 * folder's name, or files cannot hold it. Nothing is there after an error. */
gboolean formwrite_form(const Config *config, const Site *site, const FormSource *source, GError **error);

/* `text` as one line without control characters. The caller's. */
char *formwrite_line(const char *text);

/* How many of these posts (SitePost * of form/import.h), from the first on, the site's table holds: LIMIT_POSTS_PER_SITE, LIMIT_POSTS_FILE_BYTES. */
guint posts_fitting(const GPtrArray *posts);
/* Writes those that fit, replacing what an earlier import wrote. BASE_ERROR_IO. */
gboolean posts_write(const Config *config, const Site *site, const GPtrArray *posts, GError **error);
