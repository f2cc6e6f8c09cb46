/*
 * A letter as a GVariant, for the socket between courier and session. The reader trusts nothing: what would break a header or
 * an SMTP command is refused, so that neither MIME composer nor library ever meets it.
 */
#include <string.h>

#include "attachments.h"
#include "letter_parts.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define LETTER_TYPE "(sxisb(ss)a(ss)a(ss)a(ss)smsmssasa(xs)a(ssay)a(ssay))"

/* No zone is further from UTC (RFC 5322 3.3 allows 99:59; the tz database knows nothing past 15:13). */
#define DATE_OFFSET_LIMIT_S (16 * 3600)

/* Texts are UTF-8 by construction; a template file that is not must not abort the courier. */
static GVariant *
string_variant(const char *text)
{
	return g_variant_new_take_string(g_utf8_make_valid(text, -1));
}

static GVariant *
maybe_variant(const char *text)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_STRING, text == NULL ? NULL : string_variant(text));
}

static GVariant *
mailbox_variant(const Mailbox *mailbox)
{
	return g_variant_new("(@s@s)", string_variant(mailbox->name), string_variant(mailbox->address));
}

static GVariant *
mailboxes_variant(const GPtrArray *mailboxes)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ss)"));
	for (guint i = 0; i < mailboxes->len; i++)
		g_variant_builder_add_value(&builder, mailbox_variant(mailboxes->pdata[i]));
	return g_variant_builder_end(&builder);
}

/* The content is not copied. */
static GVariant *
attachments_variant(const GPtrArray *attachments)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssay)"));
	for (guint i = 0; i < attachments->len; i++) {
		const LetterAttachment *attachment = attachments->pdata[i];
		GVariant *content = g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, attachment->content, TRUE);
		g_variant_builder_add(
		    &builder, "(@s@s@ay)", string_variant(attachment->name), string_variant(attachment->type), content);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *
images_variant(const GPtrArray *images)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssay)"));
	for (guint i = 0; i < images->len; i++) {
		const LetterImage *image = images->pdata[i];
		GVariant *content = g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, image->content, TRUE);
		g_variant_builder_add(&builder, "(@s@s@ay)", string_variant(image->id), string_variant(image->type), content);
	}
	return g_variant_builder_end(&builder);
}

GVariant *
letter_to_variant(const Letter *letter)
{
	GVariantBuilder headers, recipients;

	g_variant_builder_init(&headers, G_VARIANT_TYPE_STRING_ARRAY);
	for (guint i = 0; i < letter->headers->len; i++)
		g_variant_builder_add_value(&headers, string_variant(letter->headers->pdata[i]));
	g_variant_builder_init(&recipients, G_VARIANT_TYPE("a(xs)"));
	for (guint i = 0; i < letter->recipients->len; i++) {
		const LetterRecipient *recipient = letter->recipients->pdata[i];
		g_variant_builder_add(&recipients, "(x@s)", recipient->delivery_id, string_variant(recipient->address));
	}
	return g_variant_new("(@sxi@sb@(ss)@a(ss)@a(ss)@a(ss)@s@ms@mss@as@a(xs)@a(ssay)@a(ssay))",
	    string_variant(letter->message_id), letter->date_us, letter->date_offset_s, string_variant(letter->envelope_sender),
	    letter->is_automatic, mailbox_variant(letter->from), mailboxes_variant(letter->to), mailboxes_variant(letter->cc),
	    mailboxes_variant(letter->reply_to), string_variant(letter->subject), maybe_variant(letter->text),
	    maybe_variant(letter->html), letter->charset, g_variant_builder_end(&headers), g_variant_builder_end(&recipients),
	    attachments_variant(letter->attachments), images_variant(letter->images));
}

/* --- Back ---------------------------------------------------------------------------------------------------------- */

static gboolean
is_header_text(const char *text)
{
	return strpbrk(text, "\r\n") == NULL;
}

/* msg-id without its brackets, of the letters that letter.c writes. */
static gboolean
is_message_id(const char *text)
{
	return *text != '\0' && strlen(text) <= LIMIT_MAIL_LINE_BYTES / 2 && strchr(text, '@') != NULL &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-@") == strlen(text);
}

static gboolean
is_header_line(const char *line)
{
	const char *colon = strchr(line, ':');
	if (colon == NULL || !is_header_text(line))
		return FALSE;
	g_autofree char *name = g_strndup(line, (gsize)(colon - line));
	return letter_is_further_header(name);
}

static gboolean
read_mailboxes(GPtrArray *mailboxes, GVariant *variant, gboolean (*is_address)(const char *address))
{
	GVariantIter iter;
	const char *name, *address;

	g_variant_iter_init(&iter, variant);
	while (g_variant_iter_next(&iter, "(&s&s)", &name, &address)) {
		if (mailboxes->len >= LIMIT_RECIPIENTS || !is_header_text(name) || !is_address(address))
			return FALSE;
		g_ptr_array_add(mailboxes, letter_mailbox_new(name, address));
	}
	return TRUE;
}

static gboolean
read_headers(Letter *letter, GVariant *variant)
{
	GVariantIter iter;
	const char *line;

	g_variant_iter_init(&iter, variant);
	while (g_variant_iter_next(&iter, "&s", &line)) {
		if (letter->headers->len >= LIMIT_MAIL_HEADERS || !is_header_line(line))
			return FALSE;
		g_ptr_array_add(letter->headers, g_strdup(line));
	}
	return TRUE;
}

static gboolean
read_recipients(Letter *letter, GVariant *variant)
{
	GVariantIter iter;
	gint64 delivery_id;
	const char *address;

	g_variant_iter_init(&iter, variant);
	while (g_variant_iter_next(&iter, "(x&s)", &delivery_id, &address)) {
		if (letter->recipients->len >= LIMIT_RECIPIENTS || !address_is_mailable(address))
			return FALSE;
		letter_add_recipient(letter, delivery_id, address);
	}
	return TRUE;
}

/* `type/subtype` of RFC 2045 5.1, as our table writes them. */
static gboolean
is_type(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash != NULL && slash > text && slash[1] != '\0' && strchr(slash + 1, '/') == NULL && strlen(text) <= 100 &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/.+-") == strlen(text);
}

/* The contents stay in the variant's memory. */
static gboolean
read_attachments(Letter *letter, GVariant *variant)
{
	gsize size_bytes = 0;

	for (gsize i = 0; i < g_variant_n_children(variant); i++) {
		const char *name, *type;
		g_autoptr(GVariant) child = g_variant_get_child_value(variant, i);
		g_autoptr(GVariant) content = NULL;
		g_variant_get(child, "(&s&s@ay)", &name, &type, &content);
		g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(content);
		LetterAttachment *attachment = letter_attachment_new(name, type, bytes);
		size_bytes += g_bytes_get_size(bytes);
		g_ptr_array_add(letter->attachments, attachment);
		if (!is_type(type) || !g_str_equal(attachment->name, name) || i >= LIMIT_ATTACHMENTS ||
		    size_bytes > LIMIT_ATTACHMENTS_BYTES)
			return FALSE;
	}
	return TRUE;
}

/* Content-ID without its brackets (RFC 2045 7), as the addresses in our HTML name it. */
static gboolean
is_image_id(const char *text)
{
	return *text != '\0' && strlen(text) <= LIMIT_MAIL_LINE_BYTES / 2 &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-.@") == strlen(text);
}

/* Images of a letter without HTML would be seen nowhere. */
static gboolean
read_images(Letter *letter, GVariant *variant)
{
	gsize size_bytes = 0;

	for (gsize i = 0; i < g_variant_n_children(variant); i++) {
		const char *id, *type;
		g_autoptr(GVariant) child = g_variant_get_child_value(variant, i);
		g_autoptr(GVariant) content = NULL;
		g_variant_get(child, "(&s&s@ay)", &id, &type, &content);
		g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(content);
		size_bytes += g_bytes_get_size(bytes);
		if (!is_image_id(id) || !is_type(type) || !g_str_has_prefix(type, "image/") || i >= LIMIT_MAIL_IMAGES ||
		    size_bytes > LIMIT_MAIL_IMAGES_BYTES)
			return FALSE;
		g_ptr_array_add(letter->images, letter_image_new(id, type, bytes));
	}
	return letter->images->len == 0 || letter->html != NULL;
}

static gboolean
is_sound(const Letter *letter)
{
	return is_message_id(letter->message_id) && ABS(letter->date_offset_s) <= DATE_OFFSET_LIMIT_S &&
	       letter_has_sender(letter) && is_header_text(letter->from->name) && address_is_deliverable(letter->from->address) &&
	       is_header_text(letter->subject) && (letter->text != NULL || letter->html != NULL) && letter->charset != NULL;
}

Letter *
letter_from_variant(GVariant *variant, GError **error)
{
	g_autoptr(Letter) letter = letter_empty();

	if (g_variant_is_of_type(variant, G_VARIANT_TYPE(LETTER_TYPE))) {
		g_autoptr(GVariant) to = NULL, cc = NULL, reply_to = NULL, headers = NULL, recipients = NULL, attachments = NULL,
				    images = NULL;
		const char *charset;
		letter->from = letter_mailbox_new(NULL, NULL);
		g_variant_get(variant, "(sxisb(ss)@a(ss)@a(ss)@a(ss)smsms&s@as@a(xs)@a(ssay)@a(ssay))", &letter->message_id,
		    &letter->date_us, &letter->date_offset_s, &letter->envelope_sender, &letter->is_automatic,
		    &letter->from->name, &letter->from->address, &to, &cc, &reply_to, &letter->subject, &letter->text,
		    &letter->html, &charset, &headers, &recipients, &attachments, &images);
		letter->charset = letter_charset(charset);
		if (is_sound(letter) && read_mailboxes(letter->to, to, address_is_mailable) &&
		    read_mailboxes(letter->cc, cc, address_is_mailable) &&
		    read_mailboxes(letter->reply_to, reply_to, address_is_reply) && read_headers(letter, headers) &&
		    read_recipients(letter, recipients) && read_attachments(letter, attachments) && read_images(letter, images))
			return g_steal_pointer(&letter);
	}
	g_set_error_literal(error, RELAY_ERROR, RELAY_ERROR_MESSAGE, "the letter handed to the session breaks its format");
	return NULL;
}
