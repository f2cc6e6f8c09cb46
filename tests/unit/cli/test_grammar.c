/*
 * The table of verbs as a whole, what is read from it, and what bash makes of it.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>

#include "sekisho/cli/cli.h"
#include "sekisho/cli/grammar.h"

/* --- The table ------------------------------------------------------------------------------------------------------- */

typedef struct {
	GHashTable *letters; /* long name -> "x 1": its short name, and whether a value follows */
	GHashTable *owners;  /* short name -> long name */
	GPtrArray *verbs;
} Survey;

static void
assert_columns(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (g_utf8_strlen(lines[i], -1) > 80)
			g_error("wider than 80: %s", lines[i]);
	}
}

static gboolean
is_option(const GOptionEntry *options, const char *name)
{
	for (const GOptionEntry *option = options; option->long_name; option++)
		if (strcmp(option->long_name, name) == 0)
			return TRUE;
	return FALSE;
}

static void
survey_orders(const Verb *verb, const GOptionEntry *options)
{
	for (const VerbOrder *order = verb->orders; order->name; order++) {
		g_auto(GStrv) names = g_strsplit(order->options ? order->options : "", " ", -1);
		g_assert_true(!order->is_default || order == verb->orders);
		g_assert_nonnull(order->arguments);
		g_assert_null(strchr(order->help, '\n'));
		for (guint i = 0; names[i]; i++)
			if (names[i][0] != '\0' && !is_option(options, names[i]))
				g_error("%s %s names no option: %s", verb->name, order->name, names[i]);
	}
}

static void
survey_option(Survey *survey, const Verb *verb, const GOptionEntry *option)
{
	gboolean is_taken = verb->orders == NULL;
	g_autofree char *kind = g_strdup_printf("%c %d", option->short_name ? option->short_name : '-', option->arg == G_OPTION_ARG_NONE);
	for (const VerbOrder *order = verb->orders; order && order->name; order++)
		is_taken |= grammar_takes(order, option->long_name);
	if (!is_taken)
		g_error("--%s of %s goes with no order of it", option->long_name, verb->name);
	/* One name means one thing, whatever the verb. */
	const char *known = g_hash_table_lookup(survey->letters, option->long_name);
	if (known && strcmp(known, kind) != 0)
		g_error("--%s of %s is another one than that of other verbs: %s, %s", option->long_name, verb->name, kind, known);
	g_hash_table_insert(survey->letters, g_strdup(option->long_name), g_steal_pointer(&kind));
	if (option->short_name == '\0')
		return;
	const char *owner = g_hash_table_lookup(survey->owners, GINT_TO_POINTER(option->short_name));
	if (owner && strcmp(owner, option->long_name) != 0)
		g_error("-%c is --%s and --%s", option->short_name, owner, option->long_name);
	g_hash_table_insert(survey->owners, GINT_TO_POINTER(option->short_name), g_strdup(option->long_name));
}

static void
survey_verb(const char *heading, const Verb *verb, const GOptionEntry *options, gpointer data)
{
	Survey *survey = data;
	g_assert_true(g_str_has_suffix(heading, ":"));
	g_assert_true((verb->orders == NULL) == (verb->arguments != NULL));
	g_assert_null(strchr(verb->help, '\n'));
	g_assert_cmpint(verb->help[strlen(verb->help) - 1], !=, '.');
	assert_columns(verb->details ? verb->details : "");
	g_ptr_array_add(survey->verbs, g_strdup(verb->name));
	if (verb->orders)
		survey_orders(verb, options);
	for (const GOptionEntry *option = options; option->long_name; option++)
		survey_option(survey, verb, option);
}

/* Runs `sekisho WORDS`; what it printed, the caller's. */
static char *
run(const char *words, int expected)
{
	g_autofree char *line = g_strdup_printf("sekisho %s", words);
	g_auto(GStrv) arguments = g_strsplit(line, " ", -1);
	g_autoptr(GString) complaint = g_string_new(NULL);
	CliConsole console = {.output = g_string_new(NULL), .complaint = complaint};
	const int code = cli_run((const char *const *)arguments, &console);
	g_test_message("$ %s\n%s%s", line, console.output->str, complaint->str);
	g_assert_cmpint(code, ==, expected);
	if (code != EX_OK)
		g_string_append(console.output, complaint->str);
	return g_string_free(console.output, FALSE);
}

static void
test_table(void)
{
	g_autoptr(GPtrArray) verbs = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) letters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) owners = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	Survey survey = {.letters = letters, .owners = owners, .verbs = verbs};
	for (const GOptionEntry *option = grammar_shared_options(); option->long_name; option++)
		if (option->short_name != '\0')
			g_hash_table_insert(owners, GINT_TO_POINTER(option->short_name), g_strdup(option->long_name));
	grammar_describe(survey_verb, &survey);
	g_assert_cmpuint(verbs->len, >, 15);
	g_autofree char *all = run("--help", EX_OK);
	assert_columns(all);
	for (guint i = 0; i < verbs->len; i++) {
		g_autofree char *words = g_strdup_printf("%s --help", (const char *)verbs->pdata[i]);
		g_autofree char *help = run(words, EX_OK);
		g_autofree char *row = g_strdup_printf("\n  %s ", (const char *)verbs->pdata[i]);
		assert_columns(help);
		g_assert_nonnull(strstr(all, row));
	}
}

/* --- What is read from a row ------------------------------------------------------------------------------------------- */

static void
test_count(void)
{
	static const struct {
		const char *arguments;
		guint least, most;
	} cases[] = {{"", 0, 0}, {"SITE", 1, 1}, {"SITE FORM", 2, 2}, {"[SITE]", 0, 1}, {"[SITE [FORM]]", 0, 2}, {"SITE [FORM]", 1, 2},
	    {"ACTION [POINTS] TYPE VALUE", 3, 4}, {"RECEIPT...", 1, G_MAXUINT}, {"[ITEM...]", 0, G_MAXUINT}, {"ID...|VALUE", 1, G_MAXUINT}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint least = 99, most = 99;
		grammar_count(cases[i].arguments, &least, &most);
		g_test_message("%s", cases[i].arguments);
		g_assert_cmpuint(least, ==, cases[i].least);
		g_assert_cmpuint(most, ==, cases[i].most);
	}
}

static void
test_words(void)
{
	static const struct {
		const char *words, *complaint;
	} cases[] = {
	    {"held release", "write `sekisho held release RECEIPT...`"},
	    {"held list A", "write `sekisho held [list]`"},
	    {"held release A --block", "--block belongs to `sekisho held discard`"},
	    {"held --allow", "--allow belongs to `sekisho held release`"},
	    {"why", "write `sekisho why RECEIPT`"},
	    {"why A B", "write `sekisho why RECEIPT`"},
	    {"form", "`sekisho form lint [SITE [FORM]]`"},
	    {"fuse melt", "write `sekisho fuse [show] [SITE]`, `sekisho fuse reset SITE`"},
	    {"helt", "unknown verb helt; did you mean held?"},
	    {"submission", "did you mean submissions?"},
	    {"foo", "unknown verb foo;"},
	    {"check x", "write `sekisho check`"},
	    {"check --site example.jp", "--site"},
	    {"fuse reset example.jp --site example.net", "write `sekisho fuse reset SITE`"},
	    {"address --site example.jp example.net", "write "},
	    {"form import FILE", "say with --site"},
	    {"canary", "write `sekisho canary SITE`"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *said = run(cases[i].words, EX_USAGE);
		g_assert_nonnull(strstr(said, cases[i].complaint));
	}
}

/* What an order's SITE may be written as, too. */
static void
test_site(void)
{
	static const struct {
		const char *words;
		gboolean is_taken;
	} cases[] = {{"fuse --help", TRUE}, {"fuse reset --help", TRUE}, {"address verify --help", TRUE}, {"doctor --help", TRUE},
	    {"canary --help", TRUE}, {"form lint --help", TRUE}, {"form import --help", TRUE}, {"check --help", FALSE},
	    {"why --help", FALSE}, {"list remove --help", FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *help = run(cases[i].words, EX_OK);
		const char *first = strstr(help, "-s, --site=SITE");
		g_assert_true((first != NULL) == cases[i].is_taken);
		g_assert_true(!first || !strstr(first + strlen("-s, --site"), "--site=SITE"));
	}
}

static void
test_help(void)
{
	g_autofree char *verb = run("held --help", EX_OK);
	g_autofree char *order = run("held release --help", EX_OK);
	g_assert_true(g_str_has_prefix(verb, "Usage: sekisho held [ORDER] [OPTION...]\n"));
	g_assert_nonnull(strstr(verb, "  list                what is held, newest first; also without a word\n"));
	g_assert_nonnull(strstr(verb, " (discard)\n"));
	g_assert_true(g_str_has_prefix(order, "Usage: sekisho held release RECEIPT... [OPTION...]\n"));
	g_assert_nonnull(strstr(order, "  --allow "));
	g_assert_null(strstr(order, "--rejected"));
}

/* --- Completion --------------------------------------------------------------------------------------------------------- */

/* What bash would offer behind these words, of which the last is being typed, one a line. The caller's. */
static char *
complete(const char *script, const char *words)
{
	g_auto(GStrv) each = g_strsplit(words, " ", -1);
	g_autoptr(GString) program = g_string_new("compopt() { :; }\nsource \"$1\"\nCOMP_WORDS=(");
	g_autoptr(GError) error = NULL;
	char *output = NULL;
	int status = -1;
	for (guint i = 0; each[i]; i++) {
		g_autofree char *quoted = g_shell_quote(each[i]);
		g_string_append_printf(program, " %s", quoted);
	}
	g_string_append_printf(program, ")\nCOMP_CWORD=%u\n_sekisho\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n", g_strv_length(each) - 1);
	const char *const arguments[] = {"bash", "--norc", "-u", "-c", program->str, "bash", script, NULL};
	g_assert_true(g_spawn_sync(
	    NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error));
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
	g_test_message("%s:\n%s", words, output);
	return output;
}

/* TRUE if the offer has this line. */
static gboolean
offers(const char *offer, const char *word)
{
	g_auto(GStrv) lines = g_strsplit(offer, "\n", -1);
	return g_strv_contains((const char *const *)lines, word);
}

static void
test_completion(void)
{
	static const struct {
		const char *words;
		const char *offered[4];
		const char *withheld[4];
	} cases[] = {
	    {"sekisho ", {"held", "submissions", "check"}, {"release", "--site", "today"}},
	    {"sekisho he", {"held"}, {"check"}},
	    {"sekisho --", {"--config", "--version", "--help"}, {"--site"}},
	    {"sekisho held ", {"list", "release", "discard"}, {"held", "--site"}},
	    {"sekisho held re", {"release", "report"}, {"list"}},
	    {"sekisho held --", {"--site", "--allow", "--block", "--json"}, {"--version"}},
	    {"sekisho held release --", {"--allow", "--config", "--help"}, {"--block", "--site"}},
	    {"sekisho --config x held discard --b", {"--block"}, {"--before"}},
	    {"sekisho --config = x held ", {"discard"}, {"held"}},
	    {"sekisho submissions --since ", {"yesterday", "last-week", "24h"}, {"list", "--site"}},
	    {"sekisho submissions --since = y", {"yesterday"}, {"today"}},
	    {"sekisho report --format ", {"text", "html", "json"}, {"list"}},
	    {"sekisho list export --format ", {"csv", "lines"}, {"html"}},
	    {"sekisho list add --for ", {NULL}, {"yesterday"}},
	    {"sekisho fuse reset --", {"--site", "--json"}, {"--form"}},
	    {"sekisho doctor --", {"--site", "--mail"}, {"--form"}},
	    {"sekisho form preview --", {"--site", "--field"}, {"--dry-run"}},
	    {"sekisho nothing ", {NULL}, {"list", "held"}},
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *script = run("completion", EX_OK);
	g_autofree char *path = NULL;
	const int file = g_file_open_tmp("sekisho-XXXXXX", &path, &error);
	g_assert_no_error(error);
	g_assert_true(g_close(file, NULL));
	g_assert_true(g_file_set_contents(path, script, -1, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *offer = complete(path, cases[i].words);
		for (guint j = 0; j < 4 && cases[i].offered[j]; j++)
			g_assert_true(offers(offer, cases[i].offered[j]));
		for (guint j = 0; j < 4 && cases[i].withheld[j]; j++)
			g_assert_false(offers(offer, cases[i].withheld[j]));
	}
	g_assert_cmpint(g_unlink(path), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/grammar/rows name options there are, and one name means one thing", test_table);
	g_test_add_func("/grammar/arguments are counted by how they are written", test_count);
	g_test_add_func("/grammar/what does not fit the table is a usage error that says what does", test_words);
	g_test_add_func("/grammar/whatever is of a site takes --site", test_site);
	g_test_add_func("/grammar/help of an order has its options alone", test_help);
	g_test_add_func("/grammar/bash completes verbs, orders, options and values", test_completion);
	return g_test_run();
}
