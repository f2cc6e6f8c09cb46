/*
 * The verbs of the gate but for lists: what is held, why, rehearsals and trials, over a real configuration, keys and databases.
 */
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "gate_house.h"
#include "sekisho/base/clock.h"

static void
test_usage(void)
{
	static const char *const wrong[] = {"list add", "list add block", "list add block ip", "list add ban ip 192.0.2.1",
	    "list add note ip 192.0.2.1", "list add note 0 ip 192.0.2.1", "list add block ip 192.0.2.300",
	    "list add block ip 192.0.2.1 192.0.2.2", "list add block ip 192.0.2.1 --for 3",
	    "list add block ip 192.0.2.1 --for 99999d", "list add block ip 192.0.2.1 --site example.jp --all-sites",
	    "list add block ip 192.0.2.1 --form 4", "list add block ip 192.0.2.1 --form example.jp/x", "list remove",
	    "list show --type nonsense", "list test", "list import", "list lint x", "list frobnicate", "list show --limit 0",
	    "held release", "held release A --block", "held discard A --allow", "held list A", "held discard A --block=name",
	    "held report --rejected", "held --since someday", "why", "why A B", "rehearse now", "rehearse --since 3", "try",
	    "try --site example.jp", "try --site example.jp --form 0", "try --site example.jp --form 4 --field x",
	    "try --site example.jp --form 4 --ip here", "list import x --format xml", "list import x --rehearse",
	    "list remove 1 --rehearse", "list --rehearse"};
	Gateway gateway = gateway_new();
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		gateway_assert(&gateway, wrong[i], EX_USAGE, "; see `sekisho ");
	gateway_assert(&gateway, "list add block ip 192.0.2.1 --site nowhere.jp", EX_NOINPUT, "nowhere.jp");
	gateway_assert(&gateway, "list add block ip 192.0.2.1 --form example.jp/5", EX_NOINPUT, "5");
	static const char *const helped[] = {
	    "--help", "list --help", "held --help", "why --help", "rehearse --help", "try --help"};
	for (gsize i = 0; i < G_N_ELEMENTS(helped); i++) {
		gateway_assert(&gateway, helped[i], EX_OK, "Usage:");
		g_auto(GStrv) lines = g_strsplit(gateway.output, "\n", -1);
		for (gsize line = 0; lines[line]; line++)
			g_assert_cmpint(g_utf8_strlen(lines[line], -1), <=, 80);
	}
	gateway_clear(&gateway);
}

/* --- held and why ------------------------------------------------------------------------------------------------------------ */

static void
test_held(void)
{
	Gateway gateway = gateway_new();
	gateway_assert(&gateway, "held", EX_OK, "nothing is held\n");
	gateway_assert(&gateway, "held --rejected", EX_OK, "nothing that was refused is kept\n");
	g_autofree char *held =
	    gateway_keep(&gateway, SUBMISSION_HELD, "よろしくお願いします。", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *rejected =
	    gateway_keep(&gateway, SUBMISSION_REJECTED, "よろしく。", gateway_evidence(FINDING_REJECT, 2));
	g_autofree char *accepted =
	    gateway_keep(&gateway, SUBMISSION_ACCEPTED, "こんにちは。", gateway_evidence(FINDING_PASS, 0));
	gateway_assert(&gateway, "held", EX_OK, held);
	assert_contains(gateway.output,
	    "\n    6 points, held at 5 points (sensitivity = normal); the heaviest: links: The\n    link to example.test");
	assert_contains(gateway.output, "Refused ones are kept, too: 1; `sekisho held --rejected` lists them.\n");
	g_assert_null(strchr(gateway.output, '\033'));
	g_assert_null(strstr(gateway.output, accepted));
	g_assert_null(strstr(gateway.output, rejected));
	gateway_assert(&gateway, "held list --rejected", EX_OK, "\n    lists: Entry 1 of the lists fits the address");
	assert_contains(gateway.output, rejected);
	g_assert_null(strstr(gateway.output, held));
	gateway_assert(&gateway, "held --json", EX_OK, "\"code\": \"brand\"");
	g_autofree char *show = g_strdup_printf("held show %s", held);
	gateway_assert(
	    &gateway, show, EX_OK, "\nGate\n  6 points   links      The link to example.test carries a brand in its path\n");
	assert_contains(gateway.output, "status      held\n");
	g_autofree char *release = g_strdup_printf("held release %s %s --allow", held, accepted);
	gateway_assert(&gateway, release, EX_DATAERR, accepted);
	assert_contains(
	    gateway.output, "is released, 1 mail is to be sent\n  visitor@example.com is allowed from now on for example.jp\n");
	gateway_assert(&gateway, "queue", EX_OK, "owner@example.jp");
	g_autofree char *discard = g_strdup_printf("held discard %s --block=network", rejected);
	gateway_assert(&gateway, discard, EX_OK, "is discarded\n  " GATEWAY_IP " is blocked from now on for example.jp\n");
	g_autofree char *again = g_strdup_printf("held release %s", held);
	gateway_assert(&gateway, again, EX_DATAERR, "");
	gateway_assert(&gateway, "list", EX_OK, "allow   address  visitor@example.com  example.jp");
	assert_contains(gateway.output, " を破棄した際に登録\n");
	gateway_assert(&gateway, "held", EX_OK, "nothing is held\n");
	g_assert_null(strstr(gateway.output, "Refused"));
	gateway_assert(
	    &gateway, "held report --since 1d", EX_OK, "SITE        STOPPED BY  HELD  REJECTED  RELEASED  DISCARDED  ALL\n");
	assert_contains(gateway.output, "example.jp  links       0     0         1         0          1\n");
	assert_contains(gateway.output, "example.jp  lists       0     0         0         1          1\n");
	gateway_assert(&gateway, "held report --json", EX_OK, "\"released\": 1");
	gateway_clear(&gateway);
}

/* Nobody would ever get it: nothing is changed, and what to mend is said. */
static void
test_release_to_nobody(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *held =
	    gateway_keep(&gateway, SUBMISSION_HELD, "よろしくお願いします。", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *release = g_strdup_printf("held release %s --allow", held);
	static const struct {
		const char *ini, *said;
		int code;
	} rows[] = {
	    {"[form]\nid = 4\n[settings]\nskip_mail = on\n", "skip_mail under [settings]", EX_DATAERR},
	    {"[form]\nid = 4\n[mail]\nrecipient = [your-email]\n", "write an address of your own", EX_CONFIG},
	    {"[form]\nid = 4\n[mail]\nrecipient = [dept]\n", "\"recipient\" under [mail]", EX_DATAERR},
	};
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.html",
	    "[text* your-name][email* your-email][text your-subject][textarea your-message]"
	    "[select dept \"a@example.jp\" \"b@example.jp\"]");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", rows[i].ini);
		gateway_assert(&gateway, release, rows[i].code, rows[i].said);
		g_assert_null(strstr(gateway.output, "allowed"));
	}
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n");
	gateway_assert(&gateway, "list", EX_OK, "the lists are empty\n");
	gateway_assert(&gateway, release, EX_OK, "is released, 1 mail is to be sent\n");
	gateway_clear(&gateway);
}

/* However many are refused, and however few are shown: what waits is seen, and how much more there is. */
static void
test_held_rest(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *oldest = gateway_keep(&gateway, SUBMISSION_HELD, "一つ目", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *middle = gateway_keep(&gateway, SUBMISSION_HELD, "二つ目", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *newest = gateway_keep(&gateway, SUBMISSION_HELD, "三つ目", gateway_evidence(FINDING_PASS, 6));
	for (guint i = 0; i < 3; i++)
		g_free(gateway_keep(&gateway, SUBMISSION_REJECTED, "よろしく。", gateway_evidence(FINDING_REJECT, 2)));
	gateway_assert(&gateway, "held --limit 1", EX_OK, newest);
	g_assert_null(strstr(gateway.output, oldest));
	assert_contains(gateway.output, "\n... and 2 more, the oldest of 20");
	assert_contains(gateway.output, "; --limit 3 shows them\nall\n");
	assert_contains(gateway.output, "Refused ones are kept, too: 3;");
	gateway_assert(&gateway, "held --limit 3 --site example.jp", EX_OK, oldest);
	assert_contains(gateway.output, middle);
	g_assert_null(strstr(gateway.output, "more"));
	gateway_assert(&gateway, "held --limit 1 --json", EX_OK, newest);
	g_assert_null(strstr(gateway.output, "more"));
	assert_contains(gateway.complaint, "... and 2 more, the oldest of 20");
	gateway_assert(&gateway, "held --rejected --limit 2", EX_OK, "\n... and 1 more, the oldest of 20");
	gateway_clear(&gateway);
}

/* What a person blocks with a discarded one. */
static void
test_discard(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *one = gateway_keep(&gateway, SUBMISSION_HELD, "一つ目", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *other = gateway_keep(&gateway, SUBMISSION_HELD, "二つ目", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *third = gateway_keep(&gateway, SUBMISSION_HELD, "三つ目", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *first = g_strdup_printf("held discard %s --block", one);
	gateway_assert(&gateway, first, EX_OK, "visitor@example.com is blocked from now on for example.jp\n");
	g_autofree char *second = g_strdup_printf("held discard --block fingerprint %s", other);
	gateway_assert(&gateway, second, EX_OK, "01234567-0123456789abcdef0123456789abcdef is blocked");
	assert_contains(gateway.output, "0 other submissions that the site accepted and keeps have this fingerprint;");
	g_autofree char *plain = g_strdup_printf("held discard %s", third);
	gateway_assert(&gateway, plain, EX_OK, "is discarded\n");
	gateway_assert(&gateway, "list --json", EX_OK, "\"type\": \"fingerprint\"");
	gateway_clear(&gateway);
}

static void
test_why(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *held =
	    gateway_keep(&gateway, SUBMISSION_HELD, "よろしくお願いします。", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *rejected =
	    gateway_keep(&gateway, SUBMISSION_REJECTED, "よろしく。", gateway_evidence(FINDING_REJECT, 2));
	g_autofree char *unasked = gateway_keep(&gateway, SUBMISSION_ACCEPTED, "こんにちは。", NULL);
	g_autofree char *why_held = g_strdup_printf("why %s", held);
	gateway_assert(&gateway, why_held, EX_OK, "  Without the 6 points of links (brand) it would have been let through.\n");
	assert_contains(gateway.output, "It has 6 points and is held at 5 points (sensitivity = normal); with");
	assert_contains(gateway.output, "sensitivity = low under [check], which holds at 8, it would have been let");
	g_autofree char *why_rejected = g_strdup_printf("why %.8s", rejected);
	gateway_assert(&gateway, why_rejected, EX_OK, "  Without what lists found (entry) it would have been let through.\n");
	assert_contains(gateway.output, "\n  reject     lists      Entry 1 of the lists");
	assert_contains(gateway.output, "\n  2 points   links      The link");
	/* What else the same visitor sent, newest first. */
	g_autofree char *accepted_line = g_strdup_printf("\n  from the same fingerprint: 2\n    %s  20", unasked);
	assert_contains(gateway.output, accepted_line);
	assert_contains(gateway.output, "  accepted\n");
	g_autofree char *held_line = g_strdup_printf("\n    %s  20", held);
	assert_contains(gateway.output, held_line);
	assert_contains(gateway.output, "  held\n");
	assert_contains(gateway.output, "\n  from the same network: 2\n");
	assert_contains(gateway.output, "\n  from the same IP address: 2\n");
	g_autofree char *why_unasked = g_strdup_printf("why %s", unasked);
	gateway_assert(&gateway, why_unasked, EX_OK, "The gate did not examine it.\n");
	g_autofree char *json = g_strdup_printf("why %s --json", rejected);
	gateway_assert(&gateway, json, EX_OK, "\"without_it\": \"pass\"");
	assert_contains(gateway.output, "\"others\": {");
	assert_contains(gateway.output, "\"count\": 2");
	assert_contains(gateway.output, held);
	assert_contains(gateway.output, "\"is_cleared\": false");
	/* What can be put on a list can be read everywhere. */
	static const char *const shown[] = {"why %s", "held show %s", "submissions show %s"};
	for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
		g_auto(GStrv) around = g_strsplit(shown[i], "%s", 2);
		g_autofree char *text = g_strconcat(around[0], rejected, NULL);
		g_autofree char *details = g_strconcat(text, " --json", NULL);
		gateway_assert(&gateway, text, EX_OK, "\nfingerprint 01234567-0123456789abcdef0123456789abcdef\n");
		gateway_assert(&gateway, details, EX_OK, "\"fingerprint\": \"01234567-0123456789abcdef0123456789abcdef\"");
	}
	gateway_assert(&gateway, "why ZZZZZZZZZZZZ", EX_NOINPUT, "There is no submission with that receipt");
	gateway_clear(&gateway);
}

/* What ended otherwise than it was decided at first, and what was noted and not enough. */
static void
test_why_let_through(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *noted = gateway_keep(&gateway, SUBMISSION_ACCEPTED, "一つ目", gateway_evidence(FINDING_PASS, 3));
	g_autofree char *cleared = gateway_keep(&gateway, SUBMISSION_ACCEPTED, "二つ目", gateway_evidence(FINDING_HOLD, 3));
	g_autofree char *clean = gateway_keep(&gateway, SUBMISSION_ACCEPTED, "三つ目", gateway_evidence(FINDING_PASS, 0));
	g_autofree char *why_noted = g_strdup_printf("why %s", noted);
	gateway_assert(&gateway, why_noted, EX_OK, "\ndecided     nothing stopped it: 3 of the 5 points that hold\n");
	g_autofree char *why_cleared = g_strdup_printf("why %s", cleared);
	gateway_assert(&gateway, why_cleared, EX_OK, "status      accepted: it was held until the captcha's service answered");
	assert_contains(gateway.output, "\ndecided     at first, lists: Entry 1");
	assert_contains(gateway.output, "the service took its token as good.\n");
	g_assert_null(strstr(gateway.output, "What would have changed"));
	g_autofree char *json = g_strdup_printf("why %s --json", cleared);
	gateway_assert(&gateway, json, EX_OK, "\"is_cleared\": true");
	g_autofree char *why_clean = g_strdup_printf("why %s", clean);
	gateway_assert(&gateway, why_clean, EX_OK, "\ndecided     nothing spoke against it\n");
	g_assert_null(strstr(gateway.output, "held until"));
	gateway_clear(&gateway);
}

/* What cannot be read is no rehearsal without findings. `tried` is the folder of other settings, which are spoiled. */
static void
assert_unreadable(Gateway *gateway, const char *tried)
{
	g_autofree char *json = g_strdup_printf("rehearse --config %s --json", tried);
	g_autofree char *line_only = g_strdup_printf("rehearse --config %s", tried);
	tree_write(gateway->tree, "tried/sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n[check]\nlists = banana\n");
	gateway_assert(gateway, line_only, EX_CONFIG, "form.ini:4: [check] lists: \"banana\"");
	g_assert_cmpstr(gateway->output, ==, "");
	tree_write(gateway->tree, "tried/sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n");
	tree_write(gateway->tree, "tried/sites/example.jp/site.conf", "[site]\nnonsense = 1\n");
	gateway_assert(gateway, json, EX_CONFIG, "site.conf:2: [site] nonsense");
	g_assert_cmpstr(gateway->output, ==, "");
	tree_write(gateway->tree, "tried/sekisho.conf", "[gateway]\nsites_directory = nowhere\n");
	gateway_assert(gateway, line_only, EX_NOINPUT, "nowhere");
}

/* --- rehearse and try --------------------------------------------------------------------------------------------------------- */

static void
test_rehearse(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *wave =
	    gateway_keep(&gateway, SUBMISSION_ACCEPTED, "激安ブランド品のご案内です。", gateway_evidence(FINDING_PASS, 0));
	g_autofree char *good =
	    gateway_keep(&gateway, SUBMISSION_HELD, "激安という言葉が気になりました。", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *held =
	    gateway_keep(&gateway, SUBMISSION_HELD, "営業時間を教えてください。", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *release = g_strdup_printf("held release %s", good);
	gateway_assert(&gateway, release, EX_OK, "is released");
	gateway_assert(&gateway, "list add block phrase 激安 --rehearse", EX_OK, "Came through, and would be stopped: 1\n");
	assert_contains(gateway.output, "Would be stopped, though a person released them: 1\n");
	assert_contains(gateway.output, wave);
	assert_contains(gateway.output, good);
	assert_contains(gateway.output, "refused   let through\n");
	/* With or without that entry the links of the held one are not there any more: it says nothing of it. */
	g_assert_null(strstr(gateway.output, held));
	assert_contains(gateway.output, "3 submissions examined, 2 would have another end.\n");
	gateway_assert(&gateway, "list", EX_OK, "the lists are empty\n");
	gateway_assert(&gateway, "list add block phrase 激安 --rehearse --json", EX_OK, "\"would_stop\": [\n");
	/* As the settings are now, nothing stops the held one. */
	gateway_assert(&gateway, "rehearse", EX_OK, "Were stopped, and would come through: 1\n");
	assert_contains(gateway.output, held);
	/* Other settings, beside the real ones: there the entry counts for nothing, and the settings of now do not. */
	gateway_run(&gateway, "list add block phrase 激安");
	gateway_assert(&gateway, "rehearse", EX_OK, "Came through, and would be stopped: 1\n");
	g_autofree char *conf = g_strconcat(tree_site_conf, "[check]\nlists = off\n", NULL);
	tree_write(gateway.tree, "tried/sekisho.conf",
	    "[gateway]\ndata_directory = elsewhere\n[account main]\nhost = smtp.example.jp\n");
	tree_write(gateway.tree, "tried/sites/example.jp/site.conf", conf);
	tree_write(gateway.tree, "tried/sites/example.jp/forms/contact/form.ini", "[form]\nid = 4\n");
	tree_write(gateway.tree, "tried/sites/example.jp/forms/contact/form.html",
	    "[text* your-name][email* your-email][text your-subject][textarea your-message]");
	g_autofree char *tried = tree_path(gateway.tree, "tried");
	g_autofree char *line = g_strdup_printf("rehearse --config %s --site example.jp --since 1d", tried);
	/* The entry stops the accepted and the released one now; the held one comes through with both, so it is not the doing of what is tried. */
	gateway_assert(&gateway, line, EX_OK, "3 submissions examined, 2 would have another end");
	assert_contains(gateway.output, "Came through, would be stopped as it is now, and would come through: 2\n");
	assert_contains(gateway.output, "/tried/sites\n");
	g_assert_true(g_str_has_prefix(gateway.output, "Settings tried: "));
	g_assert_null(strstr(gateway.output, held));
	/* Another main file with the sites in use tries nothing. */
	tree_write(gateway.tree, "live.conf", "[gateway]\nsites_directory = sites\n[account main]\nhost = smtp.example.jp\n");
	g_autofree char *live = tree_path(gateway.tree, "live.conf");
	g_autofree char *line_live = g_strdup_printf("rehearse --config %s", live);
	gateway_assert(&gateway, line_live, EX_USAGE, "names the sites that are in use");
	gateway_assert(&gateway, "rehearse --config /nonexistent", EX_NOINPUT, "/nonexistent");
	assert_unreadable(&gateway, tried);
	clock_set_offset_us(2 * G_TIME_SPAN_DAY);
	gateway_assert(&gateway, "rehearse --since 1d", EX_OK, "0 submissions examined");
	gateway_clear(&gateway);
}

/* Held is not refused: whoever writes a block for what is held sees what it would change. */
static void
test_rehearse_otherwise(void)
{
	Gateway gateway = gateway_new();
	g_autofree char *held = gateway_keep(&gateway, SUBMISSION_HELD, "激安のご案内", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *good = gateway_keep(&gateway, SUBMISSION_HELD, "激安とありましたが", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *thrown = gateway_keep(&gateway, SUBMISSION_HELD, "激安です", gateway_evidence(FINDING_PASS, 6));
	g_autofree char *refused = gateway_keep(&gateway, SUBMISSION_REJECTED, "激安", gateway_evidence(FINDING_REJECT, 0));
	g_autofree char *release = g_strdup_printf("held release %s", good);
	g_autofree char *discard = g_strdup_printf("held discard %s", thrown);
	gateway_assert(&gateway, release, EX_OK, "is released");
	gateway_assert(&gateway, discard, EX_OK, "is discarded");
	gateway_assert(&gateway, "list add hold phrase 激安", EX_OK, "entry ");
	/* As it is now the entry holds all of them: the released one is hit, the refused one ends otherwise. */
	gateway_assert(&gateway, "rehearse", EX_OK, "Would be stopped, though a person released them: 1\n");
	assert_contains(gateway.output, "Were stopped, and would be stopped in another way: 1\n");
	assert_contains(gateway.output, refused);
	g_assert_null(strstr(gateway.output, held));
	/* With the block the one that is held would be refused, and so would the thrown and the released ones. */
	gateway_assert(&gateway, "list add block phrase 激安 --rehearse", EX_OK, "in another way: 3\n");
	assert_contains(gateway.output, "Would be stopped, though a person released them: 1\n");
	assert_contains(gateway.output, held);
	assert_contains(gateway.output, thrown);
	assert_contains(gateway.output, good);
	/* The refused one would be held as it is now, so that it would be refused is the block's doing. */
	assert_contains(gateway.output, refused);
	assert_contains(gateway.output, "4 submissions examined, 4 would have another end.\n");
	gateway_assert(&gateway, "list add block phrase 激安 --rehearse --json", EX_OK, "\"would_stop_otherwise\": [\n");
	gateway_clear(&gateway);
}

static void
test_try(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add block ip 192.0.2.44");
	gateway_run(&gateway, "list add hold phrase 激安");
	gateway_assert(&gateway,
	    "try --site example.jp --form 4 --field your-name=山田太郎 --field your-message=営業時間を教えてください。", EX_OK,
	    "Verdict: let through\n");
	assert_contains(gateway.output, "Everything is filled in as the form wants it.\n");
	/* Each check has its line, and says why it did not look. */
	static const char *const steps[] = {"\n  duplicates on       not asked: a trial repeats",
	    "\n  lists      on       nothing\n", "\n  contract   on       nothing\n",
	    "\n  trap       on       not asked: a trial opens", "\n  honeypot   on       nothing\n",
	    "\n  shape      on       nothing\n", "\n  links      on       nothing\n",
	    "\n  sender     on       not asked: the DNS",
	    "\n  rate       on       nothing: ", "there is room for\n                      one more\n",
	    "\n  captcha    on       not asked: service = none"};
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
		assert_contains(gateway.output, steps[i]);
	gateway_assert(&gateway, "try --site example.jp --form 4 --ip 192.0.2.44", EX_OK, "Verdict: refused\n");
	assert_contains(gateway.output, "\n  lists      on       reject: It comes from 192.0.2.44");
	assert_contains(gateway.output, "\n  shape      on       not asked: it is refused already\n");
	assert_contains(gateway.output, "\n  rate       on       not asked: it is refused already\n");
	gateway_assert(&gateway, "try --site example.jp --form 4 --field your-message=激安です", EX_OK, "Verdict: held\n");
	assert_contains(gateway.output, "\n  lists      on       hold: It says");
	gateway_run(&gateway, "list add allow ip 192.0.2.45");
	gateway_assert(&gateway, "try --site example.jp --form 4 --ip 192.0.2.45", EX_OK,
	    "\n  links      on       not asked: an entry of the lists allows it\n");
	gateway_run(&gateway, "list add block ip 192.0.2.46");
	gateway_assert(&gateway, "try --site example.jp --form 4 --field your-email=a@gmial.com", EX_OK,
	    "a@gmail.com is meant in the field your-email\n");
	assert_contains(gateway.output, "Verdict: asked about the address first; sent again it would be let through\n");
	assert_contains(gateway.output, "What the visitor would read first\n");
	assert_contains(gateway.output, "    | your-email: ");
	assert_contains(gateway.output, "What the visitor would read when it is sent again\n");
	g_assert_null(strstr(gateway.output, "\\x0A"));
	gateway_assert(&gateway, "try --site example.jp --form 4 --field your-email=x", EX_OK, "but it would not come so far");
	gateway_assert(&gateway, "try --site example.jp --form 4 --json", EX_OK, "\"answer\": ");
	assert_contains(gateway.output, "\"mode\": \"on\"");
	g_assert_null(strstr(gateway.output, "remark:"));
	gateway_assert(
	    &gateway, "try --site example.jp --form 4 --field nothere=1", EX_OK, "remark: the form has no field nothere");
	gateway_assert(&gateway, "submissions", EX_OK, "no submissions\n");
	gateway_clear(&gateway);
}

static void
test_form_show(void)
{
	Gateway gateway = gateway_new();
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini",
	    "[form]\nid = 4\n[check]\nlinks = dry-run\nhoneypot_fields =\n[links]\nmaximum = 9\n");
	gateway_assert(&gateway, "form show example.jp 4", EX_OK, "\nGate\n  check     duplicates on, lists on, ");
	assert_contains(gateway.output, "links dry-run (form.ini), ");
	assert_contains(gateway.output, "honeypot_fields - (form.ini)");
	assert_contains(gateway.output, "\n  trap      minimum_age 3s\n  links     maximum 9 (form.ini)\n  sender    -\n");
	gateway_assert(&gateway, "form show example.jp 4 --json", EX_OK, "\"key\": \"honeypot_fields\"");
	gateway_clear(&gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gate/a wrong command line ends with 64", test_usage);
	g_test_add_func("/gate/held lists, releases, discards and reports", test_held);
	g_test_add_func("/gate/held release wants somebody who gets it", test_release_to_nobody);
	g_test_add_func("/gate/held says what it does not show", test_held_rest);
	g_test_add_func("/gate/held discard blocks what is asked for", test_discard);
	g_test_add_func("/gate/why says what would have changed the outcome", test_why);
	g_test_add_func("/gate/why says what ended otherwise", test_why_let_through);
	g_test_add_func("/gate/rehearse changes nothing and says what would be other", test_rehearse);
	g_test_add_func("/gate/rehearse tells held from refused", test_rehearse_otherwise);
	g_test_add_func("/gate/form show says what the gate does", test_form_show);
	g_test_add_func("/gate/try goes through every step", test_try);
	return g_test_run();
}
