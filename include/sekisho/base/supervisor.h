/*
 * Keeps a few processes of this program running: starts them, starts them again when they end unasked (waiting longer each time),
 * replaces them at SIGHUP, and ends them at SIGTERM or SIGINT. It knows nothing of mail.
 */
#pragma once

#include <glib.h>

#define SUPERVISOR_DESCRIPTORS 4u

typedef struct {
	const char *name;           /* for the log */
	const char *const *arguments; /* after the program's name; NULL-terminated */
	int descriptors[SUPERVISOR_DESCRIPTORS]; /* ours; in the process they are 3, 4, ... in this order; -1 ends the list */
	/* TRUE: at a reload the new process starts before the old one is asked to go, so nobody waits. FALSE: after the old one ended, so
	 * there are never two. */
	gboolean is_overlapping;
} SupervisedRole;

typedef struct {
	const char *program;
	const SupervisedRole *roles;
	guint role_count;
	/* Asked at SIGHUP: FALSE keeps the running processes; it has logged why. */
	gboolean (*may_reload)(gpointer user_data);
	gpointer user_data;
} SupervisorSettings;

/* Runs until SIGTERM or SIGINT; every process has ended then (SIGKILL for one that takes longer than LIMIT_DRAIN_MS and ten seconds). Returns an
 * exit code. Blocks SIGTERM SIGINT SIGHUP SIGCHLD in the calling thread: no other thread may run. */
int supervisor_run(const SupervisorSettings *settings);
