/*
 * The files of a letter (contract 6.8).
 *
 * Uploads come from the spool, sealed under keys that the submission holds. The site's own files come from one configured folder, out of which no path
 * leads (base/folder.h); only regular files are read, and never more of one than the mail still takes.
 *
 * A file that cannot be had never keeps the mail from going out: it becomes a MissingAttachment. No state.
 */
#include "attachments.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sekisho/base/error.h"
#include "sekisho/base/folder.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/store/spool.h"

/* Names of files end here on every file system that matters. */
#define NAME_BYTES 255u

/* A letter while its files are gathered. */
typedef struct {
	Letter *letter;
	const LetterSource *source;
	const char *data_directory;
	gsize size_bytes; /* so far */
} Gathering;

void
letter_attachment_free(LetterAttachment *attachment)
{
	if (attachment == NULL)
		return;
	g_free(attachment->name);
	g_free(attachment->type);
	g_bytes_unref(attachment->content);
	g_free(attachment);
}

void
missing_attachment_free(MissingAttachment *missing)
{
	g_free(missing->name);
	g_free(missing);
}

/* `name` as a header can hold it. Rows and templates name files, so this does not depend on how the name was cleaned before. */
static char *
safe_name(const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	GString *safe = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar character = g_utf8_get_char(at);
		if (character == '/' || character == '\\')
			g_string_append_c(safe, '-');
		else if (!g_unichar_iscntrl(character) && character != 0x2028 && character != 0x2029)
			g_string_append_unichar(safe, character);
	}
	g_autofree char *whole = g_string_free(safe, FALSE);
	g_autofree char *cut = text_truncate(whole, NAME_BYTES);
	return *cut != '\0' ? g_steal_pointer(&cut) : g_strdup("file");
}

LetterAttachment *
letter_attachment_new(const char *name, const char *type, GBytes *content)
{
	LetterAttachment *attachment = g_new0(LetterAttachment, 1);

	attachment->name = safe_name(name);
	attachment->type = g_strdup(type);
	attachment->content = g_bytes_ref(content);
	return attachment;
}

/* --- What was got and what was not ------------------------------------------------------------------------------------- */

static gsize
room_bytes(const Gathering *gathering)
{
	return LIMIT_ATTACHMENTS_BYTES - gathering->size_bytes;
}

static gboolean
is_full(const Gathering *gathering)
{
	return gathering->letter->attachments->len + gathering->letter->missing->len >= LIMIT_ATTACHMENTS;
}

static void
miss(Gathering *gathering, const char *name, const char *reason)
{
	MissingAttachment *missing = g_new0(MissingAttachment, 1);
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	g_autofree char *line = text_first_line(valid);

	missing->name = text_truncate(line, NAME_BYTES);
	missing->reason = reason;
	g_ptr_array_add(gathering->letter->missing, missing);
}

static void
take(Gathering *gathering, const char *name, GBytes *content)
{
	if (g_bytes_get_size(content) > room_bytes(gathering)) {
		miss(gathering, name, "too_large");
		return;
	}
	gathering->size_bytes += g_bytes_get_size(content);
	g_ptr_array_add(gathering->letter->attachments, letter_attachment_new(name, filetypes_of_name(name), content));
}

/* --- Uploads ------------------------------------------------------------------------------------------------------------ */

static const char *
spool_reason(const GError *error)
{
	if (g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND))
		return "missing";
	return g_error_matches(error, BASE_ERROR, BASE_ERROR_FORGED) ? "damaged" : "unreadable";
}

static void
attach_upload(Gathering *gathering, const SubmissionFile *file)
{
	g_autoptr(GError) error = NULL;

	/* Asked before anything is read: a file may be larger than the memory we mean to use. */
	if (file->size_bytes > room_bytes(gathering)) {
		miss(gathering, file->name, "too_large");
		return;
	}
	g_autoptr(GBytes) content = spool_read(gathering->data_directory, file, &error);
	if (content != NULL)
		take(gathering, file->name, content);
	else
		miss(gathering, file->name, spool_reason(error));
}

static void
attach_field(Gathering *gathering, const char *field)
{
	const GPtrArray *files = gathering->source->submission->files;

	for (guint i = 0; files != NULL && i < files->len && !is_full(gathering); i++) {
		const SubmissionFile *file = files->pdata[i];
		if (file->state == FILE_KEPT && g_str_equal(file->field, field))
			attach_upload(gathering, file);
	}
}

/* Each file field of the form whose [NAME] stands in the template, in the order of the form. */
static void
attach_uploads(Gathering *gathering)
{
	const GPtrArray *tags = gathering->source->form->tags;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < tags->len; i++) {
		const FormTag *tag = tags->pdata[i];
		if (!(tag->features & TAG_FILE_UPLOADING) || tag->name == NULL || !g_hash_table_add(seen, tag->name))
			continue;
		g_autofree char *word = g_strdup_printf("[%s]", tag->name);
		if (strstr(gathering->source->mail->attachments, word) != NULL)
			attach_field(gathering, tag->name);
	}
}

/* --- Files of the site ---------------------------------------------------------------------------------------------------- */

/* The whole file, at most `limit_bytes` + 1 bytes of it. NULL if it cannot be read. */
static GBytes *
read_all(int descriptor, gsize size_bytes, gsize limit_bytes)
{
	gsize capacity = MIN(size_bytes, limit_bytes) + 1;
	g_autofree guint8 *bytes = g_malloc(capacity);
	gsize size = 0;

	while (size < capacity) {
		gssize got = read(descriptor, bytes + size, capacity - size);
		if (got < 0)
			return NULL;
		if (got == 0)
			break;
		size += (gsize)got;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

static void
attach_open(Gathering *gathering, const char *path, int descriptor)
{
	struct stat status;

	if (descriptor < 0) {
		miss(gathering, path, "missing");
	} else if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
		miss(gathering, path, "unreadable");
	} else if ((guint64)status.st_size > room_bytes(gathering)) {
		miss(gathering, path, "too_large");
	} else {
		g_autofree char *name = g_path_get_basename(path);
		g_autoptr(GBytes) content = read_all(descriptor, (gsize)status.st_size, room_bytes(gathering));
		if (content != NULL)
			take(gathering, name, content);
		else
			miss(gathering, path, "unreadable");
	}
}

static void
attach_path(Gathering *gathering, const char *path)
{
	const char *root = gathering->source->form->site->attachments_directory;
	int descriptor = *root == '\0' ? -1 : folder_open_below(root, path);

	attach_open(gathering, path, descriptor);
	if (descriptor >= 0)
		close(descriptor);
}

static void
attach_paths(Gathering *gathering)
{
	g_autofree char *text = text_with_lf(gathering->source->mail->attachments);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL && !is_full(gathering); line++) {
		g_autofree char *path = text_strip(*line);
		if (*path != '\0' && *path != '[')
			attach_path(gathering, path);
	}
}

void
attachments_read(Letter *letter, const LetterSource *source, const char *data_directory)
{
	Gathering gathering = {.letter = letter, .source = source, .data_directory = data_directory};

	attach_uploads(&gathering);
	attach_paths(&gathering);
}
