/*
 * The courier's parts on a real database and configuration, and the courier itself, with sessions that send nothing: COURIER_TRIAL
 * says what they do instead.
 */
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "office.h"
#include "relay/frame.h"
#include "relay/session_protocol.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/submissions.h"
#include "tree.h"

#define OWNER "owner@example.jp"
#define STRANGER "stranger@elsewhere.test"

/* --- Preparing ---------------------------------------------------------------------------------------------------------------- */

static OutboxItem *
claim_one(Office *office)
{
	g_autoptr(GPtrArray) items = office_claim(office);

	g_assert_cmpuint(items->len, ==, 1);
	return g_ptr_array_steal_index(items, 0);
}

static Letter *
prepare(Office *office, OutboxItem *item)
{
	g_autoptr(GError) error = NULL;
	Letter *letter = prepare_letter(&office->courier, item, &error);

	g_assert_no_error(error);
	return letter;
}

static void
assert_recipients(const Letter *letter, const char *expected)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < letter->recipients->len; i++)
		g_string_append_printf(
		    text, "%s%s", i > 0 ? " " : "", ((const LetterRecipient *)letter->recipients->pdata[i])->address);
	g_assert_cmpstr(text->str, ==, expected);
	g_string_free(text, TRUE);
}

static void
test_a_notice_goes_to_the_owner(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	g_autoptr(OutboxItem) item = claim_one(office);
	g_autoptr(Letter) letter = prepare(office, item);

	assert_recipients(letter, OWNER);
	g_assert_cmpuint(item->deliveries->len, ==, 1);
	g_assert_cmpint(
	    ((LetterRecipient *)letter->recipients->pdata[0])->delivery_id, ==, ((Delivery *)item->deliveries->pdata[0])->id);
	g_assert_nonnull(strstr(letter->text, "本文"));
	office_assert_states(office, "AAAAAAAAAAAA", "leased");
}

/* A front that was taken over can write any row. */
static void
test_a_forged_recipient_is_not_mailed(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, STRANGER);
	g_autoptr(OutboxItem) item = claim_one(office);
	g_autoptr(Letter) letter = prepare(office, item);

	assert_recipients(letter, OWNER);
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled gone, leased");
}

static void
test_a_forged_reply_is_not_mailed(Office *office, gconstpointer unused)
{
	(void)unused;
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\ntitle = t\nreply = never\n[mail_2]\nactive = on\nrecipient = [your-email]\n");
	office_reload(office);
	office_submit(office, "AAAAAAAAAAAA", MAIL_REPLY, "taro@visitor.test");
	g_autoptr(OutboxItem) item = claim_one(office);

	g_assert_null(prepare(office, item));
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled gone");
}

static void
test_a_corrected_recipient_gets_what_waited(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit(office, "AAAAAAAAAAAA", MAIL_NOTICE, OWNER);
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\ntitle = t\n[mail]\nrecipient = new@example.jp\n");
	office_reload(office);
	g_autoptr(OutboxItem) item = claim_one(office);
	g_autoptr(Letter) letter = prepare(office, item);

	assert_recipients(letter, "new@example.jp");
	office_assert_states(office, "AAAAAAAAAAAA", "cancelled gone, leased");
}

/* --- Flights ---------------------------------------------------------------------------------------------------------------------------- */

static void
fly_to_the_end(Office *office, Desk *desk)
{
	flight_start(&office->courier, desk);
	g_assert_cmpuint(office->courier.flights->len, ==, 1);
	gint64 deadline_us = g_get_monotonic_time() + 60 * (gint64)G_USEC_PER_SEC;
	struct pollfd descriptors[WORKER_DESCRIPTORS];

	while (!flight_step(&office->courier, office->courier.flights->pdata[0])) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		worker_descriptors(flight_worker(office->courier.flights->pdata[0]), descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, 1000);
	}
	g_ptr_array_set_size(office->courier.flights, 0);
	g_assert_cmpuint(desk->flights, ==, 0);
}

static void
test_each_outcome_is_settled(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 3);
	g_setenv("COURIER_TRIAL", "sends all but the last", TRUE);
	Desk *desk = office_take_all(office);
	fly_to_the_end(office, desk);

	office_assert_states(office, "AAAAAAAAA000", "sent");
	office_assert_states(office, "AAAAAAAAA001", "sent");
	office_assert_states(office, "AAAAAAAAA002", "deferred relay.lost");
	g_assert_cmpint(until_left_us(&desk->rest), <=, 0);
}

static void
test_a_silent_session_is_the_accounts_failure(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, LIMIT_SESSION_MAILS + 1);
	g_setenv("COURIER_TRIAL", "ends", TRUE);
	Desk *desk = office_take_all(office);
	fly_to_the_end(office, desk);

	office_assert_states(office, "AAAAAAAAA000", "deferred relay.lost");
	g_assert_cmpint(until_left_us(&desk->rest), >, 0);
	/* What only waited is under no suspicion: it goes with others again. */
	office_assert_states(office, "AAAAAAAAA050", "deferred relay.connect");
}

/* Carriers take with 250 what they then hide. */
static void
test_a_carriers_250_is_said_so(Office *office, gconstpointer unused)
{
	static const char *const addresses[] = {"taro@docomo.ne.jp", "taro@notdocomo.ne.jp"};

	(void)unused;
	g_setenv("COURIER_TRIAL", "sends", TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAAAA%u", (guint)i);
		g_autofree char *mail = g_strdup_printf("[mail]\nrecipient = %s\n", addresses[i]);
		office_form(office, "confirm", mail);
		office_submit(office, receipt, MAIL_NOTICE, addresses[i]);
		fly_to_the_end(office, office_take_all(office));
		office_assert_states(office, receipt, i == 0 ? "sent carrier" : "sent");
	}
}

/* It may be the mail. */
static void
test_a_silent_session_with_one_mail_blames_nobody(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 1);
	g_setenv("COURIER_TRIAL", "ends", TRUE);
	Desk *desk = office_take_all(office);
	fly_to_the_end(office, desk);

	office_assert_states(office, "AAAAAAAAA000", "deferred relay.lost");
	g_assert_cmpint(until_left_us(&desk->rest), <=, 0);
}

/* A file of the site's, attached to every notice: one such letter a session, and the others are given back, not lost. */
static void
test_letters_with_attachments_fly_one_by_one(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *conf = g_strconcat(tree_site_conf, "attachments_directory = files\n", NULL);
	tree_write(office->tree, "sites/example.jp/site.conf", conf);
	tree_write(office->tree, "sites/example.jp/files/terms.txt", "terms");
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[mail]\nattachments = terms.txt\n");
	office_reload(office);
	office_submit_many(office, 7);
	g_setenv("COURIER_TRIAL", "ends", TRUE);
	Desk *desk = office_take_all(office);
	fly_to_the_end(office, desk);

	office_assert_states(office, "AAAAAAAAA000", "deferred relay.lost");
	for (guint i = 1; i < 7; i++) {
		g_autofree char *receipt = g_strdup_printf("AAAAAAAAA%03u", i);
		office_assert_states(office, receipt, "queued");
	}
	g_assert_true(desk->is_heavy);
	g_autoptr(GPtrArray) items = office_claim(office);
	g_assert_cmpuint(items->len, ==, 6);
	while (items->len > 0)
		desk_take(&office->courier, g_ptr_array_steal_index(items, 0));
	/* The next session takes few. */
	g_autoptr(GPtrArray) batch = desk_batch(&office->courier, desk, desk_wanted(desk));
	g_assert_cmpuint(batch->len, ==, 4);
}

static void
test_a_prepared_letter_holds_its_files(Office *office, gconstpointer unused)
{
	(void)unused;
	g_autofree char *conf = g_strconcat(tree_site_conf, "attachments_directory = files\n", NULL);
	tree_write(office->tree, "sites/example.jp/site.conf", conf);
	tree_write(office->tree, "sites/example.jp/files/terms.txt", "terms");
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nattachments = terms.txt\\nmissing.txt\n");
	office_reload(office);
	office_submit_many(office, 1);
	g_autoptr(OutboxItem) item = claim_one(office);
	g_autoptr(Letter) letter = prepare(office, item);
	const LetterAttachment *attachment = letter->attachments->pdata[0];

	g_assert_cmpuint(letter->attachments->len, ==, 1);
	g_assert_cmpstr(attachment->name, ==, "terms.txt");
	g_assert_nonnull(strstr(letter->text, "\n添付できなかったファイル: missing.txt (ファイルが見つかりません)\n"));
}

/* --- The courier itself ---------------------------------------------------------------------------------------------------------------- */

static pid_t
start_courier(const Office *office, const char *trial)
{
	g_setenv("COURIER_TRIAL", trial, TRUE);
	pid_t process = fork();
	if (process == 0)
		_exit(courier_main(&office->settings));
	return process;
}

static void
await_states(Office *office, const char *receipt, const char *expected)
{
	gint64 deadline_us = g_get_monotonic_time() + 30 * (gint64)G_USEC_PER_SEC;

	for (;;) {
		g_autofree char *states = office_states(office, receipt);
		if (g_str_equal(states, expected) || g_get_monotonic_time() > deadline_us)
			break;
		g_usleep(20000);
	}
	office_assert_states(office, receipt, expected);
}

static void
stop_courier(pid_t process)
{
	int status;

	g_assert_cmpint(kill(process, SIGTERM), ==, 0);
	g_assert_cmpint(waitpid(process, &status, 0), ==, process);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void
test_a_dead_account_does_not_slow_another(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 3);
	/* A second site, which nobody has written to yet, with the account that answers. */
	tree_write(office->tree, "sites/second.jp/site.conf",
	    "[site]\nurl = https://second.jp/\nadmin_address = owner@example.jp\n[mail]\nfrom = info@second.jp\naccount = "
	    "second\n");
	tree_write(office->tree, "sites/second.jp/forms/contact/form.ini", "[form]\nid = 4\ntitle = t\n");
	tree_write(office->tree, "sites/second.jp/forms/contact/form.html", "[text your-name]");
	office_reload(office);
	pid_t courier = start_courier(office, "hangs on main");
	await_states(office, "AAAAAAAAA000", "leased");
	office_submit_to(office, "second.jp", "BBBBBBBBBBBB");
	await_states(office, "BBBBBBBBBBBB", "sent");
	office_assert_states(office, "AAAAAAAAA000", "leased");
	g_assert_cmpint(kill(courier, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(courier, NULL, 0), ==, courier);
}

static void
test_sigterm_gives_everything_back(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, LIMIT_SESSION_MAILS + 5);
	pid_t courier = start_courier(office, "hangs on main");
	await_states(office, "AAAAAAAAA054", "leased");
	stop_courier(courier);

	office_assert_states(office, "AAAAAAAAA000", "queued");
	office_assert_states(office, "AAAAAAAAA054", "queued");
}

static guint
spool_count(const Office *office)
{
	g_autofree char *path = g_build_filename(office->data_directory, "spool", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint count = 0;

	while (g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

/* A ledger that cannot be asked lets no pressed link act, and stops nothing else. */
static void
test_notices_go_on_without_a_ledger(Office *office, gconstpointer unused)
{
	PressTarget target = {.receipt = "AAAAAAAAAAAA", .expires_at_us = clock_now_us() + G_TIME_SPAN_HOUR};
	g_autofree char *path = g_build_filename(office->config->courier_directory, "ledger.db", NULL);
	sqlite3 *ledger = NULL;

	(void)unused;
	office_form(office, "confirm", OFFICE_REPLY);
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);
	office_submit_from(office, target.receipt, MAIL_REPLY, "taro@visitor.test");
	automatic_address_hash(&office->courier, "taro@visitor.test", &target.address);
	g_autofree char *link = press_link(office->vault, site, &target);
	office_press(office, "example.jp", strstr(link, "?t=") + strlen("?t="));
	g_assert_cmpint(sqlite3_open(path, &ledger), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(ledger, "DROP TABLE used_token", NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(ledger);
	office_submit(office, "BBBBBBBBBBBB", MAIL_NOTICE, OWNER);
	pid_t courier = start_courier(office, "sends");
	await_states(office, "BBBBBBBBBBBB", "sent");
	stop_courier(courier);
}

static void
test_files_go_with_their_submission(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_file(office, "AAAAAAAAAAAA", OWNER);
	g_autoptr(GPtrArray) items = office_claim(office);
	DeliveryOutcome outcome = {
	    .delivery_id = ((const Delivery *)((const OutboxItem *)items->pdata[0])->deliveries->pdata[0])->id,
	    .state = DELIVERY_SENT};
	g_assert_true(outbox_settle(office->courier.db, office->courier.owner, &outcome, 1, NULL));
	g_assert_cmpuint(spool_count(office), ==, 1);
	/* Past its retention. */
	clock_set_offset_us(91 * 24 * 3600 * (gint64)G_USEC_PER_SEC);
	pid_t courier = start_courier(office, "sends");
	for (gint64 until_us = g_get_monotonic_time() + 30 * (gint64)G_USEC_PER_SEC;
	     spool_count(office) > 0 && g_get_monotonic_time() < until_us;)
		g_usleep(5000);
	stop_courier(courier);
	clock_set_offset_us(0);
	g_assert_cmpuint(spool_count(office), ==, 0);
}

/* A notice that nobody got does not go without a word. */
static void
test_a_lost_notice_is_told(Office *office, gconstpointer unused)
{
	(void)unused;
	office_submit_many(office, 2);
	for (gint64 item = 1; item <= 2; item++)
		g_assert_true(outbox_hold(office->courier.db, item, "operator", NULL));
	clock_set_offset_us(91 * G_TIME_SPAN_DAY);
	pid_t courier = start_courier(office, "sends");
	gint64 until_us = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
	g_autoptr(GPtrArray) left = submissions_list(office->courier.db, NULL, 10, NULL);
	while (left->len > 0 && g_get_monotonic_time() < until_us) {
		g_usleep(20000);
		g_ptr_array_unref(left);
		left = submissions_list(office->courier.db, NULL, 10, NULL);
	}
	stop_courier(courier);
	g_assert_cmpuint(left->len, ==, 0);
	/* It stands. */
	g_assert_false(alarm_raise(&office->courier, "example.jp", "lost", "x"));
}

/* --- The session -------------------------------------------------------------------------------------------------------------------------- */

static void
report_sent(gint64 delivery_id)
{
	frame_write(SESSION_DESCRIPTOR,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)SESSION_OUTCOME, delivery_id, -1, "", 250u, "2.0.0 ok"));
}

static int
play_session(const char *trial)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	g_autoptr(GVariant) job = NULL, letters = NULL;
	gboolean is_broken = FALSE;
	const char *account;

	while (job == NULL && !is_broken && frame_reader_fill(reader, SESSION_DESCRIPTOR) != FRAME_END)
		job = frame_reader_next(reader, &is_broken);
	if (job == NULL || strcmp(trial, "ends") == 0)
		return 0;
	g_variant_get_child(job, 0, "&s", &account);
	/* Until the courier is gone. */
	while (strcmp(trial, "hangs on main") == 0 && strcmp(account, "main") == 0)
		if (frame_reader_fill(reader, SESSION_DESCRIPTOR) == FRAME_END)
			return 0;
	letters = g_variant_get_child_value(job, g_variant_n_children(job) - 1);
	gsize count = g_variant_n_children(letters) - (strcmp(trial, "sends all but the last") == 0);
	for (gsize i = 0; i < count; i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(letters, i);
		g_autoptr(GVariant) inner = g_variant_get_variant(boxed);
		g_autoptr(Letter) letter = letter_from_variant(inner, NULL);
		if (letter != NULL)
			report_sent(((LetterRecipient *)letter->recipients->pdata[0])->delivery_id);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a notice goes to the owner", test_a_notice_goes_to_the_owner},
	    {"a forged recipient is not mailed", test_a_forged_recipient_is_not_mailed},
	    {"a forged reply is not mailed", test_a_forged_reply_is_not_mailed},
	    {"a corrected recipient gets what waited", test_a_corrected_recipient_gets_what_waited},
	    {"each outcome is settled", test_each_outcome_is_settled},
	    {"a carrier's 250 is said so", test_a_carriers_250_is_said_so},
	    {"a silent session is the account's failure", test_a_silent_session_is_the_accounts_failure},
	    {"a silent session with one mail blames nobody", test_a_silent_session_with_one_mail_blames_nobody},
	    {"letters with attachments fly one by one", test_letters_with_attachments_fly_one_by_one},
	    {"a prepared letter holds its files", test_a_prepared_letter_holds_its_files},
	    {"a dead account does not slow another", test_a_dead_account_does_not_slow_another},
	    {"SIGTERM gives everything back", test_sigterm_gives_everything_back},
	    {"notices go on without a ledger", test_notices_go_on_without_a_ledger},
	    {"uploaded files go with their submission", test_files_go_with_their_submission},
	    {"a lost notice is told", test_a_lost_notice_is_told},
	    {NULL, NULL},
	};

	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return play_session(g_getenv("COURIER_TRIAL"));
	return office_run(argc, argv, "courier", tests);
}
