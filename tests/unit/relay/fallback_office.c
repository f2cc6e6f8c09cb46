/*
 * What the tests of fallback share. See fallback_office.h.
 */
#include "fallback_office.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "relay/frame.h"
#include "relay/session_protocol.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "tree.h"

void
fallback_set_up(Office *office, const char *trial, const char *main_lines)
{
	g_autofree char *conf = g_strdup_printf("[gateway]\nlisten = ./s.sock\ndata_directory = data\n"
						"[account main]\nhost = 127.0.0.1\nport = 1\nsecurity = plain-loopback\n%s"
						"[account second]\nhost = 127.0.0.1\nport = 2\nsecurity = plain-loopback\n",
	    main_lines);
	g_auto(GStrv) parts = g_strsplit(tree_site_conf, "account = main", 2);
	g_autofree char *site = g_strconcat(parts[0], "account = main second", parts[1], NULL);
	g_autofree char *letters = tree_path(office->tree, "letters");

	tree_write(office->tree, "sekisho.conf", conf);
	tree_write(office->tree, "sites/example.jp/site.conf", site);
	office_reload(office);
	g_setenv("FALLBACK_TRIAL", trial, TRUE);
	g_setenv("FALLBACK_LETTERS", letters, TRUE);
}

Delivery *
fallback_delivery(OutboxItem *item)
{
	return item->deliveries->pdata[0];
}

void
fallback_fly(Office *office, Desk *desk)
{
	Courier *courier = &office->courier;
	gint64 deadline_us = g_get_monotonic_time() + 60 * (gint64)G_USEC_PER_SEC;
	struct pollfd descriptors[WORKER_DESCRIPTORS];

	flight_start(courier, desk);
	while (courier->flights->len > 0) {
		if (flight_step(courier, courier->flights->pdata[0])) {
			g_ptr_array_remove_index(courier->flights, 0);
			continue;
		}
		g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
		worker_descriptors(flight_worker(courier->flights->pdata[0]), descriptors);
		poll(descriptors, WORKER_DESCRIPTORS, 1000);
	}
}

guint
fallback_work(Office *office)
{
	Courier *courier = &office->courier;
	guint sessions = 0;

	for (;;) {
		g_autoptr(GPtrArray) items = office_claim(office);
		if (items->len == 0)
			return sessions;
		courier->claims++;
		while (items->len > 0)
			desk_take(courier, g_ptr_array_steal_index(items, 0));
		for (Desk *desk; (desk = desk_next(courier)) != NULL; sessions++)
			fallback_fly(office, desk);
	}
}

GPtrArray *
fallback_letters(Office *office, const char *account)
{
	g_autofree char *path = tree_path(office->tree, "letters");
	g_autofree char *text = NULL;
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return found;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++)
		if (g_str_has_prefix(lines[i], account))
			g_ptr_array_add(found, g_strdup(strchr(lines[i], ' ') + 1));
	return found;
}

void
fallback_assert_letters(Office *office, guint by_main, guint by_second)
{
	g_autoptr(GPtrArray) first = fallback_letters(office, "main");
	g_autoptr(GPtrArray) second = fallback_letters(office, "second");

	g_assert_cmpuint(first->len, ==, by_main);
	g_assert_cmpuint(second->len, ==, by_second);
}

void
fallback_assert_tries(Office *office, gint64 item_id, const char *expected)
{
	g_assert_true(settle_flush(&office->courier));
	g_autoptr(GPtrArray) events = outbox_events(office->courier.db, item_id, NULL);
	g_autoptr(OutboxItem) item = outbox_find(office->courier.db, item_id, NULL);
	g_autoptr(GString) found = g_string_new(NULL);

	g_assert_nonnull(events);
	for (guint i = 0; i < events->len; i++)
		if (((const DeliveryEvent *)events->pdata[i])->kind == EVENT_TRIED)
			g_string_append_printf(found, "%s ", ((const DeliveryEvent *)events->pdata[i])->account);
	g_string_append_printf(found, "%u", ((const Delivery *)item->deliveries->pdata[0])->attempts);
	g_assert_cmpstr(found->str, ==, expected);
}

void
fallback_assert_story(Office *office, gint64 item_id, const char *expected)
{
	g_assert_true(settle_flush(&office->courier));
	g_autoptr(GPtrArray) events = outbox_events(office->courier.db, item_id, NULL);
	g_autoptr(GString) found = g_string_new(NULL);

	g_assert_nonnull(events);
	for (guint i = 0; i < events->len; i++) {
		const DeliveryEvent *event = events->pdata[i];
		g_string_append_printf(found, "%s%s by %s", i > 0 ? ", " : "", event_kind_name(event->kind), event->account);
		if (event->reason != NULL)
			g_string_append_printf(found, " %s", event->reason);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

Desk *
fallback_main_desk(Office *office)
{
	g_autoptr(Site) site = config_site(office->config, "example.jp", NULL);

	return desk_of(&office->courier, site, site_account(site));
}

/* --- The session ---------------------------------------------------------------------------------------------------------------- */

static void
report(SessionReportKind kind, gint64 delivery_id, gint code, guint reply_code)
{
	frame_write(SESSION_DESCRIPTOR,
	    g_variant_new(SESSION_REPORT_TYPE, (guchar)kind, delivery_id, code, code < 0 ? "" : "no", reply_code, "words"));
}

static void
write_down(const char *account, const Letter *letter)
{
	g_autofree char *line = g_strdup_printf("%s %s <%s>\n", account, letter->message_id, letter->envelope_sender);
	int file = open(g_getenv("FALLBACK_LETTERS"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (file < 0 || write(file, line, strlen(line)) < 0)
		_exit(1);
	close(file);
}

/* FALSE: it ends here. */
static gboolean
answer(const char *trial, gint64 delivery_id)
{
	if (strcmp(trial, "ends") == 0)
		return FALSE;
	if (strcmp(trial, "fails") == 0) {
		report(SESSION_ACCOUNT_FAILED, 0, RELAY_ERROR_AUTH, 535);
		return FALSE;
	}
	if (strcmp(trial, "fails after one that cannot be written") == 0) {
		static guint letters = 0;
		if (letters++ == 0)
			report(SESSION_OUTCOME, delivery_id, RELAY_ERROR_MESSAGE, 0);
		else
			report(SESSION_ACCOUNT_FAILED, 0, RELAY_ERROR_AUTH, 535);
		return letters == 1;
	}
	report(SESSION_OPENED, 0, -1, 0);
	if (strcmp(trial, "opens and hangs") == 0)
		pause();
	if (strcmp(trial, "has no smtputf8") == 0)
		report(SESSION_OUTCOME, delivery_id, RELAY_ERROR_SMTPUTF8, 0);
	else if (strcmp(trial, "refuses") == 0)
		report(SESSION_OUTCOME, delivery_id, RELAY_ERROR_PERMANENT, 550);
	else if (strcmp(trial, "defers") == 0)
		report(SESSION_OUTCOME, delivery_id, RELAY_ERROR_TEMPORARY, 451);
	else
		report(SESSION_OUTCOME, delivery_id, -1, 250);
	if (strcmp(trial, "fails midway") == 0)
		report(SESSION_ACCOUNT_FAILED, 0, RELAY_ERROR_AUTH, 530);
	return strcmp(trial, "fails midway") != 0;
}

static int
play_session(const char *trial)
{
	g_autoptr(FrameReader) reader = frame_reader_new(SESSION_JOB_TYPE, LIMIT_SESSION_MESSAGE_BYTES);
	g_autoptr(GVariant) job = NULL;
	gboolean is_broken = FALSE, goes_on = TRUE;
	const char *account;

	while (job == NULL && !is_broken && frame_reader_fill(reader, SESSION_DESCRIPTOR) != FRAME_END)
		job = frame_reader_next(reader, &is_broken);
	if (job == NULL)
		return 1;
	g_variant_get_child(job, 0, "&s", &account);
	if (strcmp(trial, "both fail") == 0)
		trial = "fails";
	else if (strcmp(trial, "both have no smtputf8") == 0)
		trial = "has no smtputf8";
	else if (strcmp(account, "second") == 0)
		trial = "sends";
	g_autoptr(GVariant) letters = g_variant_get_child_value(job, g_variant_n_children(job) - 1);
	g_autoptr(GArray) deliveries = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (gsize i = 0; i < g_variant_n_children(letters); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(letters, i);
		g_autoptr(GVariant) inner = g_variant_get_variant(boxed);
		g_autoptr(Letter) letter = letter_from_variant(inner, NULL);
		g_assert_nonnull(letter);
		write_down(account, letter);
		g_array_append_val(deliveries, ((const LetterRecipient *)letter->recipients->pdata[0])->delivery_id);
	}
	for (guint i = 0; i < deliveries->len && goes_on; i++)
		goes_on = answer(trial, g_array_index(deliveries, gint64, i));
	return 0;
}

int
fallback_main(int argc, char **argv, const char *name, const OfficeTest *tests)
{
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return play_session(g_getenv("FALLBACK_TRIAL"));
	return office_run(argc, argv, name, tests);
}
