/*
 * Addresses and mailboxes. Promises: an accepted address holds no white space, control, bracket or second "@", and is ASCII but for an operator's local part, in which nothing turns the line; what may
 * be delivered to keeps the lengths of RFC 5321 and is its own mailbox; a name is one line of valid UTF-8; a list keeps its
 * ceiling, and a single mailbox is what a list of it gives.
 */
#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/address.h"

static void
fuzz_check_address(const char *address, gboolean is_operators)
{
	for (const char *at = address; *at != '\0'; at = g_utf8_next_char(at)) {
		const gunichar character = g_utf8_get_char(at);
		g_assert(character > ' ' && character != 0x7F && (character >= 0x80 || !strchr("<>()[]:;,\"\\", (int)character)));
		g_assert(character < 0x80 || (is_operators && at < strchr(address, '@') && g_unichar_isgraph(character)));
		g_assert(g_unichar_type(character) != G_UNICODE_FORMAT);
	}
	g_assert(strchr(address, '@') != NULL && strchr(address, '@') == strrchr(address, '@'));
	g_autofree char *domain = address_domain(address);
	g_autofree char *canonical = address_canonical(address);
	g_assert(strchr(domain, '.') != NULL && domain[0] != '.');
	g_assert(g_str_has_suffix(canonical, domain) && g_ascii_strcasecmp(canonical, address) == 0);
}

static void
fuzz_check_mailbox(const Mailbox *mailbox)
{
	g_autoptr(GError) error = NULL;

	fuzz_check_address(mailbox->address, TRUE);
	g_assert(address_is_mailable(mailbox->address));
	g_assert(address_is_deliverable(mailbox->address) == g_str_is_ascii(mailbox->address));
	g_assert(strlen(mailbox->address) <= LIMIT_ADDRESS_BYTES);
	g_assert(g_utf8_validate(mailbox->name, -1, NULL) && strpbrk(mailbox->name, "\r\n") == NULL);
	g_autoptr(Mailbox) again = mailbox_parse(mailbox->address, &error);
	g_assert_no_error(error);
	g_assert(g_str_equal(again->address, mailbox->address) && again->name[0] == '\0');
}

static void
fuzz_check_list(const char *text, const Mailbox *single)
{
	guint dropped = 0;
	g_autoptr(GPtrArray) mailboxes = mailbox_parse_list(text, &dropped);

	g_assert(mailboxes->len <= LIMIT_RECIPIENTS);
	for (guint i = 0; i < mailboxes->len; i++)
		fuzz_check_mailbox(g_ptr_array_index(mailboxes, i));
	if (single) {
		g_assert(mailboxes->len == 1 && dropped == 0);
		const Mailbox *listed = g_ptr_array_index(mailboxes, 0);
		g_assert(g_str_equal(listed->address, single->address) && g_str_equal(listed->name, single->name));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Mailbox) mailbox = mailbox_parse(text, &error);

	g_assert((mailbox == NULL) == (error != NULL));
	g_assert(!error || g_error_matches(error, WIRE_ERROR, WIRE_ERROR_MALFORMED));
	if (mailbox)
		fuzz_check_mailbox(mailbox);
	if (address_is_email(text))
		fuzz_check_address(text, FALSE);
	if (address_is_deliverable(text)) {
		fuzz_check_address(text, FALSE);
		g_assert(mailbox && g_str_equal(mailbox->address, text));
	}
	fuzz_check_list(text, mailbox);
	return 0;
}
