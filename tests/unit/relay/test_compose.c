/*
 * Composed mails: what mail servers demand of the bytes, and that a reader gets back what went in.
 */
#include "sekisho/relay/compose.h"

#include <gmime/gmime.h>
#include <string.h>

#include "relay/letter_parts.h"
#include "sekisho/base/limits.h"

static Letter *
sample(const char *subject, const char *text)
{
	Letter *letter = letter_empty();

	letter->message_id = g_strdup("0123456789AB.notice.0@example.jp");
	letter->date_us = G_GINT64_CONSTANT(1795314180) * G_USEC_PER_SEC;
	letter->date_offset_s = 9 * 3600;
	letter->envelope_sender = g_strdup("bounce@example.jp");
	letter->from = letter_mailbox_new("窓口", "form@example.jp");
	g_ptr_array_add(letter->to, letter_mailbox_new("", "owner@example.jp"));
	letter->subject = g_strdup(subject);
	letter->text = g_strdup(text);
	return letter;
}

static GBytes *
composed(const Letter *letter)
{
	g_autoptr(GError) error = NULL;
	GBytes *bytes = compose_message(letter, &error);

	g_assert_no_error(error);
	return bytes;
}

static char *
composed_text(const Letter *letter)
{
	g_autoptr(GBytes) bytes = composed(letter);

	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* --- What servers demand --------------------------------------------------------------------------------------------------- */

static void
assert_wire_clean(GBytes *bytes)
{
	gsize size;
	const char *data = g_bytes_get_data(bytes, &size);
	gsize line = 0;

	g_assert_cmpuint(size, >, 2);
	g_assert_cmpint(memcmp(data + size - 2, "\r\n", 2), ==, 0);
	for (gsize i = 0; i < size; i++) {
		guchar byte = (guchar)data[i];
		g_assert_cmpuint(byte, <, 0x80);
		g_assert_cmpuint(byte, !=, 0);
		if (byte == '\n')
			g_assert_true(i > 0 && data[i - 1] == '\r');
		if (byte == '\r')
			g_assert_true(i + 1 < size && data[i + 1] == '\n');
		line = byte == '\n' ? 0 : line + 1;
		g_assert_cmpuint(line, <=, LIMIT_MAIL_LINE_BYTES + 1);
	}
	g_assert_false(g_strstr_len(data, (gssize)size, "\r\nFrom ") != NULL);
}

/* The names of the header fields, joined by spaces. */
static char *
header_names(GBytes *bytes)
{
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	char *end = strstr(text, "\r\n\r\n");
	GString *names = g_string_new(NULL);

	g_assert_nonnull(end);
	*end = '\0';
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		if (**line == ' ' || **line == '\t')
			continue;
		g_assert_nonnull(strchr(*line, ':'));
		g_string_append_printf(names, "%s%.*s", names->len > 0 ? " " : "", (int)strcspn(*line, ":"), *line);
	}
	return g_string_free(names, FALSE);
}

/* --- What a reader gets ------------------------------------------------------------------------------------------------------ */

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

/* The decoded text of a part, with LF; the final line end that a mail must have is not counted. */
static char *
part_text(GMimeObject *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
	GMimeStream *stream = g_mime_stream_mem_new();

	g_assert_cmpstr(g_mime_content_type_get_parameter(g_mime_object_get_content_type(part), "charset"), ==, "utf-8");
	g_mime_data_wrapper_write_to_stream(content, stream);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	g_autofree char *text = g_strndup(bytes->len > 0 ? (const char *)bytes->data : "", bytes->len);
	g_object_unref(stream);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
	char *joined = g_strjoinv("\n", lines);
	return g_strchomp(joined);
}

/* The unfolded raw value of a header field (RFC 5322 2.2.3). */
static char *
raw_header(GBytes *bytes, const char *name)
{
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_autofree char *wanted = g_strdup_printf("\r\n%s: ", name);
	g_auto(GStrv) whole = g_strsplit(text, "\r\n\r\n", 2);
	const char *start = strstr(whole[0], wanted);
	g_assert_nonnull(start);
	GString *value = g_string_new(NULL);

	for (const char *at = start + strlen(wanted); *at != '\0'; at++) {
		if (*at == '\r' && at[2] != ' ' && at[2] != '\t')
			break;
		if (*at != '\r' && *at != '\n')
			g_string_append_c(value, *at);
	}
	return g_string_free(value, FALSE);
}

/* Reads RFC 2047 word by word. (GMime's own reader joins neighbouring words before it decodes them, and then loses what follows a
 * padding.) */
static char *
decoded_header(const char *raw)
{
	GRegex *words = g_regex_new("(=\\?[A-Za-z0-9-]+\\?[BbQq]\\?[^? ]*\\?=)", 0, 0, NULL);
	g_auto(GStrv) pieces = g_regex_split(words, raw, 0);
	GString *text = g_string_new(NULL);

	/* Odd pieces are encoded words; white space alone between two of them does not count (section 6.2). */
	for (guint i = 0; pieces[i] != NULL; i++) {
		gboolean is_between = i > 0 && pieces[i + 1] != NULL && pieces[i][strspn(pieces[i], " \t")] == '\0';
		g_autofree char *decoded = i % 2 == 1 ? g_mime_utils_header_decode_text(NULL, pieces[i]) : NULL;
		if (decoded != NULL) {
			g_assert_true(g_utf8_validate(decoded, -1, NULL));
			g_string_append(text, decoded);
		} else if (!is_between) {
			g_string_append(text, pieces[i]);
		}
	}
	g_regex_unref(words);
	return g_string_free(text, FALSE);
}

static void
assert_reads_back(const Letter *letter, GBytes *bytes)
{
	GMimeMessage *message = parsed(bytes);
	g_autofree char *text = part_text(g_mime_message_get_mime_part(message));
	g_autofree char *expected = g_strchomp(g_strdup(letter->text));
	InternetAddressList *from = g_mime_message_get_from(message);

	g_assert_cmpstr(text, ==, expected);
	g_autofree char *raw_subject = raw_header(bytes, "Subject");
	g_autofree char *subject = decoded_header(raw_subject);
	g_assert_cmpstr(subject, ==, letter->subject);
	g_assert_cmpstr(g_mime_message_get_message_id(message), ==, letter->message_id);
	g_assert_cmpint(internet_address_list_length(from), ==, 1);
	g_assert_cmpstr(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(internet_address_list_get_address(from, 0))),
	    ==, letter->from->address);
	g_object_unref(message);
}

/* --- Tests ------------------------------------------------------------------------------------------------------------------- */

#define USUAL_HEADERS "Date From To Subject Message-Id Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding"

static void
test_a_japanese_mail(void)
{
	g_autoptr(Letter) letter = sample("お問い合わせの件", "お世話になっております。\n\n山田太郎\n");
	g_autoptr(GBytes) bytes = composed(letter);
	g_autofree char *names = header_names(bytes);
	g_autofree char *text = composed_text(letter);

	assert_wire_clean(bytes);
	assert_reads_back(letter, bytes);
	g_assert_cmpstr(names, ==, USUAL_HEADERS);
	g_assert_nonnull(strstr(text, "\r\nDate: Sun, 22 Nov 2026 11:23:00 +0900\r\n")
			     ?: strstr(text, "Date: Sun, 22 Nov 2026 11:23:00 +0900\r\n"));
	g_assert_nonnull(strstr(text, "\r\nAuto-Submitted: auto-generated\r\n"));
	letter->is_automatic = TRUE;
	g_autofree char *reply = composed_text(letter);
	g_assert_nonnull(strstr(reply, "\r\nAuto-Submitted: auto-replied\r\n"));
	g_assert_null(strstr(reply, "auto-generated"));
}

static void
test_lines_that_mail_must_not_break(void)
{
	g_autoptr(Letter) letter =
	    sample("plain", "From here\nFrom\n>From\n.\n..\n. \ntrailing \ntab\t\n=46rom\n--\n-- \n\n\nFrom there\n");
	g_autoptr(GBytes) bytes = composed(letter);

	assert_wire_clean(bytes);
	assert_reads_back(letter, bytes);
}

static void
test_bcc_is_never_written(void)
{
	g_autoptr(Letter) letter = sample("s", "t");
	letter_add_recipient(letter, 1, "owner@example.jp");
	letter_add_recipient(letter, 2, "hidden@example.jp");
	g_autofree char *text = composed_text(letter);

	g_assert_null(strstr(text, "hidden"));
	g_assert_null(strstr(text, "Bcc"));
}

static void
test_a_mail_to_nobody_visible(void)
{
	g_autoptr(Letter) letter = sample("s", "t");
	g_ptr_array_set_size(letter->to, 0);
	g_autofree char *text = composed_text(letter);

	g_assert_nonnull(strstr(text, "\r\nTo: undisclosed-recipients:"));
}

/* RFC 6532 3.2: addresses beyond ASCII stand in the header as they are, where the mail goes to one; else nowhere. */
static void
test_addresses_beyond_ascii(void)
{
	g_autoptr(Letter) letter = sample("件名", "本文");
	g_ptr_array_add(letter->to, letter_mailbox_new("店, 主", "用户@xn--wgv71a.jp"));
	g_ptr_array_add(letter->cc, letter_mailbox_new("", "ひしょ@b.co"));
	letter_add_recipient(letter, 1, "owner@example.jp");

	g_assert_false(letter_is_international(letter));
	g_autoptr(GBytes) plain = composed(letter);
	assert_wire_clean(plain);
	g_autofree char *names = header_names(plain);
	g_assert_null(strstr(names, "Cc"));

	letter_add_recipient(letter, 2, "用户@xn--wgv71a.jp");
	g_assert_true(letter_is_international(letter));
	g_autofree char *text = composed_text(letter);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_nonnull(strstr(text, "To: owner@example.jp,"));
	g_assert_nonnull(strstr(text, " <用户@xn--wgv71a.jp>\r\n"));
	g_assert_nonnull(strstr(text, "Cc: ひしょ@b.co\r\n"));
	/* All else stays as it is. */
	g_assert_nonnull(strstr(text, "Subject: =?UTF-8?"));
	g_assert_true(g_str_is_ascii(strstr(text, "\r\n\r\n")));

	letter_keep_recipients(letter, FALSE);
	g_assert_cmpuint(letter->recipients->len, ==, 1);
	g_assert_cmpstr(((LetterRecipient *)letter->recipients->pdata[0])->address, ==, "owner@example.jp");
	letter_keep_recipients(letter, TRUE);
	g_assert_cmpuint(letter->recipients->len, ==, 0);
}

static void
test_html_has_a_plain_alternative(void)
{
	g_autoptr(Letter) letter = sample("件名", "本文");
	letter->html = g_strdup("<p>本文</p>");
	g_autoptr(GBytes) bytes = composed(letter);
	GMimeMessage *message = parsed(bytes);
	GMimeObject *body = g_mime_message_get_mime_part(message);

	assert_wire_clean(bytes);
	g_assert_true(GMIME_IS_MULTIPART(body));
	g_assert_cmpint(g_mime_multipart_get_count(GMIME_MULTIPART(body)), ==, 2);
	g_autofree char *plain = part_text(g_mime_multipart_get_part(GMIME_MULTIPART(body), 0));
	g_autofree char *html = part_text(g_mime_multipart_get_part(GMIME_MULTIPART(body), 1));
	g_assert_cmpstr(plain, ==, "本文");
	g_assert_cmpstr(html, ==, "<p>本文</p>");
	g_object_unref(message);
}

/* What looks encoded stays what was typed; it must not be decoded into something that nobody has checked. */
static void
test_typed_encoded_words_stay_text(void)
{
	g_autoptr(Letter) letter = sample("=?utf-8?q?a=0D=0ABcc:_x@y.test?=", "t");
	g_ptr_array_add(letter->headers, g_strdup("X-A: =?utf-8?b?DQo=?="));
	g_ptr_array_add(letter->reply_to, letter_mailbox_new("=?utf-8?q?=22a=22?=", "r@example.jp"));
	g_autoptr(GBytes) bytes = composed(letter);
	GMimeMessage *message = parsed(bytes);
	InternetAddress *reply = internet_address_list_get_address(g_mime_message_get_reply_to(message), 0);

	assert_wire_clean(bytes);
	g_assert_cmpstr(g_mime_message_get_subject(message), ==, "= ?utf-8?q?a=0D=0ABcc:_x@y.test?=");
	g_assert_cmpstr(internet_address_get_name(reply), ==, "= ?utf-8?q?=22a=22?=");
	g_object_unref(message);
}

/* --- The property -------------------------------------------------------------------------------------------------------------- */

/* Hostile text: what a visitor may get past wire/ and form/, and more. */
static char *
random_text(gsize size_bytes, gboolean has_lines)
{
	static const char *const pieces[] = {"\r\n", "\n", "\r", "\x01", "\x1b[2J", "\x7f", "\302\205", "\342\200\250",
	    "\342\200\256", "\t", " ", "  ", "From ", "\nFrom ", "\n.\n", "\r\n.\r\n", "Bcc: x@y.test", "\r\nBcc: x@y.test",
	    "\n\nbody", "=0D=0A", "=", "?=", "\"", "<", ">", ",", ";", ":", "(", ")", "\\", "日本語", "お問い合わせ", "😀",
	    "👩‍👩‍👧", "e\314\201", "\357\273\277", "a", "0", "x@y.test", "<script>", "\nContent-Type: text/html",
	    "--", "\n--boundary--\n"};
	GString *text = g_string_new(NULL);

	while (text->len < size_bytes) {
		if (g_test_rand_int_range(0, 200) == 0) {
			g_autofree char *word = g_strnfill(5000, 'w');
			g_string_append(text, word);
		}
		const char *piece = pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))];
		g_string_append(text, has_lines || strpbrk(piece, "\r\n") == NULL ? piece : "|");
	}
	return g_string_free(text, FALSE);
}

/* What composing may change: controls go, line ends become LF, an encoded word is broken. Written down again on purpose. */
static char *
expected_text(const char *text, gboolean has_lines)
{
	g_auto(GStrv) crlf = g_strsplit(text, "\r\n", -1);
	g_autofree char *lines = g_strdelimit(g_strjoinv("\n", crlf), "\r", '\n');
	GString *kept = g_string_new(NULL);

	for (const char *at = lines; *at != '\0'; at++) {
		if (*at == '\t')
			g_string_append_c(kept, has_lines ? '\t' : ' ');
		else if (*at == '\n' ? has_lines : ((guchar)*at >= 0x20 && *at != 0x7f))
			g_string_append_c(kept, *at);
	}
	if (!has_lines) {
		g_string_replace(kept, "=?", "= ?", 0);
		return g_strstrip(g_string_free(kept, FALSE));
	}
	return g_string_free(kept, FALSE);
}

static void
random_letter_once(void)
{
	g_autofree char *subject = random_text((gsize)g_test_rand_int_range(0, 2500), FALSE);
	g_autofree char *text = random_text((gsize)g_test_rand_int_range(0, 4000), TRUE);
	g_autofree char *name = random_text((gsize)g_test_rand_int_range(0, 300), FALSE);
	g_autofree char *value = random_text((gsize)g_test_rand_int_range(0, 2500), FALSE);
	g_autoptr(Letter) letter = sample(subject, text);
	g_ptr_array_add(letter->reply_to, letter_mailbox_new(name, "r@example.jp"));
	g_ptr_array_add(letter->headers, g_strdup_printf("X-A: x%s", value));
	g_autoptr(GBytes) bytes = composed(letter);
	g_autofree char *names = header_names(bytes);

	assert_wire_clean(bytes);
	g_assert_cmpstr(names, ==,
	    "Date From To Reply-To Subject Message-Id Auto-Submitted X-A MIME-Version Content-Type Content-Transfer-Encoding");
	g_autoptr(Letter) expected = sample("", "");
	g_free(expected->subject);
	g_free(expected->text);
	expected->subject = expected_text(subject, FALSE);
	expected->text = expected_text(text, TRUE);
	assert_reads_back(expected, bytes);
}

static void
test_random_hostile_letters(void)
{
	for (guint round = 0; round < 400; round++)
		random_letter_once();
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	g_test_add_func("/compose/a Japanese mail", test_a_japanese_mail);
	g_test_add_func("/compose/lines that mail must not break", test_lines_that_mail_must_not_break);
	g_test_add_func("/compose/Bcc is never written", test_bcc_is_never_written);
	g_test_add_func("/compose/addresses beyond ASCII", test_addresses_beyond_ascii);
	g_test_add_func("/compose/a mail to nobody visible", test_a_mail_to_nobody_visible);
	g_test_add_func("/compose/HTML has a plain alternative", test_html_has_a_plain_alternative);
	g_test_add_func("/compose/typed encoded words stay text", test_typed_encoded_words_stay_text);
	g_test_add_func("/compose/random hostile letters", test_random_hostile_letters);
	return g_test_run();
}
