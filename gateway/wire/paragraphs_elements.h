/*
 * What HTML's elements may hold, for paragraphs.c.
 */
#pragma once

#include <glib.h>

typedef enum {
	HOLDS_PARAGRAPHS = 1 << 0, /* set F */
	STANDS_ALONE = 1 << 1,     /* set N: neither in a paragraph nor around one */
	IS_INLINE = 1 << 2,        /* set C: lives in a paragraph */
	IS_VOID = 1 << 3,          /* has no end tag */
	TAKES_BREAKS = 1 << 4,     /* a line end directly in it is a break */
	TAKES_ITSELF = 1 << 5      /* may stand directly in one of its name */
} ElementKind;

/* ElementKind bits of the element of that name in lower case; 0 for "p", and for what HTML does not know. */
guint paragraphs_kind(const char *name);
