/*
 * The machine: clock, disk, rights and keys, databases, and the gateway's processes as far as they can be seen from outside: a socket that answers, a queue that moves.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "check_roles.h"
#include "doctor_parts.h"
#include "gateway_socket.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/submissions.h"

/* Below the first a person should act soon; below the second some uploads do not fit any more. */
#define DISK_LOW_BYTES (1024ull * 1024 * 1024)
#define DISK_FULL_BYTES (200ull * 1024 * 1024)
#define FILES_LEFT_FEW 1000u
/* Two clocks that are so far apart are not both right; what comes over the net is seconds old. */
#define CLOCK_APART_S 120
/* The first year in which this program ran anywhere. */
#define CLOCK_FIRST_YEAR 2025
/* The courier takes what is due within seconds; a full queue at a slow server takes minutes. Whoever comes because a canary waited
 * its five minutes in vain must not be told that all is fine. */
#define COURIER_LATE_US (30 * G_TIME_SPAN_SECOND)
#define COURIER_STUCK_US (5 * G_TIME_SPAN_MINUTE)

/* --- Clock ------------------------------------------------------------------------------------------------------------------- */

/* When the newest submission came, or 0. */
static gint64
newest_us(Doctor *doctor)
{
	g_autoptr(GPtrArray) newest =
	    command_open_store(doctor->command, NULL) ? submissions_list(doctor->command->db, NULL, 1, NULL) : NULL;
	return newest && newest->len > 0 ? ((const SubmissionSummary *)newest->pdata[0])->received_at_us : 0;
}

static void
examine_clock(Doctor *doctor)
{
	struct timex kernel = {0};
	gint64 now_us = clock_now_us();
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(now_us / G_USEC_PER_SEC);
	g_autofree char *shown = now ? g_date_time_format(now, "%Y-%m-%d %H:%M:%S %:z") : g_strdup("?");
	if (!now || g_date_time_get_year(now) < CLOCK_FIRST_YEAR)
		doctor_find(doctor, DOCTOR_WRONG, "clock.unset", g_strdup_printf("the clock says %s", shown),
		    g_strdup("Set it, and run chrony or systemd-timesyncd."));
	else if (newest_us(doctor) > now_us + G_TIME_SPAN_HOUR)
		doctor_find(doctor, DOCTOR_WRONG, "clock.back",
		    g_strdup_printf("the clock says %s, but a submission came later than that", shown),
		    g_strdup("The clock is wrong now, or was wrong then: set it, and run chrony or systemd-timesyncd."));
	else if (adjtimex(&kernel) == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0)
		doctor_find(doctor, DOCTOR_NOTE, "clock.free",
		    g_strdup_printf("the clock says %s, and nothing keeps it in time", shown),
		    g_strdup("Run chrony or systemd-timesyncd: links, limits and certificates depend on the time."));
	else
		doctor_find(doctor, DOCTOR_FINE, "clock", g_strdup_printf("the clock says %s and is kept in time", shown), NULL);
}

void
doctor_compare_clock(Doctor *doctor, const char *date)
{
	struct tm parts = {0};
	/* RFC 9110 section 5.6.7. Month and day names are English, because only LC_CTYPE is set. */
	const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
	gint64 apart_s = end ? (gint64)timegm(&parts) - clock_now_s() : 0;
	if (doctor->is_clock_told || ABS(apart_s) <= CLOCK_APART_S)
		return;
	doctor->is_clock_told = TRUE;
	doctor_find(doctor, DOCTOR_WRONG, "clock.apart",
	    g_strdup_printf("the web server's clock is %" G_GINT64_FORMAT " seconds %s ours", ABS(apart_s),
		apart_s > 0 ? "ahead of" : "behind"),
	    g_strdup("One of the two is wrong: set it, and run chrony or systemd-timesyncd on both."));
}

/* --- Disk, rights, keys -------------------------------------------------------------------------------------------------------- */

static void
examine_disk(Doctor *doctor)
{
	struct statvfs disk;
	const char *directory = doctor->command->config->data_directory;
	if (statvfs(directory, &disk) != 0) {
		if (doctor_lacks_right(g_strerror(errno))) {
			doctor_skip(doctor, "disk.untried", g_strdup_printf("%s was not looked at", directory));
			return;
		}
		doctor_find(doctor, DOCTOR_WRONG, "disk.unreadable", g_strdup_printf("%s: %s", directory, g_strerror(errno)),
		    g_strdup("Start sekishod once, which makes it, or correct [gateway] data_directory."));
		return;
	}
	guint64 bytes = (guint64)disk.f_bavail * disk.f_frsize;
	g_autofree char *size = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
	/* File systems that make room for files as they need it say 0 of 0. */
	gboolean is_crowded = disk.f_files > 0 && disk.f_favail < FILES_LEFT_FEW;
	DoctorVerdict verdict = bytes < DISK_FULL_BYTES || is_crowded ? DOCTOR_WRONG
				: bytes < DISK_LOW_BYTES              ? DOCTOR_NOTE
								      : DOCTOR_FINE;
	doctor_find(doctor, verdict, verdict == DOCTOR_FINE ? "disk" : "disk.low",
	    g_strdup_printf("%s free for %s%s", size, directory, is_crowded ? ", but hardly a file more can be made there" : ""),
	    verdict == DOCTOR_FINE
		? NULL
		: g_strdup("Make room: a full disk turns visitors away. `[retention] submissions` says how long they are kept."));
}

static void
examine_rights(Doctor *doctor)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	if (geteuid() != 0) {
		doctor_skip(doctor, "rights.untried", g_strdup("users, groups and rights were not looked at"));
		return;
	}
	check_roles(doctor->command->config, doctor->sites, problems);
	for (guint i = 0; i < problems->len; i++)
		doctor_find(doctor, DOCTOR_WRONG, "rights.wrong", g_strdup(problems->pdata[i]), NULL);
	if (problems->len == 0)
		doctor_find(doctor, DOCTOR_FINE, "rights",
		    g_strdup("front and courier have their users, and can open what they need"), NULL);
}

static void
examine_keys(Doctor *doctor)
{
	g_autoptr(GError) error = NULL;
	const char *directory = doctor->command->config->key_directory;
	if (command_open_vault(doctor->command, &error))
		doctor_find(doctor, DOCTOR_FINE, "keys", g_strdup_printf("the keys in %s are whole", directory), NULL);
	else if (doctor_lacks_right_to(directory, "vault.key"))
		doctor_skip(doctor, "keys.untried", g_strdup_printf("the keys in %s were not tried", directory));
	else
		doctor_find(doctor, DOCTOR_WRONG, "keys.wrong", g_strdup(error->message),
		    g_strdup("Run the doctor as root. What is missing there, put back from the backup; a key that was never "
			     "there is made when sekishod starts."));
}

/* --- Databases and processes --------------------------------------------------------------------------------------------------- */

/* One of the databases: what it is called, and where it stands. */
typedef struct {
	const char *name;
	const char *directory;
	const char *file;
	gboolean (*open)(Command *, GError **);
	Db *const *db;
	const char *cure; /* of a damaged one */
} Database;

#define RESTORE "Stop sekishod, keep a copy of the folder, and put the last backup in its place."

static void
examine_database(Doctor *doctor, const Database *database)
{
	g_autoptr(GError) error = NULL;
	if (doctor_lacks_right_to(database->directory, database->file))
		doctor_skip(doctor, "database.untried", g_strdup_printf("%s was not tried", database->name));
	else if (database->open(doctor->command, &error) && db_check(*database->db, &error))
		doctor_find(doctor, DOCTOR_FINE, "database", g_strdup_printf("%s is in order", database->name), NULL);
	else
		doctor_find(doctor, DOCTOR_WRONG, "database.wrong", g_strdup_printf("%s: %s", database->name, error->message),
		    g_error_matches(error, STORE_ERROR, STORE_ERROR_CORRUPT) ? g_strdup(database->cure) : NULL);
}

static void
examine_gateway(Doctor *doctor)
{
	g_autofree char *problem = NULL;
	const char *listen = doctor->command->config->listen;
	if (listen[0] == '\0')
		doctor_find(doctor, DOCTOR_NOTE, "gateway.handed",
		    g_strdup("the gateway's socket is handed to it, so it was not tried here"), NULL);
	else if (gateway_socket_answers(listen, &problem))
		doctor_find(doctor, DOCTOR_FINE, "gateway", g_strdup_printf("the gateway answers at %s", listen), NULL);
	else if (doctor_lacks_right(problem))
		doctor_skip(doctor, "gateway.untried", g_strdup_printf("the gateway's socket %s was not tried", listen));
	else
		doctor_find(doctor, DOCTOR_WRONG, "gateway.silent",
		    g_strdup_printf("the gateway does not answer at %s: %s", listen, problem),
		    g_strdup("Start it: systemctl start sekishod. If it ends again, `journalctl -u sekishod` says why."));
}

static void
examine_courier(Doctor *doctor)
{
	g_autoptr(GError) error = NULL;
	if (!command_open_store(doctor->command, NULL))
		return;
	gint64 due_us = outbox_next_due(doctor->command->db, NULL, &error);
	gint64 late_us = clock_now_us() - due_us;
	if (error)
		doctor_find(doctor, DOCTOR_WRONG, "courier.unknown", g_strdup(error->message), NULL);
	else if (due_us >= 0 && late_us > COURIER_LATE_US && late_us <= COURIER_STUCK_US)
		doctor_find(doctor, DOCTOR_NOTE, "courier.late",
		    g_strdup_printf(
			"a mail has been due for %" G_GINT64_FORMAT " seconds and nobody takes it", late_us / G_TIME_SPAN_SECOND),
		    g_strdup(
			"Run the doctor again in a few minutes: many mails at a slow server take a while, and a courier that "
			"stands still takes none."));
	else if (due_us >= 0 && late_us > COURIER_STUCK_US)
		doctor_find(doctor, DOCTOR_WRONG, "courier.stuck",
		    g_strdup_printf(
			"a mail has been due for %" G_GINT64_FORMAT " minutes and nobody takes it", late_us / G_TIME_SPAN_MINUTE),
		    g_strdup("Restart the gateway: systemctl restart sekishod. `journalctl -u sekishod` says what the courier "
			     "did last."));
	else
		doctor_find(
		    doctor, DOCTOR_FINE, "courier", g_strdup(due_us >= 0 ? "the courier's queue moves" : "no mail waits"), NULL);
}

void
doctor_examine_machine(Doctor *doctor)
{
	const Config *config = doctor->command->config;
	const Database databases[] = {
	    {"the database", config->data_directory, "sekisho.db", command_open_store, &doctor->command->db, RESTORE},
	    {"the database of limits", config->data_directory, "counters.db", command_open_counters, &doctor->command->counters,
		"Restart sekishod: it sets the file aside and begins a new one. Only what was counted is lost."},
	    {"the courier's ledger", config->courier_directory, "ledger.db", command_open_ledger, &doctor->command->ledger,
		RESTORE}};
	doctor_turn_to(doctor, "", "This machine");
	examine_clock(doctor);
	examine_disk(doctor);
	examine_rights(doctor);
	examine_keys(doctor);
	for (gsize i = 0; i < G_N_ELEMENTS(databases); i++)
		examine_database(doctor, &databases[i]);
	examine_gateway(doctor);
	examine_courier(doctor);
}
