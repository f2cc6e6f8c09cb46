/*
 * The client's facts (contract 3.1): who asks, from where, from which page, for which copy of the form on it. Everything here
 * was chosen by a stranger, except the address and port, which the web server vouches for.
 *
 * Text from outside: all results are valid UTF-8 without C0 controls (but tabs) and DEL; unit tags hold A-Z a-z 0-9 _ - only.
 */
#pragma once

#include <glib.h>

#include "request.h"
#include "sekisho/form/submission.h"

/* Everything contract 3.1 lists. `unit_tag` is copied. The caller's. */
ClientFacts *visitor_facts(const Request *request, const Posted *posted, const char *unit_tag, const SiteFacts *site);
/* The posted unit tag or, where none was posted, the one in the query, sanitised (contract 1.5); "" if there is none or it is "0".
 * `posted` may be NULL: nothing was read. The caller's. */
char *visitor_unit_tag(const Request *request, const Posted *posted);
/* The one of the site's further origins that the request says it comes from, for Access-Control-Allow-Origin; NULL if it is none of them. Borrowed
 * from `site`. */
const char *visitor_origin(const Request *request, const SiteFacts *site);
/* TRUE if `origin` ("https://example.jp", a header's text) is the site's own or one of its further origins. */
gboolean visitor_is_own_origin(const char *origin, const SiteFacts *site);
/* The page with the form: the Referer if it is on the site or one of its further origins, else the requested address on the site's own host. The caller's. */
char *visitor_page(const Request *request, const SiteFacts *site);
