/*
 * A front that was taken over (hostile_front.h) beside the courier: which must live, mail nobody who has not proved himself, carry no stranger's words to a
 * stranger, and ask for consent no more than period and fuse allow.
 */
#include <string.h>

#include "hostile_front.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/relay/compose.h"
#include "sekisho/store/audit.h"

#define OWNER "owner@example.jp"
#define STEPS 500
#define FUSE_HOUR 25

/* What has left. */
typedef struct {
	HostileFront front;
	GHashTable
	    *identities; /* "SITE KIND MAILBOX" -> identity of the one automatic mail within the period that was not refused */
	GHashTable *counted; /* "IDENTITY MAILBOX": it is in `charges` */
	GHashTable *arrived; /* "IDENTITY MAILBOX": a server took it, and the courier knows */
	GHashTable *charges; /* SITE -> GArray of gint64: when each automatic mail left first */
	GHashTable *notes;   /* SITE -> gint64 *: when a note about what is held left last and was not refused */
	GHashTable *opened;  /* "STAGE RECEIPT": of review links that the owner opened, before the front's eyes */
	guint held_notes;
	guint notices, confirmations, replies;
	gboolean is_attacker_proved;
} Watch;

static void
free_array(gpointer array)
{
	g_array_unref(array);
}

static void
watch_open(Watch *watch, gconstpointer seed)
{
	memset(watch, 0, sizeof *watch);
	hostile_open(&watch->front, GPOINTER_TO_UINT(seed));
	watch->identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	watch->counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	watch->arrived = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	watch->charges = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_array);
	watch->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	watch->opened = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
watch_close(Watch *watch, gconstpointer unused)
{
	(void)unused;
	g_hash_table_unref(watch->opened);
	g_hash_table_unref(watch->notes);
	g_hash_table_unref(watch->charges);
	g_hash_table_unref(watch->arrived);
	g_hash_table_unref(watch->counted);
	g_hash_table_unref(watch->identities);
	hostile_close(&watch->front);
}

/* --- What may leave ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_operators(const char *address)
{
	static const char *const addresses[] = {OWNER, "owner@other.example", NULL};

	return g_strv_contains(addresses, address);
}

static gboolean
is_proved(const Watch *watch, const char *address)
{
	return g_str_equal(address, HOSTILE_STAFF) || g_str_equal(address, HOSTILE_FRIEND) ||
	       (g_str_equal(address, HOSTILE_ATTACKER) && watch->is_attacker_proved);
}

/* No more than the fuse's ceiling in any hour. */
static void
count_charge(Watch *watch, const char *site)
{
	GArray *times = g_hash_table_lookup(watch->charges, site);
	const gint64 now_us = clock_now_us();
	guint recent = 1;

	if (times == NULL) {
		times = g_array_new(FALSE, FALSE, sizeof(gint64));
		g_hash_table_insert(watch->charges, g_strdup(site), times);
	}
	for (guint i = 0; i < times->len; i++)
		recent += g_array_index(times, gint64, i) > now_us - G_TIME_SPAN_HOUR;
	g_assert_cmpuint(recent, <=, FUSE_HOUR);
	g_array_append_val(times, now_us);
}

/* The mailbox that an address leads to, as the ceilings count it. */
static char *
mailbox_of(const char *address)
{
	g_autofree char *lower = g_ascii_strdown(address, -1);
	char *plus = strchr(lower, '+');

	return plus == NULL ? g_steal_pointer(&lower) : g_strdup_printf("%.*s%s", (int)(plus - lower), lower, strchr(plus, '@'));
}

/* Receipt, kind and generation. What follows in the Message-ID tells apart the addresses of a submission, which may be one mailbox. */
static char *
identity_of(const Letter *letter)
{
	g_auto(GStrv) parts = g_strsplit_set(letter->message_id, ".@", 4);

	return g_strdup_printf("%s.%s.%s", parts[0], parts[1], parts[2]);
}

static gboolean
is_confirmation(const Letter *letter)
{
	return strstr(letter->message_id, ".confirmation.") != NULL;
}

static char *
identity_key(const Letter *letter, const char *mailbox)
{
	return g_strdup_printf(
	    "%s %s %s", strrchr(letter->message_id, '@') + 1, is_confirmation(letter) ? "confirmation" : "reply", mailbox);
}

/* The campaign is shorter than the period: one mail of the kind a mailbox and site, and not again once the courier knows that it arrived. */
static void
note_automatic(Watch *watch, const Letter *letter, const char *address)
{
	g_autofree char *mailbox = mailbox_of(address);
	g_autofree char *key = identity_key(letter, mailbox);
	g_autofree char *identity = identity_of(letter);
	g_autofree char *copy = g_strdup_printf("%s %s", identity, mailbox);
	const char *known = g_hash_table_lookup(watch->identities, key);

	if (known != NULL)
		g_assert_cmpstr(identity, ==, known);
	g_assert_false(g_hash_table_contains(watch->arrived, copy));
	if (known == NULL)
		g_hash_table_insert(watch->identities, g_steal_pointer(&key), g_steal_pointer(&identity));
	if (g_hash_table_add(watch->counted, g_steal_pointer(&copy)))
		count_charge(watch, strrchr(letter->message_id, '@') + 1);
}

/* It reached nobody, and another one may go in its place. */
static void
note_refused(Watch *watch, const Letter *letter)
{
	for (guint i = 0; i < letter->recipients->len; i++) {
		g_autofree char *mailbox = mailbox_of(((const LetterRecipient *)letter->recipients->pdata[i])->address);
		g_autofree char *key = identity_key(letter, mailbox);
		g_hash_table_remove(watch->identities, key);
	}
}

static void
note_arrived(Watch *watch, const Letter *letter)
{
	g_autofree char *identity = identity_of(letter);

	for (guint i = 0; i < letter->recipients->len; i++) {
		g_autofree char *mailbox = mailbox_of(((const LetterRecipient *)letter->recipients->pdata[i])->address);
		g_hash_table_add(watch->arrived, g_strdup_printf("%s %s", identity, mailbox));
	}
}

static void
assert_says_nothing_typed(const Letter *letter)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = compose_message(letter, &error);
	gsize size = 0;

	g_assert_no_error(error);
	const char *bytes = g_bytes_get_data(message, &size);
	g_assert_null(g_strstr_len(bytes, (gssize)size, HOSTILE_TYPED));
	g_assert_null(strstr(letter->text, HOSTILE_TYPED));
	g_assert_null(strstr(letter->subject, HOSTILE_TYPED));
	g_assert_null(letter->html);
	g_assert_cmpuint(letter->headers->len + letter->attachments->len + letter->reply_to->len + letter->cc->len, ==, 0);
	g_assert_cmpuint(letter->to->len, ==, 1);
	g_assert_cmpstr(((const Mailbox *)letter->to->pdata[0])->name, ==, "");
}

static gboolean
is_held_note(const Letter *letter)
{
	return strstr(letter->message_id, ".held.") != NULL;
}

/* To the site's owner, and one an hour, whatever rows ask for one. */
static void
judge_held_note(Watch *watch, const Letter *letter)
{
	const char *site = strrchr(letter->message_id, '@') + 1;
	g_autofree char *owner = g_strconcat("owner@", site, NULL);
	const gint64 *last_us = g_hash_table_lookup(watch->notes, site);
	const gint64 now_us = clock_now_us();

	office_assert_only_to(letter, owner);
	assert_says_nothing_typed(letter);
	g_assert_true(last_us == NULL || now_us >= *last_us + G_TIME_SPAN_HOUR);
	g_hash_table_insert(watch->notes, g_strdup(site), g_memdup2(&now_us, sizeof now_us));
	watch->held_notes++;
}

/* The attacker opens his own mail, and presses. */
static void
read_own_mail(Watch *watch, const Letter *letter)
{
	const char *link = strstr(letter->text, "confirm?t=") + strlen("confirm?t=");
	char *token = g_strndup(link, strcspn(link, "\n"));

	g_ptr_array_add(watch->front.tokens, token);
	watch->is_attacker_proved = TRUE;
	hostile_press(&watch->front, token);
}

static char *
stage_key(ReviewStage stage, const char *receipt)
{
	return g_strdup_printf("%d %s", (int)stage, receipt);
}

/* The owner opens some of the links that a mail has. Whoever else has a mail of ours has none. */
static void
open_reviews(Watch *watch, const Letter *letter)
{
	for (const char *at = letter->text; (at = strstr(at, "/sekisho/review?t=")) != NULL;) {
		at += strlen("/sekisho/review?t=");
		g_autofree char *token = g_strndup(at, strcspn(at, " \n"));
		VaultLink link = {.purpose = VAULT_LINK_REVIEW, .site = strrchr(letter->message_id, '@') + 1};
		ReviewClaim claim = {0};
		g_assert_true(vault_link_verify(watch->front.office.vault, token, &link, NULL));
		g_assert_true(review_payload_read(link.payload, &claim));
		g_bytes_unref(link.payload);
		g_assert_false(letter->is_automatic);
		if (hostile_pick(&watch->front, 2) == 0)
			continue;
		g_hash_table_add(watch->opened, stage_key(claim.stage, claim.receipt));
		hostile_watch_opening(&watch->front, token);
	}
}

/* Of each link that was opened one decision, and of the others none, whatever the rows said meanwhile. How many. */
static guint
judge_decisions(Watch *watch)
{
	const AuditFilter filter = {.limit = 10000};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) lines = audit_list(watch->front.office.courier.ledger, &filter, NULL);

	for (guint i = 0; i < lines->len; i++) {
		const AuditLine *line = lines->pdata[i];
		const ReviewStage stage = g_str_has_prefix(line->action, "held.block") ? REVIEW_PASSED : REVIEW_HELD;
		char *key = stage_key(stage, line->target);
		g_assert_cmpstr(line->actor, ==, AUDIT_BY_LINK);
		g_assert_true(g_hash_table_contains(watch->opened, key));
		g_assert_true(g_hash_table_add(seen, key));
	}
	return lines->len;
}

static void
judge(Watch *watch, const Letter *letter)
{
	gboolean is_asking = is_confirmation(letter);

	if (is_held_note(letter))
		judge_held_note(watch, letter);
	else if (!letter->is_automatic)
		watch->notices++;
	if (is_asking)
		assert_says_nothing_typed(letter);
	open_reviews(watch, letter);
	for (guint i = 0; i < letter->recipients->len; i++) {
		const char *address = ((const LetterRecipient *)letter->recipients->pdata[i])->address;
		if (is_operators(address))
			continue;
		g_assert_true(letter->is_automatic);
		g_assert_true(is_asking || is_proved(watch, address));
		note_automatic(watch, letter, address);
		watch->confirmations += is_asking;
		watch->replies += !is_asking;
		if (is_asking && g_str_equal(address, HOSTILE_ATTACKER))
			read_own_mail(watch, letter);
	}
}

/* --- The courier --------------------------------------------------------------------------------------------------------------------- */

static void
settle(Watch *watch, const OutboxItem *item, const Letter *letter)
{
	g_autoptr(GError) lost = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_LOST, "lost");
	g_autoptr(GError) refusal = g_error_new_literal(RELAY_ERROR, RELAY_ERROR_TEMPORARY, "not now");
	gint64 fate = hostile_pick(&watch->front, 8);
	Attempt attempt = {.failure = fate == 0   ? lost
				      : fate == 1 ? refusal
						  : NULL,
	    .reply_code = fate == 0   ? 0
			  : fate == 1 ? 451
				      : 250};

	for (guint i = 0; i < item->deliveries->len; i++)
		settle_attempt(&watch->front.office.courier, item, item->deliveries->pdata[i], &attempt);
	if (attempt.failure == NULL)
		note_arrived(watch, letter);
	else if (attempt.failure == refusal && is_held_note(letter))
		g_hash_table_remove(watch->notes, strrchr(letter->message_id, '@') + 1);
	else if (attempt.failure == refusal)
		note_refused(watch, letter);
}

/* As courier.c and flight.c do it, one round. */
static void
work(Watch *watch)
{
	Courier *courier = &watch->front.office.courier;

	courier->claims++;
	g_assert_true(presses_attend(courier));
	g_autoptr(GPtrArray) items = office_claim(&watch->front.office);
	for (guint i = 0; i < items->len; i++) {
		g_autoptr(GError) error = NULL;
		OutboxItem *item = items->pdata[i];
		g_autoptr(Letter) letter = prepare_letter(courier, item, &error);
		if (letter == NULL && error != NULL) {
			obstacle_met(courier, item, error);
			continue;
		}
		if (letter == NULL)
			continue;
		obstacle_passed(courier, item);
		judge(watch, letter);
		invites_write(courier);
		settle(watch, item, letter);
	}
	g_assert_true(settle_flush(courier));
}

static gboolean
has_tripped(Watch *watch)
{
	const LedgerLimits limits = {.fuse_hour = FUSE_HOUR, .fuse_day = 100};
	g_autoptr(Fuse) fuse = ledger_fuse(watch->front.office.courier.ledger, "example.jp", &limits, NULL);

	return fuse->tripped_at_us > 0;
}

static void
test_campaign(Watch *watch, gconstpointer seed)
{
	/* All within an hour, or over a few. */
	gboolean is_flood = GPOINTER_TO_UINT(seed) % 2 == 0;

	for (guint i = 0; i < STEPS; i++) {
		hostile_act(&watch->front);
		work(watch);
		office_pass(hostile_pick(&watch->front, is_flood ? 12 : 120) * G_TIME_SPAN_SECOND);
	}
	const guint decisions = judge_decisions(watch);
	g_test_message("%u notices, %u confirmations, %u replies, %u notes about what is held, %u decisions%s", watch->notices,
	    watch->confirmations, watch->replies, watch->held_notes, decisions, has_tripped(watch) ? ", fuse tripped" : "");
	/* Its victims would have noticed: the campaign was one. */
	g_assert_true(has_tripped(watch) || !is_flood);
	g_assert_cmpuint(watch->notices, >=, 10);
	g_assert_cmpuint(watch->confirmations, >=, 5);
	g_assert_cmpuint(watch->replies, >=, 1);
	g_assert_cmpuint(watch->held_notes, >=, 1);
	/* A flood has few links that stand long enough. */
	g_assert_true(decisions >= 1 || is_flood);
}

/* --- Single tricks ------------------------------------------------------------------------------------------------------------------- */

/* A receipt that is none of ours has no link: its mails end, and those behind them go on. */
static void
test_a_receipt_of_its_own(Watch *watch, gconstpointer unused)
{
	static const char *const receipts[] = {"A", "AAAAAAAAAAA", "AAAAAAAAAAAAAA", "AAAAAAAA@AAA", "AAAAAAAAAA\r\n"};

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(receipts); i++) {
		g_autofree char *email = g_strdup_printf("victim%u@victim.test", (guint)i);
		office_submit_from(&watch->front.office, receipts[i], MAIL_REPLY, email);
		for (guint round = 0; round < 3; round++) {
			Courier *courier = &watch->front.office.courier;
			g_autoptr(GPtrArray) items = office_claim(&watch->front.office);
			for (guint k = 0; k < items->len; k++) {
				g_autoptr(GError) error = NULL;
				g_autoptr(Letter) letter = prepare_letter(courier, items->pdata[k], &error);
				g_assert_null(letter);
				if (error != NULL)
					obstacle_met(courier, items->pdata[k], error);
			}
		}
	}
	office_submit(&watch->front.office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	g_autoptr(GPtrArray) letters = office_send_due(&watch->front.office);
	g_assert_cmpuint(letters->len, ==, 1);
}

/* While the courier looks at an item, the front puts a row under the lease that it reads there. */
static void
test_a_row_under_our_lease(Watch *watch, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	office_submit(&watch->front.office, "AAAAAAAAAAAA", MAIL_NOTICE, "gone@elsewhere.test");
	g_autoptr(GPtrArray) items = office_claim(&watch->front.office);
	hostile_write(&watch->front,
	    "INSERT INTO delivery (outbox_id, recipient, state, due_at, owner, leased_until) "
	    "SELECT outbox_id, ?4, 2, 0, owner, leased_until FROM delivery",
	    0, 0, "");
	g_autoptr(Letter) letter = prepare_letter(&watch->front.office.courier, items->pdata[0], &error);
	g_assert_no_error(error);
	g_assert_cmpuint(letter->recipients->len, ==, 1);
	g_assert_cmpstr(((const LetterRecipient *)letter->recipients->pdata[0])->address, ==, OWNER);
}

/* A receipt that is none of ours does not reach the owner's note either. */
static void
test_words_in_a_note(Watch *watch, gconstpointer unused)
{
	Office *office = &watch->front.office;

	(void)unused;
	office_submit_held(office, "AAAAAAAAAAAA");
	office_submit_held(office, "BBBBBBBBBBBB");
	hostile_write(&watch->front, "UPDATE submission SET receipt = ?3 WHERE receipt = 'BBBBBBBBBBBB'", 0, 0,
	    HOSTILE_TYPED "\r\nhttps://evil.test/");
	g_autoptr(GPtrArray) items = office_claim(office);
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = prepare_letter(&office->courier, items->pdata[0], &error);
	g_assert_no_error(error);
	judge_held_note(watch, letter);
	g_assert_null(strstr(letter->text, "evil.test"));
	g_assert_nonnull(strstr(letter->text, "AAAAAAAAAAAA"));
	for (guint i = 0; i < items->len; i++)
		for (guint k = 0; k < ((OutboxItem *)items->pdata[i])->deliveries->len; k++)
			settle_give_back(
			    &office->courier, ((Delivery *)((OutboxItem *)items->pdata[i])->deliveries->pdata[k])->id);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	for (guint seed = 1; seed <= 4; seed++) {
		g_autofree char *name = g_strdup_printf("/taken_front/campaign %u", seed);
		g_test_add(name, Watch, GUINT_TO_POINTER(seed), watch_open, test_campaign, watch_close);
	}
	g_test_add("/taken_front/a receipt of its own", Watch, NULL, watch_open, test_a_receipt_of_its_own, watch_close);
	g_test_add("/taken_front/words in a note", Watch, NULL, watch_open, test_words_in_a_note, watch_close);
	g_test_add("/taken_front/a row under our lease", Watch, NULL, watch_open, test_a_row_under_our_lease, watch_close);
	return g_test_run();
}
