/*
 * Quiz fields (contract 9). Nothing is remembered: what binds a question to its answer travels through the page as a hash.
 *
 * Any thread may ask and judge. That a hash can be told from a forged one by the time the comparison takes helps nobody: each
 * page shows a right one.
 */
#include "sekisho/form/quiz.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/html.h"

/* A quiz without values asks this. */
static const FormTagValue standard_pair = {.before = (char *)"1+1=?", .after = (char *)"2"};

static gboolean
is_quiz(const FormTag *tag)
{
	return tag->name != NULL && g_str_equal(tag->basetype, "quiz");
}

static guint
pair_count(const FormTag *tag)
{
	return MAX(tag->values->len, 1);
}

static const FormTagValue *
pair_at(const FormTag *tag, guint index)
{
	return tag->values->len > 0 ? tag->values->pdata[index] : &standard_pair;
}

static char *
canonical_answer(const char *text)
{
	g_autofree char *decoded = html_decode(text);

	return text_canonicalize_answer(decoded);
}

/* --- Our hash ------------------------------------------------------------------------------------------------------- */

static gint64
current_tick(void)
{
	return clock_now_s() / QUIZ_TICK_S;
}

/* What the hash of an answer is bound to. No part can hold the NUL between them. The caller's. */
static GString *
hashed_text(const Form *form, const char *name, const char *answer, gint64 tick)
{
	GString *text = g_string_new(form->site->name);

	g_string_append_c(text, '\0');
	g_string_append_printf(text, "%" G_GUINT64_FORMAT, form->source->id);
	g_string_append_c(text, '\0');
	g_string_append(text, name);
	g_string_append_c(text, '\0');
	g_string_append_printf(text, "%" G_GINT64_FORMAT, tick);
	g_string_append_c(text, '\0');
	g_string_append(text, answer);
	return text;
}

static char *
hash_hex(const VaultHash *hash)
{
	GString *hex = g_string_new(NULL);

	text_append_hex(hex, hash->bytes, VAULT_HASH_BYTES);
	return g_string_free(hex, FALSE);
}

static gboolean
is_our_hash(const Form *form, const char *name, const char *answer, const char *posted_hash, Vault *vault)
{
	gint64 now = current_tick();
	VaultHash hash;

	if (!text_read_hex(posted_hash, hash.bytes, VAULT_HASH_BYTES))
		return FALSE;
	for (gint64 tick = now; tick >= now - 1; tick--) {
		g_autoptr(GString) text = hashed_text(form, name, answer, tick);

		if (vault_hash_matches(vault, VAULT_HASH_QUIZ, text->str, text->len, &hash))
			return TRUE;
	}
	return FALSE;
}

/* --- WordPress's hash ----------------------------------------------------------------------------------------------- */

static char *
hmac_md5(const char *key, const char *text)
{
	return g_compute_hmac_for_string(G_CHECKSUM_MD5, (const guchar *)key, strlen(key), text, -1);
}

static gboolean
is_wordpress_hash(const char *answer, const char *posted_hash, const char *wordpress_key)
{
	g_autofree char *salt = NULL;
	g_autofree char *key = NULL;
	g_autofree char *expected = NULL;

	if (wordpress_key == NULL || *wordpress_key == '\0')
		return FALSE;
	salt = hmac_md5(wordpress_key, "wpcf7_quiz");
	key = g_strconcat(wordpress_key, salt, NULL);
	expected = hmac_md5(key, answer);
	explicit_bzero(key, strlen(key));
	return g_str_equal(posted_hash, expected);
}

/* --- Asking and judging --------------------------------------------------------------------------------------------- */

static GVariant *
question(const Form *form, const FormTag *tag, Vault *vault)
{
	const FormTagValue *pair = pair_at(tag, vault_random_below(pair_count(tag)));
	g_autofree char *answer = canonical_answer(pair->after);
	g_autoptr(GString) text = hashed_text(form, tag->name, answer, current_tick());
	g_autofree char *hex = NULL;
	VaultHash hash;

	vault_hash(vault, VAULT_HASH_QUIZ, text->str, text->len, &hash);
	hex = hash_hex(&hash);
	return g_variant_new("(ss)", pair->before, hex);
}

/* Of two quizzes of one name the later one counts, as in a page that has both. */
static gboolean
is_asked_later(const GPtrArray *tags, guint index)
{
	const char *name = ((const FormTag *)tags->pdata[index])->name;

	while (++index < tags->len) {
		const FormTag *tag = tags->pdata[index];

		if (is_quiz(tag) && g_str_equal(tag->name, name))
			return TRUE;
	}
	return FALSE;
}

gboolean
quiz_is_asked(const Form *form)
{
	for (guint i = 0; i < form->tags->len; i++) {
		if (is_quiz(form->tags->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

GVariant *
quiz_questions(const Form *form, Vault *vault)
{
	GVariantBuilder questions;

	g_variant_builder_init(&questions, G_VARIANT_TYPE_VARDICT);
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (is_quiz(tag) && !is_asked_later(form->tags, i))
			g_variant_builder_add(&questions, "{sv}", tag->name, question(form, tag, vault));
	}
	return g_variant_builder_end(&questions);
}

static gboolean
is_answer_of_tag(const FormTag *tag, const char *answer)
{
	for (guint i = 0; i < pair_count(tag); i++) {
		g_autofree char *right = canonical_answer(pair_at(tag, i)->after);

		if (g_str_equal(right, answer))
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_answer_of_field(const Form *form, const char *name, const char *answer)
{
	for (guint i = 0; i < form->tags->len; i++) {
		const FormTag *tag = form->tags->pdata[i];

		if (is_quiz(tag) && g_str_equal(tag->name, name) && is_answer_of_tag(tag, answer))
			return TRUE;
	}
	return FALSE;
}

gboolean
quiz_is_right(const Form *form, const char *name, const Submission *submission, const QuizKeys *keys)
{
	g_autofree char *hash_name = g_strconcat("_wpcf7_quiz_answer_", name, NULL);
	const char *posted_hash = posted_text(submission->posted, hash_name);
	g_autofree char *answer = canonical_answer(posted_text(submission->posted, name));

	return is_answer_of_field(form, name, answer) && (is_our_hash(form, name, answer, posted_hash, keys->vault) ||
							     is_wordpress_hash(answer, posted_hash, keys->wordpress_key));
}
