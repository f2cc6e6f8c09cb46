/*
 * `sekisho bounce`: mail that came back, from standard input (an alias, a pipe of Sieve's) or from a Maildir.
 *
 *   read each message in a process without rights (bounce_reader.c) -> open keys and databases -> apply each (relay/bounce_apply.c) -> a Maildir's message moves to cur, seen
 *
 * All are read before the keys are opened, because the reading processes inherit what is in memory. A message that is no bounce is left to people: in a Maildir it stays where it is, and from standard
 * input the exit code 65 says so, by which Sieve keeps it. Nothing of it goes into the audit: no person ordered it, and the mails' own stories tell of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "bounce_reader.h"
#include "command.h"
#include "deliveries.h"
#include "progress.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/bounce_apply.h"

typedef struct {
	char *recipient;
	char *maildir;
} BounceOptions;

/* A run of the verb. */
typedef struct {
	Command *command;
	const BounceOptions *options;
	GVariantBuilder *json; /* aa{sv}: what became of each bounce */
} Intake;

/* The two folders of a Maildir, open; -1: not. */
typedef struct {
	int unread, seen; /* new, cur */
} Maildir;

/* A message of a Maildir that is a bounce. */
typedef struct {
	char *name;
	Bounce *bounce;
} Letterbox;

static void
letterbox_free(Letterbox *letterbox)
{
	g_free(letterbox->name);
	bounce_free(letterbox->bounce);
	g_free(letterbox);
}

static gboolean
fail_file(GError **error, const char *what)
{
	g_set_error(error, BASE_ERROR, BASE_ERROR_IO, "%s: %s", what, g_strerror(errno));
	return FALSE;
}

/* --- One message -------------------------------------------------------------------------------------------------------------- */

/* Its first LIMIT_BOUNCE_READ_BYTES. What comes behind them on a pipe is read and forgotten, so that the mail server can end it. */
static GBytes *
read_message(int input, const char *what, GError **error)
{
	GByteArray *kept = g_byte_array_new();
	gsize total = 0;
	ssize_t size = 1;

	while (size > 0 && total < LIMIT_BOUNCE_BYTES) {
		guint8 bytes[16384];
		size = read(input, bytes, sizeof bytes);
		if (size < 0 && errno == EINTR)
			size = 1;
		else if (size > 0) {
			total += (gsize)size;
			g_byte_array_append(kept, bytes, (guint)MIN((gsize)size, LIMIT_BOUNCE_READ_BYTES - kept->len));
		}
	}
	if (size < 0) {
		g_byte_array_unref(kept);
		(void)fail_file(error, what);
		return NULL;
	}
	return g_byte_array_free_to_bytes(kept);
}

static void
print_known(Command *command, const BounceResult *result)
{
	const char *words = result->fate == BOUNCE_FATE_DELAYED    ? "is late"
			    : result->fate == BOUNCE_FATE_RETURNED ? "came back"
								   : "had ended or come back before";
	GString *line = g_string_new(NULL);

	g_string_append_printf(line, "%s of %s (%s) %s", mail_kind_name(result->kind), result->receipt, result->site, words);
	if (result->fate != BOUNCE_FATE_OLD)
		g_string_append_printf(line, ", because %s", deliveries_reason(bounce_cause_name(result->cause)));
	if (result->suppressed_until_us != 0) {
		g_autofree char *until = command_local_time(command, result->site, result->suppressed_until_us);
		g_string_append_printf(line, "; its address gets no automatic mail until %s", until);
	}
	command_print_line(command, "%s", line->str);
	g_string_free(line, TRUE);
}

/* fate ("returned", "delayed", "old": it had ended or come back before; "foreign": no valid tag, so all else is null), receipt, site, mail, cause, suppressed_until. */
static GVariant *
result_json(const BounceResult *result)
{
	static const char *const fates[] = {[BOUNCE_FATE_FOREIGN] = "foreign",
	    [BOUNCE_FATE_OLD] = "old",
	    [BOUNCE_FATE_DELAYED] = "delayed",
	    [BOUNCE_FATE_RETURNED] = "returned"};
	const gboolean is_known = result->fate != BOUNCE_FATE_FOREIGN;
	const gboolean is_news = is_known && result->fate != BOUNCE_FATE_OLD;
	GVariant *until = result->suppressed_until_us != 0 ? command_json_time(result->suppressed_until_us) : NULL;
	GVariantDict dict;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "fate", "s", fates[result->fate]);
	g_variant_dict_insert_value(&dict, "receipt", command_json_text(is_known ? result->receipt : NULL));
	g_variant_dict_insert_value(&dict, "site", command_json_text(is_known ? result->site : NULL));
	g_variant_dict_insert_value(&dict, "mail", command_json_text(is_known ? mail_kind_name(result->kind) : NULL));
	g_variant_dict_insert_value(&dict, "cause", command_json_text(is_news ? bounce_cause_name(result->cause) : NULL));
	g_variant_dict_insert_value(&dict, "suppressed_until", g_variant_new_maybe(G_VARIANT_TYPE_STRING, until));
	return g_variant_dict_end(&dict);
}

static void
print_result(const Intake *intake, const BounceResult *result)
{
	if (intake->command->is_json)
		g_variant_builder_add_value(intake->json, result_json(result));
	else if (result->fate == BOUNCE_FATE_FOREIGN)
		command_print_line(intake->command, "a bounce without a valid tag: counted, nothing else");
	else
		print_known(intake->command, result);
}

static gboolean
open_all(Command *command, GError **error)
{
	return command_open_store(command, error) && command_open_ledger(command, error) && command_open_vault(command, error);
}

static gboolean
apply(const Intake *intake, const Bounce *bounce, GError **error)
{
	g_auto(BounceResult) result = {0};
	Command *command = intake->command;

	if (!open_all(command, error))
		return FALSE;
	const BouncePlace place = {
	    .config = command->config, .vault = command->vault, .db = command->db, .ledger = command->ledger};
	if (!bounce_apply(&place, bounce, intake->options->recipient, &result, error))
		return FALSE;
	print_result(intake, &result);
	return TRUE;
}

static int
take_input(const Intake *intake, GError **error)
{
	Command *command = intake->command;
	g_autoptr(GBytes) message = read_message(STDIN_FILENO, "standard input", error);
	g_autoptr(Bounce) bounce = message ? bounce_reader_run(command->config, message, error) : NULL;

	if (!bounce)
		return EX_SOFTWARE;
	if (bounce->action == BOUNCE_NONE) {
		command_remark(command, "this is no bounce");
		return EX_DATAERR;
	}
	return apply(intake, bounce, error) ? EX_OK : EX_SOFTWARE;
}

/* --- A Maildir ---------------------------------------------------------------------------------------------------------------- */

static void
maildir_close(const Maildir *maildir)
{
	if (maildir->unread >= 0)
		(void)close(maildir->unread);
	if (maildir->seen >= 0)
		(void)close(maildir->seen);
}

static gboolean
open_folder(int base, const char *name, int *folder, GError **error)
{
	*folder = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *folder >= 0 || fail_file(error, name);
}

/* Its owner writes names and texts in it, and we are root: no link in it may lead us to another folder, now or while we work. So all that is done later is done through these
 * descriptors. The path to it is the operator's word. */
static gboolean
maildir_open(Maildir *maildir, const char *path, GError **error)
{
	int base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*maildir = (Maildir){-1, -1};
	if (base < 0)
		return fail_file(error, path);
	gboolean is_open = open_folder(base, "new", &maildir->unread, error) && open_folder(base, "cur", &maildir->seen, error);
	(void)close(base);
	if (is_open)
		return TRUE;
	g_prefix_error(error, "%s/", path);
	maildir_close(maildir);
	return FALSE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the folder (char *), oldest first as Maildir names are; NULL on error. */
static GPtrArray *
list_names(int folder, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", folder);
	g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
	const char *name;

	if (listing == NULL) {
		(void)fail_file(error, "new");
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	while (names->len < LIMIT_MAILDIR_NAMES && (name = g_dir_read_name(listing)) != NULL)
		if (*name != '.')
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	return names;
}

/* A link may lead anywhere, and a pipe would hold us. NULL without an error: it is not read. */
static GBytes *
read_file(int folder, const char *name, GError **error)
{
	struct stat status;
	int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	GBytes *message = NULL;

	if (file < 0)
		return NULL;
	if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
		message = read_message(file, name, error);
	(void)close(file);
	return message;
}

/* The bounces among the messages (Letterbox *); NULL on error. */
static GPtrArray *
read_all(Command *command, int folder, GError **error)
{
	g_autoptr(GPtrArray) names = list_names(folder, error);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)letterbox_free);

	for (guint i = 0; names && i < names->len && found->len < LIMIT_BOUNCES; i++) {
		g_autoptr(GError) failure = NULL;
		progress_show(command->console, "reading", i, names->len);
		g_autoptr(GBytes) message = read_file(folder, names->pdata[i], &failure);
		g_autoptr(Bounce) bounce = message ? bounce_reader_run(command->config, message, &failure) : NULL;
		/* One that cannot be read is left to people; without rights none can. */
		if (failure && failure->domain == BASE_ERROR) {
			progress_end(command->console);
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
		if (!bounce || bounce->action == BOUNCE_NONE)
			continue;
		Letterbox *letterbox = g_new0(Letterbox, 1);
		letterbox->name = g_strdup(names->pdata[i]);
		letterbox->bounce = g_steal_pointer(&bounce);
		g_ptr_array_add(found, letterbox);
	}
	progress_end(command->console);
	return names ? g_steal_pointer(&found) : NULL;
}

/* Seen, as a mail program would leave it; one may have done so meanwhile. */
static gboolean
move_to_seen(const Maildir *maildir, const char *name, GError **error)
{
	g_autofree char *target = g_strconcat(name, strstr(name, ":2,") ? "" : ":2,S", NULL);

	return renameat(maildir->unread, name, maildir->seen, target) == 0 || errno == ENOENT || fail_file(error, name);
}

static int
take_maildir(const Intake *intake, GError **error)
{
	Maildir maildir;
	Command *command = intake->command;

	if (!maildir_open(&maildir, intake->options->maildir, error)) {
		g_prefix_error(error, "--maildir wants a Maildir, which has the folders new and cur: ");
		return EX_NOINPUT;
	}
	g_autoptr(GPtrArray) found = read_all(command, maildir.unread, error);
	gboolean is_done = found != NULL;
	for (guint i = 0; is_done && i < found->len; i++) {
		const Letterbox *letterbox = found->pdata[i];
		is_done = apply(intake, letterbox->bounce, error) && move_to_seen(&maildir, letterbox->name, error);
	}
	if (is_done && found->len == 0)
		command_remark(command, "no bounces");
	maildir_close(&maildir);
	return is_done ? EX_OK : EX_SOFTWARE;
}

/* --- The verb ------------------------------------------------------------------------------------------------------------------ */

static int
obey(Command *command, const BounceOptions *options, GError **error)
{
	g_autoptr(GVariantBuilder) json = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	const Intake intake = {.command = command, .options = options, .json = json};

	if (!command_open_config(command, error))
		return EX_SOFTWARE;
	int code = options->maildir ? take_maildir(&intake, error) : take_input(&intake, error);
	/* What was taken in before an error is told, too. */
	if (command->is_json)
		command_print_json(command, g_variant_builder_end(json));
	return code;
}

static int
bounce_run(Command *command, char ***arguments, GError **error)
{
	BounceOptions options = {0};
	const GOptionEntry own[] = {
	    {"recipient", 0, 0, G_OPTION_ARG_STRING, &options.recipient, "To whom it was delivered (default: by its header)",
		"ADDRESS"},
	    {"maildir", 0, 0, G_OPTION_ARG_FILENAME, &options.maildir, "Read what is new in this Maildir; bounces move to cur",
		"FOLDER"},
	    command_json_option(command),
	    G_OPTION_ENTRY_NULL,
	};
	gboolean is_parsed = command_parse(command, &bounce_verb, own, arguments, error);
	int code = is_parsed ? obey(command, &options, error) : EX_OK;
	g_free(options.recipient);
	g_free(options.maildir);
	return code;
}

const Verb bounce_verb = {
    .name = "bounce",
    .arguments = "",
    .help = "Take in mail that came back: say what became of our mail, and spare its address",
    .details = "Reads one message from standard input, or a Maildir. Run it as root: a message\n"
	       "is parsed by a process without rights. Exit code 65: the message is no bounce,\n"
	       "and nothing was changed.",
    .run = bounce_run,
};
