/*
 * What the tests of digests share. See digest_office.h.
 */
#include "digest_office.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>

#include "relay/frame.h"
#include "relay/session_protocol.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

/* --- Time ------------------------------------------------------------------------------------------------------------------ */

static gint64 hour_us;

void
digest_set_minutes(gint64 minutes)
{
	clock_set_offset_us(0);
	clock_set_offset_us(hour_us + minutes * G_TIME_SPAN_MINUTE + G_TIME_SPAN_SECOND - clock_now_us());
}

/* --- The office ---------------------------------------------------------------------------------------------------------------- */

static char *mails_folder;

void
digest_set_up(Office *office, guint ceiling, const char *form)
{
	g_autofree char *conf =
	    g_strdup_printf("%sattachments_directory = files\n[notice]\nper_hour = %u\n", tree_site_conf, ceiling);
	g_autofree char *ini = g_strconcat("[form]\nid = 4\ntitle = お問い合わせ\n", form, NULL);

	tree_write(office->tree, "sites/example.jp/site.conf", conf);
	tree_write(office->tree, "sites/example.jp/forms/contact/form.ini", ini);
	office_reload(office);
	mails_folder = tree_path(office->tree, "mails");
	g_assert_cmpint(g_mkdir(mails_folder, 0700), ==, 0);
	g_setenv("DIGEST_MAILS", mails_folder, TRUE);
	digest_trial("sends");
	clock_set_offset_us(0);
	hour_us = (clock_now_us() / G_TIME_SPAN_HOUR + 1) * G_TIME_SPAN_HOUR;
	digest_set_minutes(1);
}

void
digest_tear_down(Office *office, gconstpointer unused)
{
	g_clear_pointer(&mails_folder, g_free);
	office_close(office, unused);
}

void
digest_trial(const char *trial)
{
	g_setenv("DIGEST_TRIAL", trial, TRUE);
}

void
digest_fly(Office *office, Desk *desk)
{
	Courier *courier = &office->courier;
	struct pollfd descriptors[WORKER_DESCRIPTORS];

	flight_start(courier, desk);
	if (courier->flights->len == 0)
		return;
	gint64 deadline_us = g_get_monotonic_time() + 60 * (gint64)G_USEC_PER_SEC;
	while (!flight_step(courier, courier->flights->pdata[0])) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		worker_descriptors(flight_worker(courier->flights->pdata[0]), descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, 1000);
	}
	g_ptr_array_set_size(courier->flights, 0);
}

void
digest_work(Office *office)
{
	Courier *courier = &office->courier;
	GHashTableIter iter;
	gpointer desk;

	for (;;) {
		g_autoptr(GError) error = NULL;
		g_assert_true(settle_flush(courier));
		g_autoptr(GPtrArray) items =
		    outbox_claim(courier->db, courier->owner, 600 * (gint64)G_USEC_PER_SEC, LIMIT_SESSION_MAILS, &error);
		g_assert_no_error(error);
		if (items->len == 0)
			return;
		courier->claims++;
		while (items->len > 0)
			desk_take(courier, g_ptr_array_steal_index(items, 0));
		g_hash_table_iter_init(&iter, courier->desks);
		while (g_hash_table_iter_next(&iter, NULL, &desk))
			while (((Desk *)desk)->waiting.length > 0)
				digest_fly(office, desk);
	}
}

/* --- What the session was given --------------------------------------------------------------------------------------------------- */

char *
digest_mail_text(guint number)
{
	g_autofree char *path = g_strdup_printf("%s/%04u", mails_folder, number);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

guint
digest_count_mails(void)
{
	for (guint count = 0;; count++) {
		g_autofree char *text = digest_mail_text(count);
		if (text == NULL)
			return count;
	}
}

char *
digest_all_mails(void)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0;; i++) {
		g_autofree char *text = digest_mail_text(i);
		if (text == NULL)
			return g_string_free(all, FALSE);
		g_string_append(all, text);
	}
}

char *
digest_message_id(guint number)
{
	g_autofree char *text = digest_mail_text(number);

	g_assert_nonnull(text);
	return g_strndup(text, strcspn(text, "\n"));
}

void
digest_assert_state(Office *office, guint number, const char *expected)
{
	g_autofree char *receipt = g_strdup_printf("AAAAAAAAA%03u", number);

	office_assert_states(office, receipt, expected);
}

/* --- The session -------------------------------------------------------------------------------------------------------------------------- */

static void
report(gint64 delivery_id, gint code, guint reply_code)
{
	frame_write(SESSION_DESCRIPTOR,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)SESSION_OUTCOME, delivery_id, code, "", reply_code, "words"));
}

/* Message-ID, subject, recipients and text, a line each. */
static void
write_down(const Letter *letter)
{
	GString *text = g_string_new(NULL);
	const char *folder = g_getenv("DIGEST_MAILS");

	g_string_append_printf(text, "%s\n%s\n", letter->message_id, letter->subject);
	for (guint i = 0; i < letter->recipients->len; i++)
		g_string_append_printf(text, "%s\n", ((const LetterRecipient *)letter->recipients->pdata[i])->address);
	g_string_append_printf(text, "%s\n", letter->text);
	for (guint number = 0;; number++) {
		g_autofree char *path = g_strdup_printf("%s/%04u", folder, number);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		g_file_set_contents(path, text->str, (gssize)text->len, NULL);
		break;
	}
	g_string_free(text, TRUE);
}

/* "does" for every address, "does ADDRESS" for one. */
static gboolean
is_trial(const char *trial, const char *does, const char *address)
{
	const char *behind = g_str_has_prefix(trial, does) ? trial + strlen(does) : NULL;

	return behind != NULL && (*behind == '\0' || strcmp(behind + 1, address) == 0);
}

static void
answer(const Letter *letter, const char *trial)
{
	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		if (is_trial(trial, "refuses", recipient->address))
			report(recipient->delivery_id, RELAY_ERROR_PERMANENT, 550);
		else if (is_trial(trial, "defers", recipient->address))
			report(recipient->delivery_id, RELAY_ERROR_TEMPORARY, 451);
		else if (strcmp(trial, "ends") != 0)
			report(recipient->delivery_id, -1, 250);
	}
}

static int
play_session(const char *trial)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	g_autoptr(GVariant) job = NULL, letters = NULL;
	gboolean is_broken = FALSE;

	while (job == NULL && !is_broken && frame_reader_fill(reader, SESSION_DESCRIPTOR) != FRAME_END)
		job = frame_reader_next(reader, &is_broken);
	if (job == NULL)
		return 1;
	gboolean is_midway = strcmp(trial, "account midway") == 0;
	if (is_midway)
		frame_write(
		    SESSION_DESCRIPTOR, g_variant_new(SESSION_REPORT_TYPE, (guchar)SESSION_OPENED, (gint64)0, -1, "", 0u, ""));
	const char *account;
	g_variant_get_child(job, 0, "&s", &account);
	if (is_midway || is_trial(trial, "account", account)) {
		frame_write(SESSION_DESCRIPTOR, g_variant_new(SESSION_REPORT_TYPE, (guchar)SESSION_ACCOUNT_FAILED, (gint64)0,
						    (gint)RELAY_ERROR_AUTH, "no", 535u, "words"));
		return 0;
	}
	letters = g_variant_get_child_value(job, g_variant_n_children(job) - 1);
	for (gsize i = 0; i < g_variant_n_children(letters); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(letters, i);
		g_autoptr(GVariant) inner = g_variant_get_variant(boxed);
		g_autoptr(Letter) letter = letter_from_variant(inner, NULL);
		if (letter == NULL)
			return 1;
		write_down(letter);
		answer(letter, trial);
	}
	return 0;
}

int
digest_main(int argc, char **argv, const DigestTest *tests, gsize count)
{
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return play_session(g_getenv("DIGEST_TRIAL"));
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < count; i++) {
		g_autofree char *name = g_strdup_printf("/digest/%s", tests[i].name);
		g_test_add(name, Office, NULL, office_open, tests[i].run, digest_tear_down);
	}
	return g_test_run();
}
