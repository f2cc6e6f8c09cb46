/*
 * What review links and pressed buttons say.
 */
#include <string.h>

#include "sekisho/store/review.h"

#define RECEIPT "01ABCDEFGHJK"

static ReviewClaim
claim_of(ReviewStage stage)
{
	ReviewClaim claim = {.stage = stage, .receipt = RECEIPT};
	for (guint i = 0; i < VAULT_SECRET_BYTES; i++)
		claim.secret[i] = (guint8)i;
	return claim;
}

static void
test_payload(void)
{
	const ReviewStage stages[] = {REVIEW_HELD, REVIEW_PASSED};
	for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
		ReviewClaim read = {0};
		const ReviewClaim claim = claim_of(stages[i]);
		g_autoptr(GBytes) payload = review_payload(&claim);
		g_assert_cmpuint(g_bytes_get_size(payload), <=, VAULT_LINK_PAYLOAD_BYTES);
		g_assert_true(review_payload_read(payload, &read));
		g_assert_cmpint(read.stage, ==, stages[i]);
		g_assert_cmpstr(read.receipt, ==, RECEIPT);
		g_assert_cmpmem(read.secret, sizeof read.secret, claim.secret, sizeof claim.secret);
	}
}

/* Each row changes one byte of a good payload, or its length. */
static void
test_no_payload(void)
{
	static const struct {
		gsize at;
		guint8 byte;
		gssize size;
	} rows[] = {{0, 0, 0}, {0, 3, 0}, {1, 0, 0}, {12, ' ', 0}, {5, 0xc3, 0}, {3, '%', 0}, {0, 1, -1}, {0, 1, 1}, {0, 1, -45}};
	const ReviewClaim claim = claim_of(REVIEW_HELD);
	g_autoptr(GBytes) good = review_payload(&claim);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ReviewClaim read = {0};
		guint8 bytes[64] = {0};
		memcpy(bytes, g_bytes_get_data(good, NULL), g_bytes_get_size(good));
		bytes[rows[i].at] = rows[i].byte;
		g_autoptr(GBytes) payload = g_bytes_new(bytes, (gsize)((gssize)g_bytes_get_size(good) + rows[i].size));
		g_assert_false(review_payload_read(payload, &read));
	}
}

static void
test_decisions(void)
{
	static const struct {
		const char *text;
		ReviewDecision decision;
		gboolean is_of_passed;
	} rows[] = {
	    {"release", {REVIEW_RELEASE, REVIEW_ADDRESS}, FALSE},
	    {"release-allow", {REVIEW_RELEASE_ALLOW, REVIEW_ADDRESS}, FALSE},
	    {"discard", {REVIEW_DISCARD, REVIEW_ADDRESS}, FALSE},
	    {"discard-block-address", {REVIEW_DISCARD_BLOCK, REVIEW_ADDRESS}, FALSE},
	    {"discard-block-network", {REVIEW_DISCARD_BLOCK, REVIEW_NETWORK}, FALSE},
	    {"discard-block-fingerprint", {REVIEW_DISCARD_BLOCK, REVIEW_FINGERPRINT}, FALSE},
	    {"block-address", {REVIEW_BLOCK, REVIEW_ADDRESS}, TRUE},
	    {"block-network", {REVIEW_BLOCK, REVIEW_NETWORK}, TRUE},
	    {"block-fingerprint", {REVIEW_BLOCK, REVIEW_FINGERPRINT}, TRUE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ReviewDecision read = {0};
		g_assert_cmpstr(review_decision_text(&rows[i].decision), ==, rows[i].text);
		g_assert_true(review_decision_read(rows[i].text, &read));
		g_assert_cmpint(read.order, ==, rows[i].decision.order);
		g_assert_cmpint(read.subject, ==, rows[i].decision.subject);
		g_assert_cmpint(review_is_of_stage(&read, REVIEW_HELD), ==, !rows[i].is_of_passed);
		g_assert_cmpint(review_is_of_stage(&read, REVIEW_PASSED), ==, rows[i].is_of_passed);
	}
}

static void
test_no_decision(void)
{
	static const char *const rows[] = {
	    "", "Release", "release ", "discard-block", "block", "block-phone", "release\nallow", "\xff"};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ReviewDecision read = {0};
		g_assert_false(review_decision_read(rows[i], &read));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/review/payload", test_payload);
	g_test_add_func("/review/no payload", test_no_payload);
	g_test_add_func("/review/decisions", test_decisions);
	g_test_add_func("/review/no decision", test_no_decision);
	return g_test_run();
}
