/*
 * What both kinds of probe share. The only headers that name libcurl are this one and those of the files that include it.
 */
#pragma once

#include <curl/curl.h>
#include <glib.h>

#include "sekisho/relay/probe.h"

/* A handle with deadline, without proxy and signals; `problem` has CURL_ERROR_SIZE bytes and lives as long as it. */
CURL *probe_handle(char *problem, const char *ca_file);
/* What the library's code means, before anything that only one protocol knows. */
ProbeState probe_state(CURL *handle, CURLcode code);
