/*
 * MIME by GMime. A letter becomes text/plain, or multipart/alternative of text/plain and text/html, and with attachments multipart/mixed of that
 * and of them. Images of the HTML stand beside it in multipart/related, so that a reader of the plain text meets none. Texts are UTF-8, or what the letter asks for where it holds all their characters.
 *
 * GMime is asked in its narrowest way: every charset is named (left alone it picks the smallest that fits), bodies are
 * GMimePart with a stream of ours (GMimeTextPart changes the charset), encoded here, so that a line beginning with "From "
 * can be protected. Controls are removed first, because an encoded CR or LF would come back when it is decoded. The finished bytes
 * are checked once more against what SMTP demands; a message that fails the check is not sent.
 *
 * State: GMime's own, made by compose_init, which must come first and once.
 */
#include "sekisho/relay/compose.h"

#include <gmime/gmime.h>
#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeDataWrapper, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddress, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFormatOptions, g_mime_format_options_free)

/* Above this share of non-ASCII bytes base64 is shorter than quoted-printable. */
#define BASE64_SHARE 6

void
compose_init(void)
{
	g_mime_init();
}

/* --- Text ------------------------------------------------------------------------------------------------------------ */

/* `text` for a body: LF, tab and no other control. */
static char *
body_text(const char *text)
{
	g_autofree char *lines = text_with_lf(text);
	GString *clean = g_string_sized_new(strlen(lines));

	for (const char *at = lines; *at != '\0'; at++) {
		guchar byte = (guchar)*at;
		if ((byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\n')
			g_string_append_c(clean, *at);
	}
	return g_string_free(clean, FALSE);
}

/* `text` for a header: no control at all. What a visitor typed as an encoded word (RFC 2047) stays what he typed: GMime would
 * pass it through, and a reader would decode into the header what no check of ours has seen. */
static char *
header_text(const char *text)
{
	g_autofree char *glued = text_without_line_breaks(text);
	g_autofree char *clean = body_text(glued);
	g_auto(GStrv) parts = g_strsplit(g_strstrip(g_strdelimit(clean, "\t", ' ')), "=?", -1);

	return g_strjoinv("= ?", parts);
}

static GMimeContentEncoding
best_encoding(const char *text)
{
	gsize others = 0;

	for (const char *at = text; *at != '\0'; at++)
		others += (guchar)*at >= 0x80;
	return others > strlen(text) / BASE64_SHARE ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

/* `text` in the letter's charset, which becomes UTF-8 if one of its characters does not fit. */
static char *
text_in(const char *text, const char **charset)
{
	char *converted = g_convert(text, -1, *charset, "utf-8", NULL, NULL, NULL);

	if (converted != NULL)
		return converted;
	*charset = "utf-8";
	return g_strdup(text);
}

/* `text` encoded, in a stream of its own. */
static GMimeStream *
encoded_stream(const char *text, GMimeContentEncoding encoding)
{
	GMimeStream *memory = g_mime_stream_mem_new();
	g_autoptr(GMimeStream) filtered = g_mime_stream_filter_new(memory);
	g_autoptr(GMimeFilter) encode = g_mime_filter_basic_new(encoding, TRUE);
	g_autoptr(GMimeFilter) armour = g_mime_filter_from_new(GMIME_FILTER_FROM_MODE_ARMOR);

	/* In a base64 body the text's line ends are data, and a text's line ends are CR LF (RFC 2045 6.8). */
	if (encoding == GMIME_CONTENT_ENCODING_BASE64) {
		g_autoptr(GMimeFilter) lines = g_mime_filter_unix2dos_new(FALSE);
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), lines);
	}
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), encode);
	if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), armour);
	g_mime_stream_write(filtered, text, strlen(text));
	g_mime_stream_flush(filtered);
	g_mime_stream_reset(memory);
	return memory;
}

static GMimeObject *
text_part(const char *subtype, const char *text, const char *charset)
{
	g_autofree char *clean = body_text(text);
	g_autofree char *converted = text_in(clean, &charset);
	/* ISO-2022-JP is all ASCII bytes, but in quoted-printable nobody could read it either. */
	GMimeContentEncoding encoding = g_str_equal(charset, "utf-8") ? best_encoding(clean) : GMIME_CONTENT_ENCODING_BASE64;
	g_autoptr(GMimeStream) stream = encoded_stream(converted, encoding);
	g_autoptr(GMimeDataWrapper) content = g_mime_data_wrapper_new_with_stream(stream, encoding);
	GMimePart *part = g_mime_part_new_with_type("text", subtype);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", charset);
	g_mime_part_set_content_encoding(part, encoding);
	g_mime_part_set_content(part, content);
	return GMIME_OBJECT(part);
}

static GMimeObject *
image_part(const LetterImage *image)
{
	gsize size = 0;
	const char *bytes = g_bytes_get_data(image->content, &size);
	g_auto(GStrv) type = g_strsplit(image->type, "/", 2);
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(bytes == NULL ? "" : bytes, size);
	g_autoptr(GMimeDataWrapper) content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_BINARY);
	GMimePart *part = g_mime_part_new_with_type(type[0], type[1]);

	g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_INLINE);
	g_mime_part_set_content_id(part, image->id);
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_part_set_content(part, content);
	return GMIME_OBJECT(part);
}

static GMimeObject *
html_part(const Letter *letter)
{
	g_autoptr(GMimeObject) html = text_part("html", letter->html, letter->charset);

	if (letter->images->len == 0)
		return g_steal_pointer(&html);
	GMimeMultipart *related = g_mime_multipart_new_with_subtype("related");
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(related), "type", "text/html");
	g_mime_multipart_add(related, html);
	for (guint i = 0; i < letter->images->len; i++) {
		g_autoptr(GMimeObject) image = image_part(letter->images->pdata[i]);
		g_mime_multipart_add(related, image);
	}
	return GMIME_OBJECT(related);
}

static GMimeObject *
texts_part(const Letter *letter)
{
	if (letter->html == NULL)
		return text_part("plain", letter->text, letter->charset);
	if (letter->text == NULL)
		return html_part(letter);
	g_autoptr(GMimeObject) plain = text_part("plain", letter->text, letter->charset);
	g_autoptr(GMimeObject) html = html_part(letter);
	GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
	g_mime_multipart_add(both, plain);
	g_mime_multipart_add(both, html);
	return GMIME_OBJECT(both);
}

/* --- Attachments ------------------------------------------------------------------------------------------------------- */

/* The name of a file twice: `filename` by RFC 2231, which is the rule, and `name` as RFC 2047 words, which is none but what programs read that do not
 * know RFC 2231. */
static void
set_file_name(GMimePart *part, const char *name)
{
	g_autofree char *clean = header_text(name);
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));

	g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_ATTACHMENT);
	g_mime_object_set_content_disposition_parameter(GMIME_OBJECT(part), "filename", clean);
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "name", clean);
	GMimeParam *filename = g_mime_param_list_get_parameter(
	    g_mime_content_disposition_get_parameters(g_mime_object_get_content_disposition(GMIME_OBJECT(part))), "filename");
	GMimeParam *fallback = g_mime_param_list_get_parameter(g_mime_content_type_get_parameters(type), "name");
	g_mime_param_set_charset(filename, "utf-8");
	g_mime_param_set_encoding_method(filename, GMIME_PARAM_ENCODING_METHOD_RFC2231);
	g_mime_param_set_charset(fallback, "utf-8");
	g_mime_param_set_encoding_method(fallback, GMIME_PARAM_ENCODING_METHOD_RFC2047);
}

/* Any bytes are any bytes: a text file goes in base64 too, so that its line ends stay. */
static GMimeObject *
file_part(const LetterAttachment *attachment)
{
	gsize size = 0;
	const char *bytes = g_bytes_get_data(attachment->content, &size);
	g_auto(GStrv) type = g_strsplit(attachment->type, "/", 2);
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(bytes == NULL ? "" : bytes, size);
	g_autoptr(GMimeDataWrapper) content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_BINARY);
	GMimePart *part = g_mime_part_new_with_type(type[0], type[1]);

	set_file_name(part, attachment->name);
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_part_set_content(part, content);
	return GMIME_OBJECT(part);
}

static GMimeObject *
body_part(const Letter *letter)
{
	g_autoptr(GMimeObject) texts = texts_part(letter);

	if (letter->attachments->len == 0)
		return g_steal_pointer(&texts);
	GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
	g_mime_multipart_add(mixed, texts);
	for (guint i = 0; i < letter->attachments->len; i++) {
		g_autoptr(GMimeObject) file = file_part(letter->attachments->pdata[i]);
		g_mime_multipart_add(mixed, file);
	}
	return GMIME_OBJECT(mixed);
}

/* --- Header ---------------------------------------------------------------------------------------------------------- */

static void
add_mailbox(InternetAddressList *list, const Mailbox *mailbox)
{
	g_autofree char *name = header_text(mailbox->name);
	g_autofree char *written = address_written(mailbox->address);
	g_autoptr(InternetAddress) address = internet_address_mailbox_new(*name == '\0' ? NULL : name, written);

	internet_address_set_charset(address, "utf-8");
	internet_address_list_add(list, address);
}

/* Addresses beyond ASCII have no other spelling than raw UTF-8 (RFC 6532 3.2), so only an international letter shows them. */
static void
add_mailboxes(InternetAddressList *list, const GPtrArray *mailboxes, gboolean is_international)
{
	for (guint i = 0; i < mailboxes->len; i++) {
		const Mailbox *mailbox = mailboxes->pdata[i];
		if (is_international || g_str_is_ascii(mailbox->address))
			add_mailbox(list, mailbox);
	}
}

static void
add_header(GMimeMessage *message, const char *line)
{
	const char *colon = strchr(line, ':');
	g_autofree char *name = g_strndup(line, (gsize)(colon - line));
	g_autofree char *value = header_text(colon + 1);

	g_mime_object_append_header(GMIME_OBJECT(message), name, value, "utf-8");
}

static void
set_date(GMimeMessage *message, const Letter *letter)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_offset(letter->date_offset_s);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(letter->date_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, zone);

	if (local != NULL)
		g_mime_message_set_date(message, local);
}

static GMimeMessage *
message_of(const Letter *letter)
{
	GMimeMessage *message = g_mime_message_new(FALSE);
	g_autofree char *subject = header_text(letter->subject);
	const gboolean is_international = letter_is_international(letter);
	InternetAddressList *to = g_mime_message_get_to(message);

	set_date(message, letter);
	add_mailbox(g_mime_message_get_from(message), letter->from);
	add_mailboxes(to, letter->to, is_international);
	/* Without any To: some servers add one of their own with every envelope recipient. */
	if (internet_address_list_length(to) == 0) {
		g_autoptr(InternetAddress) nobody = internet_address_group_new("undisclosed-recipients");
		internet_address_list_add(to, nobody);
	}
	add_mailboxes(g_mime_message_get_cc(message), letter->cc, is_international);
	add_mailboxes(g_mime_message_get_reply_to(message), letter->reply_to, is_international);
	g_mime_message_set_subject(message, subject, "utf-8");
	g_mime_message_set_message_id(message, letter->message_id);
	/* RFC 3834: so that no autoresponder answers. */
	g_mime_object_set_header(
	    GMIME_OBJECT(message), "Auto-Submitted", letter->is_automatic ? "auto-replied" : "auto-generated", "utf-8");
	for (guint i = 0; i < letter->headers->len; i++)
		add_header(message, letter->headers->pdata[i]);
	g_mime_object_set_header(GMIME_OBJECT(message), "MIME-Version", "1.0", "utf-8");
	g_autoptr(GMimeObject) body = body_part(letter);
	g_mime_message_set_mime_part(message, body);
	return message;
}

/* --- The bytes --------------------------------------------------------------------------------------------------------- */

/* CR LF line ends only, lines of at most 998 bytes, ASCII without NUL (RFC 5321 2.3.8, 4.5.2; RFC 5322 2.1.1). The first `header_size` bytes may be UTF-8 (RFC 6532 3.2). */
static gboolean
is_wire_clean(const guint8 *bytes, gsize size, gsize header_size)
{
	gsize line_size = 0;

	if (!g_utf8_validate((const char *)bytes, (gssize)header_size, NULL))
		return FALSE;

	for (gsize i = 0; i < size; i++) {
		if (bytes[i] == '\r') {
			if (i + 1 == size || bytes[i + 1] != '\n')
				return FALSE;
			i++;
			line_size = 0;
			continue;
		}
		if (bytes[i] == '\n' || bytes[i] == '\0' || (bytes[i] >= 0x80 && i >= header_size) ||
		    ++line_size > LIMIT_MAIL_LINE_BYTES)
			return FALSE;
	}
	return line_size == 0;
}

/* How many bytes come before the empty line. */
static gsize
header_size_of(const GByteArray *bytes)
{
	const guint8 *end = memmem(bytes->data, bytes->len, "\r\n\r\n", 4);

	return end == NULL ? 0 : (gsize)(end - bytes->data);
}

GBytes *
compose_message(const Letter *letter, GError **error)
{
	g_autoptr(GMimeMessage) message = message_of(letter);
	g_autoptr(GMimeFormatOptions) options = g_mime_format_options_new();
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();

	g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
	g_mime_object_write_to_stream(GMIME_OBJECT(message), options, stream);
	GByteArray *written = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	g_autoptr(GByteArray) bytes = g_byte_array_sized_new(written->len + 2);
	g_byte_array_append(bytes, written->data, written->len);
	if (bytes->len < 2 || memcmp(bytes->data + bytes->len - 2, "\r\n", 2) != 0)
		g_byte_array_append(bytes, (const guint8 *)"\r\n", 2);
	if (!is_wire_clean(bytes->data, bytes->len, letter_is_international(letter) ? header_size_of(bytes) : 0)) {
		g_set_error_literal(
		    error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the mail cannot be written in lines that mail servers take");
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
