/*
 * What HTML's elements may hold, as far as the paragraph formatter asks (contract 6.9, sets F, N and C). One table, no state.
 */
#include "paragraphs_elements.h"

#include <stdlib.h>
#include <string.h>

#define INLINE_TEXT (IS_INLINE | TAKES_BREAKS)
#define HEADING (STANDS_ALONE | TAKES_BREAKS)

typedef struct {
	const char *name;
	guint kind;
} Element;

/* Sorted by name. */
/* clang-format off */
static const Element elements[] = {
	{"a", INLINE_TEXT}, {"abbr", INLINE_TEXT}, {"address", HOLDS_PARAGRAPHS}, {"area", IS_INLINE | IS_VOID},
	{"article", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"aside", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"audio", INLINE_TEXT},
	{"b", INLINE_TEXT}, {"base", IS_VOID}, {"bdi", INLINE_TEXT}, {"bdo", INLINE_TEXT},
	{"blockquote", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"body", HOLDS_PARAGRAPHS}, {"br", IS_INLINE | IS_VOID},
	{"button", INLINE_TEXT}, {"canvas", INLINE_TEXT}, {"caption", HOLDS_PARAGRAPHS}, {"cite", INLINE_TEXT},
	{"code", INLINE_TEXT}, {"col", IS_VOID}, {"colgroup", STANDS_ALONE}, {"data", INLINE_TEXT},
	{"datalist", INLINE_TEXT}, {"dd", HOLDS_PARAGRAPHS}, {"del", INLINE_TEXT}, {"details", HOLDS_PARAGRAPHS},
	{"dfn", INLINE_TEXT}, {"dialog", HOLDS_PARAGRAPHS}, {"div", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"dl", STANDS_ALONE},
	{"dt", HOLDS_PARAGRAPHS}, {"em", INLINE_TEXT}, {"embed", IS_INLINE | IS_VOID},
	{"fieldset", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"figcaption", HOLDS_PARAGRAPHS}, {"figure", HOLDS_PARAGRAPHS},
	{"footer", HOLDS_PARAGRAPHS}, {"form", HOLDS_PARAGRAPHS}, {"h1", HEADING}, {"h2", HEADING}, {"h3", HEADING},
	{"h4", HEADING}, {"h5", HEADING}, {"h6", HEADING}, {"head", STANDS_ALONE}, {"header", HOLDS_PARAGRAPHS},
	{"hgroup", STANDS_ALONE}, {"hr", IS_VOID}, {"html", STANDS_ALONE}, {"i", INLINE_TEXT}, {"iframe", IS_INLINE},
	{"img", IS_INLINE | IS_VOID}, {"input", IS_INLINE | IS_VOID}, {"ins", INLINE_TEXT}, {"kbd", INLINE_TEXT},
	{"keygen", IS_INLINE | IS_VOID}, {"label", INLINE_TEXT}, {"legend", HEADING}, {"li", HOLDS_PARAGRAPHS},
	{"link", IS_INLINE | IS_VOID}, {"main", HOLDS_PARAGRAPHS}, {"map", INLINE_TEXT}, {"mark", INLINE_TEXT},
	{"menu", STANDS_ALONE}, {"meta", IS_INLINE | IS_VOID}, {"meter", INLINE_TEXT}, {"nav", HOLDS_PARAGRAPHS},
	{"noscript", INLINE_TEXT}, {"object", INLINE_TEXT}, {"ol", STANDS_ALONE}, {"optgroup", IS_INLINE},
	{"option", IS_INLINE}, {"output", INLINE_TEXT}, {"p", 0}, {"param", IS_VOID}, {"picture", IS_INLINE},
	{"pre", STANDS_ALONE}, {"progress", INLINE_TEXT}, {"q", INLINE_TEXT}, {"rp", IS_INLINE}, {"rt", INLINE_TEXT},
	{"ruby", INLINE_TEXT}, {"s", INLINE_TEXT}, {"samp", INLINE_TEXT}, {"script", IS_INLINE},
	{"section", HOLDS_PARAGRAPHS | TAKES_ITSELF}, {"select", IS_INLINE}, {"slot", INLINE_TEXT}, {"small", INLINE_TEXT},
	{"source", IS_VOID}, {"span", INLINE_TEXT | TAKES_ITSELF}, {"strong", INLINE_TEXT}, {"style", STANDS_ALONE},
	{"sub", INLINE_TEXT}, {"summary", HEADING}, {"sup", INLINE_TEXT}, {"table", STANDS_ALONE}, {"tbody", STANDS_ALONE},
	{"td", HOLDS_PARAGRAPHS}, {"template", STANDS_ALONE}, {"textarea", IS_INLINE}, {"tfoot", STANDS_ALONE},
	{"th", HOLDS_PARAGRAPHS}, {"thead", STANDS_ALONE}, {"time", INLINE_TEXT}, {"title", STANDS_ALONE},
	{"tr", STANDS_ALONE}, {"track", IS_VOID}, {"u", INLINE_TEXT}, {"ul", STANDS_ALONE}, {"var", INLINE_TEXT},
	{"video", INLINE_TEXT}, {"wbr", IS_INLINE | IS_VOID},
};
/* clang-format on */

static int
compare_name(const void *name, const void *known)
{
	const Element *element = known;

	return strcmp(name, element->name);
}

guint
paragraphs_kind(const char *name)
{
	const Element *element = bsearch(name, elements, G_N_ELEMENTS(elements), sizeof *elements, compare_name);

	return element == NULL ? 0 : element->kind;
}
