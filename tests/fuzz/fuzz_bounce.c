/*
 * Mail of strangers who say that they are mail systems. Promises: words are one line of valid UTF-8 without controls, within the limit; addresses are such that mail could go there, and no more of them
 * than the limit; what is no bounce has no cause.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/limits.h"
#include "sekisho/relay/bounce.h"
#include "sekisho/wire/address.h"

static void
check_address(const char *address)
{
	g_assert_true(address_is_deliverable(address));
	for (const char *at = address; *at != '\0'; at++)
		g_assert_false(g_ascii_iscntrl(*at) || *at == ' ');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autoptr(GBytes) message = g_bytes_new(bytes, size);
	g_autoptr(Bounce) bounce = bounce_read(message);

	g_assert_true(g_utf8_validate(bounce->words, -1, NULL));
	g_assert_cmpuint(strlen(bounce->words), <=, LIMIT_SERVER_TEXT_BYTES);
	for (const char *at = bounce->words; *at != '\0'; at++)
		g_assert_false(g_ascii_iscntrl(*at));
	g_assert_cmpuint(bounce->envelope->len, <=, 20);
	for (guint i = 0; i < bounce->envelope->len; i++)
		check_address(bounce->envelope->pdata[i]);
	if (bounce->recipient != NULL)
		check_address(bounce->recipient);
	g_assert_true(bounce->reply_code == 0 || (bounce->reply_code >= 400 && bounce->reply_code <= 559));
	g_assert_nonnull(bounce_cause_name(bounce->cause));
	g_assert_true(bounce->action != BOUNCE_NONE || bounce->cause == BOUNCE_UNKNOWN);
	return 0;
}
