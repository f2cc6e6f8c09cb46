/*
 * The transports behind transport_run, and what both look at before the library sees it.
 */
#pragma once

#include "sekisho/relay/transport.h"

void transport_curl_run(const TransportJob *job, const TransportReport *report);
void transport_esmtp_run(const TransportJob *job, const TransportReport *report);

/* TRUE if it may stand in a command or URL, or be handed to the resolver: the libraries check nothing. IPv6 addresses are none. */
gboolean transport_is_host_name(const char *text);
/* TRUE if its sender and all its recipients, of which there is at least one, may stand in commands. */
gboolean transport_is_deliverable(const Letter *letter);
