/*
 * Deliveries in words and as JSON. What is told of tries and orders comes from the events of their item (outbox_events); without them, NULL, less is told.
 */
#pragma once

#include <glib.h>

#include "opened.h"

/* What deliveries_state calls one that a person holds back. */
#define DELIVERIES_HELD "held"
/* delivery_state_name, or DELIVERIES_HELD: in a word. Static. */
const char *deliveries_state(const Delivery *delivery);
/* What has become of it: "accepted by smtp.example.jp (account main) at ...: 250 2.0.0 Ok". Not escaped. The caller's. */
char *deliveries_in_words(Command *command, const OutboxItem *item, const Delivery *delivery, const GPtrArray *events);
/* One event: "tried by smtp.example.jp (account main): put off, because ...". Not escaped. The caller's. */
char *deliveries_event_in_words(Command *command, const OutboxItem *item, const DeliveryEvent *event);
/* Why, as a part of a sentence behind "because": for a name of base/error.h, a refusal of policy/replies.h, a bounce's cause (relay/bounce.h), or one of the courier's
 * ("gone", "consent" ...). Behind "but" for "carrier", the only one of a mail that was sent. Static. */
const char *deliveries_reason(const char *code);
/* a{sv} with all its deliveries, and their events unless they are NULL; floating. */
GVariant *deliveries_json(Command *command, const Opened *opened, const OutboxItem *item, const GPtrArray *events);
