/*
 * A desk where submissions are handed to a journal: vault, journal, and how many were accepted, told done and told failed.
 */
#pragma once

#include <pthread.h>

#include "rows.h"
#include "sekisho/store/journal.h"
#include "sekisho/store/submissions.h"

#define NAME "\345\261\261\347\224\260\345\244\252\351\203\216"
#define ADDRESS "taro.yamada@visitor.example"
#define CLIENT "203.0.113.77"

typedef struct {
	Fixture keys;
	Vault *vault;
	Journal *journal;
	pthread_mutex_t lock;
	pthread_cond_t told;
	guint accepted;
	guint done;
	guint failed;
	GError *failure; /* the last one */
} Desk;

static inline void
desk_open(Desk *desk, const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	memset(desk, 0, sizeof *desk);
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->told, NULL);
	fixture_prepare(&desk->keys, NULL);
	g_assert_cmpint(chmod(desk->keys.directory, 0700), ==, 0);
	g_assert_true(vault_create(desk->keys.directory, &error));
	desk->vault = vault_open(desk->keys.directory, VAULT_FRONT, &error);
	db_free(fixture_open(fixture, DB_CREATE));
	desk->journal = journal_start(fixture->directory, desk->vault, &error);
	g_assert_no_error(error);
}

static inline void
desk_stop(Desk *desk)
{
	journal_stop(desk->journal);
	desk->journal = NULL;
	g_assert_cmpuint(desk->done, ==, desk->accepted);
}

static inline void
desk_close(Desk *desk)
{
	if (desk->journal)
		desk_stop(desk);
	vault_free(desk->vault);
	fixture_clear(&desk->keys, NULL);
	pthread_cond_destroy(&desk->told);
	pthread_mutex_destroy(&desk->lock);
	g_clear_error(&desk->failure);
}

static inline void
tell(gpointer user_data, const JournalOutcome *outcome)
{
	Desk *desk = user_data;
	pthread_mutex_lock(&desk->lock);
	desk->done++;
	if (outcome->error) {
		desk->failed++;
		g_clear_error(&desk->failure);
		desk->failure = g_error_copy(outcome->error);
	}
	pthread_cond_signal(&desk->told);
	pthread_mutex_unlock(&desk->lock);
}

static inline void
wait_for(Desk *desk, guint done)
{
	pthread_mutex_lock(&desk->lock);
	while (desk->done < done)
		pthread_cond_wait(&desk->told, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

static inline Submission *
make_submission_of(const char *receipt, const char *text, GPtrArray *files)
{
	static SiteFacts site = {.name = (char *)"example.jp"};
	static FormSource source = {.id = 4};
	g_autoptr(GPtrArray) no_tags = g_ptr_array_new();
	Form form = {.source = &source, .site = &site, .tags = no_tags};
	Posted *posted = posted_new();
	const char *const fields[] = {"your-name", NAME, "your-email", ADDRESS, "your-message", text};
	for (guint i = 0; i < G_N_ELEMENTS(fields); i += 2) {
		g_autoptr(GBytes) name = g_bytes_new_static(fields[i], strlen(fields[i]));
		g_autoptr(GBytes) value = g_bytes_new_static(fields[i + 1], strlen(fields[i + 1]));
		g_assert_true(posted_add(posted, name, value, NULL));
	}
	ClientFacts *client = client_facts_new();
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(CLIENT);
	client->received_at_us = clock_now_us();
	return submission_new(&form, receipt, posted, files, client);
}

static inline Submission *
make_submission(const char *receipt, const char *text)
{
	return make_submission_of(receipt, text, NULL);
}

static inline void
plan(GPtrArray *planned, MailKind kind, char letter, const char *refusal)
{
	PlannedDelivery *delivery = g_new0(PlannedDelivery, 1);
	delivery->kind = kind;
	delivery->recipient = row_hash(letter);
	delivery->is_refused = refusal != NULL;
	delivery->reason = g_strdup(refusal);
	g_ptr_array_add(planned, delivery);
}

static inline GPtrArray *
new_plan(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)planned_delivery_free);
}

static inline gboolean
submit_planned(Desk *desk, const char *receipt, const GPtrArray *planned, gboolean is_stored_briefly)
{
	g_autoptr(Submission) submission = make_submission(receipt, "message of the visitor");
	JournalRecord record = {.submission = submission, .planned = planned, .purge_at_us = clock_now_us() + SECOND_US, .is_stored_briefly = is_stored_briefly, .status = SUBMISSION_ACCEPTED};
	g_autoptr(GError) error = NULL;
	JournalEntry *entry = journal_entry_new(desk->journal, &record);
	pthread_mutex_lock(&desk->lock);
	desk->accepted++;
	pthread_mutex_unlock(&desk->lock);
	if (journal_submit(desk->journal, entry, tell, desk, &error))
		return TRUE;
	g_assert_error(error, STORE_ERROR, STORE_ERROR_BUSY);
	pthread_mutex_lock(&desk->lock);
	desk->accepted--;
	pthread_mutex_unlock(&desk->lock);
	return FALSE;
}

static inline gboolean
submit(Desk *desk, const char *receipt)
{
	g_autoptr(GPtrArray) planned = new_plan();
	plan(planned, MAIL_NOTICE, 'a', NULL);
	return submit_planned(desk, receipt, planned, FALSE);
}

/* What was sealed opens again and says what the visitor said. */
static inline void
assert_opens(Db *db, Vault *vault, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SubmissionSummary) summary = submissions_find(db, receipt, &error);
	g_assert_no_error(error);
	g_autoptr(Submission) submission = submissions_open(db, vault, summary->id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(submission->receipt, ==, receipt);
	g_assert_cmpstr(submission->client->remote_ip, ==, CLIENT);
	g_assert_cmpstr(submission_field(submission, "your-name")->values[0], ==, NAME);
}

static inline gint64
count(sqlite3 *raw, const char *table)
{
	return raw_number(raw, "SELECT count(*) FROM %s", table);
}
