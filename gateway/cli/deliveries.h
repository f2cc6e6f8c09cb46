/*
 * Deliveries in words and as JSON.
 */
#pragma once

#include <glib.h>

#include "opened.h"

/* What has become of it: "accepted by the server at ...: 250 2.0.0 Ok". Not escaped. The caller's. */
char *deliveries_in_words(Command *command, const OutboxItem *item, const Delivery *delivery);
/* Why, as a part of a sentence behind "because": for a name of base/error.h, a refusal of policy/replies.h, or one of the courier's
 * ("gone", "consent" ...). Behind "but" for "carrier", the only one of a mail that was sent. Static. */
const char *deliveries_reason(const char *code);
/* a{sv} with all its deliveries; floating. */
GVariant *deliveries_json(Command *command, const Opened *opened, const OutboxItem *item);
