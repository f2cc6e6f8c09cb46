/*
 * Paragraphs: an HTML body as people type it (blank line = paragraph, line end = break) becomes HTML (contract 6.9). Input is UTF-8 or at
 * least text without NUL; CR LF and CR become LF; bytes that mean nothing here pass as they are. The result is the caller's.
 */
#pragma once

#include <glib.h>

/*
 * `html` with paragraphs, breaks, omitted end tags and indentation, byte for byte as Contact Form 7 6.1.6 writes them (contract 6.9). Tags are
 * cut at their first ">", be it quoted, as there. A text whose elements are nested deeper than LIMIT_HTML_DEPTH, or that would grow past
 * LIMIT_MAIL_TEXT_BYTES, comes back as it is, with LF. Nothing is escaped or removed: what a visitor typed must be escaped before.
 */
char *paragraphs_format(const char *html);
