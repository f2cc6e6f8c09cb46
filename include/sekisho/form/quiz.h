/*
 * Quiz fields (contract 9): a question to the visitor, and beside it in the page the hash of the right answer, so that nothing
 * need be remembered between page and submission.
 *
 * Our own hash is keyed by the vault, bound to site, form, field, answer and time, and good for QUIZ_TICK_S to twice that. The
 * hash that Contact Form 7 puts into the page is taken too if the site's key is known; it is bound to the answer alone, so one
 * that somebody knows serves for ever. With either hash the answer must belong to one of the field's own pairs.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/form/submission.h"

/* A page may stay open over a working morning and still be sent; each answer of ours brings a fresh question anyway. */
#define QUIZ_TICK_S (G_GINT64_CONSTANT(6) * 60 * 60)

/* What makes and knows the hashes. Both borrowed; `vault` in any role. */
typedef struct {
	Vault *vault;
	const char *wordpress_key; /* SECRET_KEY or option secret_key of the site's WordPress; NULL or "" if it is not known */
} QuizKeys;

/* TRUE if the form has a quiz field. */
gboolean quiz_is_asked(const Form *form);
/* One pair of each quiz field, drawn at random, as the answers of contract 2.1 and 2.5 have it: a{sv}, each value a tuple
 * (ss) of question and our hash, which JSON writes as NAME: [question, hash]. Empty for a form without a quiz. Floating. */
GVariant *quiz_questions(const Form *form, Vault *vault);

/* TRUE if what was posted for the quiz field `name` is the answer to the question that was asked with it. An array, an
 * absent name, an absent or damaged hash are wrong answers. Texts compare as contract 9 says: entities decoded, widths
 * folded, lower case, without white space. */
gboolean quiz_is_right(const Form *form, const char *name, const Submission *submission, const QuizKeys *keys);
