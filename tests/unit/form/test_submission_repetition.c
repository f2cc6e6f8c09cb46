/*
 * Which submissions count as the same one sent again.
 */
#include <string.h>

#include "fixture.h"

static const char *const tokens[] = {"g-recaptcha-response", "cf-turnstile-response", NULL};

static void
hash(const Submission *submission, VaultHash *repetition)
{
	submission_repetition(submission, fixture_vault(), tokens, repetition);
}

static VaultHash
hash_posted(Posted *posted)
{
	g_autoptr(Form) form = fixture_form("[text n][checkbox c free_text \"a\" \"b\"]");
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	VaultHash repetition;

	hash(submission, &repetition);
	return repetition;
}

static void
test_same(void)
{
	const VaultHash first = hash_posted(fixture_posted("n", "Taro", "c[]", "a", NULL));
	const VaultHash again[] = {
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", NULL)),
	    hash_posted(fixture_posted("_wpcf7_unit_tag", "x", "n", "Taro", "c[]", "a", "_other", "y", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "g-recaptcha-response", "tok", "c[]", "a", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", "cf-turnstile-response", "", NULL)),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(again); i++)
		g_assert_true(vault_hash_equal(&first, &again[i]));
}

static void
test_different(void)
{
	const VaultHash all[] = {
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", NULL)),
	    hash_posted(fixture_posted("n", "Tar", "c[]", "oa", NULL)),
	    hash_posted(fixture_posted("n", "Taro ", "c[]", "a", "x", "", NULL)),
	    hash_posted(fixture_posted("n", "taro", "c[]", "a", NULL)),
	    hash_posted(fixture_posted("n", "Taro", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", "c[]", "b", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "c[]", "ab", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", "_wpcf7_free_text_c", "more", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "c[]", "a", "_wpcf7_free_text_c", "less", NULL)),
	    hash_posted(fixture_posted("n", "Taro", "d[]", "a", NULL)),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
		for (gsize k = 0; k < i; k++)
			g_assert_false(vault_hash_equal(&all[i], &all[k]));
}

static void
test_site_and_form(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", "Taro", NULL));
	VaultHash first, other_form, other_site;

	hash(submission, &first);
	submission->form_id++;
	hash(submission, &other_form);
	submission->form_id--;
	g_free(submission->site);
	submission->site = g_strdup("other.example");
	hash(submission, &other_site);
	g_assert_false(vault_hash_equal(&first, &other_form));
	g_assert_false(vault_hash_equal(&first, &other_site));
}

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static VaultHash
hash_file(const char *field, const char *name, guint64 size_bytes, const char *sha256)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", "Taro", NULL));
	SubmissionFile *file = submission_file_new();
	VaultHash repetition;

	set(&file->field, field);
	set(&file->client_name, name);
	set(&file->sha256, sha256);
	file->size_bytes = size_bytes;
	g_ptr_array_add((GPtrArray *)submission->files, file);
	hash(submission, &repetition);
	return repetition;
}

static void
test_files(void)
{
	const VaultHash all[] = {hash_file("f", "a.pdf", 5, "00"), hash_file("g", "a.pdf", 5, "00"),
	    hash_file("f", "b.pdf", 5, "00"), hash_file("f", "a.pdf", 6, "00"), hash_file("f", "a.pdf", 5, "01"),
	    hash_posted(fixture_posted("n", "Taro", NULL))};
	const VaultHash again = hash_file("f", "a.pdf", 5, "00");

	g_assert_true(vault_hash_equal(&all[0], &again));
	for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
		for (gsize k = 0; k < i; k++)
			g_assert_false(vault_hash_equal(&all[i], &all[k]));
}

/* Whoever sent it, and when: a mobile network's address changes between two clicks. */
static void
test_client(void)
{
	g_autoptr(Form) form = fixture_form("[text n]");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("n", "Taro", NULL));
	ClientFacts *client = (ClientFacts *)submission->client;
	VaultHash first, again;

	hash(submission, &first);
	client->received_at_us += 99;
	g_free(client->remote_ip);
	client->remote_ip = g_strdup("203.0.113.9");
	g_free(submission->receipt);
	submission->receipt = g_strdup("ANOTHER");
	hash(submission, &again);
	g_assert_true(vault_hash_equal(&first, &again));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/submission_repetition/the same again", test_same);
	g_test_add_func("/submission_repetition/anything else", test_different);
	g_test_add_func("/submission_repetition/site and form", test_site_and_form);
	g_test_add_func("/submission_repetition/files", test_files);
	g_test_add_func("/submission_repetition/whoever sent it", test_client);
	return g_test_run();
}
