/*
 * The table of Contact Form 7's built-in form-tag types (contract 4.5). Private to form/.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *basetype;    /* "text" */
	guint features;          /* FormTagFeature bits */
	gboolean has_star;       /* "text*" is a type too */
	const char *unsupported; /* why not and what to do, as "[TAG]: SENTENCE"; NULL with TAG_HANDLED */
} FormTagType;

/* The type called `name` (`size` bytes, its star included, case-sensitive), or NULL. Static. */
const FormTagType *formtag_types_find(const char *name, gsize size);
/* The type whose basetype is nearest to `base` (without star), at most `allowed` letters of that type off; or NULL. Static. */
const FormTagType *formtag_types_near(const char *base, guint (*allowed)(const FormTagType *type));
