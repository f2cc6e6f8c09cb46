/*
 * Mail addresses and mailboxes. Plain functions; nothing is kept. What is accepted here goes into MAIL FROM, RCPT TO and header fields, so
 * address_is_deliverable is the narrow gate: ASCII, atoms and dots, a host name. Dots may stand anywhere, because Japanese carriers gave out
 * such addresses; address_written puts those local parts into quotes, and is what every header and command is made with.
 *
 * An operator's recipient may have letters beyond ASCII before the "@" (address_is_mailable); whoever writes it into a command or header does so only in a mail sent with
 * SMTPUTF8. A domain is always ASCII: address_configured writes another one in A-labels, as servers without SMTPUTF8 need it.
 *
 * A mailbox is read by two rules on purpose. The address is strict. The display name is generous (any text without "<", ">" and
 * unquoted commas), because it is only ever handed on as a separate text that GMime encodes again, and because Contact Form 7
 * takes any site title or visitor's name there.
 */
#include "sekisho/wire/address.h"

#include <string.h>

#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

/* RFC 5322 3.2.3 atext, without letters and digits. */
#define ADDRESS_ATEXT_SYMBOLS "!#$%&'*+-/=?^_`{|}~"
/* RFC 1035 2.3.4. */
#define ADDRESS_LABEL_BYTES 63u
/* WordPress' is_email refuses anything shorter (contract 5.5). */
#define ADDRESS_EMAIL_BYTES_LEAST 6u

/* --- Addresses ----------------------------------------------------------------------------------------------------- */

static gboolean
address_is_atext_or_dot(const char *text, gsize size)
{
	for (gsize i = 0; i < size; i++) {
		if (!g_ascii_isalnum(text[i]) && (text[i] == '\0' || !strchr(ADDRESS_ATEXT_SYMBOLS ".", text[i])))
			return FALSE;
	}
	return size > 0;
}

/* Letters, digits and hyphens, no hyphen at either end. */
static gboolean
address_is_label(const char *label)
{
	gsize size = strlen(label);

	for (gsize i = 0; i < size; i++) {
		if (!g_ascii_isalnum(label[i]) && label[i] != '-')
			return FALSE;
	}
	return size > 0 && label[0] != '-' && label[size - 1] != '-';
}

static gboolean
address_is_domain(const char *domain, gsize label_bytes)
{
	g_auto(GStrv) labels = g_strsplit(domain, ".", -1);

	for (char **label = labels; *label != NULL; label++) {
		if (!address_is_label(*label) || strlen(*label) > label_bytes)
			return FALSE;
	}
	return g_strv_length(labels) >= 2;
}

gboolean
address_is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at && strlen(text) >= ADDRESS_EMAIL_BYTES_LEAST && address_is_atext_or_dot(text, (gsize)(at - text)) &&
	       address_is_domain(at + 1, G_MAXSIZE);
}

gboolean
address_is_deliverable(const char *text)
{
	const char *at = strchr(text, '@');
	gsize local_bytes = at ? (gsize)(at - text) : 0;

	if (!at || strlen(text) > LIMIT_ADDRESS_BYTES || local_bytes > LIMIT_LOCAL_PART_BYTES)
		return FALSE;
	return address_is_atext_or_dot(text, local_bytes) && strlen(at + 1) <= LIMIT_DOMAIN_BYTES &&
	       address_is_domain(at + 1, ADDRESS_LABEL_BYTES);
}

/* Letters, digits, marks and signs; nothing that is a space, shows nothing, turns the line, or is nobody's yet. */
static gboolean
address_is_beyond_ascii(gunichar character)
{
	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SPACE_SEPARATOR:
		return FALSE;
	default:
		return character >= 0x80 && !text_is_invisible(character);
	}
}

/* Dot-atom of RFC 6531 3.3. What another normal form writes otherwise, as it does a full-width "@", is in no name (RFC 8264 9.17). */
static gboolean
address_is_utf8_local(const char *local)
{
	if (!g_utf8_validate(local, -1, NULL) || *local == '.' || g_str_has_suffix(local, ".") || strstr(local, ".."))
		return FALSE;
	for (const char *at = local; *at != '\0'; at = g_utf8_next_char(at)) {
		if (!address_is_atext_or_dot(at, 1) && !address_is_beyond_ascii(g_utf8_get_char(at)))
			return FALSE;
	}
	g_autofree char *compatible = g_utf8_normalize(local, -1, G_NORMALIZE_NFKC);
	return g_str_equal(compatible, local);
}

gboolean
address_is_mailable(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL || g_str_is_ascii(text))
		return address_is_deliverable(text);
	g_autofree char *local = g_strndup(text, (gsize)(at - text));
	g_autofree char *with_ascii = g_strconcat("x", at, NULL);
	return strlen(text) <= LIMIT_ADDRESS_BYTES && strlen(local) <= LIMIT_LOCAL_PART_BYTES && address_is_utf8_local(local) &&
	       address_is_deliverable(with_ascii);
}

/* In A-labels; NULL if it cannot be. What IDNA 2003 and 2008 write differently (RFC 5894 7.2) could be two hosts, and what shows nothing is dropped. The caller's. */
static char *
address_ascii_domain(const char *domain)
{
	static const gunichar deviations[] = {0xDF, 0x3C2, 0x200C, 0x200D};

	for (const char *at = domain; *at != '\0'; at = g_utf8_next_char(at)) {
		for (gsize i = 0; i < G_N_ELEMENTS(deviations); i++)
			if (g_utf8_get_char(at) == deviations[i])
				return NULL;
		if (text_is_invisible(g_utf8_get_char(at)))
			return NULL;
	}
	return g_str_is_ascii(domain) ? g_strdup(domain) : g_hostname_to_ascii(domain);
}

char *
address_configured(const char *text)
{
	const char *at = strchr(text, '@');

	/* U-labels may be longer than their A-labels. */
	if (at == NULL || strlen(text) > LIMIT_LOCAL_PART_BYTES + 4 * LIMIT_DOMAIN_BYTES || !g_utf8_validate(text, -1, NULL))
		return NULL;
	g_autofree char *domain = address_ascii_domain(at + 1);
	if (domain == NULL)
		return NULL;
	g_autofree char *local = g_utf8_normalize(text, at - text, G_NORMALIZE_NFC);
	g_autofree char *address = g_strconcat(local, "@", domain, NULL);
	return address_is_mailable(address) ? g_steal_pointer(&address) : NULL;
}

gboolean
address_is_reply(const char *text)
{
	return address_is_deliverable(text) || (strlen(text) <= LIMIT_REPLY_ADDRESS_BYTES && address_is_email(text));
}

char *
address_written(const char *address)
{
	const char *at = strchr(address, '@');

	g_assert(at != NULL);
	g_autofree char *local = g_strndup(address, (gsize)(at - address));
	if (local[0] != '.' && !g_str_has_suffix(local, ".") && !strstr(local, ".."))
		return g_strdup(address);
	return g_strdup_printf("\"%s\"%s", local, at);
}

char *
address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	g_assert(at != NULL);
	return g_ascii_strdown(at + 1, -1);
}

char *
address_canonical(const char *address)
{
	g_autofree char *domain = address_domain(address);
	gsize local_bytes = (gsize)(strrchr(address, '@') - address);

	return g_strdup_printf("%.*s@%s", (int)MIN(local_bytes, G_MAXINT), address, domain);
}

char *
address_folded(const char *address)
{
	return g_ascii_strdown(address, -1);
}

char *
address_untagged(const char *address)
{
	g_autofree char *lower = address_folded(address);
	const char *at = strrchr(lower, '@');
	const char *plus = strchr(lower, '+');
	if (at == NULL || plus == NULL || plus == lower || plus > at)
		return NULL;
	return g_strdup_printf("%.*s%s", (int)(plus - lower), lower, at);
}

char *
address_mailbox(const char *address)
{
	g_autofree char *lower = address_folded(address);
	const char *at = strrchr(lower, '@');
	const char *plus = strchr(lower, '+');

	g_assert(at != NULL);
	gboolean is_gmail = g_str_equal(at, "@gmail.com") || g_str_equal(at, "@googlemail.com");
	GString *counted = g_string_new(NULL);
	g_string_append_len(counted, lower, (plus == NULL || plus == lower || plus > at ? at : plus) - lower);
	if (is_gmail)
		g_string_replace(counted, ".", "", 0);
	g_string_append(counted, is_gmail ? "@gmail.com" : at);
	return g_string_free(counted, FALSE);
}

gboolean
address_is_within(const char *address, const char *domain)
{
	const char *at = strrchr(address, '@');
	const char *own = at != NULL ? at + 1 : "";
	gsize own_bytes = strlen(own), bytes = strlen(domain);

	if (own_bytes < bytes || g_ascii_strcasecmp(own + own_bytes - bytes, domain) != 0)
		return FALSE;
	return own_bytes == bytes || own[own_bytes - bytes - 1] == '.';
}

/* --- Mailboxes ----------------------------------------------------------------------------------------------------- */

void
mailbox_free(Mailbox *mailbox)
{
	if (!mailbox)
		return;
	g_free(mailbox->name);
	g_free(mailbox->address);
	g_free(mailbox);
}

char *
mailbox_clean_name(const char *text)
{
	g_autofree char *line = text_first_line(text);
	g_auto(GStrv) parts = g_strsplit(line, "\"", -1);
	g_autofree char *unquoted = g_strjoinv("", parts);
	g_autofree char *stripped = text_strip(unquoted);

	return text_truncate(stripped, LIMIT_MAIL_HEADER_BYTES);
}

static Mailbox *
mailbox_refuse(GError **error, const char *sentence)
{
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, sentence);
	return NULL;
}

/* The closing quote of the one at `open`, backslashes counted (RFC 5322 3.2.4), or NULL. */
static const char *
mailbox_closing_quote(const char *open)
{
	for (const char *at = open + 1; *at != '\0'; at++) {
		if (*at == '"')
			return at;
		if (*at == '\\' && at[1] != '\0')
			at++;
	}
	return NULL;
}

/* The first of `stops` outside quotes, else the end of the text. A quote that is never closed is an ordinary character, because
 * visitors type those (5" pipes); and so are all after it, or a text of many would be read as many times: `has_quotes`, TRUE
 * at the beginning of a text, remembers that. */
static const char *
mailbox_find_unquoted(const char *text, const char *stops, gboolean *has_quotes)
{
	for (const char *at = text; *at != '\0'; at++) {
		const char *closing = *has_quotes && *at == '"' ? mailbox_closing_quote(at) : NULL;
		if (closing)
			at = closing;
		else if (strchr(stops, *at))
			return at;
		else if (*at == '"')
			*has_quotes = FALSE;
	}
	return text + strlen(text);
}

/* The display name without its quotes and their backslashes; those of an unclosed quote stay. The caller's. */
static char *
mailbox_unquote(const char *text)
{
	GString *name = g_string_new(NULL);
	gboolean has_quotes = TRUE;

	for (const char *at = text; *at != '\0'; at++) {
		const char *closing = has_quotes && *at == '"' ? mailbox_closing_quote(at) : NULL;
		if (!closing) {
			has_quotes = has_quotes && *at != '"';
			g_string_append_c(name, *at);
			continue;
		}
		for (at++; at < closing; at++) {
			if (*at == '\\')
				at++;
			g_string_append_c(name, *at);
		}
	}
	return g_strstrip(g_string_free(name, FALSE));
}

static gboolean
mailbox_has_control(const char *text)
{
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar character = g_utf8_get_char(at);
		/* LINE and PARAGRAPH SEPARATOR are no controls to Unicode, but they break lines. */
		if (g_unichar_iscntrl(character) || character == 0x2028 || character == 0x2029)
			return TRUE;
	}
	return FALSE;
}

/* The mailbox of the parts of `name <address>`. */
static Mailbox *
mailbox_new(const char *name, const char *address)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);

	mailbox->name = mailbox_unquote(name);
	mailbox->address = g_strstrip(g_strdup(address));
	return mailbox;
}

/* The address as it is used, or NULL. The caller's. */
typedef char *(*AddressReader)(const char *text);

static char *
mailbox_reply_address(const char *text)
{
	return address_is_reply(text) ? g_strdup(text) : NULL;
}

static Mailbox *
mailbox_read(const char *text, AddressReader read_address, GError **error)
{
	if (!g_utf8_validate(text, -1, NULL))
		return mailbox_refuse(error, "the mailbox is not valid UTF-8");
	if (mailbox_has_control(text))
		return mailbox_refuse(error, "the mailbox holds a line break or another control character");
	gboolean has_quotes = TRUE;
	const char *stop = mailbox_find_unquoted(text, "<>,", &has_quotes);
	g_autoptr(Mailbox) mailbox = NULL;

	if (*stop == ',')
		return mailbox_refuse(error, "the mailbox holds a comma; put a name with a comma into double quotes");
	if (*stop == '>')
		return mailbox_refuse(error, "the mailbox has a \">\" without its \"<\"");
	if (*stop == '<') {
		const char *close = strpbrk(stop + 1, "<>");
		if (!close || *close != '>' || close[1 + strspn(close + 1, " ")] != '\0')
			return mailbox_refuse(error, "the mailbox does not end with one address in \"<\" and \">\"");
		g_autofree char *name = g_strndup(text, (gsize)(stop - text));
		g_autofree char *address = g_strndup(stop + 1, (gsize)(close - stop - 1));
		mailbox = mailbox_new(name, address);
	} else {
		mailbox = mailbox_new("", text);
	}
	char *address = read_address(mailbox->address);
	if (address == NULL)
		return mailbox_refuse(error, "the mailbox holds no mail address of the form name@host.domain");
	g_free(mailbox->address);
	mailbox->address = address;
	return g_steal_pointer(&mailbox);
}

Mailbox *
mailbox_parse(const char *text, GError **error)
{
	return mailbox_read(text, address_configured, error);
}

Mailbox *
mailbox_parse_reply(const char *text, GError **error)
{
	return mailbox_read(text, mailbox_reply_address, error);
}

GPtrArray *
mailbox_split_list(const char *text)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
	gboolean has_quotes = TRUE;

	for (const char *at = text, *stop = text; *stop != '\0'; at = stop + 1) {
		stop = mailbox_find_unquoted(at, ",", &has_quotes);
		/* An empty part is a comma too many, not a lost recipient. */
		if (at + strspn(at, " \t\r\n") < stop)
			g_ptr_array_add(parts, g_strndup(at, (gsize)(stop - at)));
	}
	return parts;
}

static GPtrArray *
mailbox_read_list(const char *text, AddressReader read_address, guint *dropped)
{
	GPtrArray *mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)mailbox_free);
	g_autoptr(GPtrArray) parts = mailbox_split_list(text);
	guint dropped_count = 0;

	for (guint i = 0; i < parts->len; i++) {
		Mailbox *mailbox = mailboxes->len < LIMIT_RECIPIENTS ? mailbox_read(parts->pdata[i], read_address, NULL) : NULL;
		if (mailbox)
			g_ptr_array_add(mailboxes, mailbox);
		else
			dropped_count++;
	}
	if (dropped)
		*dropped = dropped_count;
	return mailboxes;
}

GPtrArray *
mailbox_parse_list(const char *text, guint *dropped)
{
	return mailbox_read_list(text, address_configured, dropped);
}

GPtrArray *
mailbox_parse_reply_list(const char *text)
{
	return mailbox_read_list(text, mailbox_reply_address, NULL);
}
