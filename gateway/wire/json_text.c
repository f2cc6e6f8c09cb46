/*
 * JSON on its way out, written straight from a GVariant into text. Every submission is answered with such a text, and a tree of another library
 * between the two cost more than all of its checking; what jansson is for is reading (json.c). Values come from our own code, so a type
 * without a meaning in JSON is a programmer's error.
 */
#include <math.h>
#include <string.h>

#include "sekisho/wire/json.h"

typedef struct {
	GString *text;
	guint indent; /* spaces a level; 0: one line */
	guint level;
} Writer;

static void write_value(Writer *writer, GVariant *value);

/* Not printf: a Japanese message is a row of these. */
static void
write_unit(GString *text, guint unit)
{
	static const char digits[] = "0123456789ABCDEF";
	const char escape[] = {
	    '\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};

	g_string_append_len(text, escape, sizeof escape);
}

/* RFC 8259 section 7, and what json.h promises beyond it. */
static void
write_character(GString *text, gunichar character)
{
	static const char short_forms[] = "b\bf\fn\nr\rt\t\"\"\\\\//";

	for (const char *form = short_forms; *form != '\0'; form += 2) {
		if ((gunichar)(guchar)form[1] == character) {
			g_string_append_c(text, '\\');
			g_string_append_c(text, form[0]);
			return;
		}
	}
	if (character > 0xffff) {
		const gunichar rest = character - 0x10000;
		write_unit(text, 0xd800 + (rest >> 10));
		write_unit(text, 0xdc00 + (rest & 0x3ff));
	} else {
		write_unit(text, character);
	}
}

static gboolean
is_plain(char byte)
{
	return (guchar)byte >= 0x20 && (guchar)byte < 0x80 && byte != '"' && byte != '\\' && byte != '/';
}

void
json_append_string(GString *text, const char *string)
{
	g_string_append_c(text, '"');
	while (*string != '\0') {
		const char *end = string;
		while (is_plain(*end))
			end++;
		g_string_append_len(text, string, end - string);
		if (*end == '\0')
			break;
		write_character(text, g_utf8_get_char(end));
		string = g_utf8_next_char(end);
	}
	g_string_append_c(text, '"');
}

static void
write_double(GString *text, double number)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	/* JSON has no word for these. */
	if (!isfinite(number)) {
		g_string_append(text, "null");
		return;
	}
	g_ascii_dtostr(digits, sizeof digits, number);
	g_string_append(text, digits);
	/* So that it is read as a number of that kind again. */
	if (strpbrk(digits, ".e") == NULL)
		g_string_append(text, ".0");
}

static void
write_line_end(const Writer *writer)
{
	if (writer->indent == 0)
		return;
	g_string_append_c(writer->text, '\n');
	for (guint i = 0; i < writer->indent * writer->level; i++)
		g_string_append_c(writer->text, ' ');
}

/* NOLINTBEGIN(misc-no-recursion): GVariant's own ceiling bounds the nesting. */

/* One value of an array, or one pair of an object. */
static void
write_child(Writer *writer, GVariant *container, gsize index, gboolean is_object)
{
	g_autoptr(GVariant) child = g_variant_get_child_value(container, index);

	if (!is_object) {
		write_value(writer, child);
		return;
	}
	g_autoptr(GVariant) key = g_variant_get_child_value(child, 0);
	g_autoptr(GVariant) held = g_variant_get_child_value(child, 1);
	json_append_string(writer->text, g_variant_get_string(key, NULL));
	g_string_append(writer->text, writer->indent > 0 ? ": " : ":");
	write_value(writer, held);
}

static void
write_children(Writer *writer, GVariant *container)
{
	const gboolean is_object = g_variant_is_of_type(container, G_VARIANT_TYPE_DICTIONARY);
	const gsize count = g_variant_n_children(container);

	g_string_append_c(writer->text, is_object ? '{' : '[');
	writer->level++;
	for (gsize i = 0; i < count; i++) {
		if (i > 0)
			g_string_append_c(writer->text, ',');
		write_line_end(writer);
		write_child(writer, container, i, is_object);
	}
	writer->level--;
	if (count > 0)
		write_line_end(writer);
	g_string_append_c(writer->text, is_object ? '}' : ']');
}

static void
write_container(Writer *writer, GVariant *value)
{
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE_MAYBE) && !g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
		write_children(writer, value);
		return;
	}
	/* Both hold one value or, a maybe only, nothing. */
	g_autoptr(GVariant) held = g_variant_n_children(value) > 0 ? g_variant_get_child_value(value, 0) : NULL;
	if (held != NULL)
		write_value(writer, held);
	else
		g_string_append(writer->text, "null");
}

static void
write_unsigned(GString *text, guint64 number)
{
	/* A reader's integers are signed; above them PHP writes a float too. */
	if (number > G_MAXINT64)
		write_double(text, (double)number);
	else
		g_string_append_printf(text, "%" G_GUINT64_FORMAT, number);
}

static void
write_value(Writer *writer, GVariant *value)
{
	GString *text = writer->text;

	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_BOOLEAN:
		g_string_append(text, g_variant_get_boolean(value) ? "true" : "false");
		return;
	case G_VARIANT_CLASS_BYTE:
		write_unsigned(text, g_variant_get_byte(value));
		return;
	case G_VARIANT_CLASS_INT16:
		g_string_append_printf(text, "%d", g_variant_get_int16(value));
		return;
	case G_VARIANT_CLASS_UINT16:
		write_unsigned(text, g_variant_get_uint16(value));
		return;
	case G_VARIANT_CLASS_INT32:
		g_string_append_printf(text, "%d", g_variant_get_int32(value));
		return;
	case G_VARIANT_CLASS_UINT32:
		write_unsigned(text, g_variant_get_uint32(value));
		return;
	case G_VARIANT_CLASS_INT64:
		g_string_append_printf(text, "%" G_GINT64_FORMAT, g_variant_get_int64(value));
		return;
	case G_VARIANT_CLASS_UINT64:
		write_unsigned(text, g_variant_get_uint64(value));
		return;
	case G_VARIANT_CLASS_DOUBLE:
		write_double(text, g_variant_get_double(value));
		return;
	case G_VARIANT_CLASS_STRING:
		json_append_string(text, g_variant_get_string(value, NULL));
		return;
	case G_VARIANT_CLASS_VARIANT:
	case G_VARIANT_CLASS_MAYBE:
	case G_VARIANT_CLASS_ARRAY:
	case G_VARIANT_CLASS_TUPLE:
		write_container(writer, value);
		return;
	default:
		g_error("json: a GVariant of type %s has no JSON", g_variant_get_type_string(value));
	}
}

/* NOLINTEND(misc-no-recursion) */

char *
json_from_variant(GVariant *value, guint indent)
{
	g_autoptr(GVariant) held = g_variant_ref_sink(value);
	Writer writer = {.text = g_string_sized_new(512), .indent = indent};

	write_value(&writer, held);
	return g_string_free(writer.text, FALSE);
}
