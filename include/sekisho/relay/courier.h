/*
 * The courier: one thread that leases what is due, groups it by account, runs sessions and settles their outcomes. Retention is its
 * work too. See courier.c for the story.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/conf/config.h"

typedef struct {
	Config *config;
	Vault *vault;
	const char *program;  /* path of sekishod, exec'ed for sessions */
	int wake_descriptor;  /* eventfd that the front writes after a commit; -1 if none */
} CourierSettings;

/* Runs until SIGTERM (blocked in all threads, read by signalfd); gives its leases back and ends its sessions. Returns an exit code. */
int courier_main(const CourierSettings *settings);
