/*
 * Form-tags: the words in square brackets of a Contact Form 7 template (contract 4.2-4.6). The whole grammar and every
 * built-in type with its features; what a type does beyond that is in form/rules.h and form/submission.h.
 */
#pragma once

#include <glib.h>

/* Features of a type (contract 4.5), a bit set. */
typedef enum {
	TAG_NAME = 1 << 0,              /* takes a name as first option, else it is no tag */
	TAG_SELECTABLE = 1 << 1,        /* selectable-values: a choice type, its value is an array */
	TAG_MULTIPLE_CONTROLS = 1 << 2,
	TAG_ZERO_CONTROLS = 1 << 3,
	TAG_FILE_UPLOADING = 1 << 4,
	TAG_HIDDEN = 1 << 5,
	TAG_BLOCK = 1 << 6,
	TAG_SINGULAR = 1 << 7,          /* a second one of the base type is ignored */
	TAG_NOT_FOR_MAIL = 1 << 8,
	TAG_DO_NOT_STORE = 1 << 9,
	TAG_HANDLED = 1 << 10           /* this version does everything the contract says of it */
} FormTagFeature;

/* One quoted value, split at its first "|" (contract 4.4). Without "|" both are equal. */
typedef struct {
	char *before;
	char *after;
} FormTagValue;

typedef struct {
	char *type;       /* as written, "text*" */
	char *basetype;   /* without the star, "text" */
	char *raw_name;   /* as written; NULL for a type without a name */
	char *name;       /* raw_name with "." as "_"; NULL likewise */
	char **options;   /* NULL-terminated, without the name */
	GPtrArray *values; /* FormTagValue * */
	char *content;    /* between [type] and [/type], trimmed; NULL if there is none */
	guint features;   /* FormTagFeature bits */
	gsize offset;     /* byte in the template where the tag's "[" stands */
	guint line;       /* 1-based */
} FormTag;

/* All tags of `template_text` in order (FormTag *). Never NULL; ends at LIMIT_FORM_TAGS. The caller's. */
GPtrArray *formtag_scan(const char *template_text);
void formtag_free(FormTag *tag);

/* TRUE if `type` ends with a star or always requires an answer (radio, quiz; contract 4.5). */
gboolean formtag_is_required(const FormTag *tag);
/* TRUE if the flag is there as an option of its own, without a value; ASCII case does not count. */
gboolean formtag_has_option(const FormTag *tag, const char *name);
/* Value of the first `name:value` option, or NULL. Borrowed. */
const char *formtag_option(const FormTag *tag, const char *name);
/* maxlength, minlength and their short forms N/M, /M, CxR/M (contract 4.6, 13.6). -1 if unset; maxlength:0 is unset. */
gint64 formtag_maxlength(const FormTag *tag);
gint64 formtag_minlength(const FormTag *tag);
/* The first id: option with a value of `[-0-9A-Za-z_]+`, if that is a valid NAME that does not begin with "wpcf7", else NULL (contract 2.1, 4.6). Borrowed. */
const char *formtag_id(const FormTag *tag);
/* NAME of contract 4.3. */
gboolean formtag_is_name(const char *text);
/* Bracketed words that look like tags but are no built-in type, each once (char *): the importer and `check` warn about them. */
GPtrArray *formtag_unknown_words(const char *template_text);
/* The type that one of those words was meant to be: one or two letters off or with a star that the type has not, and followed by a name where
 * the type has one. `line` receives where it first stands. The caller's; NULL if it is another word. */
char *formtag_slip(const char *template_text, const char *word, guint *line);
/* What to do about such a word where it is a well-known plugin's, or an older version's: a sentence without its end. NULL for any other word. Static. */
const char *formtag_foreign_advice(const char *word);
