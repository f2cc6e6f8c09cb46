/*
 * Digests that a server does not take, or of which nobody knows what came: each message is tried again, none is told twice without a sign of it.
 */
#include <poll.h>
#include <string.h>

#include "digest_office.h"
#include "tree.h"

#define RECEIPT "\n受付番号: "

/* The others' texts may be what the server does not like: each goes by itself before it is given up. */
static void
test_a_refused_recipient(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "[mail]\nrecipient = " OWNER ", " PARTNER "\n");
	office_submit_many(office, 6);
	digest_work(office);
	digest_assert_state(office, 5, "deferred collapsed, deferred collapsed");
	digest_trial("refuses " PARTNER);
	digest_set_minutes(15);
	digest_work(office);
	digest_assert_state(office, 3, "sent digest, deferred relay.permanent");
	digest_assert_state(office, 5, "sent digest, deferred relay.permanent");
	/* Beyond the ceiling they wait, and not for another digest. */
	digest_set_minutes(20);
	digest_work(office);
	digest_assert_state(office, 4, "sent digest, deferred relay.permanent");
	digest_set_minutes(61);
	digest_work(office);
	for (guint i = 3; i < 6; i++)
		digest_assert_state(office, i, "sent digest, dead relay.permanent");
	/* Three, a digest, and three to the partner alone. */
	g_assert_cmpuint(digest_count_mails(), ==, 7);
	for (guint i = 4; i < 7; i++) {
		g_autofree char *text = digest_mail_text(i);
		g_assert_null(strstr(text, OWNER));
		g_assert_nonnull(strstr(text, ".notice.0@"));
	}
}

static void
test_a_lost_digest_is_taken_apart(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "");
	office_submit_many(office, 6);
	digest_work(office);
	digest_trial("ends");
	digest_set_minutes(15);
	digest_work(office);
	for (guint i = 3; i < 6; i++)
		digest_assert_state(office, i, "deferred relay.lost");
	digest_trial("sends");
	digest_set_minutes(61);
	digest_work(office);
	for (guint i = 3; i < 6; i++)
		digest_assert_state(office, i, "sent");
	g_assert_cmpuint(digest_count_mails(), ==, 3 + 1 + 3);
}

static void
test_a_server_that_is_busy(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "");
	office_submit_many(office, 6);
	digest_work(office);
	digest_trial("defers");
	digest_set_minutes(15);
	digest_work(office);
	digest_assert_state(office, 4, "deferred relay.temporary");
	digest_trial("sends");
	/* Still beyond this hour's ceiling: together again. */
	digest_set_minutes(25);
	digest_work(office);
	digest_assert_state(office, 4, "deferred collapsed");
	digest_set_minutes(30);
	digest_work(office);
	digest_assert_state(office, 4, "sent digest");
	g_autofree char *before = digest_message_id(3);
	g_autofree char *again = digest_message_id(4);
	g_assert_cmpstr(before, ==, again);
}

/* What one recipient has already must not come again with what the other still waits for. */
static void
test_recipients_are_not_mixed(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "[mail]\nrecipient = " OWNER ", " PARTNER "\n");
	office_submit_many(office, 6);
	digest_work(office);
	digest_trial("defers " PARTNER);
	digest_set_minutes(15);
	digest_work(office);
	digest_trial("sends");
	office_submit(office, "BBBBBBBBBBB1", MAIL_NOTICE, OWNER);
	office_submit(office, "BBBBBBBBBBB2", MAIL_NOTICE, OWNER);
	digest_set_minutes(22);
	digest_work(office);
	digest_assert_state(office, 3, "sent digest, deferred collapsed");
	office_assert_states(office, "BBBBBBBBBBB1", "deferred collapsed, deferred collapsed");
	digest_set_minutes(60);
	digest_work(office);
	g_assert_cmpuint(digest_count_mails(), ==, 3 + 1 + 2);
	g_autofree char *missed = digest_mail_text(4);
	g_autofree char *fresh = digest_mail_text(5);
	g_assert_nonnull(strstr(missed, RECEIPT "AAAAAAAAA003\n"));
	g_assert_null(strstr(missed, OWNER));
	g_assert_null(strstr(missed, "BBBBBBBBBBB1"));
	g_assert_nonnull(strstr(fresh, OWNER "\n" PARTNER "\n"));
	digest_assert_state(office, 3, "sent digest, sent digest");
	office_assert_states(office, "BBBBBBBBBBB2", "sent digest, sent digest");
}

/* The session had it, and nobody knows what came of it. */
static void
test_a_crash_repeats_under_the_same_name(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "");
	office_submit_many(office, 6);
	digest_work(office);
	digest_set_minutes(15);
	Courier *courier = &office->courier;
	Desk *desk = office_take_all(office);
	flight_start(courier, desk);
	g_assert_cmpuint(courier->flights->len, ==, 1);
	struct pollfd descriptors[WORKER_DESCRIPTORS];
	for (g_autofree char *text = NULL; text == NULL; text = digest_mail_text(3)) {
		flight_step(courier, courier->flights->pdata[0]);
		worker_descriptors(flight_worker(courier->flights->pdata[0]), descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, 10);
	}
	/* A new courier, which remembers nothing. */
	settle_clear(courier);
	g_ptr_array_set_size(courier->flights, 0);
	desk->flights = 0;
	g_hash_table_remove_all(courier->notice_counts);
	g_free(courier->owner);
	courier->owner = g_strdup("another courier");
	g_assert_cmpint(outbox_take_over(courier->db, courier->owner, NULL), ==, 3);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	digest_work(office);
	g_autofree char *before = digest_message_id(3);
	g_autofree char *again = digest_message_id(5);
	g_assert_cmpstr(before, ==, again);
	digest_assert_state(office, 4, "sent digest");
	office_assert_states(office, "BBBBBBBBBBBB", "sent");
}

/* The same first message, but not the same mail: no mailbox may take the one for the other. */
static void
test_another_set_has_another_name(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "");
	office_submit_many(office, 3);
	digest_work(office);
	digest_trial("defers");
	digest_set_minutes(15);
	digest_work(office);
	digest_trial("sends");
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	digest_set_minutes(25);
	digest_work(office);
	digest_set_minutes(30);
	digest_work(office);
	office_assert_states(office, "BBBBBBBBBBBB", "sent digest");
	g_autofree char *before = digest_message_id(1);
	g_autofree char *again = digest_message_id(2);
	g_assert_true(g_str_has_prefix(before, "AAAAAAAAA001.digest.0."));
	g_assert_true(g_str_has_prefix(again, "AAAAAAAAA001.digest.0."));
	g_assert_cmpstr(before, !=, again);
}

/* A night without a mail server must not end in a digest of what is below the ceiling. */
static void
test_what_fails_does_not_count(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 10, "");
	office_submit_many(office, 6);
	digest_trial("account");
	for (guint i = 0; i < 5; i++) {
		digest_set_minutes(2 + i);
		Desk *desk = office_take_all(office);
		while (desk->waiting.length > 0)
			digest_fly(office, desk);
		desk_unblock(desk);
		for (guint k = 1; k <= 6; k++)
			g_assert_true(
			    settle_flush(&office->courier) && outbox_retry(office->courier.db, k, FALSE, "operator", NULL));
	}
	digest_trial("sends");
	/* Ordered once more, they would pass anyway: so a fresh one shows what was counted. */
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	digest_work(office);
	office_assert_states(office, "BBBBBBBBBBBB", "sent");
	digest_assert_state(office, 5, "sent");
}

/* Those that wait to go together go together by the other account, at once. */
static void
test_a_digest_goes_by_the_next_account(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 3, "");
	g_autofree char *conf = g_strconcat(tree_site_conf, "[notice]\nper_hour = 3\n", NULL);
	g_auto(GStrv) parts = g_strsplit(conf, "account = main", 2);
	g_autofree char *site = g_strconcat(parts[0], "account = main second", parts[1], NULL);
	tree_write(office->tree, "sites/example.jp/site.conf", site);
	office_reload(office);
	office_submit_many(office, 6);
	digest_work(office);
	g_assert_cmpuint(digest_count_mails(), ==, 3);
	digest_trial("account main");
	digest_set_minutes(15);
	digest_work(office);
	digest_assert_state(office, 3, "sent digest");
	digest_assert_state(office, 5, "sent digest");
	g_assert_cmpuint(digest_count_mails(), ==, 4);
}

/* Where the account fails after the session had begun, a reply without an answer may have been taken: no second one before that is over. */
static void
test_an_account_that_fails_midway(Office *office, gconstpointer unused)
{
	static const struct {
		const char *trial;
		guint letters;
	} cases[] = {{"account", 1}, {"account midway", 0}};
	(void)unused;
	digest_set_up(office, 10, "reply = confirm\n" OFFICE_REPLY);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *receipt = g_strdup_printf("BBBBBBBBBBB%u", (guint)i);
		g_autofree char *address = g_strdup_printf("taro%u@visitor.test", (guint)i);
		office_prove(office, address);
		office_submit_from(office, receipt, MAIL_REPLY, address);
		digest_trial(cases[i].trial);
		Desk *desk = office_take_all(office);
		digest_fly(office, desk);
		desk_unblock(desk);
		office_assert_states(office, receipt, "deferred relay.auth");
		g_assert_cmpint(outbox_make_site_due(office->courier.db, "example.jp", "relay.auth", 10, NULL), ==, 1);
		g_autoptr(GPtrArray) letters = office_send_due(office);
		g_assert_cmpuint(letters->len, ==, cases[i].letters);
	}
	office_pass(10 * G_TIME_SPAN_MINUTE);
	g_autoptr(GPtrArray) late = office_send_due(office);
	g_assert_cmpuint(late->len, ==, 1);
}

int
main(int argc, char **argv)
{
	static const DigestTest tests[] = {
	    {"a refused recipient", test_a_refused_recipient},
	    {"a lost digest is taken apart", test_a_lost_digest_is_taken_apart},
	    {"a server that is busy", test_a_server_that_is_busy},
	    {"recipients are not mixed", test_recipients_are_not_mixed},
	    {"a crash repeats under the same name", test_a_crash_repeats_under_the_same_name},
	    {"another set has another name", test_another_set_has_another_name},
	    {"what fails does not count", test_what_fails_does_not_count},
	    {"a digest goes by the next account", test_a_digest_goes_by_the_next_account},
	    {"an account that fails midway", test_an_account_that_fails_midway},
	};

	return digest_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
