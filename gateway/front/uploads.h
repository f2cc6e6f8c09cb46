/*
 * The files of one request, on their way from the body into spool files (store/spool.h). Only upload fields of the form take files; a part of any
 * other name is ignored (contract 10.1), and so is a name with brackets out of order. A name that comes again replaces as in PHP's map of files: a
 * plain one or an equal key loses its earlier file, `f[]` adds one. Content is never looked into.
 *
 * Ceilings: a field's files together have at most its `limit:`, a request has at most LIMIT_FILES files, and LIMIT_BODY_BYTES bounds all. Past a
 * ceiling nothing more is written, and what is over comes as FILE_TOO_LARGE or FILE_FAILED, so that the rules answer it under its field.
 *
 * Text from outside: names of fields as in wire/posted.h. Names of files: bytes that are no UTF-8 become U+FFFD, then text_clean.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"
#include "sekisho/wire/multipart.h"

typedef struct Uploads Uploads;

/* `form` NULL: it is not known yet, because its id is in the body; then every file is taken, and uploads_fit looks through them. Both are borrowed
 * and must outlive the uploads. */
Uploads *uploads_new(const char *data_directory, const Form *form);
/* Removes every file that was not taken out. NULL does nothing. */
void uploads_free(Uploads *uploads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Uploads, uploads_free)

/* One part with a file name. WIRE_ERROR_LIMIT for the field's name or the number of such parts only. */
gboolean uploads_begin(Uploads *uploads, const MultipartPart *part, GError **error);
void uploads_write(Uploads *uploads, const guint8 *bytes, gsize size);
/* Waits for the disk if the part was a file that is kept. */
void uploads_end(Uploads *uploads);

/* Now the form is known: drops what it has no field for, and marks what is over a limit. */
void uploads_fit(Uploads *uploads, const Form *form);
/* The files (SubmissionFile *) in the order in which they came; the caller's, with what lies on the disk. Call it once, last. */
GPtrArray *uploads_take(Uploads *uploads);
/* Why a file could not be written (the first such error), or NULL. Borrowed. */
const GError *uploads_error(const Uploads *uploads);
/* Removes from the disk what `files` name. */
void uploads_remove(const char *data_directory, const GPtrArray *files);
