/*
 * Automatic mail when something fails, and when a front that was taken over writes the rows.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/store/submissions.h"

#define VISITOR "taro@visitor.test"
#define OWNER "owner@example.jp"

static const Letter *
only_letter(const GPtrArray *letters)
{
	g_assert_cmpuint(letters->len, ==, 1);
	return letters->pdata[0];
}

static void
assert_only_to(const Letter *letter, const char *address)
{
	g_assert_cmpuint(letter->recipients->len, ==, 1);
	g_assert_cmpstr(((const LetterRecipient *)letter->recipients->pdata[0])->address, ==, address);
}

/* Statements of the outbox's file do not work on the ledger's, and the other way round. */
static void
test_without_a_ledger_nothing_goes(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	Db *ledger = office->courier.ledger;
	office->courier.ledger = office->courier.db;
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office->courier.ledger = ledger;

	assert_only_to(only_letter(letters), OWNER);
	office_assert_states(office, "AAAAAAAAAAAA", "queued");
	office_pass(2 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) mended = office_send_due(office);
	assert_only_to(only_letter(mended), VISITOR);
}

/* A front that was taken over writes one row while it is claimed and another while it is opened: the courier ends the mail and not itself. */
static void
test_a_row_that_changed_since_the_claim(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) items = office_claim(office);
	OutboxItem *item = items->pdata[0];
	g_free(item->receipt);
	item->receipt = g_strdup("A stranger's words");

	g_assert_null(prepare_letter(&office->courier, item, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
}

/* A session that was lost may have sent it: it waits out the lease, then it goes again under its one charge. */
static void
test_a_lost_session_costs_time(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) lost = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_LOST, "lost");

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) items = office_claim(office);
	OutboxItem *item = items->pdata[0];
	g_autoptr(Letter) letter = prepare_letter(&office->courier, item, &error);
	g_assert_nonnull(letter);
	settle_attempt(&office->courier, item, item->deliveries->pdata[0], &(Attempt){.failure = lost});
	office_pass(2 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) held = office_send_due(office);
	g_assert_cmpuint(held->len, ==, 0);
	office_pass(8 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) again = office_send_due(office);
	assert_only_to(only_letter(again), VISITOR);
}

static gint64
submission_id(Office *office, const char *receipt)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(office->courier.db, receipt, NULL);

	return summary->id;
}

/* A refusal for now is a clear word: the next try is not held back. */
static void
test_a_refused_reply_is_tried_again(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) refusal = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TEMPORARY, "not now");

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) items = office_claim(office);
	OutboxItem *item = items->pdata[0];
	g_autoptr(Letter) letter = prepare_letter(&office->courier, item, &error);
	g_assert_nonnull(letter);
	settle_attempt(&office->courier, item, item->deliveries->pdata[0], &(Attempt){.failure = refusal, .reply_code = 451});
	office_pass(2 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) again = office_send_due(office);
	assert_only_to(only_letter(again), VISITOR);
}

/* Its row was set back by somebody: the ledger knows better, also when no session can have it any more. */
static void
test_a_sent_reply_is_not_sent_again(Office *office, gconstpointer unused)
{
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	assert_only_to(only_letter(letters), VISITOR);
	office_pass(10 * G_TIME_SPAN_MINUTE);
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, "UPDATE delivery SET state = 1", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
	g_autoptr(GPtrArray) again = office_send_due(office);
	g_assert_cmpuint(again->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled repeated");
}

/* Rows as a front that was taken over may write them: whom the form does not ask is not asked. */
static void
test_forged_confirmations_ask_nobody(Office *office, gconstpointer unused)
{
	static const struct {
		const char *reply, *mails, *address, *states;
	} cases[] = {
	    {"never", OFFICE_REPLY, VISITOR, "sent, cancelled gone"},
	    {"proved", OFFICE_REPLY, VISITOR, "sent, cancelled unproved"},
	    {"confirm", OFFICE_REPLY, "victim@elsewhere.test", "sent, cancelled gone"},
	    {"confirm", OFFICE_REPLY, OWNER, "sent, cancelled gone"},
	    {"confirm", "[mail]\nrecipient = a@example.jp\n", VISITOR, "sent, cancelled gone"},
	};
	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		VaultHash hash;
		office_form(office, cases[i].reply, cases[i].mails);
		office_submit(office, receipt, MAIL_NOTICE, i == 4 ? "a@example.jp" : OWNER);
		automatic_address_hash(&office->courier, cases[i].address, &hash);
		g_assert_true(outbox_add_confirmation(office->courier.db, submission_id(office, receipt), &hash, NULL));
		g_autoptr(GPtrArray) letters = office_send_due(office);
		g_assert_cmpint(only_letter(letters)->is_automatic, ==, FALSE);
		office_assert_states(office, receipt, cases[i].states);
	}
}

static void
test_a_forged_copy_waits(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit(office, "AAAAAAAAAAAA", MAIL_COPY, VISITOR);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[0], &error);

	g_assert_null(letter);
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT);
}

/* They must cost nothing more than before there were replies. */
static void
test_notices_do_not_ask_the_ledger(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	Db *ledger = office->courier.ledger;
	office->courier.ledger = NULL;
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office->courier.ledger = ledger;

	assert_only_to(only_letter(letters), OWNER);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(Office *, gconstpointer);
	} tests[] = {
	    {"a row that changed since the claim", test_a_row_that_changed_since_the_claim},
	    {"without a ledger nothing automatic goes", test_without_a_ledger_nothing_goes},
	    {"a lost session costs time", test_a_lost_session_costs_time},
	    {"a refused reply is tried again", test_a_refused_reply_is_tried_again},
	    {"a sent reply is not sent again", test_a_sent_reply_is_not_sent_again},
	    {"forged confirmations ask nobody", test_forged_confirmations_ask_nobody},
	    {"a forged copy waits", test_a_forged_copy_waits},
	    {"notices do not ask the ledger", test_notices_do_not_ask_the_ledger},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *name = g_strdup_printf("/automatic_faults/%s", tests[i].name);
		g_test_add(name, Office, NULL, office_open, tests[i].run, office_close);
	}
	return g_test_run();
}
