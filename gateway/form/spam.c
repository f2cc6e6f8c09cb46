/*
 * The two checks, and the list of words. A list may have tens of thousands of lines and a submission a megabyte, so words are not searched one by
 * one: they stand sorted, and at each place of a text the part of the list that agrees with it so far is narrowed byte by byte.
 * That takes as many steps as the longest agreement, which is a few, and no memory beside the list.
 *
 * A list is frozen once made. Nothing here blocks.
 */
#include "sekisho/form/spam.h"

#include <string.h>

/* Contract 8.1 and 8.3. */
#define USER_AGENT_MINIMUM_BYTES 2u
#define WORD_MINIMUM_BYTES 2u
#define WORD_MAXIMUM_BYTES 256u

typedef struct {
	char *text; /* lower-case */
	guint line;
} Word;

struct SpamWords {
	GArray *words; /* Word, sorted by the bytes of text, equal ones by line */
};

static void
word_clear(gpointer data)
{
	g_free(((Word *)data)->text);
}

static gint
compare_words(gconstpointer a, gconstpointer b)
{
	const Word *first = a, *second = b;
	const int order = strcmp(first->text, second->text);
	if (order != 0)
		return order;
	return first->line < second->line ? -1 : first->line > second->line;
}

SpamWords *
spam_words_new(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	SpamWords *words = g_new0(SpamWords, 1);
	words->words = g_array_new(FALSE, FALSE, sizeof(Word));
	g_array_set_clear_func(words->words, word_clear);
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);
		const gsize size = strlen(line);
		if (size < WORD_MINIMUM_BYTES || size > WORD_MAXIMUM_BYTES)
			continue;
		const Word word = {.text = g_ascii_strdown(line, -1), .line = i + 1};
		g_array_append_val(words->words, word);
	}
	g_array_sort(words->words, compare_words);
	return words;
}

void
spam_words_free(SpamWords *words)
{
	if (words == NULL)
		return;
	g_array_unref(words->words);
	g_free(words);
}

/* From `low` on, the first word whose byte at `depth` is not below `byte`; `high` if there is none. All of them agree before `depth`. */
static guint
first_not_below(const SpamWords *words, guint low, guint high, gsize depth, guint byte)
{
	while (low < high) {
		const guint middle = low + (high - low) / 2;
		if ((guchar)g_array_index(words->words, Word, middle).text[depth] < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The lowest line of a word that `text` begins with, if it is below `line`; else `line`. */
static guint
line_at(const SpamWords *words, const char *text, guint line)
{
	guint low = 0;
	guint high = words->words->len;
	for (gsize depth = 0; low < high; depth++) {
		const Word *shortest = &g_array_index(words->words, Word, low);
		if (shortest->text[depth] == '\0')
			line = MIN(line, shortest->line);
		if (text[depth] == '\0')
			break;
		const guint byte = (guchar)g_ascii_tolower(text[depth]);
		low = first_not_below(words, low, high, depth, byte);
		high = first_not_below(words, low, high, depth, byte + 1);
	}
	return line;
}

static guint
lowest_line(const SpamWords *words, const char *text, guint line)
{
	for (const char *place = text; *place != '\0'; place++)
		line = line_at(words, place, line);
	return line;
}

/* The line of the first word of the list that stands anywhere in the submission, or 0. A word has no line break, so no word could stand
 * across two values, and each is looked at alone. */
static guint
disallowed_line(const Submission *submission, const SpamWords *words)
{
	guint line = lowest_line(words, submission->client->remote_ip, G_MAXUINT);
	line = lowest_line(words, submission->client->user_agent, line);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		for (char **value = field->values; *value != NULL; value++)
			line = lowest_line(words, *value, line);
	}
	return line == G_MAXUINT ? 0 : line;
}

SpamFinding
spam_find(const Submission *submission, const SpamWords *words)
{
	if (strlen(submission->client->user_agent) < USER_AGENT_MINIMUM_BYTES)
		return (SpamFinding){.agent = "wpcf7"};
	const guint line = words != NULL ? disallowed_line(submission, words) : 0;
	if (line != 0)
		return (SpamFinding){.agent = "disallowed_list", .line = line};
	return (SpamFinding){.agent = NULL};
}
