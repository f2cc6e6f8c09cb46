/*
 * What a check found, in the words of a site's owner: a sentence for each code that a finding can have (gateway/po, "reason.CHECK.CODE"), where Finding.what is one for the operator and may
 * repeat what a visitor typed. A test holds the table against the checks.
 */
#pragma once

#include <glib.h>

#include "sekisho/policy/finding.h"

/* "CHECK.CODE", as tallies name it (store/tally.h). The caller's. */
char *reason_name(const Finding *finding);
/* The sentence for a reason_name in that language; for one that is not known (of an older or newer version) what its check looks at ("reason.CHECK"), or "reason.unknown". Static. */
const char *reason_sentence(const char *locale, const char *name);
/* Why a mail was not sent or came back (store/outbox.h, OutboxItem's reasons), in that language, to stand in a list: in English a part of a sentence, in Japanese a short sentence; neither has a full stop. For one that
 * is not known what stands for its kind ("delivery.bounce"), or "delivery.unknown". Static. */
const char *reason_of_delivery(const char *locale, const char *code);
