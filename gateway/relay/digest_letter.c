/*
 * The letter of a digest: many notices of one form, each with its whole text, under a head that tells it from the others. Everything in it is taken from
 * letters that are made already. No state, no I/O.
 */
#include "digest_letter.h"

#include <string.h>

#include "letter_body.h"
#include "letter_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
#include "sekisho/wire/address.h"

/* Digits of the hash in a digest's Message-ID: 64 bits. */
#define SET_DIGITS 16

/* --- The text of a digest -------------------------------------------------------------------------------------------------------- */

static void
replace(GString *text, const char *place, const char *value)
{
	g_string_replace(text, place, value, 0);
}

/* A sentence of ours with its places filled: {count}, {form}, {site}. */
static char *
worded(const Form *form, const char *id, guint count)
{
	GString *text = g_string_new(text_for(form->source->locale, id));
	g_autofree char *digits = g_strdup_printf("%u", count);
	g_autofree char *title = text_first_line(form->source->title);
	g_autofree char *site = text_first_line(form->site->title);

	replace(text, "{count}", digits);
	replace(text, "{form}", title);
	replace(text, "{site}", site);
	return g_string_free(text, FALSE);
}

/* Each line of what a visitor may have typed stands two spaces in, so that none of it looks like the head of another message. */
static void
append_indented(GString *entry, const char *text)
{
	g_autofree char *lines_text = text_with_lf(text);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(lines_text), "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		g_string_append_printf(entry, "%s%s\n", **line == '\0' ? "" : "  ", *line);
}

static char *
received_text(const Letter *letter)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_offset(letter->date_offset_s);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(letter->date_us / G_USEC_PER_SEC);
	g_autoptr(GDateTime) local = utc == NULL ? NULL : g_date_time_to_timezone(utc, zone);

	return local == NULL ? g_strdup("") : g_date_time_format(local, "%Y-%m-%d %H:%M:%S %:z");
}

static char *
reply_to_text(const Letter *letter)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < letter->reply_to->len; i++) {
		const Mailbox *mailbox = letter->reply_to->pdata[i];
		g_autofree char *written = address_written(mailbox->address);
		const char *separator = i == 0 ? "" : ", ";
		if (*mailbox->name == '\0')
			g_string_append_printf(text, "%s%s", separator, written);
		else
			g_string_append_printf(text, "%s%s <%s>", separator, mailbox->name, written);
	}
	return g_string_free(text, FALSE);
}

static void
append_line(GString *entry, const char *label, const char *value)
{
	if (*value != '\0')
		g_string_append_printf(entry, "%s: %s\n", label, value);
}

char *
digest_entry(const Form *form, const Parcel *parcel)
{
	const char *locale = form->source->locale;
	const Letter *letter = parcel->letter;
	g_autofree char *received = received_text(letter);
	g_autofree char *reply_to = reply_to_text(letter);
	g_autofree char *text = letter->text == NULL ? letter_body_plain(letter->html) : g_strdup(letter->text);
	GString *entry = g_string_new(NULL);

	append_line(entry, text_for(locale, "facts.received"), received);
	append_line(entry, text_for(locale, "facts.receipt"), parcel->item->receipt);
	append_line(entry, text_for(locale, "digest.message_subject"), letter->subject);
	append_line(entry, text_for(locale, "digest.message_reply_to"), reply_to);
	g_string_append_c(entry, '\n');
	append_indented(entry, text);
	return g_string_free(entry, FALSE);
}

/* --- The letter of a digest ------------------------------------------------------------------------------------------------------ */

/*
 * A function of what is in it, so that a digest that is sent again because nobody knows its outcome is known by its Message-ID, as a notice is; and another
 * set of messages, be its first one the same, is never taken for a repetition, which mail systems drop without a word.
 */
static char *
message_id(const GPtrArray *parcels)
{
	const OutboxItem *first = ((const Parcel *)parcels->pdata[0])->item;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

	for (guint i = 0; i < parcels->len; i++) {
		const OutboxItem *item = ((const Parcel *)parcels->pdata[i])->item;
		g_autofree char *name = g_strdup_printf("%s.%u\n", item->receipt, item->generation);
		g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name));
	}
	return g_strdup_printf(
	    "%s.digest.%u.%.*s@%s", first->receipt, first->generation, SET_DIGITS, g_checksum_get_string(checksum), first->site);
}

static void
copy_mailboxes(GPtrArray *list, const GPtrArray *from)
{
	for (guint i = 0; i < from->len; i++) {
		const Mailbox *mailbox = from->pdata[i];
		g_ptr_array_add(list, letter_mailbox_new(mailbox->name, mailbox->address));
	}
}

/* To the recipients of the first letter, whose deliveries stand for those of the others. No visitor's name stands in From:, and no address of theirs in
 * Reply-To:. */
static void
address_digest(Letter *digest, const Form *form, const GPtrArray *parcels)
{
	const Letter *first = ((const Parcel *)parcels->pdata[0])->letter;
	const Letter *last = ((const Parcel *)parcels->pdata[parcels->len - 1])->letter;
	g_autofree char *name = text_first_line(form->site->title);

	digest->message_id = message_id(parcels);
	digest->date_us = last->date_us;
	digest->date_offset_s = last->date_offset_s;
	digest->envelope_sender = g_strdup(first->envelope_sender);
	digest->from = letter_mailbox_new(name, first->from->address);
	digest->charset = first->charset;
	copy_mailboxes(digest->to, first->to);
	copy_mailboxes(digest->cc, first->cc);
	for (guint i = 0; i < first->recipients->len; i++) {
		const LetterRecipient *recipient = first->recipients->pdata[i];
		letter_add_recipient(digest, recipient->delivery_id, recipient->address);
	}
}

Letter *
digest_letter_new(const Form *form, const GPtrArray *parcels, const GPtrArray *entries)
{
	Letter *digest = letter_empty();
	g_autofree char *subject = worded(form, "digest.subject", parcels->len);
	g_autofree char *introduction = worded(form, "digest.introduction", parcels->len);
	GString *text = g_string_new(introduction);

	address_digest(digest, form, parcels);
	digest->subject = text_truncate(subject, LIMIT_MAIL_HEADER_BYTES);
	for (guint i = 0; i < entries->len; i++)
		g_string_append_printf(
		    text, "\n\n======== %u / %u ========\n%s", i + 1, entries->len, (const char *)entries->pdata[i]);
	digest->text = g_string_free(text, FALSE);
	return digest;
}
