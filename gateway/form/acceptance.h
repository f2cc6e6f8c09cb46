/*
 * Boxes of consent (contract 3.6). Private to form/.
 */
#pragma once

#include <glib.h>

#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

/* TRUE if the visitor ticked the box: the posted value is true in PHP's sense, that is present and neither "" nor "0". */
gboolean acceptance_is_given(const FormTag *tag, const Submission *submission);
/* TRUE if the box does not stand in the way: it is given (not given, with `invert`), or it is optional. */
gboolean acceptance_is_satisfied(const FormTag *tag, const Submission *submission);
/* What is consented to, as HTML: the tag's content or its first value; "" if it has neither. Borrowed. */
const char *acceptance_condition(const FormTag *tag);
