/*
 * Loses what was not synced: a library for LD_PRELOAD that lets a test cut the power of a running sekishod, at an instant of its
 * choice, and give its databases only what a disk would have.
 *
 * The files that SQLite writes play the part of the page cache, which all processes share. Beside them stands the folder "disk" with
 * a twin of each: xSync, and nothing else, copies into it what has changed (real syncs are left out). When the power is cut nothing
 * reaches a twin any more: who syncs waits for its end. The test kills every process and puts the twins in the files' place.
 *
 * SEKISHO_POWER names the folder; it has the folder "disk" and the file "control" (struct Control), which the test maps too:
 *
 *     phase, countdown    the process that comes to this point for the countdown-th time (0: the first) kills itself there
 *     is_power            that kill is a power cut; otherwise this one process dies and everybody else goes on
 *     is_cut              the power is off
 *     fault               an errno: writes and syncs of the database fail with it, as on a disk that is full or read-only or dying
 *
 * SEKISHO_POWER_SYNCHRONOUS takes the place of FULL in "PRAGMA synchronous = FULL": the same program, careless, to prove that its
 * losses are seen. The points are found by standing between the program and SQLite or libfcgi (symbol interposition), so the program
 * itself knows nothing of them. Deliveries that are written down are recognised by the statement delivery_settle.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define PATH_BYTES 1024
/* Ends the name of a twin whose file was deleted and is perhaps still on the disk. */
#define GONE ".gone"

/* In the order of PHASES in power.py. */
typedef enum {
	PHASE_NONE,
	BEFORE_COMMIT,
	IN_COMMIT,
	AFTER_COMMIT,
	BEFORE_ANSWER,
	AFTER_ANSWER,
	BEFORE_SETTLE,
	IN_SETTLE,
	AFTER_SETTLE,
	BEFORE_LEDGER,
	IN_LEDGER,
	AFTER_LEDGER,
} Phase;

typedef struct {
	uint32_t phase;
	int32_t countdown;
	uint32_t is_power;
	uint32_t is_cut;
	uint32_t fault;
	uint32_t is_reached;
} Control;

typedef struct {
	sqlite3_file file; /* first: SQLite knows us by it */
	sqlite3_file *cached;
	char twin[PATH_BYTES]; /* empty: a temporary file, which no power cut outlives */
} File;

static Control *control;
static char disk[PATH_BYTES];
static bool is_front;
static sqlite3_vfs *below;
static sqlite3_vfs forgetful;
/* What this thread's transaction is about. */
static __thread bool is_settling;
static __thread Phase in_transaction;

/* --- The kill ----------------------------------------------------------------------------------------------------- */

static void
reach(Phase phase)
{
	if (!control || phase == PHASE_NONE || __atomic_load_n(&control->phase, __ATOMIC_SEQ_CST) != phase)
		return;
	if (__atomic_fetch_sub(&control->countdown, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	if (control->is_power)
		__atomic_store_n(&control->is_cut, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&control->is_reached, 1, __ATOMIC_SEQ_CST);
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static void
wait_for_power(void)
{
	while (__atomic_load_n(&control->is_cut, __ATOMIC_SEQ_CST))
		(void)usleep(1000);
}

/* --- The disk ----------------------------------------------------------------------------------------------------- */

static File *
ours(sqlite3_file *file)
{
	return (File *)file;
}

/* Past a file's end SQLite gives zeros and says so. */
static bool
is_read(int result)
{
	return result == SQLITE_OK || result == SQLITE_IOERR_SHORT_READ;
}

/* Copies the blocks that differ. Read through SQLite's own descriptor, because closing another one would drop its locks. */
static bool
copy_blocks(const File *file, int twin, sqlite3_int64 size)
{
	for (sqlite3_int64 at = 0; at < size; at += BLOCK_BYTES) {
		char cached[BLOCK_BYTES], stored[BLOCK_BYTES];
		int wanted = size - at < BLOCK_BYTES ? (int)(size - at) : BLOCK_BYTES;
		if (!is_read(file->cached->pMethods->xRead(file->cached, cached, wanted, at)))
			return false;
		if (pread(twin, stored, (size_t)wanted, at) == wanted && memcmp(cached, stored, (size_t)wanted) == 0)
			continue;
		if (pwrite(twin, cached, (size_t)wanted, at) != wanted)
			return false;
		reach(in_transaction);
	}
	return ftruncate(twin, size) == 0;
}

/* File systems keep the order of what happens to names: with the next sync earlier deletions are on the disk too. */
static void
delete_gone(void)
{
	static const char *const names[] = {"sekisho.db-wal", "sekisho.db-journal", "ledger.db-wal", "ledger.db-journal"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char gone[2 * PATH_BYTES];
		(void)snprintf(gone, sizeof gone, "%s/%s" GONE, disk, names[i]);
		(void)unlink(gone);
	}
}

/* One at a time for each file: of two copies the older one must not end last. A kill sets the lock free. */
static bool
store(const File *file)
{
	sqlite3_int64 size = 0;
	int twin = open(file->twin, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (twin < 0)
		return false;
	/* Whatever the umask is: several users write here. Only the owner may. */
	(void)fchmod(twin, 0666);
	bool is_good = flock(twin, LOCK_EX) == 0;
	wait_for_power();
	delete_gone();
	is_good = is_good && file->cached->pMethods->xFileSize(file->cached, &size) == SQLITE_OK && copy_blocks(file, twin, size);
	(void)close(twin);
	return is_good;
}

static bool
is_failing(void)
{
	errno = (int)__atomic_load_n(&control->fault, __ATOMIC_SEQ_CST);
	return errno != 0;
}

static int
forgetful_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	if (ours(file)->twin[0] == '\0')
		return SQLITE_OK;
	if (is_failing())
		return SQLITE_IOERR_FSYNC;
	if (store(ours(file)))
		return SQLITE_OK;
	/* Nobody would believe a test that goes on from here. */
	fprintf(stderr, "forgetful_vfs: %s: %s\n", ours(file)->twin, strerror(errno));
	abort();
}

/* --- Everything else goes through --------------------------------------------------------------------------------- */

#define BELOW(file, method, ...) (ours(file)->cached->pMethods->method(ours(file)->cached, ##__VA_ARGS__))

static int
forgetful_close(sqlite3_file *file)
{
	return BELOW(file, xClose);
}

static int
forgetful_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
	return BELOW(file, xRead, bytes, size, at);
}

static int
forgetful_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
	if (ours(file)->twin[0] != '\0' && is_failing())
		return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	return BELOW(file, xWrite, bytes, size, at);
}

static int
forgetful_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return BELOW(file, xTruncate, size);
}

static int
forgetful_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return BELOW(file, xFileSize, size);
}

static int
forgetful_lock(sqlite3_file *file, int level)
{
	return BELOW(file, xLock, level);
}

static int
forgetful_unlock(sqlite3_file *file, int level)
{
	return BELOW(file, xUnlock, level);
}

static int
forgetful_check_lock(sqlite3_file *file, int *is_reserved)
{
	return BELOW(file, xCheckReservedLock, is_reserved);
}

static int
forgetful_control(sqlite3_file *file, int operation, void *argument)
{
	return BELOW(file, xFileControl, operation, argument);
}

static int
forgetful_sector_size(sqlite3_file *file)
{
	return BELOW(file, xSectorSize);
}

static int
forgetful_characteristics(sqlite3_file *file)
{
	return BELOW(file, xDeviceCharacteristics);
}

static int
forgetful_shm_map(sqlite3_file *file, int region, int size, int is_extended, void volatile **memory)
{
	return BELOW(file, xShmMap, region, size, is_extended, memory);
}

static int
forgetful_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return BELOW(file, xShmLock, offset, count, flags);
}

static void
forgetful_shm_barrier(sqlite3_file *file)
{
	BELOW(file, xShmBarrier);
}

static int
forgetful_shm_unmap(sqlite3_file *file, int is_deleted)
{
	return BELOW(file, xShmUnmap, is_deleted);
}

/* Version 2: write-ahead log, but no mapping of the database itself, which would bypass xRead. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = forgetful_close,
    .xRead = forgetful_read,
    .xWrite = forgetful_write,
    .xTruncate = forgetful_truncate,
    .xSync = forgetful_sync,
    .xFileSize = forgetful_file_size,
    .xLock = forgetful_lock,
    .xUnlock = forgetful_unlock,
    .xCheckReservedLock = forgetful_check_lock,
    .xFileControl = forgetful_control,
    .xSectorSize = forgetful_sector_size,
    .xDeviceCharacteristics = forgetful_characteristics,
    .xShmMap = forgetful_shm_map,
    .xShmLock = forgetful_shm_lock,
    .xShmBarrier = forgetful_shm_barrier,
    .xShmUnmap = forgetful_shm_unmap,
};

static void
name_twin(const char *path, char twin[PATH_BYTES])
{
	const char *name = strrchr(path, '/');
	if (snprintf(twin, PATH_BYTES, "%s/%s", disk, name ? name + 1 : path) >= PATH_BYTES)
		abort();
}

static int
forgetful_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out)
{
	(void)vfs;
	File *opened = ours(file);
	memset(opened, 0, sizeof *opened);
	opened->cached = (sqlite3_file *)(void *)(opened + 1);
	int result = below->xOpen(below, path, opened->cached, flags, flags_out);
	if (!opened->cached->pMethods)
		return result;
	opened->file.pMethods = &methods;
	if (path && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL))
		name_twin(path, opened->twin);
	return result;
}

/* Without a sync of its directory a deleted file may be there again when the power is back. */
static int
forgetful_delete(sqlite3_vfs *vfs, const char *path, int is_synced)
{
	(void)vfs;
	int result = below->xDelete(below, path, is_synced);
	if (result == SQLITE_OK) {
		char twin[PATH_BYTES], gone[PATH_BYTES + sizeof GONE];
		name_twin(path, twin);
		(void)snprintf(gone, sizeof gone, "%s" GONE, twin);
		wait_for_power();
		(void)rename(twin, gone);
		if (is_synced)
			(void)unlink(gone);
	}
	return result;
}

/* --- Between the program and its libraries ------------------------------------------------------------------------ */

static void *
next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	if (!symbol)
		abort();
	return symbol;
}

static bool
is_of_ledger(sqlite3_stmt *statement)
{
	const char *path = sqlite3_db_filename(sqlite3_db_handle(statement), "main");
	const char *name = path ? strrchr(path, '/') : NULL;
	return name && strcmp(name, "/ledger.db") == 0;
}

static int
commit(sqlite3_stmt *statement, int (*next)(sqlite3_stmt *))
{
	Phase before = is_front                  ? BEFORE_COMMIT
		       : is_of_ledger(statement) ? BEFORE_LEDGER
		       : is_settling             ? BEFORE_SETTLE
						 : PHASE_NONE;
	is_settling = false;
	reach(before);
	in_transaction = before == PHASE_NONE ? PHASE_NONE : before + 1;
	int result = next(statement);
	in_transaction = PHASE_NONE;
	if (result == SQLITE_DONE && before != PHASE_NONE)
		reach(before + 2);
	return result;
}

__attribute__((visibility("default"))) int
sqlite3_exec(sqlite3 *handle, const char *sql, int (*row)(void *, int, char **, char **), void *argument, char **message)
{
	int (*next)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
	*(void **)&next = next_symbol("sqlite3_exec");
	const char *synchronous = getenv("SEKISHO_POWER_SYNCHRONOUS");
	char changed[64];
	if (!control || !sql)
		return next(handle, sql, row, argument, message);
	if (synchronous && strcmp(sql, "PRAGMA synchronous = FULL") == 0) {
		(void)snprintf(changed, sizeof changed, "PRAGMA synchronous = %s", synchronous);
		sql = changed;
	}
	return next(handle, sql, row, argument, message);
}

__attribute__((visibility("default"))) int
sqlite3_step(sqlite3_stmt *statement)
{
	int (*next)(sqlite3_stmt *);
	*(void **)&next = next_symbol("sqlite3_step");
	const char *sql = control && statement ? sqlite3_sql(statement) : NULL;
	if (sql && strncmp(sql, "COMMIT", strlen("COMMIT")) == 0)
		return commit(statement, next);
	if (sql && strncmp(sql, "BEGIN", strlen("BEGIN")) == 0)
		is_settling = false;
	if (sql && strstr(sql, "reply_code = :reply_code"))
		is_settling = true;
	return next(statement);
}

static __thread bool is_answering;

__attribute__((visibility("default"))) int
FCGX_PutStr(const char *text, int size, void *stream)
{
	int (*next)(const char *, int, void *);
	*(void **)&next = next_symbol("FCGX_PutStr");
	if (memmem(text, (size_t)size, "mail_sent", strlen("mail_sent"))) {
		reach(BEFORE_ANSWER);
		is_answering = true;
	}
	return next(text, size, stream);
}

__attribute__((visibility("default"))) void
FCGX_Finish_r(void *request)
{
	void (*next)(void *);
	*(void **)&next = next_symbol("FCGX_Finish_r");
	next(request);
	if (is_answering)
		reach(AFTER_ANSWER);
	is_answering = false;
}

__attribute__((constructor)) static void
start(int argc, char **argv)
{
	const char *folder = getenv("SEKISHO_POWER");
	char path[PATH_BYTES];
	if (!folder)
		return;
	(void)snprintf(disk, sizeof disk, "%s/disk", folder);
	(void)snprintf(path, sizeof path, "%s/control", folder);
	int file = open(path, O_RDWR | O_CLOEXEC);
	void *memory = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED)
		abort();
	(void)close(file);
	control = memory;
	for (int i = 1; i + 1 < argc; i++)
		is_front = is_front || (strcmp(argv[i], "--role") == 0 && strcmp(argv[i + 1], "front") == 0);
	below = sqlite3_vfs_find(NULL);
	forgetful = *below;
	forgetful.zName = "forgetful";
	forgetful.szOsFile = below->szOsFile + (int)sizeof(File);
	forgetful.xOpen = forgetful_open;
	forgetful.xDelete = forgetful_delete;
	if (sqlite3_vfs_register(&forgetful, 1) != SQLITE_OK)
		abort();
}
