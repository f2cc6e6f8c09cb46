/*
 * The checks of content against two collections: enquiries that people write, none of which may be held, not even without JavaScript; and abuse, with what is to be found in it.
 */
#include <string.h>

#include "fixture.h"
#include "policy/checks.h"
#include "sekisho/conf/config.h"
#include "sekisho/policy/gate.h"
#include "tree.h"

/* The shipped defaults, as a site without settings of its own has them, and a honeypot. */
typedef struct {
	char *tree;
	Config *config;
	Site *site;
	Form *form;
	const GatePolicy *policy;
} Defaults;

static Defaults defaults;

static void
defaults_open(void)
{
	g_autoptr(GError) error = NULL;
	defaults.tree = tree_new();
	g_autofree char *path = tree_path(defaults.tree, "sekisho.conf");
	g_autofree char *conf = g_strconcat(tree_site_conf, "[check]\nhoneypot_fields = website\n", NULL);
	tree_write(defaults.tree, "sites/example.jp/site.conf", conf);
	defaults.config = config_load(path, &error);
	g_assert_no_error(error);
	defaults.site = config_site(defaults.config, "example.jp", &error);
	g_assert_no_error(error);
	defaults.form = site_form(defaults.site, 4, &error);
	g_assert_no_error(error);
	defaults.policy = site_gate(defaults.site, 4);
}

static void
defaults_close(void)
{
	form_unref(defaults.form);
	site_unref(defaults.site);
	config_free(defaults.config);
	tree_free(defaults.tree);
}

static Form *
form_in(const char *locale)
{
	FormSource *source =
	    fixture_source("[text* your-name] [email* your-email] [text your-subject] [text company] [tel tel] [url site] "
			   "[text website] [hidden from \"https://amazon.co.jp.example/\"] "
			   "[select kind \"https://amazon.co.jp.evil.example/\" \"お見積り\"] [textarea* your-message]");
	g_free(source->locale);
	source->locale = g_strdup(locale);
	return fixture_compile(source);
}

static void
post(Posted *posted, const char *name, const char *value)
{
	g_autofree char *text = g_strcompress(value);
	g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name)), value_bytes = g_bytes_new(text, strlen(text));
	g_assert_true(posted_add(posted, name_bytes, value_bytes, NULL));
}

/* Codes that a line expects, or NULL; `trap` is set by its further fields. */
static Submission *
submission_of(const Form *form, const char *line, char **expected, TrapSight *trap)
{
	static const char *const names[] = {"your-name", "your-email", "your-subject", "your-message"};
	g_auto(GStrv) parts = g_strsplit(line, "|", -1);
	Posted *posted = posted_new();
	post(posted, "from", "https://amazon.co.jp.example/");
	post(posted, "kind", "https://amazon.co.jp.evil.example/");
	post(posted, "cf-turnstile-response", "0.ZxCvBnMqWrTp.https://amazon.co.jp.evil.example/");
	for (guint i = 0; parts[i] != NULL; i++) {
		char *part = g_strstrip(parts[i]), *sign = strchr(part, '=');
		if (i < G_N_ELEMENTS(names)) {
			post(posted, names[i], part);
		} else if (*part == '=' || g_str_has_prefix(part, "!=")) {
			*expected = g_strdup(part);
		} else if (g_str_has_prefix(part, "quick=")) {
			*trap = (TrapSight){.is_asked = TRUE, .is_cookie_there = TRUE, .age_us = G_USEC_PER_SEC};
		} else if (g_str_has_prefix(part, "script=")) {
			*trap = (TrapSight){.is_asked = TRUE, .is_cookie_there = TRUE, .age_us = G_USEC_PER_SEC * 60};
		} else {
			*sign = '\0';
			post(posted, part, sign + 1);
		}
	}
	return fixture_submission(form, posted);
}

static gboolean
has_code(const Verdict *verdict, const char *code)
{
	for (guint i = 0; i < verdict->findings->len; i++)
		if (strcmp(((const Finding *)verdict->findings->pdata[i])->code, code) == 0)
			return TRUE;
	return FALSE;
}

static Verdict *
examine(const Form *form, const GatePolicy *policy, const char *line, char **expected)
{
	GateInput input = {.form = form, .policy = policy, .trap = {.is_asked = TRUE}};
	g_autoptr(Submission) submission = submission_of(form, line, expected, &input.trap);
	GPtrArray *findings = findings_new();
	input.submission = submission;
	gate_examine(&input, findings, NULL);
	return verdict_new(findings, policy->hold_points);
}

typedef void (*Judge)(const char *line, const Verdict *verdict, const char *expected);

/* Calls `judge` for each line of a collection; how many there are. */
static guint
each_line(const char *file, Judge judge)
{
	g_autoptr(Form) form = NULL;
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "corpus", file, NULL), *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint count = 0;
	for (guint i = 0; lines[i] != NULL; i++) {
		g_autofree char *expected = NULL;
		if (*lines[i] == '[') {
			g_clear_pointer(&form, form_unref);
			lines[i][strlen(lines[i]) - 1] = '\0';
			form = form_in(lines[i] + 1);
		} else if (*lines[i] != '#' && *lines[i] != '\0') {
			g_autoptr(Verdict) verdict = examine(form, defaults.policy, lines[i], &expected);
			judge(lines[i], verdict, expected);
			count++;
		}
	}
	return count;
}

static void
show(const char *line, const Verdict *verdict)
{
	g_autofree char *text = verdict_to_text(verdict);
	g_test_message("%u points: %s\n%s", verdict->points, line, text);
}

/* Passes, and nothing is noted of it but what the line says. */
static void
judge_ordinary(const char *line, const Verdict *verdict, const char *expected)
{
	g_auto(GStrv) codes = g_strsplit(expected != NULL ? expected + 1 : "", ",", -1);
	gboolean is_good = verdict->action == FINDING_PASS;
	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		is_good &= strcmp(finding->code, "no_cookie") == 0 || g_strv_contains((const char *const *)codes, finding->code);
	}
	if (!is_good) {
		show(line, verdict);
		g_test_fail();
	}
}

static void
judge_abusive(const char *line, const Verdict *verdict, const char *expected)
{
	g_assert_nonnull(expected);
	const gboolean must_hold = *expected == '!';
	g_auto(GStrv) codes = g_strsplit(strchr(expected, '=') + 1, ",", -1);
	gboolean is_good = !must_hold || verdict->action == FINDING_HOLD;
	for (char **code = codes; *code != NULL; code++)
		is_good &= has_code(verdict, *code);
	if (!is_good) {
		show(line, verdict);
		g_test_fail();
	}
}

static void
test_ordinary(void)
{
	g_assert_cmpuint(each_line("ordinary.txt", judge_ordinary), >=, 60);
}

static void
test_abusive(void)
{
	g_assert_cmpuint(each_line("abusive.txt", judge_abusive), >=, 60);
}

/* What is off says nothing, and in dry-run nothing counts. */
static void
test_modes(void)
{
	static const char line[] =
	    "x | ax@mailinator.com | | Лучшее онлайн казино https://amazon.co.jp.evil.example/ https://bit.ly/abc | website=x";
	g_autoptr(Form) form = form_in("ja");
	for (CheckMode mode = CHECK_OFF; mode <= CHECK_ON; mode++) {
		GatePolicy policy = *defaults.policy;
		g_autofree char *expected = NULL;
		for (guint i = 0; i < CHECK_COUNT; i++)
			policy.modes[i] = mode;
		g_autoptr(Verdict) verdict = examine(form, &policy, line, &expected);
		g_assert_cmpint(verdict->action, ==, mode == CHECK_ON ? FINDING_HOLD : FINDING_PASS);
		g_assert_true((verdict->findings->len == 0) == (mode == CHECK_OFF));
		g_assert_true(mode != CHECK_DRY_RUN || (has_code(verdict, "filled") && has_code(verdict, "foreign_script") &&
							   has_code(verdict, "brand_host") && has_code(verdict, "disposable")));
	}
}

/* What each check costs for an enquiry of 400 letters that has nothing to be found: `-m perf` measures, else it is looked at only. */
static void
test_cost(void)
{
	g_autoptr(GString) message = g_string_new("https://www.example.co.jp/products/12 ");
	while (g_utf8_strlen(message->str, -1) < 400)
		g_string_append(message, "お世話になっております。見積りをお願いいたします。");
	g_autofree char *line = g_strdup_printf("山田 | taro@example.jp | 見積り | %s", message->str);
	g_autofree char *expected = NULL;
	g_autoptr(Form) form = form_in("ja");
	TrapSight trap = {0};
	g_autoptr(Submission) submission = submission_of(form, line, &expected, &trap);
	const GateInput input = {.form = form,
	    .policy = defaults.policy,
	    .submission = submission,
	    .trap = {.is_asked = TRUE, .is_cookie_there = TRUE, .age_us = G_USEC_PER_SEC * 60}};
	static const struct {
		const char *name;
		void (*check)(const GateInput *, GPtrArray *);
	} checks[] = {{"contract", contract_check}, {"trap", trap_check}, {"honeypot", honeypot_check}, {"shape", shape_check},
	    {"links", links_check}, {"sender", sender_check}};
	const guint rounds = g_test_perf() ? 2000 : 10;
	g_autoptr(GPtrArray) findings = findings_new();
	for (gsize k = 0; k < G_N_ELEMENTS(checks); k++) {
		const gint64 start_us = g_get_monotonic_time();
		for (guint i = 0; i < rounds; i++)
			checks[k].check(&input, findings);
		g_test_message("%s: %.1f us", checks[k].name, (double)(g_get_monotonic_time() - start_us) / rounds);
		g_assert_cmpuint(findings->len, ==, 0);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gate_content/ordinary enquiries pass", test_ordinary);
	g_test_add_func("/gate_content/abuse is found", test_abusive);
	g_test_add_func("/gate_content/modes", test_modes);
	g_test_add_func("/gate_content/cost", test_cost);
	defaults_open();
	const int result = g_test_run();
	defaults_close();
	return result;
}
