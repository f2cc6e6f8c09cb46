/*
 * Composed mails with attachments, read back by GMime: structure, every byte, and file names that a reader gets as they were.
 */
#include <gmime/gmime.h>
#include <string.h>

#include "relay/attachments.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/compose.h"

static Letter *
sample(void)
{
	Letter *letter = letter_empty();

	letter->message_id = g_strdup("0123456789AB.notice.0@example.jp");
	letter->date_us = G_GINT64_CONSTANT(1795314180) * G_USEC_PER_SEC;
	letter->envelope_sender = g_strdup("bounce@example.jp");
	letter->from = letter_mailbox_new("窓口", "form@example.jp");
	g_ptr_array_add(letter->to, letter_mailbox_new("", "owner@example.jp"));
	letter->subject = g_strdup("件名");
	letter->text = g_strdup("本文");
	return letter;
}

static void
attach(Letter *letter, const char *name, const char *type, GBytes *content)
{
	g_ptr_array_add(letter->attachments, letter_attachment_new(name, type, content));
}

static GBytes *
composed(const Letter *letter)
{
	g_autoptr(GError) error = NULL;
	GBytes *bytes = compose_message(letter, &error);

	g_assert_no_error(error);
	return bytes;
}

static GMimeMessage *
parsed(GBytes *bytes)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

	g_object_unref(parser);
	g_object_unref(stream);
	g_assert_nonnull(message);
	return message;
}

/* The part `index` of a multipart of that subtype; borrowed. */
static GMimeObject *
part_of(GMimeObject *multipart, const char *subtype, int index)
{
	g_assert_true(GMIME_IS_MULTIPART(multipart));
	g_assert_true(g_mime_content_type_is_type(g_mime_object_get_content_type(multipart), "multipart", subtype));
	return g_mime_multipart_get_part(GMIME_MULTIPART(multipart), index);
}

static void
assert_content(GMimeObject *part, GBytes *content)
{
	GMimeStream *stream = g_mime_stream_mem_new();
	gsize size;
	const void *bytes = g_bytes_get_data(content, &size);

	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), stream);
	GByteArray *read = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	g_assert_cmpuint(read->len, ==, size);
	g_assert_true(size == 0 || memcmp(read->data, bytes, size) == 0);
	g_object_unref(stream);
}

static void
assert_file(GMimeObject *part, const LetterAttachment *attachment)
{
	g_autofree char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));

	g_assert_cmpstr(g_mime_object_get_disposition(part), ==, "attachment");
	g_assert_cmpstr(g_mime_object_get_content_disposition_parameter(part, "filename"), ==, attachment->name);
	g_assert_cmpstr(g_mime_content_type_get_parameter(g_mime_object_get_content_type(part), "name"), ==, attachment->name);
	g_assert_cmpstr(type, ==, attachment->type);
	assert_content(part, attachment->content);
}

static GBytes *
random_bytes(gsize size)
{
	guint8 *bytes = g_malloc(size + 1);

	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)g_test_rand_int_range(0, 256);
	return g_bytes_new_take(bytes, size);
}

static void
test_structure(void)
{
	g_autoptr(Letter) letter = sample();
	g_autoptr(GBytes) text = g_bytes_new_static("a\nb\r\nFrom c\r.\n", 14), empty = g_bytes_new_static(NULL, 0),
			  any = random_bytes(100000);
	letter->html = g_strdup("<p>本文</p>");
	attach(letter, "見積-書1.pdf", "application/pdf", any);
	attach(letter, "a.txt", "text/plain", text);
	attach(letter, "empty.html", "text/html", empty);
	g_autoptr(GBytes) bytes = composed(letter);
	GMimeMessage *message = parsed(bytes);
	GMimeObject *mixed = g_mime_message_get_mime_part(message);

	GMimeObject *texts = part_of(mixed, "mixed", 0);
	g_assert_cmpint(g_mime_multipart_get_count(GMIME_MULTIPART(mixed)), ==, 4);
	g_assert_nonnull(part_of(texts, "alternative", 1));
	for (guint i = 0; i < letter->attachments->len; i++)
		assert_file(part_of(mixed, "mixed", (int)i + 1), letter->attachments->pdata[i]);
	g_object_unref(message);
}

/* The images belong to the HTML: alternative (plain, related (html, images)). */
static void
test_images(void)
{
	g_autoptr(Letter) letter = sample();
	g_autoptr(GBytes) one = random_bytes(5000), two = random_bytes(10);
	letter->html = g_strdup("<img src=\"cid:a.1@example.jp\" alt=\"\"><img src=\"cid:b.1@example.jp\" alt=\"\">");
	g_ptr_array_add(letter->images, letter_image_new("a.1@example.jp", "image/png", one));
	g_ptr_array_add(letter->images, letter_image_new("b.1@example.jp", "image/png", two));
	g_autoptr(GBytes) bytes = composed(letter);
	GMimeMessage *message = parsed(bytes);
	GMimeObject *texts = g_mime_message_get_mime_part(message);
	GMimeObject *related = part_of(texts, "alternative", 1);

	g_assert_true(
	    g_mime_content_type_is_type(g_mime_object_get_content_type(part_of(texts, "alternative", 0)), "text", "plain"));
	g_assert_cmpstr(g_mime_object_get_content_type_parameter(related, "type"), ==, "text/html");
	g_assert_true(
	    g_mime_content_type_is_type(g_mime_object_get_content_type(part_of(related, "related", 0)), "text", "html"));
	for (guint i = 0; i < letter->images->len; i++) {
		const LetterImage *image = letter->images->pdata[i];
		GMimeObject *part = part_of(related, "related", (int)i + 1);
		g_assert_cmpstr(g_mime_object_get_content_id(part), ==, image->id);
		g_assert_cmpstr(g_mime_object_get_disposition(part), ==, "inline");
		assert_content(part, image->content);
	}
	g_object_unref(message);
}

static void
test_a_text_with_files_has_no_alternative(void)
{
	g_autoptr(Letter) letter = sample();
	g_autoptr(GBytes) any = random_bytes(10);
	attach(letter, "a.bin", "application/octet-stream", any);
	g_autoptr(GBytes) bytes = composed(letter);
	GMimeMessage *message = parsed(bytes);
	GMimeObject *text = part_of(g_mime_message_get_mime_part(message), "mixed", 0);

	g_assert_true(g_mime_content_type_is_type(g_mime_object_get_content_type(text), "text", "plain"));
	g_object_unref(message);
}

/* RFC 2231 in Content-Disposition, encoded words in Content-Type for those who do not know it; ASCII names stand as they are. */
static void
test_both_spellings(void)
{
	g_autoptr(Letter) letter = sample();
	g_autoptr(GBytes) any = random_bytes(10);
	attach(letter, "見積.pdf", "application/pdf", any);
	attach(letter, "plain name.pdf", "application/pdf", any);
	g_autoptr(GBytes) bytes = composed(letter);
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	g_assert_nonnull(strstr(text, "filename*=UTF-8''%E8%A6%8B%E7%A9%8D.pdf"));
	g_assert_nonnull(strstr(text, "name=\"=?UTF-8?"));
	g_assert_nonnull(strstr(text, "filename=\"plain name.pdf\""));
	g_assert_nonnull(strstr(text, "; name=\"plain name.pdf\""));
}

static void
test_names_of_any_kind(void)
{
	static const char *const names[] = {"a\"b;c=d.txt", "a\r\nBcc: x@y.test.txt", "=?utf-8?q?a=0D=0ABcc:?=.txt",
	    "../../etc/passwd", "a\\b.txt", "\342\200\256fdp.exe", "\342\200\250line", "日本\tx.txt", "%41*.txt", "''",
	    "\xff\xfe", "", ".", "e\314\201.txt"};
	g_autoptr(GBytes) any = random_bytes(3);
	g_autofree char *ascii = g_strnfill(400, 'n');
	GString *japanese = g_string_new(NULL);
	g_autoptr(Letter) letter = sample();

	while (japanese->len < 400)
		g_string_append(japanese, "長い名前");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		attach(letter, names[i], "text/plain", any);
	attach(letter, ascii, "text/plain", any);
	attach(letter, japanese->str, "text/plain", any);
	g_string_free(japanese, TRUE);
	/* compose_message itself refuses what is not clean on the wire. */
	g_autoptr(GBytes) bytes = composed(letter);
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_assert_null(strstr(text, "\r\nBcc"));
	GMimeMessage *message = parsed(bytes);
	GMimeObject *mixed = g_mime_message_get_mime_part(message);
	g_assert_cmpint(g_mime_multipart_get_count(GMIME_MULTIPART(mixed)), ==, (int)letter->attachments->len + 1);
	for (guint i = 0; i < letter->attachments->len; i++) {
		const LetterAttachment *attachment = letter->attachments->pdata[i];
		g_autofree char *shown = g_strdup(attachment->name);
		if (strstr(shown, "=?") != NULL)
			continue;
		g_strdelimit(shown, "\t", ' ');
		g_assert_cmpuint(strlen(shown), <=, 255);
		g_assert_null(strpbrk(shown, "/\\\r\n"));
		g_assert_cmpstr(
		    g_mime_object_get_content_disposition_parameter(part_of(mixed, "mixed", (int)i + 1), "filename"), ==, shown);
	}
	g_object_unref(message);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	g_test_add_func("/compose_files/images stand beside the HTML", test_images);
	g_test_add_func("/compose files/mixed of texts and files", test_structure);
	g_test_add_func("/compose files/a text with files has no alternative", test_a_text_with_files_has_no_alternative);
	g_test_add_func("/compose files/names in both spellings", test_both_spellings);
	g_test_add_func("/compose files/names of any kind", test_names_of_any_kind);
	return g_test_run();
}
