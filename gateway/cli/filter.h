/*
 * The options by which verbs choose submissions: one name, one short form and one meaning each, whatever the verb.
 *
 * Values are the operator's words. An address and a network are compared by what they are, not by their spelling.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/store/browse.h"

typedef enum {
	FILTER_SITE,
	FILTER_FORM,
	FILTER_VERDICT,
	FILTER_IP,
	FILTER_ADDRESS,
	FILTER_SINCE,
	FILTER_BEFORE,
	FILTER_LIMIT,
	FILTER_PARTS
} FilterPart;

/* What the options said. Zero before command_parse. */
typedef struct {
	char *texts[FILTER_PARTS]; /* NULL: not given */
	/* Of filter_read, borrowed by the BrowseFilter. */
	char *site;
	GArray *ips;
	GArray *networks;
} Filter;
void filter_clear(Filter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Filter, filter_clear)

/* The names of all of them, for the `options` of a VerbOrder. */
#define FILTER_NAMES "site form verdict ip address since before limit"
/* The option; goes into `own` of command_parse. */
GOptionEntry filter_option(Filter *filter, FilterPart part);

/* --form is ID, or SITE/ID, which is --site and --form in one. 0 and NULL: not given. `site` is the caller's. */
gboolean filter_form(const Filter *filter, char **site, guint64 *form_id, GError **error);
/* --since and --before; 0: not given. Days are those of the site, or of the machine without one. Opens the configuration. */
gboolean filter_times(Command *command, const Filter *filter, gint64 *since_us, gint64 *before_us, GError **error);
/* --limit, up to LIMIT_LIST_ROWS; `limit` keeps its value where it is not given. */
gboolean filter_limit(const Filter *filter, guint *limit, GError **error);
/* All of them but --limit; `statuses` of `browse` keeps its value without --verdict. Opens the database, and the keys if they are needed. `browse` borrows of `filter`. */
gboolean filter_read(Command *command, Filter *filter, BrowseFilter *browse, GError **error);
/* TRUE if each submission must be opened to see if it fits: --address, and --ip with a network of another size than hashes are kept of. */
gboolean filter_is_opening(const Filter *filter);
/* Below a list that was cut. */
#define FILTER_REST "... and older ones; --limit shows more"
/* At most `limit` SubmissionSummary *, newest first; where there are none, an error if the site is not configured. With filter_is_opening only the newest LIMIT_REHEARSED of the others are opened,
 * behind a progress bar. `rest` (the caller's; NULL: that was all) says below the list that there are older ones, or may be. NULL on error. The caller's. */
GPtrArray *filter_find(Command *command, const Filter *filter, const BrowseFilter *browse, guint limit, char **rest, GError **error);
