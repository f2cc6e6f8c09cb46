/* What tests of review links share. See review_desk.h. */
#include "review_desk.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"
#include "sekisho/conf/config.h"
#include "sekisho/policy/list_value.h"
#include "sekisho/store/journal.h"
#include "sekisho/store/list_entries.h"

/* --- A submission, and links to it ------------------------------------------------------------------------------------- */

SubmissionSummary *
newest(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(GPtrArray) list = submissions_list(db, NULL, 1, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(list->len, ==, 1);
	return g_ptr_array_steal_index(list, 0);
}

static void
hold_word(const Gateway *gateway, const char *word)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autoptr(GPtrArray) entries = g_ptr_array_new();
	g_autoptr(ListEntry) entry = list_entry_new();
	g_autofree char *remark = NULL;
	g_assert_true(list_value_read("phrase", word, vault, entry, &remark));
	entry->action = LIST_HOLD;
	g_ptr_array_add(entries, entry);
	g_assert_true(list_entries_add(db, entries, NULL, NULL, &error));
}

/* Each time with another name, because the lists take effect within a second. */
void
post_until_held(const Gateway *gateway)
{
	hold_word(gateway, "本文です");
	for (guint count = 0; count < 200; count++) {
		g_autofree char *name = g_strdup_printf("山田 %u", count);
		g_autofree char *answer = submit(gateway, 4,
		    client_multipart("_wpcf7_unit_tag", UNIT_TAG, "your-name", name, "your-email", "taro@example.org",
			"your-subject", "S", "your-message", "本文です", NULL));
		assert_has(answer, "\"mail_sent\"");
		g_autoptr(SubmissionSummary) summary = newest(gateway);
		if (summary->status == SUBMISSION_HELD)
			return;
		g_usleep(100000);
	}
	g_error("nothing was held");
}

void
post_passing(const Gateway *gateway)
{
	g_autofree char *answer = submit(gateway, 4, good_body());
	assert_has(answer, "\"mail_sent\"");
}

static void
expect_stored(gpointer unused, const JournalOutcome *outcome)
{
	(void)unused;
	g_assert_no_error(outcome->error);
}

/* The front has looked at none of its forms yet. */
void
store_held_of_broken_form(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autofree char *data = g_build_filename(gateway->directory, "data", NULL);
	g_autofree char *main_file = g_build_filename(gateway->directory, "sekisho.conf", NULL);
	gateway_add_form(gateway, 9, NULL, "[email* your-email]");
	g_autoptr(Config) config = config_load(main_file, &error);
	g_autoptr(Site) site = config_site(config, "example.jp", &error);
	g_autoptr(Form) form = site_form(site, 9, &error);
	g_assert_no_error(error);
	ClientFacts *client = client_facts_new();
	text_set(&client->remote_ip, "192.0.2.7");
	client->received_at_us = clock_now_us();
	g_autoptr(Submission) submission = submission_new(form, "HELDHELDHELD",
	    posted_from_urlencoded("your-email=taro@example.org", strlen("your-email=taro@example.org"), NULL), NULL, client);
	const JournalRecord record = {.submission = submission,
	    .status = SUBMISSION_HELD,
	    .planned = none,
	    .purge_at_us = clock_now_us() + 90 * DAY_S * G_USEC_PER_SEC};
	Journal *journal = journal_start(data, vault, &error);
	g_assert_true(journal_submit(journal, journal_entry_new(journal, &record), expect_stored, NULL, &error));
	journal_stop(journal);
	gateway_add_form(gateway, 9, "unknown = 1\n", "[email* your-email]");
}

/* What relay/review.c makes. The caller's. */
char *
link_of(const Gateway *gateway, const Link *wanted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	g_autoptr(Vault) vault = open_vault(gateway);
	g_autoptr(SubmissionSummary) summary = newest(gateway);
	g_autoptr(GArray) grants = g_array_new(FALSE, FALSE, sizeof(ReviewGrant));
	ReviewClaim claim = {.stage = wanted->stage};
	g_strlcpy(claim.receipt, summary->receipt, sizeof claim.receipt);
	vault_secret(vault, summary->receipt, claim.secret);
	ReviewGrant grant = {
	    .submission_id = summary->id, .stage = wanted->stage, .expires_at_us = clock_now_us() + DAY_S * G_USEC_PER_SEC};
	memcpy(grant.secret, claim.secret, sizeof grant.secret);
	g_array_append_val(grants, grant);
	if (!wanted->is_without_row)
		g_assert_true(review_grant(db, vault, grants, &error));
	if (wanted->is_other_secret)
		claim.secret[0] ^= 1;
	g_autoptr(GBytes) payload = review_payload(&claim);
	const VaultLink link = {.purpose = VAULT_LINK_REVIEW,
	    .site = wanted->site != NULL ? wanted->site : "example.jp",
	    .expires_at_us = clock_now_us() + (wanted->seconds != 0 ? wanted->seconds : DAY_S) * G_USEC_PER_SEC,
	    .payload = payload};
	return vault_link_sign(vault, &link);
}

/* --- Reading and pressing ------------------------------------------------------------------------------------------------ */

char *
open_link(const Gateway *gateway, const char *method, const char *token)
{
	g_autofree char *uri = g_strconcat("/blog" PATH "?t=", token, NULL);
	return client_ask(gateway, &(ClientRequest){.method = method, .uri = uri});
}

/* The hidden token of a page. The caller's. */
char *
page_token(const char *page)
{
	static const char before[] = "name=\"p\" value=\"";
	const char *begin = strstr(page, before);
	g_assert_nonnull(begin);
	begin += strlen(before);
	return g_strndup(begin, strcspn(begin, "\""));
}

char *
press(const Gateway *gateway, const Button *button)
{
	g_autoptr(GString) body = g_string_new("t=");
	g_string_append_uri_escaped(body, button->token, NULL, FALSE);
	if (button->page_token != NULL)
		g_string_append_printf(body, "&p=%s", button->page_token);
	if (button->decision != NULL)
		g_string_append_printf(body, "&d=%s", button->decision);
	return client_ask(gateway, &(ClientRequest){.method = "POST",
				       .uri = PATH,
				       .content_type = URLENCODED,
				       .body = body,
				       .origin = button->origin,
				       .fetch_site = button->fetch_site});
}

GPtrArray *
presses(const Gateway *gateway)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = open_database(gateway);
	GPtrArray *list = presses_list(db, 0, 100, &error);
	g_assert_no_error(error);
	return list;
}

guint
presses_count(const Gateway *gateway)
{
	g_autoptr(GPtrArray) list = presses(gateway);
	return list->len;
}

void
assert_lacks(const char *answer, const char *text)
{
	if (strstr(answer, text) != NULL)
		g_error("the answer has \"%s\":\n%s", text, answer);
}

void
assert_not_logged(const Gateway *gateway, const char *token)
{
	g_autofree char *log = NULL;
	g_assert_true(g_file_get_contents(gateway->log, &log, NULL, NULL));
	g_assert_null(strstr(log, token));
}
