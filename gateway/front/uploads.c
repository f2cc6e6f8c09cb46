/*
 * Files while they stream in. A part is: begun -> written -> ended, one at a time. Its spool file is made with its first byte, so a part without a
 * byte costs nothing, and is removed as soon as the part cannot be kept; from then on its bytes are counted and dropped. A file that a later part
 * replaces goes at once and leaves its place in the list, without a field, until the list is taken.
 */
#include "uploads.h"

#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/form/filename.h"
#include "sekisho/form/filetypes.h"
#include "sekisho/store/spool.h"
#include "sekisho/wire/posted.h"

struct Uploads {
	const char *data_directory;
	const Form *form;
	GPtrArray *files;     /* SubmissionFile *, ended ones and the current one; those of field "" were replaced */
	Posted *places;       /* PHP's map of files: to each place the index in `files` of what came last, "" if it was empty */
	guint count;          /* files with a name, whatever became of them */
	SubmissionFile *file; /* being read; NULL: its bytes are nobody's */
	SpoolWriter *writer;  /* NULL before its first byte, and once it cannot be kept */
	GError *error;
};

Uploads *
uploads_new(const char *data_directory, const Form *form)
{
	Uploads *uploads = g_new0(Uploads, 1);

	uploads->data_directory = data_directory;
	uploads->form = form;
	uploads->files = submission_files_new();
	uploads->places = posted_new();
	return uploads;
}

void
uploads_remove(const char *data_directory, const GPtrArray *files)
{
	for (guint i = 0; i < files->len; i++)
		spool_remove(data_directory, files->pdata[i]);
}

void
uploads_free(Uploads *uploads)
{
	if (uploads == NULL)
		return;
	spool_discard(uploads->writer);
	if (uploads->files != NULL) {
		uploads_remove(uploads->data_directory, uploads->files);
		g_ptr_array_unref(uploads->files);
	}
	posted_free(uploads->places);
	g_clear_error(&uploads->error);
	g_free(uploads);
}

/* --- What a form takes ---------------------------------------------------------------------------------------------- */

/* What the files of `field` may have together; 0: the form has no such upload field. Where a name stands in several tags each has its own rule,
 * so the largest counts here. */
static guint64
field_limit(const Form *form, const char *field)
{
	guint64 limit = 0;

	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];
		if ((tag->features & TAG_FILE_UPLOADING) != 0 && strcmp(tag->name, field) == 0)
			limit = MAX(limit, filetypes_limit_bytes(tag));
	}
	return limit;
}

/* All that came for `field` up to and with files[end - 1]. */
static guint64
field_bytes(const GPtrArray *files, guint end, const char *field)
{
	guint64 bytes = 0;

	for (guint i = 0; i < end; i++) {
		const SubmissionFile *file = files->pdata[i];
		if (strcmp(file->field, field) == 0)
			bytes += file->size_bytes;
	}
	return bytes;
}

/* Takes its content from the disk. */
static void
drop_content(const Uploads *uploads, SubmissionFile *file, SubmissionFileState state)
{
	spool_remove(uploads->data_directory, file);
	file->spool[0] = '\0';
	file->sha256[0] = '\0';
	file->state = state;
}

void
uploads_fit(Uploads *uploads, const Form *form)
{
	for (guint i = 0; i < uploads->files->len; i++) {
		SubmissionFile *file = uploads->files->pdata[i];
		const guint64 limit = field_limit(form, file->field);
		if (limit == 0) {
			drop_content(uploads, file, FILE_EMPTY);
			g_ptr_array_remove_index(uploads->files, i--);
		} else if (field_bytes(uploads->files, i + 1, file->field) > limit) {
			drop_content(uploads, file, FILE_TOO_LARGE);
		}
	}
}

/* --- Names that come again ------------------------------------------------------------------------------------------ */

/* PHP takes no file if a bracket of its name is open, or closed with other text than "[" behind it. */
static gboolean
has_brackets_in_order(GBytes *name)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(name, &size);
	int open = 0;

	for (gsize i = 0; i < size && text[i] != '\0'; i++) {
		const gboolean is_last = i + 1 == size || text[i + 1] == '\0';
		if (text[i] == '[')
			open++;
		else if (text[i] == ']' && (--open < 0 || (!is_last && text[i + 1] != '[')))
			return FALSE;
	}
	return open == 0;
}

/* Puts the file that is next in the list (or none, "") into its place. */
static gboolean
take_place(Uploads *uploads, const MultipartPart *part, GError **error)
{
	const gboolean is_file = g_bytes_get_size(part->filename) > 0;
	g_autofree char *index = is_file ? g_strdup_printf("%u", uploads->files->len) : g_strdup("");
	g_autoptr(GBytes) value = g_bytes_new(index, strlen(index));

	return posted_add(uploads->places, part->name, value, error);
}

/* Drops the files of `field` that have no place any more. */
static void
drop_replaced(Uploads *uploads, const char *field)
{
	g_autoptr(GPtrArray) places = posted_value_flatten(posted_get(uploads->places, field));
	g_autofree gboolean *is_placed = g_new0(gboolean, uploads->files->len + 1);

	for (guint i = 0; i < places->len; i++) {
		const char *index = places->pdata[i];
		if (index[0] != '\0')
			is_placed[g_ascii_strtoull(index, NULL, 10)] = TRUE;
	}
	for (guint i = 0; i < uploads->files->len; i++) {
		SubmissionFile *file = uploads->files->pdata[i];
		if (is_placed[i] || strcmp(file->field, field) != 0)
			continue;
		drop_content(uploads, file, FILE_EMPTY);
		file->field[0] = '\0';
	}
}

/* --- One part --------------------------------------------------------------------------------------------------------- */

/* The name as it would stand in PHP's map: "f[]" and "f[a]" are "f". "" if it is none. */
static char *
field_name(GBytes *name, GError **error)
{
	g_autoptr(Posted) map = posted_new();
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);

	if (!posted_add(map, name, nothing, error))
		return NULL;
	return g_strdup(posted_count(map) > 0 ? posted_name(map, 0, NULL) : "");
}

/* The whole name would be empty with one wrong byte in it, and the file with it. */
static char *
client_name(GBytes *bytes)
{
	gsize size = 0;
	const char *text = g_bytes_get_data(bytes, &size);
	g_autofree char *valid = size > 0 ? g_utf8_make_valid(text, (gssize)size) : g_strdup("");

	return text_clean(valid, strlen(valid));
}

/* Contract 10.3 (g): Contact Form 7 gives each field a folder of its own, so names are unique within a field. */
static char *
unique_name(const Uploads *uploads, const SubmissionFile *file)
{
	g_autoptr(GPtrArray) taken = g_ptr_array_new();
	g_autofree char *name = filename_clean(file->client_name);

	for (guint i = 0; i < uploads->files->len; i++) {
		const SubmissionFile *other = uploads->files->pdata[i];
		if (other != file && strcmp(other->field, file->field) == 0)
			g_ptr_array_add(taken, other->name);
	}
	return filename_unique(name, taken);
}

gboolean
uploads_begin(Uploads *uploads, const MultipartPart *part, GError **error)
{
	g_autofree char *field = field_name(part->name, error);

	uploads->file = NULL;
	if (field == NULL)
		return FALSE;
	if (field[0] == '\0' || !has_brackets_in_order(part->name))
		return TRUE;
	if (uploads->form != NULL && field_limit(uploads->form, field) == 0)
		return TRUE;
	if (!take_place(uploads, part, error))
		return FALSE;
	drop_replaced(uploads, field);
	/* An empty input of a page sends a part with an empty name. */
	if (g_bytes_get_size(part->filename) == 0)
		return TRUE;
	SubmissionFile *file = submission_file_new();
	g_free(file->field);
	g_free(file->client_name);
	file->field = g_steal_pointer(&field);
	file->client_name = client_name(part->filename);
	file->state = ++uploads->count > LIMIT_FILES ? FILE_FAILED : FILE_EMPTY;
	uploads->file = file;
	g_ptr_array_add(uploads->files, file);
	return TRUE;
}

/* This file is not kept: whatever of it lies on the disk goes. */
static void
give_up(Uploads *uploads, SubmissionFileState state)
{
	g_clear_pointer(&uploads->writer, spool_discard);
	uploads->file->state = state;
}

static gboolean
write_some(Uploads *uploads, const guint8 *bytes, gsize size, GError **error)
{
	if (uploads->writer == NULL)
		uploads->writer = spool_create(uploads->data_directory, error);
	return uploads->writer != NULL && spool_write(uploads->writer, bytes, size, error);
}

/* The disk failed: kept for the log, once. */
static void
fail(Uploads *uploads, GError *error)
{
	if (uploads->error == NULL)
		uploads->error = error;
	else
		g_error_free(error);
	give_up(uploads, FILE_FAILED);
}

void
uploads_write(Uploads *uploads, const guint8 *bytes, gsize size)
{
	SubmissionFile *file = uploads->file;
	GError *error = NULL;

	if (file == NULL || size == 0)
		return;
	file->size_bytes += size;
	if (file->state == FILE_FAILED || file->state == FILE_TOO_LARGE)
		return;
	file->state = FILE_KEPT;
	if (uploads->form != NULL &&
	    field_bytes(uploads->files, uploads->files->len, file->field) > field_limit(uploads->form, file->field))
		give_up(uploads, FILE_TOO_LARGE);
	else if (!write_some(uploads, bytes, size, &error))
		fail(uploads, error);
}

void
uploads_end(Uploads *uploads)
{
	SubmissionFile *file = g_steal_pointer(&uploads->file);
	GError *error = NULL;

	if (file == NULL)
		return;
	if (uploads->writer != NULL && !spool_finish(g_steal_pointer(&uploads->writer), file, &error)) {
		uploads->file = file;
		fail(uploads, error);
		uploads->file = NULL;
	}
	if (file->state == FILE_KEPT) {
		g_free(file->name);
		file->name = unique_name(uploads, file);
	}
}

GPtrArray *
uploads_take(Uploads *uploads)
{
	for (guint i = uploads->files->len; i > 0; i--) {
		const SubmissionFile *file = uploads->files->pdata[i - 1];
		if (file->field[0] == '\0')
			g_ptr_array_remove_index(uploads->files, i - 1);
	}
	return g_steal_pointer(&uploads->files);
}

const GError *
uploads_error(const Uploads *uploads)
{
	return uploads->error;
}
