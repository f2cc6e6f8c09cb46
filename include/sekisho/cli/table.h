/*
 * Tables for people: columns aligned by the cells a text takes on a terminal, so Japanese and Latin rows stand in line.
 *
 * Text from outside: every cell passes text_for_terminal, so none can move the cursor, fake a line or break the columns.
 */
#pragma once

#include <glib.h>

typedef struct Table Table;

/* `headings` end with NULL. */
Table *table_new(const char *const *headings);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
/* One row, a text for each heading; both end with NULL. Copied. */
void table_add(Table *table, const char *const *cells);
/* Appends headings and rows to `output`, headings bold if `is_colour`. Nothing is padded at the end of a line. */
void table_print(const Table *table, GString *output, gboolean is_colour);
