/*
 * The writer: a tree of 24-bit records, the data section, the metadata.
 */
#include "country_maker.h"

#include <string.h>

#include "sekisho/base/text.h"

#define SEPARATOR 16u
#define EMPTY G_MAXUINT32
#define DATA_BIT 0x80000000u

typedef struct {
	guint32 records[2]; /* node, DATA_BIT and place, or EMPTY */
} Node;

/* Data of less than 29 bytes: type and size in one byte; types above 7 have a second. */
static void
put_text(GString *out, const char *text)
{
	g_string_append_c(out, (char)(2 << 5 | strlen(text)));
	g_string_append(out, text);
}

static void
put_map(GString *out, guint size)
{
	g_string_append_c(out, (char)(7 << 5 | size));
}

static void
put_number(GString *out, guint type, guint bytes, guint64 number)
{
	g_string_append_c(out, (char)(type <= 7 ? type << 5 | bytes : bytes));
	if (type > 7)
		g_string_append_c(out, (char)(type - 7));
	for (guint i = bytes; i-- > 0;)
		g_string_append_c(out, (char)(number >> 8 * i & 0xFF));
}

static guint32
put_row(GString *data, const CountryRow *row)
{
	const guint32 place = (guint32)data->len;
	put_map(data, 1);
	put_text(data, row->is_flat ? "country_code" : "country");
	if (!row->is_flat) {
		put_map(data, 1);
		put_text(data, "iso_code");
	}
	put_text(data, row->code);
	return place;
}

static guint32
add_node(GArray *nodes)
{
	const Node node = {{EMPTY, EMPTY}};
	g_array_append_val(nodes, node);
	return nodes->len - 1;
}

static void
insert(GArray *nodes, const CountryRow *row, guint32 place)
{
	guint8 bytes[16];
	guint32 at = 0;
	g_assert_true(text_read_hex(row->network, bytes, sizeof bytes));
	for (guint i = 0; i < row->bits; i++) {
		const guint side = bytes[i / 8] >> (7 - i % 8) & 1;
		guint32 next = g_array_index(nodes, Node, at).records[side];
		if (i + 1 == row->bits)
			next = DATA_BIT | place;
		else if (next == EMPTY)
			next = add_node(nodes);
		g_array_index(nodes, Node, at).records[side] = next;
		at = next;
	}
}

static void
put_tree(GString *out, const GArray *nodes)
{
	for (guint i = 0; i < nodes->len; i++) {
		for (guint side = 0; side < 2; side++) {
			guint32 record = g_array_index(nodes, Node, i).records[side];
			if (record == EMPTY)
				record = nodes->len;
			else if ((record & DATA_BIT) != 0)
				record = nodes->len + SEPARATOR + (record & ~DATA_BIT);
			for (guint shift = 24; shift > 0; shift -= 8)
				g_string_append_c(out, (char)(record >> (shift - 8) & 0xFF));
		}
	}
}

static void
put_metadata(GString *out, guint nodes)
{
	static const char marker[] = "\xAB\xCD\xEFMaxMind.com";
	g_string_append_len(out, marker, sizeof marker - 1);
	put_map(out, 9);
	put_text(out, "node_count");
	put_number(out, 6, 4, nodes);
	put_text(out, "record_size");
	put_number(out, 5, 2, 24);
	put_text(out, "ip_version");
	put_number(out, 5, 2, 6);
	put_text(out, "database_type");
	put_text(out, "Test-Country");
	put_text(out, "languages");
	put_number(out, 11, 0, 0);
	put_text(out, "binary_format_major_version");
	put_number(out, 5, 2, 2);
	put_text(out, "binary_format_minor_version");
	put_number(out, 5, 2, 0);
	put_text(out, "build_epoch");
	put_number(out, 9, 4, 1);
	put_text(out, "description");
	put_map(out, 0);
}

void
country_maker_write(const char *path, const CountryRow *rows, guint count)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) out = g_string_new(NULL), data = g_string_new(NULL);
	g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(Node));
	static const char separator[SEPARATOR] = {0};
	add_node(nodes);
	for (guint i = 0; i < count; i++)
		insert(nodes, &rows[i], put_row(data, &rows[i]));
	put_tree(out, nodes);
	g_string_append_len(out, separator, sizeof separator);
	g_string_append_len(out, data->str, (gssize)data->len);
	put_metadata(out, nodes->len);
	g_file_set_contents(path, out->str, (gssize)out->len, &error); /* by renaming, as such a file must be replaced */
	g_assert_no_error(error);
}
