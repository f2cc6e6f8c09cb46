/*
 * Vectors of contract 13.4: uploads, from the bytes of a request to the answer, the sealed submission and the spool folder.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway.h"
#include "sekisho/base/error.h"
#include "sekisho/store/spool.h"

#define FORM_U                                                                                                                   \
	"[text t][file* f filetypes:pdf|txt limit:1kb][file g][file h filetypes:image/png|.PHP|application/*|audio/mpeg "        \
	"limit:20mb]"                                                                                                            \
	"[acceptance acc]ok[/acceptance][submit]"
#define UNIT "wpcf7-f43-p2-o1"
#define REQUIRED "This field is required."

/* The disk under the spool folder, as the front (a child of ours) and we see it. */
typedef struct {
	gint is_failing;
	gint syncs;
} Disk;

static Disk *disk;

/* Stands before the C library's, in the front too. */
int
fsync(int descriptor)
{
	char target[PATH_MAX] = "";
	g_autofree char *entry = g_strdup_printf("/proc/self/fd/%d", descriptor);
	if (readlink(entry, target, sizeof target - 1) > 0 && strstr(target, "/data/spool") != NULL) {
		g_atomic_int_inc(&disk->syncs);
		if (g_atomic_int_get(&disk->is_failing)) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(SYS_fsync, descriptor);
}

typedef struct {
	const char *field;
	const char *name; /* NULL: no more parts */
	gsize size;
} Part;

static void
append_file(GString *body, const Part *part)
{
	g_string_append_printf(body,
	    "--" GATEWAY_BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
	    "Content-Type: application/octet-stream\r\n\r\n",
	    part->field, part->name);
	for (gsize i = 0; i < part->size; i++)
		g_string_append_c(body, (char)('a' + i % 26));
	g_string_append(body, "\r\n");
}

/* Base input of form U (`acc` NULL: without), then these parts. */
static GString *
body_u(const char *acc, const Part *parts)
{
	GString *body =
	    client_multipart("_wpcf7", "43", "_wpcf7_unit_tag", UNIT, "t", "x", acc != NULL ? "acc" : "no", "1", NULL);
	g_string_truncate(body, body->len - strlen("--" GATEWAY_BOUNDARY "--\r\n"));
	for (; parts->name != NULL; parts++)
		append_file(body, parts);
	return g_string_append(body, "--" GATEWAY_BOUNDARY "--\r\n");
}

static Gateway *
start(void)
{
	Gateway *gateway = gateway_start(2);
	gateway_add_form(gateway, 43, NULL, FORM_U);
	return gateway;
}

static char *
data_directory(const Gateway *gateway)
{
	return g_build_filename(gateway->directory, "data", NULL);
}

static guint
spool_count(const Gateway *gateway)
{
	g_autofree char *path = g_build_filename(gateway->directory, "data", "spool", NULL);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint count = 0;
	while (folder != NULL && g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

/* Files of what is not kept go when its job ends, a moment after the answer. */
static void
assert_spool_count(const Gateway *gateway, guint expected)
{
	for (const gint64 until_us = g_get_monotonic_time() + GATEWAY_WAIT_SECONDS * G_USEC_PER_SEC;
	     spool_count(gateway) != expected && g_get_monotonic_time() < until_us;)
		g_usleep(2000);
	g_assert_cmpuint(spool_count(gateway), ==, expected);
}

/* Sends it by both roads; `invalid` is "field:message|field:message", "" for the OK answer. Only the page's script gets to see a list. */
static void
assert_answer(const Gateway *gateway, const char *acc, const Part *parts, const char *invalid)
{
	const guint before = spool_count(gateway);
	g_autofree char *answer = submit(gateway, 43, body_u(acc, parts));
	if (invalid[0] == '\0') {
		assert_ok(answer);
		return;
	}
	g_auto(GStrv) entries = g_strsplit(invalid, "|", -1);
	g_autoptr(GString) expected = g_string_new("\"invalid_fields\":[");
	for (guint i = 0; entries[i] != NULL; i++) {
		g_auto(GStrv) pair = g_strsplit(entries[i], ":", 2);
		g_string_append_printf(expected,
		    "%s{\"field\":\"%s\",\"message\":\"%s\",\"idref\":null,\"error_id\":\"" UNIT "-ve-%s\",\"into\":"
		    "\"span.wpcf7-form-control-wrap.%s\"}",
		    i > 0 ? "," : "", pair[0], pair[1], pair[0], pair[0]);
	}
	g_string_append(expected, "]");
	assert_has(answer, "\"status\":\"validation_failed\"");
	assert_has(answer, expected->str);
	assert_spool_count(gateway, before);
}

/* The newest submission's files: "field name size, ...", each readable. */
static void
assert_stored(const Gateway *gateway, const char *expected)
{
	g_autoptr(Submission) submission = stored_newest(gateway);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *data = data_directory(gateway);
	for (guint i = 0; i < submission->files->len; i++) {
		const SubmissionFile *file = submission->files->pdata[i];
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) content = spool_read(data, file, &error);
		g_assert_no_error(error);
		const char *bytes = g_bytes_get_data(content, NULL);
		for (gsize k = 0; k < g_bytes_get_size(content); k++)
			g_assert_cmpint(bytes[k], ==, 'a' + k % 26);
		g_string_append_printf(
		    text, "%s%s %s %" G_GUINT64_FORMAT, i > 0 ? ", " : "", file->field, file->name, file->size_bytes);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

#define PARTS(...) ((const Part[]){__VA_ARGS__, {NULL, NULL, 0}})
#define NO_PARTS ((const Part[]){{NULL, NULL, 0}})
#define TYPE_INVALID "This file type is not accepted."
#define TOO_LARGE "The file is too large."

/* Deviation: Contact Form 7 6.1.6 takes a required file whose part is missing. */
static void
test_u01(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", NO_PARTS, "f:" REQUIRED);
	gateway_stop(gateway);
}

static void
test_u02(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "", 0}), "f:" REQUIRED);
	g_autofree char *answer = submit(gateway, 43, body_u(NULL, PARTS({"f", "", 0})));
	assert_has(answer, "\"status\":\"acceptance_missing\"");
	g_autofree char *with_file = submit(gateway, 43, body_u(NULL, PARTS({"f", "a.pdf", 5})));
	assert_has(with_file, "\"status\":\"acceptance_missing\"");
	assert_spool_count(gateway, 0);
	gateway_stop(gateway);
}

static void
test_u03(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.exe", 5}), "f:" TYPE_INVALID);
	assert_answer(gateway, "1", PARTS({"f", "readme", 5}), "f:" TYPE_INVALID);
	gateway_stop(gateway);
}

static void
test_u04(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1024}), "");
	assert_stored(gateway, "f a.pdf 1024");
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1025}), "f:" TOO_LARGE);
	/* The sum counts. */
	assert_answer(gateway, "1", PARTS({"f[]", "a.pdf", 1000}, {"f[]", "b.pdf", 25}), "f:" TOO_LARGE);
	assert_answer(gateway, "1", PARTS({"f[]", "a.pdf", 1000}, {"f[]", "b.pdf", 24}), "");
	assert_spool_count(gateway, 3);
	gateway_stop(gateway);
}

/* Deviation: a file without a byte is no file. */
static void
test_u05(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 0}), "f:" REQUIRED);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"g", "a.png", 0}), "");
	assert_stored(gateway, "f a.pdf 1");
	gateway_stop(gateway);
}

static void
test_u06(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f[]", "a.pdf", 3}, {"f[]", "a.pdf", 4}), "");
	assert_stored(gateway, "f a.pdf 3, f a-1.pdf 4");
	gateway_stop(gateway);
}

static void
test_u07(void)
{
	static const char *const names[][2] = {{"x.php.pdf", "x.php_.pdf"}, {"../../etc/pa ss＃.txt", "pa-ss.txt"},
	    {"見積　書（１）.pdf", "見積-書1.pdf"}, {".pdf", "unnamed-file.pdf"}};
	Gateway *gateway = start();
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *stored = g_strdup_printf("f %s 7", names[i][1]);
		assert_answer(gateway, "1", PARTS({"f", names[i][0], 7}), "");
		assert_stored(gateway, stored);
	}
	gateway_stop(gateway);
}

static void
test_u08(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"g", "a.svg", 1}), "g:" TYPE_INVALID);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"g", "a.PNG", 1}), "");
	assert_stored(gateway, "f a.pdf 1, g a.png 1");
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"g", "a.mp3", 1}), "");
	gateway_stop(gateway);
}

static void
test_u09(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.php", 1}), "");
	assert_stored(gateway, "f a.pdf 1, h a.php_.txt 1");
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.zip", 1}), "h:" TYPE_INVALID);
	gateway_stop(gateway);
}

/* Deviation: PHP's own ceiling does not exist here; what passes the field's limit or the request's is told, and nothing of it is kept. */
static void
test_u10(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 20 * 1024 * 1024 + 1}), "h:" TOO_LARGE);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 4 * 1024 * 1024}), "");
	assert_stored(gateway, "f a.pdf 1, h a.png 4194304");
	gateway_stop(gateway);
}

static void
test_u11(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"f", "a.exe", 1}, {"g", "a.svg", 1}), "f:" TYPE_INVALID "|g:" TYPE_INVALID);
	gateway_stop(gateway);
}

/* --- Beyond the vectors --------------------------------------------------------------------------------------------------- */

static void
test_other_names(void)
{
	Gateway *gateway = start();
	assert_answer(gateway, "1", PARTS({"nobody", "x.pdf", 9}, {"f", "a.pdf", 1}, {"t", "y.pdf", 9}), "");
	assert_stored(gateway, "f a.pdf 1");
	assert_spool_count(gateway, 1);
	gateway_stop(gateway);
}

/* A form without script names itself in the body, before its files or behind them. */
static void
test_plain_post(void)
{
	Gateway *gateway = start();
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(GString) rest = body_u("1", NO_PARTS);
	append_file(body, &(Part){"nobody", "x.pdf", 9});
	append_file(body, &(Part){"f", "a.pdf", 1000});
	g_string_append_len(body, rest->str, (gssize)rest->len);
	ClientRequest request = {.method = "POST", .uri = "/contact/", .content_type = MULTIPART, .body = body};
	g_autofree char *answer = client_ask(gateway, &request);
	assert_has(answer, "Status: 200 OK");
	assert_stored(gateway, "f a.pdf 1000");
	assert_spool_count(gateway, 1);
	g_autoptr(GString) large = g_string_new(NULL);
	append_file(large, &(Part){"f", "a.pdf", 1025});
	g_string_append_len(large, rest->str, (gssize)rest->len);
	request.body = large;
	g_autofree char *refused = client_ask(gateway, &request);
	assert_has(refused, TOO_LARGE);
	assert_spool_count(gateway, 1);
	gateway_stop(gateway);
}

static void
set_growth(const Gateway *gateway, rlim_t size)
{
	struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
	g_assert_cmpint(prlimit(gateway->front, RLIMIT_FSIZE, &limit, NULL), ==, 0);
}

static void
test_full_disk(void)
{
	Gateway *gateway = start();
	/* Less than the file needs, and more than the log does. */
	set_growth(gateway, 1024 * 1024);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 2 * 1024 * 1024}), "h:The upload failed.");
	assert_spool_count(gateway, 0);
	g_assert_true(gateway_wait_log(gateway, "store.full"));
	set_growth(gateway, RLIM_INFINITY);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 2 * 1024 * 1024}), "");
	gateway_stop(gateway);
}

/* Files are synced when everything else is well, and "sent" is said of none that are not. */
static void
test_sync(void)
{
	Gateway *gateway = start();
	g_atomic_int_set(&disk->syncs, 0);
	assert_answer(gateway, "1", PARTS({"f", "a.exe", 1}), "f:" TYPE_INVALID);
	g_autofree char *unaccepted = submit(gateway, 43, body_u(NULL, PARTS({"f", "a.pdf", 1}, {"h", "a.png", 1})));
	assert_has(unaccepted, "\"status\":\"acceptance_missing\"");
	g_assert_cmpint(g_atomic_int_get(&disk->syncs), ==, 0);
	g_atomic_int_set(&disk->is_failing, TRUE);
	g_autofree char *failed = submit(gateway, 43, body_u("1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 1})));
	g_atomic_int_set(&disk->is_failing, FALSE);
	assert_has(failed, "\"status\":\"mail_failed\"");
	assert_spool_count(gateway, 0);
	g_assert_cmpuint(stored_count(gateway), ==, 0);
	g_assert_true(gateway_wait_log(gateway, "store_failed"));
	g_atomic_int_set(&disk->syncs, 0);
	g_autofree char *sent = submit(gateway, 43, body_u("1", PARTS({"f", "a.pdf", 1}, {"h", "a.png", 1})));
	assert_ok(sent);
	g_assert_cmpint(g_atomic_int_get(&disk->syncs), ==, 3);
	gateway_stop(gateway);
}

/* The visitor goes away in the middle of a file. */
static void
test_broken_off(void)
{
	Gateway *gateway = start();
	g_autoptr(GString) body = body_u("1", PARTS({"f", "a.pdf", 1000}, {"h", "a.png", 300000}));
	ClientRequest request = {.method = "POST",
	    .uri = FORMS "/43/feedback",
	    .content_type = MULTIPART,
	    .body = body,
	    .declared = (gssize)body->len};
	const int connection = client_connect(gateway);
	client_send_head(connection, &request);
	client_send_body(connection, body->str, 200000);
	assert_spool_count(gateway, 2);
	g_assert_cmpint(close(connection), ==, 0);
	assert_spool_count(gateway, 0);
	gateway_stop(gateway);
}

/* do_not_store and no mail: nobody will ever read it. */
static void
test_stored_briefly(void)
{
	Gateway *gateway = gateway_start(1);
	gateway_add_form(gateway, 43, "[settings]\ndo_not_store = on\nskip_mail = on\n", FORM_U);
	assert_answer(gateway, "1", PARTS({"f", "a.pdf", 100}), "");
	g_assert_cmpuint(stored_count(gateway), ==, 1);
	assert_spool_count(gateway, 0);
	gateway_stop(gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	disk = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_assert_true(disk != MAP_FAILED);
	g_test_add_func("/contract/U01", test_u01);
	g_test_add_func("/contract/U02", test_u02);
	g_test_add_func("/contract/U03", test_u03);
	g_test_add_func("/contract/U04", test_u04);
	g_test_add_func("/contract/U05", test_u05);
	g_test_add_func("/contract/U06", test_u06);
	g_test_add_func("/contract/U07", test_u07);
	g_test_add_func("/contract/U08", test_u08);
	g_test_add_func("/contract/U09", test_u09);
	g_test_add_func("/contract/U10", test_u10);
	g_test_add_func("/contract/U11", test_u11);
	g_test_add_func("/front/files/only upload fields take files", test_other_names);
	g_test_add_func("/front/files/a form without script brings files too", test_plain_post);
	g_test_add_func("/front/files/a full disk is told under the field", test_full_disk);
	g_test_add_func("/front/files/only what is kept is synced, and before it is thanked for", test_sync);
	g_test_add_func("/front/files/what breaks off leaves nothing", test_broken_off);
	g_test_add_func("/front/files/what nobody will read is not kept", test_stored_briefly);
	return g_test_run();
}
