/*
 * Letters through the socket: what goes in comes out, and what would break a header or a command does not come out.
 */
#include <string.h>

#include "relay/attachments.h"
#include "relay/letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

static Letter *
sample(void)
{
	Letter *letter = letter_empty();

	letter->message_id = g_strdup("0123456789AB.notice.0@example.jp");
	letter->date_us = 17;
	letter->date_offset_s = -3600;
	letter->envelope_sender = g_strdup("bounce@example.jp");
	letter->from = letter_mailbox_new("窓口", "form@example.jp");
	g_ptr_array_add(letter->to, letter_mailbox_new("", "a@example.jp"));
	g_ptr_array_add(letter->cc, letter_mailbox_new("C", "c@example.jp"));
	g_ptr_array_add(letter->reply_to, letter_mailbox_new("R", "r@example.jp"));
	letter->subject = g_strdup("件名");
	letter->text = g_strdup("本文\n");
	g_ptr_array_add(letter->headers, g_strdup("X-A: 1"));
	letter_add_recipient(letter, 42, "a@example.jp");
	return letter;
}

static Letter *
through_the_socket(const Letter *letter, GError **error)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(letter_to_variant(letter));

	return letter_from_variant(variant, error);
}

static void
test_round_trip(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = sample();
	letter->html = g_strdup("<p>本文</p>");
	letter->charset = letter_charset("ISO-2022-JP");
	g_autoptr(GBytes) content = g_bytes_new_static("a\0\r\n", 4);
	g_ptr_array_add(letter->attachments, letter_attachment_new("見積.pdf", "application/pdf", content));
	g_ptr_array_add(letter->images, letter_image_new("spans.1@example.jp", "image/png", content));
	g_autoptr(Letter) back = through_the_socket(letter, &error);
	g_autoptr(GVariant) one = g_variant_ref_sink(letter_to_variant(letter));

	g_assert_no_error(error);
	g_autoptr(GVariant) two = g_variant_ref_sink(letter_to_variant(back));
	g_assert_true(g_variant_equal(one, two));
	g_assert_cmpint(((LetterRecipient *)back->recipients->pdata[0])->delivery_id, ==, 42);
	g_assert_cmpstr(back->html, ==, "<p>本文</p>");
	g_assert_cmpstr(back->charset, ==, "iso-2022-jp");
	g_assert_true(g_bytes_equal(((LetterAttachment *)back->attachments->pdata[0])->content, content));
}

static void
replace(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

typedef void (*Harm)(Letter *letter);

static void
harm_subject(Letter *letter)
{
	replace(&letter->subject, "a\nBcc: b@c.test");
}

static void
harm_from_name(Letter *letter)
{
	replace(&letter->from->name, "a\rb");
}

static void
harm_from_address(Letter *letter)
{
	replace(&letter->from->address, "a@b>\r\nRCPT TO:<c@d.test");
}

static void
harm_envelope(Letter *letter)
{
	replace(&letter->envelope_sender, "");
}

static void
harm_recipient(Letter *letter)
{
	letter_add_recipient(letter, 43, "a b@example.jp");
}

/* Beyond ASCII there is more that must not pass. */
static void
harm_turned_recipient(Letter *letter)
{
	letter_add_recipient(letter, 43, "あ\xE2\x80\xAE@example.jp");
}

static void
harm_header_recipient(Letter *letter)
{
	g_ptr_array_add(letter->to, letter_mailbox_new("", "あ\xC2\x85い@example.jp"));
}

static void
harm_utf8_senders(Letter *letter)
{
	replace(&letter->envelope_sender, "あ@example.jp");
}

static void
harm_utf8_from(Letter *letter)
{
	replace(&letter->from->address, "あ@example.jp");
}

static void
harm_utf8_reply_to(Letter *letter)
{
	g_ptr_array_add(letter->reply_to, letter_mailbox_new("a", "あ@example.jp"));
}

static void
harm_message_id(Letter *letter)
{
	replace(&letter->message_id, "a@b> <c@d");
}

static void
harm_header_name(Letter *letter)
{
	g_ptr_array_add(letter->headers, g_strdup("Bcc: x@y.test"));
}

static void
harm_header_value(Letter *letter)
{
	g_ptr_array_add(letter->headers, g_strdup("X-B: 1\r\nBcc: x@y.test"));
}

static void
harm_header_shape(Letter *letter)
{
	g_ptr_array_add(letter->headers, g_strdup("X B: 1"));
}

static void
harm_reply_to(Letter *letter)
{
	g_ptr_array_add(letter->reply_to, letter_mailbox_new("a", "b"));
}

static void
harm_zone(Letter *letter)
{
	letter->date_offset_s = 100 * 3600;
}

static void
harm_body(Letter *letter)
{
	g_clear_pointer(&letter->text, g_free);
}

static void
harm_crowd(Letter *letter)
{
	for (guint i = 0; i < 100; i++)
		letter_add_recipient(letter, i, "a@example.jp");
}

static void
harm_charset(Letter *letter)
{
	letter->charset = "utf-7";
}

static LetterAttachment *
attach(Letter *letter)
{
	g_autoptr(GBytes) content = g_bytes_new_static("x", 1);
	LetterAttachment *attachment = letter_attachment_new("見積.pdf", "application/pdf", content);

	g_ptr_array_add(letter->attachments, attachment);
	return attachment;
}

static void
harm_file_name(Letter *letter)
{
	replace(&attach(letter)->name, "a\r\nBcc: x@y.test");
}

static void
harm_file_path(Letter *letter)
{
	replace(&attach(letter)->name, "../a");
}

static void
harm_file_type(Letter *letter)
{
	replace(&attach(letter)->type, "text/plain; x=\"\r\n\"");
}

static void
harm_no_type(Letter *letter)
{
	replace(&attach(letter)->type, "text/");
}

static void
harm_many_files(Letter *letter)
{
	for (guint i = 0; i <= LIMIT_ATTACHMENTS; i++)
		attach(letter);
}

static void
harm_large_files(Letter *letter)
{
	LetterAttachment *attachment = attach(letter);

	g_bytes_unref(attachment->content);
	attachment->content = g_bytes_new_take(g_malloc0(LIMIT_ATTACHMENTS_BYTES + 1), LIMIT_ATTACHMENTS_BYTES + 1);
}

static LetterImage *
show(Letter *letter)
{
	g_autoptr(GBytes) content = g_bytes_new_static("x", 1);
	LetterImage *image = letter_image_new("a.1@example.jp", "image/png", content);

	replace(&letter->html, "<p>本文</p>");
	g_ptr_array_add(letter->images, image);
	return image;
}

static void
harm_image_id(Letter *letter)
{
	replace(&show(letter)->id, "a>\r\nBcc: x@y.test");
}

static void
harm_image_type(Letter *letter)
{
	replace(&show(letter)->type, "text/html");
}

static void
harm_image_without_html(Letter *letter)
{
	show(letter);
	g_clear_pointer(&letter->html, g_free);
}

static void
harm_many_images(Letter *letter)
{
	for (guint i = 0; i <= LIMIT_MAIL_IMAGES; i++)
		show(letter);
}

static void
harm_large_images(Letter *letter)
{
	LetterImage *image = show(letter);

	g_bytes_unref(image->content);
	image->content = g_bytes_new_take(g_malloc0(LIMIT_MAIL_IMAGES_BYTES + 1), LIMIT_MAIL_IMAGES_BYTES + 1);
}

static void
test_harm_is_refused(void)
{
	static const Harm harms[] = {harm_subject, harm_from_name, harm_from_address, harm_envelope, harm_recipient,
	    harm_turned_recipient, harm_header_recipient, harm_utf8_senders, harm_utf8_from, harm_utf8_reply_to, harm_message_id,
	    harm_header_name, harm_header_value, harm_header_shape, harm_reply_to, harm_zone, harm_body, harm_crowd, harm_charset,
	    harm_file_name, harm_file_path, harm_file_type, harm_no_type, harm_many_files, harm_large_files, harm_image_id,
	    harm_image_type, harm_image_without_html, harm_many_images, harm_large_images};

	for (gsize i = 0; i < G_N_ELEMENTS(harms); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Letter) letter = sample();
		harms[i](letter);
		g_autoptr(Letter) back = through_the_socket(letter, &error);
		g_assert_null(back);
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
	}
}

/* Of an automatic letter only. */
static void
test_an_empty_sender(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = sample();
	replace(&letter->envelope_sender, "");
	letter->is_automatic = TRUE;
	g_autoptr(Letter) back = through_the_socket(letter, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(back->envelope_sender, ==, "");
	g_assert_true(back->is_automatic);
}

static void
test_another_type_is_refused(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new("(ss)", "a", "b"));

	g_assert_null(letter_from_variant(variant, &error));
	g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
}

static void
test_recipients_beyond_ascii(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = sample();
	letter_add_recipient(letter, 44, "用户@xn--wgv71a.jp");
	g_ptr_array_add(letter->to, letter_mailbox_new("", "用户@xn--wgv71a.jp"));
	g_autoptr(Letter) back = through_the_socket(letter, &error);

	g_assert_no_error(error);
	g_assert_true(letter_is_international(back));
	g_assert_cmpstr(
	    ((const LetterRecipient *)back->recipients->pdata[back->recipients->len - 1])->address, ==, "用户@xn--wgv71a.jp");
}

/* A template file in another encoding must not abort the courier. */
static void
test_invalid_utf8_is_made_valid(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Letter) letter = sample();
	replace(&letter->text, "a\377b");
	g_autoptr(Letter) back = through_the_socket(letter, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(back->text, ==, "a\357\277\275b");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/letter_variant/what goes in comes out", test_round_trip);
	g_test_add_func("/letter_variant/harm is refused", test_harm_is_refused);
	g_test_add_func("/letter_variant/an automatic letter may have no sender", test_an_empty_sender);
	g_test_add_func("/letter_variant/recipients beyond ASCII", test_recipients_beyond_ascii);
	g_test_add_func("/letter_variant/another type is refused", test_another_type_is_refused);
	g_test_add_func("/letter_variant/invalid UTF-8 is made valid", test_invalid_utf8_is_made_valid);
	return g_test_run();
}
