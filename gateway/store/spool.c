/*
 * Spool files: sealed content in one folder, and the two ways in which a file ends (see the header).
 *
 * A SpoolWriter belongs to one thread and is: created -> written -> finished or discarded. Its file exists from the beginning, so that a full
 * disk is met while the visitor still waits; what it has finished is durable only after spool_sync, because a sync is dear and anybody may
 * send files. Everything is reached through a descriptor of the folder, which is no symbolic link, because front and courier run as
 * different users and each distrusts what the other may have put there.
 */
#include "sekisho/store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/vault.h"
#include "store/statements.h"
#include "system_error.h"

#define FOLDER_NAME "spool"
#define FOLDER_MODE 02770
#define FILE_MODE 0660
#define NAME_BYTES 16u
#define NAME_DIGITS (2ul * NAME_BYTES)

G_STATIC_ASSERT(SUBMISSION_FILE_KEY_BYTES == VAULT_STREAM_KEY_BYTES);

struct SpoolWriter {
	int folder;
	int file;
	char name[NAME_DIGITS + 1];
	VaultStream *stream;
	GByteArray *sealed; /* not written yet */
	GChecksum *sha256;
	guint64 size_bytes;
	guint8 key[VAULT_STREAM_KEY_BYTES];
};

/* Whether this process has synced the data directory since it last made the folder in it; atomic. Another process may have made the
 * folder and not come to sync it, so finding it is not enough. */
static gint is_folder_durable;

static gboolean
fail(const char *what, GError **error)
{
	const int system_error = errno;

	g_set_error(error, STORE_ERROR, system_error_code(system_error), "the spool folder of the data directory: cannot %s: %s",
	    what, g_strerror(system_error));
	return FALSE;
}

/* Closes without touching what errno says. */
static void
close_quietly(int descriptor)
{
	const int system_error = errno;

	(void)close(descriptor);
	errno = system_error;
}

/* --- The folder ----------------------------------------------------------------------------------------------------- */

/* -1 with errno. */
static int
open_folder(const char *data_directory)
{
	g_autofree char *path = g_build_filename(data_directory, FOLDER_NAME, NULL);

	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The data directory is setgid, so a folder made in it is too and has its group; where that is not so it is made so. */
static gboolean
make_folder(const char *data_directory)
{
	g_autofree char *path = g_build_filename(data_directory, FOLDER_NAME, NULL);
	struct stat status;

	if (mkdir(path, FOLDER_MODE & 0777) != 0 && errno != EEXIST)
		return FALSE;
	if (lstat(path, &status) != 0)
		return FALSE;
	g_atomic_int_set(&is_folder_durable, FALSE);
	return (status.st_mode & 07777) == FOLDER_MODE || chmod(path, FOLDER_MODE) == 0;
}

/* Opens the folder, which the first upload makes. */
static int
provide_folder(const char *data_directory, GError **error)
{
	int folder = open_folder(data_directory);

	if (folder < 0 && errno == ENOENT && make_folder(data_directory))
		folder = open_folder(data_directory);
	if (folder < 0)
		fail("open or make it", error);
	return folder;
}

static gboolean
is_name(const char *name)
{
	return strlen(name) == NAME_DIGITS && strspn(name, "0123456789abcdef") == NAME_DIGITS;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void
write_name(char *name)
{
	guint8 random[NAME_BYTES];
	g_autoptr(GString) digits = g_string_new(NULL);

	if (getentropy(random, sizeof random) != 0)
		g_error("no random numbers: %s", g_strerror(errno));
	text_append_hex(digits, random, sizeof random);
	memcpy(name, digits->str, NAME_DIGITS + 1);
}

/* Frees all but the file. */
static void
writer_free(SpoolWriter *writer)
{
	close_quietly(writer->file);
	close_quietly(writer->folder);
	vault_stream_free(writer->stream);
	g_byte_array_unref(writer->sealed);
	g_checksum_free(writer->sha256);
	explicit_bzero(writer->key, sizeof writer->key);
	g_free(writer);
}

SpoolWriter *
spool_create(const char *data_directory, GError **error)
{
	char name[NAME_DIGITS + 1];
	const int folder = provide_folder(data_directory, error);

	if (folder < 0)
		return NULL;
	write_name(name);
	const int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	/* Both roles need it, whatever the umask is. */
	if (file < 0 || fchmod(file, FILE_MODE) != 0) {
		fail("make a file", error);
		if (file >= 0) {
			(void)unlinkat(folder, name, 0);
			(void)close(file);
		}
		(void)close(folder);
		return NULL;
	}
	SpoolWriter *writer = g_new0(SpoolWriter, 1);
	writer->folder = folder;
	writer->file = file;
	memcpy(writer->name, name, sizeof name);
	writer->sealed = g_byte_array_new();
	writer->sha256 = g_checksum_new(G_CHECKSUM_SHA256);
	writer->stream = vault_stream_new(writer->key, writer->sealed);
	return writer;
}

void
spool_discard(SpoolWriter *writer)
{
	if (writer == NULL)
		return;
	(void)unlinkat(writer->folder, writer->name, 0);
	writer_free(writer);
}

static gboolean
write_sealed(SpoolWriter *writer, GError **error)
{
	const guint8 *at = writer->sealed->data;

	for (gsize left = writer->sealed->len; left > 0;) {
		const ssize_t count = write(writer->file, at, left);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return fail("write a file", error);
		at += count;
		left -= (gsize)count;
	}
	g_byte_array_set_size(writer->sealed, 0);
	return TRUE;
}

gboolean
spool_write(SpoolWriter *writer, const guint8 *bytes, gsize size, GError **error)
{
	g_checksum_update(writer->sha256, bytes, (gssize)size);
	writer->size_bytes += size;
	vault_stream_seal(writer->stream, bytes, size, writer->sealed);
	/* The stream's beginning waits for the first chunk. */
	return writer->sealed->len < VAULT_STREAM_CHUNK_BYTES || write_sealed(writer, error);
}

gboolean
spool_finish(SpoolWriter *writer, SubmissionFile *file, GError **error)
{
	vault_stream_end(writer->stream, writer->sealed);
	if (!write_sealed(writer, error)) {
		spool_discard(writer);
		return FALSE;
	}
	g_free(file->spool);
	g_free(file->sha256);
	file->spool = g_strdup(writer->name);
	file->sha256 = g_strdup(g_checksum_get_string(writer->sha256));
	file->size_bytes = writer->size_bytes;
	file->state = FILE_KEPT;
	memcpy(file->key, writer->key, sizeof file->key);
	writer_free(writer);
	return TRUE;
}

void
spool_remove(const char *data_directory, const SubmissionFile *file)
{
	const int folder = is_name(file->spool) ? open_folder(data_directory) : -1;

	if (folder < 0)
		return;
	(void)unlinkat(folder, file->spool, 0);
	(void)close(folder);
}

/* --- Reading and syncing -------------------------------------------------------------------------------------------- */

/* -1 with an error; `folder` may be -1 with errno. */
static int
open_file_at(int folder, const char *name, GError **error)
{
	/* O_NONBLOCK: a named pipe that somebody put there must not make us wait. */
	const int file = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (file < 0 && errno == ENOENT)
		g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "an uploaded file is not in the spool folder any more");
	else if (file < 0)
		fail("open a file", error);
	return file;
}

/* -1 with an error. */
static int
open_file(const char *data_directory, const char *name, GError **error)
{
	const int folder = open_folder(data_directory);
	const int file = open_file_at(folder, name, error);

	if (folder >= 0)
		(void)close(folder);
	return file;
}

static gboolean
sync_file(int folder, const SubmissionFile *file, GError **error)
{
	g_assert(is_name(file->spool));
	const int descriptor = open_file_at(folder, file->spool, error);
	if (descriptor < 0)
		return FALSE;
	const gboolean is_synced = fsync(descriptor) == 0 || fail("sync a file", error);
	(void)close(descriptor);
	return is_synced;
}

/* The folder's own entry in the data directory. */
static gboolean
sync_entry(const char *data_directory, GError **error)
{
	if (g_atomic_int_get(&is_folder_durable))
		return TRUE;
	const int directory = open(data_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return fail("open what it lies in", error);
	const gboolean is_synced = fsync(directory) == 0 || fail("sync what it lies in", error);
	if (is_synced)
		g_atomic_int_set(&is_folder_durable, TRUE);
	(void)close(directory);
	return is_synced;
}

gboolean
spool_sync(const char *data_directory, const GPtrArray *files, GError **error)
{
	int folder = -1;
	gboolean is_good = TRUE;

	for (guint i = 0; is_good && i < files->len; i++) {
		const SubmissionFile *file = files->pdata[i];
		if (file->state != FILE_KEPT)
			continue;
		if (folder < 0)
			folder = open_folder(data_directory);
		is_good = sync_file(folder, file, error);
	}
	if (folder < 0)
		return is_good;
	if (is_good)
		is_good = (fsync(folder) == 0 || fail("sync it", error)) && sync_entry(data_directory, error);
	(void)close(folder);
	return is_good;
}

/* Everything that is in `file`, if it is a regular one of exactly `size` bytes. */
static GBytes *
read_file(int file, gsize size, GError **error)
{
	struct stat status;

	if (fstat(file, &status) != 0) {
		fail("examine a file", error);
		return NULL;
	}
	if (!S_ISREG(status.st_mode) || (guint64)status.st_size != size) {
		g_set_error(
		    error, BASE_ERROR, BASE_ERROR_FORGED, "an uploaded file in the spool folder does not have the size it had");
		return NULL;
	}
	g_autofree guint8 *bytes = g_malloc(size);
	for (gsize filled = 0; filled < size;) {
		const ssize_t count = read(file, bytes + filled, size - filled);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			fail("read a file", error);
			return NULL;
		}
		filled += (gsize)count;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

GBytes *
spool_read(const char *data_directory, const SubmissionFile *file, GError **error)
{
	if (!is_name(file->spool) || file->size_bytes > LIMIT_BODY_BYTES) {
		g_set_error(error, BASE_ERROR, BASE_ERROR_FORGED, "an uploaded file has a name or size that cannot be ours");
		return NULL;
	}
	const int descriptor = open_file(data_directory, file->spool, error);
	if (descriptor < 0)
		return NULL;
	g_autoptr(GBytes) sealed = read_file(descriptor, vault_stream_sealed_bytes(file->size_bytes), error);
	(void)close(descriptor);
	return sealed != NULL ? vault_stream_open(file->key, sealed, error) : NULL;
}

/* --- Ending --------------------------------------------------------------------------------------------------------- */

/* Names of released files. */
static GPtrArray *
read_released(Db *db, guint limit, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SPOOL_RELEASED, error);

	if (statement == NULL)
		return NULL;
	statement_bind_int(statement, "limit", limit);
	return statement_rows(statement, statement_read_text, g_free, error);
}

static gboolean
delete_rows(Db *db, const GPtrArray *names, GError **error)
{
	for (guint i = 0; i < names->len; i++) {
		Statement *statement = db_statement(db, STATEMENT_SPOOL_DELETE, error);
		if (statement == NULL)
			return FALSE;
		statement_bind_text(statement, "name", names->pdata[i]);
		if (!statement_step(statement, NULL, error))
			return FALSE;
	}
	return TRUE;
}

/* Takes out of `names` those whose file could not be removed (all, if the folder is there and cannot be opened); FALSE if there was one. */
static gboolean
remove_files(const char *data_directory, GPtrArray *names, GError **error)
{
	const int folder = open_folder(data_directory);
	gboolean is_good = TRUE;

	if (folder < 0 && errno == ENOENT)
		return TRUE;
	if (folder < 0) {
		fail("open it", error);
		g_ptr_array_set_size(names, 0);
		return FALSE;
	}
	for (guint i = names->len; i-- > 0;) {
		if (!is_name(names->pdata[i]) || unlinkat(folder, names->pdata[i], 0) == 0 || errno == ENOENT)
			continue;
		is_good = fail("remove a file", is_good ? error : NULL);
		g_ptr_array_remove_index_fast(names, i);
	}
	(void)close(folder);
	return is_good;
}

gint
spool_remove_released(Db *db, const char *data_directory, guint limit, GError **error)
{
	g_autoptr(GPtrArray) names = read_released(db, limit, error);

	if (names == NULL)
		return -1;
	/* Files first, then their rows: a row that is left by a crash finds its file gone, which is well. */
	const gboolean is_good = names->len == 0 || remove_files(data_directory, names, error);
	if (names->len == 0)
		return is_good ? 0 : -1;
	GError **problem = is_good ? error : NULL;
	if (!db_begin(db, problem) || !db_end(db, delete_rows(db, names, problem), problem))
		return -1;
	return is_good ? (gint)names->len : -1;
}

/* TRUE if a row names the file; on an error too, because then nobody knows. */
static gboolean
is_named(Db *db, const char *name, GError **error)
{
	Statement *statement = db_statement(db, STATEMENT_SPOOL_IS_NAMED, error);
	gboolean has_row = TRUE;

	if (statement == NULL)
		return TRUE;
	statement_bind_text(statement, "name", name);
	if (!statement_step(statement, &has_row, error))
		return TRUE;
	if (has_row)
		statement_reset(statement);
	return has_row;
}

/* A time far ahead is that of a clock that was wrong, and no upload of now. */
static gboolean
is_old(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ABS(clock_now_us() / G_USEC_PER_SEC - (gint64)status.st_mtime) > LIMIT_SPOOL_ORPHAN_S;
}

static gint
sweep(Db *db, int folder, GDir *listing, guint limit, GError **error)
{
	guint count = 0;

	for (const char *name; count < limit && (name = g_dir_read_name(listing)) != NULL;) {
		g_autoptr(GError) problem = NULL;
		if (!is_name(name) || !is_old(folder, name))
			continue;
		if (!is_named(db, name, &problem) && unlinkat(folder, name, 0) == 0)
			count++;
		if (problem != NULL) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return -1;
		}
	}
	return (gint)count;
}

gint
spool_sweep(Db *db, const char *data_directory, guint limit, GError **error)
{
	const int folder = open_folder(data_directory);
	if (folder < 0 && errno == ENOENT)
		return 0;
	g_autofree char *path = g_build_filename(data_directory, FOLDER_NAME, NULL);
	g_autoptr(GDir) listing = folder < 0 ? NULL : g_dir_open(path, 0, NULL);
	gint count = -1;
	if (listing == NULL)
		fail("list it", error);
	else
		count = sweep(db, folder, listing, limit, error);
	if (folder >= 0)
		(void)close(folder);
	return count;
}
