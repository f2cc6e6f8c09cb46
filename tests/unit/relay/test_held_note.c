/*
 * The owner is told that something is held: once an hour, of all; and what is released goes out as what it is. On a real outbox and a real ledger.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/finding.h"
#include "sekisho/policy/reason.h"
#include "sekisho/relay/compose.h"
#include "sekisho/store/held.h"
#include "tree.h"

#define OWNER "owner@example.jp"
#define VISITOR "taro@visitor.test"
#define MINUTE G_TIME_SPAN_MINUTE

static void
assert_says(const Letter *letter, const char *words)
{
	if (strstr(letter->text, words) == NULL)
		g_error("%s: says nothing of %s", letter->text, words);
}

/* The note is ours alone: to the owner, automatic, and with nothing that was typed. */
static void
assert_note(const Letter *letter)
{
	static const char *const typed[] = {"太郎", "件名", "本文", VISITOR};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = compose_message(letter, &error);
	gsize size = 0;

	g_assert_no_error(error);
	office_assert_only_to(letter, OWNER);
	g_assert_cmpuint(letter->reply_to->len + letter->cc->len + letter->headers->len, ==, 0);
	const char *bytes = g_bytes_get_data(message, &size);
	g_assert_nonnull(g_strstr_len(bytes, (gssize)size, "\r\nAuto-Submitted: auto-generated\r\n"));
	assert_says(letter, "sekisho held list --site example.jp");
	for (gsize i = 0; i < G_N_ELEMENTS(typed); i++)
		g_assert_null(strstr(letter->text, typed[i]));
}

/* One round; the note that went, or NULL. The caller's. */
static Letter *
send_note(Office *office)
{
	g_autoptr(GPtrArray) letters = office_send_due(office);

	g_assert_cmpuint(letters->len, <=, 1);
	if (letters->len == 0)
		return NULL;
	assert_note(letters->pdata[0]);
	return g_ptr_array_steal_index(letters, 0);
}

static void
assert_silent(Office *office)
{
	g_autoptr(Letter) letter = send_note(office);

	g_assert_null(letter);
}

static void
submit_held(Office *office, guint first, guint count)
{
	for (guint i = first; i < first + count; i++) {
		g_autofree char *receipt = g_strdup_printf("HELDHELD%04u", i);
		office_submit_held(office, receipt);
	}
}

static void
discard(Office *office, const char *receipt)
{
	g_autoptr(SubmissionSummary) summary = submissions_find(office->courier.db, receipt, NULL);

	g_assert_true(held_discard(office->courier.db, summary->id, clock_now_us() + G_TIME_SPAN_DAY, NULL));
}

/* --- One an hour, of all --------------------------------------------------------------------------------------------------------- */

static void
test_once_an_hour(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 3);
	g_autoptr(Letter) first = send_note(office);
	g_assert_nonnull(first);
	assert_says(first, "3件");
	assert_says(first, "HELDHELD0000");
	assert_says(first, "HELDHELD0002");
	assert_says(first, ")  お問い合わせ  HELDHELD");
	g_assert_nonnull(strstr(first->subject, "3件"));
	office_assert_states(office, "HELDHELD0000", "sent");
	/* While the first waited it spoke for the others. */
	office_assert_states(office, "HELDHELD0001", "");
	office_assert_states(office, "HELDHELD0002", "");
	/* Others of that hour wait for the next one, which tells of all. */
	submit_held(office, 3, 2);
	assert_silent(office);
	office_assert_states(office, "HELDHELD0003", "deferred hourly");
	office_pass(30 * MINUTE);
	discard(office, "HELDHELD0001");
	assert_silent(office);
	office_pass(30 * MINUTE);
	g_autoptr(Letter) second = send_note(office);
	g_assert_nonnull(second);
	assert_says(second, "4件");
	g_assert_null(strstr(second->text, "HELDHELD0001"));
	assert_says(second, "HELDHELD0004");
	office_pass(70 * MINUTE);
	assert_silent(office);
	office_assert_states(office, "HELDHELD0003", "sent");
	office_assert_states(office, "HELDHELD0004", "");
}

/* While a note is on its way, what it tells of waits for what becomes of it. */
static void
test_in_flight(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	Courier *courier = &office->courier;

	(void)unused;
	submit_held(office, 0, 1);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 1);
	OutboxItem *item = items->pdata[0];
	/* One that comes while the note is leased cannot know if that one has looked: it promises its own. */
	submit_held(office, 1, 1);
	g_autoptr(Letter) first = prepare_letter(courier, item, &error);
	g_assert_nonnull(first);
	assert_says(first, "HELDHELD0001");
	assert_silent(office);
	office_assert_states(office, "HELDHELD0001", "deferred hourly");
	settle_attempt(courier, item, item->deliveries->pdata[0], &(Attempt){.reply_code = 250});
	office_pass(6 * MINUTE);
	assert_silent(office);
	office_assert_states(office, "HELDHELD0001", "cancelled told");
}

static LedgerNoteFate
fate_of(Office *office, gint64 newest_id)
{
	g_autoptr(GError) error = NULL;
	LedgerNoteAnswer answer = {0};
	const LedgerNoteRequest request = {.site = "example.jp", .newest_id = newest_id};

	ledger_note_ask(office->courier.ledger, &request, &answer, &error);
	g_assert_no_error(error);
	return answer.fate;
}

/* What waits speaks for whatever comes before its turn, though its own submission was told of meanwhile: nothing is lost. */
static void
test_speaks_for_others(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	Courier *courier = &office->courier;

	(void)unused;
	submit_held(office, 0, 1);
	g_autoptr(GPtrArray) items = office_claim(office);
	OutboxItem *item = items->pdata[0];
	submit_held(office, 1, 1);
	g_autoptr(Letter) first = prepare_letter(courier, item, &error);
	assert_says(first, "HELDHELD0001");
	assert_silent(office);
	submit_held(office, 2, 1);
	office_assert_states(office, "HELDHELD0002", "");
	settle_attempt(courier, item, item->deliveries->pdata[0], &(Attempt){.reply_code = 250});
	office_pass(6 * MINUTE);
	assert_silent(office);
	office_assert_states(office, "HELDHELD0001", "deferred hourly");
	office_pass(55 * MINUTE);
	g_autoptr(Letter) second = send_note(office);
	g_assert_nonnull(second);
	assert_says(second, "HELDHELD0002");
	/* What was told counts as told for a while only: numbers may begin anew. */
	g_assert_true(settle_flush(courier));
	g_assert_cmpint(fate_of(office, 3), ==, LEDGER_NOTE_TOLD);
	g_assert_cmpint(fate_of(office, 4), ==, LEDGER_NOTE_WAITS);
	office_pass(110 * MINUTE);
	g_assert_cmpint(fate_of(office, 3), ==, LEDGER_NOTE_TOLD);
	office_pass(11 * MINUTE);
	g_assert_cmpint(fate_of(office, 3), ==, LEDGER_NOTE_GOES);
}

/* Of what decided it alone, without what was typed; where nothing is known of it, no reason. */
static void
test_reason(Office *office, gconstpointer unused)
{
	GPtrArray *findings = findings_new();
	const FindingHead list = {CHECK_LISTS, CHECK_ON, FINDING_HOLD, 0, "list_hold"};

	(void)unused;
	finding_add(findings, &(FindingHead){CHECK_LINKS, CHECK_ON, FINDING_NOTE, 3, "too_many"}, "It has 9 links.");
	finding_add(findings, &list, "It says \"本文\", which entry 4 of the lists holds.");
	g_autoptr(Verdict) verdict = verdict_new(findings, 10);
	g_autofree char *evidence = verdict_to_text(verdict);
	office_submit_judged(office, "example.jp", "JUDGEDJUDGED", SUBMISSION_HELD, evidence);
	submit_held(office, 0, 1);
	g_autoptr(Letter) note = send_note(office);
	g_autofree char *reason =
	    g_strdup_printf("お問い合わせ  JUDGEDJUDGED\n  %s\n  https://example.jp/", reason_sentence("ja", "lists.list_hold"));
	assert_says(note, reason);
	assert_says(note, "お問い合わせ  HELDHELD0000\n  https://example.jp/");
}

static void
test_many(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, LIMIT_HELD_NOTE_ROWS + 7);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
	assert_says(note, "27件");
	assert_says(note, "ほか7件");
	assert_says(note, "HELDHELD0026");
	g_assert_null(strstr(note->text, "HELDHELD0006"));
}

static void
test_none_held(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 2);
	discard(office, "HELDHELD0000");
	office_release(office, "HELDHELD0001", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office_assert_only_to(office_only_letter(letters), OWNER);
	office_assert_states(office, "HELDHELD0000", "cancelled none_held");
	office_assert_states(office, "HELDHELD0001", "sent");
	/* And a note that never went is none: the next one goes at once. */
	submit_held(office, 2, 1);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
}

/* --- What goes wrong ----------------------------------------------------------------------------------------------------------------- */

/* Makes the note and settles it as failed. */
static void
fail_note(Office *office, RelayError code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) failure = g_error_new_literal(RELAY_ERROR, (gint)code, "no");
	g_autoptr(GPtrArray) items = office_claim(office);
	guint made = 0;

	for (guint i = 0; i < items->len; i++) {
		OutboxItem *item = items->pdata[i];
		g_autoptr(Letter) letter = prepare_letter(&office->courier, item, &error);
		g_assert_no_error(error);
		if (letter == NULL)
			continue;
		made++;
		settle_attempt(&office->courier, item, item->deliveries->pdata[0], &(Attempt){.failure = failure});
	}
	g_assert_true(settle_flush(&office->courier));
	g_assert_cmpuint(made, ==, 1);
}

/* Nobody got it, and that is known: it is tried again soon. */
static void
test_refused(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 1);
	fail_note(office, RELAY_ERROR_TEMPORARY);
	office_pass(10 * MINUTE);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
}

/* It may have arrived: a second one within the hour would be one too many. */
static void
test_lost(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 1);
	fail_note(office, RELAY_ERROR_LOST);
	office_pass(10 * MINUTE);
	assert_silent(office);
	office_pass(51 * MINUTE);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
}

static void
test_restart(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	submit_held(office, 0, 1);
	g_autoptr(Letter) first = send_note(office);
	g_assert_nonnull(first);
	db_free(office->courier.ledger);
	office->courier.ledger = db_open_ledger(office->config->courier_directory, DB_EXISTING, &error);
	g_assert_no_error(error);
	g_assert_true(ledger_take_over(office->courier.ledger, &error));
	submit_held(office, 1, 1);
	assert_silent(office);
	office_pass(61 * MINUTE);
	g_autoptr(Letter) second = send_note(office);
	g_assert_nonnull(second);
}

/* A clock that ran ahead when the last note went, and was put right. */
static void
test_clock_put_right(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 1);
	office_pass(30 * G_TIME_SPAN_DAY);
	g_autoptr(Letter) first = send_note(office);
	g_assert_nonnull(first);
	clock_set_offset_us(0);
	submit_held(office, 1, 1);
	g_autoptr(Letter) second = send_note(office);
	g_assert_nonnull(second);
}

static void
test_switched_off(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[settings]\nskip_mail = on\n");
	office_reload(office);
	submit_held(office, 0, 1);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 1);
	g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[0], &error);
	g_assert_null(letter);
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_ACCOUNT);
}

/* The owner's address changed since it was promised. */
static void
test_other_owner(Office *office, gconstpointer unused)
{
	(void)unused;
	submit_held(office, 0, 1);
	tree_write(office->tree, "sites/example.jp/site.conf",
	    "[site]\nurl = https://example.jp/\nadmin_address = new@example.jp\n[mail]\nfrom = a@example.jp\naccount = main\n");
	office_reload(office);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	office_assert_only_to(office_only_letter(letters), "new@example.jp");
	g_assert_nonnull(strstr(office_only_letter(letters)->subject, "Messages that wait for your decision: 1"));
	office_assert_states(office, "HELDHELD0000", "cancelled gone, sent");
}

/* --- Released ---------------------------------------------------------------------------------------------------------------------------- */

static void
test_released(Office *office, gconstpointer unused)
{
	(void)unused;
	const gint64 received_us = clock_now_us();
	submit_held(office, 0, 1);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
	office_pass(9 * G_TIME_SPAN_DAY);
	office_release(office, "HELDHELD0000", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *notice = office_only_letter(letters);
	g_assert_cmpint(ABS(notice->date_us - received_us), <, MINUTE);
	assert_says(notice, "本文");
	assert_says(notice, "一度保留され");
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) others = office_send_due(office);
	g_assert_null(strstr(office_only_letter(others)->text, "一度保留され"));
}

/* The reply's wait begins with the release; the link of its confirmation too. */
static void
test_released_reply(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	submit_held(office, 0, 1);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
	office_pass(30 * G_TIME_SPAN_DAY);
	office_release(office, "HELDHELD0000", MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_assert_cmpuint(nothing->len, ==, 0);
	g_autoptr(GPtrArray) asked = office_send_due(office);
	office_assert_only_to(office_only_letter(asked), VISITOR);
	office_assert_states(office, "HELDHELD0000", "sent, deferred consent, sent");
}

/* --- An older database ------------------------------------------------------------------------------------------------------------------------ */

/* As version 4 was, before there was a gate, with a mail that waits. */
static void
test_migrated(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	sqlite3 *raw = NULL;

	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	g_clear_pointer(&office->courier.db, db_free);
	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw,
			    "DROP TABLE review; ALTER TABLE link_press DROP COLUMN decision; DROP TABLE delivery_event; DROP TABLE held_note; DROP TABLE repetition; DROP TABLE verdict; DROP "
			    "TABLE list_entry; DROP TABLE "
			    "list_generation; DROP TABLE salt; DROP INDEX submission_origin; PRAGMA user_version = 4",
			    NULL, NULL, NULL),
	    ==, SQLITE_OK);
	sqlite3_close(raw);
	office->courier.db = db_open(office->data_directory, DB_CREATE, &error);
	g_assert_no_error(error);
	g_autoptr(SubmissionSummary) summary = submissions_find(office->courier.db, "AAAAAAAAAAAA", &error);
	g_assert_no_error(error);
	g_assert_cmpint(summary->status, ==, SUBMISSION_ACCEPTED);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	assert_says(office_only_letter(letters), "本文");
	g_assert_null(strstr(office_only_letter(letters)->text, "一度保留され"));
	office_assert_states(office, "AAAAAAAAAAAA", "sent");
	/* And it holds and tells as a new one does. */
	submit_held(office, 0, 1);
	g_autoptr(Letter) note = send_note(office);
	g_assert_nonnull(note);
}

/* --- Unchecked ----------------------------------------------------------------------------------------------------------------------------- */

static guint
count_alarms(Office *office)
{
	g_autoptr(GPtrArray) alarms = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 10, NULL);

	for (guint i = 0; i < alarms->len; i++) {
		const Alarm *alarm = alarms->pdata[i];
		g_assert_cmpstr(alarm->topic, ==, "captcha");
		g_assert_cmpstr(alarm->site, ==, "example.jp");
		g_assert_nonnull(strstr(alarm->text, "secret_file"));
	}
	return alarms->len;
}

static void
test_unchecked(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *receipt = g_strdup_printf("UNCHECKED%03u", i);
		g_assert_cmpuint(count_alarms(office), ==, i > 0);
		office_submit_unchecked(office, receipt);
		g_autoptr(GPtrArray) letters = office_send_due(office);
		const Letter *notice = office_only_letter(letters);
		g_assert_true(g_str_has_prefix(notice->subject, "【未確認】"));
		assert_says(notice, "CAPTCHA（自動送信を防ぐ確認）を検証できませんでした");
	}
	g_assert_cmpuint(count_alarms(office), ==, 1);
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) others = office_send_due(office);
	g_assert_null(strstr(office_only_letter(others)->subject, "未確認"));
	g_assert_null(strstr(office_only_letter(others)->text, "未確認"));
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"once an hour", test_once_an_hour},
	    {"in flight", test_in_flight},
	    {"speaks for others", test_speaks_for_others},
	    {"many", test_many},
	    {"its reason", test_reason},
	    {"none held", test_none_held},
	    {"refused", test_refused},
	    {"lost", test_lost},
	    {"restart", test_restart},
	    {"clock put right", test_clock_put_right},
	    {"switched off", test_switched_off},
	    {"other owner", test_other_owner},
	    {"released", test_released},
	    {"released reply", test_released_reply},
	    {"migrated", test_migrated},
	    {"unchecked", test_unchecked},
	    {NULL, NULL},
	};
	compose_init();
	return office_run(argc, argv, "held_note", tests);
}
