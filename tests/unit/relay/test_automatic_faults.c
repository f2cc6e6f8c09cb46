/*
 * Automatic mail when something fails, and when a front that was taken over writes the rows.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

#define VISITOR "taro@visitor.test"
#define OWNER "owner@example.jp"

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

	office_assert_only_to(office_only_letter(letters), OWNER);
	office_assert_states(office, "AAAAAAAAAAAA", "queued");
	office_pass(2 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) mended = office_send_due(office);
	office_assert_only_to(office_only_letter(mended), VISITOR);
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
	office_assert_only_to(office_only_letter(again), VISITOR);
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
	g_assert_true(settle_flush(&office->courier));
	g_assert_cmpint(outbox_make_site_due(office->courier.db, "example.jp", "relay.temporary", 10, &error), ==, 1);
	g_autoptr(GPtrArray) again = office_send_due(office);
	office_assert_only_to(office_only_letter(again), VISITOR);
}

/* Its row was set back by somebody, or a crash came before it was written: the ledger knows better, also when no session can have it any more. */
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
	office_assert_only_to(office_only_letter(letters), VISITOR);
	office_pass(10 * G_TIME_SPAN_MINUTE);
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, "UPDATE delivery SET state = 1, reason = 'x'", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
	g_autoptr(GPtrArray) again = office_send_due(office);
	g_assert_cmpuint(again->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "sent");
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
	};
	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		VaultHash hash;
		gboolean is_new = FALSE;
		office_form(office, cases[i].reply, cases[i].mails);
		office_submit(office, receipt, MAIL_NOTICE, OWNER);
		automatic_address_hash(&office->courier, cases[i].address, &hash);
		g_assert_true(outbox_add_confirmation(office->courier.db, submission_id(office, receipt), &hash, &is_new, NULL));
		g_autoptr(GPtrArray) letters = office_send_due(office);
		g_assert_cmpint(office_only_letter(letters)->is_automatic, ==, FALSE);
		office_assert_states(office, receipt, cases[i].states);
	}
}

/* All that is due is prepared; what cannot become a letter now waits. How many could. */
static guint
prepare_due(Office *office)
{
	guint letters = 0;

	office->courier.claims++;
	g_autoptr(GPtrArray) items = office_claim(office);
	for (guint i = 0; i < items->len; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[i], &error);
		if (error != NULL)
			obstacle_met(&office->courier, items->pdata[i], error);
		letters += letter != NULL;
	}
	return letters;
}

/* Somebody switches the replies off, and soon or late on again. */
static void
test_a_confirmation_that_is_switched_off_waits(Office *office, gconstpointer unused)
{
	(void)unused;
	for (guint i = 0; i < 2; i++) {
		gboolean is_late = i == 1;
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", i);
		g_autofree char *address = g_strdup_printf("taro%u@visitor.test", i);
		office_form(office, "confirm", OFFICE_REPLY);
		office_submit_from(office, receipt, MAIL_REPLY, address);
		g_assert_cmpuint(prepare_due(office), ==, 0);
		office_assert_states(office, receipt, "deferred consent, queued");
		office_form(office, "confirm", "");
		g_assert_cmpuint(prepare_due(office), ==, 0);
		office_assert_states(office, receipt, "deferred consent, deferred relay.account");
		office_pass((is_late ? 13 : 2) * G_TIME_SPAN_HOUR);
		if (is_late)
			g_assert_cmpuint(prepare_due(office), ==, 0);
		office_form(office, "confirm", OFFICE_REPLY);
		g_autoptr(GPtrArray) letters = office_send_due(office);
		g_assert_cmpuint(letters->len, ==, is_late ? 0 : 1);
		office_assert_states(
		    office, receipt, is_late ? "cancelled expired, cancelled expired" : "deferred consent, sent");
	}
}

/* The form asked nobody for a while: who waits is asked then. */
static void
test_a_confirmation_that_was_gone_is_made_anew(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_assert_cmpuint(prepare_due(office), ==, 0);
	office_form(office, "never", OFFICE_REPLY);
	g_assert_cmpuint(prepare_due(office), ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred consent, cancelled gone");
	office_form(office, "confirm", OFFICE_REPLY);
	office_pass(G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE);
	g_assert_cmpuint(prepare_due(office), ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred consent, queued");
	g_autoptr(GPtrArray) asked = office_send_due(office);
	office_assert_only_to(office_only_letter(asked), VISITOR);
}

static void
run_raw(Office *office, const char *sql)
{
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;

	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(raw);
}

/* The clock ran ahead when it was made, or a front that was taken over says so. */
static void
test_what_is_dated_ahead(Office *office, gconstpointer unused)
{
	static const struct {
		gint64 ahead_us;
		const char *states;
	} cases[] = {
	    {3 * G_TIME_SPAN_HOUR, "cancelled expired"},
	    {G_MAXINT64 / 2, "cancelled expired"},
	    {G_TIME_SPAN_HOUR, "deferred consent, queued"},
	};
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		g_autofree char *sql =
		    g_strdup_printf("UPDATE outbox SET created_at = %" G_GINT64_FORMAT " WHERE id = (SELECT max(id) FROM outbox)",
			clock_now_us() + cases[i].ahead_us);
		g_autofree char *address = g_strdup_printf("taro%u@visitor.test", (guint)i);
		office_submit_from(office, receipt, MAIL_REPLY, address);
		run_raw(office, sql);
		(void)prepare_due(office);
		office_assert_states(office, receipt, cases[i].states);
	}
	office_pass(14 * G_TIME_SPAN_HOUR);
	g_assert_cmpuint(prepare_due(office), ==, 0);
	office_assert_states(office, "AAAAAAAAAAA2", "cancelled expired, cancelled expired");
}

/* The database fails after one of its addresses was charged: no session had it, so it goes as soon as the database works. */
static void
test_a_charge_before_a_failure_costs_no_time(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/mail_2-headers.txt", "Cc: colleague-of-[your-email]\n");
	office_form(office, "confirm", OFFICE_REPLY);
	office_prove(office, VISITOR);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	run_raw(office, "CREATE UNIQUE INDEX fails ON outbox (submission_id)");
	flight_start(&office->courier, office_take_all(office));
	g_assert_cmpuint(office->courier.flights->len, ==, 0);
	g_assert_cmpuint(g_hash_table_size(office->courier.charges), ==, 0);
	run_raw(office, "DROP INDEX fails");
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office_assert_only_to(office_only_letter(letters), VISITOR);
}

/* The owner has reset it since the mail was held back. */
static void
test_a_fuse_that_was_reset_alarms_nobody(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, "AAAAAAAAAAAA", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) items = office_claim(office);
	const OutboxItem *item = items->pdata[0];
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	const AutomaticMail mail = {.site = site, .item = item, .delivery = item->deliveries->pdata[0], .address = VISITOR};
	const AutomaticDecision decision = {
	    .fate = AUTOMATIC_WAITS, .reason = AUTOMATIC_FUSE, .due_at_us = clock_now_us() + G_TIME_SPAN_MINUTE};
	office->courier.claims++;
	automatic_settle(&office->courier, &mail, &decision);
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);
	g_assert_cmpuint(alarms->len, ==, 0);
	office_assert_states(office, "AAAAAAAAAAAA", "deferred fuse");
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

/* They ask it for one thing, whether the account takes a tag for sender, and go whatever becomes of that. */
static void
test_notices_need_no_ledger(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autofree char *key = account_key(site_account(site));
	g_assert_true(ledger_note_tagged_sender(office->courier.ledger, key, TRUE, NULL));
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	Db *ledger = office->courier.ledger;
	office->courier.ledger = office->courier.db;
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office->courier.ledger = ledger;

	office_assert_only_to(office_only_letter(letters), OWNER);
	g_assert_null(strchr(office_only_letter(letters)->envelope_sender, '+'));
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a row that changed since the claim", test_a_row_that_changed_since_the_claim},
	    {"without a ledger nothing automatic goes", test_without_a_ledger_nothing_goes},
	    {"a lost session costs time", test_a_lost_session_costs_time},
	    {"a refused reply is tried again", test_a_refused_reply_is_tried_again},
	    {"a sent reply is not sent again", test_a_sent_reply_is_not_sent_again},
	    {"forged confirmations ask nobody", test_forged_confirmations_ask_nobody},
	    {"a confirmation that is switched off waits", test_a_confirmation_that_is_switched_off_waits},
	    {"a confirmation that was gone is made anew", test_a_confirmation_that_was_gone_is_made_anew},
	    {"what is dated ahead", test_what_is_dated_ahead},
	    {"a charge before a failure costs no time", test_a_charge_before_a_failure_costs_no_time},
	    {"a fuse that was reset alarms nobody", test_a_fuse_that_was_reset_alarms_nobody},
	    {"a forged copy waits", test_a_forged_copy_waits},
	    {"notices need no ledger", test_notices_need_no_ledger},
	    {NULL, NULL},
	};

	/* A session: it sends nothing. */
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return 1;
	return office_run(argc, argv, "automatic_faults", tests);
}
