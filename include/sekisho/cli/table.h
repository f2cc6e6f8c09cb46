/*
 * Tables for people: columns aligned by the cells a text takes on a terminal, so Japanese and Latin rows stand in line.
 *
 * Text from outside: every cell passes text_for_terminal, so none can move the cursor, fake a line or break the columns.
 */
#pragma once

#include <glib.h>

#include "sekisho/cli/cli.h"

typedef struct Table Table;

/* `headings` end with NULL. */
Table *table_new(const char *const *headings);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
/* One row, a text for each heading; both end with NULL. Copied. */
void table_add(Table *table, const char *const *cells);
/* The column with this heading tells how things stand: its cells are coloured by table_state_colour. */
void table_mark_states(Table *table, const char *heading);
/* Appends headings and rows to the console's output, headings bold and states in colour if it has any. On a terminal that is too narrow, cells go on below themselves between words. `notes` (char *,
 * NULL: nothing; may be NULL itself) are sentences that stand below the rows, one for each. Nothing is padded at the end of a line. */
void table_print(const Table *table, const CliConsole *console, const GPtrArray *notes);

/* What a terminal writes this state in ("held", "2 given up, 1 sent": the first one): green what went well, yellow what waits, red what was stopped or failed, faint what is done with; "" for
 * other words. Static. */
const char *table_state_colour(const char *state);
