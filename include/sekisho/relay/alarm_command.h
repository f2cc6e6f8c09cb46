/*
 * The operator's alarm_command while it runs. It gets topic and site as arguments and the text on its input; no shell, no environment but PATH, no
 * descriptor of ours but standard error, a process group of its own. At its deadline, or when it ends, all of its group is killed.
 *
 * The text is handed on as it is, up to LIMIT_ALARM_TEXT_BYTES; it holds nothing that a stranger typed (store/ledger.h).
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *program;       /* a path */
	const char *topic, *site;  /* of the alarm */
	const char *text;
	guint deadline_ms;         /* LIMIT_ALARM_COMMAND_MS, but in tests */
} AlarmCommandRequest;

typedef struct AlarmCommand AlarmCommand;
/* NULL, RELAY_ERROR_LOST, if it cannot be started. */
AlarmCommand *alarm_command_start(const AlarmCommandRequest *request, GError **error);
/* Ends it and all that it started, if it still runs. */
void alarm_command_free(AlarmCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AlarmCommand, alarm_command_free)

typedef enum { ALARM_COMMAND_RUNS, ALARM_COMMAND_TOLD, ALARM_COMMAND_FAILED } AlarmCommandState;
/* Does what can be done without waiting. It told somebody if it ended with 0; else RELAY_ERROR_LOST says how it ended. Once it has ended: no more steps. */
AlarmCommandState alarm_command_step(AlarmCommand *command, GError **error);
/* Readable once it has ended, or -1: then look again from time to time. */
int alarm_command_descriptor(const AlarmCommand *command);
/* When the next step is due at the latest, g_get_monotonic_time. */
gint64 alarm_command_deadline_us(const AlarmCommand *command);

/* The whole of it, waiting. TRUE if it told somebody. */
gboolean alarm_command_run(const AlarmCommandRequest *request, GError **error);
