/*
 * What all orders have in common: with --json one value of the shape that is written down, a line in the audit with nothing personal in it, and a question before what cannot be undone.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "gate_house.h"
#include "sekisho/base/clock.h"
#include "sekisho/cli/grammar.h"
#include "sekisho/store/audit.h"
#include "sekisho/wire/json.h"

#define SITE_CONF                                                                                                                \
	"[site]\ntitle = 例\nurl = https://example.jp\nadmin_address = info@example.jp\ntimezone = Asia/Tokyo\n"                \
	"[mail]\nfrom = info@example.jp\naccount = main\n"
/* In place of the receipts of house_new. */
#define FIRST "FIRST"
#define SECOND "SECOND"
#define THIRD "THIRD"

typedef struct {
	Gateway gateway;
	char *receipts[3]; /* held: FIRST, SECOND, THIRD */
} House;

static House
house_new(void)
{
	House house = {.gateway = gateway_new()};
	const char *tree = house.gateway.tree;
	tree_write(tree, "sites/example.jp/site.conf", SITE_CONF);
	tree_write(tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp\n[mail_2]\nactive = on\nrecipient = [your-email]\n");
	tree_write(tree, "lines.txt", "192.0.2.7\nrubbish\n");
	tree_write(tree, "forms.json",
	    "[{\"id\": 9, \"slug\": \"second\", \"title\": \"Second\", \"locale\": \"ja\", "
	    "\"properties\": {\"form\": {\"content\": \"[text* your-name]\"}}}]");
	tree_write(tree, "mail/new/.keep", "");
	tree_write(tree, "mail/cur/.keep", "");
	for (guint i = 0; i < G_N_ELEMENTS(house.receipts); i++)
		house.receipts[i] =
		    gateway_keep(&house.gateway, SUBMISSION_HELD, "こんにちは。", gateway_evidence(FINDING_HOLD, 0));
	return house;
}

static void
house_clear(House *house)
{
	for (guint i = 0; i < G_N_ELEMENTS(house->receipts); i++)
		g_free(house->receipts[i]);
	gateway_clear(&house->gateway);
}

/* Runs the words with receipts for FIRST ..., and the tree's folder for "~". */
static int
run(House *house, const char *words)
{
	static const char *const names[] = {FIRST, SECOND, THIRD};
	g_autoptr(GString) line = g_string_new(words);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_string_replace(line, names[i], house->receipts[i], 0);
	g_string_replace(line, "~", house->gateway.tree, 0);
	return gateway_run(&house->gateway, line->str);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------- */

static int
compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words in the order of the alphabet. The caller's. */
static char *
sorted(const char *words)
{
	g_auto(GStrv) parts = g_strsplit(words, " ", -1);
	qsort(parts, g_strv_length(parts), sizeof *parts, compare);
	return g_strjoinv(" ", parts);
}

/* "a b c", the keys of the object, or of the first one of a list, sorted; "" for an empty list. The caller's. */
static char *
keys_of(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) value = json_to_variant(text, strlen(text), &error);
	g_assert_no_error(error);
	g_autoptr(GVariant) object = NULL;
	g_autoptr(GString) keys = g_string_new(NULL);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT))
		object = g_variant_ref(value);
	else if (g_variant_n_children(value) > 0)
		g_variant_get_child(value, 0, "v", &object);
	for (gsize i = 0; object && i < g_variant_n_children(object); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(object, i);
		g_autoptr(GVariant) key = g_variant_get_child_value(entry, 0);
		g_string_append_printf(keys, "%s%s", i > 0 ? " " : "", g_variant_get_string(key, NULL));
	}
	return sorted(keys->str);
}

#define ENTRY "id action points type value site form reason created_at expires_at hits last_hit_at"
#define RESULT "receipt is_done problem mails listed remarks"
#define ENDED "site address "
#define ANY_CODE (-1)

/* In this order, over one gateway. */
static const struct {
	const char *words;
	int code;
	const char *keys; /* NULL: whatever they are */
	const char *part; /* of the text; NULL: whatever it is */
} shapes[] = {
    /* Root is told of users and groups besides. */
    {"check", ANY_CODE, "is_fine sites forms problems", "\"forms\": 1"},
    {"config dump", EX_OK, "gateway site", "\"site\": null"},
    {"config dump --site example.jp", EX_OK, "gateway site", "\"timezone\": \"Asia\\/Tokyo\""},
    {"list add block network 192.0.2.0/24", EX_OK, "entry replaced remark", "\"replaced\": null"},
    {"list add hold network 192.0.2.0/24", EX_OK, "entry replaced remark", "\"replaced\": {"},
    {"list", EX_OK, ENTRY, NULL},
    {"list test 192.0.2.1", EX_OK, "id action points type value site form wins", NULL},
    {"list export", EX_OK, ENTRY, "\"192.0.2.0\\/24\""},
    {"list lint", EX_OK, "", NULL},
    {"list add hold ip 192.0.2.9 --rehearse", EX_OK, NULL, "\"examined\": 3"},
    {"list import ~/lines.txt --skip --type ip", 1, "site form written left_out replaced kept problems remarks",
	"\"problems\": [\n    \"line 2: "},
    {"list remove 1 77 --yes", EX_OK, "removed missing", "\"missing\": 1"},
    {"held", EX_OK, NULL, "\"receipt\""},
    {"held report", EX_OK, NULL, NULL},
    {"held show " FIRST, EX_OK, NULL, NULL},
    {"why " FIRST, EX_OK, NULL, NULL},
    {"submissions", EX_OK, NULL, NULL},
    {"submissions show " FIRST, EX_OK, NULL, "\"fields\": {"},
    {"submissions show " FIRST " --preview", EX_OK, NULL, "\"previews\": ["},
    {"held release " FIRST " --allow", EX_OK, RESULT, "\"listed\": [\n      \"visitor@example.com\""},
    {"held release " FIRST, EX_DATAERR, RESULT, "\"is_done\": false"},
    {"held release ZZZZZZZZZZZZ", EX_NOINPUT, RESULT, "\"receipt\": \"ZZZZZZZZZZZZ\""},
    {"held discard " SECOND " --block", EX_OK, RESULT, "\"problem\": null"},
    {"queue", EX_OK, NULL, "\"item\""},
    {"queue show 1", EX_OK, NULL, NULL},
    {"queue hold 1", EX_OK, "item is_done problem", NULL},
    {"queue retry 1", EX_OK, "item is_done problem", NULL},
    {"queue flush", EX_OK, "", NULL},
    {"queue cancel 1 --yes", EX_OK, "item is_done problem", NULL},
    {"address verify example.jp a@example.net --for 3d", EX_OK, "site address proved_by since until", "\"operator\""},
    {"address suppress example.jp b@example.net", EX_OK, "site address suppressed_by reason bounces since until",
	"\"until\": null"},
    {"address", EX_OK, NULL, "\"b@example.net\""},
    {"address unsuppress example.jp b@example.net", EX_OK, ENDED "is_unsuppressed", NULL},
    {"address forget example.jp a@example.net --yes", EX_OK, ENDED "is_forgotten", NULL},
    {"fuse", EX_OK, "", NULL},
    {"fuse reset example.jp", EX_OK, "site was_tripped mails_due", "\"was_tripped\": false"},
    {"bounce --maildir ~/mail", EX_OK, "", NULL},
    {"form lint", EX_OK, NULL, NULL},
    {"form show example.jp 4", EX_OK, NULL, NULL},
    {"form show 4 --site example.jp", EX_OK, NULL, NULL},
    {"form preview example.jp 4 --field your-name=X", EX_OK, "site form is_mailing problems mails", "\"letter\": {"},
    {"form import ~/forms.json --site example.jp --dry-run", ANY_CODE, NULL, "\"is_dry_run\": true"},
    {"try --form example.jp/4", EX_OK, "invalid is_accepted gate steps first_answer answer", "\"first_answer\": null"},
    {"rehearse", EX_OK, NULL, "\"examined\": "},
    {"audit", EX_OK, "id at actor action site target", NULL},
};

static void
test_shapes(void)
{
	House house = house_new();
	for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
		g_autofree char *words = g_strdup_printf("%s --json", shapes[i].words);
		int code = run(&house, words);
		if (shapes[i].code != ANY_CODE)
			g_assert_cmpint(code, ==, shapes[i].code);
		g_autofree char *keys = keys_of(house.gateway.output);
		g_autofree char *wanted = shapes[i].keys ? sorted(shapes[i].keys) : NULL;
		if (wanted)
			g_assert_cmpstr(keys, ==, wanted);
		if (shapes[i].part)
			assert_contains(house.gateway.output, shapes[i].part);
	}
	house_clear(&house);
}

static gboolean
has_shape(const char *verb, const char *order)
{
	g_autofree char *start = order ? g_strdup_printf("%s %s", verb, order) : g_strdup(verb);
	for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (strcmp(shapes[i].words, start) == 0 ||
		    (g_str_has_prefix(shapes[i].words, start) && shapes[i].words[strlen(start)] == ' '))
			return TRUE;
	return FALSE;
}

/* Verbs that need a network have their shapes in the tests of flows; a script for the shell is no JSON. */
static gboolean
is_elsewhere(const char *verb)
{
	static const char *const verbs[] = {"doctor", "canary", "report", "completion", NULL};
	return g_strv_contains(verbs, verb);
}

static void
check_json(const char *heading, const Verb *verb, const GOptionEntry *options, gpointer data)
{
	gboolean has_json = FALSE;
	(void)heading;
	(void)data;
	for (; options->long_name; options++)
		has_json |= strcmp(options->long_name, "json") == 0;
	if (!has_json && strcmp(verb->name, "completion") != 0)
		g_error("%s has no --json", verb->name);
	for (const VerbOrder *order = verb->orders; order && order->name; order++) {
		if (!grammar_takes(order, "json"))
			g_error("%s %s has no --json", verb->name, order->name);
		if (!is_elsewhere(verb->name) && !order->is_default && !has_shape(verb->name, order->name))
			g_error("no shape is tested of %s %s", verb->name, order->name);
	}
	if (!is_elsewhere(verb->name) && !has_shape(verb->name, NULL))
		g_error("no shape is tested of %s", verb->name);
}

static void
test_json_everywhere(void)
{
	grammar_describe(check_json, NULL);
}

/* --- The audit --------------------------------------------------------------------------------------------------------------- */

/* "ACTION SITE TARGET" of the newest line. The caller's. */
static char *
last_line(House *house)
{
	g_assert_cmpint(run(house, "audit --limit 1 --json"), ==, EX_OK);
	g_autoptr(GVariant) list = json_to_variant(house->gateway.output, strlen(house->gateway.output), NULL);
	g_autoptr(GVariant) line = NULL;
	const char *action = NULL, *site = NULL, *target = NULL;
	if (g_variant_n_children(list) == 0)
		return g_strdup("");
	g_variant_get_child(list, 0, "v", &line);
	g_assert_true(g_variant_lookup(line, "action", "&s", &action) && g_variant_lookup(line, "site", "&s", &site) &&
		      g_variant_lookup(line, "target", "&s", &target));
	return g_strdup_printf("%s %s %s", action, site, target);
}

static void
test_audit(void)
{
	static const struct {
		const char *words;
		const char *line;
	} rows[] = {
	    {"list add block network 192.0.2.0/24", "list.add  entry 1"},
	    {"list add block address taro@example.com --site example.jp", "list.add example.jp entry 2"},
	    {"list import ~/lines.txt --skip --type ip", "list.import  1 entry"},
	    {"list remove 2 --yes", "list.remove example.jp entry 2"},
	    {"list remove 1 3 --yes", "list.remove  entries 1 3"},
	    {"list add block ip 192.0.2.70 --site example.jp", "list.add example.jp entry 4"},
	    {"list add block ip 192.0.2.71 --site example.jp", "list.add example.jp entry 5"},
	    {"list add block ip 192.0.2.72", "list.add  entry 6"},
	    {"list remove 4 5 --yes", "list.remove example.jp entries 4 5"},
	    {"list add block ip 192.0.2.73 --site example.jp", "list.add example.jp entry 7"},
	    {"list remove 7 6 --yes", "list.remove  entries 7 6"},
	    {"held release " FIRST, "held.release example.jp " FIRST},
	    {"held discard " SECOND, "held.discard example.jp " SECOND},
	    {"queue hold 1 2", "queue.hold example.jp items 1 2"},
	    {"queue retry 2", "queue.retry example.jp item 2"},
	    {"queue hold --kind reply --yes", "queue.hold example.jp item 2"},
	    {"queue cancel 1 --yes", "queue.cancel example.jp item 1"},
	    {"address verify example.jp taro@example.com", "address.verify example.jp "},
	    {"address forget example.jp taro@example.com --yes", "address.forget example.jp "},
	    {"address suppress example.jp taro@example.com", "address.suppress example.jp "},
	    {"address unsuppress example.jp taro@example.com", "address.unsuppress example.jp "},
	    {"form import ~/forms.json --site example.jp", "form.import example.jp 1 form"},
	};
	/* What changes nothing leaves nothing. */
	static const char *const silent[] = {"list", "list add block ip 192.0.2.99 --rehearse", "list remove 99 --yes",
	    "held release " FIRST, "queue retry 99", "queue flush", "address forget example.jp nobody@example.com --yes",
	    "fuse reset example.jp", "form import ~/forms.json --site example.jp", "try --form example.jp/4", "held", "audit"};
	House house = house_new();
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		(void)run(&house, rows[i].words);
		g_autofree char *line = last_line(&house);
		g_autoptr(GString) wanted = g_string_new(rows[i].line);
		g_string_replace(wanted, FIRST, house.receipts[0], 0);
		g_string_replace(wanted, SECOND, house.receipts[1], 0);
		g_assert_cmpstr(line, ==, wanted->str);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(silent); i++) {
		(void)run(&house, silent[i]);
		g_autofree char *line = last_line(&house);
		g_assert_cmpstr(line, ==, "form.import example.jp 1 form");
	}
	g_assert_cmpint(run(&house, "audit"), ==, EX_OK);
	assert_contains(house.gateway.output, "WHEN  ");
	assert_contains(house.gateway.output, g_get_user_name());
	g_assert_null(strchr(house.gateway.output, '@'));
	g_assert_null(strstr(house.gateway.output, "192.0.2"));
	house_clear(&house);
}

/* A line has room for some numbers, and says how many there were besides. */
static void
test_audit_of_many(void)
{
	House house = house_new();
	g_autoptr(GString) lines = g_string_new(NULL);
	g_autoptr(GString) words = g_string_new("list remove --yes");
	for (guint i = 1; i <= 60; i++) {
		g_string_append_printf(lines, "192.0.2.%u\n", i);
		g_string_append_printf(words, " %u", i);
	}
	tree_write(house.gateway.tree, "many.txt", lines->str);
	g_assert_cmpint(run(&house, "list import ~/many.txt --type ip"), ==, EX_OK);
	g_assert_cmpint(run(&house, words->str), ==, EX_OK);
	g_autofree char *line = last_line(&house);
	g_assert_cmpstr(line, ==, "list.remove  entries 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 and 40 more");
	house_clear(&house);
}

/* The numbers of the lines (what the target's number is) that the options let through. The caller's. */
static char *
targets(House *house, const char *options)
{
	g_autofree char *words = g_strdup_printf("audit --json %s", options);
	g_autoptr(GString) found = g_string_new(NULL);
	g_assert_cmpint(run(house, words), ==, EX_OK);
	g_autoptr(GVariant) list = json_to_variant(house->gateway.output, strlen(house->gateway.output), NULL);
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) line = NULL;
		const char *target = NULL;
		g_variant_get_child(list, i, "v", &line);
		g_assert_true(g_variant_lookup(line, "target", "&s", &target));
		g_string_append(found, target);
	}
	return g_string_free(g_steal_pointer(&found), FALSE);
}

static void
test_audit_filters(void)
{
	static const struct {
		gint64 days_ago;
		AuditLine line;
	} lines[] = {
	    {9, {.actor = (char *)"hanako", .action = (char *)"list.add", .site = (char *)"", .target = (char *)"1"}},
	    {3, {.actor = (char *)"hanako", .action = (char *)"list.remove", .site = (char *)"gone.jp", .target = (char *)"2"}},
	    {2, {.actor = (char *)AUDIT_BY_LINK, .action = (char *)"held.release", .site = (char *)"example.jp", .target = (char *)"3"}},
	    {0, {.actor = (char *)"root", .action = (char *)"listing.x", .site = (char *)"example.jp", .target = (char *)"4"}},
	};
	static const struct {
		const char *options;
		const char *targets;
	} rows[] = {{"--limit 9", "4321"}, {"--limit 2", "43"}, {"--site example.jp", "43"}, {"--site gone.jp", "2"},
	    {"--actor mail/link", "3"}, {"--action list", "21"}, {"--action list.add", "1"}, {"--since 5d", "432"},
	    {"--before 1d --since 5d", "32"}, {"--since today", "4"}, {"--actor nobody", ""}};
	House house = house_new();
	g_autofree char *folder = tree_path(house.gateway.tree, "data-courier");
	g_autoptr(Db) ledger = db_open_ledger(folder, DB_EXISTING, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		clock_set_offset_us(-lines[i].days_ago * G_TIME_SPAN_DAY);
		g_assert_true(audit_note(ledger, &lines[i].line, NULL));
	}
	clock_set_offset_us(0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *found = targets(&house, rows[i].options);
		g_assert_cmpstr(found, ==, rows[i].targets);
	}
	gateway_assert(&house.gateway, "audit --actor nobody", EX_OK, "nothing was written down\n");
	gateway_assert(&house.gateway, "audit --limit 3", EX_OK, "\n... and older ones; --limit shows more\n");
	gateway_assert(&house.gateway, "audit --limit 4", EX_OK, "listing.x");
	g_assert_null(strstr(house.gateway.output, "older"));
	gateway_assert(&house.gateway, "audit --limit 3 --json", EX_OK, "[");
	assert_contains(house.gateway.complaint, "... and older ones");
	gateway_assert(&house.gateway, "audit x", EX_USAGE, "write `sekisho audit`");
	house_clear(&house);
}

/* Forms are imported before sekishod has run for the first time; all else without a ledger is a fault that is said. */
static void
test_no_ledger(void)
{
	House house = house_new();
	g_autofree char *file = tree_path(house.gateway.tree, "data-courier/ledger.db");
	g_assert_cmpint(g_unlink(file), ==, 0);
	(void)run(&house, "form import ~/forms.json --site example.jp");
	g_assert_cmpstr(house.gateway.complaint, ==, "");
	g_assert_cmpint(run(&house, "list add block ip 192.0.2.1"), !=, EX_OK);
	assert_contains(house.gateway.complaint, "it was done, but could not be written down for `sekisho audit`: ");
	gateway_assert(&house.gateway, "list", EX_OK, "192.0.2.1");
	house_clear(&house);
}

/* --- Questions ---------------------------------------------------------------------------------------------------------------- */

/* Runs it at a terminal where somebody types `answer`. What the terminal shows, the caller's; no: nobody is there. */
static char *
answer(House *house, const char *words, const char *typed)
{
	char *text = g_malloc0(1000);
	Gateway *gateway = &house->gateway;
	gateway->answers = tmpfile();
	gateway->progress = tmpfile();
	(void)fputs(typed, gateway->answers);
	rewind(gateway->answers);
	g_assert_cmpint(run(house, words), ==, EX_OK);
	rewind(gateway->progress);
	(void)fread(text, 1, 999, gateway->progress);
	(void)fclose(gateway->answers);
	(void)fclose(gateway->progress);
	gateway->answers = gateway->progress = NULL;
	return text;
}

static void
test_questions(void)
{
	static const struct {
		const char *words;
		const char *question;
		const char *action; /* that the audit then has */
	} rows[] = {
	    {"list remove 1", "Remove entry 1, block network 192.0.2.0/24 for all sites? [y/N] ", "list.remove"},
	    {"list remove 2 3", "Remove 2 entries, the first of them block network 192.0.2.7 for all sites? [y/N] ",
		"list.remove"},
	    {"list import ~/lines.txt --type ip --replace",
		"Write the 1 entry of the file, also over those of the same value that do something else? [y/N] ", NULL},
	    {"address forget example.jp taro@example.com", "Forget that taro@example.com has proved itself to example.jp? [y/N] ",
		"address.forget"},
	    {"held discard " SECOND " " THIRD, "Throw away these 2 submissions? [y/N] ", "held.discard"},
	    {"queue cancel 1", "Never send item 1? [y/N] ", "queue.cancel"},
	    {"queue hold --kind reply", "Hold back 1 mail, the oldest of 20", "queue.hold"},
	};
	House house = house_new();
	(void)run(&house, "list add block network 192.0.2.0/24");
	(void)run(&house, "list add block ip 192.0.2.7");
	(void)run(&house, "list add block ip 192.0.2.8");
	(void)run(&house, "list add block ip 192.0.2.9");
	(void)run(&house, "address verify example.jp taro@example.com");
	(void)run(&house, "held release " FIRST);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *before = last_line(&house);
		if (i == 2) /* A file with bad lines ends otherwise; its question is asked all the same. */
			tree_write(house.gateway.tree, "lines.txt", "192.0.2.9\n");
		g_assert_cmpint(run(&house, rows[i].words), ==, EX_USAGE);
		assert_contains(house.gateway.complaint, "nobody is here to be asked: ");
		assert_contains(house.gateway.complaint, "If so, add --yes; see");
		g_autofree char *refused = answer(&house, rows[i].words, "n\n");
		assert_contains(house.gateway.output, "nothing was changed\n");
		assert_contains(refused, rows[i].question);
		g_autofree char *after = last_line(&house);
		g_assert_cmpstr(after, ==, before);
		g_free(answer(&house, rows[i].words, "y\n"));
		g_autofree char *done = last_line(&house);
		g_assert_true(g_str_has_prefix(done, rows[i].action ? rows[i].action : "list.import"));
	}
	house_clear(&house);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/orders/JSON of each has its shape", test_shapes);
	g_test_add_func("/orders/every verb and order has JSON", test_json_everywhere);
	g_test_add_func("/orders/what is changed is written down", test_audit);
	g_test_add_func("/orders/a line of the audit names some of many", test_audit_of_many);
	g_test_add_func("/orders/the audit's filters", test_audit_filters);
	g_test_add_func("/orders/without a ledger", test_no_ledger);
	g_test_add_func("/orders/what cannot be undone is asked about", test_questions);
	return g_test_run();
}
