/*
 * The files of a letter (contract 6.8): uploads that the template names, and files of the site's own.
 */
#pragma once

#include "letter_parts.h"

/*
 * Appends to letter->attachments what the template names and what can be had, and to letter->missing the rest. First for each file field of the form whose
 * literal `[NAME]` stands in the template's attachments its kept files; then each other line that is not empty and does not begin with "[" as a path below
 * the site's attachments folder. Together at most LIMIT_ATTACHMENTS_BYTES; what does not fit is missing, and smaller ones after it may fit.
 */
void attachments_read(Letter *letter, const LetterSource *source, const char *data_directory);
void letter_attachment_free(LetterAttachment *attachment);
void missing_attachment_free(MissingAttachment *missing);
/* An attachment with a name that a header can hold: one line without controls, "/" and "\\", at most 255 bytes. Takes no reference of the strings, one of
 * the content. */
LetterAttachment *letter_attachment_new(const char *name, const char *type, GBytes *content);
