/* Leave for automatic mail: who gets it, who does not, and that each leave is for one copy. The fuse has tests of its own. */
#include <sys/wait.h>
#include <unistd.h>

#include "ledger_desk.h"

static void
test_one_copy(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail mail = mail_to("a@x", "R1");
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	/* The row was set back while the session runs. */
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_HELD);
	advance((gint64)LIMIT_LEASE_MS * 1000 - SECOND_US);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_HELD);
	/* The session never told. */
	advance(2 * SECOND_US);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_HELD);
	/* The server said 4xx. */
	settle(ledger, &mail, FALSE);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	settle(ledger, &mail, TRUE);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_SENT);
	/* What was sent stays sent. */
	settle(ledger, &mail, FALSE);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_SENT);
	advance(3 * DAY_US);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_SENT);
	sqlite3 *raw = raw_open(fixture);
	g_assert_cmpint(raw_number(raw, "SELECT count(*) FROM mail"), ==, 1);
	g_assert_cmpint(raw_number(raw, "SELECT sum(mails) FROM traffic"), ==, 1);
	sqlite3_close(raw);
}

/* What makes a mail another one, and what of it the period lets through. */
static void
test_period(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const struct {
		const char *site;
		MailKind kind;
		const char *receipt;
		guint generation;
		const char *recipient;
		LedgerAnswer answer;
	} rows[] = {
	    {SITE, MAIL_REPLY, "R1", 0, "a@x", LEDGER_CHARGED},
	    {SITE, MAIL_REPLY, "R2", 0, "a@x", LEDGER_REPEATED},
	    {SITE, MAIL_REPLY, "R1", 1, "a@x", LEDGER_REPEATED},
	    {SITE, MAIL_COPY, "R1", 0, "a@x", LEDGER_REPEATED},
	    {SITE, MAIL_COPY, "R3", 0, "a@x", LEDGER_REPEATED},
	    {SITE, MAIL_CONFIRMATION, "R1", 0, "a@x", LEDGER_CHARGED},
	    {SITE, MAIL_CONFIRMATION, "R2", 0, "a@x", LEDGER_REPEATED},
	    {SITE, MAIL_REPLY, "R1", 0, "b@x", LEDGER_CHARGED},
	    {SITE, MAIL_COPY, "R4", 0, "c@x", LEDGER_CHARGED},
	    {SITE, MAIL_REPLY, "R4", 0, "c@x", LEDGER_REPEATED},
	    {"other.jp", MAIL_REPLY, "R1", 0, "a@x", LEDGER_CHARGED},
	};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		LedgerMail mail = {rows[i].site, 4, rows[i].kind, rows[i].receipt, rows[i].generation,
		    named_hash(rows[i].recipient), named_hash("x")};
		g_assert_cmpint(charge(ledger, &mail), ==, rows[i].answer);
	}
	LedgerMail again = mail_to("a@x", "R9");
	advance(DAY_US - SECOND_US);
	g_assert_cmpint(charge(ledger, &again), ==, LEDGER_REPEATED);
	advance(2 * SECOND_US);
	g_assert_cmpint(charge(ledger, &again), ==, LEDGER_CHARGED);
	/* The period begins when the mail was sent. */
	advance(12 * HOUR_US);
	settle(ledger, &again, TRUE);
	advance(13 * HOUR_US);
	LedgerMail next = mail_to("a@x", "R10");
	g_assert_cmpint(charge(ledger, &next), ==, LEDGER_REPEATED);
	advance(11 * HOUR_US + SECOND_US);
	g_assert_cmpint(charge(ledger, &next), ==, LEDGER_CHARGED);
}

/* Confirmations reach people who never heard of us, so all sites of the gateway share what one mailbox gets of them. */
static void
test_mailbox(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const char *const sites[] = {"a.jp", "b.jp", "c.jp"};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail mail = mail_to("a@x", "R1");
	G_STATIC_ASSERT(G_N_ELEMENTS(sites) == LIMIT_CONFIRMATIONS_PER_MAILBOX);
	mail.kind = MAIL_CONFIRMATION;
	for (gsize i = 0; i < G_N_ELEMENTS(sites); i++) {
		mail.site = sites[i];
		g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
		advance(HOUR_US);
	}
	LedgerMail one_more = mail, other = mail_to("b@x", "R1"), reply = mail_to("a@x", "R1");
	one_more.site = other.site = reply.site = "d.jp";
	other.kind = MAIL_CONFIRMATION;
	g_assert_cmpint(charge(ledger, &one_more), ==, LEDGER_REPEATED);
	g_assert_cmpint(charge(ledger, &other), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &reply), ==, LEDGER_CHARGED);
	/* What was charged already may be tried again. */
	settle(ledger, &mail, FALSE);
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	advance(21 * HOUR_US + SECOND_US);
	g_assert_cmpint(charge(ledger, &one_more), ==, LEDGER_CHARGED);
}

static void
test_was_sent(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail mail = mail_to("a@x", "R1");
	mail.kind = MAIL_CONFIRMATION;
	g_assert_cmpint(charge(ledger, &mail), ==, LEDGER_CHARGED);
	static const struct {
		const char *receipt;
		MailKind kind;
		gint64 later_us;
		gboolean was_sent;
	} rows[] = {
	    {"R1", MAIL_CONFIRMATION, 0, FALSE},
	    {"R2", MAIL_CONFIRMATION, 0, TRUE},
	    {"R2", MAIL_REPLY, 0, FALSE},
	    {"R2", MAIL_CONFIRMATION, DAY_US - SECOND_US, TRUE},
	    {"R2", MAIL_CONFIRMATION, 2 * SECOND_US, FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gboolean was_sent = !rows[i].was_sent;
		g_autoptr(GError) error = NULL;
		advance(rows[i].later_us);
		LedgerMail asked = mail_to("a@x", rows[i].receipt);
		asked.kind = rows[i].kind;
		g_assert_true(ledger_was_sent(ledger, &asked, DAY_US, &was_sent, &error));
		g_assert_no_error(error);
		g_assert_cmpint(was_sent, ==, rows[i].was_sent);
	}
}

/* What is known not to have been sent reached nobody: another mail may go, and then the first one may not. */
static void
test_not_sent(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail first = mail_to("a@x", "R1"), second = mail_to("a@x", "R2");
	gboolean was_sent = TRUE;
	first.kind = second.kind = MAIL_CONFIRMATION;
	g_assert_cmpint(charge(ledger, &first), ==, LEDGER_CHARGED);
	/* A new courier does not know what became of it. */
	g_assert_true(ledger_take_over(ledger, &error));
	g_assert_true(ledger_was_sent(ledger, &second, DAY_US, &was_sent, &error));
	g_assert_true(was_sent);
	g_assert_cmpint(charge(ledger, &second), ==, LEDGER_REPEATED);
	g_assert_cmpint(charge(ledger, &first), ==, LEDGER_CHARGED);
	settle(ledger, &first, FALSE);
	g_assert_true(ledger_was_sent(ledger, &second, DAY_US, &was_sent, &error));
	g_assert_false(was_sent);
	g_assert_cmpint(charge(ledger, &second), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &first), ==, LEDGER_REPEATED);
	settle(ledger, &second, TRUE);
	g_assert_cmpint(charge(ledger, &first), ==, LEDGER_REPEATED);
	advance(DAY_US + SECOND_US);
	g_assert_cmpint(charge(ledger, &first), ==, LEDGER_CHARGED);
	g_assert_no_error(error);
}

static void
test_domain(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const LedgerLimits limits = {DAY_US, 2, 1000, 1000, 1000};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail mails[] = {mail_to("a@x", "R1"), mail_to("b@x", "R2"), mail_to("c@x", "R3"), mail_to("d@y", "R4")};
	g_assert_cmpint(charge_within(ledger, &mails[0], &limits), ==, LEDGER_CHARGED);
	advance(HOUR_US);
	g_assert_cmpint(charge_within(ledger, &mails[1], &limits), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge_within(ledger, &mails[2], &limits), ==, LEDGER_DOMAIN);
	g_assert_cmpint(charge_within(ledger, &mails[3], &limits), ==, LEDGER_CHARGED);
	LedgerMail elsewhere = mails[2];
	elsewhere.site = "other.jp";
	g_assert_cmpint(charge_within(ledger, &elsewhere, &limits), ==, LEDGER_CHARGED);
	advance(23 * HOUR_US + SECOND_US);
	g_assert_cmpint(charge_within(ledger, &mails[2], &limits), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge_within(ledger, &mails[2], &limits), ==, LEDGER_HELD);
	LedgerMail last = mail_to("e@x", "R5");
	g_assert_cmpint(charge_within(ledger, &last, &limits), ==, LEDGER_DOMAIN);
}

static void
test_form(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const LedgerLimits limits = {DAY_US, 1000, 3, 1000, 1000};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	g_assert_cmpuint(charge_many(ledger, "a", 5, &limits), ==, 3);
	LedgerMail fourth = mail_to("a3@d3", "R-a-3"), other = mail_to("o@o", "O");
	g_assert_cmpint(charge_within(ledger, &fourth, &limits), ==, LEDGER_FORM);
	other.form_id = 5;
	g_assert_cmpint(charge_within(ledger, &other, &limits), ==, LEDGER_CHARGED);
	advance(HOUR_US + SECOND_US);
	g_assert_cmpint(charge_within(ledger, &fourth, &limits), ==, LEDGER_CHARGED);
}

static void
test_take_over(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail lost = mail_to("a@x", "R1"), sent = mail_to("b@x", "R2");
	g_assert_cmpint(charge(ledger, &lost), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &sent), ==, LEDGER_CHARGED);
	settle(ledger, &sent, TRUE);
	g_assert_true(ledger_take_over(ledger, &error));
	g_assert_cmpint(charge(ledger, &lost), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &sent), ==, LEDGER_SENT);
}

/* Only what was charged can be settled: a row of the outbox that says "sent" makes nothing of what was not. */
static void
test_settle_unknown(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const LedgerLimits limits = {DAY_US, 0, 1000, 1000, 1000};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail unknown = mail_to("a@x", "R1"), held = mail_to("b@x", "R2");
	settle(ledger, &unknown, TRUE);
	g_assert_cmpint(charge_within(ledger, &held, &limits), ==, LEDGER_DOMAIN);
	settle(ledger, &held, TRUE);
	g_assert_cmpint(charge(ledger, &unknown), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge(ledger, &held), ==, LEDGER_CHARGED);
}

/* A clock that ran ahead and was put right. */
static void
test_clock_ahead(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	static const LedgerLimits limits = {DAY_US, 2, 1000, 1000, 1000};
	g_autoptr(Db) ledger = desk_ledger(fixture);
	LedgerMail first = mail_to("a@x", "R1"), second = mail_to("b@x", "R2"), third = mail_to("c@x", "R3");
	g_assert_cmpint(charge_within(ledger, &first, &limits), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge_within(ledger, &second, &limits), ==, LEDGER_CHARGED);
	/* Nine hours, as between local time and UTC: all of it still counts. */
	advance(-9 * HOUR_US);
	g_assert_cmpint(charge_within(ledger, &third, &limits), ==, LEDGER_DOMAIN);
	LedgerMail again = mail_to("a@x", "R4");
	g_assert_cmpint(charge_within(ledger, &again, &limits), ==, LEDGER_REPEATED);
	/* A leave from then holds nothing back that is to be sent today. */
	g_assert_cmpint(charge_within(ledger, &first, &limits), ==, LEDGER_CHARGED);
	/* A year: it does not count for a year. */
	advance(-365 * DAY_US);
	g_assert_cmpint(charge_within(ledger, &third, &limits), ==, LEDGER_CHARGED);
	g_assert_cmpint(charge_within(ledger, &again, &limits), ==, LEDGER_CHARGED);
}

/* Several processes ask for the same mails at once: each is charged once, and no ceiling is passed. */
static void
ask_all(const Fixture *fixture, int answers)
{
	static const LedgerLimits limits = {DAY_US, 1000, 20, 1000, 1000};
	g_autoptr(Db) ledger = db_open_ledger(fixture->directory, DB_EXISTING, NULL);
	if (!ledger)
		_exit(2);
	guint charged = 0;
	for (guint i = 0; i < 30; i++) {
		g_autofree char *text = g_strdup_printf("m%u@d%u", i, i);
		LedgerMail mail = mail_to(text, text);
		LedgerAnswer answer = LEDGER_FORM;
		g_autoptr(GError) error = NULL;
		if (!ledger_charge(ledger, &mail, &limits, &answer, &error)) {
			fprintf(stderr, "# %s\n", error->message);
			_exit(3);
		}
		charged += answer == LEDGER_CHARGED;
	}
	_exit(write(answers, &charged, sizeof charged) == sizeof charged ? 0 : 4);
}

static void
test_concurrency(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	db_free(desk_ledger(fixture));
	int answers[2];
	g_assert_cmpint(pipe(answers), ==, 0);
	pid_t children[4];
	for (gsize i = 0; i < G_N_ELEMENTS(children); i++) {
		children[i] = fork();
		if (children[i] == 0)
			ask_all(fixture, answers[1]);
	}
	guint total = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(children); i++) {
		int status = 0;
		guint charged = 0;
		g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
		g_assert_cmpint(status, ==, 0);
		g_assert_cmpint(read(answers[0], &charged, sizeof charged), ==, sizeof charged);
		total += charged;
	}
	g_assert_cmpuint(total, ==, 20);
	close(answers[0]);
	close(answers[1]);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	static const FixtureTest tests[] = {
	    {"each leave is for one copy", test_one_copy},
	    {"one mail of a kind per address and period", test_period},
	    {"what another submission was sent", test_was_sent},
	    {"what was not sent does not count", test_not_sent},
	    {"all sites together ask a mailbox three times a day", test_mailbox},
	    {"a domain has a ceiling", test_domain},
	    {"a form has a ceiling", test_form},
	    {"a courier that begins ends all leave", test_take_over},
	    {"what was not charged cannot be settled", test_settle_unknown},
	    {"a clock that ran ahead does not block for ever", test_clock_ahead},
	    {"processes that ask at once share the ceilings", test_concurrency},
	};
	return fixture_run("ledger_charge", tests, G_N_ELEMENTS(tests));
}
