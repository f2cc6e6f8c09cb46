/*
 * The owner's report as a mail: HTML that mail programs show (tables, styles in the elements), its charts as images within the mail (RFC 2387, cid:), each with a text that says the same, and
 * a plain text. In the site's language.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/letter.h"
#include "sekisho/relay/report.h"

/* The document alone; charts are <img src="PREFIX...">: "cid:" in a mail; NULL: as data: URLs, for a file that stands alone. The caller's. */
char *report_html(const Report *report, const Site *site, const char *locale, const char *image_prefix);
/* The same in words, for a mail and for a terminal of `width` cells; the charts drawn with characters. Site NULL: of all sites. LF. The caller's. */
char *report_text(const Report *report, const Site *site, const char *locale, guint width);
/* The letter to the site's owner, without envelope recipients. RELAY_ERROR_MESSAGE. */
Letter *report_letter(const Report *report, const Site *site, GError **error);
