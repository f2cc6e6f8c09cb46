/*
 * Pressed links. The front writes each token that it could verify when a person presses the page's button; the courier verifies it again, acts on it and removes
 * the row. A row is a stranger's text until then: valid UTF-8, nothing more.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/db.h"

typedef struct {
	gint64 id;
	char *site;
	char *token;
	char *decision; /* of a review link: review_decision_read (store/review.h); "": a confirmation */
} Press;
void press_free(Press *press);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Press, press_free)

/* The oldest behind `after_id` (0: of all), at most `limit` (Press *). The front writes them with journal_submit. */
GPtrArray *presses_list(Db *db, gint64 after_id, guint limit, GError **error);
/* What the row of this token asks for, while it waits for the courier: *decision is the caller's, NULL if there is none. */
gboolean presses_decision(Db *db, const char *token, char **decision, GError **error);
gboolean presses_remove(Db *db, gint64 id, GError **error);
