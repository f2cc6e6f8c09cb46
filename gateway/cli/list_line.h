/*
 * One line of a file of list entries, in the formats that are around:
 *
 *   lines      one value a line, all of one type, or, without one, networks and mail addresses by their look; "#" and ";" begin comments, and what stands behind the value of
 *              a network becomes its reason ("192.0.2.0/24 ; SBL1234")
 *   csv        LIST_LINE_HEADINGS, quoted as in RFC 4180; a first line with headings may leave out and reorder columns
 *   wordpress  the text of Settings, Discussion, Disallowed Comment Keys, which WordPress looks for in what is typed, in the browser's name and in the IP address: each line becomes a
 *              phrase and an agent, and where it is an address, or whole numbers of one with the dot behind them ("192.0.2."), a network, too
 *
 * Text from outside: see list_io.c. Nothing a line can hold ends the reading.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/store/list_entries.h"

#define LIST_LINE_HEADINGS "type,value,action,reason,expiry,site,form"

typedef struct ListLineReader ListLineReader;
/* `type` and `action` (NULL: none) are what lines leave open. A usage error if one of the words is none. `command` must have the keys, and is borrowed. */
ListLineReader *list_line_reader_new(Command *command, const char *format, const char *type, const char *action, GError **error);
void list_line_reader_free(ListLineReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListLineReader, list_line_reader_free)

/* Before the first line, each time the file is read. */
void list_line_begin(ListLineReader *reader);
typedef enum { LIST_LINE_EMPTY, LIST_LINE_ENTRY, LIST_LINE_BAD } ListLine;
/* Fills in `entry`, but for what the line does not say. `problem`, which must be NULL, receives what is wrong with a bad line, or a remark on an entry (the caller's). */
ListLine list_line_read(ListLineReader *reader, const char *line, guint part, ListEntry *entry, char **problem);
/* How many entries a line may become: parts from 0. */
guint list_line_parts(const ListLineReader *reader);
/* TRUE if that is not all of a line, since it ends within quotes. */
gboolean list_line_goes_on(const ListLineReader *reader, const char *bytes, gsize size);
