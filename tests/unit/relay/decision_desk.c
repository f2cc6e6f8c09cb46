/* What tests of decisions share. See decision_desk.h. */
#include "decision_desk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/store/audit.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/presses.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

SubmissionSummary *
summary_of(Office *office, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	SubmissionSummary *summary = submissions_find(office->courier.db, receipt, &error);

	g_assert_no_error(error);
	return summary;
}

void
assert_status(Office *office, const char *receipt, SubmissionStatus status)
{
	g_autoptr(SubmissionSummary) summary = summary_of(office, receipt);

	g_assert_cmpstr(submission_status_name(summary->status), ==, submission_status_name(status));
}

/* As a mail carries it; its row is there. */
char *
token_of(Office *office, const char *receipt, ReviewStage stage)
{
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autoptr(SubmissionSummary) summary = summary_of(office, receipt);
	ReviewHouse house = invite_house(&office->courier);

	house.pending = NULL;
	g_autofree char *link = review_link(&house, site, summary, stage, NULL, NULL);
	g_assert_nonnull(link);
	return g_strdup(strstr(link, "?t=") + strlen("?t="));
}

char *
held_token(Office *office, const char *receipt)
{
	office_submit_held(office, receipt);
	return token_of(office, receipt, REVIEW_HELD);
}

guint
presses_count(Office *office)
{
	g_autoptr(GPtrArray) presses = presses_list(office->courier.db, 0, 100, NULL);

	return presses->len;
}

/* The courier has acted on it, whatever that was. */
void
press(Office *office, const char *token, const char *decision)
{
	office_press_button(office, "example.jp", token, decision);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
}

/* Actions that were written down, oldest first, with who and what: "link held.release AAAAAAAAAAAA". */
void
assert_audit(Office *office, const char *expected)
{
	const AuditFilter filter = {.limit = 100};
	g_autoptr(GPtrArray) lines = audit_list(office->courier.ledger, &filter, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = lines->len; i > 0; i--) {
		const AuditLine *line = lines->pdata[i - 1];
		g_assert_cmpstr(line->site, ==, "example.jp");
		g_string_append_printf(text, "%s%s %s %s", text->len > 0 ? ", " : "", line->actor, line->action, line->target);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* Texts of alarms that stand, of this topic. NULL: there is none. The caller's. */
static char *
alarm_text(Office *office)
{
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);

	g_assert_cmpuint(alarms->len, <=, 1);
	if (alarms->len == 0)
		return NULL;
	const Alarm *alarm = alarms->pdata[0];
	g_assert_cmpstr(alarm->topic, ==, "review");
	g_assert_cmpstr(alarm->site, ==, "example.jp");
	return g_strdup(alarm->text);
}

void
assert_no_alarm(Office *office)
{
	g_autofree char *text = alarm_text(office);

	g_assert_cmpstr(text, ==, NULL);
}

void
assert_alarm(Office *office, const char *words)
{
	g_autofree char *text = alarm_text(office);

	g_assert_nonnull(text);
	if (strstr(text, words) == NULL)
		g_error("%s: says nothing of %s", text, words);
}

/* "block address taro@visitor.test" of what stands on the lists. */
void
assert_lists(Office *office, const char *expected)
{
	const ListFilter filter = {.limit = 100};
	g_autoptr(GPtrArray) entries = list_entries_find(office->courier.db, &filter, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < entries->len; i++) {
		const ListEntry *entry = entries->pdata[i];
		g_autoptr(GBytes) address = entry->boxed == NULL ? NULL : vault_box_open(office->vault, entry->boxed, NULL);
		g_string_append_printf(text, "%s%s %s %.*s", text->len > 0 ? ", " : "", list_action_name(entry->action),
		    entry->site, address == NULL ? 0 : (int)g_bytes_get_size(address),
		    address == NULL ? "" : (const char *)g_bytes_get_data(address, NULL));
	}
	g_assert_cmpstr(text->str, ==, expected);
}

void
write_rows(Office *office, const char *sql)
{
	sqlite3 *raw = NULL;
	char *message = NULL;
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);

	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	sqlite3_busy_timeout(raw, 5000);
	sqlite3_exec(raw, sql, NULL, NULL, &message);
	if (message != NULL)
		g_error("%s: %s", sql, message);
	sqlite3_close(raw);
}

/* What is written down and told so far. */
void
forget(Office *office)
{
	sqlite3 *raw = NULL;
	g_autofree char *path = g_build_filename(office->config->courier_directory, "ledger.db", NULL);

	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, "DELETE FROM audit; DELETE FROM alarm", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
}

/* What the courier logs while it acts on what was pressed. The caller's. */
char *
log_of_presses(Office *office)
{
	char *log = NULL;
	g_autofree char *path = tree_path(office->tree, "log");
	int standard_error = dup(STDERR_FILENO);

	g_assert_cmpint(standard_error, >=, 0);
	g_assert_nonnull(freopen(path, "w", stderr));
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpint(dup2(standard_error, STDERR_FILENO), ==, STDERR_FILENO);
	(void)close(standard_error);
	g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
	return log;
}
