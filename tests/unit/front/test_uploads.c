/*
 * Uploaded files while they stream in: limits, repeated names, full disks, bodies that break off.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>

#include "bodies.h"
#include "sekisho/store/spool.h"

/* `files` NULL: they are removed. */
static Posted *
read_files(const char *directory, const Form *form, const GString *bytes, gsize step, GPtrArray **files)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Uploads) uploads = uploads_new(directory, form);
	g_autoptr(Body) body = body_new(MULTIPART, uploads);
	for (gsize at = 0; at < bytes->len; at += step)
		body_feed(body, (const guint8 *)bytes->str + at, MIN(step, bytes->len - at));
	Posted *posted = NULL;
	body_finish(body, &posted, &error);
	g_assert_no_error(error);
	g_assert_no_error(uploads_error(uploads));
	if (files != NULL)
		*files = uploads_take(uploads);
	return posted;
}

static char *
make_directory(void)
{
	return g_dir_make_tmp("sekisho-body-XXXXXX", NULL);
}

static guint
spool_count(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "spool", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint count = 0;
	while (folder != NULL && g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

/* Everything must be gone. */
static void
remove_directory(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "spool", NULL);
	g_assert_cmpuint(spool_count(directory), ==, 0);
	g_assert_true(g_rmdir(path) == 0 || errno == ENOENT);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void
assert_file(const GPtrArray *files, guint index, const char *text)
{
	static const char *const states[] = {
	    [FILE_KEPT] = "kept", [FILE_EMPTY] = "empty", [FILE_TOO_LARGE] = "too large", [FILE_FAILED] = "failed"};
	const SubmissionFile *file = files->pdata[index];
	g_autofree char *words = g_strdup_printf("%s %s %s %" G_GUINT64_FORMAT, states[file->state], file->field,
	    file->name[0] != '\0' ? file->name : file->client_name, file->size_bytes);
	g_assert_cmpstr(words, ==, text);
	g_assert_true((file->state == FILE_KEPT) == (file->spool[0] != '\0'));
}

static void
test_files(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"f[]\"; filename=\"a.pdf\"", 10);
	append_part(bytes, "name=\"t\"", 3);
	append_part(bytes, "name=\"f[x]\"; filename=\"A.PDF\"", 20);
	append_part(bytes, "name=\"f[]\"; filename=\"a.pdf\"", 30);
	append_part(bytes, "name=\"g[]\"; filename=\"a.pdf\"", 40);
	append_part(bytes, "name=\"g[]\"; filename=\"\"", 0);
	append_part(bytes, "name=\"t\"; filename=\"x.pdf\"", 50);
	append_part(bytes, "name=\"nobody\"; filename=\"x.pdf\"", 60);
	append_part(bytes, "name=\"[]\"; filename=\"x.pdf\"", 60);
	append_part(bytes, "name=\"h[]\"; filename=\"zero.pdf\"", 0);
	append_part(bytes, "name=\"h[]\"; filename=\"\xff.pdf\"", 1);
	g_string_append(bytes, "--b--\r\n");
	for (gsize step = 1; step <= bytes->len; step += step < 70 ? 1 : 211) {
		GPtrArray *files = NULL;
		g_autoptr(Posted) posted = read_files(directory, form, bytes, step, &files);
		g_assert_cmpuint(posted_count(posted), ==, 1);
		g_assert_cmpuint(files->len, ==, 6);
		assert_file(files, 0, "kept f a.pdf 10");
		assert_file(files, 1, "kept f A.pdf 20");
		assert_file(files, 2, "kept f a-1.pdf 30");
		assert_file(files, 3, "kept g a.pdf 40");
		assert_file(files, 4, "empty h zero.pdf 0");
		assert_file(files, 5, "kept h unnamed-file.pdf 1");
		g_assert_cmpuint(spool_count(directory), ==, 5);
		g_autoptr(GBytes) content = spool_read(directory, files->pdata[2], NULL);
		g_assert_cmpuint(g_bytes_get_size(content), ==, 30);
		uploads_remove(directory, files);
		g_ptr_array_unref(files);
	}
	remove_directory(directory);
}

/* Parts with files of 9 bytes, "NAME FILENAME" each, and what is left of them; compared with PHP 8.2. */
typedef struct {
	const char *parts[5];
	const char *left[4];
} Repeat;

static const Repeat repeats[] = {
    {{"g a", "g b"}, {"g b"}},
    {{"g a", "g "}, {NULL}},
    {{"g ", "g a"}, {"g a"}},
    {{"g[] a", "g b"}, {"g b"}},
    {{"g a", "g[] b"}, {"g b"}},
    {{"g[0] a", "g[0] b"}, {"g b"}},
    {{"g[] a", "g[] b", "g[1] c"}, {"g a", "g c"}},
    {{"g[] a", "g[] ", "g[] c"}, {"g a", "g c"}},
    {{"g[0] a", "g[0] "}, {NULL}},
    {{"g[k] a", "g[k][] b", "g[k][] c"}, {"g b", "g c"}},
    {{"g[k][] a", "g[k] b"}, {"g b"}},
    {{"g a", "h b", "g c", "h[] d"}, {"g c", "h d"}},
    {{"g[]x a"}, {NULL}},
    {{"g[ a"}, {NULL}},
    {{"g] a"}, {NULL}},
    {{"g[a]x[b] a"}, {NULL}},
    {{"g[a][ a"}, {NULL}},
    {{"g[[a] a"}, {NULL}},
    {{"g[[a]] a"}, {NULL}},
    {{"g a", "g[]x b", "g[ "}, {"g a"}},
    {{"\tg a", " h b"}, {"h b"}},
};

static void
check_repeat(const char *directory, const Form *form, const Repeat *repeat)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	GPtrArray *files = NULL;
	guint left = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(repeat->parts) && repeat->parts[i] != NULL; i++) {
		const char *space = strrchr(repeat->parts[i], ' ');
		g_autofree char *disposition = g_strdup_printf(
		    "name=\"%.*s\"; filename=\"%s\"", (int)(space - repeat->parts[i]), repeat->parts[i], space + 1);
		append_part(bytes, disposition, space[1] != '\0' ? 9 : 0);
	}
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Posted) posted = read_files(directory, form, bytes, 8192, &files);
	for (; left < G_N_ELEMENTS(repeat->left) && repeat->left[left] != NULL; left++) {
		g_autofree char *words = g_strdup_printf("kept %s 9", repeat->left[left]);
		g_assert_cmpuint(files->len, >, left);
		assert_file(files, left, words);
	}
	g_assert_cmpuint(files->len, ==, left);
	g_assert_cmpuint(spool_count(directory), ==, left);
	uploads_remove(directory, files);
	g_ptr_array_unref(files);
}

static void
test_repeats(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	for (gsize i = 0; i < G_N_ELEMENTS(repeats); i++) {
		g_test_message("%s, %s", repeats[i].parts[0], repeats[i].parts[1] != NULL ? repeats[i].parts[1] : "");
		check_repeat(directory, form, &repeats[i]);
	}
	remove_directory(directory);
}

/* What was replaced weighs nothing, neither against the field's limit nor for a name. */
static void
test_replaced_weighs_nothing(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	GPtrArray *files = NULL;
	append_part(bytes, "name=\"f\"; filename=\"a.pdf\"", 1024);
	append_part(bytes, "name=\"f\"; filename=\"large.pdf\"", 5000);
	append_part(bytes, "name=\"f\"; filename=\"a.pdf\"", 1024);
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Posted) posted = read_files(directory, form, bytes, 100, &files);
	g_assert_cmpuint(files->len, ==, 1);
	assert_file(files, 0, "kept f a.pdf 1024");
	g_assert_cmpuint(spool_count(directory), ==, 1);
	uploads_remove(directory, files);
	g_ptr_array_unref(files);
	remove_directory(directory);
}

static void
test_limits(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	GPtrArray *files = NULL;
	append_part(bytes, "name=\"f[]\"; filename=\"a.pdf\"", 1000);
	append_part(bytes, "name=\"f[]\"; filename=\"b.pdf\"", 24);
	append_part(bytes, "name=\"f[]\"; filename=\"c.pdf\"", 1);
	append_part(bytes, "name=\"f[]\"; filename=\"d.pdf\"", 2);
	append_part(bytes, "name=\"g\"; filename=\"1m.pdf\"", 1024 * 1024);
	append_part(bytes, "name=\"h\"; filename=\"2m.pdf\"", 2 * 1024 * 1024);
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Posted) posted = read_files(directory, form, bytes, 8192, &files);
	assert_file(files, 0, "kept f a.pdf 1000");
	assert_file(files, 1, "kept f b.pdf 24");
	assert_file(files, 2, "too large f c.pdf 1");
	assert_file(files, 3, "too large f d.pdf 2");
	assert_file(files, 4, "kept g 1m.pdf 1048576");
	assert_file(files, 5, "kept h 2m.pdf 2097152");
	uploads_remove(directory, files);
	g_ptr_array_unref(files);

	g_autoptr(GString) over = g_string_new(NULL);
	append_part(over, "name=\"g\"; filename=\"1m.pdf\"", 1024 * 1024 + 1);
	g_string_append(over, "--b--\r\n");
	g_autoptr(Posted) nothing = read_files(directory, form, over, 8192, &files);
	assert_file(files, 0, "too large g 1m.pdf 1048577");
	g_ptr_array_unref(files);
	remove_directory(directory);
}

static void
test_many_files(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	GPtrArray *files = NULL;
	for (guint i = 0; i < LIMIT_FILES + 2; i++) {
		append_part(bytes, "name=\"h[]\"; filename=\"a.pdf\"", 1);
		append_part(bytes, "name=\"h[]\"; filename=\"\"", 0);
		append_part(bytes, "name=\"other\"; filename=\"a.pdf\"", 1);
	}
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Posted) posted = read_files(directory, form, bytes, 8192, &files);
	g_assert_cmpuint(files->len, ==, LIMIT_FILES + 2);
	assert_file(files, LIMIT_FILES - 1, "kept h a-19.pdf 1");
	assert_file(files, LIMIT_FILES, "failed h a.pdf 1");
	assert_file(files, LIMIT_FILES + 1, "failed h a.pdf 1");
	uploads_remove(directory, files);
	g_ptr_array_unref(files);
	remove_directory(directory);
}

static void
test_unknown_form(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"other\"; filename=\"a.pdf\"", 9);
	append_part(bytes, "name=\"f\"; filename=\"a.pdf\"", 1024);
	append_part(bytes, "name=\"g[]\"; filename=\"b.pdf\"", 600000);
	append_part(bytes, "name=\"g[]\"; filename=\"c.pdf\"", 600000);
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Uploads) uploads = uploads_new(directory, NULL);
	g_autoptr(Body) body = body_new(MULTIPART, uploads);
	body_feed(body, (const guint8 *)bytes->str, bytes->len);
	g_autoptr(Posted) posted = NULL;
	g_assert_true(body_finish(body, &posted, NULL));
	g_assert_cmpuint(spool_count(directory), ==, 4);
	uploads_fit(uploads, form);
	g_assert_cmpuint(spool_count(directory), ==, 2);
	g_autoptr(GPtrArray) files = uploads_take(uploads);
	g_assert_cmpuint(files->len, ==, 3);
	assert_file(files, 0, "kept f a.pdf 1024");
	assert_file(files, 1, "kept g b.pdf 600000");
	assert_file(files, 2, "too large g c.pdf 600000");
	uploads_remove(directory, files);
	remove_directory(directory);
}

/* Files of this process may not grow past `size`; 0: they may. */
static void
limit_growth(rlim_t size)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = size == 0 ? limit.rlim_max : size;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_full(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"g\"; filename=\"large.pdf\"", 300000);
	append_part(bytes, "name=\"f\"; filename=\"small.pdf\"", 100);
	append_part(bytes, "name=\"h\"; filename=\"late.pdf\"", 30000);
	g_string_append(bytes, "--b--\r\n");
	g_autoptr(Uploads) uploads = uploads_new(directory, form);
	g_autoptr(Body) body = body_new(MULTIPART, uploads);
	limit_growth(20000);
	for (gsize at = 0; at < bytes->len; at += 8192)
		body_feed(body, (const guint8 *)bytes->str + at, MIN(8192, bytes->len - at));
	limit_growth(0);
	g_autoptr(Posted) posted = NULL;
	g_assert_true(body_finish(body, &posted, NULL));
	g_assert_error(uploads_error(uploads), STORE_ERROR, STORE_ERROR_FULL);
	g_autoptr(GPtrArray) files = uploads_take(uploads);
	assert_file(files, 0, "failed g large.pdf 300000");
	assert_file(files, 1, "kept f small.pdf 100");
	assert_file(files, 2, "failed h late.pdf 30000");
	g_assert_cmpuint(spool_count(directory), ==, 1);
	uploads_remove(directory, files);
	remove_directory(directory);
}

static void
test_broken_off(void)
{
	g_autofree char *directory = make_directory();
	g_autoptr(Form) form = form_u();
	g_autoptr(GString) bytes = g_string_new(NULL);
	append_part(bytes, "name=\"f\"; filename=\"a.pdf\"", 100);
	append_part(bytes, "name=\"g\"; filename=\"b.pdf\"", 200000);
	for (gsize size = 0; size < bytes->len; size += 5003) {
		g_autoptr(Uploads) uploads = uploads_new(directory, form);
		g_autoptr(Body) body = body_new(MULTIPART, uploads);
		body_feed(body, (const guint8 *)bytes->str, size);
		g_autoptr(Posted) posted = NULL;
		g_assert_false(body_finish(body, &posted, NULL));
	}
	remove_directory(directory);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/uploads/files read the same in pieces of any size", test_files);
	g_test_add_func("/front/uploads/a repeated name replaces as in PHP", test_repeats);
	g_test_add_func("/front/uploads/what was replaced weighs nothing", test_replaced_weighs_nothing);
	g_test_add_func("/front/uploads/past a limit nothing is written", test_limits);
	g_test_add_func("/front/uploads/a request has so many files and no more", test_many_files);
	g_test_add_func("/front/uploads/files before the form is known", test_unknown_form);
	g_test_add_func("/front/uploads/a full disk is told and leaves nothing", test_full);
	g_test_add_func("/front/uploads/what breaks off leaves nothing", test_broken_off);
	return g_test_run();
}
