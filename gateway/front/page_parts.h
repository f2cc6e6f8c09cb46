/*
 * The pieces that all pages of ours are made of: page.c, page_review.c.
 */
#pragma once

#include "page.h"

/* Everything up to the heading. `class_name` of <main>: "sent", "problem" or "review". The caller's. */
GString *page_begin(const PageFrame *frame, const char *title_id, const char *class_name);
/* `format` is ours; the texts that it takes are escaped. */
void page_append(GString *page, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The end of a link's page; takes `page`. */
Answer *page_end_link(GString *page, guint status, const PageFrame *frame);
/* "en" of "en_US". The caller's. */
char *page_language(const char *locale);
