/*
 * Quizzes (contract 9): which hashes are taken, and for how long.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/form/quiz.h"

#define QUIZ "[quiz q \"1+1?|2\" \"Capital of Japan?|Tokyo Tō\"][quiz plain]"

typedef struct {
	char *folder;
	Vault *vault;
	QuizKeys keys;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *parent = g_dir_make_tmp("sekisho-quiz-XXXXXX", NULL);

	fixture->folder = g_build_filename(parent, "keys", NULL);
	vault_create(fixture->folder, &error);
	g_assert_no_error(error);
	fixture->vault = vault_open(fixture->folder, VAULT_FRONT, &error);
	g_assert_no_error(error);
	fixture->keys = (QuizKeys){.vault = fixture->vault, .wordpress_key = FIXTURE_WORDPRESS_KEY};
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const names[] = {"match.key", "vault.key", "vault.pub", "link.key", "link.pub", ".", ".."};

	clock_set_offset_us(0);
	vault_free(fixture->vault);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_canonicalize_filename(names[i], fixture->folder);

		g_assert_cmpint(g_remove(path), ==, 0);
	}
	g_free(fixture->folder);
}

/* Draws until `question` is asked. The hash; the caller's. */
static char *
ask(const Fixture *fixture, const Form *form, const char *name, const char *question)
{
	for (;;) {
		g_autoptr(GVariant) questions = g_variant_ref_sink(quiz_questions(form, fixture->vault));
		const char *asked = NULL, *hash = NULL;

		g_assert_true(g_variant_lookup(questions, name, "(&s&s)", &asked, &hash));
		if (g_str_equal(asked, question))
			return g_strdup(hash);
	}
}

static gboolean
is_right(const Fixture *fixture, const Form *form, const char *answer, const char *hash)
{
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("q", answer, "_wpcf7_quiz_answer_q", hash, NULL));

	return quiz_is_right(form, "q", submission, &fixture->keys);
}

static void
test_v29(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form_r();
	g_autoptr(Submission) right = fixture_submission(form, fixture_rb(NULL, NULL));
	g_autoptr(Submission) wrong = fixture_submission(form, fixture_rb("q", "3", NULL));
	g_autoptr(Submission) empty_hash = fixture_submission(form, fixture_rb("q", "3", "_wpcf7_quiz_answer_q", "", NULL));
	g_autoptr(Submission) no_hash = fixture_submission(form, fixture_rb("_wpcf7_quiz_answer_q", NULL, NULL));

	g_assert_true(quiz_is_right(form, "q", right, &fixture->keys));
	g_assert_false(quiz_is_right(form, "q", wrong, &fixture->keys));
	g_assert_false(quiz_is_right(form, "q", empty_hash, &fixture->keys));
	g_assert_false(quiz_is_right(form, "q", no_hash, &fixture->keys));
}

static void
test_own_hash(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form(QUIZ);
	g_autoptr(Form) other_name = fixture_form("[quiz p \"1+1?|2\"]");
	g_autofree char *two = ask(fixture, form, "q", "1+1?");
	g_autofree char *capital = ask(fixture, form, "q", "Capital of Japan?");
	g_autofree char *plain = ask(fixture, form, "plain", "1+1=?");
	g_autofree char *of_other_name = ask(fixture, other_name, "p", "1+1?");
	g_autofree char *longer = g_strconcat(two, "0", NULL);
	g_autofree char *upper = g_ascii_strup(two, -1);

	g_assert_cmpuint(strlen(two), >=, 32);
	g_assert_cmpuint(strspn(two, "0123456789abcdef"), ==, strlen(two));
	g_assert_true(is_right(fixture, form, "２", two));
	g_assert_true(is_right(fixture, form, " 2\t", two));
	g_assert_true(is_right(fixture, form, "TOKYO\r\ntŌ", capital));
	/* The answer to another question, of another field, and hashes that are none. */
	g_assert_false(is_right(fixture, form, "2", capital));
	g_assert_false(is_right(fixture, form, "tokyotō", two));
	g_assert_false(is_right(fixture, form, "2", plain));
	g_assert_false(is_right(fixture, form, "2", of_other_name));
	g_assert_false(is_right(fixture, form, "2", longer));
	g_assert_false(is_right(fixture, form, "2", upper));
	g_assert_false(is_right(fixture, form, "", ""));
}

static void
test_bound_to_form_and_site(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form(QUIZ);
	FormSource *source = fixture_source(QUIZ);
	g_autoptr(Form) other_form = NULL;
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Form) other_site = NULL;
	g_autofree char *two = ask(fixture, form, "q", "1+1?");

	source->id = 5;
	other_form = fixture_compile(source);
	g_free(site->name);
	site->name = g_strdup("other.test");
	other_site = form_new(fixture_source(QUIZ), site, problems);
	g_assert_true(is_right(fixture, form, "2", two));
	g_assert_false(is_right(fixture, other_form, "2", two));
	g_assert_false(is_right(fixture, other_site, "2", two));
}

/* Good for one tick at least, and for two at most. */
static void
test_time(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form(QUIZ);
	g_autofree char *two = ask(fixture, form, "q", "1+1?");
	g_autofree char *from_future = NULL;

	clock_set_offset_us(QUIZ_TICK_S * G_USEC_PER_SEC);
	g_assert_true(is_right(fixture, form, "2", two));
	from_future = ask(fixture, form, "q", "1+1?");
	clock_set_offset_us(2 * QUIZ_TICK_S * G_USEC_PER_SEC);
	g_assert_false(is_right(fixture, form, "2", two));
	clock_set_offset_us(0);
	g_assert_false(is_right(fixture, form, "2", from_future));
}

/* Computed by PHP's hash_hmac as contract 9 says, key "K y" and answers "2" and "tokyotō". */
static void
test_wordpress_hash(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const char two[] = "85b2f401f43866f0d783d2e96b9c4e15", capital[] = "afc9366a039bac9ca87ead09c45f064f",
			  three[] = "8aad016abc4e6411718e9e1f7812b3a3";
	g_autoptr(Form) form = fixture_form(QUIZ);
	Fixture with_key = *fixture, without = *fixture;

	with_key.keys.wordpress_key = "K y";
	g_assert_true(is_right(&with_key, form, "２", two));
	g_assert_true(is_right(&with_key, form, "Tokyo Tō", capital));
	/* A right hash of an answer that is none of this field's: Contact Form 7 would take it. */
	g_assert_false(is_right(&with_key, form, "3", three));
	g_assert_false(is_right(&with_key, form, "2", capital));
	g_assert_false(is_right(fixture, form, "2", two));
	without.keys.wordpress_key = "";
	g_assert_false(is_right(&without, form, "2", two));
	without.keys.wordpress_key = NULL;
	g_assert_false(is_right(&without, form, "2", two));
}

static void
test_odd_posts(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form(QUIZ);
	g_autofree char *two = ask(fixture, form, "q", "1+1?");
	g_autoptr(Submission) array = fixture_submission(form, fixture_posted("q[]", "2", "_wpcf7_quiz_answer_q", two, NULL));
	g_autoptr(Submission) array_hash =
	    fixture_submission(form, fixture_posted("q", "2", "_wpcf7_quiz_answer_q[]", two, NULL));
	g_autoptr(Submission) nothing = fixture_submission(form, posted_new());

	g_assert_false(quiz_is_right(form, "q", array, &fixture->keys));
	g_assert_false(quiz_is_right(form, "q", array_hash, &fixture->keys));
	g_assert_false(quiz_is_right(form, "q", nothing, &fixture->keys));
}

static void
test_questions(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(Form) form = fixture_form("[quiz a.b \"x\"][text t][quiz twice \"1|1\"][quiz twice \"2|2\"][quiz z]");
	g_autoptr(Form) none = fixture_form("[text t]");
	g_autoptr(GVariant) questions = g_variant_ref_sink(quiz_questions(form, fixture->vault));
	g_autoptr(GVariant) empty = g_variant_ref_sink(quiz_questions(none, fixture->vault));
	static const char *const expected[][2] = {{"a_b", "x"}, {"twice", "2"}, {"z", "1+1=?"}};

	g_assert_cmpstr(g_variant_get_type_string(questions), ==, "a{sv}");
	g_assert_cmpuint(g_variant_n_children(empty), ==, 0);
	g_assert_cmpuint(g_variant_n_children(questions), ==, G_N_ELEMENTS(expected));
	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_autofree char *name = NULL;
		g_autoptr(GVariant) pair = NULL;
		const char *question = NULL, *hash = NULL;

		g_variant_get_child(questions, i, "{sv}", &name, &pair);
		g_variant_get(pair, "(&s&s)", &question, &hash);
		g_assert_cmpstr(name, ==, expected[i][0]);
		g_assert_cmpstr(question, ==, expected[i][1]);
	}
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/contract/V29", test_v29);
	ADD("/quiz/our hash is bound to question and field", test_own_hash);
	ADD("/quiz/our hash is bound to form and site", test_bound_to_form_and_site);
	ADD("/quiz/our hash ends", test_time);
	ADD("/quiz/WordPress's hash, and only of the field's answers", test_wordpress_hash);
	ADD("/quiz/arrays and absent fields are wrong", test_odd_posts);
	ADD("/quiz/questions of a form", test_questions);
	return g_test_run();
}
