/*
 * Reads a bounce. GMime takes the message apart; which of its parts is the report, which is written for people and which is the mail that is given back is decided here. Where a
 * message is not what it says (no boundary, no part that can be read), its bytes behind the header are read as one text.
 *
 *   header -> another kind of report, or from neither a mail system nor a report: none
 *   parts  -> fields of RFC 3464 -> trouble, or arrived: none
 *          -> text for people    -> what the fields did not say; without fields, all
 *
 * Automatic replies are no bounces, but "Auto-Submitted: auto-replied" does not tell: Exim and Postfix write it in bounces, too. A person's program writes from the
 * person's address and sends no report.
 *
 * GMime recodes what a stranger names the charset of in parameters of a header; so this is called in a process that has no rights and can open nothing (cli/bounce_reader.c). Bodies are recoded here, from a few
 * charsets. No state.
 */
#include "sekisho/relay/bounce.h"

#include <gmime/gmime.h>
#include <string.h>

#include "bounce_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/html.h"

/* Parts that are looked at: a report has three, and some wrap them. */
#define PARTS_MOST 50u
/* Of one part: reports have some 2 KiB. */
#define PART_BYTES (64ul * 1024ul)
#define ENVELOPE_MOST 20u

/* What was found in a message. */
typedef struct {
	GString *report;   /* message/delivery-status */
	GString *plain;    /* text for people, */
	GString *html;     /* and the same with tags */
	gboolean is_other; /* a report of another kind */
} Harvest;

static void
harvest_clear(Harvest *harvest)
{
	g_string_free(harvest->report, TRUE);
	g_string_free(harvest->plain, TRUE);
	g_string_free(harvest->html, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Harvest, harvest_clear)

void
bounce_free(Bounce *bounce)
{
	if (bounce == NULL)
		return;
	g_free(bounce->recipient);
	g_free(bounce->words);
	g_ptr_array_unref(bounce->envelope);
	g_free(bounce);
}

/* --- Texts ------------------------------------------------------------------------------------------------------------------ */

/* Only what mail systems use: a converter that nobody has used for years is a stranger's way into the process. */
static const char *const usual_charsets[] = {
    "utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "iso-8859-1", "iso-8859-15", "windows-1252", "windows-31j", "cp932"};

static gboolean
is_usual_charset(const char *charset)
{
	for (gsize i = 0; charset != NULL && i < G_N_ELEMENTS(usual_charsets); i++)
		if (g_ascii_strcasecmp(charset, usual_charsets[i]) == 0)
			return TRUE;
	return FALSE;
}

/* Bytes of a part become text; what its charset is not, it may say what it likes, becomes U+FFFD. */
static char *
to_text(const char *bytes, gsize size, const char *charset)
{
	g_autofree char *clean = g_strnfill(size, ' ');

	for (gsize i = 0; i < size; i++)
		if (bytes[i] != '\0')
			clean[i] = bytes[i];
	if (!is_usual_charset(charset))
		charset = strstr(clean, "\033$") != NULL ? "iso-2022-jp" : "utf-8";
	g_autofree char *recoded = g_convert_with_fallback(clean, (gssize)size, "UTF-8", charset, "?", NULL, NULL, NULL);
	g_autofree char *valid = g_utf8_make_valid(recoded != NULL ? recoded : clean, -1);
	return text_with_lf(valid);
}

/* --- Parts ------------------------------------------------------------------------------------------------------------------- */

/* At most PART_BYTES of what the part holds, decoded. */
static char *
part_text(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);

	if (content == NULL)
		return g_strdup("");
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	GMimeStream *memory = g_mime_stream_mem_new_with_byte_array(bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
	(void)g_mime_data_wrapper_write_to_stream(content, memory);
	char *text = to_text((const char *)bytes->data, MIN(bytes->len, PART_BYTES),
	    g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset"));
	g_object_unref(memory);
	return text;
}

static void
take_part(Harvest *harvest, GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	GString *place = NULL;

	if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
	    g_mime_content_type_is_type(type, "message", "global-delivery-status"))
		place = harvest->report;
	else if (g_mime_content_type_is_type(type, "text", "html"))
		place = harvest->html;
	else if (g_mime_content_type_is_type(type, "text", "plain"))
		place = harvest->plain;
	if (place == NULL || place->len > PART_BYTES)
		return;
	g_autofree char *text = part_text(part);
	g_string_append(place, text);
	g_string_append(place, "\n\n");
}

/* Appends what the object holds to `parts` (GMimeObject *, borrowed). A message within it is the one that is given back, and is not opened. */
static void
open_object(Harvest *harvest, GMimeObject *object, GPtrArray *parts)
{
	if (!GMIME_IS_MULTIPART(object))
		return;
	const char *report = g_mime_object_get_content_type_parameter(object, "report-type");
	harvest->is_other |= report != NULL && g_ascii_strcasecmp(report, "delivery-status") != 0;
	for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)) && parts->len < PARTS_MOST; i++)
		g_ptr_array_add(parts, g_mime_multipart_get_part(GMIME_MULTIPART(object), i));
}

static void
take_body(Harvest *harvest, GMimeObject *body)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new();

	g_ptr_array_add(parts, body);
	for (guint i = 0; i < parts->len; i++) {
		if (GMIME_IS_PART(parts->pdata[i]))
			take_part(harvest, GMIME_PART(parts->pdata[i]));
		else
			open_object(harvest, parts->pdata[i], parts);
	}
}

/* What stands behind the header, unread. */
static char *
raw_body(GBytes *message)
{
	gsize size = 0;
	const char *bytes = g_bytes_get_data(message, &size);
	g_autofree char *text = to_text(bytes, MIN(size, 2 * PART_BYTES), NULL);
	const char *body = strstr(text, "\n\n");

	return g_strdup(body == NULL ? text : body + 2);
}

/* --- The header -------------------------------------------------------------------------------------------------------------- */

/* As it stands there, all of that name joined: nothing that could recode it is asked. Valid UTF-8; the caller's. */
static char *
header_of(GMimeMessage *message, const char *name)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(message));
	g_autoptr(GString) joined = g_string_new(NULL);

	for (int i = 0; i < g_mime_header_list_get_count(list) && joined->len < PART_BYTES; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
		const char *value = g_mime_header_get_raw_value(header);
		if (value == NULL || g_ascii_strcasecmp(g_mime_header_get_name(header), name) != 0)
			continue;
		g_string_append_len(joined, value, (gssize)strnlen(value, PART_BYTES));
		g_string_append_c(joined, ' ');
	}
	return g_utf8_make_valid(joined->str, (gssize)joined->len);
}

static char *
folded_header(GMimeMessage *message, const char *name)
{
	g_autofree char *value = header_of(message, name);

	return text_fold(value);
}

static void
read_envelope(GMimeMessage *message, Bounce *bounce)
{
	static const char *const names[] = {"Delivered-To", "X-Original-To", "Envelope-To", "To"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = header_of(message, names[i]);
		bounce_text_addresses(value, ENVELOPE_MOST, bounce->envelope);
	}
}

/* --- The whole ---------------------------------------------------------------------------------------------------------------- */

static GMimeMessage *
parse(GBytes *message)
{
	gsize size = 0;
	const char *bytes = g_bytes_get_data(message, &size);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(size == 0 ? "" : bytes, MIN(size, LIMIT_BOUNCE_READ_BYTES));
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *parsed = g_mime_parser_construct_message(parser, NULL);

	g_object_unref(parser);
	g_object_unref(stream);
	return parsed;
}

/* Reads the text for people, of a message without fields, or beside them. */
static void
read_text(GMimeMessage *message, const char *own, Bounce *bounce)
{
	g_autofree char *sender = folded_header(message, "From");
	g_autofree char *subject = folded_header(message, "Subject");
	g_autofree char *failed = header_of(message, "X-Failed-Recipients");
	g_autofree char *folded = text_fold(own);
	g_autofree char *all = g_strconcat(subject, "\n", folded, NULL);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	gboolean is_reported = bounce->action != BOUNCE_NONE;

	bounce_text_addresses(failed, 1, addresses);
	if (!is_reported && addresses->len == 0 && !bounce_phrases_is_system(sender))
		return;
	if (bounce->recipient == NULL && addresses->len > 0)
		bounce->recipient = g_strdup(addresses->pdata[0]);
	gboolean is_telling = bounce_text_read(own, bounce);
	if (!is_reported) {
		bounce->action = bounce_phrases_action(all);
		if (bounce->action == BOUNCE_NONE && (is_telling || addresses->len > 0))
			bounce->action = BOUNCE_FAILED;
	}
	if (bounce->action == BOUNCE_NONE)
		return;
	/* A report may tell of several recipients, so the words of ours go first; of a text the table's order decides. */
	g_autofree char *words = text_fold(bounce->words);
	bounce->cause = bounce_phrases_cause(bounce, is_reported ? words : folded, folded);
}

static void
read_message(GBytes *bytes, GMimeMessage *message, Bounce *bounce)
{
	g_auto(Harvest) harvest = {.report = g_string_new(NULL), .plain = g_string_new(NULL), .html = g_string_new(NULL)};
	GMimeObject *body = g_mime_message_get_mime_part(message);

	read_envelope(message, bounce);
	if (body != NULL)
		take_body(&harvest, body);
	if (harvest.is_other)
		return;
	g_autofree char *stripped = harvest.plain->len > 0 ? g_strdup(harvest.plain->str) : html_strip_tags(harvest.html->str);
	gboolean is_empty = harvest.report->len == 0 && *stripped == '\0';
	g_autofree char *text = is_empty ? raw_body(bytes) : g_steal_pointer(&stripped);
	g_autofree char *own = bounce_text_own(text);
	ReportKind kind = bounce_report_read(harvest.report->len > 0 ? harvest.report->str : own, bounce);
	if (kind != REPORT_ARRIVED)
		read_text(message, own, bounce);
}

/* They stay open, so that their files do. */
void
bounce_init(void)
{
	g_mime_init();
	for (gsize i = 0; i < G_N_ELEMENTS(usual_charsets); i++)
		(void)g_iconv_open("UTF-8", usual_charsets[i]);
}

Bounce *
bounce_read(GBytes *message)
{
	Bounce *bounce = g_new0(Bounce, 1);

	bounce->words = g_strdup("");
	bounce->envelope = g_ptr_array_new_with_free_func(g_free);
	g_mime_init();
	GMimeMessage *parsed = parse(message);
	if (parsed == NULL)
		return bounce;
	read_message(message, parsed, bounce);
	g_object_unref(parsed);
	return bounce;
}
