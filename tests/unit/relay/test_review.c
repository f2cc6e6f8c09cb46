/*
 * Review links on a real database and ledger: which mails carry them, what they open, and what a front that writes rows as it likes cannot make of them.
 */
#include <sqlite3.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

#define OWNER "owner@example.jp"
#define RECEIPT "AAAAAAAAAAAA"
#define OTHER "BBBBBBBBBBBB"
#define BEGINNING "https://example.jp/sekisho/review?t="

/* The links of a letter's text (char *). The caller's. */
static GPtrArray *
links_of(const Letter *letter)
{
	GPtrArray *links = g_ptr_array_new_with_free_func(g_free);

	for (const char *at = letter->text; (at = strstr(at, BEGINNING)) != NULL; at++)
		g_ptr_array_add(links, g_strndup(at, strcspn(at, " \n")));
	return links;
}

/* What a link says; its signature is good. */
static ReviewClaim
claim_of(Office *office, const char *link)
{
	g_autoptr(GError) error = NULL;
	ReviewClaim claim = {0};
	VaultLink token = {.purpose = VAULT_LINK_REVIEW, .site = "example.jp"};

	g_assert_true(g_str_has_prefix(link, BEGINNING));
	g_assert_true(vault_link_verify(office->vault, link + strlen(BEGINNING), &token, &error));
	g_assert_no_error(error);
	g_assert_true(review_payload_read(token.payload, &claim));
	g_bytes_unref(token.payload);
	return claim;
}

static SubmissionSummary *
summary_of(Office *office, const char *receipt)
{
	g_autoptr(GError) error = NULL;
	SubmissionSummary *summary = submissions_find(office->courier.db, receipt, &error);

	g_assert_no_error(error);
	return summary;
}

/* By its own transaction. The caller's; NULL: there is nothing to decide. */
static char *
link_of(Office *office, const char *receipt, ReviewStage stage)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	g_autoptr(SubmissionSummary) summary = summary_of(office, receipt);
	ReviewHouse house = invite_house(&office->courier);
	gint64 until_us = 0;

	house.pending = NULL;
	char *link = review_link(&house, site, summary, stage, &until_us, &error);
	g_assert_no_error(error);
	if (link != NULL) {
		g_assert_cmpint(
		    until_us, >, clock_now_us() + LIMIT_REVIEW_US - (stage == REVIEW_PASSED ? 7 : 1) * G_TIME_SPAN_DAY);
		g_assert_cmpint(until_us, <=, clock_now_us() + LIMIT_REVIEW_US);
	}
	return link;
}

static Review *
open_claim(Office *office, const char *site, const ReviewClaim *claim)
{
	g_autoptr(GError) error = NULL;
	Review *review = review_open(office->courier.db, site, claim, &error);

	g_assert_no_error(error);
	return review;
}

static void
assert_opens(Office *office, const ReviewClaim *claim, gboolean is_open)
{
	g_autoptr(Review) review = open_claim(office, "example.jp", claim);

	g_assert_cmpint(review->submission != NULL, ==, is_open);
	if (is_open)
		g_assert_cmpstr(review->submission->receipt, ==, claim->receipt);
}

static void
assert_fails(Office *office, const char *site, const ReviewClaim *claim, GQuark domain, int code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Review) review = review_open(office->courier.db, site, claim, &error);

	g_assert_null(review);
	g_assert_error(error, domain, code);
}

/* What a front may do that was taken over. */
static void
write_rows(Office *office, const char *sql)
{
	sqlite3 *raw = NULL;
	char *message = NULL;
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);

	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	sqlite3_busy_timeout(raw, 5000);
	sqlite3_exec(raw, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	sqlite3_exec(raw, sql, NULL, NULL, &message);
	if (message != NULL)
		g_error("%s: %s", sql, message);
	sqlite3_close(raw);
}

/* --- Mails ------------------------------------------------------------------------------------------------------------------- */

static void
test_notice(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *letter = office_only_letter(letters);
	g_autoptr(GPtrArray) links = links_of(letter);
	g_assert_cmpuint(links->len, ==, 1);
	/* Nothing comes behind it. */
	g_autofree char *end = g_strconcat(links->pdata[0], "\n", NULL);
	g_assert_true(g_str_has_suffix(letter->text, end));
	const ReviewClaim claim = claim_of(office, links->pdata[0]);
	g_assert_cmpint(claim.stage, ==, REVIEW_PASSED);
	g_assert_cmpstr(claim.receipt, ==, RECEIPT);
	assert_opens(office, &claim, TRUE);
	g_autoptr(Review) review = open_claim(office, "example.jp", &claim);
	g_assert_cmpstr(submission_field(review->submission, "your-message")->values[0], ==, "本文");
}

/* An HTML notice has it as a link that can be pressed. */
static void
test_html_notice(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "never", "[mail]\nhtml = on\n");
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *letter = office_only_letter(letters);
	g_autoptr(GPtrArray) links = links_of(letter);
	g_assert_cmpuint(links->len, ==, 1);
	g_autofree char *pressed = g_strdup_printf("<a href=\"%s\">", (const char *)links->pdata[0]);
	g_assert_nonnull(strstr(letter->html, pressed));
}

/* Without facts the mail stays as its template says; a reply never has any. */
static void
test_mails_without(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "proved", OFFICE_REPLY);
	office_prove(office, "taro@visitor.test");
	office_submit_from(office, RECEIPT, MAIL_REPLY, "taro@visitor.test");
	g_autoptr(GPtrArray) replies = office_send_due(office);
	g_assert_null(strstr(office_only_letter(replies)->text, "/sekisho/review"));
	office_site(office, "[notice]\nfacts = off\n");
	office_submit(office, OTHER, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) notices = office_send_due(office);
	g_assert_null(strstr(office_only_letter(notices)->text, "/sekisho/review"));
}

static void
test_held_note(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_held(office, RECEIPT);
	office_submit_held(office, OTHER);
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_autoptr(GPtrArray) links = links_of(office_only_letter(letters));
	g_assert_cmpuint(links->len, ==, 2);
	const ReviewClaim newest = claim_of(office, links->pdata[0]), oldest = claim_of(office, links->pdata[1]);
	g_assert_cmpstr(newest.receipt, ==, OTHER);
	g_assert_cmpstr(oldest.receipt, ==, RECEIPT);
	assert_opens(office, &newest, TRUE);
	assert_opens(office, &oldest, TRUE);
}

/* Nobody can be told of a link whose row the database did not take; it is there as soon as that takes rows again. */
static void
test_rows_wait(Office *office, gconstpointer unused)
{
	sqlite3 *raw = NULL;
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);

	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[0], NULL);
	g_autoptr(GPtrArray) links = links_of(letter);
	const ReviewClaim claim = claim_of(office, links->pdata[0]);
	assert_opens(office, &claim, FALSE);
	g_assert_cmpint(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
	invites_write(&office->courier);
	assert_opens(office, &claim, FALSE);
	g_assert_cmpint(sqlite3_exec(raw, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
	invites_write(&office->courier);
	assert_opens(office, &claim, TRUE);
	sqlite3_close(raw);
}

/* --- Links ------------------------------------------------------------------------------------------------------------------- */

/* A notice that is tried again carries the same link as long as mails are tried; much later one that lasts longer, and the old
 * one works as well. */
static void
test_same_link(Office *office, gconstpointer unused)
{
	(void)unused;
	/* Shortly before midnight, which must make no difference. */
	office_pass(G_TIME_SPAN_DAY + G_TIME_SPAN_HOUR * 23 - clock_now_us() % G_TIME_SPAN_DAY);
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autofree char *first = link_of(office, RECEIPT, REVIEW_PASSED);
	office_pass(2 * G_TIME_SPAN_HOUR);
	g_autofree char *second = link_of(office, RECEIPT, REVIEW_PASSED);
	g_assert_cmpstr(first, ==, second);
	office_pass(5 * G_TIME_SPAN_DAY);
	g_autofree char *last = link_of(office, RECEIPT, REVIEW_PASSED);
	g_assert_cmpstr(first, ==, last);
	office_pass(2 * G_TIME_SPAN_DAY);
	g_autofree char *third = link_of(office, RECEIPT, REVIEW_PASSED);
	g_assert_cmpstr(first, !=, third);
	const ReviewClaim old = claim_of(office, first), new = claim_of(office, third);
	g_assert_cmpmem(old.secret, sizeof old.secret, new.secret, sizeof new.secret);
	assert_opens(office, &old, TRUE);
	assert_opens(office, &new, TRUE);
}

static void
test_nothing_to_decide(Office *office, gconstpointer unused)
{
	static const char *const spoilt[] = {"UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL",
	    "UPDATE submission SET site = 'other.example'", "UPDATE submission SET receipt = 'AAAAAAAAAAAA-'",
	    "UPDATE submission SET receipt = 'AAAAAAAAAAAAA'", "UPDATE submission SET purge_at = 1"};

	(void)unused;
	office_submit_held(office, OTHER);
	g_autofree char *passed = link_of(office, OTHER, REVIEW_PASSED);
	g_assert_null(passed);
	for (gsize i = 0; i < G_N_ELEMENTS(spoilt); i++) {
		write_rows(office, "DELETE FROM submission");
		office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
		g_autofree char *held = link_of(office, RECEIPT, REVIEW_HELD);
		g_assert_null(held);
		write_rows(office, spoilt[i]);
		g_autofree char *link = link_of(office, RECEIPT, REVIEW_PASSED);
		g_assert_null(link);
	}
}

/* Once a person has decided there are no rows, and no further mail brings any: what a front makes of the rows changes nothing. */
static void
test_decided(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	const ReviewHouse house = invite_house(&office->courier);

	(void)unused;
	office_submit_held(office, RECEIPT);
	g_autofree char *link = link_of(office, RECEIPT, REVIEW_HELD);
	const ReviewClaim claim = claim_of(office, link);
	assert_opens(office, &claim, TRUE);
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	g_assert_true(review_decide(&house, summary, REVIEW_HELD, &error));
	assert_opens(office, &claim, FALSE);
	g_autofree char *again = link_of(office, RECEIPT, REVIEW_HELD);
	g_assert_null(again);
	g_assert_cmpint(ledger_purge(office->courier.ledger, 100, &error), >=, 0);
	office_pass(LIMIT_REVIEW_US);
	g_autofree char *later = link_of(office, RECEIPT, REVIEW_HELD);
	g_assert_null(later);
}

/* The operator's command has released it, and its notice, with a link of its own, is quicker than the end of the command. */
static void
test_released_meanwhile(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	const ReviewHouse house = invite_house(&office->courier);

	(void)unused;
	office_submit_held(office, RECEIPT);
	g_autofree char *held_link = link_of(office, RECEIPT, REVIEW_HELD);
	const ReviewClaim held = claim_of(office, held_link);
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	office_release(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autofree char *passed_link = link_of(office, RECEIPT, REVIEW_PASSED);
	const ReviewClaim passed = claim_of(office, passed_link);
	assert_opens(office, &held, TRUE);
	g_assert_true(review_decide(&house, summary, REVIEW_HELD, &error));
	assert_opens(office, &held, FALSE);
	assert_opens(office, &passed, TRUE);
	g_assert_true(review_decide(&house, summary, REVIEW_PASSED, &error));
	assert_opens(office, &passed, FALSE);
}

static void
add_link_key(Office *office)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = tree_path(office->tree, "keys");
	g_autofree char *path = g_build_filename(folder, "link.key", NULL);
	g_autofree char *before = NULL;

	g_assert_true(g_file_get_contents(path, &before, NULL, &error));
	g_autofree char *both = g_strconcat("[link 0000abcd]\ncreated=2099-01-01T00:00:00Z\n"
					    "secret=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n",
	    before, NULL);
	g_assert_true(g_file_set_contents_full(path, both, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error));
	vault_free(office->vault);
	office->vault = vault_open(folder, VAULT_ADMIN, &error);
	g_assert_no_error(error);
	office_reload(office);
}

/* A key of links that is replaced makes other secrets: the mails that are in mailboxes open nothing more once a newer one went, and what was pressed in time still counts. */
static void
test_new_key(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autofree char *old_link = link_of(office, RECEIPT, REVIEW_PASSED);
	const ReviewClaim old = claim_of(office, old_link);
	add_link_key(office);
	g_autofree char *new_link = link_of(office, RECEIPT, REVIEW_PASSED);
	const ReviewClaim new = claim_of(office, new_link);
	g_assert_cmpint(memcmp(old.secret, new.secret, sizeof new.secret), !=, 0);
	assert_opens(office, &new, TRUE);
	assert_fails(office, "example.jp", &old, BASE_ERROR, BASE_ERROR_FORGED);
	/* It is signed by a key that is kept. */
	(void)claim_of(office, old_link);
	office_press_button(office, "example.jp", old_link + strlen(BEGINNING), "block-address");
	g_assert_true(presses_attend(&office->courier));
	assert_opens(office, &new, FALSE);
}

static void
test_expired(Office *office, gconstpointer unused)
{
	gboolean stands = FALSE;

	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	office_submit(office, OTHER, MAIL_NOTICE, OWNER);
	g_autofree char *link = link_of(office, RECEIPT, REVIEW_PASSED);
	const ReviewClaim claim = claim_of(office, link);
	g_assert_cmpint(review_purge(office->courier.db, 10, NULL), ==, 0);
	office_pass(LIMIT_REVIEW_US - 2 * G_TIME_SPAN_DAY);
	assert_opens(office, &claim, TRUE);
	g_autofree char *young = link_of(office, OTHER, REVIEW_PASSED);
	office_pass(2 * G_TIME_SPAN_DAY);
	assert_opens(office, &claim, FALSE);
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	g_assert_true(review_stands(office->courier.db, summary->id, REVIEW_PASSED, &stands, NULL));
	g_assert_true(stands);
	g_assert_cmpint(review_purge(office->courier.db, 10, NULL), ==, 1);
	g_assert_true(review_stands(office->courier.db, summary->id, REVIEW_PASSED, &stands, NULL));
	g_assert_false(stands);
	const ReviewClaim other = claim_of(office, young);
	assert_opens(office, &other, TRUE);
}

/* --- Attacks ------------------------------------------------------------------------------------------------------------------ */

/* A secret opens its own submission, at its own stage and site. */
static void
test_belongs(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_held(office, RECEIPT);
	office_submit_held(office, OTHER);
	g_autofree char *link = link_of(office, RECEIPT, REVIEW_HELD);
	g_autofree char *other_link = link_of(office, OTHER, REVIEW_HELD);
	const ReviewClaim claim = claim_of(office, link), other = claim_of(office, other_link);
	g_assert_cmpint(memcmp(claim.secret, other.secret, sizeof claim.secret), !=, 0);
	ReviewClaim forged = claim;
	memcpy(forged.receipt, OTHER, sizeof forged.receipt);
	assert_fails(office, "example.jp", &forged, BASE_ERROR, BASE_ERROR_FORGED);
	forged = claim;
	forged.stage = REVIEW_PASSED;
	assert_opens(office, &forged, FALSE);
	memcpy(forged.receipt, "CCCCCCCCCCCC", sizeof forged.receipt);
	assert_fails(office, "example.jp", &forged, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	assert_fails(office, "other.example", &claim, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	/* A receipt that only begins so is another one. */
	write_rows(office, "UPDATE submission SET receipt = receipt || 'Z' WHERE receipt = '" RECEIPT "'");
	assert_fails(office, "example.jp", &claim, STORE_ERROR, STORE_ERROR_NOT_FOUND);
}

/* Rows that a front moves, copies and makes open nothing that the link does not. */
static void
test_moved_rows(Office *office, gconstpointer unused)
{
	static const char *const moves[] = {/* the key of the one at the other */
	    "UPDATE review SET wrapped = (SELECT wrapped FROM review WHERE submission_id = 1) WHERE submission_id = 2",
	    /* the content of the one at the other, with all its keys */
	    "UPDATE submission SET content = (SELECT content FROM submission WHERE id = 1), wrapped_key = (SELECT wrapped_key "
	    "FROM "
	    "submission WHERE id = 1) WHERE id = 2",
	    /* the epoch's key in place of the granted one */
	    "UPDATE review SET wrapped = (SELECT wrapped_key FROM submission WHERE id = 2) WHERE submission_id = 2",
	    "UPDATE review SET wrapped = x'00' WHERE submission_id = 2"};

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(moves); i++) {
		write_rows(office, "DELETE FROM submission; DELETE FROM sqlite_sequence");
		office_submit_held(office, RECEIPT);
		office_submit_held(office, OTHER);
		g_autofree char *first = link_of(office, RECEIPT, REVIEW_HELD);
		g_autofree char *second = link_of(office, OTHER, REVIEW_HELD);
		const ReviewClaim claim = claim_of(office, second);
		write_rows(office, moves[i]);
		assert_fails(office, "example.jp", &claim, BASE_ERROR, BASE_ERROR_FORGED);
	}
	/* One that nobody would have granted. */
	write_rows(office, "UPDATE review SET wrapped = zeroblob(100000) WHERE submission_id = 1");
	const ReviewClaim none = {.stage = REVIEW_HELD, .receipt = RECEIPT};
	assert_opens(office, &none, FALSE);
	/* A receipt that was put over another's content gets no row at all. */
	write_rows(office, "DELETE FROM review; UPDATE submission SET receipt = 'EEEEEEEEEEEE' WHERE id = 2");
	g_autofree char *stolen = link_of(office, "EEEEEEEEEEEE", REVIEW_HELD);
	const ReviewClaim thief = claim_of(office, stolen);
	assert_opens(office, &thief, FALSE);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a notice ends with its link", test_notice},
	    {"an HTML notice has a link", test_html_notice},
	    {"other mails have none", test_mails_without},
	    {"the note about what is held has one of each", test_held_note},
	    {"rows wait for the database", test_rows_wait},
	    {"a mail tried again has the same link", test_same_link},
	    {"nothing to decide", test_nothing_to_decide},
	    {"decided once", test_decided},
	    {"released meanwhile", test_released_meanwhile},
	    {"a new key", test_new_key},
	    {"expired", test_expired},
	    {"belongs to one submission", test_belongs},
	    {"moved rows open nothing", test_moved_rows},
	    {NULL, NULL},
	};
	return office_run(argc, argv, "review", tests);
}
