/*
 * What a visitor should know about mail that is to come to the address that was typed: that the address may be asked first, and
 * which domain a mobile carrier's mailbox must allow. Sentences of ours; nothing that was typed is in them.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"

/* Hints for the mails that `planned` (PlannedRecipient *) promises, NULL-terminated; NULL if there are none. The caller's. */
char **hints_of(const Form *form, const GPtrArray *planned);
