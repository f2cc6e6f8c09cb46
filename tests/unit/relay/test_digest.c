/*
 * Notices beyond a site's ceiling, on a real database and configuration: what waits, what goes together, and what a digest says.
 */
#include <string.h>

#include "digest_office.h"
#include "tree.h"

#define RECEIPT "\n受付番号: "

static guint
count_text(const char *text, const char *part)
{
	guint count = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
		count++;
	return count;
}

static void
test_a_flood_becomes_few_mails(Office *office, gconstpointer unused)
{
	static const gint64 minutes[] = {2, 15, 30, 45, 60};
	static const guint mails[] = {10, 11, 12, 13, 14};

	(void)unused;
	digest_set_up(office, 10, "");
	office_submit_many(office, 200);
	for (gsize i = 0; i < G_N_ELEMENTS(minutes); i++) {
		digest_set_minutes(minutes[i]);
		digest_work(office);
		g_assert_cmpuint(digest_count_mails(), ==, mails[i]);
	}
	g_autofree char *all = digest_all_mails();
	for (guint i = 0; i < 200; i++) {
		g_autofree char *fact = g_strdup_printf("受付番号: AAAAAAAAA%03u\n", i);
		/* In its facts; and in a digest above it too. */
		g_assert_cmpuint(count_text(all, fact), ==, i < 10 ? 1 : 2);
		digest_assert_state(office, i, i < 10 ? "sent" : "sent digest");
	}
	/* A label of the template, and what was typed. */
	g_assert_cmpuint(count_text(all, "本文"), ==, 2 * 200);
	g_autofree char *last = digest_mail_text(13);
	g_assert_nonnull(strstr(last, "から40件の送信がありました\n"));
	g_assert_nonnull(strstr(last, "\n======== 40 / 40 ========\n"));
}

static void
test_a_digest_says_all(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "[mail]\nsubject = [your-subject]\n");
	office_submit_many(office, 3);
	digest_work(office);
	digest_set_minutes(15);
	digest_work(office);
	g_autofree char *text = digest_mail_text(1);
	g_assert_nonnull(text);
	g_test_message("%s", text);

	g_assert_true(g_str_has_prefix(text, "AAAAAAAAA001.digest.0."));
	g_assert_nonnull(strstr(text, "\n" OWNER "\n"));
	g_assert_nonnull(strstr(text, "フォーム「お問い合わせ」から2件の送信がありました\n"));
	const char *first = strstr(text, RECEIPT "AAAAAAAAA001\n件名: 件名\n返信先: taro@visitor.test\n\n  ");
	const char *second = strstr(text, RECEIPT "AAAAAAAAA002\n件名: 件名\n返信先: taro@visitor.test\n\n  ");
	g_assert_nonnull(first);
	g_assert_true(first < second);
	g_assert_cmpuint(count_text(text, "\n  本文\n"), ==, 2);
}

static void
test_another_language(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "locale = en_US\n");
	office_submit_many(office, 3);
	digest_work(office);
	digest_set_minutes(15);
	digest_work(office);
	g_autofree char *text = digest_mail_text(1);
	g_assert_nonnull(text);
	g_test_message("%s", text);
	g_assert_nonnull(strstr(text, "2 messages from the form “お問い合わせ”\n"));
}

static void
test_one_that_is_left_goes_as_it_is(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 2, "");
	office_submit_many(office, 3);
	digest_work(office);
	digest_assert_state(office, 2, "deferred collapsed");
	digest_set_minutes(15);
	digest_work(office);
	g_autofree char *message_id = digest_message_id(2);
	g_assert_cmpstr(message_id, ==, "AAAAAAAAA002.notice.0@example.jp");
	digest_assert_state(office, 2, "sent");
}

/* One digest a quarter, for each form; other sites have their own ceiling. */
static void
test_sites_do_not_share(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/second.jp/site.conf",
	    "[site]\nurl = https://second.jp/\nadmin_address = owner@example.jp\n[mail]\nfrom = info@second.jp\naccount = "
	    "main\n");
	tree_write(office->tree, "sites/second.jp/forms/contact/form.ini", "[form]\nid = 4\ntitle = t\n");
	tree_write(office->tree, "sites/second.jp/forms/contact/form.html", "[text your-name]");
	digest_set_up(office, 1, "");
	office_submit_many(office, 2);
	office_submit_to(office, "second.jp", "BBBBBBBBBBBB");
	digest_work(office);
	office_assert_states(office, "BBBBBBBBBBBB", "sent");
	digest_assert_state(office, 1, "deferred collapsed");
}

static void
test_what_a_person_orders_goes(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "");
	office_submit_many(office, 3);
	digest_work(office);
	g_assert_true(outbox_retry(office->courier.db, 3, FALSE, "operator", NULL));
	digest_work(office);
	digest_assert_state(office, 2, "sent");
	digest_assert_state(office, 1, "deferred collapsed");
	g_assert_cmpuint(digest_count_mails(), ==, 2);
}

static void
test_a_canary_passes(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "");
	office_submit_many(office, 1);
	digest_work(office);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_autoptr(GPtrArray) gathered = g_ptr_array_new();
	OutboxItem *item = g_ptr_array_steal_index(items, 0);
	Letter *letter = prepare_letter(&office->courier, item, NULL);
	g_assert_nonnull(letter);
	letter->is_canary = TRUE;
	g_autoptr(Bundle) bundle = digest_take(&office->courier, parcel_new(item, letter), gathered);
	g_assert_nonnull(bundle);
	g_assert_cmpint(bundle->counted_hour, ==, 0);
}

static void
test_attachments_pass(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/files/terms.txt", "terms");
	digest_set_up(office, 1, "[mail]\nattachments = terms.txt\n");
	office_submit_many(office, 4);
	digest_work(office);
	for (guint i = 0; i < 4; i++)
		digest_assert_state(office, i, "sent");
	g_assert_cmpuint(digest_count_mails(), ==, 4);
}

static void
test_html_is_read_as_text(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 1, "[mail]\nhtml = on\n");
	tree_write(office->tree, "sites/example.jp/forms/contact/mail.txt", "<p>声 <b>[your-message]</b> &amp; 他</p>");
	office_reload(office);
	office_submit_many(office, 3);
	digest_work(office);
	digest_set_minutes(15);
	digest_work(office);
	g_autofree char *text = digest_mail_text(1);
	g_assert_nonnull(text);
	g_assert_cmpuint(count_text(text, "\n  声 本文 & 他\n"), ==, 2);
}

/* Each with a text of 60 KB: four fit. */
static void
test_a_digest_has_an_end(Office *office, gconstpointer unused)
{
	(void)unused;
	digest_set_up(office, 4, "");
	g_autofree char *body = g_strnfill(60000, 'x');
	tree_write(office->tree, "sites/example.jp/forms/contact/mail.txt", body);
	office_reload(office);
	office_submit_many(office, 14);
	digest_work(office);
	digest_set_minutes(15);
	digest_work(office);
	g_assert_cmpuint(digest_count_mails(), ==, 5);
	digest_set_minutes(60);
	digest_work(office);
	/* Six are left: four and two. */
	g_assert_cmpuint(digest_count_mails(), ==, 7);
	for (guint i = 4; i < 14; i++)
		digest_assert_state(office, i, "sent digest");
}

int
main(int argc, char **argv)
{
	static const DigestTest tests[] = {
	    {"a flood becomes few mails", test_a_flood_becomes_few_mails},
	    {"a digest says all", test_a_digest_says_all},
	    {"in the form's language", test_another_language},
	    {"one that is left goes as it is", test_one_that_is_left_goes_as_it_is},
	    {"sites do not share a ceiling", test_sites_do_not_share},
	    {"what a person orders goes", test_what_a_person_orders_goes},
	    {"a canary passes", test_a_canary_passes},
	    {"mails with attachments pass", test_attachments_pass},
	    {"HTML is read as text", test_html_is_read_as_text},
	    {"a digest has an end", test_a_digest_has_an_end},
	};

	return digest_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
