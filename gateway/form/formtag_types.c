/*
 * Which words in brackets are form-tags, and what each can do (contract 4.5). One table; it holds every built-in type from the
 * start, so that a later version which handles one more only changes its line. `recaptcha` stands not in it: Contact Form 7
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
    {"number", TAG_NAME, TRUE, "check numbers"},
    {"range", TAG_NAME, TRUE, "check numbers"},
    {"date", TAG_NAME, TRUE, "check dates"},
    {"checkbox", CHOICE | TAG_MULTIPLE_CONTROLS, TRUE, "check choices"},
    {"radio", CHOICE | TAG_MULTIPLE_CONTROLS, FALSE, "check choices"},
    {"select", CHOICE, TRUE, "check choices"},
    {"file", TAG_NAME | TAG_FILE_UPLOADING, TRUE, "take file uploads"},
    {"quiz", ASIDE | TAG_DO_NOT_STORE, FALSE, "ask quiz questions"},
    {"captchar", ASIDE | TAG_DO_NOT_STORE, FALSE, "check image captchas"},
    {"captchac", ASIDE | TAG_ZERO_CONTROLS, FALSE, "make image captchas"},
    {"count", ASIDE | TAG_ZERO_CONTROLS, FALSE, "count characters"},
    {"reflection", ASIDE | TAG_BLOCK, FALSE, "reflect other fields"},
    {"output", ASIDE, FALSE, "reflect other fields"},
    {"turnstile", TAG_BLOCK, FALSE, "ask Turnstile"},
    {"stripe", TAG_BLOCK | TAG_SINGULAR, FALSE, "take payments"},
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
