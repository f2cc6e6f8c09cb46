/* Lists and counts of the outbox: each filter alone and together, and that every way through the items finds the same. */
#include "bench.h"

#define MINUTE_US (60 * SECOND_US)

/* Items as a test sees them: by letters. */
typedef struct {
	const char *site;
	guint form_id;
	MailKind kind;
	DeliveryState states[2]; /* of the recipients 'a' and 'b'; 0: not there */
	const char *reason;      /* of all its deliveries */
} Row;

static const Row rows[] = {
    {"one.jp", 4, MAIL_NOTICE, {DELIVERY_SENT, 0}, NULL},                              /* A */
    {"one.jp", 5, MAIL_REPLY, {DELIVERY_DEFERRED, 0}, "relay.temporary"},              /* B */
    {"two.jp", 4, MAIL_NOTICE, {DELIVERY_SENT, DELIVERY_DEAD}, "relay.permanent"},     /* C */
    {"two.jp", 4, MAIL_REPLY, {0, DELIVERY_QUEUED}, NULL},                             /* D */
    {"one.jp", 4, MAIL_NOTICE, {DELIVERY_DEAD, DELIVERY_DEFERRED}, "hold"},            /* E */
    {"two.jp", 6, MAIL_NOTICE, {DELIVERY_CANCELLED, DELIVERY_REFUSED}, "bounce.full"}, /* F */
};

/* Item number i + 1, promised i + 1 minutes after the beginning of time. */
static void
fill(Bench *bench)
{
	raw_execute(bench->raw, "DELETE FROM outbox; DELETE FROM submission; DELETE FROM sqlite_sequence");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *receipt = g_strdup_printf("RECEIPT-%c", 'A' + i);
		gint64 submission = row_submission(bench->raw, receipt, FALSE, "x");
		raw_execute(bench->raw, "UPDATE submission SET site = '%s', form_id = %u WHERE id = %" G_GINT64_FORMAT,
		    rows[i].site, rows[i].form_id, submission);
		bench->item_id = row_item(bench->raw, submission, rows[i].kind);
		for (guint k = 0; k < 2; k++)
			if (rows[i].states[k] != 0)
				add(bench, (char)('a' + k), rows[i].states[k]);
		raw_execute(bench->raw, "UPDATE outbox SET created_at = id * 60000000");
		if (rows[i].reason)
			raw_execute(bench->raw, "UPDATE delivery SET reason = '%s' WHERE outbox_id = %" G_GINT64_FORMAT,
			    rows[i].reason, bench->item_id);
	}
}

/* The letters of the items, as they are listed. */
static char *
list(Bench *bench, const OutboxFilter *filter, guint limit)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = outbox_list(bench->db, filter, limit, &error);
	g_assert_no_error(error);
	GString *letters = g_string_new(NULL);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		g_string_append_c(letters, (char)('A' + item->id - 1));
		/* Whatever the filter says of one delivery, the item comes with all. */
		const Row *row = &rows[item->id - 1];
		g_assert_cmpuint(item->deliveries->len, ==, (row->states[0] != 0) + (row->states[1] != 0));
	}
	return g_string_free(letters, FALSE);
}

static GArray *
hashes_of(const char *letters)
{
	GArray *hashes = g_array_new(FALSE, FALSE, sizeof(VaultHash));
	for (const char *letter = letters; *letter; letter++) {
		VaultHash hash = row_hash(*letter);
		g_array_append_val(hashes, hash);
	}
	return hashes;
}

static void
test_filters(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	const guint deferred = 1u << DELIVERY_DEFERRED, sent = 1u << DELIVERY_SENT, dead = 1u << DELIVERY_DEAD;
	g_autoptr(GArray) a = hashes_of("xa"), b = hashes_of("b"), none = hashes_of("");
	const struct {
		OutboxFilter filter;
		guint limit;
		const char *expected;
	} cases[] = {
	    {{0}, 100, "FEDCBA"},
	    {{0}, 2, "FE"},
	    {{.site = "two.jp"}, 100, "FDC"},
	    {{.site = "two.jp"}, 1, "F"},
	    {{.site = "no.jp"}, 100, ""},
	    {{.site = "one.jp", .form_id = 4}, 100, "EA"},
	    {{.form_id = 4}, 100, "EDCA"},
	    {{.kind = MAIL_REPLY}, 100, "DB"},
	    {{.kind = MAIL_REPLY, .site = "one.jp"}, 100, "B"},
	    {{.states = OUTBOX_UNSETTLED}, 100, "EDCB"},
	    {{.states = OUTBOX_UNSETTLED}, 3, "EDC"},
	    {{.states = OUTBOX_UNSETTLED, .site = "two.jp"}, 100, "DC"},
	    {{.states = deferred}, 100, "EB"},
	    {{.states = dead}, 100, "EC"},
	    {{.states = sent}, 100, "CA"},
	    {{.states = sent | deferred}, 100, "ECBA"},
	    {{.states = sent, .site = "one.jp"}, 100, "A"},
	    {{.reason = "hold"}, 100, "E"},
	    {{.reason = "hold", .states = sent}, 100, ""},
	    {{.reason = "bounce.full"}, 100, "F"},
	    {{.receipt = "RECEIPT-C"}, 100, "C"},
	    {{.receipt = "RECEIPT-C", .site = "one.jp"}, 100, ""},
	    {{.receipt = "RECEIPT-C", .states = deferred}, 100, ""},
	    {{.receipt = "RECEIPT"}, 100, ""},
	    {{.recipients = a}, 100, "FECBA"},
	    {{.recipients = b}, 100, "FEDC"},
	    {{.recipients = none}, 100, ""},
	    /* Of one and the same delivery. */
	    {{.recipients = b, .states = sent}, 100, ""},
	    {{.recipients = b, .states = dead}, 100, "C"},
	    {{.since_us = 3 * MINUTE_US}, 100, "FEDC"},
	    {{.before_us = 3 * MINUTE_US}, 100, "BA"},
	    {{.since_us = 2 * MINUTE_US, .before_us = 5 * MINUTE_US, .states = OUTBOX_UNSETTLED}, 100, "DCB"},
	};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	fill(&bench);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *found = list(&bench, &cases[i].filter, cases[i].limit);
		if (strcmp(found, cases[i].expected) != 0)
			g_error("case %u: %s instead of %s", i, found, cases[i].expected);
	}
	bench_close(&bench);
}

/* A recipient that somebody wrote is compared whole, or a short one would fit every address. */
static void
test_short_recipients(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	g_autoptr(GArray) both = hashes_of("ab");
	bench_open(&bench, fixture, FALSE);
	fill(&bench);
	raw_execute(bench.raw, "UPDATE delivery SET recipient = x'61' WHERE outbox_id = 2");
	raw_execute(bench.raw, "UPDATE delivery SET recipient = x'' WHERE outbox_id = 4");
	g_assert_cmpint(column(&bench, 1, "length(recipient)"), ==, VAULT_HASH_BYTES);
	raw_execute(bench.raw,
	    "UPDATE delivery SET recipient = CAST('a' || replace(hex(zeroblob(20)), '00', 'b') AS BLOB) WHERE outbox_id = 1");
	g_assert_cmpint(column(&bench, 1, "length(recipient)"), ==, VAULT_HASH_BYTES);
	g_autofree char *found = list(&bench, &(OutboxFilter){.recipients = both}, 100);
	g_assert_cmpstr(found, ==, "FEC");
	bench_close(&bench);
}

static void
test_counts(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GArray) none = hashes_of("");
	const struct {
		OutboxFilter filter;
		guint limit;
		const char *expected;
	} cases[] = {
	    {{0}, 100,
		"one.jp deferred hold 1 since 5\none.jp deferred relay.temporary 1 since 2\none.jp dead hold 1 since 5\n"
		"two.jp queued - 1 since 4\ntwo.jp dead relay.permanent 1 since 3\n"},
	    {{.site = "two.jp", .states = 1u << DELIVERY_DEAD}, 100, "two.jp dead relay.permanent 1 since 3\n"},
	    {{.states = 1u << DELIVERY_SENT}, 100, ""},
	    {{.recipients = none}, 100, ""},
	    {{0}, 1, "one.jp deferred hold 1 since 5\n"},
	};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	fill(&bench);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) counts = outbox_counts(bench.db, &cases[i].filter, cases[i].limit, NULL);
		g_autoptr(GString) lines = g_string_new(NULL);
		for (guint k = 0; k < counts->len; k++) {
			const OutboxCount *count = counts->pdata[k];
			g_string_append_printf(lines, "%s %s %s %u since %d\n", count->site, delivery_state_name(count->state),
			    count->reason ? count->reason : "-", count->count, (int)(count->oldest_us / MINUTE_US));
		}
		g_assert_cmpstr(lines->str, ==, cases[i].expected);
	}
	raw_execute(bench.raw, "UPDATE delivery SET reason = 'hold'");
	g_autoptr(GPtrArray) most = outbox_counts(bench.db, &(OutboxFilter){.site = "one.jp"}, 100, NULL);
	const OutboxCount *first = most->pdata[0];
	g_assert_cmpuint(first->count, ==, 2);
	g_assert_cmpint(first->oldest_us, ==, 2 * MINUTE_US);
	bench_close(&bench);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"each filter leaves what fits, newest first", test_filters},
	    {"a recipient is compared whole", test_short_recipients},
	    {"what waits is counted by site, state and reason", test_counts},
	};
	return fixture_run("outbox_list", tests, G_N_ELEMENTS(tests));
}
