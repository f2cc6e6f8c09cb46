/*
 * What a file field takes (contract 4.6, 10.2). Only the file's name counts; its content and the type that a browser claims are not looked at.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/formtag.h"

/* The accept list of the tag's `filetypes:` options, or the default one: ".pdf", "image/png", "image/" and a star. One empty text if nothing is left of the
 * options; then no file is taken. NULL-terminated, the caller's. */
char **filetypes_accepted(const FormTag *tag);
/* TRUE if what stands behind the last "." of `client_name` is a type of that list; ASCII case does not count. */
gboolean filetypes_is_accepted(const char *const *accepted, const char *client_name);
/* MIME type of a file by what stands behind the last "." of its name; application/octet-stream for what WordPress does not know. Static. */
const char *filetypes_of_name(const char *name);
/* TRUE if WordPress knows a type with that extension, which is without its dot; ASCII case does not count. */
gboolean filetypes_is_known(const char *extension);
/* Bytes that all files of the field together may have: the tag's `limit:`, or 1 MiB. */
guint64 filetypes_limit_bytes(const FormTag *tag);
