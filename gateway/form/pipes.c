/*
 * Pipes (contract 4.7). A form may have as many values as fit its template, and a visitor may post a thousand texts for one
 * field, so fronts and the texts behind them are made canonical once, and fronts are looked up by hash.
 */
#include "pipes.h"

#include "sekisho/base/text.h"
#include "sekisho/wire/html.h"

/* What stands behind a front. */
typedef struct {
	const char *text; /* the form's */
	char *canonical;
} PipeEnd;

struct Pipes {
	GPtrArray *tags; /* for each tag of the name that has values: GHashTable from canonical front to PipeEnd */
};

static void
pipe_end_free(gpointer data)
{
	PipeEnd *end = data;

	g_free(end->canonical);
	g_free(end);
}

char *
pipes_canonicalize(const char *text)
{
	g_autofree char *decoded = html_decode(text);

	return text_canonicalize(decoded);
}

/* The pipes of one tag. The first of a front counts. */
static GHashTable *
tag_pipes(const FormTag *tag)
{
	GHashTable *ends = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pipe_end_free);

	for (guint i = 0; i < tag->values->len; i++) {
		const FormTagValue *value = tag->values->pdata[i];
		g_autofree char *front = pipes_canonicalize(value->before);
		PipeEnd *end;

		if (g_hash_table_contains(ends, front))
			continue;
		end = g_new(PipeEnd, 1);
		end->text = value->after;
		end->canonical = pipes_canonicalize(value->after);
		g_hash_table_insert(ends, g_steal_pointer(&front), end);
	}
	return ends;
}

Pipes *
pipes_new(const Form *form, const char *name)
{
	Pipes *pipes = g_new(Pipes, 1);

	pipes->tags = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (tag->name != NULL && tag->values->len > 0 && g_str_equal(tag->name, name))
			g_ptr_array_add(pipes->tags, tag_pipes(tag));
	}
	return pipes;
}

void
pipes_free(Pipes *pipes)
{
	if (pipes == NULL)
		return;
	g_ptr_array_unref(pipes->tags);
	g_free(pipes);
}

char *
pipes_replace(const Pipes *pipes, const char *text)
{
	g_autofree char *posted = pipes_canonicalize(text);
	const char *canonical = posted;

	for (guint i = 0; i < pipes->tags->len; i++) {
		const PipeEnd *end = g_hash_table_lookup(pipes->tags->pdata[i], canonical);

		if (end == NULL)
			continue;
		text = end->text;
		canonical = end->canonical;
	}
	return g_strdup(text);
}
