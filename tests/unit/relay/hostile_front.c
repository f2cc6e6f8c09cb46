/*
 * What a front that was taken over can do. See hostile_front.h. Whatever it does is drawn from one generator, so that a campaign can be had again.
 */
#include "hostile_front.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "tree.h"

#define VICTIMS 100
#define OTHER_SITE "other.example"

void
hostile_open(HostileFront *front, guint32 seed)
{
	g_autoptr(GError) error = NULL;

	memset(front, 0, sizeof *front);
	office_open(&front->office, NULL);
	tree_write(front->office.tree, "sites/other.example/site.conf",
	    "[site]\nurl = https://other.example/\nadmin_address = owner@other.example\n[mail]\nfrom = a@other.example\naccount "
	    "= main\n");
	tree_write(front->office.tree, "sites/other.example/forms/contact/form.ini", "[form]\nid = 4\n" OFFICE_REPLY);
	tree_write(front->office.tree, "sites/other.example/forms/contact/form.html", "[email your-email]");
	tree_write(front->office.tree, "sites/example.jp/forms/contact/mail-headers.txt", "Cc: [your-email]\n");
	office_form(&front->office, "confirm", OFFICE_REPLY "subject = [your-subject]\n");
	tree_write(front->office.tree, "sites/example.jp/forms/contact/mail_2.txt", "[your-message]");
	office_reload(&front->office);
	office_prove(&front->office, HOSTILE_FRIEND);
	g_autofree char *keys = tree_path(front->office.tree, "keys");
	front->vault = vault_open(keys, VAULT_FRONT, &error);
	g_assert_no_error(error);
	front->journal = journal_start(front->office.data_directory, front->vault, &error);
	g_assert_no_error(error);
	front->commits = g_async_queue_new();
	g_autofree char *path = g_build_filename(front->office.data_directory, "sekisho.db", NULL);
	g_assert_cmpint(sqlite3_open(path, &front->raw), ==, SQLITE_OK);
	sqlite3_busy_timeout(front->raw, 5000);
	front->receipts = g_ptr_array_new_with_free_func(g_free);
	front->tokens = g_ptr_array_new_with_free_func(g_free);
	front->reviews = g_ptr_array_new_with_free_func(g_free);
	front->rand = g_rand_new_with_seed(seed);
}

void
hostile_close(HostileFront *front)
{
	g_ptr_array_unref(front->reviews);
	g_ptr_array_unref(front->tokens);
	g_ptr_array_unref(front->receipts);
	g_rand_free(front->rand);
	sqlite3_close(front->raw);
	g_async_queue_unref(front->commits);
	journal_stop(front->journal);
	vault_free(front->vault);
	office_close(&front->office, NULL);
}

/* --- What the front can do ------------------------------------------------------------------------------------------------------ */

gint64
hostile_pick(HostileFront *front, gint64 count)
{
	return g_rand_int_range(front->rand, 0, (gint32)count);
}

static void
note_commit(gpointer user_data, const JournalOutcome *outcome)
{
	/* A receipt that exists is the front's own mistake. */
	g_assert_true(outcome->error == NULL || g_error_matches(outcome->error, STORE_ERROR, STORE_ERROR_CONFLICT));
	g_async_queue_push(user_data, GINT_TO_POINTER(1));
}

/* What is made up for a field, a header, a reason. */
static char *
made_up(HostileFront *front)
{
	static const char *const ends[] = {"", "\r\nBcc: victim0@victim.test", "<script>", "\xf0\x9f\x98\x80", "@evil.test"};

	return g_strdup_printf(HOSTILE_TYPED "%s", ends[hostile_pick(front, G_N_ELEMENTS(ends))]);
}

static char *
any_address(HostileFront *front)
{
	guint number = (guint)hostile_pick(front, VICTIMS);

	switch (hostile_pick(front, 8)) {
	case 0:
		return g_strdup(HOSTILE_ATTACKER);
	case 1:
		return g_strdup(HOSTILE_STAFF);
	case 2:
		return g_strdup(HOSTILE_FRIEND);
	case 3:
		return g_strdup_printf("victim%u+detail@Victim%u.test", number, number % 4);
	default:
		return g_strdup_printf("victim%u@victim%u.test", number, number % 4);
	}
}

static char *
any_receipt(HostileFront *front)
{
	static const char *const odd[] = {"", "A", "AAAAAAAAAAA", "AAAAAAAAAAAAA", "AAAAAAAAAA\r\n", "AAAA@AAAA.AA", "あああa",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	if (hostile_pick(front, 6) == 0)
		return g_strdup(odd[hostile_pick(front, G_N_ELEMENTS(odd))]);
	return g_strdup_printf("%012X", (guint)g_rand_int(front->rand));
}

static gint64
any_number(HostileFront *front)
{
	const gint64 now_us = clock_now_us();
	const gint64 odd[] = {0, 1, 2, 3, -1, G_MAXINT64, G_MININT64, now_us, now_us - G_TIME_SPAN_HOUR,
	    now_us + G_TIME_SPAN_HOUR, now_us + 40 * G_TIME_SPAN_DAY, 1000000, G_MAXUINT32};

	return odd[hostile_pick(front, G_N_ELEMENTS(odd))];
}

static gint64
any_kind(HostileFront *front)
{
	const gint64 odd[] = {0, 6, 99, -1, G_MAXINT64};

	return hostile_pick(front, 10) == 0 ? odd[hostile_pick(front, G_N_ELEMENTS(odd))] : 1 + hostile_pick(front, 5);
}

static char *
any_token(HostileFront *front)
{
	return front->tokens->len == 0 ? g_strdup("x") : g_strdup(front->tokens->pdata[hostile_pick(front, front->tokens->len)]);
}

/* The front has the key that hashes. */
static void
hash_address(HostileFront *front, const char *address, VaultHash *hash)
{
	g_autofree char *canonical = address_canonical(address);

	vault_hash(front->vault, VAULT_HASH_ADDRESS, canonical, strlen(canonical), hash);
}

void
hostile_write(HostileFront *front, const char *sql, gint64 first, gint64 second, const char *text)
{
	g_autofree char *address = any_address(front);
	sqlite3_stmt *statement = NULL;
	VaultHash hash;

	hash_address(front, address, &hash);
	g_assert_cmpint(sqlite3_prepare_v2(front->raw, sql, -1, &statement, NULL), ==, SQLITE_OK);
	sqlite3_bind_int64(statement, 1, first);
	sqlite3_bind_int64(statement, 2, second);
	sqlite3_bind_text(statement, 3, text, -1, SQLITE_TRANSIENT);
	sqlite3_bind_blob(
	    statement, 4, hash.bytes, (int)(sizeof hash.bytes - (gsize)(hostile_pick(front, 20) == 0)), SQLITE_TRANSIENT);
	gint result = sqlite3_step(statement);
	g_assert_true(result == SQLITE_DONE || result == SQLITE_CONSTRAINT);
	sqlite3_finalize(statement);
}

static Posted *
post_fields(HostileFront *front, const char *email)
{
	static const char *const names[] = {"your-name", "your-email", "your-subject", "your-message"};
	Posted *posted = posted_new();

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text = i == 1 ? g_strdup(email) : made_up(front);
		g_autoptr(GBytes) name = g_bytes_new_static(names[i], strlen(names[i]));
		g_autoptr(GBytes) value = g_bytes_new(text, strlen(text));
		g_assert_true(posted_add(posted, name, value, NULL));
	}
	return posted;
}

static ClientFacts *
client_facts(HostileFront *front)
{
	ClientFacts *client = client_facts_new();

	client->received_at_us = any_number(front);
	g_free(client->user_agent);
	client->user_agent = made_up(front);
	g_free(client->url);
	client->url = made_up(front);
	if (hostile_pick(front, 10) == 0) {
		g_free(client->canary);
		client->canary = any_token(front);
	}
	return client;
}

static void
submit(HostileFront *front, const char *receipt, const char *email)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Site) site = config_site(front->office.config, "example.jp", NULL);
	g_autoptr(Form) form = site_form(site, 4, NULL);
	g_autoptr(Submission) submission = submission_new(form, receipt, post_fields(front, email), NULL, client_facts(front));
	g_autoptr(GPtrArray) plan = g_ptr_array_new_with_free_func(g_free);

	for (gint64 i = hostile_pick(front, 5); i >= 0; i--) {
		const gint64 kind = 1 + hostile_pick(front, 4);
		PlannedDelivery planned = {
		    .kind = kind == MAIL_CONFIRMATION ? MAIL_HELD : (MailKind)kind, .is_refused = hostile_pick(front, 10) == 0};
		g_autofree char *another = any_address(front);
		hash_address(front, hostile_pick(front, 3) == 0 ? another : email, &planned.recipient);
		g_ptr_array_add(plan, g_memdup2(&planned, sizeof planned));
	}
	if (hostile_pick(front, 8) == 0) {
		g_free(submission->site);
		submission->site = g_strdup(hostile_pick(front, 2) == 0 ? OTHER_SITE : "../no/such");
	}
	if (hostile_pick(front, 12) == 0)
		submission->form_id = (guint64)any_number(front);
	JournalRecord record = {.submission = submission,
	    .status = (SubmissionStatus)(1 + hostile_pick(front, 3)),
	    .planned = plan,
	    .purge_at_us = clock_now_us() + G_TIME_SPAN_DAY,
	    .rejected_bytes = front->receipts->len % 4 == 0 ? 1 << 20 : 0};
	g_assert_true(
	    journal_submit(front->journal, journal_entry_new(front->journal, &record), note_commit, front->commits, &error));
	g_async_queue_pop(front->commits);
	g_ptr_array_add(front->receipts, g_strdup(receipt));
}

/* A link as one who signs would make it, with the wrong purpose, for a site that is not asked, or out of time. Only the courier can sign: these stand for whatever of
 * the kind the front may have got hold of. */
static void
get_hold_of_tokens(HostileFront *front)
{
	const char *receipt = front->receipts->pdata[hostile_pick(front, front->receipts->len)];
	g_autofree char *address = any_address(front);
	const gint64 now_us = clock_now_us();
	const struct {
		VaultLinkPurpose purpose;
		const char *site;
		gint64 expires_at_us;
	} kinds[] = {
	    {VAULT_LINK_CANARY, "example.jp", now_us + G_TIME_SPAN_HOUR},
	    {VAULT_LINK_CANARY, OTHER_SITE, now_us - G_TIME_SPAN_HOUR},
	    {VAULT_LINK_CONSENT, "third.example", now_us + G_TIME_SPAN_HOUR},
	    {VAULT_LINK_CONSENT, "example.jp", now_us - 2 * G_TIME_SPAN_HOUR},
	};
	guint8 payload[VAULT_RECEIPT_BYTES + VAULT_HASH_BYTES] = {0};
	VaultHash hash;

	hash_address(front, address, &hash);
	memcpy(payload, receipt, MIN(strlen(receipt), VAULT_RECEIPT_BYTES));
	memcpy(payload + VAULT_RECEIPT_BYTES, hash.bytes, sizeof hash.bytes);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new(payload, sizeof payload);
		const VaultLink link = {.purpose = kinds[i].purpose,
		    .site = kinds[i].site,
		    .expires_at_us = kinds[i].expires_at_us,
		    .payload = bytes};
		char *token = vault_link_sign(front->office.vault, &link);
		g_ptr_array_add(front->tokens, token);
		/* And forged: one character of it is another. */
		char *forged = g_strdup(token);
		char *at = &forged[hostile_pick(front, (gint64)strlen(forged))];
		*at = *at == 'A' ? 'B' : 'A';
		g_ptr_array_add(front->tokens, forged);
	}
}

void
hostile_press(HostileFront *front, const char *token)
{
	hostile_write(front,
	    "INSERT INTO link_press (site, token, pressed_at) VALUES ('example.jp', ?3, ?1) ON CONFLICT DO NOTHING",
	    any_number(front), 0, token);
}

static void
press_something(HostileFront *front)
{
	static const char *const inserts[] = {
	    "INSERT INTO link_press (site, token, pressed_at) VALUES ('other.example', ?3, ?1) ON CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, pressed_at) VALUES ('', ?3, ?1) ON CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, pressed_at) VALUES ('../example.jp', ?3, ?1) ON CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, pressed_at) VALUES (CAST(zeroblob(9000) AS TEXT), ?3, ?1) ON CONFLICT DO "
	    "NOTHING",
	};
	g_autofree char *token = hostile_pick(front, 8) == 0 ? made_up(front) : any_token(front);

	if (hostile_pick(front, 2) == 0)
		hostile_press(front, token);
	else
		hostile_write(front, inserts[hostile_pick(front, G_N_ELEMENTS(inserts))], any_number(front), 0, token);
}

/* Any decision with any token: of a review that somebody opened, or something else. */
static void
press_button(HostileFront *front)
{
	static const char *const inserts[] = {
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'release', ?1) ON CONFLICT DO "
	    "NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'release-allow', ?1) ON "
	    "CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'discard', ?1) ON CONFLICT DO "
	    "NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'discard-block-address', ?1) "
	    "ON CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'block-address', ?1) ON "
	    "CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, 'block-network', ?1) ON "
	    "CONFLICT DO NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('other.example', ?3, 'release', ?1) ON CONFLICT "
	    "DO NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, CAST(zeroblob(9000) AS TEXT), "
	    "?1) ON CONFLICT DO "
	    "NOTHING",
	    "INSERT INTO link_press (site, token, decision, pressed_at) VALUES ('example.jp', ?3, ?3, ?1) ON CONFLICT DO NOTHING",
	};
	const gboolean has_review = front->reviews->len > 0 && hostile_pick(front, 4) != 0;
	g_autofree char *token =
	    has_review ? g_strdup(front->reviews->pdata[hostile_pick(front, front->reviews->len)]) : any_token(front);

	hostile_write(front, inserts[hostile_pick(front, G_N_ELEMENTS(inserts))], any_number(front), 0, token);
}

void
hostile_watch_opening(HostileFront *front, const char *token)
{
	g_ptr_array_add(front->reviews, g_strdup(token));
	press_button(front);
}

/* Rows changed as they should never be. */
static const char *const edits[] = {
    "UPDATE delivery SET state = 1, owner = NULL, leased_until = NULL, due_at = ?1 WHERE id % 5 = ?2 % 5",
    "UPDATE delivery SET state = 3, reason = ?3, owner = NULL, leased_until = NULL, due_at = 0 WHERE id % 5 = ?2 % 5",
    "UPDATE delivery SET state = 2, owner = 'courier-of-the-test', leased_until = ?1 WHERE id % 7 = ?2 % 7",
    "UPDATE delivery SET state = 2, owner = 'another', leased_until = ?1 WHERE id % 7 = ?2 % 7",
    "UPDATE delivery SET state = 6, reason = 'gone', owner = NULL, leased_until = NULL WHERE id % 5 = ?2 % 5",
    "UPDATE delivery SET attempts = ?1, ordered_at = ?2, settled_at = ?1, reply_code = ?2, server_text = ?3",
    "UPDATE delivery SET recipient = ?4 WHERE id % 9 = ?2 % 9",
    "UPDATE outbox SET generation = ?1 WHERE id % 5 = ?2 % 5",
    "UPDATE outbox SET created_at = ?1 WHERE id % 5 = ?2 % 5",
    "UPDATE outbox SET kind = ?1 WHERE id % 5 = ?2 % 5",
    "UPDATE submission SET receipt = ?3 WHERE id = ?1",
    "UPDATE submission SET purge_at = ?1 WHERE id % 5 = ?2 % 5",
    "UPDATE submission SET content = zeroblob(100) WHERE id = ?1",
    "UPDATE verdict SET status = 1 + abs(?1 % 5) WHERE submission_id % 3 = ?2 % 3",
    "UPDATE verdict SET site = ?3 WHERE submission_id % 9 = ?2 % 9",
    "UPDATE verdict SET quota_bytes = ?1 WHERE submission_id % 3 = ?2 % 3",
    "INSERT INTO verdict (submission_id, site, status) SELECT id, 'example.jp', 2 FROM submission WHERE id = ?1 OR id = "
    "?2",
    "UPDATE submission SET received_at = ?1 WHERE id % 3 = ?2 % 3",
    "DELETE FROM outbox WHERE id % 11 = ?2 % 11",
    "DELETE FROM delivery WHERE id % 11 = ?2 % 11",
    "DELETE FROM link_press WHERE id % 3 = ?2 % 3",
    "DELETE FROM review WHERE submission_id % 3 = ?2 % 3",
    "UPDATE review SET wrapped = zeroblob(?2), expires_at = ?1 WHERE submission_id % 3 = ?2 % 3",
    "INSERT OR REPLACE INTO review (submission_id, stage, wrapped, expires_at) SELECT id, 1 + abs(?2 % 2), x'00', ?1 FROM "
    "submission",
};

void
hostile_act(HostileFront *front)
{
	static const char *const reasons[] = {"consent", "fuse", "collapsed", "gone", "proved", "hourly", "told", HOSTILE_TYPED};
	g_autofree char *receipt = any_receipt(front);
	g_autofree char *address = any_address(front);
	g_autofree char *row = g_strdup_printf("%" G_GINT64_FORMAT, hostile_pick(front, 1000));

	switch (hostile_pick(front, 9)) {
	case 0:
	case 1:
	case 6:
	case 7:
		submit(front, receipt, address);
		break;
	case 2:
		hostile_write(front,
		    "INSERT INTO outbox (submission_id, kind, generation, created_at) SELECT id, ?1, ?2, received_at FROM "
		    "submission "
		    "LIMIT 1 OFFSET CAST(?3 AS INTEGER) % (SELECT max(1, count(*)) FROM submission)",
		    any_kind(front), any_number(front), row);
		hostile_write(front,
		    "INSERT INTO delivery (outbox_id, recipient, state, due_at) SELECT id, ?4, ?1, ?2 FROM outbox "
		    "LIMIT 1 OFFSET CAST(?3 AS INTEGER) % (SELECT max(1, count(*)) FROM outbox)",
		    1 + hostile_pick(front, 7), any_number(front), row);
		break;
	case 3:
		if (front->receipts->len > 0)
			get_hold_of_tokens(front);
		press_something(front);
		break;
	case 8:
		press_button(front);
		break;
	default:
		hostile_write(front, edits[hostile_pick(front, G_N_ELEMENTS(edits))],
		    hostile_pick(front, 3) == 0 ? any_kind(front) : any_number(front), hostile_pick(front, 1000),
		    hostile_pick(front, 5) == 0 ? receipt : reasons[hostile_pick(front, G_N_ELEMENTS(reasons))]);
		break;
	}
}
