/*
 * The doctor's judgement: who answered a probe, and which causes the findings speak for. What it finds on real servers is the flow's and the fault tests' matter.
 */
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../conf/tree.h"
#include "cli/doctor_parts.h"
#include "cli/doctor_web.h"
#include "cli/prose.h"
#include "sekisho/base/text.h"

/* --- Who answered -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	guint status;
	const char *header, *value; /* one header, or NULL */
	const char *body;
	DoctorAnswerer answerer;
} answers[] = {
    {"gateway", 200, "sekisho-probe", "00", "{}", ANSWERED_GATEWAY},
    {"redirection", 301, "location", "https://example.jp/", "", ANSWERED_ELSEWHERE},
    {"redirection-nowhere", 304, NULL, NULL, "", ANSWERED_OTHER},
    {"plugin-refuses", 415, NULL, NULL, "{\"code\":\"wpcf7_unsupported_media_type\",\"data\":{\"status\":415}}", ANSWERED_PLUGIN},
    {"plugin-answers", 200, NULL, NULL, "{\"contact_form_id\":4,\"status\":\"validation_failed\"}", ANSWERED_PLUGIN},
    {"wordpress-rest", 404, NULL, NULL, "{\"code\":\"rest_no_route\",\"data\":{\"status\":404}}", ANSWERED_WORDPRESS},
    {"wordpress-page", 200, "link", "<https://example.jp/wp-json/>; rel=\"https://api.w.org/\"", "<!doctype html>",
	ANSWERED_WORDPRESS},
    {"wordpress-theme", 404, NULL, NULL, "<link href=\"/wp-content/themes/x/style.css\">", ANSWERED_WORDPRESS},
    {"busy-json", 200, "retry-after", "60", "{\"status\":\"mail_failed\",\"message\":\"x\"}", ANSWERED_BUSY},
    {"busy-page", 200, "retry-after", "60", "<!DOCTYPE html><title>x</title>", ANSWERED_BUSY},
    {"bad-gateway", 502, NULL, NULL, "<html>502 Bad Gateway</html>", ANSWERED_BUSY},
    {"unavailable", 503, NULL, NULL, "", ANSWERED_BUSY},
    {"wordpress-in-maintenance", 503, "retry-after", "600", "<link href=\"/wp-content/themes/x/style.css\">", ANSWERED_WORDPRESS},
    {"wordpress-rest-in-maintenance", 503, NULL, NULL, "{\"code\":\"wp_die\",\"data\":{\"status\":503}}", ANSWERED_WORDPRESS},
    {"timeout", 504, NULL, NULL, "", ANSWERED_BUSY},
    {"password", 401, NULL, NULL, "", ANSWERED_GUARD},
    {"forbidden", 403, NULL, NULL, "", ANSWERED_GUARD},
    {"missing", 404, NULL, NULL, "<h1>404</h1>", ANSWERED_NOTHING},
    {"static", 405, NULL, NULL, "<h1>405</h1>", ANSWERED_NOTHING},
    {"page", 200, NULL, NULL, "<h1>Welcome</h1>", ANSWERED_OTHER},
    {"json-list", 200, NULL, NULL, "[1,2]", ANSWERED_OTHER},
    {"json-of-wrong-types", 200, NULL, NULL, "{\"code\":7,\"status\":[]}", ANSWERED_OTHER},
    {"bytes", 200, NULL, NULL, "\xff{\x01", ANSWERED_OTHER},
};

static void
test_answerer(gconstpointer data)
{
	gsize row = GPOINTER_TO_SIZE(data);
	g_autoptr(ProbeAnswer) answer = g_new0(ProbeAnswer, 1);
	answer->problem = g_strdup("");
	answer->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->body = g_string_new(answers[row].body);
	answer->status = answers[row].status;
	if (answers[row].header)
		g_hash_table_insert(answer->headers, g_strdup(answers[row].header), g_strdup(answers[row].value));
	g_assert_cmpint(doctor_web_answerer(answer), ==, answers[row].answerer);
	answer->state = PROBE_NO_ANSWER;
	g_assert_cmpint(doctor_web_answerer(answer), ==, ANSWERED_NOBODY);
}

/* --- The proof -------------------------------------------------------------------------------------------------------------- */

static char *
proof_of(Vault *vault, const char *text)
{
	VaultHash hash;
	GString *digits = g_string_new(NULL);
	vault_hash(vault, VAULT_HASH_PROBE, text, strlen(text), &hash);
	text_append_hex(digits, hash.bytes, VAULT_HASH_BYTES);
	return g_string_free(digits, FALSE);
}

static void
test_proof(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("sekisho-XXXXXX", NULL);
	g_autofree char *keys = g_build_filename(folder, "keys", NULL);
	g_autofree char *other_keys = g_build_filename(folder, "other", NULL);
	g_assert_true(vault_create(keys, &error));
	g_assert_true(vault_create(other_keys, &error));
	g_autoptr(Vault) vault = vault_open(keys, VAULT_ADMIN, &error);
	g_autoptr(Vault) other = vault_open(other_keys, VAULT_ADMIN, &error);
	const Door door = {.route = "feedback", .site = "example.jp", .nonce = (char *)"00ff"};
	static const struct {
		const char *text;
		gboolean is_proved;
	} rows[] = {{"example.jp\nfeedback\n00ff", TRUE}, {"example.jp\nplain\n00ff", FALSE}, {"other.jp\nfeedback\n00ff", FALSE},
	    {"example.jp\nfeedback\n00fe", FALSE}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *proof = proof_of(vault, rows[i].text);
		g_autofree char *foreign = proof_of(other, rows[i].text);
		g_assert_cmpint(doctor_web_is_proved(vault, &door, "example.jp", proof), ==, rows[i].is_proved);
		g_assert_false(doctor_web_is_proved(vault, &door, "example.jp", foreign));
	}
	static const char *const junk[] = {
	    "", "00", "zz", "\xff\xff", "0000000000000000000000000000000000000000000000000000000000000000"};
	for (gsize i = 0; i < G_N_ELEMENTS(junk); i++)
		g_assert_false(doctor_web_is_proved(vault, &door, "example.jp", junk[i]));
	const char *const command[] = {"rm", "-rf", folder, NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

/* --- The causes ----------------------------------------------------------------------------------------------------------------- */

/* Which cause (1 to 6) a wrong finding of that code speaks for; 0: none. */
static const struct {
	const char *code;
	guint cause;
} codes[] = {
    {"smtp.sender_refused", 1},
    {"smtp.sender_unanswered", 1},
    {"smtp.recipient_refused", 1},
    {"smtp.tagged_refused", 1},
    {"domain.mx_missing", 1},
    {"domain.reverse_path_null", 1},
    {"site.visitor_sender", 2},
    {"smtp.login_refused", 3},
    {"smtp.no_login", 3},
    {"smtp.no_user", 3},
    {"smtp.no_password", 3},
    {"domain.spf_fail", 4},
    {"domain.dkim_none", 4},
    {"domain.dmarc_failed", 4},
    {"smtp.no_answer", 6},
    {"smtp.no_tls", 6},
    {"web.plugin", 6},
    {"web.busy", 6},
    {"gateway.silent", 6},
    {"courier.stuck", 6},
    {"queue.dead", 6},
    {"database.wrong", 6},
    {"keys.wrong", 6},
    {"site.unusable", 6},
    {"disk.low", 6},
    {"mail.refused", 6},
    {"clock.unset", 0},
    {"smtp.null_sender_refused", 0},
    {"smtp.certificate_ends", 0},
    {"web.no_page", 0},
    {"web.page_slash", 0},
    {"web.redirected", 6},
    {"web.redirected_harmless", 0},
    {"mail.nobody", 0},
    {"site.warning", 0},
    {"gateway.handed", 0},
    {"root.missing", 0},
    {"fuse.tripped", 0},
};

/* What stops the doctor before causes could be tried, and the states then. */
static const struct {
	const char *code;
	const char *states;
} stops[] = {
    {"smtp.no_name", "tstsph"},
    {"smtp.no_answer", "tstsph"},
    {"smtp.wrong_time", "tstsph"},
    {"smtp.login_refused", "tshsps"},
    {"smtp.no_password", "tshsps"},
    {"smtp.sender_refused", "hsssps"},
    {"site.unusable", "tsttph"},
};

/* The causes' states with one finding, as six letters: h(ere), p(ossible), not s(een), not t(ried). */
static char *
states(const char *code, DoctorVerdict verdict)
{
	DoctorFinding finding = {
	    .site = (char *)"", .part = (char *)"part", .verdict = verdict, .code = code, .what = (char *)"what"};
	g_autoptr(GPtrArray) findings = g_ptr_array_new();
	g_autoptr(GPtrArray) sites = g_ptr_array_new();
	Doctor doctor = {.findings = findings, .sites = sites};
	g_ptr_array_add(findings, &finding);
	g_autoptr(GPtrArray) causes = doctor_causes(&doctor);
	GString *letters = g_string_new(NULL);
	for (guint i = 0; i < causes->len; i++) {
		const char *state = ((const DoctorCause *)causes->pdata[i])->state;
		g_string_append_c(letters, state[g_str_has_prefix(state, "not ") ? strlen("not ") : 0]);
	}
	return g_string_free(letters, FALSE);
}

static void
test_causes(gconstpointer data)
{
	gsize row = GPOINTER_TO_SIZE(data);
	g_autofree char *wrong = states(codes[row].code, DOCTOR_WRONG);
	g_autofree char *noted = states(codes[row].code, DOCTOR_NOTE);
	g_autofree char *fine = states(codes[row].code, DOCTOR_FINE);
	g_autofree char *expected = g_strdup("ssssps");
	g_assert_cmpstr(fine, ==, expected);
	for (guint i = 0; i < strlen(wrong); i++)
		g_assert_true((wrong[i] == 'h') == (codes[row].cause == i + 1));
	if (codes[row].cause > 0)
		expected[codes[row].cause - 1] = 'p';
	g_assert_cmpstr(noted, ==, expected);
}

/* What an ordinary user may not look at, as notes, and the states then. */
static const struct {
	const char *code;
	const char *states;
} skips[] = {
    {"rights.untried", "ssssps"},
    {"keys.untried", "ssssps"},
    {"database.untried", "sssspt"},
    {"gateway.untried", "sssspt"},
    {"web.untried", "sssspt"},
    {"smtp.untried", "tstsps"},
    {"forms.untried", "stssps"},
    {"site.untried", "ttttpt"},
};

static void
test_skips(gconstpointer data)
{
	gsize row = GPOINTER_TO_SIZE(data);
	g_autofree char *found = states(skips[row].code, DOCTOR_NOTE);
	g_assert_cmpstr(found, ==, skips[row].states);
}

/* What decides is named, wherever it stands. */
static void
test_decisive(void)
{
	static const struct {
		const char *codes[3];
		DoctorVerdict verdicts[3];
		guint named;
	} rows[] = {
	    {{"domain.spf_fail", "domain.dkim_missing", "domain.dmarc_reject"}, {DOCTOR_WRONG, DOCTOR_WRONG, DOCTOR_WRONG}, 2},
	    {{"domain.dkim_missing", "domain.spf_missing", "domain.dmarc_quarantine"}, {DOCTOR_WRONG, DOCTOR_WRONG, DOCTOR_WRONG},
		2},
	    {{"domain.dkim_missing", "domain.spf_missing", "domain.spf_fail"}, {DOCTOR_WRONG, DOCTOR_WRONG, DOCTOR_WRONG}, 2},
	    {{"domain.dmarc_missing", "domain.dkim_none", "domain.spf_softfail"}, {DOCTOR_NOTE, DOCTOR_NOTE, DOCTOR_NOTE}, 2},
	    {{"domain.dmarc_missing", "domain.dkim_none", "domain.spf_pass"}, {DOCTOR_NOTE, DOCTOR_NOTE, DOCTOR_FINE}, 1},
	    {{"domain.spf_softfail", "domain.dkim_missing", "domain.dmarc_missing"}, {DOCTOR_NOTE, DOCTOR_WRONG, DOCTOR_NOTE}, 1},
	    {{"domain.spf_fail", "domain.spf_fail", "domain.dkim_missing"}, {DOCTOR_WRONG, DOCTOR_WRONG, DOCTOR_WRONG}, 0},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		DoctorFinding findings[3];
		g_autoptr(GPtrArray) list = g_ptr_array_new();
		g_autoptr(GPtrArray) sites = g_ptr_array_new();
		static const char *const whats[] = {"first", "second", "third"};
		Doctor doctor = {.findings = list, .sites = sites};
		for (guint k = 0; k < 3; k++) {
			findings[k] = (DoctorFinding){.site = (char *)"",
			    .part = (char *)"part",
			    .verdict = rows[i].verdicts[k],
			    .code = rows[i].codes[k],
			    .what = (char *)whats[k]};
			g_ptr_array_add(list, &findings[k]);
		}
		g_autoptr(GPtrArray) causes = doctor_causes(&doctor);
		g_assert_true(g_str_has_suffix(((const DoctorCause *)causes->pdata[3])->because, whats[rows[i].named]));
	}
}

/* --- An ordinary user -------------------------------------------------------------------------------------------------------- */

static void
expose(const char *tree, const char *path, mode_t mode)
{
	g_autofree char *file = tree_path(tree, path);
	g_assert_cmpint(chmod(file, mode), ==, 0);
}

/* Writes what `sekisho doctor` says to a user who has no rights here; ends the process. */
static void
examine_as_nobody(const char *configuration, const char *output)
{
	const char *arguments[] = {"sekisho", "--config", configuration, "doctor", "--json", NULL};
	CliConsole console = {.output = g_string_new(NULL), .complaint = g_string_new(NULL)};
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(99);
	int code = cli_run(arguments, &console);
	g_string_append(console.output, console.complaint->str);
	if (!g_file_set_contents(output, console.output->str, -1, NULL))
		_exit(98);
	_exit(code);
}

/* A tree that root owns: everybody reads the configuration, nobody keys, data and password. */
static char *
closed_tree(void)
{
	char *tree = tree_new();
	tree_write(tree, "sekisho.conf",
	    "[gateway]\nlisten = ./s.sock\ndata_directory = data\ncourier_directory = courier\nkey_directory = keys\n"
	    "dns_servers = 127.0.0.1:1\n[account main]\nhost = 127.0.0.1\nport = 1\nuser = u\npassword_file = password\n");
	static const char *const secrets[] = {"password", "keys/vault.key", "data/sekisho.db", "courier/ledger.db"};
	static const char *const open_folders[] = {
	    "", "sites", "sites/example.jp", "sites/example.jp/forms", "sites/example.jp/forms/contact"};
	static const char *const open_files[] = {"sekisho.conf", "sites/example.jp/site.conf",
	    "sites/example.jp/forms/contact/form.ini", "sites/example.jp/forms/contact/form.html"};
	for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
		tree_write(tree, secrets[i], "secret\n");
		expose(tree, secrets[i], 0600);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(open_folders); i++)
		expose(tree, open_folders[i], 0755);
	for (gsize i = 0; i < G_N_ELEMENTS(open_files); i++)
		expose(tree, open_files[i], 0644);
	return tree;
}

static void
test_ordinary_user(void)
{
	if (geteuid() != 0) {
		g_test_skip("only root can take its rights away");
		return;
	}
	char *tree = closed_tree();
	g_autofree char *configuration = tree_path(tree, "sekisho.conf"), *said = NULL;
	g_autofree char *folder = tree_path(tree, "out"), *output = tree_path(tree, "out/said");
	g_assert_cmpint(mkdir(folder, 0700), ==, 0);
	expose(tree, "out", 0777);
	pid_t child = fork();
	if (child == 0)
		examine_as_nobody(configuration, output);
	int status = -1;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 98);
	g_assert_true(g_file_get_contents(output, &said, NULL, NULL));
	const char *first = strstr(said, "\"what\": \"");
	g_assert_nonnull(first);
	if (!g_str_has_prefix(first,
		"\"what\": \"run as root (sudo): without it these are not tried: users, groups and rights, the keys, the way "
		"through the "
		"web server, the database and its queue, the ledger and its fuse, the login at the mail server\""))
		g_error("%s", said);
	static const char *const there[] = {"rights.untried", "keys.untried", "database.untried", "smtp.untried", "web.untried",
	    "Asked: 127.0.0.1:1 ([gateway] dns_servers)."};
	static const char *const absent[] = {
	    "keys.wrong", "database.wrong", "smtp.no_password", "site.configuration", "rights.wrong"};
	for (gsize i = 0; i < G_N_ELEMENTS(there); i++)
		if (!strstr(said, there[i]))
			g_error("%s is not in %s", there[i], said);
	for (gsize i = 0; i < G_N_ELEMENTS(absent); i++)
		if (strstr(said, absent[i]))
			g_error("%s is in %s", absent[i], said);
	tree_free(tree);
}

/* --- Prose --------------------------------------------------------------------------------------------------------------------- */

#define LONG_ADDRESS "https://www.example.jp/wp-json/contact-form-7/v1/contact-forms/1234567890/feedback?a=b"

static void
test_prose(void)
{
	static const struct {
		const char *text;
		const char *lines;
	} rows[] = {
	    {"at " LONG_ADDRESS " nobody answers", "- at\n  " LONG_ADDRESS "\n  nobody answers\n"},
	    {LONG_ADDRESS, "- " LONG_ADDRESS "\n"},
	    {"short words", "- short words\n"},
	    /* 39 characters of two cells are what fits beside the indent. */
	    {"ああああああああああああああああああああああああああああああああああああああああい",
		"- あああああああああああああああああああああああああああああああああああああああ\n  あい\n"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) output = g_string_new(NULL);
		prose_add(output, 2, "- ", rows[i].text);
		g_assert_cmpstr(output->str, ==, rows[i].lines);
	}
}

/* "Not seen" is said only of what was looked at. */
static void
test_stops(gconstpointer data)
{
	gsize row = GPOINTER_TO_SIZE(data);
	g_autofree char *found = states(stops[row].code, DOCTOR_WRONG);
	g_assert_cmpstr(found, ==, stops[row].states);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *path = g_strdup_printf("/doctor/answerer/%s", answers[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_answerer);
	}
	g_test_add_func("/doctor/proof", test_proof);
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autofree char *path = g_strdup_printf("/doctor/cause/%s", codes[i].code);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_causes);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++) {
		g_autofree char *path = g_strdup_printf("/doctor/stop/%s", stops[i].code);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_stops);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(skips); i++) {
		g_autofree char *path = g_strdup_printf("/doctor/skip/%s", skips[i].code);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_skips);
	}
	g_test_add_func("/doctor/what decides is named first", test_decisive);
	g_test_add_func("/doctor/an ordinary user is told what is not tried", test_ordinary_user);
	g_test_add_func("/doctor/an address is not broken", test_prose);
	return g_test_run();
}
