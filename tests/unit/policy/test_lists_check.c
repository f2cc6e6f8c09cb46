/* What the lists say of a submission, as findings. */
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "list_rows.h"
#include "policy/checks.h"
#include "sekisho/base/limits.h"

#define FIELDS "[text your-name][email your-email][textarea your-message]"
#define FINGERPRINT "A1-0123456789abcdef"

typedef struct {
	GPtrArray *findings;
	GArray *hits;
	gboolean is_exempt;
} Outcome;

static void
outcome_clear(Outcome *outcome)
{
	g_ptr_array_unref(outcome->findings);
	g_array_unref(outcome->hits);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static Outcome
examine(const Lists *lists, CheckMode mode)
{
	g_autoptr(Form) form = fixture_form(FIELDS);
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("your-name", "Taro", "your-email", "Taro@Mail.Example.com", "your-message",
					 "ｶｼﾞﾉはこちら https://www.shop.example.net/x", "unknown", "副業", NULL));
	ClientFacts *client = (ClientFacts *)submission->client;
	text_set(&client->remote_ip, "192.0.2.7");
	text_set(&client->user_agent, "Python-Requests/2");
	text_set(&client->fingerprint, "B2-00 " FINGERPRINT);
	client->received_at_us = ROWS_NOW_US;
	g_autoptr(GatePolicy) policy = gate_policy_new();
	policy->modes[CHECK_LISTS] = mode;
	const GateInput input = {
	    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
	Outcome outcome = {findings_new(), g_array_new(FALSE, FALSE, sizeof(gint64)), FALSE};
	outcome.is_exempt = lists_check(&input, outcome.findings, outcome.hits);
	return outcome;
}

/* "reject list_block 0 dry; ..." */
static char *
outcome_text(const Outcome *outcome)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < outcome->findings->len; i++) {
		const Finding *finding = outcome->findings->pdata[i];
		g_assert_cmpint(finding->check, ==, CHECK_LISTS);
		g_string_append_printf(text, "%s%s %s %u%s", i > 0 ? "; " : "", finding_action_name(finding->action),
		    finding->code, finding->points, finding->is_dry_run ? " dry" : "");
	}
	g_string_append(text, outcome->is_exempt ? " exempt" : "");
	return g_string_free(text, FALSE);
}

/* The row with the hash of the visitor's address in it, if it wants one. */
static char *
with_address(const char *row)
{
	VaultHash hash;
	g_autoptr(GString) digits = g_string_new(NULL);
	vault_hash(fixture_vault(), VAULT_HASH_ADDRESS, "taro@mail.example.com", strlen("taro@mail.example.com"), &hash);
	text_append_hex(digits, hash.bytes, sizeof hash.bytes);
	g_auto(GStrv) parts = g_strsplit(row, "%s", 2);
	return g_strjoinv(digits->str, parts);
}

static void
test_each_type(void)
{
	static const struct {
		const char *row, *what;
	} rows[] = {
	    {"1|block|network|192.0.2.0/24", "192.0.2.0/24"},
	    {"1|block|address|%s", "gives a mail address, which"},
	    {"1|block|domain|example.com", "example.com"},
	    {"1|block|fingerprint|" FINGERPRINT, FINGERPRINT},
	    {"1|block|phrase|カジノ", "\"カジノ\""},
	    {"1|block|phrase|副業", "副業"},
	    {"1|block|link|example.net", "example.net"},
	    {"1|block|agent|python-requests", "\"python-requests\""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *row = with_address(rows[i].row);
		const char *const entries[] = {row, NULL};
		g_autoptr(Lists) lists = rows_lists(entries, "");
		g_auto(Outcome) outcome = examine(lists, CHECK_ON);
		g_autofree char *text = outcome_text(&outcome);
		if (strcmp(text, "reject list_block 0") != 0)
			g_error("%s: %s", row, text);
		const Finding *finding = outcome.findings->pdata[0];
		if (strstr(finding->what, rows[i].what) == NULL || strstr(finding->what, "reason 1") == NULL)
			g_error("%s", finding->what);
		g_assert_null(strstr(finding->what, "taro"));
	}
}

static void
test_verdicts(void)
{
	static const struct {
		const char *rows[4];
		CheckMode mode;
		const char *said, *hits;
	} rows[] = {
	    {{"1|block|phrase|nothing of it"}, CHECK_ON, "", ""},
	    {{"3|note|phrase|カジノ", "4|note|domain|example.com"}, CHECK_ON, "note list_note 4; note list_note 3", "4 3"},
	    {{"3|note|phrase|カジノ", "4|hold|domain|example.com"}, CHECK_ON, "hold list_hold 0; note list_note 3", "4 3"},
	    {{"3|hold|phrase|カジノ", "4|allow|domain|example.com"}, CHECK_ON, "pass list_allow 0 exempt", "4"},
	    {{"3|block|phrase|カジノ", "4|allow|domain|example.com", "5|hold|agent|python"}, CHECK_ON, "reject list_block 0",
		"3"},
	    {{"3|block|network|192.0.2.0/24", "4|allow|network|192.0.2.7/32"}, CHECK_ON, "pass list_allow 0 exempt", "4"},
	    {{"3|block|phrase|カジノ"}, CHECK_DRY_RUN, "reject list_block 0 dry", "3"},
	    {{"3|allow|phrase|カジノ"}, CHECK_DRY_RUN, "pass list_allow 0 dry", "3"},
	    {{"3|block|phrase|カジノ"}, CHECK_OFF, "", ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Lists) lists = rows_lists(rows[i].rows, "");
		g_auto(Outcome) outcome = examine(lists, rows[i].mode);
		g_autofree char *text = outcome_text(&outcome);
		g_autoptr(GString) hits = g_string_new(NULL);
		for (guint k = 0; k < outcome.hits->len; k++)
			g_string_append_printf(hits, "%s%d", k > 0 ? " " : "", (int)g_array_index(outcome.hits, gint64, k));
		g_assert_cmpstr(text, ==, rows[i].said);
		g_assert_cmpstr(hits->str, ==, rows[i].hits);
	}
}

/* An address with a tag is met by the entry of itself without one, too, which is less specific. */
static void
test_tags(void)
{
	static const struct {
		const char *email, *entries[2], *said;
	} rows[] = {
	    {"bad+1@visitor.example", {"block bad@visitor.example"}, "reject list_block 0"},
	    {"BAD+1+2@Visitor.example", {"block bad@visitor.example"}, "reject list_block 0"},
	    {"bad@visitor.example", {"block bad+1@visitor.example"}, ""},
	    {"bad+1@visitor.example", {"block bad@visitor.example", "allow bad+1@visitor.example"}, "pass list_allow 0 exempt"},
	    {"bad+2@visitor.example", {"block bad@visitor.example", "allow bad+1@visitor.example"}, "reject list_block 0"},
	    {"+1@visitor.example", {"block @visitor.example"}, ""},
	};
	g_autoptr(Form) form = fixture_form(FIELDS);
	g_autoptr(GatePolicy) policy = gate_policy_new();
	policy->modes[CHECK_LISTS] = CHECK_ON;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		ListsBuilder *builder = lists_builder_new();
		for (gsize k = 0; k < 2 && rows[i].entries[k] != NULL; k++) {
			VaultHash hash;
			const char *address = strchr(rows[i].entries[k], ' ') + 1;
			const char *row = g_str_has_prefix(rows[i].entries[k], "block") ? "1|block|address|" : "2|allow|address|";
			g_autoptr(GString) text = g_string_new(row);
			vault_hash(fixture_vault(), VAULT_HASH_ADDRESS, address, strlen(address), &hash);
			text_append_hex(text, hash.bytes, sizeof hash.bytes);
			g_autoptr(ListEntry) entry = rows_entry(text->str);
			lists_builder_add(builder, entry);
		}
		g_autoptr(Lists) lists = lists_builder_end(builder, "", NULL);
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-email", rows[i].email, NULL));
		g_auto(Outcome) outcome = {findings_new(), g_array_new(FALSE, FALSE, sizeof(gint64)), FALSE};
		const GateInput input = {
		    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
		outcome.is_exempt = lists_check(&input, outcome.findings, outcome.hits);
		g_autofree char *text = outcome_text(&outcome);
		if (strcmp(text, rows[i].said) != 0)
			g_error("%s: %s, not %s", rows[i].email, text, rows[i].said);
	}
}

/* Phrases are looked for in what the visitor typed, an address too; what the form offers and tokens accuse nobody. */
static void
test_typed_alone(void)
{
	static const struct {
		const char *name, *value;
		gboolean is_found;
	} rows[] = {
	    {"your-message", "カジノ", TRUE},
	    {"your-email", "カジノ@example.com", TRUE},
	    {"unknown", "カジノ", TRUE},
	    {"kind", "別のカジノ", TRUE},
	    {"kind", "カジノ", FALSE},
	    {"from", "カジノ", FALSE},
	    {"cf-turnstile-response", "カジノ", FALSE},
	};
	static const char *const entries[] = {"1|block|phrase|カジノ", NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	g_autoptr(GatePolicy) policy = gate_policy_new();
	g_autoptr(Form) form =
	    fixture_form("[textarea your-message][email your-email][select kind \"カジノ\"][hidden from \"カジノ\"]");
	policy->modes[CHECK_LISTS] = CHECK_ON;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted(rows[i].name, rows[i].value, NULL));
		g_autoptr(GPtrArray) findings = findings_new();
		const GateInput input = {
		    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
		g_test_message("%s: %s", rows[i].name, rows[i].value);
		lists_check(&input, findings, NULL);
		g_assert_cmpuint(findings->len, ==, rows[i].is_found ? 1 : 0);
	}
}

/* A link that is listed is found behind any number of others, or the submission is held; and an address that validation takes and nobody can mail is one. */
static void
test_evasions(void)
{
	static const char *const entries[] = {"1|block|link|evil.com", "2|block|domain|evil.com", NULL};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	g_autoptr(Form) form = fixture_form(FIELDS);
	g_autoptr(GatePolicy) policy = gate_policy_new();
	policy->modes[CHECK_LISTS] = CHECK_ON;
	g_autoptr(GString) same = g_string_new(NULL), many = g_string_new(NULL), local = g_string_new("@evil.com");
	for (guint i = 0; i < 200; i++) {
		g_string_append(same, "https://harmless.example/ ");
		g_string_append_printf(many, "https://harmless%u.example/ ", i);
	}
	g_string_append(same, "ｅｖｉｌ．Ｃｏｍ");
	g_string_append(many, "evil.com");
	while (local->len < 75)
		g_string_prepend_c(local, 'a');
	const struct {
		const char *name, *value;
		FindingAction action;
	} rows[] = {{"your-message", same->str, FINDING_REJECT}, {"your-message", many->str, FINDING_HOLD},
	    {"your-email", local->str, FINDING_REJECT}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Submission) submission = fixture_submission(form, fixture_posted(rows[i].name, rows[i].value, NULL));
		g_autoptr(GPtrArray) findings = findings_new();
		const GateInput input = {
		    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
		lists_check(&input, findings, NULL);
		g_assert_cmpuint(findings->len, ==, 1);
		g_assert_cmpint(((const Finding *)findings->pdata[0])->action, ==, rows[i].action);
	}
}

/* The names of two files, what they are called included, and the page: none of a form's fields, and all of them are in the mail. */
static Submission *
submission_with(const Form *form, const char *name, const char *value)
{
	const gboolean is_fact = strcmp(name, "FILE") == 0 || strcmp(name, "URL") == 0;
	Submission *submission =
	    fixture_submission(form, is_fact ? fixture_posted(NULL, NULL) : fixture_posted(name, value, NULL));
	if (strcmp(name, "FILE") == 0) {
		SubmissionFile *file = submission_file_new();
		text_set(&file->client_name, value);
		g_ptr_array_add((GPtrArray *)submission->files, file);
	} else if (is_fact) {
		text_set(&((ClientFacts *)submission->client)->url, value);
	}
	return submission;
}

/* What a mail can show is looked at, wherever it stands and however it is spelled. */
static void
test_everything_mailed(void)
{
	static const char *const entries[] = {"1|block|phrase|casino", "2|block|link|evil.com", NULL};
	static const struct {
		const char *name, *value;
		gboolean is_found;
	} rows[] = {
	    {"page", "https://shop.example/casino", FALSE},
	    {"page", "casino", TRUE},
	    {"page", "https://evil.com/", TRUE},
	    {"agree", "casino", TRUE},
	    {"unknown", "https://evil.com/", TRUE},
	    {"FILE", "casino.pdf", TRUE},
	    {"FILE", "https_evil.com.pdf", FALSE},
	    {"FILE", "see evil.com now.pdf", TRUE},
	    {"URL", "https://shop.example/casino", FALSE},
	    {"URL", "https://shop.example/?q=harmless", FALSE},
	    {"URL", "https://shop.example/?q=cas%69no", TRUE},
	    {"URL", "https://shop.example/?q=cas%69no%zz%ff", TRUE},
	    {"URL", "https://shop.example/?q=the+ca%73ino", TRUE},
	    {"URL", "https://shop.example/?q=https%3A%2F%2Fevil.com%2F", TRUE},
	    {"your-message", "cas\u3164ino", TRUE},
	    {"your-message", "ca\uffa0s\u115fi\u1160n\ufff9\ufffa\ufffbo", TRUE},
	    {"your-message", "casi&#110;o", TRUE},
	    {"your-message", "casi&amp;#110;o", FALSE},
	    {"your-message", "evil&#46;com", TRUE},
	    {"your-message", "evil&#x2e;com", TRUE},
	};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	g_autoptr(GatePolicy) policy = gate_policy_new();
	g_autoptr(Form) form =
	    fixture_form(FIELDS "[hidden page \"https://shop.example/casino\"][acceptance agree]Yes[/acceptance]");
	policy->modes[CHECK_LISTS] = CHECK_ON;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Submission) submission = submission_with(form, rows[i].name, rows[i].value);
		g_autoptr(GPtrArray) findings = findings_new();
		const GateInput input = {
		    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
		lists_check(&input, findings, NULL);
		if ((findings->len > 0) != rows[i].is_found) {
			g_test_message("%s: %s: %u", rows[i].name, rows[i].value, findings->len);
			g_test_fail();
		}
	}
}

/* However many addresses are typed, one that is listed is met; beyond a ceiling it is held. */
static void
test_many_addresses(void)
{
	static const char *const entries[] = {"1|block|domain|evil.example", NULL};
	static const struct {
		guint harmless;
		gboolean is_evil;
		CheckMode sender;
		const char *said;
	} rows[] = {{1, FALSE, CHECK_ON, ""}, {LIMIT_SENDERS, FALSE, CHECK_ON, ""}, {LIMIT_SENDERS, TRUE, CHECK_ON, "list_block"},
	    {LIMIT_SENDERS, TRUE, CHECK_OFF, "list_block"}, {LIMIT_SENDERS + 1, FALSE, CHECK_ON, "several"},
	    {LIMIT_SENDERS + 1, FALSE, CHECK_OFF, ""}, {LIMIT_SENDER_LOOKS - 1, TRUE, CHECK_OFF, "list_block"},
	    {LIMIT_SENDER_LOOKS + 1, TRUE, CHECK_OFF, "too_many_addresses"}};
	g_autoptr(Lists) lists = rows_lists(entries, "");
	g_autoptr(GatePolicy) policy = gate_policy_new();
	g_autoptr(Form) form = fixture_form(FIELDS);
	policy->modes[CHECK_LISTS] = CHECK_ON;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		Posted *posted = fixture_posted(NULL, NULL);
		for (guint k = 0; k < rows[i].harmless + rows[i].is_evil; k++) {
			g_autofree char *address =
			    g_strdup_printf("a%u@%s.example", k, k < rows[i].harmless ? "harmless" : "evil");
			g_autoptr(GBytes) name = g_bytes_new_static("your-email[]", strlen("your-email[]"));
			g_autoptr(GBytes) value = g_bytes_new(address, strlen(address));
			g_assert_true(posted_add(posted, name, value, NULL));
		}
		policy->modes[CHECK_SENDER] = rows[i].sender;
		g_autoptr(Submission) submission = fixture_submission(form, posted);
		g_autoptr(GPtrArray) findings = findings_new();
		const GateInput input = {
		    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
		gate_examine(&input, findings, NULL);
		const Finding *finding = findings->len > 0 ? findings->pdata[0] : NULL;
		g_assert_cmpstr(finding != NULL ? finding->code : "", ==, rows[i].said);
		g_assert_true(finding == NULL || finding->action >= FINDING_HOLD);
	}
}

/* Of this thread alone, because others run beside it. */
static gint64
cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* What examining a message of `size` bytes of that pattern takes. */
static gint64
examine_us(const Lists *lists, const char *pattern, gsize size)
{
	g_autoptr(Form) form = fixture_form(FIELDS);
	g_autoptr(GatePolicy) policy = gate_policy_new();
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint check = 0; check < CHECK_COUNT; check++)
		policy->modes[check] = CHECK_ON;
	while (text->len + strlen(pattern) < size)
		g_string_append(text, pattern);
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-message", text->str, NULL));
	const GateInput input = {
	    .form = form, .submission = submission, .policy = policy, .lists = lists, .vault = fixture_vault()};
	gint64 least_us = G_MAXINT64;
	for (guint round = 0; round < 3; round++) {
		g_autoptr(GPtrArray) findings = findings_new();
		const gint64 start_us = cpu_us();
		gate_examine(&input, findings, NULL);
		least_us = MIN(least_us, cpu_us() - start_us);
	}
	return least_us;
}

/* Eight times the text takes some eight times as long, not sixty-four times, whatever it repeats; and however many phrases begin with each other. */
static void
test_linear(void)
{
	static const char *const patterns[] = {"a", "aaab", "\u0301\u0323", "e\u0301", "가", "[", "(", "@", ".", "/", "%41", "a.",
	    "a@", "http://", "http://[", "http://x@", "http://%41", "あ.い ", "あ.com ", "[url=", "<a href", "1", "漢",
	    "xn--a. "};
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) phrase = g_string_new("aa");
	g_ptr_array_add(entries, g_strdup("1|block|link|evil.com"));
	for (guint i = 2; i < 250; i++, g_string_append_c(phrase, 'a'))
		g_ptr_array_add(entries, g_strdup_printf("%u|note|phrase|%s", i, phrase->str));
	g_ptr_array_add(entries, NULL);
	g_autoptr(Lists) lists = rows_lists((const char *const *)entries->pdata, "");
	for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
		const gint64 small_us = examine_us(lists, patterns[i], 16 * 1024),
			     great_us = examine_us(lists, patterns[i], 128 * 1024);
		g_test_message("%s: %d and %d us", patterns[i], (int)small_us, (int)great_us);
		/* What is over at once says nothing. */
		g_assert_cmpint(great_us, <, 24 * MAX(small_us, 500));
	}
}

/* So many phrases that begin with each other cost no more than a few, beside their length. */
static void
test_nested(void)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) phrase = g_string_new(NULL);
	for (guint i = 1; i <= 200; i++) {
		g_string_append_c(phrase, 'a');
		g_ptr_array_add(entries, g_strdup_printf("%u|note|phrase|%s", i, phrase->str));
	}
	const char *const longest[] = {entries->pdata[198], entries->pdata[199], NULL};
	g_autoptr(Lists) few = rows_lists(longest, "");
	g_ptr_array_add(entries, NULL);
	g_autoptr(Lists) all = rows_lists((const char *const *)entries->pdata, "");
	const gint64 few_us = examine_us(few, "a", 32 * 1024), all_us = examine_us(all, "a", 32 * 1024);
	g_test_message("%d and %d us", (int)few_us, (int)all_us);
	g_assert_cmpint(all_us, <, 30 * few_us);
}

static void
test_no_lists(void)
{
	g_auto(Outcome) outcome = examine(NULL, CHECK_ON);
	g_autofree char *text = outcome_text(&outcome);
	g_assert_cmpstr(text, ==, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lists_check/each_type", test_each_type);
	g_test_add_func("/lists_check/verdicts", test_verdicts);
	g_test_add_func("/lists_check/tags", test_tags);
	g_test_add_func("/lists_check/typed_alone", test_typed_alone);
	g_test_add_func("/lists_check/evasions", test_evasions);
	g_test_add_func("/lists_check/everything_mailed", test_everything_mailed);
	g_test_add_func("/lists_check/many_addresses", test_many_addresses);
	g_test_add_func("/lists_check/linear", test_linear);
	g_test_add_func("/lists_check/nested", test_nested);
	g_test_add_func("/lists_check/no_lists", test_no_lists);
	return g_test_run();
}
