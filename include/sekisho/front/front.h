/*
 * The front: what strangers send and what they get back. See front/feedback.c for the story and front/server.c for the threads.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/conf/config.h"

typedef struct {
	Config *config;
	Vault *vault;
	int listen_descriptor; /* listening, non-blocking */
	int wake_descriptor;   /* eventfd written after each commit, so that the courier looks; -1 if none */
} FrontSettings;

/* Runs until SIGTERM, then takes no new connection, finishes every job it has within LIMIT_DRAIN_MS and returns an exit code. */
int front_main(const FrontSettings *settings);
