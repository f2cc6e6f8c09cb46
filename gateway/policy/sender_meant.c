/*
 * Slips of the finger in well-known domains. A table says what is often written for what (names/mail_slips.txt); beside it three rules, each for what nearly nobody has as a domain of his own:
 *
 *   the name is right and the ending, which does not exist or has two parts, is one letter or two swapped ones off    gmail.con, ocn.ne.jo
 *   the ending is right and the name is one letter or two swapped ones off                 gmial.com, docmo.ne.jp; from 5 letters on
 *   ... or two letters off                                                                 sofbnak.ne.jp; from 8 letters on
 *
 * A well-known domain itself, and what is below one, is never corrected. The answer is a question to the visitor, who may say that he meant what he wrote.
 */
#include <libpsl.h>
#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/policy/names.h"
#include "sekisho/policy/sender.h"
#include "sekisho/wire/address.h"
#include "sender_fields.h"

#define NAME_MINIMUM_BYTES 5u
#define LONG_NAME_MINIMUM_BYTES 8u

/* One letter more, less or other, or two neighbours swapped. */
static gboolean
is_one_slip(const char *written, const char *meant)
{
	if (text_distance(written, meant) == 1)
		return TRUE;
	const gsize length = strlen(written);
	if (length != strlen(meant))
		return FALSE;
	gsize first = 0;
	while (first < length && written[first] == meant[first])
		first++;
	return first + 1 < length && written[first] == meant[first + 1] && written[first + 1] == meant[first] &&
	       strcmp(written + first + 2, meant + first + 2) == 0;
}

/* A domain in two: its public suffix, and what stands before it. `domain` is cut at the dot between them. NULL if there is nothing before it. */
static const char *
split_suffix(char *domain)
{
	const char *registrable = psl_registrable_domain(psl_builtin(), domain);
	char *dot = registrable != NULL ? strchr(registrable, '.') : NULL;
	if (dot == NULL)
		return NULL;
	*dot = '\0';
	return dot + 1;
}

static gboolean
is_slip_of(const char *written, const char *known)
{
	const psl_ctx_t *list = psl_builtin();
	g_autofree char *name = g_strdup(written), *known_name = g_strdup(known);
	const char *ending = split_suffix(name), *known_ending = split_suffix(known_name);
	if (ending == NULL || known_ending == NULL)
		return FALSE;
	if (strcmp(ending, known_ending) == 0) {
		const gsize length = strlen(known_name);
		return (length >= NAME_MINIMUM_BYTES && is_one_slip(name, known_name)) ||
		       (length >= LONG_NAME_MINIMUM_BYTES && text_distance(name, known_name) == 2);
	}
	/* "gmail.cm" may be somebody's; nobody but Japan's providers has names before "ne.jp" and what is near it. */
	if (strchr(known_ending, '.') == NULL && psl_is_public_suffix2(list, ending, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0)
		return FALSE;
	const gsize length = strlen(known_name);
	return length >= 3 && g_str_has_prefix(written, known_name) && written[length] == '.' &&
	       is_one_slip(written + length + 1, known_ending);
}

static gboolean
is_known(const char *address)
{
	for (const char *const *known = names_of(NAMES_MAIL_DOMAINS); *known != NULL; known++)
		if (address_is_within(address, *known))
			return TRUE;
	return FALSE;
}

/* The domain that was probably meant, or NULL. Static. */
static const char *
meant_domain(const char *written)
{
	const gsize length = strlen(written);
	for (const char *const *slip = names_of(NAMES_MAIL_SLIPS); *slip != NULL; slip++)
		if (strncmp(*slip, written, length) == 0 && (*slip)[length] == ' ')
			return *slip + length + 1;
	for (const char *const *known = names_of(NAMES_MAIL_DOMAINS); *known != NULL; known++)
		if (is_slip_of(written, *known))
			return *known;
	return NULL;
}

char *
sender_meant(const Form *form, const Submission *submission, const char **field_name)
{
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		const char *address = sender_is_address_field(form, field) ? field->values[0] : NULL;
		if (address == NULL || !address_is_deliverable(address) || is_known(address))
			continue;
		g_autofree char *written = address_domain(address);
		const char *meant = meant_domain(written);
		if (meant == NULL)
			continue;
		*field_name = field->name;
		return g_strdup_printf("%.*s@%s", (int)strcspn(address, "@"), address, meant);
	}
	return NULL;
}
