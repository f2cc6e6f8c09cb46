/*
 * Keeps a few processes of this program running: starts them, starts them again when they end unasked (waiting longer each time),
 * replaces them at SIGHUP, and ends them at SIGTERM or SIGINT. It knows nothing of mail.
 */
#pragma once

#include <glib.h>

#define SUPERVISOR_DESCRIPTORS 3u

/* In each process descriptor 3 is the write end of a pipe: one byte says "ready". What the role is given follows from 4 on. */
#define SUPERVISOR_READY 3

typedef struct {
	const char *name;           /* for the log */
	const char *const *arguments; /* from argv[0] on; NULL-terminated */
	int descriptors[SUPERVISOR_DESCRIPTORS]; /* ours; in the process they are 4, 5, ... in this order; -1 ends the list */
	/* TRUE: at a reload the new process must be ready before the old one is asked to go, so nobody waits, and one that cannot start
	 * changes nothing. FALSE: it starts after the old one ended, so there are never two; it is replaced last. */
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
/* In a role's process: says "ready" and closes the descriptor. */
void supervisor_say_ready(void);
