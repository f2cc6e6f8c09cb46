/*
 * Reads the answer of a DNS server: header, question, records of the answer, and of the authority section only whether it is a referral.
 *
 * c-ares reads whole answers too, but its readers take every record of their type whoever owns it, and drop the aliases that led there; which of a
 * domain's TXT records are its own is what advice about SPF hangs on. So names are expanded by c-ares and the records are walked here. No state.
 */
#include "dns_message.h"

#include <ares.h>
#include <gio/gio.h>
#include <string.h>

#include "sekisho/base/limits.h"

#define HEADER_BYTES 12u
#define RECORD_HEAD_BYTES 10u /* type, class, time to live, length */
#define CLASS_IN 1u
#define TYPE_NS 2u
#define TYPE_CNAME 5u
#define TYPE_SOA 6u

typedef struct {
	const guint8 *bytes;
	gsize size;
	gsize at;
} Reader;

typedef struct {
	char *owner;
	guint type;
	gsize at; /* of its data */
	guint size;
} Row;

static void
row_free(Row *row)
{
	g_free(row->owner);
	g_free(row);
}

int
dns_message_type(DnsType type)
{
	static const int numbers[] = {[DNS_A] = 1, [DNS_AAAA] = 28, [DNS_MX] = 15, [DNS_TXT] = 16, [DNS_CNAME] = 5};
	return numbers[type];
}

void
dns_record_free(DnsRecord *record)
{
	g_free(record->text);
	g_free(record);
}

void
dns_message_free(DnsMessage *message)
{
	if (message == NULL)
		return;
	g_free(message->name);
	g_ptr_array_unref(message->records);
	g_free(message);
}

static guint
number_at(const Reader *reader, gsize at)
{
	return (guint)reader->bytes[at] << 8 | reader->bytes[at + 1];
}

/* The name at the reader's place, which moves behind it; NULL if it is damaged. */
static char *
read_name(Reader *reader)
{
	char *expanded = NULL;
	long length = 0;

	if (reader->at >= reader->size ||
	    ares_expand_name(reader->bytes + reader->at, reader->bytes, (int)reader->size, &expanded, &length) != ARES_SUCCESS)
		return NULL;
	char *name = g_strdup(expanded);
	ares_free_string(expanded);
	reader->at += (gsize)length;
	return name;
}

static Row *
read_row(Reader *reader)
{
	g_autofree char *owner = read_name(reader);
	if (owner == NULL || reader->size - reader->at < RECORD_HEAD_BYTES)
		return NULL;
	guint size = number_at(reader, reader->at + 8);
	gsize data = reader->at + RECORD_HEAD_BYTES;
	if (reader->size - data < size)
		return NULL;
	Row *row = g_new0(Row, 1);
	row->owner = g_steal_pointer(&owner);
	row->type = number_at(reader, reader->at + 2) == CLASS_IN ? number_at(reader, reader->at) : 0;
	row->at = data;
	row->size = size;
	reader->at = data + size;
	return row;
}

/* Row *; NULL if one is damaged or there are too many. */
static GPtrArray *
read_rows(Reader *reader, guint count)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);

	if (count > LIMIT_DNS_RECORDS)
		return NULL;
	for (guint i = 0; i < count; i++) {
		Row *row = read_row(reader);
		if (row == NULL)
			return NULL;
		g_ptr_array_add(rows, row);
	}
	return g_steal_pointer(&rows);
}

/* Strings of a TXT record, glued together (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2); NULL if one is longer than its record. */
static char *
read_text(const guint8 *data, guint size)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint at = 0;

	while (at < size) {
		guint length = data[at++];
		if (length > size - at)
			return NULL;
		for (guint i = 0; i < length; i++)
			g_string_append_c(text, data[at + i] == '\0' ? '\1' : (char)data[at + i]);
		at += length;
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *
read_address(const guint8 *data, guint size, GSocketFamily family)
{
	if (size != (family == G_SOCKET_FAMILY_IPV4 ? 4u : 16u))
		return NULL;
	g_autoptr(GInetAddress) address = g_inet_address_new_from_bytes(data, family);
	return g_inet_address_to_string(address);
}

static DnsRecord *
read_record(const Reader *reader, const Row *row, DnsType type)
{
	const guint8 *data = reader->bytes + row->at;
	/* A name must end with its record, though it may point at what stands before it. */
	Reader names = {.bytes = reader->bytes, .size = row->at + row->size, .at = row->at};
	guint preference = 0;
	char *text = NULL;

	if (type == DNS_TXT) {
		text = read_text(data, row->size);
	} else if (type == DNS_A || type == DNS_AAAA) {
		text = read_address(data, row->size, type == DNS_A ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);
	} else if (type == DNS_CNAME) {
		text = read_name(&names);
	} else if (row->size > 2) {
		preference = number_at(reader, row->at);
		names.at += 2;
		text = read_name(&names);
	}
	if (text == NULL)
		return NULL;
	DnsRecord *record = g_new0(DnsRecord, 1);
	record->text = text;
	record->preference = preference;
	return record;
}

/* Where the alias of `name` leads, or NULL if it is none. The caller's. */
static char *
alias_of(const Reader *reader, const GPtrArray *rows, const char *name)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);
		if (row->type != TYPE_CNAME || g_ascii_strcasecmp(row->owner, name) != 0)
			continue;
		Reader names = {.bytes = reader->bytes, .size = row->at + row->size, .at = row->at};
		return read_name(&names);
	}
	return NULL;
}

static gboolean
is_referral(Reader *reader, guint count, gboolean is_authoritative)
{
	g_autoptr(GPtrArray) rows = read_rows(reader, count);
	gboolean names_server = FALSE;

	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);
		if (row->type == TYPE_SOA)
			return FALSE;
		names_server = names_server || row->type == TYPE_NS;
	}
	return names_server && !is_authoritative;
}

static int
compare_records(gconstpointer a, gconstpointer b)
{
	const DnsRecord *one = *(DnsRecord *const *)a, *other = *(DnsRecord *const *)b;
	return one->preference != other->preference ? (one->preference < other->preference ? -1 : 1)
						    : strcmp(one->text, other->text);
}

/* Fills in the records that `message->name` has, after the aliases of the question were followed. FALSE if one is damaged. */
static gboolean
take_records(DnsMessage *message, const Reader *reader, const GPtrArray *rows, DnsType type)
{
	char *alias;

	while (type != DNS_CNAME && message->aliases <= LIMIT_DNS_ALIASES &&
	       (alias = alias_of(reader, rows, message->name)) != NULL) {
		g_free(message->name);
		message->name = alias;
		message->aliases++;
	}
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);
		if (row->type != (guint)dns_message_type(type) || g_ascii_strcasecmp(row->owner, message->name) != 0)
			continue;
		DnsRecord *record = read_record(reader, row, type);
		if (record == NULL)
			return FALSE;
		g_ptr_array_add(message->records, record);
	}
	g_ptr_array_sort(message->records, compare_records);
	return TRUE;
}

DnsMessage *
dns_message_read(const guint8 *bytes, gsize size, DnsType type)
{
	Reader reader = {.bytes = bytes, .size = size, .at = HEADER_BYTES};
	g_autoptr(DnsMessage) message = g_new0(DnsMessage, 1);

	message->records = g_ptr_array_new_with_free_func((GDestroyNotify)dns_record_free);
	if (size < HEADER_BYTES || size > G_MAXUINT16 || number_at(&reader, 4) != 1)
		return NULL;
	message->rcode = bytes[3] & 0x0fu;
	message->name = read_name(&reader);
	if (message->name == NULL || size - reader.at < 4)
		return NULL;
	reader.at += 4;
	g_autoptr(GPtrArray) rows = read_rows(&reader, number_at(&reader, 6));
	if (rows == NULL || !take_records(message, &reader, rows, type))
		return NULL;
	message->is_referral = rows->len == 0 && is_referral(&reader, number_at(&reader, 8), (bytes[2] & 0x04u) != 0);
	return g_steal_pointer(&message);
}
