/*
 * See report_desk.h.
 */
#include "report_desk.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/policy/rate.h"
#include "sekisho/store/audit.h"
#include "sekisho/store/counters.h"
#include "sekisho/store/list_entries.h"
#include "sekisho/store/tally.h"
#include "tree.h"

void
report_desk_set_clock(gint64 time_us)
{
	clock_set_offset_us(time_us - g_get_real_time());
}

/* --- Rows ------------------------------------------------------------------------------------------------------------- */

typedef struct {
	gint64 at_us;
	const char *site;
	TallyTopic topic;
	const char *item;
	guint64 count;
} Row;

static const Row tallies[] = {
    /* In the period. */
    {MIDNIGHT_US, SITE, TALLY_VERDICT, "accepted", 5},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_VERDICT, "accepted", 2},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_VERDICT, "held", 3},
    {MIDNIGHT_US + 23 * HOUR_US, SITE, TALLY_VERDICT, "rejected", 4},
    {MIDNIGHT_US + 4 * HOUR_US, SITE, TALLY_VERDICT, "wait", 11},
    {MIDNIGHT_US + 4 * HOUR_US, SITE, TALLY_VERDICT, "again", 13},
    {MIDNIGHT_US + 4 * HOUR_US, SITE, TALLY_VERDICT, "repeated", 17},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_REASON, "links.many", 6},
    {MIDNIGHT_US + 5 * HOUR_US, SITE, TALLY_REASON, "links.many", 1},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_REASON, "captcha.refused", 9},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_REASON, "captcha.missing", 8},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_LIST, "1", 2},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_LIST, "4", 3},
    {MIDNIGHT_US + 3 * HOUR_US, SITE, TALLY_LIST, "7", 50}, /* removed since */
    {MIDNIGHT_US + 3 * HOUR_US, OTHER, TALLY_VERDICT, "accepted", 100},
    /* A moment too early, a moment too late. */
    {MIDNIGHT_US - HOUR_US, SITE, TALLY_VERDICT, "accepted", 1000},
    {MIDNIGHT_US + DAY_US, SITE, TALLY_VERDICT, "accepted", 2000},
    {MIDNIGHT_US - HOUR_US, SITE, TALLY_REASON, "links.many", 1000},
    /* A week before. */
    {WEEK_BEFORE_US, SITE, TALLY_VERDICT, "accepted", 30},
    {WEEK_BEFORE_US + 23 * HOUR_US, SITE, TALLY_VERDICT, "held", 1},
    {WEEK_BEFORE_US + DAY_US, SITE, TALLY_VERDICT, "held", 5000},
    {WEEK_BEFORE_US, SITE, TALLY_REASON, "links.many", 2},
    {WEEK_BEFORE_US, SITE, TALLY_REASON, "trap.fast", 7}, /* not in this period */
    /* So that the week before is known. */
    {WEEK_BEFORE_US - HOUR_US, SITE, TALLY_VERDICT, "accepted", 1},
};

static void
add_limited(ReportDesk *desk, guint tier, const char *who, guint64 count)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) plain = g_bytes_new(who, strlen(who));
	g_autoptr(GBytes) boxed = vault_box(desk->office->vault, plain);
	TallyLimited limited = {MIDNIGHT_US + HOUR_US, SITE, tier, {{0}}, boxed, count};

	vault_hash(desk->office->vault, VAULT_HASH_COUNTER, who, strlen(who), &limited.key);
	g_assert_true(tally_add_limited(desk->counters, &limited, &error));
}

static void
seed_tallies(ReportDesk *desk)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(db_begin(desk->counters, &error));
	for (gsize i = 0; i < G_N_ELEMENTS(tallies); i++) {
		const Row *row = &tallies[i];
		const TallyMark mark = {row->at_us, row->site, row->topic, row->item, row->count};
		g_assert_true(tally_add(desk->counters, &mark, &error));
	}
	add_limited(desk, RATE_IP, "192.0.2.1", 4);
	add_limited(desk, RATE_SENDER, "a@visitor.test", 6);
	g_assert_true(counters_add_hits(desk->counters, 1, 2, &error));
	g_assert_true(counters_add_hits(desk->counters, 4, 3, &error));
	g_assert_true(db_end(desk->counters, TRUE, &error));
	g_assert_no_error(error);
}

/* Entries get the numbers 1 to 8; 7 is removed. */
static void
seed_lists(ReportDesk *desk)
{
	static const struct {
		const char *value;
		const char *site;
		gint64 created_at_us;
		gint64 expires_at_us;
	} rows[] = {{"one.test", "", MIDNIGHT_US - DAY_US, 0}, /* hits */
	    {"idle.test", "", MIDNIGHT_US - 2 * DAY_US, 0}, {"of-other.test", OTHER, MIDNIGHT_US - DAY_US, 0},
	    {"four.test", SITE, MIDNIGHT_US - DAY_US, 0}, /* hits */
	    {"young.test", SITE, MIDNIGHT_US + HOUR_US, 0}, {"over.test", SITE, MIDNIGHT_US - DAY_US, MIDNIGHT_US},
	    {"removed.test", SITE, MIDNIGHT_US - DAY_US, 0}, {"last.test", SITE, MIDNIGHT_US + HOUR_US, 0}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)list_entry_free);
		ListEntry *entry = list_entry_new();
		g_ptr_array_add(entries, entry);
		entry->action = LIST_BLOCK;
		entry->type = LIST_DOMAIN;
		g_free(entry->value);
		entry->value = g_strdup(rows[i].value);
		g_free(entry->site);
		entry->site = g_strdup(rows[i].site);
		entry->created_at_us = rows[i].created_at_us;
		entry->expires_at_us = rows[i].expires_at_us;
		g_assert_true(list_entries_add(desk->office->courier.db, entries, NULL, NULL, &error));
		g_assert_no_error(error);
	}
	g_autoptr(GError) problem = NULL;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	const gint64 removed = 7;
	g_array_append_val(ids, removed);
	g_assert_cmpint(list_entries_remove(desk->office->courier.db, ids, &problem), ==, 1);
}

/* A submission with a mail of that kind at that time, which ends so. */
void
report_desk_mail(ReportDesk *desk, gint64 at_us, MailKind kind, DeliveryState state, const char *reason)
{
	static guint number;
	g_autoptr(GError) error = NULL;
	Office *office = desk->office;
	g_autofree char *receipt = g_strdup_printf("MAAAAAAAA%03u", ++number);

	report_desk_set_clock(at_us);
	office_submit(office, receipt, kind, "owner@example.jp");
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 1);
	const OutboxItem *item = items->pdata[0];
	DeliveryOutcome outcome = {
	    .delivery_id = ((const Delivery *)item->deliveries->pdata[0])->id, .state = state, .reason = reason};
	if (state == DELIVERY_DEFERRED)
		outcome.due_at_us = at_us + 30 * G_TIME_SPAN_MINUTE;
	g_assert_true(outbox_settle(office->courier.db, office->courier.owner, &outcome, 1, &error));
	g_assert_no_error(error);
	if (reason == NULL || !g_str_equal(reason, "bounced"))
		return;
	const OutboxBounce bounce = {.receipt = receipt, .kind = kind, .reason = "bounce.address", .reply_code = 550};
	OutboxBounced bounced = {0};
	g_assert_true(outbox_bounce(office->courier.db, &bounce, &bounced, &error));
}

/* A confirmation to somebody ends so, which is no reply. */
static void
confirm(ReportDesk *desk, gint64 submission_id, guint8 somebody, DeliveryState state)
{
	g_autoptr(GError) error = NULL;
	const VaultHash recipient = {{somebody}};
	gboolean is_new = FALSE;
	Office *office = desk->office;

	g_assert_true(outbox_add_confirmation(office->courier.db, submission_id, &recipient, &is_new, &error));
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 1);
	const OutboxItem *item = items->pdata[0];
	DeliveryOutcome outcome = {.delivery_id = ((const Delivery *)item->deliveries->pdata[0])->id,
	    .state = state,
	    .reason = state == DELIVERY_SENT ? NULL : "proved"};
	g_assert_true(outbox_settle(office->courier.db, office->courier.owner, &outcome, 1, &error));
}

/* Three replies and four notices go; one notice comes back later; what waits, is given up and is held back is of now. */
static void
seed_mails(ReportDesk *desk)
{
	g_autoptr(GError) error = NULL;
	Office *office = desk->office;

	report_desk_mail(desk, WEEK_BEFORE_US, MAIL_NOTICE, DELIVERY_SENT, NULL);
	report_desk_mail(desk, WEEK_BEFORE_US + HOUR_US, MAIL_REPLY, DELIVERY_SENT, NULL);
	report_desk_mail(desk, WEEK_BEFORE_US + HOUR_US, MAIL_COPY, DELIVERY_CANCELLED, "expired");
	report_desk_mail(desk, MIDNIGHT_US - HOUR_US, MAIL_NOTICE, DELIVERY_SENT, NULL);
	for (guint i = 0; i < 3; i++)
		report_desk_mail(desk, MIDNIGHT_US + 1, MAIL_NOTICE, DELIVERY_SENT, NULL);
	report_desk_mail(desk, MIDNIGHT_US + HOUR_US, MAIL_NOTICE, DELIVERY_SENT, "bounced");
	report_desk_mail(desk, MIDNIGHT_US + HOUR_US, MAIL_REPLY, DELIVERY_SENT, NULL);
	report_desk_mail(desk, MIDNIGHT_US + HOUR_US, MAIL_REPLY, DELIVERY_SENT, "bounced");
	report_desk_mail(desk, MIDNIGHT_US + HOUR_US, MAIL_COPY, DELIVERY_SENT, NULL);
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_REPLY, DELIVERY_CANCELLED, "repeated");
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_REPLY, DELIVERY_CANCELLED, "repeated");
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_COPY, DELIVERY_CANCELLED, "expired");
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_COPY, DELIVERY_CANCELLED, NULL); /* as an order leaves it */
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_NOTICE, DELIVERY_DEAD, "relay.refused");
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_NOTICE, DELIVERY_DEFERRED, "relay.connect");
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US + 1, MAIL_REPLY, DELIVERY_DEFERRED, "ceiling");
	report_desk_mail(
	    desk, MIDNIGHT_US + 2 * HOUR_US, MAIL_REPLY, DELIVERY_DEFERRED, "consent"); /* for its visitor, not for us */
	report_desk_mail(desk, MIDNIGHT_US + 2 * HOUR_US + 2, MAIL_REPLY, DELIVERY_DEFERRED, "ceiling");
	g_autoptr(GPtrArray) newest = outbox_list(office->courier.db, &(OutboxFilter){.site = SITE}, 1, &error);
	gint64 asked = ((const OutboxItem *)newest->pdata[0])->submission_id;
	confirm(desk, asked, 1, DELIVERY_SENT);
	confirm(desk, asked, 2, DELIVERY_CANCELLED);
	g_assert_true(outbox_hold(office->courier.db, ((const OutboxItem *)newest->pdata[0])->id, "tester", &error));
	g_assert_no_error(error);
}

void
report_desk_canary(ReportDesk *desk)
{
	g_autoptr(GError) error = NULL;
	Office *office = desk->office;

	report_desk_set_clock(MIDNIGHT_US + HOUR_US);
	office_submit(office, "CANARYAAAAAA", MAIL_NOTICE, "canary@example.jp");
	g_autoptr(GPtrArray) items = office_claim(office);
	const OutboxItem *item = items->pdata[0];
	DeliveryOutcome outcome = {.delivery_id = ((const Delivery *)item->deliveries->pdata[0])->id, .state = DELIVERY_SENT};
	g_assert_true(outbox_settle(office->courier.db, office->courier.owner, &outcome, 1, &error));
}

/* The caller's. */
static char *
evidence(FindingAction action, guint points, const char *code)
{
	GPtrArray *findings = findings_new();
	const FindingHead head = {CHECK_LINKS, CHECK_ON, action, points, code};

	finding_add(findings, &head, "It was seen.");
	g_autoptr(Verdict) verdict = verdict_new(findings, 5);
	return verdict_to_text(verdict);
}

void
report_desk_judged(ReportDesk *desk, const char *receipt, gint64 at_us, SubmissionStatus status, guint points)
{
	FindingAction action = status == SUBMISSION_REJECTED ? FINDING_REJECT : points == 0 ? FINDING_HOLD : FINDING_NOTE;
	g_autofree char *text = evidence(action, points, receipt);
	report_desk_set_clock(at_us);
	office_submit_judged(desk->office, SITE, receipt, status, text);
}

static void
seed_suspicious(ReportDesk *desk)
{
	report_desk_judged(desk, "OLDHELDAAAAA", WEEK_BEFORE_US, SUBMISSION_HELD, 5);
	report_desk_judged(desk, "OLDREJECTAAA", MIDNIGHT_US - HOUR_US, SUBMISSION_REJECTED, 0);
	report_desk_judged(desk, "REJECTAAAAAA", MIDNIGHT_US + HOUR_US, SUBMISSION_REJECTED, 0);
	report_desk_judged(desk, "LIGHTAAAAAAA", MIDNIGHT_US + 2 * HOUR_US, SUBMISSION_HELD, 6);
	report_desk_judged(desk, "HEAVYAAAAAAA", MIDNIGHT_US + 3 * HOUR_US, SUBMISSION_HELD, 9);
	report_desk_judged(desk, "RELEASEDAAAA", MIDNIGHT_US + 4 * HOUR_US, SUBMISSION_HELD, 0);
	office_release(desk->office, "RELEASEDAAAA", MAIL_NOTICE, "owner@example.jp");
	report_desk_judged(desk, "LATERAAAAAAA", MIDNIGHT_US + DAY_US, SUBMISSION_REJECTED, 0);
}

static void
audit(Db *ledger, const char *actor, const char *action)
{
	g_autoptr(GError) error = NULL;
	const AuditLine line = {.actor = (char *)actor, .action = (char *)action, .site = (char *)SITE};
	g_assert_true(audit_note(ledger, &line, &error));
}

static void
seed_ledger(ReportDesk *desk)
{
	g_autoptr(GError) error = NULL;
	gboolean is_new = FALSE;
	Db *ledger = desk->office->courier.ledger;

	report_desk_set_clock(WEEK_BEFORE_US + HOUR_US);
	g_assert_true(ledger_alarm_raise(ledger, SITE, "account", "earlier", &is_new, &error));
	audit(ledger, "tester", "held.discard");
	report_desk_set_clock(MIDNIGHT_US + HOUR_US);
	g_assert_true(ledger_alarm_raise(ledger, SITE, "dead", "a notice", &is_new, &error));
	g_assert_true(ledger_alarm_raise(ledger, OTHER, "dead", "another's", &is_new, &error));
	g_assert_true(ledger_alarm_raise(ledger, SITE, "surge", "many", &is_new, &error));
	audit(ledger, "tester", "held.release");
	audit(ledger, AUDIT_BY_LINK, "held.discard");
	audit(ledger, "tester", "list.add");
	const LedgerLimits limits = {.period_us = HOUR_US, .per_domain = 100, .per_form = 100, .fuse_hour = 1, .fuse_day = 100};
	for (guint i = 0; i < 2; i++) {
		LedgerAnswer answer;
		LedgerMail charged = {.site = SITE, .form_id = 4, .kind = MAIL_REPLY, .receipt = i == 0 ? "A" : "B"};
		charged.recipient.bytes[0] = (guint8)i;
		g_assert_true(ledger_charge(ledger, &charged, &limits, &answer, &error));
	}
	g_assert_no_error(error);
}

void
report_desk_open(ReportDesk *desk, Office *office)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *other = g_strconcat(tree_site_conf, "[report]\nsend = off\n", NULL);

	tree_write(office->tree, "sites/" OTHER "/site.conf", other);
	office_site(office, "[report]\nsend = daily\n");
	*desk = (ReportDesk){.office = office, .counters = db_open_counters(office->data_directory, DB_CREATE, &error)};
	g_assert_no_error(error);
}

void
report_desk_seed(ReportDesk *desk)
{
	seed_tallies(desk);
	seed_lists(desk);
	report_desk_canary(desk);
	seed_mails(desk);
	seed_suspicious(desk);
	seed_ledger(desk);
	report_desk_set_clock(MIDNIGHT_US + DAY_US + 6 * HOUR_US);
}
