/*
 * `sekisho queue`: filters, orders by number and by filter, the question before many, and the story of one mail.
 */
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "gate_house.h"
#include "sekisho/base/clock.h"
#include "sekisho/store/outbox.h"

/* --- A queue ------------------------------------------------------------------------------------------------------------ */

/* The notice (odd item) and the reply (even item) of a submission. */
#define SITE_CONF                                                                                                                \
	"[site]\ntitle = 例\nurl = https://example.jp\nadmin_address = info@example.jp\ntimezone = Asia/Tokyo\n"                \
	"[mail]\nfrom = info@example.jp\naccount = main backup\n[account backup]\nhost = backup.example.jp\n"

static Gateway
queue_new(void)
{
	Gateway gateway = gateway_new();
	tree_write(gateway.tree, "sites/example.jp/site.conf", SITE_CONF);
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp\n[mail_2]\nactive = on\nrecipient = [your-email]\n");
	return gateway;
}

/* One submission with its two mails. Its receipt, the caller's. */
static char *
promise(Gateway *gateway)
{
	char *receipt = gateway_keep(gateway, SUBMISSION_HELD, "こんにちは", gateway_evidence(FINDING_HOLD, 0));
	g_autofree char *release = g_strdup_printf("held release %s", receipt);
	gateway_assert(gateway, release, EX_OK, "2 mails are to be sent");
	return receipt;
}

static void
order(Gateway *gateway, const char *words, const char *part)
{
	gateway_assert(gateway, words, EX_OK, part);
}

/* Says this of all deliveries that are due; `id` 0: of every item. */
static void
settle(Gateway *gateway, gint64 id, const DeliveryOutcome *outcome)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) db = db_open(gateway->data_directory, DB_EXISTING, &error);
	g_autoptr(GPtrArray) items = outbox_claim(db, "test", G_TIME_SPAN_MINUTE, 100, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < items->len; i++) {
		const OutboxItem *item = items->pdata[i];
		for (guint k = 0; k < item->deliveries->len; k++) {
			DeliveryOutcome given_back = {.state = DELIVERY_QUEUED, .is_untried = TRUE};
			DeliveryOutcome settled = id == 0 || item->id == id ? *outcome : given_back;
			settled.delivery_id = given_back.delivery_id = ((const Delivery *)item->deliveries->pdata[k])->id;
			g_assert_true(outbox_settle(db, "test", &settled, 1, &error));
			if (settled.state == DELIVERY_LEASED)
				g_assert_true(outbox_settle(db, "test", &given_back, 1, &error));
		}
	}
}

static DeliveryOutcome
put_off(const char *account)
{
	return (DeliveryOutcome){.state = DELIVERY_DEFERRED,
	    .reason = "relay.temporary",
	    .server_text = "4.7.1 try\033[2J later",
	    .reply_code = 451,
	    .account = account,
	    .due_at_us = clock_now_us() + G_TIME_SPAN_HOUR};
}

/* "1 queued, 2 deferred": items and the state of their first delivery, oldest first. The caller's. */
static char *
states(Gateway *gateway)
{
	g_autoptr(Db) db = db_open(gateway->data_directory, DB_EXISTING, NULL);
	const OutboxFilter all = {0};
	g_autoptr(GPtrArray) items = outbox_list(db, &all, 100, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = items->len; i > 0; i--) {
		const OutboxItem *item = items->pdata[i - 1];
		const Delivery *delivery = item->deliveries->pdata[0];
		g_string_append_printf(text, "%s%" G_GINT64_FORMAT " %s", text->len > 0 ? ", " : "", item->id,
		    delivery->state == DELIVERY_DEAD && g_strcmp0(delivery->reason, OUTBOX_HOLD) == 0
			? "held"
			: delivery_state_name(delivery->state));
	}
	return g_strdup(text->str);
}

static void
assert_states(Gateway *gateway, const char *expected)
{
	g_autofree char *found = states(gateway);
	g_assert_cmpstr(found, ==, expected);
}

/* Wherever lines are broken. */
static void
assert_tells(const Gateway *gateway, const char *sentence)
{
	g_autoptr(GRegex) space = g_regex_new("\\s+", 0, 0, NULL);
	g_autofree char *flat = g_regex_replace_literal(space, gateway->output, -1, 0, " ", 0, NULL);
	assert_contains(flat, sentence);
}

/* --- Filters ------------------------------------------------------------------------------------------------------------ */

/* The items that a list with these filters shows, as "1 2". The caller's. */
static char *
listed(Gateway *gateway, const char *filters)
{
	g_autofree char *words = g_strdup_printf("queue --json%s%s", filters[0] != '\0' ? " " : "", filters);
	g_assert_cmpint(gateway_run(gateway, words), ==, EX_OK);
	g_autoptr(GRegex) number = g_regex_new("\"item\": ([0-9]+)", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GString) items = g_string_new(NULL);
	g_regex_match(number, gateway->output, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *one = g_match_info_fetch(match, 1);
		g_string_append_printf(items, "%s%s", items->len > 0 ? " " : "", one);
	}
	return g_strdup(items->str);
}

static void
test_filters(void)
{
	Gateway gateway = queue_new();
	g_autofree char *first = promise(&gateway);
	DeliveryOutcome waiting = put_off("main");
	const DeliveryOutcome sent = {.state = DELIVERY_SENT, .reply_code = 250, .account = "backup"};
	settle(&gateway, 1, &waiting);
	settle(&gateway, 2, &sent);
	clock_set_offset_us(2 * G_TIME_SPAN_DAY);
	g_autofree char *second = promise(&gateway);
	order(&gateway, "queue hold 4", "item 4 is held back");
	const DeliveryOutcome dead = {.state = DELIVERY_DEAD, .reason = "relay.permanent", .reply_code = 550, .account = "main"};
	settle(&gateway, 3, &dead);
	g_autofree char *receipt = g_strdup_printf("--all --receipt %s", second);
	g_autofree char *small = g_ascii_strdown(second, 8);
	g_autofree char *beginning = g_strdup_printf("--receipt %s", small);
	const struct {
		const char *filters;
		const char *items;
	} cases[] = {
	    {"", "4 3 1"},
	    {"--all", "4 3 2 1"},
	    {"--site example.jp --form 4 --all", "4 3 2 1"},
	    {"--form 5", ""},
	    {"--kind reply --all", "4 2"},
	    {"--kind notice", "3 1"},
	    {"--state held", "4"},
	    {"--state dead", "4 3"},
	    {"--state waiting", "1"},
	    {"--state sent,deferred", "2 1"},
	    {"--reason relay.temporary", "1"},
	    {receipt, "4 3"},
	    {beginning, "4 3"},
	    {"--address visitor@example.com --all", "4 2"},
	    {"--address OWNER@example.jp", ""},
	    {"--address owner@EXAMPLE.jp", "3 1"},
	    {"--since 1d", "4 3"},
	    {"--before 1d --all", "2 1"},
	    {"--since 1d --kind notice --state dead", "3"},
	    {"--limit 1", "4"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *items = listed(&gateway, cases[i].filters);
		g_test_message("%s: %s", cases[i].filters, items);
		g_assert_cmpstr(items, ==, cases[i].items);
	}
	order(&gateway, "queue --limit 3", "deferred");
	g_assert_null(strstr(gateway.output, "more"));
	order(&gateway, "queue --limit 2",
	    "\n... and more; --limit shows them. By recipients, what waits or was given up:\n     1  ");
	assert_tells(&gateway, " 1 deferred of example.jp, because the server asked to try later, the oldest of 2");
	order(&gateway, "queue --limit 2 --json", "[");
	g_assert_cmpstr(gateway.complaint, ==, "... and more; --limit shows them\n");
	order(&gateway, "queue --form 5", "no such mail waits or was given up; --all shows what has ended, too\n");
	gateway_assert(&gateway, "queue --site exampel.jp", EX_NOINPUT, "exampel.jp");
	gateway_assert(&gateway, "queue --receipt ZZZZZZZZZZZZ", EX_NOINPUT, "There is no submission with that receipt");
	gateway_assert(
	    &gateway, "queue cancel --receipt ZZZZZZZZZZZZ --yes", EX_NOINPUT, "There is no submission with that receipt");
	gateway_clear(&gateway);
}

static void
test_what_is_no_filter(void)
{
	static const char *const words[] = {"--mail letter", "--state asleep", "--state held,sent", "--state sent,", "--form x",
	    "--form 0", "--since 3", "--before someday", "--state held --reason rate", "--yes", "--resend",
	    "show 1 --kind notice", "show", "show 1 2", "retry", "cancel --limit 5 1", "hold --all", "retry 1 --site example.jp",
	    "flush 1x", "hold 1 --resend", "cancel --resend 1", "vanish 1"};
	Gateway gateway = queue_new();
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *line = g_strdup_printf("queue %s", words[i]);
		gateway_assert(&gateway, line, EX_USAGE, "; see `sekisho queue --help`\n");
	}
	gateway_assert(
	    &gateway, "queue show RECEIPT", EX_USAGE, "RECEIPT is no ITEM, the number in the first column of `sekisho queue`");
	gateway_clear(&gateway);
}

/* --- Orders --------------------------------------------------------------------------------------------------------------- */

static void
test_orders_by_number(void)
{
	Gateway gateway = queue_new();
	g_autofree char *first = promise(&gateway);
	g_autofree char *second = promise(&gateway);
	order(&gateway, "queue hold 1 2", "item 1 is held back until `sekisho queue retry`\nitem 2 is held back");
	assert_states(&gateway, "1 held, 2 held, 3 queued, 4 queued");
	order(&gateway, "queue flush", "0 mails are due now");
	assert_states(&gateway, "1 held, 2 held, 3 queued, 4 queued");
	order(&gateway, "queue retry 1", "item 1 is due now\n");
	order(&gateway, "queue cancel 2 3 --yes", "item 2 is cancelled\nitem 3 is cancelled\n");
	assert_states(&gateway, "1 queued, 2 cancelled, 3 cancelled, 4 queued");

	/* What cannot be done is said, and the others are done. */
	g_assert_cmpint(gateway_run(&gateway, "queue hold 3 99 4"), ==, EX_DATAERR);
	g_assert_cmpstr(gateway.output, ==, "item 4 is held back until `sekisho queue retry`\n");
	assert_contains(gateway.complaint, "sekisho: item 3: This mail has no delivery that waits");
	assert_contains(gateway.complaint, "sekisho: item 99: There is no mail 99");
	gateway_assert(&gateway, "queue hold 99", EX_NOINPUT, "There is no mail 99");
	g_assert_cmpint(gateway_run(&gateway, "queue retry 4 99 --json"), ==, EX_NOINPUT);
	assert_contains(gateway.output, "\"item\": 4");
	assert_contains(gateway.output, "\"is_done\": true");
	assert_contains(gateway.output, "\"problem\": \"There is no mail 99");
	gateway_clear(&gateway);
}

/* Only what was put off: not what a person holds back, and not what was given up. */
static void
test_flush(void)
{
	Gateway gateway = queue_new();
	g_autofree char *first = promise(&gateway);
	g_autofree char *second = promise(&gateway);
	DeliveryOutcome waiting = put_off("main");
	const DeliveryOutcome dead = {.state = DELIVERY_DEAD, .reason = "relay.permanent", .reply_code = 550, .account = "main"};
	settle(&gateway, 1, &waiting);
	settle(&gateway, 2, &dead);
	settle(&gateway, 3, &waiting);
	settle(&gateway, 4, &waiting);
	order(&gateway, "queue hold 4", "held back");
	order(&gateway, "queue flush --kind reply", "0 mails are due now\n");
	assert_states(&gateway, "1 deferred, 2 dead, 3 deferred, 4 held");
	order(&gateway, "queue flush", "2 mails are due now\n");
	assert_states(&gateway, "1 queued, 2 dead, 3 queued, 4 held");
	g_autoptr(Db) db = db_open(gateway.data_directory, DB_EXISTING, NULL);
	g_autoptr(OutboxItem) item = outbox_find(db, 1, NULL);
	const Delivery *delivery = item->deliveries->pdata[0];
	g_assert_cmpuint(delivery->attempts, ==, 1);
	g_assert_cmpint(delivery->ordered_at_us, >, 0);
	g_assert_cmpint(delivery->due_at_us, <=, clock_now_us());

	/* Nor does retry mean what is held back, unless that is what it asks for. */
	order(&gateway, "queue retry --site example.jp --yes",
	    "1 held back is left as it is; `sekisho queue retry --state held` means them\n1 mail is due now\n");
	assert_states(&gateway, "1 queued, 2 queued, 3 queued, 4 held");
	order(&gateway, "queue retry --state held --yes", "1 mail is due now\n");
	assert_states(&gateway, "1 queued, 2 queued, 3 queued, 4 queued");
	gateway_clear(&gateway);
}

/* Of the two recipients of one mail, too. */
static void
test_flush_of_a_part(void)
{
	Gateway gateway = queue_new();
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp, second@example.jp\n");
	g_autofree char *receipt = promise(&gateway);
	g_autoptr(Db) db = db_open(gateway.data_directory, DB_EXISTING, NULL);
	g_autoptr(GPtrArray) items = outbox_claim(db, "test", G_TIME_SPAN_MINUTE, 100, NULL);
	const OutboxItem *item = items->pdata[0];
	DeliveryOutcome outcomes[] = {{.state = DELIVERY_DEAD, .reason = "relay.permanent"}, put_off("main")};
	for (guint i = 0; i < G_N_ELEMENTS(outcomes); i++)
		outcomes[i].delivery_id = ((const Delivery *)item->deliveries->pdata[i])->id;
	g_assert_true(outbox_settle(db, "test", outcomes, G_N_ELEMENTS(outcomes), NULL));
	order(&gateway, "queue flush", "1 mail is due now\n");
	g_autoptr(OutboxItem) flushed = outbox_find(db, 1, NULL);
	g_assert_cmpint(((const Delivery *)flushed->deliveries->pdata[0])->state, ==, DELIVERY_DEAD);
	g_assert_cmpint(((const Delivery *)flushed->deliveries->pdata[1])->state, ==, DELIVERY_QUEUED);
	gateway_assert(&gateway, "queue cancel --state sent --yes", EX_OK, "0 mails are cancelled");
	gateway_clear(&gateway);
}

/* A terminal at which somebody types this line. */
static void
type(Gateway *gateway, const char *line)
{
	gateway->answers = tmpfile();
	gateway->progress = tmpfile();
	(void)fputs(line, gateway->answers);
	rewind(gateway->answers);
}

/* What the terminal shows; it is gone then. The caller's. */
static char *
shown(Gateway *gateway)
{
	char *text = g_malloc0(1000);
	rewind(gateway->progress);
	g_assert_cmpuint(fread(text, 1, 999, gateway->progress), >, 0);
	(void)fclose(gateway->answers);
	(void)fclose(gateway->progress);
	gateway->answers = gateway->progress = NULL;
	return text;
}

static void
test_many_are_asked_for(void)
{
	Gateway gateway = queue_new();
	g_autofree char *first = promise(&gateway);
	g_autofree char *second = promise(&gateway);
	gateway_assert(&gateway, "queue cancel --kind reply", EX_USAGE,
	    "nobody is here to be asked: Cancel 2 mails, the oldest of 20");
	assert_states(&gateway, "1 queued, 2 queued, 3 queued, 4 queued");

	static const char *const refusals[] = {"n\n", "\n", "", "yesterday\n"};
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		type(&gateway, refusals[i]);
		order(&gateway, "queue cancel --kind reply", "nothing was changed\n");
		g_autofree char *question = shown(&gateway);
		g_assert_true(g_str_has_prefix(question, "Cancel 2 mails, the oldest of 2"));
		g_assert_true(g_str_has_suffix(question, "? [y/N] "));
		assert_states(&gateway, "1 queued, 2 queued, 3 queued, 4 queued");
	}
	type(&gateway, "n\n");
	order(&gateway, "queue cancel --kind reply --json", "");
	g_assert_cmpstr(gateway.output, ==, "");
	g_assert_cmpstr(gateway.complaint, ==, "nothing was changed\n");
	g_free(shown(&gateway));
	type(&gateway, "Y\n");
	order(&gateway, "queue cancel --kind reply", "2 mails are cancelled\n");
	g_autofree char *question = shown(&gateway);
	assert_states(&gateway, "1 queued, 2 cancelled, 3 queued, 4 cancelled");
	order(&gateway, "queue hold --kind notice --yes", "2 mails are held back\n");
	order(&gateway, "queue retry --state held --yes --json", "\"is_done\": true");
	assert_states(&gateway, "1 queued, 2 cancelled, 3 queued, 4 cancelled");
	order(&gateway, "queue retry --kind copy", "0 mails are due now\n");
	gateway_clear(&gateway);
}

/* --- Its story -------------------------------------------------------------------------------------------------------------- */

static void
test_story(void)
{
	Gateway gateway = queue_new();
	g_autofree char *receipt = promise(&gateway);
	/* No try. */
	DeliveryOutcome failed = {
	    .state = DELIVERY_LEASED, .reason = "relay.auth", .server_text = "5.7.8 no", .account = "spare"};
	settle(&gateway, 1, &failed);
	DeliveryOutcome waiting = put_off("main");
	settle(&gateway, 1, &waiting);
	order(&gateway, "queue flush", "1 mail is due now");
	DeliveryOutcome again = put_off("backup");
	settle(&gateway, 1, &again);
	order(&gateway, "queue", receipt);
	assert_tells(&gateway, "notice deferred to owner@example.jp: waiting since 2");
	assert_tells(&gateway, ", tried 2 times by accounts main, backup, next try 2");
	assert_tells(&gateway, ", because the server asked to try later: 451 4.7.1 try\\x1B[2J later");
	order(&gateway, "queue hold 1", "held back");
	order(&gateway, "queue list", "held\n");
	assert_tells(&gateway, " to owner@example.jp: held back at 2");
	assert_tells(&gateway, ", until `sekisho queue retry 1`");
	order(&gateway, "queue retry 1", "due now");
	failed.account = "main";
	settle(&gateway, 1, &failed);
	const DeliveryOutcome sent = {
	    .state = DELIVERY_SENT, .reason = "carrier", .server_text = "2.0.0 Ok", .reply_code = 250, .account = "backup"};
	settle(&gateway, 1, &sent);

	order(&gateway, "queue show 1", "item      1, notice\n");
	assert_contains(gateway.output, "\nTo owner@example.jp\n  accepted by backup.example.jp (account backup) at 2");
	assert_tells(&gateway, " tried by smtp.example.jp (account main): put off, because the server asked to try later: 451");
	g_auto(GStrv) tries = g_strsplit(gateway.output, " ordered a try\n", -1);
	g_assert_cmpuint(g_strv_length(tries), ==, 3);
	assert_tells(&gateway, " held it back 2");
	assert_tells(&gateway, " smtp.example.jp (account main) could not be used, because the login failed: the server refused "
			       "the account's password or token, or no token was to be had: 5.7.8 no");
	assert_tells(&gateway, " tried by backup.example.jp (account backup): accepted, but the address is a mobile carrier's");
	g_assert_null(strchr(gateway.output, '\033'));
	g_auto(GStrv) lines = g_strsplit(gateway.output, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		g_assert_cmpuint(strlen(lines[i]), <=, 80);
	order(&gateway, "queue show 1 --json", "\"event\": \"held\"");
	assert_contains(gateway.output, "\"account\": \"backup\"");
	assert_contains(gateway.output, "\"words\": \"accepted by backup.example.jp (account backup) at 2");
	gateway_assert(&gateway, "queue show 9", EX_NOINPUT, "There is no mail 9");
	gateway_clear(&gateway);
}

/* Who ordered the try that is to come. */
static void
test_resent(void)
{
	Gateway gateway = queue_new();
	g_autofree char *receipt = promise(&gateway);
	const DeliveryOutcome sent = {.state = DELIVERY_SENT, .reply_code = 250, .account = "main"};
	settle(&gateway, 0, &sent);
	order(&gateway, "queue --state sent --limit 1", "\n... and more; --limit shows them\n");
	gateway_assert(&gateway, "queue retry 2 --resend", EX_DATAERR, "Automatic mail is not sent again");
	order(&gateway, "queue retry 1 --resend", "item 1 is due now");
	gateway_assert(&gateway, "queue retry 1", EX_DATAERR, "no delivery that was put off or given up");
	order(&gateway, "queue", "queued");
	g_autoptr(GRegex) words = g_regex_new("a\\s+try\\s+was\\s+ordered\\s+at\\s+2[-0-9 :+\\s]+\\sby\\s", 0, 0, NULL);
	g_assert_true(g_regex_match(words, gateway.output, 0, NULL));
	gateway_clear(&gateway);
}

/* Accepted, and yet not there. */
static void
test_what_came_back(void)
{
	Gateway gateway = queue_new();
	g_autofree char *receipt = promise(&gateway);
	const DeliveryOutcome sent = {.state = DELIVERY_SENT, .reply_code = 250, .account = "gone"};
	settle(&gateway, 0, &sent);
	g_autofree char *show = g_strdup_printf("submissions show %s", receipt);
	order(&gateway, show, "  notice, item 1\n    to owner@example.jp: accepted by the server of account gone at 2");
	g_autoptr(Db) db = db_open(gateway.data_directory, DB_EXISTING, NULL);
	OutboxBounce bounce = {.receipt = receipt,
	    .kind = MAIL_NOTICE,
	    .is_delay = TRUE,
	    .reason = "bounce.system",
	    .server_text = "4.4.1 no answer"};
	OutboxBounced bounced = {0};
	g_assert_true(outbox_bounce(db, &bounce, &bounced, NULL));
	order(&gateway, show, "Mails");
	assert_tells(&gateway, "; a mail system reported at 2");
	assert_tells(&gateway, " that it is late and still on its way: 4.4.1 no answer");
	bounce.is_delay = FALSE;
	bounce.reason = "bounce.full";
	bounce.server_text = "5.2.2 over quota";
	bounce.reply_code = 552;
	g_assert_true(outbox_bounce(db, &bounce, &bounced, NULL));
	bounce.kind = MAIL_REPLY;
	bounce.reason = "bounce.address";
	bounce.server_text = "552 5.1.1 unknown";
	g_assert_true(outbox_bounce(db, &bounce, &bounced, NULL));
	order(&gateway, show, "Mails");
	assert_tells(&gateway, " to owner@example.jp: came back at 2");
	assert_tells(&gateway, ", because the mailbox is full: 552 5.2.2 over quota");
	assert_tells(&gateway, " to visitor@example.com: came back at 2");
	assert_tells(&gateway, ", because there is no such mailbox or domain, or it is closed: 552 5.1.1 unknown");
	order(&gateway, "queue show 1", " it came back, because the mailbox is full");
	order(&gateway, "submissions", "  2 came back\n");

	/* What came back and was then cancelled was cancelled. */
	order(&gateway, "queue cancel 1 --yes", "is cancelled");
	order(&gateway, show, "Mails");
	assert_tells(&gateway, " to owner@example.jp: cancelled at 2");
	assert_tells(&gateway, " to visitor@example.com: came back at 2");
	gateway_clear(&gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/queue/each filter finds its mails", test_filters);
	g_test_add_func("/queue/what is no filter or order is refused", test_what_is_no_filter);
	g_test_add_func("/queue/orders by number", test_orders_by_number);
	g_test_add_func("/queue/flush takes what was put off, and nothing else", test_flush);
	g_test_add_func("/queue/flush takes the recipients of a mail that were put off", test_flush_of_a_part);
	g_test_add_func("/queue/a person is asked before many are changed", test_many_are_asked_for);
	g_test_add_func("/queue/show tells each try and order", test_story);
	g_test_add_func("/queue/who ordered a new copy is told", test_resent);
	g_test_add_func("/queue/what came back is told", test_what_came_back);
	return g_test_run();
}
