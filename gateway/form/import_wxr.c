/*
 * Reads an export with libxml2's SAX interface: nothing is kept but the texts asked for, whatever the size of the site. The state
 * knows which element is open at each depth (Place), collects the text of a wanted one, and acts when an author, a meta or an
 * item ends. WordPress writes an item's type before its metas; metas of other types are not kept.
 *
 * An export has no DOCTYPE. One ends the reading before libxml2 looks at what it declares, so there are no entities but XML's own
 * five, none is expanded twice, and nothing outside the text is opened.
 */
#include "import_wxr.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

#include "import_form.h"
#include "import_metas.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

typedef enum { PLACE_OUTSIDE, PLACE_RSS, PLACE_CHANNEL, PLACE_AUTHOR, PLACE_ITEM, PLACE_META, PLACE_OTHER } Place;

typedef enum { VOCABULARY_NONE, VOCABULARY_WP, VOCABULARY_DC, VOCABULARY_OTHER } Vocabulary;

/* Texts that are collected. */
typedef enum {
	TEXT_SITE_TITLE,
	TEXT_SITE_LINK,
	TEXT_SITE_DESCRIPTION,
	TEXT_SITE_LANGUAGE,
	TEXT_SITE_URL,
	TEXT_LOGIN,
	TEXT_ADDRESS,
	TEXT_DISPLAY_NAME,
	TEXT_TITLE,
	TEXT_LINK,
	TEXT_CREATOR,
	TEXT_ID,
	TEXT_NAME,
	TEXT_TYPE,
	TEXT_STATUS,
	TEXT_PASSWORD,
	TEXT_META_KEY,
	TEXT_META_VALUE,
	TEXTS,
	TEXT_NOT_WANTED = TEXTS
} Text;

/* Elements with a meaning: inside which, of which vocabulary and name; what is inside them, or which text they are. */
static const struct {
	Place parent;
	Vocabulary vocabulary;
	const char *name;
	Place place;
	Text text;
} elements[] = {
    {PLACE_OUTSIDE, VOCABULARY_NONE, "rss", PLACE_RSS, TEXT_NOT_WANTED},
    {PLACE_RSS, VOCABULARY_NONE, "channel", PLACE_CHANNEL, TEXT_NOT_WANTED},
    {PLACE_CHANNEL, VOCABULARY_NONE, "title", PLACE_OTHER, TEXT_SITE_TITLE},
    {PLACE_CHANNEL, VOCABULARY_NONE, "link", PLACE_OTHER, TEXT_SITE_LINK},
    {PLACE_CHANNEL, VOCABULARY_NONE, "description", PLACE_OTHER, TEXT_SITE_DESCRIPTION},
    {PLACE_CHANNEL, VOCABULARY_NONE, "language", PLACE_OTHER, TEXT_SITE_LANGUAGE},
    {PLACE_CHANNEL, VOCABULARY_WP, "base_blog_url", PLACE_OTHER, TEXT_SITE_URL},
    {PLACE_CHANNEL, VOCABULARY_WP, "author", PLACE_AUTHOR, TEXT_NOT_WANTED},
    {PLACE_AUTHOR, VOCABULARY_WP, "author_login", PLACE_OTHER, TEXT_LOGIN},
    {PLACE_AUTHOR, VOCABULARY_WP, "author_email", PLACE_OTHER, TEXT_ADDRESS},
    {PLACE_AUTHOR, VOCABULARY_WP, "author_display_name", PLACE_OTHER, TEXT_DISPLAY_NAME},
    {PLACE_CHANNEL, VOCABULARY_NONE, "item", PLACE_ITEM, TEXT_NOT_WANTED},
    {PLACE_ITEM, VOCABULARY_NONE, "title", PLACE_OTHER, TEXT_TITLE},
    {PLACE_ITEM, VOCABULARY_NONE, "link", PLACE_OTHER, TEXT_LINK},
    {PLACE_ITEM, VOCABULARY_DC, "creator", PLACE_OTHER, TEXT_CREATOR},
    {PLACE_ITEM, VOCABULARY_WP, "post_id", PLACE_OTHER, TEXT_ID},
    {PLACE_ITEM, VOCABULARY_WP, "post_name", PLACE_OTHER, TEXT_NAME},
    {PLACE_ITEM, VOCABULARY_WP, "post_type", PLACE_OTHER, TEXT_TYPE},
    {PLACE_ITEM, VOCABULARY_WP, "status", PLACE_OTHER, TEXT_STATUS},
    {PLACE_ITEM, VOCABULARY_WP, "post_password", PLACE_OTHER, TEXT_PASSWORD},
    {PLACE_ITEM, VOCABULARY_WP, "postmeta", PLACE_META, TEXT_NOT_WANTED},
    {PLACE_META, VOCABULARY_WP, "meta_key", PLACE_OTHER, TEXT_META_KEY},
    {PLACE_META, VOCABULARY_WP, "meta_value", PLACE_OTHER, TEXT_META_VALUE},
};

typedef struct {
	char *name;
	char *address;
} Author;

typedef struct {
	Import *import;
	xmlParserCtxt *parser;
	GError *error;       /* the first one; the reading ends with it */
	GHashTable *authors; /* login -> Author */
	GHashTable *metas;   /* of the open item: key -> char * */
	GPtrArray *foreign;  /* of the open item: keys of other plugins */
	char *too_long;      /* of the open item: the key of a meta that is longer than it may be; NULL */
	GString *texts[TEXTS];
	Text wanted; /* which one is being collected */
	guint wanted_depth;
	guint depth;                          /* open elements */
	Place places[LIMIT_IMPORT_DEPTH + 1]; /* [0] is outside of the first */
	gboolean is_export;                   /* an element of WordPress's vocabulary was seen */
} Reader;

static void fail(Reader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
fail(Reader *reader, const char *format, ...)
{
	if (reader->error == NULL) {
		va_list arguments;
		va_start(arguments, format);
		g_autofree char *sentence = g_strdup_vprintf(format, arguments);
		va_end(arguments);
		g_set_error(
		    &reader->error, FORM_ERROR, FORM_ERROR_IMPORT, "line %d: %s", xmlSAX2GetLineNumber(reader->parser), sentence);
	}
	xmlStopParser(reader->parser);
}

static const char *
text_at(const Reader *reader, Text text)
{
	return reader->texts[text]->str;
}

/* `text` on one line, cut to what a table of posts takes. The caller's. */
static char *
line_of(const char *text)
{
	g_autofree char *line = text_without_line_breaks(text);
	g_autofree char *stripped = text_strip(line);

	return text_truncate(stripped, LIMIT_URL_BYTES);
}

static void
author_free(gpointer data)
{
	Author *author = data;

	g_free(author->name);
	g_free(author->address);
	g_free(author);
}

/* --- What ends ---------------------------------------------------------------------------------------------------------- */

static void
end_author(Reader *reader)
{
	const char *login = text_at(reader, TEXT_LOGIN);
	const char *name = text_at(reader, TEXT_DISPLAY_NAME);
	Author *author;

	if (g_hash_table_size(reader->authors) >= LIMIT_IMPORT_POSTS) {
		fail(reader, "there are more than %u authors", LIMIT_IMPORT_POSTS);
		return;
	}
	author = g_new0(Author, 1);
	/* Here and not for every post: an author may have as many posts as the file has bytes for. */
	author->name = line_of(*name != '\0' ? name : login);
	author->address = line_of(text_at(reader, TEXT_ADDRESS));
	g_hash_table_replace(reader->authors, g_strdup(login), author);
}

static gboolean
is_form(const Reader *reader)
{
	return strcmp(text_at(reader, TEXT_TYPE), "wpcf7_contact_form") == 0;
}

static void
end_meta(Reader *reader)
{
	const char *key = text_at(reader, TEXT_META_KEY);
	const GString *value = reader->texts[TEXT_META_VALUE];

	if (!is_form(reader))
		return;
	if (!import_metas_is_known(key)) {
		if (!import_metas_is_ignored(key) && reader->foreign->len < LIMIT_IMPORT_REMARKS)
			g_ptr_array_add(reader->foreign, import_form_shown(key));
		return;
	}
	/* WordPress reads the first of several metas of one key. */
	if (g_hash_table_contains(reader->metas, key))
		return;
	if (value->len <= LIMIT_IMPORT_TEXT_BYTES)
		g_hash_table_insert(reader->metas, g_strdup(key), g_strndup(value->str, value->len));
	else if (reader->too_long == NULL)
		reader->too_long = g_strdup(key);
}

/* What WordPress says of the form's state: "publish" is the only one that Contact Form 7 itself gives. */
static void
take_status(const Reader *reader, ImportedForm *form)
{
	const char *status = text_at(reader, TEXT_STATUS);

	form->is_trashed = strcmp(status, "trash") == 0;
	if (*status == '\0' || form->is_trashed || strcmp(status, "publish") == 0)
		return;
	g_autofree char *shown = import_form_shown(status);
	import_form_remark(form, "status: is \"%s\" in WordPress and not \"publish\"; here every form takes messages", shown);
}

static void
end_form(Reader *reader, guint64 id)
{
	gboolean is_named =
	    reader->texts[TEXT_TITLE]->len <= LIMIT_TEMPLATE_BYTES && reader->texts[TEXT_NAME]->len <= LIMIT_TEMPLATE_BYTES;
	g_autofree char *title =
	    is_named ? g_strdup(text_at(reader, TEXT_TITLE)) : import_form_shown(text_at(reader, TEXT_TITLE));
	ImportedForm *form = import_form_new(id, is_named ? text_at(reader, TEXT_NAME) : "", title);

	g_ptr_array_add(reader->import->forms, form);
	if (!is_named)
		import_form_refuse(form, "its name is longer than any that WordPress takes");
	if (reader->too_long != NULL) {
		g_autofree char *reason =
		    g_strdup_printf("the meta %s is longer than %lu KiB", reader->too_long, LIMIT_IMPORT_TEXT_BYTES / 1024u);
		import_form_refuse(form, reason);
	}
	take_status(reader, form);
	import_metas_take(form, reader->metas);
	for (guint i = 0; i < reader->foreign->len; i++)
		import_form_remark(
		    form, "meta \"%s\": is not Contact Form 7's own and is left out", (const char *)reader->foreign->pdata[i]);
}

/* Types of posts that are nobody's to read on the site: what visitors and customers sent, and what WordPress and plugins keep for
 * themselves. A "*" at the end stands for anything. */
static const char *const private_types[] = {"attachment", "custom_css", "customize_changeset", "flamingo_*", "nav_menu_item",
    "oembed_cache", "revision", "scheduled-action", "shop_coupon*", "shop_order*", "shop_subscription*", "user_request", "wc_*",
    "wp_*", "wpcf7_*"};

static gboolean
is_private_type(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(private_types); i++) {
		if (g_pattern_match_simple(private_types[i], type))
			return TRUE;
	}
	return FALSE;
}

/* Whether everybody can read the post on the site: a visitor chooses which one [_post_...] speaks of (contract 12.7), so nothing else may be
 * in the table. An export does not say which types of other plugins are public; but a published post without a page of its own is
 * one whose address in it names its type, ?post_type=TYPE&p=ID. */
static gboolean
is_public(const Reader *reader)
{
	const char *type = text_at(reader, TEXT_TYPE);

	return strcmp(text_at(reader, TEXT_STATUS), "publish") == 0 && reader->texts[TEXT_PASSWORD]->len == 0 && *type != '\0' &&
	       !is_private_type(type) && strstr(text_at(reader, TEXT_LINK), "?post_type=") == NULL;
}

static void
end_post(Reader *reader, guint64 id)
{
	const char *creator = text_at(reader, TEXT_CREATOR);
	const Author *author = g_hash_table_lookup(reader->authors, creator);
	SitePost *post;

	if (!is_public(reader))
		return;
	if (reader->import->posts->len >= LIMIT_IMPORT_POSTS) {
		fail(reader, "there are more than %u posts; export the contact forms alone", LIMIT_IMPORT_POSTS);
		return;
	}
	post = g_new0(SitePost, 1);
	post->id = id;
	post->is_page = strcmp(text_at(reader, TEXT_TYPE), "page") == 0;
	post->name = line_of(text_at(reader, TEXT_NAME));
	post->title = line_of(text_at(reader, TEXT_TITLE));
	post->url = line_of(text_at(reader, TEXT_LINK));
	post->author = author != NULL ? g_strdup(author->name) : line_of(creator);
	post->author_address = g_strdup(author != NULL ? author->address : "");
	g_ptr_array_add(reader->import->posts, post);
}

static void
end_item(Reader *reader)
{
	g_autofree char *digits = text_strip(text_at(reader, TEXT_ID));
	guint64 id;

	if (!g_ascii_string_to_unsigned(digits, 10, 1, G_MAXINT64, &id, NULL)) {
		if (is_form(reader))
			fail(reader, "a contact form has no post_id");
		return;
	}
	if (!is_form(reader))
		end_post(reader, id);
	else if (reader->import->forms->len >= LIMIT_FORMS_PER_SITE)
		fail(reader, "there are more than %u contact forms", LIMIT_FORMS_PER_SITE);
	else
		end_form(reader, id);
}

/* --- What libxml2 calls ------------------------------------------------------------------------------------------------- */

static Vocabulary
vocabulary_of(const xmlChar *namespace)
{
	static const char wp[] = "http://wordpress.org/export/";
	const char *uri = (const char *)namespace;

	if (uri == NULL)
		return VOCABULARY_NONE;
	if (strcmp(uri, "http://purl.org/dc/elements/1.1/") == 0)
		return VOCABULARY_DC;
	if (!g_str_has_prefix(uri, wp))
		return VOCABULARY_OTHER;
	/* Of any version; `excerpt` has a word more behind it. */
	uri += strlen(wp);
	return strcmp(uri + strspn(uri, G_CSET_DIGITS "."), "/") == 0 ? VOCABULARY_WP : VOCABULARY_OTHER;
}

/* Forgets texts of an earlier item, author or meta. */
static void
begin_place(Reader *reader, Place place)
{
	Text first = place == PLACE_AUTHOR ? TEXT_LOGIN : place == PLACE_ITEM ? TEXT_TITLE : TEXT_META_KEY;
	Text end = place == PLACE_AUTHOR ? TEXT_TITLE : TEXTS;

	for (Text text = first; text < end; text++)
		g_string_truncate(reader->texts[text], 0);
	if (place == PLACE_ITEM) {
		g_hash_table_remove_all(reader->metas);
		g_ptr_array_set_size(reader->foreign, 0);
		g_clear_pointer(&reader->too_long, g_free);
	}
}

static void
on_start(void *data, const xmlChar *name, const xmlChar *prefix G_GNUC_UNUSED, const xmlChar *uri, int namespaces G_GNUC_UNUSED,
    const xmlChar **declared G_GNUC_UNUSED, int attributes G_GNUC_UNUSED, int defaulted G_GNUC_UNUSED,
    const xmlChar **attribute G_GNUC_UNUSED)
{
	Reader *reader = data;
	Vocabulary vocabulary = vocabulary_of(uri);
	Place parent = reader->places[reader->depth];
	Place place = PLACE_OTHER;

	if (reader->depth == LIMIT_IMPORT_DEPTH) {
		fail(reader, "elements are nested deeper than %u levels", LIMIT_IMPORT_DEPTH);
		return;
	}
	reader->depth++;
	reader->is_export |= vocabulary == VOCABULARY_WP;
	for (gsize i = 0; i < G_N_ELEMENTS(elements); i++) {
		if (elements[i].parent != parent || elements[i].vocabulary != vocabulary ||
		    strcmp(elements[i].name, (const char *)name) != 0)
			continue;
		place = elements[i].place;
		if (elements[i].text != TEXT_NOT_WANTED) {
			reader->wanted = elements[i].text;
			reader->wanted_depth = reader->depth;
			g_string_truncate(reader->texts[reader->wanted], 0);
		}
	}
	reader->places[reader->depth] = place;
	if (place == PLACE_AUTHOR || place == PLACE_ITEM || place == PLACE_META)
		begin_place(reader, place);
	if (parent == PLACE_OUTSIDE && place != PLACE_RSS)
		fail(reader, "this is no export of WordPress, which begins with <rss>; make one with Tools, Export");
}

static void
on_end(void *data, const xmlChar *name G_GNUC_UNUSED, const xmlChar *prefix G_GNUC_UNUSED, const xmlChar *uri G_GNUC_UNUSED)
{
	Reader *reader = data;
	Place place = reader->places[reader->depth];

	if (reader->wanted != TEXT_NOT_WANTED && reader->wanted_depth == reader->depth)
		reader->wanted = TEXT_NOT_WANTED;
	if (place == PLACE_AUTHOR)
		end_author(reader);
	else if (place == PLACE_META)
		end_meta(reader);
	else if (place == PLACE_ITEM)
		end_item(reader);
	reader->depth--;
}

/* Text and CDATA sections alike; one text may come in many pieces. */
static void
on_text(void *data, const xmlChar *text, int size)
{
	Reader *reader = data;

	/* One byte more than allowed shows that it was too long. */
	if (reader->wanted != TEXT_NOT_WANTED && reader->wanted_depth == reader->depth &&
	    reader->texts[reader->wanted]->len <= LIMIT_IMPORT_TEXT_BYTES)
		g_string_append_len(reader->texts[reader->wanted], (const char *)text, size);
}

static void
on_doctype(
    void *data, const xmlChar *name G_GNUC_UNUSED, const xmlChar *external G_GNUC_UNUSED, const xmlChar *system G_GNUC_UNUSED)
{
	fail(data, "there is a DOCTYPE, which no export of WordPress has: this is a web page, or made to do harm");
}

static void
on_error(void *data, xmlError *wrong)
{
	Reader *reader = data;

	if (reader->error != NULL || wrong->level < XML_ERR_ERROR)
		return;
	g_autofree char *message = g_strchomp(g_strdup(wrong->message != NULL ? wrong->message : "it is no XML"));
	g_autofree char *shown = text_for_terminal(message, FALSE);
	fail(reader, "the XML is damaged or ends early (%s); export again, or export the contact forms alone", shown);
}

/* --- The whole ---------------------------------------------------------------------------------------------------------- */

static void
reader_begin(Reader *reader, Import *import)
{
	reader->import = import;
	reader->authors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, author_free);
	reader->metas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	reader->foreign = g_ptr_array_new_with_free_func(g_free);
	reader->wanted = TEXT_NOT_WANTED;
	for (guint i = 0; i < TEXTS; i++)
		reader->texts[i] = g_string_new(NULL);
}

static void
reader_end(Reader *reader)
{
	g_hash_table_unref(reader->authors);
	g_hash_table_unref(reader->metas);
	g_ptr_array_unref(reader->foreign);
	g_free(reader->too_long);
	for (guint i = 0; i < TEXTS; i++)
		g_string_free(reader->texts[i], TRUE);
}

typedef struct {
	const char *cursor;
	gsize left;
} Source;

/* libxml2 takes what it needs, so that it never holds a copy of all. */
static int
on_read(void *data, char *buffer, int size)
{
	Source *source = data;
	gsize taken = MIN(source->left, (gsize)size);

	memcpy(buffer, source->cursor, taken);
	source->cursor += taken;
	source->left -= taken;
	return (int)taken;
}

static const xmlSAXHandler handler = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .cdataBlock = on_text,
    .internalSubset = on_doctype,
    .serror = on_error,
};

gboolean
import_wxr_read(Import *import, const char *xml, gsize size, GError **error)
{
	Source source = {.cursor = xml, .left = size};
	Reader reader = {0};

	reader_begin(&reader, import);
	reader.parser = xmlNewParserCtxt();
	g_assert(reader.parser != NULL);
	*reader.parser->sax = handler;
	reader.parser->userData = &reader;
	/* It is UTF-8, whatever its XML declaration says. */
	xmlCtxtReadIO(reader.parser, on_read, NULL, &source, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	if (reader.error == NULL && !reader.is_export)
		fail(&reader, "this is an RSS feed and no export of WordPress; make one with Tools, Export");
	else if (reader.error == NULL && !reader.parser->wellFormed)
		fail(&reader, "the XML is damaged");
	import->site_title = line_of(text_at(&reader, TEXT_SITE_TITLE));
	import->site_description = line_of(text_at(&reader, TEXT_SITE_DESCRIPTION));
	import->language = line_of(text_at(&reader, TEXT_SITE_LANGUAGE));
	import->site_url = line_of(text_at(&reader, reader.texts[TEXT_SITE_URL]->len > 0 ? TEXT_SITE_URL : TEXT_SITE_LINK));
	xmlFreeParserCtxt(reader.parser);
	reader_end(&reader);
	if (reader.error != NULL)
		g_propagate_error(error, reader.error);
	return reader.error == NULL;
}
