/*
 * The alarm of `sekisho canary`: kept in the ledger for the courier's mail, and told at once by alarm_command, because the courier may be what is broken. What cannot be done is remarked, and
 * changes nothing about what the canary found.
 */
#include "canary_alarm.h"

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/relay/alarm_command.h"
#include "sekisho/store/ledger.h"

/* The alarm's name. */
#define TOPIC "canary"

static void
remark(Command *command, const char *what, const GError *error)
{
	g_autofree char *shown = text_for_terminal(error->message, TRUE);
	g_string_append_printf(command->console->complaint, "sekisho: %s: %s\n", what, shown);
}

/* The site's alarm, if nobody's program was told of it yet; NULL. */
static Alarm *
find_untold(Command *command, const char *site, GError **error)
{
	g_autoptr(GPtrArray) untold = ledger_alarms_untold(command->ledger, ALARM_BY_COMMAND, LIMIT_ALARMS, error);
	for (guint i = 0; untold && i < untold->len; i++) {
		const Alarm *alarm = untold->pdata[i];
		if (g_str_equal(alarm->site, site) && g_str_equal(alarm->topic, TOPIC))
			return g_ptr_array_steal_index(untold, i);
	}
	return NULL;
}

/*
 * Each alarm is told once, however often cron runs us; rarely twice, if the courier looks while our program runs, because it is noted only after it was told: noted
 * before, one that failed would never be told. Without a ledger to remember it, it is told each time.
 */
void
canary_alarm_raise(Command *command, const char *site, const char *text)
{
	const char *program = command->config->alarm_command;
	g_autoptr(GError) error = NULL;
	g_autoptr(Alarm) alarm = NULL;
	gboolean is_new = FALSE;
	if (command_open_ledger(command, &error) && ledger_alarm_raise(command->ledger, site, TOPIC, text, &is_new, &error))
		alarm = find_untold(command, site, &error);
	if (error)
		remark(command, "the alarm cannot be kept", error);
	if (program[0] == '\0' || (!alarm && !error))
		return;
	g_clear_error(&error);
	const AlarmCommandRequest request = {
	    .program = program, .topic = TOPIC, .site = site, .text = text, .deadline_ms = LIMIT_ALARM_COMMAND_MS};
	if (!alarm_command_run(&request, &error) || (alarm && !ledger_alarm_commanded(command->ledger, alarm->id, &error)))
		remark(command, "the alarm was not told by alarm_command", error);
}

void
canary_alarm_clear(Command *command, const char *site)
{
	g_autoptr(GError) error = NULL;
	if (!command_open_ledger(command, &error) || !ledger_alarm_clear(command->ledger, site, TOPIC, &error))
		remark(command, "the alarm cannot be cleared", error);
}
