/*
 * Pressed buttons of review pages on a real database and ledger: what a person decides is carried out once, told if it cannot be, and nothing else that a front writes decides anything.
 */
#include <string.h>

#include "decision_desk.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/texts.h"
#include "sekisho/relay/decision.h"
#include "sekisho/store/audit.h"
#include "sekisho/store/held.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

/* --- Carried out ---------------------------------------------------------------------------------------------------------------- */

static void
test_release(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "release");

	assert_status(office, RECEIPT, SUBMISSION_RELEASED);
	assert_audit(office, AUDIT_BY_LINK " held.release " RECEIPT);
	assert_lists(office, "");
	assert_no_alarm(office);
	/* Its notice has a link again, of the other stage. */
	g_autoptr(GPtrArray) letters = office_send_due(office);
	const Letter *letter = office_only_letter(letters);
	office_assert_only_to(letter, OWNER);
	g_assert_nonnull(strstr(letter->text, "https://example.jp/sekisho/review?t="));
	g_assert_null(strstr(letter->text, token));
}

static void
test_release_and_allow(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "release-allow");

	assert_status(office, RECEIPT, SUBMISSION_RELEASED);
	assert_lists(office, "allow example.jp " VISITOR);
	assert_audit(office, AUDIT_BY_LINK " held.release-allow " RECEIPT);
}

static void
test_discard(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "discard");
	assert_status(office, RECEIPT, SUBMISSION_DISCARDED);
	assert_lists(office, "");
	g_autofree char *other = held_token(office, OTHER);
	press(office, other, "discard-block-address");
	assert_status(office, OTHER, SUBMISSION_DISCARDED);
	assert_lists(office, "block example.jp " VISITOR);
	assert_audit(office, AUDIT_BY_LINK " held.discard " RECEIPT ", " AUDIT_BY_LINK " held.discard-block-address " OTHER);
}

/* Who is blocked gets no answer that still waits. */
static void
test_block(Office *office, gconstpointer unused)
{
	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, RECEIPT, MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_assert_cmpuint(nothing->len, ==, 0);
	g_autofree char *token = token_of(office, RECEIPT, REVIEW_PASSED);
	press(office, token, "block-address");

	assert_status(office, RECEIPT, SUBMISSION_ACCEPTED);
	assert_lists(office, "block example.jp " VISITOR);
	assert_audit(office, AUDIT_BY_LINK " held.block-address " RECEIPT);
	g_autofree char *states = office_states(office, RECEIPT);
	g_assert_true(g_str_has_prefix(states, "cancelled"));
	assert_no_alarm(office);
}

/* The page of a held one has no button that blocks and leaves it waiting: nothing would end its link, which could be pressed for ever. */
static void
test_block_held(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "block-address");
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_lists(office, "");
	assert_audit(office, "");
	assert_no_alarm(office);
	press(office, token, "discard");
	assert_status(office, RECEIPT, SUBMISSION_DISCARDED);
}

/* Nor is a block of one that passed done twice, whatever a front makes of its status and of the link's row. */
static void
test_block_once(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, RECEIPT, MAIL_NOTICE, OWNER);
	g_autofree char *token = token_of(office, RECEIPT, REVIEW_PASSED);
	write_rows(office, "INSERT INTO verdict (submission_id, site, status, quota_bytes) VALUES (1, 'example.jp', 2, 0)");
	for (guint i = 0; i < 3; i++) {
		press(office, token, "block-address");
		write_rows(office, "INSERT OR REPLACE INTO review VALUES (1, 2, x'00', 9000000000000000)");
	}
	assert_audit(office, AUDIT_BY_LINK " held.block-address " RECEIPT);
}

/* --- Once ------------------------------------------------------------------------------------------------------------------------ */

/* Pressed again, by a person or by a front that kept the token. */
static void
test_replay(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "release");
	press(office, token, "release");
	assert_audit(office, AUDIT_BY_LINK " held.release " RECEIPT);
	assert_no_alarm(office);
	/* A front sets everything back that it can write. */
	write_rows(office, "UPDATE verdict SET status = 2; INSERT OR REPLACE INTO review VALUES (1, 1, x'00', 9000000000000000)");
	press(office, token, "discard");
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_audit(office, AUDIT_BY_LINK " held.release " RECEIPT);
	assert_alarm(office, RECEIPT);
}

/* A later mail has another link to the same submission: whichever is pressed first decides, and who pressed the other reads that it was not done. */
static void
test_two_links(Office *office, gconstpointer unused)
{
	static const struct {
		const char *first, *second;
		gboolean is_told;
	} rows[] = {{"release", "release", FALSE}, {"discard", "discard", FALSE}, {"release", "discard", TRUE},
	    {"discard", "release", TRUE}, {"release", "release-allow", TRUE}, {"discard", "discard-block-address", TRUE},
	    {"discard-block-address", "discard-block-network", TRUE}, {"discard-block-address", "discard", FALSE},
	    {"discard-block-address", "discard-block-address", FALSE}};

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%" G_GSIZE_FORMAT, i);
		g_autofree char *audit = g_strdup_printf(AUDIT_BY_LINK " held.%s %s", rows[i].first, receipt);
		g_autofree char *early = held_token(office, receipt);
		office_pass(G_TIME_SPAN_DAY);
		g_autofree char *late = token_of(office, receipt, REVIEW_HELD);
		g_assert_cmpstr(early, !=, late);
		office_press_button(office, "example.jp", i % 2 == 0 ? early : late, rows[i].first);
		office_press_button(office, "example.jp", i % 2 == 0 ? late : early, rows[i].second);
		g_assert_true(presses_attend(&office->courier));
		g_assert_cmpuint(presses_count(office), ==, 0);
		assert_audit(office, audit);
		if (rows[i].is_told)
			assert_alarm(office, receipt);
		else
			assert_no_alarm(office);
		forget(office);
	}
}

/* Two choices of whom to block, on two pages: the second one is not done, and that is told. */
static void
test_two_blocks(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_from(office, RECEIPT, MAIL_NOTICE, VISITOR);
	g_autofree char *early = token_of(office, RECEIPT, REVIEW_PASSED);
	office_pass(G_TIME_SPAN_DAY);
	g_autofree char *late = token_of(office, RECEIPT, REVIEW_PASSED);
	press(office, early, "block-address");
	press(office, early, "block-address");
	assert_no_alarm(office);
	press(office, late, "block-network");
	assert_alarm(office, RECEIPT);
	assert_audit(office, AUDIT_BY_LINK " held.block-address " RECEIPT);
}

/* The gateway itself let it pass meanwhile: it is not held any more, but nobody was allowed. */
static void
test_passed_by_itself(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	g_autofree char *other = held_token(office, OTHER);
	write_rows(office, "UPDATE verdict SET status = 1");
	press(office, token, "release");
	assert_no_alarm(office);
	press(office, other, "release-allow");
	assert_alarm(office, OTHER);
	assert_lists(office, "");
}

/* A crash came between the decision and its end: it ends as if there had been none. */
static void
test_resumed(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	g_assert_true(held_discard(office->courier.db, summary->id, clock_now_us() + G_TIME_SPAN_DAY, &error));
	press(office, token, "discard");
	assert_audit(office, AUDIT_BY_LINK " held.discard " RECEIPT);
	assert_no_alarm(office);
	/* Its last step was lost. */
	press(office, token, "discard");
	assert_audit(office, AUDIT_BY_LINK " held.discard " RECEIPT);
	assert_no_alarm(office);
}

/* --- What cannot be done ----------------------------------------------------------------------------------------------------------- */

/* Somebody else decided while the page was open. */
static void
test_decided_otherwise(Office *office, gconstpointer unused)
{
	g_auto(DecisionResult) result = {0};
	g_autoptr(GError) error = NULL;
	const ReviewHouse house = invite_house(&office->courier);
	const DecisionMaker maker = {.house = &house, .config = office->config, .actor = "hanako"};
	const ReviewDecision release = {.order = REVIEW_RELEASE};

	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	g_assert_true(decision_apply(&maker, summary, &release, &result, &error));
	g_assert_cmpuint(result.mails, ==, 1);
	press(office, token, "discard-block-address");
	assert_status(office, RECEIPT, SUBMISSION_RELEASED);
	assert_lists(office, "");
	assert_audit(office, "hanako held.release " RECEIPT);
	assert_alarm(office, text_for("ja", "alarm.review_released"));
}

static void
test_late(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	office_press_button(office, "example.jp", token, "release");
	office_pass(LIMIT_REVIEW_US + 2 * G_TIME_SPAN_HOUR);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_alarm(office, text_for("ja", "alarm.review_late"));
}

static void
test_gone(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	write_rows(office, "DELETE FROM submission");
	press(office, token, "release");
	assert_alarm(office, text_for("ja", "alarm.review_gone"));
}

/* The row of the link is gone, so it cannot have been opened any more. */
static void
test_no_row(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	write_rows(office, "DELETE FROM review");
	press(office, token, "release");
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_audit(office, "");
	assert_alarm(office, RECEIPT);
}

/* A front dates it as it likes: it is released all the same, and not kept longer for that. */
static void
test_impossible_date(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	write_rows(office, "UPDATE submission SET received_at = 9223372036854775807");
	press(office, token, "release");
	g_autoptr(SubmissionSummary) summary = summary_of(office, RECEIPT);
	g_assert_cmpint(summary->status, ==, SUBMISSION_RELEASED);
	g_assert_cmpint(summary->purge_at_us, >, clock_now_us());
	g_assert_cmpint(summary->purge_at_us, <, clock_now_us() + LIMIT_AUDIT_US);
}

/* A form that a person must mend: the press waits, and is carried out then. */
static void
test_broken_form(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\nunknown = 1\n");
	office_reload(office);
	office_press_button(office, "example.jp", token, "release");
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 1);
	assert_no_alarm(office);
	office_form(office, "never", "");
	office->courier.presses_again_at_us = 0;
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
	assert_status(office, RECEIPT, SUBMISSION_RELEASED);
}

/* A release that nobody would get is none; the owner reads why. */
static void
test_release_to_nobody(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *token = held_token(office, RECEIPT);
	office_form(office, "never", "[settings]\nskip_mail = on\n");
	press(office, token, "release-allow");
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_lists(office, "");
	assert_alarm(office, "skip_mail");
}

/* Nothing that could be blocked: thrown away is it all the same, but a block alone would be none. */
static void
test_nothing_to_block(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, OTHER, MAIL_NOTICE, OWNER);
	g_autofree char *passed = token_of(office, OTHER, REVIEW_PASSED);
	press(office, passed, "block-network");
	assert_alarm(office, "nothing is blocked");
	assert_audit(office, "");
	g_autofree char *token = held_token(office, RECEIPT);
	press(office, token, "discard-block-fingerprint");
	assert_status(office, RECEIPT, SUBMISSION_DISCARDED);
	assert_lists(office, "");
	assert_audit(office, AUDIT_BY_LINK " held.discard-block-fingerprint " RECEIPT);
}

/* What was typed stands in no log, also where it cannot be blocked: a label of a domain has 63 letters at most. */
static void
test_typed_in_no_log(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *label = g_strnfill(64, 'x');
	g_autofree char *typed = g_strdup_printf("secret.name@%s.test", label);
	office_submit_from(office, RECEIPT, MAIL_NOTICE, typed);
	g_autofree char *token = token_of(office, RECEIPT, REVIEW_PASSED);
	office_press_button(office, "example.jp", token, "block-address");
	g_autofree char *log = log_of_presses(office);
	g_assert_nonnull(strstr(log, RECEIPT));
	g_assert_null(strstr(log, "secret.name"));
	g_assert_null(strstr(log, token));
	assert_lists(office, "");
	assert_alarm(office, RECEIPT);
}

/* --- What decides nothing ------------------------------------------------------------------------------------------------------------ */

static char *
token_with(Office *office, VaultLinkPurpose purpose, const char *site, const ReviewClaim *claim)
{
	g_autoptr(GBytes) payload = review_payload(claim);

	return vault_link_sign(office->vault,
	    &(VaultLink){
		.purpose = purpose, .site = site, .expires_at_us = clock_now_us() + G_TIME_SPAN_HOUR, .payload = payload});
}

static void
test_what_decides_nothing(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *good = held_token(office, RECEIPT);
	const ReviewClaim claim = {.stage = REVIEW_HELD, .receipt = RECEIPT},
			  passed = {.stage = REVIEW_PASSED, .receipt = RECEIPT};
	g_autofree char *cut = g_strndup(good, strlen(good) - 1);
	g_autofree char *changed = g_strdup(good);
	changed[30] = changed[30] == 'A' ? 'B' : 'A';
	g_autofree char *foreign = token_with(office, VAULT_LINK_REVIEW, "other.example", &claim);
	g_autofree char *consent = token_with(office, VAULT_LINK_CONSENT, "example.jp", &claim);
	g_autofree char *other_stage = token_with(office, VAULT_LINK_REVIEW, "example.jp", &passed);
	const struct {
		const char *token;
		const char *decision;
	} rows[] = {{cut, "release"}, {changed, "release"}, {foreign, "release"}, {consent, "release"}, {other_stage, "release"},
	    {other_stage, "discard"}, {good, "erase"}, {good, "release\n"}, {"", "release"}, {good, ""}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		press(office, rows[i].token, rows[i].decision);
		assert_status(office, RECEIPT, SUBMISSION_HELD);
	}
	/* Its own link at another site. */
	office_press_button(office, "other.example", good, "release");
	g_assert_true(presses_attend(&office->courier));
	assert_status(office, RECEIPT, SUBMISSION_HELD);
	assert_lists(office, "");
	assert_audit(office, "");
	/* A front can make no alarms of what nobody signed. */
	assert_no_alarm(office);
}

/* Of many that expired the owner is told once. */
static void
test_told_once(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *first = held_token(office, RECEIPT);
	g_autofree char *second = held_token(office, OTHER);
	write_rows(office, "DELETE FROM review");
	press(office, first, "release");
	press(office, second, "release");
	assert_alarm(office, RECEIPT);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"release", test_release},
	    {"release and allow", test_release_and_allow},
	    {"discard and block", test_discard},
	    {"block who passed", test_block},
	    {"block who is held", test_block_held},
	    {"block who passed once", test_block_once},
	    {"once", test_replay},
	    {"two links of one submission", test_two_links},
	    {"two blocks", test_two_blocks},
	    {"passed by itself", test_passed_by_itself},
	    {"resumed after a crash", test_resumed},
	    {"decided otherwise", test_decided_otherwise},
	    {"late", test_late},
	    {"gone", test_gone},
	    {"no row", test_no_row},
	    {"an impossible date", test_impossible_date},
	    {"a broken form waits", test_broken_form},
	    {"released to nobody", test_release_to_nobody},
	    {"nothing to block", test_nothing_to_block},
	    {"what was typed is in no log", test_typed_in_no_log},
	    {"what decides nothing", test_what_decides_nothing},
	    {"told once", test_told_once},
	    {NULL, NULL},
	};
	return office_run(argc, argv, "decision", tests);
}
