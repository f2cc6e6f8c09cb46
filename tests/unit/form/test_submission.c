/*
 * Submissions: shaping (contract 3.4), bytes and back.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/packed.h"

/* "name=value name=[a,b]" */
static char *
describe(const Submission *submission)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		g_autofree char *values = g_strjoinv(",", field->values);

		g_string_append_printf(text, field->is_array ? "%s%s=[%s]" : "%s%s=%s", i > 0 ? " " : "", field->name, values);
	}
	return g_string_free(text, FALSE);
}

static void
check_shape(const Form *form, Posted *posted, const char *expected)
{
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	g_autofree char *text = describe(submission);

	g_assert_cmpstr(text, ==, expected);
}

static void
test_shape(void)
{
	g_autoptr(Form) form =
	    fixture_form("[text n][acceptance a][textarea m][submit][acceptance a2 optional]x[/acceptance][hidden h]");

	check_shape(form, posted_new(), "n= a=[] m= a2=[] h=");
	check_shape(form, fixture_posted("m", "M", "extra", "zz", "a", "1", "_hidden", "q", "h", "tampered", NULL),
	    "m=M extra=zz a=[1] h=tampered n= a2=[]");
	check_shape(form, fixture_posted("a[]", "1", "a[]", "", "a2", "", NULL), "a=[1,] a2=[] n= m= h=");
}

static void
test_v09_v10_v36(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	const char with_nul[] = "x\0y \\0z";
	g_autoptr(GBytes) name = g_bytes_new_static("n", 1);
	g_autoptr(GBytes) value = g_bytes_new_static(with_nul, sizeof with_nul - 1);
	Posted *posted = posted_new();

	g_assert_true(posted_add(posted, name, value, NULL));
	check_shape(form, posted, "n=xy z");
	check_shape(form, fixture_posted("n[]", "a", "n[]", "b", NULL), "n=[a,b]");
	check_shape(form, fixture_posted("n x", "v", "n[", "w", "n[a][b]", "q", "__n", "h", NULL), "n_x=v n_=w n=[q]");
}

static void
test_a07(void)
{
	g_autoptr(Form) form = fixture_form("[acceptance a optional consent_for:storage]ok[/acceptance]");
	g_autoptr(Submission) refused = fixture_submission(form, posted_new());
	g_autoptr(Submission) zero = fixture_submission(form, fixture_posted("a", "0", NULL));
	g_autoptr(Submission) given = fixture_submission(form, fixture_posted("a", "1", NULL));
	FormSource *source = fixture_source("[text n]");
	g_autoptr(Form) brief = NULL;

	g_assert_true(submission_is_stored_briefly(form, refused));
	g_assert_true(submission_is_stored_briefly(form, zero));
	g_assert_false(submission_is_stored_briefly(form, given));
	g_free(source->additional_settings);
	source->additional_settings = g_strdup("do_not_store: true");
	brief = fixture_compile(source);
	g_assert_true(submission_is_stored_briefly(brief, given));
}

static Submission *
sample(const Form *form)
{
	return fixture_submission(
	    form, fixture_posted("n", "山田\r\n太郎", "a", "1", "x[k][]", "deep", "_wpcf7_unit_tag", "u", NULL));
}

static void
test_bytes(void)
{
	g_autoptr(Form) form = fixture_form("[text n][acceptance a]ok[/acceptance]");
	g_autoptr(Submission) before = sample(form);
	g_autoptr(GBytes) bytes = submission_to_bytes(before);
	g_autoptr(GError) error = NULL;
	g_autoptr(Submission) after = submission_from_bytes(before->receipt, before->site, before->form_id, bytes, &error);
	g_autofree char *fields_before = describe(before), *fields_after = NULL;
	g_autoptr(GBytes) again = NULL;

	g_assert_no_error(error);
	fields_after = describe(after);
	g_assert_cmpstr(fields_after, ==, fields_before);
	g_assert_cmpstr(after->receipt, ==, "0123456789AB");
	g_assert_cmpstr(after->site, ==, "example.test");
	g_assert_cmpuint(after->form_id, ==, 4);
	g_assert_cmpstr(after->client->remote_ip, ==, "127.0.0.1");
	g_assert_cmpuint(after->client->remote_port, ==, 54321);
	g_assert_cmpstr(after->client->url, ==, before->client->url);
	g_assert_cmpint(after->client->received_at_us, ==, FIXTURE_TIME_US);
	g_assert_cmpuint(after->client->container_post, ==, 2);
	g_assert_cmpstr(posted_text(after->posted, "_wpcf7_unit_tag"), ==, "u");
	again = submission_to_bytes(after);
	g_assert_true(g_bytes_equal(bytes, again));
}

/* Up to `most` bytes, of those that somebody treats in a special way and, without `is_text`, of any. The caller's. */
static GBytes *
random_bytes(gsize most, gboolean is_text)
{
	static const char *const special[] = {"\x7f", "\t", "\n", "\r", "\x1f", "\v", "[", "]", "[]", "\\0", "\\", ".", "_", " ",
	    "0", "-1", "9", "山", "\xc2\x85", "\xef\xbb\xbf", "\xf0\x9f\x98\x80", "a", "n", "z"};
	GByteArray *bytes = g_byte_array_new();
	const gsize size = (gsize)g_test_rand_int_range(0, (gint32)most + 1);

	while (bytes->len < size) {
		const char *piece = special[g_test_rand_int_range(0, G_N_ELEMENTS(special))];
		const guint8 any = (guint8)g_test_rand_int_range(0, 256);

		if (is_text || g_test_rand_int_range(0, 8) > 0)
			g_byte_array_append(bytes, (const guint8 *)piece, (guint)strlen(piece));
		else
			g_byte_array_append(bytes, &any, 1);
	}
	return g_byte_array_free_to_bytes(bytes);
}

/* What may stand in a fact about the client: what text_clean and text_first_line leave. The caller's. */
static char *
random_fact(void)
{
	g_autoptr(GBytes) bytes = random_bytes(20, g_test_rand_bit());
	g_autofree char *clean = text_clean(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	return text_first_line(clean);
}

static Submission *
random_submission(const Form *form)
{
	Posted *posted = posted_new();
	ClientFacts *client = client_facts_new();
	char **const facts[] = {&client->remote_ip, &client->user_agent, &client->url, &client->unit_tag};

	for (gint32 i = g_test_rand_int_range(0, 10); i > 0; i--) {
		g_autoptr(GBytes) name = random_bytes(12, g_test_rand_bit());
		g_autoptr(GBytes) value = random_bytes(30, g_test_rand_bit());

		g_assert_true(posted_add(posted, name, value, NULL));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
		g_free(*facts[i]);
		*facts[i] = random_fact();
	}
	client->remote_port = (guint16)g_test_rand_int_range(0, 65536);
	client->container_post = (guint64)(guint32)g_test_rand_int() << 32;
	client->received_at_us = -g_test_rand_int();
	return submission_new(form, "0123456789AB", posted, NULL, client);
}

/* What was acknowledged can be opened: whatever a stranger sends, from_bytes takes what to_bytes gave, and it is the same. */
static void
test_random_texts(void)
{
	g_autoptr(Form) form = fixture_form("[text n][acceptance a]ok[/acceptance][textarea z]");

	for (int i = 0; i < 2000; i++) {
		g_autoptr(Submission) before = random_submission(form);
		g_autoptr(GBytes) bytes = submission_to_bytes(before);
		g_autoptr(GError) error = NULL;
		g_autoptr(Submission) after = submission_from_bytes("0123456789AB", "s", 4, bytes, &error);

		g_assert_no_error(error);
		g_autoptr(GBytes) again = submission_to_bytes(after);
		g_autofree char *fields_before = describe(before), *fields_after = describe(after);
		g_assert_true(g_bytes_equal(bytes, again));
		g_assert_cmpstr(fields_after, ==, fields_before);
		g_assert_cmpstr(after->client->remote_ip, ==, before->client->remote_ip);
		g_assert_cmpstr(after->client->user_agent, ==, before->client->user_agent);
		g_assert_cmpstr(after->client->url, ==, before->client->url);
		g_assert_cmpstr(after->client->unit_tag, ==, before->client->unit_tag);
	}
}

static void
expect_refused(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Submission) submission = submission_from_bytes("0123456789AB", "s", 1, bytes, &error);

	g_assert_null(submission);
	g_assert_error(error, FORM_ERROR, FORM_ERROR_TEMPLATE);
}

/* Whatever stands there, from_bytes gives a submission that can be used, or an error. */
static void
try_bytes(const Form *form, const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Submission) submission = submission_from_bytes("0123456789AB", "s", 1, bytes, &error);

	g_assert_true((submission == NULL) == (error != NULL));
	if (submission == NULL)
		return;
	g_autofree char *text =
	    fixture_replace(form, submission, "[n] [_raw_n] [x] [a] [_remote_ip] [_url] [_user_agent] [_date]");
	g_assert_true(g_utf8_validate(text, -1, NULL));
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];

		g_assert_true(field->is_array || (field->values[0] != NULL && field->values[1] == NULL));
	}
}

static void
test_foreign_bytes(void)
{
	g_autoptr(Form) form = fixture_form("[text n][acceptance a]ok[/acceptance]");
	g_autoptr(Submission) submission = sample(form);
	g_autoptr(GBytes) bytes = submission_to_bytes(submission);
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	g_autofree guint8 *copy = NULL;

	expect_refused((const guint8 *)"", 0);
	expect_refused((const guint8 *)"nonsense", 8);
	expect_refused(data, size - 1);
	for (gsize cut = 0; cut < size; cut++)
		try_bytes(form, data, cut);
	copy = g_memdup2(data, size);
	copy[0]++;
	expect_refused(copy, size);
	copy[0]--;
	guint8 *agent = memmem(copy, size, "Mozilla", strlen("Mozilla"));
	g_assert_nonnull(agent);
	*agent = 0xff;
	expect_refused(copy, size);
	*agent = 'M';
	for (gsize i = 0; i < size; i++) {
		for (guint bit = 0; bit < 8; bit++) {
			copy[i] ^= (guint8)(1u << bit);
			try_bytes(form, copy, size);
			copy[i] ^= (guint8)(1u << bit);
		}
	}
}

typedef struct {
	gint64 version;
	const char *user_agent, *field;
	gboolean is_array;
	guint count;
	guint file_count;
	gsize key_bytes;
	gboolean is_good;
} CraftedBytes;

/* Bytes of the right shape with one thing in them that a submission cannot hold. */
static GBytes *
crafted(const CraftedBytes *with)
{
	GString *packed = g_string_new(NULL);
	g_autofree char *digits = g_strnfill(2 * with->key_bytes, 'a');

	packed_add_number(packed, 'v', with->version);
	for (const char *const *fact = (const char *const[]){"", "0", with->user_agent, "", "", "0", "0", NULL}; *fact != NULL;
	     fact++)
		packed_add(packed, 'c', *fact);
	/* Canary, fingerprint, whether it is unchecked: each came with a version. */
	if (with->version >= 4)
		packed_add(packed, 'c', "canary");
	if (with->version >= 5) {
		packed_add(packed, 'c', "fingerprint");
		packed_add_number(packed, 'c', 1);
	}
	packed_add(packed, '[', "");
	packed_add(packed, ']', "");
	for (guint i = 0; i < with->count; i++) {
		g_autofree char *name = i == 0 ? g_strdup(with->field) : g_strdup_printf("%s%u", with->field, i);

		packed_add(packed, 'f', name);
		packed_add_number(packed, 'c', with->is_array);
	}
	for (guint i = 0; i < with->file_count; i++) {
		packed_add(packed, 'u', "f");
		for (const char *const *fact = (const char *const[]){"a.pdf", "a.pdf", "spool", "digest", "1", NULL};
		     *fact != NULL; fact++)
			packed_add(packed, 'c', *fact);
		packed_add(packed, 's', digits);
	}
	return g_string_free_to_bytes(packed);
}

static void
test_crafted_bytes(void)
{
	static const CraftedBytes cases[] = {
	    {3, "agent", "f", TRUE, 2, 0, 0, TRUE},
	    {3, "a\x7f-\t", "f", TRUE, 1, 0, 0, TRUE},
	    {3, "a\r\nb", "f", TRUE, 1, 0, 0, FALSE},
	    {3, "a\x1f", "f", TRUE, 1, 0, 0, FALSE},
	    {3, "agent", "", TRUE, 1, 0, 0, FALSE},
	    {3, "agent", "_f", TRUE, 1, 0, 0, FALSE},
	    {3, "agent", "f", FALSE, 1, 0, 0, FALSE},
	    {3, "agent", "f", TRUE, LIMIT_FIELDS + LIMIT_FORM_TAGS + 1, 0, 0, FALSE},
	    {3, "agent", "f", TRUE, 1, LIMIT_FILES, SUBMISSION_FILE_KEY_BYTES, TRUE},
	    {3, "agent", "f", TRUE, 1, LIMIT_FILES + 1, SUBMISSION_FILE_KEY_BYTES, FALSE},
	    {3, "agent", "f", TRUE, 1, 1, SUBMISSION_FILE_KEY_BYTES - 1, FALSE},
	    {2, "agent", "f", TRUE, 1, 0, 0, FALSE},
	    {4, "agent", "f", TRUE, 2, 1, SUBMISSION_FILE_KEY_BYTES, TRUE},
	    {5, "agent", "f", TRUE, 2, 1, SUBMISSION_FILE_KEY_BYTES, TRUE},
	    {6, "agent", "f", TRUE, 2, 1, SUBMISSION_FILE_KEY_BYTES, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) bytes = crafted(&cases[i]);
		g_autoptr(Submission) submission = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);

		g_assert_cmpint(submission != NULL, ==, cases[i].is_good);
	}
}

/* The token of a canary is kept; a row from before there were any has none, and one that is too long or not a line is none of ours. */
static void
test_canary(void)
{
	g_autofree char *longest = g_strnfill(LIMIT_CANARY_BYTES, 'a'), *longer = g_strnfill(LIMIT_CANARY_BYTES + 1, 'a');
	const struct {
		const char *canary;
		gboolean is_good;
	} cases[] = {{"", TRUE}, {"AbC-_123", TRUE}, {longest, TRUE}, {longer, FALSE}, {"a\nb", FALSE}};
	g_autoptr(Form) form = fixture_form("[text n]");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		ClientFacts *client = client_facts_new();
		g_free(client->canary);
		client->canary = g_strdup(cases[i].canary);
		g_autoptr(Submission) submission =
		    submission_new(form, "0123456789AB", fixture_posted("n", "x", NULL), NULL, client);
		g_autoptr(GBytes) bytes = submission_to_bytes(submission);
		g_autoptr(Submission) again = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
		g_assert_cmpint(again != NULL, ==, cases[i].is_good);
		if (again != NULL)
			g_assert_cmpstr(again->client->canary, ==, cases[i].canary);
	}
	static const CraftedBytes older = {3, "agent", "f", TRUE, 1, 0, 0, TRUE};
	g_autoptr(GBytes) bytes = crafted(&older);
	g_autoptr(Submission) again = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
	g_assert_cmpstr(again->client->canary, ==, "");
	g_assert_cmpstr(again->client->user_agent, ==, "agent");
}

/* What the gate made of it is kept with it; a row from before there was a gate has nothing of that. */
static void
test_gate_facts(void)
{
	static const struct {
		const char *fingerprint, *evidence;
		gboolean is_unchecked, is_good;
	} cases[] = {
	    {"", NULL, FALSE, TRUE},
	    {"01234567-00ff 89abcdef-11ee", "[{\"check\":\"links\"}]", FALSE, TRUE},
	    {"01234567-00ff", "", TRUE, TRUE},
	    {"", "二行\nの証拠", TRUE, TRUE},
	    {"a\nb", NULL, FALSE, FALSE},
	};
	g_autoptr(Form) form = fixture_form("[text n]");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		ClientFacts *client = client_facts_new();
		g_free(client->fingerprint);
		client->fingerprint = g_strdup(cases[i].fingerprint);
		g_autoptr(Submission) submission =
		    submission_new(form, "0123456789AB", fixture_posted("n", "x", NULL), NULL, client);
		submission->evidence = g_strdup(cases[i].evidence);
		submission->is_unchecked = cases[i].is_unchecked;
		g_autoptr(GBytes) bytes = submission_to_bytes(submission);
		g_autoptr(Submission) again = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
		g_assert_cmpint(again != NULL, ==, cases[i].is_good);
		if (again == NULL)
			continue;
		g_assert_cmpstr(again->client->fingerprint, ==, cases[i].fingerprint);
		g_assert_cmpstr(again->evidence, ==, cases[i].evidence);
		g_assert_cmpint(again->is_unchecked, ==, cases[i].is_unchecked);
	}
	for (gint64 version = 3; version <= 5; version++) {
		const CraftedBytes row = {version, "agent", "f", TRUE, 1, 0, 0, TRUE};
		g_autoptr(GBytes) bytes = crafted(&row);
		g_autoptr(Submission) again = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
		g_assert_cmpstr(again->client->canary, ==, version >= 4 ? "canary" : "");
		g_assert_cmpstr(again->client->fingerprint, ==, version >= 5 ? "fingerprint" : "");
		g_assert_cmpint(again->is_unchecked, ==, version >= 5);
		g_assert_null(again->evidence);
	}
}

/* `fields` records of one name, each with `values` values. */
static Submission *
repeated(guint fields, guint values)
{
	static const CraftedBytes none = {3, "agent", "f", TRUE, 0, 0, 0, TRUE};
	g_autoptr(GBytes) start = crafted(&none);
	GString *packed = g_string_new_len(g_bytes_get_data(start, NULL), (gssize)g_bytes_get_size(start));

	for (guint i = 0; i < fields; i++) {
		packed_add(packed, 'f', "f");
		packed_add_number(packed, 'c', 1);
		for (guint k = 0; k < values; k++)
			packed_add(packed, 'x', "v");
	}
	g_autoptr(GBytes) bytes = g_string_free_to_bytes(packed);
	return submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
}

static void
test_repeated_bytes(void)
{
	static const struct {
		guint fields, values;
		gboolean is_good;
	} cases[] = {
	    {LIMIT_FIELDS + LIMIT_FORM_TAGS, 1, TRUE},
	    {LIMIT_FIELDS + LIMIT_FORM_TAGS + 1, 1, FALSE},
	    {1, LIMIT_FIELD_ENTRIES, TRUE},
	    {1, LIMIT_FIELD_ENTRIES + 1, FALSE},
	    {2, LIMIT_FIELD_ENTRIES / 2 + 1, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Submission) submission = repeated(cases[i].fields, cases[i].values);

		g_assert_cmpint(submission != NULL, ==, cases[i].is_good);
	}
}

static void
test_files(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	GPtrArray *files = submission_files_new();
	const SubmissionFileState states[] = {FILE_KEPT, FILE_TOO_LARGE};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		SubmissionFile *file = submission_file_new();
		g_free(file->name);
		file->name = g_strdup("見積-書1.pdf");
		file->state = states[i];
		file->size_bytes = 1025;
		memset(file->key, 7, sizeof file->key);
		g_ptr_array_add(files, file);
	}
	g_autoptr(Submission) submission = submission_new(form, "0123456789AB", posted_new(), files, client_facts_new());
	g_autoptr(GBytes) bytes = submission_to_bytes(submission);
	g_autoptr(Submission) read = submission_from_bytes("0123456789AB", "s", 1, bytes, NULL);
	g_assert_nonnull(read);
	g_assert_cmpuint(read->files->len, ==, 1);
	const SubmissionFile *kept = read->files->pdata[0];
	g_assert_cmpstr(kept->name, ==, "見積-書1.pdf");
	g_assert_cmpuint(kept->size_bytes, ==, 1025);
	g_assert_cmpmem(kept->key, sizeof kept->key, ((SubmissionFile *)files->pdata[0])->key, sizeof kept->key);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/submission/V11 the shape of contract 3.4", test_shape);
	g_test_add_func("/submission/V09 V10 V36 values and names as PHP has them", test_v09_v10_v36);
	g_test_add_func("/submission/A07 storage needs its consent", test_a07);
	g_test_add_func("/submission/bytes and back", test_bytes);
	g_test_add_func("/submission/files that were kept, and no others, come back", test_files);
	g_test_add_func("/submission/whatever text comes, its bytes can be read back", test_random_texts);
	g_test_add_func("/submission/foreign bytes are refused or harmless", test_foreign_bytes);
	g_test_add_func("/submission/bytes that no submission can hold are refused", test_crafted_bytes);
	g_test_add_func("/submission/the token of a canary comes back", test_canary);
	g_test_add_func("/submission/what the gate made of it comes back", test_gate_facts);
	g_test_add_func("/submission/more records than a request makes are refused", test_repeated_bytes);
	return g_test_run();
}
