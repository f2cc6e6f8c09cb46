/*
 * Lists written as rows of text, and what a question finds, as text.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/policy/lists.h"

#define ROWS_NOW_US (1000 * G_TIME_SPAN_SECOND)

static inline guint
rows_index(const char *word, guint last, const char *(*name)(guint))
{
	for (guint i = 1; i <= last; i++) {
		if (strcmp(name(i), word) == 0)
			return i;
	}
	g_error("no such word: %s", word);
}

static inline const char *
rows_action(guint action)
{
	return list_action_name((ListAction)action);
}

static inline const char *
rows_type(guint type)
{
	return list_type_name((ListType)type);
}

/* "ID ACTION TYPE VALUE SITE FORM SECONDS": columns separated by "|"; site, form and when it expires (seconds from ROWS_NOW_US) may be left out. A note has ID points. */
static inline ListEntry *
rows_entry(const char *row)
{
	g_auto(GStrv) columns = g_strsplit(row, "|", -1);
	const guint count = g_strv_length(columns);
	ListEntry *entry = list_entry_new();
	g_assert_cmpuint(count, >=, 4);
	entry->id = atoi(columns[0]);
	entry->action = (ListAction)rows_index(columns[1], LIST_BLOCK, rows_action);
	entry->points = entry->action == LIST_NOTE ? (guint)entry->id : 0;
	entry->type = (ListType)rows_index(columns[2], LIST_TYPE_LAST, rows_type);
	text_set(&entry->value, columns[3]);
	text_replace(&entry->reason, g_strdup_printf("reason %s", columns[0]));
	if (count > 4)
		text_set(&entry->site, columns[4]);
	if (count > 5)
		entry->form_id = (guint64)atoi(columns[5]);
	if (count > 6)
		entry->expires_at_us = ROWS_NOW_US + atoi(columns[6]) * G_TIME_SPAN_SECOND;
	return entry;
}

/* Of a NULL-terminated list. */
static inline Lists *
rows_lists(const char *const *rows, const char *country_file)
{
	g_autoptr(GError) error = NULL;
	ListsBuilder *builder = lists_builder_new();
	for (; *rows != NULL; rows++) {
		g_autoptr(ListEntry) entry = rows_entry(*rows);
		lists_builder_add(builder, entry);
	}
	Lists *lists = lists_builder_end(builder, country_file, &error);
	g_assert_no_error(error);
	return lists;
}

static const char *const rows_nothing[] = {NULL};

/* A question about nothing yet, by form 7 of site "a.example". */
static inline ListsQuestion
rows_question(void)
{
	return (ListsQuestion){.site = "a.example",
	    .form_id = 7,
	    .now_us = ROWS_NOW_US,
	    .ip = "",
	    .fingerprints = rows_nothing,
	    .texts = rows_nothing,
	    .links = rows_nothing,
	    .agent = ""};
}

/* "3 1-": ids as they were told; "-" behind one that does not win. */
static inline char *
rows_found(const Lists *lists, const ListsQuestion *question)
{
	g_autoptr(GArray) matches = lists_match(lists, question);
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < matches->len; i++) {
		const ListsMatch *match = &g_array_index(matches, ListsMatch, i);
		g_string_append_printf(
		    text, "%s%" G_GINT64_FORMAT "%s", i > 0 ? " " : "", match->id, match->is_winner ? "" : "-");
	}
	return g_string_free(text, FALSE);
}
