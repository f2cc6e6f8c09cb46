/*
 * Spool files: the content of uploads. Each lies in DATA_DIRECTORY/spool (2770; files 0660) under a random name, sealed chunk by chunk while it streams in
 * (base/vault.h, sealed streams) under a key of its own; that key is kept only in the sealed submission (SubmissionFile), so the
 * folder alone tells nothing and a purged row makes its files unreadable at once.
 *
 * A file is: written -> finished (content and folder synced) -> named by a row of spool_file once its submission is committed. The row goes with
 * its submission (retention, do_not_store); a file without a row, older than LIMIT_SPOOL_ORPHAN_S, is swept. So there is one way
 * in which a file ends, and a crash anywhere leaves an orphan at most.
 *
 * Text from outside: the content is any bytes and is never looked into.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/submission.h"
#include "sekisho/store/db.h"

typedef struct SpoolWriter SpoolWriter;

/* A new spool file. STORE_ERROR_IO (disk full, permissions). */
SpoolWriter *spool_create(const char *data_directory, GError **error);
gboolean spool_write(SpoolWriter *writer, const guint8 *bytes, gsize size, GError **error);
/* Seals the end, syncs the file and its folder, and writes spool, sha256, size_bytes and key into `file`. After an error the file is gone. Ends `writer`
 * in any case. */
gboolean spool_finish(SpoolWriter *writer, SubmissionFile *file, GError **error);
/* Removes the file. NULL does nothing. */
void spool_discard(SpoolWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpoolWriter, spool_discard)
/* Removes a finished file whose submission is not kept. Never fails: what stays is swept. */
void spool_remove(const char *data_directory, const SubmissionFile *file);

/* The content of a kept file. STORE_ERROR_NOT_FOUND, STORE_ERROR_IO, BASE_ERROR_FORGED (`file` comes from a database: a name that is none of ours is refused). */
GBytes *spool_read(const char *data_directory, const SubmissionFile *file, GError **error);
/* Removes files that no row names and that are older than LIMIT_SPOOL_ORPHAN_S, at most `limit`; also those whose row went. Returns how many, -1 on error. */
gint spool_sweep(Db *db, const char *data_directory, guint limit, GError **error);
