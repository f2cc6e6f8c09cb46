/*
 * The files of a letter: contract 13.4 U13, paths that lead out, the limit of the sum, and what is lost. Uploads lie in a real spool.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "relay/letter_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/spool.h"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static Letter *
try_letter(const Form *form, const Submission *submission, GError **error)
{
	g_autoptr(GPtrArray) planned = replies_plan(form, submission);

	return letter_new(form, submission, MAIL_NOTICE, 0, planned, error);
}

typedef struct {
	char *folder; /* data directory */
	char *root;   /* attachments of the site */
} Store;

static void
store_open(Store *store, gconstpointer unused)
{
	(void)unused;
	store->folder = g_dir_make_tmp("sekisho-mail-XXXXXX", NULL);
	store->root = g_build_filename(store->folder, "root", NULL);
	g_assert_cmpint(g_mkdir(store->root, 0700), ==, 0);
}

static void
remove_tree(const char *path)
{
	if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
		for (const char *name; (name = g_dir_read_name(listing)) != NULL;) {
			g_autofree char *child = g_build_filename(path, name, NULL);
			remove_tree(child);
		}
	}
	g_remove(path);
}

static void
store_close(Store *store, gconstpointer unused)
{
	(void)unused;
	remove_tree(store->folder);
	g_free(store->folder);
	g_free(store->root);
}

static SubmissionFile *
spooled(const Store *store, const char *field, const char *name, GBytes *content)
{
	g_autoptr(GError) error = NULL;
	SubmissionFile *file = submission_file_new();
	SpoolWriter *writer = spool_create(store->folder, &error);

	g_assert_no_error(error);
	set(&file->field, field);
	set(&file->client_name, name);
	set(&file->name, name);
	g_assert_true(spool_write(writer, g_bytes_get_data(content, NULL), g_bytes_get_size(content), &error));
	g_assert_true(spool_finish(writer, file, &error));
	file->state = FILE_KEPT;
	return file;
}

static SubmissionFile *
spooled_text(const Store *store, const char *field, const char *name, const char *content)
{
	g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));

	return spooled(store, field, name, bytes);
}

/* The letter of a form with these attachments and files, which become the submission's; with facts. */
static Letter *
letter_with_files(const Store *store, const char *attachments, GPtrArray *files)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(SiteFacts) site = fixture_site();
	FormSource *source = fixture_source("[file f][file g limit:20mb][text n]");
	set(&source->mail[0].attachments, attachments);
	set(&source->mail[0].body, "本文");
	set(&site->attachments_directory, store->root);
	/* A form whose lines lead out is refused; what the courier does must not depend on that. */
	g_autoptr(Form) form = form_examine(source, site, problems);
	ClientFacts *client = client_facts_new();
	client->received_at_us = FIXTURE_TIME_US;
	g_autoptr(Submission) submission = submission_new(form, "0123456789AB", posted_new(), files, client);
	Letter *letter = try_letter(form, submission, &error);
	g_assert_no_error(error);
	letter_attach(letter, form, submission, MAIL_NOTICE, store->folder);
	return letter;
}

/* "name type size, ... | missing name reason, ..." */
static void
assert_files(const Letter *letter, const char *expected)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < letter->attachments->len; i++) {
		const LetterAttachment *attachment = letter->attachments->pdata[i];
		g_string_append_printf(
		    text, "%s %s %zu\n", attachment->name, attachment->type, g_bytes_get_size(attachment->content));
	}
	for (guint i = 0; i < letter->missing->len; i++) {
		const MissingAttachment *missing = letter->missing->pdata[i];
		g_string_append_printf(text, "- %s %s\n", missing->name, missing->reason);
	}
	g_assert_cmpstr(text->str, ==, expected);
	g_string_free(text, TRUE);
}

static void
test_u13(Store *store, gconstpointer unused)
{
	GPtrArray *files = submission_files_new();

	(void)unused;
	g_ptr_array_add(files, spooled_text(store, "f", "a.pdf", "%PDF-1"));
	g_autofree char *beside = g_build_filename(store->folder, "wp-config.php", NULL);
	g_assert_true(g_file_set_contents(beside, "secret", -1, NULL));
	g_autoptr(Letter) letter = letter_with_files(store, "[f][g]\nuploads/x.txt\n../wp-config.php", files);

	/* Not silently, as 12 (13) wants it. */
	assert_files(letter, "a.pdf application/pdf 6\n- uploads/x.txt missing\n- ../wp-config.php missing\n");
	g_assert_nonnull(strstr(letter->text, "\nNot attached: uploads/x.txt (the file is not there)\n"));
}

static void
test_paths(Store *store, gconstpointer unused)
{
	g_autofree char *folder = g_build_filename(store->root, "docs", NULL);
	g_autofree char *inside = g_build_filename(folder, "説明.PDF", NULL);
	g_autofree char *outside = g_build_filename(store->folder, "secret.txt", NULL);
	g_autofree char *link = g_build_filename(store->root, "link.txt", NULL);
	g_autofree char *up = g_build_filename(store->root, "up", NULL);
	g_autofree char *pipe = g_build_filename(store->root, "pipe", NULL);

	(void)unused;
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(inside, "x", -1, NULL));
	g_assert_true(g_file_set_contents(outside, "secret", -1, NULL));
	g_assert_cmpint(symlink(outside, link), ==, 0);
	g_assert_cmpint(symlink(store->folder, up), ==, 0);
	g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
	g_autoptr(Letter) letter = letter_with_files(store,
	    "\r\n docs/説明.PDF "
	    "\r\nlink.txt\nup/secret.txt\ndocs/../../secret.txt\n/etc/passwd\npipe\ndocs\ndocs/\n./docs/説明.PDF\ndocs//./説明.PDF\n/docs/説明.PDF\n.\n[n]\n",
	    NULL);
	assert_files(letter,
	    "説明.PDF application/pdf 1\n説明.PDF application/pdf 1\n説明.PDF application/pdf 1\n- link.txt missing\n- up/secret.txt missing\n- docs/../../secret.txt missing\n"
	    "- /etc/passwd missing\n- pipe unreadable\n- docs unreadable\n- docs/ unreadable\n"
	    "- /docs/説明.PDF missing\n- . unreadable\n");
}

/* The limit is the sum's (contract 6.8): what does not fit is left out, and what comes after it may fit. */
static void
test_total(Store *store, gconstpointer unused)
{
	GPtrArray *files = submission_files_new();
	g_autofree guint8 *zeros = g_malloc0(LIMIT_ATTACHMENTS_BYTES);
	g_autoptr(GBytes) most = g_bytes_new(zeros, LIMIT_ATTACHMENTS_BYTES - 2), three = g_bytes_new(zeros, 3),
			  two = g_bytes_new(zeros, 2);

	(void)unused;
	g_ptr_array_add(files, spooled(store, "g", "late.zip", two));
	g_ptr_array_add(files, spooled(store, "f", "most.zip", most));
	g_ptr_array_add(files, spooled(store, "f", "three.zip", three));
	g_autoptr(Letter) letter = letter_with_files(store, "[g] [f]", files);

	assert_files(letter, "most.zip application/zip 26214398\nlate.zip application/zip 2\n- three.zip too_large\n");
	g_assert_nonnull(strstr(letter->text, "\nNot attached: three.zip (the mail would be too large)\n"));
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));
	g_assert_cmpuint(g_variant_get_size(variant), <, LIMIT_SESSION_MESSAGE_BYTES);
	g_autoptr(Letter) back = letter_from_variant(variant, &error);
	g_assert_no_error(error);
	assert_files(back, "most.zip application/zip 26214398\nlate.zip application/zip 2\n");
}

/* A mail goes out without a file that the spool has not any more, and says so. */
static void
test_damaged(Store *store, gconstpointer unused)
{
	GPtrArray *files = submission_files_new();
	SubmissionFile *gone = spooled_text(store, "f", "gone.txt", "x"), *damaged = spooled_text(store, "f", "damaged.txt", "x");

	(void)unused;
	g_ptr_array_add(files, gone);
	g_ptr_array_add(files, damaged);
	g_ptr_array_add(files, spooled_text(store, "f", "good.txt", "good"));
	damaged->key[0] ^= 1;
	spool_remove(store->folder, gone);
	g_autoptr(Letter) letter = letter_with_files(store, "[f]", files);

	assert_files(letter, "good.txt text/plain 4\n- gone.txt missing\n- damaged.txt damaged\n");
	g_assert_nonnull(strstr(letter->text,
	    "\nNot attached: gone.txt (the file is not there)\nNot attached: damaged.txt (the stored file is damaged)\n"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/contract/U13", Store, NULL, store_open, test_u13, store_close);
	g_test_add("/attachments/paths stay below the folder", Store, NULL, store_open, test_paths, store_close);
	g_test_add("/attachments/the sum is limited", Store, NULL, store_open, test_total, store_close);
	g_test_add("/attachments/what is lost is said", Store, NULL, store_open, test_damaged, store_close);
	return g_test_run();
}
