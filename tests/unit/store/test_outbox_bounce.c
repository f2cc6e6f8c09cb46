/* What mail servers say later: what it changes, of which delivery, and what it leaves alone. */
#include "bench.h"

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

static OutboxBounce
bounce_of(MailKind kind, const GArray *recipients)
{
	return (OutboxBounce){.receipt = "RECEIPT00001",
	    .kind = kind,
	    .recipients = recipients,
	    .reason = "bounce.address",
	    .server_text = "550 no\r\nsuch user a@example.jp",
	    .reply_code = 550};
}

static gint64
count_events(Bench *bench, EventKind kind)
{
	return raw_number(bench->raw,
	    "SELECT count(*) FROM delivery_event WHERE kind = %d AND reason = 'bounce.address' AND "
	    "server_text = '550 no such user <address>' AND reply_code = 550",
	    (int)kind);
}

static void
test_ends_what_was_sent(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		MailKind kind;
		DeliveryState after;
	} rows[] = {
	    {MAIL_NOTICE, DELIVERY_DEAD},
	    {MAIL_HELD, DELIVERY_DEAD},
	    {MAIL_REPLY, DELIVERY_CANCELLED},
	    {MAIL_COPY, DELIVERY_CANCELLED},
	    {MAIL_CONFIRMATION, DELIVERY_CANCELLED},
	};
	Bench bench;
	g_autoptr(GArray) a = hashes_of("ya");
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_SENT), other = add(&bench, 'b', DELIVERY_SENT);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		OutboxBounced bounced = {0};
		OutboxBounce bounce = bounce_of(rows[i].kind, a);
		raw_execute(bench.raw, "UPDATE outbox SET kind = %d; UPDATE delivery SET state = 5; DELETE FROM delivery_event",
		    (int)rows[i].kind);
		bounce.is_delay = TRUE;
		g_assert_true(outbox_bounce(bench.db, &bounce, &bounced, NULL));
		g_assert_true(bounced.is_news);
		g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_SENT);
		g_assert_cmpint(count_events(&bench, EVENT_DELAYED), ==, 1);
		bounce.is_delay = FALSE;
		g_assert_true(outbox_bounce(bench.db, &bounce, &bounced, NULL));
		g_assert_true(bounced.is_news);
		g_assert_cmpint(bounced.delivery_id, ==, id);
		g_assert_cmpint(bounced.submission_id, ==, bench.submission_id);
		g_assert_cmpint(bounced.kind, ==, rows[i].kind);
		g_assert_cmpint(bounced.recipient.bytes[0], ==, 'a');
		g_assert_cmpint(column(&bench, id, "state"), ==, rows[i].after);
		g_assert_cmpint(
		    column(&bench, id,
			"reason = 'bounce.address' AND reply_code = 550 AND server_text = '550 no such user <address>'"),
		    ==, 1);
		g_assert_cmpint(column(&bench, other, "state"), ==, DELIVERY_SENT);
		/* Once. */
		g_assert_true(outbox_bounce(bench.db, &bounce, &bounced, NULL));
		g_assert_false(bounced.is_news);
		bounce.is_delay = TRUE;
		g_assert_true(outbox_bounce(bench.db, &bounce, &bounced, NULL));
		g_assert_false(bounced.is_news);
		g_assert_cmpint(count_events(&bench, EVENT_BOUNCED), ==, 1);
		g_assert_cmpint(count_events(&bench, EVENT_DELAYED), ==, 1);
	}
	bench_close(&bench);
}

/* Only what was sent can come back; and what a person ordered anew is not ended by what is said of the copy before. */
static void
test_leaves_others_alone(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const DeliveryState states[] = {DELIVERY_QUEUED, DELIVERY_DEFERRED, DELIVERY_DEAD, DELIVERY_CANCELLED};
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_SENT);
	OutboxBounce bounce = bounce_of(MAIL_NOTICE, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		OutboxBounced bounced = {.is_news = TRUE};
		raw_execute(bench.raw, "UPDATE delivery SET state = %d", (int)states[i]);
		g_assert_true(outbox_bounce(bench.db, &bounce, &bounced, NULL));
		g_assert_false(bounced.is_news);
		g_assert_cmpint(column(&bench, id, "state"), ==, states[i]);
	}
	g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, 0);
	bench_close(&bench);
}

static void
test_which_delivery(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	/* What the item has, by letters; a capital: refused, a digit: gone. */
	static const struct {
		const char *deliveries;
		const char *named; /* NULL: nobody */
		char meant;        /* 0: STORE_ERROR_NOT_FOUND */
	} rows[] = {
	    {"a", NULL, 'a'},
	    {"ab", NULL, 0},
	    {"aB", NULL, 'a'},
	    {"a1", NULL, 'a'},
	    {"", NULL, 0},
	    {"B", NULL, 0},
	    {"ab", "b", 'b'},
	    {"ab", "xb", 'b'},
	    {"ab", "ab", 0},
	    {"ab", "x", 0},
	    {"ab", "", 0},
	    {"a", "x", 0},
	    {"aB", "B", 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		Bench bench;
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) named = hashes_of(rows[i].named ? rows[i].named : "");
		bench_open(&bench, fixture, FALSE);
		for (const char *letter = rows[i].deliveries; *letter; letter++)
			add(&bench, *letter,
			    g_ascii_isupper(*letter)   ? DELIVERY_REFUSED
			    : g_ascii_isdigit(*letter) ? DELIVERY_CANCELLED
						       : DELIVERY_SENT);
		raw_execute(bench.raw, "UPDATE delivery SET reason = 'gone' WHERE state = 6");
		OutboxBounce bounce = bounce_of(MAIL_NOTICE, rows[i].named ? named : NULL);
		OutboxBounced bounced = {0};
		gboolean is_found = outbox_bounce(bench.db, &bounce, &bounced, &error);
		if (is_found != (rows[i].meant != 0) || (is_found && bounced.recipient.bytes[0] != rows[i].meant))
			g_error("row %u", i);
		if (!is_found) {
			g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
			g_assert_cmpint(raw_number(bench.raw, "SELECT count(*) FROM delivery_event"), ==, 0);
		}
		raw_execute(
		    bench.raw, "DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM outbox; DELETE FROM submission");
		bench_close(&bench);
	}
}

static void
test_unknown_mail(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	Bench bench;
	bench_open(&bench, fixture, FALSE);
	gint64 id = add(&bench, 'a', DELIVERY_SENT);
	OutboxBounce unknown[] = {bounce_of(MAIL_REPLY, NULL), bounce_of(MAIL_NOTICE, NULL)};
	unknown[1].receipt = "RECEIPT00002";
	for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {
		g_autoptr(GError) error = NULL;
		OutboxBounced bounced = {0};
		g_assert_false(outbox_bounce(bench.db, &unknown[i], &bounced, &error));
		g_assert_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
	}
	g_assert_cmpint(column(&bench, id, "state"), ==, DELIVERY_SENT);
	bench_close(&bench);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"a mail that was sent ends once", test_ends_what_was_sent},
	    {"a mail that was not sent is left alone", test_leaves_others_alone},
	    {"one delivery is meant, or none", test_which_delivery},
	    {"a mail that is not there is not found", test_unknown_mail},
	};
	return fixture_run("outbox_bounce", tests, G_N_ELEMENTS(tests));
}
