/*
 * Reasons in an owner's words. Nothing but names of texts: no state, any thread.
 */
#include "sekisho/policy/reason.h"

#include <string.h>

#include "sekisho/base/texts.h"

char *
reason_name(const Finding *finding)
{
	return g_strconcat(check_name(finding->check), ".", finding->code, NULL);
}

/* The text of the whole name, of the part before its first dot, or of "unknown". */
static const char *
find(const char *locale, const char *prefix, const char *name)
{
	g_autofree char *kind = g_strndup(name, strcspn(name, "."));
	const char *const ends[] = {name, kind};
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autofree char *id = g_strconcat(prefix, ends[i], NULL);
		const char *sentence = text_find(locale, id);
		if (sentence != NULL)
			return sentence;
	}
	g_autofree char *unknown = g_strconcat(prefix, "unknown", NULL);
	return text_for(locale, unknown);
}

const char *
reason_sentence(const char *locale, const char *name)
{
	return find(locale, "reason.", name);
}

const char *
reason_of_delivery(const char *locale, const char *code)
{
	return find(locale, "delivery.", code);
}
