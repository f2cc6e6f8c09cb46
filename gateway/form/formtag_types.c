/*
 * Which words in brackets are form-tags, and what each can do (contract 4.5). One table of every built-in type. `recaptcha` stands not in it: Contact Form 7
 * knows that word only while reCAPTCHA keys are set, and leaves it as literal text otherwise.
 */
#include "formtag_types.h"

#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/formtag.h"

#define CHOICE (TAG_NAME | TAG_SELECTABLE)
#define ASIDE (TAG_NAME | TAG_NOT_FOR_MAIL)

static const FormTagType types[] = {
    {"text", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"email", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"url", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"tel", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"textarea", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"hidden", TAG_NAME | TAG_HIDDEN | TAG_HANDLED, FALSE, NULL},
    {"acceptance", CHOICE | TAG_HANDLED, FALSE, NULL},
    {"submit", TAG_HANDLED, FALSE, NULL},
    {"response", TAG_BLOCK | TAG_HANDLED, FALSE, NULL},
    {"number", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"range", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"date", TAG_NAME | TAG_HANDLED, TRUE, NULL},
    {"checkbox", CHOICE | TAG_MULTIPLE_CONTROLS | TAG_HANDLED, TRUE, NULL},
    {"radio", CHOICE | TAG_MULTIPLE_CONTROLS | TAG_HANDLED, FALSE, NULL},
    {"select", CHOICE | TAG_HANDLED, TRUE, NULL},
    {"file", TAG_NAME | TAG_FILE_UPLOADING | TAG_HANDLED, TRUE, NULL},
    {"quiz", ASIDE | TAG_DO_NOT_STORE | TAG_HANDLED, FALSE, NULL},
    {"captchar", ASIDE | TAG_DO_NOT_STORE | TAG_HANDLED, FALSE, NULL},
    {"captchac", ASIDE | TAG_ZERO_CONTROLS | TAG_HANDLED, FALSE, NULL},
    {"count", ASIDE | TAG_ZERO_CONTROLS | TAG_HANDLED, FALSE, NULL},
    {"reflection", ASIDE | TAG_BLOCK | TAG_HANDLED, FALSE, NULL},
    {"output", ASIDE | TAG_HANDLED, FALSE, NULL},
    {"turnstile", TAG_BLOCK | TAG_HANDLED, FALSE, NULL},
    {"stripe", TAG_BLOCK | TAG_SINGULAR, FALSE,
	"takes payments, which sekisho does not; take the tag out, or leave this form with Contact Form 7"},
};

const FormTagType *
formtag_types_find(const char *name, gsize size)
{
	gboolean is_starred = size > 0 && name[size - 1] == '*';
	gsize base_size = is_starred ? size - 1 : size;

	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		if (strlen(types[i].basetype) == base_size && memcmp(types[i].basetype, name, base_size) == 0)
			return is_starred && !types[i].has_star ? NULL : &types[i];
	}
	return NULL;
}

const FormTagType *
formtag_types_near(const char *base, guint (*allowed)(const FormTagType *type))
{
	const FormTagType *nearest = NULL;
	guint nearest_distance = TEXT_FAR;

	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		guint distance = text_distance(base, types[i].basetype);

		if (distance <= allowed(&types[i]) && distance < nearest_distance) {
			nearest = &types[i];
			nearest_distance = distance;
		}
	}
	return nearest;
}
