/*
 * The courier's side of a session: starts its process, hands the job over, passes reports on, and sees to its end. Never blocks;
 * the owner polls worker_descriptors and calls worker_step. What the session says is input: only deliveries of its own job are reported, each
 * once.
 */
#pragma once

#include <glib.h>
#include <poll.h>

#include "sekisho/base/privilege.h"
#include "sekisho/relay/transport.h"

typedef struct Worker Worker;

typedef struct {
	const char *program;
	const PrivilegeIdentity *identity; /* whom the session becomes if root starts it; NULL: it stays who starts it */
	guint connect_ms; /* until TLS and AUTH stand */
	guint life_ms;    /* then it is killed */
} WorkerSettings;

/* Runs `program --role session`, with --user and --group of the identity. `report` is copied. RELAY_ERROR_CONNECT if no process can be had. */
Worker *worker_start(const WorkerSettings *settings, const TransportJob *job, const TransportReport *report, GError **error);
/* Kills and reaps a session that still runs; its reports are lost. */
void worker_free(Worker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worker, worker_free)

#define WORKER_DESCRIPTORS 2
/* Fills what to poll for. */
void worker_descriptors(const Worker *worker, struct pollfd descriptors[WORKER_DESCRIPTORS]);
/* When worker_step is due at the latest (g_get_monotonic_time). */
gint64 worker_deadline_us(const Worker *worker);
/* Does what can be done without waiting: writes, reads, reports, kills at the deadline. TRUE once the process has ended and everything it said
 * was reported. */
gboolean worker_step(Worker *worker);
/* Ends it; worker_step then comes to the end. */
void worker_kill(Worker *worker);
/* Why it did not end by itself with success, as a sentence, or NULL. Valid after the end. Borrowed. */
const char *worker_trouble(const Worker *worker);
/* Deliveries without an outcome (gint64, the caller's array). */
GArray *worker_open_deliveries(const Worker *worker);
