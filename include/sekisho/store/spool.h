/*
 * Spool files: the content of uploads. Each lies in DATA_DIRECTORY/spool (2770; files 0660) under a random name, sealed chunk by chunk while it streams in
 * (base/vault.h, sealed streams) under a key of its own; that key is kept only in the sealed submission (SubmissionFile), so the
 * folder alone tells nothing, and an erased submission makes its files unreadable at once.
 *
 * A file is: written -> finished (all of it is there, and perhaps only in memory) -> synced (it and the folder, once its submission is to be kept: what is
 * refused costs no sync) -> named by a row of spool_file, in the transaction of its submission, which must not begin before -> released
 * (the submission was purged, or its content erased: the row stays and names none) -> removed, then the row too. A crash
 * between two of these steps repeats the last one: spool_remove_released finds the row again. Only a crash before the
 * commit leaves a file that no row ever named; nobody holds its key any more, and spool_sweep removes it when it is LIMIT_SPOOL_ORPHAN_S
 * old. So no file that was acknowledged goes before its row was released, and no age is asked of a released one.
 *
 * Text from outside: the content is any bytes and is never looked into. Names of files come from databases, which another process may
 * have written: only 32 hex digits are taken, and no symbolic link is followed.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"
#include "sekisho/store/db.h"

typedef struct SpoolWriter SpoolWriter;

/* A new spool file; makes the folder if it is the first. STORE_ERROR_FULL, STORE_ERROR_READONLY, STORE_ERROR_IO, as all functions here. */
SpoolWriter *spool_create(const char *data_directory, GError **error);
/* After an error only spool_discard. */
gboolean spool_write(SpoolWriter *writer, const guint8 *bytes, gsize size, GError **error);
/* Seals the end and writes spool, sha256, size_bytes, key and FILE_KEPT into `file`, which is not durable yet. After an error the file is
 * gone. Ends `writer` in any case. */
gboolean spool_finish(SpoolWriter *writer, SubmissionFile *file, GError **error);
/* Removes the file. NULL does nothing. */
void spool_discard(SpoolWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpoolWriter, spool_discard)
/* Removes a finished file whose submission is not kept; one without a spool file is left alone. Never fails: what stays is swept. */
void spool_remove(const char *data_directory, const SubmissionFile *file);

/* Makes the kept ones of `files` (SubmissionFile *, finished by this process) durable: each of them, the folder once, and once per process the
 * folder's own entry. Waits for the disk; without a kept file it does nothing. After an error (STORE_ERROR_NOT_FOUND: a file is gone) the submission
 * must not be stored; the files stay, for spool_remove. */
gboolean spool_sync(const char *data_directory, const GPtrArray *files, GError **error);

/* The content of a kept file, wiped when freed. STORE_ERROR_NOT_FOUND; BASE_ERROR_FORGED: its name is none of ours, or the file is not what was
 * sealed under its key. */
GBytes *spool_read(const char *data_directory, const SubmissionFile *file, GError **error);

/* Removes released files, at most `limit`, and their rows. Asks one index when there are none. Returns how many, -1 on error: then
 * those that could be removed are gone all the same, and the rows of the others stay. Takes its own transaction. */
gint spool_remove_released(Db *db, const char *data_directory, guint limit, GError **error);
/* Removes files that no row names and that were not written within the last LIMIT_SPOOL_ORPHAN_S (by clock_now_us), at most `limit`. Reads the
 * whole folder. Returns how many, -1 on error. */
gint spool_sweep(Db *db, const char *data_directory, guint limit, GError **error);
