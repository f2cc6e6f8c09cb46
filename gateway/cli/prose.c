/*
 * Sentences at the width of a report (base/text.h wraps them). No state.
 */
#include "prose.h"

#include "sekisho/base/text.h"

#define COLUMNS 80u

void
prose_add(GString *output, guint indent, const char *lead, const char *text)
{
	text_wrap(output, COLUMNS, indent, lead, text);
}
