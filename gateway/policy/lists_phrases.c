/*
 * Phrases in texts. Frozen once made; any thread may scan.
 */
#include "lists_phrases.h"

#include <string.h>

#include "lists_parts.h"

/* How many bytes the beginnings have. Three are a Japanese character, six a word of two; the long ones tell phrases apart that begin with the same words. */
#define CLASSES 5u
static const guint8 beginnings[CLASSES] = {1, 3, 6, 12, 24};

/* Phrases of this class and longer ones have one more mark for this beginning, so that at most places one look says that none of them is there. */
#define LONG_CLASS 2u
#define LONG_MARK G_GUINT64_CONSTANT(0x5851F42D4C957F2D)

/* Bits of the bitmap for each beginning, of which two are set: about one in sixty of others then looks like one of ours. */
#define BITMAP_BITS 16u

static guint
class_of(gsize size)
{
	guint size_class = CLASSES - 1;
	while (size_class > 0 && size < beginnings[size_class])
		size_class--;
	return size_class;
}

static inline guint64
mix(guint64 hash, guint64 word)
{
	hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
	return hash ^ hash >> 32;
}

/* The beginning of that class at `text`. Its bytes must be there. Sizes are constants here, so that each is a load or two. */
static inline guint64
beginning_hash(const char *text, guint size_class)
{
	guint64 words[3] = {0, 0, 0};
	switch (size_class) {
	case 0:
		memcpy(words, text, 1);
		break;
	case 1:
		memcpy(words, text, 3);
		break;
	case 2:
		memcpy(words, text, 6);
		break;
	case 3:
		memcpy(words, text, 12);
		break;
	default:
		memcpy(words, text, 24);
		return mix(mix(mix(size_class, words[0]), words[1]), words[2]);
	}
	return mix(mix(size_class, words[0]), words[1]);
}

/* --- Asking --------------------------------------------------------------------------------------------------------- */

typedef struct {
	const ListsPhrases *phrases;
	const Lists *lists;
	const char *text;
	gsize size;
	guint size_class;
} Beginning;

static inline const char *
phrase_at(const Beginning *asked, guint index)
{
	return asked->lists->texts->str + asked->phrases->places[index];
}

static gboolean
begins_so(gconstpointer user_data, guint32 group)
{
	const Beginning *asked = user_data;
	return asked->phrases->group_classes[group] == asked->size_class &&
	       memcmp(phrase_at(asked, asked->phrases->groups[group]), asked->text, beginnings[asked->size_class]) == 0;
}

/* How many of the first `size` bytes of the text the phrase begins with, of which the beginning is known to. */
static inline gsize
agreement(const Beginning *asked, const char *phrase, gsize size)
{
	gsize depth = beginnings[asked->size_class];
	while (depth < size && phrase[depth] != '\0' && phrase[depth] == asked->text[depth])
		depth++;
	return depth;
}

/* The last phrase of a group that is not behind the first `size` bytes of the text in the order of bytes, or LISTS_NONE. */
static guint32
last_not_behind(const Beginning *asked, guint32 group, gsize size)
{
	const guint first = asked->phrases->groups[group];
	guint low = first, high = asked->phrases->groups[group + 1];
	while (low < high) {
		const guint middle = low + (high - low) / 2;
		const char *phrase = phrase_at(asked, middle);
		const gsize depth = agreement(asked, phrase, size);
		if (phrase[depth] == '\0' || (depth < size && (guint8)phrase[depth] <= (guint8)asked->text[depth]))
			low = middle + 1;
		else
			high = middle;
	}
	return low > first ? low - 1 : LISTS_NONE;
}

/* The longest phrase of a group that stands at the text, or LISTS_NONE. The one that is not behind the text may agree with it in the beginning alone; then what stands there is a
 * beginning of that. */
static guint32
longest_of(const Beginning *asked, guint32 group)
{
	gsize size = asked->size;
	while (size >= beginnings[asked->size_class]) {
		const guint32 found = last_not_behind(asked, group, size);
		if (found == LISTS_NONE)
			return LISTS_NONE;
		const char *phrase = phrase_at(asked, found);
		const gsize depth = agreement(asked, phrase, size);
		if (phrase[depth] == '\0')
			return found;
		size = depth;
	}
	return LISTS_NONE;
}

static inline gboolean
is_marked(const ListsPhrases *phrases, guint64 hash)
{
	const guint64 bits = G_GUINT64_CONSTANT(1) << (hash & 63) | G_GUINT64_CONSTANT(1) << (hash >> 6 & 63);
	return (phrases->bitmap[hash >> 12 & phrases->bitmap_mask] & bits) == bits;
}

/* The longest of one class that stands at the text, or LISTS_NONE. */
static inline guint32
look_at(const Beginning *asked)
{
	if ((asked->phrases->classes & 1u << asked->size_class) == 0)
		return LISTS_NONE;
	const guint64 hash = beginning_hash(asked->text, asked->size_class);
	if (!is_marked(asked->phrases, hash))
		return LISTS_NONE;
	const ListsSlot *slot = lists_keys_slot(&asked->phrases->keys, hash, begins_so, asked);
	return slot->entry != LISTS_NONE ? longest_of(asked, slot->entry) : LISTS_NONE;
}

/* The longest of each class that stands at the text, of which `size` bytes are left; how many. */
static inline guint
look_at_all(const ListsPhrases *phrases, const Lists *lists, const char *text, gsize size, guint32 heads[CLASSES])
{
	Beginning asked = {phrases, lists, text, size, 0};
	guint count = 0;
	for (; asked.size_class < CLASSES && beginnings[asked.size_class] <= size; asked.size_class++) {
		if (asked.size_class == LONG_CLASS && !is_marked(phrases, beginning_hash(text, LONG_CLASS) ^ LONG_MARK))
			return count;
		heads[count] = look_at(&asked);
		count += heads[count] != LISTS_NONE;
	}
	return count;
}

void
lists_phrases_scan(const ListsPhrases *phrases, const Lists *lists, const char *text, ListsPhrasesSeen seen, gpointer user_data)
{
	if (phrases->count == 0)
		return;
	guint32 heads[CLASSES];
	const gsize size = strlen(text);
	for (gsize place = 0; place < size; place++) {
		/* Phrases begin with a character, and so must what they are found at. */
		if (((guint8)text[place] & 0xC0) == 0x80)
			continue;
		const guint count = look_at_all(phrases, lists, text + place, size - place, heads);
		if (count > 0)
			seen(user_data, place, heads, count);
	}
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static gint
compare_phrases(gconstpointer a, gconstpointer b, gpointer user_data)
{
	const Lists *lists = user_data;
	const char *first = lists_value(lists, *(const guint32 *)a), *second = lists_value(lists, *(const guint32 *)b);
	const guint first_class = class_of(strlen(first)), second_class = class_of(strlen(second));
	return first_class != second_class ? (int)first_class - (int)second_class : strcmp(first, second);
}

static void
mark(ListsPhrases *phrases, guint64 hash)
{
	phrases->bitmap[hash >> 12 & phrases->bitmap_mask] |= G_GUINT64_CONSTANT(1) << (hash & 63) | G_GUINT64_CONSTANT(1)
													 << (hash >> 6 & 63);
}

/* Those of one beginning stand together, because they are sorted: a beginning that is new opens a group. */
static void
add_to_group(ListsPhrases *phrases, const Lists *lists, guint index)
{
	const char *value = lists->texts->str + phrases->places[index];
	const Beginning asked = {phrases, lists, value, strlen(value), class_of(strlen(value))};
	const guint64 hash = beginning_hash(value, asked.size_class);
	ListsSlot *slot = lists_keys_slot(&phrases->keys, hash, begins_so, &asked);
	if (slot->entry != LISTS_NONE)
		return;
	*slot = (ListsSlot){.tag = (guint32)(hash >> 32), .entry = phrases->group_count};
	phrases->group_classes[phrases->group_count] = (guint8)asked.size_class;
	phrases->groups[phrases->group_count++] = index;
	phrases->classes |= 1u << asked.size_class;
	mark(phrases, hash);
	if (asked.size_class >= LONG_CLASS)
		mark(phrases, beginning_hash(value, LONG_CLASS) ^ LONG_MARK);
}

/* Of the phrases in front of it in its group the longest that it begins with. One that is equal counts. */
static void
link_shorter(ListsPhrases *phrases, const Lists *lists, guint group)
{
	for (guint i = phrases->groups[group]; i < phrases->groups[group + 1]; i++) {
		guint32 shorter = i > phrases->groups[group] ? i - 1 : LISTS_NONE;
		while (shorter != LISTS_NONE &&
		       !g_str_has_prefix(lists->texts->str + phrases->places[i], lists->texts->str + phrases->places[shorter]))
			shorter = phrases->shorter[shorter];
		phrases->shorter[i] = shorter;
	}
}

static void
allocate(ListsPhrases *phrases)
{
	guint64 words = 1;
	phrases->places = g_new(guint32, phrases->count);
	phrases->shorter = g_new(guint32, phrases->count);
	phrases->groups = g_new(guint32, phrases->count + 1);
	phrases->group_classes = g_new(guint8, phrases->count);
	lists_keys_init(&phrases->keys, phrases->count);
	while (words * 64 < (guint64)BITMAP_BITS * phrases->count)
		words *= 2;
	phrases->bitmap = g_new0(guint64, words);
	phrases->bitmap_mask = words - 1;
}

void
lists_phrases_init(ListsPhrases *phrases, const Lists *lists, GArray *entries)
{
	*phrases = (ListsPhrases){.count = entries->len};
	if (phrases->count == 0)
		return;
	g_array_sort_with_data(entries, compare_phrases, (gpointer)lists);
	phrases->order = g_memdup2(entries->data, entries->len * sizeof(guint32));
	allocate(phrases);
	for (guint i = 0; i < phrases->count; i++) {
		phrases->places[i] = lists_entry(lists, phrases->order[i])->value;
		add_to_group(phrases, lists, i);
	}
	phrases->groups[phrases->group_count] = phrases->count;
	for (guint group = 0; group < phrases->group_count; group++)
		link_shorter(phrases, lists, group);
}

void
lists_phrases_clear(ListsPhrases *phrases)
{
	g_clear_pointer(&phrases->order, g_free);
	g_clear_pointer(&phrases->places, g_free);
	g_clear_pointer(&phrases->shorter, g_free);
	g_clear_pointer(&phrases->groups, g_free);
	g_clear_pointer(&phrases->group_classes, g_free);
	lists_keys_clear(&phrases->keys);
	g_clear_pointer(&phrases->bitmap, g_free);
}
