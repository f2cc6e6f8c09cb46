/*
 * The shape of what was written: another script than the form's language, a message that is nothing but an address, letters that no language puts together, markup of other places. Each
 * is a note and none holds by itself at the default of hold_points: foreigners write, and people paste.
 *
 * Pure; any thread.
 */
#include <string.h>

#include "checks.h"
#include "links.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/address.h"
#include "typed.h"

#define FOREIGN_POINTS 3u
#define OTHER_LANGUAGE_POINTS 1u
#define ADDRESS_POINTS 3u
#define RANDOM_POINTS 3u
#define MARKUP_POINTS 3u
#define MIXED_POINTS 3u
/* Fewer letters say nothing about a language. */
#define LETTERS_MINIMUM 12u

static void
note(const GateInput *input, GPtrArray *findings, const FindingHead *kind, const char *sentence)
{
	FindingHead head = *kind;
	head.check = CHECK_SHAPE;
	head.mode = input->policy->modes[CHECK_SHAPE];
	head.action = FINDING_NOTE;
	finding_add(findings, &head, "%s", sentence);
}

/* --- Script ------------------------------------------------------------------------------------------------------------ */

/* Groups of scripts. Letters of people who may well write to each other's sites stand first. */
typedef enum {
	GROUP_LATIN,
	GROUP_JAPANESE,
	GROUP_KOREAN,
	GROUP_CYRILLIC,
	GROUP_GREEK,
	GROUP_ARABIC,
	GROUP_HEBREW,
	GROUP_THAI,
	GROUP_DEVANAGARI,
	GROUP_OTHER,
	GROUPS
} Group;
#define FIRST_FAR_GROUP GROUP_CYRILLIC

static Group
group_of(gunichar c)
{
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_LATIN:
		return GROUP_LATIN;
	case G_UNICODE_SCRIPT_HAN:
	case G_UNICODE_SCRIPT_HIRAGANA:
	case G_UNICODE_SCRIPT_KATAKANA:
	case G_UNICODE_SCRIPT_BOPOMOFO:
		return GROUP_JAPANESE;
	case G_UNICODE_SCRIPT_HANGUL:
		return GROUP_KOREAN;
	case G_UNICODE_SCRIPT_CYRILLIC:
		return GROUP_CYRILLIC;
	case G_UNICODE_SCRIPT_GREEK:
		return GROUP_GREEK;
	case G_UNICODE_SCRIPT_ARABIC:
		return GROUP_ARABIC;
	case G_UNICODE_SCRIPT_HEBREW:
		return GROUP_HEBREW;
	case G_UNICODE_SCRIPT_THAI:
		return GROUP_THAI;
	case G_UNICODE_SCRIPT_DEVANAGARI:
		return GROUP_DEVANAGARI;
	default:
		return GROUP_OTHER;
	}
}

/* The group in which a language is written; of languages that are not here Latin is expected. */
static Group
expected_group(const char *locale)
{
	static const struct {
		const char *language;
		Group group;
	} languages[] = {{"ja", GROUP_JAPANESE}, {"zh", GROUP_JAPANESE}, {"ko", GROUP_KOREAN}, {"ru", GROUP_CYRILLIC},
	    {"uk", GROUP_CYRILLIC}, {"be", GROUP_CYRILLIC}, {"bel", GROUP_CYRILLIC}, {"bg", GROUP_CYRILLIC},
	    {"mk", GROUP_CYRILLIC}, {"sr", GROUP_CYRILLIC}, {"kk", GROUP_CYRILLIC}, {"mn", GROUP_CYRILLIC}, {"el", GROUP_GREEK},
	    {"ar", GROUP_ARABIC}, {"ary", GROUP_ARABIC}, {"fa", GROUP_ARABIC}, {"ur", GROUP_ARABIC}, {"he", GROUP_HEBREW},
	    {"th", GROUP_THAI}, {"hi", GROUP_DEVANAGARI}, {"mr", GROUP_DEVANAGARI}, {"ne", GROUP_DEVANAGARI}};
	g_autofree char *language = g_ascii_strdown(locale, (gssize)strcspn(locale, "_-"));
	for (gsize i = 0; i < G_N_ELEMENTS(languages); i++)
		if (strcmp(languages[i].language, language) == 0)
			return languages[i].group;
	return GROUP_LATIN;
}

/* Letters of the ASCII run at `at`; none of one that looks like the address of a page or of mail, because that is nobody's language. `end` receives where the run ends. */
static guint64
count_latin(const char *at, const char **end)
{
	guint64 letters = 0;
	gboolean is_address = FALSE;
	for (; g_ascii_isgraph(*at); at++) {
		letters += g_ascii_isalpha(*at);
		is_address |= *at == '/' || *at == '@';
	}
	*end = at;
	return is_address ? 0 : letters;
}

/* Adds the letters of each group in `text`. */
static void
count_letters(const char *text, guint64 counts[GROUPS])
{
	for (const char *at = text; *at != '\0';) {
		if (g_ascii_isgraph(*at)) {
			counts[GROUP_LATIN] += count_latin(at, &at);
			continue;
		}
		const gunichar c = g_utf8_get_char(at);
		if (g_unichar_isalpha(c))
			counts[group_of(c)]++;
		at = g_utf8_next_char(at);
	}
}

static void
judge_script(const GateInput *input, const GArray *values, GPtrArray *findings)
{
	static const FindingHead foreign = {.points = FOREIGN_POINTS, .code = "foreign_script"};
	static const FindingHead other = {.points = OTHER_LANGUAGE_POINTS, .code = "other_language"};
	guint64 counts[GROUPS] = {0}, all = 0, far = 0;
	const Group expected = expected_group(input->form->source->locale);
	for (guint i = 0; i < values->len; i++) {
		const Typed *typed = &g_array_index(values, Typed, i);
		if (typed->kind != TYPED_URL)
			count_letters(typed->text, counts);
	}
	for (Group group = 0; group < GROUPS; group++) {
		all += counts[group];
		far += group >= FIRST_FAR_GROUP && group != expected ? counts[group] : 0;
	}
	if (all < LETTERS_MINIMUM)
		return;
	/* A foreigner's own name, or a word that is asked about, is a small part of what he writes. */
	if (far > all / 2 && counts[expected] < all / 4)
		note(input, findings, &foreign, "Most of it is in a script in which nobody writes the form's language.");
	else if (counts[expected] == 0)
		note(input, findings, &other, "It has no letter of the form's language.");
}

/* --- Random letters ------------------------------------------------------------------------------------------------------ */

#define RANDOM_LETTERS_MINIMUM 10u
#define RANDOM_LETTERS_MAXIMUM 64u

/* TRUE for one long word that cannot be spoken: five consonants in a row and few vowels, or capitals strewn over it. Names and products in capitals inside ("SmartHomeHub") can be spoken. */
static gboolean
is_random(const char *text)
{
	guint letters = 0, vowels = 0, run = 0, longest_run = 0, rises = 0;
	for (const char *at = text; *at != '\0'; at++, letters++) {
		if (!g_ascii_isalpha(*at))
			return FALSE;
		const gboolean is_vowel = strchr("aeiouyAEIOUY", *at) != NULL;
		vowels += is_vowel;
		run = is_vowel ? 0 : run + 1;
		longest_run = MAX(longest_run, run);
		rises += at > text && g_ascii_isupper(*at) && g_ascii_islower(at[-1]);
	}
	if (letters < RANDOM_LETTERS_MINIMUM || letters > RANDOM_LETTERS_MAXIMUM)
		return FALSE;
	return (longest_run >= 5 && vowels * 4 <= letters) || (rises >= 3 && longest_run >= 4);
}

/* One such word may be a product's number or a mistake of the keyboard; two, or a whole message of it, are a program's. */
static void
judge_letters(const GateInput *input, const GArray *values, GPtrArray *findings)
{
	static const FindingHead head = {.points = RANDOM_POINTS, .code = "random_letters"};
	const char *first = NULL;
	for (guint i = 0; i < values->len; i++) {
		const Typed *typed = &g_array_index(values, Typed, i);
		if (typed->kind == TYPED_URL || typed->kind == TYPED_OTHER || !is_random(typed->text) ||
		    (first != NULL && strcmp(first, typed->text) == 0))
			continue;
		if (first != NULL || typed->kind == TYPED_MESSAGE) {
			note(input, findings, &head, "It has words of random letters.");
			return;
		}
		first = typed->text;
	}
}

/* --- Mixed letters ------------------------------------------------------------------------------------------------------- */

/* Letters of one script that stand beside each other in a word. */
typedef struct {
	GString *letters;
	Group group; /* GROUPS: there is none */
} Stretch;

/* TRUE for letters that look like those of the other script. Greek ones stand in words of science ("NFκB"), where capitals are around them. */
static gboolean
is_disguised(const Stretch *inner, Group outer, gboolean has_capitals)
{
	if (outer != GROUP_LATIN)
		return strspn(inner->letters->str, "aceiopxykmthbABCEHKMOPTXYI") == inner->letters->len;
	if (inner->group == GROUP_GREEK && has_capitals)
		return FALSE;
	g_autofree char *skeleton = links_skeleton(inner->letters->str);
	return g_str_is_ascii(skeleton);
}

/* TRUE if in one word letters of a script stand between letters of another one that they look like: nobody writes so, while Russians put their endings behind Latin words ("PDFка"). */
static gboolean
has_mixed_word(const char *text, Stretch *inner)
{
	Group before = GROUPS;
	gunichar last = 0;
	g_string_truncate(inner->letters, 0);
	inner->group = GROUPS;
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);
		if (text_is_invisible(c) || g_unichar_ismark(c))
			continue;
		const Group group = g_unichar_isalpha(c) ? group_of(c) : GROUPS;
		if (group != GROUP_LATIN && group != GROUP_CYRILLIC && group != GROUP_GREEK) {
			before = inner->group = GROUPS;
			continue;
		}
		if (group != inner->group) {
			if (group == before && (group == GROUP_LATIN || inner->group == GROUP_LATIN) &&
			    is_disguised(inner, group, g_unichar_isupper(c) || g_unichar_isupper(last)))
				return TRUE;
			before = inner->group;
			last = at > text ? g_utf8_get_char(g_utf8_prev_char(at)) : 0;
			inner->group = group;
			g_string_truncate(inner->letters, 0);
		}
		g_string_append_unichar(inner->letters, c);
	}
	return FALSE;
}

static void
judge_mixed(const GateInput *input, const GArray *values, GPtrArray *findings)
{
	static const FindingHead head = {.points = MIXED_POINTS, .code = "mixed_letters"};
	g_autoptr(GString) letters = g_string_new(NULL);
	Stretch inner = {.letters = letters};
	for (guint i = 0; i < values->len; i++) {
		const char *text = g_array_index(values, Typed, i).text;
		if (g_str_is_ascii(text) || !has_mixed_word(text, &inner))
			continue;
		note(input, findings, &head,
		    "It has a word in which letters of another script stand for those that they look like.");
		return;
	}
}

/* --- Single values ------------------------------------------------------------------------------------------------------- */

static gboolean
has_markup(const char *text)
{
	static const char *const marks[] = {"[url=", "[url]", "[link=", "[/url]", "<a href", "<a target=", "<a rel="};
	if (strpbrk(text, "<[") == NULL)
		return FALSE;
	g_autofree char *lower = g_ascii_strdown(text, -1);
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		if (strstr(lower, marks[i]) != NULL)
			return TRUE;
	return FALSE;
}

static void
judge_values(const GateInput *input, const GArray *values, GPtrArray *findings)
{
	static const FindingHead markup = {.points = MARKUP_POINTS, .code = "foreign_markup"};
	static const FindingHead address = {.points = ADDRESS_POINTS, .code = "message_is_address"};
	gboolean is_markup_told = FALSE, is_address_told = FALSE;
	for (guint i = 0; i < values->len; i++) {
		const Typed *typed = &g_array_index(values, Typed, i);
		if (!is_markup_told && has_markup(typed->text)) {
			note(input, findings, &markup,
			    "It has links in the markup of a forum or a web page, which a form does not show.");
			is_markup_told = TRUE;
		}
		if (!is_address_told && typed->kind == TYPED_MESSAGE && address_is_email(typed->text)) {
			note(input, findings, &address, "The message is nothing but a mail address.");
			is_address_told = TRUE;
		}
	}
}

void
shape_check(const GateInput *input, GPtrArray *findings)
{
	if (input->policy->modes[CHECK_SHAPE] == CHECK_OFF)
		return;
	g_autoptr(GArray) values = typed_values(input->form, input->submission);
	judge_script(input, values, findings);
	judge_letters(input, values, findings);
	judge_mixed(input, values, findings);
	judge_values(input, values, findings);
}
