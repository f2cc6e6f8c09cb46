/*
 * Reads what a mail system wrote for people: paragraphs, in one of which is a server's reply ("550 5.1.1 ..."), a status code, or a phrase that we know. Lines of a paragraph are joined first,
 * since systems break them where they like. Addresses are found by their "@". No state.
 */
#include <string.h>

#include "bounce_parts.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/carriers.h"
#include "sekisho/wire/address.h"

/* A bounce tells of a few recipients; what is longer is a list of something else. */
#define ADDRESSES_MOST 20u
/* Of one paragraph: several times what a server may say. */
#define PARAGRAPH_BYTES 4096u

char *
bounce_text_words(const char *text)
{
	g_autofree char *line = text_one_line(text);
	g_autofree char *stripped = text_strip(line);

	return text_truncate(stripped, LIMIT_SERVER_TEXT_BYTES);
}

/* --- Addresses -------------------------------------------------------------------------------------------------------------- */

/* What can stand in no address that we mail. */
#define AROUND " \t\r\n<>()[],;:\"'`"

void
bounce_text_addresses(const char *text, guint limit, GPtrArray *addresses)
{
	for (const char *at = text; *at != '\0' && addresses->len < limit;) {
		gsize size = strcspn(at, AROUND);
		if (size > 2 && size <= LIMIT_ADDRESS_BYTES && memchr(at, '@', size) != NULL) {
			g_autofree char *token = g_strndup(at, size);
			/* The end of a sentence. */
			if (g_str_has_suffix(token, "."))
				token[size - 1] = '\0';
			if (address_is_deliverable(token))
				g_ptr_array_add(addresses, g_steal_pointer(&token));
		}
		at += size;
		at += strspn(at, AROUND);
	}
}

/* The report's own addresses, and those of mail systems, whom people are told to write to. */
static gboolean
is_someone_else(const Bounce *bounce, const char *address)
{
	g_autofree char *folded = text_fold(address);

	if (bounce_phrases_is_system(folded))
		return FALSE;
	for (guint i = 0; i < bounce->envelope->len; i++)
		if (g_ascii_strcasecmp(bounce->envelope->pdata[i], address) == 0)
			return FALSE;
	return TRUE;
}

static void
find_recipient(const char *text, Bounce *bounce)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);

	if (bounce->recipient != NULL)
		return;
	bounce_text_addresses(text, ADDRESSES_MOST, addresses);
	for (guint i = 0; i < addresses->len && bounce->recipient == NULL; i++)
		if (is_someone_else(bounce, addresses->pdata[i]))
			bounce->recipient = g_strdup(addresses->pdata[i]);
}

/* --- Replies ---------------------------------------------------------------------------------------------------------------- */

/* Three digits that may be a reply of 400 to 559 (RFC 5321 4.2.1), and stand alone. */
static gboolean
is_code(const char *line, const char *at)
{
	gboolean is_digits = (at[0] == '4' || at[0] == '5') && at[1] >= '0' && at[1] <= '5' && g_ascii_isdigit(at[2]);

	return is_digits && (at[3] == ' ' || at[3] == '-') && (at == line || strchr(" :<>#'\"(", at[-1]) != NULL);
}

/* Numbers are many; a reply has a status behind it, or stands where a reply does. */
static gboolean
is_reply(const char *line, const char *at)
{
	ReplyStatus status;
	const char *before = at;

	if (reply_status_read(at + 4, &status))
		return TRUE;
	while (before > line && (before[-1] == ' ' || before[-1] == '\'' || before[-1] == '"'))
		before--;
	return before == line || strchr(":<>#(", before[-1]) != NULL;
}

const char *
bounce_text_reply(const char *line)
{
	for (const char *at = line; *at != '\0'; at++)
		if (is_code(line, at) && is_reply(line, at))
			return at;
	return NULL;
}

/* A status code that stands alone, as "(#5.1.1)" of qmail. */
static gboolean
find_status(const char *line, ReplyStatus *status)
{
	for (const char *at = line; *at != '\0'; at++) {
		gboolean is_beginning = at == line || strchr(" #(", at[-1]) != NULL;
		if (is_beginning && (*at == '4' || *at == '5') && reply_status_read(at, status))
			return TRUE;
	}
	return FALSE;
}

/* --- Paragraphs -------------------------------------------------------------------------------------------------------------- */

/* Of the text, each as one line (char *). */
static GPtrArray *
split_paragraphs(const char *text)
{
	GPtrArray *paragraphs = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) joined = g_string_new(NULL);

	for (const char *at = text;;) {
		gsize size = strcspn(at, "\n");
		g_autofree char *line = g_strndup(at, size);
		g_strstrip(line);
		if (*line != '\0' && joined->len < PARAGRAPH_BYTES)
			g_string_append_printf(joined, "%s%s", joined->len > 0 ? " " : "", line);
		gboolean is_end = at[size] == '\0';
		if ((*line == '\0' || is_end) && joined->len > 0) {
			g_ptr_array_add(paragraphs, g_strdup(joined->str));
			g_string_truncate(joined, 0);
		}
		if (is_end)
			return paragraphs;
		at += size + 1;
	}
}

char *
bounce_text_own(const char *text)
{
	for (const char *at = text; *at != '\0';) {
		gsize size = strcspn(at, "\n");
		g_autofree char *line = g_strndup(at, size);
		if (bounce_phrases_is_returned(line))
			return g_strndup(text, (gsize)(at - text));
		at += size + (at[size] == '\n');
	}
	return g_strdup(text);
}

/* How well a paragraph tells why: 3 a reply, 2 a phrase, 1 a status, 0 nothing. */
static guint
telling(const char *paragraph)
{
	ReplyStatus status;
	g_autofree char *folded = text_fold(paragraph);

	if (bounce_text_reply(paragraph) != NULL)
		return 3;
	if (bounce_phrases_find(folded, NULL) != BOUNCE_UNKNOWN)
		return 2;
	return find_status(paragraph, &status) ? 1 : 0;
}

static void
take_paragraph(const char *paragraph, Bounce *bounce)
{
	const char *reply = bounce_text_reply(paragraph);
	ReplyStatus status;

	if (reply != NULL && bounce->reply_code == 0)
		bounce->reply_code = (guint)g_ascii_strtoull(reply, NULL, 10);
	if (bounce->status.subject == 0 &&
	    ((reply != NULL && reply_status_read(reply + 4, &status)) || find_status(paragraph, &status)))
		bounce->status = status;
	if (*bounce->words == '\0') {
		g_free(bounce->words);
		bounce->words = bounce_text_words(reply != NULL ? reply : paragraph);
	}
	find_recipient(paragraph, bounce);
}

gboolean
bounce_text_read(const char *text, Bounce *bounce)
{
	g_autoptr(GPtrArray) paragraphs = split_paragraphs(text);
	const char *best = NULL;
	guint best_telling = 0;

	for (guint i = 0; i < paragraphs->len && best_telling < 3; i++) {
		guint worth = telling(paragraphs->pdata[i]);
		if (worth > best_telling) {
			best_telling = worth;
			best = paragraphs->pdata[i];
		}
	}
	if (best != NULL)
		take_paragraph(best, bounce);
	find_recipient(text, bounce);
	return best != NULL;
}
