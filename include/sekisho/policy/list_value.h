/*
 * Values of list entries: what a person writes becomes canonical, or is refused with a sentence that says what to write.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/list_entries.h"

/* Sets type, value and boxed of `entry`. `type` is list_type_name's, also "ip", "country", "mail" (address or domain, by its look), "word". Networks lose their host bits with a
 * remark, links and domains their path; a mail address is no domain; domains may be written as addresses ("@example.com"), URLs or with IDN letters; phrases are folded (text_fold). FALSE: `problem` receives what is wrong and what would be right (the
 * caller's). TRUE: it receives a remark, or NULL. Any text may come. */
gboolean list_value_read(const char *type, const char *text, Vault *vault, ListEntry *entry, char **problem);
/* A sentence if the value means far more than a person is likely to (a provider's mail domain, a public suffix, a large part of the Internet), which list_value_read remarks, too; or NULL.
 * The caller's. */
char *list_value_breadth(const ListEntry *entry);
/* The value for a person: the address itself where the vault can open it, a single address without its "/32". The caller's. */
char *list_value_text(const ListEntry *entry, Vault *vault);
