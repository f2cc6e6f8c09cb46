/*
 * The grammar of mail-tags (contract 6.2): where they stand and what they say. Private to form/.
 */
#pragma once

#include <glib.h>

typedef struct {
	gsize start;          /* bytes in the line, outer brackets included */
	gsize end;
	gboolean is_escaped;  /* both outer brackets are there: the tag is shown, not replaced */
	char *name;           /* as written */
	char *format;         /* the first quoted text; NULL if there is none */
} MailTag;

/* Reads the first mail-tag of `line` (`size` bytes, no LF) at or behind `from`. FALSE if there is none. `tag` is to be cleared. */
gboolean mailtag_scan_next(const char *line, gsize size, gsize from, MailTag *tag);
void mailtag_scan_clear(MailTag *tag);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailTag, mailtag_scan_clear)

/* Field that the tag takes its value from, normalised: X for X, _raw_X and _format_X. The caller's. */
char *mailtag_scan_field(const MailTag *tag);
gboolean mailtag_scan_is_raw(const MailTag *tag);

/* `text` with each tag that is not escaped as `substitute`. The caller's. */
char *mailtag_scan_without(const char *text, const char *substitute);
