/*
 * Packed text: a row of texts in one run of bytes, each with a letter before it that says what it is and a NUL behind it. What is sealed and stored
 * of a submission has this form: writing it costs an append, and reading it a search for the next NUL, where a GVariant makes an object for
 * every text (a tenth of what a submission cost the front).
 *
 * Text from outside: packed bytes come from a database and are input. A reader takes no byte behind the end, no text that is not valid
 * UTF-8 and no kind but the one that is asked for. Texts hold no NUL because they are C strings; CR and LF are theirs to have.
 */
#pragma once

#include <glib.h>

/* Where a reader stands. `at` is NULL once something was not as asked for; from then on every question is answered no. */
typedef struct {
	const char *at;
	const char *end;
} PackedReader;

void packed_add(GString *packed, char kind, const char *text);
/* As decimal digits. */
void packed_add_number(GString *packed, char kind, gint64 number);

/* `bytes` must outlive the reader and what it lends. */
PackedReader packed_reader(GBytes *bytes);
/* The kind of the next text, 0 at the end or after a failure. */
char packed_peek(const PackedReader *reader);
/* The next text if it is of that kind, else NULL and the reader has failed. Borrowed from the bytes. */
const char *packed_take(PackedReader *reader, char kind);
/* The same as the caller's own copy; "" after a failure, so that a record can be filled first and judged by packed_is_good later. */
char *packed_dup(PackedReader *reader, char kind);
/* 0 after a failure, which a number out of range or of other characters is too. */
gint64 packed_take_number(PackedReader *reader, char kind, gint64 minimum, gint64 maximum);
gboolean packed_is_good(const PackedReader *reader);
/* TRUE if nothing failed and nothing is left. */
gboolean packed_is_done(const PackedReader *reader);
