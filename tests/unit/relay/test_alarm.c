/*
 * Alarms told by a program and by mail. The session that carries the mail is this program itself: it writes what it was handed to the file that ALARM_LETTER
 * names, and the account's name to the end of that which ALARM_TRIES names; it refuses it where ALARM_REFUSES names the account or is "all".
 */
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>

#include "office.h"
#include "relay/frame.h"
#include "relay/session_protocol.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

#define TEXT "The fuse tripped.\nSee to it.\n"

/* sekisho.conf with alarms; `further` are lines of [gateway]. */
static void
configure(Office *office, const char *further)
{
	g_autofree char *text = g_strdup_printf("[gateway]\nlisten = ./s.sock\ndata_directory = data\n%s"
						"[account main]\nhost = 127.0.0.1\nport = 1\nsecurity = plain-loopback\n"
						"[account second]\nhost = 127.0.0.1\nport = 2\nsecurity = plain-loopback\n",
	    further);

	tree_write(office->tree, "sekisho.conf", text);
	office_reload(office);
}

/* alarm_command = ./told, which runs these lines of a shell. */
static void
configure_command(Office *office, const char *lines)
{
	g_autofree char *script = g_strdup_printf("#!/bin/sh\ncd '%s' || exit 1\n%s", office->tree, lines);
	g_autofree char *path = tree_path(office->tree, "told");

	tree_write(office->tree, "told", script);
	g_assert_cmpint(g_chmod(path, 0700), ==, 0);
	configure(office, "alarm_command = ./told\n");
}

static guint
untold(Office *office)
{
	g_autoptr(GPtrArray) by_command = ledger_alarms_untold(office->courier.ledger, ALARM_BY_COMMAND, 100, NULL);
	g_autoptr(GPtrArray) by_mail = ledger_alarms_untold(office->courier.ledger, ALARM_BY_MAIL, 100, NULL);

	return MAX(by_command->len, by_mail->len);
}

/* As the courier's loop does. `is_enough` may be NULL: until nothing is untold. */
static void
attend_until(Office *office, gboolean (*is_enough)(Office *office))
{
	Alarms *alarms = office->courier.alarms;
	gint64 deadline_us = g_get_monotonic_time() + 30 * (gint64)G_USEC_PER_SEC;
	struct pollfd descriptors[ALARM_DESCRIPTORS];

	for (;;) {
		alarms_attend(alarms);
		if (alarms_are_idle(alarms) && (is_enough != NULL ? is_enough(office) : untold(office) == 0))
			return;
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		alarms_descriptors(alarms, descriptors);
		gint64 wait_us = alarms_deadline_us(alarms) - g_get_monotonic_time();
		poll(descriptors, ALARM_DESCRIPTORS, (int)CLAMP(wait_us / 1000 + 1, 0, 100));
	}
}

static void
assert_file(Office *office, const char *name, const char *expected)
{
	g_autofree char *path = tree_path(office->tree, name);
	g_autofree char *content = NULL;

	g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
	g_assert_cmpstr(content, ==, expected);
}

static void
test_the_program_is_told_once(Office *office, gconstpointer unused)
{
	(void)unused;
	configure_command(office,
	    "echo \"$1 $2\" >> calls; cat >> calls; env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= > environment\n");
	g_assert_true(alarm_raise(&office->courier, "example.jp", "fuse", TEXT));
	g_assert_false(alarm_raise(&office->courier, "example.jp", "fuse", "again"));
	attend_until(office, NULL);

	g_assert_false(alarm_raise(&office->courier, "example.jp", "fuse", "again"));
	attend_until(office, NULL);
	assert_file(office, "calls", "fuse example.jp\n" TEXT);
	assert_file(office, "environment", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

static gboolean
has_failed(Office *office)
{
	g_autofree char *path = tree_path(office->tree, "calls");

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The failure delays it, so the trial's second courier begins anew. */
static void
test_a_program_that_fails_is_run_again(Office *office, gconstpointer unused)
{
	(void)unused;
	configure_command(office, "echo called >> calls; test $(wc -l < calls) -ge 2\n");
	g_assert_true(alarm_raise(&office->courier, "example.jp", "fuse", TEXT));
	attend_until(office, has_failed);
	g_assert_cmpuint(untold(office), ==, 1);
	alarms_free(office->courier.alarms);
	office->courier.alarms = alarms_new(&office->courier);
	attend_until(office, NULL);

	assert_file(office, "calls", "called\ncalled\n");
}

static gboolean
is_one_left(Office *office)
{
	return untold(office) == 1;
}

/* What failed waits; another site's alarm does not, be it raised now or later. */
static void
test_a_failure_delays_nobody_else(Office *office, gconstpointer unused)
{
	(void)unused;
	configure_command(office, "echo \"$2\" >> calls; test \"$2\" != example.jp\n");
	g_assert_true(alarm_raise(&office->courier, "example.jp", "fuse", TEXT));
	g_assert_true(alarm_raise(&office->courier, "other.example", "fuse", TEXT));
	attend_until(office, is_one_left);
	assert_file(office, "calls", "example.jp\nother.example\n");
	g_assert_true(alarm_raise(&office->courier, "third.example", "fuse", TEXT));
	attend_until(office, is_one_left);
	assert_file(office, "calls", "example.jp\nother.example\nthird.example\n");
}

static gboolean has_letter(Office *office);

/* The gateway's own alarms stand in the log then. */
static void
test_nobody_to_tell(Office *office, gconstpointer unused)
{
	g_autofree char *path = tree_path(office->tree, "letter");
	g_autofree char *log_path = tree_path(office->tree, "log");
	g_autofree char *log = NULL;
	int standard_error = dup(STDERR_FILENO);

	(void)unused;
	g_setenv("ALARM_LETTER", path, TRUE);
	configure(office, "");
	g_assert_true(alarm_raise(&office->courier, "", "surge", TEXT));
	g_assert_nonnull(freopen(log_path, "w", stderr));
	attend_until(office, NULL);
	g_assert_cmpint(dup2(standard_error, STDERR_FILENO), ==, STDERR_FILENO);
	close(standard_error);
	g_assert_cmpuint(untold(office), ==, 0);
	g_assert_false(has_letter(office));
	g_assert_true(g_file_get_contents(log_path, &log, NULL, NULL));
	g_assert_true(g_str_has_prefix(log, "alarm_failed topic=surge reason="));
	g_assert_null(strstr(strchr(log, '\n'), "alarm_failed"));
}

/* Whoever is told by the program need not be written to. */
static void
test_a_program_is_enough(Office *office, gconstpointer unused)
{
	g_autofree char *path = tree_path(office->tree, "letter");

	(void)unused;
	g_setenv("ALARM_LETTER", path, TRUE);
	configure_command(office, "echo called >> calls\n");
	g_assert_true(alarm_raise(&office->courier, "example.jp", "fuse", TEXT));
	attend_until(office, NULL);
	assert_file(office, "calls", "called\n");
	g_assert_false(has_letter(office));
}

/* --- By mail --------------------------------------------------------------------------------------------------------------------- */

static const Letter *
mailed(Office *office, const char *account, Letter **letter)
{
	g_autofree char *path = tree_path(office->tree, "letter");
	g_autofree char *content = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	g_assert_cmpstr(content, ==, account);
	gsize head = strlen(content) + 1;
	/* GVariant wants its bytes aligned. */
	g_autoptr(GBytes) bytes = g_bytes_new(content + head, size - head);
	g_autoptr(GVariant) boxed = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARIANT, bytes, FALSE));
	g_autoptr(GVariant) inner = g_variant_get_variant(boxed);
	*letter = letter_from_variant(inner, NULL);
	g_assert_nonnull(*letter);
	return *letter;
}

static void
test_it_is_mailed(Office *office, gconstpointer unused)
{
	static const struct {
		const char *topic, *said, *further, *account, *from, *sender, *to;
	} cases[] = {
	    {"fuse", "自動返信を停止しました", "alarm_address = admin@operator.test\n", "main", "info@example.jp",
		"info@example.jp", "admin@operator.test"},
	    {"canary", "フォームの動作確認に失敗しました", "alarm_address = admin@operator.test\nalarm_account = second\n",
		"second", "admin@operator.test", "admin@operator.test", "admin@operator.test"},
	    /* Without any second channel the owner is told. */
	    {"ceiling", "自動返信を保留しています", "", "main", "info@example.jp", "info@example.jp", "owner@example.jp"},
	    {"more", "more", "alarm_account = second\n", "main", "info@example.jp", "info@example.jp", "owner@example.jp"},
	};
	g_autofree char *path = tree_path(office->tree, "letter");

	(void)unused;
	g_setenv("ALARM_LETTER", path, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Letter) letter = NULL;
		configure(office, cases[i].further);
		g_assert_true(alarm_raise(&office->courier, "example.jp", cases[i].topic, TEXT));
		attend_until(office, NULL);
		mailed(office, cases[i].account, &letter);
		g_assert_cmpstr(letter->from->address, ==, cases[i].from);
		g_assert_cmpstr(letter->envelope_sender, ==, cases[i].sender);
		g_assert_cmpuint(letter->recipients->len, ==, 1);
		g_assert_cmpstr(((LetterRecipient *)letter->recipients->pdata[0])->address, ==, cases[i].to);
		g_assert_cmpstr(((Mailbox *)letter->to->pdata[0])->address, ==, cases[i].to);
		g_assert_true(g_str_has_prefix(letter->text, TEXT "\n"));
		g_assert_nonnull(strstr(letter->text, "管理担当者に転送してください。"));
		g_autofree char *subject = g_strdup_printf("【フォームの異常】%s（example.jp）", cases[i].said);
		g_assert_cmpstr(letter->subject, ==, subject);
		g_assert_false(letter->is_automatic);
	}
}

static gboolean
has_letter(Office *office)
{
	g_autofree char *path = tree_path(office->tree, "letter");

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
test_a_refused_mail_is_tried_again(Office *office, gconstpointer unused)
{
	g_autofree char *path = tree_path(office->tree, "letter");

	(void)unused;
	g_setenv("ALARM_LETTER", path, TRUE);
	g_setenv("ALARM_REFUSES", "all", TRUE);
	configure(office, "alarm_address = admin@operator.test\n");
	g_assert_true(alarm_raise(&office->courier, "example.jp", "fuse", TEXT));
	attend_until(office, has_letter);
	g_unsetenv("ALARM_REFUSES");
	g_assert_cmpuint(untold(office), ==, 1);
	alarms_free(office->courier.alarms);
	office->courier.alarms = alarms_new(&office->courier);
	attend_until(office, NULL);
	g_assert_cmpuint(untold(office), ==, 0);
}

static guint
count_tries(Office *office)
{
	g_autofree char *path = tree_path(office->tree, "tries");
	g_autofree char *content = NULL;
	guint count = 0;

	for (const char *at = g_file_get_contents(path, &content, NULL, NULL) ? content : ""; *at != '\0'; at++)
		count += *at == '\n';
	return count;
}

static gboolean
has_tried_twice(Office *office)
{
	return count_tries(office) == 2;
}

/* A site with two accounts, of which ALARM_REFUSES names one, or all. */
static void
test_the_next_account_takes_over(Office *office, gconstpointer unused)
{
	static const struct {
		const char *topic, *further, *refuses, *tries, *from;
		gboolean is_told;
	} cases[] = {
	    {"fuse", "", "none", "main\n", "info@example.jp", TRUE},
	    {"ceiling", "", "main", "main\nsecond\n", "info@example.jp", TRUE},
	    {"canary", "alarm_address = admin@operator.test\nalarm_account = third\n[account third]\nhost = third.test\n",
		"third", "third\nmain\n", "info@example.jp", TRUE},
	    /* Each account once, and then there is time. */
	    {"captcha", "", "all", "main\nsecond\n", "info@example.jp", FALSE},
	};
	g_autofree char *path = tree_path(office->tree, "letter"), *tries = tree_path(office->tree, "tries");
	g_auto(GStrv) parts = g_strsplit(tree_site_conf, "account = main", 2);
	g_autofree char *conf = g_strconcat(parts[0], "account = main second", parts[1], NULL);

	(void)unused;
	tree_write(office->tree, "sites/example.jp/site.conf", conf);
	g_setenv("ALARM_LETTER", path, TRUE);
	g_setenv("ALARM_TRIES", tries, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Letter) letter = NULL;
		g_auto(GStrv) lines = g_strsplit(cases[i].tries, "\n", -1);
		tree_write(office->tree, "tries", "");
		g_setenv("ALARM_REFUSES", cases[i].refuses, TRUE);
		configure(office, cases[i].further);
		g_assert_true(alarm_raise(&office->courier, "example.jp", cases[i].topic, TEXT));
		attend_until(office, cases[i].is_told ? NULL : has_tried_twice);
		/* Nothing more happens. */
		alarms_attend(office->courier.alarms);
		g_assert_true(alarms_are_idle(office->courier.alarms));
		assert_file(office, "tries", cases[i].tries);
		mailed(office, lines[g_strv_length(lines) - 2], &letter);
		g_assert_cmpstr(letter->from->address, ==, cases[i].from);
		g_assert_cmpuint(untold(office), ==, cases[i].is_told ? 0 : 1);
	}
	g_unsetenv("ALARM_REFUSES");
	g_unsetenv("ALARM_TRIES");
}

/* --- The session -------------------------------------------------------------------------------------------------------------------- */

static void
note_try(const char *account)
{
	FILE *tries = g_getenv("ALARM_TRIES") == NULL ? NULL : fopen(g_getenv("ALARM_TRIES"), "a");

	if (tries == NULL)
		return;
	fprintf(tries, "%s\n", account);
	fclose(tries);
}

static int
play_session(void)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	g_autoptr(GVariant) job = NULL, letters = NULL, boxed = NULL, inner = NULL;
	gboolean is_broken = FALSE;
	const char *account;

	while (job == NULL && !is_broken && frame_reader_fill(reader, SESSION_DESCRIPTOR) != FRAME_END)
		job = frame_reader_next(reader, &is_broken);
	if (job == NULL)
		return 1;
	g_variant_get_child(job, 0, "&s", &account);
	letters = g_variant_get_child_value(job, g_variant_n_children(job) - 1);
	boxed = g_variant_get_child_value(letters, 0);
	inner = g_variant_get_variant(boxed);
	g_autoptr(Letter) letter = letter_from_variant(inner, NULL);
	g_autoptr(GByteArray) told = g_byte_array_new();
	g_byte_array_append(told, (const guint8 *)account, (guint)strlen(account) + 1);
	g_byte_array_append(told, g_variant_get_data(boxed), (guint)g_variant_get_size(boxed));
	if (letter == NULL || !g_file_set_contents(g_getenv("ALARM_LETTER"), (const char *)told->data, told->len, NULL))
		return 1;
	note_try(account);
	gint64 id = ((const LetterRecipient *)letter->recipients->pdata[0])->delivery_id;
	const char *refuses = g_getenv("ALARM_REFUSES");
	gboolean is_refused = g_strcmp0(refuses, "all") == 0 || g_strcmp0(refuses, account) == 0;
	frame_write(SESSION_DESCRIPTOR,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)SESSION_OUTCOME, id, is_refused ? (int)RELAY_ERROR_TEMPORARY : -1,
		is_refused ? "not now" : "", is_refused ? 451u : 250u, ""));
	return 0;
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"the program is told once", test_the_program_is_told_once},
	    {"a program that fails is run again", test_a_program_that_fails_is_run_again},
	    {"a failure delays nobody else", test_a_failure_delays_nobody_else},
	    {"nobody to tell", test_nobody_to_tell},
	    {"a program is enough", test_a_program_is_enough},
	    {"it is mailed by the site or by the alarm's account", test_it_is_mailed},
	    {"a refused mail is tried again", test_a_refused_mail_is_tried_again},
	    {"the next account takes over", test_the_next_account_takes_over},
	    {NULL, NULL},
	};

	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return play_session();
	return office_run(argc, argv, "alarm", tests);
}
