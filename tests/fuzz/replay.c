/*
 * The driver of a fuzz target in builds without libFuzzer: `fuzz_<name> CORPUS-FOLDER [MUTATIONS]`. Each file of the folder is run as
 * it is, and then MUTATIONS (default 3000, of many files fewer) variants of it: flipped bits, changed, removed and repeated bytes, truncations, and splices
 * with another file of the corpus. The random numbers are seeded by the file's name, so a run can be repeated exactly, and a
 * corpus that grows does not change what happens to the older files but for the splices.
 *
 * When the target dies (abort, or a sanitizer's report) the input in hand is written to <program>-crash in the working folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define REPLAY_MUTATIONS 3000u
/* And at most so many inputs of all files together. */
#define REPLAY_INPUTS 36000u
/* A mutated input never grows past this: splices would otherwise make each one bigger than the last. */
#define REPLAY_INPUT_BYTES (64u * 1024u)

/* The sanitizers' runtime has it; other builds do not. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

typedef struct {
	char *name;
	GBytes *content;
} ReplayFile;

/* Read at death by a signal handler, so they are plain and global. */
static char crash_path[256];
static const guint8 *input_bytes;
static gsize input_size;

static void
replay_save_input(void)
{
	static const char message[] = "replay: the input at hand was written to ";
	int descriptor = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t written = descriptor < 0 ? -1 : write(descriptor, input_bytes, input_size);

	if (written == (ssize_t)input_size) {
		written = write(STDERR_FILENO, message, sizeof(message) - 1);
		written = write(STDERR_FILENO, crash_path, strlen(crash_path));
		written = write(STDERR_FILENO, "\n", 1);
	}
	if (descriptor >= 0)
		close(descriptor);
}

static void
replay_on_abort(int signal_number)
{
	(void)signal_number;
	replay_save_input();
}

static void
replay_watch_death(const char *program)
{
	g_autofree char *name = g_path_get_basename(program);
	g_snprintf(crash_path, sizeof(crash_path), "%s-crash", name);
	signal(SIGABRT, replay_on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(replay_save_input);
}

static void
replay_run(const guint8 *bytes, gsize size)
{
	/* An exact copy on the heap, so that AddressSanitizer sees a read of one byte too many. */
	g_autofree guint8 *copy = g_malloc(size + 1);
	guint8 *exact = size > 0 ? g_memdup2(bytes, size) : copy;

	input_bytes = exact;
	input_size = size;
	LLVMFuzzerTestOneInput(exact, size);
	if (exact != copy)
		g_free(exact);
}

/* What one step of a mutation does to the bytes. */
static void
replay_mutate_once(GByteArray *bytes, GRand *rand, GPtrArray *files)
{
	/* Bytes that mean something in the formats we read. */
	static const char special[] = "\r\n\t \0\"\\<>@,;:=&%+[]-|/'.#!?\x7f\xc3\xff";
	guint at = bytes->len > 0 ? (guint)g_rand_int_range(rand, 0, (gint32)bytes->len) : 0;
	guint count = bytes->len > at ? (guint)g_rand_int_range(rand, 1, (gint32)MIN(bytes->len - at, 16) + 1) : 0;

	switch (bytes->len == 0 ? 6 : g_rand_int_range(rand, 0, 7)) {
	case 0:
		bytes->data[at] = (guint8)(bytes->data[at] ^ (1u << g_rand_int_range(rand, 0, 8)));
		break;
	case 1:
		bytes->data[at] = (guint8)g_rand_int_range(rand, 0, 256);
		break;
	case 2:
		bytes->data[at] = (guint8)special[g_rand_int_range(rand, 0, sizeof(special) - 1)];
		break;
	case 3:
		g_byte_array_remove_range(bytes, at, count);
		break;
	case 4: {
		g_autofree guint8 *repeated = g_memdup2(bytes->data + at, count);
		g_byte_array_append(bytes, repeated, count);
		break;
	}
	case 5:
		g_byte_array_set_size(bytes, at);
		break;
	default: {
		const ReplayFile *other = g_ptr_array_index(files, g_rand_int_range(rand, 0, (gint32)files->len));
		gsize size = 0;
		const guint8 *tail = g_bytes_get_data(other->content, &size);
		gsize from = size > 0 ? (gsize)g_rand_int_range(rand, 0, (gint32)size) : 0;
		g_byte_array_set_size(bytes, at);
		g_byte_array_append(bytes, tail + from, (guint)(size - from));
	}
	}
	if (bytes->len > REPLAY_INPUT_BYTES)
		g_byte_array_set_size(bytes, REPLAY_INPUT_BYTES);
}

static void
replay_file(const ReplayFile *file, GPtrArray *files, guint mutations)
{
	gsize size = 0;
	const guint8 *bytes = g_bytes_get_data(file->content, &size);
	g_autoptr(GRand) rand = g_rand_new_with_seed(g_str_hash(file->name));

	replay_run(bytes, size);
	for (guint i = 0; i < mutations; i++) {
		g_autoptr(GByteArray) mutated = g_byte_array_new();
		g_byte_array_append(mutated, bytes, (guint)size);
		for (gint steps = g_rand_int_range(rand, 1, 5); steps > 0; steps--)
			replay_mutate_once(mutated, rand, files);
		replay_run(mutated->data, mutated->len);
	}
}

static void
replay_file_free(gpointer data)
{
	ReplayFile *file = data;

	g_free(file->name);
	g_bytes_unref(file->content);
	g_free(file);
}

static gint
replay_file_compare(gconstpointer left, gconstpointer right)
{
	return strcmp((*(ReplayFile *const *)left)->name, (*(ReplayFile *const *)right)->name);
}

/* The folder's files, sorted by name because a directory has no order of its own. NULL and a message if one cannot be read. */
static GPtrArray *
replay_read_corpus(const char *folder)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(replay_file_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) directory = g_dir_open(folder, 0, &error);
	const char *name = NULL;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		char *content = NULL;
		gsize size = 0;
		if (!g_file_get_contents(path, &content, &size, &error))
			break;
		ReplayFile *file = g_new0(ReplayFile, 1);
		file->name = g_strdup(name);
		file->content = g_bytes_new_take(content, size);
		g_ptr_array_add(files, file);
	}
	if (error) {
		g_printerr("replay: %s\n", error->message);
		return NULL;
	}
	g_ptr_array_sort(files, replay_file_compare);
	return g_steal_pointer(&files);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		g_printerr("usage: %s CORPUS-FOLDER [MUTATIONS]\n", argv[0]);
		return 64;
	}
	g_autoptr(GPtrArray) files = replay_read_corpus(argv[1]);
	if (!files || files->len == 0) {
		g_printerr("replay: no corpus in %s\n", argv[1]);
		return 66;
	}
	guint mutations =
	    argc > 2 ? (guint)g_ascii_strtoull(argv[2], NULL, 10) : MIN(REPLAY_MUTATIONS, REPLAY_INPUTS / files->len);
	replay_watch_death(argv[0]);
	for (guint i = 0; i < files->len; i++)
		replay_file(g_ptr_array_index(files, i), files, mutations);
	g_print("replay: %u files, %u inputs\n", files->len, files->len * (mutations + 1));
	return 0;
}
